import Bits
import IR

extension Translator {
    /// VFP.
    mutating func float(_ b: inout IRBlock, _ instruction: FloatInstruction, _ o: Operands) -> Bool {
        let type = o.precision
        guard hasRegisters(instruction, o, type) else { return false }
        // Half precision has no conditional form.
        if type == .f16, !o.isThumb, o.field(28, 4) < 14, instruction.rawValue < FloatInstruction.vmov_single.rawValue { return false }
        switch instruction {
        case .vadd: binary(&b, .fadd, type, o)
        case .vsub: binary(&b, .fsub, type, o)
        case .vmul: binary(&b, .fmul, type, o)
        case .vdiv: binary(&b, .fdiv, type, o)
        case .vnmul: setD(&b, type, o, negated(&b, type, product(&b, type, o)))
        case .vmla: accumulate(&b, type, o, negatesProduct: false, negatesAddend: false)
        case .vmls: accumulate(&b, type, o, negatesProduct: true, negatesAddend: false)
        case .vnmla: accumulate(&b, type, o, negatesProduct: true, negatesAddend: true)
        case .vnmls: accumulate(&b, type, o, negatesProduct: false, negatesAddend: true)
        case .vfma: fused(&b, type, o, negatesProduct: false, negatesAddend: false)
        case .vfms: fused(&b, type, o, negatesProduct: true, negatesAddend: false)
        case .vfnma: fused(&b, type, o, negatesProduct: true, negatesAddend: true)
        case .vfnms: fused(&b, type, o, negatesProduct: false, negatesAddend: true)
        case .vmaxnm: binary(&b, .fmax, type, o, minMax: .quietNumber)
        case .vminnm: binary(&b, .fmin, type, o, minMax: .quietNumber)
        case .vmov_imm:
            let bits = expandFloatImmediate(o.field(16, 4) << 4 | o.field(0, 4), type)
            setD(&b, type, o, b.bitcast(type, b.const(.integer(bits: type.bits), bits)))
        case .vmov_reg: setD(&b, type, o, readFloat(&b, type, o.vm(type)))
        case .vabs, .vneg:
            let bits = readBits(&b, .integer(bits: type.bits), o.vm(type))
            let result = b.binary(instruction == .vabs ? .andNot : .xor, .integer(bits: type.bits), bits, signBit(&b, type))
            setD(&b, type, o, b.bitcast(type, result))
        case .vsqrt: setD(&b, type, o, b.float(.fsqrt, type, attributes(type), readFloat(&b, type, o.vm(type))))
        case .vcmp: compare(&b, type, o, readFloat(&b, type, o.vm(type)))
        case .vcmp_zero: compare(&b, type, o, b.bitcast(type, b.const(.integer(bits: type.bits), 0)))
        case .vrintr: round(&b, type, o, .dynamic)
        case .vrintz: round(&b, type, o, .towardZero)
        case .vrintx: round(&b, type, o, .dynamic, exact: true)
        case .vrint: round(&b, type, o, FloatAttributes.Rounding.v8[o.field(16, 2)])
        case .vsel: select(&b, type, o)
        default: return convert(&b, instruction, type, o)
        }
        return true
    }

    /// Whether the registers are there: D16 to D31 not everywhere. Vectors of VFPv2 are not supported.
    private func hasRegisters(_ instruction: FloatInstruction, _ o: Operands, _ type: IRType) -> Bool {
        if flags.vectorLength > 1, instruction.rawValue <= FloatInstruction.vcmp_zero.rawValue { return false }
        guard type == .f64, !model.features.contains(.doublewords32) else { return true }
        switch instruction {
        case .vmrs, .vmsr, .vmov_single, .vmov_pair, .vcvt_width: return true
        case .vcvt_fromint: return !o.bit(22)
        case .vcvt_toint: return !o.bit(5)
        case .vldm_ia, .vldm_db, .vstm_ia, .vstm_db: return !o.bit(22) && o.field(12, 4) + o.field(1, 7) <= 16
        case .vldr, .vstr: return !o.bit(22)
        case .vmov_toscalar, .vmov_fromscalar: return !o.bit(7)
        case .vmov_doublepair: return !o.bit(5)
        default: return !(o.bit(22) || o.bit(5) || o.bit(7) && instruction.rawValue <= FloatInstruction.vfnms.rawValue)
        }
    }

    // MARK: Attributes

