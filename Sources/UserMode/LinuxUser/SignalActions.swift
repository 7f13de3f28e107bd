import CHost
import Glibc

/// What the guest wants done about a signal: `struct sigaction`.
struct SignalAction {
    var handler: UInt64 = 0
    var flags: UInt64 = 0
    var restorer: UInt64 = 0
    var mask: UInt64 = 0

    static let defaultHandler: UInt64 = 0, ignoreHandler: UInt64 = 1

    enum Flag {
        static let noChildStop: UInt64 = 1, noChildWait: UInt64 = 2, info: UInt64 = 4, restorer: UInt64 = 0x0400_0000, onStack: UInt64 = 0x0800_0000
        static let restart: UInt64 = 0x1000_0000, noDefer: UInt64 = 0x4000_0000, reset: UInt64 = 0x8000_0000
    }

    var isHandler: Bool { handler > SignalAction.ignoreHandler }
}

/// The actions of a process, by signal number. What has not been asked for is what the host process inherited.
///
/// Guarded by the process's lock. Threads share one; the child of a vfork, which shares all else, has its own.
final class SignalActions {
    private var actions = [SignalAction?](repeating: nil, count: 65)

    /// Whether signals that would end the process are noted first.
    private var notesDeadly = false

    /// Under a debugger: signals that would end the process come by the way of those that have handlers.
    func noteDeadly() {
        notesDeadly = true
        for signal in Int32(1)...64 { set(signal, self[signal]) }
    }

    /// Whether a signal without a handler does something other than ending the process.
    private static func spares(_ signal: Int32) -> Bool {
        [SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGTSTP, SIGTTIN, SIGTTOU, SIGKILL, SIGSTOP].contains(signal)
    }

    func copy() -> SignalActions {
        let other = SignalActions()
        other.actions = actions
        return other
    }

    subscript(_ signal: Int32) -> SignalAction {
        get {
            if let known = actions[Int(signal)] { return known }
            let inherited = SignalAction(handler: apus_signal_is_ignored(signal) ? SignalAction.ignoreHandler : SignalAction.defaultHandler)
            actions[Int(signal)] = inherited
            return inherited
        }
        set { actions[Int(signal)] = newValue }
    }

    /// CLONE_CLEAR_SIGHAND: what has a handler does what it does by default.
    func clearHandlers() {
        for signal in 1..<Int32(actions.count) where actions[Int(signal)]?.isHandler == true { set(signal, SignalAction()) }
    }

    /// Changes an action and tells the host's kernel as much of it as that needs to know.
    func set(_ signal: Int32, _ action: SignalAction) {
        actions[Int(signal)] = action
        if signal == SIGSEGV || signal == SIGBUS { return }
        let isNoted = action.isHandler || notesDeadly && action.handler == SignalAction.defaultHandler && !SignalActions.spares(signal)
        let kind: Int32 = isNoted ? 2 : Int32(action.handler)
        let flags = action.flags & (SignalAction.Flag.noChildStop | SignalAction.Flag.noChildWait)
        _ = apus_set_signal_action(signal, kind, UInt(flags))
    }
}

/// `sigaltstack`.
struct AlternateStack {
    var start: UInt64 = 0
    var size: UInt64 = 0
    /// SS_DISABLE (2), SS_AUTODISARM (1 << 31).
    var flags: UInt32 = 2

    var isEnabled: Bool { flags & 2 == 0 }
    func holds(_ address: UInt64) -> Bool { isEnabled && address > start && address &- start <= size }
}
