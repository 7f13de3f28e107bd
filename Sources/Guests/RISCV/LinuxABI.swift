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

/// Linux on 64-bit RISC-V (arch/riscv/include/uapi/asm, the psABI's calling convention).
public struct RISCV64LinuxABI: LinuxABI {
    public init() {}

    public var name: String { "riscv64" }
    public var machine: String { "riscv64" }
    public var elf: ELFIdentity { ELFIdentity(machine: 243, is64Bit: true, isBigEndian: false) }
    public var family: CallFamily { .generic64 }
    public var platform: String? { nil }
    public var openFlags: OpenFlags { .generic }

    private func hart(_ cpu: VirtualCPU) -> RISCVCPU { unsafe unsafeDowncast(cpu, to: RISCVCPU.self) }

    public func makeCPU(model: String?) throws -> VirtualCPU {
        if let model, model == "any" { return try makeCPU(model: "max") }
        return try RISCVCPU(model: RISCVModel(model ?? "max", rv64: true), index: 0, memory: nil)
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
        return SystemCallRegisters(number: x[17], arguments: [x[10], x[11], x[12], x[13], x[14], x[15]])
    }

    public func setResult(_ cpu: VirtualCPU, _ value: Int64) { hart(cpu).setRegister(10, UInt64(bitPattern: value)) }

    public func repeatCall(_ cpu: VirtualCPU, _ call: SystemCallRegisters) {
        cpu.header.pc &-= 4
        hart(cpu).setRegister(10, call[0])
    }

    public func stackPointer(_ cpu: VirtualCPU) -> UInt64 { hart(cpu).register(2) }
    public func setStackPointer(_ cpu: VirtualCPU, _ address: UInt64) { hart(cpu).setRegister(2, address) }
    public func setThreadPointer(_ cpu: VirtualCPU, _ address: UInt64) { hart(cpu).setRegister(4, address) }

    public func start(_ cpu: VirtualCPU, entry: UInt64, stackPointer: UInt64) {
        for number in 1..<32 { hart(cpu).setRegister(number, 0) }
        for number in 0..<32 { hart(cpu).setFloatRegister(number, 0) }
        hart(cpu).floatControl = 0
        hart(cpu).setRegister(2, stackPointer)
        cpu.header.pc = entry & ~1
    }

    // MARK: Signal frames

    /// siginfo, then ucontext (struct rt_sigframe in arch/riscv/kernel/signal.c).
    public var signalFrame: SignalFrame {
        SignalFrame(size: 1088, info: 0, context: 128, stack: 144, mask: 168, redZone: 0, alignment: 16)
    }

    /// Of uc_mcontext: pc and x1 to x31, then f0 to f31 and fcsr.
    private enum Offset { static let integers = 304, floats = 560, control = 816 }

    public func saveContext(_ cpu: VirtualCPU, fault: GuestFault?, into frame: inout [UInt8]) {
        frame.put(cpu.header.pc, at: Offset.integers)
        for number in 1..<32 { frame.put(hart(cpu).register(number), at: Offset.integers + 8 * number) }
        for number in 0..<32 { frame.put(hart(cpu).floatRegister(number), at: Offset.floats + 8 * number) }
        frame.put(hart(cpu).floatControl, at: Offset.control)
    }

    public func restoreContext(_ cpu: VirtualCPU, from frame: [UInt8]) -> Bool {
        cpu.header.pc = frame.word(at: Offset.integers) & ~1
        for number in 1..<32 { hart(cpu).setRegister(number, frame.word(at: Offset.integers + 8 * number)) }
        for number in 0..<32 { hart(cpu).setFloatRegister(number, frame.word(at: Offset.floats + 8 * number)) }
        hart(cpu).floatControl = frame.word(at: Offset.control) & 0xff
        // A reservation does not outlive a signal handler.
        cpu.header.linkedAddress = .max
        return true
    }

    public func enterHandler(_ cpu: VirtualCPU, _ entry: HandlerEntry) {
        let hart = hart(cpu)
        hart.setRegister(1, entry.returnAddress)
        hart.setRegister(2, entry.frame)
        hart.setRegister(10, UInt64(entry.signal))
        hart.setRegister(11, entry.frame &+ UInt64(signalFrame.info))
        hart.setRegister(12, entry.frame &+ UInt64(signalFrame.context))
        cpu.header.pc = entry.handler & ~1
        cpu.header.linkedAddress = .max
    }

    public var hasRestorer: Bool { false }

    /// li a7, 139; ecall.
    public var signalReturnCode: [UInt8] { [0x93, 0x08, 0xb0, 0x08, 0x73, 0x00, 0x00, 0x00] }
}
