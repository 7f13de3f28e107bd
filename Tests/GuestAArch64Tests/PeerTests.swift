import Decoding
import Foundation
import GuestAArch64
import Peer
import RandomIR
import Testing

/// Random streams of everything that user mode may execute, in the interpreter, as host code, and in the distribution's qemu-aarch64.
@Suite struct PeerTests {
    private static let peer = "qemu-aarch64"
    private static let isInstalled = PeerProgram.isInstalled(peer)
    private static let isFull = ProcessInfo.processInfo.environment["APUS_FULL_TESTS"] != nil
    /// What ends a stream, or is another thing on every element: random numbers, codes of pointers.
    private static func isComparable(_ row: DecodeRow) -> Bool {
        let isPointerAuthentication = ["pac", "aut", "bra", "brab", "blra", "reta", "ldraa", "ldrab"].contains { row.mnemonic.hasPrefix($0) }
        return !isPointerAuthentication && !["svc", "brk", "sys"].contains(row.mnemonic) && !RandomInstructions.privileged.contains(row.mnemonic)
    }

    /// Where QEMU 7.2 is wrong: scalar conversions from half precision to fixed point extend the sign into bits 31 to 16.
    private static func peerIsWrong(_ row: DecodeRow) -> Bool {
        (row.mnemonic == "fcvtzs_i" || row.mnemonic == "fcvtzu_i") && row.match >> 28 & 1 != 0 && row.features != 0
    }

    static func rows() -> [DecodeRow] {
        let only = ProcessInfo.processInfo.environment["APUS_ROWS"]?.split(separator: ",").map(String.init)
        return AArch64InstructionSet.rows.filter { isComparable($0) && !peerIsWrong($0) && only?.contains($0.mnemonic) ?? true }
    }

    @Test(.enabled(if: isInstalled, "qemu-aarch64 is not installed (package qemu-user)")) func streamsAgreeWithThePeer() throws {
        let rows = PeerTests.rows()
        let wanted = PeerTests.isFull ? 1_000_000 : 20_000
        var instructions = 0
        var seed: UInt64 = 1
        while instructions < wanted {
            let seeds = (0..<100).map { seed + UInt64($0) }
            seed += 100
            let batch = try StreamBatch(seeds: seeds, rows: rows, length: 60)
            instructions += batch.instructions
            if let difference = try difference(batch) {
                Issue.record("\(difference)\n\(try reduced(batch, rows))")
                return
            }
        }
    }

    /// Streams of one row each, so that a difference names its row.
    @Test(.enabled(if: isInstalled && isFull, "only among the full tests")) func everyRowAloneAgreesWithThePeer() throws {
        let byName = Dictionary(grouping: PeerTests.rows(), by: \.mnemonic)
        for (_, rows) in byName.sorted(by: { $0.key < $1.key }) {
            let batch = try StreamBatch(seeds: (1...10).map { $0 }, rows: rows, length: 30)
            if let difference = try difference(batch) { Issue.record("\(difference)\n\(try reduced(batch, rows))") }
        }
    }

    /// The first difference among the three ways of running; nil for none.
    private func difference(_ batch: StreamBatch) throws -> String? {
        let peer = try runPeer(batch)
        for engine in ElementEngine.allCases {
            let run = try ElementImage.run(batch.image, engine)
            if let first = run.passed.first(where: { $0.kind != .supervisorCall }) { return "\(engine.rawValue): \(first)" }
            let own = try run.bytes(batch.results, batch.resultSize)
            if own == peer { continue }
            let place = zip(own, peer).enumerated().first { $1.0 != $1.1 }?.offset ?? 0
            let (mine, theirs) = (word(own, at: place & ~7), word(peer, at: place & ~7))
            let values = "\(String(mine, radix: 16)), the peer says \(String(theirs, radix: 16))"
            return "\(engine.rawValue): \(batch.name(place)) is \(values)"
        }
        return nil
    }

    /// The shortest beginning of the stream that differs first, alone.
    private func reduced(_ batch: StreamBatch, _ rows: [DecodeRow]) throws -> String {
        for seed in batch.seeds {
            guard try difference(StreamBatch(seeds: [seed], rows: rows, length: batch.length)) != nil else { continue }
            for length in 1...batch.length {
                let short = try StreamBatch(seeds: [seed], rows: rows, length: batch.length, lastLength: length)
                guard let text = try difference(short) else { continue }
                return "\(length) pieces of the stream \(seed), the last is \(short.lastPiece): \(text)"
            }
        }
        return "no part of the batch differs"
    }

