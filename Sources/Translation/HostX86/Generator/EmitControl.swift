import HostCode
import IR

/// Branches, exits and helper calls.
extension BlockEmitter {
    func emitControl(_ op: IROp) {
        switch op.opcode {
        case .call: emitCall(op)
        case .label: emitLabel(op)
        case .br: emitJump(op)
        case .brIf: emitBranch(op, conditionOfTest(op))
        case .brCompare: emitBranch(op, conditionOfComparison(op))
        case .exitDirect: emitDirect(UInt64(bitPattern: op.imm), returnAddress: op.attribute == 0 ? nil : pc &+ UInt64(op.attribute))
        case .exitIndirect: emitIndirect(op)
        default: emitExit(op)
        }
    }

    private func field(_ offset: Int) -> Memory { Memory(HostRegisters.state, offset) }

    // MARK: Branches

    func noteBranch(_ op: IROp) {
        if labels[Int(op.imm)].isSeen { labels[Int(op.imm)].isLoopHead = true }
    }

    func noteTarget(_ op: IROp, _ index: Int) {
        labels[Int(op.imm)].isSeen = true
        guard index + 1 < count, unsafe ops[index + 1].opcode == .exitDirect else { return }
        let target = unsafe UInt64(bitPattern: ops[index + 1].imm)
        labels[Int(op.imm)].leaves = true
        if isChainable(target) { labels[Int(op.imm)].target = target }
    }

    private func conditionOfTest(_ op: IROp) -> HostCondition {
        let register = use(op.a)
        let width = unsafe width(ops[Int(op.a)].type)
        a.test(width, register, register)
        return .ne
    }

    private func conditionOfComparison(_ op: IROp) -> HostCondition {
        guard location(op.a).kind == .deferred else { return emitComparison(op.condition, op.a, op.b) }
        let condition = unsafe hostCondition(ops[Int(op.a)].floatCondition)
        return op.condition == .ne ? condition : condition.negated
    }

    private func emitBranch(_ op: IROp, _ condition: HostCondition) {
        let label = Int(op.imm)
        if labels[label].offset >= 0 {
            a.jcc(condition, to: labels[label].offset)
            return
        }
        if countsInstructions, labels[label].leaves { labels[label].refund = instructions - begun }
        guard let target = labels[label].target, labels[label].refund == 0 else {
            labels[label].isReached = true
            labelFixups.append((a.jcc(condition), label))
            return
        }
        emitChainable(target) { assembler in
            assembler.alignDisplacement(behind: 2)
            return assembler.jcc(condition)
        }
    }

    private func emitJump(_ op: IROp) {
        let label = Int(op.imm)
        if labels[label].offset >= 0 {
            a.jmp(to: labels[label].offset)
            return
        }
        labels[label].isReached = true
        let isNext = unsafe current + 1 < count && ops[current + 1].opcode == .label && ops[current + 1].imm == op.imm
        if !isNext { labelFixups.append((a.jmp(), label)) }
    }

    /// A label. One that only leads out of the block, and that no branch needs because they all go out themselves, vanishes.
    private func emitLabel(_ op: IROp) {
        let label = labels[Int(op.imm)]
        pcIsTrue = false
        forgetValues()
        let fallsIn = unsafe current > 0 && !ops[current - 1].opcode.info.effects.contains(.endsRun)
        if label.target != nil, !label.isReached, !fallsIn {
            resumeAt = current + 2
            return
        }
        if label.isLoopHead { emitLoopHead() } else { labels[Int(op.imm)].offset = a.offset }
        refund(label.refund)
    }

    /// Where a loop begins anew somebody may want the vCPU's attention, or the block may have been killed.
    private func emitLoopHead() {
        let op = unsafe ops[current], next = unsafe ops[current + 1]
        precondition(next.opcode == .insnStart, "a loop begins with an instruction")
        a.align(16)
        labels[Int(op.imm)].offset = a.offset
        heads.append(a.offset)
        outOfLine.append(OutOfLine(kind: .leaveAtHead, jump: a.checkRequest(), back: 0, pc: UInt64(bitPattern: next.imm)))
        if loopHead == UInt64(bitPattern: next.imm) { count(CPUHeader.Offset.trialRounds, .hotLoopHead) }
    }

    // MARK: Exits

    /// Where addresses are translated a jump may go straight to a block on its own page only: elsewhere the mapping may change between them.
    func isChainable(_ target: UInt64) -> Bool { memoryMode != .translated || target & ~0xfff == blockPC & ~0xfff }

