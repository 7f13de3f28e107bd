import AddressSpace
import ArmSystem
import Bits
import CPUModel
import Diagnostics
import IR
import Snapshot

/// A processing element in AArch32 state: of a machine, with the modes and registers of a system, or in user mode under an operating system that is not a
/// guest. In that case exceptions go to `onException`, or whoever runs it asks for them with `takeException`.
///
/// Bit 0 of `header.pc` is CPSR.T.
public final class ARMCPU: VirtualCPU, ArmElement {
    public let model: ARMModel
    /// Of a machine's element: what it has beside what a program sees; nil for a program's.
    public let system: ARMSystem?
    public var start: ArmStart?
    public var startsOff = false
    public var counter: () -> UInt64 = { 0 }
    public var onTimer: (GenericTimer, _ output: Bool, _ wait: UInt64?) -> Void = { _, _, _ in }
    public var onFirmwareCall: (any ArmElement, FirmwareConduit) -> Bool = { _, _ in false }
    public var interruptInterface: (any ArmInterruptInterface)?
    public let power = PowerState()
    /// What the engine was told last to be the address space.
    var currentContext: UInt64 = 0
    /// Takes an exception on the element's own thread; `header.pc` is the address of the instruction that raised it (of svc too).
    public var onException: (ARMCPU, ARMException) -> Void = { cpu, exception in
        Log.write(.int, "cpu \(cpu.index): nobody takes exception \(exception.kind) at \(hex(cpu.header.pc))")
        cpu.halt()
    }
    /// Where the element starts after a reset; odd for T32 code.
    public var resetVector: UInt64 = 0

    /// The element's registers.
    var element: UnsafeMutablePointer<ARMState> { unsafe state.assumingMemoryBound(to: ARMState.self) }

    public init(model: ARMModel, index: Int, memory: AddressSpace?, system: ARMSystem? = nil) {
        self.model = model
        self.system = system
        super.init(guest: ARMCPU.description, index: index, memory: memory)
        unsafe element.initialize(to: ARMState())
        reset()
    }

    static let description = GuestDescription(
        name: "arm", stateSize: MemoryLayout<ARMState>.size, layout: ARMRegisters.layout, helpers: ARMHelper.table, mmuIndices: MMUIndex.count,
        codeAlignmentBits: 1, codeStateBits: 1)

    /// The element that a helper was called for, lent without counting references.
    @inline(__always) static func with<Result>(_ state: UnsafeMutableRawPointer, _ body: (ARMCPU) -> Result) -> Result {
        guard let owner = unsafe CPUHeader(state).owner else { preconditionFailure("a CPU header has no owner") }
        return unsafe Unmanaged<ARMCPU>.fromOpaque(owner)._withUnsafeGuaranteedRef(body)
    }

    // MARK: Translation

    public override var fetchMMUIndex: Int { system == nil ? 0 : MMUIndex.of(domainSet: domainSet, isPrivileged: isPrivileged) }

    public override var translationFlags: UInt64 { flags.rawValue }

    public override func translate(into block: inout IRBlock, flags: UInt64, window: inout CodeWindow, limit: Int) {
        var translator = Translator(model: model, flags: TranslationFlags(rawValue: flags), pc: block.pc)
        translator.translate(&block, &window, limit: limit)
    }

    // MARK: Memory

    /// A program has no translation regime of its own: addresses are physical ones.
    public override func translateAddress(_ address: UInt64, _ access: AccessKind, mmuIndex: Int) -> AddressTranslation {
        if system != nil { return findMapping(address, access, mmuIndex: mmuIndex) }
        return .mapped(Mapping(physical: address, pageBits: 12, readable: true, writable: true, executable: true))
    }

    public override func debugTranslate(_ address: UInt64) -> UInt64? {
        guard system != nil, self[.sctlr] & Control.m != 0 else { return address }
        guard case .entry(let entry) = walk(address.bits(0, 32)) else { return nil }
        return entry.physical
    }

    public override func listMappings(_ body: (PageMapping) -> Void) -> PageTableListing { listPages(body) }

    public override func raise(translationFault code: UInt32, address: UInt64, _ access: AccessKind) {
        raiseAbort(status: code, address: address, access)
    }

    public override func raise(_ fault: BusFault, address: UInt64, _ access: AccessKind) {
        raiseAbort(status: fault == .access ? ARMFaultStatus.external : ARMFaultStatus.alignment, address: address, access)
    }

    // MARK: Exceptions

