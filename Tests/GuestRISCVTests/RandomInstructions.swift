import Decoding
import RandomIR

/// Registers with a task of their own in random code: nothing else writes them.
enum Reserved {
    /// The middle of the scratch buffer (sp, and s0 for the compressed instructions that cannot name sp).
    static let buffer = 2, compressedBuffer = 8
    /// Counts loops; between the pieces it belongs to the frame.
    static let counter = 4
    static let all: Set<Int> = [buffer, compressedBuffer, counter]
}

/// Makes random instructions of given rows, each with what it needs around it: an address in the scratch buffer, something to jump over.
struct RandomInstructions {
    var random: SplitMix
    let rv64: Bool
    /// What jumps may jump over.
    let fillers: [DecodeRow]
    /// CSRs to read and write with a value that is harmless in them.
    var csrs: [(number: Int, mask: Int)] = [(0x001, 31), (0x002, 4), (0x003, 0x9f)]

    init(seed: UInt64, rv64: Bool, rows: [DecodeRow]) {
        random = SplitMix(seed)
        self.rv64 = rv64
        fillers = rows.filter { $0.width == 32 && [0x13, 0x33, 0x53].contains($0.match & 0x7f) }
    }

    // MARK: Registers

    /// Any register that random code may write; x0 now and then.
    private mutating func target() -> Int {
        while true {
            let register = random.below(32)
            if !Reserved.all.contains(register) { return register }
        }
    }

    private mutating func realTarget() -> Int {
        while true {
            let register = target()
            if register != 0 { return register }
        }
    }

    private mutating func smallTarget() -> UInt32 { UInt32(1 + random.below(7)) }

    // MARK: Snippets

    /// Appends an instruction of the row.
    mutating func append(_ row: DecodeRow, to code: inout CodeBuffer) {
        if row.width == 16 { return appendCompressed(row, to: &code) }
        switch row.match & 0x7f {
        case 0x03, 0x07, 0x23, 0x27: access(row, &code)
        case 0x2f: atomic(row, &code)
        case 0x63: branch(row, &code)
        case 0x6f:
            let place = code.size
            code.word(row.match | UInt32(target()) << 7)
            fill(&code)
            code.patch(place, .jal, from: place)
        case 0x67:
            let base = realTarget()
            let origin = code.size
            code.word(0x17 | UInt32(base) << 7)
            code.word(row.match | UInt32(target()) << 7 | UInt32(base) << 15)
            fill(&code)
            code.patch(origin + 4, .jalr, from: origin)
        case 0x73 where row.pattern.contains("c"): csr(row, &code)
        case 0x0f where row.mnemonic == "fence": code.word(row.encode(operands: 0x0ff0_0000 & word()))
        case 0x0f where row.mnemonic.hasPrefix("cbo"):
            let base = pointer(&code, alignment: 64)
            code.word(row.match | UInt32(base) << 15)
        default: code.word(fields(row))
        }
    }

    /// Between one and three instructions that go straight on.
    private mutating func fill(_ code: inout CodeBuffer) {
        for _ in 0...random.below(3) { code.word(fields(random.pick(fillers))) }
    }

    private mutating func word() -> UInt32 { UInt32(truncatingIfNeeded: random.next()) }

    /// The row's bits with random operands: registers, immediates, a rounding mode that exists.
    private mutating func fields(_ row: DecodeRow) -> UInt32 {
        var bits = word()
        if row.pattern.contains("d") { bits = bits & ~0xf80 | UInt32(target()) << 7 }
        if row.pattern.contains("m") { bits = bits & ~0x7000 | random.pick([0, 1, 2, 3, 4, 7, 7, 7]) << 12 }
        return row.encode(operands: bits)
    }

    private mutating func branch(_ row: DecodeRow, _ code: inout CodeBuffer) {
        let place = code.size
        let left = UInt32(random.below(32))
        let right = random.oneIn(4) ? left : UInt32(random.below(32))
        code.word(row.match | left << 15 | right << 20)
        fill(&code)
        code.patch(place, .branch, from: place)
    }

    // MARK: Memory

    /// Makes a register point into the scratch buffer, at most 2 KiB from its middle.
    private mutating func pointer(_ code: inout CodeBuffer, alignment: Int) -> Int {
        let register = realTarget()
        code.andi(register, random.below(32), 0x7ff & ~(alignment - 1))
        code.add(register, register, Reserved.buffer)
        return register
    }

    private mutating func access(_ row: DecodeRow, _ code: inout CodeBuffer) {
        // Mostly aligned to eight bytes; now and then at random, sometimes across a page's end.
        let base: Int
        switch random.below(4) {
        case 0: base = pointer(&code, alignment: random.oneIn(4) ? 1 : 8)
        case 1: base = Reserved.compressedBuffer
        default: base = Reserved.buffer
        }
        var offset = random.below(4096) - 2048
        if !random.oneIn(8) { offset &= ~7 }
        if random.oneIn(16) { offset = -1 - random.below(7) }
        if row.match & 0x20 == 0 {
            let register = row.pattern.contains("D") ? random.below(32) : target()
            code.word(CodeBuffer.i(row.match & 0x7f, row.match >> 12 & 7, register, base, offset))
        } else {
            code.word(CodeBuffer.s(row.match & 0x7f, row.match >> 12 & 7, random.below(32), base, offset))
        }
    }

