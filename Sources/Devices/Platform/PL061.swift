import AddressSpace
import DeviceModel
import Snapshot

/// Arm's PrimeCell general purpose I/O PL061 (DDI 0190): eight pins.
public final class PL061: MMIODevice {
    public static let typeName = "pl061"
    public static let windowSize: UInt64 = 0x1000
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    private static let identification: [UInt32] = [0x61, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1]

    public let interrupt = OutputPin()
    /// What drives a pin that the guest has made an output.
    public let outputs = (0..<8).map { _ in OutputPin() }
    private var data: UInt8 = 0, inputs: UInt8 = 0, direction: UInt8 = 0
    private var sense: UInt8 = 0, bothEdges: UInt8 = 0, event: UInt8 = 0, enable: UInt8 = 0, raw: UInt8 = 0, alternate: UInt8 = 0

    public init() {}

    public func reset() {
        (data, direction, sense, bothEdges, event, enable, raw, alternate) = (0, 0, 0, 0, 0, 0, 0, 0)
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("data", &data)
        visitor.field("inputs", &inputs)
        visitor.field("direction", &direction)
        visitor.field("sense", &sense)
        visitor.field("bothEdges", &bothEdges)
        visitor.field("event", &event)
        visitor.field("enable", &enable)
        visitor.field("raw", &raw)
        visitor.field("alternate", &alternate)
    }

    public func restored() { update() }

    /// The wire into a pin.
    public func input(_ pin: Int) -> InputPin {
        precondition((0..<8).contains(pin))
        return InputPin { [weak self] level in self?.setInput(pin, level) }
    }

    private func setInput(_ pin: Int, _ level: Bool) {
        let bit: UInt8 = 1 << UInt8(pin)
        let old = inputs
        if level { inputs |= bit } else { inputs &= ~bit }
        // Edges of input pins, by GPIOIBE or the direction in GPIOIEV.
        let edges = (old ^ inputs) & ~direction & ~sense
        raw |= edges & (bothEdges | ~(inputs ^ event))
        update()
    }

    /// The pins' levels.
    private var levels: UInt8 { data & direction | inputs & ~direction }

    private var status: UInt8 { raw & ~sense | ~(levels ^ event) & sense }

    private func update() {
        for (pin, output) in outputs.enumerated() { output.set((data & direction) >> UInt8(pin) & 1 != 0) }
        interrupt.set(status & enable != 0)
    }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        let value: UInt32
        switch offset {
        // Address bits 9 to 2 are a mask.
        case 0..<0x400: value = UInt32(levels) & UInt32(offset >> 2)
        case 0x400: value = UInt32(direction)
        case 0x404: value = UInt32(sense)
        case 0x408: value = UInt32(bothEdges)
        case 0x40c: value = UInt32(event)
        case 0x410: value = UInt32(enable)
        case 0x414: value = UInt32(status)
        case 0x418: value = UInt32(status & enable)
        case 0x420: value = UInt32(alternate)
        case 0xfe0...: value = PL061.identification[Int(offset - 0xfe0) / 4]
        default: value = 0
        }
        return (UInt64(value), .ok)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let value = UInt8(truncatingIfNeeded: value)
        switch offset {
        case 0..<0x400:
            let mask = UInt8(truncatingIfNeeded: offset >> 2) & direction
            data = data & ~mask | value & mask
        case 0x400: direction = value
        case 0x404: sense = value
        case 0x408: bothEdges = value
        case 0x40c: event = value
        case 0x410: enable = value
        case 0x41c: raw &= ~value
        case 0x420: alternate = value
        default: break
        }
        update()
        return .ok
    }
}
