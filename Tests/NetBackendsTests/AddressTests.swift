import NetBackends
import Testing

@Suite struct AddressTests {
    @Test func ethernetAddresses() throws {
        let address = try #require(MACAddress("52:54:00:ab:cd:EF"))
        #expect(address.description == "52:54:00:ab:cd:ef")
        #expect(address.bytes == [0x52, 0x54, 0, 0xab, 0xcd, 0xef])
        #expect(MACAddress("52-54-0-ab-cd-ef") == address)
        #expect(MACAddress(address.bytes[...]) == address)
        #expect(!address.isMulticast && MACAddress.broadcast.isMulticast && MACAddress("01:00:5e:00:00:01")?.isMulticast == true)
        for text in ["", "52:54:00:ab:cd", "52:54:00:ab:cd:ef:1", "52:54:00:ab:cd:xx", "52:54:00:ab:cd:100", "525400abcdef"] {
            #expect(MACAddress(text) == nil, "\(text)")
        }
    }

    @Test func internetAddresses() {
        #expect(IPv4Address("10.0.2.15")?.value == 0x0a00_020f)
        #expect(IPv4Address("10.0.2.15")?.description == "10.0.2.15")
        for text in ["", "10.0.2", "10.0.2.256", "10.0.2.1.1", "a.b.c.d", "10..2.1"] { #expect(IPv4Address(text) == nil, "\(text)") }
        #expect(IPv6Address("fec0::2")?.bytes == [0xfe, 0xc0] + [UInt8](repeating: 0, count: 13) + [2])
        #expect(IPv6Address("fec0::2::1") == nil)
    }

    @Test func networksBringTheirAddressesAlong() throws {
        var network = UserNetwork()
        #expect([network.host, network.nameServer, network.leases].map(\.description) == ["10.0.2.2", "10.0.2.3", "10.0.2.15"])
        for (text, host, length) in [
            ("192.168.5.0/24", "192.168.5.2", 24), ("10.0.0.0", "10.0.2.2", 8), ("172.16.0.0", "172.16.2.2", 16),
            ("192.168.76.9", "192.168.76.2", 24), ("10.1.0.0/255.255.0.0", "10.1.2.2", 16),
        ] {
            try network.setNetwork(text)
            #expect(network.host.description == host && network.maskLength == length, "\(text)")
        }
        for text in ["", "10.0.2.0/3", "10.0.2.0/33", "10.0.2.0/255.0.255.0", "10.0.2.0/24/1", "x/24"] {
            #expect(throws: NetworkError.self, "\(text)") { try network.setNetwork(text) }
        }
    }

    @Test func addressesBelongToTheirNetwork() throws {
        var network = UserNetwork()
        try network.setAddresses(host: "10.0.2.9", dns: "10.0.2.10", dhcpStart: "10.0.2.100")
        #expect([network.host, network.nameServer, network.leases].map(\.description) == ["10.0.2.9", "10.0.2.10", "10.0.2.100"])
        let wrong: [(String?, String?, String?)] = [("10.0.3.1", nil, nil), (nil, "10.0.2.9", nil), (nil, nil, "10.0.2.9"), (nil, nil, "10.0.2.10")]
        for (host, dns, start) in wrong {
            #expect(throws: NetworkError.self) { try network.setAddresses(host: host, dns: dns, dhcpStart: start) }
        }
        try network.setIPv6(prefix: "fd00:1::", length: 64, host: nil, dns: nil)
        #expect(network.host6 == IPv6Address("fd00:1::2") && network.nameServer6 == IPv6Address("fd00:1::3"))
        #expect(throws: NetworkError.self) { try network.setIPv6(prefix: "fd00:1::", length: 64, host: "fd00:2::1", dns: nil) }
        #expect(throws: NetworkError.self) { try network.setIPv6(prefix: nil, length: 127, host: nil, dns: nil) }
        #expect(throws: NetworkError.self) { try network.setIPv6(prefix: "fd00:1::", length: 64, host: "fd00:1::5", dns: "fd00:1::5") }
    }

    @Test func forwardsAreRead() throws {
        for rule in ["tcp::2222-:22", ":127.0.0.1:0-10.0.2.15:80", "udp:127.0.0.1:5353-:53"] { _ = try PortForward(rule) }
        for rule in ["", "tcp", "tcp::22", "tcp::x-:22", "tcp::22-:0", "tcp::70000-:1", "sctp::1-:1", "tcp:1.2.3:1-:1", "tcp::1-:1-:1"] {
            #expect(throws: NetworkError.self, "\(rule)") { try PortForward(rule) }
        }
        #expect(try GuestForward("tcp:10.0.2.100:80-cmd:cat -v").command == "cat -v")
        #expect(try GuestForward("tcp:10.0.2.100:80-tcp:127.0.0.1:8080").target == "tcp:127.0.0.1:8080")
        for rule in ["", "tcp:10.0.2.100:80", "udp:10.0.2.100:80-cmd:cat", "tcp:10.0.2.100:0-cmd:cat", "tcp::80-cmd:cat", "tcp:10.0.2.100:80-"] {
            #expect(throws: NetworkError.self, "\(rule)") { try GuestForward(rule) }
        }
    }
}
