import BlockCore
import CommandLine
import QAPI

/// Limits of drives: `-drive throttling.…`, `block_set_io_throttle`.
extension BlockSetup {
    private static let kinds: [(name: String, short: String, kind: ThrottleLimits.Kind)] = [
        ("bps-total", "bps", .bytes), ("bps-read", "bps_rd", .bytesRead), ("bps-write", "bps_wr", .bytesWritten),
        ("iops-total", "iops", .operations), ("iops-read", "iops_rd", .reads), ("iops-write", "iops_wr", .writes),
    ]

    /// Properties of `-drive`, and the older names of some.
    static let throttleNames =
        kinds.flatMap { ["throttling.\($0.name)", "throttling.\($0.name)-max", "throttling.\($0.name)-max-length", $0.short, $0.short + "_max"] }
        + ["throttling.iops-size", "iops_size", "throttling.group", "group"]

    /// Puts a drive of `-drive` under its limits, if it has any.
    func limit(_ drive: Drive, _ list: PropertyList) throws {
        func number(_ name: String, _ short: String?) throws -> UInt64? {
            guard let value = try list.integer(list["throttling.\(name)"] == nil ? short ?? "" : "throttling.\(name)") else { return nil }
            return UInt64(value)
        }
        var limits = ThrottleLimits()
        for (name, short, kind) in BlockSetup.kinds {
            limits[kind] = .init(
                average: try number(name, short) ?? 0, burst: try number(name + "-max", short + "_max") ?? 0,
                burstSeconds: try number(name + "-max-length", nil) ?? 1)
        }
        limits.operationSize = try number("iops-size", "iops_size") ?? 0
        if let complaint = limits.complaint { throw QAPIError(.generic, complaint) }
        let group = list["throttling.group"] ?? list["group"]
        guard limits.isLimiting else { return }
        put(drive, into: group ?? drive.id, limits)
    }

    /// A drive belongs to a group from now on, whose other members have its limits, too.
    private func put(_ drive: Drive, into name: String, _ limits: ThrottleLimits) {
        let group = drives.lazy.compactMap(\.account.throttle).first { $0.name == name } ?? ThrottleGroup(name, loop: loop)
        group.limits = limits
        drive.account.throttle = group
    }

    func registerThrottleCommands(in commands: inout CommandTable) {
        commands.on(BlockSetIoThrottleCommand.self) { [self] arguments in
            let drive = try drive(arguments.device, arguments.id)
            if drive.node == nil { throw QAPIError(.generic, "Device '\(arguments.device ?? arguments.id ?? "")' has no medium") }
            let limits = try BlockSetup.limits(arguments)
            guard limits.isLimiting else {
                drive.account.throttle = nil
                return QAPIEmpty()
            }
            put(drive, into: arguments.group ?? drive.account.throttle?.name ?? arguments.device ?? arguments.id ?? "", limits)
            return QAPIEmpty()
        }
    }

    private static func limits(_ arguments: BlockSetIoThrottleCommand.Arguments) throws(QAPIError) -> ThrottleLimits {
        func number(_ value: Int64?, or none: UInt64 = 0) throws(QAPIError) -> UInt64 {
            guard let value else { return none }
            guard let number = UInt64(exactly: value) else {
                throw QAPIError(.generic, "bps/iops/max values must be within [0, \(ThrottleLimits.highest)]")
            }
            return number
        }
        let rows: [(ThrottleLimits.Kind, Int64, Int64?, Int64?)] = [
            (.bytes, arguments.bps, arguments.bpsMax, arguments.bpsMaxLength),
            (.bytesRead, arguments.bpsRd, arguments.bpsRdMax, arguments.bpsRdMaxLength),
            (.bytesWritten, arguments.bpsWr, arguments.bpsWrMax, arguments.bpsWrMaxLength),
            (.operations, arguments.iops, arguments.iopsMax, arguments.iopsMaxLength),
            (.reads, arguments.iopsRd, arguments.iopsRdMax, arguments.iopsRdMaxLength),
            (.writes, arguments.iopsWr, arguments.iopsWrMax, arguments.iopsWrMaxLength),
        ]
        var limits = ThrottleLimits()
        for (kind, average, burst, seconds) in rows {
            limits[kind] = .init(average: try number(average), burst: try number(burst), burstSeconds: try number(seconds, or: 1))
        }
        limits.operationSize = try number(arguments.iopsSize)
        if let complaint = limits.complaint { throw QAPIError(.generic, complaint) }
        return limits
    }

    /// Puts what limits a drive into what is told of its medium.
    func describeLimits(of drive: Drive, in information: inout BlockDeviceInfo) {
        guard let group = drive.account.throttle else { return }
        let limits = group.limits
        func average(_ kind: ThrottleLimits.Kind) -> Int64 { Int64(clamping: limits[kind].average) }
        func burst(_ kind: ThrottleLimits.Kind) -> Int64? { limits[kind].burst == 0 ? nil : Int64(clamping: limits[kind].burst) }
        func seconds(_ kind: ThrottleLimits.Kind) -> Int64? { limits[kind].burst == 0 ? nil : Int64(clamping: limits[kind].burstSeconds) }
        (information.bps, information.bpsRd, information.bpsWr) = (average(.bytes), average(.bytesRead), average(.bytesWritten))
        (information.iops, information.iopsRd, information.iopsWr) = (average(.operations), average(.reads), average(.writes))
        (information.bpsMax, information.bpsRdMax, information.bpsWrMax) = (burst(.bytes), burst(.bytesRead), burst(.bytesWritten))
        (information.iopsMax, information.iopsRdMax, information.iopsWrMax) = (burst(.operations), burst(.reads), burst(.writes))
        (information.bpsMaxLength, information.bpsRdMaxLength, information.bpsWrMaxLength) = (
            seconds(.bytes), seconds(.bytesRead), seconds(.bytesWritten)
        )
        (information.iopsMaxLength, information.iopsRdMaxLength, information.iopsWrMaxLength) = (
            seconds(.operations), seconds(.reads), seconds(.writes)
        )
        information.iopsSize = limits.operationSize == 0 ? nil : Int64(clamping: limits.operationSize)
        information.group = group.name
    }

    /// The same for people, in QEMU's words.
    func describeLimits(of drive: Drive) -> String {
        guard let group = drive.account.throttle else { return "" }
        let limits = group.limits
        func row(_ kinds: [(name: String, short: String, kind: ThrottleLimits.Kind)]) -> String {
            (kinds.map { "\($0.short)=\(limits[$0.kind].average)" } + kinds.map { "\($0.short)_max=\(limits[$0.kind].burst)" }).joined(separator: " ")
        }
        let rows = row(Array(BlockSetup.kinds[..<3])) + " " + row(Array(BlockSetup.kinds[3...]))
        return "    I/O throttling:   \(rows) iops_size=\(limits.operationSize) group=\(group.name)\n"
    }
}
