import CHost
import CPUModel
import Glibc
import HostOS
import UserExecution

/// A guest thread becomes a host thread.
enum ThreadStart {
    /// Bytes of host stack for what runs the thread.
    private static let stackSize = 512 << 10

    /// What the new thread needs, and where it says that it runs.
    private final class Launch {
        let thread: LinuxThread
        let request: CloneRequest
        let lock = Mutex()
        let started = ConditionVariable()
        var number: Int64 = 0

        init(_ thread: LinuxThread, _ request: CloneRequest) {
            self.thread = thread
            self.request = request
        }
    }

    static func start(_ parent: LinuxThread, _ request: CloneRequest) -> Int64 {
        let process = parent.process
        guard let cpu = try? process.abi.makeCPU(model: process.options.model) else { return -Int64(ENOMEM) }
        let runner = UserRunner(cpu: cpu, engine: process.engine)
        let thread = LinuxThread(process: process, cpu: cpu, runner: runner, isMain: false)
        thread.mask = parent.mask
        setUp(cpu, parent, request)
        if request.flags & CloneFlag.childClearTID != 0 { thread.clearedAtExit = request.childTID }
        let launch = Launch(thread, request)
        process.lock.withLock {
            process.threadCount += 1
            process.seccomp.add(thread.seccomp, like: parent.seccomp)
        }
        // The new thread begins with everything blocked: until it is set up no signal finds a place.
        LinuxThread.setHostMask(.max)
        let failure = unsafe apus_start_thread(stackSize, body, Unmanaged.passRetained(launch).toOpaque())
        LinuxThread.setHostMask(parent.mask)
        if failure != 0 {
            unsafe Unmanaged.passUnretained(launch).release()
            process.lock.withLock {
                process.threadCount -= 1
                process.seccomp.remove(thread.seccomp)
            }
            runner.close()
            return -Int64(EAGAIN)
        }
        launch.lock.withLock { while launch.number == 0 { launch.started.wait(launch.lock) } }
        return launch.number
    }

    static func setUp(_ cpu: VirtualCPU, _ parent: LinuxThread, _ request: CloneRequest) {
        let abi = parent.abi
        cpu.copyRegisters(from: parent.cpu)
        abi.setResult(cpu, 0)
        if request.stack != 0 { abi.setStackPointer(cpu, request.stack) }
        if request.flags & CloneFlag.setTLS != 0 { abi.setThreadPointer(cpu, request.tls) }
    }

    private static let body: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        guard let argument = unsafe argument else { return nil }
        let launch = unsafe Unmanaged<Launch>.fromOpaque(argument).takeRetainedValue()
        let thread = launch.thread
        thread.runner.bindToThread()
        let number = Int64(thread.hostCall(186))
        if launch.request.flags & CloneFlag.parentSetTID != 0 { _ = thread.memory.store(launch.request.parentTID, UInt64(number), size: 4) }
        if launch.request.flags & CloneFlag.childSetTID != 0 { _ = thread.memory.store(launch.request.childTID, UInt64(number), size: 4) }
        launch.lock.withLock {
            launch.number = number
            launch.started.signal()
        }
        LinuxThread.setHostMask(thread.mask)
        thread.run()
        let process = thread.process
        let isLast = process.lock.withLock {
            process.threadCount -= 1
            process.seccomp.remove(thread.seccomp)
            return process.threadCount == 0
        }
        if isLast { process.exitProcess(thread.exitStatus) }
        return nil
    }
}

