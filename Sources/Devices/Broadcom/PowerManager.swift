import AddressSpace
import DeviceModel
import EventLoop
import Snapshot

/// Power management and watchdog of a BCM2835, as Linux's drivers know them (drivers/watchdog/bcm2835_wdt.c, drivers/soc/bcm/bcm2835-power.c). Writes carry a password.
public final class BroadcomPowerManager: MMIODevice {
    public static let typeName = "bcm2835-powermgt"
    public static let windowSize: UInt64 = 0x200
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    public enum Request { case shutdown, reset }

    private static let password: UInt32 = 0x5a00_0000
    private enum Register { static let rstc = 0x1c / 4, rsts = 0x20 / 4, wdog = 0x24 / 4, image = 0x108 / 4, grafx = 0x10c / 4, proc = 0x110 / 4 }
    /// RSTC.WRCFG: what the watchdog does.
    private static let fullReset: UInt32 = 0x20, configuration: UInt32 = 0x30
    /// The partition to start from, spread over RSTS; 63 asks the firmware to stop.
    private static let halt: UInt32 = 0x555
    /// Nanoseconds of the watchdog's ticks of 1/65536 s.
    private static let tick: Int64 = 15_259
    /// A shorter time is over at once, in nanoseconds.
    private static let shortest: Int64 = 500_000
    private enum Domain { static let powerUp: UInt32 = 1, powerOK: UInt32 = 2, memoryRepair: UInt32 = 1 << 3, memoryDone: UInt32 = 1 << 4 }

    public var onRequest: (Request) -> Void = { _ in }
    private let loop: EventLoop
    private var registers = [UInt32](repeating: 0, count: 0x80)
    /// When the watchdog bites; nil while it sleeps.
    private var deadline: Int64?
    private lazy var timer = LoopTimer(loop, .virtual) { [weak self] in self?.bite() }

    public init(loop: EventLoop) { self.loop = loop }

    public func reset() {
        for index in registers.indices { registers[index] = 0 }
        registers[Register.rstc] = 0x102
        registers[Register.rsts] = 0x1000
        deadline = nil
        timer.cancel()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.table("registers", &registers)
        visitor.field("deadline", &deadline)
        let read = deadline ?? 0
        visitor.check("the watchdog bites at some time", (0...(1 << 61)).contains(read))
    }

    public func restored() { if let deadline { timer.arm(at: deadline) } else { timer.cancel() } }

    private func bite() {
        deadline = nil
        timer.cancel()
        onRequest(registers[Register.rsts] & BroadcomPowerManager.halt == BroadcomPowerManager.halt ? .shutdown : .reset)
    }

    private var left: UInt32 {
        guard let deadline else { return registers[Register.wdog] }
        return UInt32(clamping: max(0, deadline - loop.now(.virtual)) / BroadcomPowerManager.tick)
    }

    private func wind() {
        let isOn = registers[Register.rstc] & BroadcomPowerManager.configuration == BroadcomPowerManager.fullReset
        let time = Int64(registers[Register.wdog] & 0xf_ffff) * BroadcomPowerManager.tick
        // Software that ends the machine gives the watchdog a few ticks and itself a millisecond, for which a timer of a busy host may be too late.
        if isOn, time < BroadcomPowerManager.shortest { return bite() }
        deadline = isOn ? loop.now(.virtual) + time : nil
        restored()
    }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        let index = Int(offset / 4)
        return (UInt64(index == Register.wdog ? left : registers[index]), .ok)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let value = UInt32(truncatingIfNeeded: value), index = Int(offset / 4)
        guard value & 0xff00_0000 == BroadcomPowerManager.password else { return .ok }
        registers[index] = value & 0xff_ffff
        switch index {
        case Register.rstc, Register.wdog: wind()
        case Register.image, Register.grafx, Register.proc:
            // A domain that is switched on has power, and its memory is whole, at once.
            if value & Domain.powerUp != 0 { registers[index] |= Domain.powerOK }
            if value & Domain.memoryRepair != 0 { registers[index] |= Domain.memoryDone }
        default: break
        }
        return .ok
    }
}

/// The bridges between the system's buses (drivers/soc/bcm/bcm2835-power.c): a stop that is asked for is acknowledged.
public final class BroadcomBridge: MMIODevice {
    public static let typeName = "bcm2835-asb"
    public static let windowSize: UInt64 = 0x24
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    private static let password: UInt32 = 0x5a00_0000
    /// "brdg".
    private static let identification: UInt32 = 0x6272_6467
    private static let requestsStop: UInt32 = 1, isStopped: UInt32 = 2
    private var registers = [UInt32](repeating: 0, count: 8)

    public init() {}

    public func reset() { for index in registers.indices { registers[index] = 0 } }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) { visitor.table("registers", &registers) }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        (UInt64(offset < 0x20 ? registers[Int(offset / 4)] : BroadcomBridge.identification), .ok)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let value = UInt32(truncatingIfNeeded: value)
        guard offset < 0x20, value & 0xff00_0000 == BroadcomBridge.password else { return .ok }
        let isStopped = value & BroadcomBridge.requestsStop != 0 ? BroadcomBridge.isStopped : 0
        registers[Int(offset / 4)] = value & 0xff_fffd | isStopped
        return .ok
    }
}
