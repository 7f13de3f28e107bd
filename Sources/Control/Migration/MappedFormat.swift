import AddressSpace
import HostOS
import MachineModel
import QAPI

/// A machine's state in a file, each page of its memory at a place of its own, so that the file can be mapped instead of read: Apus's own format.
///
/// The magic, a version (32 bits), a section `machine` as in a stream, and a section `places`: where each memory begins (64 bits each), and where the state
/// begins (64 bits). Then the memories; pages of zeros are holes. Then the sections of the state, and `end`, as in a stream. The beginning is written last:
/// a file that has it is whole.
enum MappedFormat {
    static let magic = Array("APUSMAP\0".utf8)
    static let version: UInt32 = 1
    /// Bytes for everything before the memories.
    static let headerRoom: UInt64 = 1 << 16
    /// What the places of memories are multiples of, in bytes.
    static let alignment: UInt64 = 1 << 16

    /// Where memories lie, and behind them the state.
    static func places(_ blocks: [RAMBlock]) -> [UInt64] {
        blocks.reduce(into: [headerRoom]) { places, block in
            let end = places[places.count - 1] + UInt64(block.pages * RAMBlock.pageSize)
            places.append((end + alignment - 1) & ~(alignment - 1))
        }
    }
}

/// Writes such a file.
final class MappedWriter: @unchecked Sendable {
    private let file: HostFile
    private let blocks: [RAMBlock]
    private let places: [UInt64]
    private let description: MachineDescription

    init(_ path: String, _ machine: Machine, guest: String) throws(MigrationError) {
        blocks = machine.memory.ramBlocks
        places = MappedFormat.places(blocks)
        description = MachineDescription(machine, guest: guest, expectsAnswer: false)
        do throws(HostError) {
            file = try HostFile(path, .create)
            try file.resize(places[blocks.count])
        } catch { throw .host(error) }
        guard UInt64(header.count) <= MappedFormat.headerRoom else { throw .damaged("a machine with so many memories has no room in a file") }
    }

    private var header: [UInt8] {
        var section = SectionWriter(.places)
        for place in places { section.add(place) }
        var start = MappedFormat.magic
        start.append(MappedFormat.version)
        return start + description.section + section.finish()
    }

    /// Writes pages of a memory, all of which have bytes.
    func put(_ number: Int, _ pages: Range<Int>) throws(MigrationError) {
        let place = places[number] + UInt64(pages.lowerBound * RAMBlock.pageSize)
        do throws(HostError) { try blocks[number].write(pages: pages, to: file, at: place) } catch { throw .host(error) }
    }

    /// Writes the first pages of the set from `cursor` on, which are taken out of it; the cursor is where to go on. Nil if there are none.
    func putNext(_ number: Int, _ pages: inout PageSet, cursor: inout Int) throws(MigrationError) -> PageSender.Tally? {
        guard let first = pages.takeFirst(from: cursor) else { return nil }
        let block = blocks[number]
        let isZero = block.isZero(page: first)
        var end = first + 1
        while end < block.pages, end - first < MappedWriter.most, pages.contains(end), block.isZero(page: end) == isZero {
            pages.remove(end)
            end += 1
        }
        cursor = end
        if isZero { clear(number, first..<end) } else { try put(number, first..<end) }
        return isZero ? .init(zeros: end - first) : .init(normal: end - first)
    }

    /// Takes the first pages from `cursor` on that follow each other out of the set, for a channel; the cursor is where to go on. Nil if there are none.
    static func takeNext(_ pages: inout PageSet, cursor: inout Int) -> Range<Int>? {
        guard let first = pages.takeFirst(from: cursor) else { return nil }
        cursor = first + 1
        while cursor < pages.limit, cursor - first < most, pages.contains(cursor) {
            pages.remove(cursor)
            cursor += 1
        }
        return first..<cursor
    }

