import AddressSpace
import BlockCore
import HostOS
import Snapshot
import Virtio

/// A disk (Virtio 1.2, section 5.2).
public final class VirtioBlock: VirtioDevice {
    public let deviceID: UInt32 = 2
    public let queueSize: UInt16 = 256
    public var queueCount: Int { queues }
    private let node: any BlockNode
    private let serial: String
    private let queues: Int
    private weak var port: (any VirtioPort)?
    /// Requests under way belong to the epoch before a reset and are dropped when they end after it.
    private var epoch = 0

    private static let sector: UInt64 = 512
    private static let maxSegments: UInt32 = 254

    private enum Feature {
        static let segMax: UInt64 = 1 << 2, readOnly: UInt64 = 1 << 5, blockSize: UInt64 = 1 << 6, flush: UInt64 = 1 << 9
        static let multiqueue: UInt64 = 1 << 12, discard: UInt64 = 1 << 13, writeZeroes: UInt64 = 1 << 14
    }
    private enum Kind {
        static let read: UInt32 = 0, write: UInt32 = 1, flush: UInt32 = 4, identify: UInt32 = 8, discard: UInt32 = 11, zeroes: UInt32 = 13
    }
    private enum Status { static let ok: UInt8 = 0, ioError: UInt8 = 1, unsupported: UInt8 = 2 }

    public init(node: any BlockNode, serial: String, queues: Int = 1) {
        self.node = node
        self.serial = serial
        self.queues = queues
    }

    public var features: UInt64 {
        var features = Feature.segMax | Feature.blockSize | Feature.flush
        if node.isReadOnly { features |= Feature.readOnly } else { features |= Feature.discard | Feature.writeZeroes }
        if queues > 1 { features |= Feature.multiqueue }
        return features
    }

