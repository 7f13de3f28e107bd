import Decoding

/// Branches (DDI 0406, A5.5, A6.3.4).
enum BranchInstruction: Int, ChapterInstruction {
    static let chapter = Chapter.branch
    case b, bl, blx_imm, bx, blx_reg, bxj
    /// T32's conditional branch.
    case b_cond
}

/// Exceptions, status, hints, barriers, coprocessors (DDI 0406, A5.2.11, A5.2.12, A5.6, A5.7, A6.3.4, A6.3.18).
enum SystemInstruction: Int, ChapterInstruction {
    static let chapter = Chapter.system
    case svc, bkpt, udf, hlt
    case mrs, mrs_spsr, msr_reg, msr_imm, hint, setend, cps
    case clrex, dsb, dmb, isb, sb
    case mcr, mrc, mcrr, mrrc
    // The privileged level's.
    case mrs_banked, msr_banked, hvc, smc, eret, subs_pc, cps_t
    case srs, rfe, stm_user, ldm_user, ldm_return
    /// Debug and Jazelle: coprocessor 14.
    case mcr_debug, mrc_debug
}

let a32BranchRows: [DecodeRow] = [
    .init(BranchInstruction.b, "cccc 1010 jjjjjjjjjjjjjjjjjjjjjjjj"),
    .init(BranchInstruction.bl, "cccc 1011 jjjjjjjjjjjjjjjjjjjjjjjj"),
    .init(BranchInstruction.bx, "cccc 00010010 1111 1111 1111 0001 mmmm"),
    .init(BranchInstruction.bxj, "cccc 00010010 1111 1111 1111 0010 mmmm"),
    .init(BranchInstruction.blx_reg, "cccc 00010010 1111 1111 1111 0011 mmmm"),
]

let t32BranchRows: [DecodeRow] = [
    .init(BranchInstruction.b_cond, "11110 s cccc jjjjjj 10 j 0 j jjjjjjjjjjj", .v6t2),
    .init(BranchInstruction.b, "11110 s jjjjjjjjjj 10 j 1 j jjjjjjjjjjj", .v6t2),
    .init(BranchInstruction.bl, "11110 s jjjjjjjjjj 11 j 1 j jjjjjjjjjjj"),
    .init(BranchInstruction.blx_imm, "11110 s jjjjjjjjjj 11 j 0 j jjjjjjjjjj 0"),
]

let a32SystemRows: [DecodeRow] = [
    .init(SystemInstruction.svc, "cccc 1111 iiiiiiiiiiiiiiiiiiiiiiii"),
    .init(SystemInstruction.bkpt, "cccc 00010010 iiiiiiiiiiii 0111 iiii"),
    .init(SystemInstruction.hlt, "cccc 00010000 iiiiiiiiiiii 0111 iiii", .v8),
    .init(SystemInstruction.udf, "cccc 01111111 iiiiiiiiiiii 1111 iiii"),
    .init(SystemInstruction.mrs, "cccc 00010 0 00 1111 dddd 0000 0000 0000"),
    .init(SystemInstruction.mrs_spsr, "cccc 00010 1 00 1111 dddd 0000 0000 0000"),
    .init(SystemInstruction.msr_reg, "cccc 00010 r 10 kkkk 1111 0000 0000 nnnn"),
    .init(SystemInstruction.msr_imm, "cccc 00110 r 10 kkkk 1111 rrrr iiiiiiii"),
    .init(SystemInstruction.hint, "cccc 00110 0 10 0000 1111 0000 iiiiiiii"),
    .init(SystemInstruction.mcr, "cccc 1110 ooo 0 nnnn tttt 1111 ooo 1 mmmm"),
    .init(SystemInstruction.mrc, "cccc 1110 ooo 1 nnnn tttt 1111 ooo 1 mmmm"),
    .init(SystemInstruction.mcrr, "cccc 1100 0100 ssss tttt 1111 oooo mmmm"),
    .init(SystemInstruction.mrrc, "cccc 1100 0101 ssss tttt 1111 oooo mmmm"),
    .init(SystemInstruction.mcr_debug, "cccc 1110 ooo 0 nnnn tttt 1110 ooo 1 mmmm"),
    .init(SystemInstruction.mrc_debug, "cccc 1110 ooo 1 nnnn tttt 1110 ooo 1 mmmm"),
    .init(SystemInstruction.mrs_banked, "cccc 00010 r 00 kkkk dddd 001 k 0000 0000", .virtualization),
    .init(SystemInstruction.msr_banked, "cccc 00010 r 10 kkkk 1111 001 k 0000 nnnn", .virtualization),
    .init(SystemInstruction.hvc, "cccc 00010100 iiiiiiiiiiii 0111 iiii", .virtualization),
    .init(SystemInstruction.smc, "cccc 00010110 0000 0000 0000 0111 iiii", .security),
    .init(SystemInstruction.eret, "cccc 00010110 0000 0000 0000 0110 1110", .virtualization),
    .init(SystemInstruction.stm_user, "cccc 100 p u 1 0 0 nnnn rrrrrrrrrrrrrrrr"),
    .init(SystemInstruction.ldm_user, "cccc 100 p u 1 0 1 nnnn 0 rrrrrrrrrrrrrrr"),
    .init(SystemInstruction.ldm_return, "cccc 100 p u 1 w 1 nnnn 1 rrrrrrrrrrrrrrr"),
]

