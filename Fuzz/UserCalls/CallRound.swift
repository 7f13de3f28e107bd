import CPUModel
import Glibc
import LinuxUser
import UserExecution

/// A guest's process without a program, and what is done in one round: calls at random, of which each must leave alone what is not the guest's to give.
final class CallRound {
    let arena: GuestArena
    private let process: LinuxProcess
    private let thread: LinuxThread
    private let cpu: VirtualCPU
    let table: CallTable
    private static let calls = 150

    init(abi: any LinuxABI, guests: [any LinuxABI], isReserved: Bool, own: Int32) throws {
        cpu = try abi.makeCPU(model: nil)
        let memory = try GuestMemory(reserve: abi.addressSpace?.size ?? (isReserved ? 1 << 33 : 0))
        arena = try GuestArena(memory, wordSize: abi.family.wordSize, pairsAreAligned: abi.family.alignsPairs)
        var options = UserOptions()
        options.engine.codeMemorySize = 1 << 20
        process = try LinuxProcess(abi: abi, guests: guests, cpu: cpu, memory: memory, options: options, selfDescriptor: own)
        thread = process.makeBareThread(cpu, heap: arena.heap)
        table = process.callTable
    }

    /// The names of the rows, by their index.
    var rows: [String] { CallMaker(RandomSource(seed: 0, round: 0), arena, table).rows.map(\.call.name) }

    /// Does a round's calls, and says what was wrong: nil if nothing was.
    func run(_ random: RandomSource, _ progress: RoundProgress) -> String? {
        var maker = CallMaker(random, arena, table)
        var watchesCanaries = true
        let files = HostMaps.files()
        for _ in 0..<CallRound.calls {
            let (row, registers) = maker.next()
            let words = (0..<6).map { registers[$0] }
            let call = row.map { maker.rows[$0].call }
            progress.begin(row, registers.number, words)
            process.abi.setStackPointer(cpu, arena.rooms[0] + 0x1000)
            thread.forgetSignal()
            let result = thread.performCall(registers)
            if let result, result >= 0 { progress.succeeded(row) }
            if let result, let complaint = judge(call, result) { return complaint }
            if watchesCanaries, let place = arena.damage() {
                guard let call, call.changesMappings, mayMean(words) else { return "memory at \(String(place, radix: 16)) was changed" }
                watchesCanaries = false
            }
            if let result, result > 4096, call?.changesMappings == true { maker.given.append(UInt64(result)) }
            if thread.hasEnded { return nil }
        }
        return HostMaps.complaint(files, except: arena.memory)
    }

    /// A result is no error, or has an error's number; an address is the guest's.
    private func judge(_ call: SystemCall?, _ result: Int64) -> String? {
        if result == CallResult.none { return nil }
        // Positions of /proc/self/mem are addresses with any bits.
        if result < -4095, call?.name.contains("seek") != true { return "its result is \(result)" }
        if call?.changesMappings == true, result > 0, UInt64(result) > arena.memory.limit {
            return "its result, \(result), is no address of the guest's"
        }
        return nil
    }

    /// Whether a call that changes mappings may have been about pages that otherwise stay: any argument an address, any other a size.
    private func mayMean(_ words: [UInt64]) -> Bool {
        words.contains { start in words.contains { size in arena.meetsCanary(start & ~4095, max(size, 4096)) } }
    }
}

extension SystemCall {
    fileprivate var changesMappings: Bool {
        ["brk", "mmap", "mmap2", "munmap", "mremap", "mprotect", "madvise", "shmat", "shmdt", "remap_file_pages", "mseal"].contains(name)
    }
}

/// The host's mappings of files, Apus's own program and libraries among them.
enum HostMaps {
    struct Mapping: Hashable {
        let range: Range<UInt64>
        let line: String
    }

    /// Mappings with a file, or that are shared, as `/proc/self/maps` tells them; none where there is no such file.
    static func files() -> Set<Mapping> {
        guard let file = unsafe fopen("/proc/self/maps", "r") else { return [] }
        defer { unsafe fclose(file) }
        var result: Set<Mapping> = []
        var buffer = [CChar](repeating: 0, count: 5000)
        while unsafe fgets(&buffer, Int32(buffer.count), file) != nil {
            let line = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\n" })
            let ends = words[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
            // The kernel chooses itself where io_setup's ring is, which needs no unmapping.
            guard ends.count == 2, !line.contains("[aio]"), words.count > 5 && words[5].hasPrefix("/") || words[1].hasSuffix("s") else { continue }
            result.insert(Mapping(range: ends[0]..<ends[1], line: words[0] + " " + words[1]))
        }
        return result
    }

    /// What has changed that is not the guest's: nil if nothing has.
    static func complaint(_ before: Set<Mapping>, except memory: GuestMemory) -> String? {
        let after = files()
        if after.isEmpty { return nil }
        let own = memory.allRegions()
        func isGuests(_ mapping: Mapping) -> Bool {
            let start = mapping.range.lowerBound &- UInt64(memory.base)
            return memory.base != 0 ? start < memory.limit : own.contains { $0.start <= start && start < $0.end }
        }
        if let lost = before.subtracting(after).first(where: { !isGuests($0) }) { return "a mapping of the host's is lost: \(lost.line)" }
        if let new = after.subtracting(before).first(where: { !isGuests($0) }) { return "a mapping that is not the guest's has come: \(new.line)" }
        return nil
    }
}
