import AddressSpace
import CPUModel
import EventLoop
import GuestRISCV
import Testing
import TranslatedExecution

/// A hart in a loop, and an engine that a debugger stops.
private final class DebuggedHart {
    private static let start: UInt64 = 0x8000_0000
    /// addi a0, a0, 1; sd a0, 0(a1); ld a2, 0(a1); addi a3, a3, 1; j -16
    static let code: [UInt32] = [0x0015_0513, 0x00a5_b023, 0x0005_b603, 0x0016_8693, 0xff1f_f06f]
    static let add = start, store = start + 4, load = start + 8, second = start + 12, cell: UInt64 = 0x8000_2000

    let cpu: RISCVCPU
    let engine: TranslationEngine
    private let loop: EventLoop
    let memory: AddressSpace

    init(_ options: EngineOptions, code: [UInt32] = DebuggedHart.code) throws {
        let root = MemoryRegion.container("system", size: .max)
        root.add(try MemoryRegion.ram("ram", size: 1 << 20), at: DebuggedHart.start)
        memory = AddressSpace("memory", root: root)
        cpu = RISCVCPU(model: try RISCVModel("max", rv64: true), index: 0, memory: memory)
        cpu.resetVector = DebuggedHart.start
        cpu.reset()
        memory.write(DebuggedHart.start, code.flatMap(littleEndian))
        cpu.setRegister(11, DebuggedHart.cell)
        loop = try EventLoop()
        engine = try TranslationEngine(cpus: [cpu], loop: loop, options: options)
        engine.onDebugStop = { [loop] in loop.post { loop.stop(status: 0) } }
    }

    /// Sets a register by its name, as a debugger does.
    func set(_ name: String, _ value: UInt64) {
        guard let number = cpu.debugRegisters.registers.firstIndex(where: { $0.name == name }) else { preconditionFailure("no register \(name)") }
        cpu.setDebugRegister(number, (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) })
    }

    /// Runs until something stops the hart: what, and where it is then.
    func run(_ action: DebugAction = .run) throws -> (stop: DebugStop?, pc: UInt64) {
        engine.setDebugActions { _ in action }
        engine.start()
        _ = loop.run()
        engine.stop()
        loop.resume()
        return (engine.takeDebugStops().first, cpu.header.pc)
    }

    /// Lets it run for a moment.
    func runOn() throws {
        let timer = LoopTimer(loop, .realtime) { [loop] in loop.stop(status: 0) }
        loop.lock.withLock { timer.arm(at: loop.now(.realtime) + 20_000_000) }
        #expect(try run().stop == nil)
    }
}

@Suite(.serialized) struct DebugTests {
    static let ways: [(String, EngineOptions)] = {
        var interpreter = EngineOptions()
        interpreter.kind = .interpreter
        var single = EngineOptions()
        single.multiThreaded = false
        var counted = single
        counted.instructionShift = 0
        var loops = EngineOptions()
        loops.loopThreshold = 10
        return [("interpreter", interpreter), ("tcg", EngineOptions()), ("thread=single", single), ("icount", counted), ("loops", loops)]
    }()

