import Chardev
import MachineControl
import QAPI

/// The monitor for people: QEMU's commands, line by line, on a character back end.
public final class HumanMonitor: CharacterFrontEnd {
    static let prompt = "(qemu) "

    private let backend: CharacterBackend
    private let commands: MonitorCommands
    private let greeting: String
    private var editor: LineEditor
    private var pending: [UInt8] = []
    private var isBusy = false
    private var hasGreeted = false

    /// With `isShared` the terminal belongs to somebody else until it is switched over.
    public init(_ backend: CharacterBackend, session: any MachineSession, commands table: CommandTable, isShared: Bool) {
        self.backend = backend
        let commands = MonitorCommands(session, table)
        self.commands = commands
        greeting = "\(session.version) monitor - type 'help' for more information\n"
        editor = LineEditor { typed in commands.names(startingWith: typed) }
        backend.frontEnd = self
        if !isShared, backend.isOpen { greet() }
    }

    private func greet() {
        show((hasGreeted ? "\n" : greeting) + HumanMonitor.prompt)
        hasGreeted = true
    }

    private func show(_ text: String) {
        backend.write(text.utf8.flatMap { $0 == 10 ? [13, 10] : [$0] })
    }

    // MARK: Input

    public func receivableBytes() -> Int { isBusy ? 0 : 4096 }

    public func receive(_ bytes: [UInt8]) {
        pending += bytes
        work()
    }

    public func handle(_ event: CharacterEvent) { if event == .opened { greet() } }

    /// Takes input until a command has to wait for the vCPUs.
    private func work() {
        while !isBusy, !pending.isEmpty {
            let (echo, line) = editor.take(pending.removeFirst())
            backend.write(echo)
            if let line { run(line) }
        }
    }

    private func run(_ line: String) {
        isBusy = true
        commands.run(line) { [weak self] answer in self?.finish(answer) }
    }

    private func finish(_ answer: String) {
        isBusy = false
        show(answer + HumanMonitor.prompt)
        work()
        if !isBusy { backend.frontEndIsReady() }
    }
}
