import IR
import RandomIR
import Testing

/// A vector operation on %a, %b and %c, with what it makes of them.
struct VectorCase: CustomTestStringConvertible, Sendable {
    let operation: String
    let operands: [UInt128]
    let result: UInt128

    init(_ operation: String, _ operands: UInt128..., gives result: UInt128) {
        self.operation = operation
        self.operands = operands
        self.result = result
    }

    var testDescription: String { operation }

    /// The result's type, the last part of the operation's name.
    private var type: String { String(operation.prefix { $0 != " " }.split(separator: ".").last ?? "") }

    /// Runs the operation in the interpreter: v128 operands are %a, %b, %c, their low halves %d, %e, %f.
    func run() throws -> UInt128 {
        let guest = TestGuest(seed: 1)
        for (index, operand) in operands.enumerated() { guest.write("v\(index)", operand.lowHalf, high: operand.highHalf) }
        let place = ["v128": "v3", "v64": "u0", "i64": "x0", "i32": "w0", "i16": "h0", "i8": "b0", "f64": "d0", "f32": "s0"][type] ?? ""
        try IRTests.run(
            """
            %a = read.v128 v0
            %b = read.v128 v1
            %c = read.v128 v2
            %d = trunc.v64 %a
            %e = trunc.v64 %b
            %f = trunc.v64 %c
            %x = const.i32 0x142
            %r = \(operation)
            write.\(type) \(place), %r
            goto 0
            """, guest)
        return guest.readWide(place)
    }
}

/// Known answers of the vector operations, worked out by hand.
@Suite struct VectorTests {
    private static let count: UInt128 = 0x0f0e0d0c_0b0a0908_07060504_03020100
    private static let upper: UInt128 = 0x1f1e1d1c_1b1a1918_17161514_13121110

    private static let moves: [VectorCase] = [
        VectorCase("vinsert.8.v128 %a, %x, 15", count, gives: count & (.max >> 8) | 0x42 << 120),
        VectorCase("vhigh.v64 %a", count, gives: 0x0f0e0d0c_0b0a0908),
        VectorCase("vconcat.v128 %d, %e", count, upper, gives: 0x17161514_13121110_07060504_03020100),
        VectorCase("vextract.u.16.i32 %a, 7", count, gives: 0x0f0e), VectorCase("vextract.s.8.i64 %a, 1", 0x8000, gives: 0xffff_ffff_ffff_ff80),
        VectorCase("vextract.u.32.f32 %a, 3", 0x3f800000 << 96, gives: 0x3f80_0000),
        VectorCase("vextract.s.8.i16 %a, 0", 0x80, gives: 0xff80),
        VectorCase("vzip.lo.8.v128 %a, %b", count, upper, gives: 0x17071606_15051404_13031202_11011000),
        VectorCase("vzip.hi.32.v128 %a, %b", count, upper, gives: 0x1f1e1d1c_0f0e0d0c_1b1a1918_0b0a0908),
        VectorCase("vzip.hi.16.v64 %d, %e", count, upper, gives: 0x17160706_15140504),
        VectorCase("vzip.lo.64.v128 %a, %b", count, upper, gives: 0x17161514_13121110_07060504_03020100),
        VectorCase("vunzip.even.8.v128 %a, %b", count, upper, gives: 0x1e1c1a18_16141210_0e0c0a08_06040200),
        VectorCase("vunzip.odd.16.v128 %a, %b", count, upper, gives: 0x1f1e1b1a_17161312_0f0e0b0a_07060302),
        VectorCase("vunzip.odd.32.v64 %d, %e", count, upper, gives: 0x17161514_07060504),
        VectorCase("vtrn.even.16.v128 %a, %b", count, upper, gives: 0x1d1c0d0c_19180908_15140504_11100100),
        VectorCase("vtrn.odd.8.v64 %d, %e", count, upper, gives: 0x17071505_13031101),
        VectorCase("vext.8.v128 %a, %b, 3", count, upper, gives: 0x1211100f_0e0d0c0b_0a090807_06050403),
        VectorCase("vext.8.v64 %d, %e, 5", count, upper, gives: 0x14131211_10070605),
        VectorCase("vtable.v128 %b, %a", 0x10ff0001_02030405_0f0f0f0f_07070707, upper, gives: 0x00001011_12131415_1f1f1f1f_17171717),
        VectorCase("vtable.v64 %b, %d", 0x800f, upper, gives: 0x10101010_1010001f),
        VectorCase("vreverse.8.v128 %a, 4", count, gives: 0x0c0d0e0f_08090a0b_04050607_00010203),
        VectorCase("vreverse.16.v64 %d, 8", count, gives: 0x01000302_05040706),
        VectorCase("vreverse.32.v128 %a, 8", count, gives: 0x0b0a0908_0f0e0d0c_03020100_07060504),
        VectorCase("vbsl.v128 %a, %b, %c", 0xff00, 0x1234, 0x5678, gives: 0x1278),
        VectorCase("brev8.v128 %a", 1 << 120 | 0x0f, gives: 1 << 127 | 0xf0), VectorCase("not.v64 %d", .max - 5, gives: 5),
        VectorCase("trunc.i32 %a", count, gives: 0x0302_0100), VectorCase("trunc.f32 %a", count, gives: 0x0302_0100),
        VectorCase("zext.v128 %d", count, gives: 0x0706_0504_0302_0100), VectorCase("const.v128 0x102", gives: 0x102_0000_0000_0000_0102),
    ]