    private func hart(_ way: String) throws -> DebuggedHart { try DebuggedHart(try #require(DebugTests.ways.first { $0.0 == way }?.1)) }

    private func isBreakpoint(_ stop: DebugStop?) -> Bool { if case .breakpoint = stop?.reason { true } else { false } }

    /// In the middle of what is one block, and a loop made one block, otherwise; put in before any code was run and behind it.
    @Test(arguments: ways.map(\.0), [false, true]) func breakpointsStop(_ way: String, isHot: Bool) throws {
        let hart = try hart(way)
        if isHot { try hart.runOn() }
        let rounds = hart.cpu.register(10)
        hart.engine.insertBreakpoint(at: DebuggedHart.second)
        for round in 1...3 {
            let (stop, pc) = try hart.run()
            #expect(isBreakpoint(stop) && pc == DebuggedHart.second, "round \(round)")
            if isHot, round == 1 { #expect(hart.cpu.register(10) - rounds <= 1) }
            #expect(hart.cpu.register(10) == hart.cpu.register(13) + 1)
            // It is met again until it is stepped over.
            #expect(isBreakpoint(try hart.run().stop))
            let (step, after) = try hart.run(.step)
            guard case .stepped = step?.reason else { throw Failure.noStep }
            #expect(after == DebuggedHart.second + 4)
        }
        hart.engine.removeBreakpoint(at: DebuggedHart.second)
        let before = hart.cpu.register(10)
        try hart.runOn()
        #expect(hart.cpu.register(10) > before + 10)
    }

    private enum Failure: Error { case noStep }

    @Test(arguments: ways.map(\.0)) func stepsDoOneInstruction(_ way: String) throws {
        let hart = try hart(way)
        for place in [4, 8, 12, 16, 0, 4] as [UInt64] { #expect(try hart.run(.step).pc == DebuggedHart.add + place) }
        #expect(hart.cpu.register(10) == 2)
    }

    /// RISC-V tells of an access when it is done.
    @Test(arguments: ways.map(\.0)) func watchpointsStop(_ way: String) throws {
        let hart = try hart(way)
        func hit(_ point: Watchpoint) throws -> (Watchpoint.Kind, UInt64, pc: UInt64)? {
            hart.engine.setWatchpoints([point])
            let (stop, pc) = try hart.run()
            guard case .watchpoint(let kind, let address) = stop?.reason else { return nil }
            return (kind, address, pc)
        }
        try hart.runOn()
        let write = try #require(try hit(Watchpoint(.write, address: DebuggedHart.cell + 4, count: 1)))
        #expect(write == (.write, DebuggedHart.cell + 4, DebuggedHart.load))
        let read = try #require(try hit(Watchpoint(.read, address: DebuggedHart.cell, count: 8)))
        #expect(read == (.read, DebuggedHart.cell, DebuggedHart.second))
        let access = try #require(try hit(Watchpoint(.access, address: DebuggedHart.cell + 7, count: 2)))
        #expect(access == (.access, DebuggedHart.cell + 7, DebuggedHart.load))
        // Beside it on the same page nothing is met.
        hart.engine.setWatchpoints([Watchpoint(.access, address: DebuggedHart.cell + 8, count: 8)])
        try hart.runOn()
        hart.engine.setWatchpoints([])
        try hart.runOn()
    }

    /// amoadd.d a2, a0, (a1): an address that is not aligned is a fault, and no access that anybody watches.
    @Test(arguments: ways.map(\.0)) func faultsComeBeforeWatchpoints(_ way: String) throws {
        let hart = try DebuggedHart(try #require(DebugTests.ways.first { $0.0 == way }?.1), code: [0x00a5_b62f])
        hart.cpu.setRegister(11, DebuggedHart.cell + 1)
        hart.engine.setWatchpoints([Watchpoint(.access, address: DebuggedHart.cell, count: 16)])
        try hart.runOn()
        #expect(hart.cpu.header.pc == 0, "the handler")
    }

    /// addi a0, a0, 1 over the end of a page, whose other half is on another page than memory has behind the first.
    @Test(arguments: ways.map(\.0)) func breakpointsDoNotCutInstructions(_ way: String) throws {
        let hart = try hart(way)
        let tables: UInt64 = 0x8000_8000
        func entry(_ place: UInt64, _ target: UInt64, _ flags: UInt64) {
            hart.memory.write(place, (0..<8).map { UInt8(truncatingIfNeeded: (target >> 2 | flags) >> (8 * $0)) })
        }
        // Sv39: addresses 0x1000 and 0x2000 are the memory's pages 0x80001000 and 0x80003000.
        entry(tables, tables + 0x1000, 1)
        entry(tables + 0x1000, tables + 0x2000, 1)
        entry(tables + 0x2008, 0x8000_1000, 0xcf)
        entry(tables + 0x2010, 0x8000_3000, 0xcf)
        hart.memory.write(0x8000_1ffe, [0x13, 0x05])
        // The instruction's other half, and j 0.
        hart.memory.write(0x8000_3000, [0x15, 0x00, 0x6f, 0x00, 0x00, 0x00])
        hart.set("satp", 8 << 60 | tables >> 12)
        hart.set("priv", 1)
        hart.cpu.header.pc = 0x1ffe
        hart.engine.insertBreakpoint(at: 0x1fff)
        try hart.runOn()
        #expect(hart.cpu.register(10) == 1 && hart.cpu.header.pc == 0x2002)
    }

    @Test func tablesAreLookedAtByTheirEntries() {
        var budget = PageTableBudget()
        #expect(budget.takesTable(entries: 1 << 20) && budget.takesTable(entries: 1 << 20) && !budget.isSpent)
        #expect(!budget.takesTable(entries: 1) && budget.isSpent)
    }

    @Test func pointsAreFound() {
        var points = DebugPoints()
        #expect(points.isEmpty && points.room(behind: 5) == .max)
        for address in [0x2000, 0x1000, 0x2000] as [UInt64] { points.insertBreakpoint(at: address) }
        #expect(points.breakpoints == [0x1000, 0x2000] && points.room(behind: 0xffe) == 2 && points.room(behind: 0x1000) == 0x1000)
        #expect(points.stops(at: 0x1000) && !points.stops(at: 0x1001) && points.stopsOnPage(0x1fff) && !points.stopsOnPage(0x3000))
        points.removeBreakpoint(at: 0x1000)
        #expect(points.breakpoints == [0x2000])
        points.watchpoints = [Watchpoint(.write, address: 0x3ffc, count: 8)]
        #expect(points.watchesPage(0x3000) && points.watchesPage(0x4fff) && !points.watchesPage(0x5000) && !points.watchesPage(0x2fff))
        #expect(points.hit(0x4003, 1, reads: false, writes: true)?.address == 0x4003 && points.hit(0x4004, 1, reads: false, writes: true) == nil)
        #expect(points.hit(0x3ff8, 8, reads: true, writes: false) == nil)
    }
}
