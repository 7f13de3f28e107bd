import IR
import RandomIR
import Testing

@Suite struct VerifierTests {
    static let broken: [(String, String)] = [
        ("", "the block is empty"),
        ("insn 0", "control would fall out of the block"),
        ("%a = read.i64 x0\n%b = read.i32 w0\n%c = add.i64 %a, %b\ngoto 0", "an operand has type i32"),
        ("%a = read.i64 x0\nL0:\n%b = not.i64 %a\ngoto 0", "operand %0 would live across a label"),
        ("%a = read.i32 x0\ngoto 0", "the field x0 has type i64"),
        ("%a = read.i8 @3\ngoto 0", "no state field is at 3"),
        ("br L0", "the label L0 is placed nowhere"),
        ("br L0\nL0:\nL0:\ngoto 0", "the label L0 is placed twice"),
        ("%a = read.i32 w0\n%b = load.i64 [%a], u8 le\ngoto 0", "an address has 64 bits, not i32"),
        ("%a = read.i64 x0\n%b = load.i32 [%a], u8 le\ngoto 0", "8 bytes are more than i32 holds"),
        ("%a = read.i64 x0\n%b = zext.i32 %a\ngoto 0", "i64 does not extend to i32"),
        ("%a = read.i64 x0\n%b = trunc.i64 %a\ngoto 0", "i64 does not narrow to i64"),
        ("%a = read.i64 x0\n%b = bitcast.f32 %a\ngoto 0", "i64 has another width"),
        ("%a = read.f64 d0\n%b = not.f64 %a\ngoto 0", "it computes with integers"),
        ("%a = read.i64 x0\n%b = fsqrt.i64 %a\ngoto 0", "it computes with floats"),
        ("%a = read.i64 x0\n%b = extract.u.i64 %a, 60 for 5\ngoto 0", "the bit range lies outside i64"),
        ("%a = read.i64 x0\n%b = call.i64 #9(%a)\ngoto 0", "there is no helper 9"),
        ("%a = read.i64 x0\n%w = read.i32 w0\n%b = cmp.eq.i64 %a, %w\ngoto 0", "the operands' types differ: i64 and i32"),
        ("%a = read.i64 x0\n%w = read.i32 w0\nbr.cmp.eq %a, %w, L0\nL0:\ngoto 0", "the operands' types differ: i64 and i32"),
        ("%a = read.i64 x0\n%w = read.i32 w0\n%s = select.i64 %a, %w, %a\ngoto 0", "the chosen values don't have its type"),
        ("%a = read.i64 x0\nwrite.i32 w0, %a\ngoto 0", "the value has type i64"),
        ("%w = read.i32 w0\ngoto.ind %w", "a guest address has 64 bits"),
    ]

    @Test(arguments: broken)
    func rejects(_ program: String, _ cause: String) throws {
        let block = try parse(program)
        do {
            try verify(block)
            Issue.record("it passed")
        } catch let error as VerifierError {
            #expect(error.cause == cause)
        }
    }

    @Test func rejectsWhatTextCannotSay() {
        func cause(_ make: (inout IRBlock) -> Void) -> String? {
            var block = IRBlock()
            let a = block.read(.i64, 0)
            make(&block)
            block.write(.i64, 8, a)
            block.goto(0)
            do {
                try verify(block)
                return nil
            } catch { return (error as? VerifierError)?.cause }
        }
        #expect(cause { _ in } == nil)
        #expect(cause { $0.append(IROp(.add, .i64, a: 0, b: 7)) } == "operand %7 is not defined before its use")
        #expect(cause { $0.append(IROp(.not, .i64, a: 0, b: 0)) } == "it has an operand too many")
        #expect(cause { $0.append(IROp(.add, .i64, attribute: 1, a: 0, b: 0)) } == "it has no attributes")
        #expect(cause { $0.append(IROp(.compare, .i64, attribute: 10, a: 0, b: 0)) } == "there is no condition 10")
        #expect(cause { $0.append(IROp(.load, .i64, attribute: 0x6003, a: 0)) } == "the memory attributes mean nothing")
        #expect(cause { $0.append(IROp(.atomicRMW, .i64, attribute: 3, a: 0, b: 0, imm: 99)) } == "there is no atomic operation 99")
    }

    @Test func rejectsALabelThatWasNeverMade() {
        var block = IRBlock()
        block.place(Label(3))
        block.goto(0)
        #expect(throws: VerifierError.self) { try verify(block) }
        block.labels = 4
        #expect(throws: Never.self) { try verify(block) }
    }

    static let unreadable: [(String, String)] = [
        ("frobnicate", "there is no operation frobnicate"), ("%a = write.i64 x0", "write.i64 has no result"),
        ("read.i64 x0", "the result needs a name"), ("%a = read.i64 y0", "there is no state field y0"),
        ("%a = not.i64 %b", "there is no value %b"), ("%a = read.i64 x0 x1", "x1 is one word too many"),
        ("%a = const.i64 zero", "zero is no number"), ("br M0", "M0 is no label"), ("%a = add.i64", "an operand is missing"),
        ("%a = read.i64 x0\n%a = read.i64 x1", "%a is given twice"), ("fence xx", "there is no fence xx"),
        ("%a = read.i64 x0\n%b = load.i64 [%a + 1, u8", "']' is missing before u8"),
        ("%a = read.i64 x0\n%b = load.i64 [%a], u3", "u3 is no memory operation"),
    ]

    @Test(arguments: unreadable)
    func parserNamesWhatItCannotRead(_ program: String, _ cause: String) {
        do {
            _ = try parse(program)
            Issue.record("it was read")
        } catch { #expect((error as? ParseError)?.cause == cause) }
    }
}
