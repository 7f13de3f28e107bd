/// The settings of a user network, with QEMU's defaults: 10.0.2.0/24 and fec0::/64.
public struct UserNetwork: Sendable {
    public var hasIPv4 = true
    public var hasIPv6 = true
    /// The guest reaches nothing but what is forwarded.
    public var isRestricted = false
    public private(set) var network = IPv4Address(0x0a00_0200)
    public private(set) var maskLength = 24
    /// The gateway, through which the host is reached.
    public private(set) var host = IPv4Address(0x0a00_0202)
    public private(set) var nameServer = IPv4Address(0x0a00_0203)
    /// The first address that DHCP gives away.
    public private(set) var leases = IPv4Address(0x0a00_020f)
    public private(set) var prefix = UserNetwork.usualPrefix
    public private(set) var prefixLength = 64
    public private(set) var host6 = UserNetwork.usualPrefix.host(2, prefix: 64)
    public private(set) var nameServer6 = UserNetwork.usualPrefix.host(3, prefix: 64)
    public var hostName: String?
    public var domainName: String?
    public var searchDomains: [String] = []
    /// A folder whose files the guest gets by TFTP.
    public var tftpFolder: String?
    public var tftpServerName: String?
    public var bootFile: String?

    private static let usualPrefix = IPv6Address(bytes: [0xfe, 0xc0] + [UInt8](repeating: 0, count: 14))

    public init() {}

    var mask: UInt32 { maskLength == 0 ? 0 : ~0 << UInt32(32 - maskLength) }

    /// `ADDRESS[/LENGTH]` or `ADDRESS/MASK`; without a mask that of the address's class. The other addresses move along.
    public mutating func setNetwork(_ text: String) throws(NetworkError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let address = IPv4Address(parts[0]), parts.count <= 2, let length = UserNetwork.maskLength(parts.dropFirst().first, of: address) else {
            throw .setting("net=\(text)", expected: "net=ADDRESS[/LENGTH] with a length of 4 to 32, such as 10.0.2.0/24")
        }
        maskLength = length
        network = IPv4Address(address.value & mask)
        host = inNetwork(0x0202)
        nameServer = inNetwork(0x0203)
        leases = inNetwork(0x020f)
    }

    private static func maskLength(_ text: Substring?, of address: IPv4Address) -> Int? {
        guard let text else { return address.value < 0x8000_0000 ? 8 : address.value < 0xc000_0000 ? 16 : address.value < 0xe000_0000 ? 24 : 28 }
        if let length = Int(text) { return (4...32).contains(length) ? length : nil }
        guard let mask = IPv4Address(text)?.value, mask.leadingZeroBitCount == 0, (~mask &+ 1).nonzeroBitCount == 1 else { return nil }
        return (~mask).leadingZeroBitCount
    }

    private func inNetwork(_ number: UInt32) -> IPv4Address { IPv4Address(network.value | number & ~mask) }

    /// `host=`, `dns=`, `dhcpstart=`: addresses in the network, of which the gateway's and the name server's are not the guest's.
    public mutating func setAddresses(host: String?, dns: String?, dhcpStart: String?) throws(NetworkError) {
        if let host { self.host = try address("host", host) }
        if let dhcpStart { leases = try address("dhcpstart", dhcpStart) }
        if let dns { nameServer = try address("dns", dns) }
        for (name, value) in [("dhcpstart", leases), ("dns", nameServer)] where value == self.host || name == "dhcpstart" && value == nameServer {
            throw .setting("\(name)=\(value)", expected: "an address that is neither the host's, \(self.host), nor the name server's, \(nameServer)")
        }
    }

    private func address(_ name: String, _ text: String) throws(NetworkError) -> IPv4Address {
        guard let address = IPv4Address(text), address.value & mask == network.value else {
            throw .setting("\(name)=\(text)", expected: "an address in \(network)/\(maskLength)")
        }
        return address
    }

    /// `ipv6-prefix=`, `ipv6-prefixlen=`, `ipv6-host=`, `ipv6-dns=`.
    public mutating func setIPv6(prefix text: String?, length: Int?, host: String?, dns: String?) throws(NetworkError) {
        if let length {
            guard (0...126).contains(length) else { throw .setting("ipv6-prefixlen=\(length)", expected: "0 to 126") }
            prefixLength = length
        }
        if let text {
            guard let address = IPv6Address(text) else { throw .setting("ipv6-prefix=\(text)", expected: "an IPv6 address") }
            prefix = address
        }
        prefix = prefix.host(0, prefix: prefixLength)
        host6 = try address6("ipv6-host", host) ?? prefix.host(2, prefix: prefixLength)
        nameServer6 = try address6("ipv6-dns", dns) ?? prefix.host(3, prefix: prefixLength)
        if host6 == nameServer6 { throw .setting("ipv6-dns=\(dns ?? "")", expected: "an address other than ipv6-host") }
    }

    private func address6(_ name: String, _ text: String?) throws(NetworkError) -> IPv6Address? {
        guard let text else { return nil }
        guard let address = IPv6Address(text), address.hasPrefix(of: prefix, length: prefixLength) else {
            throw .setting("\(name)=\(text)", expected: "an address that begins with ipv6-prefix")
        }
        return address
    }
}
