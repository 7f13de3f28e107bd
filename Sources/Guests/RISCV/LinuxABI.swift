import CPUModel
import HostOS
import IR

extension RISCVCPU {
    /// What the kernel switches on for programs: the float unit, the counters, the cache-block instructions.
    func setUpForProgram() {
        unsafe hart.pointee.mode = 0
        unsafe hart.pointee.mstatus |= MStatus.fs
        unsafe hart.pointee.mcounteren = 7
        unsafe hart.pointee.scounteren = 7
        unsafe hart.pointee.menvcfg |= 0xf0
        unsafe hart.pointee.senvcfg = 0xf0
        timeSource = { UInt64(bitPattern: monotonicNanoseconds()) / (1_000_000_000 / RISCVModel.timeFrequency) }
    }

    /// Does the system call that `pc` is at if it can be done here, and goes on behind it.
    func performQuickCall() -> Bool {
        guard let result = services?.performQuickCall(argument(17), argument(10), argument(11)) else { return false }
        setRegister(10, registerForm(UInt64(bitPattern: result)))
        header.pc &+= 4
        return true
    }

    private func argument(_ number: Int) -> UInt64 { model.rv64 ? register(number) : register(number) & 0xffff_ffff }

    /// fcsr.
    var floatControl: UInt64 {
        get {
            header.collectFloatFlags()
            return UInt64(header.floatFlags & 31) | UInt64(header.roundingMode) << 5
        }
        set {
            header.collectFloatFlags()
            header.floatFlags = UInt32(newValue & 31)
            header.roundingMode = UInt32(newValue >> 5 & 7)
            services?.roundingModeChanged()
            services?.translationFlagsChanged()
        }
    }
}

/// Linux on RISC-V (arch/riscv/include/uapi/asm, the psABI's calling convention).
public struct RISCVLinuxABI: LinuxABI {
    private let rv64: Bool

    public init(rv64: Bool) { self.rv64 = rv64 }

    public var name: String { rv64 ? "riscv64" : "riscv32" }
    public var machine: String { name }
    public var elf: ELFIdentity { ELFIdentity(machine: 243, is64Bit: rv64, isBigEndian: false) }
    public var family: CallFamily { rv64 ? .generic64 : .generic32 }
    /// With Sv32 the kernel keeps what lies above.
    public var addressSpace: GuestAddressSpace? { rv64 ? nil : GuestAddressSpace(size: 1 << 32, stackTop: 0xc000_0000) }
    public var openFlags: OpenFlags { .generic }

    private func hart(_ cpu: VirtualCPU) -> RISCVCPU { unsafe unsafeDowncast(cpu, to: RISCVCPU.self) }

    public func makeCPU(model: String?) throws -> VirtualCPU {
        if let model, model == "any" { return try makeCPU(model: "max") }
        return try RISCVCPU(model: RISCVModel(model ?? "max", rv64: rv64), index: 0, memory: nil)
    }

    /// A bit for each single-letter extension, counted from A.
    public func hardwareCapabilities(_ cpu: VirtualCPU) -> (UInt64, UInt64) {
        let letters: [(Extensions, UInt64)] = [(.a, 0), (.c, 2), (.d, 3), (.f, 5), (.i, 8), (.m, 12)]
        return (letters.reduce(0) { hart(cpu).model.extensions.contains($1.0) ? $0 | 1 << $1.1 : $0 }, 0)
    }

    public func processorInformation(_ cpu: VirtualCPU, count: Int) -> String { hart(cpu).model.processorInformation(count: count) }

    public func hardwareProbe(_ cpu: VirtualCPU, key: Int64) -> HardwareProbe? { hart(cpu).model.hardwareProbe(key) }

    public func takeEvent(_ cpu: VirtualCPU) -> GuestEvent {
        let hart = hart(cpu)
        cpu.header.exception = 0
        let pc = cpu.header.pc
        switch unsafe hart.hart.pointee.pendingCause {
        case ExceptionCode.userCall:
            cpu.header.pc = pc &+ 4
            return .systemCall
        case ExceptionCode.breakpoint: return .fault(GuestFault(signal: 5, code: 1, address: pc))
        case ExceptionCode.fetchMisaligned: return .fault(GuestFault(signal: 7, code: 1, address: pc))
        default: return .fault(GuestFault(signal: 4, code: 1, address: pc))
        }
    }

    // MARK: System calls

    public func systemCall(_ cpu: VirtualCPU) -> SystemCallRegisters {
        let x = unsafe hart(cpu).hart.pointee.x
        let mask: UInt64 = rv64 ? .max : 0xffff_ffff
        return SystemCallRegisters(
            number: x[17] & mask, arguments: [x[10] & mask, x[11] & mask, x[12] & mask, x[13] & mask, x[14] & mask, x[15] & mask])
    }

    /// Registers of RV32 are kept sign-extended.
    private func put(_ hart: RISCVCPU, _ number: Int, _ value: UInt64) { hart.setRegister(number, hart.registerForm(value)) }
    private func get(_ hart: RISCVCPU, _ number: Int) -> UInt64 { rv64 ? hart.register(number) : hart.register(number) & 0xffff_ffff }

    public func setResult(_ cpu: VirtualCPU, _ value: Int64) { put(hart(cpu), 10, UInt64(bitPattern: value)) }

    public func repeatCall(_ cpu: VirtualCPU, _ call: SystemCallRegisters) {
        cpu.header.pc &-= 4
        put(hart(cpu), 10, call[0])
    }

