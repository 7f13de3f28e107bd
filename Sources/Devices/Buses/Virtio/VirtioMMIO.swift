import AddressSpace
import DeviceModel
import Diagnostics
import ObjectModel
import Snapshot

/// The virtio transport over memory-mapped registers (Virtio 1.2, section 4.2), modern and legacy. A slot without a device has device
/// number 0.
public final class VirtioMMIO: MMIODevice, VirtioPort {
    public static let typeName = "virtio-mmio"
    public static let windowSize: UInt64 = 0x200

    public static let type = ObjectType(
        typeName, parent: "sys-bus-device", help: "virtio transport in the memory map",
        [Property("force-legacy", .bool, default: false, "speak the version of before Virtio 1.0")])

    public let interrupt = OutputPin()
    public let memory: AddressSpace
    public private(set) var queues: [Virtqueue] = []
    private let device: (any VirtioDevice)?
    private let isLegacy: Bool
    private var status: UInt8 = 0
    private var deviceFeaturesHigh = false
    private var driverFeaturesHigh = false
    private var driverFeatures: UInt64 = 0
    private var selected = 0
    private var interruptStatus: UInt32 = 0
    private var generation: UInt32 = 0
    private var guestPageSize: UInt64 = 4096
    private var alignment: UInt64 = 4096

    private enum Status { static let driverOK: UInt8 = 4, featuresOK: UInt8 = 8, needsReset: UInt8 = 64 }

    public init(memory: AddressSpace, device: (any VirtioDevice)?, legacy: Bool) {
        self.memory = memory
        self.device = device
        isLegacy = legacy
        queues = (0..<(device?.queueCount ?? 0)).map { _ in Virtqueue(memory: memory) }
        device?.attach(self)
    }

    public func reset() {
        resetDevice()
        (guestPageSize, alignment, generation) = (4096, 4096, 0)
    }

    /// What the driver does by clearing the status. The page size stays: legacy drivers set it once, before they reset the device.
    private func resetDevice() {
        device?.reset()
        for queue in queues { queue.reset() }
        (status, driverFeatures, selected, interruptStatus) = (0, 0, 0, 0)
        (deviceFeaturesHigh, driverFeaturesHigh) = (false, false)
        interrupt.set(false)
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        var kind = device?.deviceID ?? 0
        visitor.field("deviceID", &kind)
        visitor.check("the slot has device \(device?.deviceID ?? 0)", kind == device?.deviceID ?? 0)
        visitor.field("status", &status)
        visitor.field("deviceFeaturesHigh", &deviceFeaturesHigh)
        visitor.field("driverFeaturesHigh", &driverFeaturesHigh)
        visitor.field("driverFeatures", &driverFeatures)
        let (accepted, offered, isAccepted) = (driverFeatures, offeredFeatures, status & Status.featuresOK != 0)
        visitor.check("the driver's features \(hex(accepted)) are offered here: \(hex(offered))", !isAccepted || accepted & ~offered == 0)
        visitor.field("selected", &selected)
        visitor.field("interruptStatus", &interruptStatus)
        visitor.field("generation", &generation)
        visitor.field("guestPageSize", &guestPageSize)
        visitor.field("alignment", &alignment)
        visitor.check("page size and alignment are powers of two", guestPageSize.nonzeroBitCount == 1 && alignment.nonzeroBitCount == 1)
        for (index, queue) in queues.enumerated() {
            queue.features = driverFeatures & offeredFeatures
            visitor.group("queue\(index)") { queue.visit(&$0, limit: device?.queueSize ?? 0) }
        }
        device?.visit(&visitor)
    }

    public func restored() {
        interrupt.set(interruptStatus != 0)
        device?.restored(features: driverFeatures & offeredFeatures)
    }

    private var offeredFeatures: UInt64 {
        guard let device else { return 0 }
        let ring = isLegacy ? VirtioFeature.indirect | VirtioFeature.eventIndex : VirtioFeature.ring
        return device.features | ring
    }

    private var queue: Virtqueue? { queues.indices.contains(selected) ? queues[selected] : nil }

    // MARK: Port

    public func signal(_ queue: Virtqueue) {
        do {
            if try queue.shouldInterrupt() { raise(1) }
        } catch { fail("\(error)") }
    }

    public func configurationChanged() {
        generation &+= 1
        if status & Status.driverOK != 0 { raise(2) }
    }

    private func raise(_ bits: UInt32) {
        interruptStatus |= bits
        interrupt.set(true)
    }

    public func fail(_ reason: String) {
        Log.write(.guestErrors, "virtio device \(device?.deviceID ?? 0): \(reason); it needs a reset")
        for queue in queues { queue.isReady = false }
        status |= Status.needsReset
        if !isLegacy { raise(2) }
    }

