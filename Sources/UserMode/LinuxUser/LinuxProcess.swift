import CHost
import CPUModel
import Diagnostics
import Glibc
import HostOS
import UserCore
import UserExecution

/// How the program is to be run: what the command line and the environment say.
public struct UserOptions: Sendable {
    /// `-L`: a folder in which the guest's files are looked for first.
    public var prefix: String?
    /// `-r`: what `uname -r` says.
    public var release: String?
    public var model: String?
    /// The folder of translations that outlive their process; nil for none.
    public var codeCache: String?
    /// `-g`: where a debugger is waited for.
    public var debugger: String?
    /// `-s`: RLIMIT_STACK; nil for the host's.
    public var stackSize: UInt64?
    /// Limits of memory of the program that has executed this one.
    public var memoryLimits: String?
    /// `-B`, and `-R`: bytes set aside for the guest's memory; 0 for as it comes.
    public var guestBase: UInt?
    public var reserved: UInt64 = 0
    public var engine = UserEngineOptions()
    /// A descriptor of the seccomp filters of the program that has executed this one.
    public var seccompFilters: Int32?
    /// The options as words, for a program that this one executes.
    public var words: [[String]] = []

    public init() {}
}

/// A guest process: what its threads share.
public final class LinuxProcess: @unchecked Sendable {
    public let abi: any LinuxABI
    public let options: UserOptions
    public let memory: GuestMemory
    public let engine: UserEngine
    let calls: CallTable
    /// Calls that are done without leaving guest code; nil while all calls are logged.
    let quickClocks: QuickClocks?
    /// All guests whose programs can be executed.
    let guests: [any LinuxABI]
    /// Guards the fields below.
    let lock = Mutex()
    var heap = Heap()
    let limits: ResourceLimits
    /// The io_urings by descriptor; of one that has been closed what is left is not looked at.
    var rings: [Int32: RingLayout] = [:]
    let signals = SignalActions()
    /// Threads that are running.
    var threadCount = 1
    var seccomp = SeccompGroup()
    /// `/proc/self/exe` of the guest.
    var executable = HostPath("")
    var arguments: [[UInt8]] = []
    /// Where `signalReturnCode` is, and the vdso.
    var signalReturn: UInt64 = 0
    var kernelObject: UInt64 = 0
    /// The kernel's mappings by their address.
    var kernelPages: [UInt64: String] = [:]
    /// What the program started with.
    var stack = WrittenStack()
    /// Set before the program runs, and in the child of a fork.
    var debugger: ProgramDebugger?
    /// This file itself, open so that it can be executed from any root.
    let selfDescriptor: Int32

    public init(abi: any LinuxABI, guests: [any LinuxABI], cpu: VirtualCPU, memory: GuestMemory, options: UserOptions, selfDescriptor: Int32) throws {
        self.abi = abi
        self.guests = guests
        self.options = options
        self.memory = memory
        self.selfDescriptor = selfDescriptor
        guard let limits = ResourceLimits(options: options) else {
            throw ELFError.damaged("-memory-limits", "what it says is no list of limits")
        }
        self.limits = limits
        memory.setLimits(limits.memory)
        calls = CallTable(family: abi.family, machine: abi.machine)
        quickClocks = Log.isEnabled(.strace) ? nil : QuickClocks(calls, wordSize: abi.family.wordSize)
        engine = try UserEngine(guest: cpu.guest, memory: memory, options: options.engine)
        if let folder = options.codeCache, !engine.keepCode(in: folder, model: options.model ?? "") {
            Log.write(.unimplemented, "no translated code is kept: '\(folder)' is not there, or others can write it")
        }
    }

    /// The place of a file: in the guest's own folder if there is one and the file is in it.
    func locate(_ path: String) -> String { locate(HostPath(path)).text }

    func locate(_ path: HostPath) -> HostPath {
        guard let prefix = options.prefix, path.isAbsolute else { return path }
        let inside = HostPath(prefix) + path
        return unsafe inside.withCString { unsafe faccessat(AT_FDCWD, $0, F_OK, AT_SYMLINK_NOFOLLOW) } == 0 ? inside : path
    }

    /// Descriptors that are not the guest's, in order.
    var ownDescriptors: [Int] { ([selfDescriptor] + (debugger?.descriptors ?? [])).map { Int($0) }.sorted() }

    func owns(_ descriptor: Int32) -> Bool { descriptor == selfDescriptor || debugger?.descriptors.contains(descriptor) == true }

    // MARK: Starting

