import Bits
import CPUModel
import IR

/// CPSR and FPSCR as numbers.
extension ARMCPU {
    // MARK: CPSR

    /// N, Z, C and V in bits 3 to 0.
    public var nzcv: UInt64 {
        get {
            let s = unsafe element.pointee
            let isZero = UInt32(truncatingIfNeeded: s.negativeZero) == 0
            return (s.negativeZero.bit(63) ? 8 : 0) | (isZero ? 4 : 0) | (s.carryA >= s.carryB ? 2 : 0) | (s.overflow.bit(31) ? 1 : 0)
        }
        set {
            unsafe element.pointee.negativeZero = (newValue.bit(3) ? 1 << 63 : 0) | (newValue.bit(2) ? 0 : 1)
            unsafe element.pointee.carryA = newValue >> 1 & 1
            unsafe element.pointee.carryB = 1
            unsafe element.pointee.overflow = (newValue & 1) << 31
        }
    }

    /// GE, a bit for each byte.
    private var greaterEqual: UInt64 {
        get { (0..<4).reduce(0) { unsafe element.pointee.greaterEqual.bit(8 * $1) ? $0 | 1 << UInt64($1) : $0 } }
        set {
            unsafe element.pointee.greaterEqual = (0..<4).reduce(0) { newValue.bit($1) ? $0 | 0xff << UInt64(8 * $1) : $0 }
        }
    }

    /// APSR: the flags that programs read and write with mrs and msr.
    var applicationState: UInt64 {
        get { nzcv << 28 | (unsafe element.pointee.saturated != 0 ? 1 << 27 : 0) | greaterEqual << 16 }
        set { setApplicationState(newValue, flags: true, greaterEqual: true) }
    }

    func setApplicationState(_ value: UInt64, flags: Bool, greaterEqual setsGE: Bool) {
        if flags {
            nzcv = value >> 28 & 15
            unsafe element.pointee.saturated = value >> 27 & 1
        }
        if setsGE { greaterEqual = value >> 16 & 15 }
    }

    /// CPSR; T goes to bit 0 of `pc`. Setting a program's changes what a program may change.
    public var cpsr: UInt32 {
        get {
            UInt32(truncatingIfNeeded: processorState)
        }
        set {
            let value = UInt64(newValue)
            if system != nil { return setProcessorState(value) }
            applicationState = value
            unsafe element.pointee.it = value.bits(10, 6) << 2 | value.bits(25, 2)
            unsafe element.pointee.bigEndian = value.bits(9, 1)
            header.pc = header.pc & ~1 | value.bits(5, 1)
            services?.translationFlagsChanged()
        }
    }

    // MARK: FPSCR

    /// FPSCR's bits and the IR's.
    private static let statusBits: [(UInt64, FloatStatus)] = [
        (1 << 0, .invalid), (1 << 1, .divideByZero), (1 << 2, .overflow), (1 << 3, .underflow), (1 << 4, .inexact),
        (1 << 7, .flushedOperand),
    ]

    public var fpscr: UInt32 {
        get {
            header.collectFloatFlags()
            let status = FloatStatus(rawValue: header.floatFlags)
            let s = unsafe element.pointee
            let flags = ARMCPU.statusBits.reduce(UInt64(0)) { status.contains($1.1) ? $0 | $1.0 : $0 }
            return UInt32(truncatingIfNeeded: s.floatConditions << 28 | (s.qc != 0 ? FPSCR.qc : 0) | s.fpscr | flags)
        }
        set {
            let value = UInt64(newValue)
            header.collectFloatFlags()
            header.floatFlags = ARMCPU.statusBits.reduce(UInt32(0)) { value & $1.0 != 0 ? $0 | $1.1.rawValue : $0 }
            unsafe element.pointee.floatConditions = value >> 28
            unsafe element.pointee.qc = model.features.contains(.neon) ? value & FPSCR.qc : 0
            unsafe element.pointee.fpscr = value & FPSCR.control(model.features)
            header.roundingMode = UInt32(FPSCR.rounding[Int(value.bits(FPSCR.roundingShift, 2))].rawValue)
            services?.roundingModeChanged()
            services?.translationFlagsChanged()
        }
    }
}

/// Fields of FPSCR (DDI 0406, B4.1.58).
enum FPSCR {
    static let qc: UInt64 = 1 << 27, ahp: UInt64 = 1 << 26, dn: UInt64 = 1 << 25, fz: UInt64 = 1 << 24, fz16: UInt64 = 1 << 19
    static let roundingShift = 22, lengthShift = 16, strideShift = 20
    private static let vectorControl: UInt64 = 7 << 16 | 3 << 20

    /// What software may set: no trapping exceptions; lengths of short vectors where there are some.
    static func control(_ features: ARMFeatures) -> UInt64 {
        let common = dn | fz | 3 << 22
        return common | (features.contains(.halfConversions) ? ahp : 0) | (features.contains(.fp16) ? fz16 : 0)
            | (features.contains(.shortVectors) ? vectorControl : 0)
    }

    /// The IR's rounding modes by RMode: nearest, towards plus infinity, towards minus infinity, towards zero.
    static let rounding: [FloatAttributes.Rounding] = [.nearestEven, .up, .down, .towardZero]
}
