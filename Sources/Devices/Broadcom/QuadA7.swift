import AddressSpace
import DeviceModel
import EventLoop
import Snapshot

/// What stands beside the four cores of a BCM2836 or BCM2837 (Broadcom's "ARM Quad A7 core", revision 3.4): routing of interrupts to cores, mailboxes between them, and a timer.
public final class QuadA7: MMIODevice {
    public static let typeName = "bcm2836-control"
    public static let windowSize: UInt64 = 0x100
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    public static let cores = 4

    /// Sources of a core's interrupts, by their bits in its source registers.
    public enum Source: Int {
        case securePhysicalTimer, physicalTimer, hypervisorTimer, virtualTimer
        case mailbox0, mailbox1, mailbox2, mailbox3
        case gpu, performance, axi, localTimer
    }
    private enum LocalControl {
        static let value: UInt32 = 0x0fff_ffff, enable: UInt32 = 1 << 28, interrupt: UInt32 = 1 << 29, pending: UInt32 = 1 << 31
    }

    /// Nanoseconds between the edges of the 19.2 MHz crystal, both of which the local timer counts.
    private static func nanoseconds(edges: UInt32) -> Int64 { Int64(edges) * 10_000 / 384 }

    public let irq = (0..<cores).map { _ in OutputPin() }
    public let fiq = (0..<cores).map { _ in OutputPin() }
    private let loop: EventLoop
    private lazy var timer = LoopTimer(loop, .virtual) { [weak self] in self?.fire() }

    private var control: UInt32 = 0, prescaler: UInt32 = 0, gpuRouting: UInt32 = 0, performanceRouting: UInt32 = 0
    private var localRouting: UInt32 = 0, localControl: UInt32 = 0
    /// When the local timer was at its reload value.
    private var localSince: Int64 = 0
    private var counterHigh: UInt32 = 0
    private var timerControl = [UInt32](repeating: 0, count: cores), mailboxControl = [UInt32](repeating: 0, count: cores)
    private var mailboxes = [UInt32](repeating: 0, count: 4 * cores)
    /// Levels of each core's own wires: its four timers in bits 0 to 3, its performance counters in bit 9.
    private var levels = [UInt32](repeating: 0, count: cores)
    private var gpuIRQ = false, gpuFIQ = false

    public init(loop: EventLoop) { self.loop = loop }

    /// A core's own wire: one of its timers, or its performance counters.
    public func input(_ source: Source, core: Int) -> InputPin {
        InputPin { [unowned self] level in
            let bit: UInt32 = 1 << UInt32(source.rawValue)
            if level { levels[core] |= bit } else { levels[core] &= ~bit }
            update()
        }
    }

    /// What comes from the GPU's side of the chip.
    public var gpuInputs: (irq: InputPin, fiq: InputPin) {
        (
            InputPin { [unowned self] in
                gpuIRQ = $0
                update()
            },
            InputPin { [unowned self] in
                gpuFIQ = $0
                update()
            }
        )
    }

    public func reset() {
        (control, prescaler, gpuRouting, performanceRouting, localRouting, localControl, counterHigh) = (0, 0, 0, 0, 0, 0, 0)
        for core in 0..<QuadA7.cores { (timerControl[core], mailboxControl[core]) = (0, 0) }
        for index in mailboxes.indices { mailboxes[index] = 0 }
        timer.cancel()
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("control", &control)
        visitor.field("prescaler", &prescaler)
        visitor.field("gpuRouting", &gpuRouting)
        visitor.field("performanceRouting", &performanceRouting)
        visitor.field("localRouting", &localRouting)
        visitor.field("localControl", &localControl)
        visitor.field("localSince", &localSince)
        visitor.field("counterHigh", &counterHigh)
        visitor.table("timerControl", &timerControl)
        visitor.table("mailboxControl", &mailboxControl)
        visitor.table("mailboxes", &mailboxes)
        visitor.table("levels", &levels)
        visitor.field("gpuIRQ", &gpuIRQ)
        visitor.field("gpuFIQ", &gpuFIQ)
        let since = localSince
        visitor.check("the local timer began at some time", (0...(1 << 60)).contains(since))
    }

    public func restored() {
        arm()
        update()
    }

    // MARK: Wires

