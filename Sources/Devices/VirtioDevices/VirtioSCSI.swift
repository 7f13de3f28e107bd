import AddressSpace
import HostOS
import ObjectModel
import SCSI
import Snapshot
import Virtio

/// A host adapter for SCSI disks (Virtio 1.2, section 5.6).
public final class VirtioSCSI: VirtioDevice {
    public static let type = ObjectType.virtio(
        "scsi", help: "virtio SCSI host adapter",
        [
            Property("num_queues", .unsigned(bits: 32), default: 1, range: 1...64, "number of request queues"),
            Property("virtqueue_size", .unsigned(bits: 32), default: 256, range: 4...1024, powerOfTwo: true, "requests that a queue holds"),
            Property("max_sectors", .unsigned(bits: 32), default: 0xffff, range: 1...0xffff_ffff, "largest transfer, in sectors"),
            Property("cmd_per_lun", .unsigned(bits: 32), default: 128, range: 1...0xffff_ffff, "commands that a unit takes at once"),
        ])

    public let deviceID: UInt32 = 8
    public let queueSize: UInt16
    public let bus = SCSIBus()
    private let requestQueues: Int
    private let maxSectors: UInt32
    private let commandsPerUnit: UInt32
    private weak var port: (any VirtioPort)?
    private var senseSize = VirtioSCSI.defaultSenseSize
    private var commandSize = VirtioSCSI.defaultCommandSize
    private var acceptedFeatures: UInt64 = 0
    /// Requests under way belong to the epoch before a reset and are dropped when they end after it.
    private var epoch = 0
    /// The driver had no buffer for an event: the next one says so.
    private var hasMissedEvent = false

    private enum Queue { static let control = 0, event = 1, requests = 2 }
    private enum Feature { static let bothWays: UInt64 = 1, hotplug: UInt64 = 1 << 1, change: UInt64 = 1 << 2 }
    private enum Event { static let transportReset: UInt32 = 1, parameterChange: UInt32 = 3, missed: UInt32 = 1 << 31 }
    private enum Reason { static let rescan: UInt32 = 1, removed: UInt32 = 2 }
    private enum Response { static let ok: UInt8 = 0, badTarget: UInt8 = 3, failure: UInt8 = 9, functionComplete: UInt8 = 0 }
    private static let defaultSenseSize: UInt32 = 96, defaultCommandSize: UInt32 = 32
    private static let largestSizes: UInt32 = 4096

    public init(requestQueues: Int = 1, queueSize: UInt16 = 256, maxSectors: UInt32 = 0xffff, commandsPerUnit: UInt32 = 128) {
        (self.requestQueues, self.queueSize, self.maxSectors, self.commandsPerUnit) = (requestQueues, queueSize, maxSectors, commandsPerUnit)
    }

    public var queueCount: Int { requestQueues + Queue.requests }
    public var features: UInt64 { Feature.bothWays | Feature.hotplug | Feature.change }

