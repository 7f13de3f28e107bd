import CPUModel
import HostOS
import IR

/// Linux on 32-bit Arm, the EABI (arch/arm/include/uapi/asm, the procedure call standard).
public struct ARMLinuxABI: LinuxABI {
    public init() {}

    public var name: String { "arm" }
    public var machine: String { "armv7l" }
    public var elf: ELFIdentity { ELFIdentity(machine: 40, is64Bit: false, isBigEndian: false) }
    public var family: CallFamily { .arm }
    public var openFlags: OpenFlags { .arm }
    /// As on a 64-bit kernel: all below the page of helpers.
    public var addressSpace: GuestAddressSpace? { GuestAddressSpace(size: 1 << 32, stackTop: KernelHelpers.address) }

    private func element(_ cpu: VirtualCPU) -> ARMCPU { unsafe unsafeDowncast(cpu, to: ARMCPU.self) }

    public func makeCPU(model: String?) throws -> VirtualCPU {
        if let model, model == "any" { return try makeCPU(model: "max") }
        return try ARMCPU(model: ARMModel(model ?? "max"), index: 0, memory: nil)
    }

    public func machine(of cpu: VirtualCPU) -> String {
        switch element(cpu).model.architecture {
        case 5: element(cpu).model.features.contains(.jazelle) ? "armv5tejl" : "armv5tel"
        case 6: "armv6l"
        default: "armv7l"
        }
    }

    public func platform(of cpu: VirtualCPU) -> String? { "v\(element(cpu).model.architecture)l" }

    public func hardwareCapabilities(_ cpu: VirtualCPU) -> (UInt64, UInt64) {
        let words = element(cpu).model.capabilities
        return (words.first, words.second)
    }

    public func processorInformation(_ cpu: VirtualCPU, count: Int) -> String { element(cpu).model.processorInformation(count: count) }

    public func kernelPages(for cpu: VirtualCPU) -> [KernelPage] { [KernelHelpers(element(cpu).model.features).page] }

    public func takeEvent(_ cpu: VirtualCPU) -> GuestEvent {
        let exception = element(cpu).takeException()
        let pc = cpu.header.pc
        switch exception.kind {
        case .supervisorCall:
            cpu.header.pc = behindCall(pc)
            return .systemCall
        case .oldSupervisorCall:
            return .unsupported("the system calls of the old ABI (svc with a number)", GuestFault(signal: 4, code: 4, address: pc & ~1))
        case .breakpoint: return .fault(GuestFault(signal: 5, code: 1, address: pc & ~1))
        case .prefetchAbort, .dataAbort: return .fault(abort(exception))
        case .undefined, .hypervisorCall, .secureCall: return .fault(GuestFault(signal: 4, code: 1, address: pc & ~1))
        }
    }

    /// Behind svc: 2 bytes in T32, 4 in A32.
    private func behindCall(_ pc: UInt64) -> UInt64 { pc &+ (pc & 1 != 0 ? 2 : 4) & 0xffff_ffff }

    private func abort(_ exception: ARMException) -> GuestFault {
        GuestFault(
            signal: exception.isMisaligned ? 7 : 11, code: exception.isMisaligned || !exception.isDenied ? 1 : 2, address: exception.address,
            isWrite: exception.isWrite)
    }

    // MARK: System calls

    /// Number of the register that holds the call's.
    private static let callNumber = 7

    public func systemCall(_ cpu: VirtualCPU) -> SystemCallRegisters {
        let element = element(cpu)
        func word(_ number: Int) -> UInt64 { UInt64(element.register(number)) }
        return SystemCallRegisters(number: word(ARMLinuxABI.callNumber), arguments: [word(0), word(1), word(2), word(3), word(4), word(5)])
    }

    public func setResult(_ cpu: VirtualCPU, _ value: Int64) { element(cpu).setRegister(0, UInt32(truncatingIfNeeded: value)) }

    public func repeatCall(_ cpu: VirtualCPU, _ call: SystemCallRegisters) {
        cpu.header.pc &-= cpu.header.pc & 1 != 0 ? 2 : 4
        element(cpu).setRegister(0, UInt32(truncatingIfNeeded: call[0]))
    }

    public func stackPointer(_ cpu: VirtualCPU) -> UInt64 { UInt64(element(cpu).register(ARMRegisters.sp)) }
    public func setStackPointer(_ cpu: VirtualCPU, _ address: UInt64) {
        element(cpu).setRegister(ARMRegisters.sp, UInt32(truncatingIfNeeded: address))
    }
    public func setThreadPointer(_ cpu: VirtualCPU, _ address: UInt64) { element(cpu).threadPointer = UInt32(truncatingIfNeeded: address) }
    public func threadPointer(_ cpu: VirtualCPU) -> UInt64 { UInt64(element(cpu).threadPointer) }

