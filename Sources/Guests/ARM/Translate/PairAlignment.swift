import Bits
import CPUModel
import IR

/// ldrd or strd by the bits of its instruction, bit 32 for T32.
struct PairAccess {
    let rawValue: UInt64

    init(rawValue: UInt64) { self.rawValue = rawValue }
    init(_ o: Operands) { rawValue = UInt64(o.bits) | (o.isThumb ? 1 << 32 : 0) }

    private var isThumb: Bool { rawValue.bit(32) }
    private var o: Operands { Operands(UInt32(truncatingIfNeeded: rawValue), isThumb: isThumb) }
    var loads: Bool { isThumb ? o.bit(20) : !o.bit(5) }
    var base: Int { o.rn }

    /// The access's address, of registers as they are before it.
    func address(base: UInt32, register: (Int) -> UInt32) -> UInt64 {
        guard o.bit(24) else { return UInt64(base) }
        let offset: UInt32
        if isThumb {
            offset = UInt32(o.field(0, 8)) * 4
        } else {
            offset = o.bit(22) ? UInt32(o.field(8, 4) << 4 | o.field(0, 4)) : register(o.rm)
        }
        return UInt64(o.bit(23) ? base &+ offset : base &- offset)
    }
}

/// A fault of ldrd or strd, at the end of its block: where the address is no multiple of 4.
struct MisalignedPair {
    let label: Label
    let pc: UInt64
    let access: PairAccess

    func place(_ b: inout IRBlock) {
        b.place(label)
        b.call(ARMHelper.misalignedPair.rawValue, b.const(.i64, pc), b.const(.i64, access.rawValue))
        b.exit(.exception, pc: pc)
    }
}

extension ARMCPU {
    func raiseMisaligned(_ access: PairAccess, _ pc: UInt64) {
        let visible = UInt32(truncatingIfNeeded: (pc & ~1) &+ (pc.bit(0) ? 4 : 8)) & ~3
        let address = access.address(base: access.base == ARMRegisters.pc ? visible : register(access.base), register: register)
        raiseAbort(status: ARMFaultStatus.alignment, address: address, access.loads ? .read : .write)
    }
}
