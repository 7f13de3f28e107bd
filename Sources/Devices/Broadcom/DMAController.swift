import AddressSpace
import DeviceModel
import Diagnostics
import EventLoop
import Snapshot

/// The DMA controller of a BCM2835 ("BCM2835 ARM Peripherals", chapter 4): 16 channels, the last of which has a window of its own.
///
/// Memory is moved in pieces, between which the machine goes on; what a peripheral paces is moved as long as it asks.
public final class BroadcomDMA: MMIODevice {
    public static let typeName = "bcm2835-dma"
    public static let windowSize: UInt64 = 0x1000
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    public static let channels = 16
    /// The last channel with all abilities; those behind it have no second dimension and 16 bits of length.
    private static let lastFull = 6
    /// What a channel may do before others have their turn: bytes of memory, accesses to registers, control blocks.
    private static let bytes: UInt32 = 1 << 16, accesses = 512, blocks = 16
    private static let pause: Int64 = 20_000

    private enum Debug { static let readError: UInt32 = 4, kept: UInt32 = 7 }

    public let interrupts = (0..<channels).map { _ in OutputPin() }
    private let memory: AddressSpace
    private let bus: BroadcomBus
    private let loop: EventLoop
    private var states = [BroadcomDMAChannel](repeating: BroadcomDMAChannel(), count: channels)
    private var enabled: UInt32 = 0xffff
    /// Peripherals that ask for data, or have some.
    private var requests: UInt32 = 1
    private var isRunning = false
    private lazy var timer = LoopTimer(loop, .virtual) { [weak self] in self?.run() }

    public init(memory: AddressSpace, bus: BroadcomBus, loop: EventLoop) { (self.memory, self.bus, self.loop) = (memory, bus, loop) }

    /// A peripheral's request, by its number of chapter 4.2.1.3.
    public func request(_ peripheral: Int) -> InputPin {
        InputPin { [unowned self] level in
            if level { requests |= 1 << UInt32(peripheral) } else { requests &= ~(1 << UInt32(peripheral)) }
            if level { run() }
        }
    }

    public func reset() {
        for index in states.indices { states[index] = BroadcomDMAChannel() }
        enabled = 0xffff
        timer.cancel()
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("enable", &enabled)
        visitor.field("requests", &requests)
        for index in states.indices { visitor.part("channel\(index)", &states[index]) }
    }

    public func restored() {
        if states.contains(where: \.isActive) { timer.arm(at: loop.now(.virtual)) }
        update()
    }

    private func update() {
        for (index, pin) in interrupts.enumerated() { pin.set(states[index].control & BroadcomDMAChannel.Control.interrupt != 0) }
    }

    // MARK: Moving

    /// Everything that can go on goes on. What comes back here from a peripheral's registers finds it under way.
    private func run() {
        // A channel that has had its turn may be asked again meanwhile.
        guard !isRunning else { return timer.arm(at: loop.now(.virtual)) }
        isRunning = true
        var isUnfinished = false
        for index in states.indices where states[index].isActive { if run(index) { isUnfinished = true } }
        isRunning = false
        if isUnfinished { timer.arm(at: loop.now(.virtual) + BroadcomDMA.pause) }
        update()
    }

    /// - Returns: whether the channel could go on and has had its share.
    private func run(_ index: Int) -> Bool {
        for _ in 0..<BroadcomDMA.blocks {
            guard states[index].isActive else { return false }
            if !states[index].isLoaded {
                // A block at zero is none.
                guard states[index].block != 0 else { return stop(index) }
                guard load(index) else { return fail(index, "there is no control block at", states[index].block) }
            }
            switch move(index) {
            case .finished: finish(index)
            case .waiting: return false
            case .unfinished: return true
            case .failed(let address): return fail(index, "nothing answers at", address)
            }
        }
        return states[index].isActive
    }

    private func stop(_ index: Int) -> Bool {
        states[index].control &= ~BroadcomDMAChannel.Control.active
        return false
    }

