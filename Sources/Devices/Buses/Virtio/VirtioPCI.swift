import AddressSpace
import DeviceModel
import PCI
import Snapshot

/// The virtio transport over PCI (Virtio 1.2, section 4.1): modern, transitional, or legacy only, laid out as QEMU 7.2 does.
public final class VirtioPCI: PCIDevice, VirtioInterrupts {
    public static let typeName = "virtio-pci"
    /// 2: trays of drives.
    public static let stateVersion = 2

    public struct Options: Sendable {
        public var isLegacy = true
        public var isModern = true
        /// Vectors of MSI-X; 0 for none.
        public var vectors: Int
        /// Behind a port, where it is an express function of its own.
        public var isExpress = false
        /// What drivers are offered of the abilities of queues.
        public var ringFeatures = VirtioFeature.ring

        public init(vectors: Int) { self.vectors = vectors }
    }

    public let function: PCIFunction
    private let core: VirtioCore
    private let options: Options
    private var deviceFeatureSelect: UInt32 = 0
    private var driverFeatureSelect: UInt32 = 0
    private var configurationVector = VirtioPCI.noVector
    private var queueVectors: [UInt16]
    /// The modern registers, one page each, in window 4.
    private let registers = MemoryRegion.container("virtio-pci", size: 0x4000)
    private var handlers: [any IOHandler] = []
    /// Where the capability for accesses by configuration space is.
    private var accessCapability = 0

    static let noVector: UInt16 = 0xffff
    private static let pageSize = 4096

    /// What kind of region a capability points at, and its place in window 4.
    enum Page: UInt32 {
        case common = 1, notify = 2, isr = 3, device = 4

        var offset: UInt64 {
            switch self {
            case .common: 0
            case .isr: 0x1000
            case .device: 0x2000
            case .notify: 0x3000
            }
        }
    }

    public init(memory: AddressSpace, device: any VirtioDevice, options: Options) {
        self.options = options
        let old = VirtioFeature.indirect | VirtioFeature.eventIndex
        core = VirtioCore(
            memory: memory, device: device, ringFeatures: (options.isModern ? VirtioFeature.ring : old) & options.ringFeatures,
            modernOnly: !options.isLegacy)
        queueVectors = [UInt16](repeating: VirtioPCI.noVector, count: device.queueCount)
        function = PCIFunction(VirtioPCI.identity(device, options), isExpress: options.isExpress)
        function.setPin(1)
        if options.isExpress {
            function.addExpress(.endpoint)
            function.addPowerManagement()
        }
        core.interrupts = self
        if options.isLegacy { addLegacyWindow(configuration: device.configuration.count) }
        if options.isModern { addModernWindow() }
        if options.vectors > 0 {
            // The table in one half, the pending bits in the other.
            var half: UInt64 = 0x800
            while half < 16 * UInt64(options.vectors) { half *= 2 }
            let messages = MemoryRegion.container("virtio-pci-msix", size: 2 * half)
            function.addWindow(1, .memory32, messages)
            function.addMSIX(vectors: options.vectors, bar: 1, in: messages, table: 0, pending: half)
        }
        core.setOpen(false)
    }

    /// Numbers that QEMU gives its devices; those of before Virtio 1.0 where both kinds of drivers are to find it.
    private static func identity(_ device: any VirtioDevice, _ options: Options) -> PCIIdentity {
        let number = device.deviceID
        let (old, kind): (UInt16?, UInt32) =
            switch number {
            case 1: (0x1000, 0x02_0000)
            case 2: (0x1001, 0x01_0000)
            case 3: (0x1003, 0x07_8000)
            case 4: (0x1005, 0x00_ff00)
            case 5: (0x1002, 0x00_ff00)
            case 8: (0x1004, 0x01_0000)
            default: (nil, device.pciClass)
            }
        let own = UInt16(truncatingIfNeeded: 0x1040 + number)
        var identity = PCIIdentity(vendor: 0x1af4, device: options.isLegacy ? old ?? own : own, classCode: kind)
        identity.revision = options.isLegacy ? 0 : 1
        if options.isLegacy { identity.subsystem = UInt16(truncatingIfNeeded: number) }
        return identity
    }

