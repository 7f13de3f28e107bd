import CLibSDL
import Diagnostics
import Display
import Glibc
import HostOS
import Input

/// The window, and the thread that alone calls SDL, as the library wants it. Whoever gives it pictures never waits for the desktop.
final class WindowThread: @unchecked Sendable {
    /// What the window has to know of the machine.
    struct Mode: Equatable, Sendable {
        /// The guest is told of places, not of ways.
        var isAbsolute = false
        var isText = false
    }

    private let sdl: apus_sdl
    private let options: DesktopWindow.Options
    private unowned let listener: any WindowListener
    private let mutex = Mutex()
    private let condition = ConditionVariable()
    private var change: PictureChange?
    private var newMode: Mode?
    private var newPointer: PointerImage??
    /// What came of the beginning; nil until it is over.
    private var beginning: Result<Void, WindowError>?
    private var ends = false
    private var thread: HostThread?

    // Of the thread alone.
    private var window: OpaquePointer?
    private var renderer: OpaquePointer?
    private var texture: OpaquePointer?
    private var size = (width: 0, height: 0)
    private var mode = Mode()
    private var isGrabbed = false
    private var isFullScreen = false
    private var cursor: OpaquePointer?
    private static let longestSleep: Int32 = 100

    /// Opens the window; waits until it is there, or cannot be.
    init(_ options: DesktopWindow.Options, listener: any WindowListener) throws {
        (self.options, self.listener) = (options, listener)
        var table = apus_sdl()
        if let reason = apus_sdl_load(&table) { throw WindowError.noLibrary(String(cString: reason)) }
        sdl = table
        thread = try HostThread(name: "sdl") { [self] in run() }
        mutex.lock()
        while beginning == nil { condition.wait(mutex) }
        let result = beginning
        mutex.unlock()
        try result?.get()
    }

    // MARK: Orders, from the emulator's thread

    var isIdle: Bool { mutex.withLock { change == nil } }

    /// Hands a change over; false if the one before has not been drawn yet.
    func show(_ new: PictureChange) -> Bool {
        let isTaken = mutex.withLock {
            guard change == nil else { return false }
            change = new
            return true
        }
        if isTaken { wake() }
        return isTaken
    }

    func setMode(_ mode: Mode) { order { newMode = mode } }
    func setPointer(_ image: PointerImage?) { order { newPointer = .some(image) } }

    /// Closes the window and waits until it is gone.
    func end() {
        order { ends = true }
        thread?.join()
    }

    private func order(_ change: () -> Void) {
        mutex.withLock(change)
        wake()
    }

    private func wake() {
        var event = SDL_Event()
        event.type = SDL_USEREVENT.rawValue
        _ = sdl.PushEvent(&event)
    }

    // MARK: The thread

    private func run() {
        do {
            try open()
            conclude(.success(()))
        } catch { return conclude(.failure(error)) }
        while obey() {
            var event = SDL_Event()
            guard sdl.WaitEventTimeout(&event, WindowThread.longestSleep) != 0 else { continue }
            repeat { take(event) } while sdl.PollEvent(&event) != 0
        }
        if let texture { sdl.DestroyTexture(texture) }
        sdl.DestroyRenderer(renderer)
        sdl.DestroyWindow(window)
        sdl.Quit()
    }

    private func conclude(_ result: Result<Void, WindowError>) {
        mutex.withLock {
            beginning = result
            condition.signal()
        }
    }

    private func failure(_ action: String) -> WindowError { .failed(action, sdl.GetError().map { String(cString: $0) } ?? "") }

    private func open() throws(WindowError) {
        // The emulator ends by its own signals, and does not keep the screen from going dark.
        for (name, value) in [
            ("SDL_NO_SIGNAL_HANDLERS", "1"), ("SDL_VIDEO_ALLOW_SCREENSAVER", "1"), ("SDL_VIDEO_X11_NET_WM_BYPASS_COMPOSITOR", "0"),
            ("SDL_RENDER_SCALE_QUALITY", "linear"),
        ] { _ = sdl.SetHint(name, value) }
        guard sdl.Init(SDL_INIT_VIDEO) == 0 else { throw failure("use the desktop") }
        let place = Int32(bitPattern: SDL_WINDOWPOS_UNDEFINED_MASK)
        let idle = DisplayConsole.idleSize
        window = sdl.CreateWindow(options.title, place, place, Int32(idle.width), Int32(idle.height), SDL_WINDOW_RESIZABLE.rawValue)
        guard window != nil else { throw failure("open a window") }
        // -1: the first that there is; by the processor if it must be.
        renderer = sdl.CreateRenderer(window, -1, 0)
        guard renderer != nil else { throw failure("draw in its window") }
        try resize(idle.width, idle.height)
        sdl.StartTextInput()
        updateCursor()
        if options.isFullScreen { setFullScreen(true) }
    }

