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

    public static let type = ObjectType(
        "virtio-rng-device", parent: "virtio-device", help: "virtio source of randomness", bus: "virtio-bus",
        [Property("rng", .link("rng-backend"), "back end that the randomness comes from; the host's if it is left out")])

    public init(source: @escaping (Int) -> [UInt8]) { self.source = source }

    /// With the host's randomness.
    public convenience init(loop: EventLoop) { self.init(source: loop.randomBytes) }

    public func attach(_ port: any VirtioPort) { self.port = port }
    public func reset() {}

    /// It has no state.
    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {}

    public func process(queue: Int) {
        guard let port else { return }
        do {
            while let chain = try port.queues[0].pop() {
                var written = 0
                for part in chain.writable {
                    let bytes = source(min(Int(part.length), VirtioEntropy.largest))
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
