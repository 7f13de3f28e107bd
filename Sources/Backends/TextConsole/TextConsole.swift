import Chardev
import Display

/// A terminal drawn on a console of the machine's displays: the character back end `vc`.
public final class TextConsole: CharacterBackend {
    /// Where it is seen.
    public let console: DisplayConsole
    private var terminal: VirtualTerminal
    /// What has been typed and the front end has not taken.
    private var typed: [UInt8] = []
    private static let longestTyped = 4096

    /// How large it is.
    public enum Size: Equatable, Sendable {
        case characters(columns: Int, rows: Int)
        case pixels(width: Int, height: Int)

        /// What fits into 640×480 pixels.
        public static var usual: Size { .pixels(width: DisplayConsole.idleSize.width, height: DisplayConsole.idleSize.height) }

        /// Columns and rows; nil if those are none, or too many.
        var cells: (columns: Int, rows: Int)? {
            let (columns, rows) =
                switch self {
                case .characters(let columns, let rows): (columns, rows)
                case .pixels(let width, let height): (width / Font.width, height / Font.height)
                }
            guard (1...TextScreen.mostColumns).contains(columns), (1...TextScreen.mostRows).contains(rows) else { return nil }
            return (columns, rows)
        }
    }

    /// - Parameter label: what the console is called.
    /// - Returns: nil for a size that cannot be: 1 to 1000 columns and rows are possible.
    public init?(label: String, size: Size) {
        guard let (columns, rows) = size.cells else { return nil }
        terminal = VirtualTerminal(columns: columns, rows: rows)
        console = DisplayConsole(device: label)
        super.init()
        console.resize(width: columns * Font.width, height: rows * Font.height)
        console.typed = { [weak self] in self?.type($0) }
        console.refresh = { [weak self] in self?.draw() }
    }

    public override var filename: String { "vc" }

    public override func write(_ bytes: [UInt8]) {
        terminal.write(bytes)
        send(terminal.takeAnswers())
    }

    /// The rows as they are seen, without the spaces at their ends.
    public var text: [String] {
        (0..<terminal.screen.rows).map { row in
            var cells = terminal.screen.seen(row).map(\.character)
            while cells.last == 0x20 { cells.removeLast() }
            return String(String.UnicodeScalarView(cells.compactMap(Unicode.Scalar.init)))
        }
    }

    /// Where the cursor is seen, from 0; nil if it is not.
    public var cursor: (x: Int, y: Int)? { terminal.screen.seenCursor }

    // MARK: Keys

    private func type(_ key: TypedKey) {
        switch key {
        case .scroll(let lines): terminal.look(back: lines)
        case .scrollPage(let pages): terminal.look(back: pages * (terminal.screen.rows / 2))
        default:
            // Who types wants to see what comes of it.
            terminal.look(back: -terminal.screen.back)
            send(key.bytes(hasApplicationKeys: terminal.hasApplicationKeys))
        }
    }

    private func send(_ bytes: [UInt8]) {
        guard typed.count + bytes.count <= TextConsole.longestTyped else { return }
        typed += bytes
        frontEndIsReady()
    }

    public override func frontEndIsReady() {
        while !typed.isEmpty, let frontEnd, case let room = frontEnd.receivableBytes(), room > 0 {
            let part = Array(typed.prefix(room))
            typed.removeFirst(part.count)
            frontEnd.receive(part)
        }
    }

    // MARK: The picture

    private func draw() {
        let cursor = terminal.screen.seenCursor
        for row in terminal.takeTouched() {
            let pixels = picture(of: terminal.screen.seen(row), cursor: cursor?.y == row ? cursor?.x : nil)
            let width = console.surface.width
            console.draw(PixelRect(x: 0, y: row * Font.height, width: width, height: Font.height)) { y in
                let start = (y - row * Font.height) * width
                return pixels[start..<start + width]
            }
        }
    }

    /// The rows of pixels of a row of characters; the one at the cursor has its colours exchanged.
    private func picture(of cells: [Cell], cursor: Int?) -> [UInt32] {
        let width = cells.count * Font.width
        var pixels = [UInt32](repeating: 0, count: width * Font.height)
        for (column, cell) in cells.enumerated() {
            let (ink, paper) = column == cursor ? (cell.background, cell.foreground) : (cell.foreground, cell.background)
            for (line, bits) in Font.rows(cell.character).enumerated() {
                let bits = cell.isUnderlined && line == Font.height - 2 ? 0xff : bits
                let start = line * width + column * Font.width
                for pixel in 0..<Font.width { pixels[start + pixel] = bits >> UInt8(Font.width - 1 - pixel) & 1 != 0 ? ink : paper }
            }
        }
        return pixels
    }
}
