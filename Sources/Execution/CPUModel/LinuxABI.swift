import Diagnostics

/// How Linux for an architecture meets its programs. Each guest has one conformance, a stateless value in its `LinuxABI.swift`; the
/// user-mode kernel (`Sources/UserMode`) knows nothing else of the architecture.
public protocol LinuxABI: Sendable {
    /// The guest's name in `qemu-NAME`, such as "riscv64".
    var name: String { get }
    /// What `uname -m` says.
    var machine: String { get }
    /// The same where it depends on the model.
    func machine(of cpu: VirtualCPU) -> String
    var elf: ELFIdentity { get }
    /// Which table of system-call numbers and which structure layouts it has.
    var family: CallFamily { get }
    /// Where programs may lie; nil where the host's own addresses serve.
    var addressSpace: GuestAddressSpace? { get }
    /// The string of AT_PLATFORM; nil for none.
    func platform(of cpu: VirtualCPU) -> String?
    /// Its numbers for the open flags that differ from architecture to architecture.
    var openFlags: OpenFlags { get }

    /// A vCPU that runs programs: in its least privileged mode, with whatever the kernel switches on for programs.
    ///
    /// - Parameter model: what `-cpu` says; nil for the default.
    func makeCPU(model: String?) throws -> VirtualCPU
    /// AT_HWCAP and AT_HWCAP2: what the vCPU really has.
    func hardwareCapabilities(_ cpu: VirtualCPU) -> (UInt64, UInt64)

    /// `/proc/cpuinfo` of a machine with so many such vCPUs.
    func processorInformation(_ cpu: VirtualCPU, count: Int) -> String
    /// The value that riscv_hwprobe has for a key; nil for keys it does not know.
    func hardwareProbe(_ cpu: VirtualCPU, key: Int64) -> HardwareProbe?

    /// What the exception in `CPUHeader.exception` asks of the kernel; clears it. Of a system call `pc` then lies behind the instruction, of
    /// a fault on it.
    func takeEvent(_ cpu: VirtualCPU) -> GuestEvent

    /// The number and the six arguments of a system call.
    func systemCall(_ cpu: VirtualCPU) -> SystemCallRegisters
    /// Leaves a result, which is `-errno` of a failure, where the program looks for it.
    func setResult(_ cpu: VirtualCPU, _ value: Int64)
    /// Makes the program do the system call again that it has just done, with the arguments it had.
    func repeatCall(_ cpu: VirtualCPU, _ call: SystemCallRegisters)

    /// An address that a system call was given, without its tag where the program has asked the kernel to ignore tags.
    func callAddress(_ cpu: VirtualCPU, _ address: UInt64) -> UInt64
    /// What prctl does with an option of the architecture's own: its result or `-errno`; nil for other options.
    func control(_ cpu: VirtualCPU, _ call: SystemCallRegisters) -> Int64?

    func stackPointer(_ cpu: VirtualCPU) -> UInt64
    func setStackPointer(_ cpu: VirtualCPU, _ address: UInt64)
    func setThreadPointer(_ cpu: VirtualCPU, _ address: UInt64)
    func threadPointer(_ cpu: VirtualCPU) -> UInt64
    /// The state in which a new program starts.
    func start(_ cpu: VirtualCPU, entry: UInt64, stackPointer: UInt64)

