import Decoding
import GuestRISCV
import RandomIR
import Testing

/// Every row of the decoder, for both widths, is executed with random operands; interpreter and generated code leave the same machine.
@Suite struct EveryRowTests {
    @Test(arguments: [true, false]) func everyRowIsExecutedAndAgrees(_ rv64: Bool) throws {
        let features = try RISCVModel("max", rv64: rv64).extensions.rawValue
        let rows = RISCVInstructionSet.rows.filter { $0.features & ~features == 0 }
        #expect(rows.count > (rv64 ? 290 : 230))
        for round in 0..<8 {
            let program = RowProgram(rows: rows, rv64: rv64, seed: UInt64(round))
            let runs = try HartEngine.allCases.map { try HartImage.run(program.image, $0, rv64: rv64) }
            let left = try runs.map { try program.outcome($0) }
            for engine in left.indices {
                for (row, mark) in zip(program.rows, left[engine].marks) where mark != EveryRowTests.expectedMark(row) {
                    Issue.record("\(HartEngine.allCases[engine].rawValue): \(row.mnemonic) left \(mark)")
                }
            }
            if let place = left[0].words.indices.first(where: { left[0].words[$0] != left[1].words[$0] }) {
                let values = left.map { String($0.words[place], radix: 16) }
                Issue.record("round \(round): \(program.name(place)) is \(values[0]) interpreted and \(values[1]) as host code")
                return
            }
        }
    }

    /// What a row leaves behind: that it was passed, and the cause of the trap that it is for.
    private static func expectedMark(_ row: DecodeRow) -> RowProgram.Mark {
        let causes: [String: UInt64] = ["ecall": 11, "ebreak": 3, "c.ebreak": 3, "sret": 9]
        return .init(passed: 1, cause: causes[row.mnemonic] ?? 0)
    }

    /// The rows together are all rows.
    @Test func noRowBelongsToNoWidth() throws {
        let features = try [true, false].map { try RISCVModel("max", rv64: $0).extensions.rawValue }
        for row in RISCVInstructionSet.rows where !features.contains(where: { row.features & ~$0 == 0 }) {
            Issue.record("no hart has \(row.mnemonic)")
        }
    }
}

/// One program for machine mode that executes every row once, in random order. Behind each row it stores all registers, then a mark. Traps,
/// which are what some rows are for, are counted with their cause and go on behind the row.
struct RowProgram {
    let rows: [DecodeRow]
    let rv64: Bool
    private(set) var image: [UInt8] = []
    private var data = 0

    /// x0–x31, f0–f31, fcsr, the cause and the value of the last trap, the mark.
    private static let words = 68
    private static let record = words * 8
    private static let bufferSize = 16384
    private static let handler = 0x80, entry = 0x100
    /// Offsets in a record, in words.
    private static let fcsr = 64, cause = 65, value = 66, mark = 67

    init(rows: [DecodeRow], rv64: Bool, seed: UInt64) {
        var random = SplitMix(seed)
        self.rows = rows.shuffled(using: &random)
        self.rv64 = rv64
        data = (code(seed, data: 0x10_0000).size + 0x2fff) & ~0xfff
        let code = code(seed, data: data)
        image = code.bytes + [UInt8](repeating: 0, count: data - code.size)
        for _ in 0..<RowProgram.bufferSize / 8 { image += littleEndianBytes(random.floatBits()) }
        // What the registers are at the beginning.
        for index in 0..<RowProgram.words {
            image += littleEndianBytes(index >= 32 && index < 64 ? random.floatBits() : index < 32 ? random.edgy() : 0)
        }
    }

    private func record(_ index: Int) -> Int { data + RowProgram.bufferSize + index * RowProgram.record }

    // MARK: Results

    struct Mark: Equatable {
        let passed: UInt64
        let cause: UInt64
    }

    struct Outcome {
        /// One for each row.
        let marks: [Mark]
        let words: [UInt64]
    }

    func outcome(_ run: HartImage.Result) throws -> Outcome {
        let bytes = try run.bytes(data, RowProgram.bufferSize + (rows.count + 1) * RowProgram.record)
        let words = stride(from: 0, to: bytes.count, by: 8).map { word(bytes, at: $0) }
        let first = RowProgram.bufferSize / 8
        let marks = rows.indices.map { index in
            let start = first + (index + 1) * RowProgram.words
            return Mark(passed: words[start + RowProgram.mark], cause: words[start + RowProgram.cause])
        }
        return Outcome(marks: marks, words: Array(words[first...] + words[..<first]))
    }

