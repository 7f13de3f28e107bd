import Chardev
import Display
import Testing
import TextConsole

/// A front end that keeps what comes.
private final class Sink: CharacterFrontEnd {
    var got: [UInt8] = []
    var room = 100
    func receivableBytes() -> Int { room - got.count }
    func receive(_ bytes: [UInt8]) { got += bytes }
    func handle(_ event: CharacterEvent) {}
    var text: String { String(decoding: got, as: UTF8.self) }
}

@Suite struct TextConsoleTests {
    private let screen: TextConsole
    private let sink = Sink()

    init() throws {
        screen = try #require(TextConsole(label: "t", size: .characters(columns: 10, rows: 4)))
        screen.frontEnd = sink
    }

    private func write(_ text: String) { screen.write(Array(text.utf8)) }

    @Test(arguments: [
        ("ab\r\ncd", ["ab", "cd", "", ""]), ("0123456789x", ["0123456789", "x", "", ""]), ("1\n2\n3\n4\n5", [" 2", "  3", "   4", "    5"]),
        ("\u{1b}[2;3Hx\u{1b}[Ay", ["   y", "  x", "", ""]), ("abc\u{1b}[2Dx", ["axc", "", "", ""]), ("abc\u{1b}[1;2H\u{1b}[K", ["a", "", "", ""]),
        ("a\r\nb\r\nc\u{1b}[2;1H\u{1b}[J", ["a", "", "", ""]), ("a\r\nb\u{1b}[H\u{1b}[L", ["", "a", "b", ""]),
        ("a\r\nb\u{1b}[H\u{1b}[M", ["b", "", "", ""]),
        ("abcd\u{1b}[1;2H\u{1b}[2P", ["ad", "", "", ""]), ("abcd\u{1b}[1;2H\u{1b}[2@", ["a  bcd", "", "", ""]),
        ("abcd\u{1b}[1;2H\u{1b}[2X", ["a  d", "", "", ""]),
        ("\u{1b}[2;3r\u{1b}[2;1Ha\r\nb\r\nc\r\nd\u{1b}[r", ["", "c", "d", ""]), ("a\r\nb\u{1b}[H\u{1b}Mx", ["x", "a", "b", ""]),
        ("\tx", ["        x", "", "", ""]), ("ä→\u{1b}]0;title\u{7}z", ["ä→z", "", "", ""]), ("\u{1b}(0lqk\u{1b}(B!", ["┌─┐!", "", "", ""]),
        ("\u{1b}[?7l0123456789xyz", ["012345678z", "", "", ""]), ("a\u{1b}7bc\u{1b}8d", ["adc", "", "", ""]),
        ("a\u{1b}[99999999999999;1Hb", ["a", "", "", "b"]),
        ("\u{1b}[4habc\rx", ["xabc", "", "", ""]), ("a\u{1b}c", ["", "", "", ""]), ("a\u{1b}[!pb\u{1b}[>1cc", ["abc", "", "", ""]),
    ]) func escapes(_ text: String, _ wanted: [String]) {
        write(text)
        #expect(screen.text == wanted)
        // A byte at a time it is the same.
        let other = TextConsole(label: "o", size: .characters(columns: 10, rows: 4))
        for byte in text.utf8 { other?.write([byte]) }
        #expect(other?.text == wanted)
    }

    @Test func nonsenseInUTF8IsMarked() {
        screen.write([0xc3, 0x41, 0xff, 0xe2, 0x82, 0xac, 0xed, 0xa0, 0x80, 0xf5])
        #expect(screen.text[0] == "\u{fffd}A\u{fffd}€\u{fffd}\u{fffd}")
    }

    @Test func terminalsAnswer() {
        write("\u{1b}[3;4H\u{1b}[6n\u{1b}[5n\u{1b}[c")
        #expect(sink.text == "\u{1b}[3;4R\u{1b}[0n\u{1b}[?6c")
        #expect(screen.cursor?.x == 3 && screen.cursor?.y == 2)
        write("\u{1b}[?25l")
        #expect(screen.cursor == nil)
    }

    @Test func keysAreSent() {
        for key in [TypedKey(symbol: 0x61, isControl: false), TypedKey(symbol: 0x63, isControl: true), .up, .delete, .character("é")] {
            if let key { screen.console.typed?(key) }
        }
        #expect(sink.text == "a\u{3}\u{1b}[A\u{1b}[3~é")
        sink.got = []
        write("\u{1b}[?1h")
        screen.console.typed?(.up)
        #expect(sink.text == "\u{1b}OA")
        #expect(TypedKey(symbol: 0xffe1, isControl: false) == nil)
        #expect(TypedKey(named: "c", isControl: true) == .character("\u{3}") && TypedKey(named: "c", isControl: false) == nil)
    }

    /// What a front end has no room for waits.
    @Test func keysWait() {
        sink.room = 1
        screen.console.typed?(.up)
        #expect(sink.text == "\u{1b}")
        sink.room = 10
        screen.frontEndIsReady()
        #expect(sink.text == "\u{1b}[A")
    }

    @Test func whatHasGoneOffCanBeSeenAgain() {
        write((1...9).map { "line \($0)" }.joined(separator: "\r\n"))
        #expect(screen.text == ["line 6", "line 7", "line 8", "line 9"])
        screen.console.typed?(.scrollPage(1))
        #expect(screen.text == ["line 4", "line 5", "line 6", "line 7"] && screen.cursor == nil)
        write("\r\nline 10")
        #expect(screen.text == ["line 4", "line 5", "line 6", "line 7"])
        screen.console.typed?(.scroll(99))
        #expect(screen.text[0] == "line 1")
        screen.console.typed?(.character("x"))
        #expect(screen.text[3] == "line 10")
    }

    /// The picture of an A in its font, in colours, and the cursor behind it.
    @Test func picturesHaveTheirColours() {
        write("\u{1b}[31;44mA\u{1b}[0m")
        screen.console.refresh()
        let surface = screen.console.surface
        #expect(surface.width == 80 && surface.height == 64)
        #expect(Set(surface.row(6)[(6 * 80)..<(6 * 80 + 8)]) == [0xaa0000, 0x0000aa])
        #expect(Set(surface.row(6)[(6 * 80 + 8)..<(6 * 80 + 16)]) == [0xaaaaaa])
        #expect(Set(surface.row(6)[(6 * 80 + 16)..<(6 * 80 + 80)]) == [0])
        write("\r\u{1b}[1;38;5;196mB\u{1b}[48;2;1;2;3;7mC")
        screen.console.refresh()
        let row = screen.console.surface.row(3 + 1)
        #expect(row.contains(0xff0000) && row.contains(0x010203))
    }

    @Test func sizesHaveLimits() {
        #expect(TextConsole(label: "t", size: .characters(columns: 0, rows: 4)) == nil)
        #expect(TextConsole(label: "t", size: .pixels(width: 7, height: 100)) == nil)
        #expect(TextConsole(label: "t", size: .characters(columns: 1001, rows: 4)) == nil)
        #expect(TextConsole(label: "t", size: .usual)?.console.surface.width == 640)
    }

    @Test func consolesOfTextComeBehindTheOthers() {
        let list = ConsoleList(), display = DisplayConsole(device: "d")
        var count = 0
        list.whenChanged { count += 1 }
        list.add(screen.console)
        #expect(list.selected === screen.console)
        list.add(display)
        #expect(list.consoles.map(\.device) == ["d", "t"] && list.selected === display)
        list.select(1)
        list.select(5)
        #expect(list.selected === screen.console && count == 3)
        list.remove(screen.console)
        #expect(list.selected === display && count == 4)
    }
}
