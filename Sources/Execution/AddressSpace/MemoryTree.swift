import Diagnostics

extension AddressSpace {
    /// The regions as they lie in each other, as `info mtree` shows them.
    public func describeTree() -> String { "address-space: \(name)\n" + MemoryTree.lines(root, at: 0, priority: 0, depth: 1) }
}

/// Regions as indented lines.
private enum MemoryTree {
    static func lines(_ region: MemoryRegion, at address: UInt64, priority: Int, depth: Int) -> String {
        let last = address &+ (region.size &- (region.size == .max ? 0 : 1))
        let disabled = region.isEnabled ? "" : " [disabled]"
        let place = "\(padded(address))-\(padded(last)) (prio \(priority), \(kind(region))): \(title(region))"
        let own = String(repeating: "  ", count: depth) + place + disabled + "\n"
        let inner = region.children.sorted { ($0.address, $1.priority) < ($1.address, $0.priority) }
        return own + inner.map { lines($0.region, at: address &+ $0.address, priority: $0.priority, depth: depth + 1) }.joined()
    }

    private static func kind(_ region: MemoryRegion) -> String {
        switch region.kind {
        case .ram: "ram"
        case .rom: "rom"
        case .romDevice: "romd"
        case .container, .io, .alias: "i/o"
        }
    }

    private static func title(_ region: MemoryRegion) -> String {
        guard case .alias(let target, let offset) = region.kind else { return region.name }
        return "alias \(region.name) @\(target.name) \(padded(offset))-\(padded(offset &+ region.size &- 1))"
    }

    private static func padded(_ value: UInt64) -> String { String(hex(value, digits: 16).dropFirst(2)) }
}
