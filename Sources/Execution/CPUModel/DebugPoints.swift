/// Where a debugger wants guest code to stop. The guest's memory knows nothing of it: blocks end before a breakpoint and none begins there.
public struct DebugPoints: Sendable {
    /// A watched access that has been met: the kind of the watchpoint, and the first byte of both.
    public typealias Hit = (kind: Watchpoint.Kind, address: UInt64)

    /// Virtual addresses of instructions, sorted.
    public private(set) var breakpoints: [UInt64] = []
    public var watchpoints: [Watchpoint] = []

    public init() {}

    public var isEmpty: Bool { breakpoints.isEmpty && watchpoints.isEmpty }

    // MARK: Breakpoints

    public mutating func insertBreakpoint(at address: UInt64) {
        if stops(at: address) { return }
        breakpoints.insert(address, at: breakpoints.firstIndex { $0 > address } ?? breakpoints.endIndex)
    }

    public mutating func removeBreakpoint(at address: UInt64) { breakpoints.removeAll { $0 == address } }

    public func stops(at address: UInt64) -> Bool { !breakpoints.isEmpty && breakpoints.contains(address) }

    /// Bytes from an address up to the next breakpoint behind it.
    public func room(behind address: UInt64) -> UInt64 { breakpoints.first { $0 > address }.map { $0 - address } ?? .max }

    /// Whether there is a breakpoint on the 4 KiB page around an address.
    public func stopsOnPage(_ address: UInt64) -> Bool { breakpoints.contains { $0 & ~0xfff == address & ~0xfff } }

    // MARK: Watchpoints

    /// Whether a watchpoint reaches into the 4 KiB page around an address.
    public func watchesPage(_ address: UInt64) -> Bool {
        let page = address & ~0xfff
        return watchpoints.contains { page &- $0.address < $0.count || $0.address &- page < 4096 }
    }

    /// The watchpoint that an access of `size` bytes meets.
    public func hit(_ address: UInt64, _ size: UInt64, reads: Bool, writes: Bool) -> Hit? {
        for point in watchpoints {
            if let place = point.hit(address, size, reads: reads, writes: writes) { return (point.kind, place) }
        }
        return nil
    }
}

/// What runs code and stops at such places. All is asked while it stands still.
public protocol DebugPointHolder: AnyObject {
    func insertBreakpoint(at address: UInt64)
    func removeBreakpoint(at address: UInt64)
    func setWatchpoints(_ points: [Watchpoint])
}