let t32SystemRows: [DecodeRow] = [
    .init(SystemInstruction.udf, "11110111 1111 iiii 1010 iiiiiiiiiiii", .v6t2),
    .init(SystemInstruction.mrs, "11110011 1110 1111 1000 dddd 0000 0000", .v6t2),
    .init(SystemInstruction.mrs_spsr, "11110011 1111 1111 1000 dddd 0000 0000", .v6t2),
    .init(SystemInstruction.msr_reg, "11110011 100 r nnnn 1000 kkkk 0000 0000", .v6t2),
    .init(SystemInstruction.hint, "11110011 1010 1111 1000 0000 iiiiiiii", .v6t2),
    .init(SystemInstruction.clrex, "11110011 1011 1111 1000 1111 0010 1111", .v7),
    .init(SystemInstruction.dsb, "11110011 1011 1111 1000 1111 0100 iiii", .v7),
    .init(SystemInstruction.dmb, "11110011 1011 1111 1000 1111 0101 iiii", .v7),
    .init(SystemInstruction.isb, "11110011 1011 1111 1000 1111 0110 iiii", .v7),
    .init(SystemInstruction.mcr, "1110 1110 ooo 0 nnnn tttt 1111 ooo 1 mmmm", .v6t2),
    .init(SystemInstruction.mrc, "1110 1110 ooo 1 nnnn tttt 1111 ooo 1 mmmm", .v6t2),
    .init(SystemInstruction.mcrr, "1110 1100 0100 ssss tttt 1111 oooo mmmm", .v6t2),
    .init(SystemInstruction.mrrc, "1110 1100 0101 ssss tttt 1111 oooo mmmm", .v6t2),
    .init(SystemInstruction.mcr_debug, "1110 1110 ooo 0 nnnn tttt 1110 ooo 1 mmmm", .v6t2),
    .init(SystemInstruction.mrc_debug, "1110 1110 ooo 1 nnnn tttt 1110 ooo 1 mmmm", .v6t2),
    .init(SystemInstruction.mrs_banked, "11110011 111 r kkkk 1000 dddd 001 k 0000", .virtualization),
    .init(SystemInstruction.msr_banked, "11110011 100 r nnnn 1000 kkkk 001 k 0000", .virtualization),
    .init(SystemInstruction.hvc, "11110111 1110 iiii 1000 iiiiiiiiiiii", .virtualization),
    .init(SystemInstruction.smc, "11110111 1111 iiii 1000 0000 0000 0000", .security),
    .init(SystemInstruction.subs_pc, "11110011 1101 1110 1000 1111 iiiiiiii", .v6t2),
    .init(SystemInstruction.cps_t, "11110011 1010 1111 1000 0 1 i m iii jjjjj", .v6t2, name: "cps"),
    .init(SystemInstruction.cps_t, "11110011 1010 1111 1000 0 0 0 1 iii jjjjj", .v6t2, name: "cps_mode"),
    .init(SystemInstruction.srs, "1110 1000 00 w 0 1101 1100 0000 000 jjjjj", .v6t2, name: "srsdb"),
    .init(SystemInstruction.srs, "1110 1001 10 w 0 1101 1100 0000 000 jjjjj", .v6t2, name: "srsia"),
    .init(SystemInstruction.rfe, "1110 1000 00 w 1 nnnn 1100 0000 0000 0000", .v6t2, name: "rfedb"),
    .init(SystemInstruction.rfe, "1110 1001 10 w 1 nnnn 1100 0000 0000 0000", .v6t2, name: "rfeia"),
]

/// A32 with 1111 in place of a condition.
let a32UnconditionalRows: [DecodeRow] = [
    .init(SystemInstruction.setend, "1111 00010000 0001 000000 e 0 0000 0000", .v6),
    .init(SystemInstruction.cps, "1111 00010000 ii m 0 0000000 iii 0 iiiii", .v6),
    .init(SystemInstruction.srs, "1111 100 p u 1 w 0 1101 0000 0101 000 iiiii", .v6),
    .init(SystemInstruction.rfe, "1111 100 p u 0 w 1 nnnn 0000 1010 0000 0000", .v6),
    .init(MemoryInstruction.pld, "1111 0101 u i 01 nnnn 1111 iiiiiiiiiiii"),
    .init(MemoryInstruction.pld, "1111 0100 u 101 nnnn 1111 iiiiiiiiiiii", .v7, name: "pli"),
    .init(MemoryInstruction.pld_reg, "1111 0111 u i 01 nnnn 1111 iiiii hh 0 mmmm"),
    .init(MemoryInstruction.pld_reg, "1111 0110 u 101 nnnn 1111 iiiii hh 0 mmmm", .v7, name: "pli_reg"),
    .init(SystemInstruction.clrex, "1111 01010111 1111 1111 0000 0001 1111", .v6k),
    .init(SystemInstruction.dsb, "1111 01010111 1111 1111 0000 0100 iiii", .v7),
    .init(SystemInstruction.dmb, "1111 01010111 1111 1111 0000 0101 iiii", .v7),
    .init(SystemInstruction.isb, "1111 01010111 1111 1111 0000 0110 iiii", .v7),
    .init(BranchInstruction.blx_imm, "1111 101 h jjjjjjjjjjjjjjjjjjjjjjjj"),
]