    public var configuration: [UInt8] {
        let words = [
            UInt32(requestQueues), UInt32(queueSize) - 2, maxSectors, commandsPerUnit, 16, senseSize, commandSize, 255 << 16,
            VirtioSCSI.largestUnit,
        ]
        return words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } }
    }

    private static let largestUnit: UInt32 = 16383

    /// The driver chooses the sizes of sense data and commands.
    public func writeConfiguration(_ offset: Int, _ bytes: [UInt8]) {
        guard bytes.count == 4 else { return }
        let value = bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
        guard value <= VirtioSCSI.largestSizes else { return }
        if offset == 20 { senseSize = value }
        if offset == 24 { commandSize = value }
    }

    public func attach(_ port: any VirtioPort) { self.port = port }
    public func activate(features: UInt64) { acceptedFeatures = features }
    public func restored(features: UInt64) { acceptedFeatures = features }

    public func reset() {
        epoch += 1
        bus.reset()
        (senseSize, commandSize, acceptedFeatures, hasMissedEvent) = (VirtioSCSI.defaultSenseSize, VirtioSCSI.defaultCommandSize, 0, false)
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("senseSize", &senseSize)
        visitor.field("commandSize", &commandSize)
        visitor.check("the driver's sizes are sensible", max(senseSize, commandSize) <= VirtioSCSI.largestSizes)
        var missed: UInt8 = hasMissedEvent ? 1 : 0
        visitor.field("hasMissedEvent", since: 2, &missed)
        hasMissedEvent = missed != 0
        bus.visit(&visitor)
    }

    public func process(queue index: Int) {
        guard let port, index != Queue.event else { return }
        do {
            while let chain = try port.queues[index].pop() {
                if index == Queue.control { try control(chain, port) } else { try request(chain, port.queues[index], port) }
            }
        } catch { port.fail("\(error)") }
    }

    // MARK: Requests

    /// Byte 0 is 1, byte 1 the target, bytes 2 and 3 the unit.
    private func address(_ bytes: ArraySlice<UInt8>) -> SCSIBus.Address? {
        let bytes = Array(bytes)
        guard bytes[0] == 1, bytes[2] & 0x80 == 0 else { return nil }
        return SCSIBus.Address(target: bytes[1], unit: UInt16(bytes[2] & 0x3f) << 8 | UInt16(bytes[3]))
    }

    private func request(_ chain: DescriptorChain, _ queue: Virtqueue, _ port: any VirtioPort) throws {
        let headerSize = 19 + Int(commandSize), answerSize = 12 + Int(senseSize)
        guard let header = bytes(chain.readable, headerSize, port.memory), chain.writableBytes >= answerSize else {
            return port.fail("a SCSI request without header or response")
        }
        let output = buffers(chain.readable, skipping: headerSize, writing: false, port.memory)
        let input = buffers(chain.writable, skipping: answerSize, writing: true, port.memory)
        guard let output, let input else { return end(chain, queue, .failed, Response.failure, 0) }
        let epoch = epoch
        let room = chain.writableBytes - answerSize
        let isThere = address(header[0..<8]).map { address in
            bus.execute(address, Array(header[19...]), output: output, input: input) { [weak self] result in
                guard let self, epoch == self.epoch else { return }
                // The guest's memory has changed under the translator's eyes.
                if room > 0 { for part in chain.writable { port.memory.noteDeviceWrite(part.address, count: Int(part.length)) } }
                end(chain, queue, result, Response.ok, max(room, chain.readableBytes - headerSize) - result.count)
            }
        }
        if isThere != true { end(chain, queue, .failed, Response.badTarget, 0) }
    }

    private func end(_ chain: DescriptorChain, _ queue: Virtqueue, _ result: SCSIResult, _ response: UInt8, _ residual: Int) {
        guard let port else { return }
        let sense = result.status == .good || response != Response.ok ? [] : Array(result.sense.fixedFormat.prefix(Int(senseSize)))
        var answer = [UInt8](repeating: 0, count: 12 + Int(senseSize))
        answer[0] = UInt8(truncatingIfNeeded: sense.count)
        for index in 0..<4 { answer[4 + index] = UInt8(truncatingIfNeeded: max(residual, 0) >> (8 * index)) }
        (answer[10], answer[11]) = (response == Response.ok ? result.status.rawValue : 0, response)
        answer.replaceSubrange(12..<12 + sense.count, with: sense)
        do {
            guard write(answer, chain.writable, port.memory) else { return port.fail("a SCSI response outside of memory") }
            try queue.push(chain, written: answer.count + result.count)
            port.signal(queue)
        } catch { port.fail("\(error)") }
    }

    // MARK: Control

    /// Task management, and questions about asynchronous notifications, of which there are none.
    private func control(_ chain: DescriptorChain, _ port: any VirtioPort) throws {
        guard let kind = bytes(chain.readable, 4, port.memory)?.first else { return port.fail("a control request without a type") }
        let answer: [UInt8]
        switch kind {
        case 0:
            guard let header = bytes(chain.readable, 24, port.memory) else { return port.fail("a task management request that is cut off") }
            answer = [manage(header)]
        case 1, 2: answer = [0, 0, 0, 0, Response.ok]
        default: answer = [Response.failure]
        }
        guard write(answer, chain.writable, port.memory) else { return port.fail("a control request without room for the response") }
        try port.queues[Queue.control].push(chain, written: answer.count)
        port.signal(port.queues[Queue.control])
    }

    /// Ends what is under way at a unit or a target: it has ended when this returns.
    private func manage(_ header: [UInt8]) -> UInt8 {
        guard let address = address(header[8..<16]), bus.units.contains(where: { $0.address.target == address.target }) else {
            return Response.badTarget
        }
        let resetsTarget = header[4] == 4, resetsUnit = header[4] == 5
        for (place, disk) in bus.units where place.target == address.target && (resetsTarget || place.unit == address.unit) {
            disk.drain()
            if resetsTarget || resetsUnit { disk.reset() }
        }
        return Response.functionComplete
    }

    // MARK: Events

    /// A disk has another size.
    public func noteCapacity(_ address: SCSIBus.Address) {
        bus.disk(at: address)?.noteCapacity()
        // Code 2a, qualifier 09.
        if acceptedFeatures & Feature.change != 0 { tell(Event.parameterChange, address, 0x092a) }
    }

    /// A disk has been plugged in.
    public func noteArrival(_ address: SCSIBus.Address) {
        bus.noteUnits()
        if acceptedFeatures & Feature.hotplug != 0 { tell(Event.transportReset, address, Reason.rescan) }
    }

    /// A disk is about to be taken out.
    public func noteRemoval(_ address: SCSIBus.Address) {
        if acceptedFeatures & Feature.hotplug != 0 { tell(Event.transportReset, address, Reason.removed) }
        bus.remove(at: address)
        bus.noteUnits()
    }

    /// Puts an event into a buffer that the driver has given for it (section 5.6.6.3); without one, the next event says that some were missed.
    private func tell(_ kind: UInt32, _ address: SCSIBus.Address, _ reason: UInt32) {
        guard let port else { return }
        do {
            guard let chain = try port.queues[Queue.event].pop() else {
                hasMissedEvent = true
                return
            }
            let flags = hasMissedEvent ? Event.missed : 0
            hasMissedEvent = false
            let unit: [UInt8] = [1, address.target, UInt8(address.unit >> 8) | 0x40, UInt8(address.unit & 0xff), 0, 0, 0, 0]
            func bytes(_ word: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } }
            let event = bytes(kind | flags) + unit + bytes(reason)
            guard write(event, chain.writable, port.memory) else { return port.fail("an event's buffer that is too small") }
            try port.queues[Queue.event].push(chain, written: event.count)
            port.signal(port.queues[Queue.event])
        } catch { port.fail("\(error)") }
    }

    // MARK: Memory

    /// The first bytes of what the driver lets the device read; nil if there are fewer.
    private func bytes(_ parts: [DescriptorChain.Part], _ count: Int, _ memory: AddressSpace) -> [UInt8]? {
        var bytes: [UInt8] = []
        for part in parts where bytes.count < count {
            guard let some = memory.read(part.address, count: min(Int(part.length), count - bytes.count)) else { return nil }
            bytes += some
        }
        return bytes.count == count ? bytes : nil
    }

    /// Writes to the first bytes of what the driver lets the device write; false if they are too few.
    private func write(_ bytes: [UInt8], _ parts: [DescriptorChain.Part], _ memory: AddressSpace) -> Bool {
        var rest = bytes[...]
        for part in parts where !rest.isEmpty {
            let piece = rest.prefix(Int(part.length))
            guard memory.write(part.address, Array(piece)) == .ok else { return false }
            rest = rest.dropFirst(piece.count)
        }
        return rest.isEmpty
    }

    /// Memory behind the first bytes; nil if some of it is no RAM.
    private func buffers(_ parts: [DescriptorChain.Part], skipping count: Int, writing: Bool, _ memory: AddressSpace) -> [GuestBuffer]? {
        var skip = count
        var buffers: [GuestBuffer] = []
        for part in parts {
            let skipped = min(skip, Int(part.length))
            skip -= skipped
            guard skipped < Int(part.length) else { continue }
            guard let some = memory.map(part.address &+ UInt64(skipped), count: Int(part.length) - skipped, writing: writing) else { return nil }
            buffers += some
        }
        return buffers
    }
}

extension SCSIResult {
    /// Nothing has been moved.
    fileprivate static let failed = SCSIResult(status: .good, sense: .none, count: 0)
}
