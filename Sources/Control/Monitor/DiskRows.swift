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
            },
            Row(["block_set_io_throttle"], "device bps bps_rd bps_wr iops iops_rd iops_wr", "limit a disk, in bytes and requests a second") {
                commands, words in
                guard words.count == 7 else { throw QAPIError(.generic, "a device and six rates are needed") }
                var arguments: JSONObject = ["device": .string(words[0])]
                for (name, word) in zip(["bps", "bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr"], words.dropFirst()) {
                    arguments[name] = try speed(word)
                }
                try commands.call("block_set_io_throttle", arguments)
                return ""
            },
            Row(["drive_add"], "[-n] place if=none,file=…", "make a drive that a device can take; the place is not looked at") { commands, words in
                let (flags, rest) = try split(words, flags: ["-n"])
                guard rest.count == 2 else { throw QAPIError(.generic, "a place and a drive are needed") }
                if !flags.isEmpty { throw QAPIError.notSupported("drive_add -n; blockdev-add makes nodes,") }
                try commands.session.define("drive", rest[1])
                return "OK\n"
            },
            Row(["drive_del"], "id", "take a drive away, also from a device that has it") { commands, words in
                guard words.count == 1 else { throw QAPIError(.generic, "one argument is needed") }
                try commands.session.define("drive_del", words[0])
                return ""
            },
            Row(["snapshot_blkdev_internal"], "device name", "keep a disk as it is within its image") { commands, words in
                guard words.count == 2 else { throw QAPIError(.generic, "a device and a name are needed") }
                try commands.call("blockdev-snapshot-internal-sync", ["device": .string(words[0]), "name": .string(words[1])])
                return ""
            },
            Row(["snapshot_delete_blkdev_internal"], "device name [id]", "forget what is kept within a disk's image") { commands, words in
                guard (2...3).contains(words.count) else { throw QAPIError(.generic, "a device and a name are needed") }
                var arguments: JSONObject = ["device": .string(words[0]), "name": .string(words[1])]
                if words.count > 2 { arguments["id"] = .string(words[2]) }
                try commands.call("blockdev-snapshot-delete-internal-sync", arguments)
                return ""
            },
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
