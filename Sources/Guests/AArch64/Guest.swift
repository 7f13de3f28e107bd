import AddressSpace
import ArmSystem
import Bits
import CPUModel
import Diagnostics
import IR
import Snapshot

/// A processing element in AArch64 state: of a machine, with the levels and registers of a system, or at EL0 under an operating system that is not a
/// guest. In that case exceptions go to `onException`.
public final class AArch64CPU: VirtualCPU, ArmElement {
    public let model: AArch64Model
    /// Of a machine's element: what it has beside what a program sees; nil for a program's.
    public let system: AArch64System?
    /// Where the element starts after a reset.
    public var resetVector: UInt64 = 0
    /// Where a machine's element starts instead, if a boot loader is to be thought of as having run; nil for the reset vector at the highest level.
    public var start: ArmStart?
    /// Whether a machine's element is off after a reset until another one switches it on.
    public var startsOff = false
    /// Tells a timer's output, and after how many ticks (nil: never) `updateTimer` is to be called again. Set by the board.
    public var onTimer: (GenericTimer, _ output: Bool, _ wait: UInt64?) -> Void = { _, _, _ in }
    /// Does what a call by hvc or smc asks of firmware that is not the guest's; false if there is none for such calls. Set by the board.
    public var onFirmwareCall: (any ArmElement, FirmwareConduit) -> Bool = { _, _ in false }
    /// The interrupt controller behind the ICC registers. Set by the board.
    public var interruptInterface: (any ArmInterruptInterface)?
    public let power = PowerState()
    /// What the engine was told last to be the address space.
    var currentContext: UInt64 = 0
    /// Takes an exception on the element's own thread; `header.pc` is the address of the instruction that raised it (of svc too).
    public var onException: (AArch64CPU, AArch64Exception) -> Void = { cpu, exception in
        Log.write(.int, "cpu \(cpu.index): nobody takes exception \(hex(exception.syndrome.rawValue)) at \(hex(cpu.header.pc))")
        cpu.halt()
    }
    /// CNTVCT_EL0, in ticks of `counterFrequency`.
    public var counter: () -> UInt64 = { 0 }
    /// Gives 64 random bits, for rndr.
    public var random: () -> UInt64 = { 0 }
    var authentication: PointerAuthentication {
        PointerAuthentication(keys: InlineArray { self[SystemRegister(rawValue: SystemRegister.apiakeylo_el1.rawValue + $0) ?? .apiakeylo_el1] })
    }

    /// The element's registers.
    var element: UnsafeMutablePointer<AArch64State> { unsafe state.assumingMemoryBound(to: AArch64State.self) }

    /// - Parameter random: gives 64 random bits, for rndr and for the keys of pointer authentication.
    public init(model: AArch64Model, index: Int, memory: AddressSpace?, system: AArch64System? = nil, random: @escaping () -> UInt64) {
        self.model = model
        self.system = system
        self.random = random
        super.init(guest: AArch64CPU.description, index: index, memory: memory)
        unsafe element.initialize(to: AArch64State())
        reset()
    }

    static let description = GuestDescription(
        name: "aarch64", stateSize: MemoryLayout<AArch64State>.size, layout: AArch64Registers.layout, helpers: AArch64Helper.table,
        mmuIndices: MMUIndex.count, codeAlignmentBits: 2)

    /// The element that a helper was called for, lent without counting references.
    @inline(__always) static func with<Result>(_ state: UnsafeMutableRawPointer, _ body: (AArch64CPU) -> Result) -> Result {
        guard let owner = unsafe CPUHeader(state).owner else { preconditionFailure("a CPU header has no owner") }
        return unsafe Unmanaged<AArch64CPU>.fromOpaque(owner)._withUnsafeGuaranteedRef(body)
    }

    // MARK: Translation

    public override var fetchMMUIndex: Int { system == nil ? 0 : mmuIndex(level: level) }

    public override var translationFlags: UInt64 { flags.rawValue }

    public override func translate(into block: inout IRBlock, flags: UInt64, window: inout CodeWindow, limit: Int) {
        var translator = Translator(model: model, flags: TranslationFlags(rawValue: flags))
        translator.translate(&block, &window, limit: limit)
    }

