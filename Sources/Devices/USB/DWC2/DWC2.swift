import AddressSpace
import DeviceModel
import Diagnostics
import EventLoop
import Snapshot
import USB

/// The host side of Synopsys's DesignWare USB 2.0 OTG controller, version 2.94a as a BCM2835 has it (registers by Linux's drivers/usb/dwc2/hw.h): one port, eight channels, each
/// of which its own DMA serves. There is no device side, no access to the FIFOs by software, and no isochronous transfers.
public final class DWC2: MMIODevice {
    public static let typeName = "dwc2-usb"
    public static let windowSize: UInt64 = 0x1_1000
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    private static let channelCount = 8
    /// GSNPSID, and GHWCFG1 to 4 as a BCM2835 has them.
    private static let identification: UInt32 = 0x4f54_294a
    private static let hardware: [UInt32] = [0, 0x228d_dd50, 0x0ff0_00e8, 0x1ff0_0020]
    private enum Interrupt {
        static let host: UInt32 = 1, frame: UInt32 = 1 << 3, port: UInt32 = 1 << 24, channels: UInt32 = 1 << 25
        static let disconnected: UInt32 = 1 << 29, wakeUp: UInt32 = 1 << 31
        static let cleared: UInt32 = 0xf0c0_fc0a
        /// The FIFOs are empty.
        static let empty: UInt32 = 1 << 5 | 1 << 26
    }
    private enum Port {
        static let connected: UInt32 = 1, connectDetected: UInt32 = 2, enabled: UInt32 = 4, enableChanged: UInt32 = 8
        static let overCurrentChanged: UInt32 = 0x20
        static let resume: UInt32 = 0x40, suspended: UInt32 = 0x80, reset: UInt32 = 0x100, powered: UInt32 = 1 << 12, test: UInt32 = 0xf << 13
        static let changes: UInt32 = connectDetected | enableChanged | overCurrentChanged
    }
    private enum AHB { static let interrupts: UInt32 = 1, dma: UInt32 = 1 << 5 }
    private static let frame: Int64 = 1_000_000
    /// Which way the data of a control transfer go, for each device.
    private enum Stage { static let none: UInt8 = 0, input: UInt8 = 1, output: UInt8 = 2 }

    public let interrupt = OutputPin()
    public let connectors: [USBPort]
    private let memory: AddressSpace
    private let translate: (UInt32) -> UInt64
    private let loop: EventLoop

    /// Registers that only keep what they are given, by their offsets.
    private var plain = [UInt32](repeating: 0, count: 0x200)
    private var status: UInt32 = Interrupt.host, port: UInt32 = 0
    private var channels = [DWC2Channel](repeating: DWC2Channel(), count: channelCount)
    private var stages = [UInt8](repeating: 0, count: 128)
    private var isRunning = false
    private lazy var frameTimer = LoopTimer(loop, .virtual) { [weak self] in self?.startFrame() }
    private lazy var workTimer = LoopTimer(loop, .virtual) { [weak self] in self?.run() }

    /// - Parameter translate: what the controller's addresses are as physical ones.
    public init(memory: AddressSpace, loop: EventLoop, translate: @escaping (UInt32) -> UInt64) {
        (self.memory, self.loop, self.translate) = (memory, loop, translate)
        connectors = [USBPort(number: 1, speeds: [.full, .high])]
        for port in connectors { port.owner = self }
        setDefaults()
    }

    private func setDefaults() {
        for index in plain.indices { plain[index] = 0 }
        // GUSBCFG, GRXFSIZ, GNPTXFSIZ, HPTXFSIZ, HFIR.
        for (offset, value) in [(0x0c, 0x1400), (0x24, 0x1000), (0x28, 0x100_1000), (0x100, 0x1f4_2000), (0x404, 60_000)] as [(Int, UInt32)] {
            plain[offset / 4] = value
        }
        (status, port) = (Interrupt.host, 0)
        for index in channels.indices { channels[index] = DWC2Channel() }
        for index in stages.indices { stages[index] = Stage.none }
    }