    /// What a word of an outcome is.
    func name(_ place: Int) -> String {
        let (index, rest) = (place / RowProgram.words - 1, place % RowProgram.words)
        guard index >= 0, index < rows.count else { return "the buffer" }
        let what = rest < 32 ? "x\(rest)" : rest < 64 ? "f\(rest - 32)" : ["fcsr", "mcause", "mtval", "the mark"][rest - 64]
        return "\(what) after \(rows[index].mnemonic)"
    }

    // MARK: Code

    private func code(_ seed: UInt64, data: Int) -> CodeBuffer {
        var code = CodeBuffer(rv64: rv64)
        prelude(&code)
        var maker = RandomInstructions(seed: seed, rv64: rv64, rows: rows)
        // mscratch, mepc, sscratch, sepc, stvec.
        maker.csrs += [0x340, 0x341, 0x140, 0x141, 0x105].map { ($0, -1) }
        let first = data + RowProgram.bufferSize
        load(&code, first)
        code.address(Reserved.buffer, data + RowProgram.bufferSize / 2 - code.size)
        code.addi(Reserved.compressedBuffer, Reserved.buffer, 0)
        for (index, row) in rows.enumerated() {
            // Where a trap goes on: tp is free between the pieces.
            let place = code.size
            code.address(Reserved.counter, 0)
            append(row, &maker, &code)
            code.patch(place + 4, .addi, from: place)
            store(&code, first + (index + 1) * RowProgram.record)
        }
        code.set(5, HartImage.finish)
        code.store(0, 0, 5)
        code.word(0x0000_006f)
        return code
    }

    /// Traps, the float unit, memory protection that allows everything, everything allowed to lower modes.
    private func prelude(_ code: inout CodeBuffer) {
        code.address(5, RowProgram.handler)
        code.csrw(0x305, 5)
        code.set(5, 0x6000)
        code.csrs(0x300, 5)
        code.addi(5, 0, -1)
        code.csrw(0x3b0, 5)
        code.csrwi(0x3a0, 0x1f)
        code.csrsi(0x344, 2)
        code.word(0x0000_006f | UInt32(RowProgram.entry - code.size) << 20)
        code.pad(to: RowProgram.handler)
        // The handler: on in machine mode, at the address in tp.
        code.csrw(0x341, Reserved.counter)
        code.set(Reserved.counter, 0x1800)
        code.csrs(0x300, Reserved.counter)
        code.word(0x3020_0073)
        code.pad(to: RowProgram.entry)
    }

    private func append(_ row: DecodeRow, _ maker: inout RandomInstructions, _ code: inout CodeBuffer) {
        switch row.mnemonic {
        case "mret": returnFromTrap(row, &code, exceptionPC: 0x341, status: 0x1800)
        case "sret":
            returnFromTrap(row, &code, exceptionPC: 0x141, status: 0x100)
            // From supervisor mode back to machine mode.
            code.word(0x73)
        case "wfi":
            // A supervisor software interrupt is pending: enabled, but not taken while mstatus.MIE is off, it ends the wait.
            code.csrci(0x300, 8)
            code.csrsi(0x304, 2)
            maker.append(row, to: &code)
            code.csrwi(0x304, 0)
        default: maker.append(row, to: &code)
        }
    }

    /// A return to right behind itself, in the mode that the bits in mstatus say.
    private func returnFromTrap(_ row: DecodeRow, _ code: inout CodeBuffer, exceptionPC: Int, status: Int) {
        let place = code.size
        code.address(5, 0)
        code.csrw(exceptionPC, 5)
        code.set(5, status)
        code.csrs(0x300, 5)
        code.word(row.match)
        code.patch(place + 4, .addi, from: place)
    }

    private func load(_ code: inout CodeBuffer, _ record: Int) {
        code.address(Reserved.counter, record - code.size)
        for register in 0..<32 { code.floatLoad(register, 8 * (32 + register), Reserved.counter) }
        for register in 1..<32 where register != Reserved.counter { code.load(register, 8 * register, Reserved.counter) }
    }

    /// Stores all registers and what the last trap said, then a mark; sets mcause and mtval to nothing.
    private func store(_ code: inout CodeBuffer, _ record: Int) {
        let pointer = Reserved.counter
        code.address(pointer, record - code.size)
        for register in 0..<32 { code.floatStore(register, 8 * (32 + register), pointer) }
        for register in 1..<32 where register != pointer { code.store(register, 8 * register, pointer) }
        for (csr, word) in [(0x003, RowProgram.fcsr), (0x342, RowProgram.cause), (0x343, RowProgram.value)] {
            code.csrr(5, csr)
            code.store(5, 8 * word, pointer)
        }
        code.csrwi(0x342, 0)
        code.csrwi(0x343, 0)
        code.addi(5, 0, 1)
        code.store(5, 8 * RowProgram.mark, pointer)
        code.load(5, 8 * 5, pointer)
    }
}
