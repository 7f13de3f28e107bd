import AddressSpace
import Chardev
import DeviceModel
import Snapshot

/// The auxiliary peripherals of a BCM2835 ("BCM2835 ARM Peripherals", chapter 2): the mini UART. The two SPI masters beside it are not there: their registers read as 0.
///
/// Characters leave at once.
public final class BroadcomAuxiliaryUART: MMIODevice, CharacterFrontEnd {
    public static let typeName = "bcm2835-aux"
    public static let windowSize: UInt64 = 0x100
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    private static let fifoSize = 8
    private enum Enable { static let uart: UInt32 = 1 }
    private enum Interrupt { static let receive: UInt32 = 1, transmit: UInt32 = 2 }
    private enum LineControl { static let divisor: UInt32 = 1 << 7 }

    public let interrupt = OutputPin()
    private let backend: CharacterBackend
    private var enables: UInt32 = 0, interruptEnable: UInt32 = 0, lineControl: UInt32 = 0, modemControl: UInt32 = 0, scratch: UInt32 = 0
    private var control: UInt32 = 3, divisor: UInt32 = 0
    private var received: [UInt8] = []
    private var overran = false
    /// The transmitter is empty, and nobody has been told yet.
    private var hasSent = false

    public init(backend: CharacterBackend) {
        self.backend = backend
        backend.frontEnd = self
    }

    public func reset() {
        (enables, interruptEnable, lineControl, modemControl, scratch, control, divisor) = (0, 0, 0, 0, 0, 3, 0)
        (received, overran, hasSent) = ([], false, false)
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("enables", &enables)
        visitor.field("ier", &interruptEnable)
        visitor.field("lcr", &lineControl)
        visitor.field("mcr", &modemControl)
        visitor.field("scratch", &scratch)
        visitor.field("cntl", &control)
        visitor.field("baud", &divisor)
        visitor.field("received", &received)
        visitor.field("overran", &overran)
        visitor.field("hasSent", &hasSent)
        visitor.check("the receiver holds at most 8 characters", received.count <= BroadcomAuxiliaryUART.fifoSize)
    }

    public func restored() {
        update()
        backend.frontEndIsReady()
    }

    private var pending: UInt32 {
        guard enables & Enable.uart != 0 else { return 0 }
        return (received.isEmpty ? 0 : Interrupt.receive) & interruptEnable | (hasSent ? Interrupt.transmit : 0) & interruptEnable
    }

    private func update() { interrupt.set(pending != 0) }

    // MARK: Registers

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) { (UInt64(readRegister(offset)), .ok) }

    private func readRegister(_ offset: UInt64) -> UInt32 {
        switch offset {
        case 0x00: return pending != 0 ? 1 : 0
        case 0x04: return enables
        case 0x40: return lineControl & LineControl.divisor != 0 ? divisor & 0xff : take()
        case 0x44: return lineControl & LineControl.divisor != 0 ? divisor >> 8 : interruptEnable
        case 0x48: return identification()
        case 0x4c: return lineControl
        case 0x50: return modemControl
        case 0x54:
            let overrun: UInt32 = overran ? 2 : 0
            overran = false
            return 0x60 | overrun | (received.isEmpty ? 0 : 1)
        // CTS is there.
        case 0x58: return 0x20
        case 0x5c: return scratch
        case 0x60: return control
        case 0x64: return status
        case 0x68: return divisor
        default: return 0
        }
    }

    /// Which interrupt is first; that of the transmitter goes when it has been read.
    private func identification() -> UInt32 {
        let pending = pending
        if pending & Interrupt.receive != 0 { return 0xc4 }
        guard pending & Interrupt.transmit != 0 else { return 0xc1 }
        hasSent = false
        update()
        return 0xc2
    }

    /// AUX_MU_STAT: room for a character, nothing under way, and how many are there.
    private var status: UInt32 { 0x30e | (received.isEmpty ? 0 : 1) | (overran ? 0x10 : 0) | UInt32(received.count) << 16 }

    private func take() -> UInt32 {
        guard !received.isEmpty else { return 0 }
        let byte = received.removeFirst()
        update()
        backend.frontEndIsReady()
        return UInt32(byte)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let value = UInt32(truncatingIfNeeded: value)
        let isDivisor = lineControl & LineControl.divisor != 0
        switch offset {
        case 0x04: enables = value & 1
        case 0x40: if isDivisor { divisor = divisor & 0xff00 | value & 0xff } else { send(UInt8(truncatingIfNeeded: value)) }
        case 0x44: if isDivisor { divisor = divisor & 0xff | value << 8 & 0xff00 } else { enableInterrupts(value & 0xff) }
        case 0x48:
            if value & 2 != 0 { received = [] }
            backend.frontEndIsReady()
        case 0x4c: lineControl = value & 0xff
        case 0x50: modemControl = value & 0xff
        case 0x5c: scratch = value & 0xff
        case 0x60:
            control = value & 0xff
            backend.frontEndIsReady()
        case 0x68: divisor = value & 0xffff
        default: break
        }
        update()
        return .ok
    }

    /// The transmitter is always empty: who begins to ask is told.
    private func enableInterrupts(_ value: UInt32) {
        if value & ~interruptEnable & Interrupt.transmit != 0 { hasSent = true }
        interruptEnable = value
    }

    private func send(_ byte: UInt8) {
        guard control & 2 != 0 else { return }
        backend.write([byte])
        hasSent = true
    }

    // MARK: Input

    public func receivableBytes() -> Int { control & 1 != 0 ? max(0, BroadcomAuxiliaryUART.fifoSize - received.count) : 0 }

    public func receive(_ bytes: [UInt8]) {
        for byte in bytes { if received.count < BroadcomAuxiliaryUART.fifoSize { received.append(byte) } else { overran = true } }
        update()
    }

    public func handle(_ event: CharacterEvent) {}
}