    private func addLegacyWindow(configuration: Int) {
        var size: UInt64 = 32
        while size < UInt64(24 + configuration) { size *= 2 }
        let handler = VirtioLegacyRegisters(self)
        handlers.append(handler)
        function.addWindow(0, .io, .io("virtio-pci-legacy", size: size, handler: handler, accepts: 1...8, implements: 1...4))
    }

    private func addModernWindow() {
        for page in [Page.common, .isr, .device, .notify] {
            let handler = VirtioModernRegisters(self, page)
            handlers.append(handler)
            let region = MemoryRegion.io("virtio-pci-\(page)", size: UInt64(VirtioPCI.pageSize), handler: handler, accepts: 1...8, implements: 1...4)
            registers.add(region, at: page.offset)
        }
        function.addWindow(4, .memory64, registers, isPrefetchable: true)
        function.edit { space in
            func add(_ kind: UInt32, _ offset: UInt64, size: Int) -> Int {
                let place = space.addCapability(9, size: size)
                space.set(place + 2, 1, UInt32(size))
                space.set(place + 3, 1, kind)
                return place
            }
            for page in [Page.common, .isr, .device, .notify] {
                let place = add(page.rawValue, page.offset, size: page == .notify ? 20 : 16)
                space.set(place + 4, 1, 4)
                space.set(place + 8, 4, UInt32(page.offset))
                space.set(place + 12, 4, UInt32(VirtioPCI.pageSize))
                // Bytes between the notification registers of two queues.
                if page == .notify { space.set(place + 16, 4, 4) }
            }
            accessCapability = add(5, 0, size: 20)
            space.allow(accessCapability + 4, 1, 0xff)
            space.allow(accessCapability + 8, 4, ~0)
            space.allow(accessCapability + 12, 4, ~0)
            space.allow(accessCapability + 16, 4, ~0)
        }
    }

    public func reset() {
        resetDevice()
        core.resetGeneration()
        function.reset()
        core.setOpen(false)
    }

    /// What the driver does by clearing the status.
    private func resetDevice() {
        core.reset()
        (deviceFeatureSelect, driverFeatureSelect, configurationVector) = (0, 0, VirtioPCI.noVector)
        for index in queueVectors.indices { queueVectors[index] = VirtioPCI.noVector }
        function.setInterrupt(false)
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        function.visit(&visitor)
        visitor.field("deviceFeatureSelect", &deviceFeatureSelect)
        visitor.field("driverFeatureSelect", &driverFeatureSelect)
        visitor.field("configurationVector", &configurationVector)
        visitor.table("queueVectors", &queueVectors)
        core.visit(&visitor)
    }

    public func restored() {
        function.restored()
        core.setOpen(function.isBusMaster)
        core.restored()
    }

    // MARK: Interrupts

    func interrupt(queue: Int) { interrupt(vector: queueVectors[queue]) }
    func interruptConfiguration() { interrupt(vector: configurationVector) }

    private func interrupt(vector: UInt16) {
        if let msix = function.msix, msix.isEnabled {
            msix.notify(Int(vector))
        } else {
            function.setInterrupt(core.interruptStatus != 0)
        }
    }

    /// Reading the interrupt status clears it.
    private func takeInterruptStatus() -> UInt32 {
        let status = core.interruptStatus
        core.interruptStatus = 0
        function.setInterrupt(false)
        return status
    }

    private func vector(_ value: UInt32) -> UInt16 {
        Int(value) < options.vectors ? UInt16(truncatingIfNeeded: value) : VirtioPCI.noVector
    }

    private var queueVector: UInt16 {
        get { queueVectors.indices.contains(core.selected) ? queueVectors[core.selected] : VirtioPCI.noVector }
        set { if queueVectors.indices.contains(core.selected) { queueVectors[core.selected] = newValue } }
    }

    // MARK: Configuration space

    public func configurationWritten(_ range: Range<Int>) {
        core.setOpen(function.isBusMaster)
        guard options.isModern, range.overlaps(accessCapability + 16..<accessCapability + 20), let (page, offset, size) = accessTarget else { return }
        writeModern(page, offset, function.space.value(accessCapability + 16, size), size)
    }

