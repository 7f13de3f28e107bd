import AddressSpace
import DeviceModel
import Snapshot

/// Arm's PrimeCell multimedia card interface PL180 (DDI 0172), or PL181, with one card or an empty slot; without DMA.
public final class PL180: MMIODevice {
    public static let typeName = "pl181"
    public static let windowSize: UInt64 = 0x1000
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    private enum Status {
        static let commandTimeOut: UInt32 = 1 << 2, responseEnd: UInt32 = 1 << 6, commandSent: UInt32 = 1 << 7, dataEnd: UInt32 = 1 << 8
        static let blockEnd: UInt32 = 1 << 10, sends: UInt32 = 1 << 12, receives: UInt32 = 1 << 13, halfEmpty: UInt32 = 1 << 14
        static let halfFull: UInt32 = 1 << 15, sendFull: UInt32 = 1 << 16, receiveFull: UInt32 = 1 << 17, sendEmpty: UInt32 = 1 << 18
        static let receiveEmpty: UInt32 = 1 << 19, sendAvailable: UInt32 = 1 << 20, receiveAvailable: UInt32 = 1 << 21
        /// Those that stay until they are cleared.
        static let latched: UInt32 = 0x7ff
    }
    private enum Command { static let enable: UInt32 = 1 << 10, long: UInt32 = 1 << 7, response: UInt32 = 1 << 6 }
    private enum DataControl { static let enable: UInt32 = 1, fromCard: UInt32 = 2 }
    private static let identification: [UInt32] = [0x81, 0x11, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1]
    private static let fifoSize = 16

    /// MCIINTR0 and MCIINTR1.
    public let interrupts = [OutputPin(), OutputPin()]
    public private(set) var card: SDCard?
    private var power: UInt32 = 0, clock: UInt32 = 0, argument: UInt32 = 0, command: UInt32 = 0, lastCommand: UInt32 = 0
    private var response = [UInt32](repeating: 0, count: 4)
    private var timer: UInt32 = 0, length: UInt32 = 0, control: UInt32 = 0, left: UInt32 = 0
    private var latched: UInt32 = 0
    /// The data path has begun and not yet ended.
    private var isMoving = false
    private var masks = [UInt32](repeating: 0, count: 2)
    private var fifo: [UInt32] = []

    public init() {}

    /// Puts a card into the slot, or takes out what is there.
    public func insert(_ card: SDCard?) {
        self.card?.drain()
        self.card?.onProgress = {}
        self.card = card
        card?.onProgress = { [unowned self] in pump() }
    }

    public func reset() {
        card?.drain()
        card?.reset()
        (power, clock, argument, command, lastCommand, timer, length, control, left, latched) = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        (response, masks, fifo, isMoving) = ([0, 0, 0, 0], [0, 0], [], false)
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("power", &power)
        visitor.field("clock", &clock)
        visitor.field("argument", &argument)
        visitor.field("command", &command)
        visitor.field("lastCommand", &lastCommand)
        visitor.field("response", &response)
        visitor.field("timer", &timer)
        visitor.field("length", &length)
        visitor.field("control", &control)
        visitor.field("left", &left)
        visitor.field("status", &latched)
        visitor.field("isMoving", &isMoving)
        visitor.field("masks", &masks)
        visitor.field("fifo", &fifo)
        visitor.check("there are four words of response, and two masks", response.count == 4 && masks.count == 2)
        visitor.check("the FIFO has 16 words", fifo.count <= PL180.fifoSize)
        if let card { visitor.group("card") { card.visit(&$0) } }
    }

    public func restored() {
        card?.restored()
        update()
    }

    // MARK: Status

    private var readsCard: Bool { control & DataControl.fromCard != 0 }

    private var status: UInt32 {
        var status = latched
        if fifo.isEmpty { status |= Status.sendEmpty | Status.receiveEmpty }
        guard control & DataControl.enable != 0 else { return status }
        if readsCard {
            // Until the last word has been read: drivers look at nothing else.
            if left > 0 || !fifo.isEmpty { status |= Status.receives }
            if !fifo.isEmpty { status |= Status.receiveAvailable }
            if fifo.count >= PL180.fifoSize / 2 { status |= Status.halfFull }
            if fifo.count == PL180.fifoSize { status |= Status.receiveFull }
        } else {
            if left > 0 { status |= Status.sends }
            if !fifo.isEmpty { status |= Status.sendAvailable }
            if fifo.count <= PL180.fifoSize / 2, left > 0 { status |= Status.halfEmpty }
            if fifo.count == PL180.fifoSize { status |= Status.sendFull }
        }
        return status
    }

