import CommandLine
import JSON
import QAPI

/// Commands about migrations.
extension MonitorCommands {
    static var migrationRows: [Row] {
        [
            Row(
                ["migrate"], "[-d] uri", "take the machine elsewhere; -d does not wait until it is there", keepsQuotes: true,
                waits: { !flags($0).contains("-d") }
            ) { commands, words in
                let flags = flags(words)
                if let other = flags.first(where: { $0 != "-d" }) { throw QAPIError.notSupported("migrate \(other)") }
                try commands.call("migrate", ["uri": .string(try address(words.dropFirst(flags.count)))])
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
                let unit: UInt64 = words[0] == "max-bandwidth" ? 1 << 20 : 1
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
                return "max-bandwidth: \(values.maxBandwidth ?? 0) bytes/second\ndowntime-limit: \(values.downtimeLimit ?? 0) ms\n"
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
        if let ram = info.ram {
            lines += [
                "transferred ram: \(ram.transferred >> 10) kbytes", "throughput: \((ram.mbps * 100).rounded() / 100) mbps",
                "remaining ram: \(ram.remaining >> 10) kbytes", "total ram: \(ram.total >> 10) kbytes", "duplicate: \(ram.duplicate) pages",
                "skipped: \(ram.skipped) pages", "normal: \(ram.normal) pages", "normal bytes: \(ram.normalBytes >> 10) kbytes",
                "dirty sync count: \(ram.dirtySyncCount)", "page size: \(ram.pageSize >> 10) kbytes", "pages-per-second: \(ram.pagesPerSecond)",
                "dirty pages rate: \(ram.dirtyPagesRate) pages",
            ]
        }
        return lines.map { $0 + "\n" }.joined()
    }
}
