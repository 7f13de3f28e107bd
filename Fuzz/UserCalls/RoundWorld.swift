import CHost
import Glibc
import HostOS
import Sandbox

/// The surroundings of a round's process, so that nothing it does can hurt the host and nothing of it is left for the next round: its own user, process,
/// mount, IPC, host name and network name spaces, an empty file system in memory as its root, small limits, and a filter of host calls.
///
/// Where the kernel gives no name spaces, the filter takes what changes files as well.
struct RoundWorld {
    /// The descriptors that a round's program has, by their kind; numbers from 3 on.
    static let descriptors = 3..<24
    /// Where Apus keeps descriptors of its own.
    private static let own: Int32 = 100

    let isIsolated: Bool
    /// What a round's process writes to standard output and error.
    let errors: Int32
    private let folder: String
    private let program: [UInt8]
    private static let namespaces: UInt64 = 0x2000_0000 | 0x2_0000 | 0x0800_0000 | 0x0400_0000

    /// - Parameter program: the head of a guest's program, for execve to find.
    init(program: [UInt8]) throws {
        self.program = program
        errors = unsafe apus_memfd("errors")
        folder = try RoundWorld.makeFolder()
        let (user, group) = (geteuid(), getegid())
        // CLONE_NEWUSER and CLONE_NEWNET.
        isIsolated = unsafe apus_raw_syscall(272, [0x5000_0000, 0, 0, 0, 0, 0]) == 0
        if isIsolated {
            RoundWorld.put("deny", into: "/proc/self/setgroups")
            RoundWorld.put("0 \(user) 1", into: "/proc/self/uid_map")
            RoundWorld.put("0 \(group) 1", into: "/proc/self/gid_map")
        }
        // If memory gets short, a round is what is to go.
        RoundWorld.put("1000", into: "/proc/self/oom_score_adj")
    }

