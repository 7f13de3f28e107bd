import AddressSpace
import DeviceModel
import Diagnostics
import Snapshot

/// QEMU's firmware configuration device behind memory-mapped registers (QEMU documentation, specs/fw_cfg): items of bytes that firmware
/// selects by key, and a directory of named ones.
///
/// 0x00: data, up to 8 bytes at a time. 0x08: selector, 16 bits, big-endian. 0x10: address of a DMA request, 64 bits, big-endian.
public final class FirmwareConfiguration: MMIODevice {
    public static let typeName = "fw_cfg_mem"
    public static let windowSize: UInt64 = 0x18

    /// Keys of items that are not files.
    public enum Key: UInt16, Sendable {
        case signature = 0, id = 1, uuid = 2, noGraphic = 4, cpuCount = 5
        case kernelAddress = 7, kernelSize = 8, initrdAddress = 0x0a, initrdSize = 0x0b, bootMenu = 0x0e
        case kernelData = 0x11, initrdData = 0x12, commandLineSize = 0x14, commandLineData = 0x15
        case directory = 0x19
    }

    private static let firstFile: UInt16 = 0x20
    private static let maxNameLength = 55
    private static let architectureBit: UInt16 = 0x8000, writeBit: UInt16 = 0x4000
    /// "QEMU CFG".
    private static let signature: UInt64 = 0x5145_4d55_2043_4647

    private enum Control {
        static let error: UInt32 = 1, read: UInt32 = 2, skip: UInt32 = 4, select: UInt32 = 8, write: UInt32 = 16
    }

    private let memory: AddressSpace
    private var items: [UInt16: [UInt8]] = [:]
    private var fileNames: [String] = []
    /// Who is told what the guest has written into an item; only such items can be written.
    private var writers: [UInt16: ([UInt8]) -> Void] = [:]
    private var selected: UInt16 = 0
    private var offset = 0
    private var requestAddress: UInt64 = 0

    /// `memory` is what DMA requests see.
    public init(memory: AddressSpace) {
        self.memory = memory
        set(.signature, Array("QEMU".utf8))
        set(.id, number: UInt32(3))  // the traditional interface and DMA
        set(.uuid, [UInt8](repeating: 0, count: 16))
        set(.noGraphic, number: UInt16(0))
        set(.bootMenu, number: UInt16(0))
        set(.directory, [UInt8](repeating: 0, count: 4))
    }

    public func reset() { (selected, offset, requestAddress) = (0, 0, 0) }

