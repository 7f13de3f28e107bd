import IR
import Interpreter
import Optimizer
import RandomIR
import Testing

/// Random graphs of blocks, joined to loops with registers of their own, against the blocks one by one in the interpreter.
@Suite struct LoopTests {
    /// A few blocks that lead to each other and, when a count is used up, out of the graph.
    private struct Graph {
        static let first: UInt64 = 0x1000
        static let outside: UInt64 = 0x9000
        static let counter = CPUHeader.Offset.scratch

        let seed: UInt64
        let options: RandomIR.Options
        let size: Int

        init(seed: UInt64, _ options: RandomIR.Options) {
            var random = SplitMix(seed)
            self.seed = seed
            self.options = options
            size = 1 + random.below(5)
        }

        func holds(_ pc: UInt64) -> Bool { pc >= Graph.first && pc < Graph.first + UInt64(size) << 8 && pc & 0xff == 0 }

        /// The block at an address, the same each time; `limit` is for decoders and of no use here.
        func make(_ pc: UInt64, _ block: inout IRBlock) {
            var body = RandomIR(seed: seed &* 31 &+ pc, options)
            body.makeBody(&block, pc: pc)
            var random = SplitMix(seed ^ pc)
            func target() -> UInt64 { Graph.first + UInt64(random.below(size)) << 8 }
            let left = block.sub(.i64, block.read(.i64, Graph.counter), block.const64(1))
            block.write(.i64, Graph.counter, left)
            // Now and then somebody wants the vCPU's attention.
            if random.oneIn(6) { block.write(.i32, CPUHeader.Offset.exitRequest, block.const(.i32, 1)) }
            let out = block.makeLabel(), other = block.makeLabel()
            block.branch(out, if: .leS, left, block.const64(0))
            let a = block.read(.i64, TestGuest.offset("x\(random.below(12))")), b = block.read(.i64, TestGuest.offset("x\(random.below(12))"))
            block.branch(other, if: random.pick(Condition.allCases), a, b)
            block.goto(target())
            block.place(out)
            if random.oneIn(3) { block.goto(block.const64(Int64(Graph.outside))) } else { block.goto(Graph.outside) }
            block.place(other)
            block.goto(target())
            block.guestBytes = 0x80
        }

        func fill(_ guest: TestGuest, rounds: UInt64) {
            guest.fill(seed: seed)
            guest.header.roundingMode = UInt32(seed % 4)
            guest.header.state.storeBytes(of: rounds, toByteOffset: Graph.counter, as: UInt64.self)
            guest.header.pc = Graph.first
        }
    }

    /// Runs a graph's blocks from the guest's `pc` on until that is outside.
    private func interpret(_ graph: Graph, _ guest: TestGuest) -> ExitReason {
        var interpreter = Interpreter(helpers: TestGuest.helpers, runtime: TestGuest.runtime)
        var block = IRBlock()
        var reason = ExitReason.lookup
        while graph.holds(guest.header.pc), reason == .lookup {
            graph.make(guest.header.pc, &block)
            takeRequest(guest)
            reason = interpreter.run(block, guest.header)
        }
        return reason
    }

    private func takeRequest(_ guest: TestGuest) {
        guest.header.state.storeBytes(of: UInt32(0), toByteOffset: CPUHeader.Offset.exitRequest, as: UInt32.self)
    }

