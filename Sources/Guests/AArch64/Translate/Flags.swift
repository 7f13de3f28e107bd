import IR

/// What the flags at a point of a block follow from, as values of the block.
enum FlagProducer {
    /// Only the flag cells know.
    case unknown
    case sub(IRType, Value, Value)
    case add(IRType, Value, Value, result: Value)
    case logic(IRType, Value)
    case float(Value, Value, FloatAttributes)
    /// NZCV in bits 3 to 0 of an i64.
    case explicit(Value)
    /// Those of a producer where a truth value holds, else NZCV that is known.
    indirect case conditional(Value, FlagProducer, otherwise: UInt64)
}

/// A comparison whose outcome is an A64 condition's.
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

    func select(_ b: inout IRBlock, _ type: IRType, _ yes: Value, _ no: Value) -> Value { b.select(type, if: truth(&b), yes, no) }
}

/// The conditions by number (DDI 0487, table C1-1); odd numbers negate the even ones before them.
enum A64Condition: Int {
    case eq, ne, cs, cc, mi, pl, vs, vc, hi, ls, ge, lt, gt, le, al, nv

    static let names = ["eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le", "al", "nv"]
}

/// The flags: every producer writes the cells, which the optimizer drops where they are overwritten before anybody reads them, and is
/// remembered, so that conditions in the same block compare its operands.
extension Translator {
    // MARK: Producing

    mutating func setFlags(_ b: inout IRBlock, sub type: IRType, _ left: Value, _ right: Value) {
        writeFlagCells(&b, type == .i64 ? .sub64 : .sub32, type, left, right)
        producer = .sub(type, left, right)
    }

    mutating func setFlags(_ b: inout IRBlock, add type: IRType, _ left: Value, _ right: Value, result: Value) {
        writeFlagCells(&b, type == .i64 ? .add64 : .add32, type, left, right)
        producer = .add(type, left, right, result: result)
    }

    mutating func setFlags(_ b: inout IRBlock, logic type: IRType, _ result: Value) {
        writeFlagCells(&b, type == .i64 ? .logic64 : .logic32, type, result, nil)
        producer = .logic(type, result)
    }

    /// Those of a comparison that only counts where `truth` holds.
    mutating func setFlags(_ b: inout IRBlock, if truth: Value, adds: Bool, _ type: IRType, _ left: Value, _ right: Value, otherwise nzcv: UInt64) {
        let kind: FlagKind = adds ? (type == .i64 ? .add64 : .add32) : type == .i64 ? .sub64 : .sub32
        let explicit = b.const(.i64, FlagKind.explicit.rawValue)
        b.write(.i64, AArch64Registers.flagKind, b.select(.i64, if: truth, b.const(.i64, kind.rawValue), explicit))
        b.write(.i64, AArch64Registers.flagA, b.select(.i64, if: truth, type == .i64 ? left : b.zext(.i64, left), b.const(.i64, nzcv)))
        b.write(.i64, AArch64Registers.flagB, type == .i64 ? right : b.zext(.i64, right))
        let compared: FlagProducer = adds ? .add(type, left, right, result: b.add(type, left, right)) : .sub(type, left, right)
        producer = .conditional(truth, compared, otherwise: nzcv)
    }

    /// Flags whose value is known: NZCV in bits 3 to 0 of an i64.
    mutating func setFlags(_ b: inout IRBlock, explicit nzcv: Value) {
        writeFlagCells(&b, .explicit, .i64, nzcv, nil)
        producer = .explicit(nzcv)
    }

    /// Those of a comparison of floats.
    mutating func setFlags(_ b: inout IRBlock, float left: Value, _ right: Value, _ attributes: FloatAttributes) {
        // The one comparison that raises flags.
        let unordered = b.fcompare(.i64, .unordered, attributes, left, right)
        let again = attributes.repeated
        producer = .float(left, right, again)
        let type = b[Int(left.index)].type
        if type != .f16, !attributes.flushes {
            let bits = IRType.integer(bits: type.bits)
            return writeFlagCells(&b, type == .f64 ? .float64 : .float32, bits, b.bitcast(bits, left), b.bitcast(bits, right))
        }
        let less = b.fcompare(.i64, .lt, again, left, right)
        let equal = b.fcompare(.i64, .eq, again, left, right)
        var nzcv = b.select(.i64, if: less, b.const(.i64, 8), b.const(.i64, 2))
        nzcv = b.select(.i64, if: equal, b.const(.i64, 6), nzcv)
        nzcv = b.select(.i64, if: unordered, b.const(.i64, 3), nzcv)
        writeFlagCells(&b, .explicit, .i64, nzcv, nil)
    }

