import Glibc
import SoftFloat
import Testing

/// Flushing, precision control and remainders, against the host's SSE and x87 units and its C library.
@Suite struct ControlWordTests {
    private static let samples = HostTests.samples

    /// Runs `work` with the host's control words changed.
    private func with<T>(mxcsr: UInt32 = 0, precision: UInt16 = 3, _ work: () -> T) -> T {
        var old = fenv_t()
        fegetenv(&old)
        var new = old
        new.__mxcsr |= mxcsr
        new.__control_word = new.__control_word & ~0x300 | precision << 8
        fesetenv(&new)
        let result = work()
        fesetenv(&old)
        return result
    }

    private struct Operation: Sendable {
        let name: String
        let soft: @Sendable (UInt128, UInt128, inout FloatEnvironment) -> UInt128
        let host: @Sendable (Float, Float) -> Float
    }

    private static let f32 = FloatFormat.f32
    private static let operations: [Operation] = [
        .init(name: "add", soft: { f32.add($0, $1, &$2) }, host: { Host.add($0, $1) }),
        .init(name: "subtract", soft: { f32.subtract($0, $1, &$2) }, host: { Host.subtract($0, $1) }),
        .init(name: "multiply", soft: { f32.multiply($0, $1, &$2) }, host: { Host.multiply($0, $1) }),
        .init(name: "divide", soft: { f32.divide($0, $1, &$2) }, host: { Host.divide($0, $1) }),
        .init(name: "squareRoot", soft: { a, _, e in f32.squareRoot(a, &e) }, host: { a, _ in Host.root(a) }),
    ]

    /// MXCSR's flush-to-zero (0x8000) and denormals-are-zero (0x40).
    @Test(arguments: [(false, true), (true, false), (true, true)]) func flushesAsTheHostDoes(_ results: Bool, _ operands: Bool) {
        var random = Operands(seed: 21)
        for index in 0..<ControlWordTests.samples {
            let (rounding, mode) = Host.roundings[index % 4]
            let operation = ControlWordTests.operations[index / 4 % ControlWordTests.operations.count]
            let a = random.pattern(.f32)
            let b = random.pattern(.f32, near: a)
            let (value, flags) = with(mxcsr: (results ? 0x8000 : 0) | (operands ? 0x40 : 0)) {
                Host.run(mode) { operation.host(Float(bitPattern: UInt32(a)), Float(bitPattern: UInt32(b))).bitPattern }
            }
            var environment = FloatEnvironment(rounding: rounding, nanRule: .sse)
            environment.flushing = results ? .sse : .never
            environment.flushesOperands = operands
            let result = operation.soft(a, b, &environment)
            let raised = environment.flags.subtracting(.flushedOperand)
            if result != UInt128(value) || raised != flags {
                let texts = [a, b, result, UInt128(value)].map { String($0, radix: 16) }
                Issue.record("\(operation.name) \(texts[0]) \(texts[1]) \(rounding): \(texts[2]) \(raised), not \(texts[3]) \(flags)")
                return
            }
        }
    }

    @Test func theOtherRuleRaisesUnderflowAlone() {
        var environment = FloatEnvironment()
        environment.flushing = .arm
        #expect(ControlWordTests.f32.multiply(0x8080_0000, 0x3f00_0000, &environment) == 0x8000_0000 && environment.flags == .underflow)
        environment = FloatEnvironment()
        environment.flushesOperands = true
        #expect(ControlWordTests.f32.minimum(0x8000_0001, 0x3f80_0000, &environment) == 0x8000_0000 && environment.flags == .flushedOperand)
        #expect(ControlWordTests.f32.compare(1, 0, isSignalling: false, &environment) == .equal)
    }

