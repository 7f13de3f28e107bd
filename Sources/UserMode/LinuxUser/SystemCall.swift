import CPUModel

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

    private init(name: String, numbers: CallNumbers, arguments: [Argument], restart: Restart, action: Action) {
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
        SystemCall(name: name, numbers: CallNumbers(generic64: number), arguments: arguments, restart: .ifAsked, action: .pass(number))
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

    static func refuse(_ name: String, _ numbers: CallNumbers, _ errno: Int32, _ reason: String) -> SystemCall {
        SystemCall(name: name, numbers: numbers, arguments: [], restart: .ifAsked, action: .refuse(errno, reason))
    }
}

/// The call's number in each family; nil where it does not exist.
public struct CallNumbers: ExpressibleByIntegerLiteral, Sendable {
    public let generic64: Int?

    public init(generic64: Int?) { self.generic64 = generic64 }
    public init(integerLiteral value: Int) { generic64 = value }

    public func number(_ family: CallFamily) -> Int? {
        switch family {
        case .generic64: generic64
        }
    }
}

/// What an argument means: how it becomes the host's, and how `-strace` shows it.
public enum Argument: Sendable {
    case fd, int, long, size, octal, signal, openFlags
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
    /// A `struct timespec`, a `struct rlimit`, and a `struct sockaddr` whose length is the argument with that index, which the kernel reads.
    case time, limits, socketAddress(size: Int)
    /// Where a mapping is wanted, and where one should be that is neither read nor written.
    case place, mapping

    /// Whether it is the address of something that is there: what may carry a tag.
    var isPointer: Bool {
        switch self {
        case .fd, .int, .long, .size, .octal, .signal, .openFlags, .named, .control, .place: false
        case .path, .newPath, .string, .pointer, .written, .buffer, .bytes, .vector, .remoteVector, .message, .time, .limits, .socketAddress,
            .mapping:
            true
        }
    }
}

/// All calls of a family, by number.
public struct CallTable: Sendable {
    private let rows: [SystemCall?]

    public init(family: CallFamily, machine: String) {
        var rows = [SystemCall?](repeating: nil, count: 512)
        for chapter in SystemCall.chapters(machine: machine) {
            for call in chapter {
                guard let number = call.numbers.number(family) else { continue }
                precondition(rows[number] == nil, "two system calls have the number \(number)")
                rows[number] = call
            }
        }
        self.rows = rows
    }

    public subscript(_ number: UInt64) -> SystemCall? { number < UInt64(rows.count) ? rows[Int(number)] : nil }

    /// A line for each call: number, name, how it is done.
    public var coverage: String {
        rows.enumerated().compactMap { number, call in
            guard let call else { return nil }
            let how =
                switch call.action {
                case .pass: "the host's"
                case .handle: "Apus's own"
                case .handleDirectly: "Apus's own, without -B and -R"
                case .direct: "the host's, without -B and -R"
                case .refuse(let code, let reason): "\(errnoName(code)): \(reason)"
                }
            return "| \(number) | \(call.name) | \(how) |"
        }.joined(separator: "\n")
    }
}

extension SystemCall {
    /// Every row there is, and those of one architecture only.
    static func chapters(machine: String) -> [[SystemCall]] {
        let own = machine == "riscv64" ? [riscv] : []
        return [files, directories, fileAttributes, descriptors, memory, processes, identity, signals, time, events, sockets, ipc, system, modern]
            + own
    }
}