    private func writeFlagCells(_ b: inout IRBlock, _ kind: FlagKind, _ type: IRType, _ left: Value, _ right: Value?) {
        b.write(.i64, AArch64Registers.flagKind, b.const(.i64, kind.rawValue))
        b.write(.i64, AArch64Registers.flagA, type == .i64 ? left : b.zext(.i64, left))
        if let right { b.write(.i64, AArch64Registers.flagB, type == .i64 ? right : b.zext(.i64, right)) }
    }

    // MARK: Testing

    func test(_ b: inout IRBlock, _ number: Int) -> Test {
        guard let condition = A64Condition(rawValue: number & ~1), condition != .al else {
            return Test(.eq, b.const(.i64, 0), b.const(.i64, 0))
        }
        let test = positive(&b, condition, producer)
        return number & 1 == 0 ? test : test.negated
    }

    private func positive(_ b: inout IRBlock, _ condition: A64Condition, _ producer: FlagProducer) -> Test {
        switch producer {
        case .unknown: return isTrue(&b, b.call(AArch64Helper.condition.rawValue, b.const(.i64, UInt64(condition.rawValue))))
        case .sub(let type, let left, let right): return testDifference(&b, condition, type, left, right)
        case .add(let type, let left, let right, let result): return testSum(&b, condition, type, left, right, result)
        case .logic(let type, let result): return testLogic(&b, condition, type, result)
        case .float(let left, let right, let attributes): return testFloat(&b, condition, left, right, attributes)
        case .explicit(let nzcv): return testExplicit(&b, condition, nzcv)
        case .conditional(let truth, let compared, let nzcv):
            let outcome = positive(&b, condition, compared).truth(&b)
            guard conditionHolds(condition.rawValue, nzcv) else { return isTrue(&b, b.binary(.and, .i64, truth, outcome)) }
            return isTrue(&b, b.binary(.or, .i64, b.binary(.xor, .i64, truth, b.const(.i64, 1)), outcome))
        }
    }

    private func isTrue(_ b: inout IRBlock, _ truth: Value) -> Test { Test(.ne, truth, b.const(.i64, 0)) }

    private func testDifference(_ b: inout IRBlock, _ condition: A64Condition, _ type: IRType, _ left: Value, _ right: Value) -> Test {
        switch condition {
        case .eq: return Test(.eq, left, right)
        case .cs: return Test(.geU, left, right)
        case .hi: return Test(.gtU, left, right)
        case .ge: return Test(.geS, left, right)
        case .gt: return Test(.gtS, left, right)
        case .mi: return Test(.ltS, b.sub(type, left, right), b.const(type, 0))
        default:
            let difference = b.sub(type, left, right)
            let overflow = b.binary(.and, type, b.binary(.xor, type, left, right), b.binary(.xor, type, left, difference))
            return Test(.ltS, overflow, b.const(type, 0))
        }
    }

    private func testSum(
        _ b: inout IRBlock, _ condition: A64Condition, _ type: IRType, _ left: Value, _ right: Value, _ result: Value
    ) -> Test {
        let zero = b.const(type, 0)
        switch condition {
        case .eq: return Test(.eq, result, zero)
        case .cs: return Test(.ltU, result, left)
        case .mi: return Test(.ltS, result, zero)
        case .hi:
            let carry = b.compare(.i64, .ltU, result, left)
            return isTrue(&b, b.binary(.and, .i64, carry, b.compare(.i64, .ne, result, zero)))
        default: break
        }
        let overflow = b.binary(.and, type, b.binary(.xor, type, left, result), b.binary(.xor, type, right, result))
        if condition == .vs { return Test(.ltS, overflow, zero) }
        let sign = b.binary(.xor, type, overflow, result)
        if condition == .ge { return Test(.geS, sign, zero) }
        return isTrue(&b, b.binary(.and, .i64, b.compare(.i64, .geS, sign, zero), b.compare(.i64, .ne, result, zero)))
    }

