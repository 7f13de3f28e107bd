import Chardev
import CommandLine
import HostOS
import JSON
import QAPI

/// The machine protocol's commands for character back ends.
extension CharacterSetup {
    public func register(in commands: inout CommandTable) {
        commands.on(QueryChardevCommand.self) { [self] in
            entries.map { ChardevInfo(label: $0.id, filename: $0.slot.filename, frontendOpen: $0.isUsed || $0.multiplexer != nil) }
        }
        commands.on(QueryChardevBackendsCommand.self) {
            (CharacterSetup.kinds + CharacterSetup.aliases.keys.sorted()).map { ChardevBackendInfo(name: $0) }
        }
        commands.onPeer(ChardevAddCommand.self) { [self] arguments, peer in try add(arguments.id, arguments.backend, peer) }
        commands.onPeer(ChardevChangeCommand.self) { [self] arguments, peer in try change(arguments.id, arguments.backend, peer) }
        commands.on(ChardevRemoveCommand.self) { [self] in try remove($0.id) }
        commands.on(ChardevSendBreakCommand.self) { [self] in
            try known($0.id).slot.handle(.lineBreak)
            return QAPIEmpty()
        }
        commands.on(RingbufReadCommand.self) { [self] in try read($0) }
        commands.on(RingbufWriteCommand.self) { [self] in try write($0) }
        commands.on(QueryYankCommand.self) { [self] in
            entries.filter { $0.slot.inner is SocketBackend }.map { YankInstance(branch: .chardev(YankInstanceChardev(id: $0.id))) }
        }
        commands.on(YankCommand.self) { [self] in try cut($0.instances) }
        commands.onPeer(AddClientCommand.self) { [self] arguments, peer in try addClient(arguments, peer) }
    }

    private func known(_ id: String) throws(QAPIError) -> Entry {
        guard let entry = entry(id) else { throw .init(.generic, "Chardev '\(id)' not found") }
        return entry
    }

    // MARK: Coming and going

    private func add(_ id: String, _ backend: ChardevBackend, _ peer: (any QAPIPeer)?) throws -> ChardevReturn {
        guard entry(id) == nil else { throw QAPIError(.generic, "Chardev with id '\(id)' already exists") }
        return answer(try make(id, try properties(backend, peer)).slot)
    }

    private func change(_ id: String, _ backend: ChardevBackend, _ peer: (any QAPIPeer)?) throws -> ChardevReturn {
        let entry = try known(id)
        guard entry.multiplexer == nil else { throw QAPIError(.generic, "Mux device hotswap not supported yet") }
        let list = try properties(backend, peer)
        let old = entry.slot.inner
        entry.slot.replace(try self.backend(list["backend"] ?? "", id, list, CharacterSetup.general), log: try log(list))
        discard(old)
        return answer(entry.slot)
    }

    private func remove(_ id: String) throws -> QAPIEmpty {
        let entry = try known(id)
        guard !entry.isUsed, entry.multiplexer == nil else { throw QAPIError(.generic, "Chardev '\(id)' is busy") }
        remove(entry)
        return QAPIEmpty()
    }

    /// A terminal's name is what its user has to know.
    private func answer(_ slot: CharacterSlot) -> ChardevReturn {
        let prefix = "pty:"
        return ChardevReturn(pty: slot.filename.hasPrefix(prefix) ? String(slot.filename.dropFirst(prefix.count)) : nil)
    }

    /// The properties that the command line has for the same back end.
    private func properties(_ backend: ChardevBackend, _ peer: (any QAPIPeer)?) throws -> PropertyList {
        switch backend.branch {
        case .file(let file):
            if file.data.in != nil { throw QAPIError.notSupported("a file to read from ('in')") }
            return list("file", [("path", file.data.out)], common: file.data.object)
        case .pipe(let pipe): return list("pipe", [("path", pipe.data.device)], common: pipe.data.object)
        case .socket(let socket): return try properties(socket.data, peer)
        case .pty(let common): return list("pty", [], common: common.data.object)
        case .null(let common): return list("null", [], common: common.data.object)
        case .stdio(let stdio): return list("stdio", [], common: stdio.data.object)
        case .ringbuf(let buffer), .memory(let buffer): return list("ringbuf", [], common: buffer.data.object)
        case .udp(let socket): return try properties(socket.data)
        case .serial(let port): return list("serial", [("path", port.data.device)], common: port.data.object)
        case .vc(let console): return list("vc", [], common: console.data.object)
        }
    }

