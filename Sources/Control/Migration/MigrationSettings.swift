import Compression
import HostOS
import QAPI

/// What migrations are to be like: capabilities and parameters. Threads of migrations read them while clients change them.
final class MigrationSettings: @unchecked Sendable {
    private struct Values {
        /// Bytes in a second; 0 for as many as go.
        var maxBandwidth: UInt64 = 128 << 20
        /// The same for pages that nobody waits for.
        var maxPostcopyBandwidth: UInt64 = 0
        /// Milliseconds.
        var downtimeLimit: UInt64 = 300
        var channels: UInt8 = 2
        /// Percentages.
        var throttleThreshold: UInt8 = 50
        var throttleInitial: UInt8 = 20
        var throttleIncrement: UInt8 = 10
        var throttleMost: UInt8 = 99
        var compression = MultiFDCompression.none
        var zlibLevel: UInt8 = 1
        var zstdLevel: UInt8 = 1
        var credentials = ""
        var hostName = ""
        var capabilities: Set<MigrationCapability> = []
    }

    /// Those that can be switched on.
    static let supported: [MigrationCapability] = [.events, .returnPath, .pauseBeforeSwitchover, .multifd, .mappedRam, .postcopyRam, .autoConverge]
    private static let longestDowntime: UInt64 = 2_000_000

    private let lock = Mutex()
    private var values = Values()

    var maxBandwidth: UInt64 { lock.withLock { values.maxBandwidth } }
    var maxPostcopyBandwidth: UInt64 { lock.withLock { values.maxPostcopyBandwidth } }
    var downtimeLimit: UInt64 { lock.withLock { values.downtimeLimit } }

    /// With `auto-converge`, in percent: how much of what is sent the guest may write meanwhile; for how much of the time it is held at first, by how much
    /// more then, and at most.
    var throttleThreshold: Int { lock.withLock { Int(values.throttleThreshold) } }
    var throttleInitial: Int { lock.withLock { Int(values.throttleInitial) } }
    var throttleIncrement: Int { lock.withLock { Int(values.throttleIncrement) } }
    var throttleMost: Int { lock.withLock { Int(values.throttleMost) } }

    /// Connections for pages, with `multifd`.
    var channels: Int { lock.withLock { Int(values.channels) } }
    /// How pages are packed there; nil if they are not.
    var packing: Packing? {
        switch lock.withLock({ values.compression }) {
        case .none: nil
        case .zlib: .zlib
        case .zstd: .zstd
        }
    }
    var packingLevel: Int { lock.withLock { Int(values.compression == .zstd ? values.zstdLevel : values.zlibLevel) } }

    /// Who secures connections, by its id; nil for connections that are not.
    var credentials: String? { lock.withLock { values.credentials.isEmpty ? nil : values.credentials } }
    /// Whose certificate the other side has; nil for the host that is connected to.
    var hostName: String? { lock.withLock { values.hostName.isEmpty ? nil : values.hostName } }

    func has(_ capability: MigrationCapability) -> Bool { lock.withLock { values.capabilities.contains(capability) } }

    var capabilities: [MigrationCapabilityStatus] { MigrationSettings.supported.map { .init(capability: $0, state: has($0)) } }
    var parameters: MigrationParameters {
        lock.withLock {
            .init(
                throttleTriggerThreshold: values.throttleThreshold, cpuThrottleInitial: values.throttleInitial,
                cpuThrottleIncrement: values.throttleIncrement, maxCpuThrottle: values.throttleMost, maxBandwidth: values.maxBandwidth, maxPostcopyBandwidth: values.maxPostcopyBandwidth, downtimeLimit: values.downtimeLimit, multifdChannels: values.channels,
                multifdCompression: values.compression, multifdZlibLevel: values.zlibLevel, multifdZstdLevel: values.zstdLevel,
                tlsCreds: values.credentials, tlsHostname: values.hostName)
        }
    }

    func set(_ wanted: [MigrationCapabilityStatus]) throws(QAPIError) {
        for wanted in wanted where wanted.state && !MigrationSettings.supported.contains(wanted.capability) {
            throw .notSupported("the migration capability '\(wanted.capability.rawValue)'")
        }
        var new = lock.withLock { values.capabilities }
        for wanted in wanted {
            if wanted.state { new.insert(wanted.capability) } else { new.remove(wanted.capability) }
        }
        for other in [MigrationCapability.multifd, .mappedRam] where new.isSuperset(of: [.postcopyRam, other]) {
            throw .notSupported("postcopy-ram together with \(other.rawValue)")
        }
        lock.withLock { values.capabilities = new }
    }

    func set(_ arguments: MigrateSetParametersCommand.Arguments) throws(QAPIError) {
        if let limit = arguments.downtimeLimit, limit > MigrationSettings.longestDowntime {
            throw .expects("downtime-limit", "an integer in the range of 0 to \(MigrationSettings.longestDowntime) milliseconds")
        }
        try check(arguments)
        if arguments.multifdChannels == 0 { throw .expects("multifd-channels", "a value between 1 and 255") }
        if let level = arguments.multifdZlibLevel, !Zlib.levels.contains(Int(level)) {
            throw .expects("multifd-zlib-level", "a value between \(Zlib.levels.lowerBound) and \(Zlib.levels.upperBound)")
        }
        if let level = arguments.multifdZstdLevel, !Zstd.levels.contains(Int(level)) {
            throw .expects("multifd-zstd-level", "a value between \(Zstd.levels.lowerBound) and \(Zstd.levels.upperBound)")
        }
        lock.withLock {
            if let part = arguments.throttleTriggerThreshold { values.throttleThreshold = part }
            if let part = arguments.cpuThrottleInitial { values.throttleInitial = part }
            if let part = arguments.cpuThrottleIncrement { values.throttleIncrement = part }
            if let part = arguments.maxCpuThrottle { values.throttleMost = part }
            if let channels = arguments.multifdChannels { values.channels = channels }
            if let compression = arguments.multifdCompression { values.compression = compression }
            if let level = arguments.multifdZlibLevel { values.zlibLevel = level }
            if let level = arguments.multifdZstdLevel { values.zstdLevel = level }
            if let bandwidth = arguments.maxBandwidth { values.maxBandwidth = bandwidth }
            if let bandwidth = arguments.maxPostcopyBandwidth { values.maxPostcopyBandwidth = bandwidth }
            if let limit = arguments.downtimeLimit { values.downtimeLimit = limit }
            if let credentials = arguments.tlsCreds { values.credentials = credentials.text }
            if let name = arguments.tlsHostname { values.hostName = name.text }
        }
    }
}

extension MigrationSettings {
    private func check(_ arguments: MigrateSetParametersCommand.Arguments) throws(QAPIError) {
        if let part = arguments.throttleTriggerThreshold, !(1...100).contains(part) {
            throw .expects("throttle-trigger-threshold", "an integer in the range of 1 to 100")
        }
        let parts = [
            ("cpu-throttle-initial", arguments.cpuThrottleInitial), ("cpu-throttle-increment", arguments.cpuThrottleIncrement),
        ]
        for (name, part) in parts { if let part, !(1...99).contains(part) { throw .expects(name, "an integer in the range of 1 to 99") } }
        let initial = arguments.cpuThrottleInitial ?? UInt8(throttleInitial)
        if let most = arguments.maxCpuThrottle, most < initial || most > 99 {
            throw .expects("max-cpu-throttle", "an integer in the range of cpu-throttle-initial to 99")
        }
    }
}

extension StrOrNull {
    fileprivate var text: String { if case .str(let text) = self { text } else { "" } }
}
