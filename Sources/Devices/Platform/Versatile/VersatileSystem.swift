import AddressSpace
import DeviceModel
import EventLoop
import Snapshot

/// The system registers of Arm's Versatile and RealView baseboards (DUI 0225, 4.3; DUI 0417, 4.2): identification, LEDs, oscillators, flags,
/// counters, reset, and what tells of cards, flash and display.
public final class VersatileSystem: MMIODevice {
    public static let typeName = "realview_sysctl"
    public static let windowSize: UInt64 = 0x1000
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    /// What tells boards apart.
    public struct Board: Sendable {
        /// SYS_ID and SYS_PROCID0.
        let identification: UInt32, processor: UInt32
        /// The bit of SYS_RESETCTL that resets the board.
        let resetBit: UInt32
        /// SYS_CLCD at reset, and the bits of it that only the board changes.
        let display: UInt32, displayIsFixed: UInt32

        public static let versatile = Board(
            identification: 0x4100_7004, processor: 0x0200_0000, resetBit: 1 << 8, display: 0x1f00, displayIsFixed: 0x3f00)
        /// RealView Platform Baseboard for Cortex-A8, HBI-0178.
        public static let platformA8 = Board(
            identification: 0x0178_0500, processor: 0x0e00_0000, resetBit: 1 << 2, display: 0x1f00, displayIsFixed: 0x3f00)
    }

    private enum Lock { static let key: UInt32 = 0xa05f, locked: UInt32 = 1 << 16 }
    private static let oscillatorCount = 5

    /// The guest resets the board.
    public var onReset: () -> Void = {}
    /// SYS_CLCD[1:0] has changed: how the display's pixels reach the screen.
    public var onDisplayMode: (UInt32) -> Void = { _ in }
    /// Whether each slot has a card, and a write-protected one.
    public var cards: [(isThere: Bool, isReadOnly: Bool)] = [(false, false), (false, false)]

    private let board: Board
    private let loop: EventLoop
    private var leds: UInt32 = 0, flags: UInt32 = 0, nonvolatileFlags: UInt32 = 0, lock: UInt32 = Lock.locked
    private var oscillators = [UInt32](repeating: 0, count: oscillatorCount)
    private var resetControl: UInt32 = 0, pci: UInt32 = 0, flash: UInt32 = 0, display: UInt32 = 0
    private var configuration: [UInt32] = [0, 0], dmaMaps: [UInt32] = [0, 0, 0], selection: UInt32 = 0

    public init(_ board: Board, loop: EventLoop) {
        (self.board, self.loop) = (board, loop)
        display = board.display
    }

    public func reset() {
        (leds, flags, lock, resetControl, pci, flash, display) = (0, 0, Lock.locked, 0, 0, 0, board.display)
        oscillators = [UInt32](repeating: 0, count: VersatileSystem.oscillatorCount)
        (configuration, dmaMaps, selection) = ([0, 0], [0, 0, 0], 0)
        onDisplayMode(display & 3)
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("leds", &leds)
        visitor.field("flags", &flags)
        visitor.field("nvflags", &nonvolatileFlags)
        visitor.field("lock", &lock)
        visitor.table("osc", &oscillators)
        visitor.field("resetctl", &resetControl)
        visitor.field("pcictl", &pci)
        visitor.field("flash", &flash)
        visitor.field("clcd", &display)
        visitor.table("cfgdata", &configuration)
        visitor.table("dmapsr", &dmaMaps)
        visitor.field("iosel", &selection)
    }

    public func restored() { onDisplayMode(display & 3) }

    private var isLocked: Bool { lock & Lock.locked != 0 }

    /// SYS_MCI: cards that are there, then those that cannot be written.
    private var cardStatus: UInt32 {
        cards.enumerated().reduce(0) { $0 | ($1.element.isThere ? 1 << UInt32($1.offset) : 0) | ($1.element.isReadOnly ? 4 << UInt32($1.offset) : 0) }
    }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        let value: UInt32
        switch offset {
        case 0x00: value = board.identification
        case 0x08: value = leds
        case 0x0c...0x1c: value = oscillators[Int(offset - 0x0c) / 4]
        case 0x20: value = lock
        case 0x24: value = UInt32(truncatingIfNeeded: loop.now(.virtual) / 10_000_000)
        case 0x28, 0x2c: value = configuration[Int(offset - 0x28) / 4]
        case 0x30: value = flags
        case 0x38: value = nonvolatileFlags
        case 0x40: value = resetControl
        case 0x44: value = pci | 1
        case 0x48: value = cardStatus
        case 0x4c: value = flash
        case 0x50: value = display
        // SYS_24MHZ: 24 ticks a microsecond.
        case 0x5c:
            let (now, rest) = loop.now(.virtual).quotientAndRemainder(dividingBy: 1000)
            value = UInt32(truncatingIfNeeded: now * 24 + rest * 24 / 1000)
        case 0x64...0x6c: value = dmaMaps[Int(offset - 0x64) / 4]
        case 0x70: value = selection
        case 0x84: value = board.processor
        default: value = 0
        }
        return (UInt64(value), .ok)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let value = UInt32(truncatingIfNeeded: value)
        switch offset {
        case 0x08: leds = value & 0xff
        case 0x20: lock = value & 0xffff == Lock.key ? Lock.key : value & 0x7fff | Lock.locked
        case 0x30: flags |= value
        case 0x34: flags &= ~value
        case 0x38: nonvolatileFlags |= value
        case 0x3c: nonvolatileFlags &= ~value
        case 0x4c: flash = value & 1
        case 0x50: setDisplay(value)
        case 0x64...0x6c: dmaMaps[Int(offset - 0x64) / 4] = value & 0xff
        case 0x70: selection = value
        default: if !isLocked { writeUnlocked(offset, value) }
        }
        return .ok
    }

    /// Registers that SYS_LOCK guards.
    private func writeUnlocked(_ offset: UInt64, _ value: UInt32) {
        switch offset {
        case 0x0c...0x1c: oscillators[Int(offset - 0x0c) / 4] = value & 0x7_ffff
        case 0x28, 0x2c: configuration[Int(offset - 0x28) / 4] = value
        case 0x40:
            resetControl = value & 0x1ff
            if value & board.resetBit != 0 { onReset() }
        case 0x44: pci = value & 0x0f
        default: break
        }
    }

    private func setDisplay(_ value: UInt32) {
        display = display & board.displayIsFixed | value & 0xffff & ~board.displayIsFixed
        onDisplayMode(display & 3)
    }
}
