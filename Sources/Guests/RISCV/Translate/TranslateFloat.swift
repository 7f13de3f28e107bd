import Bits
import IR

/// Operations that F, D and Zfh share, over the float type at hand.
extension Translator {
    /// The attributes of an operation that rounds; nil if the rounding mode is a reserved one.
    private func rounding(_ o: Operands) -> FloatAttributes.Rounding? {
        switch o.rm {
        // JITs name the mode that is in force: the host's instructions round that way.
        case 0: return flags.roundingClass == .nearestEven ? .dynamic : .nearestEven
        case 1: return .towardZero
        case 2: return .down
        case 3: return .up
        case 4: return .nearestAway
        case 7:
            switch flags.roundingClass {
            case .nearestEven, .directed: return .dynamic
            case .nearestAway: return .nearestAway
            case .reserved: return nil
            }
        default: return nil
        }
    }

    func readFloat(_ b: inout IRBlock, _ type: IRType, _ register: Int) -> Value {
        let whole = b.read(.f64, RISCVRegisters.f(register))
        return type == .f64 ? whole : b.unary(.unboxFloat, type, whole)
    }

    func writeFloat(_ b: inout IRBlock, _ register: Int, _ type: IRType, _ value: Value) {
        if !flags.floatDirty { b.call(RISCVHelper.markFloatDirty.rawValue) }
        b.write(.f64, RISCVRegisters.f(register), type == .f64 ? value : b.unary(.boxFloat, .f64, value))
    }

    func loadFloat(_ b: inout IRBlock, _ type: IRType, _ o: Operands) {
        let integer = IRType.integer(bits: type.bits)
        let (base, displacement) = address(&b, o.rs1, o.immI)
        let bits = b.load(integer, base, offset: displacement, memory(type.bytes))
        writeFloat(&b, o.rd, type, b.bitcast(type, bits))
    }

    /// Stores the low bits of the register, boxed or not.
    func storeFloat(_ b: inout IRBlock, _ type: IRType, _ o: Operands) {
        let (base, displacement) = address(&b, o.rs1, o.immS)
        let bits = b.bitcast(.i64, b.read(.f64, RISCVRegisters.f(o.rs2)))
        b.store(.i64, base, offset: displacement, bits, memory(type.bytes))
    }

    func floatBinary(_ b: inout IRBlock, _ opcode: Opcode, _ type: IRType, _ o: Operands) -> Bool {
        guard let rounding = rounding(o) else { return false }
        let left = readFloat(&b, type, o.rs1), right = readFloat(&b, type, o.rs2)
        writeFloat(&b, o.rd, type, b.float(opcode, type, FloatAttributes(rounding: rounding), left, right))
        return true
    }

    func floatRoot(_ b: inout IRBlock, _ type: IRType, _ o: Operands) -> Bool {
        guard let rounding = rounding(o) else { return false }
        writeFloat(&b, o.rd, type, b.float(.fsqrt, type, FloatAttributes(rounding: rounding), readFloat(&b, type, o.rs1)))
        return true
    }

    func floatMultiplyAdd(_ b: inout IRBlock, _ type: IRType, negateProduct: Bool, negateAddend: Bool, _ o: Operands) -> Bool {
        guard let rounding = rounding(o) else { return false }
        let attributes = FloatAttributes(rounding: rounding, negateProduct: negateProduct, negateAddend: negateAddend)
        let first = readFloat(&b, type, o.rs1), second = readFloat(&b, type, o.rs2), third = readFloat(&b, type, o.rs3)
        writeFloat(&b, o.rd, type, b.fma(type, attributes, first, second, third))
        return true
    }

    func floatMinMax(_ b: inout IRBlock, _ opcode: Opcode, _ type: IRType, _ o: Operands) {
        let left = readFloat(&b, type, o.rs1), right = readFloat(&b, type, o.rs2)
        writeFloat(&b, o.rd, type, b.float(opcode, type, FloatAttributes(), left, right))
    }

    enum SignSource { case copy, negate, xor }