    public func stackPointer(_ cpu: VirtualCPU) -> UInt64 { get(hart(cpu), 2) }
    public func setStackPointer(_ cpu: VirtualCPU, _ address: UInt64) { put(hart(cpu), 2, address) }
    public func setThreadPointer(_ cpu: VirtualCPU, _ address: UInt64) { put(hart(cpu), 4, address) }
    public func threadPointer(_ cpu: VirtualCPU) -> UInt64 { get(hart(cpu), 4) }

    public func start(_ cpu: VirtualCPU, entry: UInt64, stackPointer: UInt64) {
        for number in 1..<32 { hart(cpu).setRegister(number, 0) }
        for number in 0..<32 { hart(cpu).setFloatRegister(number, 0) }
        hart(cpu).floatControl = 0
        setStackPointer(cpu, stackPointer)
        cpu.header.pc = entry & ~1
    }

    // MARK: Signal frames

    /// siginfo, then ucontext (struct rt_sigframe in arch/riscv/kernel/signal.c).
    public var signalFrame: SignalFrame {
        rv64
            ? SignalFrame(size: 1088, info: 0, context: 128, stack: 144, mask: 168, redZone: 0, alignment: 16)
            : SignalFrame(size: 944, info: 0, context: 128, stack: 136, mask: 148, redZone: 0, alignment: 16)
    }

    /// Of uc_mcontext, which is aligned to 16 bytes: pc and x1 to x31, then f0 to f31 and fcsr.
    private var integers: Int { rv64 ? 304 : 288 }
    private var floats: Int { integers + 32 * family.wordSize }
    private var control: Int { floats + 32 * 8 }

    /// A register of the frame.
    private func word(_ frame: [UInt8], _ index: Int) -> UInt64 {
        rv64 ? frame.word(at: integers + 8 * index) : UInt64(frame.get(UInt32.self, at: integers + 4 * index))
    }

    private func setWord(_ frame: inout [UInt8], _ index: Int, _ value: UInt64) {
        if rv64 { frame.put(value, at: integers + 8 * index) } else { frame.put(UInt32(truncatingIfNeeded: value), at: integers + 4 * index) }
    }

    public func saveContext(_ cpu: VirtualCPU, fault: GuestFault?, into frame: inout [UInt8]) {
        setWord(&frame, 0, cpu.header.pc)
        for number in 1..<32 { setWord(&frame, number, hart(cpu).register(number)) }
        for number in 0..<32 { frame.put(hart(cpu).floatRegister(number), at: floats + 8 * number) }
        frame.put(hart(cpu).floatControl, at: control)
    }

    public func restoreContext(_ cpu: VirtualCPU, from frame: [UInt8]) -> Bool {
        cpu.header.pc = word(frame, 0) & ~1
        for number in 1..<32 { put(hart(cpu), number, word(frame, number)) }
        for number in 0..<32 { hart(cpu).setFloatRegister(number, frame.word(at: floats + 8 * number)) }
        hart(cpu).floatControl = frame.word(at: control) & 0xff
        // A reservation does not outlive a signal handler.
        cpu.header.linkedAddress = .max
        return true
    }

    public func enterHandler(_ cpu: VirtualCPU, _ entry: HandlerEntry) {
        let hart = hart(cpu)
        put(hart, 1, entry.returnAddress)
        put(hart, 2, entry.frame)
        put(hart, 10, UInt64(entry.signal))
        put(hart, 11, entry.frame &+ UInt64(entry.shape.info ?? 0))
        put(hart, 12, entry.frame &+ UInt64(entry.shape.context))
        cpu.header.pc = entry.handler & ~1
        cpu.header.linkedAddress = .max
    }

    public var hasRestorer: Bool { false }

    /// li a7, 139; ecall.
    public var signalReturnCode: [UInt8] { [0x93, 0x08, 0xb0, 0x08, 0x73, 0x00, 0x00, 0x00] }

    // MARK: The vdso

    /// arch/riscv/kernel/vdso: the calls of a 32-bit kernel's have no clocks among them.
    public var kernelObject: KernelObject {
        let clocks: [(String, UInt32)] = [("__vdso_clock_gettime", 113), ("__vdso_clock_getres", 114), ("__vdso_gettimeofday", 169)]
        let others: [(String, UInt32)] = [("__vdso_getcpu", 168), ("__vdso_flush_icache", 259), ("__vdso_riscv_hwprobe", 258)]
        return KernelObject(
            version: "LINUX_4.15", functions: ((rv64 ? clocks : []) + others).map { .init($0.0, callCode($0.1)) },
            signalReturn: .init(name: "__vdso_rt_sigreturn", instructionBefore: [0x13, 0x00, 0x00, 0x00], rules: frameRules),
            unwinding: .callFrames(stackPointer: 2, returnAddress: 1))
    }

    /// li a7, number; ecall; ret.
    private func callCode(_ number: UInt32) -> [UInt8] {
        [number << 20 | 0x893, 0x73, 0x8067].flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
    }

    /// The integer registers, and the psABI's column 64 for the program counter. The float registers only where all programs have them: an unwinder without
    /// gives up on a frame that names them.
    private var frameRules: CallFrameRules {
        var rules = CallFrameRules(returnAddress: 64, stackPointer: 2, savedAt: integers + 2 * family.wordSize)
        for number in 1..<32 where number != 2 { rules.save(UInt8(number), at: integers + number * family.wordSize) }
        if rv64 { for number in 0..<32 { rules.save(UInt8(32 + number), at: floats + 8 * number) } }
        rules.save(64, at: integers)
        return rules
    }
}
