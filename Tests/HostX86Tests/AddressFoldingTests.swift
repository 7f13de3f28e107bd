import HostCode
import HostX86
import IR
import Interpreter
import Optimizer
import RandomIR
import Testing

/// Direct accesses whose addresses are sums and scaled sums, whose parts change or are wanted elsewhere too.
@Suite struct AddressFoldingTests {
    private static let fields = (0..<12).map { TestGuest.offset("x\($0)") }

    private func access(_ block: inout IRBlock, _ random: inout SplitMix) {
        // Both parts are below 1024, so that what they add up to lies in the guest's memory.
        let base = block.read(.i64, random.pick(AddressFoldingTests.fields.suffix(6)))
        let part = block.binary(.and, .i64, block.read(.i64, random.pick(AddressFoldingTests.fields)), block.const64(0xff))
        let index = random.oneIn(2) ? part : block.binary(.shl, .i64, part, block.const64(Int64(random.below(5))))
        if random.oneIn(4) { block.write(.i64, random.pick(Array(AddressFoldingTests.fields.prefix(6))), index) }
        let sum = random.oneIn(2) ? block.add(.i64, base, index) : block.add(.i64, index, base)
        if random.oneIn(3) { block.write(.i64, random.pick(Array(AddressFoldingTests.fields.prefix(6))), sum) }
        let size = 1 << random.below(4)
        let offset = Int64(random.below(64))
        for _ in 0...random.below(2) {
            if random.oneIn(3) {
                let value = random.oneIn(3) ? sum : block.read(.i64, random.pick(AddressFoldingTests.fields))
                block.store(.i64, sum, offset: offset, value, MemoryOperation(size))
            } else {
                let loaded = block.load(.i64, sum, offset: offset, MemoryOperation(size, signed: random.oneIn(2)))
                block.write(.i64, random.pick(Array(AddressFoldingTests.fields.prefix(6))), loaded)
            }
        }
    }

    @Test func equalTheInterpreter() throws {
        let machine = try HostMachine(memoryMode: .segment)
        var optimizer = Optimizer(layout: TestGuest.layout, helpers: TestGuest.helpers)
        var interpreter = Interpreter(helpers: TestGuest.helpers, runtime: TestGuest.runtime)
        let expected = TestGuest(seed: 0), actual = TestGuest(seed: 0)
        var block = IRBlock()
        for seed in UInt64(0)..<4000 {
            var random = SplitMix(seed)
            block.reset(pc: 0x1000)
            block.startInstruction(0x1000)
            for _ in 0...random.below(6) { access(&block, &random) }
            block.goto(0x2000)
            if random.oneIn(2) { optimizer.run(&block) }
            for guest in [expected, actual] {
                guest.fill(seed: seed)
                for index in 6..<12 { guest.write("x\(index)", UInt64(random.below(1024))) }
            }
            for index in 6..<12 { actual.write("x\(index)", expected.read("x\(index)")) }
            guard let reason = machine.run(block, actual, tlb: .writable) else {
                Issue.record("no host code")
                return
            }
            let wanted = interpreter.run(block, expected.header)
            if let difference = wanted == reason ? expected.difference(from: actual) : "\(wanted) and \(reason)" {
                Issue.record("seed \(seed): \(difference)\n\(Printer(layout: TestGuest.layout, helpers: TestGuest.helpers).text(block))")
                return
            }
        }
    }
}
