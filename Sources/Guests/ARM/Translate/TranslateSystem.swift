import Bits
import IR

extension Translator {
    /// Exceptions, status, hints, barriers, and of the coprocessors what a program may use.
    mutating func system(_ b: inout IRBlock, _ instruction: SystemInstruction, _ o: Operands) -> Bool {
        switch instruction {
        case .svc: supervisorCall(&b, number: o.isThumb ? 0 : o.field(0, 24))
        case .bkpt: raise(&b, .breakpoint)
        case .udf, .hlt: return false
        case .mrs:
            guard o.rd != 15 else { return false }
            writeWide(&b, o.rd, b.call(ARMHelper.readState.rawValue))
        case .mrs_spsr: return false
        case .msr_reg:
            guard o.isThumb ? o.rn != 15 : o.rm != 15 else { return false }
            writeState(&b, o, readWide(&b, o.isThumb ? o.rn : o.rm), isSaved: o.isThumb ? o.bit(20) : o.bit(22))
        case .msr_imm:
            let value = b.zext(.i64, rotatedImmediate(&b, o).value)
            writeState(&b, o, value, isSaved: o.bit(22))
        case .hint, .cps: break
        case .setend:
            setEndian(&b, o.bit(9))
        case .clrex: b.call(ARMHelper.clearExclusive.rawValue)
        case .dsb, .dmb, .sb: b.fence(.all)
        case .isb: synchronize(&b)
        case .mcr, .mrc: return coprocessor(&b, o, reads: instruction == .mrc)
        case .mcrr, .mrrc: return false
        }
        return true
    }

    /// Numbers of Linux's old ABI begin here (arch/arm/include/uapi/asm/unistd.h, __NR_OABI_SYSCALL_BASE).
    private static let oldCalls = 0x90_0000

    mutating func supervisorCall(_ b: inout IRBlock, number: Int = 0) {
        // The call returns behind the instruction, where IT has gone on.
        if mayHoldIT || nextIT != 0 { setIT(&b, nextIT) }
        raise(&b, number >= Translator.oldCalls ? .oldSupervisorCall : .supervisorCall)
    }

    mutating func setEndian(_ b: inout IRBlock, _ isBig: Bool) {
        guard isBig != flags.isBigEndian else { return }
        b.write(.i64, ARMRegisters.bigEndian, b.const(.i64, isBig ? 1 : 0))
        endBehind(&b)
    }

    private mutating func synchronize(_ b: inout IRBlock) {
        b.call(ARMHelper.synchronizeCode.rawValue)
        b.fence(.all)
    }

    /// The mask chooses fields: of a program's the flags, GE, and E, which lies in the byte above the lowest.
    private mutating func writeState(_ b: inout IRBlock, _ o: Operands, _ value: Value, isSaved: Bool) {
        let mask = o.isThumb ? o.field(8, 4) : o.field(16, 4)
        guard !isSaved, mask & 0xe != 0 else { return }
        b.call(ARMHelper.writeState.rawValue, value, b.const(.i64, UInt64(mask)))
        flagsChanged(.cells)
        if mask & 2 != 0 { endBehind(&b) }
    }

    // MARK: Coprocessor 15

    /// Registers of cp15 that programs may use: the thread pointers, and the barriers from before there were instructions for them.
    private mutating func coprocessor(_ b: inout IRBlock, _ o: Operands, reads: Bool) -> Bool {
        let place = CoprocessorPlace(o)
        guard o.rt != 15 else { return false }
        switch place {
        case CoprocessorPlace(crn: 13, op1: 0, crm: 0, op2: 2) where model.features.contains(.v6k):
            if reads { writeWide(&b, o.rt, b.read(.i64, ARMRegisters.tpidrurw)) } else { b.write(.i64, ARMRegisters.tpidrurw, readWide(&b, o.rt)) }
        case CoprocessorPlace(crn: 13, op1: 0, crm: 0, op2: 3) where model.features.contains(.v6k) && reads:
            writeWide(&b, o.rt, b.read(.i64, ARMRegisters.tpidruro))
        case CoprocessorPlace(crn: 7, op1: 0, crm: 5, op2: 4) where !reads: synchronize(&b)
        case CoprocessorPlace(crn: 7, op1: 0, crm: 10, op2: 4) where !reads, CoprocessorPlace(crn: 7, op1: 0, crm: 10, op2: 5) where !reads:
            b.fence(.all)
        default: return false
        }
        return true
    }
}

/// A register of cp15 as mrc and mcr name it.
private struct CoprocessorPlace: Equatable {
    let crn: Int, op1: Int, crm: Int, op2: Int

    init(crn: Int, op1: Int, crm: Int, op2: Int) {
        self.crn = crn
        self.op1 = op1
        self.crm = crm
        self.op2 = op2
    }

    init(_ o: Operands) { self.init(crn: o.field(16, 4), op1: o.field(21, 3), crm: o.field(0, 4), op2: o.field(5, 3)) }

    static func ~= (pattern: CoprocessorPlace, place: CoprocessorPlace) -> Bool { pattern == place }
}