    /// Does what has been ordered; false if that is the end.
    private func obey() -> Bool {
        mutex.lock()
        let (next, mode, pointer, ends) = (change, newMode, newPointer, ends)
        (newMode, newPointer) = (nil, nil)
        mutex.unlock()
        if let mode, mode != self.mode {
            self.mode = mode
            if mode.isText || mode.isAbsolute { setGrab(false) }
            updateCursor()
        }
        if let pointer { setShape(pointer) }
        if let next {
            draw(next)
            mutex.withLock { change = nil }
        }
        return !ends
    }

    // MARK: Pictures

    private func resize(_ width: Int, _ height: Int) throws(WindowError) {
        if let texture { sdl.DestroyTexture(texture) }
        texture = sdl.CreateTexture(
            renderer, SDL_PIXELFORMAT_XRGB8888.rawValue, Int32(SDL_TEXTUREACCESS_STREAMING.rawValue), Int32(width), Int32(height))
        guard texture != nil else { throw failure("make a picture of \(width)×\(height)") }
        size = (width, height)
        _ = sdl.RenderSetLogicalSize(renderer, Int32(width), Int32(height))
        if !isFullScreen { sdl.SetWindowSize(window, Int32(width), Int32(height)) }
    }

    private func draw(_ change: PictureChange) {
        if texture == nil || change.width != size.width || change.height != size.height {
            do { try resize(change.width, change.height) } catch { return warnOnce(error) }
        }
        var rows = SDL_Rect(x: 0, y: Int32(change.firstRow), w: Int32(change.width), h: Int32(change.pixels.count / change.width))
        precondition(change.firstRow + Int(rows.h) <= size.height, "the rows lie in the picture")
        _ = change.pixels.withUnsafeBytes { sdl.UpdateTexture(texture, &rows, $0.baseAddress, Int32(4 * change.width)) }
        present()
    }

    private var hasWarned = false

    private func warnOnce(_ error: WindowError) {
        if !hasWarned { warn(error.description) }
        hasWarned = true
    }

    private func present() {
        _ = sdl.SetRenderDrawColor(renderer, 0, 0, 0, 255)
        _ = sdl.RenderClear(renderer)
        _ = sdl.RenderCopy(renderer, texture, nil, nil)
        sdl.RenderPresent(renderer)
    }

    /// The guest's pointer becomes the desktop's, over the window.
    private func setShape(_ image: PointerImage?) {
        let old = cursor
        cursor = image.flatMap(makeCursor)
        updateCursor()
        if let old { sdl.FreeCursor(old) }
    }

    private func makeCursor(_ image: PointerImage) -> OpaquePointer? {
        var pixels = image.pixels
        return pixels.withUnsafeMutableBytes { bytes in
            let surface = sdl.CreateRGBSurfaceFrom(
                bytes.baseAddress, Int32(image.width), Int32(image.height), 32, Int32(4 * image.width), 0xff0000, 0xff00, 0xff, 0xff00_0000)
            defer { sdl.FreeSurface(surface) }
            return sdl.CreateColorCursor(surface, Int32(image.hotX), Int32(image.hotY))
        }
    }

    /// The desktop's own pointer is seen where the guest draws none, as far as that is known.
    private func updateCursor() {
        let showsOwn = options.showsCursor || mode.isText || !mode.isAbsolute && !isGrabbed
        sdl.SetCursor(cursor ?? sdl.GetDefaultCursor())
        _ = sdl.ShowCursor(cursor != nil && !mode.isText || showsOwn ? SDL_ENABLE : SDL_DISABLE)
    }

    // MARK: Grabbing, and the whole screen

    private func setGrab(_ isOn: Bool) {
        guard isOn != isGrabbed else { return }
        isGrabbed = isOn
        sdl.SetWindowGrab(window, isOn ? SDL_TRUE : SDL_FALSE)
        _ = sdl.SetRelativeMouseMode(isOn && !mode.isAbsolute ? SDL_TRUE : SDL_FALSE)
        sdl.SetWindowTitle(window, options.title + (isOn ? " - Press \(options.modifier.name)-G to exit grab" : ""))
        updateCursor()
    }

