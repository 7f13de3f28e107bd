import CHost
import CPUModel
import Glibc
import HostOS
import UserExecution

/// New processes: fork, and the kinds of it that share the memory.
enum Forking {
    // MARK: A copy of the memory

    static func fork(_ thread: LinuxThread, _ wanted: CloneRequest) -> Int64 {
        let process = thread.process
        // A debugger has to reach the parent while the child runs.
        let request = wanted.waitsInKernel && process.isDebugged ? wanted.withoutWaiting : wanted
        var ends: (Int32, Int32) = (-1, -1)
        if request.flags & CloneFlag.vfork != 0, !request.waitsInKernel { ends = makePipe() }
        let debugger = process.debugger
        let channel = debugger?.beginFork()
        LinuxThread.setHostMask(.max)
        process.lock.lock()
        var pidfd: Int32 = -1
        let child = process.engine.fork(keeping: thread.runner) { hostFork(request, &pidfd) }
        process.lock.unlock()
        if child == 0 {
            process.threadCount = 1
            process.seccomp.keepOnly(thread.seccomp)
            thread.seccomp.thread = getpid()
            close(ends.0)
            becomeChild(thread, request)
            process.debugger = debugger?.forkedChild(thread, channel ?? nil)
        } else if child > 0 {
            if request.flags & CloneFlag.parentSetTID != 0 { _ = thread.memory.store(request.parentTID, UInt64(child), size: 4) }
            if request.flags & CloneFlag.pidfd != 0 { _ = thread.memory.store(request.pidfd, UInt64(pidfd), size: 4) }
        }
        LinuxThread.setHostMask(thread.mask)
        if child != 0 { debugger?.forked(Int(child), channel ?? nil) }
        if child > 0, ends.0 >= 0 { waitForEnd(ends) }
        return Int64(child)
    }

    /// The C library's fork where it does; the child's id, or -errno.
    private static func hostFork(_ request: CloneRequest, _ pidfd: inout Int32) -> Int32 {
        if request.isPlainFork {
            let child = apus_fork()
            return child < 0 ? -errno : child
        }
        var words = apus_fork_request()
        words.flags = request.hostFlags
        words.exit_signal = request.exitSignal
        words.cgroup = request.cgroup
        return unsafe withUnsafeMutablePointer(to: &pidfd) { place in
            unsafe request.ids.withUnsafeBufferPointer { ids in
                unsafe words.pidfd = place
                unsafe words.ids = ids.isEmpty ? nil : ids.baseAddress
                unsafe words.id_count = UInt64(ids.count)
                return Int32(truncatingIfNeeded: unsafe apus_fork_with(&words))
            }
        }
    }

    private static func becomeChild(_ thread: LinuxThread, _ request: CloneRequest) {
        let abi = thread.abi
        if request.stack != 0 { abi.setStackPointer(thread.cpu, request.stack) }
        if request.flags & CloneFlag.setTLS != 0 { abi.setThreadPointer(thread.cpu, request.tls) }
        let number = UInt64(getpid())
        if request.flags & CloneFlag.childSetTID != 0 { _ = thread.memory.store(request.childTID, number, size: 4) }
        thread.clearedAtExit = request.flags & CloneFlag.childClearTID != 0 ? request.childTID : 0
        thread.robustList = 0
        if request.flags & CloneFlag.clearHandlers != 0 { thread.process.lock.withLock { thread.signals.clearHandlers() } }
    }

