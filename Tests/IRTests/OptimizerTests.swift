import IR
import Testing

/// Each rule of the optimizer as a text before and after.
@Suite struct OptimizerTests {
    @Test func foldsConstants() throws {
        try expectOptimized(
            """
            %a = const.i64 6
            %b = const.i64 7
            %c = mul.i64 %a, %b
            %d = const.i64 2
            %e = add.i64 %c, %d
            write.i64 x0, %e
            goto 0
            """,
            """
            %0 = const.i64 44
            write.i64 x0, %0
            goto 0
            """)
    }

    /// An operation on %a and maybe a constant, and the line that stays of it; `%a` for nothing but %a itself.
    static let identities: [(String, String)] = [
        ("add.i64 %a, 0", "%a"), ("sub.i64 %a, 0", "%a"), ("or.i64 %a, 0", "%a"), ("xor.i64 %a, 0", "%a"),
        ("and.i64 %a, -1", "%a"), ("mul.i64 %a, 1", "%a"), ("div.u.zero.i64 %a, 1", "%a"), ("shl.i64 %a, 64", "%a"),
        ("and.i64 %a, 0", "0"), ("or.i64 %a, -1", "-1"), ("mul.i64 %a, 0", "0"), ("sub.i64 %a, %a", "0"), ("xor.i64 %a, %a", "0"),
        ("andnot.i64 %a, %a", "0"), ("and.i64 %a, %a", "%a"), ("or.i64 %a, %a", "%a"), ("max.u.i64 %a, %a", "%a"),
        ("mul.i64 %a, 8", "shl.i64 %a, 3"), ("mul.i64 %a, -1", "neg.i64 %a"), ("div.u.zero.i64 %a, 16", "shr.u.i64 %a, 4"),
        ("rem.u.zero.i64 %a, 16", "and.i64 %a, 15"), ("sub.i64 %a, 5", "add.i64 %a, -5"), ("andnot.i64 %a, 15", "and.i64 %a, -16"),
        ("xor.i64 %a, -1", "not.i64 %a"), ("cmp.eq.i64 %a, %a", "1"), ("cmp.ltS.i64 %a, %a", "0"), ("cmp.ltU.i64 %a, 0", "0"),
        ("cmp.geU.i64 %a, 0", "1"), ("cmp.gtU.i64 %a, 0", "cmp.ne.i64 %a, 0"), ("cmp.ltU.i64 %a, 1", "cmp.eq.i64 %a, 0"),
    ]

    @Test(arguments: identities)
    func keepsIdentities(_ before: String, _ after: String) throws {
        func program(_ operation: String) -> String {
            let words = operation.split(separator: " ")
            let last = words.last.map(String.init) ?? ""
            let constant = Int(last).map { "%k = const.i64 \($0)\n" } ?? ""
            let body =
                if words.count == 1 {
                    constant.isEmpty ? "write.i64 x1, %a" : constant + "write.i64 x1, %k"
                } else {
                    constant + "%r = " + (constant.isEmpty ? operation : operation.dropLast(last.count) + "%k") + "\nwrite.i64 x1, %r"
                }
            return "%a = read.i64 x0\n\(body)\nwrite.i64 x2, %a\ngoto 0"
        }
        // Numbered as the printer numbers them.
        let expected = try text(parse(program(after)))
        #expect(try optimized(program(before)) == expected)
    }

    /// What brings two shifts of 64 bits together, and what is no rotation because the counts do not make up the width or another value is shifted.
    @Test(arguments: [
        ("or", 14, "x0", true), ("xor", 1, "x0", true), ("add", 63, "x0", true), ("and", 14, "x0", false), ("or", 13, "x0", false),
        ("or", 14, "x1", false),
    ])
    func findsRotations(_ opcode: String, _ down: Int, _ other: String, _ isRotation: Bool) throws {
        let up = isRotation ? 64 - down : 50
        let program = """
            %a = read.i64 x0
            %b = read.i64 \(other)
            %n = const.i64 \(down)
            %m = const.i64 \(up)
            %r = shr.u.i64 %a, %n
            %l = shl.i64 %b, %m
            %s = \(opcode).i64 %l, %r
            write.i64 x2, %s
            goto 0
            """
        #expect(try optimized(program).contains("rotr.i64") == isRotation)
    }

