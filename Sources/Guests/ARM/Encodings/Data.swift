import Decoding

/// The operations of data processing by A32's opcode; T32 has one more.
enum DataOperation: Int, CaseIterable {
    case and, eor, sub, rsb, add, adc, sbc, rsc, tst, teq, cmp, cmn, orr, mov, bic, mvn, orn

    /// Only the flags matter.
    var isTest: Bool { rawValue >= DataOperation.tst.rawValue && rawValue <= DataOperation.cmn.rawValue }
    var hasOneOperand: Bool { self == .mov || self == .mvn }
    var isLogical: Bool {
        switch self {
        case .sub, .rsb, .add, .adc, .sbc, .rsc, .cmp, .cmn: false
        default: true
        }
    }
}

/// Data processing (DDI 0406, A5.2 and A6.3.1 to A6.3.3, A6.3.11).
enum DataInstruction: Int, ChapterInstruction {
    static let chapter = Chapter.data
    /// By A32's opcode in bits 24 to 21: the second operand an immediate, a register, a register shifted by a register.
    case immediate, register, shifted
    case movw, movt
    /// By T32's opcode there.
    case immediate_t, register_t
    case addw, subw, shift_t
}

private func a32Data(_ instruction: DataInstruction, _ middle: String, _ suffix: String, _ rest: String) -> [DecodeRow] {
    DataOperation.allCases.filter { $0 != .orn }.map { operation in
        let opcode = String(String(operation.rawValue | 16, radix: 2).dropFirst())
        let s = operation.isTest ? "1" : "s", n = operation.hasOneOperand ? "0000" : "nnnn", d = operation.isTest ? "0000" : "dddd"
        return DecodeRow(instruction, "cccc \(middle) \(opcode) \(s) \(n) \(d) \(rest)", name: "\(operation)\(suffix)")
    }
}

let a32DataRows: [DecodeRow] =
    a32Data(.immediate, "001", "_imm", "rrrr iiiiiiii") + a32Data(.register, "000", "_reg", "iiiii tt 0 mmmm")
    + a32Data(.shifted, "000", "_rsr", "ssss 0 tt 1 mmmm") + [
        .init(DataInstruction.movw, "cccc 0011 0000 iiii dddd iiiiiiiiiiii", .v6t2),
        .init(DataInstruction.movt, "cccc 0011 0100 iiii dddd iiiiiiiiiiii", .v6t2),
    ]

/// T32's opcodes; the tests are and, eor, add and sub without a destination, the moves orr and orn without a first operand.
let t32Operations: [(code: String, operation: DataOperation)] = [
    ("0000", .and), ("0001", .bic), ("0010", .orr), ("0011", .orn), ("0100", .eor), ("1000", .add), ("1010", .adc), ("1011", .sbc),
    ("1101", .sub), ("1110", .rsb),
]

let t32DataRows: [DecodeRow] =
    t32Operations.map { .init(DataInstruction.immediate_t, "11110 i 0 \($0.code) s nnnn 0 iii dddd iiiiiiii", .v6t2, name: "\($0.operation)_imm") }
    + t32Operations.map { .init(DataInstruction.register_t, "1110101 \($0.code) s nnnn 0 iii dddd ii tt mmmm", .v6t2, name: "\($0.operation)_reg") }
    + [
        .init(DataInstruction.addw, "11110 i 1 0000 0 nnnn 0 iii dddd iiiiiiii", .v6t2),
        .init(DataInstruction.subw, "11110 i 1 0101 0 nnnn 0 iii dddd iiiiiiii", .v6t2),
        .init(DataInstruction.movw, "11110 i 1 0010 0 iiii 0 iii dddd iiiiiiii", .v6t2),
        .init(DataInstruction.movt, "11110 i 1 0110 0 iiii 0 iii dddd iiiiiiii", .v6t2),
        .init(DataInstruction.shift_t, "11111010 0 tt s nnnn 1111 dddd 0000 mmmm", .v6t2),
    ]
