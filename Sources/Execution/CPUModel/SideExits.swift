import IR

/// How far a block goes: behind branches ahead, which leave it aside where they are taken, and behind jumps that stay near. For translators.
public struct SideExits {
    private var exits = InlineArray<4, SideExit>(repeating: SideExit(label: Label(0), target: 0))
    private var count = 0

    private struct SideExit {
        let label: Label
        let target: UInt64
    }

    public init() {}

    /// Notes that the block is left at `label` for `target`, and goes on behind the branch at `pc` where that is not taken. False for a branch
    /// backwards, which more likely ends a loop, and when there are many already.
    public mutating func add(_ label: Label, for target: UInt64, from pc: UInt64) -> Bool {
        guard target > pc, count < exits.count else { return false }
        exits[count] = SideExit(label: label, target: target)
        count += 1
        return true
    }

    /// Ends the block with the ways out.
    public func place(_ b: inout IRBlock) {
        for index in 0..<count {
            b.place(exits[index].label)
            b.goto(exits[index].target)
        }
    }

    /// Whether the block goes on behind a jump at `pc`: one ahead that stays near.
    public static func leaps(to target: UInt64, from pc: UInt64) -> Bool { target > pc && target &- pc < longestLeap }

    /// Bytes. What is skipped belongs to the block where its extent counts.
    private static let longestLeap: UInt64 = 256
}
