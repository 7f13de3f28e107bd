import CPUModel

/// The conversation with one debugger: what a packet asks is done to the target, and answered. It knows the remote protocol ("gdb Remote
/// Serial Protocol" in gdb's manual) and nothing of programs or machines.
public struct DebugSession {
    /// What becomes of a packet.
    public enum Answer: Equatable, Sendable {
        case reply([UInt8])
        /// The target goes on; the next stop is the answer.
        case resume([ResumeChoice])
        /// The debugger leaves and the target runs on.
        case detach
        case kill
    }

    /// What both sides have agreed on.
    public struct Terms: OptionSet, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        public static let noAcknowledgement = Terms(rawValue: 1)
        public static let processes = Terms(rawValue: 2)
        public static let forkEvents = Terms(rawValue: 4)
        public static let executionEvents = Terms(rawValue: 8)
        public static let breakpointReasons = Terms(rawValue: 16)
    }

    public var terms: Terms
    /// The thread that registers are read of, and the one that `s` and `c` are meant for; nil for all.
    var selected: Int
    var resumed: Int?
    var files = RemoteFiles()
    /// What the target stopped for.
    private var lastStop: [UInt8] = []
    /// Threads of other processes that the debugger has to go on seeing: a child that has just been forked.
    public var otherThreads: [(process: Int, thread: Int)] = []

    public init(thread: Int, terms: Terms = []) {
        selected = thread
        self.terms = terms
    }

    static let notThere = Answer.reply([])
    static let done = Answer.reply(Array("OK".utf8))
    static func text(_ text: String) -> Answer { .reply(Array(text.utf8)) }
    /// An error number of Linux.
    static func failure(_ code: UInt8) -> Answer { .reply(Array("E".utf8) + Hexadecimal.text([code])) }
    /// EINVAL, EFAULT and ESRCH.
    static let malformed = failure(22), unreadable = failure(14), noThread = failure(3)

    // MARK: Packets

    public mutating func handle(_ packet: [UInt8], _ target: any DebugTarget) -> Answer {
        var text = PacketText(packet.dropFirst())
        guard let letter = packet.first else { return DebugSession.notThere }
        switch Character(UnicodeScalar(letter)) {
        case "?": return .reply(lastStop)
        case "g": return readAll(target)
        case "G": return writeAll(text, target)
        case "p": return readOne(&text, target)
        case "P": return writeOne(&text, target)
        case "m": return readMemory(&text, target)
        case "M": return writeMemory(&text, target, isBinary: false)
        case "X": return writeMemory(&text, target, isBinary: true)
        case "Z": return insert(&text, target)
        case "z": return remove(&text, target)
        case "H": return select(&text, target)
        case "T": return thread(&text, target) == nil ? DebugSession.noThread : DebugSession.done
        case "c", "C", "s", "S": return resume(letter, &text, target)
        case "D": return .detach
        case "k": return .kill
        case "v": return multiLetter(&text, target)
        case "q": return query(&text, target)
        case "Q": return set(&text, target)
        default: return DebugSession.notThere
        }
    }

    private mutating func multiLetter(_ text: inout PacketText, _ target: any DebugTarget) -> Answer {
        if text.skip("Cont?") { return DebugSession.text("vCont;c;C;s;S") }
        if text.skip("Cont") { return resume(actions: &text, target) }
        if text.skip("Kill") { return .kill }
        if text.skip("File:") { return files.handle(&text, target) }
        return DebugSession.notThere
    }

    // MARK: Threads

    /// The process that a packet is meant for; nil if it names none.
    public static func process(of packet: [UInt8]) -> Int? {
        var text = PacketText(packet)
        if text.skip("D;") || text.skip("vKill;") { return text.integer() }
        guard text.skip("Hg") || text.skip("Hc") || text.skip("T"), let id = text.threadID(), case .one(let process) = id.process else { return nil }
        return process
    }

    /// A thread that is there.
    private func thread(_ text: inout PacketText, _ target: any DebugTarget) -> Int? {
        guard let id = text.threadID() else { return nil }
        if case .one(let process) = id.process, process != target.process { return nil }
        switch id.thread {
        case .one(let thread): return target.threads.contains(thread) ? thread : nil
        case .all, .any: return target.threads.first
        }
    }

    private mutating func select(_ text: inout PacketText, _ target: any DebugTarget) -> Answer {
        if text.skip("c") {
            let names = text.rest
            guard let thread = thread(&text, target) else { return DebugSession.noThread }
            resumed = names.elementsEqual("-1".utf8) || names.elementsEqual("0".utf8) ? nil : thread
            return DebugSession.done
        }
        guard text.skip("g"), let thread = thread(&text, target) else { return DebugSession.noThread }
        selected = thread
        return DebugSession.done
    }

    func name(_ thread: Int, _ process: Int) -> String {
        let number = String(thread, radix: 16)
        return terms.contains(.processes) ? "p\(String(process, radix: 16)).\(number)" : number
    }

    // MARK: Stops

    /// The packet that tells of a stop; from now on packets are about its thread.
    public mutating func report(_ stop: StopReport, _ target: any DebugTarget) -> [UInt8] {
        selected = stop.thread
        var text = "T" + String(decoding: Hexadecimal.text([SignalNumbers.gdb(stop.signal)]), as: UTF8.self)
        text += reason(stop.reason)
        for number in target.registers.expedited {
            guard let bytes = target.register(number, of: stop.thread) else { continue }
            let key = String(decoding: Hexadecimal.text([UInt8(number)]), as: UTF8.self)
            text += key + ":" + String(decoding: Hexadecimal.text(bytes), as: UTF8.self) + ";"
        }
        text += "thread:\(name(stop.thread, target.process));"
        lastStop = Array(text.utf8)
        return lastStop
    }

    private func reason(_ reason: StopReport.Reason) -> String {
        switch reason {
        case .signal: ""
        case .softwareBreakpoint: terms.contains(.breakpointReasons) ? "swbreak:;" : ""
        case .hardwareBreakpoint: terms.contains(.breakpointReasons) ? "hwbreak:;" : ""
        case .watchpoint(.write, let address): "watch:\(String(address, radix: 16));"
        case .watchpoint(.read, let address): "rwatch:\(String(address, radix: 16));"
        case .watchpoint(.access, let address): "awatch:\(String(address, radix: 16));"
        case .fork(let child): "fork:\(name(child, child));"
        case .execution(let path): "exec:\(String(decoding: Hexadecimal.text(path.utf8), as: UTF8.self));"
        case .systemCallEntry(let number): "syscall_entry:\(String(number, radix: 16));"
        case .systemCallReturn(let number): "syscall_return:\(String(number, radix: 16));"
        }
    }

    /// The packet that tells of the process's end.
    public func report(_ end: ProcessEnd, process: Int) -> [UInt8] {
        let text: [UInt8]
        switch end {
        case .exited(let code): text = [UInt8(ascii: "W")] + Hexadecimal.text([code])
        case .killed(let signal): text = [UInt8(ascii: "X")] + Hexadecimal.text([SignalNumbers.gdb(signal)])
        }
        return terms.contains(.processes) ? text + Array(";process:\(String(process, radix: 16))".utf8) : text
    }
}
