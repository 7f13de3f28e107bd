import Diagnostics

/// Why a command fails, as a peer hears it: a class that programs look at, and a sentence. The sentences are those of QEMU 7.2.
public struct QAPIError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Class: String, Sendable {
        case generic = "GenericError", commandNotFound = "CommandNotFound", deviceNotActive = "DeviceNotActive", deviceNotFound = "DeviceNotFound",
            kvmMissingCap = "KVMMissingCap"
    }

    public let kind: Class
    public let description: String

    public init(_ kind: Class = .generic, _ description: String) { (self.kind, self.description) = (kind, description) }

    /// What another part of the house has thrown.
    public init(_ error: any Error) {
        if let error = error as? QAPIError { self = error } else { self.init(.generic, "\(error)") }
    }

    public static func missing(_ name: String) -> QAPIError { .init(.generic, "Parameter '\(name)' is missing") }
    public static func unexpected(_ name: String) -> QAPIError { .init(.generic, "Parameter '\(name)' is unexpected") }
    public static func badType(_ name: String, expected: String) -> QAPIError {
        .init(.generic, "Invalid parameter type for '\(name)', expected: \(expected)")
    }
    public static func badValue(_ name: String, _ value: String) -> QAPIError {
        .init(.generic, "Parameter '\(name)' does not accept value '\(value)'")
    }
    public static func expects(_ name: String, _ what: String) -> QAPIError { .init(.generic, "Parameter '\(name)' expects \(what)") }
    public static func noDevice(_ name: String) -> QAPIError { .init(.deviceNotFound, "Device '\(name)' not found") }
    public static func notSupported(_ what: String) -> QAPIError { .init(.generic, "\(what) is not supported") }
}
