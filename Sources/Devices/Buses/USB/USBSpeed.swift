/// How fast a device and the port that it is at talk; numbered as xHCI's ports and contexts do (xHCI 1.2, section 7.2.2.1.1).
public enum USBSpeed: UInt8, CaseIterable, Comparable, Sendable {
    case full = 1, low, high, superSpeed

    /// Megabits in a second, as people say it.
    public var name: String {
        switch self {
        case .low: "1.5"
        case .full: "12"
        case .high: "480"
        case .superSpeed: "5000"
        }
    }

    private var rank: Int {
        switch self {
        case .low: 0
        case .full: 1
        case .high: 2
        case .superSpeed: 3
        }
    }

    public static func < (first: USBSpeed, second: USBSpeed) -> Bool { first.rank < second.rank }
}

/// How a device answered (USB 2.0, section 8.4.5).
public enum USBHandshake: Equatable, Sendable {
    /// Taken; of an input, what came.
    case ack([UInt8])
    /// Not now: the device tells when it is ready.
    case nak
    /// The endpoint is halted, or the request is none that the device knows.
    case stall
    /// More came than was asked for.
    case babble
    /// Nobody is there.
    case silent

    public static let accepted = USBHandshake.ack([])
}

/// A request of a control transfer (USB 2.0, section 9.3).
public struct USBRequest: Equatable, Sendable {
    public enum Kind: UInt8, Sendable { case standard, ofClass, ofVendor, reserved }
    public enum Recipient: UInt8, Sendable { case device, interface, endpoint, other }

    public let isInput: Bool
    public let kind: Kind
    /// Nil for one that the specification does not know.
    public let recipient: Recipient?
    public let code: UInt8
    public let value: UInt16, index: UInt16, length: UInt16

    /// Bytes of a setup packet.
    public static let size = 8

    public init(_ bytes: [UInt8]) {
        precondition(bytes.count == USBRequest.size)
        isInput = bytes[0] & 0x80 != 0
        kind = Kind(rawValue: bytes[0] >> 5 & 3) ?? .reserved
        recipient = Recipient(rawValue: bytes[0] & 0x1f)
        code = bytes[1]
        func word(_ place: Int) -> UInt16 { UInt16(bytes[place]) | UInt16(bytes[place + 1]) << 8 }
        (value, index, length) = (word(2), word(4), word(6))
    }

    /// Whether it is a class's request for a recipient.
    public func isOfClass(_ code: UInt8, _ recipient: Recipient, isInput: Bool) -> Bool {
        kind == .ofClass && self.code == code && self.recipient == recipient && self.isInput == isInput
    }
}
