import IR

/// The registers of a processing element in AArch32 state: a plain struct behind the state pointer, which generated code addresses by offset.
///
/// The program counter is `CPUHeader.pc`, whose bit 0 is CPSR.T: an odd one means that T32 code goes on at the address below it. So code of either
/// kind has its own entries in every table that finds code by `pc`, and interworking costs nothing.
struct ARMState {
    /// R0–R14 in the low halves, the high halves zero. Number 15 is unused.
    var r = InlineArray<16, UInt64>(repeating: 0)
    /// Q0–Q15, two halves each, the low one first: D0–D31, and S0–S31 in the lower half of them.
    var v = InlineArray<32, UInt64>(repeating: 0)
    /// N and Z: the result they follow from, sign-extended. Z holds if the low 32 bits are 0, N is bit 63.
    var negativeZero: UInt64 = 1
    /// C holds if `carryA` >= `carryB`, unsigned.
    var carryA: UInt64 = 0
    var carryB: UInt64 = 1
    /// V is bit 31.
    var overflow: UInt64 = 0
    /// CPSR.Q: not 0 where a saturating instruction has saturated.
    var saturated: UInt64 = 0
    /// CPSR.GE: all ones in each byte of the low half whose flag is set.
    var greaterEqual: UInt64 = 0
    /// CPSR.IT as the manual numbers its bits: IT[7:0]. 0 outside IT blocks.
    var it: UInt64 = 0
    /// CPSR.E: 1 where data is big-endian.
    var bigEndian: UInt64 = 0
    /// FPSCR's fields for control: AHP, DN, FZ, RMode, Stride, FZ16, Len. The rounding mode is also in the CPU header, the cumulative flags are among
    /// the header's float flags.
    var fpscr: UInt64 = 0
    /// FPSCR.QC: not 0 where a saturating vector instruction has saturated.
    var qc: UInt64 = 0
    /// FPSCR.NZCV, in bits 3 to 0.
    var floatConditions: UInt64 = 0
    /// FPEXC.
    var fpexc: UInt64 = 0
    /// TPIDRURW, TPIDRURO (the thread pointer of Linux programs), TPIDRPRW.
    var tpidrurw: UInt64 = 0
    var tpidruro: UInt64 = 0
    var tpidrprw: UInt64 = 0
    /// The exception that `CPUHeader.exception` announces: an `ARMException.Kind`, its fault status, and the address.
    var pendingKind: UInt64 = 0
    var pendingStatus: UInt64 = 0
    var pendingAddress: UInt64 = 0
    /// 1 while the element executes nothing: it waits for an interrupt, has been switched off, or was halted for good.
    var halted: UInt64 = 0
    /// CPSR.M, and CPSR's A, I and F in their places. A program's element is in user mode.
    var mode: UInt64 = 0x10
    var masks: UInt64 = 0
    /// R8–R12 of the other modes while FIQ mode is in use, then FIQ mode's while it is not.
    var highBanks = InlineArray<10, UInt64>(repeating: 0)
    /// R13, R14 and SPSR of the modes (`Mode.bank`) that are not in use; SPSR of those that are, too.
    var stackBanks = InlineArray<8, UInt64>(repeating: 0)
    var linkBanks = InlineArray<8, UInt64>(repeating: 0)
    var savedStates = InlineArray<8, UInt64>(repeating: 0)
    /// Interrupt inputs, a bit for each `InterruptLine`; changed by other threads.
    var lines: UInt64 = 0
    /// 1 from a TLB maintenance operation that concerns other elements on, until they have done it.
    var broadcasts: UInt64 = 0
    /// Virtual time at which PMCCNTR was 0, in cycles.
    var cycleOffset: UInt64 = 0
    /// DACR's values that have MMU indices of their own, and which of them is the one in force.
    var domainSets = InlineArray<3, UInt64>(repeating: 0)
    var domainSet: UInt64 = 0
    /// Registers of coprocessor 15 by `SystemRegister.rawValue`.
    var system = InlineArray<96, UInt64>(repeating: 0)
}

/// Register names in the debugger's order, and the fields as the IR sees them.
enum ARMRegisters {
    static let names = (0..<13).map { "r\($0)" } + ["sp", "lr", "pc"]
    static let sp = 13, lr = 14, pc = 15

    /// Offset of a general register but the program counter.
    static func r(_ number: Int) -> Int { 8 * number }
    /// Offset of a quadword register.
    static func q(_ number: Int) -> Int { 128 + 16 * number }

    static let negativeZero = offset(\.negativeZero), carryA = offset(\.carryA), carryB = offset(\.carryB), overflow = offset(\.overflow)
    static let saturated = offset(\.saturated), greaterEqual = offset(\.greaterEqual), it = offset(\.it), bigEndian = offset(\.bigEndian)
    static let qc = offset(\.qc), floatConditions = offset(\.floatConditions)
    static let fpexc = offset(\.fpexc), masks = offset(\.masks)
    static let system = offset(\.system)
    static let tpidrurw = offset(\.tpidrurw), tpidruro = offset(\.tpidruro), tpidrprw = offset(\.tpidrprw)

    /// Offset of user mode's register where another mode has its own: R8 to R14.
    static func user(_ number: Int) -> Int {
        number < sp ? offset(\.highBanks) + 8 * (number - 8) : number == sp ? offset(\.stackBanks) : offset(\.linkBanks)
    }

    private static func offset(_ path: PartialKeyPath<ARMState>) -> Int { MemoryLayout<ARMState>.offset(of: path) ?? 0 }

    /// Compilers' favourites, hottest first: they get host registers.
    private static let hot = [3, 0, 2, 1, sp, 4, 5, 6, 7, lr, 8, 12, 9, 10, 11]

    static let layout = StateLayout(
        (0..<15).map { StateField(names[$0], r($0), .i64, priority: hot.firstIndex(of: $0)) }
            + (0..<16).map { StateField("q\($0)", q($0), .v128, priority: $0 < 8 ? $0 : nil) }
            + [
                StateField("nz", negativeZero, .i64), StateField("carry_a", carryA, .i64), StateField("carry_b", carryB, .i64),
                StateField("v", overflow, .i64), StateField("q", saturated, .i64), StateField("ge", greaterEqual, .i64), StateField("it", it, .i64),
                StateField("e", bigEndian, .i64), StateField("qc", qc, .i64), StateField("fp_nzcv", floatConditions, .i64),
                StateField("fpexc", fpexc, .i64), StateField("masks", masks, .i64),
            ]
            + (8..<15).map { StateField("usr_\(names[$0])", user($0), .i64) }
            + SystemRegister.allCases.map { StateField("\($0)", $0.offset, .i64) })
}
