import Glibc

/// Sets of open descriptors that files can be opened from by the path /dev/fdset/ID: whoever starts the emulator may open what it may not.
public final class DescriptorSets: @unchecked Sendable {
    public static let shared = DescriptorSets()

    public struct Member {
        public let stream: HostStream
        /// What its giver said of it.
        public let note: String?
    }

    private let lock = Mutex()
    private var sets: [Int64: [Member]] = [:]

    private init() {}

    /// Puts a descriptor into a set, or into a new one; the set's number.
    public func add(_ stream: HostStream, to wanted: Int64?, note: String?) -> Int64 {
        lock.withLock {
            let id = wanted ?? (0...).first { sets[$0] == nil } ?? 0
            sets[id, default: []].append(Member(stream: stream, note: note))
            return id
        }
    }

    /// Takes a descriptor, or all, out of a set; false if it is not there.
    public func remove(_ descriptor: Int32?, from id: Int64) -> Bool {
        lock.withLock {
            guard let members = sets[id] else { return false }
            let rest = members.filter { descriptor != nil && $0.stream.descriptor != descriptor }
            sets[id] = rest.isEmpty ? nil : rest
            return rest.count < members.count
        }
    }

    public var all: [(id: Int64, members: [Member])] {
        lock.withLock { sets.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
    }

    /// A descriptor of its own for a path of a set, opened for the same as the flags ask; -1 with errno set if there is none.
    fileprivate func open(_ id: Int64, _ flags: Int32) -> Int32 {
        lock.withLock {
            for member in sets[id] ?? [] where fcntl(member.stream.descriptor, F_GETFL) & O_ACCMODE == flags & O_ACCMODE {
                return fcntl(member.stream.descriptor, F_DUPFD_CLOEXEC, 0)
            }
            errno = sets[id] == nil ? ENOENT : EACCES
            return -1
        }
    }
}

/// open(2), which knows the sets' paths too.
func openPath(_ path: String, _ flags: Int32, _ mode: mode_t = 0) -> Int32 {
    let prefix = "/dev/fdset/"
    if path.hasPrefix(prefix), let id = Int64(path.dropFirst(prefix.count)) { return DescriptorSets.shared.open(id, flags) }
    return unsafe open(path, flags, mode)
}
