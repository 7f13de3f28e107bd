import AddressSpace
import DeviceModel
import Snapshot

/// The secondary interrupt controller of a Versatile board (Arm DUI 0225, 4.10): 32 inputs behind one of the primary controller's; some can be let through
/// to inputs of their own there.
public final class SecondaryController: MMIODevice {
    public static let typeName = "versatilepb_sic"
    public static let windowSize: UInt64 = 0x1000
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    /// Inputs that SIC_PICENABLE can let through.
    public static let direct = 21...30
    private static let directMask: UInt32 = 0x7fe0_0000

    public let interrupt = OutputPin()
    /// What is let through, from input 21 on.
    public let directInterrupts = SecondaryController.direct.map { _ in OutputPin() }
    private var inputs: UInt32 = 0, software: UInt32 = 0, enable: UInt32 = 0, letsThrough: UInt32 = 0

    public init() {}

    public func reset() {
        (software, enable, letsThrough) = (0, 0, 0)
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("inputs", &inputs)
        visitor.field("softint", &software)
        visitor.field("enable", &enable)
        visitor.field("picenable", &letsThrough)
    }

    public func restored() { update() }

    /// The wire of an interrupt source.
    public func input(_ number: Int) -> InputPin {
        precondition((0..<32).contains(number))
        return InputPin { [weak self] level in self?.setInput(number, level) }
    }

    private func setInput(_ number: Int, _ level: Bool) {
        let bit: UInt32 = 1 << UInt32(number)
        if level { inputs |= bit } else { inputs &= ~bit }
        update()
    }

    private var raw: UInt32 { inputs | software }

    private func update() {
        interrupt.set(raw & enable != 0)
        for (index, pin) in directInterrupts.enumerated() {
            pin.set((raw & letsThrough) >> UInt32(SecondaryController.direct.lowerBound + index) & 1 != 0)
        }
    }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        let value: UInt32
        switch offset {
        case 0x00: value = raw & enable
        case 0x04: value = raw
        case 0x08: value = enable
        case 0x10: value = software
        case 0x20: value = letsThrough
        default: value = 0
        }
        return (UInt64(value), .ok)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let value = UInt32(truncatingIfNeeded: value)
        switch offset {
        case 0x08: enable |= value
        case 0x0c: enable &= ~value
        case 0x10: software |= value
        case 0x14: software &= ~value
        case 0x20: letsThrough |= value & SecondaryController.directMask
        case 0x24: letsThrough &= ~value
        default: break
        }
        update()
        return .ok
    }
}
