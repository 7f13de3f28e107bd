import CommandLine
import Display
import DisplaySetup
import EventLoop
import HostOS
import Input
import JSON
import QAPI
import Testing

/// A device that writes down what it gets.
private final class Taker: InputHandler {
    let inputName = "taker"
    let accepts: InputKinds
    var batches: [[Input.InputEvent]] = []
    init(_ accepts: InputKinds) { self.accepts = accepts }
    func handle(_ events: [Input.InputEvent]) { batches.append(events) }
}

@Suite struct DisplaySetupTests {
    private let loop: EventLoop
    private let hub: InputHub
    private let consoles = ConsoleList()
    private let vnc: VNCSetup
    private var table = CommandTable()

    init() throws {
        loop = try EventLoop()
        loop.setVirtualClockPaused(true)
        loop.setVirtualTime(0)
        hub = InputHub(loop: loop)
        vnc = VNCSetup(loop: loop, consoles: consoles, hub: hub, emit: { _ in })
        DisplayCommands(consoles) { $0 == "disk" }.register(in: &table)
        InputCommands(hub, consoles).register(in: &table)
        vnc.register(in: &table)
    }

    private func failure(_ name: String, _ arguments: JSONObject) throws -> QAPIError? {
        if case .failure(let error) = try #require(table[name]).call(arguments, from: nil) { return error }
        return nil
    }

    @Test func screendumps() throws {
        let path = "/tmp/apus-screendump-\(processNumber)"
        defer { try? HostFile(path, .create).resize(0) }
        #expect(try failure("screendump", ["filename": .string(path)])?.description == "There is no console to take a screendump from")
        let first = DisplayConsole(device: "a"), second = DisplayConsole(device: "b", head: 1)
        consoles.add(first)
        consoles.add(second)
        second.refresh = { second.resize(width: 3, height: 2) }
        #expect(try failure("screendump", ["filename": .string(path), "device": "b", "head": 1]) == nil)
        #expect(try HostFile.contents(path).prefix(7) == Array("P6\n3 2\n".utf8)[...])
        #expect(try failure("screendump", ["filename": .string(path), "format": "png"]) == nil)
        #expect(try HostFile.contents(path).dropFirst(1).prefix(3) == Array("PNG".utf8)[...])
        #expect(try failure("screendump", ["filename": .string(path), "device": "c"])?.kind == .deviceNotFound)
        #expect(try failure("screendump", ["filename": .string(path), "device": "disk"])?.kind == .generic)
        #expect(try failure("screendump", ["filename": .string(path), "device": "a", "head": 1])?.kind == .generic)
        #expect(try failure("screendump", ["filename": .string(path), "head": 1])?.kind == .generic)
        #expect(try failure("screendump", ["filename": "/nowhere/x"])?.kind == .generic)
    }

