import AddressSpace
import CPUModel
import EventLoop
import GuestRISCV
import Testing
import TranslatedExecution

/// Runs guest code on a hart until it stops at an `ebreak`, and gives the hart back.
func runHart(
    _ words: [UInt32], _ options: EngineOptions, cpu text: String = "max", registers: [Int: UInt64] = [:],
    after: (TranslationEngine) -> Void = { _ in }
) throws -> RISCVCPU {
    let root = MemoryRegion.container("system", size: .max)
    let ram = try MemoryRegion.ram("ram", size: 1 << 20)
    root.add(ram, at: 0x8000_0000)
    let memory = AddressSpace("memory", root: root)
    let cpu = RISCVCPU(model: try RISCVModel(text, rv64: true), index: 0, memory: memory)
    cpu.resetVector = 0x8000_0000
    cpu.reset()
    let loop = try EventLoop()
    // mtvec points to a store to an address that ends the run.
    let finish = Finish { loop.stop(status: 0) }
    root.add(MemoryRegion.io("finish", size: 0x1000, handler: finish), at: 0x1000)
    // auipc t0, 0; addi t0, t0, 0x100; csrw mtvec, t0 — then FS on: lui t0, 6; csrs mstatus, t0 — then the code.
    let prologue: [UInt32] = [0x0000_0297, 0x1002_8293, 0x3052_9073, 0x0000_62b7, 0x3002_a073]
    let handler: [UInt32] = [0x0000_1437, 0x0004_2023, 0x0000_006f]
    let code = (prologue + words + [0x0010_0073]).flatMap(littleEndian)
    precondition(code.count <= 0x100)
    memory.write(0x8000_0000, code)
    memory.write(0x8000_0100, handler.flatMap(littleEndian))
    for (register, value) in registers { cpu.setRegister(register, value) }
    let engine = try TranslationEngine(cpus: [cpu], loop: loop, options: options)
    engine.start()
    _ = loop.run()
    engine.stop()
    after(engine)
    return cpu
}

func littleEndian(_ word: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } }

/// Ends the run when it is written to.
private final class Finish: IOHandler {
    private let stop: () -> Void
    init(_ stop: @escaping () -> Void) { self.stop = stop }
    func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) { (0, .ok) }
    func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        stop()
        return .ok
    }
}

@Suite(.serialized) struct ExecutionTests {
    private static let engines: [(String, EngineOptions)] = {
        var interpreter = EngineOptions()
        interpreter.kind = .interpreter
        var single = EngineOptions()
        single.multiThreaded = false
        var counted = single
        counted.instructionShift = 0
        var stepped = EngineOptions()
        stepped.singleStep = true
        return [("interpreter", interpreter), ("tcg", EngineOptions()), ("thread=single", single), ("icount", counted), ("singlestep", stepped)]
    }()

    /// A loop with a call, memory and a multiplication: 10! in a1, the same under every way of running.
    @Test(arguments: engines.map(\.0)) func enginesAgree(_ name: String) throws {
        let options = try #require(ExecutionTests.engines.first { $0.0 == name }?.1)
        let words: [UInt32] = [
            0x00a0_0513,  // li a0, 10
            0x0010_0593,  // li a1, 1
            0x0080_00ef,  // jal 1f
            0x01c0_006f,  // j end
            0x02a5_85b3,  // 1: mul a1, a1, a0
            0x2000_0297,  // auipc t0, 0x20000: an address where nothing is, not used
            0xfff5_0513,  // addi a0, a0, -1
            0xfe05_1ae3,  // bnez a0, 1b
            0x0000_8067,  // ret
            0x0000_0013,  // nop
        ]
        let cpu = try runHart(words, options)
        #expect(cpu.register(11) == 3_628_800)
        #expect(cpu.register(10) == 0)
    }

    /// An access to nowhere is a fault at the very instruction, with everything before it done and nothing after.
    @Test func faultsArePrecise() throws {
        for (name, options) in ExecutionTests.engines {
            // addi a0, zero, 7; ld a1, 0(zero); addi a0, zero, 9
            let cpu = try runHart([0x0070_0513, 0x0000_3583, 0x0090_0513], options, registers: [11: 5])
            #expect(cpu.register(10) == 7 && cpu.register(11) == 5, "\(name)")
        }
    }

    /// A loop that writes and reads a word of one page and the other in turn: it is found out, made anew, and goes on as before.
    @Test func wanderingAccessesAreFoundOut() throws {
        // 0: xor a2, a2, a3; sw a1, 0(a2); lw a4, 0(a2); add a0, a0, a4; addi a1, a1, -1; bnez a1, 0b
        let words: [UInt32] = [0x00d6_4633, 0x00b6_2023, 0x0006_2703, 0x00e5_0533, 0xfff5_8593, 0xfe05_96e3]
        var found = 0
        let cpu = try runHart(words, EngineOptions(), registers: [11: 3_000_000, 12: 0x8008_0000, 13: 0x1000]) { found = $0.report.wanderingAccesses }
        #expect(cpu.register(10) == 3_000_000 * 3_000_001 / 2)
        #expect(found >= 1)
    }

