import Decoding

/// Media, saturation, bit fields and what else computes (DDI 0406, A5.2.6, A5.2.12, A5.4, A6.3.3, A6.3.12 to A6.3.15).
enum MediaInstruction: Int, ChapterInstruction {
    static let chapter = Chapter.media
    case clz, qadd, qsub, qdadd, qdsub, crc32
    /// By `ParallelForm` and `ParallelLanes`, which the encodings hold in places of their own.
    case parallel
    case pkh, sel, ssat, usat, ssat16, usat16
    case sxtab16, sxtab, sxtah, uxtab16, uxtab, uxtah
    case rev, rev16, rbit, revsh
    case sbfx, ubfx, bfi
}

/// What parallel additions and subtractions do with what a lane can't hold: wrap and set GE, saturate, halve.
enum ParallelForm: Int, CaseIterable {
    case s = 1, q, sh, u = 5, uq, uh

    var isSigned: Bool { rawValue < 4 }
}

/// Their lanes and directions, by A32's number.
enum ParallelLanes: Int, CaseIterable {
    case add16 = 0, asx, sax, sub16, add8, sub8 = 7

    /// T32's number.
    var wideCode: Int {
        switch self {
        case .add8: 0
        case .add16: 1
        case .asx: 2
        case .sub8: 4
        case .sub16: 5
        case .sax: 6
        }
    }
}

private func binary(_ value: Int) -> String { String(String(value | 8, radix: 2).dropFirst()) }

private func parallelRows(_ pattern: (ParallelForm, ParallelLanes) -> String, _ features: ARMFeatures) -> [DecodeRow] {
    ParallelForm.allCases.flatMap { form in
        ParallelLanes.allCases.map { lanes in DecodeRow(MediaInstruction.parallel, pattern(form, lanes), features, name: "\(form)\(lanes)") }
    }
}

let a32ParallelRows = parallelRows(
    { form, lanes in "cccc 01100 \(binary(form.rawValue)) nnnn dddd 1111 \(binary(lanes.rawValue)) 1 mmmm" }, .v6)

/// T32's forms are numbered from 0.
let t32ParallelRows = parallelRows(
    { form, lanes in "111110101 \(binary(lanes.wideCode)) nnnn 1111 dddd 0 \(binary(form.rawValue - 1)) mmmm" }, .v6t2)

let a32MediaRows: [DecodeRow] = [
    .init(MediaInstruction.qadd, "cccc 00010000 nnnn dddd 0000 0101 mmmm"),
    .init(MediaInstruction.qsub, "cccc 00010010 nnnn dddd 0000 0101 mmmm"),
    .init(MediaInstruction.qdadd, "cccc 00010100 nnnn dddd 0000 0101 mmmm"),
    .init(MediaInstruction.qdsub, "cccc 00010110 nnnn dddd 0000 0101 mmmm"),
    .init(MediaInstruction.clz, "cccc 00010110 1111 dddd 1111 0001 mmmm"),
    .init(MediaInstruction.crc32, "cccc 00010 zz 0 nnnn dddd 00 k 0 0100 mmmm", .crc32),
    .init(MediaInstruction.pkh, "cccc 01101000 nnnn dddd iiiii h 01 mmmm", .v6),
    .init(MediaInstruction.sel, "cccc 01101000 nnnn dddd 1111 1011 mmmm", .v6),
    .init(MediaInstruction.ssat, "cccc 0110101 jjjjj dddd iiiii h 01 nnnn", .v6),
    .init(MediaInstruction.usat, "cccc 0110111 jjjjj dddd iiiii h 01 nnnn", .v6),
    .init(MediaInstruction.ssat16, "cccc 01101010 jjjj dddd 1111 0011 nnnn", .v6),
    .init(MediaInstruction.usat16, "cccc 01101110 jjjj dddd 1111 0011 nnnn", .v6),
    .init(MediaInstruction.sxtab16, "cccc 01101000 nnnn dddd rr 00 0111 mmmm", .v6),
    .init(MediaInstruction.sxtab, "cccc 01101010 nnnn dddd rr 00 0111 mmmm", .v6),
    .init(MediaInstruction.sxtah, "cccc 01101011 nnnn dddd rr 00 0111 mmmm", .v6),
    .init(MediaInstruction.uxtab16, "cccc 01101100 nnnn dddd rr 00 0111 mmmm", .v6),
    .init(MediaInstruction.uxtab, "cccc 01101110 nnnn dddd rr 00 0111 mmmm", .v6),
    .init(MediaInstruction.uxtah, "cccc 01101111 nnnn dddd rr 00 0111 mmmm", .v6),
    .init(MediaInstruction.rev, "cccc 01101011 1111 dddd 1111 0011 mmmm", .v6),
    .init(MediaInstruction.rev16, "cccc 01101011 1111 dddd 1111 1011 mmmm", .v6),
    .init(MediaInstruction.rbit, "cccc 01101111 1111 dddd 1111 0011 mmmm", .v6t2),
    .init(MediaInstruction.revsh, "cccc 01101111 1111 dddd 1111 1011 mmmm", .v6),
    .init(MediaInstruction.sbfx, "cccc 0111101 wwwww dddd iiiii 101 nnnn", .v6t2),
    .init(MediaInstruction.ubfx, "cccc 0111111 wwwww dddd iiiii 101 nnnn", .v6t2),
    .init(MediaInstruction.bfi, "cccc 0111110 wwwww dddd iiiii 001 nnnn", .v6t2),
]

