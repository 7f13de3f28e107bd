import MachineControl
import QAPI
import TranslatedExecution

/// A machine's session as its debugger needs it. Called with the machine lock held.
public protocol DebuggedMachine: MachineSession {
    /// What runs its vCPUs; nil where there are none.
    var engine: TranslationEngine? { get }
    /// Lets the vCPUs go on, each in its way, at the end of work for which they stand still.
    ///
    /// - Parameter clockRuns: whether virtual time goes on meanwhile.
    func resume(_ action: (Int) -> DebugAction, clockRuns: Bool) throws(QAPIError)
    /// No debugger steps any more: all vCPUs, and virtual time, go on whenever the machine runs.
    func endStepping()
    /// What a line of the monitor says; the vCPUs stand still.
    func monitor(_ line: String) -> String
}
