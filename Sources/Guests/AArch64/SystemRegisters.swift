import ArmSystem
import Bits
import CPUModel
import Diagnostics
import IR
import SoftFloat

extension AArch64CPU {
    /// Ticks of CNTVCT_EL0 in a second.
    public static let counterFrequency = ArmCounter.frequency

    // MARK: Flags

    /// N, Z, C and V in bits 3 to 0.
    public var nzcv: UInt64 {
        get {
            let s = unsafe element.pointee
            switch FlagKind(rawValue: s.flagKind) ?? .explicit {
            case .explicit: return s.flagA & 15
            case .sub32: return flags(UInt32(truncatingIfNeeded: s.flagA), ~UInt32(truncatingIfNeeded: s.flagB), carry: 1)
            case .add32: return flags(UInt32(truncatingIfNeeded: s.flagA), UInt32(truncatingIfNeeded: s.flagB), carry: 0)
            case .sub64: return flags(s.flagA, ~s.flagB, carry: 1)
            case .add64: return flags(s.flagA, s.flagB, carry: 0)
            case .logic32: return flags(ofResult: UInt32(truncatingIfNeeded: s.flagA))
            case .logic64: return flags(ofResult: s.flagA)
            case .float32:
                let left = Float(bitPattern: UInt32(truncatingIfNeeded: s.flagA)), right = Float(bitPattern: UInt32(truncatingIfNeeded: s.flagB))
                return flags(comparing: left, right)
            case .float64: return flags(comparing: Double(bitPattern: s.flagA), Double(bitPattern: s.flagB))
            }
        }
        set {
            unsafe element.pointee.flagKind = FlagKind.explicit.rawValue
            unsafe element.pointee.flagA = newValue & 15
        }
    }

    /// DDI 0487, FPCompare.
    private func flags<Number: BinaryFloatingPoint>(comparing left: Number, _ right: Number) -> UInt64 {
        if left.isNaN || right.isNaN { return 3 }
        return left == right ? 6 : left < right ? 8 : 2
    }

    private func flags<Word: FixedWidthInteger & UnsignedInteger>(ofResult result: Word) -> UInt64 {
        (result.bit(Word.bitWidth - 1) ? 8 : 0) | (result == 0 ? 4 : 0)
    }

    /// Those of a sum with carry (DDI 0487, AddWithCarry).
    private func flags<Word: FixedWidthInteger & UnsignedInteger>(_ left: Word, _ right: Word, carry: Word) -> UInt64 {
        let (partial, first) = left.addingReportingOverflow(right)
        let (result, second) = partial.addingReportingOverflow(carry)
        let overflow = ((left ^ result) & (right ^ result)).bit(Word.bitWidth - 1)
        return flags(ofResult: result) | (first || second ? 2 : 0) | (overflow ? 1 : 0)
    }

    // MARK: Floating-point status and control

    public var fpcr: UInt64 {
        get { unsafe element.pointee.fpcr }
        set {
            unsafe element.pointee.fpcr = newValue & (model.features.contains(.fp16) ? FPCR.writable : FPCR.writable & ~FPCR.fz16)
            header.roundingMode = UInt32(FPCR.rounding[Int(newValue.bits(FPCR.roundingShift, 2))].rawValue)
            services?.roundingModeChanged()
            services?.translationFlagsChanged()
        }
    }

    /// FPSR's bits and the IR's.
    private static let statusBits: [(UInt64, FloatStatus)] = [
        (1 << 0, .invalid), (1 << 1, .divideByZero), (1 << 2, .overflow), (1 << 3, .underflow), (1 << 4, .inexact),
        (1 << 7, .flushedOperand),
    ]
    private static let qcBit: UInt64 = 1 << 27

    public var fpsr: UInt64 {
        get {
            header.collectFloatFlags()
            let status = FloatStatus(rawValue: header.floatFlags)
            let bits = AArch64CPU.statusBits.reduce(UInt64(0)) { status.contains($1.1) ? $0 | $1.0 : $0 }
            return unsafe element.pointee.qc != 0 ? bits | AArch64CPU.qcBit : bits
        }
        set {
            header.collectFloatFlags()
            header.floatFlags = AArch64CPU.statusBits.reduce(UInt32(0)) { newValue & $1.0 != 0 ? $0 | $1.1.rawValue : $0 }
            unsafe element.pointee.qc = newValue & AArch64CPU.qcBit
        }
    }
}