    public func reset() {
        setDefaults()
        frameTimer.cancel()
        workTimer.cancel()
        look()
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.table("plain", &plain)
        visitor.field("gintsts", &status)
        visitor.field("hprt0", &port)
        for index in channels.indices { visitor.part("channel\(index)", &channels[index]) }
        visitor.table("stages", &stages)
    }

    public func restored() {
        if channels.contains(where: \.isEnabled) { workTimer.arm(at: loop.now(.virtual)) }
        update()
    }

    // MARK: Interrupts and frames

    private var isDMA: Bool { plain[0x08 / 4] & AHB.dma != 0 }
    private var mask: UInt32 { plain[0x18 / 4] }
    private var channelInterrupts: UInt32 {
        var value: UInt32 = 0
        for (index, channel) in channels.enumerated() where channel.interrupts & channel.mask != 0 { value |= 1 << UInt32(index) }
        return value
    }

    private var shownStatus: UInt32 {
        var value = status | Interrupt.empty
        if port & Port.changes != 0 { value |= Interrupt.port }
        if channelInterrupts & plain[0x418 / 4] != 0 { value |= Interrupt.channels }
        return value
    }

    private func update() {
        interrupt.set(plain[0x08 / 4] & AHB.interrupts != 0 && shownStatus & mask != 0)
        // Frames are told only to who asks, a millisecond each: microframes are left out.
        let wantsFrames = mask & Interrupt.frame != 0 && port & Port.enabled != 0
        if !wantsFrames { frameTimer.cancel() } else if frameTimer.deadline == nil { frameTimer.arm(at: loop.now(.virtual) + DWC2.frame) }
    }

    private func startFrame() {
        status |= Interrupt.frame
        update()
    }

    private var frameNumber: UInt32 {
        let isHigh = port >> 17 & 3 == 0
        return UInt32(truncatingIfNeeded: loop.now(.virtual) / (isHigh ? DWC2.frame / 8 : DWC2.frame)) & 0x3fff
    }

    // MARK: The port

    /// Looks who is at the port.
    private func look() {
        let wasConnected = port & Port.connected != 0
        port &= ~(Port.connected | Port.enabled | Port.suspended | 3 << 17)
        guard let device = connectors[0].device else {
            if wasConnected {
                status |= Interrupt.disconnected
                for index in channels.indices where channels[index].isEnabled { channels[index].halt(DWC2Channel.Interrupt.transactionError) }
            }
            return
        }
        port |= Port.connected | Port.connectDetected | (device.function.speed == .high ? 0 : 1 << 17)
    }

    private func write(port value: UInt32) {
        port &= ~(value & Port.changes)
        if value & Port.enabled != 0 { port &= ~Port.enabled }
        let wasReset = port & Port.reset != 0
        port = port & ~(Port.reset | Port.powered | Port.test) | value & (Port.reset | Port.powered | Port.test)
        if value & Port.suspended != 0, port & Port.enabled != 0 { suspend(true) }
        if value & Port.resume != 0 || value & Port.reset != 0 { suspend(false) }
        guard wasReset, value & Port.reset == 0, let device = connectors[0].device else { return }
        device.function.resetByPort()
        for index in stages.indices { stages[index] = Stage.none }
        port |= Port.enabled | Port.enableChanged
    }

    private func suspend(_ suspends: Bool) {
        guard suspends != (port & Port.suspended != 0) else { return }
        port ^= Port.suspended
        connectors[0].device?.function.suspend(suspends)
    }

    // MARK: Channels

    private func function(_ address: Int) -> USBFunction? {
        func find(_ ports: [USBPort]) -> USBFunction? {
            for case let device? in ports.map(\.device) {
                if Int(device.function.address) == address, device.function.isReachable { return device.function }
                if let found = find(device.ports) { return found }
            }
            return nil
        }
        return find(connectors)
    }

    /// Everything that can go on does. What comes back here from a device finds it under way.
    private func run() {
        guard !isRunning, isDMA else { return }
        isRunning = true
        for index in channels.indices where channels[index].isEnabled { carryOut(index) }
        isRunning = false
        update()
    }

