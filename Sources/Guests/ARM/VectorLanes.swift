import ArmArithmetic
import Bits
import IR
import SoftFloat

/// Operations on lanes that the IR has no words for, and the steps of hashes.
extension ARMCPU {
    /// A vector in D `register` or in that and the next one.
    func vectorBits(_ register: Int, bits: Int) -> UInt128 {
        bits == 128 ? quadword(register >> 1) : UInt128(doubleword(register))
    }

    func setVectorBits(_ register: Int, bits: Int, _ value: UInt128) {
        if bits == 128 { setQuadword(register >> 1, value) } else { setDoubleword(register, UInt64(truncatingIfNeeded: value)) }
    }

    /// FPSCR's rules or, for NEON, those of the standard FPSCR.
    func floatEnvironment(standard: Bool, half: Bool = false) -> FloatEnvironment {
        let fpscr = unsafe element.pointee.fpscr
        let rounding: FloatRounding = standard ? .nearestEven : FloatRounding(rawValue: UInt8(header.roundingMode)) ?? .nearestEven
        var environment = FloatEnvironment(
            rounding: rounding, nanRule: standard || fpscr & FPSCR.dn != 0 ? .canonical : .arm, isTinyBeforeRounding: true)
        if half ? fpscr & FPSCR.fz16 != 0 : standard || fpscr & FPSCR.fz != 0 {
            environment.flushing = .arm
            environment.flushesOperands = true
        }
        return environment
    }

    /// Adds the exceptions of an environment to those that have accrued.
    func accrue(_ environment: FloatEnvironment) {
        header.floatFlags |= FloatStatus(rawValue: environment.flags.rawValue).rawValue
    }

    func noteSaturation() { unsafe element.pointee.qc = 1 }

    /// `layout`: the lane, and the bits of the vector << 8.
    func computeLanes(_ number: UInt64, _ bits: UInt64, _ layout: UInt64) {
        guard let instruction = NeonInstruction(rawValue: Int(number)), let lane = Lane(rawValue: UInt8(layout & 15)) else { return }
        LaneJob(self, instruction, Operands(UInt32(bits), isThumb: false), lane, bits: Int(layout >> 8)).run()
    }

    func hash(_ number: UInt64, _ bits: UInt64) {
        guard let instruction = NeonInstruction(rawValue: Int(number)) else { return }
        let o = Operands(UInt32(bits), isThumb: false)
        let d = quadword(o.vd(.v128) >> 1), n = quadword(o.vn(.v128) >> 1), m = quadword(o.vm(.v128) >> 1)
        let result: UInt128
        switch instruction {
        case .sha1c: result = SecureHash.sha1c(d, n, m)
        case .sha1p: result = SecureHash.sha1p(d, n, m)
        case .sha1m: result = SecureHash.sha1m(d, n, m)
        case .sha1su0: result = SecureHash.sha1su0(d, n, m)
        case .sha1su1: result = SecureHash.sha1su1(d, m)
        case .sha1h: result = SecureHash.sha1h(m)
        case .sha256h: result = SecureHash.sha256h(d, n, m)
        case .sha256h2: result = SecureHash.sha256h2(d, n, m)
        case .sha256su0: result = SecureHash.sha256su0(d, m)
        case .sha256su1: result = SecureHash.sha256su1(d, n, m)
        default: preconditionFailure("\(instruction) is no step of a hash")
        }
        setQuadword(o.vd(.v128) >> 1, result)
    }
}

/// One operation on lanes: its operands, and where its result goes.
private struct LaneJob {
    let cpu: ARMCPU
    let instruction: NeonInstruction
    let o: Operands
    let lane: Lane
    let bits: Int
    let n: LaneVector
    /// The second operand; by scalar, that element in all lanes.
    let m: LaneVector
    let d: LaneVector

    init(_ cpu: ARMCPU, _ instruction: NeonInstruction, _ o: Operands, _ lane: Lane, bits: Int) {
        self.cpu = cpu
        self.instruction = instruction
        self.o = o
        self.lane = lane
        self.bits = bits
        n = LaneVector(cpu.vectorBits(o.vn(.v128), bits: bits), width: lane.bits)
        d = LaneVector(cpu.vectorBits(o.vd(.v128), bits: bits), width: lane.bits)
        var m = LaneVector(cpu.vectorBits(o.vm(.v128), bits: bits), width: lane.bits)
        if instruction == .vqrdmlah_s || instruction == .vqrdmlsh_s {
            let place = o.scalarPlace
            let element = LaneVector(UInt128(cpu.doubleword(place.register)), width: lane.bits)[place.index]
            for index in 0..<bits / lane.bits { m[index] = element }
        }
        self.m = m
    }

    private func write(_ value: (Int) -> UInt64) {
        var result = LaneVector(0, width: lane.bits)
        for index in 0..<bits / lane.bits { result[index] = value(index) }
        cpu.setVectorBits(o.vd(.v128), bits: bits, result.bits)
    }

    func run() {
        let isSigned = !o.isUnsigned
        func number(_ index: Int) -> Int128 { isSigned ? m.signed(index) : Int128(m[index]) }
        switch instruction {
        case .vrshl: write { shift(number($0), n[$0], signed: isSigned, rounds: true, saturates: false) }
        case .vqshl: write { shift(number($0), n[$0], signed: isSigned, rounds: false, saturates: true) }
        case .vqrshl: write { shift(number($0), n[$0], signed: isSigned, rounds: true, saturates: true) }
        case .vqshl_i: write { shift(number($0), leftCount, signed: isSigned, rounds: false, saturates: true) }
        case .vqshlu_i: write { shift(m.signed($0), leftCount, signed: false, rounds: false, saturates: true) }
        case .vqrdmlah, .vqrdmlah_s: write { doubleAccumulate($0, sign: 1) }
        case .vqrdmlsh, .vqrdmlsh_s: write { doubleAccumulate($0, sign: -1) }
        case .vrecpe: write { Estimate.unsignedReciprocal(m[$0]) }
        case .vrsqrte: write { Estimate.unsignedRoot(m[$0]) }
        default: runFloat()
        }
    }

