import Bits
import CPUModel
import IR

extension Translator {
    /// Bytes that `dc zva` clears (DCZID_EL0.BS = 4).
    static let zeroBlock = 64

    /// Barriers, PSTATE and system registers.
    mutating func system(_ b: inout IRBlock, _ instruction: BranchInstruction, _ o: Operands) -> Bool {
        switch instruction {
        case .clrex: b.call(AArch64Helper.clearExclusive.rawValue)
        case .dsb: synchronize(&b)
        case .dmb: b.fence(o.field(8, 2) == 1 ? [.loadLoad, .loadStore] : o.field(8, 2) == 2 ? .storeStore : .all)
        case .isb, .sb: endBehind(&b)
        case .cfinv: setFlags(&b, explicit: b.binary(.xor, .i64, nzcv(&b), b.const(.i64, 2)))
        case .xaflag: convertFlags(&b, toArm: true)
        case .axflag: convertFlags(&b, toArm: false)
        case .msr_ssbs: b.write(.i64, SystemRegister.ssbs.offset, b.const(.i64, UInt64(o.field(8, 1)) << 12))
        case .msr_dit: b.write(.i64, SystemRegister.dit.offset, b.const(.i64, UInt64(o.field(8, 1)) << 24))
        case .msr_daifset, .msr_daifclr: return changeMasks(&b, instruction, o)
        case .msr_spsel: return setField(&b, .spsel, o, shift: 0)
        case .msr_pan: return setField(&b, .pan, o, shift: 22)
        case .msr_uao: return setField(&b, .uao, o, shift: 23)
        case .sys: return operation(&b, o)
        case .mrs: return readSystemRegister(&b, o)
        case .msr: return writeSystemRegister(&b, o)
        default: return false
        }
        return true
    }

    /// axflag makes the flags of fcmp those of other architectures, xaflag the other way round (DDI 0487, C6.2.23 and C6.2.420).
    private mutating func convertFlags(_ b: inout IRBlock, toArm: Bool) {
        let kind = b.const(.i64, toArm ? 1 : 0)
        setFlags(&b, explicit: b.call(AArch64Helper.convertFlags.rawValue, nzcv(&b), kind))
    }

    // MARK: Waiting and returning

    /// yield, wfe, wfi, sev and sevl; other hints do nothing, as all of them in a program, where somebody else waits.
    mutating func hint(_ b: inout IRBlock, _ o: Operands) {
        guard flags.isSystem else { return }
        switch o.field(5, 7) {
        case 2: b.call(AArch64Helper.waitForEvent.rawValue, b.const(.i64, pc))
        case 3:
            b.write(.i64, CPUHeader.Offset.pc, b.const(.i64, next))
            b.call(AArch64Helper.waitForInterrupt.rawValue, b.const(.i64, pc))
            b.exitKeepingPC(.lookup)
            ended = true
        case 4, 5: b.call(AArch64Helper.sendEvent.rawValue)
        default: break
        }
    }

    /// eret; eretaa and eretab check ELR's pointer authentication code first.
    mutating func exceptionReturn(_ b: inout IRBlock, _ instruction: BranchInstruction, _ o: Operands) -> Bool {
        guard flags.level > 0 else { return false }
        if instruction != .eret {
            let link = SystemRegister.elr(flags.level).offset
            let step = AuthenticationStep(authenticates: true, key: instruction == .eretab ? .ib : .ia)
            b.write(.i64, link, authenticated(&b, b.read(.i64, link), step, readSP(&b, .i64, 31)))
        }
        b.call(AArch64Helper.exceptionReturn.rawValue)
        endAtPC(&b)
        return true
    }

    /// dsb: TLB maintenance that concerns other elements is done when it ends.
    private mutating func synchronize(_ b: inout IRBlock) {
        b.fence(.all)
        guard flags.isSystem, flags.level > 0 else { return }
        b.call(AArch64Helper.barrier.rawValue)
        endBehind(&b)
    }

    // MARK: Process state

    private mutating func changeMasks(_ b: inout IRBlock, _ instruction: BranchInstruction, _ o: Operands) -> Bool {
        guard flags.isSystem else { return false }
        if flags.level == 0 {
            // As an access to the register (SCTLR_EL1.UMA): DAIF is read, changed and written.
            let mask = b.const(.i64, UInt64(o.field(8, 4)) << 6)
            let old = b.call(AArch64Helper.systemRegister.rawValue, b.const(.i64, UInt64(0xd53b_4220)))
            let new = instruction == .msr_daifset ? b.binary(.or, .i64, old, mask) : b.binary(.andNot, .i64, old, mask)
            b.call(AArch64Helper.systemRegister.rawValue, b.const(.i64, UInt64(0xd51b_4220)), new)
            return true
        }
        let bits = UInt64(o.field(8, 4)) << 6
        let old = b.read(.i64, SystemRegister.daif.offset)
        if instruction == .msr_daifset {
            b.write(.i64, SystemRegister.daif.offset, b.binary(.or, .i64, old, b.const(.i64, bits)))
        } else {
            b.call(AArch64Helper.setMasks.rawValue, b.binary(.and, .i64, old, b.const(.i64, ~bits)))
        }
        return true
    }

