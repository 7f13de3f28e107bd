/// Hexadecimal digits, in which the protocol writes numbers and bytes.
enum Hexadecimal {
    private static let digits = Array("0123456789abcdef".utf8)

    static func text(_ bytes: some Sequence<UInt8>) -> [UInt8] { bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] } }

    static func digit(_ letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): letter - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): letter - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): letter - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// Bytes of a text with two digits each; nil if it is none.
    static func bytes(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count % 2 == 0 else { return nil }
        var result: [UInt8] = []
        var high: UInt8?
        for letter in text {
            guard let digit = digit(letter) else { return nil }
            if let top = high {
                result.append(top << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        return result
    }
}

/// A packet's text, taken apart from its front.
struct PacketText {
    private(set) var rest: ArraySlice<UInt8>

    init(_ bytes: some Collection<UInt8>) { rest = ArraySlice(bytes) }

    var isEmpty: Bool { rest.isEmpty }
    var string: String { String(decoding: rest, as: UTF8.self) }

    /// Drops a word at the front if it is there.
    mutating func skip(_ word: String) -> Bool {
        guard rest.starts(with: word.utf8) else { return false }
        rest = rest.dropFirst(word.utf8.count)
        return true
    }

    /// A hexadecimal number of up to 64 bits; nil if there is none.
    mutating func number() -> UInt64? {
        let digits = rest.prefix { Hexadecimal.digit($0) != nil }
        rest = rest.dropFirst(digits.count)
        let short = digits.drop { $0 == UInt8(ascii: "0") }
        guard !digits.isEmpty, short.count <= 16 else { return nil }
        return short.reduce(0) { $0 << 4 | UInt64(Hexadecimal.digit($1) ?? 0) }
    }

    /// The same for what counts bytes or names threads.
    mutating func integer() -> Int? { number().flatMap { Int(exactly: $0) } }

    /// Everything before a letter, which goes too; all that is left if it does not occur.
    mutating func part(until letter: Character) -> ArraySlice<UInt8> {
        let part = rest.prefix { $0 != letter.asciiValue }
        rest = rest.dropFirst(part.count + 1)
        return part
    }

    /// `address,length`.
    mutating func range() -> (address: UInt64, count: Int)? {
        guard let address = number(), skip(","), let count = integer() else { return nil }
        return (address, count)
    }

    /// `pPROCESS.THREAD`, `THREAD`, with -1 for all and 0 for any; nil if it is none.
    mutating func threadID() -> ThreadID? {
        guard skip("p") else { return selector().map { ThreadID(process: nil, thread: $0) } }
        guard let process = selector() else { return nil }
        if !skip(".") { return ThreadID(process: process, thread: .all) }
        return selector().map { ThreadID(process: process, thread: $0) }
    }

    private mutating func selector() -> ThreadID.Selector? {
        if skip("-1") { return .all }
        return integer().map { $0 == 0 ? .any : .one($0) }
    }
}

/// A thread as a packet names it.
struct ThreadID: Equatable {
    enum Selector: Equatable { case all, any, one(Int) }
    /// Nil in packets that name no process.
    var process: Selector?
    var thread: Selector
}
