/// A picture's rows that have changed.
public struct PictureChange: Sendable {
    /// The whole picture's size.
    public let width: Int, height: Int
    public let firstRow: Int
    /// Whole rows, 0x00RRGGBB.
    public let pixels: [UInt32]
    /// What of them has changed, in the picture.
    public let rect: PixelRect

    init(_ surface: PixelSurface, _ rect: PixelRect) {
        (width, height, firstRow, self.rect) = (surface.width, surface.height, rect.y, rect)
        pixels = Array(surface.pixels[rect.y * surface.width..<(rect.y + rect.height) * surface.width])
    }
}

/// Follows a console for somebody who takes pictures when he can, and gathers what changes meanwhile. With the machine lock held.
public final class ConsoleFeed: ConsoleViewer {
    public private(set) var console: DisplayConsole?
    /// The pointer has another picture.
    public var onPointer: (PointerImage?) -> Void = { _ in }
    /// What has changed and has not been handed over.
    private var dirty = PixelRect(width: 0, height: 0)

    public init() {}

    /// Follows another console; false if it is the one that is followed already.
    public func follow(_ console: DisplayConsole?) -> Bool {
        guard console !== self.console else { return false }
        self.console = console
        console?.add(self)
        showAll()
        onPointer(console?.pointer)
        return true
    }

    /// All of the picture is to be handed over.
    public func showAll() { dirty = console?.surface.bounds ?? dirty }

    /// Looks at the console.
    ///
    /// - Parameters:
    ///   - isWanted: whether a change would be taken.
    ///   - hand: takes a change, and says whether it did.
    public func update(_ isWanted: Bool, hand: (PictureChange) -> Bool) {
        guard let console else { return }
        console.refresh()
        let rect = dirty.intersection(console.surface.bounds)
        guard !rect.isEmpty, isWanted else { return }
        if hand(PictureChange(console.surface, rect)) { dirty = PixelRect(width: 0, height: 0) }
    }

    public func resized(_ console: DisplayConsole) { if console === self.console { showAll() } }
    public func changed(_ console: DisplayConsole, _ rect: PixelRect) { if console === self.console { dirty = dirty.union(rect) } }
    public func pointerChanged(_ console: DisplayConsole) { if console === self.console { onPointer(console.pointer) } }
}
