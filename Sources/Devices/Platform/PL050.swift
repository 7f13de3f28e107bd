import AddressSpace
import DeviceModel
import Snapshot

/// Arm's PrimeCell keyboard and mouse interface PL050 (DDI 0143) with a PS/2 device plugged in, or nothing: then what is sent leaves, and no answer comes.
/// A byte takes no time on the wire.
public final class PL050: MMIODevice {
    public static let typeName = "pl050"
    public static let windowSize: UInt64 = 0x1000
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    private enum Control {
        static let clockLow: UInt32 = 1, enable: UInt32 = 1 << 2, transmitInterrupt: UInt32 = 1 << 3, receiveInterrupt: UInt32 = 1 << 4
    }
    private enum Status { static let parity: UInt32 = 1 << 2, received: UInt32 = 1 << 4 }
    private enum Cause { static let received: UInt32 = 1, sent: UInt32 = 2 }
    /// KMISTAT: the transmitter is empty, clock and data are high.
    private static let idle: UInt32 = 1 << 6 | 3
    private static let identification: [UInt32] = [0x50, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1]

    public let interrupt = OutputPin()
    private let plugged: (any PS2Device)?
    private var control: UInt32 = 0, divisor: UInt32 = 0
    private var hasSent = false
    /// What was received last, as KMIDATA shows it.
    private var data: UInt8 = 0

    public static let stateVersion = 2

    public init(_ plugged: (any PS2Device)? = nil) {
        self.plugged = plugged
        plugged?.onOutput = { [unowned self] in update() }
    }

    public func reset() {
        (control, divisor, hasSent, data) = (0, 0, false, 0)
        plugged?.reset()
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("control", &control)
        visitor.field("divisor", &divisor)
        visitor.field("hasSent", &hasSent)
        // Before, nothing could be plugged in.
        guard visitor.version >= 2 else { return }
        visitor.field("data", &data)
        if let plugged { visitor.group("device") { plugged.visit(&$0) } }
    }

    public func restored() {
        plugged?.restored()
        update()
    }

    /// Whether bytes can go: the interface is on and does not hold the clock.
    private var isOpen: Bool { control & (Control.enable | Control.clockLow) == Control.enable }
    private var hasReceived: Bool { isOpen && plugged?.output != nil }
    private var pending: UInt32 {
        (hasSent && control & Control.transmitInterrupt != 0 ? Cause.sent : 0)
            | (hasReceived && control & Control.receiveInterrupt != 0 ? Cause.received : 0)
    }

    private func update() { interrupt.set(pending != 0 && control & Control.enable != 0) }

    /// The parity bit makes the number of ones odd.
    private var status: UInt32 {
        let byte = hasReceived ? plugged?.output ?? data : data
        return PL050.idle | (hasReceived ? Status.received : 0) | (byte.nonzeroBitCount % 2 == 0 ? Status.parity : 0)
    }

    private func takeData() -> UInt32 {
        if hasReceived, let plugged, let byte = plugged.output {
            data = byte
            plugged.takeOutput()
            update()
        }
        return UInt32(data)
    }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        let value: UInt32
        switch offset {
        case 0x00: value = control
        case 0x04: value = status
        case 0x08: value = takeData()
        case 0x0c: value = divisor
        case 0x10: value = pending
        case 0xfe0...: value = PL050.identification[Int(offset - 0xfe0) / 4]
        default: value = 0
        }
        return (UInt64(value), .ok)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let value = UInt32(truncatingIfNeeded: value)
        switch offset {
        case 0x00:
            control = value & 0x3f
            if control & Control.transmitInterrupt == 0 { hasSent = false }
        case 0x08:
            hasSent = isOpen
            if isOpen { plugged?.write(UInt8(truncatingIfNeeded: value)) }
        case 0x0c: divisor = value & 15
        default: break
        }
        update()
        return .ok
    }
}
