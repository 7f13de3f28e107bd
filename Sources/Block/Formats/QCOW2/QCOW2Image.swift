import BlockCore
import Compression
import Diagnostics
import EventLoop
import HostOS

/// A qcow2 image, version 2 or 3, with or without a backing file, compressed clusters read.
///
/// Tables are read and written on the spot; data goes through the engine. Writes into clusters that are there and nobody else's go straight there, all together;
/// what changes the tables is done one after the other. A flush writes reference counts, waits until they and the data are stable, then writes what leads to the data.
public final class QCOW2Image: BlockNode {
    /// Bytes that a write which changes the tables takes at once.
    static let largestChange = 1 << 20

    public private(set) var size: UInt64
    public internal(set) var isReadOnly: Bool
    /// The disk that shows where this one has nothing; nil for zeros.
    public internal(set) var backing: (any BlockNode)?
    public private(set) var header: QCOW2Header
    let file: RawImage
    /// The file that the image is in.
    public var storage: RawImage { file }
    var metadata: HostFile
    private let options: ImageOptions
    var tables: QCOW2Tables
    /// Bytes of the file.
    private var end: UInt64
    /// Data requests on the file that are under way: what their clusters were must not be used for anything else.
    private var underWay = 0
    /// Changes of the tables that wait for the one that is being made.
    private var changes: [(@escaping () -> Void) -> Void] = []
    private var isChanging = false
    /// What has gone wrong with the tables; nothing is written any more.
    private var failure: HostError?

    /// - Parameters:
    ///   - file: the image as bytes, opened and locked as the options say.
    ///   - open: opens the backing file of a name and format.
    public init(
        _ options: ImageOptions, file: RawImage, backing choice: Backing = .named, open: (_ name: String, _ format: String?) throws -> any BlockNode
    ) throws {
        let metadata = try HostFile(options.path, file.isReadOnly ? .readOnly : .readWrite)
        let bytes = try metadata.read(at: 0, count: QCOW2Header.most)
        end = try metadata.size()
        var header = try QCOW2Header(bytes, path: options.path, fileSize: end, writing: !file.isReadOnly)
        if !file.isReadOnly, !options.isInactive { try QCOW2Image.claim(metadata, &header) }
        self.header = header
        tables = try QCOW2Tables(metadata, header)
        (self.file, self.metadata, self.options, size, isReadOnly) = (file, metadata, options, (header.size + 511) & ~511, file.isReadOnly)
        switch choice {
        case .named: backing = try header.backingFile.map { try open($0, header.backingFormat) }
        case .given(let node): backing = node
        }
    }

    /// Features that a writer must know to keep up are marked as out of date, and what somebody left in the middle is put right.
    private static func claim(_ file: HostFile, _ header: inout QCOW2Header) throws(HostError) {
        if header.version >= 3, header.autoclear != 0 { try file.write(at: 88, bigEndianBytes(0 as UInt64)) }
        guard header.isDirty else { return }
        var store = try QCOW2SnapshotStore(file, header)
        try store.recount()
        try header.mark(dirty: false, in: file)
    }

    public var allocatedSize: UInt64 { metadata.allocatedSize }

    // MARK: Reading

    public func read(_ offset: UInt64, into buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        let parts: [QCOW2Part]
        do throws(HostError) { parts = try tables.parts(offset, buffers.byteCount) } catch { return fail(error, done) }
        let tally = PartTally(parts.count, done)
        for part in parts { read(part, into: buffers.slice(part.start, part.count), tally.ended) }
    }

    private func read(_ part: QCOW2Part, into buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        switch part.cluster {
        case .zero:
            buffers.zero()
            endLater(done)
        case .absent: readBacking(part, into: buffers, done)
        case .data(let place, _):
            underWay += 1
            file.read(place + (part.offset & UInt64(header.clusterSize - 1)), into: buffers) { [self] in
                underWay -= 1
                done($0)
            }
        case .compressed(let place, let count):
            do throws(HostError) {
                let bytes = try uncompressed(place, count)
                let inner = Int(part.offset & UInt64(header.clusterSize - 1))
                buffers.fill(from: Array(bytes[inner..<inner + part.count]))
                endLater(done)
            } catch { fail(error, done) }
        }
    }

