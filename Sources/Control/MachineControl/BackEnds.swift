import CommandLine
import HostOS
import JSON
import ObjectModel
import QAPI
import TLS

/// The objects of `-object` and `object-add`: memory, randomness, secrets, credentials.
public final class BackEnds {
    private final class Entry {
        let id: String
        let values: PropertyValues
        /// It is a machine's memory, or a part of it. Whoever uses another object holds what it needs of it: its id may be taken away, as libvirt does after a migration.
        var isUsed = false
        var stream: HostStream?
        var secret: [UInt8]?
        var credentials: TLSCredentials?

        init(_ id: String, _ values: PropertyValues) { (self.id, self.values) = (id, values) }
    }

    private let tree: ObjectTree
    private let randomBytes: (Int) -> [UInt8]
    private var entries: [Entry] = []
    /// `-mem-prealloc`: memory that does not say otherwise takes the host's pages at once.
    public var preallocates = false

    /// `randomBytes` is the host's randomness.
    public init(tree: ObjectTree, randomBytes: @escaping (Int) -> [UInt8]) { (self.tree, self.randomBytes) = (tree, randomBytes) }

    // MARK: Coming and going

    /// `-object TYPE,id=ID,…`, or the same in JSON.
    public func define(_ text: String) throws {
        if let object = try parseObject(text, option: "object") { return try add(object) }
        let list = PropertyList(text, option: "object", implied: "qom-type")
        let type = try type(list["qom-type"] ?? "", option: true)
        guard let id = list["id"], !id.isEmpty else { throw CommandLineError.badValue(option: "object", value: text, expected: "TYPE,id=ID,…") }
        var values = PropertyValues(type)
        for (name, value) in list.values where name != "qom-type" && name != "id" { try values.set(name, text: value) }
        try add(id, values)
    }

    /// `object-add`.
    public func add(_ arguments: JSONObject) throws {
        var rest = arguments
        guard let name = rest["qom-type"] else { throw QAPIError.missing("qom-type") }
        let type = try type(try String(json: name, name: "qom-type"), option: false)
        guard let id = rest["id"] else { throw QAPIError.missing("id") }
        rest["qom-type"] = nil
        rest["id"] = nil
        var values = PropertyValues(type)
        for (name, value) in rest.members {
            guard type.property(name) != nil else { throw QAPIError.unexpected(name) }
            do { try values.set(name, value) } catch { throw QAPIError(.generic, error.cause) }
        }
        if let missing = type.properties.first(where: { $0.isRequired && !values.isGiven($0.name) }) { throw QAPIError.missing(missing.name) }
        try add(try String(json: id, name: "id"), values)
    }

    private func type(_ name: String, option: Bool) throws -> ObjectType {
        if let type = BackEndTypes.all.first(where: { $0.name == name && !$0.isAbstract }) { return type }
        if BackEndTypes.unsupported.contains(name) { throw CommandLineError.notSupported("the object '\(name)'") }
        guard option else { throw QAPIError.badValue("qom-type", name) }
        throw CommandLineError.unknownName(option: "object", name: name, accepted: BackEndTypes.all.filter { !$0.isAbstract }.map(\.name))
    }

    private func add(_ id: String, _ values: PropertyValues) throws {
        try values.checkComplete()
        if values.type.parent == "memory-backend" { try BackEnds.check(values) }
        let entry = Entry(id, values)
        entry.credentials = try credentials(of: values)
        switch values.type.name {
        case "rng-random": entry.stream = try HostStream.reading(values.string("filename") ?? "")
        case "secret": entry.secret = try secret(values)
        default: break
        }
        // Nobody reads a secret out again.
        let hidden = ObjectNode.Live("data", "string") { "" }
        guard tree.objects.add(ObjectNode(values, values.type.name == "secret" ? [hidden] : []), as: id) else {
            throw QAPIError(.generic, "attempt to add duplicate property '\(id)' to object (type 'container')")
        }
        entries.append(entry)
    }

    private func secret(_ values: PropertyValues) throws -> [UInt8] {
        let bytes: [UInt8]
        switch (values.string("data"), values.string("file")) {
        case (let text?, nil): bytes = Array(text.utf8)
        case (nil, let path?): bytes = try HostFile.contents(path)
        case (nil, nil): throw QAPIError(.generic, "Must provide 'file' or 'data' property")
        default: throw QAPIError(.generic, "'file' and 'data' properties are mutually exclusive")
        }
        guard values.string("format") == "base64" else { return bytes }
        guard let decoded = Base64.decode(String(decoding: bytes, as: UTF8.self)) else { throw QAPIError(.generic, "the secret is not valid base64") }
        return decoded
    }

    /// The credentials that an object stands for; nil if it is of another kind.
    private func credentials(of values: PropertyValues) throws -> TLSCredentials? {
        switch values.type.name {
        case "tls-creds-anon": return try credentials(.anonymous, values)
        case "tls-creds-psk": return try credentials(.preSharedKey(user: values.string("username") ?? ""), values)
        case "tls-creds-x509":
            let password = try values.string("passwordid").map { String(decoding: try secret($0, option: "object"), as: UTF8.self) }
            return try credentials(.certificates(password: password, checksOwn: values.bool("sanity-check")), values)
        default: return nil
        }
    }

