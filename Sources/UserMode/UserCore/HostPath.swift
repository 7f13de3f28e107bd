import Glibc

/// A file's path as the kernel has it: bytes, which need not be UTF-8.
public struct HostPath: Equatable, Sendable {
    public let bytes: [UInt8]

    public init(_ bytes: [UInt8]) { self.bytes = bytes }
    public init(_ text: String) { bytes = Array(text.utf8) }

    /// For people: repaired where it isn't UTF-8.
    public var text: String { String(decoding: bytes, as: UTF8.self) }
    public var isEmpty: Bool { bytes.isEmpty }
    public var isAbsolute: Bool { bytes.first == UInt8(ascii: "/") }
    public var lastComponent: [UInt8] { bytes.split(separator: UInt8(ascii: "/")).last.map(Array.init) ?? [] }

    /// Does something with the path as a C string.
    public func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        let text = unsafe (bytes + [0]).map { CChar(bitPattern: $0) }
        return unsafe text.withUnsafeBufferPointer { buffer in
            guard let start = unsafe buffer.baseAddress else { preconditionFailure("a path has at least its zero") }
            return unsafe body(start)
        }
    }

    /// Without symbolic links; the path itself where it cannot be resolved.
    public var resolved: HostPath {
        unsafe withCString { text in
            guard let found = unsafe realpath(text, nil) else { return self }
            defer { unsafe free(found) }
            return unsafe HostPath(Array(UnsafeRawBufferPointer(start: found, count: strlen(found))))
        }
    }

    public static func + (left: HostPath, right: HostPath) -> HostPath { HostPath(left.bytes + right.bytes) }
}