    /// Writes those of the pages that have bytes, in any thread; what has been written before of the others is zeros now.
    func putAll(_ number: Int, _ pages: Range<Int>) throws(MigrationError) -> PageSender.Tally {
        let block = blocks[number]
        var tally = PageSender.Tally()
        var first = pages.lowerBound
        while first < pages.upperBound {
            let isZero = block.isZero(page: first)
            var end = first + 1
            while end < pages.upperBound, block.isZero(page: end) == isZero { end += 1 }
            if isZero {
                clear(number, first..<end)
                tally.zeros += end - first
            } else {
                try put(number, first..<end)
                tally.normal += end - first
            }
            first = end
        }
        return tally
    }

    /// Pages that are written at once.
    private static let most = 256

    /// What has been written there before is zeros now.
    private func clear(_ number: Int, _ pages: Range<Int>) {
        file.punchHole(at: places[number] + UInt64(pages.lowerBound * RAMBlock.pageSize), count: UInt64(pages.count * RAMBlock.pageSize))
    }

    /// Writes the rest; then the file is whole, and on stable storage.
    func finish(_ sections: [StateSection], _ state: RunState) throws(MigrationError) {
        var bytes = sections.reduce(into: [UInt8]()) { $0 += $1.encoded }
        bytes += StreamEnd(sections: UInt64(sections.count), state: state).encoded
        do throws(HostError) {
            try file.write(at: places[blocks.count], bytes)
            try file.synchronize()
            try file.write(at: 0, header)
            try file.synchronize()
        } catch { throw .host(error) }
    }
}

/// Such a file, whose beginning has been looked at: nothing in it is trusted.
public struct MappedMachine {
    private let file: HostFile
    private let description: MachineDescription
    private let places: [UInt64]
    private let stateStart: UInt64

    /// Whether a file is one.
    public static func isOne(_ path: String) -> Bool {
        guard let file = try? HostFile(path, .readOnly), file.isSeekableStorage else { return false }
        return (try? file.read(at: 0, count: MappedFormat.magic.count)) == MappedFormat.magic
    }

    public init(_ path: String) throws(MigrationError) {
        let size: UInt64
        do throws(HostError) {
            file = try HostFile(path, .readOnly)
            size = try file.size()
        } catch { throw .host(error) }
        let source = FileSource(file)
        let start = try source.take(MappedFormat.magic.count)
        if start.allSatisfy({ $0 == 0 }) { throw .torn(path) }
        guard start == MappedFormat.magic else { throw .notAStream }
        let version: UInt32 = try source.take(4).number(at: 0) ?? 0
        guard version == MappedFormat.version else { throw .otherVersion(version, known: MappedFormat.version) }
        var reader = StreamReader(source.take)
        var first = try reader.section(), second = try reader.section()
        guard first.kind == .machine, second.kind == .places else { throw .damaged("it does not begin with a machine and its places") }
        description = try MachineDescription(&first)
        try first.finish()
        var places: [UInt64] = []
        for _ in 0...description.memory.count { places.append(try second.number()) }
        try second.finish()
        (stateStart, self.places) = (places[description.memory.count], Array(places.dropLast()))
        try check(places, size)
    }

    private func check(_ places: [UInt64], _ size: UInt64) throws(MigrationError) {
        var free = MappedFormat.headerRoom
        for (memory, place) in zip(description.memory, places) {
            let bytes = memory.size.addingReportingOverflow(UInt64(RAMBlock.pageSize - 1)).partialValue & ~UInt64(RAMBlock.pageSize - 1)
            guard place >= free, place & UInt64(RAMBlock.pageSize - 1) == 0, bytes >= memory.size, place <= .max - bytes else {
                throw .damaged("'\(memory.name)' lies where it cannot")
            }
            free = place + bytes
        }
        guard stateStart >= free, stateStart <= size else { throw .damaged("it is cut off: \(size) bytes of \(max(free, stateStart))") }
    }

    /// Whether a machine can become it.
    func check(_ machine: Machine, guest: String) throws(MigrationError) {
        try MachineDescription(machine, guest: guest, expectsAnswer: false).check(canBecome: description)
    }

