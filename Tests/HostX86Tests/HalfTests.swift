import Glibc
import IR
import Interpreter
import RandomIR
import Testing

/// Operations on halves as host code against the interpreter: many operands through one block.
@Suite struct HalfTests {
    private static let samples = getenv("APUS_FULL_TESTS") != nil ? 2_000_000 : 20_000

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let make: @Sendable (inout IRBlock, Value, Value, Value) -> Value
        init(_ name: String, _ make: @escaping @Sendable (inout IRBlock, Value, Value, Value) -> Value) {
            testDescription = name
            self.make = make
        }
    }

    static let cases: [Case] = ["": FloatAttributes(), "arm ": FloatAttributes(nan: .arm, tinyBefore: true, minMax: .nan)].flatMap(cases)

    private static func cases(_ rule: String, _ attributes: FloatAttributes) -> [Case] {
        let negatedProduct = FloatAttributes(rawValue: attributes.rawValue | FloatAttributes(negateProduct: true).rawValue)
        let negatedAddend = FloatAttributes(rawValue: attributes.rawValue | FloatAttributes(negateAddend: true).rawValue)
        return [Opcode.fadd, .fsub, .fmul, .fdiv, .fmin, .fmax].map { opcode in
            Case("\(rule)\(opcode)") { block, a, b, _ in block.float(opcode, .f16, attributes, a, b) }
        } + [
            Case("\(rule)fsqrt") { block, a, _, _ in block.float(.fsqrt, .f16, attributes, a) },
            Case("\(rule)fma") { block, a, b, c in block.fma(.f16, attributes, a, b, c) },
            Case("\(rule)fma, product negated") { block, a, b, c in block.fma(.f16, negatedProduct, a, b, c) },
            Case("\(rule)fma, addend negated") { block, a, b, c in block.fma(.f16, negatedAddend, a, b, c) },
        ]
    }

    /// A half with few bits, at an end of the range, next to another one's exponent, or any.
    private func half(_ random: inout SplitMix, near other: UInt64 = 0) -> UInt64 {
        let sign = random.next() & 0x8000
        switch random.below(6) {
        case 0: return sign | random.next() & 0x3ff
        case 1: return sign | random.next() & 0x7c00 | 1 << random.next() % 11 & 0x3ff
        case 2: return sign | other & 0x7c00 | random.next() & 0x3ff
        case 3: return sign | random.pick([0, 1, 0x3ff, 0x400, 0x7bff, 0x7c00, 0x7c01, 0x7e00, 0x3c00, 0x3bff])
        default: return random.next() & 0xffff
        }
    }

    private func compare(
        _ name: String, _ make: (inout IRBlock) -> Void, _ fill: (inout SplitMix, TestGuest) -> Void, _ result: String
    ) throws {
        let machine = try HostMachine()
        var interpreter = Interpreter(helpers: TestGuest.helpers, runtime: TestGuest.runtime)
        var block = IRBlock()
        block.reset(pc: 0x1000)
        make(&block)
        block.goto(0x2000)
        let guests = [TestGuest(seed: 1), TestGuest(seed: 1)]
        var random = SplitMix(7)
        var operands = random
        let prepared = machine.prepare(block)
        let run = try #require(prepared)
        for index in 0..<HalfTests.samples {
            for guest in guests {
                operands = random
                fill(&operands, guest)
                guest.header.roundingMode = UInt32(index % 4)
                guest.header.floatFlags = 0
            }
            random = operands
            _ = interpreter.run(block, guests[0].header)
            run(guests[1])
            let outcomes = guests.map { ($0.read(result), $0.header.floatFlags) }
            guard outcomes[0] != outcomes[1] else { continue }
            let inputs = ["t0", "t1", "h0", "d0", "x0"].map { "\($0) \(String(guests[0].read($0), radix: 16))" }.joined(separator: ", ")
            Issue.record("\(name), mode \(index % 4), \(inputs): \(outcomes[1]), interpreter \(outcomes[0])")
            return
        }
    }

    @Test(arguments: HalfTests.cases) func arithmeticAgrees(_ operation: Case) throws {
        try compare(
            operation.testDescription,
            { block in
                let a = block.read(.f16, TestGuest.offset("t0")), b = block.read(.f16, TestGuest.offset("t1"))
                let c = block.bitcast(.f16, block.read(.i16, TestGuest.offset("h0")))
                let result = operation.make(&block, a, b, c)
                block.write(.i16, TestGuest.offset("h1"), block.bitcast(.i16, result))
            },
            { random, guest in
                let a = half(&random)
                guest.write("t0", a)
                guest.write("t1", half(&random, near: a))
                guest.write("h0", half(&random, near: a))
            }, "h1")
    }

    /// Doubles near halves and near the middle between two of them, and integers.
    @Test func conversionsAgree() throws {
        let fill: (inout SplitMix, TestGuest) -> Void = { random, guest in
            let exponent = UInt64(1023 - 28 + random.below(46))
            let rest = random.pick([0, 1, 0x1fff_ffff, 1 << 28, random.next() & 0x1fff_ffff])
            let below: UInt64 = random.pick([0, 0x200_0000_0000, 0x1ff_e000_0000, random.next() & 0x3ff_ffff_ffff])
            let middle: UInt64 = (random.next() & 0x3ff) << 42 | below
            let number: UInt64 = (random.next() & 1) << 63 | exponent << 52 | middle | rest
            guest.write("d0", random.oneIn(8) ? random.edgy() : number)
            guest.write("x0", random.edgy() >> UInt64(random.below(60)))
        }
        try compare("f64 to f16", { HalfTests.convert(&$0, .fconvert, .f64, "d0") }, fill, "h1")
        try compare("i64 to f16", { HalfTests.convert(&$0, .intToFloat, .i64, "x0") }, fill, "h1")
    }

    private static func convert(_ block: inout IRBlock, _ opcode: Opcode, _ type: IRType, _ source: String) {
        let result = block.float(opcode, .f16, FloatAttributes(signed: opcode == .intToFloat), block.read(type, TestGuest.offset(source)))
        block.write(.i16, TestGuest.offset("h1"), block.bitcast(.i16, result))
    }
}