    public var configuration: [UInt8] {
        var bytes: [UInt8] = []
        func add(_ value: UInt64, _ count: Int) { bytes += (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) } }
        add(node.size / VirtioBlock.sector, 8)
        add(0, 4)  // size_max
        add(UInt64(VirtioBlock.maxSegments), 4)
        add(0, 4)  // geometry
        add(512, 4)
        add(0, 8)  // topology
        add(1, 1)  // writeback
        add(0, 1)
        add(UInt64(queues), 2)
        for _ in 0..<2 {
            add(0x40_0000, 4)  // sectors in a discard or write-zeroes request
            add(1, 4)  // segments
            if bytes.count == 44 { add(1, 4) }  // discard alignment
        }
        add(1, 1)  // write zeroes may unmap
        add(0, 3)
        return bytes
    }

    public func attach(_ port: any VirtioPort) { self.port = port }
    public func reset() { epoch += 1 }

    /// Its requests have ended, and it has no other state.
    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {}

    public func process(queue index: Int) {
        guard let port else { return }
        let queue = port.queues[index]
        do {
            while let chain = try queue.pop() { try start(chain, queue, port) }
        } catch { port.fail("\(error)") }
    }

    private func start(_ chain: DescriptorChain, _ queue: Virtqueue, _ port: any VirtioPort) throws {
        guard let header = bytes(chain.readable, count: 16), chain.writableBytes >= 1 else {
            return port.fail("a block request without header or status")
        }
        func number(_ offset: Int, _ count: Int) -> UInt64 { (0..<count).reduce(0) { $0 | UInt64(header[offset + $1]) << UInt64(8 * $1) } }
        let request = Request(chain: chain, queue: queue, epoch: epoch)
        let offset = number(8, 8).multipliedReportingOverflow(by: VirtioBlock.sector)
        switch UInt32(number(0, 4)) {
        case Kind.read: transfer(request, offset, writing: false)
        case Kind.write: transfer(request, offset, writing: true)
        case Kind.flush: node.flush { [weak self] in self?.finish(request, $0, written: 0) }
        case Kind.identify: identify(request)
        case Kind.discard: discard(request, zeroes: false)
        case Kind.zeroes: discard(request, zeroes: true)
        default: complete(request, Status.unsupported, written: 0)
        }
    }

    private struct Request {
        let chain: DescriptorChain
        let queue: Virtqueue
        let epoch: Int
    }

    /// The first bytes of what the driver lets the device read.
    private func bytes(_ parts: [DescriptorChain.Part], count: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        for part in parts where bytes.count < count {
            guard let some = port?.memory.read(part.address, count: min(Int(part.length), count - bytes.count)) else { return nil }
            bytes += some
        }
        return bytes.count == count ? bytes : nil
    }

    /// Spans of guest memory for the data, without the header in front or the status byte behind.
    private func data(_ request: Request, writing: Bool) -> [GuestBuffer]? {
        guard let memory = port?.memory else { return nil }
        let parts = writing ? request.chain.readable : request.chain.writable
        var skip = writing ? 16 : 0
        var left = (writing ? request.chain.readableBytes - 16 : request.chain.writableBytes - 1)
        var buffers: [GuestBuffer] = []
        for part in parts where left > 0 {
            let skipped = min(skip, Int(part.length))
            skip -= skipped
            let count = min(Int(part.length) - skipped, left)
            if count == 0 { continue }
            guard let some = memory.map(part.address &+ UInt64(skipped), count: count, writing: !writing) else { return nil }
            buffers += some
            left -= count
        }
        return buffers
    }

    private func transfer(_ request: Request, _ offset: (partialValue: UInt64, overflow: Bool), writing: Bool) {
        guard let buffers = data(request, writing: writing) else { return complete(request, Status.ioError, written: 0) }
        let count = UInt64(buffers.reduce(0) { $0 + $1.count })
        let start = offset.partialValue
        guard !offset.overflow, start <= node.size, node.size - start >= count, count % VirtioBlock.sector == 0, !(writing && node.isReadOnly)
        else { return complete(request, Status.ioError, written: 0) }
        if writing {
            node.write(start, from: buffers) { [weak self] in self?.finish(request, $0, written: 0) }
        } else {
            node.read(start, into: buffers) { [weak self] in
                self?.noteRead(request)
                self?.finish(request, $0, written: Int(count))
            }
        }
    }

    /// The guest's memory has changed under the translator's eyes.
    private func noteRead(_ request: Request) {
        for part in request.chain.writable { port?.memory.noteDeviceWrite(part.address, count: Int(part.length)) }
    }

    private func identify(_ request: Request) {
        var name = Array(serial.utf8.prefix(20))
        name += [UInt8](repeating: 0, count: 20 - name.count)
        guard let part = request.chain.writable.first, part.length >= 20, port?.memory.write(part.address, name) == .ok else {
            return complete(request, Status.ioError, written: 0)
        }
        complete(request, Status.ok, written: 20)
    }

    private func discard(_ request: Request, zeroes: Bool) {
        guard let segment = bytes(request.chain.readable, count: 32)?.suffix(16), !node.isReadOnly else {
            return complete(request, Status.ioError, written: 0)
        }
        let fields = Array(segment)
        func number(_ offset: Int, _ count: Int) -> UInt64 { (0..<count).reduce(0) { $0 | UInt64(fields[offset + $1]) << UInt64(8 * $1) } }
        let (start, overflow) = number(0, 8).multipliedReportingOverflow(by: VirtioBlock.sector)
        let count = number(8, 4) * VirtioBlock.sector
        guard !overflow, start <= node.size, node.size - start >= count else { return complete(request, Status.ioError, written: 0) }
        node.discard(start, count: count, zeroes: zeroes) { [weak self] in self?.finish(request, $0, written: 0) }
    }

    private func finish(_ request: Request, _ result: BlockResult, written: Int) {
        complete(request, result == .ok ? Status.ok : Status.ioError, written: written)
    }

    /// Writes the status byte, the last that is writable, and gives the buffer back.
    private func complete(_ request: Request, _ status: UInt8, written: Int) {
        guard request.epoch == epoch, let port else { return }
        if let last = request.chain.writable.last(where: { $0.length > 0 }) { port.memory.write(last.address &+ UInt64(last.length - 1), [status]) }
        do {
            try request.queue.push(request.chain, written: written + 1)
            port.signal(request.queue)
        } catch { port.fail("\(error)") }
    }
}
