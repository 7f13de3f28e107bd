import Glibc

/// What a descriptor is waited for, or what has happened to it (poll(2)).
public struct PollEvents: OptionSet, Sendable {
    public let rawValue: Int16
    public init(rawValue: Int16) { self.rawValue = rawValue }

    public static let readable = PollEvents(rawValue: Int16(POLLIN))
    public static let urgent = PollEvents(rawValue: Int16(POLLPRI))
    public static let writable = PollEvents(rawValue: Int16(POLLOUT))
    public static let failed = PollEvents(rawValue: Int16(POLLERR))
    public static let hungUp = PollEvents(rawValue: Int16(POLLHUP))
}

public struct PolledDescriptor: Sendable {
    public let descriptor: Int32
    public let wanted: PollEvents
    public internal(set) var happened: PollEvents = []

    public init(descriptor: Int32, wanted: PollEvents) {
        self.descriptor = descriptor
        self.wanted = wanted
    }
}

/// Something whose descriptors change from one sleep of the loop to the next, such as a network stack with its connections. Called on
/// the loop's thread with the machine lock held.
public protocol PollSource: AnyObject {
    /// The loop is about to sleep for up to `timeout` milliseconds, for ever if negative: what it is to wait for. It may sleep less.
    func prepare(_ timeout: inout Int32) -> [PolledDescriptor]
    /// The loop has slept; the descriptors are those of `prepare`, in their order.
    func finish(_ descriptors: ArraySlice<PolledDescriptor>)
}

/// One sleep of the loop: the sources' descriptors, and the loop's own poller in front of them.
struct Sleep {
    private var descriptors: [PolledDescriptor]
    private var shares: [(source: any PollSource, range: Range<Int>)] = []
    private var timeout: Int32

    init(poller: Int32, timeout: Int32, sources: [any PollSource]) {
        descriptors = [PolledDescriptor(descriptor: poller, wanted: .readable)]
        self.timeout = timeout
        for source in sources {
            let more = source.prepare(&self.timeout)
            shares.append((source, descriptors.count..<descriptors.count + more.count))
            descriptors += more
        }
    }

    /// Waits, without the lock.
    mutating func wait() {
        var polled = descriptors.map { pollfd(fd: $0.descriptor, events: $0.wanted.rawValue, revents: 0) }
        let count = unsafe poll(&polled, nfds_t(polled.count), timeout)
        guard count > 0 else { return }
        for index in polled.indices { descriptors[index].happened = PollEvents(rawValue: polled[index].revents) }
    }

    func finish() { for (source, range) in shares { source.finish(descriptors[range]) } }
}
