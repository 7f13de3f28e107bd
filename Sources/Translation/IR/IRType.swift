/// The type of an IR value.
///
/// Integers carry no sign; the operation says how their bits are read. A type narrower than 64 bits is kept zero-extended in the 64-bit
/// cell that holds it, in the interpreter and in host registers alike.
public enum IRType: UInt8, CaseIterable, Sendable {
    case none
    case i8, i16, i32, i64, i128
    case f16, f32, f64, f80, f128
    case v64, v128, v256

    /// Width in bits; 0 for `none`.
    @inlinable public var bits: Int {
        switch self {
        case .none: 0
        case .i8: 8
        case .i16, .f16: 16
        case .i32, .f32: 32
        case .i64, .f64, .v64: 64
        case .f80: 80
        case .i128, .f128, .v128: 128
        case .v256: 256
        }
    }

    /// Width in bytes of a value in guest state or memory (f80 occupies 10 bytes).
    @inlinable public var bytes: Int { bits >> 3 }

    @inlinable public var isInteger: Bool { rawValue >= IRType.i8.rawValue && rawValue <= IRType.i128.rawValue }
    @inlinable public var isFloat: Bool { rawValue >= IRType.f16.rawValue && rawValue <= IRType.f128.rawValue }
    @inlinable public var isVector: Bool { rawValue >= IRType.v64.rawValue }

    /// All value bits set, for integer types up to 64 bits.
    @inlinable public var mask: UInt64 { bits >= 64 ? .max : (1 << UInt64(bits)) &- 1 }

    /// The integer type of `bits` bits.
    @inlinable public static func integer(bits: Int) -> IRType {
        switch bits {
        case 8: .i8
        case 16: .i16
        case 32: .i32
        case 64: .i64
        case 128: .i128
        default: preconditionFailure("no integer type has \(bits) bits")
        }
    }
}
