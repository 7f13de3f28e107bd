import IR
import Regions

/// Which fields of guest state are worth a register for nobody but who may look: those that would else be written to memory at each round of a loop.
enum CarriedFields {
    /// Registers that stay free all the same.
    private static let spare = 1

    /// All that a block writes.
    static func all(_ block: borrowing IRBlock) -> Set<Int64> {
        var fields: Set<Int64> = []
        for index in 0..<block.count where block[index].opcode == .writeState { fields.insert(block[index].imm) }
        return fields
    }

    /// What is worth trying: as many as there is room for in the loops that they are written in, and all of them.
    static func candidates(_ plan: RegionPlan) -> [Set<Int64>] {
        let region = plan.region
        var costs: [Int64: Int] = [:], depths: [Int64: Int] = [:]
        for (mark, item) in plan.recovery.writes {
            let depth = region.blocks[region.nodes[Int(mark)].block].depth
            guard depth > 0 else { continue }
            costs[item.field.offset, default: 0] += Intervals.frequency(depth)
            depths[item.field.offset] = max(depths[item.field.offset] ?? 0, depth)
        }
        if costs.isEmpty { return [] }
        let intervals = Intervals(region, plan.recovery.liveness)
        var chosen: Set<Int64> = []
        for (offset, _) in costs.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
            let pressure = intervals.pressure(region, depth: depths[offset] ?? 0)
            if pressure + chosen.count + spare < RegisterAllocation.pool.count { chosen.insert(offset) }
        }
        let all = Set(costs.keys)
        return chosen.isEmpty || chosen == all ? [all] : [chosen, all]
    }
}