    /// msr of an immediate to a field of the process state: as the register's, whose number only CRm and op2 tell apart from it.
    private mutating func setField(_ b: inout IRBlock, _ register: SystemRegister, _ o: Operands, shift: Int) -> Bool {
        guard flags.level > 0, let row = SystemRegisterRow.byRegister[register] else { return false }
        let access = UInt64(0xd500_0000) | UInt64(row.encoding | 0x8000) << 5
        b.call(AArch64Helper.systemRegister.rawValue, b.const(.i64, access), b.const(.i64, UInt64(o.field(8, 1)) << UInt64(shift)))
        endBehind(&b)
        return true
    }

    // MARK: Registers

    /// What programs read, and Linux lets them.
    private static let programRegisters: Set<SystemRegister> = [
        .nzcv, .dit, .ssbs, .fpcr, .fpsr, .ctr_el0, .dczid_el0, .rndr, .rndrrs, .tpidr_el0, .tpidrro_el0, .cntfrq_el0, .cntvct_el0, .id,
    ]
    /// Cells that EL1 (or whoever has the level's own stack in use) reads and writes without anyone else's seeing it.
    private static let plainAtEL1: Set<SystemRegister> = [.tpidr_el0, .tpidrro_el0, .tpidr_el1, .elr_el1, .spsr_el1, .sp_el0]
    /// More of them where there is no hypervisor.
    private static let plainUnsupervised: Set<SystemRegister> = [.esr_el1, .far_el1, .contextidr_el1, .mair_el1]

    private func isPlain(_ register: SystemRegister) -> Bool {
        if register == .tpidr_el0 { return true }
        guard flags.level == 1, register != .sp_el0 || flags.ownStack else { return false }
        return Translator.plainAtEL1.contains(register) || (flags.isUnsupervised && Translator.plainUnsupervised.contains(register))
    }

    private func isFloatRegister(_ register: SystemRegister) -> Bool { register == .fpcr || register == .fpsr }

    private mutating func readSystemRegister(_ b: inout IRBlock, _ o: Operands) -> Bool {
        let row = SystemRegisterRow.find(o.field(5, 16))
        guard flags.isSystem else { return row.map { readForProgram(&b, o, $0) } ?? false }
        let register = row?.register
        if let register, flags.floatTrap != 0, isFloatRegister(register) {
            raise(&b, Syndrome(.floatAccess, 0x1e0_0000), to: flags.floatTrap)
            return true
        }
        switch register {
        case .nzcv?: write(&b, o.rd, .i64, b.binary(.shl, .i64, nzcv(&b), b.const(.i64, 28)))
        case .tpidrro_el0?: write(&b, o.rd, .i64, b.read(.i64, SystemRegister.tpidrro_el0.offset))
        case .currentel? where flags.level > 0: write(&b, o.rd, .i64, b.const(.i64, UInt64(flags.level) << 2))
        case .daif? where flags.level > 0: write(&b, o.rd, .i64, b.read(.i64, SystemRegister.daif.offset))
        case .cntvct_el0? where flags.level == 1: write(&b, o.rd, .i64, b.call(AArch64Helper.virtualCounter.rawValue))
        case let register? where isPlain(register): write(&b, o.rd, .i64, b.read(.i64, register.offset))
        default: write(&b, o.rd, .i64, b.call(AArch64Helper.systemRegister.rawValue, b.const(.i64, UInt64(o.bits))))
        }
        if register == .rndr || register == .rndrrs { setFlags(&b, explicit: b.const(.i64, 0)) }
        return true
    }

