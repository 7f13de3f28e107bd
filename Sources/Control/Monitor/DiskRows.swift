import CommandLine
import JSON
import QAPI

/// Commands for disks and what is in drives.
extension MonitorCommands {
    static var diskRows: [Row] {
        [
            Row(["eject"], "[-f] device", "take out what is in a drive (-f: even if the guest has locked its tray)") { commands, words in
                let (flags, rest) = try split(words, flags: ["-f"])
                guard rest.count == 1 else { throw QAPIError(.generic, "one argument is needed") }
                try commands.call("eject", ["device": .string(rest[0]), "force": .bool(flags.contains("-f"))])
                return ""
            }
        ]
    }

    func changeMedium(_ words: [String]) throws -> String {
        let (flags, rest) = try MonitorCommands.split(words, flags: ["-f"])
        guard (2...4).contains(rest.count) else { throw QAPIError(.generic, "a device and a file are needed") }
        var arguments: JSONObject = ["device": .string(rest[0]), "filename": .string(rest[1]), "force": .bool(flags.contains("-f"))]
        if rest.count > 2 { arguments["format"] = .string(rest[2]) }
        if rest.count > 3 { arguments["read-only-mode"] = .string(rest[3]) }
        try call("blockdev-change-medium", arguments)
        return ""
    }
}
