import Decoding

/// Data processing, immediate (DDI 0487, C4.1.86).
enum ImmediateInstruction: Int, ChapterInstruction {
    case adr, adrp
    case add_imm, adds_imm, sub_imm, subs_imm
    case and_imm, orr_imm, eor_imm, ands_imm
    case movn, movz, movk
    case sbfm, bfm, ubfm, extr

    static let chapter = Chapter.immediate
}

/// Letters: f the size, d and n registers, i immediates, b bitmask immediates, h shifts.
let immediateRows: [DecodeRow] = [
    .init(ImmediateInstruction.adr, "0 ii 10000 iiiiiiiiiiiiiiiiiii ddddd"),
    .init(ImmediateInstruction.adrp, "1 ii 10000 iiiiiiiiiiiiiiiiiii ddddd"),
    .init(ImmediateInstruction.add_imm, "f 0 0 100010 h iiiiiiiiiiii nnnnn ddddd"),
    .init(ImmediateInstruction.adds_imm, "f 0 1 100010 h iiiiiiiiiiii nnnnn ddddd"),
    .init(ImmediateInstruction.sub_imm, "f 1 0 100010 h iiiiiiiiiiii nnnnn ddddd"),
    .init(ImmediateInstruction.subs_imm, "f 1 1 100010 h iiiiiiiiiiii nnnnn ddddd"),
    .init(ImmediateInstruction.and_imm, "f 00 100100 bbbbbbbbbbbbb nnnnn ddddd"),
    .init(ImmediateInstruction.orr_imm, "f 01 100100 bbbbbbbbbbbbb nnnnn ddddd"),
    .init(ImmediateInstruction.eor_imm, "f 10 100100 bbbbbbbbbbbbb nnnnn ddddd"),
    .init(ImmediateInstruction.ands_imm, "f 11 100100 bbbbbbbbbbbbb nnnnn ddddd"),
    .init(ImmediateInstruction.movn, "f 00 100101 hh iiiiiiiiiiiiiiii ddddd"),
    .init(ImmediateInstruction.movz, "f 10 100101 hh iiiiiiiiiiiiiiii ddddd"),
    .init(ImmediateInstruction.movk, "f 11 100101 hh iiiiiiiiiiiiiiii ddddd"),
    .init(ImmediateInstruction.sbfm, "f 00 100110 N rrrrrr ssssss nnnnn ddddd"),
    .init(ImmediateInstruction.bfm, "f 01 100110 N rrrrrr ssssss nnnnn ddddd"),
    .init(ImmediateInstruction.ubfm, "f 10 100110 N rrrrrr ssssss nnnnn ddddd"),
    .init(ImmediateInstruction.extr, "f 00 100111 N 0 mmmmm ssssss nnnnn ddddd"),
]
