/// An endpoint as its descriptor says it (USB 2.0, section 9.6.6).
public struct USBEndpoint: Equatable, Sendable {
    public enum Kind: UInt8, Sendable { case control, isochronous, bulk, interrupt }

    public let number: Int
    public let isInput: Bool
    public let kind: Kind
    public let packetSize: Int
    /// `bInterval`: what it means goes by the speed.
    public let interval: UInt8
    /// Packets beyond the first in a burst, at SuperSpeed.
    public let burst: UInt8

    public init(_ number: Int, isInput: Bool, _ kind: Kind, packetSize: Int, interval: UInt8 = 0, burst: UInt8 = 0) {
        precondition((1...15).contains(number) && packetSize <= 1024)
        (self.number, self.isInput, self.kind, self.packetSize) = (number, isInput, kind, packetSize)
        (self.interval, self.burst) = (interval, burst)
    }

    func bytes(_ speed: USBSpeed) -> [UInt8] {
        let address = UInt8(number) | (isInput ? 0x80 : 0)
        let own: [UInt8] = [7, 5, address, kind.rawValue] + littleEndian(UInt16(packetSize)) + [interval]
        guard speed == .superSpeed else { return own }
        // The companion (USB 3.2, section 9.6.7): no streams; bytes of an interval, of a periodic endpoint.
        return own + [6, 0x30, burst, 0] + littleEndian(kind == .interrupt ? UInt16(packetSize) : 0)
    }
}

/// Class, subclass and protocol.
public struct USBClass: Equatable, Sendable {
    public let code: UInt8, subclass: UInt8, `protocol`: UInt8

    public init(_ code: UInt8, _ subclass: UInt8 = 0, _ protocol: UInt8 = 0) {
        (self.code, self.subclass, self.protocol) = (code, subclass, `protocol`)
    }

    /// What a device says whose interfaces have classes.
    public static let byInterface = USBClass(0)
}

/// An interface without alternate settings (USB 2.0, section 9.6.5).
public struct USBInterface: Sendable {
    public let kind: USBClass
    /// Descriptors of its class, which stand behind its own.
    public let classDescriptors: [UInt8]
    public let endpoints: [USBEndpoint]

    public init(_ kind: USBClass, classDescriptors: [UInt8] = [], _ endpoints: [USBEndpoint]) {
        (self.kind, self.classDescriptors, self.endpoints) = (kind, classDescriptors, endpoints)
    }
}

/// What a device can do at a speed: its one configuration, number 1.
public struct USBConfiguration: Sendable {
    public let isSelfPowered: Bool
    public let canWake: Bool
    /// Milliamperes that it draws from its port.
    public let current: Int
    public let interfaces: [USBInterface]

    public init(isSelfPowered: Bool = false, canWake: Bool = false, current: Int, _ interfaces: [USBInterface]) {
        (self.isSelfPowered, self.canWake, self.current, self.interfaces) = (isSelfPowered, canWake, current, interfaces)
    }

    public func endpoint(_ number: Int, isInput: Bool) -> USBEndpoint? {
        interfaces.lazy.flatMap(\.endpoints).first { $0.number == number && $0.isInput == isInput }
    }

    /// The descriptor with all that belongs to it (section 9.6.3); `kind` is 7 for that of another speed.
    func bytes(_ speed: USBSpeed, kind: UInt8 = 2) -> [UInt8] {
        var parts: [UInt8] = []
        for (number, interface) in interfaces.enumerated() {
            parts += [
                9, 4, UInt8(number), 0, UInt8(interface.endpoints.count), interface.kind.code, interface.kind.subclass, interface.kind.protocol, 0,
            ]
            parts += interface.classDescriptors
            for endpoint in interface.endpoints { parts += endpoint.bytes(speed) }
        }
        let attributes: UInt8 = 0x80 | (isSelfPowered ? 0x40 : 0) | (canWake ? 0x20 : 0)
        let power = UInt8(clamping: current / (speed == .superSpeed ? 8 : 2))
        let begin: [UInt8] = [9, kind] + littleEndian(UInt16(9 + parts.count))
        return begin + [UInt8(interfaces.count), 1, 0, attributes, power] + parts
    }
}

