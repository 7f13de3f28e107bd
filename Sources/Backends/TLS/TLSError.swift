import CLibGnuTLS
import Diagnostics
import HostOS

/// Why a connection is not secured, or credentials are not usable.
public enum TLSError: ExplainedError {
    /// A file of a folder of credentials is not there, or not what it should be.
    case file(String, String)
    case library(String, code: Int32)
    /// The other end's certificate is not accepted, with the reasons.
    case untrusted(String)
    /// What the other end says that does not want to go on.
    case refused(String)
    case handshakeTooSlow
    case notWanted
    case host(HostError)

    public var cause: String {
        switch self {
        case .file(let path, let reason): "'\(path)' \(reason)"
        case .library(let action, let code): "cannot \(action): \(String(cString: gnutls_strerror(code)))"
        case .untrusted(let reasons): "the other end's certificate is not accepted: \(reasons)"
        case .refused(let text): "the other end ends the TLS handshake: \(text)"
        case .handshakeTooSlow: "the other end has not finished the TLS handshake in time"
        case .notWanted: "the connection is not wanted any more"
        case .host(let error): error.cause
        }
    }

    public var remedy: String? {
        switch self {
        case .untrusted: "have it signed by the authority in ca-cert.pem, for the name that is connected to (tls-hostname says another one)"
        case .host(let error): error.remedy
        case .refused: "look what it says, and whether its certificates and keys go with the ones here"
        case .file, .library, .handshakeTooSlow, .notWanted: nil
        }
    }

    /// Throws if a function of the library says that it has failed.
    static func check(_ action: String, _ code: Int32) throws(TLSError) { if code < 0 { throw .library(action, code: code) } }
}
