import AddressSpace
import DeviceModel
import Snapshot

/// A host controller of the SD Host Controller Simplified Specification 3.00 with one card or an empty slot: commands and data through the buffer, and no DMA, which its
/// capabilities say.
public final class SDHCI: MMIODevice {
    public static let typeName = "generic-sdhci"
    public static let windowSize: UInt64 = 0x100
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 1...4

    private enum Present {
        static let dataInhibit: UInt32 = 2, dataActive: UInt32 = 4, writes: UInt32 = 1 << 8, reads: UInt32 = 1 << 9, hasRoom: UInt32 = 1 << 10
        static let hasData: UInt32 = 1 << 11, inserted: UInt32 = 7 << 16, writable: UInt32 = 1 << 19, linesHigh: UInt32 = 0x1f << 20
    }
    private enum Interrupt {
        static let command: UInt32 = 1, transfer: UInt32 = 2, writeReady: UInt32 = 1 << 4, readReady: UInt32 = 1 << 5, error: UInt32 = 1 << 15
        static let commandTimeOut: UInt32 = 1 << 16, errors: UInt32 = 0xffff_0000
    }
    private enum Mode { static let counts: UInt32 = 2, automatic: UInt32 = 4, reads: UInt32 = 1 << 4, many: UInt32 = 1 << 5 }
    private enum Reset { static let all: UInt32 = 1 << 24, command: UInt32 = 1 << 25, data: UInt32 = 1 << 26 }
    private static let largestBlock = 1024

    public let interrupt = OutputPin()
    private let capabilities: UInt32, version: UInt32
    private var card: SDCard?

    private var argument2: UInt32 = 0, block: UInt32 = 0, argument: UInt32 = 0, mode: UInt32 = 0
    private var response = [UInt32](repeating: 0, count: 4)
    private var control: UInt32 = 0, clock: UInt32 = 0, status: UInt32 = 0, enable: UInt32 = 0, signal: UInt32 = 0, control2: UInt32 = 0
    /// A block on its way, and how far the guest has got with it.
    private var buffer: [UInt8] = []
    private var place = 0
    private var transfer = Transfer.none
    /// Blocks that are left of a transfer that counts.
    private var blocksLeft: UInt32 = 0
    private var isCounted = false
    /// The card has the last block, or a command has been answered, and its busy line is waited for.
    private var awaitsBusyEnd = false
    /// The guest has been told that a block may come.
    private var hasToldOfRoom = false
    private var isPumping = false, pumpsAgain = false

    private enum Transfer: UInt8 { case none, reading, writing }

    /// - Parameters:
    ///   - capabilities: the low word of the Capabilities register.
    ///   - version: the Host Controller Version register.
    public init(capabilities: UInt32, version: UInt16) { (self.capabilities, self.version) = (capabilities, UInt32(version)) }

    /// The card comes, or goes (nil).
    public func attach(_ card: SDCard?) {
        self.card = card
        card?.onProgress = { [unowned self] in pump() }
        // What a machine that came from elsewhere was about.
        pump()
    }

    public func reset() {
        (argument2, block, argument, mode, control, clock, status, enable, signal, control2) = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        response = [0, 0, 0, 0]
        stopTransfer()
        update()
    }

    private func stopTransfer() {
        (buffer, place, transfer, blocksLeft, isCounted) = ([], 0, .none, 0, false)
        (awaitsBusyEnd, hasToldOfRoom) = (false, false)
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("argument2", &argument2)
        visitor.field("block", &block)
        visitor.field("argument", &argument)
        visitor.field("mode", &mode)
        visitor.table("response", &response)
        visitor.field("control", &control)
        visitor.field("clock", &clock)
        visitor.field("status", &status)
        visitor.field("enable", &enable)
        visitor.field("signal", &signal)
        visitor.field("control2", &control2)
        visitor.field("buffer", &buffer)
        visitor.field("place", &place)
        var number = transfer.rawValue
        visitor.field("transfer", &number)
        visitor.field("blocksLeft", &blocksLeft)
        visitor.field("isCounted", &isCounted)
        visitor.field("awaitsBusyEnd", &awaitsBusyEnd)
        visitor.field("hasToldOfRoom", &hasToldOfRoom)
        let read = number
        visitor.check("the transfer's kind is known", Transfer(rawValue: read) != nil)
        visitor.check("the buffer holds a block", buffer.count <= SDHCI.largestBlock && (0...buffer.count).contains(place))
        if visitor.isReading { transfer = Transfer(rawValue: number) ?? .none }
    }