let t32MediaRows: [DecodeRow] = [
    .init(MediaInstruction.qadd, "11111010 1000 nnnn 1111 dddd 1000 mmmm", .v6t2),
    .init(MediaInstruction.qdadd, "11111010 1000 nnnn 1111 dddd 1001 mmmm", .v6t2),
    .init(MediaInstruction.qsub, "11111010 1000 nnnn 1111 dddd 1010 mmmm", .v6t2),
    .init(MediaInstruction.qdsub, "11111010 1000 nnnn 1111 dddd 1011 mmmm", .v6t2),
    .init(MediaInstruction.rev, "11111010 1001 nnnn 1111 dddd 1000 mmmm", .v6t2),
    .init(MediaInstruction.rev16, "11111010 1001 nnnn 1111 dddd 1001 mmmm", .v6t2),
    .init(MediaInstruction.rbit, "11111010 1001 nnnn 1111 dddd 1010 mmmm", .v6t2),
    .init(MediaInstruction.revsh, "11111010 1001 nnnn 1111 dddd 1011 mmmm", .v6t2),
    .init(MediaInstruction.sel, "11111010 1010 nnnn 1111 dddd 1000 mmmm", .v6t2),
    .init(MediaInstruction.clz, "11111010 1011 nnnn 1111 dddd 1000 mmmm", .v6t2),
    .init(MediaInstruction.crc32, "11111010 110 k nnnn 1111 dddd 10 zz mmmm", .crc32),
    .init(MediaInstruction.sxtah, "11111010 0000 nnnn 1111 dddd 10 rr mmmm", .v6t2),
    .init(MediaInstruction.uxtah, "11111010 0001 nnnn 1111 dddd 10 rr mmmm", .v6t2),
    .init(MediaInstruction.sxtab16, "11111010 0010 nnnn 1111 dddd 10 rr mmmm", .v6t2),
    .init(MediaInstruction.uxtab16, "11111010 0011 nnnn 1111 dddd 10 rr mmmm", .v6t2),
    .init(MediaInstruction.sxtab, "11111010 0100 nnnn 1111 dddd 10 rr mmmm", .v6t2),
    .init(MediaInstruction.uxtab, "11111010 0101 nnnn 1111 dddd 10 rr mmmm", .v6t2),
    .init(MediaInstruction.pkh, "11101010 1100 nnnn 0 iii dddd ii h 0 mmmm", .v6t2),
    .init(MediaInstruction.ssat, "11110011 00 h 0 nnnn 0 iii dddd ii 0 jjjjj", .v6t2),
    .init(MediaInstruction.usat, "11110011 10 h 0 nnnn 0 iii dddd ii 0 jjjjj", .v6t2),
    .init(MediaInstruction.ssat16, "11110011 0010 nnnn 0000 dddd 0000 jjjj", .v6t2),
    .init(MediaInstruction.usat16, "11110011 1010 nnnn 0000 dddd 0000 jjjj", .v6t2),
    .init(MediaInstruction.sbfx, "11110011 0100 nnnn 0 iii dddd ii 0 wwwww", .v6t2),
    .init(MediaInstruction.bfi, "11110011 0110 nnnn 0 iii dddd ii 0 wwwww", .v6t2),
    .init(MediaInstruction.ubfx, "11110011 1100 nnnn 0 iii dddd ii 0 wwwww", .v6t2),
]