    private func carryOut(_ index: Int) {
        typealias Interrupt = DWC2Channel.Interrupt
        let channel = channels[index]
        guard channel.kind != .isochronous else {
            Log.write(.unimplemented, "\(DWC2.typeName): isochronous transfers are not supported")
            return channels[index].halt(Interrupt.overrun)
        }
        guard let function = function(channel.device), port & (Port.enabled | Port.suspended) == Port.enabled else {
            return channels[index].halt(Interrupt.transactionError)
        }
        if channel.isSplit { return carryOutSplit(index, function) }
        guard let answer = exchange(index, function) else { return channels[index].halt(Interrupt.busError) }
        finish(index, answer)
    }

    /// A transaction behind a hub, for a device slower than that: what is sent goes with its start, what is asked for comes with its end.
    private func carryOutSplit(_ index: Int, _ function: USBFunction) {
        typealias Interrupt = DWC2Channel.Interrupt
        let channel = channels[index], isEnd = channel.split & DWC2Channel.Split.complete != 0
        if !isEnd, channel.isInput { return channels[index].halt(Interrupt.ack) }
        if isEnd, !channel.isInput {
            channels[index].splitAnswer = 0
            return channels[index].halt(channel.splitAnswer == 0 ? Interrupt.transactionError : channel.splitAnswer)
        }
        guard let answer = exchange(index, function) else { return channels[index].halt(Interrupt.busError) }
        guard !isEnd else { return finish(index, answer) }
        channels[index].splitAnswer = DWC2.bits(answer)
        channels[index].halt(Interrupt.ack)
    }

    private static func bits(_ answer: USBHandshake) -> UInt32 {
        typealias Interrupt = DWC2Channel.Interrupt
        return switch answer {
        case .ack: Interrupt.complete | Interrupt.ack
        case .nak: Interrupt.nak
        case .stall: Interrupt.stall
        case .babble: Interrupt.babble
        case .silent: Interrupt.transactionError
        }
    }

    /// Of an interrupt endpoint, and of a split transaction, software hears that there is nothing yet; others are asked again when they are ready.
    private func finish(_ index: Int, _ answer: USBHandshake) {
        let channel = channels[index]
        if case .nak = answer, channel.kind != .interrupt, !channel.isSplit {
            channels[index].interrupts |= DWC2Channel.Interrupt.nak
            return
        }
        channels[index].halt(DWC2.bits(answer))
    }

    /// What a channel wants of its device; nil if its address is none of memory's.
    private func exchange(_ index: Int, _ function: USBFunction) -> USBHandshake? {
        let channel = channels[index], address = translate(channel.address)
        // One packet at a time behind slower hubs.
        let count = channel.isSplit ? min(channel.left, channel.packetSize) : channel.left
        guard count == 0 || memory.map(address, count: count, writing: channel.isInput) != nil else { return nil }
        if channel.isInput {
            let answer = channel.endpoint == 0 ? controlInput(channel, function, room: count) : function.input(channel.endpoint, room: count)
            if case .ack(let bytes) = answer {
                memory.write(address, bytes)
                channels[index].note(bytes.count)
            }
            return answer
        }
        guard let bytes = memory.read(address, count: count) else { return nil }
        let answer = channel.endpoint == 0 ? controlOutput(channel, function, bytes) : function.output(channel.endpoint, bytes)
        if case .ack = answer { channels[index].note(count) }
        return answer
    }

    private func controlInput(_ channel: DWC2Channel, _ function: USBFunction, room: Int) -> USBHandshake {
        stages[channel.device] == Stage.input ? function.controlInput(room: room) : function.controlStatus(isInput: true)
    }

    private func controlOutput(_ channel: DWC2Channel, _ function: USBFunction, _ bytes: [UInt8]) -> USBHandshake {
        if channel.isSetup {
            if bytes.count == USBRequest.size {
                let request = USBRequest(bytes)
                stages[channel.device] = request.length == 0 ? Stage.none : request.isInput ? Stage.input : Stage.output
            }
            return function.setUp(bytes)
        }
        return stages[channel.device] == Stage.output ? function.controlOutput(bytes) : function.controlStatus(isInput: false)
    }

