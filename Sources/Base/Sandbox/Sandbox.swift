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
        let filter = try CallFilter()
        let sets: [(isDenied: Bool, names: [String], action: UInt32)] = [
            (true, Sandbox.always, apus_seccomp_kill), (deniesObsolete, Sandbox.obsolete, apus_seccomp_kill),
            (deniesIdentity, Sandbox.identity, apus_seccomp_kill), (deniesSpawn, Sandbox.spawning, apus_seccomp_kill),
            (deniesResourceControl, Sandbox.scheduling, apus_seccomp_fail(UInt16(EPERM))),
        ]
        for set in sets where set.isDenied { for name in set.names { try filter.add(name, set.action) } }
        if deniesSpawn {
            try filter.add("clone", apus_seccomp_kill, [CallCondition(argument: 0, mask: UInt64(apus_clone_thread), value: 0)])
            // Its flags are in memory, where no filter looks: callers fall back to clone.
            try filter.add("clone3", apus_seccomp_fail(UInt16(ENOSYS)))
        }
        try filter.load()
    }
}

/// Why the host does not let the process give up system calls.
public struct SandboxError: ExplainedError {
    public let cause: String
    public var remedy: String? { "run without -sandbox, or on a host whose kernel has seccomp filters" }

    init(_ what: String, _ code: Int32) { cause = unsafe "cannot \(what): \(String(cString: strerror(code)))" }
}
