import AddressSpace
import CPUModel
import Diagnostics
import HostOS
import IR
import Optimizer

/// Loops that have been repeated very often become one block each.
extension TranslationEngine {
    var countsLoops: Bool { options.loopThreshold != nil && options.instructionShift == nil && !options.singleStep }

    /// Sees to a hot loop: that which the block at the runner's `pc` ends is made one block, as far as its code lies on one page, on trial at first, and that block
    /// counts no more; one that has been tried is made for good, or goes.
    func seeToLoop(_ runner: CPURunner) {
        let counters = runner.loopCounters
        let (pc, flags) = (runner.cpu.header.pc, runner.cpu.translationFlags)
        guard let page = runner.physicalPage(pc, .execute, runner.cpu.fetchMMUIndex) else {
            // The fault will be met again when the code is fetched.
            runner.cpu.header.exception = 0
            return counters.restart(pc)
        }
        func key(_ pc: UInt64) -> TranslatedBlock.Key { .init(physical: page | pc & 0xfff, pc: pc, flags: flags) }
        counters.restart(pc)
        translationLock.withLock {
            endTrial(of: runner)
            guard let block = table.find(physical: page | pc & 0xfff, pc: pc, flags: flags), !block.isLoop, let head = block.code?.loopHead
            else { return }
            kill(block)
            uncounted.insert(block.key.mixed)
            guard head & ~0xfff == pc & ~0xfff, let loop = makeLoop(runner.cpu, key(head), onTrial: counters.triesLoops), counters.triesLoops
            else { return }
            runner.trial = loop
            counters.startTrial()
        }
    }

    /// The loop that a runner tries is made for good if it was worth it, or goes.
    private func endTrial(of runner: CPURunner) {
        let isWorthwhile = runner.loopCounters.roundsPerEntry >= LoopCounters.worthwhileRounds
        runner.loopCounters.endTrial()
        guard let block = runner.trial else { return }
        runner.trial = nil
        if block.isDead { return }
        kill(block)
        // In another address space its code may be out of reach.
        if isWorthwhile, runner.cpu.translationFlags == block.flags { _ = makeLoop(runner.cpu, block.key, onTrial: false) }
    }

    private func makeLoop(_ cpu: VirtualCPU, _ key: TranslatedBlock.Key, onTrial: Bool) -> TranslatedBlock? {
        let start = monotonicNanoseconds()
        defer { loopCosts.add(since: start, until: monotonicNanoseconds()) }
        let section = cpu.memory.section(at: key.physical)
        let old = table.find(physical: key.physical, pc: key.pc, flags: key.flags)
        if hasBreakpoints, debugPoints.stopsOnPage(key.pc) { return nil }
        guard !Log.isEnabled(.noChain), old?.isLoop != true, section.last >= key.physical | 0xfff,
            let base = unsafe section.host(key.physical & ~0xfff), let ram = section.ram, let generator,
            unsafe translateLoop(cpu, key.pc, key.flags, page: base), generator.supports(scratch)
        else { return nil }
        generator.countsLoops = onTrial
        guard let code = generator.compileLoops(scratch, asRegion: false) else {
            wantsCodeFlush = true
            return nil
        }
        logCode(code, suffix: onTrial ? "_trial" : "_loop")
        if let old { kill(old) }
        let block = TranslatedBlock(
            pc: key.pc, flags: key.flags, physical: key.physical, secondPage: nil, instructions: scratch.instructions, guestBytes: 0, code: code,
            ir: nil, isTemporary: false, isLoop: true)
        table.insert(block, pages: [.init(block: ObjectIdentifier(ram), page: section.page(key.physical))])
        if !onTrial { loopCosts.add(instructions: block.instructions, hostBytes: code.size) }
        return block
    }

    /// Leaves the loop at `pc` in the scratch IR; false if there is none. The page, which is at `base`, is watched because of the block that ends it.
    private func translateLoop(_ cpu: VirtualCPU, _ pc: UInt64, _ flags: UInt64, page base: UnsafeMutableRawPointer) -> Bool {
        let ranges = LoopBuilder.build(pc, into: &scratch, isNear: { $0 & ~0xfff == pc & ~0xfff }) { start, limit, block in
            var window = unsafe CodeWindow(base: UnsafePointer(base.assumingMemoryBound(to: UInt8.self)), pageStart: pc & ~0xfff) { nil }
            cpu.translate(into: &block, flags: flags, window: &window, limit: limit)
            return true
        }
        guard ranges != nil else { return false }
        unsafe optimize(for: cpu, page: base)
        return true
    }
}