    public func start(_ cpu: VirtualCPU, entry: UInt64, stackPointer: UInt64) {
        element(cpu).reset()
        setStackPointer(cpu, stackPointer)
        element(cpu).enter(UInt32(truncatingIfNeeded: entry))
    }

    // MARK: Signal frames

    public var signalFrame: SignalFrame { ARMSignalFrame.withInfo.shape }
    public var plainSignalFrame: SignalFrame { ARMSignalFrame.plain.shape }

    public func saveContext(_ cpu: VirtualCPU, fault: GuestFault?, into frame: inout [UInt8]) {
        ARMSignalFrame(size: frame.count).save(element(cpu), fault, &frame)
    }

    public func restoreContext(_ cpu: VirtualCPU, from frame: [UInt8]) -> Bool { ARMSignalFrame(size: frame.count).restore(element(cpu), frame) }

    public func enterHandler(_ cpu: VirtualCPU, _ entry: HandlerEntry) {
        let element = element(cpu)
        element.setRegister(0, UInt32(entry.signal))
        if let info = entry.shape.info {
            element.setRegister(1, UInt32(truncatingIfNeeded: entry.frame &+ UInt64(info)))
            element.setRegister(2, UInt32(truncatingIfNeeded: entry.frame &+ UInt64(entry.shape.context)))
        }
        element.setRegister(ARMRegisters.sp, UInt32(truncatingIfNeeded: entry.frame))
        element.setRegister(ARMRegisters.lr, UInt32(truncatingIfNeeded: entry.returnAddress))
        element.enter(UInt32(truncatingIfNeeded: entry.handler))
    }

    public var hasRestorer: Bool { true }

    /// mov r7, #119; svc #0 and mov r7, #173; svc #0, both in A32 and then both in T32.
    public var signalReturnCode: [UInt8] {
        [
            0x77, 0x70, 0xa0, 0xe3, 0x00, 0x00, 0x00, 0xef, 0xad, 0x70, 0xa0, 0xe3, 0x00, 0x00, 0x00, 0xef,  //
            0x77, 0x27, 0x00, 0xdf, 0xad, 0x27, 0x00, 0xdf,
        ]
    }

    /// In the instruction set of the handler.
    public func signalReturnOffset(handler: UInt64, wantsInfo: Bool) -> UInt64 {
        handler & 1 != 0 ? (wantsInfo ? 20 : 16) | 1 : wantsInfo ? 8 : 0
    }

    /// arch/arm/vdso; what handlers return to is a page of its own, as in the kernel.
    public var kernelObject: KernelObject {
        let calls: [(String, UInt32)] = [
            ("__vdso_clock_gettime", 263), ("__vdso_clock_getres", 264), ("__vdso_gettimeofday", 78), ("__vdso_clock_gettime64", 403),
        ]
        return KernelObject(
            version: "LINUX_2.6", functions: calls.map { .init($0.0, callCode($0.1)) }, signalReturn: nil, unwinding: .armExceptionIndex,
            flags: 0x0500_0000)
    }

    /// mov ip, r7; ldr r7, [pc, #8]; svc #0; mov r7, ip; bx lr; the number.
    private func callCode(_ number: UInt32) -> [UInt8] {
        [0xe1a0_c007, 0xe59f_7008, 0xef00_0000, 0xe1a0_700c, 0xe12f_ff1e, number]
            .flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
    }
}

extension ARMModel {
    /// `/proc/cpuinfo` (Linux, arch/arm/kernel/setup.c).
    func processorInformation(count: Int) -> String {
        let number = midr & 15
        func digits(_ shift: UInt32, _ mask: UInt32) -> String { String(midr >> shift & mask, radix: 16) }
        let rest = [
            "model name\t: ARMv\(architecture) Processor rev \(number) (v\(architecture)l)", "BogoMIPS\t: 100.00",
            "Features\t: " + capabilityNames.joined(separator: " "), "CPU implementer\t: 0x" + digits(24, 255),
            "CPU architecture: \(architecture == 5 ? "5TEJ" : "\(max(architecture, 7))")", "CPU variant\t: 0x" + digits(20, 15),
            "CPU part\t: 0x" + digits(4, 0xfff), "CPU revision\t: \(number)",
        ]
        let processors = (0..<count).map { (["processor\t: \($0)"] + rest).joined(separator: "\n") + "\n\n" }.joined()
        return processors + "Hardware\t: Apus\nRevision\t: 0000\nSerial\t\t: 0000000000000000\n"
    }
}
