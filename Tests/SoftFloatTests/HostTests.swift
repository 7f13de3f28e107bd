import Glibc
import SoftFloat
import Testing

/// Single and double precision against the host's instructions: values and flags, in four rounding modes.
@Suite struct HostTests {
    static let samples = getenv("APUS_FULL_TESTS") != nil ? 2_000_000 : 20_000

    typealias Soft = (FloatFormat, UInt128, UInt128, inout FloatEnvironment) -> UInt128

    private func check(
        _ name: String, _ soft: Soft, _ double: ((Double, Double) -> Double)?, _ float: ((Float, Float) -> Float)?, seed: UInt64
    ) {
        var operands = Operands(seed: seed)
        for index in 0..<HostTests.samples {
            let (rounding, mode) = Host.roundings[index % 4]
            if let double {
                let a = operands.pattern(.f64)
                let b = operands.pattern(.f64, near: a)
                let (value, flags) = Host.run(mode) {
                    double(Double(bitPattern: UInt64(a)), Double(bitPattern: UInt64(b)))
                }
                let expected = value.isNaN ? 0x7ff8_0000_0000_0000 : UInt128(value.bitPattern)
                guard agree(name, soft, .f64, a, b, rounding, expected, flags) else { return }
            }
            if let float {
                let a = operands.pattern(.f32)
                let b = operands.pattern(.f32, near: a)
                let (value, flags) = Host.run(mode) {
                    float(Float(bitPattern: UInt32(a)), Float(bitPattern: UInt32(b)))
                }
                let expected = value.isNaN ? 0x7fc0_0000 : UInt128(value.bitPattern)
                guard agree(name, soft, .f32, a, b, rounding, expected, flags) else { return }
            }
        }
    }

    private func agree(
        _ name: String, _ soft: Soft, _ format: FloatFormat, _ a: UInt128, _ b: UInt128, _ rounding: FloatRounding,
        _ expected: UInt128, _ flags: FloatFlags
    ) -> Bool {
        var environment = FloatEnvironment(rounding: rounding)
        let result = soft(format, a, b, &environment)
        if result == expected && environment.flags == flags { return true }
        func hex(_ bits: UInt128) -> String { String(bits, radix: 16) }
        Issue.record(
            "\(name) \(hex(a)) \(hex(b)) \(rounding): \(hex(result)) \(environment.flags.rawValue), host \(hex(expected)) \(flags.rawValue)"
        )
        return false
    }

    @Test func adds() {
        check("add", { $0.add($1, $2, &$3) }, Host.add, Host.add, seed: 1)
        check("subtract", { $0.subtract($1, $2, &$3) }, Host.subtract, Host.subtract, seed: 2)
    }

    @Test func multiplies() { check("multiply", { $0.multiply($1, $2, &$3) }, Host.multiply, Host.multiply, seed: 3) }

    @Test func divides() { check("divide", { $0.divide($1, $2, &$3) }, Host.divide, Host.divide, seed: 4) }

    @Test func takesRoots() {
        check("squareRoot", { f, a, _, e in f.squareRoot(a, &e) }, { a, _ in Host.root(a) }, { a, _ in Host.root(a) }, seed: 5)
    }

    @Test func roundsToIntegers() {
        check("roundToIntegral", { f, a, _, e in f.roundToIntegral(a, &e) }, { a, _ in Host.integral(a) }, nil, seed: 6)
    }

    /// A product and a sum in one are known by exact arithmetic in the wider format, rounded to odd on the way.
    @Test func fuses() {
        var operands = Operands(seed: 7)
        for index in 0..<HostTests.samples {
            let (rounding, _) = Host.roundings[index % 4]
            let a = operands.pattern(.f32)
            let b = operands.pattern(.f32, near: a)
            let c = operands.pattern(.f32, near: a)
            var environment = FloatEnvironment(rounding: rounding)
            let result = FloatFormat.f32.multiplyAdd(a, b, c, negateProduct: false, negateAddend: false, &environment)
            // f128 holds the product of two f32 exactly; the sum rounded to odd with 113 bits rounds rightly to 24.
            var wide = FloatEnvironment(rounding: .odd)
            let widened = [a, b, c].map { FloatFormat.f32.convert($0, to: .f128, &wide) }
            let product = FloatFormat.f128.multiply(widened[0], widened[1], &wide)
            if FloatFormat.f128.compare(product, product, isSignalling: false, &wide) == .unordered { continue }
            var exact = FloatEnvironment(rounding: rounding)
            let isExactZero = product << 1 == 0 || widened[2] << 1 == 0
            exact.rounding = isExactZero ? rounding : .odd
            var sum = FloatFormat.f128.add(product, widened[2], &exact)
            // An exact cancellation has the sign of the rounding mode asked for.
            if sum << 1 == 0 {
                exact.rounding = rounding
                sum = FloatFormat.f128.add(product, widened[2], &exact)
            }
            exact.rounding = rounding
            let expected = FloatFormat.f128.convert(sum, to: .f32, &exact)
            if result != expected {
                Issue.record(
                    "\(String(a, radix: 16)) \(String(b, radix: 16)) \(String(c, radix: 16)) \(rounding): \(String(result, radix: 16)), not \(String(expected, radix: 16))"
                )
                return
            }
        }
    }