    private mutating func readForProgram(_ b: inout IRBlock, _ o: Operands, _ row: SystemRegisterRow) -> Bool {
        guard Translator.programRegisters.contains(row.register), model.features.isSuperset(of: row.features) else { return false }
        switch row.register {
        case .nzcv: write(&b, o.rd, .i64, b.binary(.shl, .i64, nzcv(&b), b.const(.i64, 28)))
        case .tpidr_el0, .tpidrro_el0, .ssbs, .dit: write(&b, o.rd, .i64, b.read(.i64, row.register.offset))
        case .id: write(&b, o.rd, .i64, b.const(.i64, model.identification(o.field(5, 16))))
        case .ctr_el0: write(&b, o.rd, .i64, b.const(.i64, model.ctr))
        case .dczid_el0: write(&b, o.rd, .i64, b.const(.i64, 4))
        case .cntfrq_el0: write(&b, o.rd, .i64, b.const(.i64, AArch64CPU.counterFrequency))
        default: write(&b, o.rd, .i64, b.call(AArch64Helper.programRegister.rawValue, b.const(.i64, UInt64(row.register.rawValue))))
        }
        if row.register == .rndr || row.register == .rndrrs { setFlags(&b, explicit: b.const(.i64, 0)) }
        return true
    }

    private mutating func writeSystemRegister(_ b: inout IRBlock, _ o: Operands) -> Bool {
        guard let register = SystemRegisterRow.find(o.field(5, 16))?.register else { return writeOutOfLine(&b, o) }
        if flags.floatTrap != 0, isFloatRegister(register) {
            raise(&b, Syndrome(.floatAccess, 0x1e0_0000), to: flags.floatTrap)
            return true
        }
        let value = read(&b, .i64, o.rd)
        switch register {
        case .nzcv: setFlags(&b, explicit: b.extract(.i64, value, low: 28, count: 4))
        case .fpcr, .fpsr:
            b.call(AArch64Helper.writeFloatRegister.rawValue, b.const(.i64, register == .fpcr ? 1 : 0), value)
            if register == .fpcr { endBehind(&b) }
        case .dit, .ssbs:
            guard model.features.contains(register == .dit ? .dit : .ssbs) else { return false }
            let mask = register == .dit ? ProcessState.dit : ProcessState.ssbs
            b.write(.i64, register.offset, b.binary(.and, .i64, value, b.const(.i64, mask)))
        case .daif where flags.level > 0: b.call(AArch64Helper.setMasks.rawValue, value)
        case .spsr_el1 where isPlain(register):
            b.write(.i64, register.offset, b.binary(.and, .i64, value, b.const(.i64, ProcessState.writable)))
        case _ where isPlain(register) && SystemRegisterRow.byRegister[register]?.writable == .max: b.write(.i64, register.offset, value)
        default: return writeOutOfLine(&b, o)
        }
        return true
    }

    /// By a helper in a machine, not at all in a program.
    private mutating func writeOutOfLine(_ b: inout IRBlock, _ o: Operands) -> Bool {
        guard flags.isSystem else { return false }
        b.call(AArch64Helper.systemRegister.rawValue, b.const(.i64, UInt64(o.bits)), read(&b, .i64, o.rd))
        endBehind(&b)
        return true
    }

    // MARK: Caches, TLBs, translations

    private mutating func operation(_ b: inout IRBlock, _ o: Operands) -> Bool {
        guard let row = SystemOperationRow.find(o.field(5, 14)), flags.level >= row.level, model.features.isSuperset(of: row.features) else {
            return false
        }
        guard flags.isSystem else { return programOperation(&b, row.operation, o) }
        let isZero = row.operation == .zero
        // Above EL0, and without a hypervisor, nobody traps it.
        if !isZero || flags.level == 0 || !flags.isUnsupervised {
            b.call(AArch64Helper.systemInstruction.rawValue, b.const(.i64, UInt64(o.bits)), read(&b, .i64, o.rd))
        }
        if isZero { zero(&b, o) } else { endBehind(&b) }
        return true
    }

    /// Host caches are coherent: cleaning touches the address, so that it faults where it should.
    private mutating func programOperation(_ b: inout IRBlock, _ operation: SystemOperation, _ o: Operands) -> Bool {
        switch operation {
        case .zero: zero(&b, o)
        case .instructionCacheByAddress:
            b.call(AArch64Helper.synchronizeCode.rawValue)
            endBehind(&b)
        case .cacheByAddress: _ = b.load(.i64, untagged(&b, read(&b, .i64, o.rd)), memoryAccess(1))
        default: return false
        }
        return true
    }

    private func zero(_ b: inout IRBlock, _ o: Operands) {
        let start = b.binary(.and, .i64, untagged(&b, read(&b, .i64, o.rd)), b.const(.i64, ~UInt64(Translator.zeroBlock - 1)))
        for part in 0..<Translator.zeroBlock / 8 { b.store(.i64, start, offset: Int64(8 * part), b.const(.i64, 0), memoryAccess(8)) }
    }
}
