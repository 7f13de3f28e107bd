import Decoding

/// Multiplication and division (DDI 0406, A5.2.5, A5.2.7, A5.4.4, A6.3.16, A6.3.17).
enum MultiplyInstruction: Int, ChapterInstruction {
    static let chapter = Chapter.multiply
    case mul, mla, mls, umaal, umull, umlal, smull, smlal
    case smla_xy, smlaw_y, smulw_y, smlal_xy, smul_xy
    case smlad, smlsd, smlald, smlsld, smmla, smmls
    case sdiv, udiv, usada8
}

let a32MultiplyRows: [DecodeRow] = [
    .init(MultiplyInstruction.mul, "cccc 0000000 s dddd 0000 mmmm 1001 nnnn"),
    .init(MultiplyInstruction.mla, "cccc 0000001 s dddd aaaa mmmm 1001 nnnn"),
    .init(MultiplyInstruction.umaal, "cccc 00000100 dddd aaaa mmmm 1001 nnnn", .v6),
    .init(MultiplyInstruction.mls, "cccc 00000110 dddd aaaa mmmm 1001 nnnn", .v6t2),
    .init(MultiplyInstruction.umull, "cccc 0000100 s dddd aaaa mmmm 1001 nnnn"),
    .init(MultiplyInstruction.umlal, "cccc 0000101 s dddd aaaa mmmm 1001 nnnn"),
    .init(MultiplyInstruction.smull, "cccc 0000110 s dddd aaaa mmmm 1001 nnnn"),
    .init(MultiplyInstruction.smlal, "cccc 0000111 s dddd aaaa mmmm 1001 nnnn"),
    .init(MultiplyInstruction.smla_xy, "cccc 00010000 dddd aaaa mmmm 1 y x 0 nnnn"),
    .init(MultiplyInstruction.smlaw_y, "cccc 00010010 dddd aaaa mmmm 1 y 0 0 nnnn"),
    .init(MultiplyInstruction.smulw_y, "cccc 00010010 dddd 0000 mmmm 1 y 1 0 nnnn"),
    .init(MultiplyInstruction.smlal_xy, "cccc 00010100 dddd aaaa mmmm 1 y x 0 nnnn"),
    .init(MultiplyInstruction.smul_xy, "cccc 00010110 dddd 0000 mmmm 1 y x 0 nnnn"),
    .init(MultiplyInstruction.smlad, "cccc 01110000 dddd aaaa mmmm 00 x 1 nnnn", .v6),
    .init(MultiplyInstruction.smlsd, "cccc 01110000 dddd aaaa mmmm 01 x 1 nnnn", .v6),
    .init(MultiplyInstruction.smlald, "cccc 01110100 dddd aaaa mmmm 00 x 1 nnnn", .v6),
    .init(MultiplyInstruction.smlsld, "cccc 01110100 dddd aaaa mmmm 01 x 1 nnnn", .v6),
    .init(MultiplyInstruction.smmla, "cccc 01110101 dddd aaaa mmmm 00 r 1 nnnn", .v6),
    .init(MultiplyInstruction.smmls, "cccc 01110101 dddd aaaa mmmm 11 r 1 nnnn", .v6),
    .init(MultiplyInstruction.sdiv, "cccc 01110001 dddd 1111 mmmm 0001 nnnn", .divideARM),
    .init(MultiplyInstruction.udiv, "cccc 01110011 dddd 1111 mmmm 0001 nnnn", .divideARM),
    .init(MultiplyInstruction.usada8, "cccc 01111000 dddd aaaa mmmm 0001 nnnn", .v6),
]

let t32MultiplyRows: [DecodeRow] = [
    .init(MultiplyInstruction.mla, "11111011 0 000 nnnn aaaa dddd 0000 mmmm", .v6t2),
    .init(MultiplyInstruction.mls, "11111011 0 000 nnnn aaaa dddd 0001 mmmm", .v6t2),
    .init(MultiplyInstruction.smla_xy, "11111011 0 001 nnnn aaaa dddd 00 x y mmmm", .v6t2),
    .init(MultiplyInstruction.smlad, "11111011 0 010 nnnn aaaa dddd 000 x mmmm", .v6t2),
    .init(MultiplyInstruction.smlaw_y, "11111011 0 011 nnnn aaaa dddd 000 y mmmm", .v6t2),
    .init(MultiplyInstruction.smlsd, "11111011 0 100 nnnn aaaa dddd 000 x mmmm", .v6t2),
    .init(MultiplyInstruction.smmla, "11111011 0 101 nnnn aaaa dddd 000 r mmmm", .v6t2),
    .init(MultiplyInstruction.smmls, "11111011 0 110 nnnn aaaa dddd 000 r mmmm", .v6t2),
    .init(MultiplyInstruction.usada8, "11111011 0 111 nnnn aaaa dddd 0000 mmmm", .v6t2),
    .init(MultiplyInstruction.smull, "11111011 1 000 nnnn aaaa dddd 0000 mmmm", .v6t2),
    .init(MultiplyInstruction.sdiv, "11111011 1 001 nnnn 1111 dddd 1111 mmmm", .divideThumb),
    .init(MultiplyInstruction.umull, "11111011 1 010 nnnn aaaa dddd 0000 mmmm", .v6t2),
    .init(MultiplyInstruction.udiv, "11111011 1 011 nnnn 1111 dddd 1111 mmmm", .divideThumb),
    .init(MultiplyInstruction.smlal, "11111011 1 100 nnnn aaaa dddd 0000 mmmm", .v6t2),
    .init(MultiplyInstruction.smlal_xy, "11111011 1 100 nnnn aaaa dddd 10 x y mmmm", .v6t2),
    .init(MultiplyInstruction.smlald, "11111011 1 100 nnnn aaaa dddd 110 x mmmm", .v6t2),
    .init(MultiplyInstruction.smlsld, "11111011 1 101 nnnn aaaa dddd 110 x mmmm", .v6t2),
    .init(MultiplyInstruction.umlal, "11111011 1 110 nnnn aaaa dddd 0000 mmmm", .v6t2),
    .init(MultiplyInstruction.umaal, "11111011 1 110 nnnn aaaa dddd 0110 mmmm", .v6t2),
]
