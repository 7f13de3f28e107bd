import Chardev
import CharacterSetup
import EventLoop
import JSON
import MachineControl
import QAPI
import QMP
import Testing

/// The machine protocol on a back end that the test looks at.
@Suite struct QMPTests {
    private let session: FakeSession
    private let server: QMPServer
    private let terminal = FakeTerminal()
    private let monitor: QMPMonitor

    init() throws {
        session = try FakeSession()
        let triple = VersionTriple(major: 7, minor: 2, micro: 0)
        server = QMPServer(version: VersionInfo(qemu: triple, package: "test"), events: EventHub(loop: session.loop), target: session)
        RunCommands(session).register(in: &server.commands)
        DescriptorCommands.register(in: &server.commands)
        CharacterSetup(loop: session.loop) { _ in }.register(in: &server.commands)
        monitor = QMPMonitor(terminal, server: server, pretty: false)
    }

    /// What the monitor sends for some text, a message each.
    private func ask(_ text: String) -> [JSONValue] {
        monitor.receive(Array(text.utf8))
        session.settle()
        return messages()
    }

    private func messages() -> [JSONValue] {
        terminal.takeText().split(separator: "\r\n").map { (try? JSONValue(parsing: String($0))) ?? .null }
    }

    private func error(_ answer: JSONValue?) -> String { answer?.object?["error"]?.object?["desc"]?.string ?? "no error: \(answer?.text() ?? "")" }

    private func negotiate(oob: Bool = false) {
        _ = messages()
        #expect(ask("{'execute':'qmp_capabilities'\(oob ? ",'arguments':{'enable':['oob']}" : "")}") == [["return": [:]]])
    }

