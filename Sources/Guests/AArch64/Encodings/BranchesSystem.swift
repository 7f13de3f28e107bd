import Decoding

/// Branches, exception generating and system instructions (DDI 0487, C4.1.87).
enum BranchInstruction: Int, ChapterInstruction {
    case b, bl, b_cond, cbz, cbnz, tbz, tbnz
    case br, blr, ret, eret, eretaa, eretab
    case braa, brab, blraa, blrab, braaz, brabz, blraaz, blrabz, retaa, retab
    case udf, svc, hvc, smc, brk, hlt
    case hint, bti, xpaclri, pacia1716, pacib1716, autia1716, autib1716
    case paciaz, paciasp, pacibz, pacibsp, autiaz, autiasp, autibz, autibsp
    case clrex, dsb, dmb, isb, sb
    case cfinv, xaflag, axflag, msr_ssbs, msr_dit, msr_daifset, msr_daifclr, msr_spsel, msr_pan, msr_uao
    case sys, mrs, msr

    static let chapter = Chapter.branch
}

/// Letters: f the size, t, n, m registers, i immediates, j distances, c condition, p a system register's name.
let branchRows: [DecodeRow] = [
    .init(BranchInstruction.b, "0 00101 jjjjjjjjjjjjjjjjjjjjjjjjjj"),
    .init(BranchInstruction.bl, "1 00101 jjjjjjjjjjjjjjjjjjjjjjjjjj"),
    .init(BranchInstruction.b_cond, "0101010 0 jjjjjjjjjjjjjjjjjjj 0 cccc"),
    .init(BranchInstruction.cbz, "f 011010 0 jjjjjjjjjjjjjjjjjjj ttttt"),
    .init(BranchInstruction.cbnz, "f 011010 1 jjjjjjjjjjjjjjjjjjj ttttt"),
    .init(BranchInstruction.tbz, "f 011011 0 iiiii jjjjjjjjjjjjjj ttttt"),
    .init(BranchInstruction.tbnz, "f 011011 1 iiiii jjjjjjjjjjjjjj ttttt"),
    .init(BranchInstruction.br, "1101011 0000 11111 000000 nnnnn 00000"),
    .init(BranchInstruction.blr, "1101011 0001 11111 000000 nnnnn 00000"),
    .init(BranchInstruction.ret, "1101011 0010 11111 000000 nnnnn 00000"),
    .init(BranchInstruction.eret, "1101011 0100 11111 000000 11111 00000"),
    .init(BranchInstruction.eretaa, "1101011 0100 11111 000010 11111 11111", .pauth),
    .init(BranchInstruction.eretab, "1101011 0100 11111 000011 11111 11111", .pauth),
    .init(BranchInstruction.braa, "1101011 1000 11111 000010 nnnnn mmmmm", .pauth),
    .init(BranchInstruction.brab, "1101011 1000 11111 000011 nnnnn mmmmm", .pauth),
    .init(BranchInstruction.blraa, "1101011 1001 11111 000010 nnnnn mmmmm", .pauth),
    .init(BranchInstruction.blrab, "1101011 1001 11111 000011 nnnnn mmmmm", .pauth),
    .init(BranchInstruction.braaz, "1101011 0000 11111 000010 nnnnn 11111", .pauth),
    .init(BranchInstruction.brabz, "1101011 0000 11111 000011 nnnnn 11111", .pauth),
    .init(BranchInstruction.blraaz, "1101011 0001 11111 000010 nnnnn 11111", .pauth),
    .init(BranchInstruction.blrabz, "1101011 0001 11111 000011 nnnnn 11111", .pauth),
    .init(BranchInstruction.retaa, "1101011 0010 11111 000010 11111 11111", .pauth),
    .init(BranchInstruction.retab, "1101011 0010 11111 000011 11111 11111", .pauth),
    .init(BranchInstruction.udf, "0000000000000000 iiiiiiiiiiiiiiii"),
    .init(BranchInstruction.svc, "11010100 000 iiiiiiiiiiiiiiii 000 01"),
    .init(BranchInstruction.hvc, "11010100 000 iiiiiiiiiiiiiiii 000 10"),
    .init(BranchInstruction.smc, "11010100 000 iiiiiiiiiiiiiiii 000 11"),
    .init(BranchInstruction.brk, "11010100 001 iiiiiiiiiiiiiiii 000 00"),
    .init(BranchInstruction.hlt, "11010100 010 iiiiiiiiiiiiiiii 000 00"),
]