    /// RV64's `slliw`, `srliw`, `or`: the word is rotated, and its sign extended.
    @Test func findsRotationsOfWords() throws {
        try expectOptimized(
            """
            %a = read.i64 x0
            %w = trunc.i32 %a
            %n = const.i32 7
            %r = shr.u.i32 %w, %n
            %x = sext.i64 %r
            %v = trunc.i32 %a
            %m = const.i32 25
            %l = shl.i32 %v, %m
            %y = sext.i64 %l
            %s = or.i64 %x, %y
            write.i64 x1, %s
            goto 0
            """,
            """
            %0 = read.i64 x0
            %1 = const.i32 7
            %2 = trunc.i32 %0
            %3 = rotr.i32 %2, %1
            %4 = sext.i64 %3
            write.i64 x1, %4
            goto 0
            """)
    }

    @Test(arguments: ["and", "or", "xor"]) func worksOnWordsThatWereExtended(_ opcode: String) throws {
        try expectOptimized(
            """
            %c = read.i64 x0
            %d = read.i64 x1
            %a = trunc.i32 %c
            %b = trunc.i32 %d
            %x = sext.i64 %a
            %y = sext.i64 %b
            %s = \(opcode).i64 %x, %y
            write.i64 x2, %s
            goto 0
            """,
            """
            %0 = read.i64 x0
            %1 = read.i64 x1
            %2 = trunc.i32 %0
            %3 = trunc.i32 %1
            %4 = \(opcode).i32 %2, %3
            %5 = sext.i64 %4
            write.i64 x2, %5
            goto 0
            """)
    }

    @Test func movesConstantsToTheSecondOperand() throws {
        try expectOptimized(
            """
            %k = const.i64 3
            %a = read.i64 x0
            %s = add.i64 %k, %a
            %c = cmp.ltS.i64 %k, %s
            write.i64 x1, %c
            goto 0
            """,
            """
            %0 = const.i64 3
            %1 = read.i64 x0
            %2 = add.i64 %1, %0
            %3 = cmp.gtS.i64 %2, %0
            write.i64 x1, %3
            goto 0
            """)
    }

    @Test func addsUpConstantsAndTakesThemIntoDisplacements() throws {
        try expectOptimized(
            """
            %a = read.i64 x0
            %k = const.i64 100
            %b = add.i64 %a, %k
            %c = sub.i64 %b, %k
            %d = add.i64 %b, %k
            write.i64 x0, %d
            %l = load.i64 [%d + 8], u8 le
            store.i64 [%c - 8], %l, u8 le
            %m = const.i64 0x7fffffff
            %e = add.i64 %b, %m
            %n = load.i64 [%e], u8 le
            goto.ind %n
            """,
            """
            %0 = read.i64 x0
            %1 = const.i64 200
            %2 = add.i64 %0, %1
            write.i64 x0, %2
            %4 = load.i64 [%0 + 208], u8 le
            store.i64 [%0 - 8], %4, u8 le
            %6 = const.i64 0x80000063
            %7 = add.i64 %0, %6
            %8 = load.i64 [%7], u8 le
            goto.ind %8
            """)
    }

    @Test func forwardsStateWithinARun() throws {
        try expectOptimized(
            """
            %a = read.i64 x0
            write.i64 x1, %a
            %b = read.i64 x1
            %c = add.i64 %b, %a
            write.i64 x1, %c
            %d = read.i64 x1
            write.i64 x1, %d
            br.if %d, L0
            %e = read.i64 x0
            write.i64 x2, %e
            goto 0
            L0:
            %f = read.i64 x1
            write.i64 x2, %f
            goto 4
            """,
            """
            %0 = read.i64 x0
            %1 = add.i64 %0, %0
            write.i64 x1, %1
            br.if %1, L0
            write.i64 x2, %0
            goto 0
            L0:
            %7 = read.i64 x1
            write.i64 x2, %7
            goto 4
            """)
    }

    @Test func forwardsAFloatAsTheIntegerOfItsBits() throws {
        try expectOptimized(
            """
            %a = read.i64 x0
            %f = bitcast.f64 %a
            write.f64 d0, %f
            %b = read.i64 d0
            write.i64 x1, %b
            goto 0
            """,
            """
            %0 = read.i64 x0
            write.i64 d0, %0
            write.i64 x1, %0
            goto 0
            """)
    }

