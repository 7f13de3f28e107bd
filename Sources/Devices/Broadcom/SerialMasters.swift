import AddressSpace
import DeviceModel
import Snapshot

/// The SPI master of a BCM2835 ("BCM2835 ARM Peripherals", chapter 10) without anything behind its selects: what is sent goes nowhere, zeros come back.
public final class BroadcomSPI: MMIODevice {
    public static let typeName = "bcm2835-spi"
    public static let windowSize: UInt64 = 0x18
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    private static let fifoSize = 64
    private enum Control {
        static let clearSent: UInt32 = 1 << 4, clearReceived: UInt32 = 1 << 5, active: UInt32 = 1 << 7, interruptDone: UInt32 = 1 << 9
        static let interruptRead: UInt32 = 1 << 10, done: UInt32 = 1 << 16, hasData: UInt32 = 1 << 17, hasRoom: UInt32 = 1 << 18
        static let threeQuarters: UInt32 = 1 << 19, full: UInt32 = 1 << 20, kept: UInt32 = 0x03e0_ffcf
    }

    public let interrupt = OutputPin()
    private var control: UInt32 = 0, clock: UInt32 = 0, length: UInt32 = 0, hold: UInt32 = 1, thresholds: UInt32 = 0x3020_1030
    /// Zeros that wait to be read.
    private var received: UInt32 = 0

    public init() {}

    public func reset() {
        (control, clock, length, hold, thresholds, received) = (0, 0, 0, 1, 0x3020_1030, 0)
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("cs", &control)
        visitor.field("clk", &clock)
        visitor.field("dlen", &length)
        visitor.field("ltoh", &hold)
        visitor.field("dc", &thresholds)
        visitor.field("received", &received)
        let read = received
        visitor.check("the FIFO has 64 bytes", read <= BroadcomSPI.fifoSize)
    }

    public func restored() { update() }

    private var status: UInt32 {
        var value = control | Control.hasRoom
        if control & Control.active != 0 { value |= Control.done }
        if received > 0 { value |= Control.hasData }
        if received >= 48 { value |= Control.threeQuarters }
        if received == BroadcomSPI.fifoSize { value |= Control.full }
        return value
    }

    private func update() {
        let value = status
        let isDone = value & Control.done != 0 && value & Control.interruptDone != 0
        interrupt.set(isDone || value & Control.threeQuarters != 0 && value & Control.interruptRead != 0)
    }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        switch offset {
        case 0x00: return (UInt64(status), .ok)
        case 0x04:
            if received > 0 { received -= 1 }
            update()
            return (0, .ok)
        case 0x08: return (UInt64(clock), .ok)
        case 0x0c: return (UInt64(length), .ok)
        case 0x10: return (UInt64(hold), .ok)
        case 0x14: return (UInt64(thresholds), .ok)
        default: return (0, .ok)
        }
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let value = UInt32(truncatingIfNeeded: value)
        switch offset {
        case 0x00:
            if value & Control.clearReceived != 0 { received = 0 }
            control = value & Control.kept
        case 0x04: if control & Control.active != 0 { received = min(received + 1, UInt32(BroadcomSPI.fifoSize)) }
        case 0x08: clock = value & 0xffff
        case 0x0c: length = value & 0xffff
        case 0x10: hold = value & 15
        case 0x14: thresholds = value
        default: break
        }
        update()
        return .ok
    }
}

/// One of the three I2C masters of a BCM2835 ("BCM2835 ARM Peripherals", chapter 3) on an empty bus: nobody acknowledges an address.
public final class BroadcomI2C: MMIODevice {
    public static let typeName = "bcm2835-i2c"
    public static let windowSize: UInt64 = 0x20
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    private enum Control { static let start: UInt32 = 1 << 7, interruptDone: UInt32 = 1 << 8, enable: UInt32 = 1 << 15, kept: UInt32 = 0x8701 }
    private enum Status { static let done: UInt32 = 2, error: UInt32 = 1 << 8, stretched: UInt32 = 1 << 9, idle: UInt32 = 0x50 }

    public let interrupt = OutputPin()
    private var control: UInt32 = 0, status: UInt32 = 0, length: UInt32 = 0, address: UInt32 = 0
    /// DIV, DEL, CLKT.
    private var timings: [UInt32] = [0x5dc, 0x30_0030, 0x40]

    public init() {}

    public func reset() {
        (control, status, length, address, timings) = (0, 0, 0, 0, [0x5dc, 0x30_0030, 0x40])
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("c", &control)
        visitor.field("s", &status)
        visitor.field("dlen", &length)
        visitor.field("a", &address)
        visitor.table("timings", &timings)
    }

    public func restored() { update() }

    private func update() { interrupt.set(control & Control.interruptDone != 0 && status & Status.done != 0) }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        switch offset {
        case 0x00: (UInt64(control), .ok)
        case 0x04: (UInt64(status | Status.idle), .ok)
        case 0x08: (UInt64(length), .ok)
        case 0x0c: (UInt64(address), .ok)
        case 0x14..<0x20: (UInt64(timings[Int(offset - 0x14) / 4]), .ok)
        default: (0, .ok)
        }
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let value = UInt32(truncatingIfNeeded: value)
        switch offset {
        case 0x00:
            control = value & Control.kept
            if value & (Control.start | Control.enable) == Control.start | Control.enable { status |= Status.done | Status.error }
        case 0x04: status &= ~(value & (Status.done | Status.error | Status.stretched))
        case 0x08: length = value & 0xffff
        case 0x0c: address = value & 0x7f
        case 0x14..<0x20: timings[Int(offset - 0x14) / 4] = value
        default: break
        }
        update()
        return .ok
    }
}
