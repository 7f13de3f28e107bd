import AddressSpace
import HostOS

/// Sends what is left of a machine's memory when its guest is about to run at the other side, or does: what the other side asks for first, and the rest
/// meanwhile. On the migration's thread.
final class PostcopySource {
    /// What whoever has started it does.
    struct Orders {
        /// Bytes have been sent, and pages in them.
        let note: (Int, PageSender.Tally) -> Void
        /// The other side waits for a page.
        let requested: () -> Void
        /// The other side has everything but memory: makes the guest its own, and says so by `go`.
        let handOver: () throws(MigrationError) -> Void
        /// Throws when nothing more is to be sent.
        let check: () throws(MigrationError) -> Void
    }

    /// Pages that are sent at once, so that those that somebody waits for need not wait long.
    private static let most = 64
    /// How long a wait lasts before it is looked whether it still makes sense, in milliseconds.
    private static let patience: Int32 = 100

    private let blocks: [RAMBlock]
    private let keepers: [PageKeeper]
    private let settings: MigrationSettings
    private let orders: Orders
    private var left: [PageSet]
    private var requests: [(number: Int, page: Int)] = []
    /// Where the rest goes on.
    private var place = (number: 0, page: 0)
    private var throttle = Throttle()
    /// When more may be sent that nobody waits for.
    private var next: Int64 = 0
    private var hasHandedOver = false
    private var hasSentAll = false
    private var isComplete = false

    init(_ blocks: [RAMBlock], _ keepers: [PageKeeper], _ left: [PageSet], _ settings: MigrationSettings, _ orders: Orders) {
        (self.blocks, self.keepers, self.left, self.settings, self.orders) = (blocks, keepers, left, settings, orders)
    }

    /// Bytes of memory that are still to be sent.
    var remaining: Int { left.reduce(0) { $0 + $1.count } * RAMBlock.pageSize }

    /// Sends until the other side has everything.
    func serve(_ pipe: MigrationPipe) throws(MigrationError) {
        while !isComplete {
            try orders.check()
            while !isComplete, requests.count < PostcopySource.most, pipe.hasInput() { try hear(pipe) }
            if isComplete { return }
            if !requests.isEmpty {
                try answer(pipe)
            } else if remaining == 0 {
                try sayAll(pipe)
                _ = pipe.hasInput(within: PostcopySource.patience)
            } else {
                try push(pipe)
            }
        }
    }

    private func hear(_ pipe: MigrationPipe) throws(MigrationError) {
        var reader = StreamReader(pipe.receive)
        var section = try reader.section()
        switch section.kind {
        case .refusal: throw .refused(try section.text())
        case .ready where !hasHandedOver:
            try orders.handOver()
            hasHandedOver = true
        case .request:
            let request = try PostcopyFormat.takeRequest(&section, blocks)
            orders.requested()
            // What is on its way need not be sent again.
            if left[request.number].contains(request.page) { requests.append(request) }
        case .complete where hasSentAll: isComplete = true
        default: throw .damaged("an answer of kind \(section.kind)")
        }
        try section.finish()
    }

    private func answer(_ pipe: MigrationPipe) throws(MigrationError) {
        let (number, page) = requests.removeFirst()
        guard left[number].contains(page) else { return }
        try send(pipe, number, from: page, most: 1)
        // Who wants a page will probably want the next ones.
        place = (number, page + 1)
    }

    /// Sends some of the rest, or waits until it may.
    private func push(_ pipe: MigrationPipe) throws(MigrationError) {
        let now = monotonicNanoseconds()
        if now < next {
            _ = pipe.hasInput(within: min(PostcopySource.patience, Int32((next - now) / 1_000_000 + 1)))
            return
        }
        while left[place.number].isEmpty { place = ((place.number + 1) % blocks.count, 0) }
        let sent = try send(pipe, place.number, from: place.page, most: PostcopySource.most)
        if sent == 0 { place.page = 0 }
        next = throttle.note(sent, limit: settings.maxPostcopyBandwidth, now: monotonicNanoseconds())
    }

    private func sayAll(_ pipe: MigrationPipe) throws(MigrationError) {
        guard hasHandedOver, !hasSentAll else { return }
        try pipe.send(SectionWriter(.complete).finish())
        hasSentAll = true
    }

    /// Sends the first pages that are left from `first` on; the bytes of the section, 0 if there are none.
    @discardableResult
    private func send(_ pipe: MigrationPipe, _ number: Int, from first: Int, most: Int) throws(MigrationError) -> Int {
        guard first < blocks[number].pages else { return 0 }
        var section = PageRuns(number)
        place.page = first
        for _ in 0..<most {
            guard let page = left[number].takeFirst(from: place.page) else { break }
            section.add(page, keepers[number])
            place.page = page + 1
        }
        guard let (bytes, tally) = section.finish() else { return 0 }
        try pipe.send(bytes)
        orders.note(bytes.count, tally)
        return bytes.count
    }

    /// Goes on over another connection: the other side says what it lacks.
    func resume(_ pipe: MigrationPipe, token: UInt64) throws(MigrationError) {
        try pipe.send(PostcopyFormat.greeting(token))
        var missing = blocks.map { PageSet(pages: $0.pages) }
        var reader = StreamReader(pipe.receive)
        while true {
            var section = try reader.section()
            switch section.kind {
            case .refusal: throw .refused(try section.text())
            case .missing: try PostcopyFormat.takeMissing(&section, into: &missing, blocks)
            case .resume:
                let isReleased = try section.number(UInt8.self) != 0
                try section.finish()
                (left, requests, place, hasSentAll) = (missing, [], (0, 0), false)
                if !isReleased { try pipe.send(SectionWriter(.go).finish()) }
                hasHandedOver = true
                return
            default: throw .damaged("an answer of kind \(section.kind)")
            }
            try section.finish()
        }
    }
}

/// A section of pages, put together page by page.
private struct PageRuns {
    private var writer = SectionWriter(.pages)
    private var first = 0
    private var count = 0
    private var isZero = false
    private var bytes: [UInt8] = []
    private var tally = PageSender.Tally()

    init(_ number: Int) { writer.add(UInt16(number)) }

    /// Adds a page that comes after the others.
    mutating func add(_ page: Int, _ keeper: PageKeeper) {
        var new: [UInt8] = []
        keeper.append(page: page, to: &new)
        let zero = new.allSatisfy { $0 == 0 }
        if count > 0, page != first + count || zero != isZero { endRun() }
        if count == 0 { (first, isZero) = (page, zero) }
        if !zero { bytes += new }
        count += 1
    }

    private mutating func endRun() {
        writer.add(UInt32(first))
        writer.add(UInt32(count))
        writer.add((isZero ? StreamFormat.Run.zeros : .bytes).rawValue)
        writer.add(bytes)
        if isZero { tally.zeros += count } else { tally.normal += count }
        (count, bytes) = (0, [])
    }

    mutating func finish() -> ([UInt8], PageSender.Tally)? {
        if count > 0 { endRun() }
        guard tally.zeros + tally.normal > 0 else { return nil }
        return (writer.finish(), tally)
    }
}
