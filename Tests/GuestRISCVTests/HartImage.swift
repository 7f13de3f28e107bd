import AddressSpace
import CPUModel
import EventLoop
import GuestRISCV
import RandomIR
import Testing
import TranslatedExecution

/// The ways of running that the tests compare.
enum HartEngine: String, CaseIterable {
    case interpreter, translator

    var options: EngineOptions {
        var options = EngineOptions()
        options.checksAllocation = true
        options.kind = self == .interpreter ? .interpreter : .translator
        options.codeMemorySize = 16 << 20
        return options
    }
}

/// A memory image of guest code and data that a hart in machine mode runs from its first byte, until something stores to `finish`.
enum HartImage {
    static let base: UInt64 = 0x8000_0000
    static let memorySize = 8 << 20
    /// A store here ends the run.
    static let finish = 0x1000

    /// What the machine looks like after a run.
    struct Result {
        let cpu: RISCVCPU
        let memory: AddressSpace

        func bytes(_ offset: Int, _ count: Int) throws -> [UInt8] {
            try #require(memory.read(HartImage.base + UInt64(offset), count: count))
        }
    }

    static func run(_ image: [UInt8], _ engine: HartEngine, cpu text: String = "max", rv64: Bool = true) throws -> Result {
        precondition(image.count <= memorySize)
        let root = MemoryRegion.container("system", size: .max)
        root.add(try MemoryRegion.ram("ram", size: UInt64(memorySize)), at: base)
        let memory = AddressSpace("memory", root: root)
        let cpu = RISCVCPU(model: try RISCVModel(text, rv64: rv64), index: 0, memory: memory)
        cpu.resetVector = base
        cpu.reset()
        let loop = try EventLoop()
        root.add(MemoryRegion.io("finish", size: 0x1000, handler: FinishRegister { loop.stop(status: 0) }), at: UInt64(finish))
        memory.write(base, image)
        let runner = try TranslationEngine(cpus: [cpu], loop: loop, options: engine.options)
        let watchdog = LoopTimer(loop, .realtime) {
            Issue.record("\(engine.rawValue) did not come to the end:\n\(cpu.describeRegisters())")
            loop.stop(status: 1)
        }
        loop.lock.withLock { watchdog.arm(at: loop.now(.realtime) + 30_000_000_000) }
        try runner.start()
        _ = loop.run()
        runner.stop()
        return Result(cpu: cpu, memory: memory)
    }
}

/// Ends the run when it is written to.
private final class FinishRegister: IOHandler {
    private let stop: () -> Void
    init(_ stop: @escaping () -> Void) { self.stop = stop }
    func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) { (0, .ok) }
    func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        stop()
        return .ok
    }
}

/// Initial register values and buffer contents.
extension SplitMix {
    /// Mostly floats of every width near the edges, in boxes or not.
    mutating func floatBits() -> UInt64 {
        let signs = UInt64(below(2))
        switch below(6) {
        case 0, 1:
            let exponent = pick([0, 1, 2, 1000, 1022, 1023, 1024, 1025, 1076, 1086, 2045, 2046, 2047] as [UInt64])
            return signs << 63 | exponent << 52 | fraction(52)
        case 2, 3:
            let exponent = pick([0, 1, 2, 126, 127, 128, 150, 158, 253, 254, 255] as [UInt64])
            return 0xffff_ffff << 32 | signs << 31 | exponent << 23 | fraction(23)
        case 4:
            let exponent = pick([0, 1, 2, 14, 15, 16, 29, 30, 31] as [UInt64])
            return 0xffff_ffff_ffff << 16 | signs << 15 | exponent << 10 | fraction(10)
        default: return edgy()
        }
    }

    private mutating func fraction(_ bits: Int) -> UInt64 {
        let mask: UInt64 = 1 << UInt64(bits) - 1
        switch below(4) {
        case 0: return 0
        case 1: return edgy() & mask
        default: return next() & mask
        }
    }
}

func littleEndianBytes(_ word: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) } }

func word(_ bytes: [UInt8], at offset: Int) -> UInt64 { (0..<8).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) } }
