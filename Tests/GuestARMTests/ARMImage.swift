import AddressSpace
import CPUModel
import EventLoop
import GuestARM
import Peer
import RandomIR
import Testing
import TranslatedExecution

/// The ways of running that the tests compare.
enum ElementEngine: String, CaseIterable {
    case interpreter, translator

    var options: EngineOptions {
        var options = EngineOptions()
        options.checksAllocation = true
        options.kind = self == .interpreter ? .interpreter : .translator
        options.codeMemorySize = 32 << 20
        return options
    }
}

/// An exception that a run went past.
struct Passed: Equatable {
    /// Offset of the instruction in the image.
    let offset: Int
    let kind: ARMException.Kind
    let status: UInt32
    let address: UInt64
    /// CPSR.IT at the instruction.
    let it: UInt32
}

/// A memory image of guest code and data that an element runs from its first byte (A32) until it calls exit (svc with 1 in R7). Other exceptions are noted
/// and go on behind their instruction.
enum ARMImage {
    static let base: UInt64 = 0x40_0000
    static let memorySize = 8 << 20

    /// What the machine looks like after a run.
    struct Result {
        let cpu: ARMCPU
        let memory: AddressSpace
        let passed: [Passed]

        func bytes(_ offset: Int, _ count: Int) throws -> [UInt8] {
            try #require(memory.read(ARMImage.base + UInt64(offset), count: count))
        }
    }

    static func makeCPU(_ text: String, _ memory: AddressSpace?) throws -> ARMCPU { ARMCPU(model: try ARMModel(text), index: 0, memory: memory) }

    static func run(_ image: [UInt8], _ engine: ElementEngine, cpu text: String = "max") throws -> Result {
        precondition(image.count <= memorySize)
        let root = MemoryRegion.container("system", size: .max)
        root.add(try MemoryRegion.ram("ram", size: UInt64(memorySize)), at: base)
        let memory = AddressSpace("memory", root: root)
        let cpu = try makeCPU(text, memory)
        cpu.resetVector = base
        cpu.reset()
        let loop = try EventLoop()
        memory.write(base, image)
        var passed: [Passed] = []
        cpu.onException = { cpu, exception in
            if exception.kind == .supervisorCall, cpu.register(7) == 1 {
                cpu.halt()
                return loop.stop(status: 0)
            }
            let offset = Int(cpu.register(15)) - Int(base)
            passed.append(Passed(offset: offset, kind: exception.kind, status: exception.status, address: exception.address, it: it(cpu.cpsr)))
            goOn(cpu, memory)
            if passed.count > 1000 {
                Issue.record("\(engine.rawValue): more and more exceptions, the last \(passed[1000])")
                cpu.halt()
                loop.stop(status: 1)
            }
        }
        let runner = try TranslationEngine(cpus: [cpu], loop: loop, options: engine.options)
        let watchdog = LoopTimer(loop, .realtime) {
            Issue.record("\(engine.rawValue) did not come to the end:\n\(cpu.describeRegisters())")
            loop.stop(status: 1)
        }
        loop.lock.withLock { watchdog.arm(at: loop.now(.realtime) + 60_000_000_000) }
        try runner.start()
        _ = loop.run()
        runner.stop()
        return Result(cpu: cpu, memory: memory, passed: passed)
    }

    private static func it(_ cpsr: UInt32) -> UInt32 { (cpsr >> 10 & 63) << 2 | cpsr >> 25 & 3 }

    /// Behind the instruction; a call has done that with IT already.
    private static func goOn(_ cpu: ARMCPU, _ memory: AddressSpace) {
        let old = it(cpu.cpsr), new = old & 7 == 0 ? 0 : old & 0xe0 | old << 1 & 0x1f
        cpu.header.pc &+= length(cpu, memory)
        cpu.cpsr = cpu.cpsr & ~0x0600_fc00 | (new >> 2) << 10 | (new & 3) << 25
    }

    /// Bytes of the instruction at hand.
    private static func length(_ cpu: ARMCPU, _ memory: AddressSpace) -> UInt64 {
        guard cpu.header.pc & 1 != 0, let first = memory.read(UInt64(cpu.register(15)), count: 2) else { return 4 }
        return first[1] >> 3 < 0x1d ? 2 : 4
    }
}

/// Initial register values.
extension SplitMix {
    /// A record: floats, a rounding mode, sometimes default NaNs and flushed subnormals, any flags, general registers often at an edge.
    mutating func record() -> [UInt8] {
        let vectors = (0..<32).flatMap { _ in littleEndianBytes(packedFloats()) }
        let control = UInt32(below(4)) << 22 | UInt32(below(2)) << 25 | (oneIn(3) ? 1 << 24 : 0) | UInt32(below(16)) << 28
        let flags = UInt32(truncatingIfNeeded: next()) & 0xf80f_0000
        let general = Record.general.flatMap { _ in littleEndianBytes(UInt32(truncatingIfNeeded: oneIn(2) ? next() : edgy())) }
        return vectors + littleEndianBytes(control) + littleEndianBytes(flags) + general
    }
}