    private func properties(_ socket: ChardevUdp) throws -> PropertyList {
        func place(_ address: SocketAddressLegacy) throws -> (host: String, port: String) {
            guard case .inet(let inet) = address.branch else { throw QAPIError.notSupported("datagrams to other than an Internet address") }
            return (inet.data.host, inet.data.port)
        }
        let remote = try place(socket.remote)
        var special = [(key: "host", value: remote.host), (key: "port", value: remote.port)]
        if let local = try socket.local.map(place) { special += [("localaddr", local.host), ("localport", local.port)] }
        return list("udp", special, common: socket.object)
    }

    /// Members that have the same name here and there stay as they are.
    private func list(_ kind: String, _ special: [(key: String, value: String)], common: JSONObject) -> PropertyList {
        var rest = common
        for name in ["out", "device", "addr", "remote", "local"] { rest[name] = nil }
        return PropertyList(option: "chardev", [("backend", kind)] + special + PropertyList(option: "chardev", rest).values)
    }

    private func properties(_ socket: ChardevSocket, _ peer: (any QAPIPeer)?) throws -> PropertyList {
        let special: [(key: String, value: String)]
        switch socket.addr.branch {
        case .inet(let address):
            if address.data.to != nil { throw QAPIError.notSupported("a range of ports ('to')") }
            special = [("host", address.data.host), ("port", address.data.port)]
        case .unix(let address):
            if address.data.abstract == true { throw QAPIError.notSupported("an abstract Unix socket") }
            special = [("path", address.data.path)]
        case .fd(let name):
            guard Int32(name.data.str) == nil else {
                special = [("fd", name.data.str)]
                break
            }
            guard let stream = try peer?.descriptors.take(name.data.str).duplicate() else { throw QAPIError.notSupported("a descriptor's name here") }
            special = [("fd", String(stream))]
        }
        // Somebody who waits here would keep the machine waiting.
        var plain = socket
        if plain.server == true { plain.wait = false }
        return list("socket", special, common: plain.object)
    }

    /// All of them or none.
    private func cut(_ instances: [YankInstance]) throws -> QAPIEmpty {
        let slots = try instances.map { instance -> CharacterSlot in
            guard case .chardev(let wanted) = instance.branch, let slot = entry(wanted.id)?.slot, slot.inner is SocketBackend else {
                throw QAPIError(.deviceNotFound, "Instance not found")
            }
            return slot
        }
        for slot in slots { slot.disconnect() }
        return QAPIEmpty()
    }

    // MARK: Bytes

    private func ring(_ id: String) throws(QAPIError) -> RingBuffer {
        guard entry(id) != nil else { throw .init(.generic, "Device '\(id)' not found") }
        guard let ring = ringBuffer(id) else { throw .init(.generic, "\(id) is not a ringbuf device") }
        return ring
    }

    private func read(_ arguments: RingbufReadCommand.Arguments) throws -> String {
        let ring = try ring(arguments.device)
        guard arguments.size > 0 else { throw QAPIError(.generic, "size must be greater than zero") }
        let bytes = ring.take(Int(min(arguments.size, Int64(ring.size))))
        return arguments.format == .base64 ? Base64.encode(bytes) : String(decoding: bytes, as: UTF8.self)
    }

    private func write(_ arguments: RingbufWriteCommand.Arguments) throws -> QAPIEmpty {
        let ring = try ring(arguments.device)
        guard let bytes = arguments.format == .base64 ? Base64.decode(arguments.data) : Array(arguments.data.utf8) else {
            throw QAPIError(.generic, "Base64 data '\(arguments.data)' is not valid")
        }
        ring.send(bytes)
        return QAPIEmpty()
    }

    private func addClient(_ arguments: AddClientCommand.Arguments, _ peer: (any QAPIPeer)?) throws -> QAPIEmpty {
        guard let peer else { throw QAPIError.notSupported("add_client from here") }
        let stream = try peer.descriptors.take(arguments.fdname)
        guard let entry = entry(arguments.protocol) else { throw QAPIError(.generic, "protocol '\(arguments.protocol)' is invalid") }
        guard let server = entry.slot.inner as? SocketBackend, server.add(stream) else {
            throw QAPIError(.generic, "Could not add client to chardev")
        }
        return QAPIEmpty()
    }
}