    /// The items are the machine's configuration, not state.
    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("selected", &selected)
        visitor.field("offset", &offset)
        visitor.field("requestAddress", &requestAddress)
        visitor.check("the offset is one that reads can reach", (0...1 << 40).contains(offset))
    }

    // MARK: Items

    public func set(_ key: Key, _ bytes: [UInt8]) { items[key.rawValue] = bytes }

    /// A little-endian number.
    public func set<Number: FixedWidthInteger & UnsignedInteger>(_ key: Key, number: Number) {
        set(key, (0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> Number(8 * $0)) })
    }

    /// Adds a file, or replaces the one of that name. Names have at most 55 bytes.
    ///
    /// - Parameter written: of a file that the guest may write: called with the whole of it.
    public func setFile(_ name: String, _ bytes: [UInt8], written: (([UInt8]) -> Void)? = nil) {
        precondition(name.utf8.count <= FirmwareConfiguration.maxNameLength, "the name '\(name)' is too long for fw_cfg")
        let index = fileNames.firstIndex(of: name) ?? fileNames.count
        if index == fileNames.count { fileNames.append(name) }
        items[FirmwareConfiguration.firstFile + UInt16(index)] = bytes
        writers[FirmwareConfiguration.firstFile + UInt16(index)] = written
        makeDirectory()
    }

    /// Gives a file other contents of the same length.
    public func replaceFile(_ name: String, _ bytes: [UInt8]) {
        guard let index = fileNames.firstIndex(of: name) else { preconditionFailure("there is no file '\(name)'") }
        items[FirmwareConfiguration.firstFile + UInt16(index)] = bytes
    }

    private func makeDirectory() {
        var bytes = bigEndian(UInt32(fileNames.count))
        for (index, name) in fileNames.enumerated().sorted(by: { $0.element < $1.element }) {
            let key = FirmwareConfiguration.firstFile + UInt16(index)
            bytes += bigEndian(UInt32(items[key]?.count ?? 0)) + bigEndian(key) + [0, 0]
            bytes += Array(name.utf8) + [UInt8](repeating: 0, count: 56 - name.utf8.count)
        }
        set(.directory, bytes)
    }

    private func bigEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        (0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> Number(Number.bitWidth - 8 - 8 * $0)) }
    }

    // MARK: Registers

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        switch offset {
        case 0..<8:
            // The lowest address gets the item's next byte.
            return ((0..<size).reduce(0) { $0 | UInt64(nextByte()) << UInt64(8 * $1) }, .ok)
        case 0x10..<0x18:
            let first = 8 * (offset - 0x10)
            let value = FirmwareConfiguration.signature.byteSwapped >> first
            return (size == 8 ? value : value & ((1 << UInt64(8 * size)) - 1), .ok)
        default: return (0, .ok)
        }
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        switch (offset, size) {
        case (0x08, 2): select(UInt16(truncatingIfNeeded: value).byteSwapped)
        case (0x10, 8): transfer(at: value.byteSwapped)
        case (0x10, 4): requestAddress = UInt64(UInt32(truncatingIfNeeded: value).byteSwapped) << 32
        case (0x14, 4): transfer(at: requestAddress | UInt64(UInt32(truncatingIfNeeded: value).byteSwapped))
        default: Log.write(.guestErrors, "fw_cfg: a write of \(size) bytes to \(hex(offset)) does nothing")
        }
        return .ok
    }

    private func select(_ key: UInt16) {
        selected = key & ~FirmwareConfiguration.writeBit
        offset = 0
    }

    private var item: [UInt8] { items[selected] ?? [] }

    private func nextByte() -> UInt8 {
        guard offset < item.count else { return 0 }
        defer { offset += 1 }
        return item[offset]
    }

    // MARK: DMA

    /// Does the request that lies at an address: control, length and address, all big-endian.
    private func transfer(at address: UInt64) {
        requestAddress = 0
        guard let control = memory.load(address, as: UInt32.self)?.byteSwapped,
            let length = memory.load(address &+ 4, as: UInt32.self)?.byteSwapped,
            let target = memory.load(address &+ 8, as: UInt64.self)?.byteSwapped
        else { return Log.write(.guestErrors, "fw_cfg: there is no memory at the DMA request's address \(hex(address))") }
        if control & Control.select != 0 { select(UInt16(control >> 16)) }
        var done = true
        if control & Control.read != 0 {
            done = copy(to: target, count: Int(length))
        } else if control & Control.write != 0 {
            done = take(from: target, count: Int(length))
        } else if control & Control.skip != 0 {
            offset = min(item.count, offset + Int(length))
        }
        memory.store(address, (done ? 0 : Control.error).byteSwapped)
    }

    /// Writes bytes of memory into the item, if it may be written and they have room.
    private func take(from source: UInt64, count: Int) -> Bool {
        guard let writer = writers[selected], let item = items[selected], offset <= item.count, count <= item.count - offset,
            let bytes = memory.read(source, count: count)
        else { return false }
        items[selected]?.replaceSubrange(offset..<offset + count, with: bytes)
        offset += count
        writer(items[selected] ?? [])
        return true
    }

    /// Copies the rest of the item into memory, with zeros behind its end.
    private func copy(to target: UInt64, count: Int) -> Bool {
        let piece = 1 << 16
        var done = 0
        while done < count {
            let wanted = min(piece, count - done)
            let part = item[min(offset, item.count)..<min(item.count, offset + wanted)]
            offset += part.count
            let padded = part + [UInt8](repeating: 0, count: wanted - part.count)
            let (place, overflow) = target.addingReportingOverflow(UInt64(done))
            guard !overflow, memory.write(place, Array(padded)) == .ok else { return false }
            done += wanted
        }
        return true
    }
}
