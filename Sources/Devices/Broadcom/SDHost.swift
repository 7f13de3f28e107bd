import AddressSpace
import DeviceModel
import Snapshot
import StorageDevices

/// The SD host that Broadcom made itself, as Linux's driver knows it (drivers/mmc/host/bcm2835.c): commands, a FIFO of 16 words, and a request for DMA.
///
/// A command that comes while the card is still writing waits: the data before it are the card's first.
public final class BroadcomSDHost: MMIODevice, CardHost {
    public static let typeName = "bcm2835-sdhost"
    public static let windowSize: UInt64 = 0x100
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    private enum Command {
        static let new: UInt32 = 1 << 15, failed: UInt32 = 1 << 14, busy: UInt32 = 1 << 11, silent: UInt32 = 1 << 10, long: UInt32 = 1 << 9
        static let writes: UInt32 = 1 << 7, reads: UInt32 = 1 << 6
    }
    private enum Status {
        static let data: UInt32 = 1, commandTimeOut: UInt32 = 0x40, block: UInt32 = 0x200, busy: UInt32 = 0x400, cleared: UInt32 = 0x7f8
        static let interrupts: UInt32 = 0x700
    }
    private enum Configuration { static let data: UInt32 = 1 << 4, block: UInt32 = 1 << 8, busy: UInt32 = 1 << 10 }
    /// The state machine that SDEDM shows in its low bits.
    private enum Machine { static let data: UInt32 = 1, reading: UInt32 = 2, writing: UInt32 = 3 }
    private static let fifoSize = 16
    private static let thresholds: UInt32 = 0x7fe00

    public let interrupt = OutputPin()
    /// Data wait to be fetched, or are asked for.
    public let dmaRequest = OutputPin()
    private var card: SDCard?
    private var command: UInt32 = 0, argument: UInt32 = 0, timeOut: UInt32 = 0xa00000, divisor: UInt32 = 0x1fb
    private var response = [UInt32](repeating: 0, count: 4)
    private var status: UInt32 = 0, power: UInt32 = 0, mode: UInt32 = 0, configuration: UInt32 = 0
    private var blockSize: UInt32 = 0, blocks: UInt32 = 0
    private var fifo: [UInt32] = []
    /// Bytes that have yet to go between FIFO and card, and the way they go: 0 for none, else `Command.reads` or `Command.writes`.
    private var left: UInt32 = 0, direction: UInt32 = 0
    /// The card has got the last byte of a block.
    private var hasGivenBlock = false
    /// The answer has come, and the card's busy line is waited for.
    private var awaitsBusyEnd = false
    private var isPumping = false, pumpsAgain = false

    public init() {}

    public func attach(_ card: SDCard?) {
        self.card = card
        card?.onProgress = { [unowned self] in pump() }
        // What a machine that came from elsewhere was about.
        pump()
    }

    public func reset() {
        (command, argument, timeOut, divisor, status, power, mode, configuration) = (0, 0, 0xa00000, 0x1fb, 0, 0, 0, 0)
        (response, blockSize, blocks, fifo, left, direction) = ([0, 0, 0, 0], 0, 0, [], 0, 0)
        (hasGivenBlock, awaitsBusyEnd) = (false, false)
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("sdcmd", &command)
        visitor.field("sdarg", &argument)
        visitor.field("sdtout", &timeOut)
        visitor.field("sdcdiv", &divisor)
        visitor.table("sdrsp", &response)
        visitor.field("sdhsts", &status)
        visitor.field("sdvdd", &power)
        visitor.field("sdedm", &mode)
        visitor.field("sdhcfg", &configuration)
        visitor.field("sdhbct", &blockSize)
        visitor.field("sdhblc", &blocks)
        visitor.field("fifo", &fifo)
        visitor.field("left", &left)
        visitor.field("direction", &direction)
        visitor.field("hasGivenBlock", &hasGivenBlock)
        visitor.field("awaitsBusyEnd", &awaitsBusyEnd)
        let (size, count) = (blockSize, blocks)
        visitor.check("a transfer has at most 65535 blocks of 1023 bytes", size < 0x400 && count < 0x1_0000)
        visitor.check("the FIFO has 16 words", fifo.count <= BroadcomSDHost.fifoSize)
    }

    public func restored() { pump() }

    // MARK: Status

    private var isReading: Bool { direction == Command.reads }
    private var isWriting: Bool { direction == Command.writes }
    /// There is a word to fetch, or room for one that is wanted.
    private var isReady: Bool {
        isReading ? !fifo.isEmpty : isWriting && fifo.count < BroadcomSDHost.fifoSize && UInt64(fifo.count) * 4 < UInt64(left)
    }

    private var shownMode: UInt32 {
        let isBusy = left > 0 || card?.isProgramming == true
        let state = isReading && left > 0 ? Machine.reading : isWriting && isBusy ? Machine.writing : Machine.data
        return mode | UInt32(fifo.count) << 4 | state
    }

