import IR

extension Translator {
    /// Zba, Zbb, Zbc, Zbs, Zicond.
    func bitmanip(_ b: inout IRBlock, _ instruction: BitmanipInstruction, _ o: Operands) -> Bool {
        switch instruction {
        case .sh1add: shiftedAdd(&b, 1, read(&b, o.rs1), o)
        case .sh2add: shiftedAdd(&b, 2, read(&b, o.rs1), o)
        case .sh3add: shiftedAdd(&b, 3, read(&b, o.rs1), o)
        case .add_uw: shiftedAdd(&b, 0, unsignedWord(&b, o), o)
        case .sh1add_uw: shiftedAdd(&b, 1, unsignedWord(&b, o), o)
        case .sh2add_uw: shiftedAdd(&b, 2, unsignedWord(&b, o), o)
        case .sh3add_uw: shiftedAdd(&b, 3, unsignedWord(&b, o), o)
        case .slli_uw: write(&b, o.rd, .i64, b.binary(.shl, .i64, unsignedWord(&b, o), b.const(.i64, UInt64(o.shamt))))
        case .andn: arithmetic(&b, .andNot, word, o)
        case .orn: write(&b, o.rd, word, b.binary(.or, word, read(&b, o.rs1), b.unary(.not, word, read(&b, o.rs2))))
        case .xnor: write(&b, o.rd, word, b.unary(.not, word, b.binary(.xor, word, read(&b, o.rs1), read(&b, o.rs2))))
        case .clz: count(&b, .clz, word, o)
        case .ctz: count(&b, .ctz, word, o)
        case .cpop: count(&b, .popcnt, word, o)
        case .clzw: count(&b, .clz, .i32, o)
        case .ctzw: count(&b, .ctz, .i32, o)
        case .cpopw: count(&b, .popcnt, .i32, o)
        case .max: arithmetic(&b, .maxS, word, o)
        case .maxu: arithmetic(&b, .maxU, word, o)
        case .min: arithmetic(&b, .minS, word, o)
        case .minu: arithmetic(&b, .minU, word, o)
        case .sext_b: write(&b, o.rd, .i8, read(&b, .i8, o.rs1))
        case .sext_h: write(&b, o.rd, .i16, read(&b, .i16, o.rs1))
        case .zext_h: write(&b, o.rd, .i64, b.zext(.i64, read(&b, .i16, o.rs1)))
        case .rol: arithmetic(&b, .rotl, word, o)
        case .rolw: arithmetic(&b, .rotl, .i32, o)
        case .ror: arithmetic(&b, .rotr, word, o)
        case .rorw: arithmetic(&b, .rotr, .i32, o)
        case .rori: shift(&b, .rotr, word, o)
        case .roriw: shift(&b, .rotr, .i32, o)
        case .orc_b: orCombine(&b, o)
        case .rev8: write(&b, o.rd, word, b.unary(.bswap, word, read(&b, o.rs1)))
        case .clmul: arithmetic(&b, .clmul, word, o)
        case .clmulh: arithmetic(&b, .clmulHigh, word, o)
        case .clmulr: carrylessReversed(&b, o)
        case .bclr: singleBit(&b, .andNot, mask(&b, o), o)
        case .bclri: singleBit(&b, .andNot, constantMask(&b, o), o)
        case .binv: singleBit(&b, .xor, mask(&b, o), o)
        case .binvi: singleBit(&b, .xor, constantMask(&b, o), o)
        case .bset: singleBit(&b, .or, mask(&b, o), o)
        case .bseti: singleBit(&b, .or, constantMask(&b, o), o)
        case .bext: extractBit(&b, read(&b, o.rs2), o)
        case .bexti: extractBit(&b, b.const(word, UInt64(o.shamt & (word.bits - 1))), o)
        case .czero_eqz: zeroIf(&b, .eq, o)
        case .czero_nez: zeroIf(&b, .ne, o)
        }
        return true
    }

    private func unsignedWord(_ b: inout IRBlock, _ o: Operands) -> Value { b.zext(.i64, read(&b, .i32, o.rs1)) }

    private func shiftedAdd(_ b: inout IRBlock, _ amount: UInt64, _ left: Value, _ o: Operands) {
        let shifted = amount == 0 ? left : b.binary(.shl, word, left, b.const(word, amount))
        write(&b, o.rd, word, b.add(word, shifted, read(&b, o.rs2)))
    }

    private func count(_ b: inout IRBlock, _ opcode: Opcode, _ type: IRType, _ o: Operands) {
        write(&b, o.rd, type, b.unary(opcode, type, read(&b, type, o.rs1)))
    }

    /// Each byte becomes all ones if it is not zero. A byte's high bit collects whether any of its bits is set; then it is smeared.
    private func orCombine(_ b: inout IRBlock, _ o: Operands) {
        let low7 = b.const(word, 0x7f7f_7f7f_7f7f_7f7f)
        let x = read(&b, o.rs1)
        let carries = b.add(word, b.binary(.and, word, x, low7), low7)
        let high = b.binary(.andNot, word, b.binary(.or, word, carries, x), low7)
        let ones = b.binary(.shrU, word, high, b.const(word, 7))
        write(&b, o.rd, word, b.binary(.mul, word, ones, b.const(word, 255)))
    }

    /// The product's bits 2·XLEN-2 to XLEN-1.
    private func carrylessReversed(_ b: inout IRBlock, _ o: Operands) {
        let left = read(&b, o.rs1), right = read(&b, o.rs2)
        let high = b.binary(.shl, word, b.binary(.clmulHigh, word, left, right), b.const(word, 1))
        let low = b.binary(.shrU, word, b.binary(.clmul, word, left, right), b.const(word, UInt64(word.bits - 1)))
        write(&b, o.rd, word, b.binary(.or, word, high, low))
    }

    private func mask(_ b: inout IRBlock, _ o: Operands) -> Value { b.binary(.shl, word, b.const(word, 1), read(&b, o.rs2)) }

    private func constantMask(_ b: inout IRBlock, _ o: Operands) -> Value { b.const(word, 1 << UInt64(o.shamt & (word.bits - 1))) }

    private func singleBit(_ b: inout IRBlock, _ opcode: Opcode, _ mask: Value, _ o: Operands) {
        write(&b, o.rd, word, b.binary(opcode, word, read(&b, o.rs1), mask))
    }

    private func extractBit(_ b: inout IRBlock, _ index: Value, _ o: Operands) {
        let shifted = b.binary(.shrU, word, read(&b, o.rs1), index)
        write(&b, o.rd, word, b.binary(.and, word, shifted, b.const(word, 1)))
    }

    private func zeroIf(_ b: inout IRBlock, _ condition: Condition, _ o: Operands) {
        let zero = b.const(word, 0)
        let holds = b.compare(.i64, condition, read(&b, o.rs2), zero)
        write(&b, o.rd, word, b.select(word, if: holds, zero, read(&b, o.rs1)))
    }
}
