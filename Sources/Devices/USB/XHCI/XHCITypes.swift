import ObjectModel
import PCI
import Snapshot

extension XHCI {
    /// QEMU's own controller, and the one of NEC's that it has for older guests.
    public static let types = [Model.standard, .nec].map(type)

    private static func type(_ model: Model) -> ObjectType {
        ObjectType(
            model.rawValue, parent: "pci-device", help: model == .nec ? "NEC uPD720200 USB 3.0 host controller" : "USB 3 host controller", bus: "PCI",
            hotpluggable: true,
            PCIProperties.all + [
                Property("p2", .unsigned(bits: 32), default: 4, range: 1...15, "number of ports for USB 2"),
                Property("p3", .unsigned(bits: 32), default: 4, range: 0...15, "number of ports for USB 3"),
                Property("slots", .unsigned(bits: 32), default: 64, range: 1...64, "number of devices"),
                Property("intrs", .unsigned(bits: 32), default: 16, range: 1...16, "number of interrupters"),
                Property("streams", .bool, default: false, "streams of bulk endpoints; none can be had"),
            ])
    }

    public enum Model: String, Sendable {
        case standard = "qemu-xhci"
        case nec = "nec-usb-xhci"
    }

    /// What the command line says of a controller.
    public struct Options: Sendable {
        public var ports2 = 4
        public var ports3 = 4
        public var slots = 64
        public var interrupters = 16

        public init() {}

        public init(_ values: PropertyValues) throws(PropertyError) {
            ports2 = Int(values.integer("p2") ?? 4)
            ports3 = Int(values.integer("p3") ?? 4)
            slots = Int(values.integer("slots") ?? 64)
            interrupters = Int(values.integer("intrs") ?? 16)
            if values.bool("streams") {
                throw .badValue(type: values.type.name, name: "streams", value: "on", accepted: "off: streams are not supported")
            }
        }
    }
}

/// How a command or a transfer ended (xHCI 1.2, section 6.4.5).
enum XHCICode: UInt8 {
    case success = 1, babble = 3, transactionError = 4, trbError = 5, stall = 6, resourceError = 7, noSlots = 9, slotNotEnabled = 11
    case endpointNotEnabled = 12, shortPacket = 13, parameterError = 17, contextStateError = 19, eventRingFull = 21, ringStopped = 24
    case stopped = 26
}

/// The states of an endpoint (section 4.8.3).
enum XHCIEndpointState: UInt8 { case disabled, running, halted, stopped, error }

/// The states of a slot (section 4.5.3), with their numbers in the slot context; a slot that is enabled and has no context yet is in the first.
enum XHCISlotState: UInt8 { case enabled, initial, addressed, configured }

/// A transfer request block (section 4.11): four words.
struct XHCIBlock: Equatable {
    var words: [UInt32]

    static let size = 16

    init(parameter: UInt64 = 0, status: UInt32 = 0, control: UInt32) {
        words = [UInt32(truncatingIfNeeded: parameter), UInt32(parameter >> 32), status, control]
    }

    init(_ bytes: [UInt8]) { words = (0..<4).map { bytes.word(4 * $0) } }

    var parameter: UInt64 { UInt64(words[0]) | UInt64(words[1]) << 32 }
    var control: UInt32 { words[3] }
    var kind: Kind? { Kind(rawValue: UInt8(truncatingIfNeeded: control >> 10 & 0x3f)) }
    /// Bytes of a transfer.
    var length: Int { Int(words[2] & 0x1_ffff) }
    /// Which interrupter is told.
    var target: Int { Int(words[2] >> 22) }
    /// Of a command or an event.
    var slot: Int { Int(control >> 24) }
    var endpoint: Int { Int(control >> 16 & 0x1f) }

    func has(_ flag: UInt32) -> Bool { control & flag != 0 }

    /// Types (section 6.4.6).
    enum Kind: UInt8 {
        case normal = 1, setup, data, status, isoch, link, eventData, noOp
        case enableSlot, disableSlot, addressDevice, configureEndpoint, evaluateContext, resetEndpoint, stopEndpoint, setDequeue, resetDevice
        case noOpCommand = 23
        case transferEvent = 32, commandCompletion, portChange
        case controllerEvent = 37
        case firmwareRevision = 49
    }

    /// Flags of the last word.
    enum Flag {
        static let cycle: UInt32 = 1, toggles: UInt32 = 2, onShortPacket: UInt32 = 1 << 2, chain: UInt32 = 1 << 4, onCompletion: UInt32 = 1 << 5
        static let immediate: UInt32 = 1 << 6, quiet: UInt32 = 1 << 9, isInput: UInt32 = 1 << 16
        /// Of Address Device and Configure Endpoint.
        static let blocksRequest: UInt32 = 1 << 9
        /// Of a transfer event whose parameter is an event's data.
        static let eventData: UInt32 = 1 << 2
    }

    static func control(_ kind: Kind, _ more: UInt32 = 0) -> UInt32 { UInt32(kind.rawValue) << 10 | more }
}

extension XHCIBlock: SnapshotState {
    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) { visitor.table("words", &words) }
}

/// What is found at a ring's dequeue pointer.
enum XHCIFetch {
    case block(XHCIBlock, at: UInt64)
    case nothing
    /// Links that lead to links.
    case endless
    /// No memory is there.
    case unreachable
}

/// A command or transfer ring as its consumer sees it (section 4.9).
struct XHCIRing: SnapshotState {
    var dequeue: UInt64 = 0
    var cycle = false

    /// Links in a row that are followed.
    private static let mostLinks = 16

    /// Takes the next block that its producer has handed over.
    mutating func fetch(_ function: PCIFunction) -> XHCIFetch {
        for _ in 0..<XHCIRing.mostLinks {
            guard let bytes = function.read(dequeue, count: XHCIBlock.size) else { return .unreachable }
            let block = XHCIBlock(bytes)
            guard block.has(XHCIBlock.Flag.cycle) == cycle else { return .nothing }
            guard block.kind == .link else {
                defer { dequeue &+= UInt64(XHCIBlock.size) }
                return .block(block, at: dequeue)
            }
            dequeue = block.parameter & ~15
            if block.has(XHCIBlock.Flag.toggles) { cycle.toggle() }
        }
        return .endless
    }

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("dequeue", &dequeue)
        visitor.field("cycle", &cycle)
    }
}

extension [UInt8] {
    /// A little-endian word.
    func word(_ offset: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(self[offset + $1]) << UInt32(8 * $1) } }

    mutating func put(_ word: UInt32, _ offset: Int) {
        for index in 0..<4 { self[offset + index] = UInt8(truncatingIfNeeded: word >> UInt32(8 * index)) }
    }
}

extension [UInt32] {
    /// As memory has them.
    var bytes: [UInt8] { flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } } }
}
