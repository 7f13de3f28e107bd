import AddressSpace
import HostOS
import Snapshot

/// A channel of a PL080 (DDI 0196, 3.4.14 on): where from, where to, how much, and where the next piece is described.
struct DMAChannel: SnapshotState {
    enum Outcome {
        case goesOn
        /// A piece that is to be told of has ended.
        case pieceEnded
        /// The channel has stopped for want of memory at an address.
        case failed(UInt32)
    }

    private enum Control {
        static let sourceIncrements: UInt32 = 1 << 26, destinationIncrements: UInt32 = 1 << 27, terminalInterrupt: UInt32 = 1 << 31
        static let size: UInt32 = 0xfff
    }
    private enum Configuration {
        static let enable: UInt32 = 1, errorMask: UInt32 = 1 << 14, terminalMask: UInt32 = 1 << 15, halt: UInt32 = 1 << 18
    }
    /// FlowCntrl (table 3-23): by the controller from memory to memory, to a peripheral, from one, from one to another.
    private enum Flow { static let memory: UInt32 = 0, toPeripheral: UInt32 = 1, fromPeripheral: UInt32 = 2, peripherals: UInt32 = 3 }

    private var source: UInt32 = 0, destination: UInt32 = 0, next: UInt32 = 0, control: UInt32 = 0, configuration: UInt32 = 0

    var isEnabled: Bool { configuration & Configuration.enable != 0 }
    /// Whether it moves by itself.
    var runs: Bool { isEnabled && configuration & Configuration.halt == 0 && flow == Flow.memory }
    var tellsTerminal: Bool { configuration & Configuration.terminalMask != 0 }
    var tellsErrors: Bool { configuration & Configuration.errorMask != 0 }
    private var flow: UInt32 { configuration >> 11 & 7 }

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("srcaddr", &source)
        visitor.field("destaddr", &destination)
        visitor.field("lli", &next)
        visitor.field("control", &control)
        visitor.field("configuration", &configuration)
    }

    func read(_ offset: UInt64) -> UInt32 {
        switch offset {
        case 0x00: source
        case 0x04: destination
        case 0x08: next
        case 0x0c: control
        case 0x10: configuration
        default: 0
        }
    }

    mutating func write(_ offset: UInt64, _ value: UInt32) {
        switch offset {
        case 0x00: source = value
        case 0x04: destination = value
        case 0x08: next = value
        case 0x0c: control = value
        // Bit 17 tells that there is something in the FIFO: never.
        case 0x10: configuration = value & 0x0005_fbdf
        default: break
        }
    }

    /// Units of the source that the channel moves when peripherals ask; nil if none of them is the channel's, or it does not wait.
    func units(of peripherals: UInt32, isBurst: Bool) -> Int? {
        guard isEnabled, configuration & Configuration.halt == 0 else { return nil }
        let asks: UInt32
        switch flow {
        case Flow.toPeripheral: asks = peripherals >> (configuration >> 6 & 15)
        case Flow.fromPeripheral, Flow.peripherals: asks = peripherals >> (configuration >> 1 & 15)
        default: return nil
        }
        guard asks & 1 != 0 else { return nil }
        let field = flow == Flow.toPeripheral ? control >> 15 & 7 : control >> 12 & 7
        return isBurst ? [1, 4, 8, 16, 32, 64, 128, 256][Int(field)] : 1
    }

    /// Bytes of a unit: 1, 2 or 4; what is reserved is taken for a word.
    private func width(_ field: UInt32) -> Int { 1 << Int(min(field & 7, 2)) }

    /// Moves so many units of the source, or all that are left of the piece, and loads the next piece behind the last.
    mutating func move(_ memory: AddressSpace, units wanted: Int?) -> Outcome {
        let left = Int(control & Control.size)
        let units = min(wanted ?? left, left)
        if units > 0, let missing = transfer(units, memory) { return stop(missing) }
        control = control & ~Control.size | UInt32(left - units)
        guard units == left else { return .goesOn }
        let isTold = control & Control.terminalInterrupt != 0
        if let missing = loadNext(memory) { return stop(missing) }
        return isTold ? .pieceEnded : .goesOn
    }

    private mutating func stop(_ address: UInt32) -> Outcome {
        configuration &= ~Configuration.enable
        return .failed(address)
    }

    /// The address that has no memory, if there is one.
    private mutating func transfer(_ units: Int, _ memory: AddressSpace) -> UInt32? {
        let (sourceWidth, width) = (width(control >> 18), width(control >> 21))
        let (reads, writes) = (control & Control.sourceIncrements != 0, control & Control.destinationIncrements != 0)
        let count = units * sourceWidth
        guard let from = memory.map(UInt64(source), count: reads ? count : sourceWidth, writing: false) else { return source }
        let unit = from.flatMap { $0.bytes() }
        var bytes = reads ? unit : (0..<units).flatMap { _ in unit }
        // A destination that stays where it is has the last unit in the end; what does not fill a unit stays in the FIFO.
        bytes.removeLast(bytes.count % width)
        if !writes { bytes = bytes.suffix(width) }
        guard !bytes.isEmpty else { return nil }
        guard let to = memory.map(UInt64(destination), count: bytes.count, writing: true) else { return destination }
        var rest = bytes[...]
        for buffer in to { rest = rest.dropFirst(buffer.fill(from: rest)) }
        memory.noteDeviceWrite(UInt64(destination), count: bytes.count)
        if reads { source &+= UInt32(count) }
        if writes { destination &+= UInt32(bytes.count) }
        return nil
    }

    /// The address of a description that cannot be read.
    private mutating func loadNext(_ memory: AddressSpace) -> UInt32? {
        let address = next & ~3
        guard address != 0 else {
            configuration &= ~Configuration.enable
            return nil
        }
        guard let parts = memory.map(UInt64(address), count: 16, writing: false) else { return address }
        let bytes = parts.flatMap { $0.bytes() }
        let words = (0..<4).map { word in (0..<4).reduce(0) { $0 | UInt32(bytes[4 * word + $1]) << UInt32(8 * $1) } }
        (source, destination, next, control) = (words[0], words[1], words[2], words[3])
        return nil
    }
}