    @Test func callsForgetWhatTheyMayWriteAndReadWhatTheyMayRead() throws {
        let text = """
            %a = read.i64 x0
            write.i64 x1, %a
            %r = call.i64 HELPER(%a)
            %b = read.i64 x1
            write.i64 x1, %r
            write.i64 x2, %b
            goto 0
            """
        let pure = """
            %0 = read.i64 x0
            %1 = call.i64 mix(%0)
            write.i64 x1, %1
            write.i64 x2, %0
            goto 0
            """
        try expectOptimized(text.replacing("HELPER", with: "mix"), pure)
        let reader = """
            %0 = read.i64 x0
            write.i64 x1, %0
            %2 = call.i64 peek(%0)
            write.i64 x1, %2
            write.i64 x2, %0
            goto 0
            """
        try expectOptimized(text.replacing("HELPER", with: "peek"), reader)
        let writer = """
            %0 = read.i64 x0
            write.i64 x1, %0
            %2 = call.i64 poke(%0)
            %3 = read.i64 x1
            write.i64 x1, %2
            write.i64 x2, %3
            goto 0
            """
        try expectOptimized(text.replacing("HELPER", with: "poke"), writer)
    }

    @Test func dropsWritesThatNobodySees() throws {
        try expectOptimized(
            """
            insn 0
            %a = read.i64 x0
            %b = read.i64 x1
            write.i64 x2, %a
            write.i64 x3, %a
            insn 4
            write.i64 x2, %b
            %l = load.i64 [%a], u8 le
            write.i64 x3, %b
            write.i64 x4, %l
            write.i64 x4, %b
            goto 0
            """,
            """
            insn 0
            %1 = read.i64 x0
            %2 = read.i64 x1
            write.i64 x3, %1
            insn 4
            write.i64 x2, %2
            %6 = load.i64 [%1], u8 le
            write.i64 x3, %2
            write.i64 x4, %2
            goto 0
            """)
    }

    @Test func keepsStateTrueWhereInstructionsAreCounted() throws {
        let program = """
            %a = read.i64 x0
            insn 0
            write.i64 x2, %a
            insn 4
            %b = const.i64 1
            write.i64 x2, %b
            goto 8

            """
        #expect(try optimized(program, countsInstructions: true).contains("write.i64 x2, %0"))
        #expect(try !optimized(program).contains("write.i64 x2, %0"))
    }

    @Test func keepsFieldsThatOthersChange() throws {
        let program = """
            %0 = const.i64 1
            write.i64 pc, %0
            write.i64 scratch15, %0
            %3 = read.i64 scratch15
            write.i64 scratch15, %3
            write.i64 pc, %3
            exit.lookup
            """
        try expectOptimized(program, program)
    }

    @Test func fusesComparisons() throws {
        try expectOptimized(
            """
            %a = read.i64 x0
            %b = read.i64 x1
            %c = cmp.ltU.i8 %a, %b
            br.if %c, L0
            %z = zext.i64 %c
            %o = const.i64 1
            %n = xor.i64 %z, %o
            write.i64 x2, %n
            br.if %n, L0
            %k = const.i64 0
            br.cmp.eq %n, %k, L0
            %d = sub.i64 %a, %b
            br.cmp.ne %d, %k, L0
            goto 0
            L0:
            goto 4
            """,
            """
            %0 = read.i64 x0
            %1 = read.i64 x1
            br.cmp.ltU %0, %1, L0
            %3 = cmp.geU.i64 %0, %1
            write.i64 x2, %3
            br.cmp.geU %0, %1, L0
            br.cmp.ltU %0, %1, L0
            br.cmp.ne %0, %1, L0
            goto 0
            L0:
            goto 4
            """)
    }

    @Test func decidesKnownBranches() throws {
        try expectOptimized(
            """
            %a = read.i64 x0
            %k = const.i64 1
            %z = const.i64 0
            br.if %z, L0
            br.cmp.ne %a, %a, L0
            br.cmp.ltU %z, %k, L1
            write.i64 x0, %k
            goto 0
            L0:
            goto 4
            L1:
            goto 8
            """,
            """
            br L1
            L0:
            goto 4
            L1:
            goto 8
            """)
    }

    @Test func choosesKnownSelections() throws {
        try expectOptimized(
            """
            %a = read.i64 x0
            %b = read.i64 x1
            %k = const.i8 1
            %s = select.i64 %k, %a, %b
            %t = select.i64 %b, %s, %a
            write.i64 x2, %t
            goto 0
            """,
            """
            %0 = read.i64 x0
            write.i64 x2, %0
            goto 0
            """)
    }

