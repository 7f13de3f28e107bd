import Input
import MachineModel
import QAPI

/// A run of a machine, as monitors of all kinds look at it and order about. Called with the machine lock held.
public protocol MachineSession: AnyObject {
    /// "Apus 0.1.0".
    var version: String { get }
    /// The architecture: "riscv64".
    var guest: String { get }
    /// `-name`.
    var guestName: String? { get }
    /// `-uuid`.
    var uuid: String? { get }
    /// One guest instruction a block.
    var isSingleStepped: Bool { get }
    /// There is a machine; before, it is being configured (`-preconfig`).
    var hasMachine: Bool { get }
    /// Only when there is one.
    var machine: Machine { get }
    var runState: RunState { get }
    /// Bytes.
    var memorySize: UInt64 { get }
    /// The name of the machine's memory, unless a back end of `-object` stands behind it.
    var ownMemoryID: String? { get }
    /// The machine's nodes, if it has some.
    var numa: NUMA? { get }
    /// What kind of machine it is, or will be.
    var kindOfMachine: MachineType? { get }
    /// How its cpus are grouped.
    var cpuTopology: CPUTopology { get }
    /// The host's threads that run the vCPUs, in their order; the process where none does.
    var hostThreads: [Int64] { get }
    /// What the session knows of a subject of `info` as text: "block", "network", "usernet", "chardev", "qtree", "jit".
    func information(_ subject: String) -> String?
    /// Makes what an option's text describes: "chardev", "netdev", "object".
    func define(_ option: String, _ text: String) throws

    /// Does work with all vCPUs stopped, soon; they go on afterwards if they are meant to run.
    func whileStopped(_ work: @escaping () -> Void)
    /// These take effect at the end of such work.
    func pause()
    func resume() throws(QAPIError)
    func reset()
    /// What moves the guest's pointers.
    var pointers: PointerOrders { get }
    /// Ends the emulator.
    func quit()
    /// Presses the power button.
    func powerDown()
    /// Makes the machine, after `-preconfig`.
    func leavePreconfiguration() throws
    /// Calls back, with the machine lock held, when a migration out of here is over, at once if there is none.
    func whenMigrationIsOver(_ body: @escaping () -> Void)
    /// What becomes of the machine when its guest reboots or switches off.
    var actions: GuestActions { get set }
}

/// What becomes of the machine when its guest asks for something: `-action`.
public struct GuestActions: Equatable, Sendable {
    public var reboot = RebootAction.reset
    public var shutdown = ShutdownAction.poweroff
    /// For watchdogs; no board has one yet.
    public var watchdog = WatchdogAction.reset
    /// For guests that tell of a panic; no device lets them yet.
    public var panic = PanicAction.shutdown

    public init() {}
}
