import CHost
import Glibc

/// Filters stay when a program executes another one: they are handed over in a file without a name.
enum SeccompInheritance {
    /// An open descriptor of the thread's filters that execve keeps; nil without filters, -errno if there is none to be had.
    static func descriptor(_ thread: LinuxThread) -> Int32? {
        guard let bytes = thread.seccomp.chain?.bytes else { return nil }
        let descriptor = apus_memfd("seccomp")
        guard descriptor >= 0 else { return -errno }
        guard unsafe bytes.withUnsafeBytes({ unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0) }) == bytes.count else { return -ENOSPC }
        _ = fcntl(descriptor, F_SETFD, 0)
        return descriptor
    }

    /// The filters behind a descriptor, which is closed; nil if they are none.
    static func take(_ descriptor: Int32) -> FilterChain? {
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_size > 0, status.st_size < 1 << 20 else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        guard unsafe bytes.withUnsafeMutableBytes({ unsafe pread(descriptor, $0.baseAddress, $0.count, 0) }) == bytes.count else { return nil }
        return FilterChain.read(bytes)
    }
}
