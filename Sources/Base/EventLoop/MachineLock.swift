import Glibc
import HostOS

/// The one lock under which devices, timers and callbacks of a machine run. RAM accesses do not need it.
public final class MachineLock: @unchecked Sendable {
    private let mutex = Mutex()
    nonisolated(unsafe) private var owner: pthread_t = 0

    public init() {}

    public func lock() {
        mutex.lock()
        unsafe owner = pthread_self()
    }

    public func unlock() {
        unsafe owner = 0
        mutex.unlock()
    }

    /// Whether the calling thread holds the lock.
    public var isHeld: Bool { unsafe owner == pthread_self() }

    /// Runs `body` with the lock held; taken only if this thread does not hold it yet.
    public func withLock<Result>(_ body: () -> Result) -> Result {
        if isHeld { return body() }
        lock()
        defer { unlock() }
        return body()
    }
}