    // MARK: Memory

    /// A program has no translation regime of its own: addresses are physical ones, less the top byte, which is ignored (TCR_EL1.TBI0).
    public override func translateAddress(_ address: UInt64, _ access: AccessKind, mmuIndex: Int) -> AddressTranslation {
        if system != nil { return findMapping(address, access, mmuIndex: mmuIndex) }
        return .mapped(Mapping(physical: AArch64CPU.untagged(address), pageBits: 12, readable: true, writable: true, executable: true))
    }

    public override func withoutTag(_ address: UInt64) -> UInt64 { system == nil ? AArch64CPU.untagged(address) : untaggedHere(address) }

    public override func listMappings(_ body: (PageMapping) -> Void) -> PageTableListing { listPages(body) }

    public override func debugTranslate(_ address: UInt64) -> UInt64? {
        guard system != nil else { return AArch64CPU.untagged(address) }
        guard case .mapped(let mapping) = findMapping(address, .read, mmuIndex: mmuIndex(level: level), debug: true) else { return nil }
        return mapping.physical
    }

    /// An address without its tag: bits 63 to 56 like bit 55.
    public static func untagged(_ address: UInt64) -> UInt64 { address.bits(0, 56).signExtended(from: 56) }

    /// Most programs have no tags, and their code does not pay for those that have.
    public override func adapts(toFaultAt address: UInt64) -> Bool {
        guard address != AArch64CPU.untagged(address) else { return false }
        if address == header.pc {
            // A branch leaves the tag away.
            header.pc = AArch64CPU.untagged(address)
            return true
        }
        if unsafe element.pointee.usesTags != 0 { return false }
        unsafe element.pointee.usesTags = 1
        services?.translationFlagsChanged()
        return true
    }

    public override func raise(translationFault code: UInt32, address: UInt64, _ access: AccessKind) {
        raiseAbort(status: code, address: address, access)
    }

    public override func raise(_ fault: BusFault, address: UInt64, _ access: AccessKind) {
        raiseAbort(status: fault == .access ? FaultStatus.external : FaultStatus.alignment, address: address, access)
    }

    // MARK: Exceptions

    public override func deliverException() {
        if system == nil { onException(self, takeException()) } else { deliver() }
    }

    /// The exception that has been noted, which then is no longer.
    func takeException() -> AArch64Exception {
        header.exception = 0
        header.linkedAddress = .max
        return unsafe AArch64Exception(
            syndrome: Syndrome(rawValue: element.pointee.pendingSyndrome), address: element.pointee.pendingAddress)
    }

    public override func takeInterrupt() -> Bool { takeDueInterrupt() }

    /// Executes nothing any more, until a reset.
    public func halt() { unsafe element.pointee.halted = 1 }

    public override var isHalted: Bool { unsafe element.pointee.halted != 0 }

    public override func wakeIfDue() -> Bool { wake() }

    // MARK: Snapshots and reset

