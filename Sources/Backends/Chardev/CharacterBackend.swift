import HostOS

/// What a character back end talks to: a UART, a console port, a monitor. Called with the machine lock held.
public protocol CharacterFrontEnd: AnyObject {
    /// Bytes that it can take now.
    func receivableBytes() -> Int
    func receive(_ bytes: [UInt8])
    /// A break condition, or the peer's coming and going.
    func handle(_ event: CharacterEvent)
    /// All that was written has gone out, after something had to wait.
    func backendHasRoom()
}

extension CharacterFrontEnd {
    public func backendHasRoom() {}
}

public enum CharacterEvent: Sendable { case opened, closed, lineBreak }

/// A stream of bytes on the host's side: a terminal, a file, a socket. All calls with the machine lock held.
open class CharacterBackend {
    /// Who gets what comes in.
    public weak var frontEnd: (any CharacterFrontEnd)?

    public init() {}

    /// What it is and where it leads, as QEMU writes it: "pty:/dev/pts/3".
    open var filename: String { "null" }

    /// Whether somebody is at the other side.
    open var isOpen: Bool { true }

    /// Sends bytes; those that the other side cannot take yet are kept.
    open func write(_ bytes: [UInt8]) {}

    /// The front end can take bytes again.
    open func frontEndIsReady() {}

    /// What has been written and the other side has not taken yet. When it has, `backendHasRoom` follows.
    open var unsentBytes: Int { 0 }

    /// Descriptors that have come along with the input so far.
    open func takeDescriptors() -> [HostStream] { [] }

    /// Ends the connection, if it is one.
    open func disconnect() {}

    // MARK: What only lines have

    /// The front end sends in another way from now on.
    open func configure(_ line: LineParameters) {}
    /// The front end begins or ends a break condition.
    open func setBreak(_ isOn: Bool) {}
    /// The lines of a modem; nil if there are none.
    open var modemLines: ModemLines? { nil }
    /// Sets the front end's own two: data terminal ready, request to send.
    open func setModemLines(_ lines: ModemLines) {}
}

/// Swallows output and never has input: `null`.
public final class NullBackend: CharacterBackend {}