    private func readBacking(_ part: QCOW2Part, into buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        guard let backing, part.offset < backing.size else {
            buffers.zero()
            return endLater(done)
        }
        let there = Int(min(UInt64(part.count), backing.size - part.offset))
        buffers.slice(there, part.count - there).zero()
        backing.read(part.offset, into: buffers.slice(0, there), done)
    }

    private func uncompressed(_ place: UInt64, _ count: Int) throws(HostError) -> [UInt8] {
        let packed = try metadata.read(at: place, count: count)
        guard let bytes = Deflate.unpack(packed, count: header.clusterSize) else {
            throw QCOW2Error.damaged(metadata, "a compressed cluster is damaged")
        }
        return bytes
    }

    /// A request without work for the file ends as others do: not from within its own call.
    func endLater(_ done: @escaping (BlockResult) -> Void) { file.read(0, into: [], done) }

    func fail(_ error: HostError, _ done: @escaping (BlockResult) -> Void) {
        warnOnce(error)
        endLater { _ in done(.failed(errno: error.errno)) }
    }

    private var hasWarned = false
    private func warnOnce(_ error: HostError) {
        if !hasWarned { warn(error.description) }
        hasWarned = true
    }

    // MARK: Writing

    public func write(_ offset: UInt64, from buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        let done = options.cache.writeback ? done : { [self] in $0 == .ok ? flush(done) : done($0) }
        do throws(HostError) {
            if let failure { throw failure }
            if let parts = try straightParts(offset, buffers.byteCount) { return writeStraight(parts, buffers, done) }
        } catch { return fail(error, done) }
        change { [self] next in
            writeChanging(offset, buffers, 0) {
                done($0)
                next()
            }
        }
    }

    /// The pieces of a write that needs no change of tables; nil for others.
    private func straightParts(_ offset: UInt64, _ count: Int) throws(HostError) -> [QCOW2Part]? {
        let parts = try tables.parts(offset, count)
        return parts.allSatisfy { $0.isOwn || $0.count == 0 } ? parts : nil
    }

    private func writeStraight(_ parts: [QCOW2Part], _ buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        let tally = PartTally(parts.count, done)
        for part in parts {
            guard case .data(let place, _) = part.cluster else {
                endLater(tally.ended)
                continue
            }
            writeData(place + (part.offset & UInt64(header.clusterSize - 1)), buffers.slice(part.start, part.count), tally.ended)
        }
    }

    private func writeData(_ place: UInt64, _ buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        underWay += 1
        file.write(place, from: buffers) { [self] in
            underWay -= 1
            done($0)
        }
    }

    /// Makes changes of the tables one after the other.
    func change(_ body: @escaping (@escaping () -> Void) -> Void) {
        changes.append(body)
        if !isChanging { nextChange() }
    }

    private func nextChange() {
        isChanging = !changes.isEmpty
        guard isChanging else { return }
        changes.removeFirst()({ [self] in nextChange() })
    }

    /// Writes from `start` of the buffers on, a piece at a time.
    private func writeChanging(_ offset: UInt64, _ buffers: [GuestBuffer], _ start: Int, _ done: @escaping (BlockResult) -> Void) {
        let left = buffers.byteCount - start
        guard left > 0 else { return endLater(done) }
        let place = offset + UInt64(start)
        let inner = Int(place & UInt64(header.clusterSize - 1))
        let count = min(left, max(QCOW2Image.largestChange, header.clusterSize) - inner)
        do throws(HostError) {
            // Clusters that are the disk's own already stay where they are, whatever lies beside them: other writes go straight there meanwhile. A change
            // before this one may have made them so.
            let parts = try tables.parts(place, count)
            let own = parts.prefix(while: \.isOwn)
            let run = own.isEmpty ? Array(parts.prefix { !$0.isOwn }) : Array(own)
            let length = run.reduce(0) { $0 + $1.count }
            let piece = buffers.slice(start, length)
            let goOn: (BlockResult) -> Void = { [self] result in
                if result != .ok || length == left { done(result) } else { writeChanging(offset, buffers, start + length, done) }
            }
            if own.isEmpty { try writeToNewClusters(place, piece, length, goOn) } else { writeStraight(run, piece, goOn) }
        } catch { fail(error, done) }
    }

