import AddressSpace
import DeviceModel
import Snapshot

/// A host bridge: configuration space in memory, of PCI Express (ECAM; PCI Express Base Specification 4.0, section 7.2.2) or of a conventional bus with 256
/// bytes for each function; windows that the board cuts out of the bus's addresses, and four wires for the interrupts of the root bus.
public final class PCIHost: Device, IOHandler {
    public static let typeName = "gpex-pcihost"

    /// Memory that functions read and write.
    let system: AddressSpace
    public let interrupts = (0..<4).map { _ in OutputPin() }
    public private(set) var root: PCIBus!
    /// How many functions pull each wire.
    private var pulls = [0, 0, 0, 0]
    /// Takes messages before they are writes to memory: an interrupt controller that wants to know who sends. True if it has taken one.
    public var onMessage: ((_ address: UInt64, _ data: UInt32, _ requester: UInt16) -> Bool)?
    /// Bytes of configuration space: 1 MiB, or 64 KiB of a conventional bus, for each bus.
    public let ecamSize: UInt64
    /// Bits of an offset that are a function's own.
    private let registerBits: UInt64
    private let bridge: HostBridge

    /// A bridge to PCI Express.
    public init(memory: AddressSpace, ecamSize: UInt64) {
        (system, self.ecamSize, registerBits) = (memory, ecamSize, 12)
        bridge = HostBridge(PCIIdentity(vendor: 0x1b36, device: 0x0008, classCode: 0x06_0000))
        root = PCIBus("pcie.0", host: self, bridge: nil, isExpress: true, slots: 0..<32)
        root.plug(bridge, at: 0)
    }

    /// A bridge to a conventional bus, with the function that stands for it at an address, and the device numbers that others may have.
    public init(memory: AddressSpace, conventional identity: PCIIdentity, at address: UInt8, bus: String, slots: Range<Int>) {
        (system, ecamSize, registerBits) = (memory, 256 << 16, 8)
        bridge = HostBridge(identity)
        root = PCIBus(bus, host: self, bridge: nil, isExpress: false, slots: slots)
        root.plug(bridge, at: address)
    }

    public func reset() { bridge.reset() }

    /// What the wires carry is the functions' business.
    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) { bridge.visit(&visitor) }

    public func restored() { bridge.restored() }

    /// The configuration window as a region to put into a memory map.
    public func makeRegion() -> MemoryRegion {
        .io(root.isExpress ? "pcie-mmcfg" : "pci-config", size: ecamSize, handler: self, accepts: 1...8, implements: 1...4)
    }

    /// A window onto the bus's memory addresses, or its I/O addresses.
    public func window(_ name: String, io: Bool = false, from start: UInt64, size: UInt64) -> MemoryRegion {
        .alias(name, of: io ? root.io : root.memory, offset: start, size: size)
    }

    /// The bus of a name.
    public func bus(_ name: String) -> PCIBus? { root.find(name: name) }

    func changeInterrupt(_ wire: Int, by change: Int) {
        pulls[wire] += change
        interrupts[wire].set(pulls[wire] > 0)
    }

    /// A message is on its way: what takes it has not returned yet.
    private var isSending = false

    /// Sends a message; false if another one is on its way.
    func whileSending(_ body: () -> Void) -> Bool {
        if isSending { return false }
        isSending = true
        body()
        isSending = false
        return true
    }

    func take(address: UInt64, data: UInt32, from requester: UInt16) -> Bool { onMessage?(address, data, requester) ?? false }

    // MARK: Configuration space

    private func function(_ offset: UInt64) -> (function: PCIFunction, register: Int)? {
        let bus = UInt8(truncatingIfNeeded: offset >> (registerBits + 8)), address = UInt8(truncatingIfNeeded: offset >> registerBits)
        return root.find(bus: bus, address).map { ($0.function, Int(offset & (1 << registerBits - 1))) }
    }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        guard let (function, register) = function(offset) else { return (UInt64(UInt32.max) >> UInt64(32 - 8 * size), .ok) }
        return (UInt64(function.read(register, size)), .ok)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        if let (function, register) = function(offset) { function.write(register, size, UInt32(truncatingIfNeeded: value)) }
        return .ok
    }
}

/// The function on the root bus which stands for the host bridge.
private final class HostBridge: PCIDevice {
    static let typeName = "gpex-root"
    let function: PCIFunction

    init(_ identity: PCIIdentity) { function = PCIFunction(identity) }

    func reset() { function.reset() }
    func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) { function.visit(&visitor) }
    func restored() { function.restored() }
}