    /// The NaN rule, tininess and flushing of VFP's arithmetic on a type. Conversions between types count as f64; nil where nothing can be subnormal.
    func attributes(
        _ type: IRType?, _ rounding: FloatAttributes.Rounding = .dynamic, signalling: Bool = false, signed: Bool = false, inexactSilent: Bool = false,
        silent: Bool = false, minMax: FloatAttributes.MinMaxRule = .number, saturates: Bool = false
    ) -> FloatAttributes {
        FloatAttributes(
            rounding: rounding, nan: flags.defaultNaN ? .canonical : .arm, tinyBefore: true, silent: silent, signalling: signalling,
            signed: signed, saturation: saturates ? .nanToZero : .nanToMaximum, inexactSilent: inexactSilent, minMax: minMax,
            flushes: type.map(flags.flushes) ?? false)
    }

    // MARK: Arithmetic

    func setD(_ b: inout IRBlock, _ type: IRType, _ o: Operands, _ value: Value) { writeFloat(&b, o.vd(type), type, value) }

    private func signBit(_ b: inout IRBlock, _ type: IRType) -> Value { b.const(.integer(bits: type.bits), 1 << UInt64(type.bits - 1)) }

    /// With the sign turned round, a NaN's too.
    private func negated(_ b: inout IRBlock, _ type: IRType, _ value: Value) -> Value {
        let integer = IRType.integer(bits: type.bits)
        let sign = signBit(&b, type)
        return b.bitcast(type, b.binary(.xor, integer, b.bitcast(integer, value), sign))
    }

    private func binary(_ b: inout IRBlock, _ opcode: Opcode, _ type: IRType, _ o: Operands, minMax: FloatAttributes.MinMaxRule = .number) {
        let left = readFloat(&b, type, o.vn(type)), right = readFloat(&b, type, o.vm(type))
        setD(&b, type, o, b.float(opcode, type, attributes(type, minMax: minMax), left, right))
    }

    private func product(_ b: inout IRBlock, _ type: IRType, _ o: Operands) -> Value {
        b.float(.fmul, type, attributes(type), readFloat(&b, type, o.vn(type)), readFloat(&b, type, o.vm(type)))
    }

    /// The product is rounded before it is added.
    private func accumulate(_ b: inout IRBlock, _ type: IRType, _ o: Operands, negatesProduct: Bool, negatesAddend: Bool) {
        var product = product(&b, type, o), addend = readFloat(&b, type, o.vd(type))
        if negatesProduct { product = negated(&b, type, product) }
        if negatesAddend { addend = negated(&b, type, addend) }
        setD(&b, type, o, b.float(.fadd, type, attributes(type), addend, product))
    }

    /// Operands are negated before they are multiplied, so that a NaN among them is, too.
    private func fused(_ b: inout IRBlock, _ type: IRType, _ o: Operands, negatesProduct: Bool, negatesAddend: Bool) {
        var first = readFloat(&b, type, o.vn(type)), addend = readFloat(&b, type, o.vd(type))
        let second = readFloat(&b, type, o.vm(type))
        if negatesProduct { first = negated(&b, type, first) }
        if negatesAddend { addend = negated(&b, type, addend) }
        setD(&b, type, o, b.fma(type, attributes(type), first, second, addend))
    }

    private func round(_ b: inout IRBlock, _ type: IRType, _ o: Operands, _ rounding: FloatAttributes.Rounding, exact: Bool = false) {
        let value = readFloat(&b, type, o.vm(type))
        setD(&b, type, o, b.float(.froundInt, type, attributes(type, rounding, inexactSilent: !exact), value))
    }

    /// Equal, unordered, greater or equal, greater.
    private func select(_ b: inout IRBlock, _ type: IRType, _ o: Operands) {
        let condition = [ARMCondition.eq, .vs, .ge, .gt][o.field(20, 2)]
        let truth = test(&b, condition.rawValue).truth(&b)
        let integer = IRType.integer(bits: type.bits)
        let yes = readBits(&b, integer, o.vn(type)), no = readBits(&b, integer, o.vm(type))
        setD(&b, type, o, b.bitcast(type, b.select(integer, if: truth, yes, no)))
    }

    // MARK: Comparing

    private mutating func compare(_ b: inout IRBlock, _ type: IRType, _ o: Operands, _ right: Value) {
        let left = readFloat(&b, type, o.vd(type)), first = attributes(type, signalling: o.bit(7))
        // The one comparison that raises flags.
        let unordered = b.fcompare(.i64, .unordered, first, left, right)
        let less = b.fcompare(.i64, .lt, first.repeated, left, right)
        let equal = b.fcompare(.i64, .eq, first.repeated, left, right)
        var nzcv = b.select(.i64, if: less, b.const(.i64, 8), b.const(.i64, 2))
        nzcv = b.select(.i64, if: equal, b.const(.i64, 6), nzcv)
        nzcv = b.select(.i64, if: unordered, b.const(.i64, 3), nzcv)
        b.write(.i64, ARMRegisters.floatConditions, nzcv)
        comparison = FloatComparison(left: left, right: right, attributes: first.repeated)
    }

