import Decoding
import GuestAArch64
import Peer
import RandomIR
import Testing

/// Every row of the decoder is executed with random operands; interpreter and generated code leave the same machine.
@Suite struct EveryRowTests {
    /// What rows raise that are there to raise something.
    private static let raised: [String: Syndrome.Class] = Dictionary(
        uniqueKeysWithValues: [("svc", .supervisorCall), ("brk", .breakpoint)] + RandomInstructions.privileged.map { ($0, .unknown) })

    @Test func everyRowIsExecutedAndAgrees() throws {
        let rows = AArch64InstructionSet.rows
        for round in 0..<8 {
            let program = try RowProgram(rows: rows, seed: UInt64(round))
            let runs = try ElementEngine.allCases.map { try ElementImage.run(program.image, $0) }
            #expect(runs[0].passed == runs[1].passed)
            let raised = Dictionary(uniqueKeysWithValues: runs[0].passed.map { (program.row(at: $0.offset)?.mnemonic ?? "a frame", $0.kind) })
            #expect(raised == EveryRowTests.raised)
            let left = try runs.map { try $0.bytes(program.results, program.resultSize) }
            guard let place = left[0].indices.first(where: { left[0][$0] != left[1][$0] }) else { continue }
            let values = left.map { String(word($0, at: place & ~7), radix: 16) }
            Issue.record("round \(round): \(program.name(place)) is \(values[0]) interpreted and \(values[1]) as host code")
            return
        }
    }
}

/// One program that executes every row once, in random order, and stores all registers behind each.
struct RowProgram {
    let rows: [DecodeRow]
    private(set) var image: [UInt8] = []
    /// Offset of what the program leaves: a record for each row, then the buffer.
    private(set) var results = 0
    private var starts: [Int] = []

    private static let bufferSize = 32768
    var resultSize: Int { rows.count * Record.size + RowProgram.bufferSize }

    init(rows: [DecodeRow], seed: UInt64) throws {
        var random = SplitMix(seed)
        self.rows = rows.shuffled(using: &random)
        // The size of the code decides where the data are: it is made twice.
        let size = try code(seed, data: 0x10_0000).size
        let data = (size + 0x2fff) & ~0xfff
        let made = try code(seed, data: data)
        image = made.bytes + [UInt8](repeating: 0, count: data - made.size)
        image += random.record().flatMap(littleEndianBytes)
        image += [UInt8](repeating: 0, count: results - image.count + rows.count * Record.size)
        for _ in 0..<RowProgram.bufferSize / 8 { image += littleEndianBytes(random.packedFloats()) }
    }

    private mutating func code(_ seed: UInt64, data: Int) throws -> CodeBuffer {
        results = data + 1024
        let base = Int(ElementImage.base)
        let middle = base + results + rows.count * Record.size + RowProgram.bufferSize / 2
        let cpu = try ElementImage.run([0xa8, 0x0b, 0x80, 0xd2, 0x01, 0, 0, 0xd4], .interpreter).cpu
        var maker = RandomInstructions(seed: seed, cpu: cpu, buffer: middle)
        var code = CodeBuffer()
        code.loadRecord(base + data)
        code.set(Reserved.buffer, middle)
        starts = []
        for (index, row) in rows.enumerated() {
            starts.append(code.size)
            code.set(Reserved.index, maker.random.below(64))
            maker.append(row, to: &code)
            code.storeRecord(base + results + index * Record.size)
        }
        code.set(8, 93)
        code.supervisorCall()
        return code
    }

    func row(at offset: Int) -> DecodeRow? { starts.lastIndex { $0 <= offset }.map { rows[$0] } }

    /// What lies at a place in the results.
    func name(_ place: Int) -> String {
        let (index, rest) = (place / Record.size, place % Record.size)
        guard index < rows.count else { return "the buffer at \(place - rows.count * Record.size)" }
        return "\(Record.name(rest)) after \(rows[index].mnemonic) (\(String(instruction(index), radix: 16)))"
    }

    /// The row's instruction, behind the two that set the index.
    private func instruction(_ index: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(image[starts[index] + 8 + $1]) << UInt32(8 * $1) }
    }
}
