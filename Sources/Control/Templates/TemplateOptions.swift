import CommandLine
import HostOS

/// Which of a command line's options make the machine, and belong to its template, and which are each clone's own.
enum TemplateOptions {
    /// A clone's own; a template keeps none of them.
    static let own: Set<String> = [
        "clone", "serial", "monitor", "mon", "qmp", "qmp-pretty", "gdb", "s", "S", "d", "D", "daemonize", "pidfile", "incoming", "loadvm", "display",
        "vnc", "nographic", "nodefaults", "name", "sandbox", "msg", "add-fd", "action", "no-reboot", "no-shutdown", "audiodev", "no-user-config",
    ]

    /// A template's, in the place of which a clone may put one of its own: those with the same id, or name.
    private static let keys = ["chardev": "id", "netdev": "id", "object": "id", "fw_cfg": "name"]
    /// Likewise, without an id.
    private static let single: Set<String> = ["accel", "uuid"]
    /// Options whose value is a path.
    private static let paths: Set<String> = ["kernel", "initrd", "dtb", "L", "mem-path"]
    /// Options with a path among their properties: the property of their first word, and the path's.
    private static let pathsWithin = [
        "fw_cfg": ("name", "file"), "drive": ("file", "file"), "device": ("driver", "romfile"), "object": ("qom-type", "file"),
    ]
    /// The properties of first words, of options that are known by a name in them.
    private static let implied = ["chardev": "backend", "netdev": "type", "object": "qom-type", "fw_cfg": "name"]

    // MARK: Keeping

    /// The options of a running machine that its template keeps, with paths that mean the same everywhere.
    static func kept(_ options: ParsedCommandLine) throws(CommandLineError) -> [(name: String, value: String)] {
        var result: [(name: String, value: String)] = []
        for (name, value) in options.options where !own.contains(name) { result.append((name, try absolute(name, value))) }
        return result
    }

    private static func absolute(_ name: String, _ value: String) throws(CommandLineError) -> String {
        if paths.contains(name) { return HostFile.absolute(value) }
        // Firmware without a folder is looked for in several.
        if name == "bios" { return fileExists(value) ? HostFile.absolute(value) : value }
        guard let (implied, key) = pathsWithin[name], !value.hasPrefix("{") else { return value }
        let list = PropertyList(value, option: name, implied: implied)
        // Disks are known by the paths that they were given; what clones read is elsewhere.
        guard list[key] != nil, name != "drive" || list["if"] == "pflash" else { return value }
        return list.replacing(key, HostFile.absolute)
    }

    // MARK: Merging

    /// A template's options with a clone's.
    static func merged(_ kept: [(name: String, value: String)], _ own: ParsedCommandLine) throws -> ParsedCommandLine {
        var result = kept.filter { option in !(single.contains(option.name) && own.has(option.name)) }
        for (name, value) in own.options where name != "nic" {
            if TemplateOptions.own.contains(name) || single.contains(name) {
                result.append((name, value))
            } else if let key = keys[name] {
                let id = try identifier(name, value, key)
                result.removeAll { $0.name == name && (try? identifier(name, $0.value, key)) == id }
                result.append((name, value))
            } else {
                throw TemplateError.notYours(name)
            }
        }
        return ParsedCommandLine(options: try withCards(result, own.all("nic")))
    }

    private static func identifier(_ option: String, _ value: String, _ key: String) throws -> String {
        try PropertyList(jsonOr: value, option: option, implied: implied[option])[key] ?? ""
    }

    /// Cards without ids are taken in their order.
    private static func withCards(_ options: [(name: String, value: String)], _ cards: [String]) throws(TemplateError) -> [(
        name: String, value: String
    )] {
        if cards.isEmpty { return options }
        let places = options.indices.filter { options[$0].name == "nic" }
        guard places.count == cards.count else { throw .otherCards(given: cards.count, needed: places.count) }
        var result = options
        for (place, card) in zip(places, cards) { result[place].value = card }
        return result
    }
}
