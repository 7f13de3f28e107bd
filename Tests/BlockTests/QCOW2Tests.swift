import BlockCore
import BlockFormats
import EventLoop
import Foundation
import HostOS
import Testing

private let imageTool = "/usr/bin/qemu-img"
private let isThere = FileManager.default.isExecutableFile(atPath: imageTool)

/// qcow2 images, made and judged by the packaged qemu-img.
@Suite struct QCOW2Tests {
    private static let megabyte = 1 << 20

    /// A folder that goes with the test.
    private final class Folder {
        let path = "/var/tmp/apus-qcow2-\(UUID())"
        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false) }
        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    /// Runs qemu-img; its exit status.
    @discardableResult
    private func tool(_ words: String...) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: imageTool)
        process.arguments = words
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// An open image and the loop that serves it.
    private final class Image {
        let loop: EventLoop
        let engine: any FileEngine
        let node: QCOW2Image

        init(_ path: String, _ engine: Engine = .ring, _ change: (inout ImageOptions) -> Void = { _ in }) throws {
            let loop = try EventLoop()
            let made = try engine.make(loop)
            (self.loop, self.engine) = (loop, made)
            func open(_ path: String, _ format: ImageOptions.Format, _ change: (inout ImageOptions) -> Void) throws -> any BlockNode {
                var options = ImageOptions(path: path)
                options.format = format
                change(&options)
                let file = try RawImage(options, engine: made, loop: loop)
                if format == .raw { return file }
                return try QCOW2Image(options, file: file) { name, format in
                    try open(name, format == "raw" ? .raw : .qcow2) { $0.isReadOnly = true }
                }
            }
            let opened = try open(path, .qcow2, change)
            node = try #require(opened as? QCOW2Image)
        }

        func finish(_ start: (@escaping (BlockResult) -> Void) -> Void) -> BlockResult {
            var result: BlockResult?
            loop.lock.withLock {
                start { [loop] in
                    result = $0
                    loop.stop(status: 0)
                }
            }
            precondition(result == nil, "a request ended within its own call")
            _ = loop.run()
            loop.resume()
            return result ?? .failed(errno: -1)
        }

        func read(_ offset: Int, _ count: Int) throws -> [UInt8] {
            let memory = Memory(count: count)
            #expect(finish { node.read(UInt64(offset), into: [memory.buffer], $0) } == .ok)
            return memory.buffer.bytes()
        }

        func write(_ offset: Int, _ bytes: [UInt8]) {
            let memory = Memory(bytes)
            #expect(finish { node.write(UInt64(offset), from: [memory.buffer], $0) } == .ok)
        }

        func flush() { #expect(finish { node.flush($0) } == .ok) }
        func close() throws { try node.setActive(false) }
    }

    /// Random requests against a model of the disk; then qemu-img must find the image sound and equal to the model.
    private func exercise(_ image: Image, _ model: inout [UInt8], rounds: Int) throws {
        let sectors = model.count / 512
        for round in 0..<rounds {
            let start = 512 * Int.random(in: 0..<sectors)
            let count = min(512 * Int.random(in: 1...(round % 7 == 0 ? 2000 : 100)), model.count - start)
            switch round % 10 {
            case 0..<5:
                let bytes = pattern(count, seed: round)
                image.write(start, bytes)
                model.replaceSubrange(start..<start + count, with: bytes)
            case 5, 6:
                #expect(image.finish { image.node.zero(UInt64(start), count: UInt64(count), mayUnmap: round % 2 == 0, $0) } == .ok)
                model.replaceSubrange(start..<start + count, with: repeatElement(0, count: count))
            case 7: image.flush()
            default: #expect(try image.read(start, count) == Array(model[start..<start + count]), "round \(round), \(count) bytes at \(start)")
            }
        }
        #expect(try image.read(0, model.count) == model)
    }

    private func judge(_ path: String, _ model: [UInt8], _ folder: Folder) throws {
        #expect(try tool("check", "-q", path) == 0, "qemu-img check")
        try Data(model).write(to: URL(filePath: "\(folder.path)/model"))
        #expect(try tool("compare", "-q", "-f", "qcow2", "-F", "raw", path, "\(folder.path)/model") == 0, "qemu-img compare")
    }

    @Test(
        .enabled(if: isThere),
        arguments: [
            "compat=1.1", "compat=0.10", "cluster_size=512", "cluster_size=2M", "refcount_bits=1", "refcount_bits=64", "preallocation=metadata",
        ])
    func imagesAreReadAndWritten(_ option: String) throws {
        let folder = try Folder()
        let path = "\(folder.path)/image.qcow2"
        #expect(try tool("create", "-q", "-f", "qcow2", "-o", option, path, "8M") == 0)
        var model = [UInt8](repeating: 0, count: 8 * QCOW2Tests.megabyte)
        for engine in Engine.allCases {
            let image = try Image(path, engine)
            #expect(image.node.size == UInt64(model.count))
            try exercise(image, &model, rounds: 200)
            try image.close()
        }
        try judge(path, model, folder)
    }

    @Test(.enabled(if: isThere), arguments: ["compat=1.1", "compat=0.10"]) func overlaysAreWritten(_ option: String) throws {
        let folder = try Folder()
        let base = "\(folder.path)/base.raw", middle = "\(folder.path)/middle.qcow2", top = "\(folder.path)/top.qcow2"
        let original = pattern(3 * QCOW2Tests.megabyte + 512)
        try Data(original).write(to: URL(filePath: base))
        #expect(try tool("create", "-q", "-f", "qcow2", "-b", base, "-F", "raw", "-o", option, middle) == 0)
        // Larger than what it stands on.
        #expect(try tool("create", "-q", "-f", "qcow2", "-b", middle, "-F", "qcow2", "-o", option, top, "5M") == 0)
        var model = original
        var image: Image? = try Image(middle)
        try exercise(try #require(image), &model, rounds: 100)
        try image?.close()
        image = nil
        model += [UInt8](repeating: 0, count: 5 * QCOW2Tests.megabyte - model.count)
        let above = try Image(top)
        #expect((above.node.backing as? QCOW2Image)?.backing != nil)
        try exercise(above, &model, rounds: 200)
        try above.close()
        try judge(top, model, folder)
        #expect(try tool("check", "-q", middle) == 0)
        #expect(try [UInt8](Data(contentsOf: URL(filePath: base))) == original, "what it stands on is left alone")
    }

    /// Images that Apus makes itself, as overlays for clones are.
    @Test(.enabled(if: isThere), arguments: [0, 3 * 1 << 20 + 512]) func imagesAreMade(_ below: Int) throws {
        let folder = try Folder()
        let base = "\(folder.path)/base.raw", path = "\(folder.path)/made.qcow2"
        var model = pattern(below) + [UInt8](repeating: 0, count: 5 * QCOW2Tests.megabyte - below)
        try Data(pattern(below)).write(to: URL(filePath: base))
        try QCOW2Creation.make(path, size: UInt64(model.count), backing: below > 0 ? (base, .raw) : nil)
        #expect(try tool("check", "-q", path) == 0)
        #expect(try QCOW2Header.backing(of: path)?.path == (below > 0 ? base : nil))
        let image = try Image(path)
        try exercise(image, &model, rounds: 200)
        try image.close()
        try judge(path, model, folder)
    }

    /// More clusters of tables than one, and more than there can be.
    @Test(.enabled(if: isThere)) func largeImagesAreMade() throws {
        let folder = try Folder()
        let path = "\(folder.path)/large.qcow2"
        try QCOW2Creation.make(path, size: 40 << 40, backing: nil)
        #expect(try tool("check", "-q", path) == 0)
        let image = try Image(path)
        image.write(39 << 40, pattern(4096))
        #expect(try image.read(39 << 40, 4096) == pattern(4096))
        try image.close()
        #expect(try tool("check", "-q", path) == 0)
        for size: UInt64 in [1 << 60, .max & ~511, 1 << 51 + 1 << 16] {
            #expect(throws: BlockError.self) { try QCOW2Creation.make(path, size: size, backing: nil) }
        }
        #expect(throws: BlockError.self) { try QCOW2Creation.make(path, size: 512, backing: (String(repeating: "x", count: 1024), .raw)) }
    }

    /// Images grow while they are in use, with and without room in their tables, with snapshots and with something below.
    @Test(.enabled(if: isThere), arguments: ["compat=1.1", "compat=0.10", "cluster_size=512", "refcount_bits=64"]) func imagesGrow(_ option: String)
        throws
    {
        let folder = try Folder()
        let path = "\(folder.path)/image.qcow2"
        #expect(try tool("create", "-q", "-f", "qcow2", "-o", option, path, "2560k") == 0)
        let image = try Image(path)
        var model = [UInt8](repeating: 0, count: 2560 << 10)
        for (round, kilobytes) in [3072, 3073, 5000, 9000].enumerated() {
            try exercise(image, &model, rounds: 30)
            if round == 1 { try image.node.createSnapshot(name: "kept", time: (seconds: 1, nanoseconds: 5), clock: 7, state: nil) }
            try image.node.resize(UInt64(kilobytes) << 10)
            model += [UInt8](repeating: 0, count: kilobytes << 10 - model.count)
            #expect(image.node.size == UInt64(model.count))
        }
        try exercise(image, &model, rounds: 30)
        #expect(throws: HostError.self) { try image.node.resize(1 << 20) }
        #expect(throws: HostError.self) { try image.node.resize(.max & ~511) }
        try exercise(image, &model, rounds: 10)
        try image.close()
        try judge(path, model, folder)
    }

    /// An image in another folder finds what it stands on.
    @Test(.enabled(if: isThere), arguments: ["cluster_size=64k", "compat=0.10", "cluster_size=512"]) func backingFilesAreNamedAnew(_ option: String)
        throws
    {
        let folder = try Folder()
        let base = "\(folder.path)/base.raw", top = "\(folder.path)/top.qcow2", copy = "\(folder.path)/else/where.qcow2"
        try Data(pattern(QCOW2Tests.megabyte)).write(to: URL(filePath: base))
        #expect(try tool("create", "-q", "-f", "qcow2", "-b", "base.raw", "-F", "raw", "-o", option, top) == 0)
        try FileManager.default.createDirectory(atPath: "\(folder.path)/else", withIntermediateDirectories: false)
        try HostFile(top, .readOnly).copy(to: try HostFile(copy, .create))
        #expect(try tool("check", "-q", copy) != 0, "its name is relative")
        let file = try HostFile(copy, .readWrite)
        let far = "/" + String(repeating: "far/", count: 200)
        if option == "cluster_size=512" {
            #expect(throws: BlockError.self, "there is no room") { try QCOW2Creation.nameBacking(file, .file(far, .raw)) }
        }
        try QCOW2Creation.nameBacking(file, .file(base, .raw))
        #expect(try QCOW2Header.backing(of: copy).map { $0 == (base, .raw) } == true)
        try judge(copy, pattern(QCOW2Tests.megabyte), folder)
    }

    /// What `snapshot=on` has collected goes into an image of its own.
    @Test(.enabled(if: isThere)) func changesAreCopied() throws {
        let folder = try Folder()
        let base = "\(folder.path)/base.raw", path = "\(folder.path)/changes.qcow2"
        var model = pattern(4 * QCOW2Tests.megabyte)
        try Data(model).write(to: URL(filePath: base))
        try QCOW2Creation.make(path, size: UInt64(model.count), backing: (base, .raw))
        let image = try Image(path)
        var options = ImageOptions(path: base)
        // qemu-img looks at the whole chain while it is open here.
        (options.isReadOnly, options.locking) = (true, .off)
        let overlay = SnapshotOverlay(
            base: try RawImage(options, engine: image.engine, loop: image.loop),
            changes: try RawImage(temporaryOfSize: UInt64(model.count), engine: image.engine, loop: image.loop))
        for (place, count) in [
            (0, 512), (1024, 512), (65536 - 512, 1024), (QCOW2Tests.megabyte, 2 * QCOW2Tests.megabyte + 512), (model.count - 512, 512),
        ] {
            let bytes = pattern(count, seed: place + 1)
            let memory = Memory(bytes)
            #expect(image.finish { overlay.write(UInt64(place), from: [memory.buffer], $0) } == .ok)
            model.replaceSubrange(place..<place + count, with: bytes)
        }
        try image.loop.lock.withLock { Result { try overlay.copyChanges(to: image.node) } }.get()
        #expect(try image.read(0, model.count) == model)
        try image.close()
        try judge(path, model, folder)
        #expect(image.node.allocatedSize < 3 * 1 << 20, "only what has changed")
    }

    @Test(.enabled(if: isThere)) func compressedClustersAreRead() throws {
        let folder = try Folder()
        let raw = "\(folder.path)/raw", path = "\(folder.path)/image.qcow2"
        var model = pattern(4 * QCOW2Tests.megabyte)
        for place in stride(from: 0, to: model.count, by: 97) { model[place] = UInt8.random(in: 0...255) }
        try Data(model).write(to: URL(filePath: raw))
        #expect(try tool("convert", "-q", "-c", "-O", "qcow2", raw, path) == 0)
        let image = try Image(path)
        #expect(try image.read(0, model.count) == model)
        try exercise(image, &model, rounds: 200)
        try image.close()
        try judge(path, model, folder)
    }

    /// Images with snapshots share clusters: those are copied before they are written.
    @Test(.enabled(if: isThere)) func snapshotsAreLeftAlone() throws {
        let folder = try Folder()
        let raw = "\(folder.path)/raw", path = "\(folder.path)/image.qcow2"
        let original = pattern(2 * QCOW2Tests.megabyte)
        try Data(original).write(to: URL(filePath: raw))
        #expect(try tool("convert", "-q", "-O", "qcow2", raw, path) == 0)
        #expect(try tool("snapshot", "-c", "before", path) == 0)
        var model = original
        let image = try Image(path)
        try exercise(image, &model, rounds: 200)
        try image.close()
        try judge(path, model, folder)
        #expect(try tool("snapshot", "-a", "before", path) == 0 && tool("check", "-q", path) == 0)
        #expect(try tool("compare", "-q", "-f", "qcow2", "-F", "raw", path, raw) == 0)
    }

    @Test(.enabled(if: isThere)) func manyRequestsAtOnce() throws {
        let folder = try Folder()
        let path = "\(folder.path)/image.qcow2"
        #expect(try tool("create", "-q", "-f", "qcow2", path, "16M") == 0)
        let image = try Image(path, .threads)
        var model = [UInt8](repeating: 0, count: 16 * QCOW2Tests.megabyte)
        for round in 0..<20 {
            // Places that do not overlap, in clusters that they share.
            let memories = (0..<64).map { Memory(pattern(8192, seed: round * 64 + $0)) }
            let places = (0..<(model.count / 8192)).shuffled().prefix(memories.count).map { $0 * 8192 }
            var left = memories.count
            let result = image.finish { done in
                for (memory, place) in zip(memories, places) {
                    image.node.write(UInt64(place), from: [memory.buffer]) { result in
                        #expect(result == .ok)
                        left -= 1
                        if left == 0 { done(.ok) }
                    }
                }
            }
            #expect(result == .ok)
            for (memory, place) in zip(memories, places) { model.replaceSubrange(place..<place + 8192, with: memory.buffer.bytes()) }
        }
        #expect(try image.read(0, model.count) == model)
        try image.close()
        try judge(path, model, folder)
    }

    /// Writes that begin in clusters of the disk's own and end in new ones, and others into the former meanwhile: none is lost.
    @Test(.enabled(if: isThere)) func writesAcrossOwnAndNewClustersLoseNothing() throws {
        let folder = try Folder()
        let path = "\(folder.path)/image.qcow2"
        let cluster = 65536
        for round in 0..<10 {
            #expect(try tool("create", "-q", "-f", "qcow2", path, "8M") == 0)
            let image = try Image(path, .threads)
            var model = [UInt8](repeating: 0, count: 8 * QCOW2Tests.megabyte)
            func put(_ writes: [(place: Int, bytes: [UInt8])]) {
                let memories = writes.map { Memory($0.bytes) }
                var left = writes.count
                let result = image.finish { done in
                    for (write, memory) in zip(writes, memories) {
                        image.node.write(UInt64(write.place), from: [memory.buffer]) {
                            #expect($0 == .ok)
                            left -= 1
                            if left == 0 { done(.ok) }
                        }
                    }
                }
                #expect(result == .ok)
                for write in writes { model.replaceSubrange(write.place..<write.place + write.bytes.count, with: write.bytes) }
            }
            // Every other cluster is the disk's own; then half of such a cluster is written with half of the next, and what is left of it by others.
            put(stride(from: 0, to: 128, by: 2).map { (cluster * $0, pattern(cluster, seed: $0)) })
            put(
                stride(from: 0, to: 128, by: 2).shuffled().flatMap { number -> [(place: Int, bytes: [UInt8])] in
                    let start = cluster * number
                    let long = (place: start + cluster / 2, bytes: pattern(cluster, seed: round + number))
                    return [long] + (0..<4).map { (place: start + 8192 * $0, bytes: pattern(8192, seed: round + number + $0)) }
                })
            #expect(try image.read(0, model.count) == model)
            try image.close()
            try judge(path, model, folder)
            try FileManager.default.removeItem(atPath: path)
        }
    }

    /// A disk that is full for a while: the write that meets it fails, and what came before is there once there is room again.
    @Test(.enabled(if: isThere && geteuid() == 0, "needs to mount a small file system")) func aFullHostDiskIsNoEnd() throws {
        let folder = try Folder()
        func mountTool(_ words: String...) throws {
            let process = try Process.run(URL(filePath: "/usr/bin/env"), arguments: words)
            process.waitUntilExit()
            try #require(process.terminationStatus == 0, "\(words)")
        }
        try mountTool("mount", "-t", "tmpfs", "-o", "size=1m", "apus-test", folder.path)
        defer { try? mountTool("umount", "-l", folder.path) }
        let path = "\(folder.path)/image.qcow2"
        #expect(try tool("create", "-q", "-f", "qcow2", "-o", "cluster_size=4096", path, "64M") == 0)
        let image = try Image(path, .threads)
        var model = [UInt8](repeating: 0, count: 64 * QCOW2Tests.megabyte)
        func put(_ place: Int, _ count: Int) -> Bool {
            let bytes = pattern(count, seed: place), memory = Memory(bytes)
            guard image.finish({ image.node.write(UInt64(place), from: [memory.buffer], $0) }) == .ok else { return false }
            model.replaceSubrange(place..<place + count, with: bytes)
            return true
        }
        #expect(put(0, 1 << 18))
        image.flush()
        let filler = "\(folder.path)/filler"
        FileManager.default.createFile(atPath: filler, contents: nil)
        let file = try #require(FileHandle(forWritingAtPath: filler))
        while (try? file.write(contentsOf: Data(count: 4096))) != nil {}
        // Each lies in the range of another L2 table.
        var failed = 0
        for place in stride(from: 2 << 20, to: 60 << 20, by: 2 << 20) {
            if !put(place, 512) { failed += 1 }
            if image.finish({ image.node.flush($0) }) != .ok { failed += 1 }
        }
        #expect(failed > 0)
        try file.close()
        try FileManager.default.removeItem(atPath: filler)
        #expect(put(61 << 20, 4096))
        image.flush()
        #expect(try image.read(0, model.count) == model)
        try image.close()
        // Judged elsewhere: there is no room for another image here.
        let judged = try Folder()
        try FileManager.default.copyItem(atPath: path, toPath: "\(judged.path)/image.qcow2")
        try judge("\(judged.path)/image.qcow2", model, judged)
    }

    /// A snapshot counts by the table that the image has by then: a full disk of small clusters has made it grow, and lie elsewhere.
    @Test(.enabled(if: isThere)) func snapshotsFollowTheTableOfCounts() throws {
        let folder = try Folder()
        let path = "\(folder.path)/image.qcow2"
        #expect(try tool("create", "-q", "-f", "qcow2", "-o", "cluster_size=512", path, "8M") == 0)
        let image = try Image(path)
        let model = pattern(8 * QCOW2Tests.megabyte, seed: 1)
        for start in stride(from: 0, to: model.count, by: QCOW2Tests.megabyte) {
            image.write(start, Array(model[start..<start + QCOW2Tests.megabyte]))
        }
        try image.node.createSnapshot(name: "full", time: (seconds: 1, nanoseconds: 0), clock: 0, state: nil)
        image.write(0, pattern(QCOW2Tests.megabyte, seed: 2))
        try image.node.restoreSnapshot(0)
        #expect(try image.read(0, model.count) == model)
        try image.close()
        try judge(path, model, folder)
    }

    /// Snapshots are made, kept while the disk changes, restored and deleted; qemu-img reads each, and nothing is lost or left over.
    @Test(.enabled(if: isThere), arguments: ["compat=1.1", "compat=0.10", "cluster_size=512", "refcount_bits=64", "preallocation=metadata"])
    func snapshotsAreMadeAndRestored(_ option: String) throws {
        let folder = try Folder()
        let path = "\(folder.path)/image.qcow2"
        #expect(try tool("create", "-q", "-f", "qcow2", "-o", option, path, "8M") == 0)
        let image = try Image(path)
        var model = [UInt8](repeating: 0, count: 8 * QCOW2Tests.megabyte)
        var kept: [(name: String, disk: [UInt8], state: [UInt8])] = []
        for round in 0..<4 {
            try exercise(image, &model, rounds: 30)
            let state = pattern(100_000 * round, seed: round)
            try image.node.createSnapshot(
                name: "kept\(round)", time: (seconds: 1_700_000_000, nanoseconds: 5), clock: 7,
                state: round == 0
                    ? nil
                    : { (writer) throws(HostError) in
                        for start in stride(from: 0, to: state.count, by: 30_000) {
                            try writer.append(Array(state[start..<min(start + 30_000, state.count)]))
                        }
                    })
            kept.append(("kept\(round)", model, state))
        }
        try exercise(image, &model, rounds: 30)
        try image.close()
        try judge(path, model, folder)
        for snapshot in kept {
            let out = "\(folder.path)/out"
            #expect(try tool("convert", "-l", "snapshot.name=\(snapshot.name)", "-O", "raw", path, out) == 0)
            #expect([UInt8](try Data(contentsOf: URL(filePath: out))) == snapshot.disk)
        }
        let again = try Image(path)
        #expect(try again.node.snapshots().map(\.name) == kept.map(\.name))
        for index in [2, 0, 3] {
            #expect(try again.node.snapshots()[index].stateSize == UInt64(kept[index].state.count))
            if !kept[index].state.isEmpty {
                let read = try again.node.snapshotState(index)
                #expect(try read(kept[index].state.count) == kept[index].state)
                #expect(throws: HostError.self) { try read(1) }
            }
            try again.node.restoreSnapshot(index)
            model = kept[index].disk
            try exercise(again, &model, rounds: 20)
        }
        try again.node.deleteSnapshot(1)
        try again.node.deleteSnapshot(2)
        #expect(try again.node.snapshots().map(\.name) == ["kept0", "kept2"])
        try exercise(again, &model, rounds: 20)
        try again.close()
        try judge(path, model, folder)
        #expect(try tool("snapshot", "-d", "kept0", path) == 0)
        #expect(try tool("snapshot", "-a", "kept2", path) == 0)
        try judge(path, kept[2].disk, folder)
    }

    /// An emulator that ends while a snapshot is made leaves an image that is marked, and that the next one puts right: qemu-img finds it sound, without lost space.
    @Test(.enabled(if: isThere), arguments: ["compat=1.1", "cluster_size=512", "refcount_bits=64"]) func whatWasLeftInTheMiddleIsPutRight(
        _ option: String
    ) throws {
        let folder = try Folder()
        let path = "\(folder.path)/image.qcow2", torn = "\(folder.path)/torn.qcow2"
        #expect(try tool("create", "-q", "-f", "qcow2", "-o", option, path, "8M") == 0)
        let image = try Image(path)
        var model = [UInt8](repeating: 0, count: 8 * QCOW2Tests.megabyte)
        try exercise(image, &model, rounds: 20)
        try image.node.createSnapshot(name: "before", time: (seconds: 1, nanoseconds: 0), clock: 0, state: nil)
        let before = model
        try exercise(image, &model, rounds: 20)
        try image.node.createSnapshot(name: "torn", time: (seconds: 2, nanoseconds: 0), clock: 0) { (writer) throws(HostError) in
            try writer.append([UInt8](repeating: 1, count: 3 << 20))
            do { try FileManager.default.copyItem(atPath: path, toPath: torn) } catch { Issue.record(error) }
        }
        try image.close()
        // Counts that are too high, and marks that do not follow them, are what there is between two steps.
        var bytes = [UInt8](try Data(contentsOf: URL(filePath: torn)))
        func number(_ place: Int) -> Int { bytes[place..<place + 8].reduce(0) { $0 << 8 | Int($1) } }
        let block = number(number(48))
        let width = option == "refcount_bits=64" ? 8 : 2
        for cluster in 0..<20 { bytes[block + cluster * width + width - 1] &+= UInt8.random(in: 0...2) }
        let link = try #require(stride(from: number(40), to: bytes.count, by: 8).first { number($0) != 0 })
        bytes[link] ^= 0x80
        try Data(bytes).write(to: URL(filePath: torn))
        #expect(try tool("check", "-q", torn) != 0)
        let mended = try Image(torn)
        #expect(try mended.node.snapshots().map(\.name) == ["before"])
        #expect(try mended.read(0, model.count) == model)
        try mended.close()
        try judge(torn, model, folder)
        let again = try Image(torn)
        try again.node.restoreSnapshot(0)
        try again.close()
        try judge(torn, before, folder)
    }

    /// What the guest discards goes back to the host; zeros that may not unmap keep their clusters.
    @Test(.enabled(if: isThere), arguments: [true, false]) func discardedClustersGoBackToTheHost(_ discards: Bool) throws {
        let folder = try Folder()
        let path = "\(folder.path)/image.qcow2"
        #expect(try tool("create", "-q", "-f", "qcow2", path, "8M") == 0)
        let image = try Image(path) { $0.discards = discards }
        image.write(0, pattern(4 << 20))
        image.flush()
        let before = image.node.allocatedSize
        #expect(image.finish { image.node.zero(0, count: 1 << 20, mayUnmap: false, $0) } == .ok)
        image.flush()
        #expect(image.node.allocatedSize == before)
        #expect(image.finish { image.node.discard(0, count: 4 << 20, $0) } == .ok)
        image.flush()
        let isLess = image.node.allocatedSize + (3 << 20) < before
        #expect(isLess == discards)
        var model = pattern(4 << 20) + [UInt8](repeating: 0, count: 4 << 20)
        model.replaceSubrange(0..<(discards ? 4 << 20 : 1 << 20), with: repeatElement(0, count: discards ? 4 << 20 : 1 << 20))
        #expect(try image.read(0, model.count) == model)
        try image.close()
        try judge(path, model, folder)
    }

    /// Another process may have it between.
    @Test(.enabled(if: isThere)) func imagesChangeHands() throws {
        let folder = try Folder()
        let path = "\(folder.path)/image.qcow2"
        #expect(try tool("create", "-q", "-f", "qcow2", path, "4M") == 0)
        let first = try Image(path), second = try Image(path) { $0.isInactive = true }
        first.write(65536, pattern(1000 * 512))
        #expect(throws: HostError.self) { try second.node.setActive(true) }
        try first.node.setActive(false)
        try second.node.setActive(true)
        #expect(try second.read(65536, 1000 * 512) == pattern(1000 * 512))
        second.write(0, pattern(512, seed: 9))
        try second.node.setActive(false)
        try first.node.setActive(true)
        #expect(try first.read(0, 512) == pattern(512, seed: 9))
        try first.close()
        #expect(try tool("check", "-q", path) == 0)
    }

    @Test(.enabled(if: isThere)) func whatIsNotThereIsRefusedByName() throws {
        let folder = try Folder()
        func refusal(_ words: String...) throws -> String {
            let path = "\(folder.path)/\(UUID()).qcow2"
            let process = Process()
            process.executableURL = URL(filePath: imageTool)
            process.arguments = ["create", "-q", "-f", "qcow2"] + words + [path, "1M"]
            try process.run()
            process.waitUntilExit()
            do { _ = try Image(path) } catch { return "\(error)" }
            return "accepted"
        }
        #expect(try refusal() == "accepted")
        #expect(try refusal("-o", "extended_l2=on").contains("extended L2 entries is not supported"))
        #expect(try refusal("-o", "data_file=\(folder.path)/data").contains("external data file is not supported"))
        #expect(try refusal("-o", "compression_type=zstd").contains("compression of type 1 is not supported"))
    }

    /// Damaged tables give errors, never a trap; what is written meanwhile stays within the file.
    @Test(.enabled(if: isThere)) func damageNeverTraps() throws {
        let folder = try Folder()
        let raw = "\(folder.path)/raw", path = "\(folder.path)/image.qcow2", damaged = "\(folder.path)/damaged.qcow2"
        try Data(pattern(1 << 18)).write(to: URL(filePath: raw))
        #expect(try tool("convert", "-q", "-c", "-O", "qcow2", "-o", "cluster_size=4096", raw, path) == 0)
        let whole = [UInt8](try Data(contentsOf: URL(filePath: path)))
        var opened = 0
        for round in 0..<400 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...6) {
                // The header and the tables behind it, the first clusters.
                bytes[Int.random(in: 0..<min(bytes.count, round % 2 == 0 ? 120 : 5 * 4096))] = UInt8.random(in: 0...255)
            }
            // Every other one is looked through when it is opened.
            bytes[79] = round & 2 == 0 ? bytes[79] : 1
            try Data(bytes).write(to: URL(filePath: damaged))
            guard let image = try? Image(damaged), image.node.size <= 1 << 24 else { continue }
            opened += 1
            let memory = Memory(count: 65536)
            for place in stride(from: 0, to: Int(min(image.node.size, 1 << 18)), by: 65536) where image.node.size >= UInt64(place + 65536) {
                _ = image.finish { image.node.read(UInt64(place), into: [memory.buffer], $0) }
                _ = image.finish { image.node.write(UInt64(place), from: [memory.buffer], $0) }
                _ = image.finish { image.node.zero(UInt64(place), count: 8192, mayUnmap: true, $0) }
            }
            _ = image.finish { image.node.flush($0) }
        }
        #expect(opened > 20)
    }
}