    // MARK: Registers

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) { (UInt64(read(Int(offset))), .ok) }

    private func read(_ offset: Int) -> UInt32 {
        switch offset {
        // GOTGCTL: an A device with a valid session.
        case 0x00: return 0xc_0000
        // GRSTCTL: idle.
        case 0x10: return 1 << 31
        case 0x14: return shownStatus
        // GNPTXSTS, HPTXSTS: the queues are empty.
        case 0x2c, 0x410: return 0x8_0400
        case 0x40: return DWC2.identification
        case 0x44..<0x54: return DWC2.hardware[(offset - 0x44) / 4]
        case 0x408: return frameNumber | 0x3000 << 16
        case 0x414: return channelInterrupts
        case 0x440: return port
        case 0x500..<0x600: return read(channel: (offset - 0x500) / 0x20, offset & 0x1f)
        case ..<0x800: return plain[offset / 4]
        default: return 0
        }
    }

    private func read(channel index: Int, _ offset: Int) -> UInt32 {
        let channel = channels[index]
        switch offset {
        case 0x00: return channel.characteristics
        case 0x04: return channel.split
        case 0x08: return channel.interrupts
        case 0x0c: return channel.mask
        case 0x10: return channel.size
        case 0x14: return channel.address
        default: return 0
        }
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let offset = Int(offset), value = UInt32(truncatingIfNeeded: value)
        switch offset {
        case 0x10: resetCore(value)
        case 0x14: status &= ~(value & Interrupt.cleared)
        case 0x440: write(port: value)
        case 0x500..<0x600: write(channel: (offset - 0x500) / 0x20, offset & 0x1f, value)
        case 0x00, 0x2c, 0x40..<0x54, 0x408, 0x410, 0x414: break
        case ..<0x800: plain[offset / 4] = value
        case 0x1000...: Log.write(.unimplemented, "\(DWC2.typeName): access to a FIFO is not supported")
        default: break
        }
        update()
        return .ok
    }

    /// GRSTCTL: the core's reset; flushing of FIFOs is over at once.
    private func resetCore(_ value: UInt32) {
        guard value & 1 != 0 else { return }
        let power = port & Port.powered
        setDefaults()
        port = power
        look()
    }

    private func write(channel index: Int, _ offset: Int, _ value: UInt32) {
        typealias Characteristics = DWC2Channel.Characteristics
        switch offset {
        case 0x00:
            let wasEnabled = channels[index].isEnabled
            let kept = wasEnabled ? Characteristics.enable : 0
            channels[index].characteristics = value & Characteristics.writable | kept
            if value & Characteristics.disable != 0 {
                // Asked to stop it says that it has stopped, whatever it was doing.
                if value & Characteristics.enable != 0 || wasEnabled { channels[index].halt(0) }
            } else if value & Characteristics.enable != 0 {
                channels[index].characteristics |= Characteristics.enable
                if isRunning { workTimer.arm(at: loop.now(.virtual)) } else { run() }
            }
        case 0x04: channels[index].split = value
        case 0x08: channels[index].interrupts &= ~value
        case 0x0c: channels[index].mask = value & 0x3fff
        case 0x10: channels[index].size = value
        case 0x14: channels[index].address = value
        default: break
        }
    }
}

extension DWC2: USBHostController {
    public var pathPrefix: String { "" }
    public var depth: Int { 0 }

    public func changed(_ port: USBPort) {
        look()
        update()
    }

    public func isEnabled(_ port: USBPort) -> Bool { port.device != nil && self.port & Port.enabled != 0 && self.port & Port.suspended == 0 }

    public func wake(_ port: USBPort) {
        status |= Interrupt.wakeUp
        update()
    }

    /// A channel that waits for a device is looked at again, in a moment: the device is in the middle of something.
    public func isReady(_ function: USBFunction, endpoint: Int, isInput: Bool) {
        let waits = channels.contains { $0.isEnabled && $0.device == Int(function.address) && $0.endpoint == endpoint }
        if waits { workTimer.arm(at: loop.now(.virtual)) }
    }
}