    private func emitChainable(_ target: UInt64, _ jump: (inout Assembler) -> Int) {
        let place = jump(&a)
        outOfLine.append(OutOfLine(kind: loop == nil ? .exit : .leaveLoop, jump: place, back: 0, pc: target))
    }

    /// Where a loop begins that the block ends by a conditional branch back. Jumps without a condition more often come back from rare cases.
    func findLoopHead() -> UInt64? {
        labels.lazy.compactMap(\.target).first { $0 <= blockPC && blockPC - $0 < BlockEmitter.longestLoop }
    }

    /// Bytes from a loop's first instruction to the block that ends it.
    private static let longestLoop: UInt64 = 8192

    private func emitDirect(_ target: UInt64, returnAddress: UInt64? = nil) {
        if let returnAddress, pushesReturns { return emitCall(to: target, returnAddress: returnAddress) }
        if isChainable(target) {
            return emitChainable(target) { assembler in
                assembler.alignDisplacement(behind: 1)
                return assembler.jmp()
            }
        }
        a.mov(.rax, target)
        emitLookUp()
    }

    private func emitIndirect(_ op: IROp) {
        let returnAddress = op.hint == .call && op.imm != 0 ? UInt64(bitPattern: op.imm) : nil
        if let target = constant(op.a) {
            if op.hint != .anew, isChainable(target) { return emitDirect(target, returnAddress: returnAddress) }
            a.mov(.rax, target)
        } else {
            let register = use(op.a)
            if register != .rax { a.mov(.b64, .rax, register) }
        }
        if let returnAddress, pushesReturns { return emitCallToRAX(returnAddress: returnAddress) }
        emitLookUp(op.hint)
    }

    // MARK: Calls

    /// Whether the host's return prediction is used: a program's calls, whose blocks may go straight to each other. In blocks with loops registers are
    /// others.
    private var pushesReturns: Bool { memoryMode != .translated && loop == nil }

    private func emitCall(to target: UInt64, returnAddress: UInt64) {
        pushReturn(returnAddress)
        emitChainable(target) { assembler in
            assembler.alignDisplacement(behind: 1)
            return assembler.call()
        }
        emitComeback(returnAddress)
    }

    private func emitCallToRAX(returnAddress: UInt64) {
        pushReturn(returnAddress)
        let call = a.call()
        emitComeback(returnAddress)
        a.patch(call, to: a.offset)
        emitLookUp(.call)
    }

    private func pushReturn(_ address: UInt64) {
        let full = a.pushReturn(address)
        outOfLine.append(OutOfLine(kind: .emptyStack, jump: full, back: full + 4, pc: address))
    }

    private func emitComeback(_ address: UInt64) {
        a.popReturn()
        emitDirect(address)
    }

    /// Goes on at the guest address in rax, through the jump cache.
    private func emitLookUp(_ hint: JumpHint = .none) {
        loop?.leave(&a)
        a.lookUp(hint, memoryMode, codeAlignmentBits: codeAlignmentBits, neighbour: usualThunks.neighbour)
    }

    private func emitExit(_ op: IROp) {
        if !op.keepsPC { a.storePC(UInt64(bitPattern: op.imm)) } else if !pcIsTrue { a.storePC(pc) }
        a.mov(.b64, field(CPUHeader.Offset.exitSite), 0)
        leave(op.reason)
    }

    // MARK: Helpers

    private func emitCall(_ op: IROp) {
        preserveAll()
        for (value, offset) in [
            (op.a, CPUHeader.Offset.accessAddress), (op.b, CPUHeader.Offset.accessValue), (op.c, CPUHeader.Offset.accessExtra),
        ] {
            if value >= 0 { pass(value, offset) } else { a.mov(.b64, field(offset), 0) }
        }
        a.mov(.b32, field(CPUHeader.Offset.accessKind), Int32(op.imm))
        if !pcIsTrue { a.storePC(pc) }
        pcIsTrue = true
        refund(instructions - begun)
        a.call(to: thunks[.helper])
        charge(instructions - begun)
        if unsafe info[current].uses > 0 { a.mov(.b64, destination(), field(CPUHeader.Offset.accessResult)) }
    }

    private func pass(_ value: Int32, _ offset: Int) {
        if let constant = immediate(value, .b64), !isDirty(value) { return a.mov(.b64, field(offset), constant) }
        let held = locked
        var register = use(value)
        if isDirty(value) {
            let clean = allocate()
            a.mov(.b32, clean, register)
            register = clean
        }
        a.mov(.b64, field(offset), register)
        locked = held
    }
}
