import AddressSpace
import CPUModel
import Diagnostics
import IR

/// Loops that have been repeated very often become one block each.
extension TranslationEngine {
    var countsLoops: Bool { options.loopThreshold != nil && options.instructionShift == nil && !options.singleStep }

    /// Sees to the loop that the block at the runner's `pc` ends and that has gone round very often: it is watched for a while, then made one block, as far as
    /// its code lies on one page. Whatever comes of it, the block counts no more then.
    ///
    /// - Returns: whether the watch begins.
    func seeToLoop(_ runner: CPURunner, watches: Bool) -> Bool {
        let (pc, flags) = (runner.cpu.header.pc, runner.cpu.translationFlags)
        guard let page = runner.physicalPage(pc, .execute, runner.cpu.fetchMMUIndex) else {
            // The fault will be met again when the code is fetched.
            runner.cpu.header.exception = 0
            return false
        }
        return translationLock.withLock {
            func block(_ pc: UInt64) -> TranslatedBlock? { table.find(physical: page | pc & 0xfff, pc: pc, flags: flags) }
            guard let ending = block(pc), let code = ending.code, let start = code.loopHead, start & ~0xfff == pc & ~0xfff else { return false }
            let head = block(start).flatMap { $0.secondPage == nil && !$0.isLoop ? $0 : nil }
            if watches, !ending.isWatching, let head {
                ending.isWatching = true
                head.watch = LoopWatch(ending: code.entry..<code.entry + code.size)
                unchain(head)
                return true
            }
            uncounted.insert(ending.key.mixed)
            kill(ending)
            if let head, !watches || head.watch != nil { makeLoop(runner.cpu, instead: head) }
            head?.watch = nil
            return false
        }
    }

    private func makeLoop(_ cpu: VirtualCPU, instead old: TranslatedBlock) {
        let section = cpu.memory.section(at: old.physical)
        guard !Log.isEnabled(.noChain), section.last >= old.physical | 0xfff, let base = unsafe section.host(old.physical & ~0xfff),
            let ram = section.ram, let generator, unsafe translateLoop(cpu, old.pc, old.flags, page: base), generator.supports(scratch)
        else { return }
        guard let code = generator.compileLoops(scratch) else {
            wantsCodeFlush = true
            return
        }
        logCode(code, suffix: "_loop")
        if !old.isDead { kill(old) }
        let block = TranslatedBlock(
            pc: old.pc, flags: old.flags, physical: old.physical, secondPage: nil, instructions: scratch.instructions, guestBytes: 0, code: code,
            ir: nil, isTemporary: false, isLoop: true)
        table.insert(block, pages: [.init(block: ObjectIdentifier(ram), page: section.page(old.physical))])
        loops += 1
    }

    /// Leaves the loop at `pc` in the scratch IR; false if there is none. The page, which is at `base`, is watched because of the old block.
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
