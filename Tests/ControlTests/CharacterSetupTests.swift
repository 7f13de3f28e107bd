import CharacterSetup
import Chardev
import CommandLine
import EventLoop
import Foundation
import HostOS
import Testing

/// A front end that keeps what comes.
private final class Sink: CharacterFrontEnd {
    var got: [UInt8] = []
    var events: [CharacterEvent] = []
    var room = 3
    func receivableBytes() -> Int { room }
    func receive(_ bytes: [UInt8]) { got += bytes }
    func handle(_ event: CharacterEvent) { events.append(event) }
    var text: String { String(decoding: got, as: UTF8.self) }
}

@Suite struct CharacterSetupTests {
    private let loop: EventLoop
    private let setup: CharacterSetup

    init() throws {
        loop = try EventLoop()
        setup = CharacterSetup(loop: loop) { _ in }
    }

    private func path(_ name: String) -> String { FileManager.default.temporaryDirectory.appending(path: "apus-\(UUID())-\(name)").path }

    /// Runs the loop until something holds, for 5 s at most.
    private func wait(_ condition: @escaping () -> Bool) -> Bool {
        let end = loop.now(.realtime) + 5_000_000_000
        var timer: LoopTimer?
        timer = LoopTimer(loop, .realtime) { [loop] in
            if condition() || loop.now(.realtime) > end { loop.stop(status: 0) } else { timer?.arm(at: loop.now(.realtime) + 1_000_000) }
        }
        timer?.arm(at: loop.now(.realtime))
        _ = loop.run()
        loop.resume()
        timer = nil
        return condition()
    }

