import CPUModel
import Glibc

/// The private calls of 32-bit Arm (arch/arm/kernel/traps.c, arm_syscall).
enum ArmCalls {
    /// SIGTRAP with TRAP_BRKPT, and the address behind the call.
    @Sendable static func breakpoint(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        thread.deliver(GuestFault(signal: SIGTRAP, code: 1, address: thread.cpu.header.pc & ~1))
        return CallResult.none
    }

    /// usr32: 32-bit addresses are all that there are.
    @Sendable static func stay(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 { CallResult.none }

    @Sendable static func setTLS(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        thread.abi.setThreadPointer(thread.cpu, call[0])
        return 0
    }

    @Sendable static func getTLS(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 { Int64(thread.abi.threadPointer(thread.cpu)) }

    /// What the kernel once did for processors without exclusive accesses, and what the page of helpers uses on them: 0 if the word at the third argument
    /// was the first and is the second now.
    @Sendable static func compareExchange(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        let old = call[0] & 0xffff_ffff
        guard let found = thread.memory.compareExchange(call[2], expected: old, new: call[1] & 0xffff_ffff, size: 4) else {
            thread.deliver(GuestFault(signal: SIGSEGV, code: 1, address: call[2], isWrite: true))
            return CallResult.none
        }
        return found == old ? 0 : 1
    }
}
