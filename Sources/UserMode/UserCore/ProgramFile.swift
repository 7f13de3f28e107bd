import Glibc

/// A program's file, open for reading.
public final class ProgramFile {
    public let name: HostPath
    public var path: String { name.text }
    /// -1 once it is closed.
    public private(set) var descriptor: Int32

    public init(_ name: HostPath) throws(ELFError) {
        self.name = name
        descriptor = unsafe name.withCString { unsafe open($0, O_RDONLY | O_CLOEXEC) }
        if descriptor < 0 { throw .cannotOpen(name.text, errno: errno) }
    }

    /// Takes over a descriptor.
    public init(descriptor: Int32, name: HostPath) {
        self.name = name
        self.descriptor = descriptor
    }

    /// Gives the descriptor's number back.
    public func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    deinit { close() }

    /// Up to `count` bytes from an offset on.
    public func read(_ offset: UInt64, _ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = unsafe bytes.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, count, Int(truncatingIfNeeded: offset)) }
        return Array(bytes.prefix(max(got, 0)))
    }

    public func image() throws(ELFError) -> ELFImage { try ELFImage(path: path, read: read) }
}
