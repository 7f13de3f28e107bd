import CommandLine
import FirmwareTables
import HostOS
import MachineModel
import ObjectModel

extension Session {
    /// `-no-acpi` and `-smbios`, of machines that have such tables.
    func configureFirmwareTables(_ type: MachineType, _ values: inout PropertyValues) throws {
        let hasTables = type.properties.contains { $0.name == "acpi" }
        if options.has("no-acpi"), hasTables {
            try values.set("acpi", text: "off")
            configuration.properties["acpi"] = "off"
        }
        guard options.has("smbios") else { return }
        guard hasTables else { throw CommandLineError.notSupported("-smbios with the machine '\(type.name)'") }
        configuration.smbios = try smbiosSettings(options.all("smbios"))
    }
}

/// `-smbios file=FILE`, or `-smbios type=N,FIELD=VALUE…`; several of a type add up.
func smbiosSettings(_ texts: [String]) throws -> SMBIOSSettings {
    var settings = SMBIOSSettings()
    for text in texts {
        let list = PropertyList(text, option: "smbios", implied: nil)
        if list["file"] != nil { try settings.addFile(list, text) } else { try settings.addFields(list, text) }
    }
    return settings
}

extension SMBIOSSettings {
    private func bad(_ value: String, _ expected: String) -> CommandLineError { .badValue(option: "smbios", value: value, expected: expected) }

    fileprivate mutating func addFile(_ list: PropertyList, _ text: String) throws {
        try list.check(["file"])
        let bytes = try HostFile.contents(list["file"] ?? "")
        guard SMBIOSSettings.isStructure(bytes) else { throw bad(text, "a file with one structure: its header, and strings up to two zeros") }
        guard !hasFields(bytes[0]) else { throw bad(text, "a structure of a type without fields on the command line") }
        binaries.append(bytes)
    }

    private func hasFields(_ type: UInt8) -> Bool {
        switch type {
        case 8: !connectors.isEmpty
        case 11: !strings.isEmpty
        case 41: !onboardDevices.isEmpty
        default: fields[type] != nil
        }
    }

    fileprivate mutating func addFields(_ list: PropertyList, _ text: String) throws {
        guard let number = try list.integer("type") else { throw bad(text, "type=NUMBER or file=FILE") }
        guard let type = UInt8(exactly: number), let names = SMBIOSSettings.names[type] else {
            let known = SMBIOSSettings.names.keys.sorted().map(String.init).joined(separator: ", ")
            throw CommandLineError.notSupported("-smbios type=\(number) (there are \(known))")
        }
        if type == 41, list["pcidev"] != nil { throw CommandLineError.notSupported("-smbios type=41,pcidev=") }
        try list.check(["type"] + names)
        guard !binaryTypes.contains(type) else { throw bad(text, "fields of a type that no file has brought") }
        let given = Dictionary(list.values.filter { $0.key != "type" }, uniquingKeysWith: { $1 })
        for (name, value) in given { try check(name, value, type) }
        switch type {
        case 8: connectors.append(given)
        case 11: try addStrings(list)
        case 41: onboardDevices.append(given)
        default: fields[type, default: [:]].merge(given) { $1 }
        }
    }

    private mutating func addStrings(_ list: PropertyList) throws {
        for (name, value) in list.values where name != "type" {
            strings.append(name == "path" ? String(decoding: try HostFile.contents(value), as: UTF8.self) : value)
        }
        guard strings.count <= 255, !strings.contains(where: \.isEmpty), !strings.contains(where: { $0.utf8.contains(0) }) else {
            throw bad("type=11", "up to 255 strings that are not empty and hold no zeros")
        }
    }

    private func check(_ name: String, _ value: String, _ type: UInt8) throws {
        let text = "\(name)=\(value)"
        func require(_ isGood: Bool, _ expected: String) throws { if !isGood { throw bad(text, expected) } }
        switch name {
        case "uefi": try require(["on", "off"].contains(value), "on, off")
        case "release":
            let parts = value.split(separator: ".", omittingEmptySubsequences: false)
            try require(parts.count == 2 && parts.allSatisfy { UInt8($0) != nil }, "MAJOR.MINOR with numbers up to 255")
        case "uuid": try require(isUUID(value), "a number such as 550e8400-e29b-41d4-a716-446655440000")
        case "max-speed", "current-speed", "speed": try require(UInt16(value) != nil, "a number up to 65535")
        case "processor-id": try require(UInt64(value) != nil, "a number of up to 64 bits")
        case "connector_type", "port_type", "instance": try require(UInt8(value) != nil, "a number up to 255")
        case "kind": try require(SMBIOSSettings.kinds.contains(value), SMBIOSSettings.kinds.joined(separator: ", "))
        default: break
        }
    }
}

/// Whether a text is a UUID in hexadecimal with its dashes.
func isUUID(_ text: String) -> Bool {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    return parts.map(\.count) == [8, 4, 4, 4, 12] && parts.joined().allSatisfy { $0.isHexDigit && $0.isASCII }
}
