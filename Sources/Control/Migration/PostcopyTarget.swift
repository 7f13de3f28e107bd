import AddressSpace
import HostOS

/// Memory that still lacks pages while its guest runs, or is about to: whoever touches one waits, the source is asked for it, and it is put in place.
///
/// Neither of its threads ever takes the machine lock: a device may be waiting for a page while it holds it.
final class PostcopyTarget: @unchecked Sendable {
    /// How it stands.
    enum Progress {
        /// The source has let go of the guest.
        case released
        /// Nothing is missing any more.
        case complete
        case broken(MigrationError)
        /// The emulator ends.
        case ended
    }

    /// How long a wait lasts before it is looked whether it still makes sense, in milliseconds.
    private static let patience: Int32 = 100

    private let blocks: [RAMBlock]
    private let faults: UserFaults
    private let lock = Mutex()
    private let changed = ConditionVariable()
    /// What is sent is sent as a whole.
    private let sending = Mutex()
    private var asker: HostThread?
    private var taker: HostThread?

    // Guarded by `lock`.
    private var missing: [PageSet]
    /// Pages that somebody waits for.
    private var requested: [Set<Int>]
    private var pipe: MigrationPipe?
    private var failure: MigrationError?
    private var hasHeardGo = false
    private var isComplete = false
    private var isEnding = false

    /// Drops what is missing; fails where the host does not let pages come later. While nothing runs.
    init(_ blocks: [RAMBlock], _ missing: [PageSet]) throws(MigrationError) {
        (self.blocks, self.missing) = (blocks, missing)
        requested = blocks.map { _ in [] }
        faults = try PostcopyTarget.faults(blocks)
        do throws(HostError) {
            for (block, pages) in zip(blocks, missing) { try block.beginLacking(pages, faults) }
            asker = try HostThread(name: "postcopy/fault") { [self] in ask() }
        } catch { throw .host(error) }
    }

    /// Whether memory could do without pages here.
    static func check(_ blocks: [RAMBlock]) throws(MigrationError) { _ = try faults(blocks) }

    private static func faults(_ blocks: [RAMBlock]) throws(MigrationError) -> UserFaults {
        if let block = blocks.first(where: { !$0.canLackPages }) { throw .memoryOnFile(block.name) }
        do throws(HostError) { return try UserFaults() } catch { throw .host(error) }
    }

    // MARK: From the migration's thread

    /// Takes pages from a connection from now on. Who waited for some when the last one broke asks again.
    func serve(_ pipe: MigrationPipe, _ reader: StreamReader) throws(MigrationError) {
        let waiting = lock.withLock { () -> [(Int, Int)] in
            (self.pipe, failure) = (pipe, nil)
            return requested.enumerated().flatMap { number, pages in pages.map { (number, $0) } }
        }
        do throws(HostError) {
            taker = try HostThread(name: "postcopy/pages") { [self] in run(pipe, reader) }
        } catch { throw .host(error) }
        for (number, page) in waiting { send(PostcopyFormat.request(number, page: page)) }
    }

    /// Says something to the source. If that cannot be done the connection is broken.
    func send(_ bytes: [UInt8]) {
        guard let pipe = lock.withLock({ pipe }) else { return }
        let failure = sending.withLock { () -> MigrationError? in
            do throws(MigrationError) { try pipe.send(bytes) } catch { return error }
            return nil
        }
        if let failure { note(pipe, failure) }
    }

    /// Waits until something has changed.
    ///
    /// - Parameter wasReleased: that the source has let go is known already.
    func progress(wasReleased: Bool) -> Progress {
        let (complete, go, reason, ending) = lock.withLock { () -> (Bool, Bool, MigrationError?, Bool) in
            while !isEnding, failure == nil, !isComplete, wasReleased || !hasHeardGo { changed.wait(lock) }
            return (isComplete, hasHeardGo, self.failure, isEnding)
        }
        if go, !wasReleased { return .released }
        if complete { return .complete }
        if ending { return .ended }
        return reason.map { .broken($0) } ?? .ended
    }

    /// What another connection has to bring, and whether the source has let go.
    var state: (missing: [PageSet], hasHeardGo: Bool) { lock.withLock { (missing, hasHeardGo) } }