    public override func deliverException() {
        if system == nil { onException(self, takeException()) } else { deliver() }
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
        if system == nil {
            // The kernel has switched the float unit on.
            if model.features.contains(.vfp) { unsafe element.pointee.fpexc = FloatControl.enable }
        } else {
            resetSystem()
        }
        header.pc = resetVector
        header.exception = 0
        header.linkedAddress = .max
        header.floatFlags = 0
        fpscr = 0
        services?.flushTLB(.all)
        currentContext = 0
        services?.switchContext(to: currentContext)
    }

    /// The state as it is made, around the interrupt inputs, which other threads may be changing.
    private func resetState() {
        let fresh = UnsafeMutablePointer<ARMState>.allocate(capacity: 1)
        defer { unsafe fresh.deallocate() }
        unsafe fresh.initialize(to: ARMState())
        let start = ARMCPU.linesOffset, end = start + 8
        unsafe state.copyMemory(from: fresh, byteCount: start)
        unsafe (state + end).copyMemory(from: UnsafeRawPointer(fresh) + end, byteCount: MemoryLayout<ARMState>.size - end)
    }

    /// Supervisor mode, interrupts masked (DDI 0406, B1.9.1).
    private func resetSystem() {
        unsafe element.pointee.mode = Mode.svc.rawValue
        unsafe element.pointee.masks = StatusRegister.masks
        for row in SystemRegisterRow.all { self[row.register] = row.reset }
        self[.sctlr] = model.identification.sctlr
        self[.cntfrq] = model.features.contains(.genericTimer) ? ArmCounter.frequency : 0
    }

    // MARK: Registers

    public func callRegister(_ number: Int) -> UInt64 { UInt64(register(number)) }
    public func setCallResult(_ value: UInt64) { setRegister(0, UInt32(truncatingIfNeeded: value)) }

    /// R0–R14, or for 15 `pc` without the T bit.
    public func register(_ number: Int) -> UInt32 {
        UInt32(truncatingIfNeeded: number == ARMRegisters.pc ? header.pc & ~1 : unsafe element.pointee.r[number])
    }

    /// The same; number 15 leaves the T bit as it is.
    public func setRegister(_ number: Int, _ value: UInt32) {
        if number == ARMRegisters.pc {
            header.pc = UInt64(value & ~1) | header.pc & 1
        } else {
            unsafe element.pointee.r[number] = UInt64(value)
        }
    }

    /// D0–D31.
    public func doubleword(_ number: Int) -> UInt64 { unsafe element.pointee.v[number] }
    public func setDoubleword(_ number: Int, _ value: UInt64) { unsafe element.pointee.v[number] = value }

    /// Q0–Q15.
    public func quadword(_ number: Int) -> UInt128 { UInt128(doubleword(2 * number + 1)) << 64 | UInt128(doubleword(2 * number)) }
    public func setQuadword(_ number: Int, _ value: UInt128) {
        setDoubleword(2 * number, UInt64(truncatingIfNeeded: value))
        setDoubleword(2 * number + 1, UInt64(truncatingIfNeeded: value >> 64))
    }

    /// TPIDRURO, where Linux has a thread's pointer.
    public var threadPointer: UInt32 {
        get { UInt32(truncatingIfNeeded: unsafe element.pointee.tpidruro) }
        set { unsafe element.pointee.tpidruro = UInt64(newValue) }
    }

    /// Goes on at an address whose bit 0 chooses the instruction set, outside any IT block, with little-endian data: as the kernel enters a program's code.
    public func enter(_ address: UInt32) {
        unsafe element.pointee.it = 0
        unsafe element.pointee.bigEndian = 0
        header.pc = UInt64(address.bit(0) ? address : address & ~3)
        header.linkedAddress = .max
        services?.translationFlagsChanged()
    }

    public override func describeRegisters() -> String {
        let general = stride(from: 0, to: 16, by: 4).map { first in
            (first..<first + 4).map { "R\(pad($0))=\(digits(UInt64(register($0)), 8))" }.joined(separator: " ")
        }
        let letters = zip("NZCV", [3, 2, 1, 0]).map { nzcv.bit($1) ? String($0) : "-" }.joined()
        let state = "PSR=\(digits(UInt64(cpsr), 8)) \(letters) \(header.pc.bit(0) ? "T" : "A") \(mode)32"
        let vectors = (0..<model.features.doublewords).map { number in
            let word = digits(doubleword(number), 16)
            return "s\(pad(2 * number))=\(word.suffix(8)) s\(pad(2 * number + 1))=\(word.prefix(8)) d\(pad(number))=\(word)"
        }
        return (general + [state] + vectors + (vectors.isEmpty ? [] : ["FPSCR: \(digits(UInt64(fpscr), 8))"])).joined(separator: "\n")
    }

    private func pad(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    private func digits(_ value: UInt64, _ count: Int) -> String { String(hex(value, digits: count).dropFirst(2)) }

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
