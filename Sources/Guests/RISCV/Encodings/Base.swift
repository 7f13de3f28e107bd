import Decoding

/// RV32I and RV64I (The RISC-V Instruction Set Manual, Volume I, chapters 2 and 4) and Zifencei.
enum BaseInstruction: Int, ChapterInstruction {
    case lui, auipc, jal, jalr
    case beq, bne, blt, bge, bltu, bgeu
    case lb, lh, lw, ld, lbu, lhu, lwu, sb, sh, sw, sd
    case addi, slti, sltiu, xori, ori, andi, slli, srli, srai
    case add, sub, sll, slt, sltu, xor, srl, sra, or, and
    case addiw, slliw, srliw, sraiw, addw, subw, sllw, srlw, sraw
    case fence, fence_i

    static let chapter = Chapter.base
}

let baseRows: [DecodeRow] = [
    .init(BaseInstruction.lui, "iiiiiiiiiiiiiiiiiiii ddddd 0110111", .i),
    .init(BaseInstruction.auipc, "iiiiiiiiiiiiiiiiiiii ddddd 0010111", .i),
    .init(BaseInstruction.jal, "jjjjjjjjjjjjjjjjjjjj ddddd 1101111", .i),
    .init(BaseInstruction.jalr, "iiiiiiiiiiii sssss 000 ddddd 1100111", .i),
    .init(BaseInstruction.beq, "bbbbbbb ttttt sssss 000 bbbbb 1100011", .i),
    .init(BaseInstruction.bne, "bbbbbbb ttttt sssss 001 bbbbb 1100011", .i),
    .init(BaseInstruction.blt, "bbbbbbb ttttt sssss 100 bbbbb 1100011", .i),
    .init(BaseInstruction.bge, "bbbbbbb ttttt sssss 101 bbbbb 1100011", .i),
    .init(BaseInstruction.bltu, "bbbbbbb ttttt sssss 110 bbbbb 1100011", .i),
    .init(BaseInstruction.bgeu, "bbbbbbb ttttt sssss 111 bbbbb 1100011", .i),
    .init(BaseInstruction.lb, "iiiiiiiiiiii sssss 000 ddddd 0000011", .i),
    .init(BaseInstruction.lh, "iiiiiiiiiiii sssss 001 ddddd 0000011", .i),
    .init(BaseInstruction.lw, "iiiiiiiiiiii sssss 010 ddddd 0000011", .i),
    .init(BaseInstruction.ld, "iiiiiiiiiiii sssss 011 ddddd 0000011", .rv64),
    .init(BaseInstruction.lbu, "iiiiiiiiiiii sssss 100 ddddd 0000011", .i),
    .init(BaseInstruction.lhu, "iiiiiiiiiiii sssss 101 ddddd 0000011", .i),
    .init(BaseInstruction.lwu, "iiiiiiiiiiii sssss 110 ddddd 0000011", .rv64),
    .init(BaseInstruction.sb, "eeeeeee ttttt sssss 000 eeeee 0100011", .i),
    .init(BaseInstruction.sh, "eeeeeee ttttt sssss 001 eeeee 0100011", .i),
    .init(BaseInstruction.sw, "eeeeeee ttttt sssss 010 eeeee 0100011", .i),
    .init(BaseInstruction.sd, "eeeeeee ttttt sssss 011 eeeee 0100011", .rv64),
    .init(BaseInstruction.addi, "iiiiiiiiiiii sssss 000 ddddd 0010011", .i),
    .init(BaseInstruction.slti, "iiiiiiiiiiii sssss 010 ddddd 0010011", .i),
    .init(BaseInstruction.sltiu, "iiiiiiiiiiii sssss 011 ddddd 0010011", .i),
    .init(BaseInstruction.xori, "iiiiiiiiiiii sssss 100 ddddd 0010011", .i),
    .init(BaseInstruction.ori, "iiiiiiiiiiii sssss 110 ddddd 0010011", .i),
    .init(BaseInstruction.andi, "iiiiiiiiiiii sssss 111 ddddd 0010011", .i),
    .init(BaseInstruction.slli, "000000 hhhhhh sssss 001 ddddd 0010011", .rv64),
    .init(BaseInstruction.srli, "000000 hhhhhh sssss 101 ddddd 0010011", .rv64),
    .init(BaseInstruction.srai, "010000 hhhhhh sssss 101 ddddd 0010011", .rv64),
    .init(BaseInstruction.slli, "0000000 hhhhh sssss 001 ddddd 0010011", .rv32),
    .init(BaseInstruction.srli, "0000000 hhhhh sssss 101 ddddd 0010011", .rv32),
    .init(BaseInstruction.srai, "0100000 hhhhh sssss 101 ddddd 0010011", .rv32),
    .init(BaseInstruction.add, "0000000 ttttt sssss 000 ddddd 0110011", .i),
    .init(BaseInstruction.sub, "0100000 ttttt sssss 000 ddddd 0110011", .i),
    .init(BaseInstruction.sll, "0000000 ttttt sssss 001 ddddd 0110011", .i),
    .init(BaseInstruction.slt, "0000000 ttttt sssss 010 ddddd 0110011", .i),
    .init(BaseInstruction.sltu, "0000000 ttttt sssss 011 ddddd 0110011", .i),
    .init(BaseInstruction.xor, "0000000 ttttt sssss 100 ddddd 0110011", .i),
    .init(BaseInstruction.srl, "0000000 ttttt sssss 101 ddddd 0110011", .i),
    .init(BaseInstruction.sra, "0100000 ttttt sssss 101 ddddd 0110011", .i),
    .init(BaseInstruction.or, "0000000 ttttt sssss 110 ddddd 0110011", .i),
    .init(BaseInstruction.and, "0000000 ttttt sssss 111 ddddd 0110011", .i),
    .init(BaseInstruction.addiw, "iiiiiiiiiiii sssss 000 ddddd 0011011", .rv64),
    .init(BaseInstruction.slliw, "0000000 hhhhh sssss 001 ddddd 0011011", .rv64),
    .init(BaseInstruction.srliw, "0000000 hhhhh sssss 101 ddddd 0011011", .rv64),
    .init(BaseInstruction.sraiw, "0100000 hhhhh sssss 101 ddddd 0011011", .rv64),
    .init(BaseInstruction.addw, "0000000 ttttt sssss 000 ddddd 0111011", .rv64),
    .init(BaseInstruction.subw, "0100000 ttttt sssss 000 ddddd 0111011", .rv64),
    .init(BaseInstruction.sllw, "0000000 ttttt sssss 001 ddddd 0111011", .rv64),
    .init(BaseInstruction.srlw, "0000000 ttttt sssss 101 ddddd 0111011", .rv64),
    .init(BaseInstruction.sraw, "0100000 ttttt sssss 101 ddddd 0111011", .rv64),
    .init(BaseInstruction.fence, "ffff pppp qqqq sssss 000 ddddd 0001111", .i),
    .init(BaseInstruction.fence_i, "iiiiiiiiiiii sssss 001 ddddd 0001111", .zifencei),
]
