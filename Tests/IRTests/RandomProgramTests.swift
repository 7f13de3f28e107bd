import IR
import Interpreter
import Optimizer
import RandomIR
import Testing

@Suite struct RandomProgramTests {
    private static let wide: RandomIR.Options = {
        var options = RandomIR.Options()
        options.integers = [.i8, .i32, .i64, .i64, .i128]
        return options
    }()

    private static let floating: RandomIR.Options = {
        var options = RandomIR.Options()
        options.floats = [.f16, .f32, .f64, .f80, .f128]
        options.nanRules = FloatAttributes.NaNRule.allCases
        options.roundings = FloatAttributes.Rounding.allCases
        return options
    }()

    private static let vectors: RandomIR.Options = {
        var options = floating
        options.hasVectors = true
        return options
    }()

    private static let kinds = ["integers": RandomIR.Options(), "wide": wide, "floats": floating, "vectors": vectors]

    @Test(arguments: ["integers", "wide", "floats", "vectors"])
    func optimizedProgramsDoTheSame(_ kind: String) throws {
        let options = try #require(RandomProgramTests.kinds[kind])
        var optimizer = Optimizer(layout: TestGuest.layout, helpers: TestGuest.helpers)
        var interpreter = Interpreter(helpers: TestGuest.helpers, runtime: TestGuest.runtime)
        var block = IRBlock()
        let plain = TestGuest(seed: 0)
        let quick = TestGuest(seed: 0)
        var before = 0
        var after = 0
        for seed in 0..<UInt64(3000) {
            optimizer.countsInstructions = seed % 4 == 0
            interpreter.countsInstructions = seed % 4 == 0
            var generator = RandomIR(seed: seed, options)
            generator.make(&block)
            try verify(block)
            let original = text(block)
            let guests = [plain, quick]
            for guest in guests {
                guest.fill(seed: seed)
                guest.header.budget = Int64(seed % 7)
            }
            let expected = interpreter.run(block, plain.header)
            before += block.count
            optimizer.run(&block)
            after += block.count
            try verify(block)
            let result = interpreter.run(block, quick.header)
            let difference = expected == result ? plain.difference(from: quick) : "\(expected) and \(result)"
            if let difference {
                Issue.record("seed \(seed): \(difference)\n\(original)optimized:\n\(text(block))")
                return
            }
        }
        #expect(after < before * 9 / 10, "the optimizer finds something to do")
    }

    @Test func textReadsBackAsTheSameOperations() throws {
        var block = IRBlock()
        for seed in 0..<UInt64(300) {
            var options = RandomProgramTests.wide
            options.floats = [.f16, .f32, .f64, .f80, .f128]
            options.hasVectors = seed % 2 == 0
            var generator = RandomIR(seed: seed, options)
            generator.make(&block)
            try verify(block)
            let printed = Printer(layout: TestGuest.layout, helpers: TestGuest.helpers).text(block)
            let again = try parse(printed)
            #expect(again.pc == block.pc && again.labels == block.labels && again.instructions == block.instructions)
            try #require(again.count == block.count)
            for index in 0..<block.count where !same(block[index], again[index]) {
                Issue.record("operation \(index) of seed \(seed)\n\(printed)")
                return
            }
        }
    }

    private func same(_ a: IROp, _ b: IROp) -> Bool {
        a.opcode == b.opcode && a.type == b.type && a.attribute == b.attribute && a.a == b.a && a.b == b.b && a.c == b.c && a.imm == b.imm
    }
}
