import AddressSpace
import HostOS
import MachineModel
import QAPI

/// A machine whose guest goes on at the other side before its memory is there.
extension OutgoingMigration {
    // MARK: From other threads, with the machine lock held

    /// Lets the guest go on at the other side before its memory is there, soon; false if memory is not being sent.
    func startPostcopy() -> Bool {
        lock.withLock {
            guard status == .active || wantsPostcopy, !isCancelled else { return false }
            wantsPostcopy = true
            changed.broadcast()
            return true
        }
    }

    /// Whether the guest is, or is about to be, at the other side without its memory.
    var isInPostcopy: Bool { lock.withLock { isInPostcopyLocked } }
    /// The same with `lock` held.
    var isInPostcopyLocked: Bool { [.postcopyActive, .postcopyPaused, .postcopyRecover].contains(status) }

    /// Cuts the connection of a migration whose guest runs at the other side already; false if it is none.
    func pause() -> Bool {
        let pipe = lock.withLock { [.postcopyActive, .postcopyRecover].contains(status) ? self.pipe : nil }
        pipe?.cancel()
        return pipe != nil
    }

    /// Lets it go on by another way; false if it is not paused.
    func resume(by way: @escaping Way) -> Bool {
        lock.withLock {
            guard status == .postcopyPaused else { return false }
            resumption = way
            changed.broadcast()
            return true
        }
    }

    // MARK: The thread

    /// Sends the state of everything but memory, and says which pages are still to come; then the guest goes on at the other side, and they follow.
    func switchOver(_ pages: inout [PageSet], _ pipe: MigrationPipe) throws(MigrationError) {
        try change(to: .postcopyActive)
        let (keepers, state) = try captureState(&pages)
        defer { withMachineLock { for keeper in keepers { keeper.end() } } }
        for section in PostcopyFormat.missing(pages) + state.map(\.encoded) { try send(section) }
        let source = PostcopySource(blocks, keepers, pages, settings, orders(for: pages))
        try send(StreamEnd(sections: sections, state: stateBefore).encoded)
        var pipe = pipe
        while true {
            do throws(MigrationError) { return try source.serve(pipe) } catch {
                guard lock.withLock({ isCommitted && !isEnding }) else {
                    refuse(pipe, error)
                    throw error
                }
                pipe.cancel()
                pipe = try awaitResumption(source, error)
            }
        }
    }

    /// Under the machine lock nobody writes into memory; from then on what pages hold is kept.
    private func captureState(_ pages: inout [PageSet]) throws(MigrationError) -> ([PageKeeper], [StateSection]) {
        let outcome = withMachineLock { () -> Result<([PageKeeper], [PageSet], [StateSection]), MigrationError> in
            do { try host.settleDisks() } catch { return .failure(.disks("\(error)")) }
            let (written, state) = (blocks.map { $0.takeWrittenPages() }, MachineState.save(host.machine))
            return .success((blocks.map(PageKeeper.init), written, state))
        }
        let (keepers, written, state) = try outcome.get()
        for number in pages.indices { pages[number].formUnion(written[number]) }
        return (keepers, state)
    }

    private func orders(for pages: [PageSet]) -> PostcopySource.Orders {
        lock.withLock { statistics.remaining = Int64(pages.reduce(0) { $0 + $1.count } * RAMBlock.pageSize) }
        return .init(
            note: { [self] bytes, tally in
                let now = monotonicNanoseconds()
                lock.withLock {
                    statistics.note(sent: bytes, tally, at: now)
                    statistics.remaining = max(0, statistics.remaining - Int64((tally.zeros + tally.normal) * RAMBlock.pageSize))
                }
            }, requested: { [self] in lock.withLock { statistics.requests += 1 } },
            handOver: { [self] () throws(MigrationError) in
                try giveDisksAway()
                let pipe = lock.withLock { () -> MigrationPipe? in
                    isCommitted = true
                    statistics.resumed = monotonicNanoseconds()
                    return self.pipe
                }
                try pipe?.send(SectionWriter(.go).finish())
            },
            check: { [self] () throws(MigrationError) in if lock.withLock({ isEnding }) { throw .cancelled } })
    }

    /// The guest stays here: the other side need not wait for it, if it still listens.
    private func refuse(_ pipe: MigrationPipe, _ error: MigrationError) {
        try? pipe.send(MachineRefusal.section(error))
    }

    /// Waits until somebody says by which way it goes on, and until it does.
    private func awaitResumption(_ source: PostcopySource, _ error: MigrationError) throws(MigrationError) -> MigrationPipe {
        // Nobody but migrate-pause ends a connection on this side.
        var reason = if case .cancelled = error { "migrate-pause has cut the connection" } else { error.description }
        while true {
            let way = try pauseUntilResumed(reason)
            do throws(MigrationError) {
                let pipe = try way { [self] in lock.withLock { !isEnding } }
                lock.withLock { self.pipe = pipe }
                try source.resume(pipe, token: token)
                lock.withLock { statistics.remaining = Int64(source.remaining) }
                try change(to: .postcopyActive)
                return pipe
            } catch { reason = error.description }
        }
    }

    private func pauseUntilResumed(_ reason: String) throws(MigrationError) -> Way {
        lock.withLock { failure = reason }
        try change(to: .postcopyPaused)
        let way = lock.withLock { () -> Way? in
            while resumption == nil, !isEnding { changed.wait(lock) }
            defer { resumption = nil }
            return isEnding ? nil : resumption
        }
        guard let way else { throw .cancelled }
        lock.withLock { failure = nil }
        try change(to: .postcopyRecover)
        return way
    }
}
