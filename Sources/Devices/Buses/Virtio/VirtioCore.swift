import AddressSpace
import Diagnostics
import Snapshot

/// How a transport tells the driver of something.
protocol VirtioInterrupts: AnyObject {
    /// A queue has given buffers back.
    func interrupt(queue: Int)
    /// The configuration, or the device's own status, has changed.
    func interruptConfiguration()
}

/// What every transport has: the device, its rings, and the state of the talk between driver and device (Virtio 1.2, chapters 2 and 3).
final class VirtioCore: VirtioPort {
    let memory: AddressSpace
    private(set) var queues: [Virtqueue] = []
    let device: (any VirtioDevice)?
    /// Features of the rings that the transport offers.
    private let ringFeatures: UInt64
    /// A driver that does not know Virtio 1.0 is refused.
    private let isModernOnly: Bool
    weak var interrupts: (any VirtioInterrupts)?

    private(set) var status: UInt8 = 0
    private(set) var driverFeatures: UInt64 = 0
    private(set) var generation: UInt32 = 0
    var selected = 0
    /// Bit 0: a queue has given buffers back; bit 1: the configuration has changed.
    var interruptStatus: UInt32 = 0
    /// Queues that the driver has told of while another was seen to: a ring that lies in its own notification register must not nest calls.
    private var told: Set<Int> = []
    private var isProcessing = false

    private enum Status { static let driverOK: UInt8 = 4, featuresOK: UInt8 = 8, needsReset: UInt8 = 64 }

    init(memory: AddressSpace, device: (any VirtioDevice)?, ringFeatures: UInt64, modernOnly: Bool) {
        (self.memory, self.device, self.ringFeatures, isModernOnly) = (memory, device, ringFeatures, modernOnly)
        queues = (0..<(device?.queueCount ?? 0)).map { Virtqueue(memory: memory, index: $0) }
        device?.attach(self)
    }

    var deviceID: UInt32 { device?.deviceID ?? 0 }
    var isRunning: Bool { status & Status.driverOK != 0 }

    /// What clearing the status does.
    func reset() {
        device?.reset()
        for queue in queues { queue.reset() }
        (status, driverFeatures, selected, interruptStatus) = (0, 0, 0, 0)
    }

    func resetGeneration() { generation = 0 }

