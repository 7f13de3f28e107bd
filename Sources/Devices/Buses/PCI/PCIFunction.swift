import AddressSpace
import Diagnostics
import Snapshot

/// A function on a PCI bus: its configuration space, the windows that it decodes, and the interrupts that it raises.
public final class PCIFunction {
    public enum HeaderKind: Sendable { case device, bridge }

    public internal(set) var space: ConfigurationSpace
    public let header: HeaderKind
    public internal(set) weak var bus: PCIBus?
    /// Device number in bits 7 to 3, function number in bits 2 to 0.
    public internal(set) var address: UInt8 = 0
    weak var owner: (any PCIDevice)?
    /// What users call its type and itself: "virtio-blk-pci", the id of `-device`.
    public var model = ""
    public var id: String?
    /// By the number of their register; 6 is the expansion ROM.
    public private(set) var bars: [Int: BaseAddress] = [:]
    private var memory: AddressSpace?
    public private(set) var msi: MSI?
    public private(set) var msix: MSIX?
    public internal(set) var express: ExpressCapability?
    /// What the device wants of its interrupt pin.
    private var interruptLevel = false
    /// What the bus has heard of it.
    private var assertedPin: Int?

    static let rom = 6

    public init(_ identity: PCIIdentity, header: HeaderKind = .device, isExpress: Bool = false) {
        self.header = header
        space = ConfigurationSpace(isExpress: isExpress)
        space.set(Header.vendor, 2, UInt32(identity.vendor))
        space.set(Header.device, 2, UInt32(identity.device))
        space.set(Header.revision, 1, UInt32(identity.revision))
        for index in 0..<3 { space.set(Header.classCode + index, 1, identity.classCode >> UInt32(8 * index)) }
        space.set(Header.headerType, 1, header == .bridge ? 1 : 0)
        typealias Command = Header.Command
        space.allow(
            Header.command, 2,
            Command.io | Command.memory | Command.master | Command.parity | Command.systemError | Command.interruptDisable)
        space.allowClearing(Header.status, 2, Header.Status.errors)
        space.allow(Header.cacheLineSize, 1, 0xff)
        space.allow(Header.interruptLine, 1, 0xff)
        guard header == .device else { return }
        space.set(Header.subsystemVendor, 2, UInt32(identity.subsystemVendor))
        space.set(Header.subsystem, 2, UInt32(identity.subsystem))
    }

    // MARK: Declaring

    /// Gives the function a window. A 64-bit one takes the next register, too.
    public func addWindow(_ number: Int, _ kind: BaseAddress.Kind, _ region: MemoryRegion, isPrefetchable: Bool = false) {
        let offset = Header.baseAddresses + 4 * number
        let bar = BaseAddress(kind, region, isPrefetchable: isPrefetchable, at: offset)
        bars[number] = bar
        space.set(offset, 4, bar.flags)
        space.allow(offset, 4, UInt32(truncatingIfNeeded: ~(region.size - 1)))
        if kind == .memory64 { space.allow(offset + 4, 4, UInt32(truncatingIfNeeded: ~(region.size - 1) >> 32)) }
    }

    /// Gives the function an expansion ROM.
    public func addROM(_ region: MemoryRegion) {
        let offset = header == .bridge ? Header.bridgeROM : Header.deviceROM
        bars[PCIFunction.rom] = BaseAddress(.memory32, region, at: offset)
        space.allow(offset, 4, UInt32(truncatingIfNeeded: ~(region.size - 1)) | 1)
    }

    /// Says which of INTA to INTD (1 to 4) the function drives.
    public func setPin(_ pin: Int) { space.set(Header.interruptPin, 1, UInt32(pin)) }

    public func addMSI(vectors: Int) { msi = MSI(self, vectors: vectors) }

    /// - Parameters:
    ///   - bar: the memory window that table and pending bits lie in, at these offsets.
    public func addMSIX(vectors: Int, bar: Int, in container: MemoryRegion, table: UInt64, pending: UInt64) {
        msix = MSIX(self, vectors: vectors, bar: bar, in: container, table: table, pending: pending)
    }

    public var isMultifunction: Bool { space.value(Header.headerType, 1) & Header.multifunction != 0 }
    public func set(isMultifunction: Bool) { space.set(Header.headerType, 1, bits: Header.multifunction, isMultifunction) }

    /// Changes registers while the function is declared, or as the device does later.
    public func edit(_ change: (inout ConfigurationSpace) -> Void) { change(&space) }

    // MARK: On its bus

    func plug(into bus: PCIBus, at address: UInt8, memory: AddressSpace, owner: any PCIDevice) {
        (self.bus, self.address, self.memory, self.owner) = (bus, address, memory, owner)
        space.seal()
    }

    func unplug() {
        setInterrupt(false)
        closeWindows()
        bus = nil
    }

