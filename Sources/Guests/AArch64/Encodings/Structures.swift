import Decoding

/// Loads and stores of vectors, by elements (DDI 0487, C4.1.88, Advanced SIMD load/store structures). The numbers count registers.
enum StructureInstruction: Int, ChapterInstruction {
    case st4, st1_4, st3, st1_3, st1_1, st2, st1_2
    case ld4, ld1_4, ld3, ld1_3, ld1_1, ld2, ld1_2
    case st_lane, ld_lane, ld1r, ld2r, ld3r, ld4r

    static let chapter = Chapter.structure
}

/// Letters: q the vectors' size, p post-index, m what is added then, z the element's size, o, y opcode and lane, n the base, T the first register.
let structureRows: [DecodeRow] = [
    .init(StructureInstruction.st4, "0 q 001100 p 0 0 mmmmm 0000 zz nnnnn TTTTT"),
    .init(StructureInstruction.st1_4, "0 q 001100 p 0 0 mmmmm 0010 zz nnnnn TTTTT"),
    .init(StructureInstruction.st3, "0 q 001100 p 0 0 mmmmm 0100 zz nnnnn TTTTT"),
    .init(StructureInstruction.st1_3, "0 q 001100 p 0 0 mmmmm 0110 zz nnnnn TTTTT"),
    .init(StructureInstruction.st1_1, "0 q 001100 p 0 0 mmmmm 0111 zz nnnnn TTTTT"),
    .init(StructureInstruction.st2, "0 q 001100 p 0 0 mmmmm 1000 zz nnnnn TTTTT"),
    .init(StructureInstruction.st1_2, "0 q 001100 p 0 0 mmmmm 1010 zz nnnnn TTTTT"),
    .init(StructureInstruction.ld4, "0 q 001100 p 1 0 mmmmm 0000 zz nnnnn TTTTT"),
    .init(StructureInstruction.ld1_4, "0 q 001100 p 1 0 mmmmm 0010 zz nnnnn TTTTT"),
    .init(StructureInstruction.ld3, "0 q 001100 p 1 0 mmmmm 0100 zz nnnnn TTTTT"),
    .init(StructureInstruction.ld1_3, "0 q 001100 p 1 0 mmmmm 0110 zz nnnnn TTTTT"),
    .init(StructureInstruction.ld1_1, "0 q 001100 p 1 0 mmmmm 0111 zz nnnnn TTTTT"),
    .init(StructureInstruction.ld2, "0 q 001100 p 1 0 mmmmm 1000 zz nnnnn TTTTT"),
    .init(StructureInstruction.ld1_2, "0 q 001100 p 1 0 mmmmm 1010 zz nnnnn TTTTT"),
    .init(StructureInstruction.st_lane, "0 q 001101 p 0 r mmmmm oo o y zz nnnnn TTTTT"),
    .init(StructureInstruction.ld_lane, "0 q 001101 p 1 r mmmmm oo o y zz nnnnn TTTTT"),
    .init(StructureInstruction.ld1r, "0 q 001101 p 1 0 mmmmm 110 0 zz nnnnn TTTTT"),
    .init(StructureInstruction.ld2r, "0 q 001101 p 1 1 mmmmm 110 0 zz nnnnn TTTTT"),
    .init(StructureInstruction.ld3r, "0 q 001101 p 1 0 mmmmm 111 0 zz nnnnn TTTTT"),
    .init(StructureInstruction.ld4r, "0 q 001101 p 1 1 mmmmm 111 0 zz nnnnn TTTTT"),
]