    public func restored() { pump() }

    // MARK: Status

    private var blockSize: Int { min(Int(block & 0xfff), SDHCI.largestBlock) }
    private var hasData: Bool { transfer == .reading && place < buffer.count && buffer.count == blockSize }
    private var hasRoom: Bool { transfer == .writing && buffer.count < blockSize && !awaitsBusyEnd && card?.isProgramming != true && hasBlocksLeft }
    private var hasBlocksLeft: Bool { !isCounted || blocksLeft > 0 }

    private var present: UInt32 {
        var value = Present.linesHigh
        if let card { value |= Present.inserted | (card.isReadOnly ? 0 : Present.writable) }
        if transfer != .none || awaitsBusyEnd { value |= Present.dataInhibit | Present.dataActive }
        if transfer == .reading { value |= Present.reads }
        if transfer == .writing { value |= Present.writes }
        if hasData { value |= Present.hasData }
        if hasRoom { value |= Present.hasRoom }
        return value
    }

    private var shownStatus: UInt32 { status | (status & Interrupt.errors != 0 ? Interrupt.error : 0) }

    private func update() { interrupt.set(status & signal != 0) }

    /// Only what is enabled shows.
    private func raise(_ bits: UInt32) { status |= bits & enable }

    // MARK: Commands

    private func issue() {
        let kind = mode >> 16 & 3, index = mode >> 24 & 63
        let hasPayload = mode >> 21 & 1 != 0, isAbort = mode >> 22 & 3 == 3
        if isAbort || index == 12 { stopTransfer() }
        guard !hasPayload || transfer == .none else { return }
        let answer = card?.command(index, argument) ?? .none
        if kind != 0, !take(answer) { return raise(Interrupt.commandTimeOut) }
        raise(Interrupt.command)
        if hasPayload { start() } else if kind == 3 { awaitsBusyEnd = true }
    }

    private func take(_ answer: SDCard.Response) -> Bool {
        switch answer {
        case .none: return false
        case .short(let word): response[0] = word
        case .long(let words):
            // Without the check sum: bits 127 to 8 in the places from 0 on.
            response = [words[2] << 24 | words[3] >> 8, words[1] << 24 | words[2] >> 8, words[0] << 24 | words[1] >> 8, words[0] >> 8]
        }
        return true
    }

    private func start() {
        stopTransfer()
        transfer = mode & Mode.reads != 0 ? .reading : .writing
        isCounted = mode & Mode.many == 0 || mode & Mode.counts != 0
        blocksLeft = mode & Mode.many == 0 ? 1 : block >> 16
    }

    // MARK: Data

    /// Moves between buffer and card as far as both let it. The card may call back here on the way.
    private func pump() {
        guard !isPumping else { return pumpsAgain = true }
        isPumping = true
        repeat {
            pumpsAgain = false
            if let card {
                if transfer == .reading { pull(card) } else if transfer == .writing { push(card) }
            }
            if hasRoom, !hasToldOfRoom {
                hasToldOfRoom = true
                raise(Interrupt.writeReady)
            }
            if awaitsBusyEnd, card?.isProgramming != true {
                awaitsBusyEnd = false
                raise(Interrupt.transfer)
            }
        } while pumpsAgain
        isPumping = false
        update()
    }

    private func pull(_ card: SDCard) {
        guard blockSize > 0, hasBlocksLeft else { return end(card) }
        guard buffer.count < blockSize else { return }
        while buffer.count < blockSize, card.available > 0 { buffer.append(card.take()) }
        if buffer.count == blockSize { raise(Interrupt.readReady) }
    }