    /// Shape of the frame that a signal handler's `siginfo` and `ucontext` lie in.
    var signalFrame: SignalFrame { get }
    /// Shape of the frame of a handler without SA_SIGINFO, where there is another one.
    var plainSignalFrame: SignalFrame { get }
    /// Writes registers (and what is known of the fault that caused the signal) into a frame of `signalFrame.size` bytes.
    func saveContext(_ cpu: VirtualCPU, fault: GuestFault?, into frame: inout [UInt8])
    /// Takes the registers out of a frame again; false if it holds what no program may have.
    func restoreContext(_ cpu: VirtualCPU, from frame: [UInt8]) -> Bool
    /// Sets the registers for a handler's first instruction.
    func enterHandler(_ cpu: VirtualCPU, _ entry: HandlerEntry)
    /// Whether `struct sigaction` has a field for the restorer.
    var hasRestorer: Bool { get }
    /// Machine code that does `rt_sigreturn`, for handlers whose `sigaction` names no restorer.
    var signalReturnCode: [UInt8] { get }
    /// Where in it a handler returns to: bytes from its start, with what an address of such code has beside the address.
    func signalReturnOffset(handler: UInt64, wantsInfo: Bool) -> UInt64
    /// The shared object that the kernel maps into every program.
    var kernelObject: KernelObject { get }
    /// Pages that the kernel gives every program, at addresses of its own: the code in them, for programs to call.
    func kernelPages(for cpu: VirtualCPU) -> [KernelPage]
}

/// What most architectures have nothing of.
extension LinuxABI {
    public func machine(of cpu: VirtualCPU) -> String { machine }
    public var addressSpace: GuestAddressSpace? { nil }
    public func platform(of cpu: VirtualCPU) -> String? { nil }
    public var plainSignalFrame: SignalFrame { signalFrame }
    public func signalReturnOffset(handler: UInt64, wantsInfo: Bool) -> UInt64 { 0 }
    public func kernelPages(for cpu: VirtualCPU) -> [KernelPage] { [] }
    public func callAddress(_ cpu: VirtualCPU, _ address: UInt64) -> UInt64 { address }
    public func control(_ cpu: VirtualCPU, _ call: SystemCallRegisters) -> Int64? { nil }
    public func hardwareProbe(_ cpu: VirtualCPU, key: Int64) -> HardwareProbe? { nil }
}

/// A value of riscv_hwprobe (Linux, Documentation/arch/riscv/hwprobe.rst).
public enum HardwareProbe: Equatable, Sendable {
    /// One bit for each thing that is there; who asks for some accepts more.
    case bits(UInt64)
    case value(UInt64)
    /// The last address a program may use, which only the kernel knows.
    case highestAddress
}

/// What an ELF header says of the programs that a guest runs.
public struct ELFIdentity: Equatable, Sendable, CustomStringConvertible {
    public let machine: UInt16
    public let is64Bit: Bool
    public let isBigEndian: Bool

    public init(machine: UInt16, is64Bit: Bool, isBigEndian: Bool) {
        self.machine = machine
        self.is64Bit = is64Bit
        self.isBigEndian = isBigEndian
    }

    public var description: String { "ELF machine \(machine), \(is64Bit ? 64 : 32) bits, \(isBigEndian ? "big" : "little")-endian" }
}

/// Architectures with the same numbers and structures for system calls.
public enum CallFamily: Sendable {
    /// include/uapi/asm-generic with 64-bit longs: riscv64, arm64, loongarch64.
    case generic64
    /// The same with 32-bit longs, and only calls whose times have 64 bits: riscv32.
    case generic32
    /// The EABI of 32-bit Arm (arch/arm/tools/syscall.tbl).
    case arm

    /// Bytes of a long and of a pointer.
    public var wordSize: Int { self == .generic64 ? 8 : 4 }
    /// Whether an argument of 64 bits begins in a register with an even number.
    public var alignsPairs: Bool { self == .arm }
}

/// Addresses of programs that have fewer than the host's.
public struct GuestAddressSpace: Sendable {
    /// Behind the last address.
    public let size: UInt64
    /// Behind the stack of a new program; what has no place of its own lies below it.
    public let stackTop: UInt64

    public init(size: UInt64, stackTop: UInt64) {
        self.size = size
        self.stackTop = stackTop
    }
}

/// A page of the kernel's that programs may execute.
public struct KernelPage: Sendable {
    public let name: String
    public let address: UInt64
    public let bytes: [UInt8]

    public init(name: String, address: UInt64, bytes: [UInt8]) {
        self.name = name
        self.address = address
        self.bytes = bytes
    }
}