    /// Everything but the memory.
    func state() throws(MigrationError) -> ReceivedMachine {
        var reader = StreamReader(FileSource(file, at: stateStart).take)
        return try MachineLoader.receiveState(&reader)
    }

    /// Puts the memory where the machine's is, without reading it. After an error it is neither this nor what it was.
    func map(into machine: Machine) throws(MigrationError) {
        for (block, place) in zip(machine.memory.ramBlocks, places) {
            do throws(HostError) { try block.map(file, at: place) } catch { throw .host(error) }
        }
    }

    /// Reads the memory to where the machine's is, by so many threads, so that the file may change afterwards. Likewise.
    func read(into machine: Machine, channels count: Int) throws(MigrationError) {
        let channels = try FileChannels(count, name: "multifdrecv")
        defer { channels.end() }
        for (block, place) in zip(machine.memory.ramBlocks, places) {
            for first in stride(from: 0, to: block.pages, by: MappedMachine.piece) {
                let pages = first..<min(first + MappedMachine.piece, block.pages)
                try channels.perform { [file] () throws(MigrationError) in try MappedMachine.read(pages, of: block, from: file, at: place) }
            }
        }
        try channels.flush()
    }

    /// Pages that are read at once.
    private static let piece = 256

    private static func read(_ pages: Range<Int>, of block: RAMBlock, from file: HostFile, at place: UInt64) throws(MigrationError) {
        let source = FileSource(file, at: place + UInt64(pages.lowerBound * RAMBlock.pageSize))
        let bytes = try source.take(pages.count * RAMBlock.pageSize)
        for page in pages {
            let start = (page - pages.lowerBound) * RAMBlock.pageSize
            let isZero = bytes[start..<start + RAMBlock.pageSize].allSatisfy { $0 == 0 }
            if isZero { block.clear(page: page) } else { block.replace(page: page, from: bytes, at: start) }
        }
    }
}

/// Bytes of a file, one after the other.
private final class FileSource {
    private let file: HostFile
    private var position: UInt64

    init(_ file: HostFile, at position: UInt64 = 0) { (self.file, self.position) = (file, position) }

    /// Exactly so many.
    func take(_ count: Int) throws(MigrationError) -> [UInt8] {
        let bytes: [UInt8]
        do throws(HostError) { bytes = try file.read(at: position, count: count) } catch { throw .host(error) }
        guard bytes.count == count else { throw .cutOff }
        position += UInt64(count)
        return bytes
    }
}

extension MappedMachine {
    /// Writes a machine that stands still to a file that can be mapped.
    ///
    /// - Parameter state: what the machine is to do when it goes on elsewhere.
    public static func write(_ machine: Machine, guest: String, state: RunState, to path: String) throws(MigrationError) {
        let writer = try MappedWriter(path, machine, guest: guest)
        for (number, block) in machine.memory.ramBlocks.enumerated() {
            for run in block.runsWithBytes(most: 256) { try writer.put(number, run) }
        }
        try writer.finish(MachineState.save(machine), state)
    }

    /// Makes a machine what the file is of, with the machine lock held; what it is to do.
    public func load(into machine: Machine, guest: String, setTime: (Int64) -> Void) throws(MigrationError) -> RunState {
        try check(machine, guest: guest)
        let received = try state()
        try map(into: machine)
        try MachineLoader(machine, guest: guest).fill(received, setTime: setTime)
        return received.state.state
    }
}

extension RAMBlock {
    /// Runs of pages that are not all zeros, in order.
    func runsWithBytes(most: Int) -> some Sequence<Range<Int>> {
        sequence(state: 0) { [self] (page: inout Int) -> Range<Int>? in
            while page < pages, isZero(page: page) { page += 1 }
            let start = page
            while page < pages, page - start < most, !isZero(page: page) { page += 1 }
            return start < page ? start..<page : nil
        }
    }
}
