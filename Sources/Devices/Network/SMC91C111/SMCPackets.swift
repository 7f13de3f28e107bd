import Snapshot

/// The packet memory of a LAN91C111 (datasheet, 7.3 and 8.13): four packets of 2 KiB, those that wait to be sent, those that have been, and those that have come.
struct SMCPackets: SnapshotState {
    static let count = 4
    static let size = 2048
    /// Status, byte count and control of a packet.
    private static let overhead = 6
    private enum ControlByte { static let odd: UInt8 = 1 << 5 }

    enum Allocation: UInt8 { case none, waiting, done }

    private var memory = [UInt8](repeating: 0, count: count * size)
    /// A bit for each packet that is in use.
    private var taken: UInt8 = 0
    private(set) var toSend: [UInt8] = [], sent: [UInt8] = [], received: [UInt8] = []
    private(set) var allocation = Allocation.none
    private var allocated: UInt8 = 0

    var free: Int { SMCPackets.count - taken.nonzeroBitCount }
    /// Whether a frame can come: a driver that waits for a packet goes first.
    var hasRoom: Bool { free > 0 && allocation != .waiting }
    /// ARR: the packet, or that there is none yet.
    var allocationResult: UInt8 { allocation == .done ? allocated : 0x80 }

    func isTaken(_ packet: UInt8) -> Bool { packet < SMCPackets.count && taken >> packet & 1 != 0 }

    static func fits(_ bytes: Int) -> Bool { bytes + overhead <= size }

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        var number = allocation.rawValue
        visitor.table("memory", &memory)
        visitor.field("taken", &taken)
        visitor.field("toSend", &toSend)
        visitor.field("sent", &sent)
        visitor.field("received", &received)
        visitor.field("allocation", &number)
        visitor.field("allocated", &allocated)
        let (bits, result, known) = (taken, allocated, Allocation(rawValue: number))
        let (queued, seen) = (toSend + received, sent)
        visitor.check("there are four packets", bits < 1 << SMCPackets.count && result < SMCPackets.count)
        visitor.check("a packet waits in one place at most", Set(queued).count == queued.count && queued.allSatisfy { $0 < SMCPackets.count })
        visitor.check("at most four packets have been sent", seen.count <= SMCPackets.count && seen.allSatisfy { $0 < SMCPackets.count })
        visitor.check("the state of an allocation is known", known != nil)
        guard visitor.isReading else { return }
        taken &= 1 << SMCPackets.count - 1
        allocation = known ?? .none
    }

    // MARK: Packets

    private mutating func takeFree() -> UInt8? {
        guard let packet = (0..<UInt8(SMCPackets.count)).first(where: { taken >> $0 & 1 == 0 }) else { return nil }
        taken |= 1 << packet
        return packet
    }

    /// A packet for the driver, at once or when there is one.
    mutating func allocate() {
        guard let packet = takeFree() else { return allocation = .waiting }
        (allocation, allocated) = (.done, packet)
    }

    /// What waits to be sent or read stays there no longer. The number of what has been sent stays until that is acknowledged.
    mutating func release(_ packet: UInt8) {
        guard isTaken(packet) else { return }
        taken &= ~(1 << packet)
        toSend.removeAll { $0 == packet }
        received.removeAll { $0 == packet }
        if allocation == .waiting { allocate() }
    }

    /// False for what is no packet of the driver's.
    mutating func enqueue(_ packet: UInt8) -> Bool {
        guard isTaken(packet), !(toSend + received).contains(packet) else { return false }
        toSend.append(packet)
        return true
    }

    mutating func complete(_ packet: UInt8, releases: Bool) {
        toSend.removeAll { $0 == packet }
        if releases { release(packet) } else if sent.count < SMCPackets.count { sent.append(packet) }
    }

    mutating func removeSent() { if !sent.isEmpty { sent.removeFirst() } }

    mutating func removeReceived(releases: Bool) {
        guard let packet = received.first else { return }
        received.removeFirst()
        if releases { release(packet) }
    }

    mutating func forgetSending() { (toSend, sent) = ([], []) }

    // MARK: Bytes

    private func index(_ packet: UInt8, _ offset: Int) -> Int { Int(packet) % SMCPackets.count * SMCPackets.size + offset % SMCPackets.size }

    func byte(_ packet: UInt8, _ offset: Int) -> UInt8 { memory[index(packet, offset)] }

    mutating func set(_ packet: UInt8, _ offset: Int, _ value: UInt8) { memory[index(packet, offset)] = value }

    /// The frame of a packet; nil if its byte count makes none. The count is even and counts status, itself and the control word, whose high byte says
    /// whether its low byte belongs to the frame.
    func frame(_ packet: UInt8, pads: Bool) -> [UInt8]? {
        let count = (Int(byte(packet, 2)) | Int(byte(packet, 3)) << 8) & 0x7fe
        guard count > SMCPackets.overhead else { return nil }
        let isOdd = byte(packet, count - 1) & ControlByte.odd != 0
        let length = count - SMCPackets.overhead + (isOdd ? 1 : 0)
        var frame = Array(memory[index(packet, 4)..<index(packet, 4) + length])
        if pads, frame.count < 60 { frame += [UInt8](repeating: 0, count: 60 - frame.count) }
        return frame
    }

    /// Puts a frame that fits into a packet; false if there is none.
    mutating func receive(_ bytes: [UInt8], status: UInt16) -> Bool {
        guard hasRoom, let packet = takeFree() else { return false }
        let isOdd = bytes.count % 2 != 0
        let status = status | (isOdd ? 1 << 12 : 0)
        let count = bytes.count & ~1 + SMCPackets.overhead
        var contents = [UInt8(truncatingIfNeeded: status), UInt8(status >> 8), UInt8(truncatingIfNeeded: count), UInt8(count >> 8)]
        contents += isOdd ? bytes + [ControlByte.odd] : bytes + [0, 0]
        let start = index(packet, 0)
        memory.replaceSubrange(start..<start + contents.count, with: contents)
        received.append(packet)
        return true
    }
}
