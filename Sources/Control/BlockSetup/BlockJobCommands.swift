import BlockJobs
import Diagnostics
import HostOS
import Jobs
import QAPI

/// What commands that begin jobs have in common.
struct JobSettings {
    var id: String?
    var device: String
    var speed: Int64?
    var reads: BlockdevOnError?
    var writes: BlockdevOnError?
    var autoFinalize: Bool?
    var autoDismiss: Bool?

    /// Bytes a second, checked.
    func limit() throws(QAPIError) -> UInt64 {
        guard let limit = UInt64(exactly: speed ?? 0) else { throw .expects("speed", "a non-negative value") }
        return limit
    }
}

/// Jobs that copy disks, and what can be asked of them.
extension BlockSetup {
    func registerJobCommands(in commands: inout CommandTable) {
        commands.on(BlockStreamCommand.self) { [self] in try begin { [self] in try stream($0) }($0) }
        commands.on(BlockCommitCommand.self) { [self] in try begin { [self] in try commit($0) }($0) }
        commands.on(DriveMirrorCommand.self) { [self] in try begin { [self] in try mirror($0) }($0) }
        commands.on(BlockdevMirrorCommand.self) { [self] in try begin { [self] in try mirror($0) }($0) }
        commands.on(DriveBackupCommand.self) { [self] in try begin { [self] in try prepareBackup($0).commit() }($0) }
        commands.on(BlockdevBackupCommand.self) { [self] in try begin { [self] in try prepareBackup($0).commit() }($0) }
        commands.on(QueryBlockJobsCommand.self) { [self] in
            jobs.jobs.compactMap { job in (job.work as? DiskJob)?.information(job) }
        }
        commands.on(BlockJobSetSpeedCommand.self) { [self] arguments in
            let job = try blockJob(arguments.device)
            try job.checkSpeed()
            guard let speed = UInt64(exactly: arguments.speed) else { throw QAPIError.expects("speed", "a non-negative value") }
            (job.work as? DiskJob)?.work.speed = speed
            return QAPIEmpty()
        }
        commands.on(BlockJobCancelCommand.self) { [self] arguments in
            try order(arguments.device) { (job) throws(QAPIError) in try job.cancel(force: arguments.force ?? false) }
        }
        commands.on(BlockJobPauseCommand.self) { [self] in try order($0.device) { (job) throws(QAPIError) in try job.pause() } }
        commands.on(BlockJobResumeCommand.self) { [self] in try order($0.device) { (job) throws(QAPIError) in try job.resume() } }
        commands.on(BlockJobCompleteCommand.self) { [self] in try order($0.device) { (job) throws(QAPIError) in try job.complete() } }
        commands.on(BlockJobFinalizeCommand.self) { [self] in try order($0.id) { (job) throws(QAPIError) in try job.finalize() } }
        commands.on(BlockJobDismissCommand.self) { [self] in try order($0.id) { (job) throws(QAPIError) in try job.dismiss() } }
    }

    private func begin<Arguments>(_ body: @escaping (Arguments) throws -> Void) -> (Arguments) throws -> QAPIEmpty {
        { [self] arguments in
            try checkActive()
            drain()
            try body(arguments)
            return QAPIEmpty()
        }
    }

    private func blockJob(_ id: String) throws(QAPIError) -> Job {
        guard let job = jobs[id], job.work is DiskJob else { throw QAPIError(.deviceNotActive, "Block job '\(id)' not found") }
        return job
    }

    private func order(_ id: String, _ body: (Job) throws(QAPIError) -> Void) throws(QAPIError) -> QAPIEmpty {
        try body(try blockJob(id))
        return QAPIEmpty()
    }

    /// Nothing may be done with a node that a job works on.
    public func checkUnused(_ name: String) throws(QAPIError) {
        for job in jobs.jobs where job.status != .concluded {
            guard let disk = job.work as? DiskJob, disk.nodes.contains(where: { $0.name == name }) else { continue }
            throw QAPIError(.generic, "Node '\(name)' is busy: block device is in use by block job: \(job.type.rawValue)")
        }
    }

    func checkUnused(_ nodes: [ImageNode]) throws(QAPIError) { for node in nodes { try checkUnused(node.name) } }

    /// The name that a job is to have.
    func jobName(_ settings: JobSettings) throws(QAPIError) -> String {
        let node = try device(settings.device)
        guard let id = settings.id ?? drive(on: node).flatMap({ $0.isNamed ? $0.id : nil }) else {
            throw QAPIError(.generic, "An explicit job ID is required for this node")
        }
        try jobs.check(id)
        return id
    }

    /// A job that has not begun.
    func makeJob(_ type: JobType, _ settings: JobSettings, _ work: CopyWork, on nodes: [ImageNode]) throws(QAPIError) -> (job: Job, disk: DiskJob) {
        let disk = DiskJob(work, on: nodes, of: self, reads: settings.reads, writes: settings.writes)
        let job = try jobs.add(
            try jobName(settings), type, autoFinalize: settings.autoFinalize ?? true, autoDismiss: settings.autoDismiss ?? true, disk)
        disk.job = job
        return (job, disk)
    }

    /// A node that is only read is written from now on.
    func openForWriting(_ node: ImageNode, size: UInt64) throws {
        if node.isTemporary { throw QAPIError.notSupported("writing to '\(node.name)', whose changes are in a temporary file (snapshot=on),") }
        let path = HostFile.absolute(node.path)
        for disk in frozen.values where try disk.files().contains(where: { HostFile.absolute($0) == path }) {
            throw QAPIError.notSupported("writing to '\(node.name)', which belongs to the template that this machine is a clone of,")
        }
        try node.graph.reopen(readOnly: false)
        node.options.isReadOnly = false
        do { if node.graph.size < size { try node.graph.resize(size) } } catch {
            openForReading(node)
            throw error
        }
    }

    /// A node is only read from now on.
    func openForReading(_ node: ImageNode) {
        do {
            try settle(node)
            try node.graph.reopen(readOnly: true)
            node.options.isReadOnly = true
        } catch { warn("\(error)") }
    }
}