    private static let arithmetic: [VectorCase] = [
        VectorCase("vadd.8.v128 %a, %b", 0xff_ff << 112, 0x01_02 << 112, gives: 0x00_01 << 112),
        VectorCase("vadd.64.v128 %a, %b", 1 << 64 | 0xffff_ffff_ffff_ffff, 1, gives: 1 << 64),
        VectorCase("vsub.16.v64 %d, %e", 0x0001_0000, 0x0001_0001, gives: 0xffff),
        VectorCase("vmul.32.v128 %a, %b", 0x0001_0001, 0x0001_0001, gives: 0x0002_0001),
        VectorCase("vmul.8.v64 %d, %e", 0x10_03, 0x10_fe, gives: 0x00_fa),
        VectorCase("vneg.32.v64 %d", 0x8000_0000_0000_0001, gives: 0x8000_0000_ffff_ffff),
        VectorCase("vabs.8.v64 %d", 0x80_ff_7f, gives: 0x80_01_7f),
        VectorCase("vmin.s.8.v64 %d, %e", 0x80_01, 0x01_80, gives: 0x80_80), VectorCase("vmax.u.8.v64 %d, %e", 0x80_01, 0x01_80, gives: 0x80_80),
        VectorCase("vmin.u.64.v128 %a, %b", 1 << 127, 5 << 64 | 9, gives: 5 << 64),
        VectorCase("vmax.s.64.v128 %a, %b", 1 << 127, 5 << 64, gives: 5 << 64),
        VectorCase("vabd.s.8.v64 %d, %e", 0x80_05, 0x7f_07, gives: 0xff_02), VectorCase("vabd.u.16.v64 %d, %e", 1, 0xffff, gives: 0xfffe),
        VectorCase("vadd.sat.s.8.v64 %d, %e", 0x7f_80_10, 0x01_ff_10, gives: 0x7f_80_20),
        VectorCase("vadd.sat.u.16.v64 %d, %e", 0xfff0, 0x20, gives: 0xffff),
        VectorCase("vadd.sat.u.64.v128 %a, %b", 0xfff0 << 112 | 3, 0x20 << 112 | 4, gives: 0xffff_ffff_ffff_ffff << 64 | 7),
        VectorCase("vsub.sat.s.32.v64 %d, %e", 0x8000_0000, 1, gives: 0x8000_0000),
        VectorCase("vsub.sat.u.8.v64 %d, %e", 0x05_03, 0x03_05, gives: 0x02_00),
        VectorCase("vhadd.u.8.v64 %d, %e", 0xff_02, 0xff_01, gives: 0xff_01), VectorCase("vhadd.s.8.v64 %d, %e", 0xff, 0xfe, gives: 0xfe),
        VectorCase("vrhadd.u.8.v64 %d, %e", 0xff_02, 0xff_01, gives: 0xff_02), VectorCase("vrhadd.s.16.v64 %d, %e", 0xffff, 0, gives: 0),
        VectorCase("vhsub.u.8.v64 %d, %e", 0x00_09, 0x01_02, gives: 0xff_03), VectorCase("vhsub.s.8.v64 %d, %e", 0x80, 0x7f, gives: 0x80),
        VectorCase("vcmp.gtS.8.v64 %d, %e", 0x80_01_05, 0x01_80_05, gives: 0xff_00),
        VectorCase("vcmp.leU.32.v64 %d, %e", 1, 0, gives: 0xffff_ffff_0000_0000),
        VectorCase("vcmp.eq.64.v128 %a, %b", 7 << 64, 7 << 64 | 1, gives: 0xffff_ffff_ffff_ffff << 64),
        VectorCase("vpopcnt.8.v64 %d", 0xff_0f_01, gives: 0x08_04_01), VectorCase("vclz.16.v64 %d", 0x0100, gives: 0x0010_0010_0010_0007),
        VectorCase("vcls.32.v64 %d", 0xffff_ffff_4000_0000, gives: 0x0000_001f_0000_0000),
        VectorCase("vpmul.8.v64 %d, %e", 0xff_03, 0x03_03, gives: 0x01_05),
        VectorCase("vmulh.s.16.v64 %d, %e", 0x8000_ffff, 0x8000_0002, gives: 0x4000_ffff),
        VectorCase("vmulh.u.32.v64 %d, %e", 0xffff_ffff, 0xffff_ffff, gives: 0xffff_fffe),
        VectorCase("vmulh.double.16.v64 %d, %e, 0", 0x8000_0001, 0x8000_4000, gives: 0x7fff_0000),
        VectorCase("vmulh.double.16.v64 %d, %e, 1", 0x8000_0001, 0x8000_4000, gives: 0x7fff_0001),
    ]

