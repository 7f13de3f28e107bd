import UserCore

/// Structures that the kernel and programs exchange, as C declares them (include/uapi). What is a long there has the size of a guest's.
extension SharedStructure {
    private static func time(_ names: String...) -> [(String, StructLayout.Kind)] { names.flatMap { [($0 + "sec", .long), ($0 + "nsec", .long)] } }

    /// With 64 bits for the seconds; of the other half a 32-bit guest's upper bits are padding.
    private static func time64(_ names: String...) -> [(String, StructLayout.Kind)] {
        names.flatMap { [($0 + "sec", .i64), ($0 + "nsec", .u32), ($0 + "pad", .u32)] }
    }

    static let timespec = SharedStructure(time(""))
    static let timespec64 = SharedStructure(time64(""), host: time(""))
    /// Two of them: times of access and change, and `struct itimerspec`.
    static let timespecs = SharedStructure(time("a", "b"))
    static let timespecs64 = SharedStructure(time64("a", "b"), host: time("a", "b"))
    static let timeval = SharedStructure(time(""))
    /// Two of them: times of access and change, and `struct itimerval`.
    static let timevals = SharedStructure(time("a", "b"))
    static let offset = SharedStructure([("offset", .long)])
    static let tms = SharedStructure(["utime", "stime", "cutime", "cstime"].map { ($0, .long) })
    static let rusage = SharedStructure(
        time("u", "s")
            + [
                "maxrss", "ixrss", "idrss", "isrss", "minflt", "majflt", "nswap", "inblock", "oublock", "msgsnd", "msgrcv", "nsignals", "nvcsw",
                "nivcsw",
            ].map { ($0, .long) })
    static let rlimit = SharedStructure([("cur", .limit), ("max", .limit)])
    static let rlimit64 = SharedStructure([("cur", .u64), ("max", .u64)])
    static let timex = SharedStructure([
        ("modes", .u32), ("offset", .long), ("freq", .long), ("maxerror", .long), ("esterror", .long), ("status", .i32), ("constant", .long),
        ("precision", .long), ("tolerance", .long), ("sec", .long), ("usec", .long), ("tick", .long), ("ppsfreq", .long), ("jitter", .long),
        ("shift", .i32), ("stabil", .long), ("jitcnt", .long), ("calcnt", .long), ("errcnt", .long), ("stbcnt", .long), ("tai", .i32),
        ("unused", .bytes(44)),
    ])
    static let messageQueue = SharedStructure(["flags", "maxmsg", "msgsize", "curmsgs", "r1", "r2", "r3", "r4"].map { ($0, .long) })
    /// Of the union only a thread's number, which the kernel reads.
    static let sigevent = SharedStructure([("value", .unsignedLong), ("signo", .i32), ("notify", .i32), ("thread", .i32)], size: 64)
    static let flock = SharedStructure([("type", .u16), ("whence", .u16), ("start", .long), ("len", .long), ("pid", .i32)])
    static let statfs = SharedStructure(
        ["type", "bsize", "blocks", "bfree", "bavail", "files", "ffree"].map { ($0, .long) } + [("fsid", .splitLong)]
            + ["namelen", "frsize", "flags", "s1", "s2", "s3", "s4"].map { ($0, .long) })
    /// `struct statfs64` against the host's `struct statfs`. Arm packs it to 84 bytes, with everything at the same place.
    static let statfs64 = SharedStructure(
        [("type", .u32), ("bsize", .u32)] + ["blocks", "bfree", "bavail", "files", "ffree", "fsid"].map { ($0, .u64) }
            + ["namelen", "frsize", "flags", "s1", "s2", "s3", "s4"].map { ($0, .u32) },
        host: ["type", "bsize", "blocks", "bfree", "bavail", "files", "ffree"].map { ($0, .long) } + [("fsid", .u64)]
            + ["namelen", "frsize", "flags", "s1", "s2", "s3", "s4"].map { ($0, .long) })
}

/// System V IPC (include/uapi/asm-generic/ipcbuf.h, msgbuf.h, sembuf.h, shmbuf.h).
extension SharedStructure {
    private static let permissions: [(String, StructLayout.Kind)] = [
        ("key", .i32), ("uid", .u32), ("gid", .u32), ("cuid", .u32), ("cgid", .u32), ("mode", .u32), ("seq", .u16), ("pad2", .u16),
        ("unused1", .unsignedLong), ("unused2", .unsignedLong),
    ]

    static let messages = SharedStructure(
        permissions + ["stime", "rtime", "ctime"].map { ($0, .splitLong) } + ["cbytes", "qnum", "qbytes"].map { ($0, .unsignedLong) }
            + [("lspid", .i32), ("lrpid", .i32), ("u4", .unsignedLong), ("u5", .unsignedLong)])
    static let sharedSegment = SharedStructure(
        permissions + [("segsz", .unsignedLong)] + ["atime", "dtime", "ctime"].map { ($0, .splitLong) }
            + [("cpid", .i32), ("lpid", .i32), ("nattch", .unsignedLong), ("u4", .unsignedLong), ("u5", .unsignedLong)])
    static let sharedLimits = SharedStructure(["max", "min", "mni", "seg", "all", "u1", "u2", "u3", "u4"].map { ($0, .unsignedLong) })
    static let sharedUsage = SharedStructure(
        [("used", .i32)] + ["tot", "rss", "swp", "attempts", "successes"].map { ($0, .unsignedLong) })
    static let semaphoreMembers = permissions + [("otime", .splitLong), ("ctime", .splitLong)] + counts
    private static let counts: [(String, StructLayout.Kind)] = ["nsems", "u3", "u4"].map { ($0, .unsignedLong) }
    /// x86-64 has a word behind each time.
    static let semaphores = SharedStructure(
        semaphoreMembers,
        host: permissions + [("otime", .long), ("u1", .unsignedLong), ("ctime", .long), ("u2", .unsignedLong)] + counts)
}
