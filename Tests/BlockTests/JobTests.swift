import BlockCore
import BlockFormats
import BlockJobs
import EventLoop
import Foundation
import HostOS
import Testing

private let imageTool = "/usr/bin/qemu-img"
private let isThere = FileManager.default.isExecutableFile(atPath: imageTool)

/// Work that copies a disk while it is written at random, against a model of the disk.
@Suite(.enabled(if: isThere)) final class JobTests {
    private static let size = 8 << 20
    private let folder = "/var/tmp/apus-jobs-\(UUID())"
    private let loop: EventLoop
    private let engine: any FileEngine
    private var model = [UInt8](repeating: 0, count: JobTests.size)
    private var ended: CopyFailure??
    private var isReady = false

    init() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        loop = try EventLoop()
        engine = try Engine.ring.make(loop)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func open(_ name: String, _ format: ImageOptions.Format, readOnly: Bool = false, on backing: GraphNode? = nil) throws -> GraphNode {
        var options = ImageOptions(path: "\(folder)/\(name)")
        (options.format, options.isReadOnly, options.discards) = (format, readOnly, true)
        let file = try RawImage(options, engine: engine, loop: loop)
        if format == .raw { return GraphNode(file, name: name) }
        let image = try QCOW2Image(options, file: file, backing: .given(backing)) { other, _ in
            throw HostError("open '\(other)' by the name in a header: all that is below is given", errno: EINVAL)
        }
        return GraphNode(image, name: name)
    }

    private func make(_ name: String, on backing: String? = nil, _ format: ImageOptions.Format = .qcow2) throws {
        try QCOW2Creation.make("\(folder)/\(name)", size: UInt64(JobTests.size), backing: backing.map { ("\(folder)/\($0)", format) })
    }

    private func change(_ node: GraphNode, _ seed: Int) {
        let start = 512 * Int.random(in: 0..<JobTests.size / 512), count = min(512 * Int.random(in: 1...300), JobTests.size - start)
        if seed % 7 == 3 {
            node.zero(UInt64(start), count: UInt64(count), mayUnmap: true) { #expect($0 == .ok) }
            model.replaceSubrange(start..<start + count, with: repeatElement(0, count: count))
        } else {
            let memory = Memory(pattern(count, seed: seed))
            node.write(UInt64(start), from: [memory.buffer]) { result in
                withExtendedLifetime(memory) {}
                #expect(result == .ok)
            }
            model.replaceSubrange(start..<start + count, with: memory.buffer.bytes())
        }
        // Writes that overlap are the guest's own business.
        node.drain()
    }

    private func fill(_ node: GraphNode, _ seed: Int) { loop.lock.withLock { for round in 0..<20 { change(node, seed + round) } } }

    /// Lets the work go on, writing meanwhile, until something is so.
    private func run(_ work: CopyWork, writing node: GraphNode, until isDone: () -> Bool) {
        loop.lock.withLock {
            work.start(.init(failed: { _ in .fail }, ready: { self.isReady = true }, ended: { self.ended = $0 }))
        }
        for round in 0..<10_000 where !isDone() {
            let timer = LoopTimer(loop, .realtime) { [loop] in loop.stop(status: 0) }
            loop.lock.withLock {
                if round % 3 == 0 { change(node, round) }
                timer.arm(at: loop.now(.realtime) + 300_000)
            }
            withExtendedLifetime(timer) { _ = loop.run() }
            loop.resume()
        }
        #expect(isDone())
    }

    private func contents(_ node: GraphNode) throws -> [UInt8] {
        let memory = Memory(count: JobTests.size)
        var result = BlockResult.ok
        loop.lock.withLock {
            node.read(0, into: [memory.buffer]) { result = $0 }
            node.drain()
        }
        #expect(result == .ok)
        return memory.buffer.bytes()
    }

    /// Gives the images away and has them judged.
    private func finish(_ nodes: GraphNode...) throws {
        for node in nodes { try (node.image as? QCOW2Image)?.close() ?? node.setActive(false) }
        for node in nodes where node.image is QCOW2Image {
            let process = Process()
            process.executableURL = URL(filePath: imageTool)
            process.arguments = ["check", "-q", "\(folder)/\(node.name)"]
            try process.run()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0, "\(node.name) is sound")
        }
    }

    /// Three images, each with something of its own.
    private func chain() throws -> (base: GraphNode, middle: GraphNode, top: GraphNode) {
        #expect(FileManager.default.createFile(atPath: "\(folder)/base", contents: Data(pattern(JobTests.size))))
        model = pattern(JobTests.size)
        try make("middle", on: "base", .raw)
        try make("top", on: "middle")
        let base = try open("base", .raw)
        let middle = try open("middle", .qcow2, on: base)
        fill(middle, 1000)
        try base.reopen(readOnly: true)
        try middle.reopen(readOnly: true)
        let top = try open("top", .qcow2, on: middle)
        fill(top, 2000)
        return (base, middle, top)
    }

    /// A copy stands on nothing while it is made, and on what its header names afterwards: zeros have to be said.
    @Test func zerosHideWhatTheHeaderNames() throws {
        try make("base.qcow2")
        let base = try open("base.qcow2", .qcow2)
        let memory = Memory(pattern(JobTests.size, seed: 1))
        try locked {
            try base.wait("write") { base.write(0, from: [memory.buffer], $0) }
            try base.wait("flush", base.flush)
        }
        try make("copy.qcow2", on: "base.qcow2")
        try locked {
            let copy = try open("copy.qcow2", .qcow2)
            try copy.wait("zero") { copy.zero(0, count: 1 << 20, mayUnmap: true, $0) }
            try copy.wait("flush", copy.flush)
        }
        let shown = try contents(try open("copy.qcow2", .qcow2, on: base))
        #expect(shown.prefix(1 << 20).allSatisfy { $0 == 0 } && shown.dropFirst(1 << 20).elementsEqual(memory.buffer.bytes().dropFirst(1 << 20)))
    }

    private func locked(_ body: () throws -> Void) rethrows {
        loop.lock.lock()
        defer { loop.lock.unlock() }
        try body()
    }

    @Test func streamsFillWhatIsMissing() throws {
        let (base, middle, top) = try chain()
        let image = try #require(top.image as? QCOW2Image)
        run(StreamWork(image, from: middle, above: base, loop: loop, speed: 0), writing: top) { ended != nil }
        #expect(ended == .some(nil))
        try image.stand(on: base, naming: .file("\(folder)/base", .raw))
        #expect(try contents(top) == model)
        #expect(try QCOW2Header.backing(of: "\(folder)/top").map { $0 == ("\(folder)/base", .raw) } == true)
        ended = nil
        run(StreamWork(image, from: base, above: nil, loop: loop, speed: 0), writing: top) { ended != nil }
        try image.stand(on: nil, naming: QCOW2Creation.BackingName.none)
        #expect(try contents(top) == model && QCOW2Header.backing(of: "\(folder)/top") == nil)
        try finish(top, middle, base)
    }

    @Test func commitsLeaveTheDiskAsItIs() throws {
        let (base, middle, top) = try chain()
        try base.reopen(readOnly: false)
        run(CommitWork(middle, into: base, loop: loop, speed: 0), writing: top) { ended != nil }
        #expect(try contents(top) == model, "before anything stands elsewhere")
        try (top.image as? QCOW2Image)?.stand(on: base, naming: .file("\(folder)/base", .raw))
        #expect(try contents(top) == model)
        let work = MirrorWork(top, to: base, .above(base), chunk: 1 << 16, blocking: false, loop: loop, speed: 0)
        run(work, writing: top) { isReady }
        try work.settle()
        work.abandon()
        #expect(try contents(base) == model && contents(top) == model)
        try finish(top, middle, base)
    }

    @Test(arguments: [false, true]) func mirrorsKeepUp(blocking: Bool) throws {
        try make("source")
        try make("target")
        let (source, target) = (try open("source", .qcow2), try open("target", .qcow2))
        fill(source, 3000)
        let work = MirrorWork(source, to: target, .all, chunk: 1 << 16, blocking: blocking, loop: loop, speed: 0)
        run(work, writing: source) { isReady }
        var isSettled = false
        loop.lock.withLock { work.finish { isSettled = true } }
        run(work, writing: source) { isSettled }
        fill(source, 4000)
        try work.settle()
        work.abandon()
        #expect(try contents(target) == model)
        try finish(source, target)
    }

    @Test func backupsAreOfTheirBeginning() throws {
        try make("source")
        try make("target")
        let (source, target) = (try open("source", .qcow2), try open("target", .qcow2))
        fill(source, 5000)
        let before = model
        let work = BackupWork(source, to: target, .all, chunk: 1 << 16, loop: loop, speed: 0)
        fill(source, 6000)
        run(work, writing: source) { ended != nil }
        #expect(ended == .some(nil))
        #expect(try contents(target) == before && contents(source) == model && before != model)
        try finish(source, target)
    }

    /// A copy is brought up to date by what a bitmap says, and by nothing else.
    @Test(arguments: [512, 1 << 16, 1 << 20]) func bitmapsSayWhatHasChanged(_ granularity: UInt64) throws {
        try make("source")
        try make("target")
        let (source, target) = (try open("source", .qcow2), try open("target", .qcow2))
        fill(source, 5000)
        let bitmap = DirtyBitmap("b", size: source.size, granularity: granularity)
        source.add(bitmap)
        let before = model
        let first = BackupWork(source, to: target, .all, chunk: 1 << 16, loop: loop, speed: 0)
        run(first, writing: source) { ended != nil }
        #expect(try contents(target) == before && bitmap.pieces.count > 0)
        // Twice: what was written while the first copy was made, and while the second was.
        for _ in 0..<2 {
            fill(source, 6000)
            let now = model
            ended = nil
            let work = BackupWork(source, to: target, .marked(bitmap.pieces), chunk: 1 << 16, loop: loop, speed: 0)
            bitmap.pieces.removeAll()
            run(work, writing: source) { ended != nil }
            #expect(try contents(target) == now)
            #expect(work.left.count == 0)
        }
        bitmap.isRecording = false
        bitmap.pieces.removeAll()
        fill(source, 7000)
        #expect(bitmap.pieces.count == 0, "it does not record")
        bitmap.isRecording = true
        loop.lock.withLock {
            source.zero(12288, count: 4096, mayUnmap: true) { _ in }
            source.drain()
        }
        #expect(bitmap.pieces.count == (granularity == 512 ? 8 : 1))
        // Chunks of other sizes.
        var coarse = PieceSet(size: source.size, chunk: 1 << 20, all: false)
        coarse.formUnion(bitmap.pieces)
        #expect(coarse.count == 1 && coarse.members(0..<source.size) == [0..<1 << 20])
        try finish(source, target)
    }

    @Test func filesAreOpenedAnew() throws {
        try make("image")
        let node = try open("image", .qcow2)
        fill(node, 7000)
        try node.reopen(readOnly: true)
        let other = try open("image", .qcow2, readOnly: true)
        #expect(throws: HostError.self, "somebody reads it") { try node.reopen(readOnly: false) }
        #expect(try contents(other) == model && contents(node) == model)
        try other.setActive(false)
        try node.reopen(readOnly: false)
        fill(node, 8000)
        #expect(try contents(node) == model)
        try finish(node)
    }
}
