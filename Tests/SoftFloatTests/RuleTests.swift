import SoftFloat
import Testing

/// NaN rules, tininess, saturation, comparisons and the modes that hosts don't have.
@Suite struct RuleTests {
    private let quiet: UInt128 = 0xffc0_0001
    private let otherQuiet: UInt128 = 0x7fc0_0002
    private let signalling: UInt128 = 0x7f80_0003
    private let one: UInt128 = 0x3f80_0000

    private func add(_ rule: FloatNaNRule, _ a: UInt128, _ b: UInt128) -> (UInt128, FloatFlags) {
        var environment = FloatEnvironment(nanRule: rule)
        return (FloatFormat.f32.add(a, b, &environment), environment.flags)
    }

    @Test func eachRuleChoosesItsNaN() {
        #expect(add(.canonical, quiet, one) == (0x7fc0_0000, []))
        #expect(add(.canonical, one, signalling) == (0x7fc0_0000, .invalid))
        #expect(add(.arm, quiet, signalling) == (0x7fc0_0003, .invalid))
        #expect(add(.arm, quiet, otherQuiet) == (quiet, []))
        #expect(add(.sse, quiet, signalling) == (quiet, .invalid))
        #expect(add(.sse, one, otherQuiet) == (otherQuiet, []))
        #expect(add(.x87, quiet, otherQuiet) == (otherQuiet, []))
        #expect(add(.x87, signalling, quiet) == (quiet, .invalid))
        #expect(add(.sse, 0x7f80_0000, 0xff80_0000) == (0xffc0_0000, .invalid))
        #expect(add(.arm, 0x7f80_0000, 0xff80_0000) == (0x7fc0_0000, .invalid))
    }

    @Test func fusedOperationsChooseTheirs() {
        func fuse(_ rule: FloatNaNRule, _ a: UInt128, _ b: UInt128, _ c: UInt128) -> (UInt128, FloatFlags) {
            var environment = FloatEnvironment(nanRule: rule)
            let result = FloatFormat.f32.multiplyAdd(a, b, c, negateProduct: false, negateAddend: false, &environment)
            return (result, environment.flags)
        }
        let infinity: UInt128 = 0x7f80_0000
        #expect(fuse(.arm, quiet, one, otherQuiet) == (otherQuiet, []))
        #expect(fuse(.firstOperand, one, quiet, otherQuiet) == (otherQuiet, []))
        #expect(fuse(.sse, one, quiet, otherQuiet) == (quiet, []))
        #expect(fuse(.arm, infinity, 0, quiet) == (0x7fc0_0000, .invalid))
        #expect(fuse(.sse, infinity, 0, quiet) == (quiet, []))
        #expect(fuse(.canonical, infinity, 0, quiet) == (0x7fc0_0000, .invalid))
        #expect(fuse(.canonical, infinity, one, 0xff80_0000) == (0x7fc0_0000, .invalid))
    }

    @Test func tininessIsSeenBeforeOrAfterRounding() {
        for (isBefore, flags) in [(false, FloatFlags.inexact), (true, [.inexact, .underflow])] {
            var environment = FloatEnvironment(isTinyBeforeRounding: isBefore)
            // (2^-126)(1 - 2^-24) with one bit more than the format rounds up to the smallest normal number.
            let result = FloatFormat.f32.multiply(0x0080_0001, 0x3f7f_fffe, &environment)
            #expect(result == 0x0080_0000)
            #expect(environment.flags == flags)
        }
    }

    @Test func conversionsSaturate() {
        func convert(_ a: UInt128, _ width: Int, _ isSigned: Bool, _ rule: FloatSaturation) -> (UInt128, FloatFlags) {
            var environment = FloatEnvironment()
            return (FloatFormat.f32.toInteger(a, width: width, isSigned: isSigned, rule, &environment), environment.flags)
        }
        #expect(convert(quiet, 32, true, .nanToMaximum) == (0x7fff_ffff, .invalid))
        #expect(convert(quiet, 32, false, .nanToMaximum) == (0xffff_ffff, .invalid))
        #expect(convert(quiet, 64, true, .nanToZero) == (0, .invalid))
        #expect(convert(quiet, 32, true, .indefinite) == (0x8000_0000, .invalid))
        #expect(convert(0xff80_0000, 64, true, .nanToMaximum) == (1 << 63, .invalid))
        #expect(convert(0xbf80_0000, 32, false, .nanToMaximum) == (0, .invalid))
        #expect(convert(0xbe80_0000, 32, false, .nanToMaximum) == (0, .inexact))
        #expect(convert(0x4f00_0000, 32, true, .nanToMaximum) == (0x7fff_ffff, .invalid))
        #expect(convert(0x4f00_0000, 32, false, .nanToMaximum) == (0x8000_0000, []))
        #expect(convert(0xcf00_0000, 32, true, .nanToMaximum) == (0x8000_0000, []))
    }

