import EventLoop
import JSON
import MachineControl
import Monitor
import ObjectModel
import QAPI
import QMP

/// Messages of a client of the machine protocol, lines of the monitor for people among them: every answer is a JSON object on a line of its own. Commands
/// that write files or make things on the host are not there.
struct QMPMessageTarget: FuzzTarget {
    private static let messages = [
        #"{"execute":"qmp_capabilities"}"#, #"{"execute":"query-status","id":[1,{}]}"#, #"{"execute":"stop"}"#, #"{"execute":"cont"}"#,
        #"{"execute":"system_reset"}"#, #"{"execute":"query-commands"}"#, #"{"execute":"query-cpus-fast"}"#, #"{"execute":"query-version"}"#,
        #"{"execute":"qom-list","arguments":{"path":"/"}}"#, #"{"execute":"set-action","arguments":{"reboot":"shutdown"}}"#,
        #"{"execute":"human-monitor-command","arguments":{"command-line":"x/4xw 0x80000000"}}"#,
        #"{"execute":"human-monitor-command","arguments":{"command-line":"xp/3i 0x1000+2*(3-1)","cpu-index":1}}"#,
        #"{"execute":"human-monitor-command","arguments":{"command-line":"p/d (((-1)))%$sp|~7"}}"#,
        #"{"execute":"human-monitor-command","arguments":{"command-line":"info registers -a"}}"#,
        #"{"execute":"human-monitor-command","arguments":{"command-line":"info mem"}}"#,
        #"{"execute":"human-monitor-command","arguments":{"command-line":"sum 0x80000000 100"}}"#,
        #"{"execute":"human-monitor-command","arguments":{"command-line":"memsave 0 16 file"}}"#,
    ]
    private let corpus: [[UInt8]]
    private let session: FuzzSession
    private let server: QMPServer

    init(corpus: [[UInt8]]) throws {
        self.corpus = corpus + QMPMessageTarget.messages.map { Array($0.utf8) }
        let session = try FuzzSession()
        self.session = session
        let version = VersionInfo(qemu: VersionTriple(major: 7, minor: 2, micro: 0), package: "fuzz")
        server = QMPServer(version: version, events: EventHub(loop: session.loop), target: session)
        RunCommands(session).register(in: &server.commands)
        let objects = ObjectTree(types: TypeRegistry([]))
        MachineQueries(session, .init(machines: [], cpus: []) { $0 }, objects: objects).register(in: &server.commands)
        ObjectCommands(session, tree: objects, backEnds: BackEnds(tree: objects) { _ in [] }).register(in: &server.commands)
        let human = MonitorCommands(session, server.commands)
        server.commands.on(HumanMonitorCommandCommand.self, stopped: true) { try human.runAtOnce($0.commandLine, cpu: $0.cpuIndex) }
    }

    private enum Failure: Error { case unreadable([UInt8]) }

    mutating func run(_ random: RandomSource) throws -> Bool {
        var mutator = Mutator(random: random)
        session.runState = .running
        let peer = FuzzPeer()
        let monitor = QMPMonitor(peer, server: server, pretty: mutator.random.chance(2))
        if !mutator.random.chance(8) { peer.send(corpus[0], then: session.settle) }
        for _ in 0..<6 {
            let message = corpus[mutator.random.below(corpus.count)]
            peer.send((mutator.random.chance(4) ? message : mutator.mutate(message)) + [10], then: session.settle)
        }
        monitor.handle(.closed)
        session.settle()
        return try check(peer.takeHeard())
    }

    /// Whether a command has been obeyed.
    private func check(_ said: [UInt8]) throws -> Bool {
        var stream = JSONStream()
        var isObeyed = false
        var isReadable = true
        func take(_ item: Result<JSONValue, JSONError>) {
            guard case .success(let value) = item, let object = value.object else {
                isReadable = false
                return
            }
            if object["return"] != nil { isObeyed = true }
        }
        stream.take(said[...]) { take($0) }
        stream.end { take($0) }
        if !isReadable { throw Failure.unreadable(said) }
        return isObeyed
    }
}
