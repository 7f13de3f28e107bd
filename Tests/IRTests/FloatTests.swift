import IR
import RandomIR
import Testing

@Suite struct FloatTests {
    /// Two doubles and a single go in through d0, d1 and s0.
    private func evaluate(_ text: String, _ a: Double, _ b: Double = 0, mode: FloatAttributes.Rounding = .nearestEven) throws -> TestGuest {
        let guest = TestGuest(seed: 1)
        guest.write("d0", a.bitPattern)
        guest.write("d1", b.bitPattern)
        guest.write("s0", UInt64(Float(a).bitPattern))
        guest.header.roundingMode = UInt32(mode.rawValue)
        try run("%a = read.f64 d0\n%b = read.f64 d1\n%s = read.f32 s0\n" + text + "\ngoto 0", guest)
        return guest
    }

    static let binary: [(String, Double, Double, Double)] = [
        ("fadd.f64 %a, %b", 1.5, 2.25, 3.75), ("fsub.f64 %a, %b", 1.5, 2.25, -0.75), ("fmul.f64 %a, %b", 1.5, 2.25, 3.375),
        ("fdiv.f64 %a, %b", 1.5, 2, 0.75), ("fsqrt.f64 %a", 2.25, 0, 1.5), ("fmin.f64 %a, %b", 1, -1, -1), ("fmax.f64 %a, %b", 1, -1, 1),
        ("fma.f64 %a, %b, %a", 3, 4, 15), ("fma.f64 %a, %b, %a, negproduct", 3, 4, -9), ("fma.f64 %a, %b, %a, negaddend", 3, 4, 9),
        ("frint.f64 %a, rtz", -2.75, 0, -2), ("frint.f64 %a, rup", 2.25, 0, 3), ("fcvt.f64 %s", 1.5, 0, 1.5),
    ]

    @Test(arguments: binary)
    func computes(_ operation: String, _ a: Double, _ b: Double, _ result: Double) throws {
        let guest = try evaluate("%r = \(operation)\nwrite.f64 d2, %r", a, b)
        #expect(Double(bitPattern: guest.read("d2")) == result)
    }

    static let integers: [(String, Double, Double, UInt64)] = [
        ("fcmp.lt.i64 %a, %b", 1, 2, 1), ("fcmp.le.i64 %a, %b", 2, 2, 1), ("fcmp.eq.i64 %a, %b", 1, 2, 0),
        ("fcmp.unordered.i64 %a, %b", .nan, 2, 1), ("fcmp.lt.i64 %a, %b", .nan, 2, 0), ("ftoi.i64 %a, signed rtz", -2.75, 0, 0 &- 2),
        ("ftoi.i64 %a, rup", 2.25, 0, 3), ("fclass.i64 %a", -0.0, 0, 8), ("fclass.i64 %a", -.infinity, 0, 1),
        ("fclass.i64 %a", .nan, 0, 512),
        ("fclass.i64 %a", .leastNonzeroMagnitude, 0, 32), ("fclass.i64 %a", 1, 0, 64), ("fclass.i64 %s", -2, 0, 2),
    ]

    @Test(arguments: integers)
    func yieldsIntegers(_ operation: String, _ a: Double, _ b: Double, _ result: UInt64) throws {
        let guest = try evaluate("%r = \(operation)\nwrite.i64 x0, %r", a, b)
        #expect(guest.read("x0") == result)
    }

    @Test func roundsAsTheGuestHasSetAndRaisesFlags() throws {
        let text = "%r = fdiv.f64 %a, %b\nwrite.f64 d2, %r\n%i = const.i32 -1\n%f = itof.f64 %i, signed\nwrite.f64 d3, %f"
        let down = try evaluate(text, 1, 3, mode: .down)
        let up = try evaluate(text, 1, 3, mode: .up)
        #expect(up.read("d2") == down.read("d2") + 1)
        #expect(up.header.floatFlags == FloatStatus.inexact.rawValue)
        #expect(Double(bitPattern: up.read("d3")) == -1)
        #expect(try evaluate("%r = fdiv.f64 %a, %b", 1, 0).header.floatFlags == FloatStatus.divideByZero.rawValue)
        #expect(try evaluate("%r = fdiv.f64 %a, %b, silent", 1, 0).header.floatFlags == 0)
        #expect(try evaluate("%r = frint.f64 %a, inexactsilent", 1.5).header.floatFlags == 0)
        #expect(try evaluate("%r = frint.f64 %a", 1.5).header.floatFlags == FloatStatus.inexact.rawValue)
    }

    @Test func takesNarrowFloatsOutOfBoxes() throws {
        let guest = TestGuest(seed: 1)
        guest.write("x0", 0xffff_ffff_3f80_0000)
        guest.write("x1", 0xffff_fffe_3f80_0000)
        try run(
            """
            %a = read.i64 x0
            %b = read.i64 x1
            %c = unbox.f32 %a
            %d = unbox.f32 %b
            write.f32 s0, %c
            write.f32 s1, %d
            goto 0
            """, guest)
        #expect(guest.read("s0") == 0x3f80_0000 && guest.read("s1") == 0x7fc0_0000)
    }
}
