import Chardev
import EventLoop
import MachineModel
import Monitor
import RISCVMachines
import Testing

/// A session without vCPU threads: work for stopped vCPUs waits until the test lets it run.
private final class Target: MonitorTarget {
    let machine: Machine
    let version = "Apus test"
    let guestName: String? = "the guest"
    var status = "running"
    var waiting: [() -> Void] = []
    var orders: [String] = []

    init() throws {
        var configuration = MachineConfiguration()
        configuration.firmware = "none"
        configuration.cpus = 2
        machine = try VirtBoard.type.build(configuration, "riscv64", try EventLoop()) { _ in }
        machine.reset()
    }

    func information(_ subject: String) -> String? { subject == "block" ? "no disks\n" : nil }
    func readRingBuffer(_ id: String, _ count: Int) -> [UInt8]? { id == "r" ? Array("kept".utf8.prefix(count)) : nil }
    func writeRingBuffer(_ id: String, _ bytes: [UInt8]) -> Bool { id == "r" }
    func whileStopped(_ work: @escaping () -> Void) { waiting.append(work) }
    func pause() { status = "paused" }
    func resume() -> String? {
        status = "running"
        return nil
    }
    func reset() { orders.append("reset") }
    func quit() { orders.append("quit") }

    func settle() { while !waiting.isEmpty { waiting.removeFirst()() } }
}

private final class Terminal: CharacterBackend {
    var sent: [UInt8] = []
    override func write(_ bytes: [UInt8]) { sent += bytes }

    func takeText() -> String {
        defer { sent = [] }
        return String(decoding: sent, as: UTF8.self)
    }
}

@Suite struct MonitorTests {
    private let target: Target
    private let terminal = Terminal()
    private let monitor: HumanMonitor

    init() throws {
        target = try Target()
        monitor = HumanMonitor(terminal, target: target, isShared: false)
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
        #expect(target.orders == ["reset", "quit"])
    }

    @Test(arguments: ["migrate", "info qtree", "x/4z 0", "p foo", "x/i", "system_powerdown"]) func whatIsMissingSaysSo(_ line: String) {
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
        #expect(ask("ringbuf_read r 3") == "kep\n" && ask("ringbuf_read x 3") == "Device 'x' not found\n")
        #expect(ask("ringbuf_write r some words") == "" && ask("ringbuf_write x y") == "Device 'x' not found\n")
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
