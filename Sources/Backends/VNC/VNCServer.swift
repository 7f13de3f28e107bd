import Diagnostics
import Display
import EventLoop
import HostOS
import Input

/// Shows a console to viewers elsewhere (RFC 6143), and lets them use keyboard and pointer. With the machine lock held, unless said otherwise.
///
/// Pictures are handed to `VNCScreen`, and only when it has taken the one before: what changes meanwhile is gathered. So nobody waits for a viewer.
public final class VNCServer {
    public enum Sharing: Sendable { case allowExclusive, forceShared, ignore }

    public struct Options {
        public var name = ""
        public var asksPassword = false
        public var sharing = Sharing.allowExclusive
        public var mostViewers = 32
        /// Viewers have to agree on TLS first.
        public var encryption: VeNCrypt?

        public init() {}
    }

    /// Somebody who looks on, and from where; a place without a name is a Unix socket's.
    public struct Viewer {
        public let id: Int
        public let peer: SocketAddress
        public let isWebSocket: Bool
        public fileprivate(set) var isReady = false
        fileprivate var pointer = PointerTranslation()
    }

    public enum Event { case connected, initialized, disconnected }

    public private(set) var viewers: [Viewer] = []
    public var onEvent: (Event, Viewer) -> Void = { _, _ in }
    /// Somebody wants to see the console of a number, from 0 on; nil if it is not his to choose.
    public var onChoice: ((Int) -> Void)?
    public private(set) var options: Options
    private let loop: EventLoop
    private let hub: InputHub
    private let mailbox: Mailbox
    private let screen: VNCScreen
    private let feed = ConsoleFeed()
    private lazy var timer = LoopTimer(loop, .realtime) { [unowned self] in update() }
    private var nextID = 1
    /// Viewers that are being secured, or have not asked for their WebSocket yet.
    private var expected = 0
    private var downKeys: Set<Key> = []
    /// Control and Alt, as far as they are down, whoever gets the keys.
    private var modifiers: Set<String> = []
    private var password: String?
    /// When the password ends, in seconds since 1970.
    private var passwordEnd: Int64?

    /// Nanoseconds between looks at the picture while somebody looks on.
    private static let interval: Int64 = 33_000_000
    /// Milliseconds that a WebSocket may take to be asked for.
    private static let webSocketPatience: Int32 = 10_000

    public init(_ options: Options, loop: EventLoop, hub: InputHub) throws(HostError) {
        (self.options, self.loop, self.hub) = (options, loop, hub)
        mailbox = Mailbox(loop)
        screen = try VNCScreen(
            name: options.name, listener: mailbox, asksPassword: options.asksPassword, isShared: options.sharing == .ignore,
            refusesExclusive: options.sharing == .forceShared)
        mailbox.server = self
        feed.onPointer = { [screen] in screen.setPointer($0) }
    }

    private var console: DisplayConsole? { feed.console }

    /// Chooses what is shown.
    public func show(_ console: DisplayConsole?) {
        guard feed.follow(console) else { return }
        mailbox.setTakesWishes(console?.wish != nil)
        // The guest has seen keys go down that it will not see come up.
        releaseKeys()
    }

    public var shownConsole: DisplayConsole? { console }

    // MARK: Passwords

    /// Lets viewers in who know a password; with none, nobody. One that ends does so at a time in seconds since 1970.
    public func setPassword(_ text: String) {
        password = text
        publishPassword()
    }

    public func endPassword(at time: Int64?) {
        passwordEnd = time
        publishPassword()
    }

    private func publishPassword() { mailbox.setPassword(password?.isEmpty == false ? password : nil, end: passwordEnd) }

    // MARK: Viewers

    /// Those who come from now on are secured by this.
    public func renewEncryption(_ encryption: VeNCrypt) { options.encryption = encryption }

    /// Takes a connection.
    public func accept(_ stream: HostStream, isWebSocket: Bool) {
        let peer = stream.peer ?? .unix(path: "")
        guard options.encryption != nil || isWebSocket else { return admit(stream, peer, isWebSocket) }
        let encryption = options.encryption
        guard viewers.count + expected < options.mostViewers else { return turnAway("\(options.mostViewers) are there") }
        let isUnderWay = loop.doAside(
            "vnc-accept", { Result { try VNCServer.prepare(stream, encryption, isWebSocket) } },
            then: { [weak self] result in
                guard let self else { return }
                expected -= 1
                switch result {
                case .success(let plain): admit(plain, peer, isWebSocket)
                case .failure(let error): warn("-vnc: \(peer): \(error)")
                }
            })
        if isUnderWay { expected += 1 }
    }

    /// The library takes a viewer that says nothing for a moment for one without a WebSocket: who has one is let in when it has spoken.
    private static func prepare(_ stream: HostStream, _ encryption: VeNCrypt?, _ isWebSocket: Bool) throws -> HostStream {
        guard isWebSocket else { return try encryption?.secure(stream) ?? stream }
        let plain = try encryption?.secureWebSocket(stream) ?? stream
        _ = plain.wait(writable: false, milliseconds: webSocketPatience)
        return plain
    }