    private func update() {
        let isReady = isReady
        interrupt.set(status & Status.interrupts != 0 || isReady && configuration & Configuration.data != 0)
        dmaRequest.set(isReady)
    }

    private func raise(_ bit: UInt32, if enable: UInt32) { if configuration & enable != 0 { status |= bit } }

    // MARK: Commands and data

    /// Carries out the command that waits, if the card has nothing left to do first.
    private func issue() {
        guard command & Command.new != 0, card?.isProgramming != true else { return }
        command &= ~(Command.new | Command.failed)
        let data = command & (Command.reads | Command.writes)
        if data != 0 { (fifo, left, direction, hasGivenBlock) = ([], 0, 0, false) }
        // The answer's time comes first: blocks may be there at once.
        let answer = card?.command(command & 63, argument) ?? .none
        if !take(answer) {
            status |= Status.commandTimeOut
            command |= Command.failed
        } else if data == Command.reads || data == Command.writes {
            (left, direction) = (blockSize * blocks, data)
        }
        awaitsBusyEnd = command & Command.busy != 0
        // The card may have data at once.
        pumpsAgain = true
    }

    /// Puts an answer into the registers; false if one was expected that has not come.
    private func take(_ answer: SDCard.Response) -> Bool {
        if command & Command.silent != 0 { return true }
        switch answer {
        case .none: return false
        case .short(let word): response = [word, 0, 0, 0]
        case .long(let words): response = words.reversed()
        }
        return true
    }

    /// Moves between FIFO and card as far as both let it. The card may call back here on the way.
    private func pump() {
        guard !isPumping else { return pumpsAgain = true }
        isPumping = true
        repeat {
            pumpsAgain = false
            if let card {
                if isReading { pull(card) } else if isWriting { push(card) }
            }
            issue()
            if awaitsBusyEnd, card?.isProgramming != true {
                awaitsBusyEnd = false
                raise(Status.busy, if: Configuration.busy)
            }
        } while pumpsAgain
        isPumping = false
        update()
    }

    private func pull(_ card: SDCard) {
        while fifo.count < BroadcomSDHost.fifoSize, left > 0, card.available > 0 {
            var word: UInt32 = 0
            let count = min(4, left, UInt32(card.available))
            for byte in 0..<count { word |= UInt32(card.take()) << (8 * byte) }
            fifo.append(word)
            left -= count
        }
    }

    private func push(_ card: SDCard) {
        while true {
            if hasGivenBlock, !card.isProgramming {
                hasGivenBlock = false
                raise(Status.block, if: Configuration.block)
            }
            guard let word = fifo.first, left > 0, card.accepts else { return }
            fifo.removeFirst()
            for byte in 0..<min(4, left) where card.accepts {
                card.give(UInt8(truncatingIfNeeded: word >> (8 * byte)))
                left -= 1
            }
            if blockSize == 0 || left % blockSize == 0 { hasGivenBlock = true }
        }
    }

    // MARK: Registers

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        let value: UInt32
        switch offset {
        case 0x00: value = command
        case 0x04: value = argument
        case 0x08: value = timeOut
        case 0x0c: value = divisor
        case 0x10..<0x20: value = response[Int(offset - 0x10) / 4]
        case 0x20: value = status | (isReady ? Status.data : 0)
        // SDVER.
        case 0x24: value = 0x5253_0004
        case 0x30: value = power
        case 0x34: value = shownMode
        case 0x38: value = configuration
        case 0x3c: value = blockSize
        case 0x40: value = takeWord()
        case 0x50: value = blocks
        default: value = 0
        }
        return (UInt64(value), .ok)
    }

    private func takeWord() -> UInt32 {
        guard isReading, !fifo.isEmpty else { return 0 }
        let word = fifo.removeFirst()
        pump()
        return word
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let value = UInt32(truncatingIfNeeded: value)
        switch offset {
        // One command at a time.
        case 0x00: if command & Command.new == 0 { command = value & 0xbfff }
        case 0x04: argument = value
        case 0x08: timeOut = value
        case 0x0c: divisor = value & 0x7ff
        case 0x20: status &= ~(value & Status.cleared)
        case 0x30: power = value & 1
        case 0x34: setMode(value)
        case 0x38: configuration = value
        case 0x3c: blockSize = value & 0x3ff
        case 0x40: if isWriting, fifo.count < BroadcomSDHost.fifoSize { fifo.append(value) }
        case 0x50: blocks = value & 0xffff
        default: break
        }
        pump()
        return .ok
    }

    /// FORCE_DATA_MODE ends what is under way, bit 21 empties the FIFO.
    private func setMode(_ value: UInt32) {
        mode = value & BroadcomSDHost.thresholds
        if value >> 19 & 1 != 0 { (left, direction) = (0, 0) }
        if value >> 21 & 1 != 0 { fifo = [] }
    }
}
