import DeviceModel
import EventLoop
import MachineModel
import PlatformDevices

/// A node of the board with its harts, and the timers and interrupt controller that it has for them alone. Without nodes there is one.
struct VirtSocket {
    static let limit = 4

    let harts: Range<Int>
    let aclint: ACLINT
    let plic: PLIC

    var devices: [any MMIODevice] { [aclint, plic] }

    /// Address and size of a socket's timers.
    static func aclint(_ socket: Int) -> (UInt64, UInt64) { place(VirtBoard.Map.aclint, socket) }

    /// Address and size of a socket's interrupt controller.
    static func plic(_ socket: Int) -> (UInt64, UInt64) { place(VirtBoard.Map.plic, socket) }

    private static func place(_ first: (UInt64, UInt64), _ socket: Int) -> (UInt64, UInt64) { (first.0 + UInt64(socket) * first.1, first.1) }

    /// The harts of each socket, which follow each other.
    static func harts(_ configuration: MachineConfiguration) throws(MachineError) -> [Range<Int>] {
        guard let numa = configuration.numa else { return [0..<configuration.cpus] }
        guard numa.nodes.count <= limit else { throw .badNodes("the board has at most \(limit) nodes") }
        var ranges: [Range<Int>] = []
        for (number, node) in numa.nodes.enumerated() {
            let harts = node.cpus.filter { $0 < configuration.cpus }
            guard let first = harts.first, let last = harts.last, last - first == harts.count - 1 else {
                throw .badNodes(harts.isEmpty ? "node \(number) has no harts" : "discontinuous hartids in socket\(number)")
            }
            ranges.append(first..<last + 1)
        }
        return ranges
    }

    static func make(_ configuration: MachineConfiguration, _ loop: EventLoop) throws(MachineError) -> [VirtSocket] {
        try harts(configuration).map { VirtSocket(harts: $0, aclint: ACLINT(harts: $0.count, loop: loop), plic: PLIC(harts: $0.count)) }
    }
}
