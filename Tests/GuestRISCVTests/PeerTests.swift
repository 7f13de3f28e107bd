import Decoding
import Foundation
import GuestRISCV
import Peer
import RandomIR
import Testing

/// Random streams of everything that user mode may execute, in the interpreter, as host code, and in the distribution's qemu-riscv64.
@Suite struct PeerTests {
    private static let peer = "qemu-riscv64"
    private static let isInstalled = PeerProgram.isInstalled(peer)
    private static let isFull = ProcessInfo.processInfo.environment["APUS_FULL_TESTS"] != nil
    /// What QEMU 7.2 knows of what user mode may execute.
    private static let peerCPU = "rv64,Zfh=true,zba=true,zbb=true,zbc=true,zbs=true"
    private static let ownCPU = "max,zicond=off,zacas=off,zcb=off,zawrs=off,zicbom=off,zicboz=off,svinval=off"
    /// What ends a stream or belongs to other modes.
    private static let notForUsers: Set<String> = [
        "ecall", "ebreak", "c.ebreak", "mret", "sret", "wfi", "sfence.vma", "cbo.inval", "cbo.clean", "cbo.flush", "cbo.zero",
    ]

    /// Where QEMU 7.2 is wrong: its ctzw counts into the upper word when the lower one is zero.
    private static let peerIsWrong: Set<String> = ["ctzw"]

    private static func rows() throws -> [DecodeRow] {
        let features = try RISCVModel(ownCPU, rv64: true).extensions.rawValue
        let without = notForUsers.union(peerIsWrong)
        return RISCVInstructionSet.rows.filter { $0.features & ~features == 0 && !without.contains($0.mnemonic) }
    }

    @Test(.enabled(if: isInstalled, "qemu-riscv64 is not installed (package qemu-user)")) func streamsAgreeWithThePeer() throws {
        let rows = try PeerTests.rows()
        #expect(rows.count > 260)
        let wanted = PeerTests.isFull ? 1_000_000 : 20_000
        var instructions = 0
        var seed: UInt64 = 1
        while instructions < wanted {
            let seeds = (0..<100).map { seed + UInt64($0) }
            seed += 100
            let batch = StreamBatch(seeds: seeds, rows: rows, length: 60)
            instructions += batch.instructions
            if let difference = try difference(batch) {
                Issue.record("\(difference)\n\(try reduced(batch, rows))")
                return
            }
        }
    }

    /// The first difference among the three ways of running; nil for none.
    private func difference(_ batch: StreamBatch) throws -> String? {
        let peer = try runPeer(batch)
        for engine in HartEngine.allCases {
            let own = try HartImage.run(batch.image, engine, cpu: PeerTests.ownCPU).bytes(batch.results, batch.resultSize)
            if own == peer { continue }
            let place = zip(own, peer).enumerated().first { $1.0 != $1.1 }?.offset ?? 0
            let (mine, theirs) = (word(own, at: place & ~7), word(peer, at: place & ~7))
            let values = "\(String(mine, radix: 16)), the peer says \(String(theirs, radix: 16))"
            return "\(engine.rawValue): \(batch.name(place)) is \(values)"
        }
        return nil
    }

    /// The shortest beginning of the batch that still differs.
    private func reduced(_ batch: StreamBatch, _ rows: [DecodeRow]) throws -> String {
        for count in 1...batch.seeds.count {
            let seeds = Array(batch.seeds.prefix(count))
            guard try difference(StreamBatch(seeds: seeds, rows: rows, length: batch.length)) != nil else { continue }
            for length in 1...batch.length {
                let short = StreamBatch(seeds: seeds, rows: rows, length: batch.length, lastLength: length)
                guard let text = try difference(short) else { continue }
                return "\(length) pieces of the last of \(count) streams, the last is \(short.lastPiece): \(text)"
            }
        }
        return "no part of the batch differs"
    }

    private func runPeer(_ batch: StreamBatch) throws -> [UInt8] {
        try batch.program.run("seeds from \(batch.seeds[0])", in: PeerTests.peer, cpu: PeerTests.peerCPU, writing: batch.resultSize)
    }
}

/// Streams in one image: each loads all registers, runs, and stores them all. The same image is a program for Linux.
struct StreamBatch {
    let seeds: [UInt64]
    let length: Int
    private let lastLength: Int
    private(set) var instructions = 0
    private(set) var image: [UInt8] = []
    /// Offset and size of what the streams leave: the buffer, then 66 words for each.
    private(set) var results = 0
    var resultSize: Int { seeds.count * StreamBatch.record + StreamBatch.bufferSize }
    private(set) var lastPiece = ""

    private static let record = 66 * 8
    private static let bufferSize = 16384
    /// Where the program begins; before it lies what a hart in machine mode does first.
    private static let entry = 0x100
    private static let handler = 0x80

