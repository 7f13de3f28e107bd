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
}