    /// Waits for the end of a connection that is broken.
    func disconnect() {
        lock.withLock { pipe }?.cancel()
        taker?.join()
        taker = nil
    }

    /// Makes the memory ordinary again, when nothing is missing or nothing uses it.
    func end() {
        cancel()
        disconnect()
        asker?.join()
        asker = nil
        for block in blocks { block.endLacking(faults) }
    }

    /// Makes the threads end. From any thread.
    func cancel() {
        let pipe = lock.withLock { () -> MigrationPipe? in
            if !isComplete { isEnding = true }
            changed.broadcast()
            return isComplete ? nil : self.pipe
        }
        pipe?.cancel()
    }

    /// Cuts the connection; false if there is none.
    func pause() -> Bool {
        guard let pipe = lock.withLock({ failure == nil && !isComplete ? self.pipe : nil }) else { return false }
        pipe.cancel()
        return true
    }

    private func note(_ pipe: MigrationPipe, _ error: MigrationError) {
        lock.withLock {
            guard self.pipe === pipe, failure == nil, !isComplete else { return }
            failure = error
            changed.broadcast()
        }
        pipe.cancel()
    }

    // MARK: The threads

    /// Asks the source for pages that somebody waits for.
    private func ask() {
        while !lock.withLock({ isEnding || isComplete }) {
            guard let address = try? faults.next(within: PostcopyTarget.patience) else { continue }
            for (number, block) in blocks.enumerated() {
                guard let page = block.page(of: address) else { continue }
                let isNew = lock.withLock { missing[number].contains(page) && requested[number].insert(page).inserted }
                if isNew { send(PostcopyFormat.request(number, page: page)) }
            }
        }
    }

    private func run(_ pipe: MigrationPipe, _ reader: StreamReader) {
        var reader = reader
        do throws(MigrationError) {
            while try take(&reader) {}
        } catch { note(pipe, error) }
    }

    /// Takes a section; false if it was the last.
    private func take(_ reader: inout StreamReader) throws(MigrationError) -> Bool {
        var section = try reader.section()
        switch section.kind {
        case .pages: try put(&section)
        case .go:
            lock.withLock {
                hasHeardGo = true
                changed.broadcast()
            }
        case .refusal: throw .refused(try section.text())
        case .complete:
            let left = lock.withLock { missing.reduce(0) { $0 + $1.count } }
            guard left == 0 else { throw .damaged("\(left) pages are missing after the last") }
            send(SectionWriter(.complete).finish())
            lock.withLock {
                isComplete = true
                changed.broadcast()
            }
            return false
        default: throw .damaged("a section of kind \(section.kind) among pages")
        }
        try section.finish()
        return true
    }

    private func put(_ section: inout SectionReader) throws(MigrationError) {
        let number = Int(try section.number(UInt16.self))
        guard blocks.indices.contains(number) else { throw .damaged("there is no memory \(number)") }
        while section.left > 0 { try putRun(number, &section) }
    }

    private func putRun(_ number: Int, _ section: inout SectionReader) throws(MigrationError) {
        let block = blocks[number]
        let (first, count) = (Int(try section.number(UInt32.self)), Int(try section.number(UInt32.self)))
        guard let kind = StreamFormat.Run(rawValue: try section.number(UInt8.self)) else { throw .damaged("a run of pages is of no known kind") }
        guard count > 0, first < block.pages, count <= block.pages - first else {
            throw .damaged("pages \(first) to \(first + count) do not lie in '\(block.name)'")
        }
        let pages = first..<first + count
        // What is there may have been written by the guest.
        guard lock.withLock({ pages.allSatisfy { missing[number].contains($0) } }) else { throw .damaged("pages come that are there already") }
        let start = kind == .bytes ? try section.skip(count * RAMBlock.pageSize) : 0
        do throws(HostError) {
            switch kind {
            case .zeros: try block.putZeros(pages: pages, faults)
            case .bytes: try block.put(pages: pages, from: section.bytes, at: start, faults)
            }
        } catch { throw .host(error) }
        lock.withLock {
            for page in pages {
                missing[number].remove(page)
                requested[number].remove(page)
            }
        }
    }
}
