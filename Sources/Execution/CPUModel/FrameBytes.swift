/// Little-endian words in the bytes of a structure.
extension Array where Element == UInt8 {
    public mutating func put<Word: FixedWidthInteger>(_ value: Word, at offset: Int) {
        for index in 0..<MemoryLayout<Word>.size { self[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
    }

    public func get<Word: FixedWidthInteger>(_ type: Word.Type, at offset: Int) -> Word {
        (0..<MemoryLayout<Word>.size).reduce(Word(0)) { $0 | Word(truncatingIfNeeded: self[offset + $1]) << (8 * $1) }
    }

    public func word(at offset: Int) -> UInt64 { get(UInt64.self, at: offset) }
}
