/// RISC-V code under construction: halfwords, with the few instructions that the tests' frames are made of.
struct CodeBuffer {
    private(set) var halfwords: [UInt16] = []
    let rv64: Bool

    init(rv64: Bool) { self.rv64 = rv64 }

    /// Bytes.
    var size: Int { 2 * halfwords.count }

    var bytes: [UInt8] { halfwords.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] } }

    mutating func word(_ bits: UInt32) { halfwords += [UInt16(truncatingIfNeeded: bits), UInt16(bits >> 16)] }
    mutating func half(_ bits: UInt32) { halfwords.append(UInt16(truncatingIfNeeded: bits)) }

    /// Pads with `nop` and a compressed one to a size in bytes.
    mutating func pad(to size: Int) {
        if self.size & 2 != 0 { half(0x0001) }
        while self.size < size { word(0x0000_0013) }
    }

    // MARK: Instructions of the frames

    mutating func addi(_ rd: Int, _ rs1: Int, _ value: Int) { word(CodeBuffer.i(0x13, 0, rd, rs1, value)) }
    mutating func andi(_ rd: Int, _ rs1: Int, _ value: Int) { word(CodeBuffer.i(0x13, 7, rd, rs1, value)) }
    mutating func add(_ rd: Int, _ rs1: Int, _ rs2: Int) { word(0x33 | UInt32(rd) << 7 | UInt32(rs1) << 15 | UInt32(rs2) << 20) }
    mutating func load(_ rd: Int, _ offset: Int, _ base: Int) { word(CodeBuffer.i(0x03, rv64 ? 3 : 2, rd, base, offset)) }
    mutating func store(_ source: Int, _ offset: Int, _ base: Int) { word(CodeBuffer.s(0x23, rv64 ? 3 : 2, source, base, offset)) }
    mutating func floatLoad(_ rd: Int, _ offset: Int, _ base: Int) { word(CodeBuffer.i(0x07, 3, rd, base, offset)) }
    mutating func floatStore(_ source: Int, _ offset: Int, _ base: Int) { word(CodeBuffer.s(0x27, 3, source, base, offset)) }
    mutating func csrw(_ csr: Int, _ rs1: Int) { word(0x1073 | UInt32(rs1) << 15 | UInt32(csr) << 20) }
    mutating func csrs(_ csr: Int, _ rs1: Int) { word(0x2073 | UInt32(rs1) << 15 | UInt32(csr) << 20) }
    mutating func csrr(_ rd: Int, _ csr: Int) { word(0x2073 | UInt32(rd) << 7 | UInt32(csr) << 20) }
    mutating func csrwi(_ csr: Int, _ value: Int) { word(0x5073 | UInt32(value) << 15 | UInt32(csr) << 20) }
    mutating func csrci(_ csr: Int, _ value: Int) { word(0x7073 | UInt32(value) << 15 | UInt32(csr) << 20) }
    mutating func csrsi(_ csr: Int, _ value: Int) { word(0x6073 | UInt32(value) << 15 | UInt32(csr) << 20) }

    /// rd = the address `distance` bytes from here.
    mutating func address(_ rd: Int, _ distance: Int) {
        let high = (distance + 0x800) >> 12
        word(0x17 | UInt32(rd) << 7 | UInt32(truncatingIfNeeded: high) << 12)
        addi(rd, rd, distance - high << 12)
    }

    /// rd = a value that fits 32 bits as a signed number.
    mutating func set(_ rd: Int, _ value: Int) {
        let high = (value + 0x800) >> 12
        word(0x37 | UInt32(rd) << 7 | UInt32(truncatingIfNeeded: high) << 12)
        word(CodeBuffer.i(rv64 ? 0x1b : 0x13, 0, rd, rd, value - high << 12))
    }

    // MARK: Formats

    static func i(_ opcode: UInt32, _ funct3: UInt32, _ rd: Int, _ rs1: Int, _ value: Int) -> UInt32 {
        opcode | UInt32(rd) << 7 | funct3 << 12 | UInt32(rs1) << 15 | UInt32(truncatingIfNeeded: value & 0xfff) << 20
    }

    static func s(_ opcode: UInt32, _ funct3: UInt32, _ rs2: Int, _ rs1: Int, _ value: Int) -> UInt32 {
        let bits = UInt32(truncatingIfNeeded: value & 0xfff)
        return opcode | (bits & 31) << 7 | funct3 << 12 | UInt32(rs1) << 15 | UInt32(rs2) << 20 | (bits >> 5) << 25
    }

    // MARK: Jumps to what comes later

    enum Jump { case branch, jal, jalr, compressedBranch, compressedJump, addi }

    /// Makes the jump (or the addition to a program counter) at `place` reach from `origin` to the end of what there is.
    mutating func patch(_ place: Int, _ kind: Jump, from origin: Int) {
        let d = UInt32(size - origin)
        let index = place / 2
        func field(_ low: UInt32, _ count: UInt32, _ at: UInt32) -> UInt32 { (d >> low & ((1 << count) - 1)) << at }
        switch kind {
        case .branch: or(index, field(11, 1, 7) | field(1, 4, 8) | field(5, 6, 25) | field(12, 1, 31))
        case .jal: or(index, field(12, 8, 12) | field(11, 1, 20) | field(1, 10, 21) | field(20, 1, 31))
        case .jalr, .addi: or(index, field(0, 12, 20))
        case .compressedBranch:
            halfwords[index] |= UInt16(field(5, 1, 2) | field(1, 2, 3) | field(6, 2, 5) | field(3, 2, 10) | field(8, 1, 12))
        case .compressedJump:
            let low = field(5, 1, 2) | field(1, 3, 3) | field(7, 1, 6) | field(6, 1, 7)
            halfwords[index] |= UInt16(low | field(10, 1, 8) | field(8, 2, 9) | field(4, 1, 11) | field(11, 1, 12))
        }
    }

    private mutating func or(_ index: Int, _ bits: UInt32) {
        halfwords[index] |= UInt16(truncatingIfNeeded: bits)
        halfwords[index + 1] |= UInt16(bits >> 16)
    }

    /// Appends a conditional branch backwards to `target`, taken while x`register` is not zero.
    mutating func loop(_ register: Int, to target: Int) {
        let d = UInt32(bitPattern: Int32(target - size))
        let low = (d >> 11 & 1) << 7 | (d >> 1 & 15) << 8
        word(0x1063 | UInt32(register) << 15 | low | (d >> 5 & 63) << 25 | (d >> 12 & 1) << 31)
    }
}