    @Test func everyKeyOfTheSchemaIsOne() {
        for code in QKeyCode.allCases where code != .unmapped { #expect(Key.named(code.rawValue) != nil, "\(code.rawValue)") }
        #expect(Key.all.count == QKeyCode.allCases.count - 1)
    }

    private func qcode(_ name: String) -> JSONValue { .object(["type": "qcode", "data": .string(name)]) }

    /// Keys go down in turn, stay, and go up the other way round; then comes the next call's turn.
    @Test func keysAreHeld() throws {
        let taker = Taker(.keys)
        hub.add(taker)
        let (ctrl, a) = (try #require(Key.named("ctrl")), try #require(Key.named("a")))
        #expect(try failure("send-key", ["keys": .array([qcode("ctrl"), .object(["type": "number", "data": 0x1e])]), "hold-time": 5]) == nil)
        #expect(try failure("send-key", ["keys": .array([qcode("a")])]) == nil)
        #expect(taker.batches == [[.key(ctrl, isDown: true)], [.key(a, isDown: true)]])
        loop.setVirtualTime(5_000_000)
        loop.fireDueVirtualTimers()
        #expect(taker.batches.suffix(2) == [[.key(a, isDown: false)], [.key(ctrl, isDown: false)]])
        loop.setVirtualTime(10_000_000)
        loop.fireDueVirtualTimers()
        #expect(taker.batches.last == [.key(a, isDown: true)])
        #expect(try failure("send-key", ["keys": .array([qcode("unmapped")])]) != nil)
        #expect(try failure("send-key", ["keys": .array([.object(["type": "number", "data": 0xffff])])]) != nil)
        let many = JSONValue.array([JSONValue](repeating: qcode("a"), count: 600))
        #expect(try failure("send-key", ["keys": many]) != nil, "so many keys do not wait")
    }

    @Test func eventsHappenAtOnce() throws {
        let taker = Taker([.buttons, .absolute])
        hub.add(taker)
        func event(_ type: String, _ data: JSONObject) -> JSONValue { .object(["type": .string(type), "data": .object(data)]) }
        let press = event("btn", ["button": "wheel-up", "down": true]), move = event("abs", ["axis": "y", "value": 77])
        #expect(try failure("input-send-event", ["events": .array([press, move])]) == nil)
        #expect(taker.batches == [[.button(.wheelUp, isDown: true), .absolute(.y, 77)]])
        let key = event("key", ["key": qcode("a"), "down": true])
        #expect(try failure("input-send-event", ["events": .array([move, key])])?.description == "Input handler not found for event type key")
        #expect(taker.batches.count == 1, "all or none")
        #expect(try failure("input-send-event", ["events": .array([move]), "device": "x"])?.kind == .deviceNotFound)
        #expect(try table.call(QueryMiceCommand.self).map(\.name) == ["taker"])
    }

    @Test(arguments: [
        "x", ":99999", ":-1", ":1,tls-creds=a", ":1,sasl=on", ":1,share=all", ":1,nosuch=1", "unix:/tmp/x,websocket=on", ":1,websocket=x",
        ":1,connections=x",
    ])
    func placesThatAreRefused(_ text: String) { #expect(throws: (any Error).self) { try vnc.define(text, name: nil) { _ in [] } } }

    @Test func serversAndPasswords() throws {
        #expect(throws: CommandLineError.self) { try vnc.define("none,audiodev=a", name: nil, audio: ["b"]) { _ in [] } }
        try vnc.define("none,audiodev=a", name: nil, audio: ["a"]) { _ in [] }
        #expect(try table.call(QueryVncCommand.self).enabled == false && table.call(QueryVncServersCommand.self).isEmpty)
        #expect(try failure("change-vnc-password", ["password": "x"]) != nil)
        let path = "/tmp/apus-vnc-\(processNumber)"
        let other = VNCSetup(loop: loop, consoles: consoles, hub: hub, emit: { _ in })
        try other.define("unix:\(path),password=on", name: "n") { _ in [] }
        var table = CommandTable()
        other.register(in: &table)
        let information = try table.call(QueryVncCommand.self)
        #expect(information.enabled && information.service == path && information.auth == "vnc")
        func succeeds(_ name: String, _ arguments: JSONObject) throws -> Bool {
            if case .success = try #require(table[name]).call(arguments, from: nil) { return true }
            return false
        }
        #expect(try succeeds("set_password", ["protocol": "vnc", "password": "x"]))
        #expect(try succeeds("set_password", ["protocol": "vnc", "password": "x", "connected": "keep"]))
        #expect(try !succeeds("set_password", ["protocol": "vnc", "password": "x", "connected": "disconnect"]))
        #expect(try !succeeds("set_password", ["protocol": "spice", "password": "x"]))
        for time in ["now", "never", "+5", "1700000000"] { #expect(try succeeds("expire_password", ["protocol": "vnc", "time": .string(time)])) }
        for time in ["", "+", "soon", "-5"] { #expect(try !succeeds("expire_password", ["protocol": "vnc", "time": .string(time)])) }
    }
}
