import Bits
import CPUModel
import IR

extension Translator {
    /// RV32I, RV64I and Zifencei.
    mutating func base(_ b: inout IRBlock, _ instruction: BaseInstruction, _ o: Operands) -> Bool {
        switch instruction {
        case .lui: write(&b, o.rd, constant: wrap(UInt64(bitPattern: o.immU)))
        case .auipc: write(&b, o.rd, constant: wrap(pc &+ UInt64(bitPattern: o.immU)))
        case .jal: return jal(&b, o)
        case .jalr: return jalr(&b, o)
        case .beq: return branch(&b, .eq, o)
        case .bne: return branch(&b, .ne, o)
        case .blt: return branch(&b, .ltS, o)
        case .bge: return branch(&b, .geS, o)
        case .bltu: return branch(&b, .ltU, o)
        case .bgeu: return branch(&b, .geU, o)
        case .lb: load(&b, o, 1, signed: true)
        case .lh: load(&b, o, 2, signed: true)
        case .lw: load(&b, o, 4, signed: true)
        case .ld: load(&b, o, 8, signed: false)
        case .lbu: load(&b, o, 1, signed: false)
        case .lhu: load(&b, o, 2, signed: false)
        case .lwu: load(&b, o, 4, signed: false)
        case .sb: store(&b, o, 1)
        case .sh: store(&b, o, 2)
        case .sw: store(&b, o, 4)
        case .sd: store(&b, o, 8)
        case .addi: immediate(&b, .add, word, o)
        case .slti: setLess(&b, .ltS, o, b.const(word, UInt64(bitPattern: o.immI)))
        case .sltiu: setLess(&b, .ltU, o, b.const(word, UInt64(bitPattern: o.immI)))
        case .xori: immediate(&b, .xor, word, o)
        case .ori: immediate(&b, .or, word, o)
        case .andi: immediate(&b, .and, word, o)
        case .slli: shift(&b, .shl, word, o)
        case .srli: shift(&b, .shrU, word, o)
        case .srai: shift(&b, .shrS, word, o)
        case .add: arithmetic(&b, .add, word, o)
        case .sub: arithmetic(&b, .sub, word, o)
        case .sll: arithmetic(&b, .shl, word, o)
        case .slt: setLess(&b, .ltS, o, read(&b, o.rs2))
        case .sltu: setLess(&b, .ltU, o, read(&b, o.rs2))
        case .xor: arithmetic(&b, .xor, word, o)
        case .srl: arithmetic(&b, .shrU, word, o)
        case .sra: arithmetic(&b, .shrS, word, o)
        case .or: arithmetic(&b, .or, word, o)
        case .and: arithmetic(&b, .and, word, o)
        case .addiw: immediate(&b, .add, .i32, o)
        case .slliw: shift(&b, .shl, .i32, o)
        case .srliw: shift(&b, .shrU, .i32, o)
        case .sraiw: shift(&b, .shrS, .i32, o)
        case .addw: arithmetic(&b, .add, .i32, o)
        case .subw: arithmetic(&b, .sub, .i32, o)
        case .sllw: arithmetic(&b, .shl, .i32, o)
        case .srlw: arithmetic(&b, .shrU, .i32, o)
        case .sraw: arithmetic(&b, .shrS, .i32, o)
        case .fence: fence(&b, o)
        case .fence_i:
            b.call(RISCVHelper.fenceI.rawValue)
            endBehind(&b)
        }
        return true
    }

    /// rd = rs1 op rs2, in a type.
    func arithmetic(_ b: inout IRBlock, _ opcode: Opcode, _ type: IRType, _ o: Operands) {
        let left = read(&b, type, o.rs1)
        let right = read(&b, type, o.rs2)
        write(&b, o.rd, type, b.binary(opcode, type, left, right))
    }

    private func immediate(_ b: inout IRBlock, _ opcode: Opcode, _ type: IRType, _ o: Operands) {
        let left = read(&b, type, o.rs1)
        write(&b, o.rd, type, b.binary(opcode, type, left, b.const(type, UInt64(bitPattern: o.immI))))
    }

