import Chardev
import CommandLine
import NetBackends

/// `-netdev user` and what it takes.
extension NetworkSetup {
    private static let properties = [
        "ipv4", "ipv6", "restrict", "net", "host", "ipv6-net", "ipv6-prefix", "ipv6-prefixlen", "ipv6-host", "hostname", "dhcpstart", "dns",
        "ipv6-dns", "dnssearch", "domainname", "tftp", "bootfile", "tftp-server-name", "hostfwd", "guestfwd",
    ]

    func makeUser(_ list: PropertyList, _ general: [String]) throws -> NetworkBackend {
        for name in ["smb", "smbserver"] where list[name] != nil { throw CommandLineError.notSupported("-\(list.option) user,\(name)=") }
        try list.check(general + NetworkSetup.properties)
        var network = UserNetwork()
        try chooseProtocols(list, &network)
        try setAddresses(list, &network)
        network.isRestricted = try list.bool("restrict", default: false)
        network.hostName = try name("hostname", list)
        network.domainName = try name("domainname", list)
        network.tftpServerName = try name("tftp-server-name", list)
        (network.searchDomains, network.tftpFolder, network.bootFile) = (list.all("dnssearch"), list["tftp"], try name("bootfile", list))
        let guestForwards = try list.all("guestfwd").map { rule -> (GuestForward, CharacterBackend?) in
            let forward = try GuestForward(rule)
            return (forward, forward.command == nil ? try characters.open(forward.target, option: list.option, label: "guestfwd.\(rule)") : nil)
        }
        return try SlirpBackend(
            loop: loop, settings: network, forwards: try list.all("hostfwd").map { try PortForward($0) }, guestForwards: guestForwards)
    }

    /// Naming one protocol alone switches the other off, or on, as QEMU does.
    private func chooseProtocols(_ list: PropertyList, _ network: inout UserNetwork) throws {
        let names4 = list["ipv4"] != nil, names6 = list["ipv6"] != nil
        let ipv4 = try list.bool("ipv4", default: true), ipv6 = try list.bool("ipv6", default: true)
        network.hasIPv4 = names4 || !names6 ? ipv4 : !ipv6
        network.hasIPv6 = names6 || !names4 ? ipv6 : !ipv4
        guard network.hasIPv4 || network.hasIPv6 else {
            throw CommandLineError.badValue(option: list.option, value: "ipv4=off,ipv6=off", expected: "at least one of the two")
        }
        let useless = network.hasIPv4 ? ["ipv6-net", "ipv6-prefix", "ipv6-host", "ipv6-dns"] : ["net", "host", "dns", "dhcpstart"]
        for name in useless where !(network.hasIPv4 && network.hasIPv6) && list[name] != nil {
            throw CommandLineError.badValue(option: list.option, value: "\(name)=\(list[name] ?? "")", expected: "addresses of a protocol that is on")
        }
    }

    private func setAddresses(_ list: PropertyList, _ network: inout UserNetwork) throws {
        if let text = list["net"] { try network.setNetwork(text) }
        try network.setAddresses(host: list["host"], dns: list["dns"], dhcpStart: list["dhcpstart"])
        var prefix = list["ipv6-prefix"]
        var length = try list.integer("ipv6-prefixlen")
        if let text = list["ipv6-net"] {
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            prefix = String(parts[0])
            if parts.count == 2 {
                guard let number = Int(parts[1]) else {
                    throw CommandLineError.badValue(option: list.option, value: "ipv6-net=\(text)", expected: "ipv6-net=ADDRESS[/LENGTH]")
                }
                length = number
            }
        }
        try network.setIPv6(prefix: prefix, length: length, host: list["ipv6-host"], dns: list["ipv6-dns"])
    }

    private func name(_ key: String, _ list: PropertyList) throws -> String? {
        guard let text = list[key] else { return nil }
        guard text.utf8.count < 256 else {
            throw CommandLineError.badValue(option: list.option, value: "\(key)=\(text)", expected: "at most 255 bytes")
        }
        return text
    }
}
