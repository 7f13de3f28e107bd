import BlockCore
import BlockSetup
import EventLoop
import Foundation
import HostOS
import JSON
import QAPI
import Testing

/// Nodes that come and go by the machine protocol's commands.
@Suite final class BlockSetupTests {
    private let loop: EventLoop
    private let setup: BlockSetup
    private let folder = "/var/tmp/apus-blocks-\(UUID())"
    private var table = CommandTable()

    init() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        loop = try EventLoop()
        setup = BlockSetup(loop: loop, pause: {}, emit: { _ in })
        setup.register(in: &table)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// A file of so many sectors of one byte.
    private func file(_ name: String, _ byte: UInt8, sectors: Int = 8) throws -> JSONValue {
        let path = "\(folder)/\(name)"
        #expect(FileManager.default.createFile(atPath: path, contents: Data(repeating: byte, count: 512 * sectors)))
        return .string(path)
    }

    /// A qcow2 image by the packaged qemu-img.
    private func image(_ name: String, _ words: String...) throws -> JSONValue {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/qemu-img")
        process.arguments = ["create", "-q", "-f", "qcow2"] + words + ["\(folder)/\(name)", "4096"]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return .string("\(folder)/\(name)")
    }

    /// Why a command fails; nil if it does not.
    private func failure(_ name: String, _ arguments: JSONObject) -> String? {
        loop.lock.withLock {
            guard case .failure(let error)? = table[name]?.call(arguments, from: nil) else { return nil }
            return error.description
        }
    }

    private func add(_ arguments: JSONObject) -> String? { failure("blockdev-add", arguments) }
    private func delete(_ name: String) -> String? { failure("blockdev-del", ["node-name": .string(name)]) }

    private var nodes: [String] {
        (try? table.call(QueryNamedBlockNodesCommand.self, .init()))?.compactMap(\.nodeName).sorted() ?? []
    }

    /// The first byte of a disk.
    private func firstByte(of name: String) throws -> UInt8? {
        let disk = try setup.take(name)
        defer { setup.release(disk) }
        let memory = try HostMemory(size: 4096)
        let buffer = GuestBuffer(base: memory.base, count: 512)
        loop.lock.withLock {
            disk.node.read(0, into: [buffer]) { _ in }
            setup.drain()
        }
        return buffer.bytes().first
    }

    @Test func nodesComeAndGo() throws {
        let path = try file("one", 1)
        #expect(add(["driver": "file", "node-name": "f", "filename": path, "auto-read-only": true, "discard": "unmap"]) == nil)
        #expect(add(["driver": "raw", "node-name": "r", "file": "f"]) == nil && nodes == ["f", "r"])
        #expect(try firstByte(of: "r") == 1)
        #expect(add(["driver": "raw", "node-name": "r", "file": "f"]) != nil, "a name is used once")
        #expect(add(["driver": "raw", "node-name": "s", "file": "f"]) != nil, "so is a file")
        #expect(delete("f") == "Node 'f' is busy: node is used as file of 'r'")
        let taken = try setup.take("r")
        #expect(delete("r") == "Node r is in use")
        setup.release(taken)
        #expect(delete("r") == nil && nodes == ["f"] && delete("r") == "Failed to find node with node-name='r'")
        // The file is closed: it can be locked anew.
        #expect(add(["driver": "raw", "node-name": "r", "file": ["driver": "file", "filename": path, "locking": "on"]]) == nil)
        #expect(delete("f") == nil && delete("r") == nil && nodes.isEmpty)
    }

    @Test func aFileCanBeADisk() throws {
        #expect(add(["driver": "file", "node-name": "f", "filename": try file("one", 9)]) == nil)
        #expect(try firstByte(of: "f") == 9 && nodes == ["f"] && delete("f") == nil)
    }

    @Test func aChainIsWhatItIsSaidToBe() throws {
        let below = try file("below", 5), other = try file("other", 6)
        let top = try image("top", "-b", "\(folder)/below", "-F", "raw")
        #expect(add(["driver": "file", "node-name": "f0", "filename": other, "read-only": true]) == nil)
        #expect(add(["driver": "raw", "node-name": "n0", "file": "f0", "read-only": true]) == nil)
        #expect(add(["driver": "file", "node-name": "f1", "filename": top]) == nil)
        #expect(add(["driver": "qcow2", "node-name": "n1", "file": "f1", "backing": "n0"]) == nil)
        #expect(try firstByte(of: "n1") == 6, "not what the image names")
        #expect(delete("n0") == "Node 'n0' is busy: node is used as backing hd of 'n1'")
        #expect(throws: (any Error).self) { try setup.take("n0") }
        #expect(delete("n1") == nil && add(["driver": "qcow2", "node-name": "n1", "file": "f1", "backing": .null]) == nil)
        #expect(try firstByte(of: "n1") == 0 && delete("n0") == nil, "nothing is below")
        #expect(delete("n1") == nil && add(["driver": "qcow2", "node-name": "n1", "file": "f1"]) == nil)
        #expect(try firstByte(of: "n1") == 5, "what the image names")
        #expect(delete("n1") == nil)
        let spelledOut: JSONValue = ["driver": "raw", "file": ["driver": "file", "filename": other]]
        #expect(add(["driver": "qcow2", "node-name": "n1", "file": "f1", "backing": spelledOut]) == nil)
        #expect(try firstByte(of: "n1") == 6)
        #expect(delete("n1") == nil && nodes == ["f0", "f1"], "what was spelled out goes along; \(below)")
    }

    @Test(
        arguments: [
            ["driver": "file", "node-name": "f"], ["driver": "file", "node-name": "f", "filename": "/nowhere"], ["driver": "nbd", "node-name": "f"],
            ["driver": "raw", "node-name": "f", "file": "nothing"], ["driver": "qcow2", "node-name": "f", "file": "nothing"],
            ["driver": "file", "filename": "/dev/null"], ["driver": "file", "node-name": "f", "filename": "/dev/null", "x": 1],
        ] as [JSONObject]) func nonsenseIsRefused(_ arguments: JSONObject)
    { #expect(add(arguments) != nil && nodes.isEmpty) }
}
