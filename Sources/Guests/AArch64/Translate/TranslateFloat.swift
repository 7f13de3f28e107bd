import Bits
import IR

/// The rule's names in FPCR.
enum FPCR {
    static let ahp: UInt64 = 1 << 26, dn: UInt64 = 1 << 25, fz: UInt64 = 1 << 24, fz16: UInt64 = 1 << 19
    static let roundingShift = 22
    /// What software may set: no trapping exceptions.
    static let writable = ahp | dn | fz | fz16 | 3 << 22

    /// The IR's rounding modes by RMode: nearest, towards plus infinity, towards minus infinity, towards zero.
    static let rounding: [FloatAttributes.Rounding] = [.nearestEven, .up, .down, .towardZero]
}

extension Translator {
    /// Floating point, scalar.
    mutating func float(_ b: inout IRBlock, _ instruction: FloatInstruction, _ o: Operands) -> Bool {
        guard let type = floatType(o) else { return false }
        switch instruction {
        case .fmov_reg: writeFloat(&b, o.rd, type, readFloat(&b, type, o.rn))
        case .fabs: changeSign(&b, type, o) { b, bits, sign in b.binary(.andNot, .integer(bits: type.bits), bits, sign) }
        case .fneg: changeSign(&b, type, o) { b, bits, sign in b.binary(.xor, .integer(bits: type.bits), bits, sign) }
        case .fsqrt: writeFloat(&b, o.rd, type, b.float(.fsqrt, type, attributes(type), readFloat(&b, type, o.rn)))
        case .fcvt_s: return convert(&b, type, .f32, o)
        case .fcvt_d: return convert(&b, type, .f64, o)
        case .fcvt_h: return convert(&b, type, .f16, o)
        case .bfcvt: writeLow(&b, o.rd, b.trunc(.i16, helper(&b, .narrowToBF16, readLow(&b, .i32, o.rn))))
        case .frintn: round(&b, type, .nearestEven, o)
        case .frintp: round(&b, type, .up, o)
        case .frintm: round(&b, type, .down, o)
        case .frintz: round(&b, type, .towardZero, o)
        case .frinta: round(&b, type, .nearestAway, o)
        case .frintx: round(&b, type, .dynamic, o, exact: true)
        case .frinti: round(&b, type, .dynamic, o)
        case .frint32z, .frint32x, .frint64z, .frint64x: roundToWidth(&b, type, o)
        case .fmul: floatBinary(&b, .fmul, type, o)
        case .fdiv: floatBinary(&b, .fdiv, type, o)
        case .fadd: floatBinary(&b, .fadd, type, o)
        case .fsub: floatBinary(&b, .fsub, type, o)
        case .fmax: floatBinary(&b, .fmax, type, o, minMax: .nan)
        case .fmin: floatBinary(&b, .fmin, type, o, minMax: .nan)
        case .fmaxnm: floatBinary(&b, .fmax, type, o, minMax: .quietNumber)
        case .fminnm: floatBinary(&b, .fmin, type, o, minMax: .quietNumber)
        case .fnmul:
            let product = b.float(.fmul, type, attributes(type), readFloat(&b, type, o.rn), readFloat(&b, type, o.rm))
            writeFloat(&b, o.rd, type, negated(&b, type, product))
        case .fmadd: multiplyAdd(&b, type, o, negatesProduct: false, negatesAddend: false)
        case .fmsub: multiplyAdd(&b, type, o, negatesProduct: true, negatesAddend: false)
        case .fnmadd: multiplyAdd(&b, type, o, negatesProduct: true, negatesAddend: true)
        case .fnmsub: multiplyAdd(&b, type, o, negatesProduct: false, negatesAddend: true)
        case .fcmp: compare(&b, type, o, readFloat(&b, type, o.rm), signalling: false)
        case .fcmpe: compare(&b, type, o, readFloat(&b, type, o.rm), signalling: true)
        case .fcmp_zero: compare(&b, type, o, zero(&b, type), signalling: false)
        case .fcmpe_zero: compare(&b, type, o, zero(&b, type), signalling: true)
        case .fccmp: conditionalFloatCompare(&b, type, o, signalling: false)
        case .fccmpe: conditionalFloatCompare(&b, type, o, signalling: true)
        case .fcsel: floatSelect(&b, type, o)
        case .fmov_imm: writeLow(&b, o.rd, b.const(.integer(bits: type.bits), expandFloatImmediate(o.field(13, 8), type)))
        default: return floatAndInteger(&b, instruction, type, o)
        }
        return true
    }

