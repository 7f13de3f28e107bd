import AddressSpace
import DeviceModel
import EventLoop
import Snapshot

/// What a Cortex-A9 MPCore has beside its interrupt controller (DDI 0407, chapters 2 and 4): the snoop control unit, the global timer, and for each
/// core a private timer and a watchdog. The private ones have one address for all; who accesses them is told by `AddressSpace.initiator`.
public final class MPCorePrivate: Device {
    public static let typeName = "a9mpcore_priv"

    /// Lines of a core's private timer and watchdog, and of the global timer's comparator: private interrupts 29, 30 and 27.
    public let timers: [OutputPin], watchdogs: [OutputPin], comparators: [OutputPin]
    private let memory: AddressSpace
    private let cores: [Core]
    let unit: SnoopControl
    let global: GlobalTimer

    /// A core's timer and watchdog, which may be a second timer.
    private struct Core {
        let timer: PrivateTimer
        let watchdog: PrivateTimer
    }

    public init(cpus: Int, memory: AddressSpace, loop: EventLoop, frequency: Int64 = 100_000_000) {
        self.memory = memory
        let pins = { (0..<cpus).map { _ in OutputPin() } }
        let (timerPins, watchdogPins, comparatorPins) = (pins(), pins(), pins())
        (timers, watchdogs, comparators) = (timerPins, watchdogPins, comparatorPins)
        cores = (0..<cpus).map { index in
            Core(
                timer: PrivateTimer(loop: loop, tick: 1_000_000_000 / frequency, pin: timerPins[index]),
                watchdog: PrivateTimer(loop: loop, tick: 1_000_000_000 / frequency, pin: watchdogPins[index]))
        }
        unit = SnoopControl(cpus: cpus)
        global = GlobalTimer(loop: loop, tick: 1_000_000_000 / frequency, pins: comparatorPins)
    }

    public func reset() {
        unit.reset()
        global.reset()
        for core in cores {
            core.timer.reset()
            core.watchdog.reset()
        }
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.group("scu") { unit.visit(&$0) }
        visitor.group("global") { global.visit(&$0) }
        for (index, core) in cores.enumerated() {
            visitor.group("timer\(index)") { core.timer.visit(&$0) }
            visitor.group("watchdog\(index)") { core.watchdog.visit(&$0) }
        }
    }

    public func restored() {
        global.restored()
        for core in cores {
            core.timer.restored()
            core.watchdog.restored()
        }
    }

    private var current: Int { min(memory.initiator, cores.count - 1) }

    func read(_ window: MPCoreWindow.Kind, _ offset: UInt64) -> UInt32 {
        switch window {
        case .unit: unit.read(offset)
        case .global: global.read(offset, cpu: current)
        case .private: offset < 0x20 ? cores[current].timer.read(offset) : cores[current].watchdog.read(offset - 0x20)
        }
    }

    func write(_ window: MPCoreWindow.Kind, _ offset: UInt64, _ value: UInt32) {
        switch window {
        case .unit: unit.write(offset, value)
        case .global: global.write(offset, cpu: current, value)
        case .private: if offset < 0x20 { cores[current].timer.write(offset, value) } else { cores[current].watchdog.write(offset - 0x20, value) }
        }
    }
}

/// One of the windows of `MPCorePrivate`.
public final class MPCoreWindow: IOHandler {
    public enum Kind: Sendable { case unit, global, `private` }

    private let device: MPCorePrivate
    private let kind: Kind

    public init(_ device: MPCorePrivate, _ kind: Kind) { (self.device, self.kind) = (device, kind) }

    public func makeRegion() -> MemoryRegion {
        .io("a9mpcore_\(kind)", size: 0x100, handler: self, accepts: 1...4, implements: 4...4)
    }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) { (UInt64(device.read(kind, offset)), .ok) }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        device.write(kind, offset, UInt32(truncatingIfNeeded: value))
        return .ok
    }
}

/// The snoop control unit's registers (DDI 0407, 2.2): memory is coherent, so they are storage.
final class SnoopControl {
    private let cpus: Int
    private var control: UInt32 = 0, status: UInt32 = 0

    init(cpus: Int) { self.cpus = cpus }

    func reset() { (control, status) = (0, 0) }

    func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("control", &control)
        visitor.field("status", &status)
    }

    func read(_ offset: UInt64) -> UInt32 {
        switch offset {
        case 0x00: control
        // The number of cores, all of them coherent.
        case 0x04: (1 << UInt32(cpus) - 1) << 4 | UInt32(cpus - 1)
        case 0x08: status
        default: 0
        }
    }

    func write(_ offset: UInt64, _ value: UInt32) {
        switch offset {
        case 0x00: control = value & 1
        case 0x08: status = value & 0x0303_0303
        default: break
        }
    }
}

/// A core's private timer (DDI 0407, 4.2), or its watchdog in the timer's mode.
final class PrivateTimer {
    private enum Control { static let enable: UInt32 = 1, reload: UInt32 = 2, interrupt: UInt32 = 4 }

    private let down: DownCounter
    private let baseTick: Int64
    private let pin: OutputPin
    private var load: UInt32 = 0, control: UInt32 = 0
    private var isPending = false

    init(loop: EventLoop, tick: Int64, pin: OutputPin) {
        baseTick = tick
        self.pin = pin
        down = DownCounter(loop: loop, tick: tick)
        down.onZero = { [unowned self] in
            isPending = true
            update()
        }
    }

    private func update() { pin.set(isPending && control & Control.interrupt != 0) }

    private func follow() {
        down.reload = control & Control.reload != 0 ? load : nil
        down.setTick(baseTick * Int64((control >> 8 & 0xff) + 1))
    }

