import MachineModel

/// The session that a monitor looks at and orders about. Called with the machine lock held.
public protocol MonitorTarget: AnyObject {
    /// "Apus 0.1.0".
    var version: String { get }
    /// `-name`.
    var guestName: String? { get }
    var machine: Machine { get }
    /// "running", "paused (prelaunch)".
    var status: String { get }
    /// What the session knows of a subject of `info` that the machine does not: "block", "network", "usernet", "chardev", "jit".
    func information(_ subject: String) -> String?
    /// Bytes of a ring buffer's output; nil if there is no such back end.
    func readRingBuffer(_ id: String, _ count: Int) -> [UInt8]?
    func writeRingBuffer(_ id: String, _ bytes: [UInt8]) -> Bool

    /// Does work with all vCPUs stopped, soon; they go on afterwards if they are meant to run.
    func whileStopped(_ work: @escaping () -> Void)
    /// These take effect at the end of such work.
    func pause()
    /// Nil, or why the guest cannot go on.
    func resume() -> String?
    func reset()
    func quit()
}