    // MARK: Saturation

    private var leftCount: UInt64 { UInt64(lane.bits - o.rightShift) }

    private func saturated(_ value: Int128, signed: Bool) -> UInt64 {
        let top = Int128(1) << (lane.bits - (signed ? 1 : 0))
        let result = min(max(value, signed ? -top : 0), top - 1)
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

    // MARK: Floats

    private func runFloat() {
        let format: FloatFormat = lane == .b16 ? .f16 : .f32
        var environment = cpu.floatEnvironment(standard: true, half: lane == .b16)
        var step = FloatStep(format: format, environment: environment)
        switch instruction {
        case .vrecps: write { UInt64(truncatingIfNeeded: reciprocalStep(format, n[$0], m[$0], &environment)) }
        case .vrsqrts: write { UInt64(truncatingIfNeeded: rootStep(format, n[$0], m[$0], &environment)) }
        case .vrecpe_f: write { step.reciprocalEstimate(m[$0]) }
        case .vrsqrte_f: write { step.rootEstimate(m[$0]) }
        case .vcvt_fromfix: write { fromFixed(m[$0], &environment) }
        case .vcvt_tohalf: narrowToHalf(&environment)
        case .vcvt_fromhalf: widenHalf(&environment)
        default: preconditionFailure("no lanes of floats are made by \(instruction)")
        }
        environment.flags.formUnion(step.environment.flags)
        if lane == .b16 { environment.flags.remove(.flushedOperand) }
        cpu.accrue(environment)
    }

    private func number(_ format: FloatFormat, _ value: Int) -> UInt128 {
        var exact = FloatEnvironment()
        return format.fromInteger(UInt128(value), width: 32, isSigned: false, &exact)
    }

    /// Whether one factor is zero, or counts as one, and the other infinite.
    private func isZeroTimesInfinity(_ format: FloatFormat, _ x: UInt64, _ y: UInt64, _ environment: inout FloatEnvironment) -> Bool {
        let sign: UInt64 = 1 << UInt64(lane.bits - 1)
        let top = (1 << UInt64(format.exponentBits)) - 1 as UInt64
        func isInfinite(_ x: UInt64) -> Bool { x & ~sign == top << UInt64(format.fractionBits) }
        guard isInfinite(x) || isInfinite(y) else { return false }
        let other = isInfinite(x) ? y : x
        if other & ~sign == 0 { return true }
        guard environment.flushesOperands, other >> UInt64(format.fractionBits) & top == 0 else { return false }
        environment.flags.insert(.flushedOperand)
        return true
    }

    /// FPRecipStep: 2 - x y, rounded twice.
    private func reciprocalStep(_ format: FloatFormat, _ x: UInt64, _ y: UInt64, _ environment: inout FloatEnvironment) -> UInt128 {
        let two = number(format, 2)
        if isZeroTimesInfinity(format, x, y, &environment) { return two }
        let product = format.multiply(UInt128(x), UInt128(y), &environment)
        return format.subtract(two, product, &environment)
    }

    /// FPRSqrtStep: (3 - x y) / 2, rounded twice.
    private func rootStep(_ format: FloatFormat, _ x: UInt64, _ y: UInt64, _ environment: inout FloatEnvironment) -> UInt128 {
        let two = number(format, 2), three = number(format, 3)
        if isZeroTimesInfinity(format, x, y, &environment) { return format.divide(three, two, &environment) }
        let product = format.multiply(UInt128(x), UInt128(y), &environment)
        return format.divide(format.subtract(three, product, &environment), two, &environment)
    }

    /// A fixed-point half-word, exact in double precision, then rounded once.
    private func fromFixed(_ value: UInt64, _ environment: inout FloatEnvironment) -> UInt64 {
        var exact = FloatEnvironment()
        let whole = FloatFormat.f64.fromInteger(UInt128(value), width: 16, isSigned: !o.isUnsigned, &exact)
        let scale = UInt128(1023 - (64 - o.field(16, 6))) << 52
        let scaled = FloatFormat.f64.multiply(whole, scale, &exact)
        return UInt64(truncatingIfNeeded: FloatFormat.f64.convert(scaled, to: .f16, &environment))
    }

    // MARK: The alternative half-precision format

    private func narrowToHalf(_ environment: inout FloatEnvironment) {
        var half = LaneVector(0, width: 16)
        for index in 0..<4 { half[index] = AlternativeHalf.convert(m[index], 4 | 2 << 4, &environment) }
        cpu.setDoubleword(o.vd(.v128), UInt64(truncatingIfNeeded: half.bits))
    }

    private func widenHalf(_ environment: inout FloatEnvironment) {
        let half = LaneVector(UInt128(cpu.doubleword(o.vm(.v128))), width: 16)
        var result = LaneVector(0, width: 32)
        for index in 0..<4 {
            var one = environment
            result[index] = AlternativeHalf.convert(half[index], 2 | 4 << 4, &one)
            environment.flags.formUnion(one.flags)
        }
        cpu.setQuadword(o.vd(.v128) >> 1, result.bits)
    }
}
