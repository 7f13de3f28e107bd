import Glibc

/// An Ethernet address.
public struct MACAddress: Hashable, Sendable, CustomStringConvertible {
    /// The six bytes, the first one highest.
    public let value: UInt64

    public static let broadcast = MACAddress(0xffff_ffff_ffff)

    public init(_ value: UInt64) { self.value = value & 0xffff_ffff_ffff }

    /// The address in the first six of some bytes.
    public init(_ bytes: ArraySlice<UInt8>) { self.init(bytes.prefix(6).reduce(0) { $0 << 8 | UInt64($1) }) }

    /// Six bytes in hexadecimal with colons or dashes between them; nil if the text is anything else.
    public init?(_ text: String) {
        let parts = text.split(omittingEmptySubsequences: false) { $0 == ":" || $0 == "-" }
        let bytes = parts.compactMap { $0.count <= 2 ? UInt8($0, radix: 16) : nil }
        guard parts.count == 6, bytes.count == 6 else { return nil }
        self.init(bytes[...])
    }

    public var bytes: [UInt8] { (0..<6).map { UInt8(truncatingIfNeeded: value >> UInt64(40 - 8 * $0)) } }
    public var isMulticast: Bool { value >> 40 & 1 != 0 }

    public var description: String {
        bytes.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined(separator: ":")
    }
}

public struct IPv4Address: Hashable, Sendable, CustomStringConvertible {
    /// In the host's order: 10.0.2.15 is 0x0a00020f.
    public let value: UInt32

    public init(_ value: UInt32) { self.value = value }

    /// Nil if the text is not four numbers with dots between them.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let bytes = parts.compactMap { UInt8($0) }
        guard parts.count == 4, bytes.count == 4 else { return nil }
        value = bytes.reduce(0) { $0 << 8 | UInt32($1) }
    }

    public var description: String { (0..<4).map { String(value >> UInt32(24 - 8 * $0) & 0xff) }.joined(separator: ".") }
}

public struct IPv6Address: Hashable, Sendable {
    /// 16 of them.
    public let bytes: [UInt8]

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// Nil if the text is no address as RFC 4291 writes them.
    public init?(_ text: String) {
        var address = in6_addr()
        guard unsafe inet_pton(AF_INET6, text, &address) == 1 else { return nil }
        bytes = unsafe withUnsafeBytes(of: &address) { unsafe Array($0) }
    }

    /// The address with this number in its last byte and this many bits of its own in front.
    func host(_ number: UInt8, prefix length: Int) -> IPv6Address {
        var bytes = bytes
        for bit in length..<128 { bytes[bit / 8] &= ~(0x80 >> UInt8(bit % 8)) }
        bytes[15] = number
        return IPv6Address(bytes: bytes)
    }

    func hasPrefix(of other: IPv6Address, length: Int) -> Bool { host(0, prefix: length) == other.host(0, prefix: length) }
}
