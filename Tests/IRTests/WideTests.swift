import IR
import RandomIR
import Testing

/// 128-bit operations against narrow ones and against identities.
@Suite struct WideTests {
    private func wide(_ opcode: Opcode, _ a: UInt128, _ b: UInt128 = 0, attribute: UInt16 = 0) -> UInt128 {
        Evaluate.wide(IROp(opcode, .i128, attribute: attribute), source: .i128, a, b, 0)
    }

    @Test func knownAnswers() {
        let top = UInt128(1) << 127
        #expect(wide(.add, .max, 2) == 1)
        #expect(wide(.sub, 1, 2) == .max)
        #expect(wide(.mul, 1 << 64, 1 << 63) == top)
        #expect(wide(.mulHighU, .max, .max) == UInt128.max - 1)
        #expect(wide(.mulHighS, .max, .max) == 0)
        #expect(wide(.mulHighSU, .max, .max) == .max)
        #expect(wide(.divS, top, .max) == top && wide(.remS, top, .max) == 0)
        #expect(wide(.divS, 7, 0) == .max && wide(.divS, 7, 0, attribute: 1) == 0 && wide(.remS, 7, 0) == 7)
        #expect(wide(.divU, 7, 0) == .max && wide(.divU, 7, 0, attribute: 1) == 0 && wide(.remU, 7, 0) == 7)
        #expect(wide(.divS, UInt128(bitPattern: -7), 2) == UInt128(bitPattern: -3))
        #expect(wide(.remS, UInt128(bitPattern: -7), 2) == UInt128(bitPattern: -1))
        #expect(wide(.shl, 3, 127) == top && wide(.shl, 3, 128) == 3)
        #expect(wide(.shrS, top, 127) == .max && wide(.shrU, top, 127) == 1)
        #expect(wide(.rotl, top | 1, 4) == 0x18 && wide(.rotr, 1, 1) == top && wide(.rotl, 5, 0) == 5)
        #expect(wide(.clz, 0) == 128 && wide(.ctz, 0) == 128 && wide(.ctz, top) == 127 && wide(.popcnt, .max) == 128)
        #expect(wide(.bswap, 1) == 1 << 120 && wide(.bitReverseBytes, 1 << 120) == top)
        #expect(wide(.clmul, .max, 3) == 1 && wide(.clmulHigh, .max, 3) == 1)
        #expect(wide(.minS, top, 1) == top && wide(.maxS, top, 1) == 1 && wide(.minU, top, 1) == 1 && wide(.maxU, top, 1) == top)
    }

    @Test func agreeWithNarrowOnes() {
        var random = SplitMix(7)
        let same: [Opcode] = [.add, .sub, .mul, .and, .or, .xor, .andNot, .minU, .maxU, .clmul]
        for _ in 0..<2000 {
            let a = random.edgy()
            let b = random.edgy()
            for opcode in same {
                let narrow = Evaluate.narrow(IROp(opcode, .i64), source: .i64, a, b, 0)
                #expect(wide(opcode, UInt128(a), UInt128(b)).lowHalf == narrow, "\(opcode)")
            }
            for (opcode, high) in [(Opcode.mul, Opcode.mulHighU), (.clmul, .clmulHigh)] {
                let upper = Evaluate.narrow(IROp(high, .i64), source: .i64, a, b, 0)
                #expect(wide(opcode, UInt128(a), UInt128(b)).highHalf == upper, "\(high)")
            }
            let x = UInt128(bitPattern: Int128(Int64(bitPattern: a)))
            let y = UInt128(bitPattern: Int128(Int64(bitPattern: b)))
            #expect(wide(.mul, x, y).highHalf == Evaluate.narrow(IROp(.mulHighS, .i64), source: .i64, a, b, 0))
            #expect(wide(.mul, x, UInt128(b)).highHalf == Evaluate.narrow(IROp(.mulHighSU, .i64), source: .i64, a, b, 0))
        }
    }

    @Test func statesConversionsAndMemory() throws {
        let guest = TestGuest(seed: 1)
        guest.write("q0", 0x1111, high: 0x8000_0000_0000_0000)
        try run(
            """
            %q = read.i128 q0
            %a = const.i64 64
            store.i128 [%a + 16], %q, u16 be
            %l = load.i128 [%a + 16], u16 be
            write.i128 q1, %l
            %h = load.i64 [%a + 16], u8 be
            write.i64 x0, %h
            %s = const.i128 64
            %t = shr.s.i128 %q, %s
            write.i128 q2, %t
            %n = trunc.i64 %t
            write.i64 x1, %n
            %e = sext.i128 %n
            %c = cmp.eq.i64 %e, %t
            write.i64 x2, %c
            %b = load.i128 [%a + 16], s1 be
            write.i128 q3, %b
            goto 0
            """, guest)
        #expect(guest.read("q1") == 0x1111)
        #expect(guest.read("x0") == 0x8000_0000_0000_0000)
        #expect(guest.read("x1") == 0x8000_0000_0000_0000)
        #expect(guest.read("x2") == 1)
        #expect(guest.read("q3") == UInt64(bitPattern: -128))
    }
}