    private func sources(_ core: Int, fiq: Bool) -> UInt32 {
        let shift: UInt32 = fiq ? 4 : 0
        // A line that is an FIQ is no IRQ.
        func enabled(_ control: UInt32) -> UInt32 { fiq ? control >> shift & 15 : control & ~(control >> 4) & 15 }
        var value = levels[core] & 15 & enabled(timerControl[core])
        let ready = (0..<4).reduce(UInt32(0)) { $0 | (mailboxes[4 * core + $1] != 0 ? 1 << UInt32($1) : 0) }
        value |= (ready & enabled(mailboxControl[core])) << 4
        if fiq ? gpuFIQ : gpuIRQ, Int(gpuRouting >> (fiq ? 2 : 0) & 3) == core { value |= 1 << 8 }
        let performance = performanceRouting >> UInt32(core)
        if levels[core] >> 9 & 1 != 0, fiq ? performance >> 4 & 1 != 0 : performance & 0x11 == 1 { value |= 1 << 9 }
        let isDue = localControl & LocalControl.pending != 0 && localControl & LocalControl.interrupt != 0
        if isDue, Int(localRouting & 3) == core, (localRouting & 4 != 0) == fiq { value |= 1 << 11 }
        return value
    }

    private func update() {
        for core in 0..<QuadA7.cores {
            irq[core].set(sources(core, fiq: false) != 0)
            fiq[core].set(sources(core, fiq: true) != 0)
        }
    }

    // MARK: Local timer

    private func arm() {
        guard localControl & LocalControl.enable != 0 else { return timer.cancel() }
        timer.arm(at: localSince + max(QuadA7.nanoseconds(edges: localControl & LocalControl.value), 1000))
    }

    private func fire() {
        localControl |= LocalControl.pending
        localSince = loop.now(.virtual)
        arm()
        update()
    }

    // MARK: Registers

    /// The core timer: the crystal's 19.2 MHz through the prescaler.
    private var counter: UInt64 {
        let (now, rest) = UInt64(loop.now(.virtual)).quotientAndRemainder(dividingBy: 625)
        let product = (now * 12 + rest * 12 / 625).multipliedFullWidth(by: UInt64(prescaler))
        return product.high << 33 | product.low >> 31
    }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        let value: UInt32
        let core = Int(offset >> 2 & 3)
        switch offset {
        case 0x00: value = control
        case 0x08: value = prescaler
        case 0x0c: value = gpuRouting
        case 0x10, 0x14: value = performanceRouting
        case 0x1c:
            let now = counter
            counterHigh = UInt32(truncatingIfNeeded: now >> 32)
            value = UInt32(truncatingIfNeeded: now)
        case 0x20: value = counterHigh
        case 0x24: value = localRouting
        case 0x34: value = localControl
        case 0x40..<0x50: value = timerControl[core]
        case 0x50..<0x60: value = mailboxControl[core]
        case 0x60..<0x70: value = sources(core, fiq: false)
        case 0x70..<0x80: value = sources(core, fiq: true)
        case 0xc0..<0x100: value = mailboxes[Int(offset - 0xc0) / 4]
        default: value = 0
        }
        return (UInt64(value), .ok)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let value = UInt32(truncatingIfNeeded: value)
        let core = Int(offset >> 2 & 3)
        switch offset {
        case 0x00: control = value & 0x300
        case 0x08: prescaler = value
        case 0x0c: gpuRouting = value & 15
        case 0x10: performanceRouting |= value & 0xff
        case 0x14: performanceRouting &= ~value
        case 0x24: localRouting = value & 7
        case 0x34: setLocalControl(value)
        case 0x38: setLocalFlags(value)
        case 0x40..<0x50: timerControl[core] = value & 0xff
        case 0x50..<0x60: mailboxControl[core] = value & 0xff
        case 0x80..<0xc0: mailboxes[Int(offset - 0x80) / 4] |= value
        case 0xc0..<0x100: mailboxes[Int(offset - 0xc0) / 4] &= ~value
        default: break
        }
        update()
        return .ok
    }

    private func setLocalControl(_ value: UInt32) {
        let wasEnabled = localControl & LocalControl.enable != 0
        localControl = localControl & LocalControl.pending | value & 0x3fff_ffff
        if !wasEnabled { localSince = loop.now(.virtual) }
        arm()
    }

    /// Bit 31 takes the interrupt away, bit 30 begins the count anew.
    private func setLocalFlags(_ value: UInt32) {
        if value >> 31 & 1 != 0 { localControl &= ~LocalControl.pending }
        guard value >> 30 & 1 != 0 else { return }
        localSince = loop.now(.virtual)
        arm()
    }
}