    func floatSign(_ b: inout IRBlock, _ source: SignSource, _ type: IRType, _ o: Operands) {
        let integer = IRType.integer(bits: type.bits)
        let signBit = b.const(integer, 1 << UInt64(type.bits - 1))
        let left = b.bitcast(integer, readFloat(&b, type, o.rs1))
        if source == .copy, o.rs1 == o.rs2 { return writeFloat(&b, o.rd, type, b.bitcast(type, left)) }
        let right = b.bitcast(integer, readFloat(&b, type, o.rs2))
        var sign = b.binary(.and, integer, right, signBit)
        if source == .negate { sign = b.binary(.xor, integer, sign, signBit) }
        let result: Value
        if source == .xor {
            result = b.binary(.xor, integer, left, sign)
        } else {
            result = b.binary(.or, integer, b.binary(.andNot, integer, left, signBit), sign)
        }
        writeFloat(&b, o.rd, type, b.bitcast(type, result))
    }

    func floatCompare(_ b: inout IRBlock, _ condition: FloatCondition, signalling: Bool, _ type: IRType, _ o: Operands) {
        let left = readFloat(&b, type, o.rs1), right = readFloat(&b, type, o.rs2)
        write(&b, o.rd, .i64, b.fcompare(.i64, condition, FloatAttributes(signalling: signalling), left, right))
    }

    func floatClass(_ b: inout IRBlock, _ type: IRType, _ o: Operands) {
        write(&b, o.rd, .i64, b.unary(.fclass, .i64, readFloat(&b, type, o.rs1)))
    }

    func floatToInteger(_ b: inout IRBlock, _ integer: IRType, signed: Bool, _ type: IRType, _ o: Operands) -> Bool {
        guard let rounding = rounding(o) else { return false }
        let attributes = FloatAttributes(rounding: rounding, signed: signed, saturation: .nanToMaximum)
        write(&b, o.rd, integer, b.float(.floatToInt, integer, attributes, readFloat(&b, type, o.rs1)))
        return true
    }

    func integerToFloat(_ b: inout IRBlock, _ integer: IRType, signed: Bool, _ type: IRType, _ o: Operands) -> Bool {
        guard let rounding = rounding(o) else { return false }
        let attributes = FloatAttributes(rounding: rounding, signed: signed)
        writeFloat(&b, o.rd, type, b.float(.intToFloat, type, attributes, read(&b, integer, o.rs1)))
        return true
    }

    func convertFloat(_ b: inout IRBlock, from: IRType, to: IRType, _ o: Operands) -> Bool {
        guard let rounding = rounding(o) else { return false }
        writeFloat(&b, o.rd, to, b.float(.fconvert, to, FloatAttributes(rounding: rounding), readFloat(&b, from, o.rs1)))
        return true
    }

    func moveToInteger(_ b: inout IRBlock, _ type: IRType, _ o: Operands) {
        let bits = b.bitcast(.i64, b.read(.f64, RISCVRegisters.f(o.rs1)))
        if type == .f64 { return write(&b, o.rd, .i64, bits) }
        let narrow = IRType.integer(bits: type.bits)
        write(&b, o.rd, narrow, b.trunc(narrow, bits))
    }

    func moveToFloat(_ b: inout IRBlock, _ type: IRType, _ o: Operands) {
        writeFloat(&b, o.rd, type, b.bitcast(type, read(&b, .integer(bits: type.bits), o.rs1)))
    }
}

