import IR
import RandomIR
import Testing

/// One operation on given bits.
struct Case: CustomTestStringConvertible, Sendable {
    let operation: String
    let type: String
    let operands: [UInt64]
    let result: UInt64

    init(_ operation: String, _ type: String, _ operands: UInt64..., gives result: UInt64) {
        self.operation = operation
        self.type = type
        self.operands = operands
        self.result = result
    }

    var testDescription: String { "\(operation).\(type)" }
}

@Suite struct SemanticsTests {
    private static let arithmetic: [Case] = [
        Case("add", "i8", 0xff, 2, gives: 1), Case("add", "i16", 0xffff, 2, gives: 1),
        Case("add", "i32", 0xffff_ffff, 2, gives: 1), Case("add", "i64", .max, 2, gives: 1),
        Case("sub", "i8", 1, 2, gives: 0xff), Case("sub", "i64", 1, 2, gives: .max),
        Case("mul", "i8", 0x10, 0x11, gives: 0x10), Case("mul", "i32", 0x1_0001, 0x1_0001, gives: 0x2_0001),
        Case("mulh.s", "i8", 0xff, 0xff, gives: 0), Case("mulh.u", "i8", 0xff, 0xff, gives: 0xfe),
        Case("mulh.su", "i8", 0xff, 0xff, gives: 0xff),
        Case("mulh.s", "i64", .max, .max, gives: 0), Case("mulh.u", "i64", .max, .max, gives: .max - 1),
        Case("mulh.su", "i64", .max, .max, gives: .max), Case("mulh.su", "i64", 1, .max, gives: 0),
        Case("mulh.s", "i64", 1 << 63, 1 << 63, gives: 1 << 62), Case("mulh.s", "i32", 0x8000_0000, 2, gives: 0xffff_ffff),
        Case("div.s.allOnes", "i8", 0x80, 0xff, gives: 0x80), Case("rem.s.allOnes", "i8", 0x80, 0xff, gives: 0),
        Case("div.s.allOnes", "i32", 5, 0, gives: 0xffff_ffff), Case("div.s.zero", "i32", 5, 0, gives: 0),
        Case("div.s.zero", "i64", 1 << 63, .max, gives: 1 << 63), Case("div.s.zero", "i16", 0xfff9, 2, gives: 0xfffd),
        Case("rem.s.zero", "i16", 0xfff9, 2, gives: 0xffff), Case("rem.s.zero", "i64", 7, 0, gives: 7),
        Case("div.u.allOnes", "i16", 7, 0, gives: 0xffff), Case("div.u.zero", "i16", 7, 0, gives: 0),
        Case("div.u.zero", "i64", .max, 10, gives: 1_844_674_407_370_955_161), Case("rem.u.zero", "i64", .max, 10, gives: 5),
        Case("rem.u.zero", "i8", 9, 0, gives: 9),
    ]

    private static let logic: [Case] = [
        Case("and", "i8", 0xcc, 0xaa, gives: 0x88), Case("or", "i16", 0xcc, 0xaa, gives: 0xee),
        Case("xor", "i32", 0xcc, 0xaa, gives: 0x66), Case("andnot", "i64", 0xcc, 0xaa, gives: 0x44),
        Case("not", "i8", 0x0f, gives: 0xf0), Case("not", "i64", 0, gives: .max),
        Case("neg", "i16", 1, gives: 0xffff), Case("neg", "i32", 1 << 31, gives: 1 << 31),
        Case("shl", "i8", 0x81, 9, gives: 0x02), Case("shl", "i64", 1, 65, gives: 2),
        Case("shr.u", "i8", 0x81, 1, gives: 0x40), Case("shr.s", "i8", 0x81, 1, gives: 0xc0),
        Case("shr.s", "i32", 0x8000_0000, 31, gives: 0xffff_ffff), Case("shr.u", "i16", 0x8000, 16, gives: 0x8000),
        Case("rotl", "i8", 0x81, 1, gives: 0x03), Case("rotr", "i8", 0x81, 1, gives: 0xc0),
        Case("rotl", "i64", 0x8000_0000_0000_0001, 4, gives: 0x18), Case("rotr", "i32", 1, 0, gives: 1),
        Case("rotl", "i32", 0x8000_0000, 1, gives: 1),
    ]

