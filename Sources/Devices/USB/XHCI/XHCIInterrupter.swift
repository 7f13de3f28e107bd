import Snapshot

/// An interrupter's registers and where its event ring is (xHCI 1.2, sections 4.9.4, 4.17 and 5.5.2).
struct XHCIInterrupter: SnapshotState {
    var management: UInt32 = 0
    var moderation: UInt32 = 4000
    var tableSize: UInt32 = 0
    var table: UInt64 = 0
    var dequeue: UInt64 = 0

    /// The segment that is being filled, the place in it, and the cycle bit that is written.
    var segment: UInt32 = 0
    var place: UInt32 = 0
    var cycle = true
    /// Events for which the ring has no room.
    var waiting: [XHCIBlock] = []
    /// The last free place holds the message that there is no more.
    var isFull = false
    /// Events have come that no interrupt has told of.
    var isPending = false
    /// No interrupt is due before, in nanoseconds.
    var quietUntil: Int64 = 0

    enum Management { static let pending: UInt32 = 1, enable: UInt32 = 2 }
    static let busy: UInt64 = 1 << 3
    /// Events that may wait; with more the controller does no work that makes events.
    static let mostWaiting = 64
    /// What ports may add to them.
    static let mostEver = 1024
    /// As a power of two.
    static let mostSegments: UInt32 = 3

    var isClogged: Bool { waiting.count >= XHCIInterrupter.mostWaiting }
    var interval: Int64 { Int64(moderation & 0xffff) * 250 }

    /// The ring begins anew.
    mutating func restart() { (segment, place, cycle, isFull, waiting) = (0, 0, true, false, []) }

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("management", &management)
        visitor.field("moderation", &moderation)
        visitor.field("tableSize", &tableSize)
        visitor.check("the table has at most 8 segments", tableSize <= 1 << XHCIInterrupter.mostSegments)
        visitor.field("table", &table)
        visitor.field("dequeue", &dequeue)
        visitor.field("segment", &segment)
        visitor.field("place", &place)
        visitor.field("cycle", &cycle)
        visitor.parts("waiting", &waiting, empty: XHCIBlock(control: 0), limit: XHCIInterrupter.mostEver)
        visitor.check("the place is in the ring", segment < max(tableSize, 1) && place <= 4096 && (tableSize > 0 || waiting.isEmpty))
        visitor.field("isFull", &isFull)
        visitor.field("isPending", &isPending)
        visitor.field("quietUntil", &quietUntil)
    }
}

/// Events on their way to software.
extension XHCI {
    /// A place in an event ring.
    private struct Place: Equatable {
        var segment: UInt32
        var index: UInt32
        var wraps = false
        var address: UInt64
    }

    /// Base and number of blocks of a segment (section 6.5); nil if they are none that may be.
    private func segment(_ number: UInt32, of interrupter: XHCIInterrupter) -> (base: UInt64, count: UInt32)? {
        guard let entry = function.read(interrupter.table &+ 16 * UInt64(number), count: 16) else { return nil }
        let base = UInt64(entry.word(0) & ~63) | UInt64(entry.word(4)) << 32, count = entry.word(8) & 0xffff
        return (16...4096).contains(count) ? (base, count) : nil
    }

    private func place(_ segment: UInt32, _ index: UInt32, of interrupter: XHCIInterrupter) -> Place? {
        guard let (base, count) = self.segment(segment, of: interrupter) else { return nil }
        if index < count { return Place(segment: segment, index: index, address: base &+ UInt64(index) * UInt64(XHCIBlock.size)) }
        let next = (segment + 1) % interrupter.tableSize
        guard let (nextBase, _) = self.segment(next, of: interrupter) else { return nil }
        return Place(segment: next, index: 0, wraps: next == 0, address: nextBase)
    }

    /// Hands an event to software.
    func emit(_ event: XHCIBlock, to number: Int, isQuiet: Bool = false) {
        let number = number < interrupters.count ? number : 0
        guard isRunning, interrupters[number].tableSize > 0, interrupters[number].waiting.count < XHCIInterrupter.mostEver else { return }
        interrupters[number].waiting.append(event)
        flushEvents(number)
        if !isQuiet {
            interrupters[number].isPending = true
            signal(number)
        }
    }

    /// Writes what waits as far as the ring has room: its last place is for the message that it is full.
    func flushEvents(_ number: Int) {
        while isRunning, !interrupters[number].isFull, let event = interrupters[number].waiting.first {
            let interrupter = interrupters[number]
            guard let here = place(interrupter.segment, interrupter.place, of: interrupter),
                let next = place(here.segment, here.index + 1, of: interrupter),
                let last = place(next.segment, next.index + 1, of: interrupter)
            else { return fail("an event ring that is not in memory, or has a segment of a size that none may have") }
            guard next.address != interrupter.dequeue & ~15 else { return interrupters[number].isFull = true }
            let isLastRoom = last.address == interrupter.dequeue & ~15
            let full = XHCIBlock(status: UInt32(XHCICode.eventRingFull.rawValue) << 24, control: XHCIBlock.control(.controllerEvent))
            guard write(isLastRoom ? full : event, at: here, number) else { return fail("an event ring that is not in memory") }
            if isLastRoom { interrupters[number].isFull = true } else { interrupters[number].waiting.removeFirst() }
        }
    }

