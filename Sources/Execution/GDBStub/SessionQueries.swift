import CPUModel

/// `q` and `Q` packets.
extension DebugSession {
    private static let offers =
        "PacketSize=\(String(PacketReader.most, radix: 16));QStartNoAckMode+;multiprocess+;vContSupported+;swbreak+;hwbreak+;"
        + "qXfer:features:read+;qXfer:threads:read+"

    mutating func query(_ text: inout PacketText, _ target: any DebugTarget) -> Answer {
        if text.skip("Supported") { return agree(&text, target) }
        if text.skip("Xfer:") { return transfer(&text, target) }
        if text.skip("Rcmd,") { return command(text, target) }
        if text.skip("ThreadExtraInfo,") { return extraInformation(&text, target) }
        switch text.string {
        case "C": return DebugSession.text("QC" + name(target.threads.first ?? selected, target.process))
        case "fThreadInfo":
            let own = target.threads.sorted().map { name($0, target.process) }
            return DebugSession.text("m" + (own + otherThreads.map { name($0.thread, $0.process) }).joined(separator: ","))
        case "sThreadInfo": return DebugSession.text("l")
        case "Symbol::": return DebugSession.done
        default:
            if text.skip("Attached") { return DebugSession.text(target.isAttached ? "1" : "0") }
            return target.query(text.string).map { DebugSession.text($0) } ?? DebugSession.notThere
        }
    }

    /// `qSupported`: what the debugger can do becomes the terms.
    private mutating func agree(_ text: inout PacketText, _ target: any DebugTarget) -> Answer {
        let known: [(String, Terms)] = [
            ("multiprocess+", .processes), ("fork-events+", .forkEvents), ("exec-events+", .executionEvents), ("swbreak+", .breakpointReasons),
        ]
        terms.formIntersection(.noAcknowledgement)
        _ = text.skip(":")
        while !text.isEmpty {
            let word = String(decoding: text.part(until: ";"), as: UTF8.self)
            for (name, term) in known where name == word { terms.insert(term) }
        }
        // Without processes a child could not be told from its parent.
        if !terms.contains(.processes) { terms.remove(.forkEvents) }
        return DebugSession.text(([DebugSession.offers] + target.abilities).joined(separator: ";"))
    }

    private func command(_ text: PacketText, _ target: any DebugTarget) -> Answer {
        guard let bytes = Hexadecimal.bytes(text.rest) else { return DebugSession.malformed }
        let line = String(decoding: bytes, as: UTF8.self)
        let answer = target.monitor(line) ?? "'\(line)' is no command; 'monitor help' lists them\n"
        return answer.isEmpty ? DebugSession.done : .reply(Hexadecimal.text(answer.utf8))
    }

    private func extraInformation(_ text: inout PacketText, _ target: any DebugTarget) -> Answer {
        guard case .one(let thread) = text.threadID()?.thread, target.threads.contains(thread) else { return DebugSession.noThread }
        return .reply(Hexadecimal.text(target.threadName(thread).utf8))
    }

    // MARK: Objects

    /// `OBJECT:read:ANNEX:offset,length` or `OBJECT:write:ANNEX:offset:data`.
    private func transfer(_ text: inout PacketText, _ target: any DebugTarget) -> Answer {
        let name = String(decoding: text.part(until: ":"), as: UTF8.self)
        let operation = String(decoding: text.part(until: ":"), as: UTF8.self)
        let annex = String(decoding: text.part(until: ":"), as: UTF8.self)
        if operation == "write", name == "siginfo" { return writeSignal(&text, target) }
        guard operation == "read", let content = content(name, annex, target) else { return DebugSession.notThere }
        guard let range = text.range() else { return DebugSession.malformed }
        let start = Int(clamping: range.address)
        if start >= content.count { return DebugSession.text("l") }
        // An escaped byte takes two.
        let part = content[start...].prefix(min(range.count, PacketReader.most / 2 - 1))
        let isLast = start + part.count == content.count
        return .reply([UInt8(ascii: isLast ? "l" : "m")] + PacketCoding.escaped(part))
    }

    private func content(_ name: String, _ annex: String, _ target: any DebugTarget) -> [UInt8]? {
        switch name {
        case "features": annex == "target.xml" ? Array(target.registers.targetDescription.utf8) : nil
        case "threads": Array(threadList(target).utf8)
        default: target.object(name, thread: selected)
        }
    }

    private func threadList(_ target: any DebugTarget) -> String {
        var lines = target.threads.sorted().map {
            #"<thread id="\#(name($0, target.process))" name="\#(DebugSession.quoted(target.threadName($0)))"/>"#
        }
        lines += otherThreads.map { #"<thread id="\#(name($0.thread, $0.process))"/>"# }
        return #"<?xml version="1.0"?><threads>"# + lines.joined() + "</threads>"
    }

    private static func quoted(_ text: String) -> String {
        String(text.map { $0 == "<" || $0 == ">" || $0 == "&" || $0 == "\"" ? "_" : $0 })
    }

    private func writeSignal(_ text: inout PacketText, _ target: any DebugTarget) -> Answer {
        guard let offset = text.integer(), text.skip(":") else { return DebugSession.malformed }
        let bytes = Array(text.rest)
        return target.setSignalInformation(offset, bytes, thread: selected)
            ? DebugSession.text(String(bytes.count, radix: 16)) : DebugSession.malformed
    }

    // MARK: Settings

    mutating func set(_ text: inout PacketText, _ target: any DebugTarget) -> Answer {
        if text.skip("StartNoAckMode") {
            terms.insert(.noAcknowledgement)
            return DebugSession.done
        }
        if text.skip("PassSignals:") { return passSignals(&text, target) }
        if text.skip("CatchSyscalls:") { return catchCalls(&text, target) }
        // Threads that run while others stand still are not supported.
        if text.skip("NonStop:") { return text.skip("0") ? DebugSession.done : DebugSession.malformed }
        return target.set(text.string).map { DebugSession.text($0) } ?? DebugSession.notThere
    }

    private func passSignals(_ text: inout PacketText, _ target: any DebugTarget) -> Answer {
        var signals: Set<Int32> = []
        while !text.isEmpty {
            guard let number = text.number() else { return DebugSession.malformed }
            // gdb names signals that Linux has not; none of them will come.
            if let signal = SignalNumbers.linux(number) { signals.insert(signal) }
            if !text.skip(";"), !text.isEmpty { return DebugSession.malformed }
        }
        target.setPassedSignals(signals)
        return DebugSession.done
    }

    private func catchCalls(_ text: inout PacketText, _ target: any DebugTarget) -> Answer {
        guard text.skip("1") else {
            target.setCaughtCalls(.none)
            return text.skip("0") ? DebugSession.done : DebugSession.malformed
        }
        var numbers: Set<UInt64> = []
        while text.skip(";") {
            guard let number = text.number() else { return DebugSession.malformed }
            numbers.insert(number)
        }
        target.setCaughtCalls(numbers.isEmpty ? .all : .some(numbers))
        return DebugSession.done
    }
}
