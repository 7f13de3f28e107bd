/// The words of JSON, as the lexer finds them.
enum JSONToken: Equatable {
    case beginObject, endObject, beginArray, endArray, colon, comma
    /// Between its quotes, escapes and all.
    case string([UInt8])
    case integer([UInt8])
    case fraction([UInt8])
    case word([UInt8])
    /// Bytes that begin no token.
    case stray([UInt8])

    init?(structural byte: UInt8) {
        switch byte {
        case UInt8(ascii: "{"): self = .beginObject
        case UInt8(ascii: "}"): self = .endObject
        case UInt8(ascii: "["): self = .beginArray
        case UInt8(ascii: "]"): self = .endArray
        case UInt8(ascii: ":"): self = .colon
        case UInt8(ascii: ","): self = .comma
        default: return nil
        }
    }

    /// Bytes that it holds.
    var size: Int {
        switch self {
        case .string(let text), .integer(let text), .fraction(let text), .word(let text), .stray(let text): text.count
        default: 1
        }
    }
}
