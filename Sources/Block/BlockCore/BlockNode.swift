import HostOS

/// How a request to a block node ended.
public enum BlockResult: Equatable, Sendable {
    case ok
    case failed(errno: Int32)
}

/// A part of a disk, and whether an image has it itself.
public struct BlockExtent: Equatable, Sendable {
    public var range: Range<UInt64>
    /// Not what the image stands on shows there.
    public var isHeld: Bool

    public init(_ range: Range<UInt64>, isHeld: Bool) { (self.range, self.isHeld) = (range, isHeld) }
}

/// A disk's content, whatever holds it. All calls and completions with the machine lock held; a completion never comes from within the
/// request's own call, but from the event loop or from `drain`.
public protocol BlockNode: AnyObject {
    /// Bytes, a multiple of 512.
    var size: UInt64 { get }
    var isReadOnly: Bool { get }
    /// Whether there is anything to read: drives can be empty.
    var hasMedium: Bool { get }
    /// What shows where this one has nothing itself.
    var backing: (any BlockNode)? { get }
    func read(_ offset: UInt64, into buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void)
    func write(_ offset: UInt64, from buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void)
    /// Ends when everything whose write had ended before is on stable storage.
    func flush(_ done: @escaping (BlockResult) -> Void)
    /// The range may read as anything from now on and need not take space.
    func discard(_ offset: UInt64, count: UInt64, _ done: @escaping (BlockResult) -> Void)
    /// The range reads as zeros. Its space may be given back only if `mayUnmap`.
    func zero(_ offset: UInt64, count: UInt64, mayUnmap: Bool, _ done: @escaping (BlockResult) -> Void)
    /// Waits until no request is under way and every completion has been called.
    func drain()
    /// Gives the disk another size, in bytes.
    func resize(_ size: UInt64) throws(HostError)
    /// Gives the image to another process, or takes it from there; meanwhile there are no requests.
    func setActive(_ active: Bool) throws(HostError)
    /// Cuts a range into what the image has itself and what it has not, in order.
    func extents(_ range: Range<UInt64>) throws(HostError) -> [BlockExtent]
    /// Opens the image for reading only, or for writing too; nothing is under way meanwhile.
    func reopen(readOnly: Bool) throws(HostError)
}

extension BlockNode {
    public var hasMedium: Bool { true }
    public var backing: (any BlockNode)? { nil }
    public func setActive(_ active: Bool) throws(HostError) {}
    public func resize(_ size: UInt64) throws(HostError) { throw HostError("resize such a disk", errno: notSupportedNumber) }
    public func extents(_ range: Range<UInt64>) throws(HostError) -> [BlockExtent] { [BlockExtent(range, isHeld: true)] }
    public func reopen(readOnly: Bool) throws(HostError) {
        if readOnly != isReadOnly { throw HostError("open such a disk in another way", errno: notSupportedNumber) }
    }

    /// Starts a request and waits for it.
    public func wait(_ action: String, _ start: (@escaping (BlockResult) -> Void) -> Void) throws(HostError) {
        var result = BlockResult.ok
        start { result = $0 }
        drain()
        if case .failed(let code) = result { throw HostError(action, errno: code) }
    }
}
