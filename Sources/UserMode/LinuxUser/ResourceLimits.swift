import CHost
import Glibc
import HostOS
import UserExecution

/// A limit: what holds, and how far it may be raised. All ones is no limit.
struct ResourceLimit: Equatable, Sendable {
    var current: UInt64, maximum: UInt64
}

/// The limits of a process's memory, which are the guest's alone: the host's would be Apus's as well. Every process has its own, also those that share
/// memory.
final class ResourceLimits: @unchecked Sendable {
    /// RLIMIT_DATA, RLIMIT_STACK and RLIMIT_AS (include/uapi/asm-generic/resource.h).
    static let data: Int32 = 2, stack: Int32 = 3, addressSpace: Int32 = 9
    static let resources = [data, stack, addressSpace]

    private let lock = Mutex()
    private var values: [Int32: ResourceLimit]
    private var isChanged = false

    private init(values: [Int32: ResourceLimit], isChanged: Bool) {
        self.values = values
        self.isChanged = isChanged
    }

    /// Those with which Apus was started, but for what the options say; nil if that makes no sense.
    init?(options: UserOptions) {
        values = [:]
        for resource in ResourceLimits.resources {
            var limit = rlimit()
            unsafe getrlimit(__rlimit_resource_t(UInt32(resource)), &limit)
            values[resource] = ResourceLimit(current: UInt64(limit.rlim_cur), maximum: UInt64(limit.rlim_max))
        }
        if let size = options.stackSize { values[ResourceLimits.stack]?.setCurrent(size) }
        guard let text = options.memoryLimits else { return }
        let numbers = text.split(separator: ",").compactMap { UInt64($0) }
        guard numbers.count == 2 * ResourceLimits.resources.count else { return nil }
        for (index, resource) in ResourceLimits.resources.enumerated() {
            values[resource] = ResourceLimit(current: numbers[2 * index], maximum: numbers[2 * index + 1])
        }
        isChanged = true
    }

    func copy() -> ResourceLimits { lock.withLock { ResourceLimits(values: values, isChanged: isChanged) } }

    subscript(_ resource: Int32) -> ResourceLimit {
        lock.withLock { values[resource] ?? ResourceLimit(current: .max, maximum: .max) }
    }

    /// Sets a limit as setrlimit(2) does: 0 or -errno.
    func set(_ resource: Int32, _ new: ResourceLimit) -> Int64 {
        if new.current > new.maximum { return -Int64(EINVAL) }
        return lock.withLock {
            if let old = values[resource], new.maximum > old.maximum, !ResourceLimits.isPrivileged { return -Int64(EPERM) }
            values[resource] = new
            isChanged = true
            return 0
        }
    }

    var memory: MemoryLimits {
        let data = self[ResourceLimits.data]
        return MemoryLimits(addressSpace: self[ResourceLimits.addressSpace].current, data: data.current, dataMaximum: data.maximum)
    }

    /// How a program that this one executes is told of them; empty if there is nothing to be told.
    var words: [String] {
        lock.withLock {
            if !isChanged { return [] }
            let numbers = ResourceLimits.resources.compactMap { values[$0] }.flatMap { ["\($0.current)", "\($0.maximum)"] }
            return ["-memory-limits", numbers.joined(separator: ",")]
        }
    }

    /// CAP_SYS_RESOURCE (capget(2), the third version of its structures).
    private static var isPrivileged: Bool {
        var header: [UInt32] = [0x2008_0522, 0], data = [UInt32](repeating: 0, count: 6)
        let result = unsafe header.withUnsafeMutableBytes { header in
            unsafe data.withUnsafeMutableBytes { data in
                unsafe apus_raw_syscall(125, [Int(bitPattern: header.baseAddress), Int(bitPattern: data.baseAddress), 0, 0, 0, 0])
            }
        }
        return result == 0 && data[0] >> 24 & 1 != 0
    }

    // MARK: Programs of the host

    /// Does what executes a program of the host's, whose kernel then sees to the limits. Only what may be raised again is set: Apus goes on if nothing
    /// is executed.
    func withHostLimits(_ body: () -> Int64) -> Int64 {
        guard lock.withLock({ isChanged }) else { return body() }
        var old: [(Int32, rlimit)] = []
        for resource in ResourceLimits.resources {
            var limit = rlimit()
            unsafe getrlimit(__rlimit_resource_t(UInt32(resource)), &limit)
            old.append((resource, limit))
            limit.rlim_cur = min(rlim_t(self[resource].current), limit.rlim_max)
            unsafe setrlimit(__rlimit_resource_t(UInt32(resource)), &limit)
        }
        defer {
            for (resource, limit) in old {
                var limit = limit
                unsafe setrlimit(__rlimit_resource_t(UInt32(resource)), &limit)
            }
        }
        return body()
    }
}

extension ResourceLimit {
    fileprivate mutating func setCurrent(_ value: UInt64) {
        current = value
        maximum = max(maximum, value)
    }
}
