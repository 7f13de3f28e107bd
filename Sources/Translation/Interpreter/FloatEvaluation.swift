import IR
import SoftFloat

/// The meaning of the floating-point operations, for the interpreter and for what generated code leaves to others.
public enum FloatEvaluation {
    /// The result of a float operation whose type and operands have at most 64 bits.
    /// - Parameters:
    ///   - source: the type of operand a.
    ///   - rounding: what `dynamic` stands for.
    ///   - flags: where exceptions are added, unless the op is silent.
    public static func evaluate(
        op: IROp, source: IRType, _ a: UInt64, _ b: UInt64, _ c: UInt64, rounding: FloatAttributes.Rounding, flags: inout FloatStatus
    ) -> UInt64 {
        evaluateWide(op: op, source: source, UInt128(a), UInt128(b), UInt128(c), rounding: rounding, flags: &flags).lowHalf
    }

    /// The same for every type.
    public static func evaluateWide(
        op: IROp, source: IRType, _ a: UInt128, _ b: UInt128, _ c: UInt128, rounding: FloatAttributes.Rounding, flags: inout FloatStatus
    ) -> UInt128 {
        if op.opcode == .fclass { return UInt128(FloatBits.classify(a, source)) }
        if op.opcode == .boxFloat { return UInt128(a.lowHalf | ~source.mask) & UInt128(op.type.mask) }
        if op.opcode == .unboxFloat { return UInt128(FloatBits.unbox(a.lowHalf, from: source, to: op.type)) }
        var environment = environment(op.float, rounding)
        if op.float.flushes { flush(&environment, operands: op.opcode != .fconvert || source != .f16, results: op.opcode != .fconvert || op.type != .f16) }
        let result = compute(op, source, a, b, c, &environment)
        if op.float.inexactSilent { environment.flags.remove(.inexact) }
        if !op.float.silent { flags.formUnion(FloatStatus(rawValue: environment.flags.rawValue)) }
        return result
    }

    private static func environment(_ float: FloatAttributes, _ dynamic: FloatAttributes.Rounding) -> FloatEnvironment {
        let rounding = float.rounding == .dynamic ? dynamic : float.rounding
        return FloatEnvironment(
            rounding: FloatRounding(rawValue: rounding.rawValue) ?? .nearestEven,
            nanRule: FloatNaNRule(rawValue: float.nan.rawValue) ?? .canonical, isTinyBeforeRounding: float.tinyBefore)
    }

    private static func flush(_ environment: inout FloatEnvironment, operands: Bool, results: Bool) {
        environment.flushesOperands = operands
        environment.flushing = results ? .arm : .never
    }

    private static func format(_ type: IRType) -> FloatFormat {
        switch type {
        case .f16: .f16
        case .f32: .f32
        case .f64: .f64
        case .f80: .f80
        case .f128: .f128
        default: preconditionFailure("\(type) is no float type")
        }
    }

    private static func compute(
        _ op: IROp, _ source: IRType, _ a: UInt128, _ b: UInt128, _ c: UInt128, _ environment: inout FloatEnvironment
    ) -> UInt128 {
        if op.opcode == .intToFloat {
            return format(op.type).fromInteger(a, width: source.bits, isSigned: op.float.signed, &environment)
        }
        let format = format(source)
        switch op.opcode {
        case .fadd: return format.add(a, b, &environment)
        case .fsub: return format.subtract(a, b, &environment)
        case .fmul: return format.multiply(a, b, &environment)
        case .fdiv: return format.divide(a, b, &environment)
        case .fsqrt: return format.squareRoot(a, &environment)
        case .fma:
            return format.multiplyAdd(
                a, b, c, negateProduct: op.float.negateProduct, negateAddend: op.float.negateAddend, &environment)
        case .fmin: return format.minimum(a, b, &environment, choice: choice(op.float))
        case .fmax: return format.maximum(a, b, &environment, choice: choice(op.float))
        case .fcompare: return holds(op.floatCondition, format.compare(a, b, isSignalling: op.float.signalling, &environment)) ? 1 : 0
        case .fconvert: return format.convert(a, to: self.format(op.type), &environment)
        case .floatToInt:
            let saturation = FloatSaturation(rawValue: op.float.saturation.rawValue) ?? .nanToMaximum
            return format.toInteger(a, width: op.type.bits, isSigned: op.float.signed, saturation, &environment)
        case .froundInt: return format.roundToIntegral(a, &environment)
        default: preconditionFailure("\(op.opcode) is no float operation")
        }
    }

    private static func choice(_ float: FloatAttributes) -> FloatChoice { FloatChoice(rawValue: float.minMax.rawValue) ?? .number }

    private static func holds(_ condition: FloatCondition, _ ordering: FloatOrdering) -> Bool {
        switch condition {
        case .eq: ordering == .equal
        case .lt: ordering == .less
        case .le: ordering == .less || ordering == .equal
        case .unordered: ordering == .unordered
        }
    }
}
