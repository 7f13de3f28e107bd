import QAPI

/// What a job does, for as long as it takes. The job hears of it through `becomeReady` and `end`.
public protocol JobWork: AnyObject {
    var progress: (current: Int64, total: Int64) { get }
    func start()
    func setPaused(_ paused: Bool)
    /// Ends the work as it is; a job that is ready may keep what it has made, unless it is forced.
    func cancel(force: Bool)
    /// Ends work that is ready.
    func complete() throws(QAPIError)
    /// Makes what has been done the truth. All or nothing.
    func prepare() throws(QAPIError)
    /// The last thing, whatever has become of it.
    func clean()
    /// Says how it has ended.
    func tellEnd(of job: Job)
    func tellReady(_ job: Job)
    func tellPending(_ job: Job)
}

/// Something that goes on beside the machine: its state, as QEMU's documentation of `JobStatus` has it (qapi/job.json).
public final class Job {
    public let id: String
    public let type: JobType
    public private(set) var status = JobStatus.created
    public private(set) var error: String?
    public private(set) var isCancelled = false
    /// Somebody has asked for a pause, or an error has.
    public private(set) var isPaused = false
    public let autoFinalize: Bool
    public let autoDismiss: Bool
    public let work: (any JobWork)?
    private unowned let list: JobList

    init(_ id: String, _ type: JobType, autoFinalize: Bool, autoDismiss: Bool, _ work: (any JobWork)?, in list: JobList) {
        (self.id, self.type, self.autoFinalize, self.autoDismiss, self.work, self.list) = (id, type, autoFinalize, autoDismiss, work, list)
    }

    public var information: JobInfo {
        let progress = work?.progress ?? (current: 1, total: 1)
        return JobInfo(id: id, type: type, status: status, currentProgress: progress.current, totalProgress: progress.total, error: error)
    }

    /// What a client may ask for, and in which states (JobVerb in qapi/job.json).
    enum Verb: String {
        case cancel, pause, resume, setSpeed = "set-speed", complete, finalize, dismiss

        var states: Set<JobStatus> {
            switch self {
            case .cancel: [.created, .running, .paused, .ready, .standby, .waiting, .pending]
            case .pause, .resume, .setSpeed: [.created, .running, .paused, .ready, .standby]
            case .complete: [.ready]
            case .finalize: [.pending]
            case .dismiss: [.concluded]
            }
        }
    }

    private func check(_ verb: Verb) throws(QAPIError) {
        guard verb.states.contains(status) else {
            throw QAPIError(.generic, "Job '\(id)' in state '\(status.rawValue)' cannot accept command verb '\(verb.rawValue)'")
        }
    }

    private func enter(_ status: JobStatus) {
        self.status = status
        list.emit(JobStatusChangeEvent(id: id, status: status))
    }

    // MARK: Orders

    public func start() {
        enter(.running)
        work?.start()
    }

    /// It does not come to it: a job that has not begun is gone.
    public func abandon() {
        work?.clean()
        list.remove(self)
        enter(.null)
    }

    public func pause() throws(QAPIError) {
        try check(.pause)
        if isPaused { throw QAPIError(.generic, "Job is already paused") }
        suspend()
    }

    /// As `pause`, for an error.
    public func suspend() {
        guard !isPaused, status == .running || status == .ready else { return }
        isPaused = true
        enter(status == .ready ? .standby : .paused)
        work?.setPaused(true)
    }

    public func resume() throws(QAPIError) {
        try check(.resume)
        guard isPaused else { throw QAPIError(.generic, "Can't resume a job that was not paused") }
        isPaused = false
        enter(status == .standby ? .ready : .running)
        work?.setPaused(false)
    }

    public func cancel(force: Bool) throws(QAPIError) {
        try check(.cancel)
        if isPaused {
            isPaused = false
            enter(status == .standby ? .ready : .running)
            work?.setPaused(false)
        }
        if status == .waiting || status == .pending { return conclude("cancelled", cancelled: true) }
        let isSoft = !force && status == .ready
        if !isSoft { isCancelled = true }
        work?.cancel(force: force)
    }

    public func checkSpeed() throws(QAPIError) { try check(.setSpeed) }

    public func complete() throws(QAPIError) {
        try check(.complete)
        if isCancelled { throw QAPIError(.generic, "The active block job '\(id)' cannot be completed") }
        try work?.complete()
    }

    public func finalize() throws(QAPIError) {
        try check(.finalize)
        settle()
    }

    public func dismiss() throws(QAPIError) {
        try check(.dismiss)
        list.remove(self)
        enter(.null)
    }

    // MARK: What the work says

    public func becomeReady() {
        enter(.ready)
        work?.tellReady(self)
    }

    /// The work has been done, or has failed, or has been given up.
    public func end(_ error: String? = nil) {
        guard status != .concluded, status != .aborting, status != .null else { return }
        if isCancelled || error != nil { return conclude(isCancelled ? nil : error, cancelled: isCancelled) }
        enter(.waiting)
        enter(.pending)
        if autoFinalize { settle() } else { work?.tellPending(self) }
    }

    private func settle() {
        do throws(QAPIError) { try work?.prepare() } catch { return conclude(error.description, cancelled: false) }
        conclude(nil, cancelled: false)
    }

    private func conclude(_ error: String?, cancelled: Bool) {
        isCancelled = cancelled
        self.error = cancelled ? nil : error
        if cancelled || error != nil { enter(.aborting) }
        work?.clean()
        work?.tellEnd(of: self)
        enter(.concluded)
        guard autoDismiss else { return }
        list.remove(self)
        enter(.null)
    }
}