    func writeToNewClusters(_ offset: UInt64, _ buffers: [GuestBuffer], _ count: Int, _ done: @escaping (BlockResult) -> Void)
        throws(HostError)
    {
        let size = header.clusterSize
        let head = Int(offset & UInt64(size - 1))
        let clusters = (head + count + size - 1) / size
        let tail = clusters * size - head - count
        let first = offset - UInt64(head)
        let places = try allocate(clusters)
        if head == 0, tail == 0 { return writeRuns(places, buffers) { [self] in noteWritten(first, places, $0, done) } }
        // What is around the guest's part comes along.
        let whole = HostBuffer(count: clusters * size)
        let tally = PartTally(2) { [self] result in
            guard result == .ok else { return noteWritten(first, places, result, done) }
            whole.copy(from: buffers, to: head)
            writeRuns(places, [whole.buffer]) { [self] in
                withExtendedLifetime(whole) {}
                noteWritten(first, places, $0, done)
            }
        }
        readAround(first, [whole.part(0, head)], tally.ended)
        readAround(offset + UInt64(count), [whole.part(head + count, tail)], tally.ended)
    }

    /// Clusters for data, which the file is long enough for.
    private func allocate(_ count: Int) throws(HostError) -> [UInt64] {
        var places: [UInt64] = []
        do throws(HostError) {
            for _ in 0..<count { places.append(try tables.allocate()) }
            let wanted = (places.max() ?? 0) + UInt64(header.clusterSize)
            if wanted > end {
                // Tables may have made it longer than was known.
                end = max(wanted, try metadata.size())
                try metadata.resize(end)
            }
        } catch {
            for place in places { tables.giveBack(place) }
            throw error
        }
        return places
    }

    /// What the disk holds beyond its end is zeros.
    private func readAround(_ offset: UInt64, _ buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        let there = Int(min(UInt64(buffers.byteCount), size > offset ? size - offset : 0))
        buffers.zero()
        read(offset, into: buffers.slice(0, there), done)
    }

    /// Writes clusters to where they are to be, those that lie together at once.
    private func writeRuns(_ places: [UInt64], _ whole: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        let size = header.clusterSize
        var runs: [(place: UInt64, first: Int, count: Int)] = []
        for (index, place) in places.enumerated() {
            if let last = runs.last, last.place + UInt64(last.count * size) == place {
                runs[runs.count - 1].count += 1
            } else {
                runs.append((place, index, 1))
            }
        }
        let tally = PartTally(runs.count, done)
        for run in runs { writeData(run.place, whole.slice(run.first * size, run.count * size), tally.ended) }
    }

    /// The data is there: the tables lead to it from now on.
    private func noteWritten(_ first: UInt64, _ places: [UInt64], _ result: BlockResult, _ done: (BlockResult) -> Void) {
        guard result == .ok else {
            for place in places { tables.giveBack(place) }
            return done(result)
        }
        var set = 0
        do throws(HostError) {
            for place in places {
                try tables.set(first + UInt64(set * header.clusterSize), to: place)
                set += 1
            }
            done(.ok)
        } catch {
            for place in places[set...] { tables.giveBack(place) }
            note(error)
            done(.failed(errno: error.errno))
        }
    }

    /// Damaged tables cannot be relied on any more. A full disk or one that fails may do better later: what is in memory is right, and stays to be written.
    private func note(_ error: HostError) {
        if error.errno == inputOutputError { failure = error }
        warnOnce(error)
    }

    // MARK: Zeros

