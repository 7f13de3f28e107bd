import AddressSpace
import CPUModel
import Diagnostics
import IR

/// Loops that have been repeated very often become one block each.
extension TranslationEngine {
    /// Makes one block of the loop at the runner's `pc`, as far as its code lies on one page. Without one the jump there is chained as others are.
    func makeLoop(_ runner: CPURunner) {
        let (pc, flags) = (runner.cpu.header.pc, runner.cpu.translationFlags)
        guard !Log.isEnabled(.noChain), let page = runner.physicalPage(pc, .execute, runner.cpu.fetchMMUIndex) else {
            // A fault will be met again when the code is fetched.
            runner.cpu.header.exception = 0
            return
        }
        let physical = page | pc & 0xfff
        let section = runner.cpu.memory.section(at: physical)
        guard section.last >= physical | 0xfff, let base = unsafe section.host(page), let ram = section.ram else { return }
        translationLock.withLock {
            guard let generator, let old = table.find(physical: physical, pc: pc, flags: flags), old.secondPage == nil, !old.isLoop,
                unsafe translateLoop(runner.cpu, pc, flags, page: base), generator.supports(scratch)
            else { return }
            guard let code = generator.compileLoops(scratch) else {
                wantsCodeFlush = true
                return
            }
            logCode(code, suffix: "_loop")
            kill(old)
            let block = TranslatedBlock(
                pc: pc, flags: flags, physical: physical, secondPage: nil, instructions: scratch.instructions, guestBytes: 0, code: code, ir: nil,
                isTemporary: false, isLoop: true)
            table.insert(block, pages: [.init(block: ObjectIdentifier(ram), page: section.page(physical))])
            loops += 1
        }
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
