import IR

/// A hart's registers: a plain struct behind the state pointer, which generated code addresses by offset.
///
/// Integer registers of RV32 are kept sign-extended in 64-bit cells.
struct RISCVState {
    var x = InlineArray<32, UInt64>(repeating: 0)
    var f = InlineArray<32, UInt64>(repeating: 0)
    /// Privilege: 0 user, 1 supervisor, 3 machine.
    var mode: UInt32 = 3
    /// 1 while the hart waits for an interrupt.
    var waiting: UInt32 = 0
    /// The exception that `CPUHeader.exception` announces.
    var pendingCause: UInt64 = 0
    var pendingValue: UInt64 = 0

    var mstatus: UInt64 = 0
    var mie: UInt64 = 0
    /// Bits of mip that software has set (SSIP, STIP, SEIP).
    var softwarePending: UInt64 = 0
    /// Bits of mip that devices drive; changed by other threads.
    var pins: UInt64 = 0
    var medeleg: UInt64 = 0, mideleg: UInt64 = 0
    var mtvec: UInt64 = 0, mepc: UInt64 = 0, mcause: UInt64 = 0, mtval: UInt64 = 0, mscratch: UInt64 = 0
    var stvec: UInt64 = 0, sepc: UInt64 = 0, scause: UInt64 = 0, stval: UInt64 = 0, sscratch: UInt64 = 0
    var mcounteren: UInt64 = 0, scounteren: UInt64 = 0, mcountinhibit: UInt64 = 0
    var satp: UInt64 = 0
    var menvcfg: UInt64 = 0, senvcfg: UInt64 = 0
    var stimecmp: UInt64 = .max
    /// What the guest has added to the counters by writing them.
    var cycleOffset: UInt64 = 0, instretOffset: UInt64 = 0
    var pmpcfg = InlineArray<16, UInt8>(repeating: 0)
    var pmpaddr = InlineArray<16, UInt64>(repeating: 0)
}

/// Register names in the debugger's order, and the fields as the IR sees them.
enum RISCVRegisters {
    static let names = [
        "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "s2", "s3", "s4", "s5",
        "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
    ]
    static let floatNames = [
        "ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "fs0", "fs1", "fa0", "fa1", "fa2", "fa3", "fa4", "fa5", "fa6", "fa7", "fs2",
        "fs3", "fs4", "fs5", "fs6", "fs7", "fs8", "fs9", "fs10", "fs11", "ft8", "ft9", "ft10", "ft11",
    ]

    /// Offset of an integer register.
    static func x(_ number: Int) -> Int { 8 * number }
    /// Offset of a float register.
    static func f(_ number: Int) -> Int { 256 + 8 * number }

    /// Compilers' favourites, hottest first: they get host registers.
    private static let hot = [15, 14, 10, 13, 11, 2, 12, 8, 9, 1, 16, 17, 6, 28]
    private static let hotFloat = [15, 14, 10, 13, 11, 12, 0, 16]

    static let layout = StateLayout(
        (0..<32).map { StateField(names[$0], x($0), .i64, priority: hot.firstIndex(of: $0)) }
            + (0..<32).map { StateField(floatNames[$0], f($0), .f64, priority: hotFloat.firstIndex(of: $0)) })
}
