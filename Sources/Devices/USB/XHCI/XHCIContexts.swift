import Diagnostics
import USB

/// Commands with input contexts (xHCI 1.2, sections 4.6.5 to 4.6.7 and 6.2.5).
extension XHCI {
    /// What software gives with a command.
    private struct Input {
        let place: UInt64
        /// Bits of the contexts that go, and of those that come.
        let drops: UInt32
        let adds: UInt32
    }

    private func input(_ block: XHCIBlock) -> Input? {
        guard block.parameter & 15 == 0, let bytes = function.read(block.parameter, count: XHCI.contextSize) else { return nil }
        return Input(place: block.parameter, drops: bytes.word(0), adds: bytes.word(4))
    }

    /// The context of a number in an input, behind the bits that say which there are.
    private func context(_ input: Input, _ number: Int) -> [UInt8]? { read(context: input.place, number + 1) }

    // MARK: Address Device

    func address(_ slot: Int, _ block: XHCIBlock) -> XHCICode {
        guard let input = input(block), let slotContext = context(input, 0), let endpoint = context(input, 1) else { return .parameterError }
        guard input.drops == 0, input.adds == 3 else { return .trbError }
        let blocksRequest = block.has(XHCIBlock.Flag.blocksRequest)
        let state = slots[slot - 1]?.state ?? .enabled
        guard state == .enabled || state == .initial && !blocksRequest else { return .contextStateError }
        let port = UInt8(truncatingIfNeeded: slotContext.word(4) >> 16), route = slotContext.word(0) & 0xf_ffff
        guard (1...ports.count).contains(Int(port)), let ring = ring(endpoint, 1) else { return .parameterError }
        guard let table = function.read(contexts &+ UInt64(8 * slot), count: 8) else { return .parameterError }
        let place = UInt64(table.word(0) & ~63) | UInt64(table.word(4)) << 32
        guard function.map(place, count: 32 * XHCI.contextSize, writing: true) != nil else { return .parameterError }
        guard let device = device(port: port, route: route), device.function.isReachable else { return .transactionError }
        var entry = XHCISlot()
        (entry.context, entry.rootPort, entry.route) = (place, port, route)
        entry.state = blocksRequest ? .initial : .addressed
        entry.endpoints[1] = XHCIEndpoint(ring: ring)
        guard setAddress(device.function, blocksRequest ? 0 : slot) else { return .transactionError }
        slots[slot - 1] = entry
        function.write(place, slotContext)
        function.write(place &+ UInt64(XHCI.contextSize), endpoint)
        publish(slot: slot)
        publish(slot: slot, endpoint: 1)
        return .success
    }

    /// The request that only the controller makes (USB 2.0, section 9.4.6).
    private func setAddress(_ function: USBFunction, _ address: Int) -> Bool {
        guard function.configuration == 0 else {
            // It has been configured under another address, and is reset first.
            return function.address == UInt8(address)
        }
        return function.setUp([0, 5, UInt8(address), 0, 0, 0, 0, 0]) == .accepted && function.controlStatus(isInput: true) == .accepted
    }

    // MARK: Endpoints

    /// Kinds of endpoints by number in their context (section 6.2.3).
    private enum Kind: UInt32 {
        case isochOut = 1, bulkOut, interruptOut, control, isochIn, bulkIn, interruptIn

        var isInput: Bool { rawValue > 4 }
    }

    /// Where an endpoint's ring begins; nil if its context is not as it must be.
    private func ring(_ context: [UInt8], _ number: Int) -> XHCIRing? {
        let words = (0..<4).map { context.word(4 * $0) }
        guard let kind = Kind(rawValue: words[1] >> 3 & 7), (kind == .control) == (number == 1), number == 1 || kind.isInput == (number & 1 != 0),
            words[1] >> 16 > 0
        else { return nil }
        // Neither streams nor a table of rings.
        guard words[0] >> 10 & 31 == 0 else { return nil }
        return XHCIRing(dequeue: UInt64(words[2] & ~15) | UInt64(words[3]) << 32, cycle: words[2] & 1 != 0)
    }

