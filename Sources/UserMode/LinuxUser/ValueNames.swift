import Diagnostics

/// The names that an argument's values have, for `-strace`: one of several, with flags.
public struct ValueNames: Sendable {
    let values: [UInt64: String]
    let flags: [(bit: UInt64, name: String)]
    /// Where no flag is set.
    let none: String?

    init(_ values: [UInt64: String] = [:], flags: [(UInt64, String)] = [], none: String? = nil) {
        self.values = values
        self.flags = flags
        self.none = none
    }

    /// Names for 0, 1, 2, …
    init(counted: [String]) { self.init(Dictionary(uniqueKeysWithValues: counted.enumerated().map { (UInt64($0.offset), $0.element) })) }

    /// The values and the flags that have names, in order.
    package var choices: (values: [UInt64], flags: [UInt64]) { (values.keys.sorted(), flags.map(\.bit)) }

    func text(_ value: UInt64) -> String {
        let value = value & 0xffff_ffff
        if let name = values[value] { return name }
        let named = flags.filter { value & $0.bit == $0.bit }
        let rest = value & ~named.reduce(0) { $0 | $1.bit }
        var parts = named.map(\.name)
        if let name = values[rest] { parts.insert(name, at: 0) } else if rest != 0 { parts.append(hex(rest)) }
        return parts.isEmpty ? none ?? "0" : parts.joined(separator: "|")
    }
}

// The numbers of include/uapi/asm-generic and include/uapi/linux.
extension ValueNames {
    static let protection = ValueNames(flags: [(1, "PROT_READ"), (2, "PROT_WRITE"), (4, "PROT_EXEC")], none: "PROT_NONE")
    static let mapping = ValueNames(flags: [
        (1, "MAP_SHARED"), (2, "MAP_PRIVATE"), (0x10, "MAP_FIXED"), (0x20, "MAP_ANONYMOUS"), (0x100, "MAP_GROWSDOWN"), (0x800, "MAP_DENYWRITE"),
        (0x2000, "MAP_LOCKED"), (0x4000, "MAP_NORESERVE"), (0x8000, "MAP_POPULATE"), (0x10000, "MAP_NONBLOCK"), (0x20000, "MAP_STACK"),
        (0x40000, "MAP_HUGETLB"), (0x100000, "MAP_FIXED_NOREPLACE"),
    ])
    static let remapping = ValueNames(flags: [(1, "MREMAP_MAYMOVE"), (2, "MREMAP_FIXED"), (4, "MREMAP_DONTUNMAP")])
    static let advice = ValueNames([
        0: "MADV_NORMAL", 1: "MADV_RANDOM", 2: "MADV_SEQUENTIAL", 3: "MADV_WILLNEED", 4: "MADV_DONTNEED", 8: "MADV_FREE", 9: "MADV_REMOVE",
        10: "MADV_DONTFORK", 11: "MADV_DOFORK", 14: "MADV_HUGEPAGE", 15: "MADV_NOHUGEPAGE", 16: "MADV_DONTDUMP", 17: "MADV_DODUMP",
    ])
    static let lookup = ValueNames(flags: [
        (0x100, "AT_SYMLINK_NOFOLLOW"), (0x200, "AT_EACCESS"), (0x400, "AT_SYMLINK_FOLLOW"), (0x800, "AT_NO_AUTOMOUNT"), (0x1000, "AT_EMPTY_PATH"),
        (0x2000, "AT_STATX_FORCE_SYNC"), (0x4000, "AT_STATX_DONT_SYNC"),
    ])
    static let removal = ValueNames(flags: [(0x200, "AT_REMOVEDIR")])
    static let access = ValueNames(flags: [(4, "R_OK"), (2, "W_OK"), (1, "X_OK")], none: "F_OK")
    static let whence = ValueNames(counted: ["SEEK_SET", "SEEK_CUR", "SEEK_END", "SEEK_DATA", "SEEK_HOLE"])
    static let descriptorFlags = ValueNames(flags: [(0o2000000, "O_CLOEXEC"), (0o4000, "O_NONBLOCK"), (0o40000, "O_DIRECT")])
    static let descriptorCommand = ValueNames([
        0: "F_DUPFD", 1: "F_GETFD", 2: "F_SETFD", 3: "F_GETFL", 4: "F_SETFL", 5: "F_GETLK", 6: "F_SETLK", 7: "F_SETLKW", 8: "F_SETOWN",
        9: "F_GETOWN", 10: "F_SETSIG", 11: "F_GETSIG", 15: "F_SETOWN_EX", 16: "F_GETOWN_EX", 36: "F_OFD_GETLK", 37: "F_OFD_SETLK",
        38: "F_OFD_SETLKW", 1024: "F_SETLEASE", 1025: "F_GETLEASE", 1026: "F_NOTIFY", 1030: "F_DUPFD_CLOEXEC", 1031: "F_SETPIPE_SZ",
        1032: "F_GETPIPE_SZ", 1033: "F_ADD_SEALS", 1034: "F_GET_SEALS",
    ])
    static let lock = ValueNames([1: "LOCK_SH", 2: "LOCK_EX", 8: "LOCK_UN"], flags: [(4, "LOCK_NB")])

