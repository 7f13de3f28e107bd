import QAPI

/// The jobs that there are, until somebody dismisses them.
public final class JobList {
    public private(set) var jobs: [Job] = []
    let emit: (any QAPIEvent) -> Void

    public init(_ emit: @escaping (any QAPIEvent) -> Void) { self.emit = emit }

    public func register(in commands: inout CommandTable) {
        commands.on(QueryJobsCommand.self) { self.jobs.map(\.information) }
        on(JobDismissCommand.self, in: &commands) { ($0.id, { job throws(QAPIError) in try job.dismiss() }) }
        on(JobCancelCommand.self, in: &commands) { ($0.id, { job throws(QAPIError) in try job.cancel(force: true) }) }
        on(JobPauseCommand.self, in: &commands) { ($0.id, { job throws(QAPIError) in try job.pause() }) }
        on(JobResumeCommand.self, in: &commands) { ($0.id, { job throws(QAPIError) in try job.resume() }) }
        on(JobCompleteCommand.self, in: &commands) { ($0.id, { job throws(QAPIError) in try job.complete() }) }
        on(JobFinalizeCommand.self, in: &commands) { ($0.id, { job throws(QAPIError) in try job.finalize() }) }
    }

    /// A command that is about one job.
    private func on<Command: QAPICommand>(
        _ command: Command.Type, in commands: inout CommandTable,
        _ order: @escaping (Command.Arguments) -> (id: String, body: (Job) throws(QAPIError) -> Void)
    ) where Command.Return == QAPIEmpty {
        commands.on(command) { arguments in
            let (id, body) = order(arguments)
            guard let job = self[id] else { throw QAPIError(.generic, "Job not found") }
            try body(job)
            return QAPIEmpty()
        }
    }

    public subscript(_ id: String) -> Job? { jobs.first { $0.id == id } }

    func remove(_ job: Job) { jobs.removeAll { $0 === job } }

    /// A job that has not begun.
    public func add(
        _ id: String, _ type: JobType, autoFinalize: Bool = true, autoDismiss: Bool = false, _ work: (any JobWork)? = nil
    ) throws(QAPIError) -> Job {
        try check(id)
        let job = Job(id, type, autoFinalize: autoFinalize, autoDismiss: autoDismiss, work, in: self)
        jobs.append(job)
        emit(JobStatusChangeEvent(id: id, status: .created))
        return job
    }

    /// A name that a job can have.
    public func check(_ id: String) throws(QAPIError) {
        if self[id] != nil { throw QAPIError(.generic, "Job ID '\(id)' already in use") }
        let letters = id.unicodeScalars
        guard let first = letters.first, first.isASCII, first.properties.isAlphabetic,
            letters.allSatisfy({ $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil || "-._".unicodeScalars.contains($0)) }
            )
        else { throw QAPIError(.generic, "Invalid job ID '\(id)'") }
    }

    /// Does a job at once; what goes wrong is the job's error, not the command's.
    public func run(_ id: String, _ type: JobType, _ body: () throws(QAPIError) -> Void) throws(QAPIError) -> QAPIEmpty {
        let job = try add(id, type)
        job.start()
        var failure: String?
        do throws(QAPIError) { try body() } catch { failure = error.description }
        job.end(failure)
        return QAPIEmpty()
    }
}
