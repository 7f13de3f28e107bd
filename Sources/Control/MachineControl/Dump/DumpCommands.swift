import AddressSpace
import EventLoop
import HostOS
import QAPI

/// Commands that dump the guest's memory. A dump stops the machine, as QEMU's does, and lets it run again if it ran.
public final class DumpCommands {
    private unowned let session: any MachineSession
    private let emit: (any QAPIEvent) -> Void
    private var dump: Dump?
    private var last = DumpQueryResult(status: .none, completed: 0, total: 0)

    /// A dump under way.
    private struct Dump {
        let output: HostStream
        /// Nil for ELF.
        var compressed: CompressedDump?
        /// What the other side has not taken yet, and how much of it it has.
        var unsent: [UInt8]
        var sent = 0
        var hasTail = false
        var rest: [CoreFile.Segment]
        let resumes: Bool
    }

    /// How far it has come.
    private enum Progress {
        case more
        /// The other side takes nothing now.
        case blocked
        /// What went wrong, if something did.
        case over(String?)
    }

    /// Tells when the other side takes something again.
    private var watch: FDWatch?
    /// How long a dump that all wait for waits for its reader, in milliseconds.
    private static let patience: Int32 = 10_000
    /// Bytes that are written before others have their turn.
    private static let piece: UInt64 = 1 << 20, turn: UInt64 = 32 << 20

    public init(_ session: any MachineSession, emit: @escaping (any QAPIEvent) -> Void) { (self.session, self.emit) = (session, emit) }

    public func register(in commands: inout CommandTable) {
        commands.on(QueryDumpCommand.self) { [self] in last }
        commands.on(QueryDumpGuestMemoryCapabilityCommand.self) { DumpGuestMemoryCapability(formats: [.elf, .kdumpZlib]) }
        commands.onPeer(DumpGuestMemoryCommand.self, stopped: true) { [self] arguments, peer in
            try begin(arguments, peer)
            if arguments.detach == true {
                goOn()
            } else if let failure = writeAll() {
                throw QAPIError(.generic, failure)
            }
            return QAPIEmpty()
        }
    }

    private func begin(_ arguments: DumpGuestMemoryCommand.Arguments, _ peer: (any QAPIPeer)?) throws {
        if dump != nil { throw QAPIError(.generic, "There is a dump in process, please wait.") }
        if arguments.paging { throw QAPIError.notSupported("dump-guest-memory with paging=true") }
        let format = arguments.format ?? .elf
        guard [.elf, .kdumpZlib].contains(format) else { throw QAPIError.notSupported("dump-guest-memory with format=\(format.rawValue)") }
        if format != .elf, arguments.begin != nil || arguments.length != nil {
            throw QAPIError(.generic, "kdump-compressed format doesn't support paging or filter")
        }
        let window = try window(arguments)
        let memory = session.machine.memory.sections.filter { $0.kind == .ram }.map { $0.start...$0.last }
        let segments = CoreFile.segments(memory, in: window)
        guard !segments.isEmpty else { throw QAPIError(.generic, "there is no memory to dump in this range") }
        let core = CoreFile(cpus: session.machine.cpus.map(\.coreRegisters), segments: segments)
        let compressed = format == .elf ? nil : CompressedDump(machine: session.guest, core: core, segments: segments)
        let output = try output(arguments.protocol, peer)
        last = DumpQueryResult(status: .active, completed: 0, total: Int64(clamping: segments.reduce(0) { $0 + $1.count }))
        output.setNonblocking()
        dump = Dump(
            output: output, compressed: compressed, unsent: compressed?.head ?? core.head, rest: segments, resumes: session.runState == .running)
        session.pause()
    }

    private func window(_ arguments: DumpGuestMemoryCommand.Arguments) throws(QAPIError) -> ClosedRange<UInt64>? {
        guard let begin = arguments.begin else {
            if arguments.length != nil { throw .missing("begin") }
            return nil
        }
        guard let length = arguments.length else { throw .missing("length") }
        let first = UInt64(bitPattern: begin), (last, isOver) = first.addingReportingOverflow(UInt64(bitPattern: length) &- 1)
        guard length > 0, !isOver else { throw .expects("length", "a positive number of bytes that ends within the address space") }
        return first...last
    }

