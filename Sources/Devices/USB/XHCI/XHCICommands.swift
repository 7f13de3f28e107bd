import Diagnostics
import USB

/// The command ring (xHCI 1.2, sections 4.6 and 4.9.3).
extension XHCI {
    /// Commands that are done at one time.
    private static let mostCommands = 64

    /// The low half of the command ring's register.
    func writeCommandRing(low word: UInt32) {
        guard !isCommandRingRunning else {
            // Commands are not under way: to stop and to abort is the same.
            if word & 6 != 0 { stopCommandRing() }
            return
        }
        commandRing.dequeue = commandRing.dequeue & ~0xffff_ffff | UInt64(word & ~63)
        commandRing.cycle = word & 1 != 0
    }

    private func stopCommandRing() {
        isCommandRingRunning = false
        complete(.ringStopped, at: commandRing.dequeue, slot: 0)
    }

    private func complete(_ code: XHCICode, at place: UInt64, slot: Int, parameter: UInt32 = 0) {
        emit(
            XHCIBlock(
                parameter: place, status: UInt32(code.rawValue) << 24 | parameter,
                control: XHCIBlock.control(.commandCompletion, UInt32(slot) << 24)), to: 0)
    }

    func runCommands() {
        for _ in 0..<XHCI.mostCommands {
            guard isRunning, isCommandRingRunning, !interrupters[0].isClogged else { return }
            switch commandRing.fetch(function) {
            case .nothing: return
            case .unreachable: return fail("a command ring that is not in memory")
            case .endless: return fail("a command ring whose links have no end")
            case .block(let block, let place): carryOut(block, place)
            }
        }
        workLater()
    }

    private func carryOut(_ block: XHCIBlock, _ place: UInt64) {
        if block.kind == .enableSlot {
            let slot = enableSlot()
            return complete(slot == nil ? .noSlots : .success, at: place, slot: slot ?? 0)
        }
        if block.kind == .firmwareRevision, model == .nec {
            return complete(.success, at: place, slot: 0, parameter: XHCI.firmwareRevision)
        }
        let code = block.kind == .noOpCommand ? .success : carryOut(block)
        complete(code, at: place, slot: block.slot)
    }

    /// What the older driver of NEC's controllers reads.
    private static let firmwareRevision: UInt32 = 0x3021

    /// Commands for a slot.
    private func carryOut(_ block: XHCIBlock) -> XHCICode {
        let slotCommands: [XHCIBlock.Kind] = [
            .disableSlot, .addressDevice, .configureEndpoint, .evaluateContext, .resetEndpoint, .stopEndpoint, .setDequeue, .resetDevice,
        ]
        guard let kind = block.kind, slotCommands.contains(kind) else {
            Log.write(.guestErrors, "xhci: the command \(block.control >> 10 & 0x3f) is not supported")
            return .trbError
        }
        let slot = block.slot
        guard (1...slots.count).contains(slot), let entry = slots[slot - 1] else { return .slotNotEnabled }
        switch kind {
        case .disableSlot: return disable(slot)
        case .addressDevice: return address(slot, block)
        case .configureEndpoint: return configure(slot, block)
        case .evaluateContext: return evaluate(slot, block)
        case .resetDevice: return resetDevice(slot)
        default: break
        }
        // The others are for an endpoint.
        guard block.endpoint > 0 else { return .trbError }
        guard entry.state != .enabled, let endpoint = entry.endpoints[block.endpoint] else { return .endpointNotEnabled }
        switch kind {
        case .resetEndpoint:
            guard endpoint.state == .halted else { return .contextStateError }
            setState(slot: slot, endpoint: block.endpoint, .stopped)
            return .success
        case .stopEndpoint:
            guard endpoint.state == .running else { return .contextStateError }
            return stop(slot, block.endpoint)
        default:
            guard endpoint.state == .stopped || endpoint.state == .error else { return .contextStateError }
            return setDequeue(slot, block)
        }
    }

    /// Section 4.6.3.
    private func enableSlot() -> Int? {
        guard let slot = (0..<Int(enabledSlots)).first(where: { slots[$0] == nil }) else { return nil }
        slots[slot] = XHCISlot()
        return slot + 1
    }

    private func disable(_ slot: Int) -> XHCICode {
        if let entry = slots[slot - 1], entry.state != .enabled, var bytes = read(context: entry.context, 0) {
            bytes.put(bytes.word(12) & 0x07ff_ff00, 12)
            function.write(entry.context, bytes)
        }
        slots[slot - 1] = nil
        return .success
    }

    /// Section 4.6.9: a transfer that waits for its device is told of.
    private func stop(_ slot: Int, _ endpoint: Int) -> XHCICode {
        if var ring = slots[slot - 1]?.endpoints[endpoint]?.ring, case .block(let block, let place) = ring.fetch(function) {
            report(.stopped, block, at: place, left: block.length, slot: slot, endpoint: endpoint)
        }
        setState(slot: slot, endpoint: endpoint, .stopped)
        return .success
    }

    /// Section 4.6.10.
    private func setDequeue(_ slot: Int, _ block: XHCIBlock) -> XHCICode {
        // Streams are not supported.
        guard block.words[2] >> 16 == 0, block.words[0] & 0xe == 0 else { return .trbError }
        slots[slot - 1]?.endpoints[block.endpoint]?.ring = XHCIRing(dequeue: block.parameter & ~15, cycle: block.words[0] & 1 != 0)
        slots[slot - 1]?.endpoints[block.endpoint]?.moved = 0
        setState(slot: slot, endpoint: block.endpoint, .stopped)
        return .success
    }

    /// Section 4.6.11: the port has reset the device, and the slot goes after it.
    private func resetDevice(_ slot: Int) -> XHCICode {
        guard let entry = slots[slot - 1], entry.state == .addressed || entry.state == .configured else { return .contextStateError }
        for index in 2..<32 where entry.endpoints[index] != nil {
            slots[slot - 1]?.endpoints[index] = nil
            publish(slot: slot, endpoint: index)
        }
        slots[slot - 1]?.state = .initial
        publish(slot: slot) { $0.put($0.word(0) & 0x07ff_ffff | 1 << 27, 0) }
        return .success
    }
}
