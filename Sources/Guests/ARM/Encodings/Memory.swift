import Decoding

/// Loads and stores (DDI 0406, A5.2.8 to A5.2.10, A5.3, A5.5, A6.3.5 to A6.3.10).
enum MemoryInstruction: Int, ChapterInstruction {
    static let chapter = Chapter.memory
    // A32, with offsets in an immediate or a register.
    case str, ldr, strb, ldrb, str_reg, ldr_reg, strb_reg, ldrb_reg
    case strh, ldrh, ldrsb, ldrsh, ldrd, strd, strh_reg, ldrh_reg, ldrsb_reg, ldrsh_reg, ldrd_reg, strd_reg
    case ldm, stm, swp, pld, pld_reg
    // T32: offsets of 12 bits, of 8 bits with indexing, in a register, from the program counter.
    case str_12, ldr_12, ldrs_12, str_8, ldr_8, ldrs_8, str_r, ldr_r, ldrs_r, ldr_lit, ldrs_lit
    case ldrd_t, strd_t, ldmdb, stmdb, tbb
    // Both: exclusive and ordered accesses.
    case ldrex, strex, ldrexb, strexb, ldrexh, strexh, ldrexd, strexd
    case lda, stl, ldab, stlb, ldah, stlh, ldaex, stlex, ldaexb, stlexb, ldaexh, stlexh, ldaexd, stlexd
}

let a32MemoryRows: [DecodeRow] = [
    .init(MemoryInstruction.str, "cccc 010 p u 0 w 0 nnnn tttt iiiiiiiiiiii"),
    .init(MemoryInstruction.ldr, "cccc 010 p u 0 w 1 nnnn tttt iiiiiiiiiiii"),
    .init(MemoryInstruction.strb, "cccc 010 p u 1 w 0 nnnn tttt iiiiiiiiiiii"),
    .init(MemoryInstruction.ldrb, "cccc 010 p u 1 w 1 nnnn tttt iiiiiiiiiiii"),
    .init(MemoryInstruction.str_reg, "cccc 011 p u 0 w 0 nnnn tttt iiiii hh 0 mmmm"),
    .init(MemoryInstruction.ldr_reg, "cccc 011 p u 0 w 1 nnnn tttt iiiii hh 0 mmmm"),
    .init(MemoryInstruction.strb_reg, "cccc 011 p u 1 w 0 nnnn tttt iiiii hh 0 mmmm"),
    .init(MemoryInstruction.ldrb_reg, "cccc 011 p u 1 w 1 nnnn tttt iiiii hh 0 mmmm"),
    .init(MemoryInstruction.strh, "cccc 000 p u 1 w 0 nnnn tttt iiii 1011 iiii"),
    .init(MemoryInstruction.ldrd, "cccc 000 p u 1 w 0 nnnn tttt iiii 1101 iiii"),
    .init(MemoryInstruction.strd, "cccc 000 p u 1 w 0 nnnn tttt iiii 1111 iiii"),
    .init(MemoryInstruction.ldrh, "cccc 000 p u 1 w 1 nnnn tttt iiii 1011 iiii"),
    .init(MemoryInstruction.ldrsb, "cccc 000 p u 1 w 1 nnnn tttt iiii 1101 iiii"),
    .init(MemoryInstruction.ldrsh, "cccc 000 p u 1 w 1 nnnn tttt iiii 1111 iiii"),
    .init(MemoryInstruction.strh_reg, "cccc 000 p u 0 w 0 nnnn tttt 0000 1011 mmmm"),
    .init(MemoryInstruction.ldrd_reg, "cccc 000 p u 0 w 0 nnnn tttt 0000 1101 mmmm"),
    .init(MemoryInstruction.strd_reg, "cccc 000 p u 0 w 0 nnnn tttt 0000 1111 mmmm"),
    .init(MemoryInstruction.ldrh_reg, "cccc 000 p u 0 w 1 nnnn tttt 0000 1011 mmmm"),
    .init(MemoryInstruction.ldrsb_reg, "cccc 000 p u 0 w 1 nnnn tttt 0000 1101 mmmm"),
    .init(MemoryInstruction.ldrsh_reg, "cccc 000 p u 0 w 1 nnnn tttt 0000 1111 mmmm"),
    .init(MemoryInstruction.stm, "cccc 100 p u 0 w 0 nnnn rrrrrrrrrrrrrrrr"),
    .init(MemoryInstruction.ldm, "cccc 100 p u 0 w 1 nnnn rrrrrrrrrrrrrrrr"),
    .init(MemoryInstruction.swp, "cccc 00010 b 00 nnnn tttt 0000 1001 mmmm", .swap),
    .init(MemoryInstruction.strex, "cccc 00011000 nnnn dddd 1111 1001 tttt", .v6),
    .init(MemoryInstruction.ldrex, "cccc 00011001 nnnn tttt 1111 1001 1111", .v6),
    .init(MemoryInstruction.strexd, "cccc 00011010 nnnn dddd 1111 1001 tttt", .v6k),
    .init(MemoryInstruction.ldrexd, "cccc 00011011 nnnn tttt 1111 1001 1111", .v6k),
    .init(MemoryInstruction.strexb, "cccc 00011100 nnnn dddd 1111 1001 tttt", .v6k),
    .init(MemoryInstruction.ldrexb, "cccc 00011101 nnnn tttt 1111 1001 1111", .v6k),
    .init(MemoryInstruction.strexh, "cccc 00011110 nnnn dddd 1111 1001 tttt", .v6k),
    .init(MemoryInstruction.ldrexh, "cccc 00011111 nnnn tttt 1111 1001 1111", .v6k),
    .init(MemoryInstruction.stl, "cccc 00011000 nnnn 1111 1100 1001 tttt", .v8),
    .init(MemoryInstruction.lda, "cccc 00011001 nnnn tttt 1100 1001 1111", .v8),
    .init(MemoryInstruction.stlb, "cccc 00011100 nnnn 1111 1100 1001 tttt", .v8),
    .init(MemoryInstruction.ldab, "cccc 00011101 nnnn tttt 1100 1001 1111", .v8),
    .init(MemoryInstruction.stlh, "cccc 00011110 nnnn 1111 1100 1001 tttt", .v8),
    .init(MemoryInstruction.ldah, "cccc 00011111 nnnn tttt 1100 1001 1111", .v8),
    .init(MemoryInstruction.stlex, "cccc 00011000 nnnn dddd 1110 1001 tttt", .v8),
    .init(MemoryInstruction.ldaex, "cccc 00011001 nnnn tttt 1110 1001 1111", .v8),
    .init(MemoryInstruction.stlexd, "cccc 00011010 nnnn dddd 1110 1001 tttt", .v8),
    .init(MemoryInstruction.ldaexd, "cccc 00011011 nnnn tttt 1110 1001 1111", .v8),
    .init(MemoryInstruction.stlexb, "cccc 00011100 nnnn dddd 1110 1001 tttt", .v8),
    .init(MemoryInstruction.ldaexb, "cccc 00011101 nnnn tttt 1110 1001 1111", .v8),
    .init(MemoryInstruction.stlexh, "cccc 00011110 nnnn dddd 1110 1001 tttt", .v8),
    .init(MemoryInstruction.ldaexh, "cccc 00011111 nnnn tttt 1110 1001 1111", .v8),
]