    public func discard(_ offset: UInt64, count: UInt64, _ done: @escaping (BlockResult) -> Void) {
        if !options.discards { return endLater(done) }
        change { [self] next in
            let size = UInt64(header.clusterSize)
            // Only whole clusters: the rest may stay what it is.
            let first = (offset + size - 1) & ~(size - 1), last = (offset + count) & ~(size - 1)
            zeroClusters(first, max(first, last), keeping: false) {
                done($0)
                next()
            }
        }
    }

    public func zero(_ offset: UInt64, count: UInt64, mayUnmap: Bool, _ done: @escaping (BlockResult) -> Void) {
        let size = UInt64(header.clusterSize)
        let first = (offset + size - 1) & ~(size - 1), last = (offset + count) & ~(size - 1)
        guard first < last else { return writeZeros(offset, count, done) }
        let tally = PartTally(3, options.cache.writeback ? done : { [self] in $0 == .ok ? flush(done) : done($0) })
        writeZeros(offset, first - offset, tally.ended)
        writeZeros(last, offset + count - last, tally.ended)
        change { [self] next in
            zeroClusters(first, last, keeping: !mayUnmap) {
                tally.ended($0)
                next()
            }
        }
    }

    private func writeZeros(_ offset: UInt64, _ count: UInt64, _ done: @escaping (BlockResult) -> Void) {
        guard count > 0 else { return endLater(done) }
        let piece = min(count, UInt64(QCOW2Image.largestChange))
        let zeros = HostBuffer(count: Int(piece))
        write(offset, from: [zeros.buffer]) { [self] result in
            withExtendedLifetime(zeros) {}
            if result != .ok || piece == count { done(result) } else { writeZeros(offset + piece, count - piece, done) }
        }
    }

    /// - Parameter keeping: whether the clusters stay the disk's.
    private func zeroClusters(_ first: UInt64, _ last: UInt64, keeping: Bool, _ done: @escaping (BlockResult) -> Void) {
        do throws(HostError) {
            if let failure { throw failure }
            for place in stride(from: first, to: last, by: header.clusterSize) {
                // What another opening of the image shows there counts, too: a copy may stand on nothing while it is made.
                let hidden = backing.map { place >= $0.size } ?? (header.backingFile == nil)
                guard try tables.setZero(place, hasBacking: !hidden, keeping: keeping) else {
                    // Version 2 cannot say that something is zeros: they are written.
                    let zeros = HostBuffer(count: header.clusterSize)
                    return writeChanging(place, [zeros.buffer], 0) { [self] in
                        withExtendedLifetime(zeros) {}
                        if $0 == .ok { zeroClusters(place + UInt64(header.clusterSize), last, keeping: keeping, done) } else { done($0) }
                    }
                }
            }
            endLater(done)
        } catch { fail(error, done) }
    }

    // MARK: Flushing

    public func flush(_ done: @escaping (BlockResult) -> Void) {
        if options.cache.ignoresFlushes { endLater(done) } else { flushAlways(done) }
    }

    private func flushAlways(_ done: @escaping (BlockResult) -> Void) {
        change { [self] next in
            let end: (BlockResult) -> Void = {
                done($0)
                next()
            }
            do throws(HostError) {
                if let failure { throw failure }
                guard tables.isDirty else { return stabilize(end) }
                try tables.writeCounts()
                let links = tables.takeLinks()
                stabilize { [self] in $0 == .ok ? flush(links, end) : putBack(links, $0, end) }
            } catch {
                note(error)
                fail(error, end)
            }
        }
    }

    private func flush(_ links: QCOW2Tables.Links, _ done: @escaping (BlockResult) -> Void) {
        do throws(HostError) { try tables.write(links) } catch { return putBack(links, .failed(errno: error.errno), done) }
        stabilize { [self] result in
            guard result == .ok else { return putBack(links, result, done) }
            do throws(HostError) {
                if underWay == 0 { try free(links) } else { tables.keepLeaving() }
                done(.ok)
            } catch {
                note(error)
                fail(error, done)
            }
        }
    }

