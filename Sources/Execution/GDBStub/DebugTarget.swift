import CPUModel

/// A place that a debugger wants to stop at.
public enum DebugPoint: Hashable, Sendable {
    case software(UInt64)
    case hardware(UInt64)
    case watch(Watchpoint)
}

/// How a thread goes on.
public struct ResumeAction: Equatable, Sendable {
    public var steps: Bool
    /// The signal that it is given (Linux's number); 0 for none.
    public var signal: Int32

    public init(steps: Bool, signal: Int32) {
        self.steps = steps
        self.signal = signal
    }
}

/// Which threads go on and how: the first choice that fits a thread counts, and threads without one stay where they are.
public struct ResumeChoice: Equatable, Sendable {
    /// Nil for all threads.
    public var thread: Int?
    public var action: ResumeAction

    public init(thread: Int?, action: ResumeAction) {
        self.thread = thread
        self.action = action
    }
}

/// Which system calls stop the program.
public enum CaughtCalls: Equatable, Sendable {
    case none, all
    case some(Set<UInt64>)

    public func contains(_ number: UInt64) -> Bool {
        switch self {
        case .none: false
        case .all: true
        case .some(let numbers): numbers.contains(number)
        }
    }
}

/// What is debugged: a program, or a machine. All is asked while it stands still.
public protocol DebugTarget: AnyObject {
    var registers: DebugRegisterTable { get }
    /// The number of the process; 1 for a machine.
    var process: Int { get }
    /// Whether it was there before the debugger, and stays when the debugger ends: a machine.
    var isAttached: Bool { get }
    /// What it can do beyond what all can, in the words of `qSupported`.
    var abilities: [String] { get }
    /// Its threads' numbers, from 1; the one that stopped last is first.
    var threads: [Int] { get }
    func threadName(_ thread: Int) -> String
    /// A register's bytes, none if it cannot be read now; nil if there is no such thread.
    func register(_ number: Int, of thread: Int) -> [UInt8]?
    func setRegister(_ number: Int, of thread: Int, _ bytes: [UInt8])
    /// Bytes from an address on, as the thread sees it, as many of `count` as can be read.
    func readMemory(_ address: UInt64, _ count: Int, of thread: Int) -> [UInt8]
    func writeMemory(_ address: UInt64, _ bytes: [UInt8], of thread: Int) -> Bool
    /// Whether the point can be there; the same point may be put in twice.
    func insert(_ point: DebugPoint) -> Bool
    func remove(_ point: DebugPoint)
    /// An object of the operating system: "auxv", "exec-file", "siginfo"; nil if there is none.
    func object(_ name: String, thread: Int) -> [UInt8]?
    func setSignalInformation(_ offset: Int, _ bytes: [UInt8], thread: Int) -> Bool
    /// The signals that are given to the program without a stop.
    func setPassedSignals(_ signals: Set<Int32>)
    func setCaughtCalls(_ calls: CaughtCalls)
    /// The host's name for a file as the program sees it.
    func hostPath(_ path: String) -> String
    /// What a file says that is the target's own, not the host's; nil for all others.
    func ownFile(_ path: String) -> [UInt8]?
    /// The answer to a command of `monitor`; nil if there is no such command.
    func monitor(_ command: String) -> String?
    /// The answer to a query or a setting of its own, without the `q` or `Q`; nil if there is none such.
    func query(_ text: String) -> String?
    func set(_ text: String) -> String?
}

extension DebugTarget {
    public func query(_ text: String) -> String? { nil }
    public func set(_ text: String) -> String? { nil }
}

/// What only programs have.
extension DebugTarget {
    public func object(_ name: String, thread: Int) -> [UInt8]? { nil }
    public func setSignalInformation(_ offset: Int, _ bytes: [UInt8], thread: Int) -> Bool { false }
    public func setPassedSignals(_ signals: Set<Int32>) {}
    public func setCaughtCalls(_ calls: CaughtCalls) {}
    public func hostPath(_ path: String) -> String { path }
    public func ownFile(_ path: String) -> [UInt8]? { nil }
}

/// Why the target stands still.
public struct StopReport: Sendable {
    public enum Reason: Sendable {
        /// A signal that is about to be given, a step that is done, an interrupt.
        case signal
        case softwareBreakpoint, hardwareBreakpoint
        case watchpoint(Watchpoint.Kind, UInt64)
        case fork(child: Int)
        case execution(path: String)
        case systemCallEntry(UInt64), systemCallReturn(UInt64)
    }
    /// Linux's number.
    public var signal: Int32
    public var thread: Int
    public var reason: Reason

    public init(signal: Int32, thread: Int, reason: Reason) {
        self.signal = signal
        self.thread = thread
        self.reason = reason
    }
}

/// How a process ended.
public enum ProcessEnd: Equatable, Sendable { case exited(UInt8), killed(Int32) }