    private static let shifts: [VectorCase] = [
        VectorCase("vshl.imm.8.v64 %d, 7", 0xff_03, gives: 0x80_80), VectorCase("vshr.u.imm.8.v64 %d, 8", 0xff, gives: 0),
        VectorCase("vshr.s.imm.8.v64 %d, 8", 0x80_7f, gives: 0xff_00),
        VectorCase("vshr.s.imm.64.v128 %a, 63", 1 << 127, gives: UInt128(UInt64.max) << 64),
        VectorCase("vrotr.imm.32.v64 %d, 4", 0x1234_5678, gives: 0x8123_4567), VectorCase("vrotr.imm.64.v128 %a, 0", 5, gives: 5),
        VectorCase("vshl.8.v64 %d, %e", 0x01_01_ff, 0x08_07_01, gives: 0x80_fe),
        VectorCase("vshr.u.16.v64 %d, %e", 0x8000_8000_8000, 0x0010_000f_0100, gives: 0x0001_0000),
        VectorCase("vshr.s.16.v64 %d, %e", 0x8000_8000_4000, 0xffff_000f_0010, gives: 0xffff_ffff_0000),
        VectorCase("vshr.s.64.v128 %a, %b", 1 << 127, 64 << 64, gives: UInt128(UInt64.max) << 64),
    ]