extension Translator {
    /// F.
    func single(_ b: inout IRBlock, _ instruction: SingleInstruction, _ o: Operands) -> Bool {
        guard flags.floatOn else { return false }
        switch instruction {
        case .flw: loadFloat(&b, .f32, o)
        case .fsw: storeFloat(&b, .f32, o)
        case .fmadd_s: return floatMultiplyAdd(&b, .f32, negateProduct: false, negateAddend: false, o)
        case .fmsub_s: return floatMultiplyAdd(&b, .f32, negateProduct: false, negateAddend: true, o)
        case .fnmsub_s: return floatMultiplyAdd(&b, .f32, negateProduct: true, negateAddend: false, o)
        case .fnmadd_s: return floatMultiplyAdd(&b, .f32, negateProduct: true, negateAddend: true, o)
        case .fadd_s: return floatBinary(&b, .fadd, .f32, o)
        case .fsub_s: return floatBinary(&b, .fsub, .f32, o)
        case .fmul_s: return floatBinary(&b, .fmul, .f32, o)
        case .fdiv_s: return floatBinary(&b, .fdiv, .f32, o)
        case .fsqrt_s: return floatRoot(&b, .f32, o)
        case .fsgnj_s: floatSign(&b, .copy, .f32, o)
        case .fsgnjn_s: floatSign(&b, .negate, .f32, o)
        case .fsgnjx_s: floatSign(&b, .xor, .f32, o)
        case .fmin_s: floatMinMax(&b, .fmin, .f32, o)
        case .fmax_s: floatMinMax(&b, .fmax, .f32, o)
        case .fcvt_w_s: return floatToInteger(&b, .i32, signed: true, .f32, o)
        case .fcvt_wu_s: return floatToInteger(&b, .i32, signed: false, .f32, o)
        case .fcvt_l_s: return floatToInteger(&b, .i64, signed: true, .f32, o)
        case .fcvt_lu_s: return floatToInteger(&b, .i64, signed: false, .f32, o)
        case .fmv_x_w: moveToInteger(&b, .f32, o)
        case .feq_s: floatCompare(&b, .eq, signalling: false, .f32, o)
        case .flt_s: floatCompare(&b, .lt, signalling: true, .f32, o)
        case .fle_s: floatCompare(&b, .le, signalling: true, .f32, o)
        case .fclass_s: floatClass(&b, .f32, o)
        case .fcvt_s_w: return integerToFloat(&b, .i32, signed: true, .f32, o)
        case .fcvt_s_wu: return integerToFloat(&b, .i32, signed: false, .f32, o)
        case .fcvt_s_l: return integerToFloat(&b, .i64, signed: true, .f32, o)
        case .fcvt_s_lu: return integerToFloat(&b, .i64, signed: false, .f32, o)
        case .fmv_w_x: moveToFloat(&b, .f32, o)
        }
        return true
    }

    /// D.
    func double(_ b: inout IRBlock, _ instruction: DoubleInstruction, _ o: Operands) -> Bool {
        guard flags.floatOn else { return false }
        switch instruction {
        case .fld: loadFloat(&b, .f64, o)
        case .fsd: storeFloat(&b, .f64, o)
        case .fmadd_d: return floatMultiplyAdd(&b, .f64, negateProduct: false, negateAddend: false, o)
        case .fmsub_d: return floatMultiplyAdd(&b, .f64, negateProduct: false, negateAddend: true, o)
        case .fnmsub_d: return floatMultiplyAdd(&b, .f64, negateProduct: true, negateAddend: false, o)
        case .fnmadd_d: return floatMultiplyAdd(&b, .f64, negateProduct: true, negateAddend: true, o)
        case .fadd_d: return floatBinary(&b, .fadd, .f64, o)
        case .fsub_d: return floatBinary(&b, .fsub, .f64, o)
        case .fmul_d: return floatBinary(&b, .fmul, .f64, o)
        case .fdiv_d: return floatBinary(&b, .fdiv, .f64, o)
        case .fsqrt_d: return floatRoot(&b, .f64, o)
        case .fsgnj_d: floatSign(&b, .copy, .f64, o)
        case .fsgnjn_d: floatSign(&b, .negate, .f64, o)
        case .fsgnjx_d: floatSign(&b, .xor, .f64, o)
        case .fmin_d: floatMinMax(&b, .fmin, .f64, o)
        case .fmax_d: floatMinMax(&b, .fmax, .f64, o)
        case .fcvt_s_d: return convertFloat(&b, from: .f64, to: .f32, o)
        case .fcvt_d_s: return convertFloat(&b, from: .f32, to: .f64, o)
        case .feq_d: floatCompare(&b, .eq, signalling: false, .f64, o)
        case .flt_d: floatCompare(&b, .lt, signalling: true, .f64, o)
        case .fle_d: floatCompare(&b, .le, signalling: true, .f64, o)
        case .fclass_d: floatClass(&b, .f64, o)
        case .fcvt_w_d: return floatToInteger(&b, .i32, signed: true, .f64, o)
        case .fcvt_wu_d: return floatToInteger(&b, .i32, signed: false, .f64, o)
        case .fcvt_l_d: return floatToInteger(&b, .i64, signed: true, .f64, o)
        case .fcvt_lu_d: return floatToInteger(&b, .i64, signed: false, .f64, o)
        case .fmv_x_d: moveToInteger(&b, .f64, o)
        case .fcvt_d_w: return integerToFloat(&b, .i32, signed: true, .f64, o)
        case .fcvt_d_wu: return integerToFloat(&b, .i32, signed: false, .f64, o)
        case .fcvt_d_l: return integerToFloat(&b, .i64, signed: true, .f64, o)
        case .fcvt_d_lu: return integerToFloat(&b, .i64, signed: false, .f64, o)
        case .fmv_d_x: moveToFloat(&b, .f64, o)
        }
        return true
    }