    /// 2000 times: write a function that adds 1 to a0 and call it, write it anew so that it adds 2 and call it.
    private static let rewriting: [UInt32] =
        [
            0x0000_0417, 0x0444_0413,  // auipc s0, 0; addi s0, s0, 68: the address of 1
            0x0015_0337, 0x5133_0313,  // t1 = the instruction addi a0, a0, 1
            0x0025_03b7, 0x5133_8393,  // t2 = the instruction addi a0, a0, 2
            0x7d00_0593, 0x0000_0513,  // li a1, 2000; li a0, 0
            0x0064_2023, 0x0000_100f, 0x0004_00e7,  // 0: sw t1, 0(s0); fence.i; jalr s0
            0x0074_2023, 0x0000_100f, 0x0004_00e7,  // sw t2, 0(s0); fence.i; jalr s0
            0xfff5_8593, 0xfe05_92e3,  // addi a1, a1, -1; bnez a1, 0b
            0x05c0_006f,  // j 2f
            0x0000_0000,  // 1: what was written
        ] + [UInt32](repeating: 0x0000_0013, count: 20) + [0x0000_8067]  // nops; ret

    /// What was written last runs, however the count of instructions cuts the calls.
    @Test func rewrittenCodeRunsAsWritten() throws {
        var counted = EngineOptions()
        counted.instructionShift = 10
        for (name, options) in ExecutionTests.engines + [("icount shift=10", counted)] {
            #expect(try runHart(ExecutionTests.rewriting, options).register(10) == 6000, "\(name)")
        }
    }

    /// Code memory, and what the interpreter keeps, stays within its limit: when that is reached everything is thrown away and made anew.
    @Test func codeIsThrownAwayAtTheLimit() throws {
        for (name, var options) in ExecutionTests.engines {
            options.codeMemorySize = 1 << 18
            var flushes = 0
            let cpu = try runHart(ExecutionTests.rewriting, options) { flushes = $0.report.codeFlushes }
            #expect(cpu.register(10) == 6000 && flushes > 1, "\(name): \(flushes) times")
        }
    }

    // MARK: Loops

    /// lui t1, 0x62; 1: addi a0, a0, 1; addi t1, t1, -1; bnez t1, 1b
    private static let plainLoop: [UInt32] = [0x0006_2337, 0x0015_0513, 0xfff3_0313, 0xfe03_1ce3]
    /// The same with a call by an indirect jump in each round:
    /// lui t1, 0x62; 1: auipc ra, 0; addi ra, ra, 12; j 2f; addi t1, t1, -1; bnez t1, 1b; ebreak; 2: addi a0, a0, 1; ret
    private static let callingLoop: [UInt32] = [
        0x0006_2337, 0x0000_0097, 0x00c0_8093, 0x0100_006f, 0xfff3_0313, 0xfe03_18e3, 0x0010_0073, 0x0015_0513, 0x0000_8067,
    ]

    private func loops(_ words: [UInt32], _ options: EngineOptions) throws -> Int {
        var loops = -1
        let cpu = try runHart(words, options) { loops = $0.report.loops.count }
        #expect(cpu.register(10) == 0x62000)
        return loops
    }

    /// `info jit`: what translation has cost.
    @Test func costsAreCounted() throws {
        var report: TranslationReport?
        _ = try runHart(ExecutionTests.plainLoop, EngineOptions()) { report = $0.report }
        let found = try #require(report)
        // The three instructions of the loop, at least once as a block of their own.
        for costs in [found.blocks, found.loops] {
            #expect(costs.count > 0 && costs.guestInstructions >= 3 && costs.hostBytes > 12 && costs.nanoseconds > 0, "\(found)")
        }
        let memory = try #require(found.codeMemory)
        #expect(memory.used >= found.blocks.hostBytes + found.loops.hostBytes && memory.used < memory.size)
    }

    /// A loop that goes round often enough is tried, and made if it stays; one that is left in each round is not.
    @Test func loopsAreMadeWhereTheyStay() throws {
        #expect(try loops(ExecutionTests.plainLoop, EngineOptions()) == 1)
        #expect(try loops(ExecutionTests.callingLoop, EngineOptions()) == 0)
        var off = EngineOptions()
        off.loopThreshold = nil
        #expect(try loops(ExecutionTests.plainLoop, off) == 0)
        var high = EngineOptions()
        high.loopThreshold = 0x62000
        #expect(try loops(ExecutionTests.plainLoop, high) == 0)
        var counted = EngineOptions()
        counted.instructionShift = 0
        counted.multiThreaded = false
        #expect(try loops(ExecutionTests.plainLoop, counted) == 0, "counted instructions end where they did before")
    }

    /// A threshold that is low asks for no trial.
    @Test func loopsAreMadeAtOnceWhereThatIsAskedFor() throws {
        var options = EngineOptions()
        options.loopThreshold = 10
        #expect(try loops(ExecutionTests.plainLoop, options) == 1)
    }
}
