import AddressSpace
import Chardev
import DeviceModel
import Snapshot

/// Arm's PrimeCell UART PL011 (DDI 0183), without DMA and modem lines.
///
/// Characters leave at once, and the line is idle as soon as characters have come: the receive timeout follows at once.
public final class PL011: MMIODevice, CharacterFrontEnd {
    public static let typeName = "pl011"
    public static let windowSize: UInt64 = 0x1000
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    private enum Register {
        static let dr: UInt64 = 0x00, rsr: UInt64 = 0x04, fr: UInt64 = 0x18, ilpr: UInt64 = 0x20, ibrd: UInt64 = 0x24, fbrd: UInt64 = 0x28
        static let lcrH: UInt64 = 0x2c, cr: UInt64 = 0x30, ifls: UInt64 = 0x34, imsc: UInt64 = 0x38, ris: UInt64 = 0x3c, mis: UInt64 = 0x40
        static let icr: UInt64 = 0x44, dmacr: UInt64 = 0x48
    }
    private enum Flag { static let receiverEmpty: UInt32 = 1 << 4, receiverFull: UInt32 = 1 << 6, transmitterEmpty: UInt32 = 1 << 7 }
    private enum Interrupt {
        static let receive: UInt32 = 1 << 4, transmit: UInt32 = 1 << 5, timeout: UInt32 = 1 << 6, lineBreak: UInt32 = 1 << 9,
            overrun: UInt32 = 1 << 10
    }
    private enum LineControl { static let lineBreak: UInt32 = 1, parity: UInt32 = 2, even: UInt32 = 4, twoStops: UInt32 = 8 }
    private enum Control { static let loopback: UInt32 = 1 << 7 }
    /// UARTPeriphID0 to UARTPCellID3.
    private static let identification: [UInt32] = [0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1]
    private static let fifoSize = 16

    public let interrupt = OutputPin()
    private let backend: CharacterBackend
    /// UARTCLK in Hz.
    private let clock: Int
    /// Characters with their error bits, as UARTDR shows them.
    private var received: [UInt16] = []
    private var rsr: UInt32 = 0, ilpr: UInt32 = 0, ibrd: UInt32 = 0, fbrd: UInt32 = 0, lcrH: UInt32 = 0, cr: UInt32 = 0x300, ifls: UInt32 = 0x12
    private var imsc: UInt32 = 0, ris: UInt32 = 0, dmacr: UInt32 = 0

    public init(backend: CharacterBackend, clock: Int = 24_000_000) {
        (self.backend, self.clock) = (backend, clock)
        backend.frontEnd = self
    }

    public func reset() {
        if lcrH & LineControl.lineBreak != 0 { backend.setBreak(false) }
        received = []
        (rsr, ilpr, ibrd, fbrd, lcrH, cr, ifls, imsc, ris, dmacr) = (0, 0, 0, 0, 0, 0x300, 0x12, 0, 0, 0)
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("received", &received)
        visitor.field("rsr", &rsr)
        visitor.field("ilpr", &ilpr)
        visitor.field("ibrd", &ibrd)
        visitor.field("fbrd", &fbrd)
        visitor.field("lcr_h", &lcrH)
        visitor.field("cr", &cr)
        visitor.field("ifls", &ifls)
        visitor.field("imsc", &imsc)
        visitor.field("ris", &ris)
        visitor.field("dmacr", &dmacr)
        visitor.check("the receiver holds at most \(PL011.fifoSize) characters", received.count <= PL011.fifoSize)
    }

    public func restored() {
        configureLine()
        backend.setBreak(lcrH & LineControl.lineBreak != 0)
        update()
        backend.frontEndIsReady()
    }

    private var capacity: Int { lcrH & 1 << 4 != 0 ? PL011.fifoSize : 1 }

    /// UARTIFLS.RXIFLSEL: eighths of the FIFO.
    private var trigger: Int { capacity == 1 ? 1 : [2, 4, 8, 12, 14, 8, 8, 8][Int(ifls >> 3 & 7)] }

    private func update() { interrupt.set(ris & imsc != 0) }

