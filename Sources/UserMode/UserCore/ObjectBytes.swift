/// The bytes of an object file while it is written, little-endian.
struct ObjectBytes {
    private(set) var bytes: [UInt8] = []
    /// Bytes of an address.
    let wordSize: Int

    init(wordSize: Int) { self.wordSize = wordSize }

    var count: Int { bytes.count }

    mutating func add<Number: FixedWidthInteger>(_ numbers: Number...) {
        for number in numbers { bytes += ObjectBytes.bytes(number, count: Number.bitWidth / 8) }
    }

    /// Numbers of the size of an address.
    mutating func add(words: Int...) { for word in words { bytes += ObjectBytes.bytes(word, count: wordSize) } }

    mutating func add(_ more: [UInt8]) { bytes += more }

    /// Fills up to a multiple of so many bytes.
    mutating func align(_ alignment: Int, with filler: UInt8 = 0) {
        bytes += [UInt8](repeating: filler, count: -count & (alignment - 1))
    }

    mutating func replace(at place: Int, with other: ObjectBytes) {
        bytes.replaceSubrange(place..<place + other.count, with: other.bytes)
    }

    private static func bytes(_ number: some FixedWidthInteger, count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
}