/// Hints, which are no operations where their feature is missing, barriers, and access to PSTATE and system registers.
let systemRows: [DecodeRow] = [
    .init(BranchInstruction.hint, "11010101000000110010 iiii iii 11111"),
    .init(BranchInstruction.bti, "11010101000000110010 0100 ii0 11111", .bti),
    .init(BranchInstruction.xpaclri, "11010101000000110010 0000 111 11111", .pauth),
    .init(BranchInstruction.pacia1716, "11010101000000110010 0001 000 11111", .pauth),
    .init(BranchInstruction.pacib1716, "11010101000000110010 0001 010 11111", .pauth),
    .init(BranchInstruction.autia1716, "11010101000000110010 0001 100 11111", .pauth),
    .init(BranchInstruction.autib1716, "11010101000000110010 0001 110 11111", .pauth),
    .init(BranchInstruction.paciaz, "11010101000000110010 0011 000 11111", .pauth),
    .init(BranchInstruction.paciasp, "11010101000000110010 0011 001 11111", .pauth),
    .init(BranchInstruction.pacibz, "11010101000000110010 0011 010 11111", .pauth),
    .init(BranchInstruction.pacibsp, "11010101000000110010 0011 011 11111", .pauth),
    .init(BranchInstruction.autiaz, "11010101000000110010 0011 100 11111", .pauth),
    .init(BranchInstruction.autiasp, "11010101000000110010 0011 101 11111", .pauth),
    .init(BranchInstruction.autibz, "11010101000000110010 0011 110 11111", .pauth),
    .init(BranchInstruction.autibsp, "11010101000000110010 0011 111 11111", .pauth),
    .init(BranchInstruction.clrex, "11010101000000110011 iiii 010 11111"),
    .init(BranchInstruction.dsb, "11010101000000110011 iiii 100 11111"),
    .init(BranchInstruction.dmb, "11010101000000110011 iiii 101 11111"),
    .init(BranchInstruction.isb, "11010101000000110011 iiii 110 11111"),
    .init(BranchInstruction.sb, "11010101000000110011 0000 111 11111", .sb),
    .init(BranchInstruction.cfinv, "1101010100000 000 0100 0000 000 11111", .flagm),
    .init(BranchInstruction.xaflag, "1101010100000 000 0100 0000 001 11111", .flagm2),
    .init(BranchInstruction.axflag, "1101010100000 000 0100 0000 010 11111", .flagm2),
    .init(BranchInstruction.msr_ssbs, "1101010100000 011 0100 iiii 001 11111", .ssbs),
    .init(BranchInstruction.msr_dit, "1101010100000 011 0100 iiii 010 11111", .dit),
    .init(BranchInstruction.msr_daifset, "1101010100000 011 0100 iiii 110 11111"),
    .init(BranchInstruction.msr_daifclr, "1101010100000 011 0100 iiii 111 11111"),
    .init(BranchInstruction.msr_spsel, "1101010100000 000 0100 iiii 101 11111"),
    .init(BranchInstruction.msr_pan, "1101010100000 000 0100 iiii 100 11111", .pan),
    .init(BranchInstruction.msr_uao, "1101010100000 000 0100 iiii 011 11111", .uao),
    .init(BranchInstruction.sys, "1101010100001 ppp pppp pppp ppp ttttt"),
    .init(BranchInstruction.mrs, "110101010011 ppppppppppppppp ttttt"),
    .init(BranchInstruction.msr, "110101010001 ppppppppppppppp ttttt"),
]
