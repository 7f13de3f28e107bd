import CharacterSetup
import Display
import DisplaySetup
import Input
import JSON
import MachineControl
import Monitor
import QAPI
import Testing

@Suite struct MonitorTests {
    private let target: FakeSession
    private let terminal = FakeTerminal()
    private let monitor: HumanMonitor
    private let migrations = Migrations()

    /// Where machines were told to go.
    private final class Migrations { var places: [String] = [] }

    init() throws {
        target = try FakeSession()
        let characters = CharacterSetup(loop: target.loop) { _ in }
        try characters.define("ringbuf,id=r")
        var commands = CommandTable()
        RunCommands(target).register(in: &commands)
        let objects = ObjectTree(types: .init([]))
        MachineQueries(target, .init(machines: [], cpus: []) { $0 }, objects: objects).register(in: &commands)
        ObjectCommands(target, tree: objects, backEnds: BackEnds(tree: objects) { _ in [] }).register(in: &commands)
        characters.register(in: &commands)
        let consoles = ConsoleList()
        DisplayCommands(consoles) { _ in false }.register(in: &commands)
        InputCommands(target.input, consoles).register(in: &commands)
        commands.on(MigrateCommand.self) { [migrations] arguments in
            migrations.places.append(arguments.uri)
            return QAPIEmpty()
        }
        try characters.use("r", option: "device").write(Array("kept".utf8))
        monitor = HumanMonitor(terminal, session: target, commands: commands, isShared: false)
    }

    /// What a command says, without its echo and the prompt.
    private func ask(_ line: String) -> String {
        _ = terminal.takeText()
        monitor.receive(Array((line + "\r").utf8))
        target.settle()
        let text = terminal.takeText()
        #expect(text.hasPrefix(line + "\r\n") && text.hasSuffix("(qemu) "), "\(line): \(text)")
        return String(text.dropFirst(line.count + 1).dropLast(7)).replacing("\r\n", with: "\n")
    }

    @Test func itGreets() {
        #expect(terminal.takeText() == "Apus test monitor - type 'help' for more information\r\n(qemu) ")
        monitor.handle(.opened)
        #expect(terminal.takeText() == "\r\n(qemu) ")
    }

    @Test func informationIsShown() {
        #expect(ask("info status") == "VM status: running\n")
        #expect(ask("info version") == "Apus test\n")
        #expect(ask("info name") == "the guest\n")
        #expect(ask("info block") == "no disks\n")
        #expect(ask("info registers").contains("x2/sp"))
        #expect(ask("info registers -a").contains("CPU#1"))
        #expect(ask("info mtree").contains("0000000080000000-0000000087ffffff (prio 0, ram): riscv_virt_board.ram\n"))
        #expect(ask("info mtree -f").contains("(romDevice): virt.flash1"))
        #expect(ask("info cpus").hasPrefix("* CPU #0:"))
        #expect(ask("cpu 1") == "" && ask("info cpus").contains("* CPU #1:") && ask("cpu 2") == "invalid CPU index\n")
    }

    @Test func ordersReachTheSession() {
        #expect(ask("stop") == "" && ask("info status") == "VM status: paused\n")
        #expect(ask("c") == "" && ask("info status") == "VM status: running\n")
        _ = ask("system_reset")
        _ = ask("q")
        _ = ask("system_powerdown")
        #expect(target.orders == ["reset", "quit", "powerdown"])
        target.runState = .shutdown
        #expect(ask("info status") == "VM status: paused (shutdown)\n" && ask("cont") == "Error: Resetting the Virtual Machine is required\n")
    }

