import Bits
import IR

/// What the flags at a point of a block follow from beside the cells of the state, which are always written.
enum FlagProducer {
    case cells
    /// A comparison of two i32.
    case difference(Value, Value)
    /// N and Z are an i32's; C and V are in the cells.
    case result(Value)
    /// A comparison of floats.
    case float(FloatComparison)
}

/// A comparison whose outcome is a condition's.
struct Test {
    let condition: Condition
    let a: Value
    let b: Value

    init(_ condition: Condition, _ a: Value, _ b: Value) {
        self.condition = condition
        self.a = a
        self.b = b
    }

    var negated: Test { Test(condition.negated, a, b) }

    /// The outcome as 0 or 1.
    func truth(_ b: inout IRBlock, _ type: IRType = .i64) -> Value { b.compare(type, condition, a, self.b) }
}

/// The conditions by number (DDI 0406, table A8-1); odd numbers negate the even ones before them.
enum ARMCondition: Int {
    case eq, ne, cs, cc, mi, pl, vs, vc, hi, ls, ge, lt, gt, le, al

    static let names = ["eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le", "", ""]
}

/// The flags: N and Z are kept as a result, C as the two sides of a comparison, V in a word's sign, so that each is written with one or two operations,
/// read with one, and those that an instruction leaves alone stay. The optimizer drops what is overwritten before anybody reads it.
extension Translator {
    // MARK: Producing

    /// N and Z of an i32.
    mutating func setResult(_ b: inout IRBlock, _ result: Value) {
        b.write(.i64, ARMRegisters.negativeZero, b.sext(.i64, result))
        flagsChanged(.result(result))
    }

    /// N and Z of an i64.
    mutating func setLongResult(_ b: inout IRBlock, _ result: Value) {
        let low = b.compare(.i64, .ne, b.binary(.and, .i64, result, b.const(.i64, 0xffff_ffff)), b.const(.i64, 0))
        b.write(.i64, ARMRegisters.negativeZero, b.binary(.or, .i64, b.binary(.shrS, .i64, result, b.const(.i64, 32)), low))
        flagsChanged(.cells)
    }

    /// C as 0 or 1.
    func setCarry(_ b: inout IRBlock, _ carry: Value) {
        b.write(.i64, ARMRegisters.carryA, carry)
        b.write(.i64, ARMRegisters.carryB, b.const(.i64, 1))
    }

    private func setOverflow(_ b: inout IRBlock, _ left: Value, _ right: Value) {
        b.write(.i64, ARMRegisters.overflow, b.zext(.i64, b.binary(.and, .i32, left, right)))
    }

    /// The flags of `left` - `right`, which is `result`.
    mutating func setFlags(_ b: inout IRBlock, difference left: Value, _ right: Value, result: Value) {
        setResult(&b, result)
        b.write(.i64, ARMRegisters.carryA, b.zext(.i64, left))
        b.write(.i64, ARMRegisters.carryB, b.zext(.i64, right))
        setOverflow(&b, b.binary(.xor, .i32, left, right), b.binary(.xor, .i32, left, result))
        flagsChanged(.difference(left, right))
    }

    /// The flags of a sum whose i64 is `wide`, with the carry in bit 32, and whose i32 is `result`.
    mutating func setFlags(_ b: inout IRBlock, sum left: Value, _ right: Value, wide: Value, result: Value) {
        setResult(&b, result)
        b.write(.i64, ARMRegisters.carryA, wide)
        b.write(.i64, ARMRegisters.carryB, b.const(.i64, 1 << 32))
        setOverflow(&b, b.binary(.xor, .i32, left, result), b.binary(.xor, .i32, right, result))
    }

    // MARK: Testing

    /// C as 0 or 1 of an i64.
    func carry(_ b: inout IRBlock) -> Value { test(&b, ARMCondition.cs.rawValue).truth(&b) }

    func test(_ b: inout IRBlock, _ number: Int) -> Test {
        guard let condition = ARMCondition(rawValue: number & ~1), condition != .al else {
            return Test(.eq, b.const(.i64, 0), b.const(.i64, 0))
        }
        let test = positive(&b, condition)
        return number & 1 == 0 ? test : test.negated
    }

    private func positive(_ b: inout IRBlock, _ condition: ARMCondition) -> Test {
        if case .difference(let left, let right) = producer, let test = testDifference(condition, left, right) { return test }
        if case .float(let comparison) = producer { return testFloat(&b, condition, comparison) }
        switch condition {
        case .eq: return Test(.eq, result(&b), b.const(.i32, 0))
        case .cs: return Test(.geU, b.read(.i64, ARMRegisters.carryA), b.read(.i64, ARMRegisters.carryB))
        case .mi:
            if case .result(let value) = producer { return Test(.ltS, value, b.const(.i32, 0)) }
            return Test(.ltS, b.read(.i64, ARMRegisters.negativeZero), b.const(.i64, 0))
        case .vs: return Test(.ltS, b.trunc(.i32, b.read(.i64, ARMRegisters.overflow)), b.const(.i32, 0))
        case .hi:
            let carry = b.compare(.i64, .geU, b.read(.i64, ARMRegisters.carryA), b.read(.i64, ARMRegisters.carryB))
            return both(&b, carry, b.compare(.i64, .ne, result(&b), b.const(.i32, 0)))
        case .ge: return Test(.geS, signs(&b), b.const(.i64, 0))
        default:
            let isNotLess = b.compare(.i64, .geS, signs(&b), b.const(.i64, 0))
            return both(&b, isNotLess, b.compare(.i64, .ne, result(&b), b.const(.i32, 0)))
        }
    }

    private func both(_ b: inout IRBlock, _ first: Value, _ second: Value) -> Test {
        Test(.ne, b.binary(.and, .i64, first, second), b.const(.i64, 0))
    }

    /// What Z is about.
    private func result(_ b: inout IRBlock) -> Value {
        if case .result(let value) = producer { return value }
        return b.trunc(.i32, b.read(.i64, ARMRegisters.negativeZero))
    }

    /// N exclusive-or V, as the sign.
    private func signs(_ b: inout IRBlock) -> Value {
        let overflow = b.binary(.shl, .i64, b.read(.i64, ARMRegisters.overflow), b.const(.i64, 32))
        return b.binary(.xor, .i64, b.read(.i64, ARMRegisters.negativeZero), overflow)
    }

    private func testDifference(_ condition: ARMCondition, _ left: Value, _ right: Value) -> Test? {
        switch condition {
        case .eq: Test(.eq, left, right)
        case .cs: Test(.geU, left, right)
        case .hi: Test(.gtU, left, right)
        case .ge: Test(.geS, left, right)
        case .gt: Test(.gtS, left, right)
        default: nil
        }
    }

    private func testFloat(_ b: inout IRBlock, _ condition: ARMCondition, _ c: FloatComparison) -> Test {
        func compare(_ b: inout IRBlock, _ condition: FloatCondition, _ left: Value, _ right: Value) -> Test {
            Test(.ne, b.fcompare(.i64, condition, c.attributes, left, right), b.const(.i64, 0))
        }
        switch condition {
        case .eq: return compare(&b, .eq, c.left, c.right)
        case .mi: return compare(&b, .lt, c.left, c.right)
        case .cs: return compare(&b, .lt, c.left, c.right).negated
        case .hi: return compare(&b, .le, c.left, c.right).negated
        case .ge: return compare(&b, .le, c.right, c.left)
        case .gt: return compare(&b, .lt, c.right, c.left)
        default: return compare(&b, .unordered, c.left, c.right)
        }
    }
}
