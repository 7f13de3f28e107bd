/// Running on.
extension DebugSession {
    /// `c`, `s`, and with a signal `C` and `S`; an address to go on at may follow.
    mutating func resume(_ letter: UInt8, _ text: inout PacketText, _ target: any DebugTarget) -> Answer {
        guard let action = action(letter, &text) else { return DebugSession.malformed }
        _ = text.skip(";")
        if let address = text.number() { setPC(address, target) }
        if !text.isEmpty { return DebugSession.malformed }
        // A step is of one thread, while the others run.
        let stepped = ResumeChoice(thread: resumed ?? selected, action: action)
        return .resume([stepped, ResumeChoice(thread: nil, action: ResumeAction(steps: false, signal: 0))])
    }

    private func action(_ letter: UInt8, _ text: inout PacketText) -> ResumeAction? {
        let steps = letter == UInt8(ascii: "s") || letter == UInt8(ascii: "S")
        guard letter == UInt8(ascii: "C") || letter == UInt8(ascii: "S") else { return ResumeAction(steps: steps, signal: 0) }
        return text.number().flatMap { SignalNumbers.linux($0) }.map { ResumeAction(steps: steps, signal: $0) }
    }

    private func setPC(_ address: UInt64, _ target: any DebugTarget) {
        guard let number = target.registers.registers.firstIndex(where: { $0.name == "pc" }) else { return }
        let bytes = (0..<target.registers.registers[number].bits / 8).map { UInt8(truncatingIfNeeded: address >> UInt64(8 * $0)) }
        target.setRegister(number, of: selected, bytes)
    }

    /// `vCont;ACTION:THREAD;…`
    func resume(actions text: inout PacketText, _ target: any DebugTarget) -> Answer {
        var choices: [ResumeChoice] = []
        while text.skip(";") {
            var part = PacketText(text.rest.prefix { $0 != UInt8(ascii: ";") })
            _ = text.consume(part.rest.count)
            guard let letter = part.consume(1).first, "cCsS".utf8.contains(letter), let action = action(letter, &part) else {
                return DebugSession.malformed
            }
            guard part.skip(":") else {
                if !part.isEmpty { return DebugSession.malformed }
                choices.append(ResumeChoice(thread: nil, action: action))
                continue
            }
            guard let id = part.threadID(), part.isEmpty else { return DebugSession.malformed }
            if case .one(let process) = id.process, process != target.process { continue }
            if case .one(let thread) = id.thread {
                choices.append(ResumeChoice(thread: thread, action: action))
            } else {
                choices.append(ResumeChoice(thread: nil, action: action))
            }
        }
        return choices.isEmpty || !text.isEmpty ? DebugSession.malformed : .resume(choices)
    }
}

extension PacketText {
    /// Drops bytes at the front and gives them.
    mutating func consume(_ count: Int) -> ArraySlice<UInt8> {
        let part = rest.prefix(count)
        self = PacketText(rest.dropFirst(count))
        return part
    }
}
