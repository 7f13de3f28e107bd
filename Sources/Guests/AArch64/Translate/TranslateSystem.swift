import Bits
import CPUModel
import IR

/// System registers by op0, op1, CRn, CRm and op2, packed as mrs and msr hold them from bit 5 on, with op0's high bit.
enum SystemRegister: Int {
    case nzcv = 0xda10, daif = 0xda11, dit = 0xda15, ssbs = 0xda16, fpcr = 0xda20, fpsr = 0xda21
    case ctr = 0xd801, dczid = 0xd807, rndr = 0xd920, rndrrs = 0xd921
    case tpidr = 0xde82, tpidrro = 0xde83
    case cntfrq = 0xdf00, cntpct = 0xdf01, cntvct = 0xdf02

    /// op0 = 3, op1 = 0, CRn = 0: the registers that identify the element.
    static func isIdentification(_ number: Int) -> Bool { number & 0xff80 == 0xc000 }
}

/// Operations of `sys` that EL0 may use: op1, CRn, CRm, op2.
private enum SystemOperation: Int {
    case icIVAU = 0b011_0111_0101_001, dcZVA = 0b011_0111_0100_001
    case dcCVAC = 0b011_0111_1010_001, dcCVAU = 0b011_0111_1011_001, dcCVAP = 0b011_0111_1100_001, dcCVADP = 0b011_0111_1101_001
    case dcCIVAC = 0b011_0111_1110_001
}

extension Translator {
    /// Bytes that `dc zva` clears (DCZID_EL0.BS = 4).
    static let zeroBlock = 64

    /// Barriers, PSTATE and system registers.
    mutating func system(_ b: inout IRBlock, _ instruction: BranchInstruction, _ o: Operands) -> Bool {
        switch instruction {
        case .clrex: b.call(AArch64Helper.clearExclusive.rawValue)
        case .dsb: b.fence(.all)
        case .dmb: b.fence(o.field(8, 2) == 1 ? [.loadLoad, .loadStore] : o.field(8, 2) == 2 ? .storeStore : .all)
        case .isb, .sb: endBehind(&b)
        case .cfinv: setFlags(&b, explicit: b.binary(.xor, .i64, nzcv(&b), b.const(.i64, 2)))
        case .xaflag: convertFlags(&b, toArm: true)
        case .axflag: convertFlags(&b, toArm: false)
        case .msr_ssbs: setProcessState(&b, .ssbs, b.const(.i64, UInt64(o.field(8, 1)) << 12))
        case .msr_dit: setProcessState(&b, .dit, b.const(.i64, UInt64(o.field(8, 1)) << 24))
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

    private func setProcessState(_ b: inout IRBlock, _ register: SystemRegister, _ value: Value) {
        b.call(AArch64Helper.writeSystem.rawValue, b.const(.i64, UInt64(register.rawValue)), value)
    }

    // MARK: Registers

    private mutating func readSystemRegister(_ b: inout IRBlock, _ o: Operands) -> Bool {
        let number = o.field(5, 16)
        if SystemRegister.isIdentification(number) {
            write(&b, o.rd, .i64, b.const(.i64, model.identification(number)))
            return true
        }
        guard let register = SystemRegister(rawValue: number) else { return false }
        switch register {
        case .nzcv: write(&b, o.rd, .i64, b.binary(.shl, .i64, nzcv(&b), b.const(.i64, 28)))
        case .ctr: write(&b, o.rd, .i64, b.const(.i64, model.ctr))
        case .dczid: write(&b, o.rd, .i64, b.const(.i64, 4))
        case .cntfrq: write(&b, o.rd, .i64, b.const(.i64, AArch64CPU.counterFrequency))
        case .tpidr: write(&b, o.rd, .i64, b.read(.i64, AArch64Registers.tpidr))
        case .tpidrro: write(&b, o.rd, .i64, b.read(.i64, AArch64Registers.tpidrro))
        case .rndr, .rndrrs:
            guard model.features.contains(.rng) else { return false }
            write(&b, o.rd, .i64, readSystem(&b, register))
            setFlags(&b, explicit: b.const(.i64, 0))
        case .fpcr, .fpsr, .cntvct: write(&b, o.rd, .i64, readSystem(&b, register))
        case .dit, .ssbs:
            guard model.features.contains(register == .dit ? .dit : .ssbs) else { return false }
            write(&b, o.rd, .i64, readSystem(&b, register))
        // Of EL1 as Linux sets it up.
        case .daif, .cntpct: return false
        }
        return true
    }

    private func readSystem(_ b: inout IRBlock, _ register: SystemRegister) -> Value {
        b.call(AArch64Helper.readSystem.rawValue, b.const(.i64, UInt64(register.rawValue)))
    }

    private mutating func writeSystemRegister(_ b: inout IRBlock, _ o: Operands) -> Bool {
        guard let register = SystemRegister(rawValue: o.field(5, 16)) else { return false }
        let value = read(&b, .i64, o.rd)
        switch register {
        case .nzcv: setFlags(&b, explicit: b.extract(.i64, value, low: 28, count: 4))
        case .tpidr: b.write(.i64, AArch64Registers.tpidr, value)
        case .fpcr:
            setProcessState(&b, register, value)
            endBehind(&b)
        case .fpsr: setProcessState(&b, register, value)
        case .dit, .ssbs:
            guard model.features.contains(register == .dit ? .dit : .ssbs) else { return false }
            setProcessState(&b, register, value)
        case .daif, .ctr, .dczid, .rndr, .rndrrs, .tpidrro, .cntfrq, .cntpct, .cntvct: return false
        }
        return true
    }

    // MARK: Caches

    /// Host caches are coherent: cleaning touches the address, so that it faults where it should.
    private mutating func operation(_ b: inout IRBlock, _ o: Operands) -> Bool {
        guard let operation = SystemOperation(rawValue: o.field(5, 14)) else { return false }
        switch operation {
        case .dcZVA:
            let start = b.binary(.and, .i64, untagged(&b, read(&b, .i64, o.rd)), b.const(.i64, ~UInt64(Translator.zeroBlock - 1)))
            for part in 0..<Translator.zeroBlock / 8 {
                b.store(.i64, start, offset: Int64(8 * part), b.const(.i64, 0), MemoryOperation(8))
            }
        case .icIVAU:
            b.call(AArch64Helper.synchronizeCode.rawValue)
            endBehind(&b)
        case .dcCVAP, .dcCVADP:
            guard model.features.contains(operation == .dcCVAP ? .dpb : .dpb2) else { return false }
            touch(&b, o)
        case .dcCVAC, .dcCVAU, .dcCIVAC: touch(&b, o)
        }
        return true
    }

    private func touch(_ b: inout IRBlock, _ o: Operands) {
        _ = b.load(.i64, untagged(&b, read(&b, .i64, o.rd)), MemoryOperation(1))
    }
}