    private func credentials(_ kind: TLSCredentials.Kind, _ values: PropertyValues) throws -> TLSCredentials {
        if values.string("dir") == nil, values.type.name != "tls-creds-anon" { throw QAPIError.missing("dir") }
        return try TLSCredentials(
            kind, values.string("endpoint") == "server" ? .server : .client, folder: values.string("dir"), verifiesPeer: values.bool("verify-peer"),
            priorities: values.string("priority"))
    }

    /// `object-del`.
    public func remove(_ id: String) throws(QAPIError) {
        guard let entry = entries.first(where: { $0.id == id }) else { throw .init(.generic, "object '\(id)' not found") }
        guard !entry.isUsed else { throw .init(.generic, "object '\(id)' is in use, can not be deleted") }
        entries.removeAll { $0 === entry }
        tree.objects.remove(id)
    }

    // MARK: Uses

    private func use(_ id: String, kind: String, option: String) throws(CommandLineError) -> Entry {
        guard let entry = entries.first(where: { $0.id == id && $0.values.type.parent == kind }) else {
            let known = entries.filter { $0.values.type.parent == kind }.map(\.id).joined(separator: ", ")
            throw .badValue(option: option, value: id, expected: "the id of an -object \(kind)" + (known.isEmpty ? "" : ": \(known)"))
        }
        return entry
    }

    /// The source of randomness of an id; the host's if it is nil.
    public func random(_ id: String?) throws(CommandLineError) -> (Int) -> [UInt8] {
        guard let id else { return randomBytes }
        let entry = try use(id, kind: "rng-backend", option: "device")
        guard let stream = entry.stream else { return randomBytes }
        return { stream.read($0) ?? [] }
    }

    /// Size and source of a memory back end, for one machine.
    public func memory(_ id: String, option: String = "machine") throws(CommandLineError) -> (size: UInt64, source: MemorySource) {
        let entry = try use(id, kind: "memory-backend", option: option)
        if entry.isUsed {
            throw .refused(
                option: option, value: id, reason: "memory backend \(id) is used multiple times. It can be one machine's memory, or one node's."
            )
        }
        entry.isUsed = true
        let values = entry.values
        var kind = MemorySource.Kind.anonymous
        if values.type.name == "memory-backend-memfd" { kind = .memoryFile }
        if values.type.name == "memory-backend-file" { kind = .file(path: values.string("mem-path") ?? "") }
        var source = MemorySource(kind, shared: values.bool("share"), preallocated: isPreallocated(values))
        source.isDumped = values.bool("dump")
        (source.policy, source.hostNodes) = (BackEnds.policy(values), BackEnds.hostNodes(values))
        return (values.integer("size") ?? 0, source)
    }

    private func isPreallocated(_ values: PropertyValues) -> Bool { values.isGiven("prealloc") ? values.bool("prealloc") : preallocates }

    private static func policy(_ values: PropertyValues) -> MemorySource.Policy {
        switch values.string("policy") {
        case "preferred": .preferred
        case "bind": .bind
        case "interleave": .interleave
        default: .usual
        }
    }

    private static func hostNodes(_ values: PropertyValues) -> [Int] {
        values["host-nodes"]?.array?.compactMap { number in if case .integer(let value) = number { Int(value) } else { nil } } ?? []
    }

    /// Whether policy and nodes go together.
    private static func check(_ values: PropertyValues) throws(QAPIError) {
        let nodes = hostNodes(values)
        if let wrong = nodes.first(where: { $0 >= MemorySource.hostNodeLimit }) { throw .init(.generic, "Invalid host-nodes value: \(wrong)") }
        switch policy(values) {
        case .usual where !nodes.isEmpty:
            throw .init(.generic, "host-nodes must be empty for policy default, or you should explicitly specify a policy other than default")
        case .usual: break
        default: if nodes.isEmpty { throw .init(.generic, "host-nodes must be set for policy \(values.string("policy") ?? "")") }
        }
    }

    /// The bytes of a secret.
    public func secret(_ id: String, option: String = "vnc") throws(CommandLineError) -> [UInt8] {
        try use(id, kind: "secret_common", option: option).secret ?? []
    }

    /// The credentials of one end of TLS connections.
    public func credentials(_ id: String, _ endpoint: TLSCredentials.Endpoint, option: String) throws(CommandLineError) -> TLSCredentials {
        let found = try use(id, kind: "tls-creds", option: option).credentials
        guard let found, found.endpoint == endpoint else {
            throw .badValue(option: option, value: "tls-creds=\(id)", expected: "credentials with endpoint=\(endpoint.rawValue)")
        }
        return found
    }

    /// Reads the files of a server's credentials again; whoever uses them from now on gets the new ones.
    public func renewCredentials(_ id: String) throws -> TLSCredentials {
        let entry = try use(id, kind: "tls-creds", option: "vnc")
        entry.credentials = try credentials(of: entry.values)
        return try credentials(id, .server, option: "vnc")
    }

    /// Memory back ends, for `query-memdev`.
    var memories: [Memdev] {
        entries.filter { $0.values.type.parent == "memory-backend" }.map { entry in
            Memdev(
                id: entry.id, size: entry.values.integer("size") ?? 0, merge: false, dump: entry.values.bool("dump"),
                prealloc: isPreallocated(entry.values), share: entry.values.bool("share"), reserve: false,
                hostNodes: BackEnds.hostNodes(entry.values).map(UInt16.init),
                policy: HostMemPolicy(rawValue: entry.values.string("policy") ?? "") ?? .default)
        }
    }
}
