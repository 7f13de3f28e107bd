import Decoding

/// C (Volume I, chapter 26) and Zcb. The field letters: d, s, t full register numbers; x, y, z the three-bit ones; i and so on immediates.
enum CompressedInstruction: Int, ChapterInstruction {
    case c_addi4spn, c_fld, c_lw, c_flw, c_ld, c_fsd, c_sw, c_fsw, c_sd
    case c_addi, c_jal, c_addiw, c_li, c_addi16sp, c_lui
    case c_srli, c_srai, c_andi, c_sub, c_xor, c_or, c_and, c_subw, c_addw
    case c_j, c_beqz, c_bnez
    case c_slli, c_fldsp, c_lwsp, c_flwsp, c_ldsp, c_jr, c_mv, c_ebreak, c_jalr, c_add, c_fsdsp, c_swsp, c_fswsp, c_sdsp
    case c_lbu, c_lhu, c_lh, c_sb, c_sh, c_zext_b, c_sext_b, c_zext_h, c_sext_h, c_zext_w, c_not, c_mul

    static let chapter = Chapter.compressed
}

let compressedRows: [DecodeRow] = [
    .init(CompressedInstruction.c_addi4spn, "000 iiiiiiii zzz 00", .c),
    .init(CompressedInstruction.c_fld, "001 iii xxx ii zzz 00", [.c, .d]),
    .init(CompressedInstruction.c_lw, "010 iii xxx ii zzz 00", .c),
    .init(CompressedInstruction.c_flw, "011 iii xxx ii zzz 00", [.c, .f, .rv32]),
    .init(CompressedInstruction.c_ld, "011 iii xxx ii zzz 00", [.c, .rv64]),
    .init(CompressedInstruction.c_fsd, "101 iii xxx ii zzz 00", [.c, .d]),
    .init(CompressedInstruction.c_sw, "110 iii xxx ii zzz 00", .c),
    .init(CompressedInstruction.c_fsw, "111 iii xxx ii zzz 00", [.c, .f, .rv32]),
    .init(CompressedInstruction.c_sd, "111 iii xxx ii zzz 00", [.c, .rv64]),
    .init(CompressedInstruction.c_addi, "000 i ddddd iiiii 01", .c),
    .init(CompressedInstruction.c_jal, "001 jjjjjjjjjjj 01", [.c, .rv32]),
    .init(CompressedInstruction.c_addiw, "001 i ddddd iiiii 01", [.c, .rv64]),
    .init(CompressedInstruction.c_li, "010 i ddddd iiiii 01", .c),
    .init(CompressedInstruction.c_addi16sp, "011 i 00010 iiiii 01", .c),
    .init(CompressedInstruction.c_lui, "011 i ddddd iiiii 01", .c),
    .init(CompressedInstruction.c_srli, "100 i 00 xxx iiiii 01", .c),
    .init(CompressedInstruction.c_srai, "100 i 01 xxx iiiii 01", .c),
    .init(CompressedInstruction.c_andi, "100 i 10 xxx iiiii 01", .c),
    .init(CompressedInstruction.c_sub, "100 0 11 xxx 00 yyy 01", .c),
    .init(CompressedInstruction.c_xor, "100 0 11 xxx 01 yyy 01", .c),
    .init(CompressedInstruction.c_or, "100 0 11 xxx 10 yyy 01", .c),
    .init(CompressedInstruction.c_and, "100 0 11 xxx 11 yyy 01", .c),
    .init(CompressedInstruction.c_subw, "100 1 11 xxx 00 yyy 01", [.c, .rv64]),
    .init(CompressedInstruction.c_addw, "100 1 11 xxx 01 yyy 01", [.c, .rv64]),
    .init(CompressedInstruction.c_j, "101 jjjjjjjjjjj 01", .c),
    .init(CompressedInstruction.c_beqz, "110 bbb xxx bbbbb 01", .c),
    .init(CompressedInstruction.c_bnez, "111 bbb xxx bbbbb 01", .c),
    .init(CompressedInstruction.c_slli, "000 i ddddd iiiii 10", .c),
    .init(CompressedInstruction.c_fldsp, "001 i ddddd iiiii 10", [.c, .d]),
    .init(CompressedInstruction.c_lwsp, "010 i ddddd iiiii 10", .c),
    .init(CompressedInstruction.c_flwsp, "011 i ddddd iiiii 10", [.c, .f, .rv32]),
    .init(CompressedInstruction.c_ldsp, "011 i ddddd iiiii 10", [.c, .rv64]),
    .init(CompressedInstruction.c_jr, "100 0 sssss 00000 10", .c),
    .init(CompressedInstruction.c_mv, "100 0 ddddd ttttt 10", .c),
    .init(CompressedInstruction.c_ebreak, "100 1 00000 00000 10", .c),
    .init(CompressedInstruction.c_jalr, "100 1 sssss 00000 10", .c),
    .init(CompressedInstruction.c_add, "100 1 ddddd ttttt 10", .c),
    .init(CompressedInstruction.c_fsdsp, "101 iiiiii ttttt 10", [.c, .d]),
    .init(CompressedInstruction.c_swsp, "110 iiiiii ttttt 10", .c),
    .init(CompressedInstruction.c_fswsp, "111 iiiiii ttttt 10", [.c, .f, .rv32]),
    .init(CompressedInstruction.c_sdsp, "111 iiiiii ttttt 10", [.c, .rv64]),
    .init(CompressedInstruction.c_lbu, "100 000 xxx ii zzz 00", .zcb),
    .init(CompressedInstruction.c_lhu, "100 001 xxx 0 i zzz 00", .zcb),
    .init(CompressedInstruction.c_lh, "100 001 xxx 1 i zzz 00", .zcb),
    .init(CompressedInstruction.c_sb, "100 010 xxx ii zzz 00", .zcb),
    .init(CompressedInstruction.c_sh, "100 011 xxx 0 i zzz 00", .zcb),
    .init(CompressedInstruction.c_zext_b, "100 111 xxx 11000 01", .zcb),
    .init(CompressedInstruction.c_sext_b, "100 111 xxx 11001 01", [.zcb, .zbb]),
    .init(CompressedInstruction.c_zext_h, "100 111 xxx 11010 01", [.zcb, .zbb]),
    .init(CompressedInstruction.c_sext_h, "100 111 xxx 11011 01", [.zcb, .zbb]),
    .init(CompressedInstruction.c_zext_w, "100 111 xxx 11100 01", [.zcb, .zba, .rv64]),
    .init(CompressedInstruction.c_not, "100 111 xxx 11101 01", .zcb),
    .init(CompressedInstruction.c_mul, "100 111 xxx 10 yyy 01", [.zcb, .m]),
]
