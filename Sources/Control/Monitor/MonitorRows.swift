import CommandLine
import Diagnostics
import JSON
import QAPI

/// The monitor's commands, row by row.
extension MonitorCommands {
    static var rows: [Row] { ownRows + blockJobRows + diskRows + displayRows + migrationRows + snapshotRows }

    private static var ownRows: [Row] {
        [
            order("cont", aliases: ["c"], "let the guest go on", stops: true), order("nmi", command: "inject-nmi", "send a non-maskable interrupt"),
            order("quit", aliases: ["q"], "end the emulator"), order("stop", aliases: ["s"], "stop the guest", stops: true),
            order("system_powerdown", "press the power button"), order("system_reset", "reset the machine", stops: true),
            order("system_wakeup", "wake a guest that sleeps"),
            Row(["balloon"], "target", "ask the guest to live with so much memory, in MiB") { commands, words in
                try commands.call("balloon", ["value": JSONValue(try parseSize(try first(words), option: "balloon", unit: 1 << 20))])
                return ""
            },
            Row(["block_resize"], "device size", "give a disk another size", stops: true) { commands, words in
                let (device, size) = try two(words)
                try commands.call(
                    "block_resize", ["device": .string(device), "size": JSONValue(try parseSize(size, option: "block_resize", unit: 1 << 20))])
                return ""
            },
            definition("chardev-add", "chardev", "KIND,id=ID,…"), one("chardev-remove", "id", "take a character back end away"),
            one("chardev-send-break", "id", "send the guest a break condition"),
            Row(["cpu"], "index", "choose the cpu that other commands look at") { $0.chooseCPU($1) },
            Row(["device_add"], "TYPE,prop=VALUE…", "plug a device in", stops: true) { commands, words in
                var arguments = JSONObject()
                for (name, value) in PropertyList(try first(words), option: "device_add", implied: "driver").values {
                    arguments[name] = .string(value)
                }
                try commands.call("device_add", arguments)
                return ""
            },
            one("device_del", "id", "unplug a device", stops: true),
            Row(["dump-guest-memory"], "[-d] [-z] file [begin length]", "write memory and registers to a core file", stops: true) { commands, words in
                try commands.dumpMemory(words)
            },
            Row(["gdbserver"], "[DEV|none]", "wait for gdb on a character back end, tcp::1234 if none is named") { commands, words in
                let place = words.isEmpty ? "tcp::1234" : try first(words)
                try commands.session.define("gdb", place)
                return place == "none" ? "Disabled gdbserver\n" : "Waiting for gdb connection on device '\(place)'\n"
            },
            Row(["help", "?"], "[cmd]", "list the commands") { $0.help($1) },
            Row(["info"], "[subject]", "show something of the machine", stops: true) { try $0.info($1) },
            Row(["memsave"], "addr size file", "write virtual memory to a file", stops: true) { try $0.save("memsave", $1) },
            definition("netdev_add", "netdev", "TYPE,id=ID,…"), one("netdev_del", "id", "take a network back end away"),
            definition("object_add", "object", "TYPE,id=ID,…"), one("object_del", "id", command: "object-del", "take an object away"),
            Row(["pmemsave"], "addr size file", "write physical memory to a file", stops: true) { try $0.save("pmemsave", $1) },
            Row(["print", "p"], "/fmt expr", "show a value", stops: true) { $0.printed($1) },
            Row(["qom-get"], "path property", "show an object's property") { commands, words in
                let (path, property) = try two(words)
                return try commands.call("qom-get", ["path": .string(path), "property": .string(property)]).text(pretty: true) + "\n"
            },
            Row(["qom-list"], "path", "list an object's properties") { try $0.properties($1) },
            Row(["qom-set"], "path property value", "set an object's property", stops: true, keepsQuotes: true) { try $0.setProperty($1) },
            Row(["ringbuf_read"], "device size", "take bytes out of a ring buffer back end") { commands, words in
                let (device, size) = try two(words)
                return (try commands.call("ringbuf-read", ["device": .string(device), "size": try number(size)]).string ?? "") + "\n"
            },
            Row(["ringbuf_write"], "device data", "send bytes into the guest through a ring buffer back end") { commands, words in
                guard words.count >= 2 else { throw QAPIError.missing("data") }
                try commands.call("ringbuf-write", ["device": .string(words[0]), "data": .string(words.dropFirst().joined(separator: " "))])
                return ""
            },
            Row(["set_link"], "name on|off", "plug a network's cable in or out") { commands, words in
                let (name, state) = try two(words)
                guard ["on", "off"].contains(state) else { throw QAPIError.expects("up", "'on' or 'off'") }
                try commands.call("set_link", ["name": .string(name), "up": .bool(state == "on")])
                return ""
            },
            Row(["sum"], "addr size", "add up bytes of physical memory", stops: true) { $0.checksum($1) },
            one("watchdog_action", "action", command: "watchdog-set-action", "say what a watchdog that has run out does"),
            Row(["x"], "/fmt addr", "show memory at a virtual address", stops: true) { $0.dump($1, isPhysical: false) },
            Row(["xp"], "/fmt addr", "show memory at a physical address", stops: true) { $0.dump($1, isPhysical: true) },
        ]
    }