/// `O_DIRECTORY`, `O_NOFOLLOW`, `O_DIRECT`, `O_LARGEFILE`; the other flags have one number everywhere in asm-generic.
public struct OpenFlags: Sendable {
    public let directory: UInt64, noFollow: UInt64, direct: UInt64, largeFile: UInt64

    public init(directory: UInt64, noFollow: UInt64, direct: UInt64, largeFile: UInt64) {
        self.directory = directory
        self.noFollow = noFollow
        self.direct = direct
        self.largeFile = largeFile
    }

    /// include/uapi/asm-generic/fcntl.h, and x86's.
    public static let generic = OpenFlags(directory: 0o200000, noFollow: 0o400000, direct: 0o40000, largeFile: 0o100000)
    /// arch/arm64/include/uapi/asm/fcntl.h.
    public static let arm = OpenFlags(directory: 0o40000, noFollow: 0o100000, direct: 0o200000, largeFile: 0o400000)
}

/// Why a vCPU in user mode stopped.
public enum GuestEvent: Sendable {
    case systemCall
    case fault(GuestFault)
    /// The same for what Apus does not have: its name, which the user is told.
    case unsupported(String, GuestFault)
}

/// A fault as the signal that Linux makes of it.
public struct GuestFault: Sendable {
    /// SIGSEGV and so on; the numbers are those of asm-generic/signal.h.
    public var signal: Int32
    /// `si_code`.
    public var code: Int32
    /// `si_addr`.
    public var address: UInt64
    /// Whether a memory access wanted to write, for guests whose frames tell.
    public var isWrite: Bool

    public init(signal: Int32, code: Int32, address: UInt64, isWrite: Bool = false) {
        self.signal = signal
        self.code = code
        self.address = address
        self.isWrite = isWrite
    }
}

public struct SystemCallRegisters: Sendable {
    public var number: UInt64
    public var arguments: InlineArray<6, UInt64>

    public init(number: UInt64, arguments: InlineArray<6, UInt64>) {
        self.number = number
        self.arguments = arguments
    }

    public subscript(_ index: Int) -> UInt64 { arguments[index] }
}

/// Offsets in a signal frame, in bytes from its start, which is where the stack pointer points while the handler runs.
public struct SignalFrame: Sendable {
    public let size: Int
    /// `siginfo_t`, 128 bytes; nil for none.
    public let info: Int?
    /// `ucontext_t`.
    public let context: Int
    /// `uc_stack` (a `stack_t`) and `uc_sigmask`.
    public let stack: Int, mask: Int
    /// Bytes below the stack pointer that the program may be using, and what the frame's address must be a multiple of.
    public let redZone: Int, alignment: Int

    public init(size: Int, info: Int?, context: Int, stack: Int, mask: Int, redZone: Int, alignment: Int) {
        self.size = size
        self.info = info
        self.context = context
        self.stack = stack
        self.mask = mask
        self.redZone = redZone
        self.alignment = alignment
    }
}

/// What a signal handler is called with.
public struct HandlerEntry: Sendable {
    public let handler: UInt64
    public let signal: Int32
    /// Address of the frame, and what it looks like.
    public let frame: UInt64
    public let shape: SignalFrame
    /// Where the handler returns to: the restorer, or `signalReturnCode`.
    public let returnAddress: UInt64

    public init(handler: UInt64, signal: Int32, frame: UInt64, shape: SignalFrame, returnAddress: UInt64) {
        self.handler = handler
        self.signal = signal
        self.frame = frame
        self.shape = shape
        self.returnAddress = returnAddress
    }
}

public enum LinuxABIError: ExplainedError {
    case unknownModel(String, guest: String, accepted: [String])

    public var cause: String {
        switch self {
        case .unknownModel(let name, let guest, _): "-cpu: \(guest) has no model '\(name)'"
        }
    }
    public var remedy: String? {
        switch self {
        case .unknownModel(let name, _, let accepted): suggestion(for: name, among: accepted)
        }
    }
}
