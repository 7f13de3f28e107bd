import AddressSpace
import DeviceModel
import Diagnostics
import ObjectModel
import Snapshot

/// The virtio transport over memory-mapped registers (Virtio 1.2, section 4.2), modern and legacy. A slot without a device has device
/// number 0.
public final class VirtioMMIO: MMIODevice, VirtioInterrupts {
    public static let typeName = "virtio-mmio"
    /// 2: trays of drives.
    public static let stateVersion = 2
    public static let windowSize: UInt64 = 0x200

    public static let type = ObjectType(
        typeName, parent: "sys-bus-device", help: "virtio transport in the memory map",
        [Property("force-legacy", .bool, default: false, "speak the version of before Virtio 1.0")])

    public let interrupt = OutputPin()
    private let core: VirtioCore
    private let isLegacy: Bool
    private var deviceFeaturesHigh = false
    private var driverFeaturesHigh = false
    private var guestPageSize: UInt64 = 4096
    private var alignment: UInt64 = 4096

    /// - Parameter ringFeatures: what drivers are offered of the abilities of queues.
    public init(memory: AddressSpace, device: (any VirtioDevice)?, legacy: Bool, ringFeatures: UInt64 = VirtioFeature.ring) {
        isLegacy = legacy
        let ring = legacy ? VirtioFeature.indirect | VirtioFeature.eventIndex : VirtioFeature.ring
        core = VirtioCore(memory: memory, device: device, ringFeatures: ring & ringFeatures, modernOnly: !legacy)
        core.interrupts = self
    }

    public var queues: [Virtqueue] { core.queues }
    public var device: (any VirtioDevice)? { core.device }

    public func reset() {
        resetDevice()
        core.resetGeneration()
        (guestPageSize, alignment) = (4096, 4096)
    }

    /// What the driver does by clearing the status. The page size stays: legacy drivers set it once, before they reset the device.
    private func resetDevice() {
        core.reset()
        (deviceFeaturesHigh, driverFeaturesHigh) = (false, false)
        interrupt.set(false)
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("deviceFeaturesHigh", &deviceFeaturesHigh)
        visitor.field("driverFeaturesHigh", &driverFeaturesHigh)
        visitor.field("guestPageSize", &guestPageSize)
        visitor.field("alignment", &alignment)
        visitor.check("page size and alignment are powers of two", guestPageSize.nonzeroBitCount == 1 && alignment.nonzeroBitCount == 1)
        core.visit(&visitor)
    }

    public func restored() {
        interrupt.set(core.interruptStatus != 0)
        core.restored()
    }

    func interrupt(queue: Int) { interrupt.set(true) }
    func interruptConfiguration() { interrupt.set(true) }

    // MARK: Registers

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        if offset >= 0x100 { return (core.readConfiguration(Int(offset - 0x100), size), .ok) }
        guard size == 4, offset & 3 == 0 else { return (0, .ok) }
        return (UInt64(readRegister(offset)), .ok)
    }

    private func readRegister(_ offset: UInt64) -> UInt32 {
        switch offset {
        case 0x000: return 0x7472_6976
        case 0x004: return isLegacy ? 1 : 2
        case 0x008: return core.deviceID
        case 0x00c: return 0x554d_4551
        case 0x010: return UInt32(truncatingIfNeeded: deviceFeaturesHigh ? core.offeredFeatures >> 32 : core.offeredFeatures)
        case 0x034: return core.queue == nil ? 0 : UInt32(core.device?.queueSize ?? 0)
        case 0x040: return isLegacy ? core.queue.map { UInt32(truncatingIfNeeded: $0.descriptors / guestPageSize) } ?? 0 : 0
        case 0x044: return core.queue?.isReady == true ? 1 : 0
        case 0x060: return core.interruptStatus
        case 0x070: return UInt32(core.status)
        case 0x0b0, 0x0b4: return .max  // shared memory regions: none
        case 0x0fc: return isLegacy ? 0 : core.generation
        default: return 0
        }
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        if offset >= 0x100 {
            core.writeConfiguration(Int(offset - 0x100), value, size)
        } else if size == 4, offset & 3 == 0, core.device != nil {
            writeRegister(offset, UInt32(truncatingIfNeeded: value))
        }
        return .ok
    }

    private func writeRegister(_ offset: UInt64, _ value: UInt32) {
        switch offset {
        case 0x014: deviceFeaturesHigh = value != 0
        case 0x020: core.acceptFeatures(value, high: driverFeaturesHigh)
        case 0x024: driverFeaturesHigh = value != 0
        case 0x028: guestPageSize = isLegacy && value.nonzeroBitCount == 1 ? UInt64(value) : guestPageSize
        case 0x030: core.selected = Int(value)
        case 0x038: core.setQueueSize(value, whileReady: isLegacy)
        case 0x03c: alignment = isLegacy && value.nonzeroBitCount == 1 ? UInt64(value) : alignment
        case 0x040: if isLegacy { core.placeLegacyQueue(page: value, pageSize: guestPageSize, alignment: alignment) }
        case 0x044: if !isLegacy { core.setReady(value != 0) }
        case 0x050: core.notify(Int(value))
        case 0x064:
            core.interruptStatus &= ~value
            if core.interruptStatus == 0 { interrupt.set(false) }
        case 0x070: if value & 0xff == 0 { resetDevice() } else { core.setStatus(UInt8(truncatingIfNeeded: value)) }
        case 0x080, 0x084, 0x090, 0x094, 0x0a0, 0x0a4:
            guard !isLegacy else { return }
            let part: VirtioCore.QueuePart = offset < 0x90 ? .descriptors : offset < 0xa0 ? .driver : .device
            core.placeQueue(part, value, high: offset & 4 != 0)
        default: Log.write(.guestErrors, "virtio-mmio: write of \(hex(value)) to \(hex(offset)), where there is no register")
        }
    }
}