    /// Conversions between floats and general registers.
    private mutating func floatAndInteger(_ b: inout IRBlock, _ instruction: FloatInstruction, _ type: IRType, _ o: Operands) -> Bool {
        switch instruction {
        case .scvtf_fix: return fromFixed(&b, type, o, signed: true)
        case .ucvtf_fix: return fromFixed(&b, type, o, signed: false)
        case .fcvtzs_fix: return toFixed(&b, type, o, signed: true)
        case .fcvtzu_fix: return toFixed(&b, type, o, signed: false)
        case .fcvtns: toInteger(&b, type, .nearestEven, o, signed: true)
        case .fcvtnu: toInteger(&b, type, .nearestEven, o, signed: false)
        case .fcvtas: toInteger(&b, type, .nearestAway, o, signed: true)
        case .fcvtau: toInteger(&b, type, .nearestAway, o, signed: false)
        case .fcvtps: toInteger(&b, type, .up, o, signed: true)
        case .fcvtpu: toInteger(&b, type, .up, o, signed: false)
        case .fcvtms: toInteger(&b, type, .down, o, signed: true)
        case .fcvtmu: toInteger(&b, type, .down, o, signed: false)
        case .fcvtzs: toInteger(&b, type, .towardZero, o, signed: true)
        case .fcvtzu: toInteger(&b, type, .towardZero, o, signed: false)
        case .scvtf: fromInteger(&b, type, o, signed: true)
        case .ucvtf: fromInteger(&b, type, o, signed: false)
        case .fmov_to, .fmov_from: return moveBits(&b, type, o, toGeneral: instruction == .fmov_to)
        case .fmov_totop: write(&b, o.rd, .i64, readHigh(&b, o.rn))
        case .fmov_fromtop: writeHigh(&b, o.rd, read(&b, .i64, o.rn))
        case .fjcvtzs: javaScriptConvert(&b, o)
        default: return false
        }
        return true
    }

    // MARK: Types and attributes

    /// The precision by bits 23 and 22; nil for a reserved one or one that the element lacks. fmov of the upper half and conversions from
    /// half precision, which every element has, pass.
    private func floatType(_ o: Operands) -> IRType? {
        switch o.field(22, 2) {
        case 0: return .f32
        case 1: return .f64
        case 3: return .f16
        default: return o.bits & 0xfffe_fc00 == 0x9eae_0000 ? .f64 : nil
        }
    }

    /// The NaN rule, tininess and flushing of arithmetic on a type, with a rounding mode. Conversions between types count as f64;
    /// nil where nothing can be subnormal.
    func attributes(
        _ type: IRType?, _ rounding: FloatAttributes.Rounding = .dynamic, signalling: Bool = false, signed: Bool = false, inexactSilent: Bool = false,
        silent: Bool = false, minMax: FloatAttributes.MinMaxRule = .number, saturates: Bool = false
    ) -> FloatAttributes {
        FloatAttributes(
            rounding: rounding, nan: flags.defaultNaN ? .canonical : .arm, tinyBefore: true, silent: silent, signalling: signalling,
            signed: signed, saturation: saturates ? .nanToZero : .nanToMaximum, inexactSilent: inexactSilent, minMax: minMax,
            flushes: type.map(flags.flushes) ?? false)
    }

    private func zero(_ b: inout IRBlock, _ type: IRType) -> Value {
        b.bitcast(type, b.const(.integer(bits: type.bits), 0))
    }

    func helper(_ b: inout IRBlock, _ helper: AArch64Helper, _ a: Value, _ second: Value? = nil) -> Value {
        b.call(helper.rawValue, b[Int(a.index)].type.bits < 64 ? b.zext(.i64, a) : a, second)
    }

    // MARK: Arithmetic

    private func signBit(_ b: inout IRBlock, _ type: IRType) -> Value {
        b.const(.integer(bits: type.bits), 1 << UInt64(type.bits - 1))
    }

    private func changeSign(_ b: inout IRBlock, _ type: IRType, _ o: Operands, _ change: (inout IRBlock, Value, Value) -> Value) {
        let bits = readLow(&b, .integer(bits: type.bits), o.rn)
        let sign = signBit(&b, type)
        writeLow(&b, o.rd, change(&b, bits, sign))
    }

