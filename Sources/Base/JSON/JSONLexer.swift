/// Cuts a stream of bytes into tokens. Strings may have single quotes too, as QEMU's users write them.
struct JSONLexer {
    private enum State: Equatable {
        case start
        /// Behind an error, up to a byte that may begin something.
        case recovery
        case string(quote: UInt8)
        case escape(quote: UInt8)
        case hex(quote: UInt8, left: Int)
        case minus, zero, digits, point, fraction, exponentMark, exponentSign, exponent
        case word
    }

    private var state = State.start
    private var text: [UInt8] = []

    /// Bytes of the token that is not complete yet.
    var unfinished: Int { text.count }

    /// Takes a byte; it may end one token and be one itself.
    mutating func take(_ byte: UInt8, _ emit: (JSONToken) -> Void) {
        while !step(byte, emit) {}
    }

    /// The input has ended, or starts anew: what has been begun is a token, if it can be one.
    mutating func finish(_ emit: (JSONToken) -> Void) {
        if !text.isEmpty { emit(numberOrWord ?? .stray(text)) }
        forget()
    }

    mutating func forget() { (state, text) = (.start, []) }

    /// One transition; false if the byte has ended a token without being part of it and must be looked at again.
    private mutating func step(_ byte: UInt8, _ emit: (JSONToken) -> Void) -> Bool {
        switch state {
        case .start: return begin(byte, emit)
        case .recovery:
            guard byte < 0x20 || JSONToken(structural: byte) != nil else { return true }
            state = .start
            return false
        case .string(let quote): return inString(byte, quote, emit)
        case .escape(let quote):
            if byte == UInt8(ascii: "u") { return keep(byte, .hex(quote: quote, left: 4)) }
            return JSONLexer.escapes.contains(byte) ? keep(byte, .string(quote: quote)) : fail(byte, emit)
        case .hex(let quote, let left):
            guard Character(UnicodeScalar(byte)).isHexDigit, byte < 0x80 else { return fail(byte, emit) }
            return keep(byte, left == 1 ? .string(quote: quote) : .hex(quote: quote, left: left - 1))
        case .word:
            if JSONLexer.isLetter(byte) { return keep(byte, .word) }
            return end(emit)
        default: return inNumber(byte, emit)
        }
    }

    private static let escapes = Array("\"'\\/bfnrt".utf8)
    private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private mutating func begin(_ byte: UInt8, _ emit: (JSONToken) -> Void) -> Bool {
        if let token = JSONToken(structural: byte) {
            emit(token)
            return true
        }
        switch byte {
        case 9, 10, 13, 32: return true
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return keep(byte, .string(quote: byte))
        case UInt8(ascii: "-"): return keep(byte, .minus)
        case UInt8(ascii: "0"): return keep(byte, .zero)
        case UInt8(ascii: "1")...UInt8(ascii: "9"): return keep(byte, .digits)
        case UInt8(ascii: "a")...UInt8(ascii: "z"): return keep(byte, .word)
        default: return fail(byte, emit)
        }
    }

    private mutating func inString(_ byte: UInt8, _ quote: UInt8, _ emit: (JSONToken) -> Void) -> Bool {
        switch byte {
        case quote:
            emit(.string(Array(text.dropFirst())))
            forget()
            return true
        case UInt8(ascii: "\\"): return keep(byte, .escape(quote: quote))
        // Control characters, and bytes that occur in no UTF-8.
        case 0..<0x20, 0xc0, 0xc1, 0xf5...: return fail(byte, emit)
        default: return keep(byte, state)
        }
    }

    private mutating func inNumber(_ byte: UInt8, _ emit: (JSONToken) -> Void) -> Bool {
        let isDigit = JSONLexer.isDigit(byte)
        switch (state, byte) {
        case (.minus, UInt8(ascii: "0")): return keep(byte, .zero)
        case (.minus, _): return isDigit ? keep(byte, .digits) : fail(byte, emit)
        case (.zero, UInt8(ascii: ".")), (.digits, UInt8(ascii: ".")): return keep(byte, .point)
        case (.zero, _) where isDigit: return fail(byte, emit)
        case (.digits, _) where isDigit: return keep(byte, .digits)
        case (.point, _): return isDigit ? keep(byte, .fraction) : fail(byte, emit)
        case (.fraction, _) where isDigit: return keep(byte, .fraction)
        case (.zero, UInt8(ascii: "e")), (.zero, UInt8(ascii: "E")), (.digits, UInt8(ascii: "e")), (.digits, UInt8(ascii: "E")),
            (.fraction, UInt8(ascii: "e")), (.fraction, UInt8(ascii: "E")):
            return keep(byte, .exponentMark)
        case (.exponentMark, UInt8(ascii: "+")), (.exponentMark, UInt8(ascii: "-")): return keep(byte, .exponentSign)
        case (.exponentMark, _), (.exponentSign, _): return isDigit ? keep(byte, .exponent) : fail(byte, emit)
        case (.exponent, _) where isDigit: return keep(byte, .exponent)
        default: return end(emit)
        }
    }

    private mutating func keep(_ byte: UInt8, _ next: State) -> Bool {
        text.append(byte)
        state = next
        return true
    }

    private mutating func fail(_ byte: UInt8, _ emit: (JSONToken) -> Void) -> Bool {
        emit(.stray(text + [byte]))
        (state, text) = (.recovery, [])
        return true
    }

    private mutating func end(_ emit: (JSONToken) -> Void) -> Bool {
        if let token = numberOrWord { emit(token) }
        forget()
        return false
    }

    /// The token that the text is if nothing follows.
    private var numberOrWord: JSONToken? {
        switch state {
        case .word: .word(text)
        case .zero, .digits: .integer(text)
        case .fraction, .exponent: .fraction(text)
        default: nil
        }
    }
}