    private static func makePipe() -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { return (-1, -1) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    /// The child's end closes when it executes another program or ends.
    private static func waitForEnd(_ ends: (Int32, Int32)) {
        close(ends.1)
        var byte: UInt8 = 0
        while unsafe read(ends.0, &byte, 1) < 0 && errno == EINTR {}
        close(ends.0)
    }

    // MARK: The same memory

    /// A child that shares the memory: it has a vCPU, a host stack and signal actions of its own, and a host thread that waits for it lends it
    /// the thread-local storage that Apus needs. Of a vfork that is the parent's thread, as posix_spawn and its like need it; otherwise a helper.
    private final class Child {
        let thread: LinuxThread
        let request: CloneRequest
        let lock = Mutex()
        let started = ConditionVariable()
        /// The child's id, or -errno; 0 until it is known.
        var number: Int64 = 0

        init(thread: LinuxThread, request: CloneRequest) {
            self.thread = thread
            self.request = request
        }

        func tell(_ value: Int64) {
            lock.withLock {
                number = value
                started.signal()
            }
        }
    }

    /// Bytes of host stack for what runs the child.
    private static let stackSize = 512 << 10

    static func share(_ parent: LinuxThread, _ request: CloneRequest) -> Int64 {
        // The host's clone, which starts a child on another stack, has neither; clone3 does, and is not in the C library.
        if request.cgroup != 0 || !request.ids.isEmpty { return -Int64(ENOSYS) }
        guard let child = makeChild(parent, request) else { return -Int64(ENOMEM) }
        LinuxThread.setHostMask(.max)
        let result = request.flags & CloneFlag.vfork != 0 ? runInPlace(child, parent) : runBeside(child)
        if result > 0, request.flags & CloneFlag.parentSetTID != 0 { _ = parent.memory.store(request.parentTID, UInt64(result), size: 4) }
        LinuxThread.setHostMask(parent.mask)
        return result
    }

    private static func makeChild(_ parent: LinuxThread, _ request: CloneRequest) -> Child? {
        let process = parent.process
        guard let cpu = try? process.abi.makeCPU(model: process.options.model) else { return nil }
        let runner = UserRunner(cpu: cpu, engine: process.engine)
        let isShared = request.flags & CloneFlag.signalHandlers != 0
        let signals = isShared ? parent.signals : process.lock.withLock { parent.signals.copy() }
        let thread = LinuxThread(process: process, cpu: cpu, runner: runner, isMain: true, signals: signals, limits: parent.limits.copy())
        thread.mask = parent.mask
        thread.seccomp.mode = parent.seccomp.mode
        if request.flags & CloneFlag.vfork != 0 { thread.alternateStack = parent.alternateStack }
        if request.flags & CloneFlag.childClearTID != 0 { thread.clearedAtExit = request.childTID }
        ThreadStart.setUp(cpu, parent, request)
        return Child(thread: thread, request: request)
    }

    private static func runInPlace(_ child: Child, _ parent: LinuxThread) -> Int64 {
        let result = clone(child)
        parent.runner.bindToThread()
        return result
    }

    /// The helper lives until the child has executed a program or ended; the caller goes on at once.
    private static func runBeside(_ child: Child) -> Int64 {
        let failure = unsafe apus_start_thread(stackSize, helper, Unmanaged.passRetained(child).toOpaque())
        if failure != 0 {
            unsafe Unmanaged.passUnretained(child).release()
            child.thread.runner.close()
            return -Int64(EAGAIN)
        }
        return child.lock.withLock {
            while child.number == 0 { child.started.wait(child.lock) }
            return child.number
        }
    }

    private static let helper: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        guard let argument = unsafe argument else { return nil }
        let child = unsafe Unmanaged<Child>.fromOpaque(argument).takeRetainedValue()
        let result = clone(child)
        if result < 0 { child.tell(result) }
        return nil
    }

    /// Starts the child and waits until it needs the memory no more; its id, or -errno.
    private static func clone(_ child: Child) -> Int64 {
        let stack = unsafe mmap(nil, stackSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0)
        guard let stack = unsafe stack, unsafe stack != MAP_FAILED else { return -Int64(ENOMEM) }
        let flags = Int32(truncatingIfNeeded: child.request.hostFlags & 0xffff_ff00 | child.request.exitSignal)
        var word: Int32 = 0
        let result = unsafe apus_vfork(flags, stack + stackSize, body, Unmanaged.passUnretained(child).toOpaque(), &word)
        child.thread.runner.close()
        unsafe munmap(stack, stackSize)
        if result > 0, child.request.flags & CloneFlag.pidfd != 0 { _ = child.thread.memory.store(child.request.pidfd, UInt64(word), size: 4) }
        return Int64(result)
    }

    private static let body: @convention(c) (UnsafeMutableRawPointer?) -> Int32 = { argument in
        guard let argument = unsafe argument else { return 127 }
        let child = unsafe Unmanaged<Child>.fromOpaque(argument).takeUnretainedValue()
        let thread = child.thread
        let number = Int64(getpid())
        if child.request.flags & CloneFlag.childSetTID != 0 { _ = thread.memory.store(child.request.childTID, UInt64(number), size: 4) }
        child.tell(number)
        thread.runner.bindToThread()
        if child.request.flags & CloneFlag.clearHandlers != 0 { thread.process.lock.withLock { thread.signals.clearHandlers() } }
        LinuxThread.setHostMask(thread.mask)
        thread.run()
        thread.process.exitProcess(thread.exitStatus)
    }
}
