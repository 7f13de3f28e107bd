import GDBStub
import MachineControl
import MachineDebugger
import QAPI
import Testing
import TranslatedExecution

extension FakeSession: DebuggedMachine {
    var engine: TranslationEngine? { nil }

    func resume(_ action: (Int) -> DebugAction, clockRuns: Bool) throws(QAPIError) {
        orders.append(machine.cpus.map { "\(action($0.index))" }.joined(separator: " ") + " \(clockRuns)")
        try resume()
    }

    func endStepping() { orders.append("endStepping") }

    func monitor(_ line: String) -> String { line == "silence" ? "" : line == "much" ? String(repeating: "x", count: 1 << 20) : "you said \(line)\n" }
}

@Suite struct MachineDebuggerTests {
    private let machine: FakeSession
    private let terminal = FakeTerminal()
    private let server: DebugServer

    init() throws {
        machine = try FakeSession()
        server = DebugServer(terminal, machine: machine)
    }

    /// What the server answers, packet by packet, without their frames.
    private func answers() -> [String] {
        machine.settle()
        var reader = PacketReader()
        defer { terminal.sent = [] }
        return terminal.sent.compactMap { byte in
            guard case .packet(let bytes) = reader.take(byte) else { return nil }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    private func ask(_ packet: String) -> String {
        server.receive(PacketCoding.packet(Array(packet.utf8)))
        return answers().joined(separator: "|")
    }

    @Test func aDebuggerThatComesStopsTheMachine() {
        #expect(machine.runState == .running)
        server.handle(.opened)
        #expect(answers() == [] && machine.runState == .paused)
        #expect(ask("?").hasPrefix("T05") && ask("qAttached") == "1" && ask("qC") == "QC1" && ask("qfThreadInfo") == "m1,2")
        #expect(ask("qThreadExtraInfo,2") == "435055233120" + "5b72756e6e696e675d", "CPU#1 [running]")
    }

    @Test func itIsToldOfStops() {
        server.handle(.opened)
        #expect(ask("vCont;s:1") == "" && machine.orders == ["step hold false"])
        server.machineStopped([])
        #expect(answers() == [], "it runs")
        machine.runState = .debug
        server.machineStopped([])
        #expect(answers().first?.hasPrefix("T05") == true)
        #expect(ask("c") == "" && machine.runState == .running)
        server.receive([3])
        #expect(answers().first?.hasPrefix("T02") == true && machine.runState == .paused)
        machine.runState = .shutdown
        #expect(ask("c") == "E22", "it must be reset first")
    }

    @Test func settingsOfQEMU() {
        server.handle(.opened)
        #expect(ask("qqemu.sstepbits") == "ENABLE=1,NOIRQ=2,NOTIMER=4" && ask("qqemu.sstep") == "0x7" && ask("Qqemu.sstep=1") == "OK")
        #expect(ask("qqemu.sstep") == "0x1" && ask("vCont;s:1") == "" && machine.orders.last?.hasSuffix("true") == true)
        machine.runState = .paused
        #expect(ask("qqemu.PhyMemMode") == "0" && ask("Qqemu.PhyMemMode:1") == "OK" && ask("qqemu.PhyMemMode") == "1" && ask("qqemu.other") == "")
        #expect(ask("Qqemu.sstep=") == "" && ask("Qqemu.sstep=x") == "")
    }

    @Test func memoryIsReadAndWritten() {
        server.handle(.opened)
        #expect(ask("M80000000,4:01020304") == "OK" && ask("m80000000,4") == "01020304")
        #expect(ask("m4000000000000,4") == "E0e" && ask("M4000000000000,1:00") == "E0e", "nothing is there")
        // Flash is written by a debugger, and read back.
        #expect(ask("M20000000,2:abcd") == "OK" && ask("m20000000,2") == "abcd")
        #expect(ask("M87fffffc,4:0a0b0c0d") == "OK" && ask("m87fffffc,8") == "0a0b0c0d", "as much as there is")
    }

    private func number(_ name: String) -> String {
        String(machine.machine.cpus[0].debugRegisters.registers.firstIndex { $0.name == name } ?? 0, radix: 16)
    }

    @Test func addressesAreVirtualOrPhysical() {
        server.handle(.opened)
        // Sv39: the first GiB of addresses is the memory's (entry 0 of the table at 0x80001000), and the level is the supervisor's.
        #expect(ask("M80001000,8:cf00002000000000") == "OK" && ask("M80000010,2:abcd") == "OK")
        #expect(ask("P\(number("satp"))=0100080000000080") == "OK" && ask("P\(number("priv"))=0100000000000000") == "OK")
        #expect(ask("m10,2") == "abcd" && ask("m80000010,2") == "E0e")
        #expect(ask("Qqemu.PhyMemMode:1") == "OK" && ask("m80000010,2") == "abcd" && ask("M80000010,2:1234") == "OK")
        #expect(ask("Qqemu.PhyMemMode:0") == "OK" && ask("m10,2") == "1234")
    }

    /// Who reads slowly gets all of a long answer.
    @Test func longAnswersAreWhole() {
        server.handle(.opened)
        terminal.isSlow = true
        server.receive(PacketCoding.packet(Array("qRcmd,6d756368".utf8)))
        machine.settle()
        var received: [UInt8] = []
        while !terminal.held.isEmpty {
            #expect(terminal.held.count <= 1 << 16)
            received += terminal.held
            terminal.held = []
            server.backendHasRoom()
        }
        #expect(received == [UInt8(ascii: "+")] + PacketCoding.packet(Array(repeatElement("78", count: 1 << 20).joined().utf8)))
    }

    @Test func registersAreNamed() {
        server.handle(.opened)
        let table = machine.machine.cpus[0].debugRegisters
        #expect(table.general == 68 && table.registers.contains { $0.name == "satp" } && table.registers[68].name == "priv")
        #expect(ask("g").count == 2 * 8 * (33 + 32) + 2 * 4 * 3)
        let number = String(table.registers.firstIndex { $0.name == "mscratch" } ?? 0, radix: 16)
        #expect(ask("P\(number)=3412000000000000") == "OK" && ask("p\(number)") == "3412000000000000")
        let level = String(table.registers.firstIndex { $0.name == "priv" } ?? 0, radix: 16)
        #expect(ask("p\(level)") == "0300000000000000" && ask("P\(level)=0100000000000000") == "OK" && ask("p\(level)") == "0100000000000000")
        #expect(ask("p\(number)") == "3412000000000000", "a debugger reads what the level may not")
    }

    @Test func theMonitorAnswers() {
        server.handle(.opened)
        #expect(ask("qRcmd,6869") == "796f7520736169642068690a" && ask("qRcmd,73696c656e6365") == "OK")
    }

    @Test func itLeavesAndKills() {
        server.handle(.opened)
        #expect(ask("D") == "OK" && machine.runState == .running)
        #expect(ask("vCont;s:1") == "" && machine.orders.last == "step hold false")
        server.handle(.closed)
        #expect(answers() == [] && machine.runState == .running && machine.orders.last == "endStepping", "virtual time goes on")
        server.handle(.opened)
        #expect(ask("vKill;1") == "OK" && machine.orders.last == "quit")
    }

    @Test func damagedPacketsAreAskedForAgain() {
        server.handle(.opened)
        server.receive(Array("$qC#00".utf8))
        machine.settle()
        #expect(terminal.sent == [UInt8(ascii: "-")])
        terminal.sent = []
        #expect(ask("qC") == "QC1")
        let before = { PacketCoding.packet(Array("QC1".utf8)) }()
        server.receive([UInt8(ascii: "-")])
        machine.settle()
        #expect(terminal.sent == before)
    }
}
