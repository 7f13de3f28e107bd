import Diagnostics
import USB

/// Transfer rings (xHCI 1.2, sections 4.10 and 4.11): a transfer descriptor is a chain of blocks, and is carried out as a whole. What its device is not
/// ready for stays in the ring, and is tried again when the device tells.
extension XHCI {
    /// A transfer descriptor.
    private struct Descriptor {
        var blocks: [(block: XHCIBlock, place: UInt64)] = []
        /// Where the next one begins.
        var next = XHCIRing()
        var count = 0

        var first: XHCIBlock { blocks[0].block }
    }
    private enum Gathered {
        case descriptor(Descriptor)
        case incomplete
        /// A block that does not belong there.
        case wrong(XHCIBlock, at: UInt64)
        case unreachable
    }

    /// Descriptors of an endpoint that are carried out at one time, blocks and bytes that one may have.
    private static let mostDescriptors = 64, mostBlocks = 16384, mostBytes = 64 << 20

    // MARK: Work

    /// A doorbell (section 4.7).
    func ring(_ number: Int, _ word: UInt32) {
        guard isRunning else { return }
        if number == 0 {
            guard word & 0xff == 0 else { return }
            isCommandRingRunning = true
            return runCommands()
        }
        let endpoint = Int(word & 0xff)
        guard number <= slots.count, (1..<32).contains(endpoint), slots[number - 1]?.endpoints[endpoint] != nil else { return }
        if slots[number - 1]?.endpoints[endpoint]?.state == .stopped { setState(slot: number, endpoint: endpoint, .running) }
        work(slot: number, endpoint: endpoint)
    }

    /// Looks at an endpoint's ring, and at others that devices tell of meanwhile.
    func work(slot: Int, endpoint: Int) {
        if !toDo.contains(where: { $0 == (slot, endpoint) }) { toDo.append((slot, endpoint)) }
        guard !isWorking else { return }
        isWorking = true
        // Devices may keep each other busy for ever.
        for _ in 0..<XHCI.mostDescriptors where !toDo.isEmpty {
            let next = toDo.removeFirst()
            transfer(slot: next.slot, endpoint: next.endpoint)
        }
        isWorking = false
        if !toDo.isEmpty { workLater() }
    }

    /// Looks at everything a little later.
    func workLater() { if workTimer.deadline == nil { workTimer.arm(at: loop.now(.virtual) + 100_000) } }

    func workOnEverything() {
        if isCommandRingRunning { runCommands() }
        for slot in slots.indices where slots[slot] != nil {
            for endpoint in 1..<32 where slots[slot]?.endpoints[endpoint]?.state == .running { work(slot: slot + 1, endpoint: endpoint) }
        }
    }

    private func transfer(slot: Int, endpoint: Int) {
        for _ in 0..<XHCI.mostDescriptors {
            guard isRunning, let ring = slots[slot - 1]?.endpoints[endpoint], ring.state == .running else { return }
            guard !interrupters.contains(where: \.isClogged) else { return }
            switch gather(ring.ring, isControl: endpoint == 1) {
            case .incomplete: return
            case .unreachable: return fail("a transfer ring that is not in memory")
            case .wrong(let block, let place):
                report(.trbError, block, at: place, left: block.length, slot: slot, endpoint: endpoint)
                return setState(slot: slot, endpoint: endpoint, .error)
            case .descriptor(let descriptor):
                guard carryOut(descriptor, slot, endpoint) else { return }
            }
        }
        workLater()
    }

    /// Finds the whole of the next descriptor.
    private func gather(_ start: XHCIRing, isControl: Bool) -> Gathered {
        var found = Descriptor(next: start)
        while found.blocks.count < XHCI.mostBlocks {
            switch found.next.fetch(function) {
            case .nothing: return .incomplete
            case .unreachable: return .unreachable
            case .endless: return .wrong(found.blocks.first?.block ?? XHCIBlock(control: 0), at: start.dequeue)
            case .block(let block, let place):
                found.blocks.append((block, place))
                guard XHCI.belongs(block, isControl: isControl, isFirst: found.blocks.count == 1) else { return .wrong(block, at: place) }
                // A setup stage is a block by itself, behind which nothing but an event may follow (section 4.11.2.2).
                if found.blocks[0].block.kind == .setup, found.blocks.count > 1, block.kind != .eventData { return .wrong(block, at: place) }
                if block.kind != .eventData { found.count += block.length }
                guard found.count <= XHCI.mostBytes else { return .wrong(block, at: place) }
                if !block.has(XHCIBlock.Flag.chain) { return .descriptor(found) }
            }
        }
        return .wrong(found.first, at: found.blocks[0].place)
    }

    private static func belongs(_ block: XHCIBlock, isControl: Bool, isFirst: Bool) -> Bool {
        switch block.kind {
        case .eventData: true
        case .noOp: isFirst
        case .normal: !isControl || !isFirst
        case .setup: isControl && isFirst && block.length == USBRequest.size && block.has(XHCIBlock.Flag.immediate)
        case .data, .status: isControl && isFirst
        default: false
        }
    }

    // MARK: Descriptors

