import CMPFR
import Glibc
import SoftFloat
import Testing

/// Every format and rounding mode against MPFR: results and flags.
@Suite struct OracleTests {
    static let isFull = getenv("APUS_FULL_TESTS") != nil
    /// Random cases for an operation in a format.
    static let samples = isFull ? 1_000_000 : 6_000

    static let formats: [(name: String, format: FloatFormat)] = [
        ("f16", .f16), ("bf16", .bf16), ("f32", .f32), ("f64", .f64), ("f80", .f80), ("f80m68k", .f80m68k), ("f128", .f128),
    ]

    private static func format(_ name: String) -> FloatFormat { formats.first { $0.name == name }!.format }

    /// Runs random cases until one disagrees. `check` returns nothing, or what went wrong.
    private func repeatedly(_ what: String, _ body: (FloatRounding, Bool) -> String?) {
        for index in 0..<OracleTests.samples {
            let rounding = FloatRounding.allCases[index % FloatRounding.allCases.count]
            guard let difference = body(rounding, index / 6 % 2 == 0) else { continue }
            Issue.record("\(what), \(rounding), tininess \(index / 6 % 2 == 0 ? "before" : "after") rounding: \(difference)")
            return
        }
    }

    private func difference(_ operands: [UInt128], _ soft: Outcome, _ oracle: Outcome) -> String? {
        soft == oracle ? nil : "\(operands.map(hex).joined(separator: " ")) gives \(soft), MPFR \(oracle)"
    }

    // MARK: Operations

    struct Operation: Sendable, CustomTestStringConvertible {
        let name: String
        let oracle: MPFROperation
        let soft: @Sendable (FloatFormat, UInt128, UInt128, UInt128, inout FloatEnvironment) -> (UInt128, UInt64)
        var testDescription: String { name }
    }

    static let operations: [Operation] = [
        Operation(name: "add", oracle: MPFRAdd) { ($0.add($1, $2, &$4), 0) },
        Operation(name: "subtract", oracle: MPFRSubtract) { ($0.subtract($1, $2, &$4), 0) },
        Operation(name: "multiply", oracle: MPFRMultiply) { ($0.multiply($1, $2, &$4), 0) },
        Operation(name: "divide", oracle: MPFRDivide) { ($0.divide($1, $2, &$4), 0) },
        Operation(name: "squareRoot", oracle: MPFRSquareRoot) { ($0.squareRoot($1, &$4), 0) },
        Operation(name: "multiplyAdd", oracle: MPFRMultiplyAdd) {
            ($0.multiplyAdd($1, $2, $3, negateProduct: false, negateAddend: false, &$4), 0)
        },
        Operation(name: "remainder", oracle: MPFRRemainder) { $0.remainder($1, $2, .nearestEven, &$4) },
        Operation(name: "modulo", oracle: MPFRModulo) { $0.remainder($1, $2, .towardZero, &$4) },
        Operation(name: "scale", oracle: MPFRScale) { ($0.scale($1, by: Int(truncatingIfNeeded: $2), &$4), 0) },
        Operation(name: "roundToIntegral", oracle: MPFRIntegral) { ($0.roundToIntegral($1, &$4), 0) },
    ]

    private func compare(
        _ operation: Operation, _ format: FloatFormat, _ rounding: FloatRounding, _ isBefore: Bool, _ a: UInt128, _ b: UInt128, _ c: UInt128
    ) -> String? {
        var environment = FloatEnvironment(rounding: rounding, isTinyBeforeRounding: isBefore)
        let (bits, quotient) = operation.soft(format, a, b, c, &environment)
        let oracle = mpfrCompute(
            operation.oracle, format.forOracle, format.forOracle, rounding.forOracle, isBefore, MPFRBits(a), MPFRBits(b), MPFRBits(c))
        return difference([a, b, c], Outcome(bits, environment.flags, quotient: quotient), Outcome(oracle))
    }

    @Test(arguments: OracleTests.operations) func operationsAgree(_ operation: Operation) {
        for (name, format) in OracleTests.formats {
            var hard = HardOperands(format, seed: 31)
            repeatedly("\(operation.name) \(name)") { rounding, isBefore in
                var (a, b, c) = hard.triple()
                if operation.name == "scale" { b = UInt128(truncatingIfNeeded: hard.distance()) & 0xffff_ffff_ffff_ffff }
                return compare(operation, format, rounding, isBefore, a, b, c)
            }
        }
    }

    /// All special values with each other; of a fused operation as addends, too.
    @Test(arguments: OracleTests.operations) func specialValuesAgree(_ operation: Operation) {
        for (name, format) in OracleTests.formats {
            let specials = HardOperands(format, seed: 0).specials
            let addends = operation.name == "multiplyAdd" ? specials : [0]
            for rounding in FloatRounding.allCases {
                for a in specials {
                    for b in specials {
                        for c in addends {
                            guard let difference = compare(operation, format, rounding, false, a, b, c) else { continue }
                            Issue.record("\(operation.name) \(name), \(rounding): \(difference)")
                            return
                        }
                    }
                }
            }
        }
    }

