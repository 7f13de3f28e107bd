import CPUModel
import UserCore

/// A system call, declared once: what dispatch, `-strace` and the coverage table know of it.
public final class SystemCall: Sendable {
    /// Does the call for a thread: its result, or -errno.
    public typealias Handler = @Sendable (LinuxThread, SystemCallRegisters) -> Int64

    public enum Action: Sendable {
        /// The host's call with this number does the same, once pointers have become host addresses.
        case pass(Int)
        case handle(Handler)
        /// The same, where the kernel finds addresses in memory by itself: only where guest addresses are the host's. ENOSYS and why otherwise.
        case handleDirectly(Handler, String)
        /// The host's call, in whose memory the kernel finds addresses by itself: only where guest addresses are the host's. ENOSYS and
        /// why otherwise.
        case direct(Int, String)
        /// It cannot be had here: the errno, and why.
        case refuse(Int32, String)
    }

    /// What happens to a call that a signal handler has interrupted (the kernel's ERESTART… codes).
    public enum Restart: Sendable {
        /// It is done again if the handler's `sigaction` says SA_RESTART, and fails with EINTR otherwise.
        case ifAsked
        /// It fails with EINTR.
        case never
    }

    public let name: String
    public let numbers: CallNumbers
    public let arguments: [Argument]
    public let restart: Restart
    public let action: Action
    /// Whether an argument takes two registers of a 32-bit guest, or has a sign.
    let differsInRegisters: Bool

    private init(name: String, numbers: CallNumbers, arguments: [Argument], restart: Restart, action: Action) {
        differsInRegisters = arguments.contains { $0.differsInRegisters }
        self.name = name
        self.numbers = numbers
        self.arguments = arguments
        self.restart = restart
        self.action = action
    }

    /// A call that the host does as well.
    static func pass(_ name: String, _ numbers: CallNumbers, _ host: Int, _ arguments: Argument..., restart: Restart = .ifAsked) -> SystemCall {
        SystemCall(name: name, numbers: numbers, arguments: arguments, restart: restart, action: .pass(host))
    }

    /// A call that has the same number everywhere: all since Linux 5.1.
    static func pass(_ name: String, everywhere number: Int, _ arguments: Argument...) -> SystemCall {
        SystemCall(name: name, numbers: CallNumbers(integerLiteral: number), arguments: arguments, restart: .ifAsked, action: .pass(number))
    }

    static func direct(
        _ name: String, _ numbers: CallNumbers, _ host: Int, _ reason: String, _ arguments: Argument..., restart: Restart = .ifAsked
    ) -> SystemCall {
        SystemCall(name: name, numbers: numbers, arguments: arguments, restart: restart, action: .direct(host, reason))
    }

    static func own(
        _ name: String, _ numbers: CallNumbers, _ arguments: Argument..., restart: Restart = .ifAsked, handler: @escaping Handler
    ) -> SystemCall {
        SystemCall(name: name, numbers: numbers, arguments: arguments, restart: restart, action: .handle(handler))
    }

    static func own(
        _ name: String, _ numbers: CallNumbers, directly reason: String, _ arguments: Argument..., restart: Restart = .ifAsked,
        handler: @escaping Handler
    ) -> SystemCall {
        SystemCall(name: name, numbers: numbers, arguments: arguments, restart: restart, action: .handleDirectly(handler, reason))
    }

    /// The same call under the name that a family has for it.
    func named(_ name: String) -> SystemCall {
        name == self.name ? self : SystemCall(name: name, numbers: numbers, arguments: arguments, restart: restart, action: action)
    }

    static func refuse(_ name: String, _ numbers: CallNumbers, _ errno: Int32, _ reason: String) -> SystemCall {
        SystemCall(name: name, numbers: numbers, arguments: [], restart: .ifAsked, action: .refuse(errno, reason))
    }
}

/// What an argument means: how it becomes the host's, and how `-strace` shows it.
public enum Argument: Sendable {
    case fd, int, long, size, octal, signal, openFlags
    /// A number of 64 bits: two registers of a 32-bit guest.
    case wide
    /// A number of 64 bits in two arguments that are longs.
    case lowHalf, highHalf
    /// An int whose values have names, and the number of an ioctl.
    case named(ValueNames), control
    /// A path that is looked up, with `-L` in the guest's own folder first; and one that is made or removed.
    case path, newPath
    /// A string that is no path.
    case string
    /// A structure that is the same for host and guest: at most that many bytes are written there by the kernel.
    case pointer, written(Int)
    /// A buffer that the kernel writes, whose size in bytes is the argument with that index.
    case buffer(size: Int)
    /// A buffer that the kernel reads, whose size in bytes is the argument with that index.
    case bytes(size: Int)
    /// An array of `struct iovec`, whose length is the argument with that index.
    case vector(count: Int)
    /// The same with addresses of the process whose number is the first argument.
    case remoteVector(count: Int)
    /// A `struct msghdr`.
    case message
    /// A structure that is laid out otherwise for 32-bit guests.
    case structure(SharedStructure, Access)
    /// A `struct sockaddr` whose length is the argument with that index, which the kernel reads.
    case socketAddress(size: Int)
    /// Where a mapping is wanted, and where one should be that is neither read nor written.
    case place, mapping

    /// What the kernel does with a structure.
    public enum Access: Sendable { case reads, writes, changes }

    static func reads(_ structure: SharedStructure) -> Argument { .structure(structure, .reads) }
    static func writes(_ structure: SharedStructure) -> Argument { .structure(structure, .writes) }
    static func changes(_ structure: SharedStructure) -> Argument { .structure(structure, .changes) }

    /// Whether it is the address of something that is there: what may carry a tag.
    var isPointer: Bool {
        switch self {
        case .fd, .int, .long, .size, .octal, .signal, .openFlags, .named, .control, .place, .wide, .lowHalf, .highHalf: false
        case .path, .newPath, .string, .pointer, .written, .buffer, .bytes, .vector, .remoteVector, .message, .structure, .socketAddress, .mapping:
            true
        }
    }

    /// Whether a 32-bit guest's registers hold it otherwise than the rows count arguments.
    var differsInRegisters: Bool {
        switch self {
        case .wide, .lowHalf, .long: true
        default: false
        }
    }
}