    public func configurationRead(_ range: Range<Int>) {
        guard options.isModern, range.overlaps(accessCapability + 16..<accessCapability + 20), let (page, offset, size) = accessTarget else { return }
        let value = readModern(page, offset, size)
        function.edit { $0.set(accessCapability + 16, size, value) }
    }

    /// What the capability for accesses by configuration space points at (section 4.1.4.9).
    private var accessTarget: (page: Page, offset: Int, size: Int)? {
        let space = function.space
        let (offset, size) = (space.value(accessCapability + 8, 4), Int(space.value(accessCapability + 12, 4)))
        guard space.value(accessCapability + 4, 1) == 4, [1, 2, 4].contains(size), offset < 0x4000, Int(offset) % size == 0 else { return nil }
        let pages: [Page] = [.common, .isr, .device, .notify]
        return (pages[Int(offset) / VirtioPCI.pageSize], Int(offset) % VirtioPCI.pageSize, size)
    }

    // MARK: Modern registers

    func readModern(_ page: Page, _ offset: Int, _ size: Int) -> UInt32 {
        switch page {
        case .common: return readCommon(offset, size)
        case .isr: return offset == 0 ? takeInterruptStatus() : 0
        case .device: return UInt32(truncatingIfNeeded: core.readConfiguration(offset, size))
        case .notify: return 0
        }
    }

    func writeModern(_ page: Page, _ offset: Int, _ value: UInt32, _ size: Int) {
        switch page {
        case .common: writeCommon(offset, value, size)
        case .isr: break
        case .device: core.writeConfiguration(offset, UInt64(value), size)
        case .notify: core.notify(offset / 4)
        }
    }

    /// The register that a byte of the common structure belongs to.
    private static func commonRegister(_ offset: Int) -> (start: Int, size: Int)? {
        let registers = [
            (0x00, 4), (0x04, 4), (0x08, 4), (0x0c, 4), (0x10, 2), (0x12, 2), (0x14, 1), (0x15, 1), (0x16, 2), (0x18, 2), (0x1a, 2), (0x1c, 2),
            (0x1e, 2), (0x20, 4), (0x24, 4), (0x28, 4), (0x2c, 4), (0x30, 4), (0x34, 4),
        ]
        return registers.first { $0.0 <= offset && offset < $0.0 + $0.1 }.map { (start: $0.0, size: $0.1) }
    }

    private func readCommon(_ offset: Int, _ size: Int) -> UInt32 {
        guard let (start, width) = VirtioPCI.commonRegister(offset) else { return 0 }
        let value = readCommon(start) >> UInt32(8 * (offset - start))
        let count = min(size, width - (offset - start))
        return count == 4 ? value : value & (1 << UInt32(8 * count) - 1)
    }

    private func readCommon(_ register: Int) -> UInt32 {
        let queue = core.queue
        switch register {
        case 0x00: return deviceFeatureSelect
        case 0x04: return VirtioPCI.half(core.offeredFeatures, deviceFeatureSelect)
        case 0x08: return driverFeatureSelect
        case 0x0c: return VirtioPCI.half(core.driverFeatures, driverFeatureSelect)
        case 0x10: return UInt32(configurationVector)
        case 0x12: return UInt32(core.queues.count)
        case 0x14: return UInt32(core.status)
        case 0x15: return core.generation & 0xff
        case 0x16: return UInt32(core.selected)
        case 0x18: return queueSize
        case 0x1a: return UInt32(queueVector)
        case 0x1c: return queue?.isReady == true ? 1 : 0
        case 0x1e: return queue == nil ? 0 : UInt32(core.selected)
        case 0x20, 0x24: return VirtioPCI.half(queue?.descriptors ?? 0, register & 4 == 0 ? 0 : 1)
        case 0x28, 0x2c: return VirtioPCI.half(queue?.driver ?? 0, register & 4 == 0 ? 0 : 1)
        default: return VirtioPCI.half(queue?.device ?? 0, register & 4 == 0 ? 0 : 1)
        }
    }

    /// What the driver has chosen, or the most that there can be.
    private var queueSize: UInt32 { core.queue.map { $0.size == 0 ? UInt32(core.device?.queueSize ?? 0) : UInt32($0.size) } ?? 0 }

