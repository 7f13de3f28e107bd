import CHost
import HostOS

/// Moments at which one thread needs all others to be out of generated code.
///
/// Going in and out costs an atomic exchange each: a runner says that it is inside and then looks whether somebody wants to be alone;
/// who wants to be alone says so and then looks who is inside. One of the two sees the other.
public final class Exclusivity: @unchecked Sendable {
    /// A runner's own flag: whether it is inside.
    public struct Gate { fileprivate let inside: UnsafeMutablePointer<UInt32> }

    private let lock = Mutex()
    private let changed = ConditionVariable()
    /// Threads that are, or want to be, alone.
    private let wanted: UnsafeMutablePointer<UInt32>
    private var gates: [Gate] = []

    public init() {
        unsafe wanted = .allocate(capacity: 1)
        unsafe wanted.initialize(to: 0)
    }

    deinit {
        unsafe wanted.deallocate()
        for gate in gates { unsafe gate.inside.deallocate() }
    }

    public func makeGate() -> Gate {
        let flag = UnsafeMutablePointer<UInt32>.allocate(capacity: 1)
        unsafe flag.initialize(to: 0)
        let gate = unsafe Gate(inside: flag)
        lock.withLock { gates.append(gate) }
        return gate
    }

    /// Before a runner goes into generated code; waits while someone is, or wants to be, alone.
    public func enter(_ gate: Gate) {
        _ = unsafe apus_atomic_exchange_u32(gate.inside, 1)
        if unsafe apus_atomic_load_u32(wanted) != 0 { waitToEnter(gate) }
    }

    private func waitToEnter(_ gate: Gate) {
        lock.lock()
        unsafe apus_atomic_store_u32(gate.inside, 0)
        changed.broadcast()
        while unsafe apus_atomic_load_u32(wanted) != 0 { changed.wait(lock) }
        unsafe apus_atomic_store_u32(gate.inside, 1)
        lock.unlock()
    }

    /// After it has come out.
    public func leave(_ gate: Gate) {
        _ = unsafe apus_atomic_exchange_u32(gate.inside, 0)
        if unsafe apus_atomic_load_u32(wanted) != 0 { lock.withLock { changed.broadcast() } }
    }

    /// A runner that is gone needs no gate.
    public func remove(_ gate: Gate) {
        lock.withLock { gates.removeAll { unsafe $0.inside == gate.inside } }
        unsafe gate.inside.deallocate()
    }

    /// Around fork(2): no other thread is in the middle of a change here.
    public func lockForFork() { lock.lock() }
    public func unlockAfterFork() { lock.unlock() }

    /// In a forked child, where no other thread is left. Needs the lock.
    public func keepOnly(_ gate: Gate) {
        gates = gates.filter { unsafe $0.inside == gate.inside }
        unsafe apus_atomic_store_u32(wanted, 0)
    }

    /// Runs `body` while no runner is inside. The calling runner must be outside itself.
    ///
    /// - Parameter kick: asks the other runners to come out.
    public func run(kick: () -> Void, _ body: () -> Void) {
        lock.lock()
        unsafe apus_atomic_store_u32(wanted, apus_atomic_load_u32(wanted) + 1)
        lock.unlock()
        kick()
        lock.lock()
        while gates.contains(where: { unsafe apus_atomic_load_u32($0.inside) != 0 }) { changed.wait(lock) }
        body()
        unsafe apus_atomic_store_u32(wanted, apus_atomic_load_u32(wanted) - 1)
        changed.broadcast()
        lock.unlock()
    }
}
