import CLibSlirp
import EventLoop
import Glibc

/// What the network stack asks of its owner.
protocol SlirpOwner: AnyObject {
    /// A frame for the guest.
    func output(_ frame: [UInt8])
    /// Nanoseconds of the guest's time.
    func now() -> Int64
    /// A timer that calls back; the stack arms it at times in nanoseconds.
    func makeTimer(_ fire: @escaping () -> Void) -> LoopTimer
    func guestError(_ text: String)
    /// Bytes that the guest has sent to a forwarded port of its network.
    func received(_ bytes: [UInt8], on forward: Int)
}

/// libslirp as a value with methods: all pointers stay in here. All calls on one thread.
final class SlirpStack {
    unowned let owner: any SlirpOwner
    private let callbacks: UnsafeMutablePointer<SlirpCb>
    private var stack: OpaquePointer?
    /// What libslirp hands back for a forwarded port: where it is in this list.
    private var forwards: [Unmanaged<ForwardContext>] = []

    private final class ForwardContext {
        unowned let owner: any SlirpOwner
        let index: Int
        init(_ owner: any SlirpOwner, _ index: Int) { (self.owner, self.index) = (owner, index) }
    }

    init(_ settings: UserNetwork, owner: any SlirpOwner) throws(NetworkError) {
        self.owner = owner
        unsafe callbacks = .allocate(capacity: 1)
        unsafe callbacks.initialize(to: makeCallbacks())
        var strings = CStrings()
        defer { strings.free() }
        var configuration = settings.configuration(&strings)
        unsafe stack = slirp_new(&configuration, callbacks, Unmanaged.passUnretained(self).toOpaque())
        guard unsafe stack != nil else { throw .stack }
    }

    deinit {
        if let stack = unsafe stack { unsafe slirp_cleanup(stack) }
        for context in forwards { unsafe context.release() }
        unsafe callbacks.deallocate()
    }

    /// A frame from the guest.
    func input(_ frame: [UInt8]) {
        unsafe frame.withUnsafeBufferPointer { unsafe slirp_input(stack, $0.baseAddress, Int32($0.count)) }
    }

    // MARK: Sleeping

    /// The descriptors that matter now; `timeout`, in milliseconds, is shortened to when the stack's own timers are due.
    func descriptors(_ timeout: inout UInt32) -> [PolledDescriptor] {
        var list: [PolledDescriptor] = []
        unsafe withUnsafeMutablePointer(to: &list) { list in
            unsafe slirp_pollfds_fill(
                stack, &timeout,
                { descriptor, events, list in
                    guard let list = unsafe list?.assumingMemoryBound(to: [PolledDescriptor].self) else { return -1 }
                    unsafe list.pointee.append(PolledDescriptor(descriptor: descriptor, wanted: PollEvents(slirp: events)))
                    return unsafe Int32(list.pointee.count - 1)
                }, list)
        }
        return list
    }

    /// What has happened to the descriptors of before.
    func happened(_ list: ArraySlice<PolledDescriptor>) {
        var list = Array(list)
        unsafe withUnsafeMutablePointer(to: &list) { list in
            unsafe slirp_pollfds_poll(
                stack, 0,
                { index, list in
                    guard let list = unsafe list?.assumingMemoryBound(to: [PolledDescriptor].self) else { return 0 }
                    return unsafe list.pointee.indices.contains(Int(index)) ? list.pointee[Int(index)].happened.slirp : 0
                }, list)
        }
    }

    // MARK: Forwarding

    /// False if the host's address and port cannot be listened on.
    func add(_ forward: PortForward) -> Bool {
        unsafe slirp_add_hostfwd(
            stack, forward.isUDP ? 1 : 0, in_addr(forward.host), Int32(forward.hostPort), in_addr(forward.guest), Int32(forward.guestPort)) == 0
    }

    /// Leads connections to a port in the guest's network to the owner, or each to a command of its own. False if the port is taken.
    func add(_ forward: GuestForward) -> Bool {
        var address = in_addr(forward.address)
        if let command = forward.command { return unsafe slirp_add_exec(stack, command, &address, Int32(forward.port)) == 0 }
        let context = unsafe Unmanaged.passRetained(ForwardContext(owner, forwards.count))
        unsafe forwards.append(context)
        return unsafe slirp_add_guestfwd(
            stack,
            { bytes, count, context in
                guard let context = unsafe context, let bytes = unsafe bytes else { return -1 }
                let forward = unsafe Unmanaged<ForwardContext>.fromOpaque(context).takeUnretainedValue()
                unsafe forward.owner.received(Array(UnsafeRawBufferPointer(start: bytes, count: count)), on: forward.index)
                return count
            }, context.toOpaque(), &address, Int32(forward.port)) == 0
    }

    /// Bytes that a forwarded port can take for the guest now.
    func room(_ forward: GuestForward) -> Int { unsafe slirp_socket_can_recv(stack, in_addr(forward.address), Int32(forward.port)) }

    func send(_ bytes: [UInt8], through forward: GuestForward) {
        unsafe bytes.withUnsafeBufferPointer {
            unsafe slirp_socket_recv(stack, in_addr(forward.address), Int32(forward.port), $0.baseAddress, Int32($0.count))
        }
    }

    /// The connections, as `info usernet` shows them.
    var connections: String {
        guard let text = unsafe slirp_connection_info(stack) else { return "" }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }
}
