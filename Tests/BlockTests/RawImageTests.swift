import BlockCore
import BlockFormats
import EventLoop
import Glibc
import HostOS
import Testing

/// What is asked of an image arrives in its file, whoever does the work and however crooked the guest's buffers are.
@Suite struct RawImageTests {
    @Test(arguments: Engine.allCases) func readsIntoManyPieces(_ engine: Engine) throws {
        let bytes = pattern(1 << 16)
        let disk = try Disk(engine, bytes)
        let pieces = [1, 511, 3, 4096, 509].map { Memory(count: $0, misalignedBy: $0 % 7) }
        #expect(disk.finish { done in disk.node.read(1024, into: pieces.map(\.buffer), done) } == .ok)
        #expect(pieces.flatMap { $0.buffer.bytes() } == Array(bytes[1024..<1024 + 5120]))
    }

    /// More pieces than one system call takes.
    @Test(arguments: Engine.allCases) func writesFromThousandsOfPieces(_ engine: Engine) throws {
        let disk = try Disk(engine, [UInt8](repeating: 0, count: 1 << 17))
        let bytes = pattern(3000 * 16, seed: 5)
        let pieces = (0..<3000).map { Memory(Array(bytes[$0 * 16..<$0 * 16 + 16])) }
        #expect(disk.finish { done in disk.node.write(512, from: pieces.map(\.buffer), done) } == .ok)
        #expect(try Array(disk.content[512..<512 + bytes.count]) == bytes)
    }

    @Test(arguments: Engine.allCases, [nil, 512, 4096]) func crookedTransfersPastTheCache(_ engine: Engine, _ alignment: Int?) throws {
        var model = pattern(1 << 16)
        let disk = try Disk(engine, model) { ($0.cache.direct, $0.directAlignment) = (alignment != nil, alignment) }
        var random = SystemRandomNumberGenerator()
        for round in 0..<200 {
            let sector = Int.random(in: 0..<120, using: &random)
            let count = 512 * Int.random(in: 1...8, using: &random)
            let shift = [0, 1, 512, 4095].randomElement(using: &random) ?? 0
            let memory = Memory(pattern(count, seed: round), misalignedBy: shift)
            #expect(disk.write(UInt64(sector * 512), memory) == .ok)
            model.replaceSubrange(sector * 512..<sector * 512 + count, with: memory.buffer.bytes())
            let start = 512 * Int.random(in: 0..<120, using: &random)
            let back = [Memory(count: 300, misalignedBy: shift), Memory(count: 212 + count - 512)]
            #expect(disk.finish { done in disk.node.read(UInt64(start), into: back.map(\.buffer), done) } == .ok)
            #expect(back.flatMap { $0.buffer.bytes() } == Array(model[start..<start + count]))
        }
        #expect(try disk.content == model)
    }

