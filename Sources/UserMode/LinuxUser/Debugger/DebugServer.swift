import CHost
import GDBStub
import Glibc

/// The thread that talks with the debugger.
extension ProgramDebugger {
    private static let stackSize = 512 << 10

    /// Starts it. The calling thread's signals are blocked meanwhile, and so are the new thread's for good.
    func startServing(mask: UInt64) {
        LinuxThread.setHostMask(.max)
        let failure = unsafe apus_start_thread(
            ProgramDebugger.stackSize,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let debugger = unsafe Unmanaged<ProgramDebugger>.fromOpaque(argument).takeRetainedValue()
                debugger.serve()
                close(debugger.connection.descriptor)
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        LinuxThread.setHostMask(mask)
        if failure != 0 { lock.withLock { leave() } }
    }

    private func serve() {
        var isStill = lock.withLock { isStopped && report == nil }
        while true {
            if !isStill {
                guard waitForStop() else { return lose() }
                if let end = lock.withLock({ end }) { return tell(end) }
                tellStop()
            }
            waitForAll()
            guard converse() else { return }
            isStill = false
        }
    }

    /// The debugger has gone without a word.
    private func lose() { lock.withLock { leave() } }

    private func tell(_ end: ProcessEnd) {
        send(session.report(end, process: process))
        connection.finish()
        lock.withLock { leave() }
    }

    private func tellStop() {
        waitForAll()
        guard let report = lock.withLock({ report }) else { return }
        lastThread = report.thread
        session.otherThreads = child.map { [($0.child, $0.child)] } ?? []
        send(session.report(report, self))
        lock.withLock { self.report = nil }
    }

    func send(_ reply: [UInt8]) { connection.send(PacketCoding.packet(reply)) }

    /// Answers packets until the program is to go on; false when there is nothing more to talk about.
    private func converse() -> Bool {
        var last: [UInt8] = []
        while let item = connection.receive() {
            switch item {
            case .packet(let packet):
                if !session.terms.contains(.noAcknowledgement) { connection.send([UInt8(ascii: "+")]) }
                switch act(packet) {
                case .answered(let reply):
                    last = reply
                    send(reply)
                case .running: return true
                case .over: return false
                }
            case .damaged: if !session.terms.contains(.noAcknowledgement) { connection.send([UInt8(ascii: "-")]) }
            case .retransmission: if !session.terms.contains(.noAcknowledgement) { send(last) }
            case .acknowledgement, .interrupt: break
            }
        }
        lose()
        return false
    }

    private enum Outcome { case answered([UInt8]), running, over }

    private func act(_ packet: [UInt8]) -> Outcome {
        if let reply = passOn(packet) { return .answered(reply) }
        switch session.handle(packet, self) {
        case .reply(let reply): return .answered(reply)
        case .resume(let choices):
            lock.withLock { resume(choices) }
            return .running
        case .detach:
            send(Array("OK".utf8))
            child?.send(.takeOver)
            child = nil
            lock.withLock { leave() }
            return .over
        case .kill:
            if packet.first == UInt8(ascii: "v") { send(Array("OK".utf8)) }
            child?.send(.run)
            connection.finish()
            apus_die_of_signal(SIGKILL)
            return .over
        }
    }
}
