import IR

extension Translator {
    /// M.
    func multiply(_ b: inout IRBlock, _ instruction: MultiplyInstruction, _ o: Operands) -> Bool {
        switch instruction {
        case .mul: arithmetic(&b, .mul, word, o)
        case .mulh: arithmetic(&b, .mulHighS, word, o)
        case .mulhsu: arithmetic(&b, .mulHighSU, word, o)
        case .mulhu: arithmetic(&b, .mulHighU, word, o)
        case .div: divide(&b, .divS, word, o)
        case .divu: divide(&b, .divU, word, o)
        case .rem: divide(&b, .remS, word, o)
        case .remu: divide(&b, .remU, word, o)
        case .mulw: arithmetic(&b, .mul, .i32, o)
        case .divw: divide(&b, .divS, .i32, o)
        case .divuw: divide(&b, .divU, .i32, o)
        case .remw: divide(&b, .remS, .i32, o)
        case .remuw: divide(&b, .remU, .i32, o)
        }
        return true
    }

    private func divide(_ b: inout IRBlock, _ opcode: Opcode, _ type: IRType, _ o: Operands) {
        let left = read(&b, type, o.rs1)
        let right = read(&b, type, o.rs2)
        write(&b, o.rd, type, b.divide(opcode, type, left, right, .allOnes))
    }

    /// A, Zacas, Zawrs.
    mutating func atomic(_ b: inout IRBlock, _ instruction: AtomicInstruction, _ o: Operands) -> Bool {
        switch instruction {
        case .lr_w: loadReserved(&b, .i32, o)
        case .sc_w: storeConditional(&b, .i32, o)
        case .amoswap_w: modify(&b, .exchange, .i32, o)
        case .amoadd_w: modify(&b, .add, .i32, o)
        case .amoxor_w: modify(&b, .xor, .i32, o)
        case .amoand_w: modify(&b, .and, .i32, o)
        case .amoor_w: modify(&b, .or, .i32, o)
        case .amomin_w: modify(&b, .minS, .i32, o)
        case .amomax_w: modify(&b, .maxS, .i32, o)
        case .amominu_w: modify(&b, .minU, .i32, o)
        case .amomaxu_w: modify(&b, .maxU, .i32, o)
        case .lr_d: loadReserved(&b, .i64, o)
        case .sc_d: storeConditional(&b, .i64, o)
        case .amoswap_d: modify(&b, .exchange, .i64, o)
        case .amoadd_d: modify(&b, .add, .i64, o)
        case .amoxor_d: modify(&b, .xor, .i64, o)
        case .amoand_d: modify(&b, .and, .i64, o)
        case .amoor_d: modify(&b, .or, .i64, o)
        case .amomin_d: modify(&b, .minS, .i64, o)
        case .amomax_d: modify(&b, .maxS, .i64, o)
        case .amominu_d: modify(&b, .minU, .i64, o)
        case .amomaxu_d: modify(&b, .maxU, .i64, o)
        case .amocas_w: compareAndSwap(&b, .i32, o)
        case .amocas_d:
            if rv64 { compareAndSwap(&b, .i64, o) } else { return compareAndSwapPair(&b, half: .i32, whole: .i64, o) }
        case .amocas_q: return compareAndSwapPair(&b, half: .i64, whole: .i128, o)
        case .wrs_nto, .wrs_sto:
            b.call(RISCVHelper.waitOnReservation.rawValue)
            endBehind(&b)
        }
        return true
    }

    private func atomicAccess(_ type: IRType, _ o: Operands) -> MemoryOperation {
        memory(type.bytes, alignment: .fault, order: .sequential)
    }

    private func loadReserved(_ b: inout IRBlock, _ type: IRType, _ o: Operands) {
        let (base, _) = address(&b, o.rs1, 0)
        write(&b, o.rd, type, b.loadLinked(type, base, atomicAccess(type, o)))
    }

    private func storeConditional(_ b: inout IRBlock, _ type: IRType, _ o: Operands) {
        let (base, _) = address(&b, o.rs1, 0)
        let value = read(&b, type, o.rs2)
        write(&b, o.rd, type, b.storeConditional(type, base, value, atomicAccess(type, o)))
    }

    private func modify(_ b: inout IRBlock, _ operation: AtomicOperation, _ type: IRType, _ o: Operands) {
        let (base, _) = address(&b, o.rs1, 0)
        let value = read(&b, type, o.rs2)
        write(&b, o.rd, type, b.atomic(type, operation, base, value, atomicAccess(type, o)))
    }

    private func compareAndSwap(_ b: inout IRBlock, _ type: IRType, _ o: Operands) {
        let (base, _) = address(&b, o.rs1, 0)
        let expected = read(&b, type, o.rd)
        let new = read(&b, type, o.rs2)
        write(&b, o.rd, type, b.compareExchange(type, base, expected: expected, new: new, atomicAccess(type, o)))
    }

    /// Twice XLEN, in even-odd register pairs; a pair that starts at x0 reads as zero and is not written.
    private func compareAndSwapPair(_ b: inout IRBlock, half: IRType, whole: IRType, _ o: Operands) -> Bool {
        guard o.rd & 1 == 0, o.rs2 & 1 == 0 else { return false }
        let (base, _) = address(&b, o.rs1, 0)
        let expected = pair(&b, o.rd, half, whole)
        let new = pair(&b, o.rs2, half, whole)
        let old = b.compareExchange(whole, base, expected: expected, new: new, atomicAccess(whole, o))
        if o.rd != 0 {
            write(&b, o.rd, half, b.trunc(half, old))
            let high = b.binary(.shrU, whole, old, b.const(whole, UInt64(half.bits)))
            write(&b, o.rd + 1, half, b.trunc(half, high))
        }
        return true
    }

    private func pair(_ b: inout IRBlock, _ register: Int, _ half: IRType, _ whole: IRType) -> Value {
        let low = b.zext(whole, read(&b, half, register))
        let high = b.zext(whole, register == 0 ? b.const(half, 0) : read(&b, half, register + 1))
        return b.binary(.or, whole, low, b.binary(.shl, whole, high, b.const(whole, UInt64(half.bits))))
    }
}
