import AddressSpace
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
        var rest: [CoreFile.Segment]
        let resumes: Bool
    }

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
        if compressed != nil, core.cpus.first?.is64Bit == false {
            throw QAPIError.notSupported("dump-guest-memory with format=kdump-zlib of a 32-bit machine")
        }
        let output = try output(arguments.protocol, peer)
        last = DumpQueryResult(status: .active, completed: 0, total: Int64(clamping: segments.reduce(0) { $0 + $1.count }))
        dump = Dump(output: output, compressed: compressed, rest: segments, resumes: session.runState == .running)
        session.pause()
        do { try output.writeAll(compressed?.head ?? core.head) } catch {
            end(failure: "\(error)")
            throw error
        }
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
        if place.hasPrefix("file:") { return try HostStream.creating(String(place.dropFirst(5))) }
        if place.hasPrefix("fd:") {
            let name = String(place.dropFirst(3))
            guard let peer else { throw QAPIError(.generic, "File descriptor named '\(name)' has not been found") }
            return try peer.descriptors.take(name)
        }
        throw QAPIError.expects("protocol", "'file:NAME' or 'fd:NAME'")
    }

    // MARK: Writing

    /// Writes all that is left; what went wrong, if something did.
    private func writeAll() -> String? {
        while dump != nil { if let failure = writePieces(DumpCommands.turn) { return failure } }
        return nil
    }

    /// Writes in turns, between which other commands are heard.
    private func goOn() {
        session.whileStopped { [weak self] in
            guard let self, self.dump != nil else { return }
            _ = self.writePieces(DumpCommands.turn)
            self.goOn()
        }
    }

    private func writePieces(_ most: UInt64) -> String? {
        var left = most
        while left > 0, let segment = dump?.rest.first {
            let count = min(DumpCommands.piece, segment.count)
            guard let bytes = session.machine.memory.read(segment.start, count: Int(count)) else {
                return end(failure: "memory at \(segment.start) is not there any more")
            }
            do { try dump?.output.writeAll(dump?.compressed?.pack(bytes) ?? bytes) } catch { return end(failure: "\(error)") }
            let rest = CoreFile.Segment(start: segment.start &+ count, count: segment.count - count)
            dump?.rest.removeFirst()
            if rest.count > 0 { dump?.rest.insert(rest, at: 0) }
            last = DumpQueryResult(status: .active, completed: last.completed + Int64(count), total: last.total)
            left -= min(left, count)
        }
        guard let dump, dump.rest.isEmpty else { return nil }
        do { if dump.compressed != nil { try dump.output.writeAll(CompressedDump.tail) } } catch { return end(failure: "\(error)") }
        return end(failure: nil)
    }

    /// The dump is over, and the machine runs if it ran.
    @discardableResult
    private func end(failure: String?) -> String? {
        let resumes = dump?.resumes == true
        dump = nil
        last = DumpQueryResult(status: failure == nil ? .completed : .failed, completed: last.completed, total: last.total)
        emit(DumpCompletedEvent(result: last, error: failure))
        // Somebody may have switched it off meanwhile.
        if resumes, session.runState == .paused { try? session.resume() }
        return failure
    }
}