    public func reset() {
        space.reset()
        msix?.reset()
        setInterrupt(false)
        updateWindows()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.part("configuration", &space)
        visitor.field("interruptLevel", &interruptLevel)
        if let msix { visitor.group("msix") { msix.visit(&$0) } }
    }

    public func restored() {
        updateWindows()
        updateInterrupt()
    }

    public var identity: (vendor: UInt16, device: UInt16) {
        (UInt16(truncatingIfNeeded: space.value(Header.vendor, 2)), UInt16(truncatingIfNeeded: space.value(Header.device, 2)))
    }

    /// Base class and subclass.
    public var classCode: UInt16 { UInt16(truncatingIfNeeded: space.value(Header.classCode + 1, 2)) }

    var command: UInt32 { space.value(Header.command, 2) }
    public var isBusMaster: Bool { command & Header.Command.master != 0 }
    /// What the function's own accesses go to; nil while it is no bus master.
    var dmaMemory: AddressSpace? { isBusMaster ? memory : nil }

    /// Whose messages its messages are taken for: bus, device and function number. A conventional bridge makes them its own.
    public var requester: UInt16 {
        if let bridge = bus?.bridge, bridge.express == nil { return bridge.requester }
        return UInt16(bus?.number ?? 0) << 8 | UInt16(address)
    }

    // MARK: Configuration

    func read(_ offset: Int, _ size: Int) -> UInt32 {
        owner?.configurationRead(offset..<offset + size)
        return space.value(offset, size)
    }

    func write(_ offset: Int, _ size: Int, _ value: UInt32) {
        let range = offset..<offset + size
        space.write(offset, size, value)
        if range.overlaps(Header.command..<Header.status) || range.overlaps(Header.baseAddresses..<0x28) || range.overlaps(0x30..<0x3c) {
            updateWindows()
            updateInterrupt()
        }
        msix?.written(range)
        owner?.configurationWritten(range)
    }

    // MARK: Windows

    /// Opens, moves and closes windows as the registers say.
    private func updateWindows() {
        guard let bus else { return }
        for number in bars.keys.sorted() {
            guard let bar = bars[number] else { continue }
            let wanted = wantedAddress(bar, isROM: number == PCIFunction.rom)
            guard wanted != bar.address else { continue }
            bars[number]?.address = wanted
            let container = bar.kind == .io ? bus.io : bus.memory
            if bar.address != nil { container.remove(bar.region) }
            if let wanted { container.add(bar.region, at: wanted, priority: 1) }
        }
    }

    private func closeWindows() {
        guard let bus else { return }
        for (number, bar) in bars where bar.address != nil {
            (bar.kind == .io ? bus.io : bus.memory).remove(bar.region)
            bars[number]?.address = nil
        }
    }

    private func wantedAddress(_ bar: BaseAddress, isROM: Bool) -> UInt64? {
        guard command & (bar.kind == .io ? Header.Command.io : Header.Command.memory) != 0 else { return nil }
        let low = space.value(bar.offset, 4)
        if isROM, low & 1 == 0 { return nil }
        let high = bar.kind == .memory64 ? UInt64(space.value(bar.offset + 4, 4)) << 32 : 0
        let address = (high | UInt64(low)) & ~(bar.region.size - 1)
        let (last, overflow) = address.addingReportingOverflow(bar.region.size - 1)
        return overflow || last > bar.limit ? nil : address
    }

    // MARK: Interrupts

    /// The pin's level, for a function whose message-signalled interrupts are off.
    public func setInterrupt(_ level: Bool) {
        guard level != interruptLevel else { return }
        interruptLevel = level
        updateInterrupt()
    }

    /// What the device wants of its pin now.
    public var wantsInterrupt: Bool { interruptLevel }

    private func updateInterrupt() {
        space.set(Header.status, 2, bits: Header.Status.interrupt, interruptLevel)
        let pin = Int(space.value(Header.interruptPin, 1))
        let isOn = interruptLevel && command & Header.Command.interruptDisable == 0 && (1...4).contains(pin)
        if let old = assertedPin, !isOn {
            assertedPin = nil
            bus?.changeInterrupt(device: Int(address >> 3), pin: old, by: -1)
        } else if assertedPin == nil, isOn {
            assertedPin = pin - 1
            bus?.changeInterrupt(device: Int(address >> 3), pin: pin - 1, by: 1)
        }
    }

    /// Sends a message-signalled interrupt: a write to memory, if the function may write there. A message that goes to registers which send another
    /// one, such as the function's own, would never end.
    func send(address: UInt64, data: UInt32) {
        guard isBusMaster, let memory, let host = bus?.host else { return }
        let isTaken = host.whileSending {
            if !host.take(address: address, data: data, from: requester), memory.store(address, data) != .ok {
                Log.write(.guestErrors, "PCI: a message to \(hex(address)), where nothing takes it")
            }
        }
        if !isTaken { Log.write(.guestErrors, "PCI: a message that another message brings about is dropped") }
    }
}