    func shift(_ b: inout IRBlock, _ opcode: Opcode, _ type: IRType, _ o: Operands) {
        let left = read(&b, type, o.rs1)
        write(&b, o.rd, type, b.binary(opcode, type, left, b.const(type, UInt64(o.shamt & (type.bits - 1)))))
    }

    private func setLess(_ b: inout IRBlock, _ condition: Condition, _ o: Operands, _ right: Value) {
        let left = read(&b, o.rs1)
        write(&b, o.rd, .i64, b.compare(.i64, condition, left, right))
    }

    private func load(_ b: inout IRBlock, _ o: Operands, _ size: Int, signed: Bool) {
        let (base, displacement) = address(&b, o.rs1, o.immI)
        write(&b, o.rd, .i64, b.load(.i64, base, offset: displacement, memory(size, signed: signed)))
    }

    private func store(_ b: inout IRBlock, _ o: Operands, _ size: Int) {
        let (base, displacement) = address(&b, o.rs1, o.immS)
        let value = read(&b, .i64, o.rs2)
        b.store(.i64, base, offset: displacement, value, memory(size))
    }

    private mutating func jal(_ b: inout IRBlock, _ o: Operands) -> Bool {
        let target = wrap(pc &+ UInt64(bitPattern: o.immJ))
        guard reachable(&b, target) else { return true }
        if o.rd == 0, SideExits.leaps(to: target, from: pc) {
            next = target
            return true
        }
        write(&b, o.rd, constant: next)
        b.goto(target, linkBytes: o.rd == 1 || o.rd == 5 ? next &- pc : 0)
        ended = true
        return true
    }

    private mutating func jalr(_ b: inout IRBlock, _ o: Operands) -> Bool {
        let sum = b.add(word, read(&b, o.rs1), b.const(word, UInt64(bitPattern: o.immI)))
        let even = b.binary(.and, word, sum, b.const(word, ~1))
        let target = rv64 ? even : b.zext(.i64, even)
        if !compressed {
            b.call(RISCVHelper.checkTarget.rawValue, target)
        }
        write(&b, o.rd, constant: next)
        let links = { (register: Int) in register == 1 || register == 5 }
        let hint: JumpHint = links(o.rd) ? .call : links(o.rs1) ? .return : .none
        b.goto(target, hint: hint, returnAddress: next)
        ended = true
        return true
    }

    /// Without C a target must be a multiple of 4; a constant one that is not raises the fault here.
    private mutating func reachable(_ b: inout IRBlock, _ target: UInt64) -> Bool {
        if compressed || target & 3 == 0 { return true }
        b.call(RISCVHelper.checkTarget.rawValue, b.const(.i64, target))
        b.exit(.exception, pc: pc)
        ended = true
        return false
    }

    private mutating func branch(_ b: inout IRBlock, _ condition: Condition, _ o: Operands) -> Bool {
        let left = read(&b, o.rs1)
        let right = read(&b, o.rs2)
        let taken = b.makeLabel()
        b.branch(taken, if: condition, left, right)
        let target = wrap(pc &+ UInt64(bitPattern: o.immB))
        if compressed || target & 3 == 0, sideExits.add(taken, for: target, from: pc) { return true }
        b.goto(next)
        b.place(taken)
        if reachable(&b, target) { b.goto(target) }
        ended = true
        return true
    }

    private func fence(_ b: inout IRBlock, _ o: Operands) {
        var kind: FenceKind = []
        let before = o.bits.bits(24, 4), after = o.bits.bits(20, 4)
        // The bits are, from the lowest: memory writes, memory reads, device output, device input.
        let reads: UInt32 = 0b1010, writes: UInt32 = 0b0101
        if before & reads != 0, after & reads != 0 { kind.insert(.loadLoad) }
        if before & reads != 0, after & writes != 0 { kind.insert(.loadStore) }
        if before & writes != 0, after & reads != 0 { kind.insert(.storeLoad) }
        if before & writes != 0, after & writes != 0 { kind.insert(.storeStore) }
        if !kind.isEmpty { b.fence(kind) }
    }
}
