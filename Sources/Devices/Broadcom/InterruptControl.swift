import AddressSpace
import DeviceModel
import Snapshot

/// The interrupt controller of a BCM2835's Arm side (Broadcom's "BCM2835 ARM Peripherals", chapter 7): 64 lines of the GPU's peripherals and 8 of the Arm's own, one of
/// which may be made the FIQ.
public final class BroadcomInterruptControl: MMIODevice {
    public static let typeName = "bcm2835-ic"
    public static let windowSize: UInt64 = 0x200
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    /// Lines of the Arm's own, in the basic registers.
    public enum Own: Int { case timer, mailbox }

    /// GPU interrupts that the basic register shows as well, from bit 10 on.
    private static let shortcuts = [7, 9, 10, 18, 19, 53, 54, 55, 56, 57, 62]
    private static let shortcutMask = shortcuts.reduce(UInt64(0)) { $0 | 1 << UInt64($1) }

    public let irq = OutputPin(), fiq = OutputPin()
    private var levels: UInt64 = 0, ownLevels: UInt8 = 0
    private var enabled: UInt64 = 0, ownEnabled: UInt8 = 0
    private var fiqControl: UInt8 = 0

    public init() {}

    /// A line of a GPU peripheral, 0 to 63.
    public func input(_ line: Int) -> InputPin {
        InputPin { [unowned self] level in
            if level { levels |= 1 << UInt64(line) } else { levels &= ~(1 << UInt64(line)) }
            update()
        }
    }

    public func input(_ own: Own) -> InputPin {
        InputPin { [unowned self] level in
            if level { ownLevels |= 1 << UInt8(own.rawValue) } else { ownLevels &= ~(1 << UInt8(own.rawValue)) }
            update()
        }
    }

    public func reset() {
        (enabled, ownEnabled, fiqControl) = (0, 0, 0)
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("levels", &levels)
        visitor.field("ownLevels", &ownLevels)
        visitor.field("enabled", &enabled)
        visitor.field("ownEnabled", &ownEnabled)
        visitor.field("fiqControl", &fiqControl)
    }

    public func restored() { update() }

    private func update() {
        irq.set(levels & enabled != 0 || ownLevels & ownEnabled != 0)
        let source = fiqControl & 0x7f
        let level = source < 64 ? levels >> UInt64(source) & 1 != 0 : source < 72 && ownLevels >> (source - 64) & 1 != 0
        fiq.set(fiqControl & 0x80 != 0 && level)
    }

    private var basicPending: UInt32 {
        let pending = levels & enabled
        var value = UInt32(ownLevels & ownEnabled)
        for (index, line) in BroadcomInterruptControl.shortcuts.enumerated() where pending >> UInt64(line) & 1 != 0 { value |= 1 << UInt32(10 + index) }
        let others = pending & ~BroadcomInterruptControl.shortcutMask
        if others & 0xffff_ffff != 0 { value |= 1 << 8 }
        if others >> 32 != 0 { value |= 1 << 9 }
        return value
    }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        let value: UInt64
        switch offset {
        case 0x00: value = UInt64(basicPending)
        case 0x04: value = levels & enabled & 0xffff_ffff
        case 0x08: value = (levels & enabled) >> 32
        case 0x0c: value = UInt64(fiqControl)
        case 0x10, 0x1c: value = enabled & 0xffff_ffff
        case 0x14, 0x20: value = enabled >> 32
        case 0x18, 0x24: value = UInt64(ownEnabled)
        default: value = 0
        }
        return (value, .ok)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let value = value & 0xffff_ffff
        switch offset {
        case 0x0c: fiqControl = UInt8(value & 0xff)
        case 0x10: enabled |= value
        case 0x14: enabled |= value << 32
        case 0x18: ownEnabled |= UInt8(value & 0xff)
        case 0x1c: enabled &= ~value
        case 0x20: enabled &= ~(value << 32)
        case 0x24: ownEnabled &= ~UInt8(value & 0xff)
        default: break
        }
        update()
        return .ok
    }
}
