import Snapshot

/// The transmit FIFO: commands, data, and the status that each packet leaves (LAN9118 datasheet, 3.12).
struct LAN9118Sender {
    struct Packet {
        let frame: [UInt8]
        let tag: UInt32
        /// The buffer's command asked to be told.
        let interrupts: Bool
    }

    private enum Stage: UInt8 { case first, second, data }
    private static let statusLimit = 512
    private static let freeBytes: UInt32 = 4608
    /// The most that a packet may have.
    private static let frameLimit = 2048

    private var stage = Stage.first
    private var commandA: UInt32 = 0, commandB: UInt32 = 0
    private var wordsLeft: UInt32 = 0, offset: UInt32 = 0, bytesLeft: UInt32 = 0
    private var frame: [UInt8] = []
    var statuses: [UInt32] = []

    /// TX_FIFO_INF: statuses that wait, and free bytes of the data FIFO, which is always empty.
    var information: UInt32 { UInt32(min(statuses.count, 255)) << 16 | LAN9118Sender.freeBytes }

    mutating func dropData() {
        (stage, frame, wordsLeft) = (.first, [], 0)
    }

    mutating func complete(_ tag: UInt32, hasFailed: Bool = false) {
        if statuses.count < LAN9118Sender.statusLimit { statuses.append(tag << 16 | (hasFailed ? 1 << 15 : 0)) }
    }

    /// A word that is written to the FIFO; a packet if it is the last of one.
    mutating func take(_ word: UInt32) -> Packet? {
        switch stage {
        case .first:
            commandA = word
            if word & 1 << 13 != 0 { frame = [] }
            stage = .second
            return nil
        case .second:
            commandB = word
            offset = commandA >> 16 & 31
            bytesLeft = commandA & 0x7ff
            // The end of the buffer is aligned to 4, 16 or 32 bytes.
            let align = ([4, 16, 32, 32] as [UInt32])[Int(commandA >> 24 & 3)]
            wordsLeft = (offset + bytesLeft + align - 1) / align * align / 4
            stage = .data
            return wordsLeft == 0 ? finish() : nil
        case .data:
            for byte in 0..<4 as Range<UInt32> {
                if offset > 0 {
                    offset -= 1
                } else if bytesLeft > 0 {
                    bytesLeft -= 1
                    if frame.count < LAN9118Sender.frameLimit { frame.append(UInt8(truncatingIfNeeded: word >> (8 * byte))) }
                }
            }
            wordsLeft -= 1
            return wordsLeft == 0 ? finish() : nil
        }
    }

    private mutating func finish() -> Packet? {
        stage = .first
        guard commandA & 1 << 12 != 0 else { return nil }
        defer { frame = [] }
        return Packet(frame: frame, tag: commandB >> 16, interrupts: commandA & 1 << 31 != 0)
    }

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        var number = stage.rawValue
        visitor.field("stage", &number)
        visitor.field("commandA", &commandA)
        visitor.field("commandB", &commandB)
        visitor.field("wordsLeft", &wordsLeft)
        visitor.field("offset", &offset)
        visitor.field("bytesLeft", &bytesLeft)
        visitor.field("frame", &frame)
        visitor.field("statuses", &statuses)
        let (read, words, bytes, skipped) = (number, wordsLeft, bytesLeft, offset)
        visitor.check("a stage of a packet is known", read < 3)
        visitor.check("a buffer's rest fits into a command", words <= 1024 && bytes < 2048 && skipped < 32 && (read < 2 || words > 0))
        visitor.check("the FIFOs hold what they can", frame.count <= LAN9118Sender.frameLimit && statuses.count <= LAN9118Sender.statusLimit)
        if visitor.isReading { stage = Stage(rawValue: number) ?? .first }
    }
}

/// The receive FIFOs: a status for each packet, and words of data (LAN9118 datasheet, 3.13).
struct LAN9118Receiver {
    private static let dataLimit = 10_000 / 4, statusLimit = 176
    private static let checkSequence = 4

    private var statuses: [UInt32] = []
    private var data: [UInt32] = []
    /// Words of each packet whose status has been, or is still to be, read; the first's are what is left of it.
    private var packetWords: [UInt32] = []
    private var next = 0

    var statusCount: Int { statuses.count }
    var firstStatus: UInt32 { statuses.first ?? 0 }

    /// RX_FIFO_INF: statuses, and bytes of data.
    var information: UInt32 { UInt32(min(statuses.count, 255)) << 16 | UInt32(4 * (data.count - next)) }

    func hasRoom(for frame: [UInt8]) -> Bool {
        statuses.count < LAN9118Receiver.statusLimit && packetWords.count < LAN9118Receiver.statusLimit
            && data.count - next + frame.count / 4 + 20 <= LAN9118Receiver.dataLimit
    }

    /// Puts a frame into the FIFO as RX_CFG says: an offset in front, the end aligned; its check sequence, which nobody looks at, as zeros.
    mutating func add(_ frame: [UInt8], configuration: UInt32, isMulticast: Bool) {
        let offset = Int(configuration >> 8 & 31)
        let align = [4, 16, 32, 32][Int(configuration >> 30)]
        let padded = frame.count < 60 ? frame + [UInt8](repeating: 0, count: 60 - frame.count) : frame
        let length = padded.count + LAN9118Receiver.checkSequence
        let bytes = [UInt8](repeating: 0, count: offset) + padded + [UInt8](repeating: 0, count: LAN9118Receiver.checkSequence)
        let words = (bytes.count + align - 1) / align * align / 4
        for word in 0..<words {
            data.append((0..<4).reduce(0) { $0 | (4 * word + $1 < bytes.count ? UInt32(bytes[4 * word + $1]) << UInt32(8 * $1) : 0) })
        }
        packetWords.append(UInt32(words))
        let isBroadcast = frame.prefix(6).allSatisfy { $0 == 0xff }
        statuses.append(UInt32(length) << 16 | (isBroadcast ? 1 << 13 : isMulticast ? 1 << 10 : 0) | 1 << 5)
    }

    mutating func takeStatus() -> UInt32 { statuses.isEmpty ? 0 : statuses.removeFirst() }

    mutating func readData() -> UInt32 {
        guard next < data.count else { return 0 }
        let word = data[next]
        advance(1)
        return word
    }

    /// RX_DP_CTRL.RX_FFWD: what is left of the first packet goes.
    mutating func skip() {
        if let left = packetWords.first { advance(Int(left)) }
    }

    private mutating func advance(_ words: Int) {
        next += words
        if let left = packetWords.first {
            if left <= UInt32(words) { packetWords.removeFirst() } else { packetWords[0] = left - UInt32(words) }
        }
        if next >= data.count || next > 1024 {
            data.removeFirst(min(next, data.count))
            next = 0
        }
    }

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        if !visitor.isReading {
            data.removeFirst(next)
            next = 0
        }
        visitor.field("statuses", &statuses)
        visitor.field("data", &data)
        visitor.field("packetWords", &packetWords)
        let total = packetWords.reduce(UInt64(0)) { $0 + UInt64($1) }
        visitor.check("packets are what the data are of", total == UInt64(data.count) && packetWords.allSatisfy { $0 > 0 })
        visitor.check(
            "the FIFOs hold what they can",
            data.count <= LAN9118Receiver.dataLimit && max(statuses.count, packetWords.count) <= LAN9118Receiver.statusLimit)
        if visitor.isReading { next = 0 }
    }
}