    /// The host's fused operation on doubles.
    @Test func fusesDoublesAsTheHostDoes() {
        var operands = Operands(seed: 8)
        for _ in 0..<HostTests.samples {
            let a = operands.pattern(.f64)
            let b = operands.pattern(.f64, near: a)
            let c = operands.pattern(.f64, near: operands.next() & 1 == 0 ? a : b)
            var environment = FloatEnvironment()
            let result = FloatFormat.f64.multiplyAdd(a, b, c, negateProduct: false, negateAddend: true, &environment)
            let value = (-Double(bitPattern: UInt64(c))).addingProduct(
                Double(bitPattern: UInt64(a)), Double(bitPattern: UInt64(b)))
            let expected = value.isNaN ? 0x7ff8_0000_0000_0000 : UInt128(value.bitPattern)
            if result != expected {
                Issue.record("\(String(a, radix: 16)) \(String(b, radix: 16)) \(String(c, radix: 16)): \(String(result, radix: 16))")
                return
            }
        }
    }

    @Test func narrowsAndWidens() {
        var operands = Operands(seed: 9)
        for index in 0..<HostTests.samples {
            let (rounding, mode) = Host.roundings[index % 4]
            let a = operands.pattern(.f64)
            let (value, flags) = Host.run(mode) { Host.narrow(Double(bitPattern: UInt64(a))) }
            var environment = FloatEnvironment(rounding: rounding)
            let result = FloatFormat.f64.convert(a, to: .f32, &environment)
            let expected = value.isNaN ? 0x7fc0_0000 : UInt128(value.bitPattern)
            #expect(result == expected && environment.flags == flags, "\(String(a, radix: 16)) \(rounding)")
            if value.isNaN { continue }
            let wide = FloatFormat.f32.convert(result, to: .f64, &environment)
            #expect(wide == UInt128(Double(value).bitPattern))
            let extended = FloatFormat.f64.convert(a, to: .f80, &environment)
            #expect(FloatFormat.f80.convert(extended, to: .f64, &environment) == a)
        }
    }

    @Test func convertsIntegers() {
        var operands = Operands(seed: 10)
        for _ in 0..<HostTests.samples {
            let value = operands.next() >> (operands.next() & 63)
            var environment = FloatEnvironment()
            let signed = Int64(bitPattern: value)
            #expect(
                FloatFormat.f64.fromInteger(UInt128(value), width: 64, isSigned: true, &environment) == UInt128(Double(signed).bitPattern))
            #expect(
                FloatFormat.f64.fromInteger(UInt128(value), width: 64, isSigned: false, &environment) == UInt128(Double(value).bitPattern))
            #expect(
                FloatFormat.f32.fromInteger(UInt128(value), width: 64, isSigned: true, &environment) == UInt128(Float(signed).bitPattern))
            let a = Double(bitPattern: UInt64(operands.pattern(.f64)))
            environment = FloatEnvironment(rounding: .towardZero)
            let result = FloatFormat.f64.toInteger(UInt128(a.bitPattern), width: 32, isSigned: true, .nanToZero, &environment)
            let expected = Int32(truncatingIfNeeded: Int64(max(min(a.isNaN ? 0 : a, 2_147_483_647), -2_147_483_648)))
            #expect(result == UInt128(UInt32(bitPattern: expected)))
            #expect(environment.flags.contains(.invalid) == (a.isNaN || a >= 2_147_483_648 || a <= -2_147_483_649))
        }
    }

    @Test func extendedPrecisionAgreesWithTheX87() {
        var operands = Operands(seed: 11)
        for _ in 0..<HostTests.samples {
            let a = operands.pattern(.f80)
            let b = operands.pattern(.f80, near: a)
            let x = HostTests.extended(a)
            let y = HostTests.extended(b)
            var environment = FloatEnvironment()
            let pairs: [(UInt128, Float80)] = [
                (FloatFormat.f80.add(a, b, &environment), x + y), (FloatFormat.f80.multiply(a, b, &environment), x * y),
                (FloatFormat.f80.divide(a, b, &environment), x / y), (FloatFormat.f80.squareRoot(a, &environment), x.squareRoot()),
            ]
            for (result, value) in pairs where !value.isNaN {
                #expect(HostTests.extended(result) == value && HostTests.extended(result).sign == value.sign)
            }
        }
    }

    static func extended(_ bits: UInt128) -> Float80 {
        let top = UInt64(truncatingIfNeeded: bits >> 64)
        return Float80(
            sign: top >> 15 & 1 == 0 ? .plus : .minus, exponentBitPattern: UInt(top & 0x7fff),
            significandBitPattern: UInt64(truncatingIfNeeded: bits))
    }

    /// 113 bits are enough to round twice without harm.
    @Test func quadruplePrecisionRoundsToDouble() {
        var operands = Operands(seed: 12)
        for _ in 0..<HostTests.samples {
            let a = operands.pattern(.f64)
            let b = operands.pattern(.f64, near: a)
            var environment = FloatEnvironment()
            let x = FloatFormat.f64.convert(a, to: .f128, &environment)
            let y = FloatFormat.f64.convert(b, to: .f128, &environment)
            let double = FloatFormat.f64
            let quad = FloatFormat.f128
            let pairs = [
                (double.add(a, b, &environment), quad.add(x, y, &environment)),
                (double.multiply(a, b, &environment), quad.multiply(x, y, &environment)),
                (double.divide(a, b, &environment), quad.divide(x, y, &environment)),
                (double.squareRoot(a, &environment), quad.squareRoot(x, &environment)),
            ]
            for (narrow, wide) in pairs {
                // Subnormal doubles have fewer bits still, so that this holds for them, too.
                #expect(quad.convert(wide, to: .f64, &environment) == narrow)
            }
        }
    }
}