    private static let widths: [VectorCase] = [
        VectorCase("vwiden.s.8.v128 %d", 0x80_7f, gives: 0xff80_007f),
        VectorCase("vwiden.u.32.v128 %d", 0x8000_0000_0000_0001, gives: 1 | 0x8000_0000 << 64),
        VectorCase("vnarrow.16.v64 %a", 0xabcd << 112 | 0x1234, gives: 0xcd00_0000_0000_0034),
        VectorCase("vnarrow.sat.s.16.v64 %a", 0x0080_ff7f_0001, gives: 0x7f_80_01),
        VectorCase("vnarrow.sat.su.32.v64 %a", 0x0001_0000_ffff_ffff, gives: 0xffff_0000),
        VectorCase("vnarrow.sat.u.64.v64 %a", 0xffff_0000_0000 << 64 | 9, gives: 0xffff_ffff_0000_0009),
        VectorCase("vmull.s.8.v128 %d, %e", 0x80_ff, 0x80_02, gives: 0x4000_fffe),
        VectorCase("vmull.u.32.v128 %d, %e", 0xffff_ffff, 0xffff_ffff, gives: 0xffff_fffe_0000_0001),
        VectorCase("vpmull.8.v128 %d, %e", 0xff_03, 0xff_03, gives: 0x5555_0005), VectorCase("vpmull.64.v128 %d, %e", 1 << 63, 6, gives: 3 << 64),
        VectorCase("vdot.u.v64 %d, %e, %f", 5, 0xff_01_02_03, 0xff_04_05_06, gives: 0xfe26),
        VectorCase("vdot.s.v64 %d, %e, %f", 5, 0xff, 0x02, gives: 3), VectorCase("vdot.us.v64 %d, %e, %f", 0, 0xff, 0xff, gives: 0xffff_ff01),
        VectorCase("vany.i32 %a", 1 << 100, gives: 1), VectorCase("vany.i64 %a", 0, gives: 0),
        VectorCase("vsum.u.8.i32 %a", .max, gives: 0xff0),
        VectorCase("vsum.s.8.i16 %a", .max, gives: 0xfff0),
        VectorCase("vsum.u.8.i8 %a", .max, gives: 0xf0),
        VectorCase("vleast.s.16.i32 %a", 0x8000_7fff, gives: 0xffff_8000), VectorCase("vgreatest.s.16.i16 %a", 0x8000_7fff, gives: 0x7fff),
        VectorCase("vleast.u.8.i8 %d", 0x0908070605040302, gives: 2), VectorCase("vgreatest.u.32.i64 %a", 0x8000_0000 << 96, gives: 0x8000_0000),
    ]

    /// The states of the example in FIPS 197, appendix B: round 1 of the encryption, its columns as memory has them.
    private static let aes: [VectorCase] = [
        VectorCase("vaes.enc.v128 %a", 0x08_48_f8_e9_2a_8d_c6_9a_2b_e2_f4_a0_be_e3_3d_19, gives: 0xe5_98_27_1e_f1_11_41_b8_ae_52_b4_e0_30_5d_bf_d4),
        VectorCase("vaes.mix.v128 %a", 0xe5_98_27_1e_f1_11_41_b8_ae_52_b4_e0_30_5d_bf_d4, gives: 0x4c_26_06_28_7a_d3_f8_48_9a_19_cb_e0_e5_81_66_04),
        VectorCase("vaes.dec.v128 %a", 0xe5_98_27_1e_f1_11_41_b8_ae_52_b4_e0_30_5d_bf_d4, gives: 0x08_48_f8_e9_2a_8d_c6_9a_2b_e2_f4_a0_be_e3_3d_19),
        VectorCase("vaes.unmix.v128 %a", 0x4c_26_06_28_7a_d3_f8_48_9a_19_cb_e0_e5_81_66_04, gives: 0xe5_98_27_1e_f1_11_41_b8_ae_52_b4_e0_30_5d_bf_d4),
    ]

