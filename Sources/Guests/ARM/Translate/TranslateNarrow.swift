import Bits
import IR

/// The operand fields of T16.
extension Operands {
    fileprivate var d3: Int { field(0, 3) }
    fileprivate var n3: Int { field(3, 3) }
    fileprivate var m3: Int { field(6, 3) }
    fileprivate var d8: Int { field(8, 3) }
    fileprivate var imm8: UInt32 { bits.bits(0, 8) }
    fileprivate var imm5: UInt32 { bits.bits(6, 5) }
    /// Four bits: H and the low three.
    fileprivate var high: Int { field(7, 1) << 3 | field(0, 3) }
    fileprivate var m4: Int { field(3, 4) }
}

extension Translator {
    /// T16. Outside IT blocks data processing sets the flags, inside it does not.
    mutating func narrow(_ b: inout IRBlock, _ instruction: NarrowInstruction, _ o: Operands) -> Bool {
        let sets = it == 0
        func immediate(_ b: inout IRBlock, _ value: UInt32) -> ShiftedOperand { ShiftedOperand(value: constant(&b, value)) }
        switch instruction {
        case .lsl_imm, .lsr_imm, .asr_imm:
            compute(&b, .mov, setsFlags: sets, 0, o.d3, shifted(&b, read(&b, o.n3), o.field(11, 2), by: Int(o.imm5), wantsCarry: sets))
        case .add_reg: compute(&b, .add, setsFlags: sets, o.n3, o.d3, ShiftedOperand(value: read(&b, o.m3)))
        case .sub_reg: compute(&b, .sub, setsFlags: sets, o.n3, o.d3, ShiftedOperand(value: read(&b, o.m3)))
        case .add_imm3: compute(&b, .add, setsFlags: sets, o.n3, o.d3, immediate(&b, UInt32(o.m3)))
        case .sub_imm3: compute(&b, .sub, setsFlags: sets, o.n3, o.d3, immediate(&b, UInt32(o.m3)))
        case .mov_imm8: compute(&b, .mov, setsFlags: sets, 0, o.d8, immediate(&b, o.imm8))
        case .cmp_imm8: compute(&b, .cmp, setsFlags: true, o.d8, 0, immediate(&b, o.imm8))
        case .add_imm8: compute(&b, .add, setsFlags: sets, o.d8, o.d8, immediate(&b, o.imm8))
        case .sub_imm8: compute(&b, .sub, setsFlags: sets, o.d8, o.d8, immediate(&b, o.imm8))
        case .and, .eor, .adc, .sbc, .tst, .cmp, .cmn, .orr, .bic, .mvn:
            guard let operation = narrowOperation(instruction) else { return false }
            compute(&b, operation, setsFlags: sets || operation.isTest, o.d3, o.d3, ShiftedOperand(value: read(&b, o.n3)))
        case .lsl, .lsr, .asr, .ror:
            let kind: ShiftKind = instruction == .lsl ? .lsl : instruction == .lsr ? .lsr : instruction == .asr ? .asr : .ror
            compute(&b, .mov, setsFlags: sets, 0, o.d3, shifted(&b, read(&b, o.d3), kind.rawValue, byRegister: o.n3, wantsCarry: sets))
        case .rsb: compute(&b, .rsb, setsFlags: sets, o.n3, o.d3, immediate(&b, 0))
        case .mul:
            let product = b.binary(.mul, .i32, read(&b, o.d3), read(&b, o.n3))
            write(&b, o.d3, product)
            if sets { setResult(&b, product) }
        case .add_hi: compute(&b, .add, setsFlags: false, o.high, o.high, ShiftedOperand(value: read(&b, o.m4)))
        case .cmp_hi: compute(&b, .cmp, setsFlags: true, o.high, 0, ShiftedOperand(value: read(&b, o.m4)))
        case .mov_hi: compute(&b, .mov, setsFlags: false, 0, o.high, ShiftedOperand(value: read(&b, o.m4)))
        case .adr: writeWide(&b, o.d8, b.const(.i64, UInt64(visiblePC & ~3 &+ 4 * o.imm8)))
        case .add_sp: write(&b, o.d8, b.add(.i32, read(&b, 13), constant(&b, 4 * o.imm8)))
        case .add_sp7: write(&b, 13, b.add(.i32, read(&b, 13), constant(&b, 4 * o.bits.bits(0, 7))))
        case .sub_sp7: write(&b, 13, b.sub(.i32, read(&b, 13), constant(&b, 4 * o.bits.bits(0, 7))))
        case .sxth: write(&b, o.d3, extended(&b, read(&b, o.n3), count: 16, signed: true))
        case .sxtb: write(&b, o.d3, extended(&b, read(&b, o.n3), count: 8, signed: true))
        case .uxth: write(&b, o.d3, extended(&b, read(&b, o.n3), count: 16, signed: false))
        case .uxtb: write(&b, o.d3, extended(&b, read(&b, o.n3), count: 8, signed: false))
        case .rev: write(&b, o.d3, b.unary(.bswap, .i32, read(&b, o.n3)))
        case .rev16: write(&b, o.d3, reverseHalves(&b, read(&b, o.n3)))
        case .revsh: write(&b, o.d3, reverseSigned(&b, read(&b, o.n3)))
        case .it: return ifThen(o)
        default: return narrowLeaving(&b, instruction, o)
        }
        return true
    }

