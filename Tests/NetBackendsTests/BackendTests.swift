import Chardev
import EventLoop
import HostOS
import NetBackends
import Testing

/// A network card that takes as many frames as it is told to.
private final class Card: NetworkFrontEnd {
    var frames: [[UInt8]] = []
    var room = Int.max

    func receive(_ frame: [UInt8]) -> Bool {
        guard room > 0 else { return false }
        room -= 1
        frames.append(frame)
        return true
    }

    func backendHasRoom() {}
}

@Suite struct BackendTests {
    private let loop: EventLoop
    private let card = Card()

    init() throws { loop = try EventLoop() }

    /// Runs the loop until something holds, or for at most ten seconds.
    private func run(until holds: @escaping () -> Bool) -> Bool {
        let end = loop.now(.realtime) + 10_000_000_000
        var timer: LoopTimer?
        func look() {
            if holds() || loop.now(.realtime) > end { return loop.stop(status: holds() ? 1 : 0) }
            timer?.arm(at: loop.now(.realtime) + 1_000_000)
        }
        timer = LoopTimer(loop, .realtime) { look() }
        loop.lock.withLock { timer?.arm(at: 0) }
        defer { loop.resume() }
        return loop.run() == 1
    }

    private func frame(_ number: Int, count: Int = 60) -> [UInt8] { [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: count) }

    @Test func aHubHandsEverythingToAllOthers() {
        let hub = Hub(number: 0)
        let ports = (0..<3).map { hub.makePort(name: "port\($0)", to: nil) }
        let cards = ports.map { port in
            let card = Card()
            port.frontEnd = card
            return card
        }
        ports[1].send(frame(7))
        #expect(cards.map(\.frames.count) == [1, 0, 1])
        cards[0].room = 0
        ports[1].send(frame(8))
        #expect(cards.map(\.frames.count) == [1, 0, 2], "a card without room holds nobody up")
        cards[0].room = 1
        ports[0].frontEndIsReady()
        #expect(cards[0].frames == [frame(7), frame(8)])
    }

    @Test func framesGoThroughAStream() throws {
        let server = try SocketBackend(loop: loop, listeningOn: .tcp(host: "127.0.0.1", port: "0"), waiting: false, label: "")
        let first = StreamBackend(server, description: "")
        let address = SocketAddress.tcp(host: "127.0.0.1", port: "\(server.port)")
        let second = StreamBackend(try SocketBackend(loop: loop, connectingTo: address), description: "")
        first.frontEnd = card
        #expect(run { server.isConnected })
        let sizes = [14, 60, 1514, 4092, 4096, 60000]
        for size in sizes { second.send(frame(size, count: size)) }
        #expect(run { card.frames.count == sizes.count })
        #expect(card.frames == sizes.map { frame($0, count: $0) })
    }

    @Test func aSlowCardStopsTheStream() throws {
        let server = try SocketBackend(loop: loop, listeningOn: .tcp(host: "127.0.0.1", port: "0"), waiting: false, label: "")
        let first = StreamBackend(server, description: "")
        let address = SocketAddress.tcp(host: "127.0.0.1", port: "\(server.port)")
        let second = StreamBackend(try SocketBackend(loop: loop, connectingTo: address), description: "")
        first.frontEnd = card
        card.room = 1
        #expect(run { server.isConnected })
        for number in 0..<200 { second.send(frame(number, count: 2000)) }
        #expect(run { first.isBehind })
        card.room = .max
        first.frontEndIsReady()
        #expect(run { card.frames.count == 200 })
        #expect(card.frames.map { Int($0[0]) } == Array(0..<200))
    }

    /// A peer that sends and leaves at once loses nothing, however slow the card.
    @Test func whatWasSentArrivesAfterTheEnd() throws {
        let server = try SocketBackend(loop: loop, listeningOn: .tcp(host: "127.0.0.1", port: "0"), waiting: false, label: "")
        let first = StreamBackend(server, description: "")
        first.frontEnd = card
        card.room = 1
        var peer: HostStream? = try HostStream.connected(to: .tcp(host: "127.0.0.1", port: "\(server.port)"))
        #expect(run { server.isConnected })
        let bytes = (0..<20).reduce(into: [UInt8]()) { $0 += [0, 0, 0, 60] + frame($1) }
        #expect(peer?.write(bytes) == bytes.count)
        peer = nil
        #expect(run { first.isBehind })
        card.room = .max
        first.frontEndIsReady()
        #expect(run { card.frames.count == 20 && !server.isConnected })
    }

    @Test func aPeerThatIsNoEmulatorIsCutOff() throws {
        let server = try SocketBackend(loop: loop, listeningOn: .tcp(host: "127.0.0.1", port: "0"), waiting: false, label: "")
        let first = StreamBackend(server, description: "")
        first.frontEnd = card
        let peer = try HostStream.connected(to: .tcp(host: "127.0.0.1", port: "\(server.port)"))
        #expect(run { server.isConnected })
        #expect(peer.write(Array("GET / HTTP/1.0\r\n\r\n".utf8)) == 18)
        #expect(run { !server.isConnected })
        #expect(card.frames.isEmpty)
    }

    @Test func framesGoThroughDatagrams() throws {
        let ports = [47_811, 47_812].map { (host: "127.0.0.1", port: "\($0)") }
        let pair = try [(0, 1), (1, 0)].map { own, other in
            DatagramBackend(loop: loop, stream: try HostStream.datagrams(at: ports[own], to: ports[other]), description: "")
        }
        pair[1].frontEnd = card
        card.room = 2
        for number in 0..<5 { pair[0].send(frame(number)) }
        #expect(run { card.frames.count == 2 && pair[1].isBehind })
        card.room = .max
        pair[1].frontEndIsReady()
        #expect(run { card.frames.count == 5 })
    }
}
