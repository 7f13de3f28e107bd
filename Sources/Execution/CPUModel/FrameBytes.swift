/// Little-endian words in the bytes of a structure. Inlinable: called through a generic entry point a word costs hundreds of nanoseconds.
extension Array where Element == UInt8 {
    @inlinable public mutating func put<Word: FixedWidthInteger & BitwiseCopyable>(_ value: Word, at offset: Int) {
        unsafe withUnsafeMutableBytes { bytes in
            precondition(offset >= 0 && offset + MemoryLayout<Word>.size <= bytes.count)
            unsafe bytes.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Word.self)
        }
    }

    @inlinable public func get<Word: FixedWidthInteger & BitwiseCopyable>(_ type: Word.Type, at offset: Int) -> Word {
        unsafe withUnsafeBytes { unsafe Word(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Word.self)) }
    }

    @inlinable public func word(at offset: Int) -> UInt64 { get(UInt64.self, at: offset) }
}