    private func testLogic(_ b: inout IRBlock, _ condition: A64Condition, _ type: IRType, _ result: Value) -> Test {
        let zero = b.const(type, 0)
        switch condition {
        case .eq: return Test(.eq, result, zero)
        case .mi: return Test(.ltS, result, zero)
        case .ge: return Test(.geS, result, zero)
        case .gt: return Test(.gtS, result, zero)
        default: return Test(.ne, zero, zero)
        }
    }

    private func testFloat(
        _ b: inout IRBlock, _ condition: A64Condition, _ left: Value, _ right: Value, _ attributes: FloatAttributes
    ) -> Test {
        func compare(_ b: inout IRBlock, _ condition: FloatCondition, _ left: Value, _ right: Value) -> Test {
            isTrue(&b, b.fcompare(.i64, condition, attributes, left, right))
        }
        switch condition {
        case .eq: return compare(&b, .eq, left, right)
        case .mi: return compare(&b, .lt, left, right)
        case .cs: return compare(&b, .lt, left, right).negated
        case .hi: return compare(&b, .le, left, right).negated
        case .ge: return compare(&b, .le, right, left)
        case .gt: return compare(&b, .lt, right, left)
        default: return compare(&b, .unordered, left, right)
        }
    }

    private func testExplicit(_ b: inout IRBlock, _ condition: A64Condition, _ nzcv: Value) -> Test {
        func masked(_ b: inout IRBlock, _ mask: UInt64) -> Value { b.binary(.and, .i64, nzcv, b.const(.i64, mask)) }
        let zero = b.const(.i64, 0)
        switch condition {
        case .eq: return Test(.ne, masked(&b, 4), zero)
        case .cs: return Test(.ne, masked(&b, 2), zero)
        case .mi: return Test(.ne, masked(&b, 8), zero)
        case .vs: return Test(.ne, masked(&b, 1), zero)
        case .hi: return Test(.eq, masked(&b, 6), b.const(.i64, 2))
        default:
            let differs = b.binary(.and, .i64, b.binary(.xor, .i64, b.binary(.shrU, .i64, nzcv, b.const(.i64, 3)), nzcv), b.const(.i64, 1))
            if condition == .ge { return Test(.eq, differs, zero) }
            return Test(.eq, b.binary(.or, .i64, differs, masked(&b, 4)), zero)
        }
    }

    // MARK: The flags as a number

    /// NZCV in bits 3 to 0 of an i64.
    func nzcv(_ b: inout IRBlock) -> Value {
        switch producer {
        case .explicit(let value): return value
        case .unknown: return b.call(AArch64Helper.nzcv.rawValue)
        default:
            let bits: [(A64Condition, UInt64)] = [(.mi, 3), (.eq, 2), (.cs, 1), (.vs, 0)]
            var sum = b.const(.i64, 0)
            for (condition, place) in bits {
                let flag = positive(&b, condition, producer).truth(&b)
                sum = b.binary(.or, .i64, sum, b.binary(.shl, .i64, flag, b.const(.i64, place)))
            }
            return sum
        }
    }

    /// The flags of a sum with carry that has been worked out.
    mutating func setFlags(_ b: inout IRBlock, _ type: IRType, result: Value, carry: Value, overflow: Value) {
        let top = b.const(.i64, UInt64(type.bits - 1))
        func sign(_ b: inout IRBlock, _ value: Value, _ place: UInt64) -> Value {
            let wide = type == .i64 ? value : b.zext(.i64, value)
            return b.binary(.shl, .i64, b.binary(.shrU, .i64, wide, top), b.const(.i64, place))
        }
        let n = sign(&b, result, 3), v = sign(&b, overflow, 0)
        let z = b.binary(.shl, .i64, b.compare(.i64, .eq, result, b.const(type, 0)), b.const(.i64, 2))
        let c = b.binary(.shl, .i64, carry, b.const(.i64, 1))
        setFlags(&b, explicit: b.binary(.or, .i64, b.binary(.or, .i64, n, z), b.binary(.or, .i64, c, v)))
    }
}