    public override func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) { visitState(&visitor) }
    public override func restored() { stateWasRestored() }

    public override func reset() {
        resetRegisters()
        guard system != nil else { return }
        power.switchOn()
        begin(start ?? ArmStart(pc: resetVector))
        if startsOff { switchOff() }
        for timer in GenericTimer.allCases { updateTimer(timer) }
    }

    /// All registers as after a reset; what devices drive stays.
    func resetRegisters() {
        resetState()
        if let system { resetSystem(system) } else { renewKeys() }
        header.pc = resetVector
        header.exception = 0
        header.linkedAddress = .max
        header.floatFlags = 0
        fpcr = 0
        services?.flushTLB(.all)
        currentContext = system == nil ? 0 : contextNumber
        services?.switchContext(to: currentContext)
    }

    /// The state as it is made, around the interrupt inputs, which other threads may be changing.
    private func resetState() {
        let fresh = UnsafeMutablePointer<AArch64State>.allocate(capacity: 1)
        defer { unsafe fresh.deallocate() }
        unsafe fresh.initialize(to: AArch64State())
        let start = AArch64CPU.linesOffset, end = start + 8
        unsafe state.copyMemory(from: fresh, byteCount: start)
        unsafe (state + end).copyMemory(from: UnsafeRawPointer(fresh) + end, byteCount: MemoryLayout<AArch64State>.size - end)
    }

    private func resetSystem(_ system: AArch64System) {
        for row in SystemRegisterRow.all { self[row.register] = row.reset }
        self[.currentel] = UInt64(highestLevel) << 2
        self[.spsel] = 1
        self[.daif] = ProcessState.daif
        self[.cntfrq_el0] = AArch64CPU.counterFrequency
        self[.vpidr_el2] = model.midr
        self[.vmpidr_el2] = 1 << 31 | system.affinity
    }

    /// New keys for pointer authentication, as a new process has them.
    func renewKeys() {
        for register in SystemRegister.apiakeylo_el1.rawValue...SystemRegister.apgakeyhi_el1.rawValue {
            unsafe element.pointee.system[register] = random()
        }
    }

    // MARK: Registers

    /// X0–X30, or SP for 31.
    public func register(_ number: Int) -> UInt64 { unsafe element.pointee.x[number] }
    public func setRegister(_ number: Int, _ value: UInt64) { unsafe element.pointee.x[number] = value }

    public func callRegister(_ number: Int) -> UInt64 { register(number) }
    public func setCallResult(_ value: UInt64) { setRegister(0, value) }

    public func vector(_ number: Int) -> (low: UInt64, high: UInt64) {
        unsafe (element.pointee.v[2 * number], element.pointee.v[2 * number + 1])
    }
    public func setVector(_ number: Int, low: UInt64, high: UInt64) {
        unsafe element.pointee.v[2 * number] = low
        unsafe element.pointee.v[2 * number + 1] = high
    }

    /// TPIDR_EL0.
    public var threadPointer: UInt64 {
        get { self[.tpidr_el0] }
        set { self[.tpidr_el0] = newValue }
    }

    public override func describeRegisters() -> String {
        let s = unsafe element.pointee
        var lines = [" PC=\(digits(header.pc)) " + AArch64Registers.names[0..<2].enumerated().map { cell($1, s.x[$0]) }.joined(separator: " ")]
        for first in stride(from: 2, to: 32, by: 3) {
            lines.append((first..<min(first + 3, 32)).map { cell(AArch64Registers.names[$0], s.x[$0]) }.joined(separator: " "))
        }
        let letters = zip("NZCV", [3, 2, 1, 0]).map { nzcv.bit($1) ? String($0) : "-" }.joined()
        lines.append("PSTATE=\(String(digits(processState).suffix(8))) \(letters) EL\(level)\(self[.spsel] != 0 ? "h" : "t")")
        lines.append("     FPCR=\(String(digits(s.fpcr).suffix(8))) FPSR=\(String(digits(fpsr).suffix(8)))")
        for first in stride(from: 0, to: 32, by: 2) {
            lines.append((first..<first + 2).map { "Q\(pad($0))=\(digits(s.v[2 * $0 + 1])):\(digits(s.v[2 * $0]))" }.joined(separator: " "))
        }
        return lines.joined(separator: "\n")
    }

    private func cell(_ name: String, _ value: UInt64) -> String {
        let name = name == "sp" ? "SP " : "X" + pad(Int(name.dropFirst()) ?? 0)
        return "\(name)=\(digits(value))"
    }

    private func pad(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    private func digits(_ value: UInt64) -> String { String(hex(value, digits: 16).dropFirst(2)) }

    /// What debuggers see of a machine's element.
    lazy var privilegedRows = findPrivilegedRows()
    lazy var machineTable = privilegedTable()
    public override var debugRegisters: DebugRegisterTable { debugTable }
    public override func debugRegister(_ number: Int) -> [UInt8] { debugBytes(number) }
    public override func setDebugRegister(_ number: Int, _ bytes: [UInt8]) { setDebugBytes(number, bytes) }

    public override var coreRegisters: CoreRegisters { coreFileRegisters }

    public override func disassemble(_ address: UInt64, _ bytes: [UInt8]) -> (text: String, length: Int) {
        Disassembler(features: model.features).line(address, bytes)
    }
}
