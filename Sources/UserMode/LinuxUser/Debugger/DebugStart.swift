import Diagnostics
import GDBStub
import Glibc
import HostOS

extension LinuxProcess {
    /// `-g`: waits for a debugger, or goes on with the one of the program before, and leaves the program stopped at its first instruction.
    ///
    /// - Parameter place: a port, a path, or `fd:DESCRIPTOR:TERMS` behind an execve.
    func startDebugger(_ place: String, _ thread: LinuxThread) throws(HostError) {
        let inherited = place.hasPrefix("fd:") ? place.split(separator: ":").dropFirst().compactMap { Int32($0) } : []
        let isInherited = inherited.count == 2
        let connection =
            isInherited ? DebugConnection(descriptor: inherited[0]) : try DebugConnection.accept(on: place)
        let terms = isInherited ? DebugSession.Terms(rawValue: UInt8(truncatingIfNeeded: inherited[1])) : []
        let debugger = ProgramDebugger(program: self, connection: connection, terms: terms)
        debugger.auxiliaryVector = stack.auxiliary
        self.debugger = debugger
        lock.withLock { signals.noteDeadly() }
        debugger.begin(thread, announces: isInherited && terms.contains(.executionEvents), runs: isInherited)
    }

    /// What a program that takes this one's place is told of the debugger. Without one it is told so: QEMU_GDB may be in its environment.
    var debugWords: [String] { debugger?.words() ?? (options.debugger == nil ? [] : ["-g", "none"]) }

    var isDebugged: Bool { debugger?.isDetached == false }
}

extension ProgramDebugger {
    /// The program's first moment.
    ///
    /// - Parameters:
    ///   - announces: tells the debugger, which waits for a stop, that another program has taken the old one's place.
    ///   - runs: whether it goes on by itself where nothing is told.
    func begin(_ thread: LinuxThread, announces: Bool, runs: Bool) {
        lastThread = ProgramDebugger.number
        add(thread)
        let path = program.executable.text
        let stop = StopReport(signal: SIGTRAP, thread: lastThread, reason: announces ? .execution(path: path) : .signal)
        if announces {
            lock.withLock { beginStop(stop) }
        } else if !runs {
            lock.withLock { isStopped = true }
            // What the debugger asks for first.
            _ = session.report(stop, self)
        }
        startServing(mask: thread.mask)
    }
}
