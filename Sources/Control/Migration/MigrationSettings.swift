import HostOS
import QAPI

/// What migrations are to be like: capabilities and parameters. Threads of migrations read them while clients change them.
final class MigrationSettings: @unchecked Sendable {
    private struct Values {
        /// Bytes in a second; 0 for as many as go.
        var maxBandwidth: UInt64 = 128 << 20
        /// Milliseconds.
        var downtimeLimit: UInt64 = 300
        var capabilities: Set<MigrationCapability> = []
    }

    /// Those that can be switched on.
    static let supported: [MigrationCapability] = [.events, .returnPath, .pauseBeforeSwitchover]
    private static let longestDowntime: UInt64 = 2_000_000

    private let lock = Mutex()
    private var values = Values()

    var maxBandwidth: UInt64 { lock.withLock { values.maxBandwidth } }
    var downtimeLimit: UInt64 { lock.withLock { values.downtimeLimit } }

    func has(_ capability: MigrationCapability) -> Bool { lock.withLock { values.capabilities.contains(capability) } }

    var capabilities: [MigrationCapabilityStatus] { MigrationSettings.supported.map { .init(capability: $0, state: has($0)) } }
    var parameters: MigrationParameters { .init(maxBandwidth: maxBandwidth, downtimeLimit: downtimeLimit) }

    func set(_ wanted: [MigrationCapabilityStatus]) throws(QAPIError) {
        for wanted in wanted where wanted.state && !MigrationSettings.supported.contains(wanted.capability) {
            throw .notSupported("the migration capability '\(wanted.capability.rawValue)'")
        }
        lock.withLock {
            for wanted in wanted {
                if wanted.state { values.capabilities.insert(wanted.capability) } else { values.capabilities.remove(wanted.capability) }
            }
        }
    }

    func set(_ arguments: MigrateSetParametersCommand.Arguments) throws(QAPIError) {
        if let limit = arguments.downtimeLimit, limit > MigrationSettings.longestDowntime {
            throw .expects("downtime-limit", "an integer in the range of 0 to \(MigrationSettings.longestDowntime) milliseconds")
        }
        lock.withLock {
            if let bandwidth = arguments.maxBandwidth { values.maxBandwidth = bandwidth }
            if let limit = arguments.downtimeLimit { values.downtimeLimit = limit }
        }
    }
}
