import Snapshot

/// What is on a two-wire bus at an address of 7 bits.
public protocol TwoWireDevice: AnyObject {
    var address: UInt8 { get }
    func start(isRead: Bool)
    /// False if the byte is not acknowledged.
    func write(_ byte: UInt8) -> Bool
    func read() -> UInt8
    func reset()
    func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor)
}

/// The devices' side of a two-wire bus (NXP UM10204, 3.1): what two lines say, bit by bit.
struct TwoWireBus {
    private enum Stage: UInt8 {
        /// Nobody is meant.
        case idle
        /// Bits come from the master: the address first, then data.
        case address, receiving
        /// Our bit that says that they have come.
        case acknowledging
        /// Bits go to the master, and its bit that asks for more.
        case sending, listening
    }

    private let devices: [any TwoWireDevice]
    private var stage = Stage.idle
    private var shift: UInt8 = 0, count: UInt8 = 0
    private var isRead = false
    /// The device that is meant, by its place; -1 for none.
    private var chosen = -1
    /// A device holds the data line down.
    private(set) var pulls = false

    init(_ devices: [any TwoWireDevice]) { self.devices = devices }

    mutating func reset() {
        (stage, shift, count, isRead, chosen, pulls) = (.idle, 0, 0, false, -1, false)
        for device in devices { device.reset() }
    }

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        var number = stage.rawValue
        visitor.field("stage", &number)
        visitor.field("shift", &shift)
        visitor.field("count", &count)
        visitor.field("isRead", &isRead)
        visitor.field("chosen", &chosen)
        visitor.field("pulls", &pulls)
        let (known, bits, place, limit) = (Stage(rawValue: number), count, chosen, devices.count)
        visitor.check("the bus's stage is known", known != nil)
        visitor.check("a byte has eight bits", bits <= 8)
        let isMeant = known != .idle && known != .address
        visitor.check("the device that is meant is there", place < limit && place >= (isMeant ? 0 : -1))
        for (index, device) in devices.enumerated() { visitor.group("device\(index)") { device.visit(&$0) } }
        if visitor.isReading { (stage, count) = (known ?? .idle, min(bits, 8)) }
    }

    /// The master has changed clock, data or both.
    mutating func move(from old: (clock: Bool, data: Bool), to new: (clock: Bool, data: Bool)) {
        if old.clock, new.clock {
            // The data line moves while the clock is high: a beginning, or an end.
            if old.data, !new.data { (stage, shift, count, pulls) = (.address, 0, 0, false) }
            if !old.data, new.data { (stage, pulls) = (.idle, false) }
        } else if new.clock, !old.clock {
            rise(new.data)
        } else if old.clock {
            fall()
        }
    }

    private mutating func rise(_ data: Bool) {
        switch stage {
        case .address, .receiving:
            shift = shift << 1 | (data ? 1 : 0)
            count = min(count + 1, 8)
        // No acknowledgement: the master has enough.
        case .listening: if data { stage = .idle }
        case .idle, .acknowledging, .sending: break
        }
    }

    private mutating func fall() {
        switch stage {
        case .address where count == 8: choose()
        case .receiving where count == 8:
            pulls = device?.write(shift) ?? false
            stage = pulls ? .acknowledging : .idle
        case .acknowledging: if isRead { sendByte() } else { (stage, shift, count, pulls) = (.receiving, 0, 0, false) }
        case .sending:
            count += 1
            if count < 8 { pulls = shift >> (7 - count) & 1 == 0 } else { (stage, pulls) = (.listening, false) }
        case .listening: sendByte()
        case .idle, .address, .receiving: break
        }
    }

    private var device: (any TwoWireDevice)? { devices.indices.contains(chosen) ? devices[chosen] : nil }

    private mutating func choose() {
        isRead = shift & 1 != 0
        let place = devices.firstIndex { $0.address == shift >> 1 }
        chosen = place ?? -1
        guard let place else { return stage = .idle }
        devices[place].start(isRead: isRead)
        (stage, pulls) = (.acknowledging, true)
    }

    private mutating func sendByte() {
        (stage, shift, count) = (.sending, device?.read() ?? 0xff, 0)
        pulls = shift >> 7 == 0
    }
}
