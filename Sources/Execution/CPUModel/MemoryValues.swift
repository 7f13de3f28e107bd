import CHost
import IR

/// Values on their way between registers and memory: what the slow paths of memory accesses share.
extension MemoryOperation {
    private var unusedBits: UInt64 { UInt64(64 - 8 * min(size, 8)) }

    /// A register's value in memory's byte order, cut to the access's size.
    public func ordered(_ value: UInt64) -> UInt64 {
        isBigEndian ? value.byteSwapped >> unusedBits : (value << unusedBits) >> unusedBits
    }

    /// Bytes from memory as a register's value, extended to 64 bits.
    public func extended(_ raw: UInt64) -> UInt64 {
        let value = isBigEndian ? raw.byteSwapped >> unusedBits : raw
        return isSigned ? UInt64(bitPattern: Int64(bitPattern: value << unusedBits) >> Int64(unusedBits)) : value
    }

    /// What an atomic operation puts back for the bytes it found, in memory's byte order.
    public func combined(_ operation: AtomicOperation, _ raw: UInt64, _ operand: UInt64) -> UInt64 {
        let old = isBigEndian ? raw.byteSwapped >> unusedBits : raw
        let b = (operand << unusedBits) >> unusedBits
        let (signedOld, signedB) = (Int64(bitPattern: old << unusedBits), Int64(bitPattern: b << unusedBits))
        let new: UInt64
        switch operation {
        case .exchange: new = b
        case .add: new = old &+ b
        case .and: new = old & b
        case .or: new = old | b
        case .xor: new = old ^ b
        case .andNot: new = old & ~b
        case .minS: new = signedOld <= signedB ? old : b
        case .maxS: new = signedOld >= signedB ? old : b
        case .minU: new = min(old, b)
        case .maxU: new = max(old, b)
        }
        return ordered(new)
    }
}

extension CPUHeader {
    /// MXCSR for generated code: all exceptions masked, the guest's rounding mode, no flags but the accrued ones.
    public func setHostRounding() {
        // Nearest, to zero, down, up in the guest's order; other modes are computed by SoftFloat.
        let mode = roundingMode
        let hostMode: UInt32 = mode == 1 ? 3 : mode == 2 ? 1 : mode == 3 ? 2 : 0
        unsafe state.storeBytes(of: 0x1f80 | hostMode << 13, toByteOffset: Offset.guestMXCSR, as: UInt32.self)
    }
}