/// fork and vfork.
enum Forking {
    static func fork(_ thread: LinuxThread, _ request: CloneRequest) -> Int64 {
        let process = thread.process
        // Nothing of the host's clone but an exit signal other than SIGCHLD, namespaces and a pidfd differs from fork.
        if request.flags & ~(CloneFlag.vfork | CloneFlag.setTLS | CloneFlag.parentSetTID | CloneFlag.childClearTID | CloneFlag.childSetTID) != 0 {
            return -Int64(EINVAL)
        }
        var ends: (Int32, Int32) = (-1, -1)
        if request.flags & CloneFlag.vfork != 0 { ends = makePipe() }
        let debugger = process.debugger
        let channel = debugger?.beginFork()
        LinuxThread.setHostMask(.max)
        process.lock.lock()
        let child = process.engine.fork(keeping: thread.runner) { apus_fork() }
        process.lock.unlock()
        let code = errno
        if child == 0 {
            process.threadCount = 1
            process.seccomp.keepOnly(thread.seccomp)
            thread.seccomp.thread = getpid()
            close(ends.0)
            becomeChild(thread, request)
            process.debugger = debugger?.forkedChild(thread, channel ?? nil)
        } else if child > 0, request.flags & CloneFlag.parentSetTID != 0 {
            _ = thread.memory.store(request.parentTID, UInt64(child), size: 4)
        }
        LinuxThread.setHostMask(thread.mask)
        if child != 0 { debugger?.forked(Int(child), channel ?? nil) }
        if child > 0, ends.0 >= 0 { waitForEnd(ends) }
        return child < 0 ? -Int64(code) : Int64(child)
    }

    private static func becomeChild(_ thread: LinuxThread, _ request: CloneRequest) {
        let abi = thread.abi
        if request.stack != 0 { abi.setStackPointer(thread.cpu, request.stack) }
        if request.flags & CloneFlag.setTLS != 0 { abi.setThreadPointer(thread.cpu, request.tls) }
        let number = UInt64(getpid())
        if request.flags & CloneFlag.childSetTID != 0 { _ = thread.memory.store(request.childTID, number, size: 4) }
        thread.clearedAtExit = request.flags & CloneFlag.childClearTID != 0 ? request.childTID : 0
    }

    // MARK: vfork

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

    /// What the child of a vfork runs on.
    private final class Child {
        let thread: LinuxThread
        let parent: LinuxThread
        init(thread: LinuxThread, parent: LinuxThread) {
            self.thread = thread
            self.parent = parent
        }
    }

    /// The child shares the memory, as posix_spawn and its like need it: it runs in the parent's place, on a vCPU and a host stack of its
    /// own, until it executes a program or ends.
    static func vfork(_ parent: LinuxThread, _ request: CloneRequest) -> Int64 {
        let process = parent.process
        guard let cpu = try? process.abi.makeCPU(model: process.options.model) else { return -Int64(ENOMEM) }
        let runner = UserRunner(cpu: cpu, engine: process.engine)
        let signals = process.lock.withLock { parent.signals.copy() }
        let thread = LinuxThread(process: process, cpu: cpu, runner: runner, isMain: true, signals: signals)
        thread.mask = parent.mask
        thread.alternateStack = parent.alternateStack
        thread.seccomp.mode = parent.seccomp.mode
        ThreadStart.setUp(cpu, parent, request)
        let size = 512 << 10
        let stack = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0)
        guard let stack = unsafe stack, unsafe stack != MAP_FAILED else { return -Int64(ENOMEM) }
        LinuxThread.setHostMask(.max)
        let child = Child(thread: thread, parent: parent)
        let result = unsafe apus_vfork(stack + size, childBody, Unmanaged.passUnretained(child).toOpaque())
        runner.close()
        parent.runner.bindToThread()
        unsafe munmap(stack, size)
        if result > 0, request.flags & CloneFlag.parentSetTID != 0 { _ = parent.memory.store(request.parentTID, UInt64(result), size: 4) }
        LinuxThread.setHostMask(parent.mask)
        withExtendedLifetime(child) {}
        return Int64(result)
    }

    private static let childBody: @convention(c) (UnsafeMutableRawPointer?) -> Int32 = { argument in
        guard let argument = unsafe argument else { return 127 }
        let child = unsafe Unmanaged<Child>.fromOpaque(argument).takeUnretainedValue()
        child.thread.runner.bindToThread()
        LinuxThread.setHostMask(child.thread.mask)
        child.thread.run()
        child.thread.process.exitProcess(child.thread.exitStatus)
    }
}
