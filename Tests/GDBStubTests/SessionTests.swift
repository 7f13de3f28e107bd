import CPUModel
import GDBStub
import Testing

@Suite struct SessionTests {
    private let target = FakeTarget()

    private func answer(_ session: inout DebugSession, _ packet: String) -> String {
        guard case .reply(let bytes) = session.handle(Array(packet.utf8), target) else { return "no reply" }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The answer of a session that has agreed on processes.
    private func answer(_ packet: String) -> String {
        var session = DebugSession(thread: 0x10, terms: .processes)
        return answer(&session, packet)
    }

    @Test func registersAreReadAndWritten() {
        #expect(answer("g") == "00000000000000003412000000000000" && answer("p1") == "3412000000000000")
        #expect(answer("P1=0100000000000000") == "OK" && target.values[0x10]?[1] == FakeTarget.word(1))
        #expect(answer("G" + String(repeating: "01", count: 16)) == "OK" && answer("p0") == "0101010101010101")
        var session = DebugSession(thread: 0x10, terms: .processes)
        #expect(answer(&session, "Hgp10.11") == "OK" && answer(&session, "p1") == "7856000000000000")
    }

    @Test(arguments: [
        "p2", "p", "px", "P1=01", "P1", "P2=0000000000000000", "G00", "Gx", "m", "m100", "m,4", "M100,2:01", "X100,2:a", "Z0", "Z9,1,1", "Z2,1,0",
    ])
    func nonsenseIsAnError(packet: String) { #expect(answer(packet) == "E16") }

    @Test(arguments: ["vMustReplyEmpty", "vCtrlC", "qNothing", "QNothing", "!", "", "qXfer:nothing:read::0,10", "vFile:unlink:00"])
    func unknownIsEmpty(packet: String) { #expect(answer(packet) == "") }

    @Test func memoryIsReadAsFarAsItGoes() {
        #expect(answer("m100,4") == "00010203" && answer("m10e,8") == "0e0f" && answer("m200,1") == "E0e" && answer("m100,0") == "")
        #expect(answer("M102,2:aabb") == "OK" && answer("m101,3") == "01aabb" && answer("X100,1:z") == "OK" && answer("m100,1") == "7a")
        #expect(answer("M10f,2:0000") == "E0e")
        #expect(answer("mffffffffffffffff,ffffffffffffffff") == "E16" && answer("m11111111111111111,1") == "E16")
    }

    @Test func pointsComeAndGo() {
        #expect(answer("Z0,1000,4") == "OK" && answer("Z3,2000,8") == "OK" && answer("Z1,1000,2") == "OK")
        #expect(target.points == [.software(0x1000), .hardware(0x1000), .watch(Watchpoint(.read, address: 0x2000, count: 8))])
        #expect(answer("z0,1000,4") == "OK" && target.points.count == 2)
    }

    @Test func watchpointsMeetWhatOverlaps() {
        let point = Watchpoint(.write, address: 0x100, count: 4)
        #expect(point.hit(0xfe, 4, reads: false, writes: true) == 0x100 && point.hit(0x103, 8, reads: true, writes: true) == 0x103)
        #expect(point.hit(0x104, 8, reads: false, writes: true) == nil && point.hit(0xf8, 8, reads: false, writes: true) == nil)
        #expect(point.hit(0x100, 4, reads: true, writes: false) == nil)
    }

    @Test func threadsAreNamedWithTheirProcess() {
        #expect(answer("qC") == "QCp10.10" && answer("qfThreadInfo") == "mp10.10,p10.11" && answer("qsThreadInfo") == "l")
        #expect(answer("Tp10.11") == "OK" && answer("Tp10.12") == "E03" && answer("Tp11.11") == "E03" && answer("T11") == "OK")
        #expect(answer("qXfer:threads:read::0,1000").contains(#"<thread id="p10.11" name="thread _17_"/>"#))
        #expect(DebugSession.process(of: Array("Hgp11.11".utf8)) == 0x11 && DebugSession.process(of: Array("D;11".utf8)) == 0x11)
        #expect(DebugSession.process(of: Array("Hg0".utf8)) == nil && DebugSession.process(of: Array("g".utf8)) == nil)
    }

    @Test func goingOn() {
        func resumed(_ packet: String) -> [ResumeChoice]? {
            var session = DebugSession(thread: 0x11, terms: .processes)
            guard case .resume(let choices) = session.handle(Array(packet.utf8), target) else { return nil }
            return choices
        }
        let run = ResumeAction(steps: false, signal: 0), step = ResumeAction(steps: true, signal: 0)
        #expect(resumed("vCont;c") == [ResumeChoice(thread: nil, action: run)])
        #expect(resumed("vCont;s:p10.11;c:p10.-1") == [ResumeChoice(thread: 0x11, action: step), ResumeChoice(thread: nil, action: run)])
        #expect(resumed("vCont;C1e:p10.10") == [ResumeChoice(thread: 0x10, action: ResumeAction(steps: false, signal: 10))])
        #expect(resumed("s") == [ResumeChoice(thread: 0x11, action: step), ResumeChoice(thread: nil, action: run)])
        #expect(resumed("c400") != nil && target.values[0x11]?[1] == FakeTarget.word(0x400))
        for packet in ["vCont", "vCont;", "vCont;x", "vCont;c:", "vCont;Cff", "vCont;c;", "C", "Sff", "cx"] {
            #expect(resumed(packet) == nil, "\(packet)")
        }
    }

    @Test func whatBothSidesCan() {
        var session = DebugSession(thread: 0x10)
        #expect(answer(&session, "qSupported:multiprocess+;swbreak+;fork-events+;exec-events-").contains("vContSupported+"))
        #expect(answer(&session, "qSupported").hasSuffix(";fork-events+"), "what the target can do beyond what all can")
        _ = answer(&session, "qSupported:multiprocess+;swbreak+;fork-events+;exec-events-")
        #expect(session.terms == [.processes, .breakpointReasons, .forkEvents])
        #expect(answer(&session, "QStartNoAckMode") == "OK" && session.terms.contains(.noAcknowledgement))
        #expect(answer(&session, "QNonStop:1") == "E16" && answer(&session, "QNonStop:0") == "OK")
        // Without processes a child could not be told from its parent.
        _ = answer(&session, "qSupported:fork-events+")
        #expect(session.terms == .noAcknowledgement)
    }

    @Test func stopsAreReported() {
        var session = DebugSession(thread: 0x10, terms: [.processes, .breakpointReasons])
        func text(_ signal: Int32, _ reason: StopReport.Reason) -> String {
            String(decoding: session.report(StopReport(signal: signal, thread: 0x11, reason: reason), target), as: UTF8.self)
        }
        #expect(text(5, .softwareBreakpoint) == "T05swbreak:;01:7856000000000000;thread:p10.11;")
        #expect(text(10, .signal) == "T1e01:7856000000000000;thread:p10.11;" && answer(&session, "?") == text(10, .signal))
        #expect(text(5, .watchpoint(.access, 0x2004)).hasPrefix("T05awatch:2004;") && text(5, .fork(child: 0x20)).hasPrefix("T05fork:p20.20;"))
        #expect(text(5, .execution(path: "/x")).hasPrefix("T05exec:2f78;") && text(5, .systemCallEntry(64)).hasPrefix("T05syscall_entry:40;"))
        #expect(session.report(.exited(5), process: 0x10) == Array("W05;process:10".utf8))
        #expect(session.report(.killed(11), process: 0x10) == Array("X0b;process:10".utf8))
    }

    @Test func objectsComeInParts() {
        #expect(answer("qXfer:auxv:read::0,3") == "ma}]b" && answer("qXfer:auxv:read::3,10") == "l}\u{3}c" && answer("qXfer:auxv:read::5,1") == "l")
        #expect(answer("qXfer:auxv:read::") == "E16" && answer("qXfer:auxv:read::ffffffffffffffff,1") == "l")
        let description = answer("qXfer:features:read:target.xml:0,1000")
        #expect(description.contains(#"<reg name="pc" bitsize="64" type="code_ptr" regnum="1" group="general"/>"#))
    }

    @Test func settingsReachTheTarget() {
        #expect(answer("QPassSignals:e;14;1e") == "OK" && target.passed == [14, 17, 10])
        #expect(answer("QPassSignals:") == "OK" && target.passed == [])
        #expect(answer("QCatchSyscalls:1;40") == "OK" && target.caught == .some([64]))
        #expect(answer("QCatchSyscalls:1") == "OK" && target.caught == .all && answer("QCatchSyscalls:0") == "OK" && target.caught == .none)
        #expect(answer("qRcmd,68656c6c6f") == "68690a" && answer("qRcmd,6x") == "E16")
    }

    @Test func whatIsTheTargetsOwnIsAsked() {
        #expect(answer("qown.query") == "42" && answer("Qown.setting:1") == "OK" && answer("qother") == "" && answer("Qother:1") == "")
        #expect(answer("qAttached") == "0" && answer("qAttached:10") == "0")
    }

    /// Two points at one address are one breakpoint.
    @Test func pointsAreKept() {
        final class Holder: DebugPointHolder {
            var log: [String] = []
            func insertBreakpoint(at address: UInt64) { log.append("+\(address)") }
            func removeBreakpoint(at address: UInt64) { log.append("-\(address)") }
            func setWatchpoints(_ points: [Watchpoint]) { log.append("=\(points.count)") }
        }
        let holder = Holder()
        var list = DebugPointList()
        for point in [.software(1), .hardware(1), .software(1), .watch(Watchpoint(.read, address: 2, count: 4))] as [DebugPoint] {
            list.insert(point, into: holder)
        }
        list.remove(.software(1), from: holder)
        #expect(holder.log == ["+1", "+1", "=1"] && list.contains(.hardware(1)) && !list.contains(.software(1)))
        list.remove(.software(1), from: holder)
        list.removeAll(from: holder)
        #expect(holder.log == ["+1", "+1", "=1", "-1", "=0"] && list.points.isEmpty)
    }

    @Test func filesAreRead() {
        var session = DebugSession(thread: 0x10)
        let path = #filePath.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(answer(&session, "vFile:open:\(path),0,0") == "F4" && answer(&session, "vFile:pread:4,6,0") == "F6;import")
        #expect(answer(&session, "vFile:fstat:4").hasPrefix("F40;") && answer(&session, "vFile:pread:4,6,ffffffff") == "F0;")
        #expect(
            answer(&session, "vFile:close:4") == "F0" && answer(&session, "vFile:close:4") == "F-1,9"
                && answer(&session, "vFile:pread:4,1,0") == "F-1,9")
        #expect(answer(&session, "vFile:open:\(path),1,0") == "F-1,1e" && answer(&session, "vFile:open:2f6e6f,0,0") == "F-1,2")
        #expect(answer(&session, "vFile:setfs:0") == "F0" && answer(&session, "vFile:open:x") == "F-1,16")
    }
}
