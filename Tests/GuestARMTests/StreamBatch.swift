import Decoding
import GuestARM
import Peer
import RandomIR

/// Streams of random instructions in one image: each loads all registers, runs, and stores them all. The same image is a program for Linux.
struct StreamBatch {
    /// Which rows each stream's pieces are picked from.
    private let rows: (Int) -> [DecodeRow]
    let set: ARMInstructionSet
    let seeds: [UInt64]
    let length: Int
    private let lastLength: Int
    private(set) var instructions = 0
    private(set) var image: [UInt8] = []
    /// Offset and size of what the streams leave: the buffer, then a record for each.
    private(set) var results = 0
    var resultSize: Int { seeds.count * Record.size + StreamBatch.bufferSize }
    private(set) var lastPiece = ""
    private(set) var pieces: [String] = []

    private static let bufferSize = 32768

    /// Streams of `length` pieces each; `lastLength` cuts the last one short.
    init(_ set: ARMInstructionSet, seeds: [UInt64], length: Int, lastLength: Int? = nil, rows: @escaping (Int) -> [DecodeRow]) throws {
        self.set = set
        self.seeds = seeds
        self.length = length
        self.lastLength = lastLength ?? length
        self.rows = rows
        let size = try code(data: 0x10_0000).size
        let data = (size + 0x2fff) & ~0xfff
        let made = try code(data: data)
        image = made.bytes + [UInt8](repeating: 0, count: data - made.size)
        for seed in seeds {
            var random = SplitMix(seed &* 77)
            image += random.record()
        }
        image += [UInt8](repeating: 0, count: results - image.count)
        var random = SplitMix(seeds[0])
        for _ in 0..<StreamBatch.bufferSize / 8 { image += littleEndianBytes(random.packedFloats()) }
        image += [UInt8](repeating: 0, count: resultSize - StreamBatch.bufferSize)
    }

    /// What lies at a place in the results.
    func name(_ place: Int) -> String {
        if place < StreamBatch.bufferSize { return "the buffer at \(place - StreamBatch.bufferSize / 2)" }
        let place = place - StreamBatch.bufferSize, index = place / Record.size
        return "\(Record.name(place % Record.size)) of stream \(seeds[index])" + (length == 1 ? ", \(pieces[index])," : "")
    }

    // MARK: Code

    private mutating func code(data: Int) throws -> CodeBuffer {
        results = (data + seeds.count * Record.size + 4095) & ~4095
        let base = Int(ARMImage.base), buffer = base + results + StreamBatch.bufferSize / 2
        let cpu = try ARMImage.makeCPU("max", nil)
        var code = CodeBuffer()
        instructions = 0
        pieces = []
        for (index, seed) in seeds.enumerated() {
            code.loadRecord(base + data + index * Record.size)
            var maker = RandomInstructions(seed: seed, cpu: cpu, buffer: buffer)
            if set != .a32 { code.enterThumb() }
            code.set(Reserved.buffer, buffer)
            code.set(Reserved.sp, buffer)
            // A program begins with an address in it; instructions may read it.
            code.set(Reserved.counter, 0)
            code.set(Reserved.index, maker.random.below(16) * 4)
            stream(&code, &maker, rows(index), index == seeds.count - 1 ? lastLength : length)
            if set != .a32 { code.leaveThumb() }
            code.storeRecord(base + results + StreamBatch.bufferSize + index * Record.size)
        }
        // write(1, results, size); exit(0).
        code.set(7, 4)
        code.set(0, 1)
        code.set(1, base + results)
        code.set(2, resultSize)
        code.supervisorCall()
        code.set(7, 1)
        code.set(0, 0)
        code.supervisorCall()
        return code
    }

    private mutating func stream(_ code: inout CodeBuffer, _ maker: inout RandomInstructions, _ rows: [DecodeRow], _ length: Int) {
        // A part of the stream may be a loop.
        let loopStart = maker.random.below(60), loopLength = maker.random.below(12)
        let isLoop = maker.random.oneIn(2) && length > 1
        var loopTarget = 0
        for piece in 0..<length {
            if isLoop, piece == loopStart {
                code.set(Reserved.counter, 1 + maker.random.below(20))
                loopTarget = code.size
            }
            let row = maker.random.pick(rows)
            let before = code.size
            maker.append(row, to: &code)
            instructions += 1
            let words = code.bytes[before...].map { String($0 | 0, radix: 16) }.joined(separator: " ")
            lastPiece = "\(row.mnemonic) (\(words))"
            if piece == 0 { pieces.append(lastPiece) }
            if isLoop, piece == loopStart + loopLength || piece == length - 1, piece >= loopStart, loopTarget != 0 {
                code.loop(Reserved.counter, to: loopTarget)
                loopTarget = 0
            }
        }
    }

    /// The same for Linux.
    var program: PeerProgram { PeerProgram(.arm, image, at: ARMImage.base) }
}
