import BlockCore
import BlockFormats
import EventLoop
import HostOS

/// Disk images of the user's or of whoever made them: `-drive format=qcow2`. A small image with a backing file's worth of tables is damaged, then used.
struct QCOW2Target: FuzzTarget {
    private var corpus: [[UInt8]]
    private let loop: EventLoop
    private let engine: any FileEngine
    private static let path = "build/fuzz-qcow2.image"
    private static let largest: UInt64 = 1 << 24

    /// - Parameter corpus: images, of a megabyte at most each; one without data is there anyway.
    init(corpus: [[UInt8]]) throws {
        loop = try EventLoop()
        engine = try ThreadEngine(loop: loop, threads: 1)
        self.corpus = corpus + [QCOW2Target.empty]
    }

    /// An image of 64 KiB in clusters of 512 bytes: header, refcount table, refcount block, L1 table.
    private static var empty: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 5 * 512)
        func put(_ value: UInt64, _ width: Int, at place: Int) {
            for index in 0..<width { bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * (width - 1 - index))) }
        }
        put(0x5146_49fb, 4, at: 0)
        put(3, 4, at: 4)
        put(9, 4, at: 20)
        put(1 << 16, 8, at: 24)
        put(2, 4, at: 36)
        put(3 * 512, 8, at: 40)
        put(512, 8, at: 48)
        put(1, 4, at: 56)
        put(4, 4, at: 96)
        put(104, 4, at: 100)
        put(2 * 512, 8, at: 512)
        for cluster in 0..<4 { put(1, 2, at: 1024 + 2 * cluster) }
        return bytes
    }

    mutating func run(_ random: RandomSource) throws -> Bool {
        var mutator = Mutator(random: random)
        let input = mutator.mutate(corpus[mutator.random.below(corpus.count)])
        try HostFile(QCOW2Target.path, .create).write(at: 0, input)
        var options = ImageOptions(path: QCOW2Target.path)
        options.format = .qcow2
        options.locking = .off
        options.discards = true
        guard let file = try? RawImage(options, engine: engine, loop: loop),
            let image = try? QCOW2Image(options, file: file, open: { name, _ in throw BlockError.unsupportedFormat(name) }),
            image.size <= QCOW2Target.largest, image.size >= 4096
        else { return false }
        let memory = HostBuffer(count: 4096)
        for _ in 0..<8 {
            let offset = UInt64(mutator.random.below(Int(image.size - 4096) / 512 + 1)) * 512
            switch mutator.random.below(5) {
            case 0, 1: image.write(offset, from: [memory.buffer]) { _ in }
            case 2: image.zero(offset, count: 4096, mayUnmap: true) { _ in }
            case 3: image.flush { _ in }
            default: image.read(offset, into: [memory.buffer]) { _ in }
            }
            image.drain()
        }
        try? image.writeEverything()
        return true
    }
}