    @Test func roundsAwayAndToOdd() {
        func integral(_ value: Float, _ rounding: FloatRounding) -> Float {
            var environment = FloatEnvironment(rounding: rounding)
            return Float(bitPattern: UInt32(FloatFormat.f32.roundToIntegral(UInt128(value.bitPattern), &environment)))
        }
        #expect(integral(2.5, .nearestAway) == 3 && integral(-2.5, .nearestAway) == -3 && integral(2.25, .nearestAway) == 2)
        #expect(integral(2.25, .odd) == 3 && integral(3.75, .odd) == 3 && integral(-0.5, .nearestEven).sign == .minus)
        var environment = FloatEnvironment(rounding: .odd)
        #expect(FloatFormat.f32.add(one, 0x3000_0000, &environment) == one + 1)
        #expect(FloatFormat.f32.multiply(0x7f7f_ffff, 0x7f7f_ffff, &environment) == 0x7f7f_ffff)
        environment.rounding = .nearestAway
        #expect(FloatFormat.f32.add(one, 0x3380_0000, &environment) == one + 1)
    }

    @Test func comparesAndChooses() {
        var environment = FloatEnvironment()
        let format = FloatFormat.f32
        #expect(format.compare(0, 0x8000_0000, isSignalling: true, &environment) == .equal)
        #expect(format.compare(one, 0xff80_0000, isSignalling: true, &environment) == .greater)
        #expect(format.compare(0xbf80_0000, 0xbf80_0001, isSignalling: true, &environment) == .greater)
        #expect(format.compare(quiet, one, isSignalling: false, &environment) == .unordered && environment.flags == [])
        #expect(format.compare(quiet, one, isSignalling: true, &environment) == .unordered && environment.flags == .invalid)
        environment.flags = []
        #expect(format.minimum(0, 0x8000_0000, &environment) == 0x8000_0000 && format.maximum(0x8000_0000, 0, &environment) == 0)
        #expect(format.minimum(quiet, one, &environment) == one && format.maximum(one, quiet, &environment) == one)
        #expect(environment.flags == [])
        #expect(format.minimum(signalling, one, &environment) == one && environment.flags == .invalid)
        #expect(format.maximum(quiet, otherQuiet, &environment) == 0x7fc0_0000)
    }

    @Test func smallFormatsAreExactlyRoundedFromDouble() {
        for (format, bias) in [(FloatFormat.f16, 15), (.bf16, 127)] {
            var operands = Operands(seed: 3)
            for _ in 0..<5000 {
                let a = operands.pattern(format)
                let b = operands.pattern(format, near: a)
                var environment = FloatEnvironment()
                let wide = FloatFormat.f64.divide(
                    format.convert(a, to: .f64, &environment), format.convert(b, to: .f64, &environment), &environment)
                #expect(format.divide(a, b, &environment) == FloatFormat.f64.convert(wide, to: format, &environment), "bias \(bias)")
            }
        }
    }

    @Test func malformedExtendedOperandsAreInvalid() {
        var environment = FloatEnvironment(nanRule: .x87)
        let unnormal: UInt128 = 0x3fff << 64 | 1
        #expect(FloatFormat.f80.add(unnormal, 0, &environment) == UInt128(0xffff) << 64 | 3 << 62)
        #expect(environment.flags == .invalid)
    }

    @Test func laterRulesChooseTheirs() {
        let infinity: UInt128 = 0x7f80_0000, minusInfinity: UInt128 = 0xff80_0000
        #expect(add(.s390x, quiet, signalling) == (0x7fc0_0003, .invalid) && add(.s390x, quiet, otherQuiet) == (quiet, []))
        #expect(add(.sparc, quiet, otherQuiet) == (otherQuiet, []) && add(.sparc, signalling, otherQuiet) == (0x7fc0_0003, .invalid))
        #expect(add(.m68k, quiet, signalling) == (quiet, .invalid) && add(.m68k, infinity, minusInfinity) == (0x7fff_ffff, .invalid))
        #expect(add(.sparc, infinity, minusInfinity) == (0x7fff_ffff, .invalid))
        // The meaning of the top bit is the other one.
        #expect(add(.legacy, signalling, one) == (0x7fbf_ffff, []) && add(.legacy, quiet, one) == (0x7fbf_ffff, .invalid))
        #expect(add(.hppa, signalling, quiet) == (0xffa0_0001, .invalid) && add(.hppa, one, signalling) == (signalling, []))
        #expect(add(.hppa, infinity, minusInfinity) == (0x7fa0_0000, .invalid))
    }