    /// What nobody uses any more goes back to the host's file system, too, if the disk's owner wants that.
    private func free(_ links: QCOW2Tables.Links) throws(HostError) {
        let free = try tables.free(links)
        guard options.discards else { return }
        for place in free { metadata.punchHole(at: place, count: UInt64(header.clusterSize)) }
    }

    /// The links are not written: the next flush does it.
    private func putBack(_ links: QCOW2Tables.Links, _ result: BlockResult, _ done: @escaping (BlockResult) -> Void) {
        tables.putBack(links)
        guard case .failed(let code) = result else { return done(result) }
        fail(HostError("write the tables of '\(options.path)'", errno: code, remedy: "what is not written yet is kept for the next flush"), done)
    }

    /// Whatever has ended is on stable storage, if anybody cares.
    private func stabilize(_ done: @escaping (BlockResult) -> Void) { if options.cache.ignoresFlushes { endLater(done) } else { file.flush(done) } }

    // MARK: The rest

    public func drain() {
        file.drain()
        backing?.drain()
    }

    /// Makes the disk larger; what is new reads as zeros.
    public func resize(_ size: UInt64) throws(HostError) {
        guard size != self.size else { return }
        guard size > self.size, size % 512 == 0 else {
            throw HostError(
                "make '\(options.path)', a qcow2 image, smaller while it is in use", errno: notSupportedNumber,
                remedy: "qemu-img resize --shrink does it when it is not")
        }
        if let backing, backing.size > self.size {
            throw HostError("make '\(options.path)' larger, which is smaller than what it stands on", errno: notSupportedNumber)
        }
        try alone { header throws(HostError) in
            var store = try QCOW2SnapshotStore(metadata, header)
            try store.grow(to: size)
        }
    }

    /// What has been written is in the file before another process gets it; what that has written is seen when it is back.
    public func setActive(_ active: Bool) throws(HostError) {
        if !active {
            try writeEverything()
            try file.setActive(false)
            try backing?.setActive(false)
            return
        }
        try file.setActive(true)
        do throws(HostError) {
            try backing?.setActive(true)
            do throws(HostError) { try readAnew() } catch {
                try? backing?.setActive(false)
                throw error
            }
        } catch {
            try? file.setActive(false)
            throw error
        }
    }

    /// What another process may have changed.
    func readAnew() throws(HostError) {
        let end = try metadata.size()
        let bytes = try metadata.read(at: 0, count: QCOW2Header.most)
        var header: QCOW2Header
        do { header = try QCOW2Header(bytes, path: options.path, fileSize: end, writing: !isReadOnly) } catch {
            throw HostError("use '\(options.path)': \(error.cause)", errno: inputOutputError)
        }
        if !isReadOnly { try QCOW2Image.claim(metadata, &header) }
        let tables = try QCOW2Tables(metadata, header)
        (self.end, self.header, self.tables, size) = (end, header, tables, (header.size + 511) & ~511)
    }

    /// Does something with the file that nobody else uses meanwhile, and knows afterwards what has become of it. Whatever ends it in the middle, the next one who
    /// looks finds the image marked as dirty and puts it right.
    func alone(_ body: (QCOW2Header) throws(HostError) -> Void) throws(HostError) {
        if isReadOnly { throw HostError("change '\(options.path)', which is read-only", errno: notSupportedNumber) }
        drain()
        try writeEverything()
        if let failure { throw failure }
        // The table of counts may lie elsewhere since the header was read.
        try readAnew()
        defer {
            do throws(HostError) { try readAnew() } catch {
                // What is in memory is not what is in the file.
                failure = error
                warnOnce(error)
            }
        }
        try header.mark(dirty: true, in: metadata)
        try body(header)
        try header.mark(dirty: false, in: metadata)
    }

    /// Everything that is known is on the disk when this returns.
    public func writeEverything() throws(HostError) {
        if isReadOnly { return }
        var result = BlockResult.ok
        // What the first time makes free is written down the second time.
        for _ in 0..<3 where result == .ok && tables.isDirty {
            flushAlways { result = $0 }
            drain()
        }
        if case .failed(let code) = result { throw HostError("write the tables of '\(options.path)'", errno: code) }
    }
}