    @Test(arguments: [
        ("p 2*(3+4)", "0xe"), ("p 7&3+4", "0x7"), ("p 1|2*4", "0x9"), ("print/d 0-1", "-1"), ("p/u 0-1", "18446744073709551615"), ("p/o 9", "011"),
        ("p/c 'A'", "'A'"), ("p ~0", "0xffffffffffffffff"), ("p 010", "0x8"), ("p 7%4", "0x3"), ("p $pc", "0x1000"), ("p $mhartid", "0x0"),
        ("p - -3", "0x3"), ("p 1 + 2", "0x3"), ("p/d ( 7 - 4 ) * 2 ", "6"), ("p $pc + 4", "0x1004"),
    ])
    func expressionsAreWorkedOut(_ line: String, _ value: String) { #expect(ask(line) == value + "\n") }

    @Test(arguments: [
        "p 1/0", "p (1", "p 1)", "p", "p 0x", "p 08", "p $nothing", "p 1+", "p/z 1", "p 18446744073709551616", "p 1 2", "p 1 (2)", "p 0x 1",
    ])
    func whatIsNoExpressionSaysSo(_ line: String) { #expect(ask(line).hasPrefix("not supported: ")) }

    /// A command's own options and spaces are part of the address, quotes are not.
    @Test(arguments: [
        ("migrate tcp:there:1", "tcp:there:1"), ("migrate -d exec:gzip -c -d > file", "exec:gzip -c -d > file"),
        (#"migrate -d "exec:cat  > \"a b\"""#, #"exec:cat  > "a b""#), (#"migrate "unix:a\\b""#, #"unix:a\b"#),
    ])
    func migrationsGoWhereTheyAreTold(_ line: String, _ place: String) {
        #expect(ask(line) == "" && migrations.places == [place])
    }

    @Test(arguments: ["migrate", "migrate -d", "migrate -x there", #"migrate "unix:a"#, #"migrate "unix:a" b"#, #"migrate "a\qb""#])
    func otherMigrationsAreRefused(_ line: String) { #expect(ask(line).hasPrefix("Error: ") && migrations.places.isEmpty) }

    @Test func wordsMayStandInQuotes() {
        #expect(ask(#"qom-list "/objects""#) == ask("qom-list /objects") && ask(#"info "name""#) == ask("info name"))
        #expect(ask(#"qom-list "/objects"#).hasPrefix("Error: ") && ask(#"qom-list "/\q""#).hasPrefix("Error: "))
    }

    @Test func deepParenthesesAreRefused() {
        let deep = String(repeating: "(", count: 4000) + "1" + String(repeating: ")", count: 4000)
        #expect(ask("p \(deep)").hasPrefix("not supported: ") && ask("p \(String(repeating: "-", count: 4000))1").hasPrefix("not supported: "))
    }

    @Test func memoryIsAddedUp() {
        target.machine.memory.write(0x8000_1000, [1, 2, 3, 0xff])
        // BSD's sum: rotate to the right, add.
        #expect(ask("sum 0x80001000 4") == "08449\n" && ask("sum 0x80001000 0") == "00000\n" && ask("sum 0x60000000 4") == "Cannot access memory\n")
        #expect(ask("sum 0x80001000").hasPrefix("not supported: "))
    }

    @Test func tablesAreShown() throws {
        #expect(ask("info mem") == "No translation or protection\n")
        let cpu = target.machine.cpus[0]
        let table = cpu.debugRegisters
        func set(_ name: String, _ value: UInt64) throws {
            let number = try #require(table.registers.firstIndex { $0.name == name })
            cpu.setDebugRegister(number, (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) })
        }
        // Sv39: two gigapages next to each other with the same rights, one without its successor's, and a table that leads to itself.
        let memory = target.machine.memory
        memory.store(0x8000_4000, (UInt64(0x8000_0000) >> 12) << 10 | 0xcf)
        memory.store(0x8000_4008, (UInt64(0xc000_0000) >> 12) << 10 | 0xcf)
        memory.store(0x8000_4ff8, (UInt64(0x4000_0000) >> 12) << 10 | 0x43)
        try set("satp", 8 << 60 | 0x80004)
        #expect(
            ask("info mem").split(separator: "\n").suffix(2) == [
                "0000000000000000 0000000080000000 0000000080000000 rwx--ad", "ffffffffc0000000 0000000040000000 0000000040000000 r----a-",
            ])
        #expect(ask("info tlb").split(separator: "\n").count == 5)
        memory.store(0x8000_4010, (UInt64(0x8000_4000) >> 12) << 10 | 1)
        #expect(ask("info mem").contains("0000000080000000 0000000080000000"))
    }

    @Test(arguments: ["x/4z 0", "p foo", "x/i"]) func whatIsMissingSaysSo(_ line: String) {
        #expect(ask(line).hasPrefix("not supported: "))
    }

    @Test func memoryIsShown() {
        target.machine.memory.write(0x8000_0000, [0x93, 0x02, 0x10, 0x00, 0x41, 0xff])
        #expect(ask("xp/2xw 0x80000000") == "0000000080000000: 0x00100293 0x0000ff41\n")
        #expect(ask("xp /1i 0x80000000").contains("addi"))
        #expect(ask("x/2cb 0x80000004") == "0000000080000004: 'A' '\\xff'\n")
        #expect(ask("xp/1dh 0x80000005") == "0000000080000005: 255\n")
        #expect(ask("xp/1db 0x80000005") == "0000000080000005: -1\n")
        #expect(ask("x/1ub 0x80000000+4+1") == "0000000080000005: 255\n")
        #expect(ask("xp/2xg 0x60000000").contains("Cannot access memory"))
        #expect(ask("x/1i $pc").hasPrefix("0x00001000:"))
        #expect(ask("p 0x10-1") == "0xf\n")
    }

    @Test func ringBuffersAreReached() {
        #expect(ask("ringbuf_read r 3") == "kep\n" && ask("ringbuf_read x 3") == "Error: Device 'x' not found\n")
        #expect(ask("ringbuf_write r some words") == "" && ask("ringbuf_write x y") == "Error: Device 'x' not found\n")
    }

    /// A mouse that writes down what happens to it.
    private final class Mouse: InputHandler {
        let inputName = "mouse"
        let accepts: InputKinds = [.keys, .buttons, .relative]
        var events: [Input.InputEvent] = []
        func handle(_ events: [Input.InputEvent]) { self.events += events }
    }

    @Test func keysAndPointers() throws {
        let mouse = Mouse()
        target.input.add(mouse)
        #expect(ask("info mice") == "* Mouse #0: mouse\n" && ask("mouse_set 0") == "")
        #expect(ask("mouse_set 3") == "Error: Mouse at given index not found\n" && ask("mouse_move 1") != "")
        #expect(ask("mouse_move 3 -4 1") == "" && ask("mouse_button 1") == "")
        let turned = [Input.InputEvent.button(.wheelUp, isDown: true), .button(.wheelUp, isDown: false)]
        let pressed = [Input.InputEvent.button(.left, isDown: true), .button(.middle, isDown: false), .button(.right, isDown: false)]
        #expect(mouse.events == [.relative(.x, 3), .relative(.y, -4)] + turned + pressed)
        mouse.events = []
        #expect(ask("sendkey ctrl-< 1000") == "" && ask("sendkey nokey") != "" && ask("sendkey a b") != "" && ask("sendkey") != "")
        let (ctrl, less) = (try #require(Key.named("ctrl")), try #require(Key.named("less")))
        #expect(mouse.events == [.key(ctrl, isDown: true), .key(less, isDown: true)])
    }

    @Test func screendumpsHaveWords() {
        #expect(ask("screendump") == "Error: Parameter 'filename' is missing\n")
        #expect(ask("screendump /tmp/x -f") == "Error: Parameter 'format' is missing\n")
        #expect(ask("screendump /tmp/x -f gif").contains("does not accept value 'gif'"))
        #expect(ask("screendump /tmp/x") == "Error: There is no console to take a screendump from\n")
        #expect(ask("screendump -f png /tmp/x a 0") == "Error: Device 'a' not found\n")
        #expect(ask("screendump /tmp/x a 0 more") != "" && ask("change vnc listen") != "")
    }

    @Test func protocolCommandsHaveWords() {
        #expect(ask("info uuid") == "00000000-0000-0000-0000-000000000000\n")
        #expect(ask("info memory_size_summary") == "base memory: 134217728\n" && ask("info kvm") == "kvm support: not compiled\n")
        #expect(ask("info mice") == "No mouse devices connected\n" && ask("info tpm") == "TPM device not supported\n")
        #expect(ask("qom-list /") == "type (string)\nobjects (child<container>)\nchardevs (child<container>)\nmachine (child<machine>)\n")
        #expect(ask("qom-get / type") == "\"container\"\n" && ask("info qom-tree /objects") == "/objects (container)\n")
        #expect(ask("qom-set / type 5") == "Error: Property 'container.type' is not writable\n")
        #expect(ask("object_add rng-builtin,id=x") == "" && target.orders == ["object rng-builtin,id=x"])
        #expect(ask("object_del x") == "Error: object 'x' not found\n" && ask("object_del") == "Error: one argument is needed\n")
        #expect(ask("watchdog_action pause") == "" && target.actions.watchdog == .pause)
        #expect(ask("chardev-remove r") == "Error: Chardev 'r' is busy\n")
    }

    /// Input that comes while a command waits for the vCPUs is kept.
    @Test func commandsWaitForEachOther() {
        _ = terminal.takeText()
        monitor.receive(Array("stop\ninfo status\n".utf8))
        #expect(monitor.receivableBytes() == 0)
        #expect(terminal.takeText() == "stop\r\n")
        target.settle()
        #expect(terminal.takeText() == "(qemu) info status\r\nVM status: paused\r\n(qemu) ")
    }

    @Test func linesAreEdited() {
        _ = terminal.takeText()
        monitor.receive(Array("foo\u{7f}\u{7f}\u{7f}info namx\u{8}e\r".utf8))
        target.settle()
        #expect(terminal.takeText().hasSuffix("the guest\r\n(qemu) "))
        monitor.receive([27, 91, 65, 13])
        target.settle()
        #expect(terminal.takeText() == "info name\r\nthe guest\r\n(qemu) ", "the arrow brings the last line back")
        monitor.receive(Array("info st\t\r".utf8))
        target.settle()
        #expect(terminal.takeText().hasSuffix("VM status: running\r\n(qemu) "))
        monitor.receive(Array("ringbuf_\t".utf8))
        #expect(terminal.takeText().contains("ringbuf_read ringbuf_write"))
        monitor.receive([21, 13])
        #expect(terminal.takeText().hasSuffix("\r\n(qemu) "))
    }
}
