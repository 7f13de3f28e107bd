import HostOS

/// How a request to a block node ended.
public enum BlockResult: Equatable, Sendable {
    case ok
    case failed(errno: Int32)
}

/// A disk's content, whatever holds it. All calls and completions with the machine lock held; completions on the loop's thread.
public protocol BlockNode: AnyObject {
    /// Bytes, a multiple of 512.
    var size: UInt64 { get }
    var isReadOnly: Bool { get }
    func read(_ offset: UInt64, into buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void)
    func write(_ offset: UInt64, from buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void)
    /// Ends when everything written before is on stable storage.
    func flush(_ done: @escaping (BlockResult) -> Void)
    /// The range may read as anything, or as zeros where `zeroes` is set, and need not take space.
    func discard(_ offset: UInt64, count: UInt64, zeroes: Bool, _ done: @escaping (BlockResult) -> Void)
    /// Waits until no request is under way. The caller must not hold the machine lock.
    func drain()
}
