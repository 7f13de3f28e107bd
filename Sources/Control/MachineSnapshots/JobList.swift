import QAPI

/// Jobs that have been done, until somebody dismisses them. They are done at once, since the machine stands still meanwhile.
final class JobList {
    private var jobs: [JobInfo] = []
    private let emit: (any QAPIEvent) -> Void

    init(_ emit: @escaping (any QAPIEvent) -> Void) { self.emit = emit }

    func register(in commands: inout CommandTable) {
        commands.on(QueryJobsCommand.self) { self.jobs }
        commands.on(JobDismissCommand.self) { arguments in
            self.jobs.remove(at: try self.index(arguments.id))
            self.emit(JobStatusChangeEvent(id: arguments.id, status: .null))
            return QAPIEmpty()
        }
        commands.on(JobCancelCommand.self) { try self.refuse($0.id, "cancel") }
        commands.on(JobPauseCommand.self) { try self.refuse($0.id, "pause") }
        commands.on(JobResumeCommand.self) { try self.refuse($0.id, "resume") }
        commands.on(JobCompleteCommand.self) { try self.refuse($0.id, "complete") }
        commands.on(JobFinalizeCommand.self) { try self.refuse($0.id, "finalize") }
    }

    private func index(_ id: String) throws(QAPIError) -> Int {
        guard let index = jobs.firstIndex(where: { $0.id == id }) else { throw QAPIError(.generic, "Job not found") }
        return index
    }

    /// All jobs that there are have been done.
    private func refuse(_ id: String, _ verb: String) throws(QAPIError) -> QAPIEmpty {
        let job = jobs[try index(id)]
        throw QAPIError(.generic, "Job '\(id)' in state '\(job.status.rawValue)' cannot accept command verb '\(verb)'")
    }

    /// Does a job; what goes wrong is the job's error, not the command's.
    func run(_ id: String, _ type: JobType, _ body: () throws(QAPIError) -> Void) throws(QAPIError) -> QAPIEmpty {
        if jobs.contains(where: { $0.id == id }) { throw QAPIError(.generic, "Job ID '\(id)' already in use") }
        let first = id.unicodeScalars.first.map { $0.properties.isAlphabetic && $0.isASCII } ?? false
        guard first,
            id.unicodeScalars.allSatisfy({
                $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil || "-._".unicodeScalars.contains($0))
            })
        else { throw QAPIError(.generic, "Invalid job ID '\(id)'") }
        for status in [JobStatus.created, .running] { emit(JobStatusChangeEvent(id: id, status: status)) }
        var failure: String?
        do throws(QAPIError) { try body() } catch { failure = error.description }
        for status in failure == nil ? [JobStatus.waiting, .pending, .concluded] : [.aborting, .concluded] {
            emit(JobStatusChangeEvent(id: id, status: status))
        }
        jobs.append(JobInfo(id: id, type: type, status: .concluded, currentProgress: 1, totalProgress: 1, error: failure))
        return QAPIEmpty()
    }
}
