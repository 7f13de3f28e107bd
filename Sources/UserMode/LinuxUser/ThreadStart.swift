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
