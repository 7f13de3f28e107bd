import AddressSpace
import BlockCore
import HostOS
import Snapshot
import Virtio

/// A disk (Virtio 1.2, section 5.2).
public final class VirtioBlock: VirtioDevice {
    public let deviceID: UInt32 = 2
    public var queueSize: UInt16 { options.queueSize }
    public var queueCount: Int { options.queues }
    let node: any BlockNode
    let options: Options
    private weak var port: (any VirtioPort)?
    /// Requests under way belong to the epoch before a reset and are dropped when they end after it.
    private var epoch = 0
    /// The guest takes the disk for one whose cache must be flushed.
    private(set) var hasCache: Bool
    private var acceptedFeatures: UInt64 = 0

    private typealias Request = VirtioBlockRequest
    private typealias Kind = VirtioBlockRequest.Kind

    public init(node: any BlockNode, options: Options = Options()) {
        self.node = node
        self.options = options
        hasCache = options.hasWriteCache ?? options.nodeHasCache
    }

    /// The disk has another size: the driver is told.
    public func sizeChanged() { port?.configurationChanged() }

    public func attach(_ port: any VirtioPort) { self.port = port }
    public func activate(features: UInt64) { acceptedFeatures = features }
    public func restored(features: UInt64) { acceptedFeatures = features }

    public func reset() {
        epoch += 1
        // The guest may use the buffers for something else as soon as this returns.
        node.drain()
        hasCache = options.hasWriteCache ?? options.nodeHasCache
        acceptedFeatures = 0
    }

    /// Its requests have ended.
    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) { visitor.field("hasCache", &hasCache) }

    public func writeConfiguration(_ offset: Int, _ bytes: [UInt8]) {
        guard offset == VirtioBlock.cacheControlOffset, acceptedFeatures & Feature.cacheControl != 0, let value = bytes.first else { return }
        hasCache = value & 1 != 0
    }

    /// Writes must be on stable storage when the guest hears that they are done: it knows of no cache, or has switched it off.
    private var writesThrough: Bool { options.nodeHasCache && (!hasCache || acceptedFeatures & Feature.flush == 0) }

    // MARK: Requests

    public func process(queue index: Int) {
        guard let port else { return }
        let queue = port.queues[index]
        do {
            while let chain = try queue.pop() {
                guard let request = Request(chain, queue, epoch: epoch, port.memory) else {
                    return port.fail("a block request without header or status")
                }
                start(request, port.memory)
            }
        } catch { port.fail("\(error)") }
    }

    private func start(_ request: Request, _ memory: AddressSpace) {
        switch request.kind {
        case Kind.read: read(request, memory)
        case Kind.write: write(request, memory)
        case Kind.flush: node.flush(ending(request))
        case Kind.identify: identify(request, memory)
        case Kind.discard: discard(request, memory)
        case Kind.zeroes: writeZeroes(request, memory)
        default: complete(request, .unsupported)
        }
    }

    /// Where on the disk a number of bytes from a sector on lies; nil if not on it.
    private func place(_ sector: UInt64, _ count: UInt64) -> UInt64? {
        let (start, overflow) = sector.multipliedReportingOverflow(by: VirtioBlock.sector)
        let fits = !overflow && start <= node.size && node.size - start >= count && count % VirtioBlock.sector == 0
        return fits ? start : nil
    }

    private func size(_ buffers: [GuestBuffer]) -> UInt64 { buffers.reduce(0) { $0 + UInt64($1.count) } }

    private func read(_ request: Request, _ memory: AddressSpace) {
        guard let buffers = request.data(writing: false, memory), let start = place(request.sector, size(buffers)) else {
            return complete(request, .ioError)
        }
        let count = Int(size(buffers))
        node.read(start, into: buffers) { [weak self] in
            // The guest's memory has changed under the translator's eyes.
            for part in request.chain.writable { memory.noteDeviceWrite(part.address, count: Int(part.length)) }
            self?.complete(request, $0 == .ok ? .ok : .ioError, written: $0 == .ok ? count : 0)
        }
    }

    private func write(_ request: Request, _ memory: AddressSpace) {
        guard let buffers = request.data(writing: true, memory), let start = place(request.sector, size(buffers)), !node.isReadOnly else {
            return complete(request, .ioError)
        }
        node.write(start, from: buffers, endingDurably(request))
    }

    private func identify(_ request: Request, _ memory: AddressSpace) {
        guard let buffers = request.data(writing: false, memory) else { return complete(request, .ioError) }
        var name = Array(options.serial.utf8.prefix(20))
        name += [UInt8](repeating: 0, count: 20 - name.count)
        var rest = name[...]
        for buffer in buffers { rest = rest.dropFirst(buffer.fill(from: rest)) }
        for part in request.chain.writable { memory.noteDeviceWrite(part.address, count: Int(part.length)) }
        complete(request, .ok, written: name.count - rest.count)
    }

    private func discard(_ request: Request, _ memory: AddressSpace) {
        guard let (segment, start) = range(request, memory) else { return complete(request, .ioError) }
        guard segment.reservedFlags == 0, !segment.mayUnmap else { return complete(request, .unsupported) }
        node.discard(start, count: segment.sectors * VirtioBlock.sector, ending(request))
    }

    private func writeZeroes(_ request: Request, _ memory: AddressSpace) {
        guard let (segment, start) = range(request, memory) else { return complete(request, .ioError) }
        guard segment.reservedFlags == 0 else { return complete(request, .unsupported) }
        node.zero(start, count: segment.sectors * VirtioBlock.sector, mayUnmap: segment.mayUnmap, endingDurably(request))
    }

    private func range(_ request: Request, _ memory: AddressSpace) -> (Request.Segment, start: UInt64)? {
        guard let segment = request.segment(memory), segment.sectors <= VirtioBlock.maxRange, !node.isReadOnly,
            let start = place(segment.sector, segment.sectors * VirtioBlock.sector)
        else { return nil }
        return (segment, start)
    }

    // MARK: Endings

    private func ending(_ request: Request) -> (BlockResult) -> Void {
        { [weak self] in self?.complete(request, $0 == .ok ? .ok : .ioError) }
    }

    private func endingDurably(_ request: Request) -> (BlockResult) -> Void {
        let end = ending(request)
        if !writesThrough { return end }
        return { [node] in if $0 == .ok { node.flush(end) } else { end($0) } }
    }

    /// Writes the status byte and gives the buffer back.
    private func complete(_ request: Request, _ status: Request.Status, written: Int = 0) {
        guard request.epoch == epoch, let port else { return }
        if let address = request.statusAddress { port.memory.write(address, [status.rawValue]) }
        do {
            try request.queue.push(request.chain, written: written + 1)
            port.signal(request.queue)
        } catch { port.fail("\(error)") }
    }
}
