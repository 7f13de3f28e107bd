import Input
import ObjectModel
import USB

/// Kinds of human interface devices.
public enum HIDKind: String, CaseIterable, Sendable {
    case keyboard = "usb-kbd"
    case mouse = "usb-mouse"
    case tablet = "usb-tablet"

    public static let types = allCases.map(\.type)

    public var type: ObjectType {
        var properties =
            USBProperties.all + [
                Property("usb_version", .unsigned(bits: 32), default: 2, range: 1...2, "1 for a device that has full speed only"),
                Property("display", .string, "id of the display that it is at; any if it is left out"),
            ]
        properties.append(Property("head", .unsigned(bits: 32), default: 0, "the display's output"))
        return ObjectType(rawValue, parent: "usb-device", help: name, bus: "usb-bus", hotpluggable: true, properties)
    }

    /// What the guest reads as the device's name, which its quirks go by.
    var name: String {
        switch self {
        case .keyboard: "QEMU USB Keyboard"
        case .mouse: "QEMU USB Mouse"
        case .tablet: "QEMU USB Tablet"
        }
    }

    var accepts: InputKinds {
        switch self {
        case .keyboard: .keys
        case .mouse: [.buttons, .relative]
        case .tablet: [.buttons, .absolute]
        }
    }

    func makeReports() -> any HIDReports {
        switch self {
        case .keyboard: KeyboardReports()
        case .mouse: PointerReports(isAbsolute: false)
        case .tablet: PointerReports(isAbsolute: true)
        }
    }

    /// A tablet is nothing that firmware's simple drivers know.
    var hasBootProtocol: Bool { self != .tablet }

    private var reportSize: Int {
        switch self {
        case .keyboard: 8
        case .mouse: 4
        case .tablet: 6
        }
    }

    func description(serial: String?, isOld: Bool) -> USBDescription {
        func configuration(_ interval: UInt8) -> USBConfiguration {
            let kind = USBClass(3, hasBootProtocol ? 1 : 0, self == .keyboard ? 1 : self == .mouse ? 2 : 0)
            let endpoint = USBEndpoint(1, isInput: true, .interrupt, packetSize: reportSize, interval: interval)
            return USBConfiguration(canWake: true, current: 100, [USBInterface(kind, classDescriptors: classDescriptor, [endpoint])])
        }
        // 10 ms in frames, 8 ms as an exponent of microframes.
        let full = configuration(10), high = configuration(7)
        let speeds: [USBSpeed: USBConfiguration] = isOld ? [.full: full] : [.full: full, .high: high]
        return USBDescription(vendor: 0x0627, product: 0x0001, name: name, serial: serial ?? "42", speeds)
    }

    /// Section 6.2.1: release 1.11, no country, one report descriptor.
    var classDescriptor: [UInt8] {
        let size = UInt16(reportDescriptor.count)
        return [9, 0x21, 0x11, 0x01, 0, 1, 0x22, UInt8(size & 0xff), UInt8(size >> 8)]
    }

    /// Section 6.2.2, by items of HID Usage Tables 1.12.
    var reportDescriptor: [UInt8] {
        switch self {
        case .keyboard: HIDKind.keyboardReport
        case .mouse: HIDKind.pointer(usage: 2, HIDKind.distances)
        case .tablet: HIDKind.pointer(usage: 1, HIDKind.places)
        }
    }

    /// As boot protocol has it (appendix B.1): modifiers, a byte of nothing, five lights and three bits, six keys.
    private static let keyboardReport: [UInt8] = joined([
        [0x05, 0x01, 0x09, 0x06, 0xa1, 0x01, 0x05, 0x07, 0x19, 0xe0, 0x29, 0xe7, 0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x95, 0x08, 0x81, 0x02],
        [0x95, 0x01, 0x75, 0x08, 0x81, 0x01],
        [0x95, 0x05, 0x75, 0x01, 0x05, 0x08, 0x19, 0x01, 0x29, 0x05, 0x91, 0x02, 0x95, 0x01, 0x75, 0x03, 0x91, 0x01],
        [0x95, 0x06, 0x75, 0x08, 0x15, 0x00, 0x26, 0xff, 0x00, 0x05, 0x07, 0x19, 0x00, 0x2a, 0xff, 0x00, 0x81, 0x00, 0xc0],
    ])

    private static func joined(_ parts: [[UInt8]]) -> [UInt8] { parts.flatMap { $0 } }

    /// Five buttons and three bits of nothing, then two axes and a wheel.
    private static func pointer(usage: UInt8, _ axes: [UInt8]) -> [UInt8] {
        joined([
            [0x05, 0x01, 0x09, usage, 0xa1, 0x01, 0x09, 0x01, 0xa1, 0x00],
            [0x05, 0x09, 0x19, 0x01, 0x29, 0x05, 0x15, 0x00, 0x25, 0x01, 0x95, 0x05, 0x75, 0x01, 0x81, 0x02, 0x95, 0x01, 0x75, 0x03, 0x81, 0x01],
            axes,
            [0x05, 0x01, 0x09, 0x38, 0x15, 0x81, 0x25, 0x7f, 0x35, 0x00, 0x45, 0x00, 0x75, 0x08, 0x95, 0x01, 0x81, 0x06, 0xc0, 0xc0],
        ])
    }

    /// Distances of a byte, and places of two.
    private static let distances: [UInt8] = [0x05, 0x01, 0x09, 0x30, 0x09, 0x31, 0x15, 0x81, 0x25, 0x7f, 0x75, 0x08, 0x95, 0x02, 0x81, 0x06]
    private static let places: [UInt8] = [
        0x05, 0x01, 0x09, 0x30, 0x09, 0x31, 0x15, 0x00, 0x26, 0xff, 0x7f, 0x35, 0x00, 0x46, 0xff, 0x7f, 0x75, 0x10, 0x95, 0x02, 0x81, 0x02,
    ]
}

/// What every USB device takes, beside `id` and `bus`.
public enum USBProperties {
    public static let all = [
        Property("port", .string, "number of its port, behind a hub as in 2.1; the first that is free if it is left out"),
        Property("serial", .string, "serial number"),
    ]
}
