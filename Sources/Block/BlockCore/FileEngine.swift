import HostOS

/// A way of getting file requests done while the machine goes on. Everything with the machine lock held.
public protocol FileEngine: AnyObject {
    /// `done` gets 0 or an error number, from the event loop or from `drain`.
    func start(_ request: FileRequest, _ done: @escaping (Int32) -> Void)
    /// Waits until nothing is under way and every completion has been called.
    func drain()
}