    private func push(_ card: SDCard) {
        guard blockSize > 0, hasBlocksLeft else { return end(card) }
        guard buffer.count == blockSize, card.accepts else { return }
        for byte in buffer where card.accepts { card.give(byte) }
        (buffer, place, hasToldOfRoom) = ([], 0, false)
        countBlock()
        if !hasBlocksLeft { end(card) }
    }

    private func countBlock() { if isCounted, blocksLeft > 0 { blocksLeft -= 1 } }

    /// Everything has been moved. The card's busy line ends what was written.
    private func end(_ card: SDCard) {
        if mode & Mode.automatic != 0, mode & Mode.many != 0, case .short(let word) = card.command(12, 0) { response[3] = word }
        (transfer, buffer, place) = (.none, [], 0)
        awaitsBusyEnd = true
    }

    private func takeByte() -> UInt8 {
        guard hasData else { return 0 }
        let byte = buffer[place]
        place += 1
        if place == buffer.count {
            (buffer, place) = ([], 0)
            countBlock()
            pump()
        }
        return byte
    }

    private func giveByte(_ byte: UInt8) {
        guard hasRoom else { return }
        buffer.append(byte)
        if buffer.count == blockSize { pump() }
    }

    // MARK: Registers

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        if offset & ~3 == 0x20 { return ((0..<size).reduce(UInt64(0)) { $0 | UInt64(takeByte()) << UInt64(8 * $1) }, .ok) }
        return (UInt64(word(offset & ~3) >> UInt32(8 * (offset & 3))) & (1 << UInt64(8 * size) - 1), .ok)
    }

    private func word(_ offset: UInt64) -> UInt32 {
        switch offset {
        case 0x00: argument2
        case 0x04: block & 0xffff | (transfer != .none && isCounted ? blocksLeft << 16 : block & 0xffff_0000)
        case 0x08: argument
        case 0x0c: mode
        case 0x10..<0x20: response[Int(offset - 0x10) / 4]
        case 0x24: present
        case 0x28: control
        // The internal clock is stable as soon as it runs.
        case 0x2c: clock | (clock & 1) << 1
        case 0x30: shownStatus
        case 0x34: enable
        case 0x38: signal
        case 0x3c: control2
        case 0x40: capabilities
        case 0xfc: version << 16 | (status & signal != 0 ? 1 : 0)
        default: 0
        }
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        if offset & ~3 == 0x20 {
            for byte in 0..<size { giveByte(UInt8(truncatingIfNeeded: value >> UInt64(8 * byte))) }
            return .ok
        }
        let shift = UInt32(8 * (offset & 3)), mask = UInt32(truncatingIfNeeded: UInt64(1) << UInt64(8 * size) - 1) << shift
        set(offset & ~3, UInt32(truncatingIfNeeded: value) << shift & mask, mask)
        pump()
        return .ok
    }

    private func set(_ offset: UInt64, _ value: UInt32, _ mask: UInt32) {
        func merge(_ old: inout UInt32) { old = old & ~mask | value }
        switch offset {
        case 0x00: merge(&argument2)
        case 0x04: if transfer == .none { merge(&block) }
        case 0x08: merge(&argument)
        case 0x0c:
            merge(&mode)
            // The upper byte of the command begins it.
            if mask >> 24 != 0 { issue() }
        case 0x28: merge(&control)
        case 0x2c: setClock(value, mask)
        case 0x30: status &= ~value
        case 0x34: merge(&enable)
        case 0x38: merge(&signal)
        case 0x3c: control2 = (control2 & ~mask | value) & 0xffff_0000
        default: break
        }
    }

    private func setClock(_ value: UInt32, _ mask: UInt32) {
        clock = (clock & ~mask | value) & 0xf_ffe5
        if value & Reset.all != 0 { return reset() }
        if value & Reset.command != 0 { status &= ~Interrupt.command }
        if value & Reset.data != 0 {
            stopTransfer()
            status &= ~(Interrupt.transfer | Interrupt.readReady | Interrupt.writeReady)
        }
    }
}
