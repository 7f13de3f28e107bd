import HostCode
import HostX86
import IR
import Interpreter
import Optimizer
import RandomIR
import Testing

/// Words that are copied byte by byte through one register and loaded through another, which may or may not point to the same place.
@Suite struct ByteCopyTests {
    private static let byte = MemoryOperation(1)

    /// Stores of `width` bytes off x0 in random order, then a load off x1; now and then a byte is missing, stored twice, or something lies between.
    private func make(_ block: inout IRBlock, _ random: inout SplitMix, width: Int) {
        block.reset(pc: 0x1000)
        block.startInstruction(0x1000)
        let target = block.read(.i64, TestGuest.offset("x0"))
        let source = block.read(.i64, TestGuest.offset("x1"))
        let displacement = Int64(random.below(16))
        var places = Array(0..<width).shuffled(using: &random)
        if random.oneIn(6) { places.removeLast() }
        if random.oneIn(6) { places[0] = places[1] }
        let values = places.map { place in
            if random.oneIn(4) { return block.const(.i8, random.next() & 0xff) }
            let word = block.read(.i64, TestGuest.offset("x\(2 + place % 4)"))
            return block.trunc(.i8, block.binary(.shrU, .i64, word, block.const64(Int64(8 * place))))
        }
        if width == 8, random.oneIn(4) {
            // A register's lower half, whose upper half is older.
            let word = block.trunc(.i32, block.read(.i64, TestGuest.offset("x2")))
            block.store(.i32, target, offset: displacement, word, MemoryOperation(4))
            places.removeAll()
        }
        for (place, value) in zip(places, values) { block.store(.i8, target, offset: displacement + Int64(place), value, ByteCopyTests.byte) }
        if random.oneIn(6) { block.write(.i64, TestGuest.offset("x0"), block.const64(0x77)) }
        if random.oneIn(6) { block.store(.i8, source, offset: 1, block.const(.i8, 0x5a), ByteCopyTests.byte) }
        let type: IRType = width == 8 ? .i64 : random.oneIn(2) ? .i64 : .i32
        let loaded = block.load(type, source, offset: Int64(random.below(16)), MemoryOperation(width, signed: random.oneIn(2)))
        block.write(.i64, TestGuest.offset("x1"), type == .i32 ? block.zext(.i64, loaded) : loaded)
        block.goto(0x2000)
    }

    @Test(arguments: [4, 8], [MemoryMode.translated, .segment]) func equalTheInterpreter(width: Int, memoryMode: MemoryMode) throws {
        let machine = try HostMachine(memoryMode: memoryMode)
        var optimizer = Optimizer(layout: TestGuest.layout, helpers: TestGuest.helpers)
        var interpreter = Interpreter(helpers: TestGuest.helpers, runtime: TestGuest.runtime)
        let expected = TestGuest(seed: 0)
        let actual = TestGuest(seed: 0)
        var block = IRBlock()
        for seed in UInt64(0)..<3000 {
            var random = SplitMix(seed)
            make(&block, &random, width: width)
            if random.oneIn(2) { optimizer.run(&block) }
            // Two thirds of the loads are from where the stores went, by their base registers at least.
            let base = UInt64(64 + random.below(64)), other = random.oneIn(3) ? base &+ UInt64(random.below(9)) &- 4 : base
            for page in HostMachine.TLBState.allCases {
                for guest in [expected, actual] {
                    guest.fill(seed: seed)
                    guest.write("x0", base)
                    guest.write("x1", other)
                }
                guard let reason = machine.run(block, actual, tlb: page) else {
                    Issue.record("no host code")
                    return
                }
                let wanted = interpreter.run(block, expected.header)
                let difference = wanted == reason ? expected.difference(from: actual) : "\(wanted) and \(reason)"
                if let difference {
                    let text = Printer(layout: TestGuest.layout, helpers: TestGuest.helpers).text(block)
                    Issue.record("seed \(seed), TLB: \(page): \(difference)\n\(text)")
                    return
                }
            }
        }
    }
}
