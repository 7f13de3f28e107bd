import Bits
import CPUModel
import IR

extension Translator {
    /// Branches.
    mutating func branch(_ b: inout IRBlock, _ instruction: BranchInstruction, _ o: Operands) -> Bool {
        switch instruction {
        case .b: follow(&b, to: branchTarget(o))
        case .bl:
            link(&b)
            jump(&b, to: branchTarget(o), isCall: true)
        case .blx_imm:
            link(&b)
            jump(&b, to: exchangeTarget(o), isCall: true)
        case .bx, .bxj: exchange(&b, read(&b, o.rm), hint: o.rm == ARMRegisters.lr ? .return : .none)
        case .blx_reg:
            guard o.rm != 15 else { return false }
            call(&b, o.rm)
        case .b_cond:
            // Conditions 14 and 15 are other instructions, and none is one inside an IT block.
            guard o.field(22, 4) < 14, it == 0 else { return false }
            branch(&b, if: test(&b, o.field(22, 4)), to: target(conditionalDistance(o)))
        }
        return true
    }

    /// The address so many bytes from the visible program counter, in the same instruction set.
    func target(_ distance: Int64) -> UInt64 {
        UInt64(visiblePC &+ UInt32(truncatingIfNeeded: distance)) & ~1 | (isThumb ? 1 : 0)
    }

    /// Of b and bl.
    func branchTarget(_ o: Operands) -> UInt64 { target(isThumb ? wideDistance(o) : o.signed(0, 24) << 2) }

    private func wideDistance(_ o: Operands) -> Int64 {
        // J1 and J2 tell where the bits below the sign differ from it.
        let s = o.field(26, 1)
        let i1 = 1 ^ o.field(13, 1) ^ s, i2 = 1 ^ o.field(11, 1) ^ s
        return o.signed(26, 1) << 24 | Int64(i1 << 23 | i2 << 22 | o.field(16, 10) << 12 | o.field(0, 11) << 1)
    }

    private func conditionalDistance(_ o: Operands) -> Int64 {
        let high = o.signed(26, 1) << 20, j2 = o.field(11, 1) << 19, j1 = o.field(13, 1) << 18
        return high | Int64(j2 | j1) | Int64(o.field(16, 6) << 12 | o.field(0, 11) << 1)
    }

    /// Of blx: in the other instruction set.
    private func exchangeTarget(_ o: Operands) -> UInt64 {
        if isThumb { return UInt64(visiblePC & ~3 &+ UInt32(truncatingIfNeeded: wideDistance(o))) & ~3 }
        return UInt64(visiblePC &+ UInt32(truncatingIfNeeded: o.signed(0, 24) << 2 | Int64(o.field(24, 1) << 1))) | 1
    }

    private func link(_ b: inout IRBlock) { writeWide(&b, ARMRegisters.lr, b.const(.i64, next)) }

    /// blx by register.
    mutating func call(_ b: inout IRBlock, _ register: Int) {
        let target = read(&b, register)
        link(&b)
        exchange(&b, target, hint: .call)
    }
}
