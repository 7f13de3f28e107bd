import CPUModel
import UserExecution

extension LinuxProcess {
    /// The process's only thread, which runs no program: somebody else makes its calls (``LinuxThread/performCall(_:)``). For the fuzzer.
    ///
    /// - Parameter heap: where the break begins.
    package func makeBareThread(_ cpu: VirtualCPU, heap: UInt64) -> LinuxThread {
        self.heap = Heap(start: heap, data: 0)
        let runner = UserRunner(cpu: cpu, engine: engine)
        runner.bindToThread()
        let thread = LinuxThread(process: self, cpu: cpu, runner: runner, isMain: true)
        seccomp.add(thread.seccomp)
        return thread
    }

    package var callTable: CallTable { calls }
}

extension LinuxThread {
    /// Whether a call has ended the thread.
    package var hasEnded: Bool { isEnding }

    /// Forgets a signal that has come, so that calls can begin again, and blocks all that can be blocked.
    package func forgetSignal() {
        unsafe runner.slot.pointee.pending = 0
        LinuxThread.setHostMask(.max)
    }
}
