import CLibSeccomp
import Diagnostics
import Glibc

/// System calls that this process gives up for good: `-sandbox`. A process that makes one of them is killed; where programs may try without knowing, the
/// call fails instead. Sets as QEMU names them.
public struct Sandbox: Equatable, Sendable {
    /// Calls that no program of today needs.
    public var deniesObsolete = true
    /// Changing who the process is.
    public var deniesIdentity = false
    /// Making processes; threads are always allowed.
    public var deniesSpawn = false
    /// Priorities and scheduling.
    public var deniesResourceControl = false

    public init() {}

    /// Administration of the host, and calls that Linux never had.
    private static let always = [
        "reboot", "swapon", "swapoff", "syslog", "mount", "umount", "umount2", "kexec_load", "afs_syscall", "break", "ftime", "getpmsg", "gtty",
        "lock", "mpx", "prof", "profil", "putpmsg", "security", "stty", "tuxcall", "ulimit", "vserver",
    ]
    private static let obsolete = [
        "readdir", "_sysctl", "bdflush", "create_module", "get_kernel_syms", "query_module", "sgetmask", "ssetmask", "sysfs", "uselib", "ustat",
    ]
    private static let identity = [
        "setuid", "setgid", "setpgid", "setsid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid",
    ]
    private static let spawning = ["fork", "vfork", "execve", "execveat", "unshare", "setns"]
    private static let scheduling = ["setpriority", "sched_setparam", "sched_setscheduler", "sched_setaffinity", "sched_setattr", "ioprio_set"]

    /// Gives them up, for all threads that there are and will be. Programs that the process executes get no more privileges than it has (no_new_privs):
    /// without that the host takes filters from its administrator only.
    public func enter() throws(SandboxError) {
        guard let filter = unsafe seccomp_init(apus_seccomp_allow) else { throw SandboxError("make a filter of system calls", ENOMEM) }
        defer { unsafe seccomp_release(filter) }
        // Threads of the libraries, too.
        try check("let the filter hold for all threads", unsafe seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1))
        let sets: [(isDenied: Bool, names: [String], action: UInt32)] = [
            (true, Sandbox.always, apus_seccomp_kill), (deniesObsolete, Sandbox.obsolete, apus_seccomp_kill),
            (deniesIdentity, Sandbox.identity, apus_seccomp_kill), (deniesSpawn, Sandbox.spawning, apus_seccomp_kill),
            (deniesResourceControl, Sandbox.scheduling, apus_seccomp_fail(UInt16(EPERM))),
        ]
        for set in sets where set.isDenied { for name in set.names { try add(filter, name, set.action, []) } }
        if deniesSpawn {
            let isProcess = scmp_arg_cmp(arg: 0, op: SCMP_CMP_MASKED_EQ, datum_a: UInt64(apus_clone_thread), datum_b: 0)
            try add(filter, "clone", apus_seccomp_kill, [isProcess])
            // Its flags are in memory, where no filter looks: callers fall back to clone.
            try add(filter, "clone3", apus_seccomp_fail(UInt16(ENOSYS)), [])
        }
        try check("load the filter of system calls", unsafe seccomp_load(filter))
    }

    private func add(_ filter: scmp_filter_ctx, _ name: String, _ action: UInt32, _ conditions: [scmp_arg_cmp]) throws(SandboxError) {
        let number = unsafe seccomp_syscall_resolve_name(name)
        // This host does not have it.
        if number < 0 { return }
        let result = unsafe conditions.withUnsafeBufferPointer { list in
            unsafe seccomp_rule_add_array(filter, action, number, UInt32(list.count), list.baseAddress)
        }
        try check("forbid \(name)", result)
    }

    private func check(_ what: String, _ result: Int32) throws(SandboxError) { if result < 0 { throw SandboxError(what, -result) } }
}

/// Why the host does not let the process give up system calls.
public struct SandboxError: ExplainedError {
    public let cause: String
    public var remedy: String? { "run without -sandbox, or on a host whose kernel has seccomp filters" }

    init(_ what: String, _ code: Int32) { cause = unsafe "cannot \(what): \(String(cString: strerror(code)))" }
}
