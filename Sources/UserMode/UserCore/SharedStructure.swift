/// A structure that programs and the kernel exchange and that differs with the size of a long, declared once in C's types: 64-bit guests have the
/// host's layout, 32-bit ones another.
public final class SharedStructure: Sendable {
    public let host: StructLayout
    public let narrow: StructLayout
    private let toHost: StructConversion
    private let toNarrow: StructConversion

    /// - Parameters:
    ///   - host: the host's members where they are others.
    ///   - size: bytes of the whole where they are more than the members need, for both.
    public init(_ members: [(String, StructLayout.Kind)], host: [(String, StructLayout.Kind)]? = nil, size: Int = 0) {
        self.host = StructLayout(host ?? members, size: size)
        narrow = StructLayout(members, wordSize: 4, size: size)
        toHost = StructConversion(narrow, self.host)
        toNarrow = StructConversion(self.host, narrow)
    }

    public func size(wordSize: Int) -> Int { wordSize == 8 ? host.size : narrow.size }

    /// A 32-bit guest's bytes as the host's, and back.
    public func hostBytes(of narrow: [UInt8]) -> [UInt8] { toHost.convert(narrow) }
    public func narrowBytes(of host: [UInt8]) -> [UInt8] { toNarrow.convert(host) }
}