    // MARK: Conversions

    @Test(arguments: OracleTests.formats.map(\.name)) func conversionsAgree(_ name: String) {
        let source = OracleTests.format(name)
        for (targetName, target) in OracleTests.formats {
            var hard = HardOperands(source, to: target, seed: 32)
            var pending = hard.specials
            repeatedly("\(name) to \(targetName)") { rounding, isBefore in
                let a = pending.popLast() ?? hard.operand()
                var environment = FloatEnvironment(rounding: rounding, isTinyBeforeRounding: isBefore)
                let bits = source.convert(a, to: target, &environment)
                let oracle = mpfrCompute(
                    MPFRConvert, source.forOracle, target.forOracle, rounding.forOracle, isBefore, MPFRBits(a), MPFRBits(a), MPFRBits(a))
                return difference([a], Outcome(bits, environment.flags), Outcome(oracle))
            }
        }
    }

    static let integers = [8, 16, 32, 64, 128].flatMap { [($0, false), ($0, true)] }

    @Test(arguments: OracleTests.formats.map(\.name)) func integersAgree(_ name: String) {
        let format = OracleTests.format(name)
        for (width, isSigned) in OracleTests.integers {
            var hard = HardOperands(format, seed: 33)
            var pending = hard.specials
            let bias = UInt128(1) << (format.exponentBits - 1) - 1
            repeatedly("\(name) and \(isSigned ? "signed" : "unsigned") \(width)-bit integers") { rounding, _ in
                var a = pending.popLast() ?? hard.operand()
                if hard.next() & 1 == 0 {
                    // Near the ends of the integer's range.
                    let stored = format.fractionBits + (format.hasIntegerBit ? 1 : 0)
                    let exponent = min(bias + UInt128(hard.next() % UInt64(width + 2)), 2 * bias)
                    a = a & ~((1 << format.exponentBits - 1) << stored) | exponent << stored
                    if format.hasIntegerBit { a |= 1 << format.fractionBits }
                }
                return toInteger(format, a, width, isSigned, rounding) ?? fromInteger(format, integer(&hard), width, isSigned, rounding)
            }
        }
    }

    /// Small ones, large ones, ones with a few significant bits.
    private func integer(_ hard: inout HardOperands) -> UInt128 {
        let bits = UInt128(hard.next()) << 64 | UInt128(hard.next())
        switch hard.next() % 4 {
        case 0: return bits
        case 1: return bits >> (hard.next() & 127)
        case 2: return UInt128(1) << (hard.next() & 127) &- UInt128(hard.next() % 3)
        default: return ~(bits >> (hard.next() & 127))
        }
    }

    private func toInteger(_ format: FloatFormat, _ a: UInt128, _ width: Int, _ isSigned: Bool, _ rounding: FloatRounding) -> String? {
        var environment = FloatEnvironment(rounding: rounding)
        let bits = format.toInteger(a, width: width, isSigned: isSigned, .nanToMaximum, &environment)
        let oracle = mpfrToInteger(format.forOracle, rounding.forOracle, Int32(width), isSigned, MPFRBits(a))
        return difference([a], Outcome(bits, environment.flags), Outcome(oracle))
    }

    private func fromInteger(_ format: FloatFormat, _ value: UInt128, _ width: Int, _ isSigned: Bool, _ rounding: FloatRounding) -> String? {
        var environment = FloatEnvironment(rounding: rounding)
        let bits = format.fromInteger(value, width: width, isSigned: isSigned, &environment)
        let oracle = mpfrFromInteger(format.forOracle, rounding.forOracle, Int32(width), isSigned, MPFRBits(value))
        return difference([value], Outcome(bits, environment.flags), Outcome(oracle))
    }

    // MARK: Comparisons

    @Test(arguments: OracleTests.formats.map(\.name)) func comparisonsAgree(_ name: String) {
        let format = OracleTests.format(name)
        var hard = HardOperands(format, seed: 34)
        var pending = hard.specials.flatMap { a in hard.specials.map { (a, $0) } }
        repeatedly("\(name)") { _, isSignalling in
            let a = hard.operand()
            let pair = pending.popLast() ?? (a, hard.operand(near: a))
            var environment = FloatEnvironment()
            let ordering = format.compare(pair.0, pair.1, isSignalling: isSignalling, &environment)
            var flags: UInt32 = 0
            let order = mpfrCompare(format.forOracle, isSignalling, MPFRBits(pair.0), MPFRBits(pair.1), &flags)
            let wanted: FloatOrdering = order == -1 ? .less : order == 0 ? .equal : order == 1 ? .greater : .unordered
            if ordering == wanted, environment.flags.rawValue == flags { return nil }
            return "\(hex(pair.0)) \(hex(pair.1)): \(ordering) \(environment.flags.rawValue), MPFR \(wanted) \(flags)"
        }
    }
}