    private mutating func atomic(_ row: DecodeRow, _ code: inout CodeBuffer) {
        let base = pointer(&code, alignment: 16)
        let ordering = UInt32(random.below(4)) << 25
        let isPair = row.mnemonic == "amocas.q" || row.mnemonic == "amocas.d" && !rv64
        var target = self.target(), source = random.below(32)
        if isPair {
            // Neither half may be a register with a task.
            while target & 1 != 0 || Reserved.all.contains(target) || Reserved.all.contains(target + 1) { target = self.target() }
            source &= ~1
        }
        if row.mnemonic.hasPrefix("amocas"), target != 0, target != base, target + 1 != base, random.oneIn(2) {
            // What is there, so that the exchange takes place.
            code.load(target, 0, base)
            if isPair { code.load(target + 1, rv64 ? 8 : 4, base) }
        }
        if row.mnemonic.hasPrefix("sc"), !random.oneIn(4) {
            // A reservation, of the same width.
            var loaded = realTarget()
            while loaded == base { loaded = realTarget() }
            code.word(0x1000_002f | row.match & 0x7000 | UInt32(loaded) << 7 | UInt32(base) << 15)
        }
        let isLoad = row.mnemonic.hasPrefix("lr")
        if isLoad, target == base { target = 0 }
        code.word(row.encode(operands: ordering | UInt32(target) << 7 | UInt32(base) << 15 | UInt32(source) << 20))
        // No reservation stays behind: whether a later store breaks it is up to the implementation.
        if isLoad { code.word(0x1800_002f | row.match & 0x7000 | UInt32(self.target()) << 7 | UInt32(base) << 15 | UInt32(source) << 20) }
    }

    // MARK: System

    private mutating func csr(_ row: DecodeRow, _ code: inout CodeBuffer) {
        let (number, mask) = random.pick(csrs)
        let holdsMode = mask == 4 || mask == 0x9f
        // Rounding modes above 4 are reserved; setting bits of a mode could make one, from 0 it cannot.
        if holdsMode, row.mnemonic.hasPrefix("csrrs") { code.csrwi(number, 0) }
        var source = UInt32(random.below(32) & mask)
        if row.pattern.contains("s") {
            let register = realTarget()
            if holdsMode { code.andi(register, random.below(32), mask) }
            source = random.oneIn(4) ? 0 : UInt32(register)
        } else if mask == 4 {
            source = UInt32(random.below(5))
        }
        code.word(row.match | UInt32(target()) << 7 | source << 15 | UInt32(number) << 20)
    }

    // MARK: Compressed

    private mutating func appendCompressed(_ row: DecodeRow, to code: inout CodeBuffer) {
        let place = code.size
        switch row.mnemonic {
        case "c.j", "c.jal":
            code.half(row.match)
            fill(&code)
            code.patch(place, .compressedJump, from: place)
        case "c.beqz", "c.bnez":
            code.half(row.match | UInt32(random.below(8)) << 7)
            fill(&code)
            code.patch(place, .compressedBranch, from: place)
        case "c.jr", "c.jalr":
            let base = realTarget()
            code.word(0x17 | UInt32(base) << 7)
            code.addi(base, base, 0)
            code.half(row.match | UInt32(base) << 7)
            fill(&code)
            code.patch(place + 4, .addi, from: place)
        case "c.addi16sp":
            // There and back: sp has a task.
            let amount = random.pick([0x04, 0x08, 0x20, 0x40])
            let bits = UInt32(amount)
            code.half(row.match | bits)
            code.word(CodeBuffer.i(0x13, 0, 2, 2, -CompressedOffset.addi16sp(bits)))
        default: code.half(compressedFields(row))
        }
    }

    /// Letters: d and t are full register numbers, x and y and z three-bit ones; in memory rows x is the base.
    private mutating func compressedFields(_ row: DecodeRow) -> UInt32 {
        let letters = Set(row.pattern)
        let isMemory = row.match & 3 == 0 && row.mnemonic != "c.addi4spn"
        let floats = row.mnemonic.hasPrefix("c.f")
        while true {
            var bits = row.encode(operands: word())
            if letters.contains("d") { bits = bits & ~0xf80 | UInt32(floats ? random.below(32) : target()) << 7 }
            if letters.contains("x") { bits = bits & ~0x380 | (isMemory ? 0 : smallTarget()) << 7 }
            if letters.contains("z") {
                let isLoad = row.mnemonic == "c.addi4spn" || row.mnemonic.hasPrefix("c.l")
                bits = bits & ~0x1c | (isLoad ? smallTarget() : UInt32(random.below(8))) << 2
            }
            bits = row.encode(operands: bits)
            if row.isAllowed(bits, rv64: rv64) { return bits }
        }
    }
}

/// Offsets spread over the bits of compressed instructions.
enum CompressedOffset {
    static func addi16sp(_ bits: UInt32) -> Int {
        let value = (bits >> 6 & 1) << 4 | (bits >> 2 & 1) << 5 | (bits >> 5 & 1) << 6 | (bits >> 3 & 3) << 7
        return Int(value)
    }
}

extension DecodeRow {
    /// Whether a compressed instruction is neither reserved nor another one.
    fileprivate func isAllowed(_ bits: UInt32, rv64: Bool) -> Bool {
        let register = bits >> 7 & 31, immediate = bits >> 2 & 31 | bits >> 7 & 32
        switch mnemonic {
        case "c.addi4spn": return bits >> 5 & 0xff != 0
        case "c.lui": return register != 2 && immediate != 0
        case "c.addiw", "c.lwsp", "c.ldsp": return register != 0
        case "c.slli", "c.srli", "c.srai": return rv64 || immediate < 32
        case "c.mv", "c.add": return bits >> 2 & 31 != 0
        default: return true
        }
    }
}