    @Test func filesAreWrittenOrContinued() throws {
        let file = path("out")
        for (option, text) in [("file,id=a,path=\(file)", "one"), ("file,id=b,path=\(file),append=on", "two")] {
            try setup.define(option)
            try setup.use(String(option.dropFirst(8).prefix(1)), option: "serial").write(Array(text.utf8))
        }
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "onetwo")
    }

    @Test(arguments: ["unix", "tcp"]) func socketsConnect(_ kind: String) throws {
        let file = path("socket")
        let text = kind == "unix" ? "unix:\(file),server=on,wait=off" : "tcp:127.0.0.1:0,server,nowait"
        let slot = try #require(try setup.open(text, option: "serial", label: "serial0") as? CharacterSlot)
        let server = try #require(slot.inner as? SocketBackend)
        let sink = Sink()
        slot.frontEnd = sink
        #expect(!server.isOpen)
        server.write(Array("lost".utf8))
        for round in 1...2 {
            try setup.define(kind == "unix" ? "socket,id=c\(round),path=\(file)" : "socket,id=c\(round),host=127.0.0.1,port=\(server.port)")
            let client = try setup.use("c\(round)", option: "serial")
            let other = Sink()
            client.frontEnd = other
            client.write(Array("hello \(round)".utf8))
            if round == 1 {
                #expect(wait { sink.text == "hello 1" && server.isOpen })
                server.write([UInt8](repeating: 65, count: 300_000))
                #expect(wait { other.got.count == 300_000 }, "a slow reader gets everything")
            }
        }
        #expect(sink.events.first == .opened)
    }

    @Test func aClientThatGoesMakesRoomForTheNext() throws {
        let file = path("socket")
        let server = try setup.open("unix:\(file),server=on,wait=off", option: "serial", label: "serial0")
        let sink = Sink()
        server.frontEnd = sink
        do {
            let stream = try HostStream.connected(to: .unix(path: file))
            #expect(stream.write([1]) == 1)
            #expect(wait { sink.got == [1] })
        }
        #expect(wait { sink.events == [.opened, .closed] })
        let again = try HostStream.connected(to: .unix(path: file))
        #expect(wait { sink.events.count == 3 })
        _ = again
    }

    @Test func pipesAndTerminalsCarryBytes() throws {
        let fifo = path("fifo")
        for name in [fifo + ".in", fifo + ".out"] { #expect(mkfifo(name, 0o600) == 0) }
        let pipe = try setup.open("pipe:\(fifo)", option: "serial", label: "serial0")
        let sink = Sink()
        pipe.frontEnd = sink
        pipe.write([7])
        #expect(try HostStream.pipe(fifo + ".out").read(10) == [7])
        #expect(try HostStream.pipe(fifo + ".in").write([8, 9]) == 2)
        #expect(wait { sink.got == [8, 9] })
        let (terminal, name) = try DescriptorBackend.pseudoTerminal(loop: loop)
        let other = Sink()
        terminal.frontEnd = other
        terminal.write([1, 3, 4, 10])
        let end = try HostStream.pipe(name)
        #expect(end.read(10) == [1, 3, 4, 10], "raw: no character is special")
        #expect(end.write([3, 13]) == 2)
        #expect(wait { other.got == [3, 13] })
    }

    @Test func aRingBufferKeepsTheLastBytes() throws {
        try setup.define("ringbuf,id=r,size=4")
        let ring = try #require(setup.ringBuffer("r"))
        ring.write([1, 2, 3])
        ring.write([4, 5, 6])
        #expect(ring.take(2) == [3, 4] && ring.take(9) == [5, 6] && ring.take(1).isEmpty)
    }

    @Test func multiplexersShareOneBackEnd() throws {
        try setup.define("ringbuf,id=r,mux=on")
        let first = try setup.use("r", option: "serial"), second = try setup.use("r", option: "monitor")
        let (a, b) = (Sink(), Sink())
        first.frontEnd = a
        second.frontEnd = b
        let ring = try #require(setup.ringBuffer("r"))
        ring.send([65])
        ring.send([1, 99])
        ring.send([66])
        #expect(a.got == [65] && b.got == [66])
        a.room = 0
        ring.send([1, 99, 67, 68, 69])
        #expect(a.got == [65], "what has no room waits")
        a.room = 2
        first.frontEndIsReady()
        #expect(a.got == [65, 67, 68, 69])
        first.write([1])
        second.write([2])
        #expect(ring.take(99) == [1, 2])
    }

    /// What goes out is taken down, also behind a back end that takes another's place.
    @Test func outputIsLogged() throws {
        let (log, other) = (path("log"), path("other"))
        try setup.define("null,id=a,logfile=\(log)")
        let slot = try #require(try setup.use("a", option: "serial") as? CharacterSlot)
        slot.write(Array("one".utf8))
        slot.receive(Array("in".utf8))
        try setup.define("ringbuf,id=b,mux=on,logfile=\(log),logappend=on")
        try setup.use("b", option: "serial").write(Array("two".utf8))
        slot.replace(NullBackend(), log: try HostStream.creating(other))
        slot.write(Array("three".utf8))
        #expect(try String(contentsOfFile: log, encoding: .utf8) == "onetwo")
        #expect(try String(contentsOfFile: other, encoding: .utf8) == "three")
        #expect(throws: (any Error).self) { try setup.define("null,id=c,logfile=/nowhere/at/all") }
    }

    /// A client that finds nobody, or loses its server, tries again.
    @Test func clientsConnectAgain() throws {
        let file = path("socket")
        try setup.define("socket,id=a,path=\(file),reconnect=1")
        let slot = try #require(try setup.use("a", option: "serial") as? CharacterSlot)
        let sink = Sink()
        (slot.frontEnd, sink.room) = (sink, 100)
        #expect(!slot.isOpen)
        for round in 1...2 {
            let server = try SocketBackend(loop: loop, listeningOn: .unix(path: file), waiting: false, label: "server")
            #expect(wait { server.isConnected && slot.isOpen }, "round \(round)")
            server.write([UInt8(round)])
            #expect(wait { sink.got.count == round })
            server.disconnect()
            #expect(wait { !slot.isOpen })
        }
        #expect(sink.events == [.opened, .closed, .opened, .closed])
        for text in ["socket,id=b,path=\(file),server=on,reconnect=1", "socket,id=b,path=\(file),reconnect=-1"] {
            #expect(throws: CommandLineError.self) { try setup.define(text) }
        }
    }

    /// Telnet asks for eight bits, takes a client's commands out of the input, hands on a break, and doubles the byte that begins commands.
    @Test func serversSpeakTelnet() throws {
        let slot = try #require(try setup.open("telnet:127.0.0.1:0,server=on,wait=off", option: "serial", label: "serial0") as? CharacterSlot)
        let server = try #require(slot.inner as? SocketBackend)
        let (sink, client) = (Sink(), Sink())
        (slot.frontEnd, sink.room, client.room) = (sink, 100, 100)
        let line = try SocketBackend(loop: loop, connectingTo: .tcp(host: "127.0.0.1", port: String(server.port)))
        line.frontEnd = client
        line.frontEndIsReady()
        #expect(wait { client.got.count == 12 })
        #expect(client.got == [255, 251, 1, 255, 251, 3, 255, 251, 0, 255, 253, 0])
        #expect(slot.filename.hasPrefix("telnet:127.0.0.1:"))
        line.write([255, 253, 3, 65, 255, 255, 255, 243, 255])
        line.write([250, 24, 255, 255, 1, 255, 240, 66])
        #expect(wait { sink.got.count == 3 })
        #expect(sink.got == [65, 255, 66])
        #expect(sink.events.contains(.lineBreak))
        slot.write([1, 255, 2])
        #expect(wait { client.got.count == 16 })
        #expect(client.got.suffix(4) == [1, 255, 255, 2])
    }

    @Test func datagramsComeAndGo() throws {
        // Two ports that are free at the moment.
        let ports = try (0..<2).map { _ in try ListeningSocket(.tcp(host: "127.0.0.1", port: "0")).port }
        try setup.define("udp,id=a,host=127.0.0.1,port=\(ports[1]),localaddr=127.0.0.1,localport=\(ports[0])")
        let a = try setup.use("a", option: "serial")
        let b = try setup.open("udp:127.0.0.1:\(ports[0])@127.0.0.1:\(ports[1])", option: "serial", label: "serial0")
        let (first, second) = (Sink(), Sink())
        (a.frontEnd, b.frontEnd, second.room) = (first, second, 100)
        b.write(Array("hello".utf8))
        #expect(wait { first.got.count == 5 })
        a.write(Array("there".utf8))
        #expect(wait { second.text == "there" })
        #expect(a.filename == "udp:127.0.0.1:\(ports[1])")
        // What has no room waits.
        first.room = 0
        b.write([1])
        b.write([2])
        #expect(!wait { first.got.count > 5 })
        first.room = 100
        a.frontEndIsReady()
        #expect(wait { first.got.suffix(2) == [1, 2] })
    }

    @Test(arguments: [
        "foo,id=a", "null", "file,id=a", "null,id=a,size=3", "socket,id=a,host=x", "socket,id=a,path=/nowhere/at/all", "udp,id=a",
        "vc,id=a,cols=0,rows=5000",
        "socket,id=a,port=1,telnet=on", "socket,id=a,port=1,websocket=on", "socket,id=a,port=0,server=on,wait=off,websocket=on,telnet=on",
        "vc,id=a,width=7",
        "socket,id=a,port=0,server=on,wait=off,tn3270=on", "hub,id=a", "hub,id=a,chardevs.1=b", "hub,id=a,chardevs.0=b", "serial,id=a,path=/dev/null",
        "{\"backend\":\"null\",\"id\":\"a\"}", "ringbuf,id=a,size=x", "file,id=a,path=/nowhere/at/all",
    ]) func wrongDefinitionsAreExplained(_ text: String) { #expect(throws: (any Error).self) { try setup.define(text) } }

    @Test func eachBackEndHasOneUser() throws {
        try setup.define("null,id=a")
        #expect(throws: CommandLineError.self) { try setup.define("null,id=a") }
        _ = try setup.use("a", option: "serial")
        #expect(throws: CommandLineError.self) { try setup.use("a", option: "serial") }
        #expect(throws: CommandLineError.self) { try setup.use("b", option: "serial") }
        for text in ["tcp:1234", "udp:1", "/dev/parport0", "nonsense", "vc:1", "vc:80Cx24", "websocket:1"] {
            #expect(throws: CommandLineError.self) { try setup.open(text, option: "serial", label: "serial1") }
        }
    }
}
