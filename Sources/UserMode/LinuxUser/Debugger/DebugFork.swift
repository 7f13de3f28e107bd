import CHost
import GDBStub
import Glibc
import UserExecution

/// Fork and execution under a debugger.
extension ProgramDebugger {
    /// Forks while nothing of the debugger's is in the middle of a change; the lock is held on both sides afterwards.
    func beginFork() -> (Int32, Int32)? {
        lock.lock()
        while !isDetached, isStopped { changed.wait(lock) }
        return session.terms.contains(.forkEvents) && !isDetached ? ForkChannel.pair() : nil
    }

    /// In the parent: the debugger hears of the child, which waits.
    func forked(_ child: Int, _ ends: (Int32, Int32)?) {
        lock.unlock()
        guard let ends else { return }
        close(ends.1)
        if child <= 0 {
            close(ends.0)
            return
        }
        let channel = ForkChannel(descriptor: ends.0, child: child)
        lock.withLock {
            if isDetached { channel.send(.run) } else { self.child = channel }
        }
        if stop(.fork(child: child)) == nil { channel.send(.run) }
    }

    /// In the child, whose only thread is the calling one: waits for the debugger's word. The result debugs the child.
    func forkedChild(_ thread: LinuxThread, _ ends: (Int32, Int32)?) -> ProgramDebugger? {
        guard let ends, !isDetached else {
            if !isDetached {
                program.engine.removeDebugPoints()
                closeDescriptors()
            }
            lock.unlock()
            return nil
        }
        lock.unlock()
        close(ends.0)
        close(wake)
        let own = ProgramDebugger(program: program, connection: connection, terms: session.terms)
        own.inherit(self, thread)
        let channel = ForkChannel(descriptor: ends.1, child: own.process)
        defer { close(ends.1) }
        while true {
            let message = channel.receive()
            switch message.kind {
            case .packet:
                let answer = own.session.handle(message.bytes, own)
                channel.send(.packet, ProgramDebugger.text(answer))
                if answer == .kill { apus_die_of_signal(SIGKILL) }
            case .takeOver:
                own.startServing(mask: .max)
                return own
            case .run:
                program.engine.removeDebugPoints()
                own.closeDescriptors()
                return nil
            }
        }
    }

    private func inherit(_ parent: ProgramDebugger, _ thread: LinuxThread) {
        lastThread = process
        entries[process] = Entry(thread: thread, state: .waiting)
        (points, passedSignals, caughtCalls) = (parent.points, parent.passedSignals, parent.caughtCalls)
        auxiliaryVector = parent.auxiliaryVector
        isStopped = true
        thread.runner.isStepping = false
        _ = session.report(StopReport(signal: SIGTRAP, thread: process, reason: .signal), self)
    }

    /// The answer to a packet that came through the parent.
    private static func text(_ answer: DebugSession.Answer) -> [UInt8] {
        switch answer {
        case .reply(let reply): reply
        case .detach, .kill: Array("OK".utf8)
        case .resume: Array("E.a child runs on when its parent has been left".utf8)
        }
    }

    /// The answer to a packet that is meant for the child; nil for all others.
    func passOn(_ packet: [UInt8]) -> [UInt8]? {
        guard let child else { return nil }
        if let named = DebugSession.process(of: packet) {
            if packet.first == UInt8(ascii: "H") { selectsChild = named == child.child }
            if named != child.child { return nil }
        } else if !selectsChild || !ProgramDebugger.followsSelection(packet) {
            return nil
        }
        child.send(.packet, packet)
        let reply = child.receive().bytes
        let isLeft = packet.starts(with: "D".utf8)
        if isLeft { child.send(.run) }
        if isLeft || packet.starts(with: "vKill".utf8) {
            close(child.descriptor)
            self.child = nil
            selectsChild = false
            session.otherThreads = []
        }
        return reply
    }

    /// Whether a packet is about the process of the selected thread.
    private static func followsSelection(_ packet: [UInt8]) -> Bool {
        guard let first = packet.first else { return false }
        return "gGpPmMXzZ".utf8.contains(first) || packet.starts(with: "qXfer:siginfo".utf8) || packet.starts(with: "qXfer:auxv".utf8)
    }

    // MARK: Execution

    /// The words by which the next program goes on with this debugger; nil if it has left.
    func words() -> [String]? {
        lock.withLock {
            if isDetached { return nil }
            _ = fcntl(connection.descriptor, F_SETFD, 0)
            return ["-g", "fd:\(connection.descriptor):\(session.terms.rawValue)"]
        }
    }

    /// The execution has failed.
    func stay() { _ = fcntl(connection.descriptor, F_SETFD, FD_CLOEXEC) }
}
