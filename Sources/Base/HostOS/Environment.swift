import Glibc

/// The value of an environment variable; nil if it is not set.
public func environmentVariable(_ name: String) -> String? { unsafe getenv(name).map { unsafe String(cString: $0) } }

/// All variables as the bytes of `NAME=value`.
public func environmentBytes() -> [[UInt8]] {
    var result: [[UInt8]] = []
    var place = unsafe environ
    while let entry = unsafe place.pointee {
        result.append(unsafe Array(UnsafeRawBufferPointer(start: entry, count: strlen(entry))))
        unsafe place += 1
    }
    return result
}

/// A descriptor of the running program's own file, out of the way of low numbers; -1 if it cannot be had.
public func openOwnProgram() -> Int32 {
    let low = unsafe open("/proc/self/exe", O_RDONLY | O_CLOEXEC)
    guard low >= 0 else { return -1 }
    var limit = rlimit()
    unsafe getrlimit(__rlimit_resource_t(7), &limit)
    let high = fcntl(low, F_DUPFD_CLOEXEC, Int32(clamping: max(3, min(limit.rlim_cur, 1024) - 8)))
    if high < 0 { return low }
    close(low)
    return high
}