    private func compare(_ options: RandomIR.Options, seeds: Range<UInt64>) throws {
        let machine = try HostMachine(memoryMode: options.isDirect ? .segment : .translated)
        var optimizer = Optimizer(layout: TestGuest.layout, helpers: TestGuest.helpers)
        let expected = TestGuest(seed: 0), actual = TestGuest(seed: 0)
        HostMachine.protect(actual, true)
        defer { HostMachine.protect(actual, false) }
        var loop = IRBlock()
        var ran = 0
        for seed in seeds {
            let graph = Graph(seed: seed, options)
            let ranges = LoopBuilder.build(Graph.first, into: &loop, isNear: graph.holds) { pc, _, block in
                graph.make(pc, &block)
                return true
            }
            guard ranges != nil else { continue }
            if seed % 2 == 0 { optimizer.run(&loop) }
            for page in options.isDirect ? [HostMachine.TLBState.nothing] : HostMachine.TLBState.allCases {
                graph.fill(expected, rounds: 1 + seed % 7)
                graph.fill(actual, rounds: 1 + seed % 7)
                guard var reason = machine.run(loop, actual, tlb: page, asLoop: true) else { break }
                ran += 1
                takeRequest(actual)
                if reason == .lookup { reason = interpret(graph, actual) }
                let wanted = interpret(graph, expected)
                takeRequest(expected)
                if reason == .exception, options.hasBranches { expected.header.pc = actual.header.pc }
                let difference = wanted == reason ? expected.difference(from: actual) : "\(wanted) and \(reason)"
                if let difference {
                    Issue.record("seed \(seed), TLB: \(page): \(difference)")
                    return
                }
            }
        }
        if options.isDirect { #expect(machine.generator.regionCount > seeds.count / 8, "many loops are regions") }
        #expect(ran > seeds.count / 4, "many graphs have loops and host code")
    }

    @Test(arguments: [false, true]) func integers(hasBranches: Bool) throws {
        var options = RandomIR.Options()
        options.integers = [.i32, .i64]
        options.hasBranches = hasBranches
        options.length = 20
        try compare(options, seeds: 0..<2000)
    }

    /// Regions: accesses are direct, and a fault is the host's.
    @Test(arguments: [false, true]) func regions(hasBranches: Bool) throws {
        var options = RandomIR.Options()
        options.integers = [.i32, .i64]
        options.isDirect = true
        options.hasBranches = hasBranches
        options.hasAtomics = false
        options.hasCalls = false
        options.without = [.mulHighSU, .clmul, .clmulHigh, .bitReverseBytes]
        options.length = 24
        try compare(options, seeds: 0..<3000)
    }

    /// More values than registers: some are on the stack, and copies of them in registers where they are used more than once.
    @Test func crowdedRegions() throws {
        var options = RandomIR.Options()
        options.integers = [.i32, .i64]
        options.isDirect = true
        options.hasAtomics = false
        options.hasCalls = false
        options.without = [.mulHighSU, .clmul, .clmulHigh, .bitReverseBytes]
        options.length = 120
        try compare(options, seeds: 0..<600)
    }

    /// Blocks of hundreds of instructions.
    @Test func largeRegions() throws {
        var options = RandomIR.Options()
        options.integers = [.i32, .i64]
        options.isDirect = true
        options.hasAtomics = false
        options.hasCalls = false
        options.without = [.mulHighSU, .clmul, .clmulHigh, .bitReverseBytes]
        options.length = 1200
        try compare(options, seeds: 0..<40)
    }

    /// How many blocks, each of so many instructions, are joined of a loop of a hundred.
    private func joined(instructions: Int) -> Int? {
        var loop = IRBlock()
        let step = UInt64(4 * instructions), end = Graph.first + 100 * step
        return LoopBuilder.build(Graph.first, into: &loop, isNear: { $0 < end }) { pc, _, block in
            let isLast = pc + step == end
            for index in 0..<instructions { block.startInstruction(pc + UInt64(4 * index)) }
            let back = block.makeLabel()
            let left = block.read(.i64, Graph.counter)
            block.branch(back, if: .gtS, left, block.const64(0))
            block.goto(isLast ? Graph.outside : pc + step)
            block.place(back)
            block.goto(Graph.first)
            block.guestBytes = Int(step)
            return true
        }?.count
    }

    @Test func loopsOfStraightCodeMayBeLarger() {
        #expect(joined(instructions: 8) == 32, "as many blocks as a usual loop may have")
        #expect(joined(instructions: 30) == 14, "400 instructions")
        #expect(joined(instructions: 40) == 52, "2,048 instructions")
        #expect(joined(instructions: 33) == 63)
    }

    @Test func floats() throws {
        var options = RandomIR.Options()
        options.integers = [.i32, .i64]
        options.floats = [.f32, .f64]
        options.length = 16
        try compare(options, seeds: 0..<2000)
    }

    @Test func vectors() throws {
        var options = RandomIR.Options()
        options.integers = [.i32, .i64]
        options.hasVectors = true
        options.length = 16
        try compare(options, seeds: 0..<1000)
    }
}
