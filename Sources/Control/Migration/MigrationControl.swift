import Diagnostics
import EventLoop
import HostOS
import QAPI
import TLS

/// What clients and the command line order about migrations.
public final class MigrationControl {
    private unowned let host: any MigrationHost
    private let loop: EventLoop
    private let settings = MigrationSettings()
    private var outgoing: OutgoingMigration?
    private var incoming: IncomingMigration?
    private var listener: (socket: ListeningSocket, watch: FDWatch)?
    /// What pages come by beside the first connection, and how many of those connections have not come yet.
    private var channels: IncomingChannels?
    private var awaitedChannels = 0
    /// Where a source whose connection breaks comes again.
    private var rendezvous: Rendezvous?
    /// Gives the credentials of an id.
    private let credentials: (String, TLSCredentials.Endpoint) throws -> TLSCredentials
    /// A machine is to come, and nobody has said yet from where.
    private var isDeferred = false
    /// Why the machine cannot leave now; nil if it can.
    private let blocker: () -> String?

    /// - Parameters:
    ///   - credentials: those of an id, for one end of a connection.
    ///   - blocker: why the machine cannot leave now.
    public init(
        _ host: any MigrationHost, loop: EventLoop, credentials: @escaping (String, TLSCredentials.Endpoint) throws -> TLSCredentials,
        blocker: @escaping () -> String? = { nil }
    ) {
        (self.host, self.loop, self.credentials, self.blocker) = (host, loop, credentials, blocker)
    }

    /// Whether memory of the machine is still elsewhere although it runs here.
    public var lacksMemory: Bool { incoming?.lacksMemory ?? false }

    /// Says that memory is being sent, or still comes; nil if neither is so.
    public var memoryOnItsWay: String? {
        if lacksMemory { return "the machine's memory has not all come yet" }
        return isOnItsWay ? "There's a migration process in progress" : nil
    }

    /// The emulator is about to end.
    public func willEnd() { incoming?.willEnd() }

    /// The emulator ends. Without the machine lock.
    public func end() {
        outgoing?.endWithEmulator()
        incoming?.endWithEmulator()
    }

    public func register(in commands: inout CommandTable) {
        commands.on(QueryMigrateCommand.self) { self.information }
        commands.on(QueryMigrateCapabilitiesCommand.self) { self.settings.capabilities }
        commands.on(QueryMigrateParametersCommand.self) { self.settings.parameters }
        commands.on(MigrateSetCapabilitiesCommand.self) { arguments in
            if self.isOnItsWay { throw QAPIError(.generic, "There's a migration process in progress") }
            if arguments.capabilities.contains(where: { $0.capability == .postcopyRam && $0.state }) { try self.checkPostcopy() }
            try self.settings.set(arguments.capabilities)
            return QAPIEmpty()
        }
        commands.on(MigrateSetParametersCommand.self) { arguments in
            try self.settings.set(arguments)
            return QAPIEmpty()
        }
        commands.onPeer(MigrateCommand.self) { arguments, peer in
            try self.migrate(arguments, peer)
            return QAPIEmpty()
        }
        commands.on(MigrateCancelCommand.self) {
            if self.outgoing?.isInPostcopy == true { throw QAPIError(.generic, "it is too late: the guest runs at the other side, or is about to") }
            self.outgoing?.cancel()
            return QAPIEmpty()
        }
        registerPostcopy(in: &commands)
        commands.on(MigrateContinueCommand.self) { arguments in
            guard self.outgoing?.goOn(from: arguments.state) == true else {
                let state = (self.information.status ?? .none).rawValue
                throw QAPIError(.generic, "Migration not in expected state: '\(state)', expecting '\(arguments.state.rawValue)'")
            }
            return QAPIEmpty()
        }
        commands.onPeer(MigrateIncomingCommand.self) { arguments, peer in
            guard self.isDeferred else { throw QAPIError(.generic, "'-incoming' was not specified on the command line, or not as 'defer'") }
            try self.beginIncoming(arguments.uri, peer)
            return QAPIEmpty()
        }
    }