    private func update() {
        let status = status
        for (index, pin) in interrupts.enumerated() { pin.set(status & masks[index] != 0) }
    }

    // MARK: Commands and data

    private func issue() {
        guard command & Command.enable != 0 else { return }
        command &= ~Command.enable
        let index = command & 63
        let answer = power & 3 == 3 ? card?.command(index, argument) ?? .none : .none
        guard command & Command.response != 0 else {
            latched |= Status.commandSent
            return pump()
        }
        switch answer {
        case .none: latched |= Status.commandTimeOut
        case .short(let word):
            (lastCommand, response) = (index, [word, 0, 0, 0])
            latched |= Status.responseEnd
        case .long(let words):
            (lastCommand, response) = (index, words)
            latched |= Status.responseEnd
        }
        pump()
    }

    /// Moves between FIFO and card as far as both let it.
    private func pump() {
        defer { update() }
        guard control & DataControl.enable != 0, let card else { return }
        if readsCard { pull(card) } else { push(card) }
    }

    private func pull(_ card: SDCard) {
        while fifo.count < PL180.fifoSize, left > 0, card.available > 0 {
            var word: UInt32 = 0
            for byte in 0..<min(4, left, UInt32(card.available)) { word |= UInt32(card.take()) << (8 * byte) }
            fifo.append(word)
            left -= min(4, left)
        }
        if left == 0 { end() }
    }

    private func push(_ card: SDCard) {
        while let word = fifo.first, left > 0, card.accepts {
            fifo.removeFirst()
            for byte in 0..<min(4, left) where card.accepts { card.give(UInt8(truncatingIfNeeded: word >> (8 * byte))) }
            left -= min(4, left)
        }
        // The card has the last block when it has been written.
        if left == 0, !card.isProgramming { end() }
    }

    /// The data path has moved everything, which it says once.
    private func end() {
        if isMoving { latched |= Status.dataEnd | Status.blockEnd }
        isMoving = false
    }

    // MARK: Registers

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        let value: UInt32
        switch offset {
        case 0x00: value = power
        case 0x04: value = clock
        case 0x08: value = argument
        case 0x0c: value = command
        case 0x10: value = lastCommand
        case 0x14...0x20: value = response[Int(offset - 0x14) / 4]
        case 0x24: value = timer
        case 0x28: value = length
        case 0x2c: value = control
        case 0x30: value = left
        case 0x34: value = status
        case 0x3c, 0x40: value = masks[Int(offset - 0x3c) / 4]
        // Words that have not been in the FIFO yet.
        case 0x48: value = (left + 3) / 4
        case 0x80..<0xc0: value = takeWord()
        case 0xfe0...: value = PL180.identification[Int(offset - 0xfe0) / 4]
        default: value = 0
        }
        return (UInt64(value), .ok)
    }

    private func takeWord() -> UInt32 {
        guard readsCard, !fifo.isEmpty else { return 0 }
        let word = fifo.removeFirst()
        pump()
        return word
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let value = UInt32(truncatingIfNeeded: value)
        switch offset {
        case 0x00: power = value & 0xff
        case 0x04: clock = value & 0x1fff
        case 0x08: argument = value
        case 0x0c:
            command = value & 0x7ff
            issue()
        case 0x24: timer = value
        case 0x28: length = value & 0xffff
        case 0x2c:
            control = value & 0xff
            if value & DataControl.enable != 0 { (left, fifo, isMoving) = (length, [], true) }
            pump()
        case 0x38: latched &= ~(value & Status.latched)
        case 0x3c, 0x40: masks[Int(offset - 0x3c) / 4] = value & 0x3f_ffff
        case 0x80..<0xc0:
            if control & DataControl.enable != 0, !readsCard, fifo.count < PL180.fifoSize { fifo.append(value) }
            pump()
        default: break
        }
        update()
        return .ok
    }
}