    /// With the sign turned round, a NaN's too.
    func negated(_ b: inout IRBlock, _ type: IRType, _ value: Value) -> Value {
        let integer = IRType.integer(bits: type.bits)
        let sign = signBit(&b, type)
        return b.bitcast(type, b.binary(.xor, integer, b.bitcast(integer, value), sign))
    }

    private func floatBinary(
        _ b: inout IRBlock, _ opcode: Opcode, _ type: IRType, _ o: Operands, minMax: FloatAttributes.MinMaxRule = .number
    ) {
        let left = readFloat(&b, type, o.rn), right = readFloat(&b, type, o.rm)
        writeFloat(&b, o.rd, type, b.float(opcode, type, attributes(type, minMax: minMax), left, right))
    }

    /// Operands are negated before they are multiplied, so that a NaN among them is, too.
    private func multiplyAdd(_ b: inout IRBlock, _ type: IRType, _ o: Operands, negatesProduct: Bool, negatesAddend: Bool) {
        var first = readFloat(&b, type, o.rn), addend = readFloat(&b, type, o.ra)
        let second = readFloat(&b, type, o.rm)
        if negatesProduct { first = negated(&b, type, first) }
        if negatesAddend { addend = negated(&b, type, addend) }
        writeFloat(&b, o.rd, type, b.fma(type, attributes(type), first, second, addend))
    }

    private func round(_ b: inout IRBlock, _ type: IRType, _ rounding: FloatAttributes.Rounding, _ o: Operands, exact: Bool = false) {
        let value = readFloat(&b, type, o.rn)
        writeFloat(&b, o.rd, type, b.float(.froundInt, type, attributes(type, rounding, inexactSilent: !exact), value))
    }

    private func convert(_ b: inout IRBlock, _ from: IRType, _ to: IRType, _ o: Operands) -> Bool {
        guard from != to else { return false }
        if flags.alternativeHalf, from == .f16 || to == .f16 {
            let kind = b.const(.i64, UInt64(from.bytes | to.bytes << 4))
            let bits = helper(&b, .convertAlternativeHalf, readLow(&b, .integer(bits: from.bits), o.rn), kind)
            writeLow(&b, o.rd, to == .f64 ? bits : b.trunc(.integer(bits: to.bits), bits))
        } else {
            writeFloat(&b, o.rd, to, b.float(.fconvert, to, attributes(.f64), readFloat(&b, from, o.rn)))
        }
        return true
    }

    private func roundToWidth(_ b: inout IRBlock, _ type: IRType, _ o: Operands) {
        let integer = IRType.integer(bits: type.bits)
        // Bit 0: exact, with the current rounding; bit 1: 64 bits wide; bit 4: double precision.
        let kind = b.const(.i64, UInt64(o.field(15, 2) | (type == .f64 ? 16 : 0)))
        let bits = helper(&b, .roundToWidth, readLow(&b, integer, o.rn), kind)
        writeLow(&b, o.rd, type == .f64 ? bits : b.trunc(integer, bits))
    }

    // MARK: Comparing

    private mutating func compare(_ b: inout IRBlock, _ type: IRType, _ o: Operands, _ right: Value, signalling: Bool) {
        setFlags(&b, float: readFloat(&b, type, o.rn), right, attributes(type, signalling: signalling))
    }

    /// The comparison raises its exceptions only if the condition holds.
    private mutating func conditionalFloatCompare(_ b: inout IRBlock, _ type: IRType, _ o: Operands, signalling: Bool) {
        let skip = b.makeLabel(), end = b.makeLabel()
        let test = test(&b, o.cond).negated
        b.branch(skip, if: test.condition, test.a, test.b)
        compare(&b, type, o, readFloat(&b, type, o.rm), signalling: signalling)
        b.branch(end)
        b.place(skip)
        setFlags(&b, explicit: b.const(.i64, UInt64(o.field(0, 4))))
        b.place(end)
        producer = .unknown
    }

    private func floatSelect(_ b: inout IRBlock, _ type: IRType, _ o: Operands) {
        let test = test(&b, o.cond)
        let yes = readLow(&b, .i64, o.rn), no = readLow(&b, .i64, o.rm)
        let chosen = test.select(&b, .i64, yes, no)
        writeLow(&b, o.rd, type == .f64 ? chosen : b.trunc(.integer(bits: type.bits), chosen))
    }

    // MARK: Integers

