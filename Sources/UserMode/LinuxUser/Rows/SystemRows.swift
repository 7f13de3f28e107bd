extension SystemCall {
    static let system: [SystemCall] = [
        .own("uname", 160, .pointer, handler: SystemCalls.uname), .own("sysinfo", 179, .pointer, handler: SystemCalls.sysinfo),
        .pass("syslog", 116, 103, .int, .buffer(size: 2), .int), .pass("sethostname", 161, 170, .string, .int),
        .pass("setdomainname", 162, 171, .string, .int), .pass("getrandom", 278, 318, .buffer(size: 1), .size, .int),
        .pass("reboot", 142, 169, .int, .int, .int, .pointer), .pass("vhangup", 58, 153), .pass("swapon", 224, 167, .path, .int),
        .pass("swapoff", 225, 168, .path),
        .refuse("kexec_load", 104, 1, "a guest's kernel cannot run here"), .refuse("kexec_file_load", 294, 1, "a guest's kernel cannot run here"),
        .refuse("init_module", 105, 1, "a guest's module cannot run in the host's kernel"),
        .refuse("finit_module", 273, 1, "a guest's module cannot run in the host's kernel"),
        .refuse("delete_module", 106, 1, "the host's modules are not the guest's"),
    ]

    /// Calls since Linux 5.1, which have one number on all architectures.
    static let modern: [SystemCall] = [
        .own("pidfd_send_signal", 424, .fd, .signal, .pointer, .int, handler: SignalCalls.sendByDescriptor),
        .pass("open_tree", everywhere: 428, .fd, .newPath, .int),
        .pass("move_mount", everywhere: 429, .fd, .newPath, .fd, .newPath, .int), .pass("fsopen", everywhere: 430, .string, .int),
        .pass("fsconfig", everywhere: 431, .fd, .int, .string, .pointer, .int), .pass("fsmount", everywhere: 432, .fd, .int, .int),
        .pass("fspick", everywhere: 433, .fd, .newPath, .int), .pass("pidfd_open", everywhere: 434, .int, .int),
        .pass("pidfd_getfd", everywhere: 438, .fd, .fd, .int), .pass("faccessat2", everywhere: 439, .fd, .path, .int, .int),
        .pass("mount_setattr", everywhere: 442, .fd, .newPath, .int, .pointer, .size),
        .pass("quotactl_fd", everywhere: 443, .fd, .int, .int, .pointer),
        .pass("landlock_create_ruleset", everywhere: 444, .pointer, .size, .int),
        .pass("landlock_add_rule", everywhere: 445, .fd, .int, .pointer, .int), .pass("landlock_restrict_self", everywhere: 446, .fd, .int),
        .own("futex_waitv", 449, .pointer, .int, .int, .pointer, .int, restart: .never, handler: FutexCalls.waitVector),
        .pass("cachestat", everywhere: 451, .fd, .pointer, .written(40), .int),
        .pass("fchmodat2", everywhere: 452, .fd, .path, .octal, .int), .pass("futex_wake", everywhere: 454, .pointer, .size, .int, .int),
        .pass("futex_wait", everywhere: 455, .pointer, .size, .size, .int, .reads(.timespec64), .int),
        .own("futex_requeue", 456, .pointer, .int, .int, .int, handler: FutexCalls.requeue),
        .pass("statmount", everywhere: 457, .pointer, .buffer(size: 2), .size, .int),
        .pass("listmount", everywhere: 458, .pointer, .written(4096), .size, .int),
        .pass("lsm_get_self_attr", everywhere: 459, .int, .pointer, .written(4), .int),
        .pass("lsm_set_self_attr", everywhere: 460, .int, .pointer, .int, .int),
        .pass("lsm_list_modules", everywhere: 461, .pointer, .written(4), .int),
    ]

    /// 32-bit Arm's own (arch/arm/include/asm/unistd.h), beyond the table.
    static let armPrivate: [SystemCall] = [
        .own("breakpoint", .none, handler: ArmCalls.breakpoint),
        .own("cacheflush", .none, .pointer, .pointer, .int, handler: MemoryCalls.flushInstructionCache),
        .refuse("usr26", .none, 38, "no processor has 26-bit addresses any more"),
        .own("usr32", .none, handler: ArmCalls.stay), .own("set_tls", .none, .pointer, handler: ArmCalls.setTLS),
        .own("get_tls", .none, handler: ArmCalls.getTLS),
        .own("cmpxchg", .none, .int, .int, .pointer, handler: ArmCalls.compareExchange),
    ]

    static let riscv: [SystemCall] = [
        .own("riscv_hwprobe", 258, .pointer, .size, .size, .pointer, .int, handler: ProbeCalls.probe),
        .own("riscv_flush_icache", 259, .pointer, .pointer, .int, handler: MemoryCalls.flushInstructionCache),
    ]
}
