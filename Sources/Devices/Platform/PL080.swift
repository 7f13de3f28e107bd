import AddressSpace
import DeviceModel
import Diagnostics
import EventLoop
import Snapshot

/// Arm's DMA controllers PL080 (DDI 0196; eight channels) and PL081 (DDI 0218; two). Channels move memory to memory of their own accord; with a peripheral in
/// the flow they move what software requests: no peripheral's request lines are connected. What is no memory is a bus error, which a channel tells by its
/// error interrupt: a device's registers are not reached.
public final class PL080: MMIODevice {
    public static let typeName = "pl080"
    public static let windowSize: UInt64 = 0x1000
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    public enum Version: Sendable {
        case pl080, pl081

        var channels: Int { self == .pl080 ? 8 : 2 }
        var identification: [UInt32] { [self == .pl080 ? 0x80 : 0x81, 0x10, 0x04, 0x0a, 0x0d, 0xf0, 0x05, 0xb1] }
    }

    private enum Configuration { static let enable: UInt32 = 1 }
    /// What 16 KiB take on the bus, about: the guest sees channels at work, and lists that lead back to themselves do not hold the machine.
    private static let segmentTime: Int64 = 10_000

    public let interrupt = OutputPin(), terminalInterrupt = OutputPin(), errorInterrupt = OutputPin()
    private let version: Version
    private let memory: AddressSpace
    private let loop: EventLoop
    private var channels: [DMAChannel]
    private var configuration: UInt32 = 0, synchronization: UInt32 = 0
    private var terminal: UInt32 = 0, errors: UInt32 = 0
    private lazy var timer = LoopTimer(loop, .virtual) { [unowned self] in run() }

    public init(_ version: Version, memory: AddressSpace, loop: EventLoop) {
        (self.version, self.memory, self.loop) = (version, memory, loop)
        channels = [DMAChannel](repeating: DMAChannel(), count: version.channels)
    }

    public func reset() {
        timer.cancel()
        channels = [DMAChannel](repeating: DMAChannel(), count: version.channels)
        (configuration, synchronization, terminal, errors) = (0, 0, 0, 0)
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("configuration", &configuration)
        visitor.field("sync", &synchronization)
        visitor.field("rawinttcstatus", &terminal)
        visitor.field("rawinterrorstatus", &errors)
        for index in channels.indices { visitor.part("channel\(index)", &channels[index]) }
    }

    public func restored() {
        timer.cancel()
        arm()
        update()
    }

    private func masked(_ status: UInt32, _ isOpen: (DMAChannel) -> Bool) -> UInt32 {
        channels.enumerated().reduce(0) { $0 | (isOpen($1.element) ? status & 1 << UInt32($1.offset) : 0) }
    }
    private var terminalStatus: UInt32 { masked(terminal, \.tellsTerminal) }
    private var errorStatus: UInt32 { masked(errors, \.tellsErrors) }
    private var enabledChannels: UInt32 { channels.enumerated().reduce(0) { $0 | ($1.element.isEnabled ? 1 << UInt32($1.offset) : 0) } }

    private func update() {
        terminalInterrupt.set(terminalStatus != 0)
        errorInterrupt.set(errorStatus != 0)
        interrupt.set(terminalStatus | errorStatus != 0)
    }

    // MARK: Transfers

    private var isEnabled: Bool { configuration & Configuration.enable != 0 }

    private func arm() {
        if isEnabled, timer.deadline == nil, channels.contains(where: \.runs) { timer.arm(at: loop.now(.virtual) + PL080.segmentTime) }
    }

    /// One piece of a list for each channel that can go on.
    private func run() {
        guard isEnabled else { return }
        for index in channels.indices where channels[index].runs { move(index, units: nil) }
        arm()
        update()
    }

    /// Moves so many units of a channel's source, or all that is left of the present piece.
    private func move(_ index: Int, units: Int?) {
        switch channels[index].move(memory, units: units) {
        case .goesOn: break
        case .pieceEnded: terminal |= 1 << UInt32(index)
        case .failed(let address):
            Log.write(.guestErrors, "\(PL080.typeName): channel \(index) has no memory at \(hex(UInt64(address)))")
            errors |= 1 << UInt32(index)
        }
    }

    /// DMACSoftBReq, DMACSoftSReq and their like: the peripherals whose bits are set ask for a burst or for one unit.
    private func request(_ peripherals: UInt32, isBurst: Bool) {
        guard isEnabled else { return }
        for index in channels.indices {
            guard let units = channels[index].units(of: peripherals, isBurst: isBurst) else { continue }
            move(index, units: units)
        }
        arm()
    }

    // MARK: Registers

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        let value: UInt32
        switch offset {
        case 0x00: value = terminalStatus | errorStatus
        case 0x04: value = terminalStatus
        case 0x0c: value = errorStatus
        case 0x14: value = terminal
        case 0x18: value = errors
        case 0x1c: value = enabledChannels
        case 0x30: value = configuration
        case 0x34: value = synchronization
        case 0x100..<0x200: value = channel(offset).map { channels[$0].read(offset & 0x1f) } ?? 0
        case 0xfe0...: value = version.identification[Int(offset - 0xfe0) / 4]
        // Requests have been answered when they have been made.
        default: value = 0
        }
        return (UInt64(value), .ok)
    }

    private func channel(_ offset: UInt64) -> Int? {
        let index = Int(offset - 0x100) / 0x20
        return index < channels.count ? index : nil
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let value = UInt32(truncatingIfNeeded: value)
        switch offset {
        case 0x08: terminal &= ~value
        case 0x10: errors &= ~value
        case 0x20, 0x28: request(value & 0xffff, isBurst: true)
        case 0x24, 0x2c: request(value & 0xffff, isBurst: false)
        case 0x30:
            configuration = value & 7
            if value & 6 != 0 { Log.write(.unimplemented, "\(PL080.typeName): big-endian buses are not supported") }
        case 0x34: synchronization = value & 0xffff
        case 0x100..<0x200: if let index = channel(offset) { channels[index].write(offset & 0x1f, value) }
        default: break
        }
        arm()
        update()
        return .ok
    }
}
