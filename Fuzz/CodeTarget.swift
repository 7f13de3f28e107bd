import CPUModel
import CodeCache
import Decoding
import HostCode
import HostX86
import IR
import Optimizer

/// Guest code: bytes at random, instructions of the decode rows with random operands, and mutations of both go through decoder, translator,
/// verifier, optimizer and code generator. Nothing is executed.
final class CodeTarget: FuzzTarget {
    private let cpu: VirtualCPU
    private let rows: [DecodeRow]
    private let verifier: Verifier
    private var optimizer: Optimizer
    private let generators: [X86CodeGenerator]
    private var scratch = IRBlock()
    private static let codeMemory = 8 << 20

    /// - Parameter rows: the instructions that the vCPU's decoder knows.
    init(_ cpu: VirtualCPU, rows: [DecodeRow]) throws {
        self.cpu = cpu
        self.rows = rows
        let guest = cpu.guest
        verifier = Verifier(layout: guest.layout, helpers: guest.helpers)
        optimizer = Optimizer(layout: guest.layout, helpers: guest.helpers)
        let nothing: HelperFunction = { _, _, _, _ in 0 }
        let runtime = unsafe RuntimeFunctions(load: nothing, store: nothing, atomic: nothing, compareExchange: nothing)
        generators = try [MemoryMode.translated, .direct, .segment].map {
            X86CodeGenerator(
                memory: try CodeMemory(size: CodeTarget.codeMemory), layout: guest.layout, helpers: guest.helpers, runtime: runtime,
                codeAlignmentBits: guest.codeAlignmentBits, countsInstructions: $0 == .translated, memoryMode: $0)
        }
    }

    func run(_ random: RandomSource) throws -> Bool {
        var mutator = Mutator(random: random)
        let bytes = mutator.random.chance(4) ? mutator.mutate(code(&mutator.random)) : code(&mutator.random)
        let limit = 1 + mutator.random.below(64)
        translate(bytes, limit: limit, at: 0x1_0000 + 2 * UInt64(mutator.random.below(2048)) & ~((1 << UInt64(cpu.guest.codeAlignmentBits)) - 1))
        // Where not even the first instruction can be fetched whole there is no block.
        if scratch.count == 0 { return false }
        try verifier.verify(scratch)
        let length = scratch.guestBytes
        _ = cpu.disassemble(scratch.pc, Array(bytes.prefix(4)) + [0, 0, 0, 0])
        optimizer.run(&scratch)
        try verifier.verify(scratch)
        precondition(scratch.guestBytes == length && length <= bytes.count + 16, "a block longer than its code")
        let generator = generators[mutator.random.below(generators.count)]
        guard generator.supports(scratch) else { return false }
        if generator.compile(scratch) == nil {
            generator.discardCode()
            precondition(generator.compile(scratch) != nil, "a block that does not fit into empty code memory")
        }
        return true
    }

    /// Instructions of rows, most of them; words at random.
    private func code(_ random: inout RandomSource) -> [UInt8] {
        var bytes: [UInt8] = []
        let rest = random.chance(3) ? rows[random.below(rows.count)] : nil
        for _ in 0...random.below(70) {
            let row = rest ?? rows[random.below(rows.count)]
            let isRandom = random.chance(10)
            let word = isRandom ? UInt32(truncatingIfNeeded: random.next()) : row.encode(operands: UInt32(truncatingIfNeeded: random.next()))
            let count = isRandom ? 4 : row.width / 8
            bytes += (0..<count).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) }
        }
        return bytes
    }

    /// Nothing can be fetched behind the code.
    private func translate(_ code: [UInt8], limit: Int, at pc: UInt64) {
        scratch.reset(pc: pc)
        let flags = cpu.translationFlags
        let padded = code + [UInt8](repeating: 0, count: 8)
        let size = UInt64(code.count & ~(1 << cpu.guest.codeAlignmentBits - 1))
        unsafe padded.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            var window = unsafe CodeWindow(base: base, pageStart: pc, pageSize: size) { nil }
            cpu.translate(into: &scratch, flags: flags, window: &window, limit: limit)
        }
    }
}
