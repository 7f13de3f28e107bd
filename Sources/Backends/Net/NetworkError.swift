import Diagnostics

public enum NetworkError: ExplainedError {
    /// A setting of a user network that cannot be.
    case setting(String, expected: String)
    case stack
    case forward(String)

    public var cause: String {
        switch self {
        case .setting(let what, _): "user network: '\(what)' is not accepted"
        case .stack: "user network: libslirp cannot be set up with these settings"
        case .forward(let rule): "user network: '\(rule)' cannot be set up"
        }
    }

    public var remedy: String? {
        switch self {
        case .setting(_, let expected): "accepted: \(expected)"
        case .stack: nil
        case .forward: "choose an address and port of this host that nobody listens on, or a guest address and port in the network and not used twice"
        }
    }
}
