import EventLoop
import HostOS
import NetBackends
import Testing

private final class Card: NetworkFrontEnd {
    var frames: [[UInt8]] = []
    func receive(_ frame: [UInt8]) -> Bool {
        frames.append(frame)
        return true
    }
    func backendHasRoom() {}
}

@Suite struct SlirpTests {
    private let loop: EventLoop
    private let card = Card()
    private static let own: [UInt8] = [0x52, 0x54, 0, 0x12, 0x34, 0x56]

    init() throws { loop = try EventLoop() }

    /// What the network answers to a frame of that type within ten seconds.
    private func answer(_ backend: SlirpBackend, to frame: [UInt8], _ isWanted: @escaping ([UInt8]) -> Bool) -> [UInt8]? {
        backend.frontEnd = card
        let end = loop.now(.realtime) + 10_000_000_000
        var timer: LoopTimer?
        func look() {
            if card.frames.contains(where: isWanted) || loop.now(.realtime) > end { return loop.stop(status: 0) }
            timer?.arm(at: loop.now(.realtime) + 1_000_000)
        }
        timer = LoopTimer(loop, .realtime) { look() }
        loop.lock.withLock {
            backend.send(frame)
            timer?.arm(at: 0)
        }
        _ = loop.run()
        loop.resume()
        return card.frames.first(where: isWanted)
    }

    private func question(for address: [UInt8]) -> [UInt8] {
        [UInt8](repeating: 0xff, count: 6) + SlirpTests.own + [8, 6, 0, 1, 8, 0, 6, 4, 0, 1] + SlirpTests.own + [10, 0, 2, 15]
            + [UInt8](repeating: 0, count: 6) + address
    }

    private func isARP(_ frame: [UInt8]) -> Bool { frame.count >= 42 && Array(frame[12...13]) == [8, 6] && frame[21] == 2 }

    @Test func theGatewayIsThere() throws {
        let backend = try SlirpBackend(loop: loop, settings: UserNetwork(), forwards: [], guestForwards: [])
        let reply = try #require(answer(backend, to: question(for: [10, 0, 2, 2]), isARP))
        #expect(reply[28..<32].elementsEqual([10, 0, 2, 2]))
        #expect(reply[..<6].elementsEqual(SlirpTests.own))
    }

    @Test func addressesAreGivenAway() throws {
        var settings = UserNetwork()
        try settings.setNetwork("192.168.9.0/24")
        try settings.setAddresses(host: nil, dns: nil, dhcpStart: "192.168.9.77")
        settings.hostName = "apus"
        settings.searchDomains = ["one.test", "two.test"]
        let backend = try SlirpBackend(loop: loop, settings: settings, forwards: [], guestForwards: [])
        let offer = try #require(answer(backend, to: discovery) { $0.count > 60 && $0[12] == 8 && $0[36] == 0 && $0[37] == 68 })
        #expect(offer[58..<62].elementsEqual([192, 168, 9, 77]))
        #expect(String(decoding: offer, as: UTF8.self).contains("apus"))
        #expect(offer.count > 300)
    }

    /// DHCPDISCOVER (RFC 2131).
    private var discovery: [UInt8] {
        var message: [UInt8] = [1, 1, 6, 0, 1, 2, 3, 4] + [UInt8](repeating: 0, count: 20) + SlirpTests.own
        message += [UInt8](repeating: 0, count: 236 - message.count) + [99, 130, 83, 99, 53, 1, 1, 255]
        message += [UInt8](repeating: 0, count: 300 - message.count)
        let udp: [UInt8] = [0, 68, 0, 67, UInt8((message.count + 8) >> 8), UInt8((message.count + 8) & 0xff), 0, 0]
        let length = 20 + udp.count + message.count
        var ip: [UInt8] = [0x45, 0, UInt8(length >> 8), UInt8(length & 0xff), 0, 0, 0, 0, 64, 17, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255]
        let sum = stride(from: 0, to: 20, by: 2).reduce(0) { $0 + (Int(ip[$1]) << 8 | Int(ip[$1 + 1])) }
        let folded = ~((sum & 0xffff) + sum >> 16) & 0xffff
        (ip[10], ip[11]) = (UInt8(folded >> 8), UInt8(folded & 0xff))
        return [UInt8](repeating: 0xff, count: 6) + SlirpTests.own + [8, 0] + ip + udp + message
    }

    @Test func aPortThatIsTakenIsAnError() throws {
        let taken = try ListeningSocket(.tcp(host: "127.0.0.1", port: "0"))
        let rule = try PortForward("tcp:127.0.0.1:\(taken.port)-:22")
        #expect(throws: NetworkError.self) { try SlirpBackend(loop: loop, settings: UserNetwork(), forwards: [rule], guestForwards: []) }
        let free = try SlirpBackend(loop: loop, settings: UserNetwork(), forwards: [try PortForward("tcp:127.0.0.1:0-:22")], guestForwards: [])
        #expect(free.connections.contains("TCP[HOST_FORWARD]"))
    }

    /// The guest sends nonsense for as long as the queue is long; none of it may do harm.
    @Test func nonsenseDoesNoHarm() throws {
        let backend = try SlirpBackend(loop: loop, settings: UserNetwork(), forwards: [], guestForwards: [])
        var state: UInt64 = 1
        for round in 0..<1000 {
            let types: [[UInt8]] = [[8, 0, 0x45], [8, 6, 0], [0x86, 0xdd, 0x60], [0x99, 0x98, 0]]
            let bytes = (0..<Int(round % 200)).map { _ -> UInt8 in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: state >> 33)
            }
            backend.send([UInt8](repeating: 0xff, count: 6) + SlirpTests.own + types[round % 4] + bytes)
        }
        #expect(answer(backend, to: question(for: [10, 0, 2, 2]), isARP) != nil)
    }
}