    /// A counter that has stopped at zero goes on when it gets a value.
    private func restart(_ value: UInt32) {
        down.set(value)
        down.setRunning(control & Control.enable != 0)
    }

    func reset() {
        (load, control, isPending) = (0, 0, false)
        down.reset()
        update()
    }

    func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("load", &load)
        visitor.field("control", &control)
        visitor.field("isPending", &isPending)
        down.visit(&visitor)
    }

    func restored() {
        follow()
        down.restored()
        update()
    }

    func read(_ offset: UInt64) -> UInt32 {
        switch offset {
        case 0x00: load
        case 0x04: down.value
        case 0x08: control
        case 0x0c: isPending ? 1 : 0
        default: 0
        }
    }

    func write(_ offset: UInt64, _ value: UInt32) {
        switch offset {
        case 0x00:
            load = value
            follow()
            restart(value)
        case 0x04: restart(value)
        case 0x08:
            control = value & 0xff07
            follow()
            // A counter that stands at zero begins anew.
            if control & Control.enable != 0, down.value == 0, control & Control.reload != 0 { down.set(load) }
            down.setRunning(control & Control.enable != 0)
        case 0x0c: if value & 1 != 0 { isPending = false }
        default: break
        }
        update()
    }
}

/// The global timer (DDI 0407, 4.4): a counter of 64 bits that all cores share, with a comparator for each.
final class GlobalTimer {
    private enum Control { static let enable: UInt32 = 1, compare: UInt32 = 2, interrupt: UInt32 = 4, increment: UInt32 = 8 }

    private let loop: EventLoop
    private let baseTick: Int64
    private let pins: [OutputPin]
    /// Bit 0 and the prescaler are everybody's, the rest is each core's own.
    private var control: [UInt32], compare: [UInt64], increment: [UInt32], isPending: [Bool]
    /// The count at a moment of virtual time.
    private var count: UInt64 = 0
    private var since: Int64 = 0
    private lazy var timer = LoopTimer(loop, .virtual) { [weak self] in self?.follow() }

    init(loop: EventLoop, tick: Int64, pins: [OutputPin]) {
        self.loop = loop
        baseTick = tick
        self.pins = pins
        (control, compare) = (pins.map { _ in 0 }, pins.map { _ in 0 })
        (increment, isPending) = (pins.map { _ in 0 }, pins.map { _ in false })
    }

    private var tick: Int64 { baseTick * Int64((control[0] >> 8 & 0xff) + 1) }
    private var isEnabled: Bool { control[0] & Control.enable != 0 }
    private var now: UInt64 { isEnabled ? count &+ UInt64(max(0, loop.now(.virtual) - since) / tick) : count }

    func reset() {
        for cpu in pins.indices { (control[cpu], compare[cpu], increment[cpu], isPending[cpu]) = (0, 0, 0, false) }
        (count, since) = (0, 0)
        follow()
    }

    func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        var value = now
        visitor.field("count", &value)
        for cpu in pins.indices {
            visitor.field("control\(cpu)", &control[cpu])
            visitor.field("compare\(cpu)", &compare[cpu])
            visitor.field("increment\(cpu)", &increment[cpu])
            visitor.field("isPending\(cpu)", &isPending[cpu])
        }
        if visitor.isReading { (count, since) = (value, loop.now(.virtual)) }
    }

    func restored() { follow() }

    /// Comparators that have been reached pull their lines; the timer waits for the next one.
    private func follow() {
        var next: UInt64?
        let now = now
        for cpu in pins.indices {
            let compares = isEnabled && control[cpu] & Control.compare != 0
            if compares, now >= compare[cpu], !isPending[cpu] {
                isPending[cpu] = true
                if control[cpu] & Control.increment != 0, increment[cpu] > 0 {
                    // Rounds that nobody has seen are left out.
                    compare[cpu] &+= UInt64(increment[cpu]) &* ((now - compare[cpu]) / UInt64(increment[cpu]) &+ 1)
                }
            }
            if compares, now < compare[cpu] { next = min(next ?? .max, compare[cpu] - now) }
            pins[cpu].set(isPending[cpu] && control[cpu] & Control.interrupt != 0)
        }
        guard let next, next < UInt64(Int64.max / 2 / tick) else { return timer.cancel() }
        timer.arm(at: loop.now(.virtual) + Int64(next) * tick)
    }

    func read(_ offset: UInt64, cpu: Int) -> UInt32 {
        switch offset {
        case 0x00: UInt32(truncatingIfNeeded: now)
        case 0x04: UInt32(truncatingIfNeeded: now >> 32)
        case 0x08: control[cpu]
        case 0x0c: isPending[cpu] ? 1 : 0
        case 0x10: UInt32(truncatingIfNeeded: compare[cpu])
        case 0x14: UInt32(truncatingIfNeeded: compare[cpu] >> 32)
        case 0x18: increment[cpu]
        default: 0
        }
    }

    func write(_ offset: UInt64, cpu: Int, _ value: UInt32) {
        let shared: UInt32 = 0xff01
        switch offset {
        case 0x00: setCount(now & ~0xffff_ffff | UInt64(value))
        case 0x04: setCount(now & 0xffff_ffff | UInt64(value) << 32)
        case 0x08:
            setCount(now)
            for other in pins.indices { control[other] = control[other] & ~shared | value & shared }
            control[cpu] = value & 0xff0f
        case 0x0c: if value & 1 != 0 { isPending[cpu] = false }
        case 0x10: compare[cpu] = compare[cpu] & ~0xffff_ffff | UInt64(value)
        case 0x14: compare[cpu] = compare[cpu] & 0xffff_ffff | UInt64(value) << 32
        case 0x18: increment[cpu] = value
        default: break
        }
        follow()
    }

    private func setCount(_ value: UInt64) { (count, since) = (value, loop.now(.virtual)) }
}
