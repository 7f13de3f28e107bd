import IR

/// The registers of a processing element: a plain struct behind the state pointer, which generated code addresses by offset.
struct AArch64State {
    /// X0–X30, then SP.
    var x = InlineArray<32, UInt64>(repeating: 0)
    /// V0–V31, two halves each, the low one first.
    var v = InlineArray<64, UInt64>(repeating: 0)
    /// What N, Z, C and V follow from: a `FlagKind` and its operands. The flags are worked out where they are read.
    var flagKind: UInt64 = 0
    var flagA: UInt64 = 0
    var flagB: UInt64 = 0
    /// FPCR, whose rounding mode is also in the CPU header.
    var fpcr: UInt64 = 0
    /// FPSR.QC: not 0 where a saturating instruction has saturated. The other flags of FPSR are among the header's float flags.
    var qc: UInt64 = 0
    /// The exception that `CPUHeader.exception` announces: class and syndrome as ESR_EL1 holds them, the address, and the level that takes it (0: the
    /// usual one).
    var pendingSyndrome: UInt64 = 0
    var pendingAddress: UInt64 = 0
    var pendingLevel: UInt64 = 0
    /// 1 while the element executes nothing: it waits for an interrupt, has been switched off, or was halted for good.
    var halted: UInt64 = 0
    /// The event register, which wfe waits for.
    var event: UInt64 = 0
    /// PSTATE.IL and PSTATE.SS.
    var illegal: UInt64 = 0
    var stepping: UInt64 = 0
    /// Interrupt inputs, a bit for each `InterruptLine`; changed by other threads.
    var lines: UInt64 = 0
    /// 1 from a TLB maintenance instruction that concerns other elements on, until they have done it.
    var broadcasts: UInt64 = 0
    /// 1 once the program has used an address with a tag: its code is then translated so that accesses ignore the top byte.
    var usesTags: UInt64 = 0
    /// 1 where system calls take addresses with tags (PR_SET_TAGGED_ADDR_CTRL).
    var passesTags: UInt64 = 0
    /// Virtual time at which PMCCNTR_EL0 was 0, in cycles.
    var cycleOffset: UInt64 = 0
    /// System registers by `SystemRegister.rawValue`, those of the process state in the places of their registers.
    var system = InlineArray<256, UInt64>(repeating: 0)

    subscript(register: SystemRegister) -> UInt64 {
        get { system[register.rawValue] }
        set { system[register.rawValue] = newValue }
    }
}

/// How the flag cells hold N, Z, C and V.
enum FlagKind: UInt64, CaseIterable {
    /// `flagA` holds NZCV in its bits 3 to 0.
    case explicit
    /// Those of `flagA` - `flagB`, `flagA` + `flagB`, and of the result `flagA` of a logical operation.
    case sub32, sub64, add32, add64, logic32, logic64
    /// Those of comparing the floats whose bits `flagA` and `flagB` hold.
    case float32, float64
}

/// Register names in the debugger's order, and the fields as the IR sees them.
enum AArch64Registers {
    static let names = (0..<31).map { "x\($0)" } + ["sp"]

    /// Number of the stack pointer's cell.
    static let sp = 31

    /// Offset of a general register.
    static func x(_ number: Int) -> Int { 8 * number }
    /// Offset of a vector register.
    static func v(_ number: Int) -> Int { 256 + 16 * number }

    static let flagKind = offset(\.flagKind), flagA = offset(\.flagA), flagB = offset(\.flagB)
    static let qc = offset(\.qc), system = offset(\.system), broadcasts = offset(\.broadcasts)

    private static func offset(_ path: PartialKeyPath<AArch64State>) -> Int { MemoryLayout<AArch64State>.offset(of: path) ?? 0 }

    /// Compilers' favourites, hottest first: they get host registers.
    private static let hot = [0, 1, 2, 3, sp, 19, 20, 4, 5, 8, 21, 29, 30, 22, 6, 9]

    static let layout = StateLayout(
        (0..<32).map { StateField(names[$0], x($0), .i64, priority: hot.firstIndex(of: $0)) }
            + (0..<32).map { StateField("v\($0)", v($0), .v128, priority: $0 < 8 ? $0 : nil) }
            + [
                StateField("flag_kind", flagKind, .i64), StateField("flag_a", flagA, .i64), StateField("flag_b", flagB, .i64),
                StateField("qc", qc, .i64),
            ] + SystemRegister.allCases.map { StateField(String(describing: $0), $0.offset, .i64) })
}
