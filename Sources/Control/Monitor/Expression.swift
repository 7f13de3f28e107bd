/// Arithmetic as commands take it for addresses: numbers, letters in quotes, registers behind `$`, sums, logic, products, `-`, `+`, `~` and parentheses.
/// Sums bind least, then `&`, `|` and `^`, then products: QEMU's order, not C's.
struct Expression {
    /// A register's value by its name in the debugger's table.
    let register: (String) -> UInt64?
    /// Deeper ones would use up the stack.
    private static let deepest = 100
    private static let sums: Set<Character> = ["+", "-"], logic: Set<Character> = ["&", "|", "^"], products: Set<Character> = ["*", "/", "%"]

    /// Nil if the text is none.
    func value(_ text: String) -> UInt64? {
        var rest = text[...]
        guard let value = sum(&rest, 0), rest.isEmpty else { return nil }
        return value
    }

    private func sum(_ rest: inout Substring, _ depth: Int) -> UInt64? {
        guard depth < Expression.deepest else { return nil }
        return chain(&rest, Expression.sums) { logic(&$0, depth) }
    }

    private func logic(_ rest: inout Substring, _ depth: Int) -> UInt64? {
        chain(&rest, Expression.logic) { chain(&$0, Expression.products) { unary(&$0, depth + 1) } }
    }

    /// Operands with operators of one rank between them, from left to right; nil for a division by 0 as well.
    private func chain(_ rest: inout Substring, _ operators: Set<Character>, _ operand: (inout Substring) -> UInt64?) -> UInt64? {
        guard var total = operand(&rest) else { return nil }
        rest = Expression.trimmed(rest)
        while let symbol = rest.first, operators.contains(symbol) {
            rest.removeFirst()
            guard let next = operand(&rest) else { return nil }
            rest = Expression.trimmed(rest)
            switch symbol {
            case "+": total = total &+ next
            case "-": total = total &- next
            case "&": total &= next
            case "|": total |= next
            case "^": total ^= next
            case "*": total = total &* next
            default:
                guard next != 0 else { return nil }
                total = symbol == "/" ? total / next : total % next
            }
        }
        return total
    }

    /// Spaces may stand between symbols, not within them.
    private static func trimmed(_ text: Substring) -> Substring { text.drop { $0 == " " } }

    private func unary(_ rest: inout Substring, _ depth: Int) -> UInt64? {
        rest = Expression.trimmed(rest)
        guard depth < Expression.deepest, let first = rest.first else { return nil }
        switch first {
        case "+", "-", "~":
            rest.removeFirst()
            guard let value = unary(&rest, depth + 1) else { return nil }
            return first == "+" ? value : first == "-" ? 0 &- value : ~value
        case "(":
            rest.removeFirst()
            guard let value = sum(&rest, depth + 1), rest.popFirst() == ")" else { return nil }
            return value
        case "'":
            rest.removeFirst()
            guard let letter = rest.popFirst()?.asciiValue, rest.popFirst() == "'" else { return nil }
            return UInt64(letter)
        case "$":
            rest.removeFirst()
            return register(word(&rest))
        default: return number(word(&rest))
        }
    }

    private func word(_ rest: inout Substring) -> String {
        let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." }
        rest = rest.dropFirst(word.count)
        return String(word)
    }

    /// Decimal, `0x` hexadecimal, or with a 0 in front octal.
    private func number(_ text: String) -> UInt64? {
        if text.hasPrefix("0x") || text.hasPrefix("0X") { return UInt64(text.dropFirst(2), radix: 16) }
        return text.hasPrefix("0") ? UInt64(text, radix: 8) : UInt64(text)
    }
}