    // MARK: Registers

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) { (UInt64(readRegister(offset & ~3)), .ok) }

    private func readRegister(_ offset: UInt64) -> UInt32 {
        switch offset {
        case Register.dr: return readData()
        case Register.rsr: return rsr
        case Register.fr:
            let receiver = received.isEmpty ? Flag.receiverEmpty : received.count >= capacity ? Flag.receiverFull : 0
            return Flag.transmitterEmpty | receiver
        case Register.ilpr: return ilpr
        case Register.ibrd: return ibrd
        case Register.fbrd: return fbrd
        case Register.lcrH: return lcrH
        case Register.cr: return cr
        case Register.ifls: return ifls
        case Register.imsc: return imsc
        case Register.ris: return ris
        case Register.mis: return ris & imsc
        case Register.dmacr: return dmacr
        case 0xfe0...: return PL011.identification[Int(offset - 0xfe0) / 4]
        default: return 0
        }
    }

    private func readData() -> UInt32 {
        guard !received.isEmpty else { return 0 }
        let character = UInt32(received.removeFirst())
        rsr = character >> 8
        if received.count < trigger { ris &= ~Interrupt.receive }
        if received.isEmpty { ris &= ~Interrupt.timeout }
        update()
        backend.frontEndIsReady()
        return character
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let value = UInt32(truncatingIfNeeded: value)
        switch offset & ~3 {
        case Register.dr: transmit(UInt8(truncatingIfNeeded: value))
        case Register.rsr: rsr = 0
        case Register.ilpr: ilpr = value & 0xff
        case Register.ibrd: ibrd = value & 0xffff
        case Register.fbrd: fbrd = value & 0x3f
        case Register.lcrH: writeLineControl(value & 0xff)
        case Register.cr: cr = value & 0xff87
        case Register.ifls: ifls = value & 0x3f
        case Register.imsc: imsc = value & 0x7ff
        case Register.icr: ris &= ~value
        case Register.dmacr: dmacr = value & 7
        default: break
        }
        update()
        return .ok
    }

    /// Switching the FIFOs on or off empties them.
    private func writeLineControl(_ value: UInt32) {
        if (value ^ lcrH) & 1 << 4 != 0 {
            received = []
            ris &= ~(Interrupt.receive | Interrupt.timeout)
        }
        let breaks = (value ^ lcrH) & LineControl.lineBreak != 0
        lcrH = value
        configureLine()
        if breaks { backend.setBreak(value & LineControl.lineBreak != 0) }
        backend.frontEndIsReady()
    }

    /// The divisor counts when UARTLCR_H is written (DDI 0183, section 3.3.6).
    private func configureLine() {
        let divisor = Int(ibrd) * 64 + Int(fbrd)
        guard divisor > 0, case let speed = clock * 4 / divisor, speed > 0 else { return }
        let parity: LineParameters.Parity = lcrH & LineControl.parity == 0 ? .none : lcrH & LineControl.even == 0 ? .odd : .even
        backend.configure(
            LineParameters(speed: speed, parity: parity, dataBits: 5 + Int(lcrH >> 5 & 3), stopBits: lcrH & LineControl.twoStops == 0 ? 1 : 2))
    }

    private func transmit(_ byte: UInt8) {
        if cr & Control.loopback != 0 { receive([byte]) } else { backend.write([byte]) }
        ris |= Interrupt.transmit
    }

    // MARK: Input

    public func receivableBytes() -> Int { max(0, capacity - received.count) }

    public func receive(_ bytes: [UInt8]) { for byte in bytes { put(UInt16(byte)) } }

    private func put(_ character: UInt16) {
        if received.count >= capacity { ris |= Interrupt.overrun } else { received.append(character) }
        if received.count >= trigger { ris |= Interrupt.receive }
        ris |= Interrupt.timeout
        update()
    }

    public func handle(_ event: CharacterEvent) {
        guard event == .lineBreak else { return }
        ris |= Interrupt.lineBreak
        // UARTDR.BE.
        put(1 << 10)
    }
}
