import Decoding

/// Data processing, register (DDI 0487, C4.1.89), with CRC32, FlagM and PAuth.
enum RegisterInstruction: Int, ChapterInstruction {
    case and_reg, bic, orr_reg, orn, eor_reg, eon, ands_reg, bics
    case add_reg, adds_reg, sub_reg, subs_reg
    case add_ext, adds_ext, sub_ext, subs_ext
    case adc, adcs, sbc, sbcs
    case rmif, setf8, setf16
    case ccmn_reg, ccmp_reg, ccmn_imm, ccmp_imm
    case csel, csinc, csinv, csneg
    case udiv, sdiv, lslv, lsrv, asrv, rorv
    case crc32b, crc32h, crc32w, crc32x, crc32cb, crc32ch, crc32cw, crc32cx
    case rbit, rev16, rev_32, rev32, rev, clz, cls
    case madd, msub, smaddl, smsubl, smulh, umaddl, umsubl, umulh
    case pacga, pacia, pacib, pacda, pacdb, autia, autib, autda, autdb
    case paciza, pacizb, pacdza, pacdzb, autiza, autizb, autdza, autdzb, xpaci, xpacd

    static let chapter = Chapter.register
}

/// Letters: f the size, d, n, m, a registers, h kind of shift, i its amount, o kind of extension, c condition, k flags.
let registerRows: [DecodeRow] = [
    .init(RegisterInstruction.and_reg, "f 00 01010 hh 0 mmmmm iiiiii nnnnn ddddd"),
    .init(RegisterInstruction.bic, "f 00 01010 hh 1 mmmmm iiiiii nnnnn ddddd"),
    .init(RegisterInstruction.orr_reg, "f 01 01010 hh 0 mmmmm iiiiii nnnnn ddddd"),
    .init(RegisterInstruction.orn, "f 01 01010 hh 1 mmmmm iiiiii nnnnn ddddd"),
    .init(RegisterInstruction.eor_reg, "f 10 01010 hh 0 mmmmm iiiiii nnnnn ddddd"),
    .init(RegisterInstruction.eon, "f 10 01010 hh 1 mmmmm iiiiii nnnnn ddddd"),
    .init(RegisterInstruction.ands_reg, "f 11 01010 hh 0 mmmmm iiiiii nnnnn ddddd"),
    .init(RegisterInstruction.bics, "f 11 01010 hh 1 mmmmm iiiiii nnnnn ddddd"),
    .init(RegisterInstruction.add_reg, "f 0 0 01011 hh 0 mmmmm iiiiii nnnnn ddddd"),
    .init(RegisterInstruction.adds_reg, "f 0 1 01011 hh 0 mmmmm iiiiii nnnnn ddddd"),
    .init(RegisterInstruction.sub_reg, "f 1 0 01011 hh 0 mmmmm iiiiii nnnnn ddddd"),
    .init(RegisterInstruction.subs_reg, "f 1 1 01011 hh 0 mmmmm iiiiii nnnnn ddddd"),
    .init(RegisterInstruction.add_ext, "f 0 0 01011 00 1 mmmmm ooo iii nnnnn ddddd"),
    .init(RegisterInstruction.adds_ext, "f 0 1 01011 00 1 mmmmm ooo iii nnnnn ddddd"),
    .init(RegisterInstruction.sub_ext, "f 1 0 01011 00 1 mmmmm ooo iii nnnnn ddddd"),
    .init(RegisterInstruction.subs_ext, "f 1 1 01011 00 1 mmmmm ooo iii nnnnn ddddd"),
    .init(RegisterInstruction.adc, "f 0 0 11010000 mmmmm 000000 nnnnn ddddd"),
    .init(RegisterInstruction.adcs, "f 0 1 11010000 mmmmm 000000 nnnnn ddddd"),
    .init(RegisterInstruction.sbc, "f 1 0 11010000 mmmmm 000000 nnnnn ddddd"),
    .init(RegisterInstruction.sbcs, "f 1 1 11010000 mmmmm 000000 nnnnn ddddd"),
    .init(RegisterInstruction.rmif, "1 0 1 11010000 iiiiii 00001 nnnnn 0 kkkk", .flagm),
    .init(RegisterInstruction.setf8, "0 0 1 11010000 000000 0 0010 nnnnn 0 1101", .flagm),
    .init(RegisterInstruction.setf16, "0 0 1 11010000 000000 1 0010 nnnnn 0 1101", .flagm),
    .init(RegisterInstruction.ccmn_reg, "f 0 1 11010010 mmmmm cccc 00 nnnnn 0 kkkk"),
    .init(RegisterInstruction.ccmp_reg, "f 1 1 11010010 mmmmm cccc 00 nnnnn 0 kkkk"),
    .init(RegisterInstruction.ccmn_imm, "f 0 1 11010010 iiiii cccc 10 nnnnn 0 kkkk"),
    .init(RegisterInstruction.ccmp_imm, "f 1 1 11010010 iiiii cccc 10 nnnnn 0 kkkk"),
    .init(RegisterInstruction.csel, "f 0 0 11010100 mmmmm cccc 00 nnnnn ddddd"),
    .init(RegisterInstruction.csinc, "f 0 0 11010100 mmmmm cccc 01 nnnnn ddddd"),
    .init(RegisterInstruction.csinv, "f 1 0 11010100 mmmmm cccc 00 nnnnn ddddd"),
    .init(RegisterInstruction.csneg, "f 1 0 11010100 mmmmm cccc 01 nnnnn ddddd"),
    .init(RegisterInstruction.udiv, "f 0 0 11010110 mmmmm 000010 nnnnn ddddd"),
    .init(RegisterInstruction.sdiv, "f 0 0 11010110 mmmmm 000011 nnnnn ddddd"),
    .init(RegisterInstruction.lslv, "f 0 0 11010110 mmmmm 001000 nnnnn ddddd"),
    .init(RegisterInstruction.lsrv, "f 0 0 11010110 mmmmm 001001 nnnnn ddddd"),
    .init(RegisterInstruction.asrv, "f 0 0 11010110 mmmmm 001010 nnnnn ddddd"),
    .init(RegisterInstruction.rorv, "f 0 0 11010110 mmmmm 001011 nnnnn ddddd"),
    .init(RegisterInstruction.crc32b, "0 0 0 11010110 mmmmm 010000 nnnnn ddddd", .crc32),
    .init(RegisterInstruction.crc32h, "0 0 0 11010110 mmmmm 010001 nnnnn ddddd", .crc32),
    .init(RegisterInstruction.crc32w, "0 0 0 11010110 mmmmm 010010 nnnnn ddddd", .crc32),
    .init(RegisterInstruction.crc32x, "1 0 0 11010110 mmmmm 010011 nnnnn ddddd", .crc32),
    .init(RegisterInstruction.crc32cb, "0 0 0 11010110 mmmmm 010100 nnnnn ddddd", .crc32),
    .init(RegisterInstruction.crc32ch, "0 0 0 11010110 mmmmm 010101 nnnnn ddddd", .crc32),
    .init(RegisterInstruction.crc32cw, "0 0 0 11010110 mmmmm 010110 nnnnn ddddd", .crc32),
    .init(RegisterInstruction.crc32cx, "1 0 0 11010110 mmmmm 010111 nnnnn ddddd", .crc32),
    .init(RegisterInstruction.rbit, "f 1 0 11010110 00000 000000 nnnnn ddddd"),
    .init(RegisterInstruction.rev16, "f 1 0 11010110 00000 000001 nnnnn ddddd"),
    .init(RegisterInstruction.rev_32, "0 1 0 11010110 00000 000010 nnnnn ddddd"),
    .init(RegisterInstruction.rev32, "1 1 0 11010110 00000 000010 nnnnn ddddd"),
    .init(RegisterInstruction.rev, "1 1 0 11010110 00000 000011 nnnnn ddddd"),
    .init(RegisterInstruction.clz, "f 1 0 11010110 00000 000100 nnnnn ddddd"),
    .init(RegisterInstruction.cls, "f 1 0 11010110 00000 000101 nnnnn ddddd"),
    .init(RegisterInstruction.madd, "f 00 11011 000 mmmmm 0 aaaaa nnnnn ddddd"),
    .init(RegisterInstruction.msub, "f 00 11011 000 mmmmm 1 aaaaa nnnnn ddddd"),
    .init(RegisterInstruction.smaddl, "1 00 11011 001 mmmmm 0 aaaaa nnnnn ddddd"),
    .init(RegisterInstruction.smsubl, "1 00 11011 001 mmmmm 1 aaaaa nnnnn ddddd"),
    .init(RegisterInstruction.smulh, "1 00 11011 010 mmmmm 0 xxxxx nnnnn ddddd"),
    .init(RegisterInstruction.umaddl, "1 00 11011 101 mmmmm 0 aaaaa nnnnn ddddd"),
    .init(RegisterInstruction.umsubl, "1 00 11011 101 mmmmm 1 aaaaa nnnnn ddddd"),
    .init(RegisterInstruction.umulh, "1 00 11011 110 mmmmm 0 xxxxx nnnnn ddddd"),
]

