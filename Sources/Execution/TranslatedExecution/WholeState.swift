/// What the engine does for whoever saves, moves or replaces the whole state of its machine.
extension TranslationEngine {
    /// Makes every vCPU look at the flags of a page before it next writes there: when this returns, whatever it wrote without looking is in memory. From
    /// any thread, without the machine lock.
    public func revokeWrites() {
        // All translations are forgotten; it happens a few times in a second at most. Who is outside generated code forgets before going in.
        for runner in runners { runner.requestFlush(.all) }
        exclusivity.run(kick: { for runner in runners { runner.cpu.kick() } }) {}
    }

    /// Keeps every vCPU out of guest code while something is done, which should not take long: nobody can stop them meanwhile. From any thread, without the machine lock.
    public func hold(_ body: () -> Void) { exclusivity.run(kick: { for runner in runners { runner.cpu.kick() } }, body) }

    /// Memory has been replaced while the vCPUs stood still: what was translated from it is not valid any more.
    public func memoryWasReplaced() { translationLock.withLock { wantsCodeFlush = true } }

    /// What the virtual clock shows where it follows a count of instructions. While the vCPUs stand still.
    public func setVirtualTime(_ nanoseconds: Int64) {
        if let shift = options.instructionShift { roundRobin.setTime(nanoseconds, shift) }
    }
}