/// Loads from near the program counter: special cases of all other loads, so that none of them takes any.
private func literals(_ instruction: MemoryInstruction, _ first: String) -> [DecodeRow] {
    let below = ["1iiiiiiiiiii", "01iiiiiiiiii", "001iiiiiiiii", "0001iiiiiiii", "00001iiiiiii", "000001iiiiii", "000000iiiiii"]
    return [DecodeRow(instruction, "\(first) 1111 tttt iiiiiiiiiiii".split(separator: "u").joined(separator: "1"), .v6t2)]
        + below.map { DecodeRow(instruction, "\(first) 1111 tttt \($0)".split(separator: "u").joined(separator: "0"), .v6t2) }
}

let t32LiteralRows = literals(.ldr_lit, "1111 1000 u zz 1") + literals(.ldrs_lit, "1111 1001 u 0z 1")

/// z: byte, half-word, word.
let t32MemoryRows: [DecodeRow] = [
    .init(MemoryInstruction.str_12, "1111 1000 1 zz 0 nnnn tttt iiiiiiiiiiii", .v6t2),
    .init(MemoryInstruction.ldr_12, "1111 1000 1 zz 1 nnnn tttt iiiiiiiiiiii", .v6t2),
    .init(MemoryInstruction.ldrs_12, "1111 1001 1 0z 1 nnnn tttt iiiiiiiiiiii", .v6t2),
    .init(MemoryInstruction.str_8, "1111 1000 0 zz 0 nnnn tttt 1 p u w iiiiiiii", .v6t2),
    .init(MemoryInstruction.ldr_8, "1111 1000 0 zz 1 nnnn tttt 1 p u w iiiiiiii", .v6t2),
    .init(MemoryInstruction.ldrs_8, "1111 1001 0 0z 1 nnnn tttt 1 p u w iiiiiiii", .v6t2),
    .init(MemoryInstruction.str_r, "1111 1000 0 zz 0 nnnn tttt 000000 ii mmmm", .v6t2),
    .init(MemoryInstruction.ldr_r, "1111 1000 0 zz 1 nnnn tttt 000000 ii mmmm", .v6t2),
    .init(MemoryInstruction.ldrs_r, "1111 1001 0 0z 1 nnnn tttt 000000 ii mmmm", .v6t2),
    .init(MemoryInstruction.strd_t, "1110 100 1 u 1 w 0 nnnn tttt ssss iiiiiiii", .v6t2),
    .init(MemoryInstruction.ldrd_t, "1110 100 1 u 1 w 1 nnnn tttt ssss iiiiiiii", .v6t2),
    .init(MemoryInstruction.strd_t, "1110 100 0 u 1 1 0 nnnn tttt ssss iiiiiiii", .v6t2, name: "strd_post_t"),
    .init(MemoryInstruction.ldrd_t, "1110 100 0 u 1 1 1 nnnn tttt ssss iiiiiiii", .v6t2, name: "ldrd_post_t"),
    .init(MemoryInstruction.stm, "1110 1000 10 w 0 nnnn rrrrrrrrrrrrrrrr", .v6t2),
    .init(MemoryInstruction.ldm, "1110 1000 10 w 1 nnnn rrrrrrrrrrrrrrrr", .v6t2),
    .init(MemoryInstruction.stmdb, "1110 1001 00 w 0 nnnn rrrrrrrrrrrrrrrr", .v6t2),
    .init(MemoryInstruction.ldmdb, "1110 1001 00 w 1 nnnn rrrrrrrrrrrrrrrr", .v6t2),
    .init(MemoryInstruction.tbb, "1110 1000 1101 nnnn 1111 0000 000 h mmmm", .v6t2),
    .init(MemoryInstruction.strex, "1110 1000 0100 nnnn tttt dddd iiiiiiii", .v6t2),
    .init(MemoryInstruction.ldrex, "1110 1000 0101 nnnn tttt 1111 iiiiiiii", .v6t2),
    .init(MemoryInstruction.strexb, "1110 1000 1100 nnnn tttt 1111 0100 dddd", .v7),
    .init(MemoryInstruction.strexh, "1110 1000 1100 nnnn tttt 1111 0101 dddd", .v7),
    .init(MemoryInstruction.strexd, "1110 1000 1100 nnnn tttt ssss 0111 dddd", .v7),
    .init(MemoryInstruction.ldrexb, "1110 1000 1101 nnnn tttt 1111 0100 1111", .v7),
    .init(MemoryInstruction.ldrexh, "1110 1000 1101 nnnn tttt 1111 0101 1111", .v7),
    .init(MemoryInstruction.ldrexd, "1110 1000 1101 nnnn tttt ssss 0111 1111", .v7),
    .init(MemoryInstruction.stlb, "1110 1000 1100 nnnn tttt 1111 1000 1111", .v8),
    .init(MemoryInstruction.stlh, "1110 1000 1100 nnnn tttt 1111 1001 1111", .v8),
    .init(MemoryInstruction.stl, "1110 1000 1100 nnnn tttt 1111 1010 1111", .v8),
    .init(MemoryInstruction.ldab, "1110 1000 1101 nnnn tttt 1111 1000 1111", .v8),
    .init(MemoryInstruction.ldah, "1110 1000 1101 nnnn tttt 1111 1001 1111", .v8),
    .init(MemoryInstruction.lda, "1110 1000 1101 nnnn tttt 1111 1010 1111", .v8),
    .init(MemoryInstruction.stlexb, "1110 1000 1100 nnnn tttt 1111 1100 dddd", .v8),
    .init(MemoryInstruction.stlexh, "1110 1000 1100 nnnn tttt 1111 1101 dddd", .v8),
    .init(MemoryInstruction.stlex, "1110 1000 1100 nnnn tttt 1111 1110 dddd", .v8),
    .init(MemoryInstruction.stlexd, "1110 1000 1100 nnnn tttt ssss 1111 dddd", .v8),
    .init(MemoryInstruction.ldaexb, "1110 1000 1101 nnnn tttt 1111 1100 1111", .v8),
    .init(MemoryInstruction.ldaexh, "1110 1000 1101 nnnn tttt 1111 1101 1111", .v8),
    .init(MemoryInstruction.ldaex, "1110 1000 1101 nnnn tttt 1111 1110 1111", .v8),
    .init(MemoryInstruction.ldaexd, "1110 1000 1101 nnnn tttt ssss 1111 1111", .v8),
]
