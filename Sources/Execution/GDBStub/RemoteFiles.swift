import HostOS

/// `vFile`: the program's files, for debuggers that look for libraries and symbols where the program runs. They can be read only.
struct RemoteFiles {
    /// A file of the host's, or what the target itself has to say.
    private enum Content {
        case file(HostFile)
        case bytes([UInt8])

        func size() throws -> UInt64 {
            switch self {
            case .file(let file): try file.size()
            case .bytes(let bytes): UInt64(bytes.count)
            }
        }

        func read(at offset: UInt64, count: Int) throws -> [UInt8] {
            switch self {
            case .file(let file): try file.read(at: offset, count: count)
            case .bytes(let bytes): Array(bytes.dropFirst(Int(clamping: offset)).prefix(count))
            }
        }
    }

    private var open: [Int: Content] = [:]
    private var next = 3

    /// Error numbers of the protocol's own ("Errno Values" in gdb's manual).
    private enum Code { static let notThere = 2, badDescriptor = 9, invalid = 22, readOnly = 30, unknown = 9999 }

    private static func result(_ value: Int) -> DebugSession.Answer { DebugSession.text("F" + String(value, radix: 16)) }
    private static func failure(_ code: Int) -> DebugSession.Answer { DebugSession.text("F-1," + String(code, radix: 16)) }
    private static func data(_ bytes: [UInt8]) -> DebugSession.Answer {
        .reply(Array("F\(String(bytes.count, radix: 16));".utf8) + PacketCoding.escaped(bytes))
    }

    mutating func handle(_ text: inout PacketText, _ target: any DebugTarget) -> DebugSession.Answer {
        switch String(decoding: text.part(until: ":"), as: UTF8.self) {
        case "setfs": return RemoteFiles.result(0)
        case "open": return open(&text, target)
        case "pread": return read(&text)
        case "fstat": return status(&text)
        case "readlink": return link(text, target)
        case "close": return close(&text)
        default: return DebugSession.notThere
        }
    }

    private func path(_ digits: some Collection<UInt8>) -> String? { Hexadecimal.bytes(digits).map { String(decoding: $0, as: UTF8.self) } }

    private func content(_ path: String, _ target: any DebugTarget) -> Content? {
        if let bytes = target.ownFile(path) { return .bytes(bytes) }
        return (try? HostFile(target.hostPath(path), .readOnly)).map { .file($0) }
    }

    private mutating func open(_ text: inout PacketText, _ target: any DebugTarget) -> DebugSession.Answer {
        guard let path = path(text.part(until: ",")), let flags = text.number() else { return RemoteFiles.failure(Code.invalid) }
        // The two lowest bits are O_WRONLY and O_RDWR.
        if flags & 3 != 0 { return RemoteFiles.failure(Code.readOnly) }
        guard let file = content(path, target) else { return RemoteFiles.failure(Code.notThere) }
        next += 1
        open[next] = file
        return RemoteFiles.result(next)
    }

    private func read(_ text: inout PacketText) -> DebugSession.Answer {
        guard let number = text.integer(), text.skip(","), let count = text.integer(), text.skip(","), let offset = text.number() else {
            return RemoteFiles.failure(Code.invalid)
        }
        guard let file = open[number] else { return RemoteFiles.failure(Code.badDescriptor) }
        guard let size = try? file.size() else { return RemoteFiles.failure(Code.unknown) }
        let most = offset >= size ? 0 : min(UInt64(count), size - offset, UInt64(PacketReader.most / 2 - 16))
        guard let bytes = try? file.read(at: offset, count: Int(most)) else { return RemoteFiles.failure(Code.unknown) }
        return RemoteFiles.data(bytes)
    }

    /// `struct stat` of the protocol: big-endian, 64 bytes. A regular file's mode and size are all that is told.
    private func status(_ text: inout PacketText) -> DebugSession.Answer {
        guard let number = text.integer(), let file = open[number] else { return RemoteFiles.failure(Code.badDescriptor) }
        guard let size = try? file.size() else { return RemoteFiles.failure(Code.unknown) }
        func word(_ value: UInt64, _ count: Int) -> [UInt8] { (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) } }
        let head = word(0, 4) + word(UInt64(number), 4) + word(0o100444, 4) + word(1, 4) + word(0, 12)
        return RemoteFiles.data(head + word(size, 8) + word(4096, 8) + word((size + 511) / 512, 8) + word(0, 12))
    }

    private func link(_ text: PacketText, _ target: any DebugTarget) -> DebugSession.Answer {
        guard let path = path(text.rest).map(target.hostPath) else { return RemoteFiles.failure(Code.invalid) }
        guard let place = linkTarget(path) else { return RemoteFiles.failure(Code.invalid) }
        return RemoteFiles.data(Array(place.utf8))
    }

    private mutating func close(_ text: inout PacketText) -> DebugSession.Answer {
        guard let number = text.integer(), open.removeValue(forKey: number) != nil else { return RemoteFiles.failure(Code.badDescriptor) }
        return RemoteFiles.result(0)
    }
}
