import CPUModel

/// The points that a debugger has put in, and what of them becomes of the code: two points at one address are one breakpoint.
public struct DebugPointList: Sendable {
    public private(set) var points: [DebugPoint] = []

    public init() {}

    public func contains(_ point: DebugPoint) -> Bool { points.contains(point) }

    private var watchpoints: [Watchpoint] { points.compactMap { if case .watch(let point) = $0 { point } else { nil } } }

    public mutating func insert(_ point: DebugPoint, into holder: any DebugPointHolder) {
        if points.contains(point) { return }
        points.append(point)
        switch point {
        case .software(let address), .hardware(let address): holder.insertBreakpoint(at: address)
        case .watch: holder.setWatchpoints(watchpoints)
        }
    }

    public mutating func remove(_ point: DebugPoint, from holder: any DebugPointHolder) {
        guard points.contains(point) else { return }
        points.removeAll { $0 == point }
        switch point {
        case .software(let address), .hardware(let address):
            if !points.contains(.software(address)), !points.contains(.hardware(address)) { holder.removeBreakpoint(at: address) }
        case .watch: holder.setWatchpoints(watchpoints)
        }
    }

    public mutating func removeAll(from holder: any DebugPointHolder) { for point in points { remove(point, from: holder) } }
}
