import IR

/// The stack pointer's alignment check (DDI 0487, D1.8.2): an access whose base is SP faults unless SP is a multiple of 16. A block looks once, and again
/// only when it has changed SP by something else than a multiple of 16.
struct StackAlignment {
    private var isChecked = false
    private var faults: [(label: Label, pc: UInt64)] = []

    /// Before an instruction at `pc`.
    mutating func check(_ b: inout IRBlock, _ id: InstructionID, _ o: Operands, pc: UInt64) {
        guard !isChecked, StackAlignment.accesses(id, o) else { return }
        let low = b.binary(.and, .i64, b.read(.i64, AArch64Registers.x(AArch64Registers.sp)), b.const(.i64, 15))
        let fault = b.makeLabel()
        b.branch(fault, if: .ne, low, b.const(.i64, 0))
        faults.append((fault, pc))
        isChecked = true
    }

    /// Behind it.
    mutating func note(_ id: InstructionID, _ o: Operands) {
        if StackAlignment.mayMisalign(id, o) { isChecked = false }
    }

    /// Ends the block with the faults.
    func place(_ b: inout IRBlock) {
        for (label, pc) in faults {
            b.place(label)
            b.call(AArch64Helper.misalignedStack.rawValue, b.const(.i64, pc))
            b.exit(.exception, pc: pc)
        }
    }

    /// Loads and stores with SP as base; those of literals have none.
    private static func accesses(_ id: InstructionID, _ o: Operands) -> Bool {
        switch id.chapter {
        case .structure: o.rn == 31
        case .loadStore: o.rn == 31 && (o.field(27, 3) != 3 || o.bit(24))
        default: false
        }
    }

    /// Whether an instruction may leave SP misaligned.
    private static func mayMisalign(_ id: InstructionID, _ o: Operands) -> Bool {
        switch id.chapter {
        // add and sub of an immediate to SP itself; anything else with register 31 as its result may be anything.
        case .immediate:
            guard o.rd == 31 else { return false }
            let isAddition = o.field(23, 6) == 0b100010
            return !(isAddition && o.rn == 31 && (o.bit(22) || o.field(10, 4) == 0))
        case .register: return o.rd == 31
        case .structure: return o.rn == 31
        case .loadStore:
            guard o.rn == 31 else { return false }
            switch o.field(27, 3) {
            // Pairs that change their base: by a multiple of the register's size.
            case 5: return o.bit(23) && o.field(15, 7) * pairSize(o) & 15 != 0
            // Registers with pre or post index, by bytes; of those with bit 21 ldraa and ldrab.
            case 7: return !o.bit(24) && o.bit(10) && (o.bit(21) || o.field(12, 9) & 15 != 0)
            default: return false
            }
        default: return false
        }
    }

    private static func pairSize(_ o: Operands) -> Int { o.bit(26) ? 4 << o.field(30, 2) : o.is64 ? 8 : 4 }
}