    @Test func itGreetsAndNegotiates() {
        let version: JSONValue = ["qemu": ["major": 7, "minor": 2, "micro": 0], "package": "test"]
        #expect(messages() == [["QMP": ["version": version, "capabilities": ["oob"]]]])
        #expect(error(ask("{'execute':'query-status'}").first) == "Expecting capabilities negotiation with 'qmp_capabilities'")
        server.events.emit(StopEvent())
        #expect(messages().isEmpty, "no event before the negotiation")
        negotiate()
        #expect(
            ask("{'execute':'query-status','id':[1,'x']}") == [
                ["return": ["running": true, "singlestep": false, "status": "running"], "id": [1, "x"]]
            ])
        #expect(error(ask("{'execute':'qmp_capabilities'}").first).contains("already complete"))
        monitor.handle(.closed)
        monitor.handle(.opened)
        #expect(messages().count == 1 && error(ask("{'execute':'query-status'}").first).hasPrefix("Expecting"), "the next client begins anew")
    }

    /// Commands with a mistake, and what QEMU 7.2 says to each.
    @Test(arguments: [
        ("[]", "QMP input must be a JSON object"), ("{}", "QMP input lacks member 'execute'"), ("{'x':5}", "QMP input member 'x' is unexpected"),
        ("{'execute':5}", "QMP input member 'execute' must be a string"), ("{'execute':'stop','foo':1}", "QMP input member 'foo' is unexpected"),
        ("{'execute':'stop','arguments':[]}", "QMP input member 'arguments' must be an object"),
        ("{'exec-oob':'stop'}", "QMP input member 'exec-oob' is unexpected"),
        ("{'execute':'nosuch'}", "The command nosuch has not been found"), ("{'execute':'stop','arguments':{'a':1}}", "Parameter 'a' is unexpected"),
        ("{'execute':'closefd'}", "Parameter 'fdname' is missing"),
        ("{'execute':'closefd','arguments':{'fdname':1}}", "Invalid parameter type for 'fdname', expected: string"),
        ("{'execute':'closefd','arguments':{'fdname':'a'}}", "File descriptor named 'a' not found"),
        ("{'execute':'getfd','arguments':{'fdname':'a'}}", "No file descriptor supplied via SCM_RIGHTS"),
        ("{'execute':'set-action','arguments':{'reboot':'x'}}", "Parameter 'reboot' does not accept value 'x'"),
        ("{'execute':'ringbuf-read','arguments':{'device':'a','size':1.5}}", "Invalid parameter type for 'size', expected: integer"),
        ("{'execute':'chardev-add','arguments':{'id':'a','backend':{'type':'null'}}}", "Parameter 'backend.data' is missing"),
        ("{'execute':'x-exit-preconfig'}", "The command is permitted only before machine initialization"),
    ]) func mistakesAreNamed(_ text: String, _ expected: String) {
        negotiate()
        #expect(error(ask(text).first) == expected)
        #expect(ask("{'execute':'query-kvm'}").count == 1, "the conversation goes on")
    }

    @Test func outOfBandCommandsOvertake() {
        negotiate(oob: true)
        #expect(error(ask("{'exec-oob':'stop','id':7}").first) == "The command stop does not support OOB")
        #expect(error(ask("{'exec-oob':'stop','execute':'stop'}").first) == "QMP input member 'execute' clashes with 'exec-oob'")
        monitor.receive(Array("{'execute':'stop','id':1}{'execute':'query-status','id':2}".utf8))
        monitor.receive(Array("{'exec-oob':'query-yank','id':3}".utf8))
        #expect(messages().map { $0.object?["id"] } == [3], "the others wait for the vCPUs")
        session.settle()
        #expect(messages().map { $0.object?["id"] } == [1, 2])
    }

    @Test func onlySomeCommandsComeBeforeTheMachine() {
        session.hasMachine = false
        negotiate()
        #expect(error(ask("{'execute':'stop'}").first) == "The command 'stop' is permitted only after machine initialization has completed")
        #expect(ask("{'execute':'query-status'}").first?.object?["return"] != nil)
        #expect(ask("{'execute':'x-exit-preconfig'}") == [["return": [:]]] && session.hasMachine)
    }

    @Test func eventsHaveTimesAndLimits() {
        negotiate()
        server.events.emit(ShutdownEvent(guest: true, reason: .guestShutdown))
        let event = messages().first?.object
        #expect(event?["event"] == "SHUTDOWN" && event?["data"] == ["guest": true, "reason": "guest-shutdown"])
        #expect(event?["timestamp"]?.object?.names == ["seconds", "microseconds"])
        for open in [true, false, true] { server.events.emit(VserportChangeEvent(id: "a", open: open)) }
        server.events.emit(VserportChangeEvent(id: "b", open: true))
        #expect(messages().map { $0.object?["data"]?.object?["id"] } == ["a", "b"], "one a second for each port")
        let end = LoopTimer(session.loop, .realtime) { [session] in session.loop.stop(status: 0) }
        session.loop.lock.withLock { end.arm(at: session.loop.now(.realtime) + 1_300_000_000) }
        _ = session.loop.run()
        #expect(messages().map { $0.object?["data"] } == [["id": "a", "open": true]], "the newest comes later")
    }

    @Test func aClientThatDoesNotReadHoldsNothingUp() {
        negotiate()
        terminal.isSlow = true
        server.events.emit(StopEvent())
        for _ in 0..<50_000 { server.events.emit(ResumeEvent()) }
        #expect(terminal.held.count < 1000, "it waits in the monitor")
        #expect(monitor.receivableBytes() == 0, "and gives no more commands")
        terminal.isSlow = false
        terminal.held = []
        monitor.backendHasRoom()
        let left = messages()
        #expect(
            left.count > 1000 && left.count < 50_000 && left.allSatisfy { $0.object?["event"] == "RESUME" }, "whole messages, as many as are kept")
        #expect(monitor.receivableBytes() > 0)
    }

    @Test func aCommandMayCutItsOwnLine() {
        negotiate()
        session.onQuit = { [monitor] in
            monitor.handle(.closed)
            monitor.handle(.opened)
        }
        monitor.receive(Array("{'execute':'quit'}{'execute':'quit'}".utf8))
        #expect(session.orders == ["quit"] && messages().map { $0.object?.names } == [["QMP"]])
    }

    @Test func anAnswerForAClientThatHasGoneIsDropped() {
        negotiate()
        monitor.receive(Array("{'execute':'stop'}".utf8))
        monitor.handle(.closed)
        monitor.handle(.opened)
        session.settle()
        #expect(messages().map { $0.object?.names } == [["QMP"]])
    }
}