    private func output(_ place: String, _ peer: (any QAPIPeer)?) throws -> HostStream {
        if place.hasPrefix("file:") { return try HostStream.creating(String(place.dropFirst(5)), waitsForReader: false) }
        if place.hasPrefix("fd:") {
            let name = String(place.dropFirst(3))
            guard let peer else { throw QAPIError(.generic, "File descriptor named '\(name)' has not been found") }
            return try peer.descriptors.take(name)
        }
        throw QAPIError.expects("protocol", "'file:NAME' or 'fd:NAME'")
    }

    // MARK: Writing

    /// Writes all that is left while everything waits; what went wrong, if something did.
    private func writeAll() -> String? {
        while let output = dump?.output {
            switch writePieces(DumpCommands.turn) {
            case .more: break
            case .over(let failure): return failure
            case .blocked:
                if !output.wait(writable: true, milliseconds: DumpCommands.patience) {
                    return end(failure: "nobody reads the dump; have a reader ready, or let the dump be made in the background (detach)")
                }
            }
        }
        return nil
    }

    /// Writes in turns. Twice to the loop: it listens to its clients between what was posted and what that posts.
    private func goOn() {
        let loop = session.machine.loop
        let turn = { [weak self] in
            guard let self else { return }
            session.whileStopped { [weak self] in self?.takeTurn() }
        }
        loop.post { loop.post(turn) }
    }

    private func takeTurn() {
        guard let output = dump?.output else { return }
        switch writePieces(DumpCommands.turn) {
        case .more: goOn()
        case .over: break
        case .blocked:
            watch = session.machine.loop.watch(
                output.descriptor,
                writable: { [weak self] in
                    self?.stopWatching()
                    self?.goOn()
                })
        }
    }

    private func stopWatching() {
        watch?.cancel()
        watch = nil
    }

    private func writePieces(_ most: UInt64) -> Progress {
        let start = last.completed
        while dump != nil, last.completed - start < Int64(most) {
            do { if !(try flush()) { return .blocked } } catch { return .over(end(failure: "\(error)")) }
            guard let segment = dump?.rest.first else {
                if dump?.compressed == nil || dump?.hasTail == true { return .over(end(failure: nil)) }
                dump?.hasTail = true
                dump?.unsent = CompressedDump.tail
                continue
            }
            guard pack(segment) else { return .over(end(failure: "memory at \(segment.start) is not there any more")) }
        }
        return .more
    }

    /// Hands over what is unsent; whether that is all.
    private func flush() throws -> Bool {
        while let sent = dump?.sent, let count = dump?.unsent.count, sent < count {
            guard let put = try dump.map({ try $0.output.writeNow($0.unsent, from: sent) }), put > 0 else { return false }
            dump?.sent += put
        }
        dump?.unsent = []
        dump?.sent = 0
        return true
    }

    /// Takes the next piece of memory into what is to be sent; false if it is not there.
    private func pack(_ segment: CoreFile.Segment) -> Bool {
        let count = min(DumpCommands.piece, segment.count)
        guard let bytes = session.machine.memory.read(segment.start, count: Int(count)) else { return false }
        let packed = dump?.compressed?.pack(bytes)
        dump?.unsent = packed ?? bytes
        let rest = CoreFile.Segment(start: segment.start &+ count, count: segment.count - count)
        dump?.rest.removeFirst()
        if rest.count > 0 { dump?.rest.insert(rest, at: 0) }
        last = DumpQueryResult(status: .active, completed: last.completed + Int64(count), total: last.total)
        return true
    }

    /// The dump is over, and the machine runs if it ran.
    @discardableResult
    private func end(failure: String?) -> String? {
        let resumes = dump?.resumes == true
        stopWatching()
        dump = nil
        last = DumpQueryResult(status: failure == nil ? .completed : .failed, completed: last.completed, total: last.total)
        emit(DumpCompletedEvent(result: last, error: failure))
        // Somebody may have switched it off meanwhile.
        if resumes, session.runState == .paused { try? session.resume() }
        return failure
    }
}
