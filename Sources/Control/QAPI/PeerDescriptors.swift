import HostOS

/// Descriptors that a peer has sent along with its messages.
public final class PeerDescriptors {
    /// Those that no command has asked for yet; a peer that sends more than this loses the first.
    private static let mostWaiting = 16
    private var waiting: [HostStream] = []
    private var named: [String: HostStream] = [:]

    public init() {}

    public func arrived(_ new: [HostStream]) { waiting = (waiting + new).suffix(PeerDescriptors.mostWaiting) }

    /// The one that has come with the newest message.
    public func takeWaiting() throws(QAPIError) -> HostStream {
        guard let last = waiting.popLast() else { throw .init(.generic, "No file descriptor supplied via SCM_RIGHTS") }
        return last
    }

    /// Gives the one that waits a name; one that had the name is closed.
    public func name(_ name: String) throws(QAPIError) {
        let descriptor = try takeWaiting()
        // Numbers stand for descriptors that were inherited.
        if name.first?.isNumber == true { throw .expects("fdname", "a name not starting with a digit") }
        named[name] = descriptor
    }

    public func take(_ name: String) throws(QAPIError) -> HostStream {
        guard let descriptor = named.removeValue(forKey: name) else {
            throw .init(.generic, "File descriptor named '\(name)' has not been found")
        }
        return descriptor
    }

    public func close(_ name: String) throws(QAPIError) {
        guard named.removeValue(forKey: name) != nil else { throw .init(.generic, "File descriptor named '\(name)' not found") }
    }
}
