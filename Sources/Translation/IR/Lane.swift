/// The size of a vector's lanes; its raw value is log2 of the bytes.
public enum Lane: UInt8, CaseIterable, Comparable, Sendable {
    case b8, b16, b32, b64

    @inlinable public var bits: Int { 8 << Int(rawValue) }
    @inlinable public var bytes: Int { 1 << Int(rawValue) }

    /// The lane of twice the width; a 64-bit lane has none.
    @inlinable public var wider: Lane? { Lane(rawValue: rawValue + 1) }
    /// The lane of half the width; an 8-bit lane has none.
    @inlinable public var narrower: Lane? { rawValue == 0 ? nil : Lane(rawValue: rawValue - 1) }

    @inlinable public static func < (a: Lane, b: Lane) -> Bool { a.rawValue < b.rawValue }

    @inlinable public var integer: IRType { IRType.integer(bits: bits) }

    /// The float type of the lane's width; 8 bits have none.
    @inlinable public var float: IRType? {
        switch self {
        case .b8: nil
        case .b16: .f16
        case .b32: .f32
        case .b64: .f64
        }
    }
}

extension Opcode {
    @inlinable public var isVector: Bool { rawValue >= Opcode.vsplat.rawValue }
    @inlinable public var isVectorFloat: Bool { rawValue >= Opcode.vfadd.rawValue }
    /// Whether the result is a function of the operands' bits alone that `EvaluateVector` computes.
    @inlinable public var isPureVector: Bool { isVector && !isVectorFloat }

    /// Whether it puts lanes of two vectors by turns, so that each must have at least two.
    public var pairsLanes: Bool { rawValue >= Opcode.vzipLow.rawValue && rawValue <= Opcode.vtransposeOdd.rawValue }

    /// The sizes of operand a's lanes that there is a vector operation for; bytes where lanes don't matter.
    public var lanes: ClosedRange<Lane> {
        switch self {
        case .vconcat, .vhigh, .vextractBytes, .vtable, .vbitSelect, .vany, .vdotS, .vdotU, .vdotUS, .vpolyMul,
            .vaesEncrypt, .vaesDecrypt, .vaesMix, .vaesUnmix:
            .b8 ... .b8
        case .vmulDoubleHigh: .b16 ... .b32
        case .vwidenS, .vwidenU, .vmulLongS, .vmulLongU, .vreverse: .b8 ... .b32
        case .vnarrow, .vnarrowSatS, .vnarrowSatSU, .vnarrowSatU: .b16 ... .b64
        case .vfwiden: .b16 ... .b32
        case .vfnarrow: .b32 ... .b64
        default: isVectorFloat ? .b16 ... .b64 : .b8 ... .b64
        }
    }

    /// The scalar operation that a vector operation on floats does in each lane.
    public var ofFloatLanes: Opcode? {
        switch self {
        case .vfadd: .fadd
        case .vfsub: .fsub
        case .vfmul: .fmul
        case .vfdiv: .fdiv
        case .vfsqrt: .fsqrt
        case .vfma: .fma
        case .vfmin: .fmin
        case .vfmax: .fmax
        case .vfroundInt: .froundInt
        case .vfcompare: .fcompare
        case .vfwiden, .vfnarrow: .fconvert
        case .vfloatToInt: .floatToInt
        case .vintToFloat: .intToFloat
        default: nil
        }
    }
}
