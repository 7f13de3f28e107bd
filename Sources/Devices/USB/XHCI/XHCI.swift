import AddressSpace
import DeviceModel
import Diagnostics
import EventLoop
import PCI
import Snapshot
import USB

/// A USB 3 host controller (eXtensible Host Controller Interface for USB, revision 1.2).
public final class XHCI: PCIDevice, IOHandler {
    public static let typeName = Model.standard.rawValue

    public let function: PCIFunction
    public let model: Model
    let options: Options
    let loop: EventLoop
    /// Where devices are plugged in.
    public let connectors: [USBPort]
    private let window = MemoryRegion.container("xhci", size: 0x4000)

    var command: UInt32 = 0
    var status = Status.halted
    private var notifications: UInt32 = 0
    private var legacy: UInt32 = 0
    private var legacyControl: UInt32 = 0
    private(set) var contexts: UInt64 = 0
    private(set) var enabledSlots: UInt32 = 0
    var commandRing = XHCIRing()
    var isCommandRingRunning = false
    /// By number less one: those of SuperSpeed come first.
    let ports: [XHCIPort]
    var interrupters: [XHCIInterrupter]
    /// By number less one; nil for one that is not enabled.
    var slots: [XHCISlot?]
    /// When the frames were begun to be counted, in nanoseconds.
    private var frameStart: Int64 = 0

    /// Endpoints to look at; work that begins others is done in turn and not within.
    var toDo: [(slot: Int, endpoint: Int)] = []
    var isWorking = false
    lazy var moderationTimer = LoopTimer(loop, .virtual) { [unowned self] in endModeration() }
    /// Goes on with what was too much for one time.
    lazy var workTimer = LoopTimer(loop, .virtual) { [unowned self] in workOnEverything() }

    enum Command {
        static let run: UInt32 = 1, reset: UInt32 = 2, interrupts: UInt32 = 4, lightReset: UInt32 = 1 << 7, restore: UInt32 = 1 << 9
        /// The rest that stays as it was written: system errors and wraps of the frame's number are never told.
        static let writable: UInt32 = 0xc0d
    }
    enum Status {
        static let halted: UInt32 = 1, systemError: UInt32 = 1 << 2, eventInterrupt: UInt32 = 1 << 3, portChange: UInt32 = 1 << 4
        static let restoreError: UInt32 = 1 << 10
    }
    /// Where groups of registers are.
    private enum Place {
        static let operational: UInt64 = 0x40, ports: UInt64 = 0x440, extended: UInt64 = 0x800, runtime: UInt64 = 0x1000
        static let interrupters: UInt64 = 0x1020, doorbells: UInt64 = 0x2000, messages: UInt64 = 0x3000
    }

    public init(_ model: Model = .standard, options: Options = Options(), loop: EventLoop, isIntegrated: Bool) {
        (self.model, self.options, self.loop) = (model, options, loop)
        connectors = (0..<max(options.ports2, options.ports3)).map { index in
            let (fast, slow) = (index < options.ports3 ? [USBSpeed.superSpeed] : [], index < options.ports2 ? [USBSpeed.low, .full, .high] : [])
            return USBPort(number: index + 1, speeds: Set(fast + slow))
        }
        let places = connectors
        ports =
            (0..<options.ports3).map { XHCIPort(isSuper: true, connector: places[$0]) }
            + (0..<options.ports2).map { XHCIPort(isSuper: false, connector: places[$0]) }
        interrupters = Array(repeating: XHCIInterrupter(), count: options.interrupters)
        slots = Array(repeating: nil, count: options.slots)
        var identity = PCIIdentity(vendor: model == .nec ? 0x1033 : 0x1b36, device: model == .nec ? 0x0194 : 0x000d, classCode: 0x0c_0330)
        identity.revision = model == .nec ? 3 : 1
        function = PCIFunction(identity, isExpress: true)
        function.setPin(1)
        function.addPowerManagement()
        let region = MemoryRegion.io("xhci-registers", size: Place.messages, handler: self, accepts: 1...8, implements: 4...4)
        window.add(region, at: 0)
        function.addWindow(0, .memory64, window)
        function.addMSIX(vectors: options.interrupters, bar: 0, in: window, table: Place.messages, pending: Place.messages + 0x800)
        function.edit { space in
            // Release number 3.0 and a frame of its usual length (section 5.2).
            space.reserve(through: 0x63)
            space.set(0x60, 2, 0x2030)
            space.allow(0x61, 1, 0x3f)
        }
        function.addExpress(isIntegrated ? .integratedEndpoint : .endpoint)
        for connector in connectors { connector.owner = self }
    }

