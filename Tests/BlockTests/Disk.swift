import BlockCore
import BlockFormats
import EventLoop
import Glibc
import HostOS
import Testing

/// The two ways of getting file requests done; everything below must hold for both.
enum Engine: String, CaseIterable, CustomTestStringConvertible {
    case threads, ring

    var testDescription: String { rawValue }

    func make(_ loop: EventLoop) throws -> any FileEngine {
        switch self {
        case .threads: try ThreadEngine(loop: loop, threads: 4)
        case .ring: try RingEngine(loop: loop, capacity: 8)
        }
    }
}

/// Memory as a guest's, at any address.
final class Memory {
    private let base: UnsafeMutableRawPointer
    let count: Int

    init(_ bytes: [UInt8], misalignedBy shift: Int = 0) {
        count = bytes.count
        base = .allocate(byteCount: count + shift, alignment: 4096)
        buffer = GuestBuffer(base: base + shift, count: count)
        buffer.fill(from: bytes[...])
    }

    convenience init(count: Int, misalignedBy shift: Int = 0) { self.init([UInt8](repeating: 0xee, count: count), misalignedBy: shift) }

    deinit { base.deallocate() }

    let buffer: GuestBuffer
}

/// A file of this test's own, an image on it, and the loop that serves it.
final class Disk {
    let path: String
    let loop: EventLoop
    let node: RawImage
    let engine: any FileEngine

    /// The file has these bytes. `folder` must allow O_DIRECT if `options` want it.
    init(_ engine: Engine, _ bytes: [UInt8], in folder: String = "/var/tmp", _ change: (inout ImageOptions) -> Void = { _ in }) throws {
        path = "\(folder)/apus-block-test-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        try HostFile(path, .create).write(at: 0, bytes)
        loop = try EventLoop()
        self.engine = try engine.make(loop)
        var options = ImageOptions(path: path)
        change(&options)
        node = try RawImage(options, engine: self.engine, loop: loop)
    }

    deinit { unlink(path) }

    var content: [UInt8] { get throws { try HostFile.contents(path) } }

    /// Starts something, runs the loop until it has ended, and gives its result.
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
        return result ?? .failed(errno: EIO)
    }

    func read(_ offset: UInt64, _ memory: Memory...) -> BlockResult {
        finish { done in node.read(offset, into: memory.map(\.buffer), done) }
    }

    func write(_ offset: UInt64, _ memory: Memory...) -> BlockResult {
        finish { done in node.write(offset, from: memory.map(\.buffer), done) }
    }
}

/// Bytes that no other place has.
func pattern(_ count: Int, seed: Int = 0) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: ($0 / 256) &* 31 &+ $0 &* 7 &+ seed) } }
