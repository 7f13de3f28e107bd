/// What `-smbios` says of a machine's SMBIOS structures.
public struct SMBIOSSettings: Equatable, Sendable {
    /// Whole structures, as files had them; they come first, and nothing is made of their types.
    public var binaries: [[UInt8]] = []
    /// Fields by type and QEMU's name; the last one given counts.
    public var fields: [UInt8: [String: String]] = [:]
    /// Strings of type 11.
    public var strings: [String] = []
    /// Fields of each connector (type 8) and each device on the board (type 41).
    public var connectors: [[String: String]] = []
    public var onboardDevices: [[String: String]] = []

    public init() {}

    public var isEmpty: Bool { self == SMBIOSSettings() }

    /// The types that binaries bring.
    public var binaryTypes: Set<UInt8> { Set(binaries.compactMap(\.first)) }

    /// The fields that a type has, with QEMU's names.
    public static let names: [UInt8: [String]] = [
        0: ["vendor", "version", "date", "release", "uefi"],
        1: ["manufacturer", "product", "version", "serial", "uuid", "sku", "family"],
        2: ["manufacturer", "product", "version", "serial", "asset", "location"],
        3: ["manufacturer", "version", "serial", "asset", "sku"],
        4: ["sock_pfx", "manufacturer", "version", "serial", "asset", "part", "max-speed", "current-speed", "processor-id"],
        8: ["internal_reference", "external_reference", "connector_type", "port_type"],
        11: ["value", "path"],
        17: ["loc_pfx", "bank", "manufacturer", "serial", "asset", "part", "speed"],
        41: ["designation", "kind", "instance"],
    ]

    /// Kinds of devices on the board (SMBIOS 3.0, 7.42.2), from 1 on.
    public static let kinds = ["other", "unknown", "video", "scsi", "ethernet", "tokenring", "sound", "pata", "sata", "sas"]

    /// Whether a binary is one structure: a header with its length, and strings up to two zeros (SMBIOS 3.0, 6.1.1).
    public static func isStructure(_ bytes: [UInt8]) -> Bool {
        guard bytes.count >= 6, bytes[1] >= 4, Int(bytes[1]) <= bytes.count - 2 else { return false }
        return bytes.suffix(2) == [0, 0]
    }
}