    @Test(arguments: ExtendedPrecision.allCases) func keepsPrecisionAsTheX87Does(_ precision: ExtendedPrecision) {
        let control: UInt16 = precision == .single ? 0 : precision == .double ? 2 : 3
        let format = FloatFormat.f80
        var random = Operands(seed: 22)
        for index in 0..<ControlWordTests.samples {
            let (rounding, mode) = Host.roundings[index % 4]
            let a = random.pattern(.f80)
            let b = random.pattern(.f80, near: a)
            let x = HostTests.extended(a), y = HostTests.extended(b)
            let kind = index / 4 % 5
            let (value, flags) = with(precision: control) { Host.run(mode) { Host.extended(kind, x, y) } }
            var environment = FloatEnvironment(rounding: rounding, nanRule: .x87)
            environment.extendedPrecision = precision
            let result =
                switch kind {
                case 0: format.add(a, b, &environment)
                case 1: format.subtract(a, b, &environment)
                case 2: format.multiply(a, b, &environment)
                case 3: format.divide(a, b, &environment)
                default: format.squareRoot(a, &environment)
                }
            let wanted = ControlWordTests.bits(value)
            if result != wanted || environment.flags != flags {
                let texts = [a, b, result, wanted].map { String($0, radix: 16) }
                Issue.record("operation \(kind) \(texts[0]) \(texts[1]) \(rounding): \(texts[2]) \(environment.flags), not \(texts[3]) \(flags)")
                return
            }
        }
    }

    private static func bits(_ value: Float80) -> UInt128 {
        let integer: UInt128 = value.exponentBitPattern == 0 ? 0 : 1 << 63
        let top = UInt128(value.exponentBitPattern) | (value.sign == .minus ? 0x8000 : 0)
        return top << 64 | integer | UInt128(value.significandBitPattern)
    }

    @Test func remainders() {
        var random = Operands(seed: 23)
        for index in 0..<ControlWordTests.samples {
            let a = random.pattern(.f64)
            let b = random.pattern(.f64, near: a)
            let x = Double(bitPattern: UInt64(a)), y = Double(bitPattern: UInt64(b))
            let isNearest = index & 1 == 0
            let value = isNearest ? x.remainder(dividingBy: y) : x.truncatingRemainder(dividingBy: y)
            var environment = FloatEnvironment(rounding: .up)
            let (result, _) = FloatFormat.f64.remainder(a, b, isNearest ? .nearestEven : .towardZero, &environment)
            // A zero has the dividend's sign (IEEE 754-2019, 5.3.1), which the C library forgets for some subnormal divisors.
            let number = value.isZero ? a & 1 << 63 : UInt128(value.bitPattern)
            let wanted = value.isNaN ? 0x7ff8_0000_0000_0000 : number
            if result != wanted {
                let texts = [a, b, result, wanted].map { String($0, radix: 16) }
                Issue.record("\(texts[0]) \(texts[1]): \(texts[2]), not \(texts[3])")
                return
            }
            #expect(environment.flags.subtracting(.invalid) == [])
        }
    }

    @Test func remaindersTellTheQuotient() {
        func divide(_ a: Double, _ b: Double, _ rounding: FloatFormat.QuotientRounding) -> (UInt128, UInt64) {
            var environment = FloatEnvironment()
            return FloatFormat.f64.remainder(UInt128(a.bitPattern), UInt128(b.bitPattern), rounding, &environment)
        }
        func bits(_ value: Double) -> UInt128 { UInt128(value.bitPattern) }
        #expect(divide(5, 3, .nearestEven) == (bits(-1), 2) && divide(5, 3, .towardZero) == (bits(2), 1))
        #expect(divide(-7, 2, .nearestEven) == (bits(1), 4) && divide(5, 2, .nearestEven) == (bits(1), 2))
        #expect(divide(-6, 3, .towardZero) == (bits(-0.0), 2) && divide(1, .infinity, .nearestEven) == (bits(1), 0))
        #expect(divide(0.75, 1, .nearestEven) == (bits(-0.25), 1) && divide(0.25, 1, .nearestEven) == (bits(0.25), 0))
    }
}