    /// Zfh and Zfhmin.
    func half(_ b: inout IRBlock, _ instruction: HalfInstruction, _ o: Operands) -> Bool {
        guard flags.floatOn else { return false }
        switch instruction {
        case .flh: loadFloat(&b, .f16, o)
        case .fsh: storeFloat(&b, .f16, o)
        case .fmadd_h: return floatMultiplyAdd(&b, .f16, negateProduct: false, negateAddend: false, o)
        case .fmsub_h: return floatMultiplyAdd(&b, .f16, negateProduct: false, negateAddend: true, o)
        case .fnmsub_h: return floatMultiplyAdd(&b, .f16, negateProduct: true, negateAddend: false, o)
        case .fnmadd_h: return floatMultiplyAdd(&b, .f16, negateProduct: true, negateAddend: true, o)
        case .fadd_h: return floatBinary(&b, .fadd, .f16, o)
        case .fsub_h: return floatBinary(&b, .fsub, .f16, o)
        case .fmul_h: return floatBinary(&b, .fmul, .f16, o)
        case .fdiv_h: return floatBinary(&b, .fdiv, .f16, o)
        case .fsqrt_h: return floatRoot(&b, .f16, o)
        case .fsgnj_h: floatSign(&b, .copy, .f16, o)
        case .fsgnjn_h: floatSign(&b, .negate, .f16, o)
        case .fsgnjx_h: floatSign(&b, .xor, .f16, o)
        case .fmin_h: floatMinMax(&b, .fmin, .f16, o)
        case .fmax_h: floatMinMax(&b, .fmax, .f16, o)
        case .fcvt_s_h: return convertFloat(&b, from: .f16, to: .f32, o)
        case .fcvt_h_s: return convertFloat(&b, from: .f32, to: .f16, o)
        case .fcvt_d_h: return convertFloat(&b, from: .f16, to: .f64, o)
        case .fcvt_h_d: return convertFloat(&b, from: .f64, to: .f16, o)
        case .feq_h: floatCompare(&b, .eq, signalling: false, .f16, o)
        case .flt_h: floatCompare(&b, .lt, signalling: true, .f16, o)
        case .fle_h: floatCompare(&b, .le, signalling: true, .f16, o)
        case .fclass_h: floatClass(&b, .f16, o)
        case .fcvt_w_h: return floatToInteger(&b, .i32, signed: true, .f16, o)
        case .fcvt_wu_h: return floatToInteger(&b, .i32, signed: false, .f16, o)
        case .fcvt_l_h: return floatToInteger(&b, .i64, signed: true, .f16, o)
        case .fcvt_lu_h: return floatToInteger(&b, .i64, signed: false, .f16, o)
        case .fmv_x_h: moveToInteger(&b, .f16, o)
        case .fcvt_h_w: return integerToFloat(&b, .i32, signed: true, .f16, o)
        case .fcvt_h_wu: return integerToFloat(&b, .i32, signed: false, .f16, o)
        case .fcvt_h_l: return integerToFloat(&b, .i64, signed: true, .f16, o)
        case .fcvt_h_lu: return integerToFloat(&b, .i64, signed: false, .f16, o)
        case .fmv_h_x: moveToFloat(&b, .f16, o)
        }
        return true
    }
}
