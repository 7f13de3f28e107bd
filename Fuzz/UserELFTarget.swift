import CHost
import CPUModel
import Diagnostics
import Glibc
import UserCatalog
import UserCore
import UserExecution

/// Programs for user mode: the loader, with an interpreter that is as damaged, and the first stack. Nothing is executed.
struct UserELFTarget: FuzzTarget {
    private var corpus: [[UInt8]]
    private let memory: GuestMemory
    /// Runner and memory do not keep it alive by themselves.
    private let engine: UserEngine
    private let runner: UserRunner
    /// Files in memory: the program and its interpreter.
    private let files = unsafe [apus_memfd("program"), apus_memfd("interpreter")]
    private static let room: UInt64 = 1 << 32

    init(corpus: [[UInt8]]) throws {
        self.corpus =
            corpus + [(false, false), (false, true), (true, false), (true, true)].map { UserELFTarget.file(isRelocatable: $0, hasInterpreter: $1) }
        memory = try GuestMemory(reserve: UserELFTarget.room)
        let cpu = try UserCatalog.guests[0].makeCPU(model: nil)
        // Its handler of faults is what makes reading beyond a file's end an answer.
        engine = try UserEngine(guest: cpu.guest, memory: memory, options: UserEngineOptions())
        runner = UserRunner(cpu: cpu, engine: engine)
        runner.bindToThread()
    }

    /// A small program: text, data with room behind it, perhaps the name of an interpreter.
    private static func file(isRelocatable: Bool, hasInterpreter: Bool) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 0x2100)
        let base: UInt64 = isRelocatable ? 0 : 0x10000
        bytes.replaceSubrange(0..<7, with: [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
        bytes.put(UInt16(isRelocatable ? 3 : 2), at: 16)
        bytes.put(UInt16(243), at: 18)
        bytes.put(base + 0x200, at: 24)
        bytes.put(UInt64(64), at: 32)
        bytes.put(UInt16(56), at: 54)
        bytes.put(UInt16(hasInterpreter ? 5 : 4), at: 56)
        var headers: [[UInt64]] = [
            [1 | 5 << 32, 0, base, base, 0x1000, 0x1000, 4096], [1 | 6 << 32, 0x1000, base + 0x1000, base + 0x1000, 0x1040, 0x3000, 4096],
            [6 | 4 << 32, 64, base + 64, base + 64, 224, 224, 8], [0x6474_e551 | 6 << 32, 0, 0, 0, 0, 0, 16],
        ]
        if hasInterpreter { headers.append([3 | 4 << 32, 0x800, base + 0x800, base + 0x800, 4, 4, 1]) }
        bytes.replaceSubrange(0x800..<0x803, with: [0x6c, 0x64, 0x2f])
        for (index, words) in headers.enumerated() {
            for (number, word) in words.enumerated() { bytes.put(word, at: 64 + 56 * index + 8 * number) }
        }
        return bytes
    }

    mutating func run(_ random: RandomSource) throws -> Bool {
        var mutator = Mutator(random: random)
        for file in files {
            let bytes = mutator.mutate(corpus[mutator.random.below(corpus.count)])
            let written = unsafe bytes.withUnsafeBytes { ftruncate(file, 0) == 0 ? unsafe pwrite(file, $0.baseAddress, $0.count, 0) : -1 }
            precondition(written == bytes.count, "the file could not be written")
        }
        let paths = files.map { "/proc/self/fd/\($0)" }
        defer { unmapAll() }
        do {
            let loader = ProgramLoader(memory: memory) { _ in paths[1] }
            let loaded = try loader.load(ProgramFile(HostPath(paths[0])))
            return writeStack(loaded, &mutator.random)
        } catch {
            return false
        }
    }

    /// The first stack, above a page that nothing may touch, with arguments that may be too many for it.
    private func writeStack(_ loaded: LoadedProgram, _ random: inout RandomSource) -> Bool {
        let size: UInt64 = 1 << 16
        let place = memory.map(.init(address: 0, length: size, protection: [.read, .write], flags: MAP_PRIVATE | MAP_ANONYMOUS))
        guard place > 0, memory.protect(UInt64(place), 4096, []) == 0 else { return false }
        func words() -> [[UInt8]] { (0..<random.below(64)).map { _ in [UInt8](repeating: 65, count: random.below(random.chance(8) ? 9000 : 30)) } }
        let stack = InitialStack(
            program: loaded, arguments: words(), environment: words(), path: [65], capabilities: (0, 0), platform: nil, smallestSignalStack: 2048,
            kernelObject: 0)
        guard let pointer = stack.write(to: memory, below: UInt64(place) + size)?.pointer else { return true }
        precondition(pointer & 15 == 0 && pointer >= UInt64(place) + 4096, "a stack pointer outside the stack")
        return true
    }

    private func unmapAll() {
        for region in memory.allRegions() {
            let result = memory.unmap(region.start, region.end - region.start)
            precondition(result == 0, "a region that cannot be unmapped")
        }
    }
}