    /// Carries a descriptor out; false if the endpoint does not go on.
    private func carryOut(_ descriptor: Descriptor, _ slot: Int, _ endpoint: Int) -> Bool {
        let kind = descriptor.blocks.first { $0.block.kind != .eventData }?.block.kind
        let isInput = endpoint == 1 ? kind != .setup && descriptor.first.has(XHCIBlock.Flag.isInput) : endpoint & 1 != 0
        var answer = USBHandshake.accepted
        var count = 0
        if kind != nil, kind != .noOp {
            guard let device = self.function(slot: slot) else { return end(descriptor, .transactionError, 0, slot, endpoint) }
            if isInput, let (block, place) = descriptor.blocks.first(where: { $0.block.has(XHCIBlock.Flag.immediate) && $0.block.kind != .eventData })
            {
                report(.trbError, block, at: place, left: block.length, slot: slot, endpoint: endpoint)
                setState(slot: slot, endpoint: endpoint, .error)
                return false
            }
            guard isInput == false || canTake(descriptor) else {
                fail("a transfer to what is no memory")
                return false
            }
            var data: [UInt8] = []
            if !isInput {
                guard let bytes = bytes(descriptor) else {
                    fail("a transfer of what is no memory")
                    return false
                }
                data = bytes
            }
            answer = exchange(device, kind, endpoint, isInput, data, room: descriptor.count)
            count = data.count
        }
        switch answer {
        case .nak: return false
        case .stall: return end(descriptor, .stall, 0, slot, endpoint)
        case .babble: return end(descriptor, .babble, 0, slot, endpoint)
        case .silent: return end(descriptor, .transactionError, 0, slot, endpoint)
        case .ack(let bytes):
            if isInput {
                scatter(bytes, descriptor)
                count = bytes.count
            }
            return end(descriptor, .success, count, slot, endpoint)
        }
    }

    private func exchange(
        _ device: USBFunction, _ kind: XHCIBlock.Kind?, _ endpoint: Int, _ isInput: Bool, _ data: [UInt8], room: Int
    ) -> USBHandshake {
        switch kind {
        case .setup: device.setUp(data)
        case .data: isInput ? device.controlInput(room: room) : device.controlOutput(data)
        case .status: device.controlStatus(isInput: isInput)
        default: isInput ? device.input(endpoint / 2, room: room) : device.output(endpoint / 2, data)
        }
    }

    private static func hasData(_ block: XHCIBlock) -> Bool { [.normal, .data, .setup].contains(block.kind) && block.length > 0 }

    /// Whether there is memory for all that may come.
    private func canTake(_ descriptor: Descriptor) -> Bool {
        descriptor.blocks.allSatisfy { block, _ in
            !XHCI.hasData(block) || function.map(block.parameter, count: block.length, writing: true) != nil
        }
    }

    /// What is sent; nil if it is not in memory.
    private func bytes(_ descriptor: Descriptor) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(descriptor.count)
        for (block, _) in descriptor.blocks where XHCI.hasData(block) {
            if block.has(XHCIBlock.Flag.immediate) {
                bytes += Array(block.words[0..<2]).bytes.prefix(block.length)
            } else {
                guard let part = function.read(block.parameter, count: block.length) else { return nil }
                bytes += part
            }
        }
        return bytes
    }

    private func scatter(_ bytes: [UInt8], _ descriptor: Descriptor) {
        var rest = bytes[...]
        for (block, _) in descriptor.blocks where XHCI.hasData(block) && !rest.isEmpty {
            let part = Array(rest.prefix(block.length))
            function.write(block.parameter, part)
            rest = rest.dropFirst(part.count)
        }
    }

    // MARK: Events

    /// Ends a descriptor of which so many bytes were moved, and tells of it where it wants that (section 4.10.1).
    private func end(_ descriptor: Descriptor, _ code: XHCICode, _ count: Int, _ slot: Int, _ endpoint: Int) -> Bool {
        var left = count
        var isReported = false, isShort = false
        slots[slot - 1]?.endpoints[endpoint]?.moved = 0
        for (block, place) in descriptor.blocks {
            let asks = block.has(XHCIBlock.Flag.onCompletion)
            if block.kind == .eventData {
                if asks { reportData(block, isShort ? .shortPacket : code, slot: slot, endpoint: endpoint) }
                continue
            }
            let length = [.normal, .data].contains(block.kind) ? block.length : 0
            let part = min(left, length)
            left -= part
            isShort = isShort || part < length && code == .success
            slots[slot - 1]?.endpoints[endpoint]?.moved += UInt32(part)
            let isWanted = asks || isShort && block.has(XHCIBlock.Flag.onShortPacket) || code != .success && left == 0
            guard !isReported, isWanted else { continue }
            report(isShort ? .shortPacket : code, block, at: place, left: length - part, slot: slot, endpoint: endpoint)
            isReported = true
            if code != .success { break }
        }
        guard code == .success else {
            // The ring stays where it is until software has looked.
            setState(slot: slot, endpoint: endpoint, .halted)
            return false
        }
        slots[slot - 1]?.endpoints[endpoint]?.ring = descriptor.next
        return true
    }

    /// Tells of a block.
    func report(_ code: XHCICode, _ block: XHCIBlock, at place: UInt64, left: Int, slot: Int, endpoint: Int) {
        let control = XHCIBlock.control(.transferEvent, UInt32(slot) << 24 | UInt32(endpoint) << 16)
        let event = XHCIBlock(parameter: place, status: UInt32(code.rawValue) << 24 | UInt32(left & 0xff_ffff), control: control)
        emit(event, to: block.target, isQuiet: code == .success && block.has(XHCIBlock.Flag.quiet))
    }

    /// Tells software what it has put into a block for that (section 4.11.5.2).
    private func reportData(_ block: XHCIBlock, _ code: XHCICode, slot: Int, endpoint: Int) {
        let moved = slots[slot - 1]?.endpoints[endpoint]?.moved ?? 0
        let control = XHCIBlock.control(.transferEvent, UInt32(slot) << 24 | UInt32(endpoint) << 16 | XHCIBlock.Flag.eventData)
        let event = XHCIBlock(parameter: block.parameter, status: UInt32(code.rawValue) << 24 | moved & 0xff_ffff, control: control)
        emit(event, to: block.target, isQuiet: block.has(XHCIBlock.Flag.quiet))
        slots[slot - 1]?.endpoints[endpoint]?.moved = 0
    }
}
