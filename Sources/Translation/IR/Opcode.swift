/// Every operation of the IR. `Opcode.table` declares each one's operands, type rule, effects and meaning, once.
public enum Opcode: UInt8, CaseIterable, Sendable {
    case const
    case readState, writeState
    case add, sub, mul, mulHighS, mulHighU, mulHighSU
    case divS, divU, remS, remU
    case and, or, xor, andNot, not, neg
    case shl, shrU, shrS, rotl, rotr
    case clz, ctz, popcnt, bswap, bitReverseBytes
    case clmul, clmulHigh
    case minS, maxS, minU, maxU
    case compare, select
    case zext, sext, trunc, bitcast
    case extractU, extractS, deposit
    case load, store
    case atomicRMW, compareExchange
    case loadLinked, storeConditional
    case fence
    case fadd, fsub, fmul, fdiv, fsqrt, fma, fmin, fmax
    case fcompare, fclass
    case fconvert, floatToInt, intToFloat, froundInt
    case unboxFloat, boxFloat
    case call
    case label, br, brIf, brCompare
    case exitDirect, exitIndirect, exitWith
    case insnStart
    case probe
    // Vectors: moves of lanes.
    case vsplat, vinsert, vextractU, vextractS
    case vconcat, vhigh
    case vzipLow, vzipHigh, vunzipEven, vunzipOdd, vtransposeEven, vtransposeOdd
    case vextractBytes, vtable, vreverse
    // Vectors: lanes of integers.
    case vadd, vsub, vmul, vneg, vabs
    case vminS, vmaxS, vminU, vmaxU, vabsDiffS, vabsDiffU
    case vaddSatS, vaddSatU, vsubSatS, vsubSatU
    case vhalvingAddS, vhalvingAddU, vroundingAddS, vroundingAddU, vhalvingSubS, vhalvingSubU
    case vcompare, vbitSelect
    case vshlImm, vshrUImm, vshrSImm, vrotrImm
    case vshl, vshrU, vshrS
    case vmulHighS, vmulHighU, vmulDoubleHigh, vpolyMul
    case vpopcnt, vclz, vcls
    // Vectors: lanes change their width.
    case vwidenS, vwidenU, vnarrow, vnarrowSatS, vnarrowSatSU, vnarrowSatU
    case vmulLongS, vmulLongU, vpolyMulLong
    case vdotS, vdotU, vdotUS
    // Vectors: all lanes together.
    case vany
    case vreduceAddS, vreduceAddU, vreduceMinS, vreduceMaxS, vreduceMinU, vreduceMaxU
    case vaesEncrypt, vaesDecrypt, vaesMix, vaesUnmix
    // Vectors: lanes of floats.
    case vfadd, vfsub, vfmul, vfdiv, vfsqrt, vfma, vfmin, vfmax, vfroundInt
    case vfcompare
    case vfwiden, vfnarrow, vfloatToInt, vintToFloat

    @inlinable public var info: OpcodeInfo { unsafe Opcode.infoBase[Int(rawValue)] }

    /// `table` as a raw array, so that a look-up costs one load.
    @usableFromInline nonisolated(unsafe) static let infoBase: UnsafeMutablePointer<OpcodeInfo> = {
        let base = UnsafeMutablePointer<OpcodeInfo>.allocate(capacity: Opcode.allCases.count)
        for (index, row) in table.enumerated() {
            precondition(row.opcode.rawValue == index, "the table's rows follow the order of the cases")
            unsafe (base + index).initialize(to: row.info)
        }
        return unsafe base
    }()
}

/// What an operation does beyond computing its result.
public struct Effects: OptionSet, Sendable {
    public let rawValue: UInt16
    @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }
    @inlinable public static var readsState: Effects { .init(rawValue: 1) }
    @inlinable public static var writesState: Effects { .init(rawValue: 2) }
    @inlinable public static var readsMemory: Effects { .init(rawValue: 4) }
    @inlinable public static var writesMemory: Effects { .init(rawValue: 8) }
    /// May leave the block with a guest fault.
    @inlinable public static var mayFault: Effects { .init(rawValue: 16) }
    /// Ends the straight-line run: control may not fall through.
    @inlinable public static var endsRun: Effects { .init(rawValue: 32) }
    /// May continue elsewhere.
    @inlinable public static var branches: Effects { .init(rawValue: 64) }
    /// Sets floating-point flags: removable only where nobody can read them, so never.
    @inlinable public static var setsFlags: Effects { .init(rawValue: 128) }
    /// A marker that is kept though nothing uses it.
    @inlinable public static var marker: Effects { .init(rawValue: 256) }
    /// Calls code outside the block: host registers that hold guest state are written back around it.
    @inlinable public static var callsOut: Effects { .init(rawValue: 512) }
}

/// How an operation's result type follows from its operands.
public enum TypeRule: UInt8, Sendable {
    /// No result.
    case none
    /// The type is the op's own, and each operand has it too.
    case same
    /// The type is the op's own; operand types are free.
    case free
    /// The type is the op's own; operand a has it, the others are free (shift counts, selectors).
    case first
    /// The type is an integer for a truth value; the operands agree with each other.
    case truth
}

/// What the 16 attribute bits and the immediate hold, for printer, parser and verifier.
public enum AttributeKind: UInt8, Sendable {
    case none, condition, floatCondition, division, memory, float, fence, jump, exit, helper, state, label, constant, bitRange, pc, target
    case atomic, conditionLabel
    /// The lanes' size in imm; with a number, a condition, float attributes or a float condition beside it.
    case lanes, lanesNumber, lanesCondition, lanesFloat, lanesFloatCondition

    var hasLanes: Bool { rawValue >= AttributeKind.lanes.rawValue }
}

public struct OpcodeInfo: Sendable {
    /// Number of value operands, at most 3.
    public var operands: UInt8
    public var rule: TypeRule
    public var attribute: AttributeKind
    public var effects: Effects
}

public struct OpcodeRow: Sendable {
    public let opcode: Opcode
    /// The name in the text form.
    public let name: String
    public let info: OpcodeInfo
    /// One line that says what the operation means.
    public let prose: String

    init(
        _ opcode: Opcode, _ name: String, _ operands: UInt8, _ rule: TypeRule, _ attribute: AttributeKind = .none, _ effects: Effects = [],
        _ prose: String
    ) {
        self.opcode = opcode
        self.name = name
        info = OpcodeInfo(operands: operands, rule: rule, attribute: attribute, effects: effects)
        self.prose = prose
    }
}
