import CLibSDL
import Display
import EventLoop
import HostOS
import Input

/// Shows consoles in a window of the desktop's, and takes its keys and pointer: `-display sdl`. With the machine lock held, unless said otherwise.
public final class DesktopWindow {
    /// The keys that make a letter the window's own.
    public enum Modifier: String, Sendable, CaseIterable {
        case usual, leftShiftControlAlt = "lshift-lctrl-lalt", rightControl = "rctrl"

        var name: String {
            switch self {
            case .usual: "Ctrl-Alt"
            case .leftShiftControlAlt: "Left-Shift-Ctrl-Alt"
            case .rightControl: "Right-Ctrl"
            }
        }

        func isHeld(_ bits: UInt32) -> Bool {
            let wanted: [SDL_Keymod] =
                switch self {
                case .usual: [KMOD_CTRL, KMOD_ALT]
                case .leftShiftControlAlt: [KMOD_LSHIFT, KMOD_LCTRL, KMOD_LALT]
                case .rightControl: [KMOD_RCTRL]
                }
            return wanted.allSatisfy { bits & $0.rawValue != 0 }
        }
    }

    public struct Options: Sendable {
        public var title = "QEMU"
        public var isFullScreen = false
        /// The desktop's pointer is seen in any case.
        public var showsCursor = false
        /// Closing the window ends the emulator.
        public var closes = true
        public var modifier = Modifier.usual

        public init() {}
    }

    private let loop: EventLoop
    private let hub: InputHub
    private let consoles: ConsoleList
    private let options: Options
    private let onClose: () -> Void
    private let feed = ConsoleFeed()
    private let mailbox: WindowMailbox
    private let window: WindowThread
    private var mode = WindowThread.Mode()
    private var downKeys: Set<Key> = []
    private lazy var timer = LoopTimer(loop, .realtime) { [unowned self] in update() }
    /// Nanoseconds between looks at the picture.
    private static let interval: Int64 = 33_000_000

    /// Opens the window; `onClose` is called when somebody closes it and that means something.
    public init(_ options: Options, loop: EventLoop, hub: InputHub, consoles: ConsoleList, onClose: @escaping () -> Void) throws {
        (self.options, self.loop, self.hub, self.consoles, self.onClose) = (options, loop, hub, consoles, onClose)
        mailbox = WindowMailbox(loop)
        window = try WindowThread(options, listener: mailbox)
        mailbox.window = self
        feed.onPointer = { [window] in window.setPointer($0) }
        consoles.whenChanged { [weak self] in self?.chooseConsole() }
        chooseConsole()
        update()
    }

    /// Closes it.
    public func end() {
        timer.cancel()
        window.end()
    }

    private func chooseConsole() { if feed.follow(consoles.selected) { letGo() } }

    /// Hands over what has changed, and looks again in a while.
    private func update() {
        timer.arm(at: loop.now(.realtime) + DesktopWindow.interval)
        let now = WindowThread.Mode(isAbsolute: hub.isAbsolute, isText: feed.console?.isText ?? true)
        if now != mode {
            mode = now
            window.setMode(now)
        }
        feed.update(window.isIdle) { window.show($0) }
    }

    // MARK: What somebody does

    private var place: (device: String, head: Int)? { feed.console.map { ($0.device, $0.head) } }

    fileprivate func happened(_ event: WindowEvent) {
        switch event {
        case .key(let key, let isDown, let isControl): take(key, isDown: isDown, isControl: isControl)
        case .text(let text): for scalar in text.unicodeScalars { feed.console?.typed?(.character(scalar)) }
        case .place(let x, let y):
            guard let surface = feed.console?.surface else { return }
            hub.send(PointerTranslation.place(x: x, y: y, width: surface.width, height: surface.height), at: place)
        case .motion(let x, let y): hub.send([.relative(.x, x), .relative(.y, y)], at: place)
        case .button(let button, let isDown): if feed.console?.isText == false { hub.send([.button(button, isDown: isDown)], at: place) }
        case .letsGo: letGo()
        case .choice(let number): consoles.select(number)
        case .size(let width, let height): feed.console?.wish?(width, height)
        case .close: if options.closes { onClose() }
        }
    }

    private func take(_ key: Key, isDown: Bool, isControl: Bool) {
        if let typed = feed.console?.typed {
            if isDown, let typedKey = TypedKey(named: key.name, isControl: isControl) { typed(typedKey) }
            return
        }
        if isDown { downKeys.insert(key) } else { downKeys.remove(key) }
        hub.send([.key(key, isDown: isDown)], at: place)
    }

    private func letGo() {
        hub.send(downKeys.map { .key($0, isDown: false) })
        downKeys = []
    }
}

/// Carries what the window's thread tells to the emulator's.
private final class WindowMailbox: WindowListener, @unchecked Sendable {
    private let loop: EventLoop
    /// Touched on the loop's thread alone.
    weak var window: DesktopWindow?

    init(_ loop: EventLoop) { self.loop = loop }

    func happened(_ event: WindowEvent) { loop.post { [weak self] in self?.window?.happened(event) } }
}