    static let cloning = ValueNames(flags: [
        (0x100, "CLONE_VM"), (0x200, "CLONE_FS"), (0x400, "CLONE_FILES"), (0x800, "CLONE_SIGHAND"), (0x1000, "CLONE_PIDFD"), (0x2000, "CLONE_PTRACE"),
        (0x4000, "CLONE_VFORK"), (0x8000, "CLONE_PARENT"), (0x10000, "CLONE_THREAD"), (0x20000, "CLONE_NEWNS"), (0x40000, "CLONE_SYSVSEM"),
        (0x80000, "CLONE_SETTLS"), (0x100000, "CLONE_PARENT_SETTID"), (0x200000, "CLONE_CHILD_CLEARTID"), (0x400000, "CLONE_DETACHED"),
        (0x800000, "CLONE_UNTRACED"), (0x1000000, "CLONE_CHILD_SETTID"), (0x2000000, "CLONE_NEWCGROUP"), (0x4000000, "CLONE_NEWUTS"),
        (0x8000000, "CLONE_NEWIPC"), (0x1000_0000, "CLONE_NEWUSER"), (0x2000_0000, "CLONE_NEWPID"), (0x4000_0000, "CLONE_NEWNET"),
        (0x8000_0000, "CLONE_IO"), (17, "SIGCHLD"),
    ])
    static let futex = ValueNames(
        [
            0: "FUTEX_WAIT", 1: "FUTEX_WAKE", 2: "FUTEX_FD", 3: "FUTEX_REQUEUE", 4: "FUTEX_CMP_REQUEUE", 5: "FUTEX_WAKE_OP", 6: "FUTEX_LOCK_PI",
            7: "FUTEX_UNLOCK_PI", 8: "FUTEX_TRYLOCK_PI", 9: "FUTEX_WAIT_BITSET", 10: "FUTEX_WAKE_BITSET", 11: "FUTEX_WAIT_REQUEUE_PI",
            12: "FUTEX_CMP_REQUEUE_PI", 13: "FUTEX_LOCK_PI2",
        ], flags: [(128, "FUTEX_PRIVATE_FLAG"), (256, "FUTEX_CLOCK_REALTIME")])
    static let masking = ValueNames(counted: ["SIG_BLOCK", "SIG_UNBLOCK", "SIG_SETMASK"])
    static let waiting = ValueNames(flags: [
        (1, "WNOHANG"), (2, "WUNTRACED"), (4, "WEXITED"), (8, "WCONTINUED"), (0x0100_0000, "WNOWAIT"), (0x2000_0000, "__WNOTHREAD"),
        (0x4000_0000, "__WALL"), (0x8000_0000, "__WCLONE"),
    ])
    static let resource = ValueNames(counted: [
        "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_CORE", "RLIMIT_RSS", "RLIMIT_NPROC", "RLIMIT_NOFILE",
        "RLIMIT_MEMLOCK", "RLIMIT_AS", "RLIMIT_LOCKS", "RLIMIT_SIGPENDING", "RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_RTPRIO", "RLIMIT_RTTIME",
    ])
    static let clock = ValueNames(counted: [
        "CLOCK_REALTIME", "CLOCK_MONOTONIC", "CLOCK_PROCESS_CPUTIME_ID", "CLOCK_THREAD_CPUTIME_ID", "CLOCK_MONOTONIC_RAW", "CLOCK_REALTIME_COARSE",
        "CLOCK_MONOTONIC_COARSE", "CLOCK_BOOTTIME", "CLOCK_REALTIME_ALARM", "CLOCK_BOOTTIME_ALARM", "CLOCK_SGI_CYCLE", "CLOCK_TAI",
    ])
    static let absolute = ValueNames(flags: [(1, "TIMER_ABSTIME")])
    static let polling = ValueNames([1: "EPOLL_CTL_ADD", 2: "EPOLL_CTL_DEL", 3: "EPOLL_CTL_MOD"])

    static let family = ValueNames([
        0: "PF_UNSPEC", 1: "PF_UNIX", 2: "PF_INET", 10: "PF_INET6", 16: "PF_NETLINK", 17: "PF_PACKET", 31: "PF_BLUETOOTH", 38: "PF_ALG",
        40: "PF_VSOCK", 44: "PF_XDP",
    ])
    static let socketType = ValueNames(
        [1: "SOCK_STREAM", 2: "SOCK_DGRAM", 3: "SOCK_RAW", 4: "SOCK_RDM", 5: "SOCK_SEQPACKET", 6: "SOCK_DCCP", 10: "SOCK_PACKET"],
        flags: [(0o2000000, "SOCK_CLOEXEC"), (0o4000, "SOCK_NONBLOCK")])
    static let message = ValueNames(flags: [
        (1, "MSG_OOB"), (2, "MSG_PEEK"), (4, "MSG_DONTROUTE"), (8, "MSG_CTRUNC"), (0x20, "MSG_TRUNC"), (0x40, "MSG_DONTWAIT"), (0x80, "MSG_EOR"),
        (0x100, "MSG_WAITALL"), (0x2000, "MSG_ERRQUEUE"), (0x4000, "MSG_NOSIGNAL"), (0x8000, "MSG_MORE"), (0x4000_0000, "MSG_CMSG_CLOEXEC"),
    ])
    static let level = ValueNames([0: "SOL_IP", 1: "SOL_SOCKET", 6: "SOL_TCP", 17: "SOL_UDP", 41: "SOL_IPV6", 263: "SOL_PACKET", 270: "SOL_NETLINK"])
    static let shutdown = ValueNames(counted: ["SHUT_RD", "SHUT_WR", "SHUT_RDWR"])
}