    /// What accesses memory or goes elsewhere.
    private mutating func narrowLeaving(_ b: inout IRBlock, _ instruction: NarrowInstruction, _ o: Operands) -> Bool {
        func transfer(_ register: Int, _ size: Int, signed: Bool = false, loads: Bool) -> Transfer {
            Transfer(register: register, size: size, isSigned: signed, loads: loads)
        }
        switch instruction {
        case .ldr_lit: access(&b, transfer(o.d8, 4, loads: true), literal(&b, up: true, 4 * o.imm8))
        case .str_r: access(&b, transfer(o.d3, 4, loads: false), indexedByRegister(&b, o))
        case .strh_r: access(&b, transfer(o.d3, 2, loads: false), indexedByRegister(&b, o))
        case .strb_r: access(&b, transfer(o.d3, 1, loads: false), indexedByRegister(&b, o))
        case .ldrsb_r: access(&b, transfer(o.d3, 1, signed: true, loads: true), indexedByRegister(&b, o))
        case .ldr_r: access(&b, transfer(o.d3, 4, loads: true), indexedByRegister(&b, o))
        case .ldrh_r: access(&b, transfer(o.d3, 2, loads: true), indexedByRegister(&b, o))
        case .ldrb_r: access(&b, transfer(o.d3, 1, loads: true), indexedByRegister(&b, o))
        case .ldrsh_r: access(&b, transfer(o.d3, 2, signed: true, loads: true), indexedByRegister(&b, o))
        case .str, .ldr: access(&b, transfer(o.d3, 4, loads: o.bit(11)), address(&b, o.n3, .immediate(true, 4 * o.imm5)))
        case .strb, .ldrb: access(&b, transfer(o.d3, 1, loads: o.bit(11)), address(&b, o.n3, .immediate(true, o.imm5)))
        case .strh, .ldrh: access(&b, transfer(o.d3, 2, loads: o.bit(11)), address(&b, o.n3, .immediate(true, 2 * o.imm5)))
        case .str_sp, .ldr_sp: access(&b, transfer(o.d8, 4, loads: o.bit(11)), address(&b, 13, .immediate(true, 4 * o.imm8)))
        case .push, .pop:
            let registers = o.field(0, 8) | o.field(8, 1) << (instruction == .push ? 14 : 15)
            guard registers != 0 else { return false }
            let pushes = instruction == .push
            multiple(&b, base: 13, registers: registers, loads: !pushes, increments: !pushes, before: pushes, writesBack: true)
        case .stm, .ldm:
            guard o.field(0, 8) != 0 else { return false }
            let writesBack = instruction == .stm || !o.field(0, 8).bit(o.d8)
            multiple(&b, base: o.d8, registers: o.field(0, 8), loads: instruction == .ldm, increments: true, before: false, writesBack: writesBack)
        case .bx: exchange(&b, read(&b, o.m4), hint: o.m4 == ARMRegisters.lr ? .return : .none)
        case .blx:
            guard o.m4 != 15 else { return false }
            call(&b, o.m4)
        case .cbz, .cbnz:
            guard it == 0 else { return false }
            let distance = Int64(o.field(9, 1) << 6 | o.field(3, 5) << 1)
            branch(&b, if: Test(instruction == .cbz ? .eq : .ne, read(&b, o.d3), b.const(.i32, 0)), to: target(distance))
        case .b_cond:
            guard it == 0 else { return false }
            branch(&b, if: test(&b, o.field(8, 4)), to: target(o.signed(0, 8) << 1))
        case .b: follow(&b, to: narrowTarget(o))
        case .svc: supervisorCall(&b)
        case .bkpt: raise(&b, .breakpoint, status: ARMFaultStatus.debug)
        case .setend:
            guard it == 0 else { return false }
            setEndian(&b, o.bit(3))
        case .hint: hint(&b, o.field(4, 4))
        case .cps: changeState(&b, masks: o.bit(4) ? .disable : .enable, UInt64(o.field(0, 3)), mode: nil)
        default: return false
        }
        return true
    }

    private func indexedByRegister(_ b: inout IRBlock, _ o: Operands) -> MemoryAddress {
        MemoryAddress(base: b.zext(.i64, b.add(.i32, read(&b, o.n3), read(&b, o.m3))))
    }

    private func narrowOperation(_ instruction: NarrowInstruction) -> DataOperation? {
        switch instruction {
        case .and: .and
        case .eor: .eor
        case .adc: .adc
        case .sbc: .sbc
        case .tst: .tst
        case .cmp: .cmp
        case .cmn: .cmn
        case .orr: .orr
        case .bic: .bic
        case .mvn: .mvn
        default: nil
        }
    }

    /// Begins an IT block: what follows depends on conditions.
    private mutating func ifThen(_ o: Operands) -> Bool {
        guard it == 0, o.field(4, 4) != 15, o.field(4, 4) != 14 || o.field(0, 4).nonzeroBitCount == 1 else { return false }
        nextIT = UInt8(o.field(0, 8))
        return true
    }

    func narrowTarget(_ o: Operands) -> UInt64 { target(o.signed(0, 11) << 1) }

    /// Whether an instruction in an IT block does nothing but set a general register.
    func narrowChooses(_ instruction: NarrowInstruction, _ o: Operands) -> Bool {
        switch instruction {
        case .tst, .cmp, .cmn, .cmp_imm8, .cmp_hi, .it: false
        case .add_hi, .mov_hi: o.high != 15
        default: !narrowMayLeave(instruction)
        }
    }

    /// Whether an instruction accesses memory, goes elsewhere or may be undefined.
    func narrowMayLeave(_ instruction: NarrowInstruction) -> Bool {
        instruction.rawValue >= NarrowInstruction.push.rawValue && ![.rev, .rev16, .revsh, .it].contains(instruction)
            || instruction.rawValue >= NarrowInstruction.bx.rawValue && instruction.rawValue <= NarrowInstruction.ldr_sp.rawValue
            || [.add_hi, .mov_hi, .cbz, .cbnz].contains(instruction)
    }
}
