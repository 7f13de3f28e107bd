import MachineControl
import QAPI

/// What a migration needs of the session whose machine comes or goes.
public protocol MigrationHost: MachineSession {
    /// Makes the machine's state another one, with the events of stopping and going on. Called while the vCPUs stand still, with the machine lock held; they
    /// run afterwards if the state is `running`.
    func enter(_ state: RunState)
    /// Makes vCPUs notice writes to memory anew. From any thread, without the machine lock.
    func revokeWrites()
    /// Keeps the vCPUs from computing while something is done. From any thread, without the machine lock.
    func hold(_ body: () -> Void)
    /// Memory holds something else: translated code is forgotten. While the vCPUs stand still.
    func memoryWasReplaced()
    /// What the virtual clock shows, in nanoseconds. While the vCPUs stand still.
    func setVirtualTime(_ nanoseconds: Int64)
    /// Brings what disks have been given to where another process sees it. Fails if they have requests that wait for something. The machine lock is held.
    func settleDisks() throws
    /// Lets another process have the disks, or takes them back, which fails while somebody else has one. The machine lock is held.
    func giveDisksAway() throws
    func takeDisks() throws
    func emit(_ event: any QAPIEvent)
    /// Whether a machine that has come runs at once; `stop` and `cont` change it.
    var startsAfterIncoming: Bool { get }
    /// Says that memory is being sent, or still comes, so that it cannot be kept or exchanged as a whole now; nil if neither is so.
    var memoryOnItsWay: String? { get }
    /// The machine that was to come does not: the emulator ends.
    func failIncoming(_ reason: String)
}
