import CharacterSetup
import CommandLine
import EventLoop
import NetBackends
import NetworkSetup
import Testing

@Suite struct NetworkSetupTests {
    private let networks: NetworkSetup

    init() throws {
        let loop = try EventLoop()
        networks = NetworkSetup(loop: loop, characters: CharacterSetup(loop: loop) { _ in }, models: ["virtio-net-device"])
    }

    @Test func addressesCountUp() throws {
        #expect(try networks.address("52:54:00:12:34:57", option: "device").description == "52:54:00:12:34:57")
        #expect(try networks.address(nil, option: "device").description == "52:54:00:12:34:56")
        #expect(try networks.address(nil, option: "device").description == "52:54:00:12:34:58")
        #expect(throws: CommandLineError.self) { try networks.address("01:00:5e:00:00:01", option: "device") }
    }

    @Test func aNetworkHasOneCard() throws {
        try networks.define("user,id=a")
        #expect(networks.description == "a: index=0,type=user,net=10.0.2.0,restrict=off\n")
        let backend = try networks.use("a", option: "device")
        networks.noteCard("card", model: "virtio-net-device", try networks.address(nil, option: "device"), on: backend) { _ in }
        #expect(throws: CommandLineError.self) { try networks.use("a", option: "device") }
        #expect(throws: CommandLineError.self) { try networks.use("b", option: "device") }
        #expect(throws: CommandLineError.self) { try networks.define("user,id=a") }
        let lines = networks.description.split(separator: "\n")
        #expect(lines.first == "card: index=0,type=nic,model=virtio-net-device,macaddr=52:54:00:12:34:56")
        #expect(lines.dropFirst() == [" \\ a: index=0,type=user,net=10.0.2.0,restrict=off"])
        #expect(networks.connections.hasPrefix("a:\n"))
    }

    @Test func cardsComeWithTheirNetworks() throws {
        try networks.addCard("none")
        #expect(networks.cards.isEmpty)
        try networks.addCard("user,model=virtio-net-device,mac=52:54:00:00:00:01,restrict=on")
        #expect(networks.cards.map(\.address) == ["52:54:00:00:00:01"])
        #expect(networks.cards[0].backend.description == "type=user,net=10.0.2.0,restrict=on")
        #expect(throws: CommandLineError.self) { try networks.addCard("user,model=e1000") }
    }

    @Test func hubsJoinCardsAndNetworks() throws {
        try networks.addToHub("nic,macaddr=52:54:00:00:00:02,name=first")
        try networks.addToHub("user,net=10.9.0.0/16")
        let card = try #require(networks.cards.first)
        #expect(card.model == nil, "the board's own, or the default")
        networks.noteCard("first", model: "virtio-net-device", try networks.address(card.address, option: "nic"), on: card.backend) { _ in }
        let lines = networks.description.split(separator: "\n")
        #expect(lines.prefix(2) == ["hub 0", " \\ hub0port0: first: index=0,type=nic,model=virtio-net-device,macaddr=52:54:00:00:00:02"])
        #expect(lines.dropFirst(2) == [" \\ hub0port1: #net0: index=0,type=user,net=10.9.0.0,restrict=off"])
        try networks.define("hubport,id=p,hubid=3")
        #expect(try networks.use("p", option: "device").description == "type=hubport,hubid=3")
    }

    @Test(arguments: [
        "user", "usr,id=a", "stream,id=a", "user,id=a,foo=1", "user,id=a,ipv4=off,ipv6=off", "user,id=a,ipv4=off,net=10.0.0.0/8",
        "user,id=a,smb=/tmp",
        "user,id=a,net=10.0.2.0/33", "user,id=a,host=1.2.3.4", "user,id=a,hostfwd=tcp:x", "user,id=a,guestfwd=tcp:1.2.3.4:80-cmd:cat",
        "user,id=a,ipv6-net=fec0::/x", "socket,id=a", "socket,id=a,listen=:1,connect=:2", "socket,id=a,mcast=230.0.0.1:1",
        "socket,id=a,udp=127.0.0.1:1",
        "socket,id=a,listen=1", "hubport,id=a", "tap,id=a", "tap,id=a,script=no,downscript=no", "tap,id=a,fd=9999", "user,id=a,restrict=maybe",
    ]) func wrongNetworksAreRefused(_ text: String) {
        #expect(throws: (any Error).self, "\(text)") { try networks.define(text) }
    }

    @Test func oneProtocolAloneSwitchesTheOtherOff() throws {
        try networks.define("user,id=a,ipv6=on")
        #expect(throws: CommandLineError.self) { try networks.define("user,id=b,ipv6=on,net=10.0.0.0/8") }
        #expect(throws: CommandLineError.self) { try networks.define("user,id=b,ipv4=on,ipv6-prefix=fd00::") }
        try networks.define("user,id=b,ipv4=off")
        try networks.define("user,id=c,ipv4=on,ipv6=on,net=10.0.0.0/8,ipv6-net=fd00::/48")
    }
}