    /// Sectors smaller than what can be written: neighbours must not undo each other.
    @Test(arguments: Engine.allCases) func neighboursAtTheSameTime(_ engine: Engine) throws {
        let disk = try Disk(engine, [UInt8](repeating: 0, count: 1 << 16)) { ($0.cache.direct, $0.directAlignment) = (true, 4096) }
        let memory = (0..<128).map { Memory(pattern(512, seed: $0)) }
        disk.loop.lock.withLock {
            for (index, item) in memory.enumerated() where index != 77 {
                disk.node.write(UInt64(index) * 512, from: [item.buffer]) { #expect($0 == .ok) }
            }
            disk.node.zero(77 * 512, count: 512, mayUnmap: false) { #expect($0 == .ok) }
            disk.node.drain()
        }
        #expect(try disk.content == memory.enumerated().flatMap { $0 == 77 ? [UInt8](repeating: 0, count: 512) : $1.buffer.bytes() })
    }

    @Test func anImageThatCannotBeWrittenToItsEndIsRefused() throws {
        #expect(throws: BlockError.self) { try Disk(.threads, pattern(4608)) { ($0.cache.direct, $0.directAlignment) = (true, 4096) } }
    }

    @Test(arguments: Engine.allCases, [false, true]) func theLastSectorMayBeIncomplete(_ engine: Engine, _ direct: Bool) throws {
        let bytes = pattern(1324)
        let disk = try Disk(engine, bytes) { $0.cache.direct = direct }
        #expect(disk.node.size == 1536)
        let memory = Memory(count: 1536)
        #expect(disk.read(0, memory) == .ok)
        #expect(memory.buffer.bytes() == bytes + [UInt8](repeating: 0, count: 212))
        #expect(disk.write(1024, Memory(pattern(512, seed: 9))) == .ok)
        #expect(try disk.content == Array(bytes[..<1024]) + pattern(512, seed: 9))
    }

    /// What another process has cut off reads as zeros.
    @Test(arguments: Engine.allCases) func readsBehindTheEnd(_ engine: Engine) throws {
        let disk = try Disk(engine, pattern(8192))
        #expect(truncate(disk.path, 1000) == 0)
        let memory = Memory(count: 4096)
        #expect(disk.read(512, memory) == .ok)
        #expect(memory.buffer.bytes() == Array(pattern(8192)[512..<1000]) + [UInt8](repeating: 0, count: 4096 - 488))
        let behind = Memory(count: 512)
        #expect(disk.read(4096, behind) == .ok)
        #expect(behind.buffer.bytes() == [UInt8](repeating: 0, count: 512))
    }

    @Test(arguments: Engine.allCases, ["/var/tmp", "/dev/shm"]) func zeroesAndDiscards(_ engine: Engine, _ folder: String) throws {
        for (mayUnmap, discards) in [(false, false), (true, true), (false, true)] {
            var model = pattern(1 << 20)
            let disk = try Disk(engine, model, in: folder) { $0.discards = discards }
            #expect(disk.finish { disk.node.zero(4096 + 512, count: 200_704, mayUnmap: mayUnmap, $0) } == .ok)
            model.replaceSubrange(4608..<4608 + 200_704, with: repeatElement(0, count: 200_704))
            #expect(try disk.content == model)
            let before = try blocks(disk.path)
            #expect(disk.finish { disk.node.discard(1 << 19, count: 1 << 18, $0) } == .ok)
            #expect(try blocks(disk.path) == before - (discards ? (1 << 18) / 512 : 0))
            #expect(try Array(disk.content[..<(1 << 19)]) == Array(model[..<(1 << 19)]))
        }
    }

    private func blocks(_ path: String) throws -> Int {
        var information = stat()
        try #require(stat(path, &information) == 0)
        return Int(information.st_blocks)
    }

    @Test(arguments: Engine.allCases) func requestsOfNothing(_ engine: Engine) throws {
        let disk = try Disk(engine, pattern(4096))
        #expect(disk.finish { disk.node.read(0, into: [], $0) } == .ok)
        #expect(disk.finish { disk.node.write(4096, from: [], $0) } == .ok)
        #expect(disk.finish { disk.node.zero(0, count: 0, mayUnmap: false, $0) } == .ok)
        #expect(disk.finish { disk.node.flush($0) } == .ok)
        #expect(try disk.content == pattern(4096))
    }

    @Test(arguments: Engine.allCases) func errorsComeBack(_ engine: Engine) throws {
        let disk = try Disk(engine, pattern(4096)) { $0.isReadOnly = true }
        #expect(disk.node.isReadOnly)
        #expect(disk.write(0, Memory(count: 512)) == .failed(errno: EBADF))
        #expect(disk.read(0, Memory(count: 512)) == .ok)
    }

    @Test func openingIsRefused() throws {
        let disk = try Disk(.threads, pattern(4096))
        func open(_ change: (inout ImageOptions) -> Void) throws -> RawImage {
            var options = ImageOptions(path: disk.path)
            change(&options)
            return try RawImage(options, engine: disk.engine, loop: disk.loop)
        }
        #expect(throws: BlockError.self) { try open { _ in } }
        #expect(throws: BlockError.self) { try open { $0.isReadOnly = true } }
        #expect(throws: BlockError.self) { try open { $0.path = "/dev/full" } }
        #expect(throws: BlockError.self) { try open { $0.path += "-absent" } }
        #expect(throws: Never.self) { try open { $0.locking = .off } }
    }

    @Test func readersShareAnImage() throws {
        let disk = try Disk(.threads, pattern(4096)) { $0.isReadOnly = true }
        var options = ImageOptions(path: disk.path)
        options.isReadOnly = true
        #expect(throws: Never.self) { try RawImage(options, engine: disk.engine, loop: disk.loop) }
        options.isReadOnly = false
        #expect(throws: BlockError.self) { try RawImage(options, engine: disk.engine, loop: disk.loop) }
    }
}
