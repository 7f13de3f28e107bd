import Bits
import CPUModel
import IR

extension Translator {
    /// Branches, exception generating and system instructions.
    mutating func branch(_ b: inout IRBlock, _ instruction: BranchInstruction, _ o: Operands) -> Bool {
        switch instruction {
        case .b:
            let target = distance(o.signed(0, 26))
            if SideExits.leaps(to: target, from: pc) { next = target } else { jump(&b, to: target) }
        case .bl:
            write(&b, 30, .i64, b.const(.i64, next))
            b.goto(distance(o.signed(0, 26)), linkBytes: next &- pc)
            ended = true
        case .b_cond: branch(&b, if: test(&b, o.field(0, 4)), to: distance(o.signed(5, 19)))
        case .cbz, .cbnz: compareAndBranch(&b, instruction == .cbz ? .eq : .ne, o)
        case .tbz, .tbnz: testAndBranch(&b, instruction == .tbz ? .eq : .ne, o)
        case .br: jump(&b, to: read(&b, .i64, o.rn))
        case .blr: call(&b, read(&b, .i64, o.rn))
        case .ret: jump(&b, to: read(&b, .i64, o.rn), hint: .return)
        case .braa, .brab, .blraa, .blrab: authenticatedBranch(&b, o, modifier: readSP(&b, .i64, o.rd), links: o.bit(21))
        case .braaz, .brabz, .blraaz, .blrabz: authenticatedBranch(&b, o, modifier: b.const(.i64, 0), links: o.bit(21))
        case .retaa, .retab:
            let step = AuthenticationStep(authenticates: true, key: o.bit(10) ? .ib : .ia)
            jump(&b, to: authenticated(&b, read(&b, .i64, 30), step, readSP(&b, .i64, 31)), hint: .return)
        case .udf: return false
        case .svc: supervisorCall(&b, Syndrome(.supervisorCall, UInt64(o.field(5, 16))))
        case .hvc, .smc:
            guard flags.isSystem, flags.level > 0 else { return false }
            raise(&b, Syndrome(instruction == .hvc ? .hypervisorCall : .secureCall, UInt64(o.field(5, 16))))
        case .hlt: return false
        case .eret, .eretaa, .eretab: return exceptionReturn(&b, instruction, o)
        case .brk: raise(&b, Syndrome(.breakpoint, UInt64(o.field(5, 16))))
        case .hint: hint(&b, o)
        case .bti: break
        case .xpaclri: write(&b, 30, .i64, stripped(&b, read(&b, .i64, 30)))
        case .pacia1716, .pacib1716, .autia1716, .autib1716: pointer(&b, 17, o.hintStep, modifier: read(&b, .i64, 16))
        case .paciaz, .pacibz, .autiaz, .autibz: pointer(&b, 30, o.hintStep, modifier: b.const(.i64, 0))
        case .paciasp, .pacibsp, .autiasp, .autibsp: pointer(&b, 30, o.hintStep, modifier: readSP(&b, .i64, 31))
        default: return system(&b, instruction, o)
        }
        return true
    }

    private func distance(_ words: Int64) -> UInt64 { pc &+ UInt64(bitPattern: words << 2) }

    // MARK: Jumps

    private mutating func jump(_ b: inout IRBlock, to target: UInt64) {
        b.goto(target)
        ended = true
    }

    private mutating func jump(_ b: inout IRBlock, to target: Value, hint: JumpHint = .none) {
        b.goto(target, hint: hint)
        ended = true
    }

    private mutating func call(_ b: inout IRBlock, _ target: Value) {
        write(&b, 30, .i64, b.const(.i64, next))
        b.goto(target, hint: .call, returnAddress: next)
        ended = true
    }

    private mutating func branch(_ b: inout IRBlock, if test: Test, to target: UInt64) {
        let taken = b.makeLabel()
        b.branch(taken, if: test.condition, test.a, test.b)
        if sideExits.add(taken, for: target, from: pc) { return }
        b.goto(next)
        b.place(taken)
        b.goto(target)
        ended = true
    }

    private mutating func compareAndBranch(_ b: inout IRBlock, _ condition: Condition, _ o: Operands) {
        let value = read(&b, word(o), o.rd)
        branch(&b, if: Test(condition, value, b.const(word(o), 0)), to: distance(o.signed(5, 19)))
    }

    private mutating func testAndBranch(_ b: inout IRBlock, _ condition: Condition, _ o: Operands) {
        let place = o.field(19, 5) | (o.is64 ? 32 : 0)
        let bit = b.binary(.and, .i64, read(&b, .i64, o.rd), b.const(.i64, 1 << UInt64(place)))
        branch(&b, if: Test(condition, bit, b.const(.i64, 0)), to: distance(o.signed(5, 14)))
    }

    // MARK: Pointer authentication

    private mutating func authenticatedBranch(_ b: inout IRBlock, _ o: Operands, modifier: Value, links: Bool) {
        let step = AuthenticationStep(authenticates: true, key: o.bit(10) ? .ib : .ia)
        let target = authenticated(&b, read(&b, .i64, o.rn), step, modifier)
        if links { call(&b, target) } else { jump(&b, to: target) }
    }

    /// Adds a code to the pointer in a register, or checks and removes it.
    func pointer(_ b: inout IRBlock, _ register: Int, _ step: AuthenticationStep, modifier: Value) {
        let pointer = read(&b, .i64, register)
        write(&b, register, .i64, authenticated(&b, pointer, step, modifier))
    }

    func authenticated(_ b: inout IRBlock, _ pointer: Value, _ step: AuthenticationStep, _ modifier: Value) -> Value {
        b.call(AArch64Helper.authenticate.rawValue, pointer, modifier, b.const(.i64, step.rawValue))
    }

    /// A pointer without its code: bit 55 tells the half of the address space.
    func stripped(_ b: inout IRBlock, _ pointer: Value) -> Value {
        let lower = b.binary(.and, .i64, pointer, b.const(.i64, ~PointerAuthentication.field(0)))
        let upper = b.binary(.or, .i64, pointer, b.const(.i64, PointerAuthentication.field(1 << 55)))
        return b.select(.i64, if: b.extract(.i64, pointer, low: 55, count: 1), upper, lower)
    }
}

extension Operands {
    /// The step of the pointer authentication among the hints: CRm and op2 choose it.
    fileprivate var hintStep: AuthenticationStep { AuthenticationStep(authenticates: bit(7), key: bit(6) ? .ib : .ia) }
}