    @Test func laterRulesFuse() {
        func fuse(_ rule: FloatNaNRule, _ a: UInt128, _ b: UInt128, _ c: UInt128) -> UInt128 {
            var environment = FloatEnvironment(nanRule: rule)
            return FloatFormat.f32.multiplyAdd(a, b, c, negateProduct: false, negateAddend: false, &environment)
        }
        #expect(fuse(.sparc, quiet, one, otherQuiet) == otherQuiet && fuse(.sparc, signalling, one, otherQuiet) == 0x7fc0_0003)
        #expect(fuse(.s390x, quiet, one, otherQuiet) == quiet && fuse(.s390x, 0, 0x7f80_0000, quiet) == 0x7fc0_0000)
        #expect(fuse(.m68k, one, quiet, otherQuiet) == quiet && fuse(.legacy, one, one, signalling) == 0x7fbf_ffff)
    }

    @Test func choicesDiffer() {
        func least(_ choice: FloatChoice, _ a: UInt128, _ b: UInt128) -> (UInt128, FloatFlags) {
            var environment = FloatEnvironment(nanRule: .arm)
            return (FloatFormat.f32.minimum(a, b, &environment, choice: choice), environment.flags)
        }
        let minusZero: UInt128 = 0x8000_0000
        for choice in [FloatChoice.number, .numberUnlessSignalling, .nan] {
            #expect(least(choice, 0, minusZero) == (minusZero, []) && least(choice, one, 0) == (0, []))
        }
        #expect(least(.second, minusZero, 0) == (0, []) && least(.second, 0, one) == (0, []) && least(.second, one, 0) == (0, []))
        #expect(least(.number, signalling, one) == (one, .invalid) && least(.number, one, quiet) == (one, []))
        #expect(least(.numberUnlessSignalling, signalling, one) == (0x7fc0_0003, .invalid))
        #expect(least(.numberUnlessSignalling, one, quiet) == (one, []) && least(.nan, one, quiet) == (quiet, []))
        #expect(least(.second, quiet, one) == (one, .invalid) && least(.second, one, signalling) == (signalling, .invalid))
    }

    /// ARM ARM, FPConvert and FPRoundBase: what has no place in the alternative format is invalid, and nothing else.
    @Test func theAlternativeHalfHasNoSpecials() {
        func narrow(_ a: UInt128) -> (UInt128, FloatFlags) {
            var environment = FloatEnvironment(nanRule: .arm)
            return (FloatFormat.f32.convert(a, to: .f16Alternative, &environment), environment.flags)
        }
        #expect(narrow(one) == (0x3c00, []) && narrow(0x4780_0000) == (0x7c00, []) && narrow(0x47ff_e000) == (0x7fff, []))
        #expect(narrow(0x47ff_f000) == (0x7fff, .invalid) && narrow(0xc7ff_ffff) == (0xffff, .invalid) && narrow(0x3f80_0001) == (0x3c00, .inexact))
        #expect(narrow(0xff80_0000) == (0xffff, .invalid) && narrow(quiet) == (0x8000, .invalid))
        var environment = FloatEnvironment()
        #expect(FloatFormat.f16Alternative.convert(0x7c00, to: .f32, &environment) == 0x4780_0000 && environment.flags == [])
    }

    @Test func roundingToAnIntegerFlushesItsOperand() {
        var environment = FloatEnvironment(rounding: .up)
        environment.flushesOperands = true
        #expect(FloatFormat.f32.roundToIntegral(0x8000_0001, &environment) == 0x8000_0000 && environment.flags == .flushedOperand)
        #expect(FloatFormat.f32.roundToIntegral(1, &environment) == 0)
    }

    @Test func the68881sFormatHasMoreNumbers() {
        var environment = FloatEnvironment(nanRule: .m68k)
        let format = FloatFormat.f80m68k
        let one: UInt128 = 0x3fff_8000_0000_0000_0000
        // An unnormalized 1, and the smallest normal number, whose exponent is 0.
        #expect(format.add(0x4000_4000_0000_0000_0000, 0, &environment) == one)
        #expect(format.scale(0x1_8000_0000_0000_0000, by: -1, &environment) == 0x8000_0000_0000_0000 && environment.flags == [])
        #expect(format.divide(one, 0, &environment) == 0x7fff_0000_0000_0000_0000 && environment.flags == .divideByZero)
    }
}
