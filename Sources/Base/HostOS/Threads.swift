import CHost
import Glibc

/// A pthread mutex.
public final class Mutex: @unchecked Sendable {
    fileprivate let handle: UnsafeMutablePointer<pthread_mutex_t>

    public init() {
        unsafe handle = .allocate(capacity: 1)
        unsafe handle.initialize(to: pthread_mutex_t())
        unsafe pthread_mutex_init(handle, nil)
    }

    deinit {
        unsafe pthread_mutex_destroy(handle)
        unsafe handle.deallocate()
    }

    @inline(__always) public func lock() { unsafe pthread_mutex_lock(handle) }
    @inline(__always) public func unlock() { unsafe pthread_mutex_unlock(handle) }

    public func withLock<Result>(_ body: () -> Result) -> Result {
        lock()
        defer { unlock() }
        return body()
    }
}

/// A pthread condition variable on the monotonic clock.
public final class ConditionVariable: @unchecked Sendable {
    private let handle: UnsafeMutablePointer<pthread_cond_t>

    public init() {
        unsafe handle = .allocate(capacity: 1)
        unsafe handle.initialize(to: pthread_cond_t())
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(handle, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(handle)
        unsafe handle.deallocate()
    }

    public func wait(_ mutex: Mutex) { unsafe pthread_cond_wait(handle, mutex.handle) }

    /// Waits until signalled or until the monotonic clock shows `deadline` nanoseconds.
    public func wait(_ mutex: Mutex, until deadline: Int64) {
        var time = timespec(tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
        unsafe pthread_cond_timedwait(handle, mutex.handle, &time)
    }

    public func signal() { unsafe pthread_cond_signal(handle) }
    public func broadcast() { unsafe pthread_cond_broadcast(handle) }
}

/// A host thread.
public final class HostThread: @unchecked Sendable {
    private var handle = pthread_t()
    /// Somebody has to wait for the thread, or to let go of it.
    private var isOwned = false

    private final class Body {
        let run: () -> Void
        init(_ run: @escaping () -> Void) { self.run = run }
    }

    /// Starts `body` on a new thread. `name` shows in `ps` and profilers (15 bytes).
    public init(name: String, stackSize: Int = 8 << 20, _ body: @escaping () -> Void) throws(HostError) {
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        unsafe pthread_attr_setstacksize(&attributes, stackSize)
        defer { unsafe pthread_attr_destroy(&attributes) }
        let argument = unsafe Unmanaged.passRetained(
            Body(body))
        let result = unsafe pthread_create(
            &handle, &attributes,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, argument.toOpaque())
        guard result == 0 else {
            unsafe argument.release()
            throw HostError("start the thread '\(name)'", errno: result)
        }
        isOwned = true
        // By whoever starts it, so that it can be found by its name from now on.
        unsafe apus_name_thread(handle, String(name.prefix(15)))
    }

    /// Waits until the thread has ended.
    public func join() {
        guard isOwned else { return }
        isOwned = false
        pthread_join(handle, nil)
    }

    /// Nobody waits for it any more: what it holds goes when it has ended.
    deinit { if isOwned { pthread_detach(handle) } }
}
