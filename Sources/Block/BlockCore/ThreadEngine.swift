import EventLoop
import HostOS

/// File requests on worker threads.
public final class ThreadEngine: FileEngine {
    private let loop: EventLoop
    private let workers: WorkerPool
    private var underWay = 0
    private let endedLock = Mutex()
    private var ended: [(done: (Int32) -> Void, code: Int32)] = []

    public init(loop: EventLoop, threads: Int = 16) throws(HostError) {
        self.loop = loop
        workers = try WorkerPool(limit: threads)
    }

    public func start(_ request: FileRequest, _ done: @escaping (Int32) -> Void) {
        underWay += 1
        workers.submit { [self] in
            let code = request.perform()
            let isFirst = endedLock.withLock {
                ended.append((done, code))
                return ended.count == 1
            }
            if isFirst { loop.post { [self] in complete() } }
        }
    }

    public func drain() {
        while underWay > 0 {
            workers.drain()
            complete()
        }
    }

    private func complete() {
        let batch = endedLock.withLock {
            defer { ended = [] }
            return ended
        }
        underWay -= batch.count
        for (done, code) in batch { done(code) }
    }
}
