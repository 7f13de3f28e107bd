import CPUModel
import Glibc
import UserCore

/// Calls that asm-generic has only in newer forms; older architectures, and the host, have both.
extension SystemCall {
    /// A call of `fstatat`'s kind without its directory: the directory is the working one.
    private static func atHome(_ handler: @escaping Handler) -> Handler {
        { thread, call in
            handler(
                thread,
                SystemCallRegisters(
                    number: call.number, arguments: [UInt64(bitPattern: Int64(AT_FDCWD)), call[0], call[1], call[2], call[3], call[4]]))
        }
    }

    static let olderFiles: [SystemCall] = [
        .own("open", .none, .path, .openFlags, .octal, handler: atHome(FileCalls.openat)), .pass("creat", .none, 85, .newPath, .octal),
        .pass("link", .none, 86, .newPath, .newPath), .pass("unlink", .none, 87, .newPath), .pass("mknod", .none, 133, .newPath, .octal, .int),
        .pass("rename", .none, 82, .newPath, .newPath), .pass("mkdir", .none, 83, .newPath, .octal), .pass("rmdir", .none, 84, .newPath),
        .pass("symlink", .none, 88, .string, .newPath),
        .own("readlink", .none, .path, .buffer(size: 2), .size, handler: atHome(FileCalls.readlinkat)),
        .own("getdents", .none, .fd, .pointer, .int, handler: NarrowFileCalls.getdents),
        .own("lseek32", .none, .fd, .long, .named(.whence), handler: NarrowFileCalls.lseek), .pass("pipe", .none, 22, .written(8)),
        .own("dup2", .none, .fd, .fd, handler: OlderCalls.dup2), .pass("epoll_create", .none, 213, .int),
        .own("epoll_wait", .none, .fd, .pointer, .int, .int, restart: .never, handler: OlderCalls.epollWait), .pass("inotify_init", .none, 253),
        .pass("signalfd", .none, 282, .fd, .pointer, .size), .pass("eventfd", .none, 284, .int),
        .own("poll", .none, .pointer, .int, .int, restart: .never, handler: OlderCalls.poll),
        .own("select", .none, .int, .pointer, .pointer, .pointer, .changes(.timeval), restart: .never, handler: EventCalls.oldSelect),
        .own("arm_fadvise64_64", .none, .fd, .int, .wide, .wide, handler: NarrowFileCalls.advise),
        .own("arm_sync_file_range", .none, .fd, .int, .wide, .wide, handler: NarrowFileCalls.synchronizeRange),
        .own("send", .none, .fd, .bytes(size: 2), .size, .named(.message), handler: OlderCalls.send),
        .own("recv", .none, .fd, .buffer(size: 2), .size, .named(.message), handler: OlderCalls.receive),
    ]

    static let olderAttributes: [SystemCall] = [
        .pass("chmod", .none, 90, .path, .octal), .pass("chown", .none, 92, .path, .int, .int), .pass("lchown", .none, 94, .path, .int, .int),
        .pass("access", .none, 21, .path, .named(.access)), .pass("utimes", .none, 235, .path, .reads(.timevals)),
        .pass("futimesat", .none, 261, .fd, .path, .reads(.timevals)),
        .own("stat64", .none, .path, .pointer, handler: NarrowFileCalls.status(isWide: true, followsLink: true)),
        .own("lstat64", .none, .path, .pointer, handler: NarrowFileCalls.status(isWide: true, followsLink: false)),
        .own("fstat64", .none, .fd, .pointer, handler: NarrowFileCalls.fstat(isWide: true)),
        .own("fstatat64", .none, .fd, .path, .pointer, .named(.lookup), handler: NarrowFileCalls.fstatat64),
        .own("stat32", .none, .path, .pointer, handler: NarrowFileCalls.status(isWide: false, followsLink: true)),
        .own("lstat32", .none, .path, .pointer, handler: NarrowFileCalls.status(isWide: false, followsLink: false)),
        .own("fstat32", .none, .fd, .pointer, handler: NarrowFileCalls.fstat(isWide: false)),
        .own("statfs32", .none, .path, .pointer, handler: NarrowFileCalls.statfs),
        .own("fstatfs32", .none, .fd, .pointer, handler: NarrowFileCalls.fstatfs),
    ]

    static let olderProcesses: [SystemCall] = [
        .own("fork", .none, handler: OlderCalls.fork), .own("vfork", .none, handler: OlderCalls.vfork), .pass("pause", .none, 34, restart: .never),
        .own("nice", .none, .int, handler: OlderCalls.nice), .pass("getpgrp", .none, 111),
    ]

    static let olderSignals: [SystemCall] = [
        .own("sigaction", .none, .signal, .pointer, .pointer, handler: SignalCalls.oldAction),
        .own("sigprocmask", .none, .named(.masking), .pointer, .pointer, handler: SignalCalls.oldMask),
        .own("sigpending", .none, .pointer, handler: SignalCalls.oldPending),
        .own("sigsuspend", .none, .int, .int, .int, restart: .never, handler: SignalCalls.oldSuspend),
        .own("sigreturn", .none, handler: SignalCalls.oldReturn),
    ]

    private static let obsolete = "obsolete, and not in the host's kernel"

    /// What has numbers, and in today's kernels no code.
    static let abandoned: [SystemCall] = [
        .refuse("uselib", .none, 38, obsolete), .refuse("ustat", .none, 38, obsolete), .refuse("bdflush", .none, 38, obsolete),
        .refuse("sysfs", .none, 38, obsolete), .refuse("_sysctl", .none, 38, obsolete), .refuse("vserver", .none, 38, "never in Linux itself"),
        .refuse("pciconfig_iobase", .none, 38, "the host's buses are not the guest's"),
        .refuse("pciconfig_read", .none, 38, "the host's buses are not the guest's"),
        .refuse("pciconfig_write", .none, 38, "the host's buses are not the guest's"),
    ]
}