    private static func makeFolder() throws -> String {
        var name = Array("/tmp/apus-fuzz-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&name) != nil else { throw HostError("make a folder in /tmp", remedy: nil) }
        return String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The folder that a round had for its root is empty: its file system went with it.
    func remove() { unsafe rmdir(folder) }

    /// Starts a round's process: its number, 0 in it, or -errno.
    func fork() -> Int {
        var request = unsafe apus_fork_request()
        unsafe request.exit_signal = UInt64(SIGCHLD)
        unsafe request.flags = isIsolated ? RoundWorld.namespaces : 0
        return unsafe apus_fork_with(&request)
    }

    // MARK: In the round's process

    /// Enters the surroundings.
    ///
    /// - Parameter kept: descriptors that Apus needs there.
    func enter(keeping kept: [Int32]) throws {
        takeDescriptors(kept)
        if isIsolated { makeRoot() }
        limit()
        openAll()
        try denied.enter()
    }

    /// Standard streams, and nothing else but what is kept.
    private func takeDescriptors(_ kept: [Int32]) {
        ftruncate(errors, 0)
        for (place, descriptor) in kept.enumerated() { dup2(descriptor, RoundWorld.own + Int32(place)) }
        let null = unsafe open("/dev/null", O_RDWR)
        dup2(null, 0)
        dup2(null, 1)
        dup2(errors, 2)
        for (place, descriptor) in kept.enumerated() { dup2(RoundWorld.own + Int32(place), descriptor) }
        let wanted = [2] + kept.sorted()
        for (low, high) in zip(wanted, wanted.dropFirst() + [Int32.max]) where high - low > 1 {
            _ = unsafe apus_raw_syscall(436, [Int(low) + 1, Int(high) - 1, 0, 0, 0, 0])
        }
    }

    private func mountHere(_ source: String, _ place: String, _ kind: String, _ flags: Int, _ options: String = "") {
        _ = unsafe mount(source, folder + place, kind, UInt(flags), options)
    }

    /// A file system in memory with processes, terminals and some devices in it.
    private func makeRoot() {
        // MS_REC | MS_PRIVATE; MS_BIND; MS_RDONLY, MS_NOSUID and MS_NODEV.
        _ = unsafe mount("none", "/", nil, 0x44000, nil)
        mountHere("tmpfs", "", "tmpfs", 2, "size=4m,nr_inodes=300")
        for name in ["/proc", "/dev", "/dev/pts", "/dir"] { unsafe mkdir(folder + name, 0o755) }
        mountHere("proc", "/proc", "proc", 1 | 2 | 4)
        mountHere("devpts", "/dev/pts", "devpts", 2, "newinstance,ptmxmode=0666")
        unsafe symlink("pts/ptmx", folder + "/dev/ptmx")
        for name in ["null", "zero", "full", "urandom"] {
            put([], into: "/dev/" + name)
            mountHere("/dev/" + name, "/dev/" + name, "none", 0x1000)
        }
        put([UInt8](repeating: 65, count: 5000), into: "/file")
        put(Array("inside".utf8), into: "/dir/inner")
        put(Array("#! /program  one two \n".utf8), into: "/script", mode: 0o755)
        put(Array("#!/script".utf8), into: "/script2", mode: 0o755)
        put(program, into: "/program", mode: 0o755)
        unsafe symlink("file", folder + "/link")
        unsafe symlink("loop", folder + "/loop")
        unsafe mkfifo(folder + "/fifo", 0o600)
        unsafe chroot(folder)
        unsafe chdir("/")
    }

    private func put(_ bytes: [UInt8], into place: String, mode: mode_t = 0o644) {
        let descriptor = unsafe open(folder + place, O_WRONLY | O_CREAT, mode)
        if descriptor < 0 { return }
        _ = unsafe Glibc.write(descriptor, bytes, bytes.count)
        close(descriptor)
    }

    private static func put(_ text: String, into path: String) {
        let descriptor = unsafe open(path, O_WRONLY)
        if descriptor < 0 { return }
        let bytes = Array(text.utf8)
        _ = unsafe Glibc.write(descriptor, bytes, bytes.count)
        close(descriptor)
    }

    private func limit() {
        // RLIMIT_FSIZE, NOFILE, MEMLOCK, CORE.
        for (resource, value) in [(1, 1 << 20), (7, 256), (8, 1 << 20), (4, 0)] {
            let limit = [value, value]
            unsafe limit.withUnsafeBytes { _ = unsafe apus_raw_syscall(160, [resource, Int(bitPattern: $0.baseAddress), 0, 0, 0, 0]) }
        }
    }

    /// One descriptor of each kind. A kind that the host has not leaves its number closed.
    private func openAll() {
        var pair: [Int32] = [0, 0]
        func call(_ number: Int, _ words: Int...) {
            let list = words + [Int](repeating: 0, count: 6 - words.count)
            _ = unsafe apus_raw_syscall(number, list)
        }
        let name = Array("memory\0".utf8)
        let file = isIsolated ? "/file" : "/proc/self/maps"
        _ = unsafe open(file, isIsolated ? O_RDWR : O_RDONLY)
        _ = unsafe open("/", O_RDONLY | O_DIRECTORY)
        unsafe pipe(&pair)
        for kind in [SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET] { unsafe socketpair(AF_UNIX, Int32(kind.rawValue), 0, &pair) }
        // epoll_create1, eventfd2, timerfd_create, inotify_init1 with O_NONBLOCK, memfd_create; sockets of internet protocols and of the kernel's.
        call(291, 0)
        call(290, 1, 0)
        call(283, 1, 0)
        call(294, 0o4000)
        unsafe name.withUnsafeBytes { call(319, Int(bitPattern: $0.baseAddress), 2) }
        for (family, kind) in [(2, 1), (2, 2), (10, 2), (16, 3)] { call(41, family, kind, 0) }
        _ = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY)
        _ = unsafe open("/dev/zero", O_RDWR)
    }

    /// Host calls that could do harm outside, that make processes, or that would leave the round without its watch.
    private var denied: DeniedCalls {
        var calls = DeniedCalls()
        calls.deny(["fork", "vfork", "clone"], with: EAGAIN)
        calls.deny(["clone3"], with: ENOSYS)
        calls.deny(["execve", "execveat"], with: EACCES)
        calls.deny(["kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal", "ptrace"])
        calls.deny(["reboot", "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "swapon", "swapoff", "acct", "syslog"])
        calls.deny([
            "mount", "umount2", "pivot_root", "chroot", "fsopen", "fsconfig", "fsmount", "fspick", "move_mount", "open_tree", "mount_setattr",
        ])
        calls.deny(["unshare", "setns", "open_by_handle_at", "quotactl", "quotactl_fd", "vhangup", "sethostname", "setdomainname", "bpf"])
        calls.deny(["clock_settime", "settimeofday", "clock_adjtime", "adjtimex", "perf_event_open", "iopl", "ioperm"])
        // Keys belong to the user and not to a process, and asking for one starts programs.
        calls.deny(["add_key", "request_key", "keyctl"])
        // Whoever reads memory that waits for a user's answer waits for ever; pages that are locked or made at once are too many.
        calls.deny(["userfaultfd", "mlock", "mlock2", "mlockall", "sync", "syncfs"])
        // MAP_LOCKED, MAP_POPULATE, MAP_HUGETLB; MADV_POPULATE_READ and MADV_POPULATE_WRITE, whose names are numbers.
        for flag in [0x2000, 0x8000, 0x40000] as [UInt64] { calls.deny("mmap", where: CallCondition(argument: 3, mask: flag, value: flag)) }
        for advice in [22, 23] as [UInt64] { calls.deny("madvise", where: CallCondition(argument: 2, mask: 0xffff_ffff, value: advice)) }
        // /proc/self/exe leads out of any root, to the fuzzer's own file.
        calls.deny(["truncate", "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat"])
        calls.deny(["utimensat", "utimes", "futimesat"])
        calls.deny(["setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr"])
        if !isIsolated { denyChanges(&calls) }
        return calls
    }

    private func denyChanges(_ calls: inout DeniedCalls) {
        calls.deny([
            "unlink", "unlinkat", "rename", "renameat", "renameat2", "rmdir", "mkdir", "mkdirat", "mknod", "mknodat", "link", "linkat", "creat",
        ])
        calls.deny(["symlink", "symlinkat", "openat2"])
        calls.deny(["io_uring_setup", "setpriority", "sched_setaffinity", "sched_setscheduler", "sched_setattr", "sched_setparam", "ioprio_set"])
        calls.deny([
            "prlimit64", "migrate_pages", "move_pages", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "connect", "bind", "sendto",
            "sendmsg", "sendmmsg",
        ])
        calls.deny(["msgget", "semget", "shmget", "msgctl", "semctl", "shmctl", "mq_open", "mq_unlink"])
        // Files that are opened for writing, or made.
        for (name, argument) in [("open", 1), ("openat", 2)] as [(String, UInt32)] {
            for flag in [1, 2, 0o100, 0o1000] as [UInt64] { calls.deny(name, where: CallCondition(argument: argument, mask: flag, value: flag)) }
        }
    }
}