    /// Loads a program and runs it to its end, on the calling thread.
    public func run(_ file: ProgramFile, cpu: VirtualCPU, arguments: [[UInt8]], environment: [[UInt8]]) throws -> Never {
        if let space = abi.addressSpace { memory.searchDownwards(from: searchTop(space)) }
        let program = try ProgramLoader(memory: memory, locate: locate).load(file)
        executable = file.name.resolved
        self.arguments = arguments
        heap = Heap(start: program.end, data: program.dataSize)
        guard mapKernelPages(cpu), let top = mapStack(isExecutable: program.hasExecutableStack) else {
            throw ELFError.cannotMap(file.path, errno: ENOMEM)
        }
        let stack = InitialStack(
            program: program, arguments: arguments, environment: environment, path: file.name.bytes,
            capabilities: abi.hardwareCapabilities(cpu), platform: abi.platform(of: cpu), smallestSignalStack: abi.signalFrame.size + 1024,
            kernelObject: kernelObject, wordSize: abi.family.wordSize)
        let runner = UserRunner(cpu: cpu, engine: engine)
        runner.bindToThread()
        guard let written = stack.write(to: memory, below: top) else { throw ELFError.cannotMap(file.path, errno: E2BIG) }
        self.stack = written
        memory.noteFirstStackPointer(written.pointer)
        nameThread(executable)
        abi.start(cpu, entry: program.start, stackPointer: written.pointer)
        let thread = LinuxThread(process: self, cpu: cpu, runner: runner, isMain: true)
        thread.mask = LinuxThread.hostMask()
        if let descriptor = options.seccompFilters {
            guard let chain = SeccompInheritance.take(descriptor) else { throw ELFError.damaged(file.path, "its seccomp filters are lost") }
            thread.seccomp.mode = .filters(chain)
        }
        seccomp.add(thread.seccomp)
        // The program finds no descriptor open that it was not given.
        file.close()
        if let place = options.debugger { try startDebugger(place, thread) }
        thread.run()
        exit(thread: thread)
    }

    /// The program's name in `ps` and `/proc/self/comm`: the file's, not that of the descriptor by which Apus was executed.
    private func nameThread(_ path: HostPath) {
        _ = unsafe HostPath(path.lastComponent).withCString { unsafe apus_raw_syscall(157, [15, Int(bitPattern: $0), 0, 0, 0, 0]) }
    }

    /// What the kernel puts into a program's memory: the vdso, a page for returns from signal handlers where they are not in it, and pages of the
    /// architecture's own.
    private func mapKernelPages(_ cpu: VirtualCPU) -> Bool {
        let image = KernelObjectImage(abi.kernelObject, identity: abi.elf, signalReturnCode: abi.signalReturnCode)
        guard let object = mapKernelCode("[vdso]", image.bytes) else { return false }
        kernelObject = object
        if let place = image.signalReturn {
            signalReturn = object + UInt64(place)
        } else {
            guard let page = mapKernelCode("[sigpage]", abi.signalReturnCode) else { return false }
            signalReturn = page
        }
        return abi.kernelPages(for: cpu).allSatisfy { mapKernelCode($0.name, $0.bytes, at: $0.address) != nil }
    }

    /// Maps code of the kernel's, at an address or where there is room; nil if it can't be had.
    private func mapKernelCode(_ name: String, _ bytes: [UInt8], at address: UInt64? = nil) -> UInt64? {
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | (address == nil ? 0 : Int32(MAP_FIXED_NOREPLACE))
        let length = UInt64(bytes.count + 4095) & ~4095
        let result = memory.map(.init(address: address ?? 0, length: length, protection: [.read, .write], flags: flags))
        guard result > 0 || result < -4095 else { return nil }
        let place = UInt64(bitPattern: result)
        guard memory.write(bytes, at: place), memory.protect(place, length, [.read, .execute]) == 0 else { return nil }
        kernelPages[place] = name
        return place
    }

    private var stackLimit: UInt64 { limits[ResourceLimits.stack].current }

    /// Where mappings begin: below the stack and what the kernel keeps free for it to grow.
    private func searchTop(_ space: GuestAddressSpace) -> UInt64 {
        let room = memory.stackRoom(limit: stackLimit), top = min(space.stackTop, memory.limit)
        return top > 2 * room ? top - room : top / 2 & ~4095
    }

    private func mapStack(isExecutable: Bool) -> UInt64? {
        memory.mapStack(below: abi.addressSpace.map { min($0.stackTop, memory.limit) }, limit: stackLimit, isExecutable: isExecutable)
    }

    // MARK: Ending

    /// A thread's way out; of the last one it is the process's.
    func exit(thread: LinuxThread) -> Never {
        let isLast = lock.withLock {
            threadCount -= 1
            return threadCount == 0
        }
        if isLast { exitProcess(thread.exitStatus) }
        exitThread()
    }

    func exitProcess(_ status: Int32) -> Never {
        engine.saveCode()
        debugger?.ended(.exited(UInt8(truncatingIfNeeded: status)))
        _ = unsafe apus_raw_syscall(231, [Int(status), 0, 0, 0, 0, 0])
        fatalError("exit_group returned")
    }

    /// The main thread ends alone: its process goes on without it.
    private func exitThread() -> Never {
        _ = unsafe apus_raw_syscall(60, [0, 0, 0, 0, 0, 0])
        fatalError("exit returned")
    }
}

/// The break: the program's own heap.
struct Heap {
    var start: UInt64 = 0
    var end: UInt64 = 0
    /// Bytes of the program's own data, which count with the heap for RLIMIT_DATA.
    var data: UInt64 = 0
    /// Behind the last mapped page.
    var mapped: UInt64 = 0

    init() {}

    init(start: UInt64, data: UInt64) {
        self.start = start
        self.data = data
        end = start
        mapped = start
    }
}
