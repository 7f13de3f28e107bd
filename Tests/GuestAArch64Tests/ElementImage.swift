import AddressSpace
import CPUModel
import EventLoop
import GuestAArch64
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
    let kind: Syndrome.Class?
    let syndrome: UInt64
    let address: UInt64
}

/// A memory image of guest code and data that an element runs from its first byte until it calls exit (svc with 93 in X8). Other exceptions
/// are noted and go on behind their instruction.
enum ElementImage {
    static let base: UInt64 = 0x40_0000
    static let memorySize = 8 << 20

    /// What the machine looks like after a run.
    struct Result {
        let cpu: AArch64CPU
        let memory: AddressSpace
        let passed: [Passed]

        func bytes(_ offset: Int, _ count: Int) throws -> [UInt8] {
            try #require(memory.read(ElementImage.base + UInt64(offset), count: count))
        }
    }

    static func makeCPU(_ text: String, _ memory: AddressSpace) throws -> AArch64CPU {
        var random = SplitMix(1)
        return AArch64CPU(model: try AArch64Model(text), index: 0, memory: memory) { random.next() }
    }

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
            if exception.syndrome.kind == .supervisorCall, cpu.register(8) == 93 {
                cpu.halt()
                return loop.stop(status: 0)
            }
            let offset = Int(truncatingIfNeeded: cpu.header.pc &- base)
            passed.append(Passed(offset: offset, kind: exception.syndrome.kind, syndrome: exception.syndrome.rawValue, address: exception.address))
            cpu.header.pc &+= 4
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
}

/// Initial register values.
extension SplitMix {
    /// A record's words: general registers often at an edge, vectors of floats, any flags, a rounding mode and sometimes default NaNs.
    mutating func record() -> [UInt64] {
        let general = (0..<32).map { $0 == 31 ? next() & ~15 : oneIn(2) ? next() : edgy() }
        let vectors = (0..<64).map { _ in packedFloats() }
        return general + vectors + [next() & 0xf << 28, UInt64(below(32)), UInt64(below(4)) << 22 | UInt64(below(2)) << 25, 0]
    }
}