/// What a device says of itself, from which its descriptors are made.
public struct USBDescription: Sendable {
    public var vendor: UInt16
    public var product: UInt16
    /// In binary-coded decimals.
    public var release: UInt16 = 0
    public var kind = USBClass.byInterface
    /// Strings 1 to 3.
    public var manufacturer = "QEMU"
    public var name: String
    public var serial: String
    /// By the speeds that it has.
    public var configurations: [USBSpeed: USBConfiguration]

    public init(vendor: UInt16, product: UInt16, name: String, serial: String, _ configurations: [USBSpeed: USBConfiguration]) {
        (self.vendor, self.product, self.name, self.serial, self.configurations) = (vendor, product, name, serial, configurations)
    }

    /// Bytes of a packet of endpoint 0 (section 5.5.3; USB 3.2, section 9.6.1).
    static func controlPacketSize(_ speed: USBSpeed) -> Int { speed == .superSpeed ? 512 : speed == .low ? 8 : 64 }

    /// A descriptor of the device's own; nil if there is none of that kind and number at this speed.
    func descriptor(_ kind: UInt8, _ number: UInt8, _ speed: USBSpeed) -> [UInt8]? {
        // What it could do at the other one of the two speeds between which a hub chooses.
        let other: USBSpeed = speed == .high ? .full : .high
        let otherConfiguration = speed == .high || speed == .full ? configurations[other] : nil
        switch (kind, number) {
        case (1, 0): return device(speed)
        case (2, 0): return configurations[speed]?.bytes(speed)
        case (3, _): return string(number)
        case (6, 0): return otherConfiguration.map { _ in qualifier(other) }
        case (7, 0): return otherConfiguration?.bytes(other, kind: 7)
        case (15, 0): return speed == .superSpeed ? capabilities : nil
        default: return nil
        }
    }

    private func release(_ speed: USBSpeed) -> UInt16 { speed == .superSpeed ? 0x0300 : speed == .low ? 0x0110 : 0x0200 }
    private func classBytes(_ speed: USBSpeed) -> [UInt8] { [kind.code, kind.subclass, kind.protocol] }

    private func device(_ speed: USBSpeed) -> [UInt8] {
        let size = USBDescription.controlPacketSize(speed)
        // At SuperSpeed it is the exponent.
        let packet = UInt8(speed == .superSpeed ? size.trailingZeroBitCount : size)
        var bytes: [UInt8] = [18, 1] + littleEndian(release(speed)) + classBytes(speed)
        bytes.append(packet)
        for number in [vendor, product, release] { bytes += littleEndian(number) }
        return bytes + [1, 2, serial.isEmpty ? 0 : 3, 1]
    }

    private func qualifier(_ speed: USBSpeed) -> [UInt8] {
        [10, 6] + littleEndian(release(speed)) + classBytes(speed) + [UInt8(USBDescription.controlPacketSize(speed)), 1, 0]
    }

    /// The binary object store (USB 3.2, section 9.6.2): link power management at lower speeds, what SuperSpeed can do.
    private var capabilities: [UInt8] {
        let bits: [USBSpeed: UInt16] = [.low: 1, .full: 2, .high: 4, .superSpeed: 8]
        let speeds = configurations.keys.reduce(0 as UInt16) { $0 | (bits[$1] ?? 0) }
        let lowest: UInt8 = configurations[.full] != nil ? 1 : configurations[.high] != nil ? 2 : 3
        let begin: [UInt8] = [5, 15, 22, 0, 2, 7, 16, 2, 0, 0, 0, 0, 10, 16, 3, 0]
        return begin + littleEndian(speeds) + [lowest, 0x0a, 0x20, 0]
    }

    private func string(_ number: UInt8) -> [UInt8]? {
        // American English is the only language.
        if number == 0 { return [4, 3, 9, 4] }
        let texts = [manufacturer, name, serial]
        guard number <= texts.count, !texts[Int(number) - 1].isEmpty else { return nil }
        let units = Array(texts[Int(number) - 1].utf16.prefix(126))
        return [UInt8(2 + 2 * units.count), 3] + units.flatMap(littleEndian)
    }
}

func littleEndian(_ word: UInt16) -> [UInt8] { [UInt8(truncatingIfNeeded: word), UInt8(word >> 8)] }
