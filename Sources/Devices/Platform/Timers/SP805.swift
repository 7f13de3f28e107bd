import AddressSpace
import DeviceModel
import EventLoop
import Snapshot

/// Arm's watchdog SP805 (DDI 0270): the first time it comes to zero it interrupts, the second time it resets the machine.
public final class SP805: MMIODevice {
    public static let typeName = "sp805"
    public static let windowSize: UInt64 = 0x1000
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    private enum Control { static let interrupt: UInt32 = 1, reset: UInt32 = 2 }
    private static let identification: [UInt32] = [0x05, 0x18, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1]
    private static let key: UInt32 = 0x1acc_e551

    public let interrupt = OutputPin()
    /// The machine is to be reset.
    public var onReset: () -> Void = {}
    private let down: DownCounter
    private var load: UInt32 = 0xffff_ffff, control: UInt32 = 0
    private var isPending = false, isLocked = false

    public init(loop: EventLoop, frequency: Int64 = 32768) {
        down = DownCounter(loop: loop, tick: 1_000_000_000 / frequency)
        down.onZero = { [unowned self] in expire() }
    }

    private func expire() {
        if isPending, control & Control.reset != 0 { onReset() }
        isPending = true
        update()
    }

    private func update() { interrupt.set(isPending && control & Control.interrupt != 0) }

    public func reset() {
        (load, control, isPending, isLocked) = (0xffff_ffff, 0, false, false)
        down.reset()
        down.set(load)
        down.reload = load
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("load", &load)
        visitor.field("control", &control)
        visitor.field("isPending", &isPending)
        visitor.field("isLocked", &isLocked)
        down.visit(&visitor)
    }

    public func restored() {
        down.reload = load
        down.restored()
        update()
    }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        let value: UInt32
        switch offset {
        case 0x00: value = load
        case 0x04: value = down.value
        case 0x08: value = control
        case 0x10: value = isPending ? 1 : 0
        case 0x14: value = isPending && control & Control.interrupt != 0 ? 1 : 0
        case 0xc00: value = isLocked ? 1 : 0
        case 0xfe0...: value = SP805.identification[Int(offset - 0xfe0) / 4]
        default: value = 0
        }
        return (UInt64(value), .ok)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let value = UInt32(truncatingIfNeeded: value)
        if offset == 0xc00 { isLocked = value != SP805.key }
        guard !isLocked else { return .ok }
        switch offset {
        case 0x00:
            load = value
            down.reload = value
            down.set(value)
        case 0x08:
            let begins = control & Control.interrupt == 0 && value & Control.interrupt != 0
            control = value & 3
            if begins { down.set(load) }
            down.setRunning(control & Control.interrupt != 0)
        case 0x0c:
            isPending = false
            down.set(load)
        default: break
        }
        update()
        return .ok
    }
}