    private func fail(_ index: Int, _ what: String, _ address: UInt32) -> Bool {
        Log.write(.guestErrors, "\(BroadcomDMA.typeName): channel \(index): \(what) \(hex(UInt64(address)))")
        states[index].control |= BroadcomDMAChannel.Control.error
        states[index].debug |= Debug.readError
        return stop(index)
    }

    private func load(_ index: Int) -> Bool {
        guard let bytes = memory.read(bus.physical(states[index].block), count: 32) else { return false }
        states[index].load(BroadcomWords.words(bytes), isLite: index > BroadcomDMA.lastFull && index < 15)
        return true
    }

    private func finish(_ index: Int) {
        states[index].isLoaded = false
        states[index].control |= BroadcomDMAChannel.Control.end
        if states[index].has(BroadcomDMAChannel.Information.interrupts) { states[index].control |= BroadcomDMAChannel.Control.interrupt }
        states[index].block = states[index].next
        if states[index].next == 0 { _ = stop(index) }
    }

    private enum Progress { case finished, waiting, unfinished, failed(UInt32) }

    private func move(_ index: Int) -> Progress {
        let peripheral = UInt32(states[index].peripheral)
        var bytes = BroadcomDMA.bytes, accesses = BroadcomDMA.accesses
        while states[index].left > 0 {
            guard peripheral == 0 || requests >> peripheral & 1 != 0 else { return .waiting }
            guard bytes > 0, accesses > 0 else { return .unfinished }
            let count = peripheral == 0 ? copy(index, most: bytes) : nil
            if let count {
                bytes -= count
            } else {
                if let address = moveWord(index) { return .failed(address) }
                accesses -= 1
            }
            // A register may have stopped the channel that writes it.
            guard states[index].isActive, states[index].isLoaded else { return .waiting }
        }
        return .finished
    }

    /// Moves memory to memory, both going on; nil if it is something else.
    private func copy(_ index: Int, most: UInt32) -> UInt32? {
        let state = states[index]
        let fixed = BroadcomDMAChannel.Information.targetIgnored | BroadcomDMAChannel.Information.sourceIgnored
        guard state.has(BroadcomDMAChannel.Information.sourceMoves), state.has(BroadcomDMAChannel.Information.targetMoves), !state.has(fixed) else {
            return nil
        }
        let count = min(state.left, most, 1 << 16)
        let (source, target) = (bus.physical(state.source), bus.physical(state.target))
        // Where one is a little ahead of the other, what was written is read again.
        guard source >= target || target - source >= UInt64(count) else { return nil }
        guard memory.map(source, count: Int(count), writing: false) != nil, memory.map(target, count: Int(count), writing: true) != nil,
            let bytes = memory.read(source, count: Int(count)), memory.write(target, bytes) == .ok
        else { return nil }
        states[index].advance(count)
        return count
    }

    /// Moves up to four bytes.
    ///
    /// - Returns: the address at which nothing answers, else nil.
    private func moveWord(_ index: Int) -> UInt32? {
        let state = states[index]
        let isWhole = state.left >= 4 && state.source & 3 == 0 && state.target & 3 == 0
        let count: UInt32 = isWhole ? 4 : 1
        var value: UInt32 = 0
        if !state.has(BroadcomDMAChannel.Information.sourceIgnored) {
            let address = bus.physical(state.source)
            guard let found = isWhole ? memory.load(address, as: UInt32.self) : memory.load(address, as: UInt8.self).map({ UInt32($0) }) else {
                return state.source
            }
            value = found
        }
        if !state.has(BroadcomDMAChannel.Information.targetIgnored) {
            let address = bus.physical(state.target)
            let result = isWhole ? memory.store(address, value) : memory.store(address, UInt8(truncatingIfNeeded: value))
            guard result == .ok else { return state.target }
        }
        // The access may have reached this channel's own registers.
        guard states[index].isLoaded, states[index].left >= count else { return nil }
        states[index].advance(count)
        return nil
    }

