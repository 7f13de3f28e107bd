/// Somebody who looks at a console. Called with the machine lock held; it must not wait for anything.
public protocol ConsoleViewer: AnyObject {
    /// The picture has another size.
    func resized(_ console: DisplayConsole)
    func changed(_ console: DisplayConsole, _ rect: PixelRect)
    func pointerChanged(_ console: DisplayConsole)
}

/// The picture that the guest's pointer has, laid over the console's: words 0xAARRGGBB.
public struct PointerImage: Equatable, Sendable {
    public let width: Int, height: Int
    public let hotX: Int, hotY: Int
    public let pixels: [UInt32]

    public init(width: Int, height: Int, hotX: Int, hotY: Int, pixels: [UInt32]) {
        precondition(pixels.count == width * height, "a pointer's picture has its pixels")
        (self.width, self.height, self.hotX, self.hotY, self.pixels) = (width, height, hotX, hotY, pixels)
    }
}

/// One output of a display device: what would be on the screen that is connected to it. Or a terminal's characters, drawn.
public final class DisplayConsole {
    /// What a device without a signal shows: black.
    public static let idleSize = (width: 640, height: 480)

    /// The device's id; its type's name if it has none. Of a console of text, the character back end's id.
    public let device: String
    /// The output's number at its device.
    public let head: Int
    public private(set) var surface = PixelSurface(width: idleSize.width, height: idleSize.height)
    public private(set) var pointer: PointerImage?
    /// Brings the picture up to date, of a device whose guest does not say what it has drawn.
    public var refresh: () -> Void = {}
    /// A viewer would like the picture to have a size; of a device that can tell its guest.
    public var wish: ((_ width: Int, _ height: Int) -> Void)?
    /// Takes what is typed, of a console of text. One of a guest's display has the guest's keyboard instead.
    public var typed: ((TypedKey) -> Void)?
    public var isText: Bool { typed != nil }

    private struct WeakViewer { weak var viewer: (any ConsoleViewer)? }
    private var viewers: [WeakViewer] = []

    public init(device: String, head: Int = 0) { (self.device, self.head) = (device, head) }

    /// Tells a viewer from now on; once is enough.
    public func add(_ viewer: any ConsoleViewer) {
        viewers.removeAll { $0.viewer == nil || $0.viewer === viewer }
        viewers.append(WeakViewer(viewer: viewer))
    }

    private func tell(_ body: (any ConsoleViewer) -> Void) {
        for entry in viewers { if let viewer = entry.viewer { body(viewer) } }
    }

    /// Gives the picture a size; what it showed is gone if that is another one.
    public func resize(width: Int, height: Int) {
        guard width != surface.width || height != surface.height else { return }
        surface = PixelSurface(width: width, height: height)
        tell { $0.resized(self) }
    }

    /// There is no signal.
    public func blank() {
        surface = PixelSurface(width: DisplayConsole.idleSize.width, height: DisplayConsole.idleSize.height)
        pointer = nil
        tell { $0.resized(self) }
        tell { $0.pointerChanged(self) }
    }

    /// Draws a part of the picture, which must lie in it, row by row.
    public func draw(_ rect: PixelRect, _ row: (Int) -> ArraySlice<UInt32>) {
        guard !rect.isEmpty else { return }
        precondition(rect.fits(width: surface.width, height: surface.height), "what is drawn lies in the picture")
        for y in rect.y..<rect.y + rect.height { surface.replace(row: y, from: rect.x, with: row(y)) }
        tell { $0.changed(self, rect) }
    }

    public func setPointer(_ image: PointerImage?) {
        guard image != pointer else { return }
        pointer = image
        tell { $0.pointerChanged(self) }
    }
}

/// All consoles of a machine, in the order in which they came, those of text behind the others.
public final class ConsoleList {
    public private(set) var consoles: [DisplayConsole] = []
    private weak var chosen: DisplayConsole?
    private var observers: [() -> Void] = []

    public init() {}

    /// Calls back whenever a console has come or gone, or another one is selected.
    public func whenChanged(_ call: @escaping () -> Void) { observers.append(call) }

    private func tell() { for observer in observers { observer() } }

    public func add(_ console: DisplayConsole) {
        let place = console.isText ? nil : consoles.firstIndex { $0.isText }
        consoles.insert(console, at: place ?? consoles.count)
        tell()
    }

    public func remove(_ console: DisplayConsole) {
        consoles.removeAll { $0 === console }
        if chosen === console { chosen = nil }
        tell()
    }

    /// The console that is shown where none is named: the first, until somebody chooses another.
    public var selected: DisplayConsole? { chosen ?? consoles.first }

    /// Chooses a console by its number, from 0 on; nothing happens if there is none.
    public func select(_ number: Int) {
        guard consoles.indices.contains(number) else { return }
        chosen = consoles[number]
        tell()
    }

    public func find(device: String?, head: Int) -> DisplayConsole? {
        guard let device else { return consoles.indices.contains(head) ? consoles[head] : nil }
        return consoles.first { $0.device == device && $0.head == head }
    }

    public func has(device: String) -> Bool { consoles.contains { $0.device == device } }
}