    /// A command without arguments.
    private static func order(_ name: String, command: String? = nil, aliases: [String] = [], _ help: String, stops: Bool = false) -> Row {
        Row([name] + aliases, "", help, stops: stops) { commands, _ in
            try commands.call(command ?? name)
            return ""
        }
    }

    /// A command with one argument.
    private static func one(_ name: String, _ argument: String, command: String? = nil, _ help: String, stops: Bool = false) -> Row {
        Row([name], argument, help, stops: stops) { commands, words in
            try commands.call(command ?? name, [argument: .string(try first(words))])
            return ""
        }
    }

    /// A command that takes what an option of the command line takes.
    private static func definition(_ name: String, _ option: String, _ usage: String) -> Row {
        Row([name], usage, "make what -\(option) makes") { commands, words in
            try commands.session.define(option, try first(words))
            return ""
        }
    }

    // MARK: Words

    private static func first(_ words: [String]) throws(QAPIError) -> String {
        guard words.count == 1 else { throw .init(.generic, "one argument is needed") }
        return words[0]
    }

    private static func two(_ words: [String]) throws(QAPIError) -> (String, String) {
        guard words.count == 2 else { throw .init(.generic, "two arguments are needed") }
        return (words[0], words[1])
    }

    private static func number(_ text: String) throws(QAPIError) -> JSONValue {
        let value = text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
        guard let value else { throw .init(.generic, "'\(text)' is no number") }
        return JSONValue(value)
    }

    func help(_ words: [String]) -> String {
        let rows = MonitorCommands.rows.filter { row in words.first.map { row.names.contains($0) } ?? true }
        if rows.isEmpty { return "not supported: \(words.first ?? "")\n" }
        let lines = rows.map { $0.names.joined(separator: "|") + ($0.arguments.isEmpty ? "" : " " + $0.arguments) + " -- " + $0.help + "\n" }
        return lines.joined()
    }

    private func save(_ command: String, _ words: [String]) throws -> String {
        guard words.count == 3 else { throw QAPIError(.generic, "three arguments are needed") }
        var arguments: JSONObject = [
            "val": try MonitorCommands.number(words[0]), "size": try MonitorCommands.number(words[1]), "filename": .string(words[2]),
        ]
        if command == "memsave" { arguments["cpu-index"] = JSONValue(current) }
        try call(command, arguments)
        return ""
    }

    private func dumpMemory(_ words: [String]) throws -> String {
        let flags = words.filter { $0.hasPrefix("-") }
        let rest = words.filter { !$0.hasPrefix("-") }
        guard flags.allSatisfy({ ["-d", "-z"].contains($0) }) else {
            throw QAPIError.notSupported("dump-guest-memory \(flags.joined(separator: " "))")
        }
        guard rest.count == 1 || rest.count == 3 else { throw QAPIError(.generic, "a file, or a file, a first address and a length are needed") }
        var arguments: JSONObject = ["paging": false, "protocol": .string("file:" + rest[0]), "detach": .bool(flags.contains("-d"))]
        if flags.contains("-z") { arguments["format"] = "kdump-zlib" }
        if rest.count == 3 { (arguments["begin"], arguments["length"]) = (try MonitorCommands.number(rest[1]), try MonitorCommands.number(rest[2])) }
        try call("dump-guest-memory", arguments)
        return ""
    }

    private func properties(_ words: [String]) throws -> String {
        let list = try call("qom-list", ["path": .string(words.first ?? "/")]).array ?? []
        return list.map { "\($0.object?["name"]?.string ?? "") (\($0.object?["type"]?.string ?? ""))\n" }.joined()
    }

    private func setProperty(_ words: [String]) throws -> String {
        guard words.count >= 3 else { throw QAPIError(.generic, "three arguments are needed") }
        let text = words.dropFirst(2).joined(separator: " ")
        let value = (try? JSONValue(parsing: text)) ?? .string(text)
        try call("qom-set", ["path": .string(words[0]), "property": .string(words[1]), "value": value])
        return ""
    }
}
