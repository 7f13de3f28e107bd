import AddressSpace
import Bits
import CHost
import CPUModel
import Diagnostics
import IR
import Snapshot

/// A RISC-V hart.
public final class RISCVCPU: VirtualCPU {
    public let model: RISCVModel
    /// Where the hart starts after a reset.
    public var resetVector: UInt64 = 0x1000
    /// The `time` counter, in ticks. Set by the board.
    public var timeSource: () -> UInt64 = { 0 }
    /// Asks for a supervisor timer interrupt (`setInterrupt(5, …)`) once `time` reaches a value; nil asks for none. Set by the board.
    public var armSupervisorTimer: (UInt64?) -> Void = { _ in }
    var pmp = PMP()

    /// The hart's registers.
    var hart: UnsafeMutablePointer<RISCVState> { unsafe state.assumingMemoryBound(to: RISCVState.self) }

    /// Whether there is only a program, for which somebody else is the supervisor: exceptions are noted and not delivered.
    let runsProgram: Bool

    /// - Parameter memory: physical memory; nil for a hart that runs a program, without its operating system.
    public init(model: RISCVModel, index: Int, memory: AddressSpace?) {
        self.model = model
        runsProgram = memory == nil
        super.init(guest: RISCVCPU.description(rv64: model.rv64), index: index, memory: memory)
        unsafe hart.initialize(to: RISCVState())
        reset()
        if runsProgram { setUpForProgram() }
    }

    private static let description64 = makeDescription("riscv64")
    private static let description32 = makeDescription("riscv32")

    static func description(rv64: Bool) -> GuestDescription { rv64 ? description64 : description32 }

    private static func makeDescription(_ name: String) -> GuestDescription {
        GuestDescription(
            name: name, stateSize: MemoryLayout<RISCVState>.size, layout: RISCVRegisters.layout, helpers: RISCVHelper.table, mmuIndices: 4,
            codeAlignmentBits: 1)
    }

    /// The hart that a helper was called for, lent without counting references.
    @inline(__always) static func with<Result>(_ state: UnsafeMutableRawPointer, _ body: (RISCVCPU) -> Result) -> Result {
        guard let owner = unsafe CPUHeader(state).owner else { preconditionFailure("a CPU header has no owner") }
        return unsafe Unmanaged<RISCVCPU>.fromOpaque(owner)._withUnsafeGuaranteedRef(body)
    }

    // MARK: Modes

    var mode: Int {
        get { unsafe Int(hart.pointee.mode) }
        set { unsafe hart.pointee.mode = UInt32(newValue) }
    }

    /// MMU indices: 0 user, 1 supervisor, 2 supervisor with access to user pages, 3 machine.
    public override var fetchMMUIndex: Int { mode }

    private var dataMMUIndex: Int {
        let status = unsafe hart.pointee.mstatus
        let effective = mode == 3 && status & MStatus.mprv != 0 ? Int(status.bits(MStatus.mppShift, 2)) : mode
        return effective == 1 && status & MStatus.sum != 0 ? 2 : effective
    }

    public override var translationFlags: UInt64 {
        let fs = unsafe hart.pointee.mstatus.bits(MStatus.fsShift, 2)
        return TranslationFlags(
            mode: mode, mmuIndex: dataMMUIndex, floatOn: fs != 0, floatDirty: fs == 3,
            roundingClass: .init(frm: header.roundingMode), rv64: model.rv64
        ).rawValue
    }

    public override func translate(into block: inout IRBlock, flags: UInt64, window: inout CodeWindow, limit: Int) {
        var translator = Translator(extensions: model.extensions, flags: TranslationFlags(rawValue: flags))
        translator.translate(&block, &window, limit: limit)
    }

    // MARK: Faults

    public override func translateAddress(_ address: UInt64, _ access: AccessKind, mmuIndex: Int) -> AddressTranslation {
        findMapping(address, access, mmuIndex: mmuIndex)
    }

    public override func listMappings(_ body: (PageMapping) -> Void) -> PageTableListing { listPages(body) }

    public override func debugTranslate(_ address: UInt64) -> UInt64? { findPhysical(address) }

    public override func raise(translationFault code: UInt32, address: UInt64, _ access: AccessKind) {
        raise(UInt64(code), value: registerForm(address))
    }

    public override func raise(_ fault: BusFault, address: UInt64, _ access: AccessKind) {
        raise(exceptionCode(fault, access), value: registerForm(address))
    }

    public override func deliverException() {
        header.exception = 0
        unsafe trap(cause: hart.pointee.pendingCause, value: hart.pointee.pendingValue, interrupt: false)
    }

    // MARK: Interrupts

    /// Drives an interrupt pin: 3 machine software, 5 supervisor timer, 7 machine timer, 9 supervisor external, 11 machine external. From
    /// any thread.
    public func setInterrupt(_ number: Int, level: Bool) {
        let bit: UInt64 = 1 << UInt64(number)
        if level {
            unsafe apus_atomic_or_u64(pinsPointer, bit)
            kick()
        } else {
            unsafe apus_atomic_and_u64(pinsPointer, ~bit)
        }
    }

    var pinsPointer: UnsafeMutablePointer<UInt64> {
        unsafe (state + RISCVCPU.pinsOffset).assumingMemoryBound(to: UInt64.self)
    }

    private static let pinsOffset = MemoryLayout<RISCVState>.offset(of: \.pins) ?? 0

    /// mip as software reads it.
    var pendingInterrupts: UInt64 {
        let pins = unsafe apus_atomic_load_u64(pinsPointer)
        var software = unsafe hart.pointee.softwarePending
        if supervisorTimerCompares { software &= ~(1 << 5) }
        return pins | software
    }

