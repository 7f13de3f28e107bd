import Diagnostics

/// What is wrong with a property. The causes are QEMU's sentences.
public enum PropertyError: ExplainedError, Equatable {
    case unknown(type: String, name: String, accepted: [String])
    case badType(name: String, expected: String)
    case badValue(type: String, name: String, value: String, accepted: String)
    case missing(name: String)
    case fixed(type: String, name: String)

    public var cause: String {
        switch self {
        case .unknown(let type, let name, _): "Property '\(type).\(name)' not found"
        case .badType(let name, let expected): "Invalid parameter type for '\(name)', expected: \(expected)"
        case .badValue(let type, let name, let value, _): "Property '\(type).\(name)' doesn't take value '\(name)=\(value)'"
        case .missing(let name): "Parameter '\(name)' is missing"
        case .fixed(let type, let name): "Property '\(type).\(name)' is not writable"
        }
    }

    public var remedy: String? {
        switch self {
        case .unknown(_, let name, let accepted): suggestion(for: name, among: accepted)
        case .badValue(_, _, _, let accepted): "accepted: \(accepted)"
        case .missing(let name): "give it: \(name)=VALUE"
        case .badType, .fixed: nil
        }
    }
}