    private func registerPostcopy(in commands: inout CommandTable) {
        commands.on(MigrateStartPostcopyCommand.self) {
            guard self.settings.has(.postcopyRam) else {
                throw QAPIError(.generic, "Enable postcopy with migrate_set_capability before the start of migration")
            }
            guard self.outgoing?.startPostcopy() == true else { throw QAPIError(.generic, "there is no migration whose memory is being sent") }
            return QAPIEmpty()
        }
        commands.on(MigratePauseCommand.self) {
            guard self.outgoing?.pause() ?? self.incoming?.pause() ?? false else {
                throw QAPIError(.generic, "migrate-pause is for migrations that are postcopy-active")
            }
            return QAPIEmpty()
        }
        commands.on(MigrateRecoverCommand.self) { arguments in
            guard case .socket(let place) = try MigrationAddress(arguments.uri) else {
                throw QAPIError.notSupported("recovering by another way than tcp: and unix:")
            }
            guard self.incoming?.recover(at: try self.rendezvous(place)) == true else {
                throw QAPIError(.generic, "migrate-recover is for machines that come and are postcopy-paused")
            }
            return QAPIEmpty()
        }
    }

    /// Where memory is to come later, the host must let it.
    private func checkPostcopy() throws {
        guard host.runState == .inmigrate else { return }
        do { try PostcopyTarget.check(host.machine.memory.ramBlocks) } catch {
            throw QAPIError(.generic, "Postcopy is not supported: \(error)")
        }
    }

    private func rendezvous(_ place: SocketAddress) throws -> Rendezvous {
        guard let id = settings.credentials else { return Rendezvous(place, nil) }
        let credentials = try credentials(id, .server)
        return Rendezvous(place) { (stream) throws(MigrationError) in try tunnel(stream, credentials, nil, while: { true }) }
    }

    private var information: MigrationInfo {
        var info = outgoing?.information ?? incoming?.information ?? MigrationInfo()
        if let reason = blocker() { info.blockedReasons = [reason] }
        return info
    }

    private var isOnItsWay: Bool { outgoing?.isOver == false }

    /// Calls back, with the machine lock held, when the machine has left or stays.
    public func whenOver(_ body: @escaping () -> Void) {
        if let outgoing { outgoing.whenOver(body) } else { body() }
    }

    // MARK: Out

    private func migrate(_ arguments: MigrateCommand.Arguments, _ peer: (any QAPIPeer)?) throws {
        if arguments.blk == true || arguments.inc == true {
            throw QAPIError(.generic, "migrating disks is not supported: let both sides see the same images")
        }
        if arguments.resume == true { return try resume(try MigrationAddress(arguments.uri), peer) }
        guard !isOnItsWay else { throw QAPIError(.generic, "There's a migration process in progress") }
        guard host.hasMachine else { throw QAPIError(.generic, "there is no machine yet") }
        switch host.runState {
        case .inmigrate: throw QAPIError(.generic, "Guest is waiting for an incoming migration")
        case .postmigrate: throw QAPIError(.generic, "Can't migrate the vm that was paused due to previous migration")
        default: break
        }
        if lacksMemory { throw QAPIError(.generic, "the machine's memory has not all come yet") }
        if let reason = blocker() { throw QAPIError(.generic, reason) }
        let migration = OutgoingMigration(host, settings, to: try destination(try MigrationAddress(arguments.uri), peer))
        try migration.start()
        outgoing = migration
    }

    private func resume(_ address: MigrationAddress, _ peer: (any QAPIPeer)?) throws {
        guard address.isConnection else { throw QAPIError.notSupported("resuming by another way than tcp:, unix: and fd:") }
        guard outgoing?.resume(by: try way(to: address, peer)) == true else {
            throw QAPIError(.generic, "there is no migration that is postcopy-paused")
        }
    }