    private func admit(_ stream: HostStream, _ peer: SocketAddress, _ isWebSocket: Bool) {
        guard viewers.count < options.mostViewers else { return turnAway("\(options.mostViewers) are there") }
        guard let descriptor = stream.duplicate() else { return turnAway("no descriptor is left") }
        let viewer = Viewer(id: nextID, peer: peer, isWebSocket: isWebSocket)
        nextID += 1
        viewers.append(viewer)
        onEvent(.connected, viewer)
        feed.showAll()
        update()
        screen.accept(descriptor, id: viewer.id)
    }

    private func turnAway(_ reason: String) { warn("-vnc: a viewer is turned away; \(reason)") }

    fileprivate func viewerIsReady(_ id: Int) {
        guard let index = viewers.firstIndex(where: { $0.id == id }) else { return }
        viewers[index].isReady = true
        onEvent(.initialized, viewers[index])
    }

    fileprivate func viewerHasGone(_ id: Int) {
        guard let index = viewers.firstIndex(where: { $0.id == id }) else { return }
        onEvent(.disconnected, viewers.remove(at: index))
        guard viewers.isEmpty else { return }
        timer.cancel()
        // Nobody is there any more who would let go of keys.
        releaseKeys()
        modifiers = []
    }

    private func releaseKeys() {
        hub.send(downKeys.map { .key($0, isDown: false) })
        downKeys = []
    }

    fileprivate func key(_ symbol: UInt32, isDown: Bool) {
        let key = KeySymbols.key(symbol)
        if let key { note(key, isDown) }
        if isDown, let key, isChoice(key) { return }
        if let typed = console?.typed {
            if isDown, let key = TypedKey(symbol: symbol, isControl: hasControl) { typed(key) }
            return
        }
        guard let key else { return }
        if isDown { downKeys.insert(key) } else { downKeys.remove(key) }
        hub.send([.key(key, isDown: isDown)], at: place)
    }

    private func note(_ key: Key, _ isDown: Bool) {
        guard ["ctrl", "ctrl_r", "alt", "alt_r"].contains(key.name) else { return }
        if isDown { modifiers.insert(key.name) } else { modifiers.remove(key.name) }
    }

    private var hasControl: Bool { !modifiers.isDisjoint(with: ["ctrl", "ctrl_r"]) }

    /// Ctrl-Alt and a digit choose a console.
    private func isChoice(_ key: Key) -> Bool {
        guard let onChoice, hasControl, modifiers.contains("alt"), let digit = Int(key.name), digit > 0 else { return false }
        onChoice(digit - 1)
        return true
    }

    fileprivate func pointer(_ id: Int, x: Int, y: Int, buttons: Int) {
        guard let index = viewers.firstIndex(where: { $0.id == id }), let console, !console.isText else { return }
        let surface = console.surface
        hub.send(
            viewers[index].pointer.events(
                x: x, y: y, buttons: buttons, width: surface.width, height: surface.height, isAbsolute: hub.isAbsolute), at: place)
    }

    fileprivate func sizeIsWished(width: Int, height: Int) { console?.wish?(width, height) }

    private var place: (device: String, head: Int)? { console.map { ($0.device, $0.head) } }

    // MARK: Pictures

    /// Hands over what has changed, and looks again in a while.
    private func update() {
        timer.arm(at: loop.now(.realtime) + VNCServer.interval)
        feed.update(screen.isIdle) { screen.show($0) }
    }
}

/// Carries what the library's threads tell to the emulator's.
private final class Mailbox: VNCListener, @unchecked Sendable {
    private let loop: EventLoop
    /// Touched on the loop's thread alone.
    weak var server: VNCServer?
    private let mutex = Mutex()
    private var secret: String?
    private var secretEnd: Int64?
    private var takesWishes = false

    init(_ loop: EventLoop) { self.loop = loop }

    private func post(_ work: @escaping (VNCServer) -> Void) { loop.post { [weak self] in if let server = self?.server { work(server) } } }

    func viewerIsReady(_ id: Int) { post { $0.viewerIsReady(id) } }
    func viewerHasGone(_ id: Int) { post { $0.viewerHasGone(id) } }
    func key(_ symbol: UInt32, isDown: Bool) { post { $0.key(symbol, isDown: isDown) } }
    func pointer(_ id: Int, x: Int, y: Int, buttons: Int) { post { $0.pointer(id, x: x, y: y, buttons: buttons) } }

    func sizeIsWished(width: Int, height: Int) -> Bool {
        guard mutex.withLock({ takesWishes }) else { return false }
        post { $0.sizeIsWished(width: width, height: height) }
        return true
    }

    func setTakesWishes(_ takes: Bool) { mutex.withLock { takesWishes = takes } }

    func setPassword(_ text: String?, end: Int64?) { mutex.withLock { (secret, secretEnd) = (text, end) } }

    var password: String? {
        mutex.withLock {
            if let secretEnd, wallClockNanoseconds() / 1_000_000_000 >= secretEnd { return nil }
            return secret
        }
    }
}