    private static let floats: [VectorCase] = [
        VectorCase("vfadd.32.v128 %a, %b, arm", 0x3f800000_40000000, 0x3f800000_3f800000, gives: 0x40000000_40400000),
        VectorCase("vfsub.64.v64 %d, %e", 0x3ff0_0000_0000_0000, 0x3ff0_0000_0000_0000, gives: 0),
        VectorCase("vfmul.16.v64 %d, %e", 0x4000_3c00, 0x4000_4000, gives: 0x4400_4000),
        VectorCase("vfdiv.32.v64 %d, %e, silent", 0x3f800000_3f800000, 0x40000000_00000000, gives: 0x3f000000_7f800000),
        VectorCase("vfsqrt.64.v128 %a", 0x4010_0000_0000_0000 << 64, gives: 0x4000_0000_0000_0000 << 64),
        VectorCase("vfma.32.v64 %d, %e, %f, negproduct", 0x40000000, 0x40400000, 0x3f800000, gives: 0xc0a00000),
        VectorCase("vfmin.32.v64 %d, %e, nan arm", 0x7fc00001_00000000, 0x3f800000_80000000, gives: 0x7fc00001_80000000),
        VectorCase("vfmin.32.v64 %d, %e, quietnumber arm", 0x7f800001_7fc00001, 0x3f800000_3f800000, gives: 0x7fc00001_3f800000),
        VectorCase("vfmax.32.v64 %d, %e", 0x7fc00001_80000000, 0x3f800000_00000000, gives: 0x3f800000_00000000),
        VectorCase("vfmax.32.v64 %d, %e, second", 0x7fc00001_00000000, 0x3f800000_80000000, gives: 0x3f800000_80000000),
        VectorCase("vfrint.32.v64 %d, rup", 0x3fc00000_bfc00000, gives: 0x40000000_bf800000),
        VectorCase("vfcmp.le.32.v64 %d, %e", 0x7fc00000_3f800000, 0x7fc00000_3f800000, gives: 0xffff_ffff),
        VectorCase("vfcmp.unordered.64.v128 %a, %b", 0x7ff8_0000_0000_0000 << 64, 0, gives: UInt128(UInt64.max) << 64),
        VectorCase("vfwiden.32.v128 %d", 0x3f800000_40000000, gives: 0x3ff0_0000_0000_0000 << 64 | 0x4000_0000_0000_0000),
        VectorCase("vfwiden.16.v128 %d", 0x3c00_4000, gives: 0x3f800000_40000000),
        VectorCase("vfnarrow.64.v64 %a", 0x3ff0_0000_0000_0000 << 64, gives: 0x3f800000_00000000),
        VectorCase("vftoi.32.v64 %d, nanzero signed rtz", 0x7fc00000_c0200000, gives: 0xffff_fffe),
        VectorCase("vftoi.64.v128 %a, nanzero", 0xbff0_0000_0000_0000, gives: 0),
        VectorCase("vitof.32.v64 %d, signed", 0xffff_ffff_0000_0002, gives: 0xbf800000_40000000),
        VectorCase("vitof.64.v64 %d", .max, gives: 0x43f0_0000_0000_0000),
    ]

    private static let all = moves + arithmetic + shifts + widths + aes + floats