    private static func half(_ value: UInt64, _ select: UInt32) -> UInt32 {
        select == 0 ? UInt32(truncatingIfNeeded: value) : select == 1 ? UInt32(value >> 32) : 0
    }

    private func writeCommon(_ offset: Int, _ value: UInt32, _ size: Int) {
        guard let (start, width) = VirtioPCI.commonRegister(offset), start == offset, size >= width else { return }
        let value = width == 4 ? value : value & (1 << UInt32(8 * width) - 1)
        switch start {
        case 0x00: deviceFeatureSelect = value
        case 0x08: driverFeatureSelect = value
        case 0x0c: if driverFeatureSelect < 2 { core.acceptFeatures(value, high: driverFeatureSelect == 1) }
        case 0x10: configurationVector = vector(value)
        case 0x14: setStatus(value)
        case 0x16: core.selected = Int(value)
        case 0x18: core.setQueueSize(value)
        case 0x1a: queueVector = vector(value)
        case 0x1c: if value == 1 { enableQueue() }
        case 0x20, 0x24: core.placeQueue(.descriptors, value, high: start & 4 != 0)
        case 0x28, 0x2c: core.placeQueue(.driver, value, high: start & 4 != 0)
        case 0x30, 0x34: core.placeQueue(.device, value, high: start & 4 != 0)
        default: break
        }
    }

    private func enableQueue() {
        if let queue = core.queue, queue.size == 0 { core.setQueueSize(queueSize) }
        core.setReady(true)
    }

    private func setStatus(_ value: UInt32) {
        if value & 0xff == 0 { resetDevice() } else { core.setStatus(UInt8(truncatingIfNeeded: value)) }
    }

    // MARK: Legacy registers (section 4.1.4.10)

    /// The device's configuration follows two more registers while there are vectors.
    private var legacyConfiguration: Int { function.msix?.isEnabled == true ? 24 : 20 }

    func readLegacy(_ offset: Int, _ size: Int) -> UInt32 {
        if offset >= legacyConfiguration { return UInt32(truncatingIfNeeded: core.readConfiguration(offset - legacyConfiguration, size)) }
        switch offset {
        case 0: return UInt32(truncatingIfNeeded: core.offeredFeatures)
        case 4: return UInt32(truncatingIfNeeded: core.driverFeatures)
        case 8: return core.queue.map { UInt32(truncatingIfNeeded: $0.descriptors >> 12) } ?? 0
        case 12: return core.queue == nil ? 0 : UInt32(core.device?.queueSize ?? 0)
        case 14: return UInt32(core.selected)
        case 18: return UInt32(core.status)
        case 19: return takeInterruptStatus()
        case 20: return UInt32(configurationVector)
        case 22: return UInt32(queueVector)
        default: return 0
        }
    }

    func writeLegacy(_ offset: Int, _ value: UInt32, _ size: Int) {
        if offset >= legacyConfiguration { return core.writeConfiguration(offset - legacyConfiguration, UInt64(value), size) }
        switch offset {
        case 4: core.acceptFeatures(value, high: false)
        case 8: core.placeLegacyQueue(page: value, pageSize: 4096, alignment: 4096)
        case 14: core.selected = Int(value & 0xffff)
        case 16: core.notify(Int(value & 0xffff))
        case 18: setStatus(value)
        case 20: configurationVector = vector(value & 0xffff)
        case 22: queueVector = vector(value & 0xffff)
        default: break
        }
    }
}

private final class VirtioModernRegisters: IOHandler {
    private unowned let owner: VirtioPCI
    private let page: VirtioPCI.Page

    init(_ owner: VirtioPCI, _ page: VirtioPCI.Page) { (self.owner, self.page) = (owner, page) }

    func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) { (UInt64(owner.readModern(page, Int(offset), size)), .ok) }

    func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        owner.writeModern(page, Int(offset), UInt32(truncatingIfNeeded: value), size)
        return .ok
    }
}

private final class VirtioLegacyRegisters: IOHandler {
    private unowned let owner: VirtioPCI

    init(_ owner: VirtioPCI) { self.owner = owner }

    func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) { (UInt64(owner.readLegacy(Int(offset), size)), .ok) }

    func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        owner.writeLegacy(Int(offset), UInt32(truncatingIfNeeded: value), size)
        return .ok
    }
}
