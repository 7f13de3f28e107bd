import CPUModel
import HostOS
import IR

/// Linux on 64-bit Arm (arch/arm64/include/uapi/asm, the procedure call standard).
public struct AArch64LinuxABI: LinuxABI {
    public init() {}

    public var name: String { "aarch64" }
    public var machine: String { "aarch64" }
    public var elf: ELFIdentity { ELFIdentity(machine: 183, is64Bit: true, isBigEndian: false) }
    public var family: CallFamily { .generic64 }
    public func platform(of cpu: VirtualCPU) -> String? { "aarch64" }
    public var openFlags: OpenFlags { .arm }

    private func element(_ cpu: VirtualCPU) -> AArch64CPU { unsafe unsafeDowncast(cpu, to: AArch64CPU.self) }

    public func makeCPU(model: String?) throws -> VirtualCPU {
        if let model, model == "any" { return try makeCPU(model: "max") }
        var generator = SystemRandomNumberGenerator()
        let cpu = try AArch64CPU(model: AArch64Model(model ?? "max"), index: 0, memory: nil) { generator.next() }
        cpu.counter = { UInt64(bitPattern: monotonicNanoseconds()) / (1_000_000_000 / AArch64CPU.counterFrequency) }
        return cpu
    }

    public func hardwareCapabilities(_ cpu: VirtualCPU) -> (UInt64, UInt64) {
        let words = hwcaps(element(cpu).model.features)
        return (words.hwcap, words.hwcap2)
    }

    public func processorInformation(_ cpu: VirtualCPU, count: Int) -> String { element(cpu).model.processorInformation(count: count) }

    public func takeEvent(_ cpu: VirtualCPU) -> GuestEvent {
        let exception = element(cpu).takeException()
        let pc = cpu.header.pc
        switch exception.syndrome.kind {
        case .supervisorCall:
            cpu.header.pc = pc &+ 4
            return .systemCall
        case .breakpoint: return .fault(GuestFault(signal: 5, code: 1, address: pc))
        case .pcAlignment, .spAlignment: return .fault(GuestFault(signal: 7, code: 1, address: exception.address))
        case .dataAbort, .instructionAbort: return .fault(abort(exception))
        default: return .fault(GuestFault(signal: 4, code: 1, address: pc))
        }
    }

    private func abort(_ exception: AArch64Exception) -> GuestFault {
        let syndrome = exception.syndrome
        let isMisaligned = syndrome.faultStatus == FaultStatus.alignment, isDenied = syndrome.faultStatus >> 2 == 3
        return GuestFault(
            signal: isMisaligned ? 7 : 11, code: isMisaligned || !isDenied ? 1 : 2, address: exception.address,
            isWrite: syndrome.kind == .dataAbort && syndrome.isWrite)
    }

    // MARK: System calls

    public func systemCall(_ cpu: VirtualCPU) -> SystemCallRegisters {
        let x = unsafe element(cpu).element.pointee.x
        return SystemCallRegisters(number: x[8], arguments: [x[0], x[1], x[2], x[3], x[4], x[5]])
    }

    public func setResult(_ cpu: VirtualCPU, _ value: Int64) { element(cpu).setRegister(0, UInt64(bitPattern: value)) }

    public func repeatCall(_ cpu: VirtualCPU, _ call: SystemCallRegisters) {
        cpu.header.pc &-= 4
        element(cpu).setRegister(0, call[0])
    }

    public func callAddress(_ cpu: VirtualCPU, _ address: UInt64) -> UInt64 {
        unsafe element(cpu).element.pointee.passesTags != 0 ? AArch64CPU.untagged(address) : address
    }

    /// PR_SET_TAGGED_ADDR_CTRL and PR_GET_TAGGED_ADDR_CTRL (Linux, Documentation/arch/arm64/tagged-address-abi.rst).
    public func control(_ cpu: VirtualCPU, _ call: SystemCallRegisters) -> Int64? {
        let element = element(cpu)
        let rest = call[2] | call[3] | call[4]
        switch call[0] {
        case 55 where rest == 0 && call[1] <= 1:
            unsafe element.element.pointee.passesTags = call[1]
            return 0
        case 56 where rest | call[1] == 0: return unsafe Int64(element.element.pointee.passesTags)
        case 55, 56: return -22
        default: return nil
        }
    }

    public func stackPointer(_ cpu: VirtualCPU) -> UInt64 { element(cpu).register(31) }
    public func setStackPointer(_ cpu: VirtualCPU, _ address: UInt64) { element(cpu).setRegister(31, address) }
    public func setThreadPointer(_ cpu: VirtualCPU, _ address: UInt64) { element(cpu).threadPointer = address }
    public func threadPointer(_ cpu: VirtualCPU) -> UInt64 { element(cpu).threadPointer }

    public func start(_ cpu: VirtualCPU, entry: UInt64, stackPointer: UInt64) {
        element(cpu).reset()
        element(cpu).setRegister(31, stackPointer)
        cpu.header.pc = entry
    }

    // MARK: Signal frames

    /// siginfo, ucontext with its 4 KiB of records, and a frame record for unwinders (struct rt_sigframe in arch/arm64/kernel/signal.c).
    public var signalFrame: SignalFrame {
        SignalFrame(size: Offset.frameRecord + 16, info: 0, context: 128, stack: 144, mask: 168, redZone: 0, alignment: 16)
    }

    /// Of uc_mcontext: the fault's address, X0 to X30, SP, PC and PSTATE; then the records.
    private enum Offset {
        static let faultAddress = 304, registers = 312, pc = 568, pstate = 576
        static let records = 592, vectors = 16, frameRecord = 592 + 4096
    }

