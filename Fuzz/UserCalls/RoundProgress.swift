import Glibc
import HostOS

/// What a round's process tells the one that watches it, through memory that both share.
@safe struct RoundProgress {
    /// Words: how many calls have begun, the call under way with its arguments, how many have succeeded; then for each row how often it was called and
    /// how often it succeeded.
    private enum Word { static let begun = 0, number = 1, arguments = 2, accepted = 8, rows = 16 }
    private static let size = 1 << 16, mostRows = 1024
    /// Behind the words: a text.
    private static let text = 1 << 15

    private let words: UnsafeMutablePointer<UInt64>
    private let bytes: UnsafeMutableRawPointer

    init() throws {
        let mapped = unsafe mmap(nil, RoundProgress.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)
        guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else { throw HostError("share memory with a round", remedy: nil) }
        unsafe bytes = mapped
        unsafe words = mapped.bindMemory(to: UInt64.self, capacity: RoundProgress.size / 8)
    }

    var begun: UInt64 { unsafe words[Word.begun] }
    var number: UInt64 { unsafe words[Word.number] }
    var arguments: [UInt64] { (0..<6).map { unsafe words[Word.arguments + $0] } }
    var accepted: UInt64 { unsafe words[Word.accepted] }
    var message: String { unsafe String(cString: (bytes + RoundProgress.text).assumingMemoryBound(to: CChar.self)) }

    /// How often the call of a row was made, and how often it succeeded.
    func counts(_ row: Int) -> (made: UInt64, succeeded: UInt64) { unsafe (words[Word.rows + 2 * row], words[Word.rows + 2 * row + 1]) }

    func startRound() {
        for word in 0..<Word.rows { unsafe words[word] = 0 }
        say("")
    }

    func begin(_ row: Int?, _ number: UInt64, _ arguments: [UInt64]) {
        unsafe words[Word.number] = number
        for (index, value) in arguments.enumerated() { unsafe words[Word.arguments + index] = value }
        if let row, row < RoundProgress.mostRows { unsafe words[Word.rows + 2 * row] += 1 }
        unsafe words[Word.begun] += 1
    }

    func succeeded(_ row: Int?) {
        unsafe words[Word.accepted] += 1
        if let row, row < RoundProgress.mostRows { unsafe words[Word.rows + 2 * row + 1] += 1 }
    }

    func say(_ text: String) {
        let text = Array(text.utf8.prefix(RoundProgress.size - RoundProgress.text - 1)) + [0]
        unsafe (bytes + RoundProgress.text).copyMemory(from: text, byteCount: text.count)
    }
}
