import CStandalone
import Glibc

/// The program that this process runs, without any help of `/proc`, which a chroot may not have.
public enum OwnProgram {
    /// The arguments as the kernel gave them, the name first.
    public static func arguments() -> [[UInt8]] {
        var result: [[UInt8]] = []
        while let word = unsafe apus_argument(Int32(result.count)) {
            result.append(unsafe Array(UnsafeRawBufferPointer(start: word, count: strlen(word))))
        }
        return result
    }

    /// The descriptor by which Apus has executed itself: the kernel calls such a program `/dev/fd/N`.
    private static func inherited() -> Int32? {
        guard let path = unsafe apus_executed_path(), let number = Int32(unsafe String(cString: path).dropFirst("/dev/fd/".count)),
            unsafe strncmp(path, "/dev/fd/", 8) == 0, isHostProgram(number), fcntl(number, F_SETFD, FD_CLOEXEC) == 0
        else { return nil }
        return number
    }

    /// What binfmt_misc has said of the program it runs by this one (fs/binfmt_misc.c).
    public struct Registration {
        /// Flag O: the program's file, open (AT_EXECFD).
        public let descriptor: Int32?
        /// Flag P: the program's argv[0] stands behind its path (AT_FLAGS_PRESERVE_ARGV0 of AT_FLAGS).
        public let keepsArgv0: Bool
    }

    public static func registration() -> Registration {
        var (descriptor, flags): (UInt, UInt) = (0, 0)
        let isOpen = unsafe apus_auxiliary(2, &descriptor)
        let isKnown = unsafe apus_auxiliary(8, &flags)
        return Registration(descriptor: isOpen ? Int32(truncatingIfNeeded: descriptor) : nil, keepsArgv0: isKnown && flags & 1 != 0)
    }

    /// Whether a file is a program for the host's x86-64: where binfmt_misc runs Apus the path is the guest program's.
    private static func isHostProgram(_ descriptor: Int32) -> Bool {
        var header = [UInt8](repeating: 0, count: 20)
        return unsafe pread(descriptor, &header, 20, 0) == 20 && header[18] == 62 && header[19] == 0
    }

    /// A descriptor of the program's file, out of the way of low numbers; -1 if it cannot be had.
    public static func open() -> Int32 {
        if let number = inherited() { return number }
        var low = unsafe Glibc.open("/proc/self/exe", O_RDONLY | O_CLOEXEC)
        if low < 0, let path = unsafe apus_executed_path() { low = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC) }
        guard low >= 0 else { return -1 }
        if !isHostProgram(low) {
            close(low)
            return -1
        }
        var limit = rlimit()
        unsafe getrlimit(__rlimit_resource_t(7), &limit)
        let high = fcntl(low, F_DUPFD_CLOEXEC, Int32(clamping: max(3, min(limit.rlim_cur, 1024) - 8)))
        if high < 0 { return low }
        close(low)
        return high
    }
}