    private func runPeer(_ batch: StreamBatch) throws -> [UInt8] {
        try batch.program.run("seeds from \(batch.seeds[0])", in: PeerTests.peer, cpu: "max", writing: batch.resultSize)
    }
}

/// Streams in one image: each loads all registers, runs, and stores them all. The same image is a program for Linux.
struct StreamBatch {
    let seeds: [UInt64]
    let length: Int
    private let lastLength: Int
    private(set) var instructions = 0
    private(set) var image: [UInt8] = []
    /// Offset and size of what the streams leave: the buffer, then a record for each.
    private(set) var results = 0
    var resultSize: Int { seeds.count * Record.size + StreamBatch.bufferSize }
    private(set) var lastPiece = ""

    private static let bufferSize = 32768

    /// Streams of `length` pieces each; `lastLength` cuts the last one short.
    init(seeds: [UInt64], rows: [DecodeRow], length: Int, lastLength: Int? = nil) throws {
        self.seeds = seeds
        self.length = length
        self.lastLength = lastLength ?? length
        let size = try code(rows, data: 0x10_0000).size
        let data = (size + 0x2fff) & ~0xfff
        let made = try code(rows, data: data)
        image = made.bytes + [UInt8](repeating: 0, count: data - made.size)
        for seed in seeds {
            var random = SplitMix(seed &* 77)
            image += random.record().flatMap(littleEndianBytes)
        }
        image += [UInt8](repeating: 0, count: results - image.count)
        var random = SplitMix(seeds[0])
        for _ in 0..<StreamBatch.bufferSize / 8 { image += littleEndianBytes(random.packedFloats()) }
        image += [UInt8](repeating: 0, count: resultSize - StreamBatch.bufferSize)
    }

    /// What lies at a place in the results.
    func name(_ place: Int) -> String {
        if place < StreamBatch.bufferSize { return "the buffer at \(place - StreamBatch.bufferSize / 2)" }
        let place = place - StreamBatch.bufferSize
        return "seed \(seeds[place / Record.size]): \(Record.name(place % Record.size))"
    }

    // MARK: Code

    private mutating func code(_ rows: [DecodeRow], data: Int) throws -> CodeBuffer {
        results = (data + seeds.count * Record.size + 4095) & ~4095
        let base = Int(ElementImage.base)
        let cpu = try ElementImage.run([0xa8, 0x0b, 0x80, 0xd2, 0x01, 0, 0, 0xd4], .interpreter).cpu
        var code = CodeBuffer()
        instructions = 0
        for (index, seed) in seeds.enumerated() {
            code.loadRecord(base + data + index * Record.size)
            let maker = RandomInstructions(seed: seed, cpu: cpu, buffer: base + results + StreamBatch.bufferSize / 2)
            code.set(Reserved.buffer, base + results + StreamBatch.bufferSize / 2)
            stream(&code, maker, rows, index == seeds.count - 1 ? lastLength : length)
            code.storeRecord(base + results + StreamBatch.bufferSize + index * Record.size)
        }
        // write(1, results, size); exit(0).
        code.set(8, 64)
        code.set(0, 1)
        code.set(1, base + results)
        code.set(2, resultSize)
        code.supervisorCall()
        code.set(8, 93)
        code.set(0, 0)
        code.supervisorCall()
        return code
    }

    private mutating func stream(_ code: inout CodeBuffer, _ maker: RandomInstructions, _ rows: [DecodeRow], _ length: Int) {
        var maker = maker
        code.set(Reserved.index, maker.random.below(64))
        // A part of the stream may be a loop.
        let loopStart = maker.random.below(60), loopLength = maker.random.below(12)
        let isLoop = maker.random.oneIn(2)
        var loopTarget = 0
        for piece in 0..<length {
            if isLoop, piece == loopStart {
                code.set(Reserved.counter, 1 + maker.random.below(20))
                loopTarget = code.size
            }
            let row = maker.random.pick(rows)
            let before = code.words.count
            maker.append(row, to: &code)
            instructions += 1
            let words = code.words[before...].map { String($0, radix: 16) }.joined(separator: " ")
            lastPiece = "\(row.mnemonic) (\(words))"
            if isLoop, piece == loopStart + loopLength || piece == length - 1, piece >= loopStart, loopTarget != 0 {
                code.loop(Reserved.counter, to: loopTarget)
                loopTarget = 0
            }
        }
    }

    /// The same for Linux.
    var program: PeerProgram { PeerProgram(.aarch64, image, at: ElementImage.base) }
}
