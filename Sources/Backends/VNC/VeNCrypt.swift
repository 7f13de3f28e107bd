import Diagnostics
import HostOS
import TLS

/// The security type VeNCrypt, version 0.2 (the RFB protocol community's specification, "VeNCrypt"): a viewer and a server agree on TLS before anything else, and
/// what follows is what it would have been without. The library's server knows nothing of it: to it, this is a viewer that chooses what it offers.
public struct VeNCrypt: Sendable {
    /// What is agreed on: who the server is, and whether a password is asked for within TLS.
    public enum Kind: UInt32, Sendable { case tlsNone = 257, tlsVNC = 258, x509None = 260, x509VNC = 261 }

    enum Failure: ExplainedError {
        case oldViewer(String), otherChoice(String), noType

        var cause: String {
            switch self {
            case .oldViewer(let version): "a viewer of version '\(version)' is turned away: it cannot choose a security type"
            case .otherChoice(let what): "a viewer is turned away: \(what)"
            case .noType: "the server offers no security type within TLS"
            }
        }
        var remedy: String? { if case .noType = self { nil } else { "use a viewer that knows VeNCrypt with the kind of the server's credentials" } }
    }

    public let kind: Kind
    private let credentials: TLSCredentials
    private static let securityType: UInt8 = 19
    private static let version: [UInt8] = [0, 2]
    private static let patience: Int64 = 10_000_000_000

    /// - Returns: nil for credentials that viewers do not know.
    public init?(_ credentials: TLSCredentials, asksPassword: Bool) {
        switch credentials.kind {
        case .anonymous: kind = asksPassword ? .tlsVNC : .tlsNone
        case .certificates: kind = asksPassword ? .x509VNC : .x509None
        case .preSharedKey: return nil
        }
        self.credentials = credentials
    }

    /// Agrees with a viewer. Waits for it.
    ///
    /// - Returns: the stream on which it is a plain viewer.
    public func secure(_ stream: HostStream) throws -> HostStream {
        stream.setNonblocking()
        let talk = Conversation(stream, patience: VeNCrypt.patience)
        try talk.say(Array("RFB 003.008\n".utf8))
        let version = try talk.hear(12)
        guard version == Array("RFB 003.007\n".utf8) || version == Array("RFB 003.008\n".utf8) else {
            let reason = Array("VeNCrypt is needed here".utf8)
            try talk.say([0, 0, 0, 0, 0, 0, 0, UInt8(reason.count)] + reason)
            throw Failure.oldViewer(String(decoding: version.prefix(11), as: UTF8.self))
        }
        try talk.say([1, VeNCrypt.securityType])
        let choice = try talk.hear(1)
        guard choice == [VeNCrypt.securityType] else { throw Failure.otherChoice("it wants the security type \(choice[0])") }
        try talk.say(VeNCrypt.version)
        guard try talk.hear(2) == VeNCrypt.version else {
            try talk.say([255])
            throw Failure.otherChoice("it knows another version of VeNCrypt")
        }
        let wanted = (0..<4).map { UInt8(truncatingIfNeeded: kind.rawValue >> UInt32(24 - 8 * $0)) }
        try talk.say([0, 1] + wanted)
        guard try talk.hear(4) == wanted else {
            try talk.say([0])
            throw Failure.otherChoice("it does not take the one kind of VeNCrypt that there is")
        }
        try talk.say([1])
        return try TLSTunnel.open(stream, credentials, greeting: { try VeNCrypt.choose(version, $0) })
    }

    /// Makes a browser's connection secret, whose WebSocket begins within TLS and knows nothing of VeNCrypt. Waits for it.
    public func secureWebSocket(_ stream: HostStream) throws -> HostStream {
        stream.setNonblocking()
        return try TLSTunnel.open(stream, credentials)
    }

    /// Plays the viewer until the server and the real one go on by themselves.
    private static func choose(_ version: [UInt8], _ stream: HostStream) throws {
        let talk = Conversation(stream, patience: VeNCrypt.patience)
        _ = try talk.hear(12)
        try talk.say(version)
        let types = try talk.hear(Int(try talk.hear(1)[0]))
        guard let type = types.first else { throw Failure.noType }
        try talk.say([type])
    }
}
