/// A port of the host that leads to one of the guest's: `[tcp|udp]:[HOSTADDRESS]:HOSTPORT-[GUESTADDRESS]:GUESTPORT`.
public struct PortForward: Sendable {
    let isUDP: Bool
    let host: IPv4Address
    let hostPort: UInt16
    /// 0.0.0.0 stands for the first that DHCP gives away.
    let guest: IPv4Address
    let guestPort: UInt16
    let rule: String

    static let form = "hostfwd=[tcp|udp]:[HOSTADDRESS]:HOSTPORT-[GUESTADDRESS]:GUESTPORT"

    public init(_ rule: String) throws(NetworkError) {
        let sides = rule.split(separator: "-", omittingEmptySubsequences: false).map { $0.split(separator: ":", omittingEmptySubsequences: false) }
        guard sides.count == 2, sides[0].count == 3, sides[1].count == 2, ["", "tcp", "udp"].contains(sides[0][0]),
            let host = PortForward.address(sides[0][1]), let hostPort = UInt16(sides[0][2]),
            let guest = PortForward.address(sides[1][0]), let guestPort = UInt16(sides[1][1]), guestPort > 0
        else { throw .setting("hostfwd=\(rule)", expected: PortForward.form) }
        isUDP = sides[0][0] == "udp"
        (self.host, self.hostPort, self.guest, self.guestPort, self.rule) = (host, hostPort, guest, guestPort, rule)
    }

    private static func address(_ text: Substring) -> IPv4Address? { text.isEmpty ? IPv4Address(0) : IPv4Address(text) }
}

/// A TCP port of an address in the guest's network that leads to something on the host: `tcp:ADDRESS:PORT-TARGET`.
public struct GuestForward: Sendable {
    let address: IPv4Address
    let port: UInt16
    /// `cmd:COMMAND`, or a character back end as `-serial` names it.
    public let target: String
    public let rule: String

    public init(_ rule: String) throws(NetworkError) {
        let sides = rule.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let words = sides[0].split(separator: ":", omittingEmptySubsequences: false)
        guard sides.count == 2, words.count == 3, ["", "tcp"].contains(words[0]), let address = IPv4Address(words[1]), let port = UInt16(words[2]),
            port > 0, !sides[1].isEmpty
        else { throw .setting("guestfwd=\(rule)", expected: "guestfwd=tcp:ADDRESS:PORT-TARGET with a TARGET such as tcp:HOST:PORT or cmd:COMMAND") }
        (self.address, self.port, target, self.rule) = (address, port, String(sides[1]), rule)
    }

    /// The command that each connection runs; nil if it leads to a character back end.
    public var command: String? { target.hasPrefix("cmd:") ? String(target.dropFirst(4)) : nil }
}
