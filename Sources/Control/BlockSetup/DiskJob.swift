import BlockCore
import BlockJobs
import Diagnostics
import HostOS
import Jobs
import QAPI

/// A job that copies a disk.
final class DiskJob: JobWork {
    let work: CopyWork
    /// The images that nothing else may be done with meanwhile.
    let nodes: [ImageNode]
    private let reads: BlockdevOnError
    private let writes: BlockdevOnError
    private unowned let blocks: BlockSetup
    weak var job: Job?
    private(set) var ioStatus = BlockDeviceIoStatus.ok
    /// Makes what has been copied the truth; with `true` the copy takes the disk's place.
    var finish: (_ pivots: Bool) throws -> Void = { _ in }
    /// The last thing, whatever has become of it.
    var tidy: () -> Void = {}
    private var pivots = false

    init(_ work: CopyWork, on nodes: [ImageNode], of blocks: BlockSetup, reads: BlockdevOnError?, writes: BlockdevOnError?) {
        (self.work, self.nodes, self.blocks) = (work, nodes, blocks)
        let drive = nodes.lazy.compactMap { blocks.drive(on: $0) }.first
        func policy(_ wanted: BlockdevOnError?, _ device: ErrorAction?) -> BlockdevOnError {
            guard wanted == .auto else { return wanted ?? .report }
            switch device {
            case .ignore: return .ignore
            case .stop: return .stop
            case .enospc: return .enospc
            case .report, nil: return .report
            }
        }
        (self.reads, self.writes) = (policy(reads, drive?.reads), policy(writes, drive?.writes))
    }

    private var mirror: MirrorWork? { work as? MirrorWork }
    /// It has been cancelled after it was ready: the copy is left as it is then.
    private var isLeaving = false
    private var id: String { job?.id ?? "" }

    var progress: (current: Int64, total: Int64) { (Int64(clamping: work.current), Int64(clamping: work.total)) }

    func start() {
        work.start(
            .init(
                failed: { [unowned self] in failed($0) }, ready: { [unowned self] in job?.becomeReady() },
                ended: { [unowned self] in job?.end($0.map { errorText($0.errno) }) }))
    }

    private func failed(_ failure: CopyFailure) -> CopyWork.Reaction {
        let policy = failure.isRead ? reads : writes
        let stops = policy == .stop || policy == .enospc && failure.errno == noSpaceLeft
        let action: BlockErrorAction = stops ? .stop : policy == .ignore ? .ignore : .report
        blocks.emit(BlockJobErrorEvent(device: id, operation: failure.isRead ? .read : .write, action: action))
        guard stops else { return policy == .ignore ? .tryAgain : .fail }
        ioStatus = failure.errno == noSpaceLeft ? .nospace : .failed
        job?.suspend()
        return .wait
    }

    func setPaused(_ paused: Bool) {
        if !paused { ioStatus = .ok }
        work.setPaused(paused)
    }

    func cancel(force: Bool) {
        guard !force, let mirror, mirror.isReady else { return work.stop() }
        isLeaving = true
        mirror.finish { [unowned self] in job?.end() }
    }

    func complete() throws(QAPIError) {
        guard let mirror, !isLeaving else { throw QAPIError(.generic, "The active block job '\(id)' cannot be completed") }
        pivots = true
        mirror.finish { [unowned self] in job?.end() }
    }

    func prepare() throws(QAPIError) {
        blocks.drain()
        do {
            try mirror?.settle()
            try finish(pivots)
        } catch { throw QAPIError(error) }
    }

    func clean() {
        blocks.drain()
        work.abandon()
        tidy()
    }

    // MARK: What clients hear

    func tellEnd(of job: Job) {
        let (length, offset, speed) = (progress.total, progress.current, Int64(clamping: work.speed))
        if job.isCancelled {
            blocks.emit(BlockJobCancelledEvent(type: job.type, device: job.id, len: length, offset: offset, speed: speed))
        } else {
            blocks.emit(BlockJobCompletedEvent(type: job.type, device: job.id, len: length, offset: offset, speed: speed, error: job.error))
        }
    }

    func tellReady(_ job: Job) {
        blocks.emit(
            BlockJobReadyEvent(
                type: job.type, device: job.id, len: progress.total, offset: progress.current, speed: Int64(clamping: work.speed)))
    }

    func tellPending(_ job: Job) { blocks.emit(BlockJobPendingEvent(type: job.type, id: job.id)) }

    func information(_ job: Job) -> BlockJobInfo {
        BlockJobInfo(
            type: job.type.rawValue, device: job.id, len: progress.total, offset: progress.current, busy: work.isBusy, paused: job.isPaused,
            speed: Int64(clamping: work.speed), ioStatus: ioStatus, ready: job.status == .ready || job.status == .standby, status: job.status,
            autoFinalize: job.autoFinalize, autoDismiss: job.autoDismiss, error: job.error)
    }
}
