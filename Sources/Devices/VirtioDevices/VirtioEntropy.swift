import EventLoop
import ObjectModel
import Snapshot
import Virtio

/// A source of randomness (Virtio 1.2, section 5.4).
public final class VirtioEntropy: VirtioDevice {
    public let deviceID: UInt32 = 4
    public let features: UInt64 = 0
    public let queueCount = 1
    public let queueSize: UInt16 = 8
    public let configuration: [UInt8] = []
    /// Gives that many random bytes, or fewer if there are no more now.
    private let source: (Int) -> [UInt8]
    private weak var port: (any VirtioPort)?
    private static let largest = 1 << 16

    public static let type = ObjectType.virtio(
        "rng", help: "virtio source of randomness",
        [
            Property("rng", .link("rng-backend"), "back end that the randomness comes from; the host's if it is left out"),
            Property(
                "max-bytes", .unsigned(bits: 64), range: 1...UInt64(Int64.max), "bytes that the guest gets in a period; any number if it is left out"),
            Property("period", .unsigned(bits: 32), default: 65536, range: 1...UInt64(UInt32.max), "milliseconds that a period of max-bytes takes"),
        ])

    /// How much a guest gets: so many bytes in each period.
    public struct Limit {
        let bytes: Int
        /// Nanoseconds.
        let period: Int64

        /// From the type's properties; nil without a limit.
        public init?(_ values: PropertyValues) {
            guard let most = values.integer("max-bytes") else { return nil }
            bytes = Int(clamping: most)
            period = Int64(values.integer("period") ?? 65536) * 1_000_000
        }
    }

    private let limit: Limit?
    private weak var loop: EventLoop?
    /// Bytes that are left of the period that is under way. A machine that comes from elsewhere begins a new one.
    private var left = Int.max
    private var periodEnd: LoopTimer?

    public init(source: @escaping (Int) -> [UInt8], limit: Limit? = nil, loop: EventLoop? = nil) {
        (self.source, self.limit, self.loop) = (source, limit, loop)
        if let limit, let loop {
            left = limit.bytes
            periodEnd = LoopTimer(loop, .virtual) { [unowned self] in beginPeriod() }
        }
    }

    /// With the host's randomness.
    public convenience init(loop: EventLoop) { self.init(source: loop.randomBytes) }

    public func attach(_ port: any VirtioPort) { self.port = port }
    public func reset() {}

    /// It has no state.
    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {}

    /// What waited for the next period waits no longer.
    public func restored(features: UInt64) { if limit != nil, let loop { periodEnd?.arm(at: loop.now(.virtual)) } }

    private func beginPeriod() {
        left = limit?.bytes ?? .max
        process(queue: 0)
    }

    /// A period begins with the first bytes that are taken in it.
    private func take(_ count: Int) -> [UInt8] {
        let bytes = source(min(count, left, VirtioEntropy.largest))
        guard let limit, let loop, let periodEnd else { return bytes }
        left -= bytes.count
        if periodEnd.deadline == nil { periodEnd.arm(at: loop.now(.virtual) + limit.period) }
        return bytes
    }

    public func process(queue: Int) {
        guard let port else { return }
        do {
            while left > 0, let chain = try port.queues[0].pop() {
                var written = 0
                for part in chain.writable {
                    let bytes = take(Int(part.length))
                    guard port.memory.write(part.address, bytes) == .ok else { return port.fail("a buffer outside of memory") }
                    written += bytes.count
                    if bytes.count < Int(part.length) { break }
                }
                try port.queues[0].push(chain, written: written)
            }
            port.signal(port.queues[0])
        } catch { port.fail("\(error)") }
    }
}