    func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        var kind = deviceID
        visitor.field("deviceID", &kind)
        visitor.check("the device here is \(deviceID)", kind == deviceID)
        visitor.field("status", &status)
        visitor.field("driverFeatures", &driverFeatures)
        let (accepted, offered, isAccepted) = (driverFeatures, offeredFeatures, status & Status.featuresOK != 0)
        visitor.check("the driver's features \(hex(accepted)) are offered here: \(hex(offered))", !isAccepted || accepted & ~offered == 0)
        visitor.field("selected", &selected)
        visitor.field("interruptStatus", &interruptStatus)
        visitor.field("generation", &generation)
        for (index, queue) in queues.enumerated() {
            queue.features = acceptedFeatures
            visitor.group("queue\(index)") { queue.visit(&$0, limit: device?.queueSize ?? 0) }
        }
        device?.visit(&visitor)
    }

    func restored() { device?.restored(features: acceptedFeatures) }

    // MARK: Features

    var offeredFeatures: UInt64 { device.map { $0.features | ringFeatures } ?? 0 }
    var acceptedFeatures: UInt64 { driverFeatures & offeredFeatures }

    /// The driver accepts features, 32 at a time.
    func acceptFeatures(_ value: UInt32, high: Bool) {
        guard status & Status.featuresOK == 0 else { return }
        let shift: UInt64 = high ? 32 : 0
        driverFeatures = driverFeatures & ~(0xffff_ffff << shift) | UInt64(value) << shift
        for queue in queues { queue.features = acceptedFeatures }
    }

    // MARK: Status

    /// The driver goes on to another status, other than 0.
    func setStatus(_ value: UInt8) {
        var value = value | status & Status.needsReset
        if value & Status.featuresOK != 0, status & Status.featuresOK == 0 {
            let accepted = driverFeatures & ~offeredFeatures == 0 && (!isModernOnly || driverFeatures & VirtioFeature.version1 != 0)
            if !accepted { value &= ~Status.featuresOK }
        }
        let starts = value & Status.driverOK != 0 && status & Status.driverOK == 0
        status = value
        guard starts else { return }
        device?.activate(features: acceptedFeatures)
        for index in queues.indices where queues[index].isReady { notify(index) }
    }

    /// The driver has made buffers available.
    func notify(_ index: Int) {
        guard queues.indices.contains(index), isRunning else { return }
        told.insert(index)
        guard !isProcessing else { return }
        isProcessing = true
        defer { isProcessing = false }
        while let next = told.popFirst() { device?.process(queue: next) }
    }

    // MARK: Queues

    var queue: Virtqueue? { queues.indices.contains(selected) ? queues[selected] : nil }

    func setQueueSize(_ value: UInt32, whileReady: Bool = false) {
        guard let queue, !queue.isReady || whileReady, let most = device?.queueSize, value <= UInt32(most) else { return }
        queue.size = UInt16(value)
    }

    /// A legacy queue is one piece: descriptors, available ring, and behind the next boundary the used ring.
    func placeLegacyQueue(page: UInt32, pageSize: UInt64, alignment: UInt64) {
        guard let queue else { return }
        if queue.size == 0 { queue.size = device?.queueSize ?? 0 }
        let base = UInt64(page) &* pageSize
        queue.descriptors = base
        queue.driver = base &+ 16 &* UInt64(queue.size)
        queue.device = (queue.driver &+ 6 &+ 2 &* UInt64(queue.size) &+ alignment &- 1) & ~(alignment &- 1)
        queue.isReady = page != 0
    }

    enum QueuePart { case descriptors, driver, device }

    /// Sets half of the address of a queue's part.
    func placeQueue(_ part: QueuePart, _ value: UInt32, high: Bool) {
        guard let queue, !queue.isReady else { return }
        func merge(_ old: UInt64) -> UInt64 { high ? old & 0xffff_ffff | UInt64(value) << 32 : old & ~0xffff_ffff | UInt64(value) }
        switch part {
        case .descriptors: queue.descriptors = merge(queue.descriptors)
        case .driver: queue.driver = merge(queue.driver)
        case .device: queue.device = merge(queue.device)
        }
    }

    func setReady(_ ready: Bool) {
        guard let queue else { return }
        let packed = queue.features & VirtioFeature.packed != 0
        guard !ready || queue.size > 0 && (packed || queue.size.nonzeroBitCount == 1) else {
            return Log.write(.guestErrors, "virtio: queue \(selected) cannot have \(queue.size) entries")
        }
        queue.isReady = ready
    }

    /// Opens and closes the way to memory: with it closed, rings look empty and what is given back is lost.
    func setOpen(_ isOpen: Bool) { for queue in queues { queue.isOpen = isOpen } }

    // MARK: Configuration

    func readConfiguration(_ offset: Int, _ size: Int) -> UInt64 {
        guard let bytes = device?.configuration else { return 0 }
        return (0..<size).reduce(0) { $0 | (offset + $1 < bytes.count ? UInt64(bytes[offset + $1]) << UInt64(8 * $1) : 0) }
    }

    func writeConfiguration(_ offset: Int, _ value: UInt64, _ size: Int) {
        device?.writeConfiguration(offset, (0..<size).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) })
    }

    // MARK: Port

    func signal(_ queue: Virtqueue) {
        do {
            guard try queue.shouldInterrupt() else { return }
            interruptStatus |= 1
            interrupts?.interrupt(queue: queue.index)
        } catch { fail("\(error)") }
    }

    func configurationChanged() {
        generation &+= 1
        if isRunning { interruptConfiguration() }
    }

    private func interruptConfiguration() {
        interruptStatus |= 2
        interrupts?.interruptConfiguration()
    }

    func fail(_ reason: String) {
        Log.write(.guestErrors, "virtio device \(deviceID): \(reason); it needs a reset")
        for queue in queues { queue.isReady = false }
        status |= Status.needsReset
        if isModernOnly || acceptedFeatures & VirtioFeature.version1 != 0 { interruptConfiguration() }
    }
}
