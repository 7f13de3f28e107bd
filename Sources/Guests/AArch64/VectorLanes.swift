import ArmArithmetic
import Bits
import IR
import SoftFloat

/// Operations on lanes that the IR has no words for.
extension AArch64CPU {
    func vectorBits(_ register: Int) -> UInt128 {
        unsafe UInt128(element.pointee.v[2 * register + 1]) << 64 | UInt128(element.pointee.v[2 * register])
    }

    func setVectorBits(_ register: Int, _ bits: UInt128) {
        setVector(register, low: UInt64(truncatingIfNeeded: bits), high: UInt64(truncatingIfNeeded: bits >> 64))
    }

    /// `layout`: the lane, and the number of lanes << 8.
    func computeLanes(_ number: UInt64, _ bits: UInt64, _ layout: UInt64) {
        guard let instruction = VectorInstruction(rawValue: Int(number)), let lane = Lane(rawValue: UInt8(layout & 15)) else { return }
        let job = LaneJob(self, instruction, Operands(UInt32(bits)), lane, count: Int(layout >> 8))
        job.run()
    }

    func noteSaturation() { unsafe element.pointee.qc = 1 }
}

/// One such operation: its operands, and where its result goes.
struct LaneJob {
    let cpu: AArch64CPU
    let instruction: VectorInstruction
    let o: Operands
    let lane: Lane
    let count: Int
    let n: LaneVector
    /// The second operand; by element, that element in all lanes.
    let m: LaneVector
    let d: LaneVector

    init(_ cpu: AArch64CPU, _ instruction: VectorInstruction, _ o: Operands, _ lane: Lane, count: Int) {
        self.cpu = cpu
        self.instruction = instruction
        self.o = o
        self.lane = lane
        self.count = count
        n = LaneVector(cpu.vectorBits(o.rn), width: lane.bits)
        d = LaneVector(cpu.vectorBits(o.rd), width: lane.bits)
        m = LaneJob.second(cpu, instruction, o, lane)
    }

    private static func second(_ cpu: AArch64CPU, _ instruction: VectorInstruction, _ o: Operands, _ lane: Lane) -> LaneVector {
        switch instruction {
        case .sqrdmlah_e, .sqrdmlsh_e, .fmulx_e, .bfdot_e, .bfmlal_e, .fmlal_e, .fmlsl_e, .fmlal2_e, .fmlsl2_e:
            let h = o.field(11, 1), l = o.field(21, 1)
            // The elements of bfmlal and fmlal are half-words though their lanes are words.
            let isHalf = lane == .b16 || [.bfmlal_e, .fmlal_e, .fmlsl_e, .fmlal2_e, .fmlsl2_e].contains(instruction)
            let index = isHalf ? h << 2 | l << 1 | o.field(20, 1) : lane == .b32 ? h << 1 | l : h
            let width = isHalf ? 16 : lane.bits
            let source = LaneVector(cpu.vectorBits(isHalf ? o.field(16, 4) : o.rm), width: width)
            var all = LaneVector(0, width: width)
            for place in 0..<128 / width { all[place] = source[index] }
            return LaneVector(all.bits, width: lane.bits)
        default: return LaneVector(cpu.vectorBits(o.rm), width: lane.bits)
        }
    }

    /// Writes the lanes that the function gives, and zeros above them.
    func write(_ lane: (Int) -> UInt64) {
        var result = LaneVector(0, width: self.lane.bits)
        for index in 0..<count { result[index] = lane(index) }
        cpu.setVectorBits(o.rd, result.bits)
    }

    func run() {
        switch instruction {
        case .srshl_v: write { shift(n.signed($0), m[$0], signed: true, rounds: true, saturates: false) }
        case .urshl_v: write { shift(Int128(n[$0]), m[$0], signed: false, rounds: true, saturates: false) }
        case .sqshl_v: write { shift(n.signed($0), m[$0], signed: true, rounds: false, saturates: true) }
        case .uqshl_v: write { shift(Int128(n[$0]), m[$0], signed: false, rounds: false, saturates: true) }
        case .sqrshl_v: write { shift(n.signed($0), m[$0], signed: true, rounds: true, saturates: true) }
        case .uqrshl_v: write { shift(Int128(n[$0]), m[$0], signed: false, rounds: true, saturates: true) }
        case .sqshl_i: write { shift(n.signed($0), leftCount, signed: true, rounds: false, saturates: true) }
        case .uqshl_i: write { shift(Int128(n[$0]), leftCount, signed: false, rounds: false, saturates: true) }
        case .sqshlu_i: write { shift(n.signed($0), leftCount, signed: false, rounds: false, saturates: true) }
        case .suqadd_v: write { saturated(Int128(n[$0]) + d.signed($0), signed: true) }
        case .usqadd_v: write { saturated(n.signed($0) + Int128(d[$0]), signed: false) }
        case .sqrdmlah_v, .sqrdmlah_e: write { doubleAccumulate($0, sign: 1) }
        case .sqrdmlsh_v, .sqrdmlsh_e: write { doubleAccumulate($0, sign: -1) }
        case .smmla_v: matrix(firstSigned: true, secondSigned: true)
        case .ummla_v: matrix(firstSigned: false, secondSigned: false)
        case .usmmla_v: matrix(firstSigned: false, secondSigned: true)
        case .urecpe_v: write { $0 < count ? Estimate.unsignedReciprocal(n[$0]) : 0 }
        case .ursqrte_v: write { Estimate.unsignedRoot(n[$0]) }
        default: runFloat()
        }
    }

    // MARK: Saturation

    private var leftCount: UInt64 { UInt64(lane.bits - o.rightShift(lane)) }

    func saturated(_ value: Int128, signed: Bool) -> UInt64 {
        let top = Int128(1) << (lane.bits - (signed ? 1 : 0))
        let least = signed ? -top : 0
        let result = min(max(value, least), top - 1)
        if result != value { cpu.noteSaturation() }
        return UInt64(truncatingIfNeeded: result)
    }

    /// A shift left by the signed low byte of a count.
    private func shift(_ value: Int128, _ count: UInt64, signed: Bool, rounds: Bool, saturates: Bool) -> UInt64 {
        let count = Int(Int8(truncatingIfNeeded: count))
        let result: Int128
        if count >= lane.bits {
            // More than any lane holds.
            result = saturates ? value.signum() << 100 : 0
        } else if count >= 0 {
            result = value << count
        } else {
            let right = min(-count, 66)
            result = (rounds ? value + 1 << (right - 1) : value) >> right
        }
        return saturates ? saturated(result, signed: signed) : UInt64(truncatingIfNeeded: result)
    }

    private func doubleAccumulate(_ index: Int, sign: Int128) -> UInt64 {
        let product = 2 * n.signed(index) * m.signed(index)
        let sum = (d.signed(index) << lane.bits) + sign * product + (1 << (lane.bits - 1))
        return saturated(sum >> lane.bits, signed: true)
    }

    /// A matrix of 2 × 8 bytes times the transpose of another, added to one of 2 × 2 words.
    private func matrix(firstSigned: Bool, secondSigned: Bool) {
        let left = LaneVector(n.bits, width: 8), right = LaneVector(m.bits, width: 8)
        write { place in
            (0..<8).reduce(d[place]) { sum, column in
                let row = 8 * (place / 2) + column, other = 8 * (place % 2) + column
                let x = firstSigned ? left.signed(row) : Int128(left[row]), y = secondSigned ? right.signed(other) : Int128(right[other])
                return sum &+ UInt64(truncatingIfNeeded: x * y)
            }
        }
    }
}