    private func toInteger(_ b: inout IRBlock, _ type: IRType, _ rounding: FloatAttributes.Rounding, _ o: Operands, signed: Bool) {
        let value = readFloat(&b, type, o.rn)
        write(&b, o.rd, word(o), b.float(.floatToInt, word(o), attributes(type, rounding, signed: signed, saturates: true), value))
    }

    private func fromInteger(_ b: inout IRBlock, _ type: IRType, _ o: Operands, signed: Bool) {
        writeFloat(&b, o.rd, type, b.float(.intToFloat, type, attributes(type, signed: signed), read(&b, word(o), o.rn)))
    }

    /// Scaling up by a power of two in double precision loses nothing that saturation would not.
    private func toFixed(_ b: inout IRBlock, _ type: IRType, _ o: Operands, signed: Bool) -> Bool {
        guard let bits = fractionBits(o) else { return false }
        var value = readFloat(&b, type, o.rn)
        if type != .f64 { value = b.float(.fconvert, .f64, attributes(.f64), value) }
        let scaled = b.float(.fmul, .f64, attributes(.f64, silent: true), value, powerOfTwo(&b, bits))
        let result = b.float(.floatToInt, word(o), attributes(.f64, .towardZero, signed: signed, saturates: true), scaled)
        write(&b, o.rd, word(o), result)
        return true
    }

    /// For narrow results the conversion to double precision rounds to odd, so that the second rounding is the only one that counts.
    private func fromFixed(_ b: inout IRBlock, _ type: IRType, _ o: Operands, signed: Bool) -> Bool {
        guard let bits = fractionBits(o) else { return false }
        let value = read(&b, word(o), o.rn)
        let rounding: FloatAttributes.Rounding = type == .f64 ? .dynamic : .odd
        let wide = b.float(.intToFloat, .f64, attributes(.f64, rounding, signed: signed, silent: type != .f64), value)
        let scaled = b.float(.fmul, .f64, attributes(.f64), wide, powerOfTwo(&b, -bits))
        writeFloat(&b, o.rd, type, type == .f64 ? scaled : b.float(.fconvert, type, attributes(.f64), scaled))
        return true
    }

    private func fractionBits(_ o: Operands) -> Int? {
        let bits = 64 - o.field(10, 6)
        return bits <= word(o).bits ? bits : nil
    }

    private func powerOfTwo(_ b: inout IRBlock, _ exponent: Int) -> Value {
        b.bitcast(.f64, b.const(.i64, UInt64(1023 + exponent) << 52))
    }

    private func moveBits(_ b: inout IRBlock, _ type: IRType, _ o: Operands, toGeneral: Bool) -> Bool {
        guard type == .f16 || (type == .f64) == o.is64 else { return false }
        let integer = IRType.integer(bits: type.bits)
        if toGeneral {
            write(&b, o.rd, integer, readLow(&b, integer, o.rn))
        } else {
            writeLow(&b, o.rd, read(&b, integer, o.rn))
        }
        return true
    }

    private mutating func javaScriptConvert(_ b: inout IRBlock, _ o: Operands) {
        let result = helper(&b, .javaScriptConvert, readLow(&b, .i64, o.rn))
        write(&b, o.rd, .i64, b.extract(.i64, result, low: 0, count: 32))
        // Bit 32: the value was the integer exactly.
        let exact = b.extract(.i64, result, low: 32, count: 1)
        setFlags(&b, explicit: b.binary(.shl, .i64, exact, b.const(.i64, 2)))
    }
}

/// VFPExpandImm (DDI 0487, shared functions): sign, exponent and fraction of an 8-bit immediate as a float's bits.
func expandFloatImmediate(_ value: Int, _ type: IRType) -> UInt64 {
    let exponentBits = type == .f16 ? 5 : type == .f32 ? 8 : 11
    let fractionBits = type.bits - exponentBits - 1
    let sign = UInt64(value >> 7 & 1), high = UInt64(value >> 6 & 1), low = UInt64(value >> 4 & 3), fraction = UInt64(value & 15)
    let repeated: UInt64 = high == 0 ? 0 : (1 << UInt64(exponentBits - 3)) - 1
    let exponent = (high ^ 1) << UInt64(exponentBits - 1) | repeated << 2 | low
    return sign << UInt64(type.bits - 1) | exponent << UInt64(fractionBits) | fraction << UInt64(fractionBits - 4)
}