    // MARK: Registers

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) { (UInt64(read(Int(offset))), .ok) }

    private func read(_ offset: Int) -> UInt32 {
        switch offset {
        case 0xfe0:
            return states.indices.reduce(0) { $0 | (states[$1].control & BroadcomDMAChannel.Control.interrupt != 0 ? 1 << UInt32($1) : 0) }
        case 0xff0: return enabled
        case ..<0xf00: return read(channel: offset >> 8, offset & 0xff)
        default: return 0
        }
    }

    private func read(channel: Int, _ offset: Int) -> UInt32 {
        let state = states[channel]
        switch offset {
        case 0x00: return shownControl(state)
        case 0x04: return state.block
        case 0x08: return state.information
        case 0x0c: return state.source
        case 0x10: return state.target
        case 0x14: return state.isLoaded && state.rows == 0 ? state.left : state.isLoaded ? state.rows << 16 | state.left : 0
        case 0x18: return state.stride
        case 0x1c: return state.next
        case 0x20: return state.debug | (channel > BroadcomDMA.lastFull && channel < 15 ? 1 << 28 : 0) | 2 << 25
        default: return 0
        }
    }

    private func shownControl(_ state: BroadcomDMAChannel) -> UInt32 {
        let asks = requests >> UInt32(state.peripheral) & 1 != 0
        let isHeld = state.isActive && state.isLoaded && !asks
        return state.control | (asks ? BroadcomDMAChannel.Control.request : 0) | (isHeld ? BroadcomDMAChannel.Control.held : 0)
            | (state.isActive ? 0 : BroadcomDMAChannel.Control.paused)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let offset = Int(offset), value = UInt32(truncatingIfNeeded: value)
        switch offset {
        case 0xfe0:
            for index in states.indices where value >> UInt32(index) & 1 != 0 { states[index].control &= ~BroadcomDMAChannel.Control.interrupt }
        case 0xff0: enabled = value & 0x7fff | 0x8000
        case ..<0xf00: write(channel: offset >> 8, offset & 0xff, value)
        default: break
        }
        update()
        return .ok
    }

    private func write(channel: Int, _ offset: Int, _ value: UInt32) {
        switch offset {
        case 0x00: writeControl(channel, value)
        case 0x04: if !states[channel].isActive { (states[channel].block, states[channel].isLoaded) = (value & ~31, false) }
        // Software puts the block behind the present one into a chain that stands still.
        case 0x1c: states[channel].next = value & ~31
        case 0x20: states[channel].debug &= ~(value & Debug.kept)
        default: break
        }
    }

    private func writeControl(_ channel: Int, _ value: UInt32) {
        typealias Control = BroadcomDMAChannel.Control
        if value & Control.reset != 0 {
            states[channel] = BroadcomDMAChannel()
            return
        }
        states[channel].control &= ~(value & (Control.end | Control.interrupt))
        states[channel].control = states[channel].control & ~(Control.kept | Control.active) | value & Control.kept
        if value & Control.abort != 0, states[channel].isLoaded {
            // The present block ends here, and the next one comes.
            (states[channel].isLoaded, states[channel].block) = (false, states[channel].next)
        }
        guard value & Control.active != 0, enabled >> UInt32(channel) & 1 != 0 else { return }
        states[channel].control = states[channel].control & ~Control.error | Control.active
        // Behind this access: a channel may be at work that has made it.
        if isRunning { timer.arm(at: loop.now(.virtual)) } else { run() }
    }
}

/// The window of channel 15, which lies elsewhere.
public final class BroadcomDMALastChannel: IOHandler {
    public static let windowSize: UInt64 = 0x100
    private let controller: BroadcomDMA

    public init(_ controller: BroadcomDMA) { self.controller = controller }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) { controller.readLast(offset) }
    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult { controller.writeLast(offset, value) }

    public func makeRegion() -> MemoryRegion {
        .io(BroadcomDMA.typeName + "-chan15", size: BroadcomDMALastChannel.windowSize, handler: self, accepts: 1...4, implements: 4...4)
    }
}

extension BroadcomDMA {
    fileprivate func readLast(_ offset: UInt64) -> (value: UInt64, result: AccessResult) { (UInt64(read(channel: 15, Int(offset))), .ok) }

    fileprivate func writeLast(_ offset: UInt64, _ value: UInt64) -> AccessResult {
        write(channel: 15, Int(offset), UInt32(truncatingIfNeeded: value))
        update()
        return .ok
    }
}
