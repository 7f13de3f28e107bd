import CommandLine
import JSON
import QAPI

/// Commands about migrations.
extension MonitorCommands {
    static var migrationRows: [Row] {
        [
            Row(
                ["migrate"], "[-d] [-r] uri", "take the machine elsewhere; -d does not wait until it is there, -r goes on with one that is paused", keepsQuotes: true,
                waits: { !flags($0).contains("-d") }
            ) { commands, words in
                let flags = flags(words)
                if let other = flags.first(where: { $0 != "-d" && $0 != "-r" }) { throw QAPIError.notSupported("migrate \(other)") }
                let uri = JSONValue.string(try address(words.dropFirst(flags.count)))
                try commands.call("migrate", flags.contains("-r") ? ["uri": uri, "resume": true] : ["uri": uri])
                return ""
            },
            Row(["migrate_cancel"], "", "give a migration up") { commands, _ in
                try commands.call("migrate_cancel")
                return ""
            },
            Row(["migrate_continue"], "state", "let a migration go on that waits in a state") { commands, words in
                try commands.call("migrate-continue", ["state": .string(words.first ?? "")])
                return ""
            },
            Row(["migrate_start_postcopy"], "", "let the guest go on at the other side before its memory is there") { commands, _ in
                try commands.call("migrate-start-postcopy")
                return ""
            },
            Row(["migrate_pause"], "", "cut the connection of a migration whose guest runs at the other side already") { commands, _ in
                try commands.call("migrate-pause")
                return ""
            },
            Row(["migrate_recover"], "uri", "wait elsewhere for the rest of a machine's memory", keepsQuotes: true) { commands, words in
                try commands.call("migrate-recover", ["uri": .string(try address(words[...]))])
                return ""
            },
            Row(["migrate_incoming"], "uri", "say from where a machine comes", keepsQuotes: true) { commands, words in
                try commands.call("migrate-incoming", ["uri": .string(try address(words[...]))])
                return ""
            },
            Row(["migrate_set_capability"], "capability on|off", "switch an ability of migration on or off") { commands, words in
                guard words.count == 2, ["on", "off"].contains(words[1]) else {
                    throw QAPIError(.generic, "a capability and 'on' or 'off' are needed")
                }
                try commands.call(
                    "migrate-set-capabilities", ["capabilities": [["capability": .string(words[0]), "state": .bool(words[1] == "on")]]])
                return ""
            },
            Row(["migrate_set_parameter"], "parameter value", "say what migrations are to be like") { commands, words in
                guard words.count == 2 else { throw QAPIError(.generic, "a parameter and a value are needed") }
                if words[0] == "multifd-compression" {
                    try commands.call("migrate-set-parameters", [words[0]: .string(words[1])])
                    return ""
                }
                // QEMU's unit for rates is a MiB in a second.
                let unit: UInt64 = ["max-bandwidth", "max-postcopy-bandwidth"].contains(words[0]) ? 1 << 20 : 1
                try commands.call("migrate-set-parameters", [words[0]: JSONValue(try parseSize(words[1], option: words[0], unit: unit))])
                return ""
            },
        ]
    }

    /// Options that stand before the address; what follows it is a command's own.
    private static func flags(_ words: [String]) -> ArraySlice<String> { words.prefix { $0.hasPrefix("-") } }

    /// Where a machine goes or comes from, in quotes or not: a command may have several words.
    private static func address(_ words: ArraySlice<String>) throws(QAPIError) -> String {
        guard let first = words.first else { throw .missing("uri") }
        guard first.hasPrefix("\"") else { return words.joined(separator: " ") }
        guard words.count == 1, let text = MonitorWords.unquoted(first) else { throw .expects("uri", "one string in quotes") }
        return text
    }

    static var migrationSubjects: [Subject] {
        [
            Subject("migrate") { commands, _ in try commands.migration() },
            Subject("migrate_capabilities") { commands, _ in
                try commands.table.call(QueryMigrateCapabilitiesCommand.self).map { "\($0.capability.rawValue): \($0.state ? "on" : "off")\n" }
                    .joined()
            },
            Subject("migrate_parameters") { commands, _ in
                let values = try commands.table.call(QueryMigrateParametersCommand.self)
                return "max-bandwidth: \(values.maxBandwidth ?? 0) bytes/second\nmax-postcopy-bandwidth: \(values.maxPostcopyBandwidth ?? 0) bytes/second\ndowntime-limit: \(values.downtimeLimit ?? 0) ms\n"
                    + "multifd-channels: \(values.multifdChannels ?? 0)\nmultifd-compression: \((values.multifdCompression ?? .none).rawValue)\n"
            },
        ]
    }

    /// What has become of a migration that was waited for.
    func migrationResult() -> String {
        guard let info = try? table.call(QueryMigrateCommand.self), info.status != .completed else { return "" }
        return "Error: \(info.errorDesc ?? "the migration is \(info.status?.rawValue ?? "none")")\n"
    }

    private func migration() throws -> String {
        let info = try table.call(QueryMigrateCommand.self)
        guard let status = info.status else { return "" }
        var lines = ["Migration status: \(status.rawValue)" + (info.errorDesc.map { " (\($0))" } ?? "")]
        if let time = info.totalTime { lines.append("total time: \(time) ms") }
        if let time = info.expectedDowntime { lines.append("expected downtime: \(time) ms") }
        if let time = info.downtime { lines.append("downtime: \(time) ms") }
        if let time = info.setupTime { lines.append("setup: \(time) ms") }
        if let part = info.cpuThrottlePercentage { lines.append("cpu throttle percentage: \(part)") }
        if let ram = info.ram {
            lines += [
                "transferred ram: \(ram.transferred >> 10) kbytes", "throughput: \((ram.mbps * 100).rounded() / 100) mbps",
                "remaining ram: \(ram.remaining >> 10) kbytes", "total ram: \(ram.total >> 10) kbytes", "duplicate: \(ram.duplicate) pages",
                "skipped: \(ram.skipped) pages", "normal: \(ram.normal) pages", "normal bytes: \(ram.normalBytes >> 10) kbytes",
                "dirty sync count: \(ram.dirtySyncCount)", "page size: \(ram.pageSize >> 10) kbytes", "pages-per-second: \(ram.pagesPerSecond)",
                "dirty pages rate: \(ram.dirtyPagesRate) pages", "postcopy request count: \(ram.postcopyRequests)",
            ]
        }
        return lines.map { $0 + "\n" }.joined()
    }
}
