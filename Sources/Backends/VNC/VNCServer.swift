import Diagnostics
import Display
import EventLoop
import HostOS
import Input

/// Shows a console to viewers elsewhere (RFC 6143), and lets them use keyboard and pointer. With the machine lock held, unless said otherwise.
///
/// Pictures are handed to `VNCScreen`, and only when it has taken the one before: what changes meanwhile is gathered. So nobody waits for a viewer.
public final class VNCServer: ConsoleViewer {
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
    public let options: Options
    private let loop: EventLoop
    private let hub: InputHub
    private let mailbox: Mailbox
    private let screen: VNCScreen
    private var console: DisplayConsole?
    private lazy var timer = LoopTimer(loop, .realtime) { [unowned self] in update() }
    /// What has changed and has not been handed over.
    private var dirty = PixelRect(width: 0, height: 0)
    private var nextID = 1
    /// Viewers that are being secured.
    private var expected = 0
    private var downKeys: Set<Key> = []
    private var password: String?
    /// When the password ends, in seconds since 1970.
    private var passwordEnd: Int64?

    /// Nanoseconds between looks at the picture while somebody looks on.
    private static let interval: Int64 = 33_000_000

    public init(_ options: Options, loop: EventLoop, hub: InputHub) throws(HostError) {
        (self.options, self.loop, self.hub) = (options, loop, hub)
        mailbox = Mailbox(loop)
        screen = try VNCScreen(
            name: options.name, listener: mailbox, asksPassword: options.asksPassword, isShared: options.sharing == .ignore,
            refusesExclusive: options.sharing == .forceShared)
        mailbox.server = self
    }

    /// Chooses what is shown.
    public func show(_ console: DisplayConsole?) {
        guard console !== self.console else { return }
        self.console = console
        console?.add(self)
        mailbox.setTakesWishes(console?.wish != nil)
        dirty = console?.surface.bounds ?? dirty
        if let console { pointerChanged(console) }
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

    /// Takes a connection.
    public func accept(_ stream: HostStream, isWebSocket: Bool) {
        let peer = stream.peer ?? .unix(path: "")
        guard let encryption = options.encryption else { return admit(stream, peer, isWebSocket) }
        guard viewers.count + expected < options.mostViewers else { return turnAway("\(options.mostViewers) are there") }
        let isUnderWay = loop.doAside(
            "vnc-tls", { Result { try encryption.secure(stream) } },
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

    private func admit(_ stream: HostStream, _ peer: SocketAddress, _ isWebSocket: Bool) {
        guard viewers.count < options.mostViewers else { return turnAway("\(options.mostViewers) are there") }
        guard let descriptor = stream.duplicate() else { return turnAway("no descriptor is left") }
        let viewer = Viewer(id: nextID, peer: peer, isWebSocket: isWebSocket)
        nextID += 1
        viewers.append(viewer)
        onEvent(.connected, viewer)
        dirty = console?.surface.bounds ?? dirty
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
        hub.send(downKeys.map { .key($0, isDown: false) })
        downKeys = []
    }

    fileprivate func key(_ symbol: UInt32, isDown: Bool) {
        guard let key = KeySymbols.key(symbol) else { return }
        if isDown { downKeys.insert(key) } else { downKeys.remove(key) }
        hub.send([.key(key, isDown: isDown)], at: place)
    }

    fileprivate func pointer(_ id: Int, x: Int, y: Int, buttons: Int) {
        guard let index = viewers.firstIndex(where: { $0.id == id }), let surface = console?.surface else { return }
        hub.send(
            viewers[index].pointer.events(
                x: x, y: y, buttons: buttons, width: surface.width, height: surface.height, isAbsolute: hub.isAbsolute), at: place)
    }

    fileprivate func sizeIsWished(width: Int, height: Int) { console?.wish?(width, height) }

    private var place: (device: String, head: Int)? { console.map { ($0.device, $0.head) } }

    // MARK: Pictures

    public func resized(_ console: DisplayConsole) { if console === self.console { dirty = console.surface.bounds } }
    public func changed(_ console: DisplayConsole, _ rect: PixelRect) { if console === self.console { dirty = dirty.union(rect) } }
    public func pointerChanged(_ console: DisplayConsole) { if console === self.console { screen.setPointer(console.pointer) } }

    /// Hands over what has changed, and looks again in a while.
    private func update() {
        timer.arm(at: loop.now(.realtime) + VNCServer.interval)
        guard let console else { return }
        console.refresh()
        let surface = console.surface
        let rect = dirty.intersection(surface.bounds)
        guard !rect.isEmpty, screen.isIdle else { return }
        let rows = rect.y * surface.width..<(rect.y + rect.height) * surface.width
        let change = VNCScreen.Change(
            width: surface.width, height: surface.height, firstRow: rect.y, pixels: Array(surface.pixels[rows]), rect: rect)
        if screen.show(change) { dirty = PixelRect(width: 0, height: 0) }
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
