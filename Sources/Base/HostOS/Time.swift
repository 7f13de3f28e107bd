import CHost
import Glibc

private func now(_ clock: clockid_t) -> timespec {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return time
}

/// Nanoseconds of the host's monotonic clock.
public func monotonicNanoseconds() -> Int64 {
    let time = now(CLOCK_MONOTONIC)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// Nanoseconds since 1970-01-01 UTC on the host's wall clock.
public func wallClockNanoseconds() -> Int64 {
    let time = now(CLOCK_REALTIME)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// A time since 1970 where the host is, in a format of strftime(3).
public func localTime(_ seconds: Int64, _ format: String) -> String {
    var (time, parts) = (time_t(seconds), tm())
    unsafe localtime_r(&time, &parts)
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
        guard let start = unsafe buffer.baseAddress, unsafe strftime(start, 128, format, &parts) > 0 else { return "" }
        return unsafe String(cString: start)
    }
}

/// Random bytes from the host's kernel.
public func hostRandomBytes(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
        let got = unsafe bytes.withUnsafeMutableBytes { buffer in
            unsafe apus_random(buffer.baseAddress.map { unsafe $0 + filled }, count - filled)
        }
        if got > 0 { filled += got }
    }
    return bytes
}

/// Makes the calling thread wait.
public func sleep(milliseconds: Int32) { _ = unsafe poll(nil, 0, milliseconds) }
