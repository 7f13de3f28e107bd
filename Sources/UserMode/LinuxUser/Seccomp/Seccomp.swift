import CPUModel
import Diagnostics
import Glibc
import HostOS
import Synchronization

/// What seccomp says of one thread's calls. Filters name the guest's calls, so Apus judges them itself; the host's kernel knows nothing.
final class Seccomp: Sendable {
    enum Mode {
        case off, strict
        case filters(FilterChain)
    }

    /// Whether there is anything to be judged: the only look that a call costs without seccomp.
    private let isOn = Atomic<Bool>(false)
    private let number = Atomic<Int32>(0)
    private let state = Synchronization.Mutex<Mode>(.off)

    /// The thread's number.
    var thread: Int32 {
        get { number.load(ordering: .relaxed) }
        set { number.store(newValue, ordering: .relaxed) }
    }

    var judges: Bool { isOn.load(ordering: .acquiring) }

    var mode: Mode {
        get { isOn.load(ordering: .acquiring) ? state.withLock { $0 } : .off }
        set {
            state.withLock { $0 = newValue }
            if case .off = newValue { isOn.store(false, ordering: .releasing) } else { isOn.store(true, ordering: .releasing) }
        }
    }

    var chain: FilterChain? {
        if case .filters(let chain) = mode { chain } else { nil }
    }

    enum Verdict: Equatable {
        case allow
        /// The call is not done; its result.
        case result(Int64)
        /// SIGSYS with 16 bits of data.
        case trap(UInt32)
        case killThread, killProcess
        /// SIGKILL: strict mode.
        case kill
    }

    /// - Parameters:
    ///   - architecture: AUDIT_ARCH of the guest.
    ///   - pc: behind the call's instruction.
    func judge(_ call: SystemCallRegisters, architecture: UInt32, pc: UInt64, name: @autoclosure () -> String) -> Verdict {
        switch mode {
        case .off: return .allow
        case .strict: return ["read", "write", "exit", "rt_sigreturn", "sigreturn"].contains(name()) ? .allow : .kill
        case .filters(let chain):
            let (answer, isLogged) = chain.judge(Seccomp.data(call, architecture, pc))
            let verdict = Seccomp.verdict(answer)
            if isLogged || answer & FilterChain.Answer.action == FilterChain.Answer.log {
                Log.write(.guestErrors, "seccomp: \(name()) was answered \(hex(answer))")
            }
            return verdict
        }
    }

    static func verdict(_ answer: UInt32) -> Verdict {
        let data = answer & ~FilterChain.Answer.action
        switch answer & FilterChain.Answer.action {
        case FilterChain.Answer.allow, FilterChain.Answer.log: return .allow
        case FilterChain.Answer.errno: return .result(-Int64(min(data, 4095)))
        case FilterChain.Answer.trap: return .trap(data)
        // Nobody traces, and nobody is notified.
        case FilterChain.Answer.trace, FilterChain.Answer.notify: return .result(-Int64(ENOSYS))
        case FilterChain.Answer.killThread: return .killThread
        default: return .killProcess
        }
    }

    /// `struct seccomp_data` as words: number, architecture, instruction pointer, six arguments.
    static func data(_ call: SystemCallRegisters, _ architecture: UInt32, _ pc: UInt64) -> [UInt32] {
        let wide = [pc] + (0..<6).map { call[$0] }
        return [UInt32(truncatingIfNeeded: call.number), architecture] + wide.flatMap { [UInt32(truncatingIfNeeded: $0), UInt32($0 >> 32)] }
    }
}

extension ELFIdentity {
    /// AUDIT_ARCH: the machine, and bits for 64-bit and little-endian ones.
    var auditArchitecture: UInt32 { UInt32(machine) | (is64Bit ? 0x8000_0000 : 0) | (isBigEndian ? 0 : 0x4000_0000) }
}

extension LinuxThread {
    /// What seccomp says of a call; true if it may be done. The thread's registers have the answer otherwise.
    func passesSeccomp(_ registers: SystemCallRegisters) -> Bool {
        let verdict = seccomp.judge(
            registers, architecture: abi.elf.auditArchitecture, pc: cpu.header.pc,
            name: process.calls[registers.number]?.name ?? "call \(registers.number)")
        if verdict != .allow { Strace.filtered(process.calls[registers.number]?.name ?? "call \(registers.number)", verdict) }
        switch verdict {
        case .allow: return true
        case .result(let value): abi.setResult(cpu, value)
        case .trap(let data): trap(registers, data)
        case .kill: die(SIGKILL)
        case .killProcess: die(SIGSYS)
        case .killThread:
            if process.lock.withLock({ process.threadCount == 1 }) { die(SIGSYS) }
            exitStatus = SIGSYS
            isEnding = true
        }
        return false
    }

    /// SIGSYS with SYS_SECCOMP: address, number and architecture of the call.
    private func trap(_ registers: SystemCallRegisters, _ data: UInt32) {
        var info = [UInt8](repeating: 0, count: 128)
        info.put(SIGSYS, at: 0)
        info.put(data, at: 4)
        info.put(Int32(1), at: 8)
        info.put(cpu.header.pc, at: 16)
        info.put(UInt32(truncatingIfNeeded: registers.number), at: 24)
        info.put(abi.elf.auditArchitecture, at: 28)
        force(SIGSYS, info)
    }
}