    @Test func joinsConversions() throws {
        try expectOptimized(
            """
            %a = read.i64 x0
            %n = trunc.i32 %a
            %s = sext.i64 %n
            %m = trunc.i16 %s
            %t = zext.i64 %m
            %u = trunc.i32 %s
            write.i64 x1, %s
            write.i64 x2, %t
            write.i32 w0, %u
            %b = read.i8 b0
            %w = sext.i16 %b
            %v = sext.i64 %w
            write.i64 x3, %v
            goto 0
            """,
            """
            %0 = read.i64 x0
            %1 = trunc.i32 %0
            %2 = sext.i64 %1
            %3 = trunc.i16 %1
            %4 = zext.i64 %3
            write.i64 x1, %2
            write.i64 x2, %4
            write.i32 w0, %1
            %8 = read.i8 b0
            %9 = sext.i64 %8
            write.i64 x3, %9
            goto 0
            """)
    }

    @Test func joinsShiftsAndMasks() throws {
        try expectOptimized(
            """
            %a = read.i64 x0
            %k = const.i64 32
            %l = shl.i64 %a, %k
            %r = shr.u.i64 %l, %k
            write.i64 x1, %r
            %s = shr.s.i64 %l, %k
            write.i64 x2, %s
            %m = shl.i64 %l, %k
            write.i64 x3, %m
            %j = const.i64 30
            %i = shr.u.i64 %l, %j
            write.i64 x6, %i
            %h = trunc.i32 %i
            %t = const.i32 6
            %g = shr.u.i32 %h, %t
            %d = sext.i64 %g
            write.i64 x7, %d
            %f = const.i64 0xffff
            %w = read.i32 w0
            %z = zext.i64 %w
            %o = const.i64 0xffffffff
            %p = and.i64 %z, %o
            %q = and.i64 %p, %f
            write.i64 x4, %p
            write.i64 x5, %q
            goto 0
            """,
            """
            %0 = read.i64 x0
            %1 = trunc.i32 %0
            %2 = zext.i64 %1
            write.i64 x1, %2
            %4 = trunc.i32 %0
            %5 = sext.i64 %4
            write.i64 x2, %5
            %7 = const.i64 0
            write.i64 x3, %7
            %9 = trunc.i32 %0
            %10 = zext.i64 %9
            %11 = const.i64 2
            %12 = shl.i64 %10, %11
            write.i64 x6, %12
            %14 = trunc.i32 %12
            %15 = const.i32 6
            %16 = shr.u.i32 %14, %15
            %17 = zext.i64 %16
            write.i64 x7, %17
            %19 = read.i32 w0
            %20 = zext.i64 %19
            %21 = trunc.i16 %19
            %22 = zext.i64 %21
            write.i64 x4, %20
            write.i64 x5, %22
            goto 0
            """)
    }

    @Test func masksThatClearTheSignTakeWordsWithoutTheirExtension() throws {
        try expectOptimized(
            """
            %a = read.i32 w0
            %s = sext.i64 %a
            %k = const.i64 0x1ff
            %m = and.i64 %s, %k
            write.i64 x1, %m
            %l = const.i64 -16
            %n = and.i64 %s, %l
            write.i64 x2, %n
            goto 0
            """,
            """
            %0 = read.i32 w0
            %1 = sext.i64 %0
            %2 = const.i32 511
            %3 = and.i32 %0, %2
            %4 = zext.i64 %3
            write.i64 x1, %4
            %6 = const.i64 -16
            %7 = and.i64 %1, %6
            write.i64 x2, %7
            goto 0
            """)
    }

    @Test func takesFloatsOutOfTheirBoxes() throws {
        try expectOptimized(
            """
            %s = read.f32 s0
            %x = box.f64 %s
            write.f64 d0, %x
            %d = read.f64 d0
            %u = unbox.f32 %d
            write.f32 s1, %u
            %h = unbox.f16 %d
            write.f16 t0, %h
            goto 0
            """,
            """
            %0 = read.f32 s0
            %1 = box.f64 %0
            write.f64 d0, %1
            write.f32 s1, %0
            %4 = unbox.f16 %1
            write.f16 t0, %4
            goto 0
            """)
    }

    @Test func dropsWhatNobodyUsesButKeepsFaultsAndFlags() throws {
        try expectOptimized(
            """
            %a = read.i64 x0
            %b = not.i64 %a
            %l = load.i64 [%a], u8 le
            %d = read.f64 d0
            %f = fadd.f64 %d, %d
            %g = fadd.f64 %d, %d, silent
            %c = call.i64 mix(%a, %a, %a)
            fence ll ls
            goto 0
            """,
            """
            %0 = read.i64 x0
            %1 = load.i64 [%0], u8 le
            %2 = read.f64 d0
            %3 = fadd.f64 %2, %2
            fence ll ls
            goto 0
            """)
    }
}
