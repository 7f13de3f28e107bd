import HostOS
import JSON
import QAPI

/// Commands about snapshots of the machine, on those of the machine protocol.
extension MonitorCommands {
    static var snapshotRows: [Row] {
        [
            Row(["savevm"], "[tag]", "keep the machine and its disks as they are, in the place of a snapshot of that name", stops: true) {
                commands, words in
                let tag = words.first ?? "vm-" + localTime(Int64(wallClockNanoseconds() / 1_000_000_000), "%Y%m%d%H%M%S")
                let disks = try commands.snapshotDisks()
                if disks.contains(where: { $0.has(tag) }) { try commands.snapshotJob("snapshot-delete", tag, disks, keepsState: false) }
                try commands.snapshotJob("snapshot-save", tag, disks)
                return ""
            },
            Row(["loadvm"], "tag", "make the machine and its disks what they were", stops: true) { commands, words in
                guard let tag = words.first else { throw QAPIError.missing("name") }
                try commands.snapshotJob("snapshot-load", tag, try commands.snapshotDisks())
                return ""
            },
            Row(["delvm"], "tag", "forget a snapshot", stops: true) { commands, words in
                guard let tag = words.first else { throw QAPIError.missing("name") }
                let disks = try commands.snapshotDisks()
                guard disks.contains(where: { $0.has(tag) }) else {
                    throw QAPIError(.generic, "Snapshot '\(tag)' does not exist in one or more devices")
                }
                try commands.snapshotJob("snapshot-delete", tag, disks, keepsState: false)
                return ""
            },
            Row(["template_save"], "folder", "keep the machine and its disks as a template, for -clone; Apus's own", stops: true) {
                commands, words in
                guard let folder = words.first else { throw QAPIError.missing("path") }
                try commands.call("template-save", ["path": .string(folder)])
                return ""
            },
        ]
    }

    static var snapshotSubjects: [Subject] { [Subject("snapshots") { commands, _ in try commands.snapshotList() }] }

    private struct SnapshotDisk {
        let name: String
        let nodeName: String
        let snapshots: [SnapshotInfo]

        func has(_ tag: String) -> Bool { snapshots.contains { $0.name == tag } }
    }

    /// All disks that can be written.
    private func snapshotDisks() throws -> [SnapshotDisk] {
        let disks = try table.call(QueryBlockCommand.self).compactMap { disk -> SnapshotDisk? in
            guard let inserted = disk.inserted, !inserted.ro, let node = inserted.nodeName else { return nil }
            return SnapshotDisk(name: disk.device.isEmpty ? node : disk.device, nodeName: node, snapshots: inserted.image.snapshots ?? [])
        }
        if disks.isEmpty { throw QAPIError(.generic, "No block device can accept snapshots") }
        return disks
    }

    /// Does a job and forgets it; its error is the command's.
    private func snapshotJob(_ command: String, _ tag: String, _ disks: [SnapshotDisk], keepsState: Bool = true) throws {
        let job = "monitor-\(command)"
        var arguments: JSONObject = ["job-id": .string(job), "tag": .string(tag), "devices": .array(disks.map { .string($0.nodeName) })]
        if keepsState { arguments["vmstate"] = .string(disks[0].nodeName) }
        try call(command, arguments)
        let failure = try table.call(QueryJobsCommand.self).first { $0.id == job }?.error
        try call("job-dismiss", ["id": .string(job)])
        if let failure { throw QAPIError(.generic, failure) }
    }

    /// The snapshots that all disks have, in QEMU's columns.
    private func snapshotList() throws -> String {
        let disks = try snapshotDisks()
        let common = disks[0].snapshots.filter { snapshot in disks.allSatisfy { $0.has(snapshot.name) } }
        if common.isEmpty { return "There is no snapshot available.\n" }
        let head = MonitorCommands.snapshotColumns(["ID", "TAG", "VM SIZE", "DATE", "VM CLOCK", "ICOUNT"])
        return "List of snapshots present on all disks:\n" + head
            + common.map { snapshot in
                let milliseconds = snapshot.vmClockNsec / 1_000_000, seconds = snapshot.vmClockSec
                let clock = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { MonitorCommands.digits($0, 2) }.joined(separator: ":")
                return MonitorCommands.snapshotColumns([
                    "--", snapshot.name, MonitorCommands.binarySize(snapshot.vmStateSize), localTime(snapshot.dateSec, "%Y-%m-%d %H:%M:%S"),
                    clock + "." + MonitorCommands.digits(milliseconds, 3), "",
                ])
            }.joined()
    }

    private static func snapshotColumns(_ texts: [String]) -> String {
        let widths = [-10, -17, 8, 20, 13, 11]
        return zip(texts, widths).map { text, width in
            let blanks = String(repeating: " ", count: max(0, abs(width) - text.count))
            return width < 0 ? text + blanks : blanks + text
        }.joined() + "\n"
    }

    private static func digits(_ number: Int64, _ count: Int) -> String {
        let text = "\(number)"
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }

    /// "1.5 MiB".
    private static func binarySize(_ bytes: Int64) -> String {
        var (value, unit) = (Double(bytes), 0)
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        while value >= 1000, unit + 1 < units.count { (value, unit) = (value / 1024, unit + 1) }
        let tenths = Int64((value * 10).rounded())
        return tenths >= 1000 || tenths % 10 == 0 ? "\(tenths / 10) \(units[unit])" : "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }
}