/// Pointer authentication.
let registerPointerRows: [DecodeRow] = [
    .init(RegisterInstruction.pacga, "1 0 0 11010110 mmmmm 001100 nnnnn ddddd", .pauth),
    .init(RegisterInstruction.pacia, "1 1 0 11010110 00001 000000 nnnnn ddddd", .pauth),
    .init(RegisterInstruction.pacib, "1 1 0 11010110 00001 000001 nnnnn ddddd", .pauth),
    .init(RegisterInstruction.pacda, "1 1 0 11010110 00001 000010 nnnnn ddddd", .pauth),
    .init(RegisterInstruction.pacdb, "1 1 0 11010110 00001 000011 nnnnn ddddd", .pauth),
    .init(RegisterInstruction.autia, "1 1 0 11010110 00001 000100 nnnnn ddddd", .pauth),
    .init(RegisterInstruction.autib, "1 1 0 11010110 00001 000101 nnnnn ddddd", .pauth),
    .init(RegisterInstruction.autda, "1 1 0 11010110 00001 000110 nnnnn ddddd", .pauth),
    .init(RegisterInstruction.autdb, "1 1 0 11010110 00001 000111 nnnnn ddddd", .pauth),
    .init(RegisterInstruction.paciza, "1 1 0 11010110 00001 001000 11111 ddddd", .pauth),
    .init(RegisterInstruction.pacizb, "1 1 0 11010110 00001 001001 11111 ddddd", .pauth),
    .init(RegisterInstruction.pacdza, "1 1 0 11010110 00001 001010 11111 ddddd", .pauth),
    .init(RegisterInstruction.pacdzb, "1 1 0 11010110 00001 001011 11111 ddddd", .pauth),
    .init(RegisterInstruction.autiza, "1 1 0 11010110 00001 001100 11111 ddddd", .pauth),
    .init(RegisterInstruction.autizb, "1 1 0 11010110 00001 001101 11111 ddddd", .pauth),
    .init(RegisterInstruction.autdza, "1 1 0 11010110 00001 001110 11111 ddddd", .pauth),
    .init(RegisterInstruction.autdzb, "1 1 0 11010110 00001 001111 11111 ddddd", .pauth),
    .init(RegisterInstruction.xpaci, "1 1 0 11010110 00001 010000 11111 ddddd", .pauth),
    .init(RegisterInstruction.xpacd, "1 1 0 11010110 00001 010001 11111 ddddd", .pauth),
]
