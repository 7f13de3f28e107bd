import CPUModel

/// Registers, memory, breakpoints.
extension DebugSession {
    func readAll(_ target: any DebugTarget) -> Answer {
        var bytes: [UInt8] = []
        for number in 0..<target.registers.general {
            guard let value = target.register(number, of: selected) else { return DebugSession.noThread }
            bytes += value
        }
        return .reply(Hexadecimal.text(bytes))
    }

    func writeAll(_ text: PacketText, _ target: any DebugTarget) -> Answer {
        guard let bytes = Hexadecimal.bytes(text.rest) else { return DebugSession.malformed }
        let registers = target.registers.registers.prefix(target.registers.general)
        guard bytes.count == registers.reduce(0, { $0 + $1.bits / 8 }) else { return DebugSession.malformed }
        var place = 0
        for (number, register) in registers.enumerated() {
            target.setRegister(number, of: selected, Array(bytes[place..<place + register.bits / 8]))
            place += register.bits / 8
        }
        return DebugSession.done
    }

    private func number(_ text: inout PacketText, _ target: any DebugTarget) -> Int? {
        text.integer().flatMap { $0 < target.registers.registers.count ? $0 : nil }
    }

    func readOne(_ text: inout PacketText, _ target: any DebugTarget) -> Answer {
        guard let number = number(&text, target) else { return DebugSession.malformed }
        guard let value = target.register(number, of: selected) else { return DebugSession.noThread }
        // A register that is there and cannot be read.
        if value.isEmpty { return DebugSession.text(String(repeating: "x", count: target.registers.registers[number].bits / 4)) }
        return .reply(Hexadecimal.text(value))
    }

    func writeOne(_ text: inout PacketText, _ target: any DebugTarget) -> Answer {
        guard let number = number(&text, target), text.skip("="), let bytes = Hexadecimal.bytes(text.rest),
            bytes.count == target.registers.registers[number].bits / 8
        else { return DebugSession.malformed }
        target.setRegister(number, of: selected, bytes)
        return DebugSession.done
    }

    // MARK: Memory

    func readMemory(_ text: inout PacketText, _ target: any DebugTarget) -> Answer {
        guard let range = text.range() else { return DebugSession.malformed }
        let bytes = target.readMemory(range.address, min(range.count, PacketReader.most / 2), of: selected)
        return bytes.isEmpty && range.count > 0 ? DebugSession.unreadable : .reply(Hexadecimal.text(bytes))
    }

    func writeMemory(_ text: inout PacketText, _ target: any DebugTarget, isBinary: Bool) -> Answer {
        guard let range = text.range(), text.skip(":"), let bytes = isBinary ? Array(text.rest) : Hexadecimal.bytes(text.rest),
            bytes.count == range.count
        else { return DebugSession.malformed }
        return bytes.isEmpty || target.writeMemory(range.address, bytes, of: selected) ? DebugSession.done : DebugSession.unreadable
    }

    // MARK: Points

    /// `type,address,kind`; of a watchpoint the kind is its length.
    private func point(_ text: inout PacketText) -> DebugPoint? {
        guard let type = text.integer(), text.skip(","), let range = text.range() else { return nil }
        switch type {
        case 0: return .software(range.address)
        case 1: return .hardware(range.address)
        case 2, 3, 4:
            guard range.count > 0, let kind = Watchpoint.Kind(rawValue: UInt8(type - 2)) else { return nil }
            return .watch(Watchpoint(kind, address: range.address, count: UInt64(range.count)))
        default: return nil
        }
    }

    func insert(_ text: inout PacketText, _ target: any DebugTarget) -> Answer {
        guard let point = point(&text) else { return DebugSession.malformed }
        return target.insert(point) ? DebugSession.done : DebugSession.notThere
    }

    func remove(_ text: inout PacketText, _ target: any DebugTarget) -> Answer {
        guard let point = point(&text) else { return DebugSession.malformed }
        target.remove(point)
        return DebugSession.done
    }
}