    public func reset() {
        resetController()
        (legacy, legacyControl) = (0, 0)
        function.reset()
    }

    private func resetController() {
        (command, status, notifications, contexts, enabledSlots) = (0, Status.halted, 0, 0, 0)
        (commandRing, isCommandRingRunning, frameStart) = (XHCIRing(), false, 0)
        for index in interrupters.indices { interrupters[index] = XHCIInterrupter() }
        for index in slots.indices { slots[index] = nil }
        for port in ports {
            port.device?.function.resetByPort()
            port.restart()
        }
        toDo = []
        moderationTimer.cancel()
        workTimer.cancel()
        updatePin()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        function.visit(&visitor)
        visitor.field("command", &command)
        visitor.field("status", &status)
        visitor.field("notifications", &notifications)
        visitor.field("legacy", &legacy)
        visitor.field("legacyControl", &legacyControl)
        visitor.field("contexts", &contexts)
        visitor.field("enabledSlots", &enabledSlots)
        visitor.check("no more slots are enabled than there are", enabledSlots <= UInt32(slots.count))
        visitor.part("commandRing", &commandRing)
        visitor.field("isCommandRingRunning", &isCommandRingRunning)
        visitor.field("frameStart", &frameStart)
        visitor.check("frames have begun to be counted at some time", frameStart >= 0)
        for (index, port) in ports.enumerated() { visitor.group("port\(index)") { port.visit(&$0) } }
        for index in interrupters.indices { visitor.part("interrupter\(index)", &interrupters[index]) }
        for index in slots.indices { visitor.part("slot\(index)", &slots[index], empty: XHCISlot()) }
    }

    public func restored() {
        function.restored()
        toDo = []
        updatePin()
        armModeration()
        // Whatever was left undone is looked for.
        if isRunning { workLater() } else { workTimer.cancel() }
    }

    public func configurationWritten(_ range: Range<Int>) { updatePin() }

    var isRunning: Bool { status & (Status.halted | Status.systemError) == 0 }

    /// The controller cannot go on: software has given it memory that is none, or nonsense (section 4.10.2.6).
    func fail(_ reason: String) {
        Log.write(.guestErrors, "xhci: \(reason)")
        status |= Status.systemError | Status.halted
        command &= ~Command.run
        isCommandRingRunning = false
    }

