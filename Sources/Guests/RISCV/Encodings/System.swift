import Decoding

/// Zicsr, the privileged instructions (Volume II, chapter 3.3 and 12.2), Svinval, Zicbom and Zicboz.
enum SystemInstruction: Int, ChapterInstruction {
    case ecall, ebreak, mret, sret, wfi, sfence_vma
    case csrrw, csrrs, csrrc, csrrwi, csrrsi, csrrci
    case sinval_vma, sfence_w_inval, sfence_inval_ir
    case cbo_inval, cbo_clean, cbo_flush, cbo_zero

    static let chapter = Chapter.system
}

let systemRows: [DecodeRow] = [
    .init(SystemInstruction.ecall, "0000000 00000 00000 000 00000 1110011", .i),
    .init(SystemInstruction.ebreak, "0000000 00001 00000 000 00000 1110011", .i),
    .init(SystemInstruction.mret, "0011000 00010 00000 000 00000 1110011", .i),
    .init(SystemInstruction.sret, "0001000 00010 00000 000 00000 1110011", .s),
    .init(SystemInstruction.wfi, "0001000 00101 00000 000 00000 1110011", .i),
    .init(SystemInstruction.sfence_vma, "0001001 ttttt sssss 000 00000 1110011", .s),
    .init(SystemInstruction.csrrw, "cccccccccccc sssss 001 ddddd 1110011", .zicsr),
    .init(SystemInstruction.csrrs, "cccccccccccc sssss 010 ddddd 1110011", .zicsr),
    .init(SystemInstruction.csrrc, "cccccccccccc sssss 011 ddddd 1110011", .zicsr),
    .init(SystemInstruction.csrrwi, "cccccccccccc uuuuu 101 ddddd 1110011", .zicsr),
    .init(SystemInstruction.csrrsi, "cccccccccccc uuuuu 110 ddddd 1110011", .zicsr),
    .init(SystemInstruction.csrrci, "cccccccccccc uuuuu 111 ddddd 1110011", .zicsr),
    .init(SystemInstruction.sinval_vma, "0001011 ttttt sssss 000 00000 1110011", .svinval),
    .init(SystemInstruction.sfence_w_inval, "0001100 00000 00000 000 00000 1110011", .svinval),
    .init(SystemInstruction.sfence_inval_ir, "0001100 00001 00000 000 00000 1110011", .svinval),
    .init(SystemInstruction.cbo_inval, "000000000000 sssss 010 00000 0001111", .zicbom),
    .init(SystemInstruction.cbo_clean, "000000000001 sssss 010 00000 0001111", .zicbom),
    .init(SystemInstruction.cbo_flush, "000000000010 sssss 010 00000 0001111", .zicbom),
    .init(SystemInstruction.cbo_zero, "000000000100 sssss 010 00000 0001111", .zicboz),
]
