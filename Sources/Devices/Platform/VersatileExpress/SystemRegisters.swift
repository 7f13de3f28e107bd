import AddressSpace
import DeviceModel
import Diagnostics
import EventLoop
import Snapshot

/// The system registers of a Versatile Express motherboard (Arm DUI 0447, 4.3): identification, flags that secondary cores wait for, counters, and the way to the
/// board's clocks, voltages and power.
public final class VersatileExpressSystem: MMIODevice {
    public static let typeName = "realview_sysctl"
    public static let windowSize: UInt64 = 0x1000
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    /// What the guest asks of the board's power.
    public enum Request { case shutdown, reboot }

    /// Functions of SYS_CFGCTRL.
    private enum Function: UInt32 {
        case oscillator = 1, voltage, current, temperature, reset, siteConfiguration, multiplexer, shutdown, reboot, displayMode = 11, power, energy
    }
    private enum ConfigurationControl { static let start: UInt32 = 1 << 31, write: UInt32 = 1 << 30 }
    private enum ConfigurationStatus { static let complete: UInt32 = 1, error: UInt32 = 2 }

    public var onRequest: (Request) -> Void = { _ in }
    private let loop: EventLoop
    private let processor: UInt32
    private let oscillatorsAtReset: [UInt32: UInt32]
    private let voltages: [UInt32: UInt32]

    private var leds: UInt32 = 0, flags: UInt32 = 0, nonvolatileFlags: UInt32 = 0, miscellaneous: UInt32 = 0
    private var data: UInt32 = 0, control: UInt32 = 0, status: UInt32 = 0
    private var multiplexer: UInt32 = 0, displayMode: UInt32 = 0
    /// Frequencies in Hz, by site and device in the places of SYS_CFGCTRL.
    private var oscillators: [UInt32: UInt32]
    /// SYS_MCI: whether a card is in its slot, and write-protected.
    public var hasCard = false, cardIsReadOnly = false

    /// - Parameters:
    ///   - processor: SYS_PROCID0.
    ///   - daughterboard: frequencies of the daughterboard's oscillators.
    ///   - voltages: those of its regulators, in microvolts.
    public init(loop: EventLoop, processor: UInt32, daughterboard: [UInt32], voltages: [UInt32]) {
        self.loop = loop
        self.processor = processor
        let motherboard: [UInt32] = [50_000_000, 23_750_000, 24_000_000]
        let site: UInt32 = 1 << 16
        var all: [UInt32: UInt32] = [:]
        for (index, value) in motherboard.enumerated() { all[UInt32(index)] = value }
        for (index, value) in daughterboard.enumerated() { all[site | UInt32(index)] = value }
        oscillatorsAtReset = all
        oscillators = all
        var levels: [UInt32: UInt32] = [0: 3_300_000]
        for (index, value) in voltages.enumerated() { levels[site | UInt32(index)] = value }
        self.voltages = levels
    }

    public func reset() {
        (leds, flags, miscellaneous, data, control, status, multiplexer, displayMode) = (0, 0, 0, 0, 0, 0, 0, 0)
        oscillators = oscillatorsAtReset
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("leds", &leds)
        visitor.field("flags", &flags)
        visitor.field("nvflags", &nonvolatileFlags)
        visitor.field("misc", &miscellaneous)
        visitor.field("cfgdata", &data)
        visitor.field("cfgctrl", &control)
        visitor.field("cfgstat", &status)
        visitor.field("mux", &multiplexer)
        visitor.field("dvimode", &displayMode)
        for key in oscillatorsAtReset.keys.sorted() {
            var value = oscillators[key] ?? 0
            visitor.field("oscillator\(key)", &value)
            oscillators[key] = value
        }
    }

    private func ticks(_ frequency: Int64) -> UInt32 { UInt32(truncatingIfNeeded: loop.now(.virtual) / (1_000_000_000 / frequency)) }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        let value: UInt32
        switch offset {
        // SYS_ID: the motherboard V2M-P1.
        case 0x00: value = 0x1190_f500
        case 0x08: value = leds
        case 0x24: value = ticks(100)
        case 0x30: value = flags
        case 0x38: value = nonvolatileFlags
        case 0x48: value = (hasCard ? 1 : 0) | (cardIsReadOnly ? 2 : 0)
        // SYS_24MHZ: 24 ticks a microsecond.
        case 0x5c: value = UInt32(truncatingIfNeeded: loop.now(.virtual) * 24 / 1000)
        case 0x60: value = miscellaneous
        case 0x84: value = processor
        case 0x88: value = 0xff00_0000
        case 0xa0: value = data
        case 0xa4: value = control
        case 0xa8: value = status
        default: value = 0
        }
        return (UInt64(value), .ok)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let value = UInt32(truncatingIfNeeded: value)
        switch offset {
        case 0x08: leds = value
        case 0x30: flags |= value
        case 0x34: flags &= ~value
        case 0x38: nonvolatileFlags |= value
        case 0x3c: nonvolatileFlags &= ~value
        case 0x60: miscellaneous = value
        case 0xa0: data = value
        case 0xa4: configure(value)
        case 0xa8: status = value & 3
        default: break
        }
        return .ok
    }

    // MARK: Configuration

    /// SYS_CFGCTRL: asks the motherboard's controller to read or change something.
    private func configure(_ value: UInt32) {
        control = value & ~(ConfigurationControl.start | 3 << 18)
        guard value & ConfigurationControl.start != 0 else { return }
        let done = value & ConfigurationControl.write != 0 ? change(value) : look(value)
        if !done { Log.write(.unimplemented, "\(VersatileExpressSystem.typeName): SYS_CFGCTRL \(hex(UInt64(value))) is not supported") }
        status = ConfigurationStatus.complete | (done ? 0 : ConfigurationStatus.error)
    }

    private func function(_ value: UInt32) -> Function? { Function(rawValue: value >> 20 & 63) }
    /// Site and device.
    private func place(_ value: UInt32) -> UInt32 { value & 0x3_0fff }

    private func look(_ value: UInt32) -> Bool {
        let found: UInt32?
        switch function(value) {
        case .oscillator: found = oscillators[place(value)]
        case .voltage: found = voltages[place(value)]
        case .multiplexer: found = multiplexer
        case .displayMode: found = displayMode
        // Nothing is drawn, and it is 25 degrees.
        case .current, .power: found = 0
        case .temperature: found = 25_000
        default: found = nil
        }
        if let found { data = found }
        return found != nil
    }

    private func change(_ value: UInt32) -> Bool {
        switch function(value) {
        case .oscillator:
            guard oscillators[place(value)] != nil else { return false }
            oscillators[place(value)] = data
        case .multiplexer: multiplexer = data
        case .displayMode: displayMode = data
        case .shutdown: onRequest(.shutdown)
        case .reboot, .reset: onRequest(.reboot)
        default: return false
        }
        return true
    }
}