    // MARK: Registers

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) { (UInt64(register(offset)), .ok) }

    private func register(_ offset: UInt64) -> UInt32 {
        switch offset {
        case ..<Place.operational: capability(offset)
        case ..<Place.ports: operational(offset - Place.operational)
        case Place.ports..<Place.extended:
            port(offset - Place.ports) < ports.count ? ports[port(offset - Place.ports)].register(offset & 15) : 0
        case Place.extended..<Place.runtime: extended(offset - Place.extended)
        case Place.runtime: isRunning ? UInt32(truncatingIfNeeded: (loop.now(.virtual) - frameStart) / 125_000) & 0x3fff : 0
        case Place.interrupters..<Place.doorbells:
            interrupter(offset) < interrupters.count ? interrupterRegister(interrupter(offset), offset & 0x1f) : 0
        default: 0
        }
    }

    private func port(_ offset: UInt64) -> Int { Int(offset / 16) }
    private func interrupter(_ offset: UInt64) -> Int { Int(offset - Place.interrupters) / 32 }

    /// Section 5.3.
    private func capability(_ offset: UInt64) -> UInt32 {
        switch offset {
        case 0x00: return 0x0100_0000 | UInt32(Place.operational)
        case 0x04: return UInt32(options.slots) | UInt32(options.interrupters) << 8 | UInt32(ports.count) << 24
        // Microframes ahead of which software has to schedule, and segments of an event ring.
        case 0x08: return 0x0f | XHCIInterrupter.mostSegments << 4
        // 64-bit addresses, contexts of 32 bytes; where the extended capabilities are.
        case 0x10: return 1 | UInt32(Place.extended / 4) << 16
        case 0x14: return UInt32(Place.doorbells)
        case 0x18: return UInt32(Place.runtime)
        default: return 0
        }
    }

    /// Who owns the controller, firmware or system, and which ports have which protocol (sections 7.1 and 7.2).
    private func extended(_ offset: UInt64) -> UInt32 {
        func `protocol`(_ release: UInt32, first: Int, count: Int, isLast: Bool) -> [UInt32] {
            [2 | (isLast ? 0 : 4 << 8) | release << 24, 0x2042_5355, UInt32(first) | UInt32(count) << 8, 0]
        }
        let hasSuper = options.ports3 > 0
        let words =
            [1 | 4 << 8 | legacy, legacyControl, 0, 0] + `protocol`(2, first: options.ports3 + 1, count: options.ports2, isLast: !hasSuper)
            + (hasSuper ? `protocol`(3, first: 1, count: options.ports3, isLast: true) : [])
        return Int(offset / 4) < words.count ? words[Int(offset / 4)] : 0
    }

    /// Section 5.4.
    private func operational(_ offset: UInt64) -> UInt32 {
        switch offset {
        case 0x00: command
        case 0x04: status
        // Pages of 4096 bytes.
        case 0x08: 1
        case 0x14: notifications
        // Of the command ring's register only this can be read.
        case 0x18: isCommandRingRunning ? 8 : 0
        case 0x30: UInt32(truncatingIfNeeded: contexts)
        case 0x34: UInt32(contexts >> 32)
        case 0x38: enabledSlots
        default: 0
        }
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let word = UInt32(truncatingIfNeeded: value)
        switch offset {
        case ..<Place.operational: break
        case ..<Place.ports: writeOperational(offset - Place.operational, word)
        case Place.ports..<Place.extended: writePort(port(offset - Place.ports), offset & 15, word)
        // Firmware gives the controller up as soon as the system wants it.
        case Place.extended: legacy = word & (word & 1 << 24 != 0 ? 1 << 24 : 1 << 16)
        case Place.extended + 4: legacyControl = word & 0xe011
        case Place.interrupters..<Place.doorbells where interrupter(offset) < interrupters.count:
            writeInterrupter(interrupter(offset), offset & 0x1f, word)
        case Place.doorbells..<Place.messages: ring(Int(offset - Place.doorbells) / 4, word)
        default: break
        }
        return .ok
    }

    private func writeOperational(_ offset: UInt64, _ word: UInt32) {
        switch offset {
        case 0x00: write(command: word)
        case 0x04: status &= ~(word & (Status.systemError | Status.eventInterrupt | Status.portChange | Status.restoreError))
        case 0x14: notifications = word & 0xffff
        case 0x18: writeCommandRing(low: word)
        case 0x1c where !isCommandRingRunning: commandRing.dequeue = commandRing.dequeue & 0xffff_ffff | UInt64(word) << 32
        case 0x30: contexts = contexts & ~0xffff_ffff | UInt64(word & ~63)
        case 0x34: contexts = contexts & 0xffff_ffff | UInt64(word) << 32
        case 0x38: enabledSlots = min(word & 0xff, UInt32(options.slots))
        default: break
        }
    }

    private func write(command word: UInt32) {
        if word & Command.reset != 0 { return resetController() }
        let wasRunning = command & Command.run != 0
        command = word & Command.writable
        // Nothing is saved: software that restores is told so and begins anew (section 4.23.2).
        if word & Command.restore != 0 { status |= Status.restoreError }
        if word & Command.lightReset != 0 { Log.write(.guestErrors, "xhci: the light reset is not supported") }
        if !wasRunning, command & Command.run != 0 {
            status &= ~Status.halted
            frameStart = loop.now(.virtual)
            for index in ports.indices where ports[index].hasChanges { tell(index) }
        } else if wasRunning, command & Command.run == 0 {
            status |= Status.halted
            isCommandRingRunning = false
        }
        for number in interrupters.indices { deliver(number) }
        if isRunning { workOnEverything() }
    }

    // MARK: Ports

    private func writePort(_ number: Int, _ offset: UInt64, _ word: UInt32) {
        guard number < ports.count else { return }
        if ports[number].write(offset, word) { tell(number) }
    }

    /// Software is told of a change of a port (section 4.19.2).
    private func tell(_ number: Int) {
        status |= Status.portChange
        let code = UInt32(XHCICode.success.rawValue) << 24
        emit(XHCIBlock(parameter: UInt64(number + 1) << 24, status: code, control: XHCIBlock.control(.portChange)), to: 0)
    }

    /// The device behind a root port of a number from 1 on.
    func device(port number: Int) -> (any USBDevice)? { (1...ports.count).contains(number) ? ports[number - 1].device : nil }
}

extension XHCI: USBHostController {
    public var pathPrefix: String { "" }
    public var depth: Int { 0 }

    public func changed(_ port: USBPort) {
        for index in ports.indices where ports[index].connector === port {
            if ports[index].look() { tell(index) }
        }
    }

    public func isEnabled(_ port: USBPort) -> Bool { ports.contains { $0.connector === port && $0.device != nil && $0.isEnabled } }

    public func wake(_ port: USBPort) {
        for index in ports.indices where ports[index].connector === port && ports[index].device != nil {
            if ports[index].wake() { tell(index) }
        }
    }
}
