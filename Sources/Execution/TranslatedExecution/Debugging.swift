import AddressSpace
import CPUModel
import IR

/// A vCPU that has met something that a debugger waits for.
public struct DebugStop: Sendable {
    public enum Reason: Sendable {
        /// The next instruction has a breakpoint.
        case breakpoint
        /// A watched access: about to be done, or just done where `DebugRegisterTable.watchesStopBefore` is not set.
        case watchpoint(Watchpoint.Kind, address: UInt64)
        /// The instruction that was asked for is done.
        case stepped
    }
    /// The vCPU's number.
    public let cpu: Int
    public let reason: Reason
}

/// How a vCPU goes on when the machine does.
public enum DebugAction: Equatable, Sendable {
    case run
    /// One instruction, then all stop.
    case step
    /// It stays where it is while others run.
    case hold
}

/// What a debugger does to a machine all of whose vCPUs stand still.
extension TranslationEngine: DebugPointHolder {
    public func insertBreakpoint(at address: UInt64) {
        debugPoints.insertBreakpoint(at: address)
        hasBreakpoints = true
        forgetBlocks(around: address)
    }

    public func removeBreakpoint(at address: UInt64) {
        debugPoints.removeBreakpoint(at: address)
        hasBreakpoints = !debugPoints.breakpoints.isEmpty
        forgetBlocks(around: address)
    }

    /// Watched pages are not opened to generated code: only accesses to them are slower.
    public func setWatchpoints(_ points: [Watchpoint]) {
        debugPoints.watchpoints = points
        hasWatchpoints = !points.isEmpty
        flushAllTLBs()
    }

    /// How vCPUs go on from now on, by number.
    public func setDebugActions(_ action: (Int) -> DebugAction) { for runner in runners { runner.debugAction = action(runner.cpu.index) } }

    /// Forgets the blocks that go over an address, and those that end there because of it.
    private func forgetBlocks(around address: UInt64) {
        translationLock.withLock {
            for block in table.living {
                let isNear = block.isLoop ? block.pc & ~0xfff == address & ~0xfff : address &- block.pc <= UInt64(block.guestBytes)
                if isNear { kill(block) }
            }
        }
    }

    // MARK: Stops

    /// Notes a vCPU's stop and asks all to stop. Called on its thread.
    func noteDebugStop(_ stop: DebugStop) {
        debugLock.withLock { debugStops.append(stop) }
        for runner in runners { runner.requestStop() }
        onDebugStop()
    }

    /// What vCPUs have stopped for since the last time, in order.
    public func takeDebugStops() -> [DebugStop] {
        debugLock.withLock {
            defer { debugStops = [] }
            return debugStops
        }
    }

    // MARK: One instruction

    /// The instruction at the runner's pc, breakpoint or not, to be interpreted; nil if it has to be asked for again, or if fetching it faulted: then
    /// the exception is noted.
    func instruction(for runner: CPURunner) -> TranslatedBlock? {
        let cpu = runner.cpu
        guard let page = runner.physicalPage(cpu.header.pc, .execute, cpu.fetchMMUIndex) else { return nil }
        return translate(runner, page | cpu.header.pc & 0xfff, cpu.translationFlags, isStep: true)
    }
}

extension CPURunner {
    /// Whether something stops this vCPU before its next instruction, or with it; then that has been seen to.
    func stopsForDebugger() -> Bool {
        if debugAction == .step {
            step()
            return true
        }
        guard engine.hasBreakpoints, engine.debugPoints.stops(at: cpu.header.pc) else { return false }
        stop(.breakpoint)
        return true
    }

    private func stop(_ reason: DebugStop.Reason) {
        // A jump that was under way is not chained to what a debugger may change.
        cpu.header.exitSite = 0
        debugAction = .run
        engine.noteDebugStop(DebugStop(cpu: cpu.index, reason: reason))
    }

    private func step() {
        cpu.header.exitSite = 0
        if doInstruction() { stop(.stepped) }
    }

    /// Does one instruction. False if it has not been done: for want of memory or budget, or because of a watchpoint, which has been seen to.
    private func doInstruction() -> Bool {
        guard let ir = engine.instruction(for: self)?.ir else {
            if cpu.header.exception == 0 { return false }
            cpu.deliverException()
            return true
        }
        switch interpret(ir) {
        case .interrupt, .budget: return false
        case .lookup: return true
        case .exception:
            if watchHit != nil {
                stopForWatchpoint()
                return false
            }
            cpu.deliverException()
            return true
        }
    }

    /// Stops for a watched access: before it, or behind its instruction, as the architecture's processors do.
    func stopForWatchpoint() {
        guard let hit = watchHit else { return }
        watchHit = nil
        cpu.header.exception = 0
        if !cpu.debugRegisters.watchesStopBefore {
            ignoresWatchpoints = true
            defer { ignoresWatchpoints = false }
            // Somebody wants something of this vCPU: the access is met again.
            guard doInstruction() else { return }
        }
        stop(.watchpoint(hit.kind, address: hit.address))
    }

    /// Whether a debugger watches the access, which then is not done: the exception that is noted stands for it.
    func isWatched(_ address: UInt64, _ memory: MemoryOperation, reads: Bool, writes: Bool) -> Bool {
        guard engine.hasWatchpoints, !ignoresWatchpoints,
            let hit = engine.debugPoints.hit(cpu.withoutTag(address), UInt64(memory.size), reads: reads, writes: writes)
        else { return false }
        // A fault comes first: the access is done, and met, behind the guest's handler.
        guard physicalPage(address, writes ? .write : .read, memory.mmuIndex) != nil else { return true }
        watchHit = hit
        cpu.header.exception = 1
        return true
    }
}
