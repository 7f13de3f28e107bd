import Snapshot

/// A function's configuration space: bytes, which of their bits software may write, and which it clears by writing ones (PCI Local Bus Specification
/// 3.0, chapter 6; PCI Express Base Specification 4.0, chapter 7).
public struct ConfigurationSpace: SnapshotState {
    /// Bytes: of a conventional function, and of one with a PCI Express capability.
    public static let conventionalSize = 256, expressSize = 4096

    public private(set) var bytes: [UInt8]
    private var writable: [UInt8]
    private var clearable: [UInt8]
    /// What a reset brings back.
    private var initial: [UInt8] = []
    /// The first byte that no capability has taken, and where the list's last pointer is.
    private var free = 0x40
    private var link = Int(Header.capabilities)

    init(isExpress: Bool) {
        bytes = [UInt8](repeating: 0, count: isExpress ? ConfigurationSpace.expressSize : ConfigurationSpace.conventionalSize)
        (writable, clearable) = (bytes, bytes)
    }

    // MARK: Declaring

    /// Lets software write the bits of `mask`.
    public mutating func allow(_ offset: Int, _ size: Int, _ mask: UInt32) { ConfigurationSpace.put(mask, offset, size, into: &writable) }

    /// Lets software clear the bits of `mask` by writing ones.
    public mutating func allowClearing(_ offset: Int, _ size: Int, _ mask: UInt32) {
        ConfigurationSpace.put(mask, offset, size, into: &clearable)
    }

    /// Takes room for a capability behind the others and links it to the list.
    ///
    /// - Returns: its offset.
    public mutating func addCapability(_ id: UInt8, size: Int) -> Int {
        let offset = free
        precondition(offset + size <= ConfigurationSpace.conventionalSize, "capabilities beyond the first 256 bytes")
        free = (offset + size + 3) & ~3
        bytes[link] = UInt8(offset)
        bytes[offset] = id
        link = offset + 1
        set(Header.status, 2, value(Header.status, 2) | Header.Status.hasCapabilities)
        return offset
    }

    /// Leaves bytes up to one of them to registers of the device's own, which no list leads to.
    public mutating func reserve(through last: Int) { free = max(free, (last + 4) & ~3) }

    /// Ends the declaration: what is there now is what a reset brings back.
    mutating func seal() { initial = bytes }

    mutating func reset() { bytes = initial }

    // MARK: Access

    /// A little-endian number of 1, 2 or 4 bytes; zeros beyond the end.
    public func value(_ offset: Int, _ size: Int) -> UInt32 {
        (0..<size).reduce(0) { $0 | (offset + $1 < bytes.count ? UInt32(bytes[offset + $1]) << UInt32(8 * $1) : 0) }
    }

    /// Sets a register as the device does, whatever software may write.
    public mutating func set(_ offset: Int, _ size: Int, _ value: UInt32) { ConfigurationSpace.put(value, offset, size, into: &bytes) }

    /// Sets or clears single bits as the device does.
    public mutating func set(_ offset: Int, _ size: Int, bits: UInt32, _ on: Bool) {
        let old = value(offset, size)
        set(offset, size, on ? old | bits : old & ~bits)
    }

    /// A write of software's.
    mutating func write(_ offset: Int, _ size: Int, _ value: UInt32) {
        for index in 0..<size where offset + index < bytes.count {
            let place = offset + index
            let byte = UInt8(truncatingIfNeeded: value >> UInt32(8 * index))
            bytes[place] = (bytes[place] & ~writable[place] | byte & writable[place]) & ~(byte & clearable[place])
        }
    }

    private static func put(_ value: UInt32, _ offset: Int, _ size: Int, into list: inout [UInt8]) {
        for index in 0..<size { list[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index)) }
    }

    public mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.table("bytes", &bytes)
        visitor.check("it is the same function", bytes.prefix(4) == initial.prefix(4) && bytes[0x34] == initial[0x34])
    }
}