    private func destination(_ address: MigrationAddress, _ peer: (any QAPIPeer)?) throws -> OutgoingMigration.Destination {
        let (usesChannels, isMapped) = (settings.has(.multifd), settings.has(.mappedRam))
        if usesChannels, isMapped, settings.packing != nil { throw QAPIError.notSupported("multifd-compression together with mapped-ram") }
        if settings.has(.postcopyRam) {
            guard address.isConnection else { throw QAPIError(.generic, "the capability postcopy-ram is for \(MigrationAddress.connections)") }
        }
        switch address {
        case .file(let path) where isMapped: return .file(path, channels: usesChannels ? settings.channels : nil)
        case _ where isMapped: throw QAPIError(.generic, "the capability mapped-ram is for file:PATH")
        case .socket where usesChannels: return .channels(try way(to: address, peer))
        case _ where usesChannels: throw QAPIError(.generic, "the capability multifd is for tcp:HOST:PORT and unix:PATH")
        default: return .stream(try way(to: address, peer))
        }
    }

    private func way(to address: MigrationAddress, _ peer: (any QAPIPeer)?) throws -> OutgoingMigration.Way {
        func host<Result>(_ body: () throws(HostError) -> Result) throws(MigrationError) -> Result {
            do { return try body() } catch { throw .host(error) }
        }
        let secure = try security(to: address)
        switch address {
        case .socket(let place):
            return { (isWanted) throws(MigrationError) in
                let stream = try host { () throws(HostError) in try HostStream.connected(to: place, while: isWanted) }
                return MigrationPipe(try secure?(stream, isWanted) ?? stream, isTwoWay: true)
            }
        case .command(let text):
            return { (_) throws(MigrationError) in
                MigrationPipe(try host { () throws(HostError) in try ShellCommand(text, writingToIt: true) })
            }
        case .file(let path):
            return { (_) throws(MigrationError) in
                MigrationPipe(try host { () throws(HostError) in try HostStream.creating(path) }, isTwoWay: false)
            }
        case .descriptor(let name):
            let stream = try descriptor(name, peer)
            guard secure == nil || stream.isSocket else {
                throw QAPIError(.generic, "the parameter tls-creds is for sockets, unlike the descriptor '\(name)'")
            }
            guard stream.isSocket || !settings.has(.postcopyRam) else {
                throw QAPIError(.generic, "the capability postcopy-ram is for sockets, unlike the descriptor '\(name)'")
            }
            // Whatever is behind a descriptor need not answer, unless the client says so.
            let isTwoWay = stream.isSocket && (settings.has(.returnPath) || settings.has(.postcopyRam))
            return { (isWanted) throws(MigrationError) in MigrationPipe(try secure?(stream, isWanted) ?? stream, isTwoWay: isTwoWay) }
        }
    }

    /// What makes a connection to the other side secret; nil without the parameter tls-creds.
    private func security(to address: MigrationAddress) throws -> ((HostStream, () -> Bool) throws(MigrationError) -> HostStream)? {
        guard let id = settings.credentials else { return nil }
        var name = settings.hostName
        switch address {
        case .socket(.tcp(let host, _)): name = name ?? host
        case .socket, .descriptor: break
        case .command, .file: throw QAPIError(.generic, "the parameter tls-creds is for \(MigrationAddress.connections)")
        }
        guard let name else { throw QAPIError(.generic, "the parameter tls-hostname has to say whom a Unix socket or a descriptor leads to") }
        let credentials = try credentials(id, .client)
        return { (stream, isWanted) throws(MigrationError) in try tunnel(stream, credentials, name, while: isWanted) }
    }

    private func descriptor(_ name: String, _ peer: (any QAPIPeer)?) throws -> HostStream {
        if let number = Int32(name) {
            guard number > 2, let stream = HostStream.inherited(number) else { throw QAPIError(.generic, "there is no open descriptor \(number)") }
            return stream
        }
        guard let peer else { throw QAPIError(.generic, "File descriptor named '\(name)' has not been found") }
        return try peer.descriptors.take(name)
    }

    // MARK: In

    /// `-incoming`: waits for a machine at an address, or for `migrate-incoming` to say where.
    public func expect(_ text: String) throws {
        if text == "defer" { isDeferred = true } else { try beginIncoming(text, nil) }
    }