    @Test(arguments: all)
    func computes(_ example: VectorCase) throws { #expect(try example.run() == example.result) }

    @Test func putsScalarsIntoLanes() throws {
        let guest = TestGuest(seed: 1)
        guest.write("x0", 0x1122_3344_5566_7788)
        guest.write("d0", 0x3ff0_0000_0000_0000)
        guest.write("v0", 0, high: 0)
        try run(
            """
            %x = read.i64 x0
            %d = read.f64 d0
            %v = read.v128 v0
            %a = vsplat.16.v128 %x
            %b = vinsert.8.v128 %v, %x, 15
            %c = vinsert.64.v128 %b, %d, 0
            %e = vsplat.64.v64 %d
            write.v128 v1, %a
            write.v128 v2, %c
            write.v64 u0, %e
            goto 0
            """, guest)
        #expect(guest.readWide("v1") == 0x7788_7788_7788_7788_7788_7788_7788_7788)
        #expect(guest.readWide("v2") == UInt128(0x88) << 120 | 0x3ff0_0000_0000_0000)
        #expect(guest.read("u0") == 0x3ff0_0000_0000_0000)
    }

    @Test func loadsAndStoresWholeVectors() throws {
        let guest = TestGuest(seed: 1)
        guest.write("x0", 33)
        guest.write("v0", 0x0807_0605_0403_0201, high: 0x100f_0e0d_0c0b_0a09)
        try run(
            """
            %x = read.i64 x0
            %v = read.v128 v0
            store.v128 [%x], %v, u16 le
            %a = load.v128 [%x + 4], u16 le
            %b = load.v64 [%x + 8], u8 le
            write.v128 v1, %a
            write.v64 u0, %b
            goto 0
            """, guest)
        #expect(guest.memory[33] == 1 && guest.memory[48] == 16)
        #expect(guest.readWide("v1") << 32 == 0x100f0e0d_0c0b0a09_08070605 << 32)
        #expect(guest.read("u0") == 0x100f_0e0d_0c0b_0a09)
    }

    @Test func raisesTheFlagsOfAllLanes() throws {
        let guest = TestGuest(seed: 1)
        guest.write("v0", 0x3f80_0000_3f80_0000, high: 0)
        guest.write("v1", 0x4040_0000_0000_0000, high: 0x3f80_0000_3f80_0000)
        try run("%a = read.v128 v0\n%b = read.v128 v1\n%c = vfdiv.32.v128 %a, %b\ngoto 0", guest)
        #expect(guest.header.floatFlags == FloatStatus([.divideByZero, .inexact]).rawValue)
    }

    @Test func scalarsComeStraightOutOfVectors() throws {
        try expectOptimized(
            """
            %d = read.f64 d0
            %v = zext.v128 %d
            write.v128 v0, %v
            %w = read.v128 v0
            %e = trunc.f64 %w
            write.f64 d1, %e
            %i = trunc.i64 %w
            write.i64 x0, %i
            %n = trunc.i32 %w
            write.i32 w0, %n
            goto 0
            """,
            """
            %0 = read.f64 d0
            %1 = zext.v128 %0
            write.v128 v0, %1
            write.f64 d1, %0
            write.f64 x0, %0
            %5 = trunc.i32 %1
            write.i32 w0, %5
            goto 0
            """)
    }

    static let broken: [(String, String)] = [
        ("%r = vadd.8.v64 %v, %v", "an operand has type v128"), ("%r = vadd.8.i64 %x, %x", "it computes with vectors"),
        ("%r = vmulh.double.8.v128 %v, %v, 0", "it has no lanes of 8 bits"), ("%r = vshl.imm.8.v128 %v, 8", "the number 8 is too large"),
        ("%r = vinsert.32.v128 %v, %x, 4", "the number 4 is too large"), ("%r = vsplat.32.v128 %h", "i16 is no lane of 32 bits"),
        ("%r = vextract.u.64.i16 %v, 0", "i16 holds no lane of 64 bits"), ("%r = vreverse.16.v128 %v, 2", "2 bytes are no group of lanes"),
        ("%r = vhigh.v128 %v", "it makes a v64 of a v128"), ("%r = vwiden.s.8.v128 %v", "it makes a v128 of v64"),
        ("%r = vfadd.8.v128 %v, %v", "it has no lanes of 8 bits"), ("%r = vaes.enc.v64 %u", "an AES block has 128 bits"),
        ("%r = add.v128 %v, %v", "it computes with integers"), ("%r = sext.v128 %x", "i64 does not extend to v128"),
        ("%r = zext.v64 %x", "i64 does not extend to v64"), ("%r = load.v128 [%x], u8 le", "a vector is accessed whole"),
        ("%r = read.v256 v0", "v256 is not supported"),
    ]

    @Test(arguments: broken)
    func verifierRejects(_ operation: String, _ cause: String) throws {
        let block = try parse("%x = read.i64 x0\n%h = read.i16 h0\n%v = read.v128 v0\n%u = read.v64 u0\n\(operation)\ngoto 0")
        do {
            try verify(block)
            Issue.record("it passed")
        } catch let error as VerifierError {
            #expect(error.cause == cause)
        }
    }

    @Test func everyOperationHasAnExample() {
        let names = Set(VectorTests.all.map(\.name))
        let all = Opcode.table.filter { $0.opcode.isVector && $0.opcode != .vsplat }.map(\.name)
        #expect(all.filter { name in !names.contains { $0.hasPrefix(name + ".") } } == [])
    }
}

extension VectorCase {
    var name: String { String(operation.prefix { $0 != " " }) }
}