    private func write(_ event: XHCIBlock, at place: Place, _ number: Int) -> Bool {
        // The cycle bit, with which software sees the event, comes last.
        let cycle = place.wraps ? !interrupters[number].cycle : interrupters[number].cycle
        guard function.write(place.address, Array(event.words[0..<3]).bytes),
            function.store(place.address &+ 12, event.words[3] & ~1 | (cycle ? 1 : 0))
        else { return false }
        (interrupters[number].segment, interrupters[number].place, interrupters[number].cycle) = (place.segment, place.index + 1, cycle)
        return true
    }

    // MARK: Interrupts

    /// Tells of events, unless software is at them anyway or was told a short while ago.
    func signal(_ number: Int) {
        guard interrupters[number].isPending, interrupters[number].dequeue & XHCIInterrupter.busy == 0 else { return }
        let now = loop.now(.virtual)
        guard now >= interrupters[number].quietUntil else { return armModeration() }
        interrupters[number].isPending = false
        interrupters[number].dequeue |= XHCIInterrupter.busy
        interrupters[number].management |= XHCIInterrupter.Management.pending
        interrupters[number].quietUntil = now + interrupters[number].interval
        status |= Status.eventInterrupt
        deliver(number)
    }

    /// Sends a message for what is pending, or sets the pin.
    func deliver(_ number: Int) {
        let both = XHCIInterrupter.Management.pending | XHCIInterrupter.Management.enable
        if let msix = function.msix, msix.isEnabled {
            guard interrupters[number].management & both == both, command & Command.interrupts != 0 else { return }
            interrupters[number].management &= ~XHCIInterrupter.Management.pending
            msix.notify(number)
        } else {
            updatePin()
        }
    }

    /// Without messages the first interrupter has the pin.
    func updatePin() {
        let both = XHCIInterrupter.Management.pending | XHCIInterrupter.Management.enable
        let isOn = function.msix?.isEnabled != true && interrupters[0].management & both == both && command & Command.interrupts != 0
        function.setInterrupt(isOn)
    }

    /// Interrupts that were held back are sent when they may.
    func armModeration() {
        // Those that are busy are sent when software says that they are not.
        let times = interrupters.filter { $0.isPending && $0.dequeue & XHCIInterrupter.busy == 0 }.map(\.quietUntil)
        if let first = times.min() { moderationTimer.arm(at: first) } else { moderationTimer.cancel() }
    }

    func endModeration() {
        for number in interrupters.indices { signal(number) }
    }

    // MARK: Registers

    func interrupterRegister(_ number: Int, _ offset: UInt64) -> UInt32 {
        let interrupter = interrupters[number]
        switch offset {
        case 0x00: return interrupter.management
        case 0x04: return interrupter.moderation
        case 0x08: return interrupter.tableSize
        case 0x10: return UInt32(truncatingIfNeeded: interrupter.table)
        case 0x14: return UInt32(interrupter.table >> 32)
        case 0x18: return UInt32(truncatingIfNeeded: interrupter.dequeue)
        case 0x1c: return UInt32(interrupter.dequeue >> 32)
        default: return 0
        }
    }

    func writeInterrupter(_ number: Int, _ offset: UInt64, _ value: UInt32) {
        switch offset {
        case 0x00:
            let pending = interrupters[number].management & ~value & XHCIInterrupter.Management.pending
            interrupters[number].management = pending | value & XHCIInterrupter.Management.enable
            deliver(number)
        case 0x04:
            interrupters[number].moderation = value
            if value & 0xffff == 0 { interrupters[number].quietUntil = 0 }
            signal(number)
        case 0x08:
            interrupters[number].tableSize = min(value & 0xffff, 1 << XHCIInterrupter.mostSegments)
            interrupters[number].restart()
        case 0x10:
            interrupters[number].table = interrupters[number].table & ~0xffff_ffff | UInt64(value & ~63)
            interrupters[number].restart()
        case 0x14:
            interrupters[number].table = interrupters[number].table & 0xffff_ffff | UInt64(value) << 32
            interrupters[number].restart()
        case 0x18: writeDequeue(number, low: value)
        case 0x1c:
            interrupters[number].dequeue = interrupters[number].dequeue & 0xffff_ffff | UInt64(value) << 32
            makeRoom(number)
        default: break
        }
    }

    private func writeDequeue(_ number: Int, low value: UInt32) {
        let busy = interrupters[number].dequeue & ~UInt64(value) & XHCIInterrupter.busy
        interrupters[number].dequeue = interrupters[number].dequeue & ~0xffff_ffff | UInt64(value & ~8) | busy
        makeRoom(number)
    }

    /// Software has taken events.
    private func makeRoom(_ number: Int) {
        let (waited, wasClogged) = (interrupters[number].waiting.count, interrupters[number].isClogged)
        interrupters[number].isFull = false
        flushEvents(number)
        // Of those that have had to wait it is told, too.
        if interrupters[number].waiting.count < waited { interrupters[number].isPending = true }
        signal(number)
        if wasClogged, !interrupters[number].isClogged { workLater() }
    }
}
