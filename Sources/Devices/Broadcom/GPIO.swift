import AddressSpace
import DeviceModel
import Snapshot

/// The 54 pins of a BCM2835 ("BCM2835 ARM Peripherals", chapter 6): each an input, an output, or one of six functions of the peripherals. Nothing is connected to inputs,
/// which read as 0; pins 48 to 53 decide who has the memory card.
public final class BroadcomGPIO: MMIODevice {
    public static let typeName = "bcm2835_gpio"
    public static let windowSize: UInt64 = 0x100
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    /// Who has the card: the pins' function 4 (ALT0) is the SD host's, 7 (ALT3) the SDHCI's.
    public enum CardHost: Sendable { case sdhost, sdhci }

    private static let pins: UInt64 = 54, allPins: UInt64 = 1 << pins - 1
    /// The three groups of pins with an interrupt each: 0 to 27, 28 to 45, 46 to 53; the fourth is all of them.
    private static let groups: [UInt64] = [0x0fff_ffff, 0x3fff_f000_0000, 0x3f_c000_0000_0000, allPins]
    private enum Event: Int, CaseIterable { case rising, falling, high, low, asynchronousRising, asynchronousFalling }

    public let interrupts = groups.map { _ in OutputPin() }
    public var onCardHost: (CardHost) -> Void = { _ in }
    public private(set) var cardHost = CardHost.sdhci
    private var functions = [UInt32](repeating: 0, count: 6)
    private var output: UInt64 = 0, events: UInt64 = 0
    /// What is watched for, by GPREN to GPAFEN.
    private var watched = [UInt64](repeating: 0, count: Event.allCases.count)
    private var pull: UInt32 = 0
    private var lastLevels: UInt64 = 0

    public init() {}

    public func reset() {
        for index in functions.indices { functions[index] = 0 }
        for index in watched.indices { watched[index] = 0 }
        (output, events, pull, lastLevels, cardHost) = (0, 0, 0, 0, .sdhci)
        onCardHost(cardHost)
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.table("gpfsel", &functions)
        visitor.field("output", &output)
        visitor.field("gpeds", &events)
        visitor.table("watched", &watched)
        visitor.field("gppud", &pull)
        visitor.field("lastLevels", &lastLevels)
        var isHost = cardHost == .sdhost
        visitor.field("cardIsSDHosts", &isHost)
        if visitor.isReading { cardHost = isHost ? .sdhost : .sdhci }
    }

    public func restored() {
        onCardHost(cardHost)
        update()
    }

    /// The three bits of a pin.
    private func function(_ pin: UInt64) -> UInt32 { functions[Int(pin / 10)] >> UInt32(3 * (pin % 10)) & 7 }

    private var levels: UInt64 { (0..<BroadcomGPIO.pins).reduce(0) { $0 | (function($1) == 1 ? output & 1 << $1 : 0) } }

    private func update() {
        let levels = levels
        let (rising, falling) = (levels & ~lastLevels, lastLevels & ~levels)
        lastLevels = levels
        func watch(_ event: Event) -> UInt64 { watched[event.rawValue] }
        events |= rising & (watch(.rising) | watch(.asynchronousRising)) | falling & (watch(.falling) | watch(.asynchronousFalling))
        events |= levels & watch(.high) | ~levels & watch(.low)
        events &= BroadcomGPIO.allPins
        for (index, pin) in interrupts.enumerated() { pin.set(events & BroadcomGPIO.groups[index] != 0) }
    }

    private func selectCard() {
        let found = (48..<54).map { function(UInt64($0)) }
        let wanted: CardHost
        if found.allSatisfy({ $0 == 4 }) { wanted = .sdhost } else if found.allSatisfy({ $0 == 7 }) { wanted = .sdhci } else { return }
        guard wanted != cardHost else { return }
        cardHost = wanted
        onCardHost(wanted)
    }

    private func half(_ value: UInt64, _ offset: UInt64, from start: UInt64) -> UInt64 { offset == start ? value & 0xffff_ffff : value >> 32 }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        switch offset {
        case 0x00..<0x18: return (UInt64(functions[Int(offset / 4)]), .ok)
        case 0x34, 0x38: return (half(levels, offset, from: 0x34), .ok)
        case 0x40, 0x44: return (half(events, offset, from: 0x40), .ok)
        case 0x4c..<0x90:
            let place = (offset - 0x4c) % 12, event = Int((offset - 0x4c) / 12)
            return (place < 8 ? half(watched[event], place, from: 0) : 0, .ok)
        case 0x94: return (UInt64(pull), .ok)
        default: return (0, .ok)
        }
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let value = value & 0xffff_ffff
        switch offset {
        case 0x00..<0x18:
            functions[Int(offset / 4)] = UInt32(value) & (offset == 0x14 ? 0xfff : 0x3fff_ffff)
            selectCard()
        case 0x1c: output |= value
        case 0x20: output = (output | value << 32) & BroadcomGPIO.allPins
        case 0x28: output &= ~value
        case 0x2c: output &= ~(value << 32)
        case 0x40: events &= ~value
        case 0x44: events &= ~(value << 32)
        case 0x4c..<0x90: watch(offset - 0x4c, value)
        case 0x94: pull = UInt32(value) & 3
        default: break
        }
        update()
        return .ok
    }

    private func watch(_ offset: UInt64, _ value: UInt64) {
        let event = Int(offset / 12)
        switch offset % 12 {
        case 0: watched[event] = watched[event] & ~0xffff_ffff | value
        case 4: watched[event] = (watched[event] & 0xffff_ffff | value << 32) & BroadcomGPIO.allPins
        default: break
        }
    }
}
