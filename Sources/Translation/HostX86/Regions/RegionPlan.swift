import IR
import Regions

/// A region that is ready to be emitted: its values have their places.
struct RegionPlan {
    let region: Region
    /// Entry nodes of fields that must hold sign-extended words.
    let checks: Set<Int32>
    let recovery: Recovery
    let places: RegisterAllocation
    /// How much work it is to keep values on the stack and guest state in memory, weighted by loops.
    private(set) var cost = 0

    /// nil if the block is beyond what regions know, or if it needs more stack than there is.
    ///
    /// - Parameters:
    ///   - carried: fields whose values are kept at hand.
    ///   - assumes: whether fields may be taken for sign-extended words that have to be checked.
    init?(_ block: borrowing IRBlock, _ layout: StateLayout, _ usual: HostRegisters, carried: Set<Int64>, assumes: Bool) {
        guard let region = RegionBuilder.build(block, layout, carried: carried) else { return nil }
        self.region = region
        checks = RegionOptimizer.run(region, assumes: assumes)
        AddressSelection.run(region)
        var recovery = Recovery(region)
        var hints: [Int32: Register] = [:]
        for value in region.blocks[0].body where region.nodes[Int(value)].kind == .entry {
            hints[value] = usual.pin(at: region.nodes[Int(value)].op.imm)
        }
        var places = RegisterAllocation(region, Intervals(region, recovery.liveness), hints: hints)
        if places.slots != 0 {
            let splitting = Splitting(region, recovery.liveness, places)
            recovery.settle(keeping: splitting.kept)
            places = RegisterAllocation(region, Intervals(region, recovery.liveness), hints: hints, originals: splitting.originals)
        }
        if places.slots == nil { return nil }
        self.recovery = recovery
        self.places = places
        cost = places.spilledWeight + costOfWrites() + costOfMoves()
    }

    /// All that operations compute, weighted in the same way.
    var work: Int {
        region.blocks.reduce(0) { sum, block in
            let values = block.body.filter { recovery.liveness.isUsed($0) && region.hasResult($0) && region.constant($0) == nil }
            return sum + values.count * Intervals.frequency(block.depth)
        }
    }

    private func costOfWrites() -> Int {
        recovery.writes.reduce(0) { sum, mark in
            sum + (1 + mark.value.path.count) * Intervals.frequency(region.blocks[region.nodes[Int(mark.key)].block].depth)
        }
    }

    private func costOfMoves() -> Int {
        var cost = 0
        for (phi, arguments) in region.arguments where recovery.liveness.isUsed(phi) {
            let block = region.blocks[region.nodes[Int(phi)].block]
            for (argument, before) in zip(arguments, block.predecessors) where places[phi] != places[argument] {
                cost += (places[phi].isSlot ? 2 : 1) * Intervals.frequency(region.blocks[before].depth)
            }
        }
        return cost
    }
}
