import Bits
import CPUModel
import IR

extension Translator {
    /// Exceptions, status, hints, barriers, and of the coprocessors what a program may use.
    mutating func system(_ b: inout IRBlock, _ instruction: SystemInstruction, _ o: Operands) -> Bool {
        switch instruction {
        case .svc: supervisorCall(&b, number: o.isThumb || flags.isSystem ? 0 : o.field(0, 24))
        case .bkpt: raise(&b, .breakpoint, status: ARMFaultStatus.debug)
        case .udf, .hlt: return false
        case .mrs:
            guard o.rd != 15 else { return false }
            writeWide(&b, o.rd, b.call(ARMHelper.readState.rawValue))
        case .mrs_spsr:
            guard o.rd != 15, hasSavedState else { return false }
            writeWide(&b, o.rd, b.call(ARMHelper.readSavedState.rawValue))
        case .msr_reg:
            guard o.isThumb ? o.rn != 15 : o.rm != 15 else { return false }
            writeState(&b, o, readWide(&b, o.isThumb ? o.rn : o.rm), isSaved: o.isThumb ? o.bit(20) : o.bit(22))
        case .msr_imm:
            let value = b.zext(.i64, rotatedImmediate(&b, o).value)
            writeState(&b, o, value, isSaved: o.bit(22))
        case .hint: hint(&b, o.field(0, 8))
        case .cps: return changeState(&b, o)
        case .setend:
            setEndian(&b, o.bit(9))
        case .clrex: b.call(ARMHelper.clearExclusive.rawValue)
        case .dsb: barrier(&b)
        case .dmb, .sb: b.fence(.all)
        case .isb: synchronize(&b)
        case .mcr, .mrc: return coprocessor(&b, o, reads: instruction == .mrc)
        case .mcrr, .mrrc: return wideCoprocessor(&b, o, reads: instruction == .mrrc)
        case .mcr_debug, .mrc_debug: return debugCoprocessor(&b, o, reads: instruction == .mrc_debug)
        default: return privileged(&b, instruction, o)
        }
        return true
    }

    /// Numbers of Linux's old ABI begin here (arch/arm/include/uapi/asm/unistd.h, __NR_OABI_SYSCALL_BASE).
    private static let oldCalls = 0x90_0000

    mutating func supervisorCall(_ b: inout IRBlock, number: Int = 0) {
        // The call returns behind the instruction, where IT has gone on.
        let isConditional = mayHoldIT || nextIT != 0
        if isConditional { setIT(&b, nextIT) }
        if isConditional || number >= Translator.oldCalls {
            return raise(&b, number >= Translator.oldCalls ? .oldSupervisorCall : .supervisorCall)
        }
        b.call(ARMHelper.programCall.rawValue, b.const(.i64, address))
        b.goto(b.const(.i64, next), hint: .anew)
        ended = true
    }

    mutating func setEndian(_ b: inout IRBlock, _ isBig: Bool) {
        guard isBig != flags.isBigEndian else { return }
        b.write(.i64, ARMRegisters.bigEndian, b.const(.i64, isBig ? 1 : 0))
        endBehind(&b)
    }

    mutating func synchronize(_ b: inout IRBlock) {
        b.call(ARMHelper.synchronizeCode.rawValue)
        b.fence(.all)
        if flags.isSystem { endBehind(&b) }
    }

    /// dsb: TLB maintenance that concerns other elements is done when it ends.
    mutating func barrier(_ b: inout IRBlock) {
        b.fence(.all)
        guard flags.isPrivileged else { return }
        b.call(ARMHelper.barrier.rawValue)
        endBehind(&b)
    }

    /// yield, wfe, wfi and their like; they do nothing in a program, where somebody else waits.
    mutating func hint(_ b: inout IRBlock, _ number: Int) {
        guard flags.isSystem else { return }
        switch number {
        case 2: b.call(ARMHelper.waitForEvent.rawValue)
        case 3: waitForInterrupt(&b)
        default: break
        }
    }

    mutating func waitForInterrupt(_ b: inout IRBlock) {
        if mayHoldIT || nextIT != 0 { setIT(&b, nextIT) }
        b.write(.i64, CPUHeader.Offset.pc, b.const(.i64, next))
        b.call(ARMHelper.waitForInterrupt.rawValue)
        b.exitKeepingPC(.lookup)
        ended = true
    }

    /// The mask chooses fields: of user mode's the flags, GE, and E, which lies in the byte above the lowest.
    private mutating func writeState(_ b: inout IRBlock, _ o: Operands, _ value: Value, isSaved: Bool) {
        let mask = o.isThumb ? o.field(8, 4) : o.field(16, 4)
        if isSaved {
            if hasSavedState { b.call(ARMHelper.writeSavedState.rawValue, value, b.const(.i64, UInt64(mask))) }
            return
        }
        guard mask & (flags.isPrivileged ? 0xf : 0xe) != 0 else { return }
        b.call(ARMHelper.writeState.rawValue, value, b.const(.i64, UInt64(mask)))
        flagsChanged(.cells)
        if mask & 3 != 0 { endBehind(&b) }
    }

    /// Whether the mode has an SPSR.
    var hasSavedState: Bool { flags.isSystem && (flags.bank == .fiq || flags.bank == .other) }
}