    /// The records: FPSIMD state, and the syndrome of a fault.
    private enum Record { static let vectors: UInt32 = 0x4650_8001, vectorsSize: UInt32 = 528, syndrome: UInt32 = 0x4553_5201 }

    public func saveContext(_ cpu: VirtualCPU, fault: GuestFault?, into frame: inout [UInt8]) {
        let element = element(cpu)
        frame.put(fault?.address ?? 0, at: Offset.faultAddress)
        for number in 0..<32 { frame.put(element.register(number), at: Offset.registers + 8 * number) }
        frame.put(cpu.header.pc, at: Offset.pc)
        frame.put(element.nzcv << 28, at: Offset.pstate)
        saveVectors(element, &frame)
        if let fault, fault.signal == 7 || fault.signal == 11 { saveSyndrome(fault, at: cpu.header.pc, &frame) }
        frame.put(element.register(29), at: Offset.frameRecord)
        frame.put(element.register(30), at: Offset.frameRecord + 8)
    }

    private func saveVectors(_ element: AArch64CPU, _ frame: inout [UInt8]) {
        let start = Offset.records
        frame.put(Record.vectors, at: start)
        frame.put(Record.vectorsSize, at: start + 4)
        frame.put(UInt32(truncatingIfNeeded: element.fpsr), at: start + 8)
        frame.put(UInt32(truncatingIfNeeded: element.fpcr), at: start + 12)
        for number in 0..<32 { frame.put(element.vectorBits(number), at: start + Offset.vectors + 16 * number) }
    }

    private func saveSyndrome(_ fault: GuestFault, at pc: UInt64, _ frame: inout [UInt8]) {
        let start = Offset.records + Int(Record.vectorsSize)
        let status =
            switch (fault.signal, fault.code) {
            case (7, 1): FaultStatus.alignment
            case (11, 2): FaultStatus.permission
            default: FaultStatus.translation
            }
        let kind: Syndrome.Class = fault.address == pc ? .instructionAbort : .dataAbort
        frame.put(Record.syndrome, at: start)
        frame.put(UInt32(16), at: start + 4)
        frame.put(Syndrome(kind, UInt64(status) | (fault.isWrite ? 64 : 0)).rawValue, at: start + 8)
    }

    /// A program may change everything but the mode; the record of the vectors must be there.
    public func restoreContext(_ cpu: VirtualCPU, from frame: [UInt8]) -> Bool {
        let element = element(cpu)
        let pstate = frame.word(at: Offset.pstate)
        guard let start = vectorRecord(frame), pstate & 0x1f == 0 else { return false }
        for number in 0..<32 { element.setRegister(number, frame.word(at: Offset.registers + 8 * number)) }
        cpu.header.pc = frame.word(at: Offset.pc)
        element.nzcv = pstate >> 28
        element.fpsr = UInt64(frame.get(UInt32.self, at: start + 8))
        element.fpcr = UInt64(frame.get(UInt32.self, at: start + 12))
        for number in 0..<32 { element.setVectorBits(number, frame.get(UInt128.self, at: start + Offset.vectors + 16 * number)) }
        // A reservation does not outlive a signal handler.
        cpu.header.linkedAddress = .max
        return true
    }

    /// Where the record of the vectors is; nil if there is none or the records make no sense.
    private func vectorRecord(_ frame: [UInt8]) -> Int? {
        var place = Offset.records
        var found: Int?
        while place + 8 <= Offset.frameRecord {
            let kind = frame.get(UInt32.self, at: place), size = frame.get(UInt32.self, at: place + 4)
            if kind == 0 { return size == 0 ? found : nil }
            guard size & 15 == 0, size >= 16, place + Int(size) <= Offset.frameRecord else { return nil }
            if kind == Record.vectors, size == Record.vectorsSize, found == nil {
                found = place
            } else if kind != Record.syndrome {
                return nil
            }
            place += Int(size)
        }
        return nil
    }

    public func enterHandler(_ cpu: VirtualCPU, _ entry: HandlerEntry) {
        let element = element(cpu)
        element.setRegister(0, UInt64(entry.signal))
        element.setRegister(1, entry.frame &+ UInt64(entry.shape.info ?? 0))
        element.setRegister(2, entry.frame &+ UInt64(entry.shape.context))
        element.setRegister(29, entry.frame &+ UInt64(Offset.frameRecord))
        element.setRegister(30, entry.returnAddress)
        element.setRegister(31, entry.frame)
        cpu.header.pc = entry.handler
        cpu.header.linkedAddress = .max
    }

    public var hasRestorer: Bool { true }

    /// mov x8, #139; svc #0.
    public var signalReturnCode: [UInt8] { [0x68, 0x11, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4] }

    /// arch/arm64/kernel/vdso. Its signal return has no rules: DWARF has a column for the program counter beside X30 only in newer unwinders, and
    /// all know the frame by the two instructions, which they look for where nothing else is said of them.
    public var kernelObject: KernelObject {
        let calls: [(String, UInt32)] = [("__kernel_clock_gettime", 113), ("__kernel_clock_getres", 114), ("__kernel_gettimeofday", 169)]
        return KernelObject(
            version: "LINUX_2.6.39", functions: calls.map { .init($0.0, callCode($0.1)) },
            signalReturn: .init(name: "__kernel_rt_sigreturn", instructionBefore: [0x1f, 0x20, 0x03, 0xd5], rules: nil),
            unwinding: .callFrames(stackPointer: 31, returnAddress: 30))
    }

    /// mov x8, #number; svc #0; ret.
    private func callCode(_ number: UInt32) -> [UInt8] {
        [0xd280_0008 | number << 5, 0xd400_0001, 0xd65f_03c0].flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
    }
}