    // MARK: Registers

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        if offset >= 0x100 { return (readConfiguration(Int(offset - 0x100), size), .ok) }
        guard size == 4, offset & 3 == 0 else { return (0, .ok) }
        return (UInt64(readRegister(offset)), .ok)
    }

    private func readConfiguration(_ offset: Int, _ size: Int) -> UInt64 {
        guard let bytes = device?.configuration else { return 0 }
        return (0..<size).reduce(0) { $0 | (offset + $1 < bytes.count ? UInt64(bytes[offset + $1]) << UInt64(8 * $1) : 0) }
    }

    private func readRegister(_ offset: UInt64) -> UInt32 {
        switch offset {
        case 0x000: return 0x7472_6976
        case 0x004: return isLegacy ? 1 : 2
        case 0x008: return device?.deviceID ?? 0
        case 0x00c: return 0x554d_4551
        case 0x010: return UInt32(truncatingIfNeeded: deviceFeaturesHigh ? offeredFeatures >> 32 : offeredFeatures)
        case 0x034: return queue == nil ? 0 : UInt32(device?.queueSize ?? 0)
        case 0x040: return isLegacy ? queue.map { UInt32(truncatingIfNeeded: $0.descriptors / guestPageSize) } ?? 0 : 0
        case 0x044: return queue?.isReady == true ? 1 : 0
        case 0x060: return interruptStatus
        case 0x070: return UInt32(status)
        case 0x0b0, 0x0b4: return .max  // shared memory regions: none
        case 0x0fc: return isLegacy ? 0 : generation
        default: return 0
        }
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        if offset >= 0x100 {
            device?.writeConfiguration(Int(offset - 0x100), (0..<size).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) })
        } else if size == 4, offset & 3 == 0, device != nil {
            writeRegister(offset, UInt32(truncatingIfNeeded: value))
        }
        return .ok
    }

    private func writeRegister(_ offset: UInt64, _ value: UInt32) {
        switch offset {
        case 0x014: deviceFeaturesHigh = value != 0
        case 0x020: acceptFeatures(value)
        case 0x024: driverFeaturesHigh = value != 0
        case 0x028: guestPageSize = isLegacy && value.nonzeroBitCount == 1 ? UInt64(value) : guestPageSize
        case 0x030: selected = Int(value)
        case 0x038: setQueueSize(value)
        case 0x03c: alignment = isLegacy && value.nonzeroBitCount == 1 ? UInt64(value) : alignment
        case 0x040: if isLegacy { placeLegacyQueue(value) }
        case 0x044: if !isLegacy { setReady(value != 0) }
        case 0x050: if queues.indices.contains(Int(value)), status & Status.driverOK != 0 { device?.process(queue: Int(value)) }
        case 0x064:
            interruptStatus &= ~value
            if interruptStatus == 0 { interrupt.set(false) }
        case 0x070: setStatus(UInt8(truncatingIfNeeded: value))
        case 0x080, 0x084, 0x090, 0x094, 0x0a0, 0x0a4: placeQueue(offset, value)
        default: Log.write(.guestErrors, "virtio-mmio: write of \(hex(value)) to \(hex(offset)), where there is no register")
        }
    }

    private func acceptFeatures(_ value: UInt32) {
        guard status & Status.featuresOK == 0 else { return }
        let shift: UInt64 = driverFeaturesHigh ? 32 : 0
        driverFeatures = driverFeatures & ~(0xffff_ffff << shift) | UInt64(value) << shift
        for queue in queues { queue.features = driverFeatures & offeredFeatures }
    }

    private func setQueueSize(_ value: UInt32) {
        guard let queue, !queue.isReady || isLegacy, let most = device?.queueSize, value <= UInt32(most) else { return }
        queue.size = UInt16(value)
    }

    /// A legacy queue is one piece: descriptors, available ring, and behind the next boundary the used ring.
    private func placeLegacyQueue(_ page: UInt32) {
        guard let queue else { return }
        if queue.size == 0 { queue.size = device?.queueSize ?? 0 }
        let base = UInt64(page) &* guestPageSize
        queue.descriptors = base
        queue.driver = base &+ 16 &* UInt64(queue.size)
        queue.device = (queue.driver &+ 6 &+ 2 &* UInt64(queue.size) &+ alignment &- 1) & ~(alignment &- 1)
        queue.isReady = page != 0
    }

    private func placeQueue(_ offset: UInt64, _ value: UInt32) {
        guard !isLegacy, let queue, !queue.isReady else { return }
        func merge(_ old: UInt64) -> UInt64 {
            offset & 4 == 0 ? old & ~0xffff_ffff | UInt64(value) : old & 0xffff_ffff | UInt64(value) << 32
        }
        switch offset & ~4 {
        case 0x080: queue.descriptors = merge(queue.descriptors)
        case 0x090: queue.driver = merge(queue.driver)
        default: queue.device = merge(queue.device)
        }
    }

    private func setReady(_ ready: Bool) {
        guard let queue else { return }
        let packed = queue.features & VirtioFeature.packed != 0
        guard !ready || queue.size > 0 && (packed || queue.size.nonzeroBitCount == 1) else {
            return Log.write(.guestErrors, "virtio-mmio: queue \(selected) cannot have \(queue.size) entries")
        }
        queue.isReady = ready
    }

    private func setStatus(_ value: UInt8) {
        if value == 0 { return resetDevice() }
        var value = value | status & Status.needsReset
        if value & Status.featuresOK != 0, status & Status.featuresOK == 0 {
            let accepted = driverFeatures & ~offeredFeatures == 0 && (isLegacy || driverFeatures & VirtioFeature.version1 != 0)
            if !accepted { value &= ~Status.featuresOK }
        }
        let starts = value & Status.driverOK != 0 && status & Status.driverOK == 0
        status = value
        if starts {
            device?.activate(features: driverFeatures & offeredFeatures)
            for index in queues.indices where queues[index].isReady { device?.process(queue: index) }
        }
    }
}