    private func setFullScreen(_ isOn: Bool) {
        isFullScreen = isOn
        _ = sdl.SetWindowFullscreen(window, isOn ? SDL_WINDOW_FULLSCREEN_DESKTOP.rawValue : 0)
        if !isOn { sdl.SetWindowSize(window, Int32(size.width), Int32(size.height)) }
        present()
    }

    // MARK: Events

    private func take(_ event: SDL_Event) {
        switch SDL_EventType(event.type) {
        case SDL_KEYDOWN, SDL_KEYUP: takeKey(event.key)
        case SDL_TEXTINPUT:
            let text = withUnsafeBytes(of: event.text.text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if mode.isText { listener.happened(.text(text)) }
        case SDL_MOUSEMOTION: takeMotion(event.motion)
        case SDL_MOUSEBUTTONDOWN, SDL_MOUSEBUTTONUP: takeButton(event.button)
        case SDL_MOUSEWHEEL:
            for _ in 0..<min(abs(event.wheel.y), 16) {
                for isDown in [true, false] { listener.happened(.button(event.wheel.y > 0 ? .wheelUp : .wheelDown, isDown: isDown)) }
            }
        case SDL_WINDOWEVENT: takeWindow(event.window)
        case SDL_QUIT: listener.happened(.close)
        default: break
        }
    }

    private func takeKey(_ event: SDL_KeyboardEvent) {
        // Scancodes of keyboards are HID's usages.
        guard let key = KeyboardUsage.key(event.keysym.scancode.rawValue) else { return }
        let (isDown, modifiers) = (event.state == SDL_PRESSED, UInt32(event.keysym.mod))
        if isDown, event.repeat == 0, options.modifier.isHeld(modifiers), obey(key) { return }
        let isControl = modifiers & KMOD_CTRL.rawValue != 0
        // The guest's keyboard repeats by itself.
        if event.repeat == 0 || mode.isText { listener.happened(.key(key, isDown: isDown, isControl: isControl)) }
    }

    /// What keys mean to the window; false if nothing.
    private func obey(_ key: Key) -> Bool {
        switch key.name {
        case "g": if !mode.isText { setGrab(!isGrabbed) }
        case "f": setFullScreen(!isFullScreen)
        case "u": if !isFullScreen { sdl.SetWindowSize(window, Int32(size.width), Int32(size.height)) }
        default:
            guard let digit = Int(key.name), digit > 0 else { return false }
            listener.happened(.choice(digit - 1))
        }
        listener.happened(.letsGo)
        return true
    }

    private func takeMotion(_ event: SDL_MouseMotionEvent) {
        guard !mode.isText else { return }
        if mode.isAbsolute {
            listener.happened(.place(x: Int(event.x), y: Int(event.y)))
        } else if isGrabbed {
            listener.happened(.motion(x: Int(event.xrel), y: Int(event.yrel)))
        }
    }

    private func takeButton(_ event: SDL_MouseButtonEvent) {
        guard !mode.isText else { return }
        let isDown = event.state == SDL_PRESSED
        // A click is how a mouse that only moves is taken.
        if !mode.isAbsolute, !isGrabbed {
            if isDown, event.button == UInt8(SDL_BUTTON_LEFT) { setGrab(true) }
            return
        }
        let buttons: [Int32: PointerButton] = [
            SDL_BUTTON_LEFT: .left, SDL_BUTTON_MIDDLE: .middle, SDL_BUTTON_RIGHT: .right, SDL_BUTTON_X1: .side, SDL_BUTTON_X2: .extra,
        ]
        guard let button = buttons[Int32(event.button)] else { return }
        if mode.isAbsolute { listener.happened(.place(x: Int(event.x), y: Int(event.y))) }
        listener.happened(.button(button, isDown: isDown))
    }

    private func takeWindow(_ event: SDL_WindowEvent) {
        switch SDL_WindowEventID(UInt32(event.event)) {
        case SDL_WINDOWEVENT_EXPOSED: present()
        case SDL_WINDOWEVENT_RESIZED:
            let (width, height) = (Int(event.data1), Int(event.data2))
            if width != size.width || height != size.height { listener.happened(.size(width: width, height: height)) }
            present()
        case SDL_WINDOWEVENT_FOCUS_LOST:
            if isGrabbed, !isFullScreen { setGrab(false) }
            listener.happened(.letsGo)
        default: break
        }
    }
}