    private static let bitCounting: [Case] = [
        Case("clz", "i8", 1, gives: 7), Case("clz", "i8", 0, gives: 8), Case("clz", "i64", 0, gives: 64),
        Case("clz", "i32", 0x100, gives: 23),
        Case("ctz", "i8", 0, gives: 8), Case("ctz", "i16", 0x80, gives: 7), Case("ctz", "i64", 0, gives: 64),
        Case("popcnt", "i32", 0xf0f0_00ff, gives: 16), Case("popcnt", "i64", .max, gives: 64),
        Case("bswap", "i16", 0x1234, gives: 0x3412), Case("bswap", "i32", 0x1234_5678, gives: 0x7856_3412),
        Case("bswap", "i64", 0x0102_0304_0506_0708, gives: 0x0807_0605_0403_0201), Case("bswap", "i8", 0x12, gives: 0x12),
        Case("brev8", "i16", 0x0180, gives: 0x8001), Case("brev8", "i64", 0x0102_0408_1020_4080, gives: 0x8040_2010_0804_0201),
        Case("clmul", "i8", 0xff, 0xff, gives: 0x55), Case("clmulh", "i8", 0xff, 0xff, gives: 0x55),
        Case("clmul", "i64", .max, .max, gives: 0x5555_5555_5555_5555), Case("clmulh", "i64", .max, .max, gives: 0x5555_5555_5555_5555),
        Case("clmulh", "i32", 0x8000_0000, 2, gives: 1), Case("clmulh", "i64", 1 << 63, 1, gives: 0),
        Case("min.s", "i8", 0x80, 1, gives: 0x80), Case("max.s", "i8", 0x80, 1, gives: 1),
        Case("min.u", "i8", 0x80, 1, gives: 1), Case("max.u", "i8", 0x80, 1, gives: 0x80),
        Case("min.s", "i64", .max, 1, gives: .max), Case("max.u", "i64", .max, 1, gives: .max),
    ]

    @Test(arguments: arithmetic + logic + bitCounting)
    func yields(_ test: Case) throws {
        let guest = TestGuest(seed: 1)
        let names = test.operands.indices.map { "%c\($0)" }
        var lines = zip(names, test.operands).map { "\($0) = const.\(test.type) 0x\(String($1, radix: 16))" }
        lines.append("%r = \(test.operation).\(test.type) \(names.joined(separator: ", "))")
        if test.type == "i64" { lines.append("write.i64 x0, %r") } else { lines += ["%z = zext.i64 %r", "write.i64 x0, %z"] }
        lines.append("goto 0")
        try run(lines.joined(separator: "\n"), guest)
        #expect(guest.read("x0") == test.result)
    }

    @Test(arguments: Condition.allCases)
    func comparesNumbers(_ condition: Condition) throws {
        let pairs: [(UInt64, UInt64)] = [(1, 1), (1, 2), (2, 1), (0x80, 1), (1, 0x80), (0xff, 0x80)]
        for (a, b) in pairs {
            let x = Int8(bitPattern: UInt8(a))
            let y = Int8(bitPattern: UInt8(b))
            let expected =
                switch condition {
                case .eq: a == b
                case .ne: a != b
                case .ltS: x < y
                case .geS: x >= y
                case .leS: x <= y
                case .gtS: x > y
                case .ltU: a < b
                case .geU: a >= b
                case .leU: a <= b
                case .gtU: a > b
                }
            #expect(Evaluate.holds(condition, 8, a, b) == expected)
            #expect(Evaluate.holds(condition.negated, 8, a, b) == !expected)
            #expect(Evaluate.holds(condition.swapped, 8, b, a) == expected)
            let wide = IROp(.compare, .i8, attribute: UInt16(condition.rawValue))
            let high = { (bits: UInt64) in UInt128(bits) << 120 }
            #expect(Evaluate.wide(wide, source: .i128, high(a), high(b), 0) == (expected ? 1 : 0))
        }
    }

    @Test func shapesValues() throws {
        let guest = TestGuest(seed: 1)
        try run(
            """
            %a = const.i64 0xfedcba9876543210
            %b = const.i64 0xff
            %x0 = extract.u.i64 %a, 4 for 8
            %x1 = extract.s.i64 %a, 60 for 4
            %x2 = deposit.i64 %a, %b, 8 for 4
            %t = trunc.i8 %a
            %n = trunc.i16 %x1
            %x3 = zext.i64 %n
            %x4 = sext.i64 %n
            %z = const.i8 0
            %x5 = select.i64 %t, %a, %b
            %x6 = select.i64 %z, %a, %b
            %d = bitcast.f64 %a
            %x7 = bitcast.i64 %d
            %x8 = extract.u.i64 %a, 0 for 64
            write.i64 x0, %x0
            write.i64 x1, %x1
            write.i64 x2, %x2
            write.i64 x3, %x3
            write.i64 x4, %x4
            write.i64 x5, %x5
            write.i64 x6, %x6
            write.i64 x7, %x7
            write.i64 x8, %x8
            goto 0
            """, guest)
        let results = (0...8).map { guest.read("x\($0)") }
        #expect(
            results == [
                0x21, .max, 0xfedc_ba98_7654_3f10, 0xffff, .max, 0xfedc_ba98_7654_3210, 0xff, 0xfedc_ba98_7654_3210, 0xfedc_ba98_7654_3210,
            ])
    }
}
