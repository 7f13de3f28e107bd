import Chardev
import Display
import TextConsole

/// What programs send to a text console: what is written in pieces shows what is written at once, and all of it can be drawn and looked back at.
struct TextConsoleTarget: FuzzTarget {
    private static let texts = [
        "hello\r\nworld\t!\u{8}", "\u{1b}[2;3H\u{1b}[1;31;44mx\u{1b}[0m\u{1b}[K\u{1b}[2J", "\u{1b}[2;4r\u{1b}M\u{1b}D\n\n\n\u{1b}[r",
        "\u{1b}[3L\u{1b}[2M\u{1b}[4P\u{1b}[5@\u{1b}[6X",
        "\u{1b}[38;5;99;48;2;1;2;3m→ä\u{1b}]0;title\u{1b}\\", "\u{1b}[?6h\u{1b}[?7l\u{1b}[?25l\u{1b}[4h\u{1b}7\u{1b}8\u{1b}(0qqq\u{1b}(B",
        "\u{1b}[5n\u{1b}[6n\u{1b}[c\u{1b}c",
        "\u{1b}[3S\u{1b}[2T\u{1b}[9A\u{1b}[9B\u{1b}[9C\u{1b}[9D\u{1b}[I",
    ]
    private let corpus: [[UInt8]]

    private enum Failure: Error { case noConsole, piecesDiffer }

    init(corpus: [[UInt8]]) { self.corpus = corpus + TextConsoleTarget.texts.map { Array($0.utf8) } }

    mutating func run(_ random: RandomSource) throws -> Bool {
        var mutator = Mutator(random: random)
        let size = TextConsole.Size.characters(columns: 1 + mutator.random.below(20), rows: 1 + mutator.random.below(8))
        guard let whole = TextConsole(label: "a", size: size), let pieces = TextConsole(label: "b", size: size) else { throw Failure.noConsole }
        for _ in 0..<1 + mutator.random.below(4) {
            let input = mutator.mutate((0..<4).flatMap { _ in corpus[mutator.random.below(corpus.count)] })
            whole.write(input)
            for byte in input { pieces.write([byte]) }
            let lines = mutator.random.below(9) - 4
            for console in [whole, pieces] {
                console.console.typed?(.scroll(lines))
                console.console.refresh()
            }
        }
        guard whole.text == pieces.text, whole.console.surface == pieces.console.surface else { throw Failure.piecesDiffer }
        return true
    }
}
