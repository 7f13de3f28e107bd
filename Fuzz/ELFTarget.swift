import AddressSpace
import MachineModel

/// ELF files of the user's: `-kernel`, `-bios`.
struct ELFTarget: FuzzTarget {
    private var corpus: [[UInt8]]
    private let memory: AddressSpace
    private static let base: UInt64 = 0x8000_0000
    private static let machine: UInt16 = 243

    init(corpus: [[UInt8]]) throws {
        self.corpus = corpus + [ELFTarget.file(is64: true), ELFTarget.file(is64: false)]
        let root = MemoryRegion.container("system", size: .max)
        root.add(try MemoryRegion.ram("ram", size: 1 << 20), at: ELFTarget.base)
        memory = AddressSpace("memory", root: root)
    }

    /// An executable with two segments.
    private static func file(is64: Bool) -> [UInt8] {
        var bytes: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, is64 ? 2 : 1, 1, 1] + [UInt8](repeating: 0, count: 9)
        let word = is64 ? 8 : 4
        func add(_ value: UInt64, _ count: Int) { bytes += (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) } }
        add(2, 2)
        add(UInt64(machine), 2)
        add(1, 4)
        add(base, word)  // entry
        add(is64 ? 64 : 52, word)  // program headers
        add(0, word)
        add(0, 4)
        for value in [is64 ? 64 : 52, is64 ? 56 : 32, 2, 0, 0, 0] as [UInt64] { add(value, 2) }
        for index in 0..<2 as Range<UInt64> {
            add(1, 4)
            if is64 { add(5, 4) }
            for value in [0x100 + 32 * index, base + 0x1000 * index, base + 0x1000 * index, 32, 32 + 64 * index] { add(value, word) }
            if !is64 { add(5, 4) }
            add(4096, word)
        }
        return bytes + [UInt8](repeating: 0x13, count: 0x180 - bytes.count)
    }

    mutating func run(_ random: RandomSource) throws -> Bool {
        var mutator = Mutator(random: random)
        let input = mutator.mutate(corpus[mutator.random.below(corpus.count)])
        do {
            guard let image = try GuestImage(elf: input, machine: ELFTarget.machine, path: "input") else { return false }
            _ = image.end
            try image.load(into: memory, path: "input")
            return true
        } catch {
            return false
        }
    }
}