    private func beginIncoming(_ text: String, _ peer: (any QAPIPeer)?) throws {
        switch try MigrationAddress(text) {
        case .socket(let place): try listen(at: place)
        case .command(let text): try begin(MigrationPipe(try ShellCommand(text, writingToIt: false)))
        case .file(let path) where MappedMachine.isOne(path): try begin(.mapped(try MappedMachine(path)))
        case .file(let path): try begin(MigrationPipe(try HostStream.reading(path), isTwoWay: false))
        case .descriptor(let name):
            let stream = try descriptor(name, peer)
            let secured = try secured(stream) { [weak self] in self?.begin($0) }
            if !secured { try begin(MigrationPipe(stream, isTwoWay: stream.isSocket)) }
        }
        isDeferred = false
    }

    /// Waits for the connection by which the machine comes, and for its further channels.
    private func listen(at place: SocketAddress) throws {
        let socket = try ListeningSocket(place)
        let watch = loop.watch(socket.descriptor, readable: { [unowned self] in connect() })
        listener = (socket, watch)
        rendezvous = try rendezvous(place)
    }

    private func connect() {
        guard let stream = listener?.socket.accept() else { return }
        do {
            // One after the other, so that they come in the order in which the source has made them.
            if try secured(stream, { [weak self] in self?.take($0) }) { listener?.watch.cancel() } else { take(stream) }
        } catch { host.failIncoming("\(error)") }
    }

    /// Agrees with the source on keys, aside, and says how that went; false, and nothing is done, without the parameter tls-creds.
    private func secured(_ stream: HostStream, _ done: @escaping (Result<HostStream, any Error>) -> Void) throws -> Bool {
        guard let id = settings.credentials else { return false }
        guard stream.isSocket else { throw QAPIError(.generic, "the parameter tls-creds is for \(MigrationAddress.connections)") }
        let credentials = try credentials(id, .server)
        let isUnderWay = loop.doAside("tls-accept", { Result { try tunnel(stream, credentials, nil, while: { true }) } }, then: done)
        if !isUnderWay { throw QAPIError(.generic, "a thread for the TLS handshake cannot be started") }
        return true
    }

    /// The only connection there will be.
    private func begin(_ result: Result<HostStream, any Error>) {
        do { try begin(MigrationPipe(try result.get(), isTwoWay: true)) } catch { host.failIncoming("\(error)") }
    }

    private func take(_ result: Result<HostStream, any Error>) {
        watch()
        switch result {
        case .success(let stream): take(stream)
        // It was somebody else: the machine is still to come.
        case .failure(let error): warn("a connection for the machine that is to come is turned away: \(error)")
        }
    }

    private func watch() {
        guard let socket = listener?.socket else { return }
        listener = (socket, loop.watch(socket.descriptor, readable: { [unowned self] in connect() }))
    }

    private func take(_ stream: HostStream) {
        let pipe = MigrationPipe(stream, isTwoWay: true)
        do {
            if let channels {
                try channels.add(pipe)
                awaitedChannels -= 1
            } else {
                let count = settings.has(.multifd) ? settings.channels : 0
                if count > 0 { channels = IncomingChannels(count) { pipe.cancel() } }
                awaitedChannels = count
                try begin(pipe)
            }
        } catch { host.failIncoming("\(error)") }
        guard awaitedChannels == 0 else { return }
        listener?.watch.cancel()
        listener = nil
    }

    private func begin(_ pipe: MigrationPipe) throws { try begin(.stream(pipe, channels, rendezvous)) }

    private func begin(_ source: IncomingMigration.Source) throws {
        let migration = IncomingMigration(host, settings, source)
        try migration.start()
        incoming = migration
    }
}

private func tunnel(
    _ stream: HostStream, _ credentials: TLSCredentials, _ name: String?, while isWanted: () -> Bool
) throws(MigrationError) -> HostStream {
    do { return try TLSTunnel.open(stream, credentials, hostName: name, while: isWanted) } catch { throw .tls(error) }
}