    /// vmrs of the flags: APSR gets what the last comparison has left.
    private mutating func moveFlags(_ b: inout IRBlock) {
        let nzcv = b.read(.i64, ARMRegisters.floatConditions)
        func flag(_ b: inout IRBlock, _ place: Int) -> Value { b.extract(.i64, nzcv, low: place, count: 1) }
        let sign = b.binary(.shl, .i64, flag(&b, 3), b.const(.i64, 63))
        let isNotZero = b.binary(.xor, .i64, flag(&b, 2), b.const(.i64, 1))
        b.write(.i64, ARMRegisters.negativeZero, b.binary(.or, .i64, sign, isNotZero))
        setCarry(&b, flag(&b, 1))
        b.write(.i64, ARMRegisters.overflow, b.binary(.shl, .i64, flag(&b, 0), b.const(.i64, 31)))
        flagsChanged(comparison.map(FlagProducer.float) ?? .cells)
    }

    // MARK: FPSCR

    mutating func floatStatus(_ b: inout IRBlock, _ o: Operands, reads: Bool) -> Bool {
        guard o.field(16, 4) == 1 else { return floatControl(&b, o, reads: reads) }
        guard flags.floatUnit == .on else { return false }
        if !reads {
            guard o.rt != 15 else { return false }
            b.call(ARMHelper.writeFloatStatus.rawValue, readWide(&b, o.rt))
            comparison = nil
            endBehind(&b)
        } else if o.rt == 15 {
            moveFlags(&b)
        } else {
            writeWide(&b, o.rt, b.call(ARMHelper.readFloatStatus.rawValue))
        }
        return true
    }

    /// The privileged registers of the float unit: FPSID, MVFR2 to MVFR0, FPEXC (DDI 0406, B9.3.19).
    private mutating func floatControl(_ b: inout IRBlock, _ o: Operands, reads: Bool) -> Bool {
        guard flags.isPrivileged, o.rt != 15 else { return false }
        let identification = model.identification.float
        switch o.field(16, 4) {
        case 0 where reads: writeWide(&b, o.rt, b.const(.i64, UInt64(identification[0])))
        case 0: break
        case 5 where reads && model.features.contains(.v8): writeWide(&b, o.rt, b.const(.i64, UInt64(identification[3])))
        case 6 where reads: writeWide(&b, o.rt, b.const(.i64, UInt64(identification[2])))
        case 7 where reads: writeWide(&b, o.rt, b.const(.i64, UInt64(identification[1])))
        case 8 where reads: writeWide(&b, o.rt, b.read(.i64, ARMRegisters.fpexc))
        case 8:
            b.write(.i64, ARMRegisters.fpexc, b.binary(.and, .i64, readWide(&b, o.rt), b.const(.i64, FloatControl.enable)))
            endBehind(&b)
        default: return false
        }
        return true
    }
}

/// The operands of vcmp, for the conditions that depend on it.
struct FloatComparison {
    let left: Value
    let right: Value
    /// Of a comparison that repeats it.
    let attributes: FloatAttributes
}

extension FloatAttributes.Rounding {
    /// By RM of the instructions of v8: to nearest with ties away, with ties to even, up, down.
    static let v8: [FloatAttributes.Rounding] = [.nearestAway, .nearestEven, .up, .down]
}

/// VFPExpandImm (DDI 0406, A2.6.5): sign, exponent and fraction of an 8-bit immediate as a float's bits.
func expandFloatImmediate(_ value: Int, _ type: IRType) -> UInt64 {
    let exponentBits = type == .f16 ? 5 : type == .f32 ? 8 : 11
    let fractionBits = type.bits - exponentBits - 1
    let sign = UInt64(value >> 7 & 1), high = UInt64(value >> 6 & 1), low = UInt64(value >> 4 & 3), fraction = UInt64(value & 15)
    let repeated: UInt64 = high == 0 ? 0 : (1 << UInt64(exponentBits - 3)) - 1
    let exponent = (high ^ 1) << UInt64(exponentBits - 1) | repeated << 2 | low
    return sign << UInt64(type.bits - 1) | exponent << UInt64(fractionBits) | fraction << UInt64(fractionBits - 4)
}