    /// Whether stimecmp, rather than software, makes the supervisor timer interrupt.
    var supervisorTimerCompares: Bool { unsafe model.extensions.contains(.sstc) && hart.pointee.menvcfg >> 63 != 0 }

    /// The interrupt that would be taken now, the most urgent first.
    private var dueInterrupt: Int? {
        let pending = unsafe pendingInterrupts & hart.pointee.mie
        if pending == 0 { return nil }
        let delegated = unsafe hart.pointee.mideleg
        let status = unsafe hart.pointee.mstatus
        var due: UInt64 = 0
        if mode < 3 || status & MStatus.mie != 0 { due = pending & ~delegated }
        if due == 0, mode < 1 || (mode == 1 && status & MStatus.sie != 0) { due = pending & delegated }
        return [11, 3, 7, 9, 1, 5].first { due.bit($0) }
    }

    /// To be called when a write may have made an interrupt due: the next block's entry sees to it.
    func noteInterruptChange() {
        if dueInterrupt != nil { kick() }
    }

    public override func takeInterrupt() -> Bool {
        guard let number = dueInterrupt else { return false }
        trap(cause: UInt64(number), value: 0, interrupt: true)
        return true
    }

    public override var isHalted: Bool { unsafe hart.pointee.waiting != 0 }

    public override func wakeIfDue() -> Bool {
        guard unsafe pendingInterrupts & hart.pointee.mie != 0 else { return false }
        unsafe hart.pointee.waiting = 0
        return true
    }

    // MARK: Snapshots

    public override func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) { visitState(&visitor) }
    public override func restored() { stateWasRestored() }

    // MARK: Reset and description

    public override func reset() {
        let pins = unsafe apus_atomic_load_u64(pinsPointer)
        unsafe hart.pointee = RISCVState()
        unsafe hart.pointee.pins = pins
        if model.rv64 { unsafe hart.pointee.mstatus = 2 << 32 | 2 << 34 }
        if model.extensions.contains(.svadu) { unsafe hart.pointee.menvcfg |= 1 << 61 }
        header.pc = resetVector
        header.exception = 0
        header.linkedAddress = .max
        header.roundingMode = 0
        header.floatFlags = 0
        pmp = PMP()
        services?.flushTLB(.all)
        services?.switchContext(to: 0)
        services?.roundingModeChanged()
        services?.translationFlagsChanged()
    }

    /// Sets an integer register, for a loader or a debugger.
    public func setRegister(_ number: Int, _ value: UInt64) {
        if number != 0 { unsafe hart.pointee.x[number] = value }
    }

    public func register(_ number: Int) -> UInt64 { unsafe hart.pointee.x[number] }
    public func floatRegister(_ number: Int) -> UInt64 { unsafe hart.pointee.f[number] }
    /// Accrued float exceptions, as fflags shows them.
    public var floatFlags: UInt32 {
        header.collectFloatFlags()
        return header.floatFlags & 31
    }
    public func setFloatRegister(_ number: Int, _ value: UInt64) { unsafe hart.pointee.f[number] = value }

    public override func describeRegisters() -> String {
        let s = unsafe hart.pointee
        let named: [(String, UInt64)] = [
            ("pc", header.pc), ("mhartid", UInt64(index)), ("mstatus", s.mstatus), ("mip", pendingInterrupts), ("mie", s.mie),
            ("mideleg", s.mideleg), ("medeleg", s.medeleg), ("mtvec", s.mtvec), ("stvec", s.stvec), ("mepc", s.mepc), ("sepc", s.sepc),
            ("mcause", s.mcause), ("scause", s.scause), ("mtval", s.mtval), ("stval", s.stval), ("mscratch", s.mscratch),
            ("sscratch", s.sscratch), ("satp", s.satp),
        ]
        var lines = named.map { line($0.0, $0.1) }
        for first in stride(from: 0, to: 32, by: 4) {
            lines.append((first..<first + 4).map { "\(cell("x\($0)/\(RISCVRegisters.names[$0])", s.x[$0]))" }.joined())
        }
        for first in stride(from: 0, to: 32, by: 4) {
            lines.append((first..<first + 4).map { "\(cell("f\($0)/\(RISCVRegisters.floatNames[$0])", s.f[$0]))" }.joined())
        }
        return lines.joined(separator: "\n")
    }

    private func line(_ name: String, _ value: UInt64) -> String { cell(name, value) }

    private func cell(_ name: String, _ value: UInt64) -> String {
        let text = model.rv64 ? value : value & 0xffff_ffff
        let digits = String(hex(text, digits: model.rv64 ? 16 : 8).dropFirst(2))
        return " " + name + String(repeating: " ", count: max(1, 9 - name.count)) + digits
    }

    /// What debuggers see of a machine's hart.
    lazy var controlRegisters = findControlRegisters()
    lazy var machineTable = privilegedTable()
    public override var debugRegisters: DebugRegisterTable { debugTable }
    public override func debugRegister(_ number: Int) -> [UInt8] { debugBytes(number) }
    public override func setDebugRegister(_ number: Int, _ bytes: [UInt8]) { setDebugBytes(number, bytes) }

    public override var coreRegisters: CoreRegisters { coreFileRegisters }

    public override func disassemble(_ address: UInt64, _ bytes: [UInt8]) -> (text: String, length: Int) {
        Disassembler(rv64: model.rv64, extensions: model.extensions).line(address, bytes)
    }
}
