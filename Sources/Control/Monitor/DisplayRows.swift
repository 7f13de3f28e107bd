import JSON
import QAPI

/// Commands for pictures, keyboards and pointers.
extension MonitorCommands {
    static var displayRows: [Row] {
        [
            Row(["screendump"], "filename [-f format] [device [head]]", "write the screen's picture to a file") { commands, words in
                try commands.screendump(words)
            },
            Row(["sendkey"], "keys [hold_ms]", "press keys together, with dashes between them: ctrl-alt-f1") { commands, words in
                try commands.sendKey(words)
            },
            Row(["mouse_move"], "dx dy [dz]", "move a mouse, and turn its wheel") { commands, words in
                let numbers = words.compactMap { Int($0) }
                guard numbers.count == words.count, (2...3).contains(numbers.count) else {
                    throw QAPIError(.generic, "two or three numbers are needed")
                }
                commands.session.pointers.move(x: numbers[0], y: numbers[1], wheel: numbers.count == 3 ? numbers[2] : 0)
                return ""
            },
            Row(["mouse_button"], "state", "press buttons of the mouse: 1 left, 2 middle, 4 right") { commands, words in
                commands.session.pointers.press(try number(of: words))
                return ""
            },
            Row(["mouse_set"], "index", "choose the mouse or tablet that is used") { commands, words in
                guard commands.session.pointers.choose(try number(of: words)) else { throw QAPIError(.generic, "Mouse at given index not found") }
                return ""
            },
            Row(
                ["change"], "[-f] device file [format [read-only-mode]] | vnc password word",
                "exchange what is in a drive (-f: even if the guest has locked its tray), or give the viewers' server another password"
            ) { commands, words in
                guard words.first == "vnc" else { return try commands.changeMedium(words) }
                guard words.count == 3, ["password", "passwd"].contains(words[1]) else {
                    throw QAPIError.notSupported("change \(words.joined(separator: " "))")
                }
                try commands.call("change-vnc-password", ["password": .string(words[2])])
                return ""
            },
            Row(["set_password"], "protocol password [connected]", "give the viewers' server a password") { commands, words in
                guard (2...3).contains(words.count) else { throw QAPIError(.generic, "two or three arguments are needed") }
                var arguments: JSONObject = ["protocol": .string(words[0]), "password": .string(words[1])]
                if words.count == 3 { arguments["connected"] = .string(words[2]) }
                try commands.call("set_password", arguments)
                return ""
            },
            Row(["expire_password"], "protocol time", "let the viewers' server's password end") { commands, words in
                guard words.count == 2 else { throw QAPIError(.generic, "two arguments are needed") }
                try commands.call("expire_password", ["protocol": .string(words[0]), "time": .string(words[1])])
                return ""
            },
        ]
    }

    static var displaySubjects: [Subject] {
        [Subject("mice") { commands, _ in try commands.mice() }, Subject("vnc") { commands, _ in try commands.viewers() }]
    }

    private static func number(of words: [String]) throws(QAPIError) -> Int {
        guard words.count == 1, let number = Int(words[0]) else { throw QAPIError(.generic, "a number is needed") }
        return number
    }

    private func screendump(_ words: [String]) throws -> String {
        var (rest, arguments) = (words[...], JSONObject())
        if let flag = rest.firstIndex(of: "-f") {
            guard flag + 1 < rest.endIndex else { throw QAPIError.missing("format") }
            arguments["format"] = .string(rest[flag + 1])
            rest.removeSubrange(flag...flag + 1)
        }
        guard let file = rest.popFirst() else { throw QAPIError.missing("filename") }
        arguments["filename"] = .string(file)
        if let device = rest.popFirst() { arguments["device"] = .string(device) }
        if let head = rest.popFirst() { arguments["head"] = JSONValue(try MonitorCommands.number(of: [head])) }
        guard rest.isEmpty else { throw QAPIError.unexpected(rest[rest.startIndex]) }
        try call("screendump", arguments)
        return ""
    }

    private func sendKey(_ words: [String]) throws -> String {
        guard (1...2).contains(words.count) else { throw QAPIError(.generic, "keys are needed, and perhaps a time") }
        let keys = words[0].split(separator: "-").map { name -> JSONValue in
            if name.hasPrefix("0x"), let code = Int(name.dropFirst(2), radix: 16) {
                return .object(["type": "number", "data": JSONValue(code)])
            }
            return .object(["type": "qcode", "data": .string(name == "<" ? "less" : String(name))])
        }
        var arguments: JSONObject = ["keys": .array(keys)]
        if words.count == 2 { arguments["hold-time"] = JSONValue(try MonitorCommands.number(of: [words[1]])) }
        try call("send-key", arguments)
        return ""
    }

    private func mice() throws -> String {
        let list = try table.call(QueryMiceCommand.self)
        if list.isEmpty { return "No mouse devices connected\n" }
        return list.map { "\($0.current ? "*" : " ") Mouse #\($0.index): \($0.name)\($0.absolute ? " (absolute)" : "")\n" }.joined()
    }

    private func viewers() throws -> String {
        let servers = try table.call(QueryVncServersCommand.self)
        if servers.isEmpty { return "None\n" }
        return servers.map { server in
            let places = server.server.map { "  Server: \($0.host):\($0.service) (\($0.family.rawValue))\n" }
            let clients = server.clients.map { "  Client: \($0.host):\($0.service) (\($0.family.rawValue))\n" }
            return "\(server.id):\n" + places.joined() + clients.joined() + "  Auth: \(server.auth.rawValue)\n"
        }.joined()
    }
}