    /// Streams of `length` pieces each; `lastLength` cuts the last one short.
    init(seeds: [UInt64], rows: [DecodeRow], length: Int, lastLength: Int? = nil) {
        self.seeds = seeds
        self.length = length
        self.lastLength = lastLength ?? length
        // The size of the code decides where the data are: it is made twice.
        let size = code(rows, data: 0x10_0000).size
        let data = (size + 0x2fff) & ~0xfff
        let made = code(rows, data: data)
        results = StreamBatch.results(data, seeds.count)
        image = made.bytes + [UInt8](repeating: 0, count: data - made.size)
        for seed in seeds {
            var random = SplitMix(seed &* 77)
            for index in 0..<66 { image += littleEndianBytes(initial(index, &random, data)) }
        }
        image += [UInt8](repeating: 0, count: results - image.count)
        var random = SplitMix(seeds[0])
        for _ in 0..<StreamBatch.bufferSize / 8 { image += littleEndianBytes(random.floatBits()) }
        image += [UInt8](repeating: 0, count: resultSize - StreamBatch.bufferSize)
    }

    private static func results(_ data: Int, _ count: Int) -> Int { (data + count * record + 4095) & ~4095 }

    /// A register's value at a stream's beginning: x0–x31, f0–f31, fcsr.
    private func initial(_ index: Int, _ random: inout SplitMix, _ data: Int) -> UInt64 {
        let buffer = StreamBatch.results(data, seeds.count) + StreamBatch.bufferSize / 2
        if index == Reserved.buffer || index == Reserved.compressedBuffer { return HartImage.base + UInt64(buffer) }
        if index < 32 { return random.oneIn(2) ? random.next() : random.edgy() }
        return index < 64 ? random.floatBits() : index == 64 ? UInt64(random.below(5)) << 5 | UInt64(random.below(32)) : 0
    }

    /// What lies at a place in the results.
    func name(_ place: Int) -> String {
        if place < StreamBatch.bufferSize { return "the buffer at \(place)" }
        let place = place - StreamBatch.bufferSize
        let (stream, rest) = (place / StreamBatch.record, place % StreamBatch.record / 8)
        return "seed \(seeds[stream]): " + (rest < 32 ? "x\(rest)" : rest < 64 ? "f\(rest - 32)" : "fcsr")
    }

    // MARK: Code

    private mutating func code(_ rows: [DecodeRow], data: Int) -> CodeBuffer {
        var code = CodeBuffer(rv64: true)
        let results = StreamBatch.results(data, seeds.count)
        // mtvec, and the float unit on.
        code.address(5, StreamBatch.handler)
        code.csrw(0x305, 5)
        code.set(5, 0x6000)
        code.csrs(0x300, 5)
        code.pad(to: StreamBatch.handler - 4)
        code.word(0x0840_006f)  // jal x0, entry
        code.set(5, HartImage.finish)
        code.store(0, 0, 5)
        code.word(0x0000_006f)
        code.pad(to: StreamBatch.entry)
        instructions = 0
        for (index, seed) in seeds.enumerated() {
            frame(&code, data + index * StreamBatch.record, loads: true)
            stream(&code, seed, rows, index == seeds.count - 1 ? lastLength : length)
            frame(&code, results + StreamBatch.bufferSize + index * StreamBatch.record, loads: false)
        }
        // write(1, results, size); exit(0). On the bare hart the first call is a trap that ends the run.
        code.addi(17, 0, 64)
        code.addi(10, 0, 1)
        code.address(11, results - code.size)
        code.set(12, resultSize)
        code.word(0x73)
        code.addi(17, 0, 93)
        code.addi(10, 0, 0)
        code.word(0x73)
        return code
    }

    private func frame(_ code: inout CodeBuffer, _ record: Int, loads: Bool) {
        let pointer = Reserved.counter
        code.address(pointer, record - code.size)
        if loads {
            code.load(5, 64 * 8, pointer)
            code.csrw(0x003, 5)
        }
        for register in 0..<32 {
            let offset = 8 * (32 + register)
            if loads { code.floatLoad(register, offset, pointer) } else { code.floatStore(register, offset, pointer) }
        }
        for register in 1..<32 where register != pointer {
            if loads { code.load(register, 8 * register, pointer) } else { code.store(register, 8 * register, pointer) }
        }
        if !loads {
            code.csrr(5, 0x003)
            code.store(5, 64 * 8, pointer)
        }
    }

    private mutating func stream(_ code: inout CodeBuffer, _ seed: UInt64, _ rows: [DecodeRow], _ length: Int) {
        var maker = RandomInstructions(seed: seed, rv64: true, rows: rows)
        // A part of the stream may be a loop.
        let loopStart = maker.random.below(60), loopLength = maker.random.below(12)
        let isLoop = maker.random.oneIn(2)
        var loopTarget = 0
        for piece in 0..<length {
            if isLoop, piece == loopStart {
                code.addi(Reserved.counter, 0, 1 + maker.random.below(20))
                loopTarget = code.size
            }
            let row = maker.random.pick(rows)
            let before = code.halfwords.count
            maker.append(row, to: &code)
            instructions += 1
            let words = code.halfwords[before...].map { String($0, radix: 16) }.joined(separator: " ")
            lastPiece = "\(row.mnemonic) (\(words))"
            if isLoop, piece == loopStart + loopLength || piece == length - 1, piece >= loopStart, loopTarget != 0 {
                code.addi(Reserved.counter, Reserved.counter, -1)
                code.loop(Reserved.counter, to: loopTarget)
                loopTarget = 0
            }
        }
    }

    /// The same for Linux.
    var program: PeerProgram { PeerProgram(.riscv64, image, at: HartImage.base, entry: HartImage.base + UInt64(StreamBatch.entry)) }
}
