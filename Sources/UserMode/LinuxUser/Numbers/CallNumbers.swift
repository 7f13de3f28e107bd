import CPUModel

/// A call's number where asm-generic numbers it. A family with numbers of its own has a ``NumberTable``.
public struct CallNumbers: ExpressibleByIntegerLiteral, Sendable {
    private let with64: Int?
    private let with32: Int?

    /// From here on a call has one number in all families (Linux 5.1).
    static let firstCommon = 403

    private init(_ with64: Int?, _ with32: Int?) {
        self.with64 = with64
        self.with32 = with32
    }

    public init(integerLiteral value: Int) { self.init(value, value) }

    /// Calls that asm-generic has only with 64-bit longs, or only with 32-bit ones, or not at all.
    static func only64(_ number: Int) -> CallNumbers { CallNumbers(number, nil) }
    static func only32(_ number: Int) -> CallNumbers { CallNumbers(nil, number) }
    static let none = CallNumbers(nil, nil)

    /// The number in a family; nil where the call does not exist or the family's table says.
    public func number(_ family: CallFamily) -> Int? {
        switch family {
        case .generic64: with64
        case .generic32: with32
        case .arm: with32.flatMap { $0 >= CallNumbers.firstCommon ? $0 : nil }
        }
    }
}

/// The numbers of a family that has its own, as the kernel's tables list them.
public struct NumberTable: Sendable {
    struct Entry: Sendable {
        let number: Int
        /// The call's name in the family, and that of its row.
        let name: String, row: String
    }

    let entries: [Entry]

    /// The table of a family; nil for asm-generic's, whose numbers the rows hold.
    init?(family: CallFamily) {
        switch family {
        case .generic64, .generic32: return nil
        case .arm: self = .arm
        }
    }

    /// - Parameter text: `number name` or `number name=row`, separated by semicolons or line ends.
    init(_ text: String) {
        entries = text.utf8.split { $0 == UInt8(ascii: ";") || $0 == UInt8(ascii: "\n") }.map { line in
            let words = line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "=") }.map { String(decoding: $0, as: UTF8.self) }
            guard words.count > 1, let number = Int(words[0]) else { preconditionFailure("a table of system calls has a line without a number") }
            return Entry(number: number, name: words[1], row: words[words.count - 1])
        }
    }
}