    private func isIsochronous(_ context: [UInt8]) -> Bool { [1, 5].contains(context.word(4) >> 3 & 7) }

    func configure(_ slot: Int, _ block: XHCIBlock) -> XHCICode {
        guard let entry = slots[slot - 1], entry.state == .addressed || entry.state == .configured else { return .contextStateError }
        if block.has(XHCIBlock.Flag.blocksRequest) {
            for index in 2..<32 { drop(slot, index) }
            return finish(slot, .addressed, entries: 1)
        }
        guard let input = input(block) else { return .parameterError }
        guard input.drops & 3 == 0, input.adds & 2 == 0 else { return .trbError }
        var rings: [Int: (ring: XHCIRing, context: [UInt8])] = [:]
        for index in 2..<32 where input.adds >> UInt32(index) & 1 != 0 {
            guard let context = context(input, index) else { return .parameterError }
            if isIsochronous(context) {
                Log.write(.guestErrors, "xhci: isochronous endpoints are not supported")
                return .resourceError
            }
            // One that is there already is dropped first, by the same command.
            let isFree = entry.endpoints[index] == nil || input.drops >> UInt32(index) & 1 != 0
            guard let ring = ring(context, index), isFree else { return .parameterError }
            rings[index] = (ring, context)
        }
        for index in 2..<32 where input.drops >> UInt32(index) & 1 != 0 { drop(slot, index) }
        for (index, added) in rings {
            function.write(entry.context &+ UInt64(XHCI.contextSize * index), added.context)
            slots[slot - 1]?.endpoints[index] = XHCIEndpoint(ring: added.ring)
            publish(slot: slot, endpoint: index)
        }
        let last = slots[slot - 1]?.endpoints.lastIndex { $0 != nil } ?? 1
        let hub = input.adds & 1 != 0 ? context(input, 0) : nil
        return finish(slot, last > 1 ? .configured : .addressed, entries: last, hub: hub)
    }

    private func drop(_ slot: Int, _ index: Int) {
        guard slots[slot - 1]?.endpoints[index] != nil else { return }
        slots[slot - 1]?.endpoints[index] = nil
        publish(slot: slot, endpoint: index)
    }

    /// Brings the slot context up to date; `hub` is what software says of a hub's ports.
    private func finish(_ slot: Int, _ state: XHCISlotState, entries: Int, hub: [UInt8]? = nil) -> XHCICode {
        slots[slot - 1]?.state = state
        publish(slot: slot) { bytes in
            bytes.put(bytes.word(0) & 0x07ff_ffff | UInt32(entries) << 27, 0)
            guard let hub else { return }
            bytes.put(bytes.word(0) & ~(3 << 25) | hub.word(0) & 3 << 25, 0)
            bytes.put(bytes.word(4) & 0x00ff_ffff | hub.word(4) & 0xff00_0000, 4)
            bytes.put(bytes.word(8) & ~(3 << 16) | hub.word(8) & 3 << 16, 8)
        }
        return .success
    }

    // MARK: Evaluate Context

    func evaluate(_ slot: Int, _ block: XHCIBlock) -> XHCICode {
        guard let entry = slots[slot - 1], entry.state != .enabled else { return .contextStateError }
        guard let input = input(block), let slotContext = context(input, 0), let endpoint = context(input, 1) else { return .parameterError }
        guard input.drops == 0, input.adds & ~3 == 0 else { return .trbError }
        if input.adds & 2 != 0 {
            guard endpoint.word(4) >> 16 > 0, var own = read(context: entry.context, 1) else { return .parameterError }
            own.put(own.word(4) & 0xffff | endpoint.word(4) & 0xffff_0000, 4)
            function.write(entry.context &+ UInt64(XHCI.contextSize), own)
        }
        if input.adds & 1 != 0 {
            publish(slot: slot) { bytes in
                // The largest exit latency, and which interrupter is the slot's.
                bytes.put(bytes.word(4) & 0xffff_0000 | slotContext.word(4) & 0xffff, 4)
                bytes.put(bytes.word(8) & 0x003f_ffff | slotContext.word(8) & 0xffc0_0000, 8)
            }
        }
        return .success
    }
}
