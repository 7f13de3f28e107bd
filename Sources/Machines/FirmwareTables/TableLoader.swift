/// Commands of 128 bytes that firmware follows: allocate memory for a file, let a field point into another, fill in a checksum.
struct TableLoader: Sendable {
    private static let commandSize = 128, nameSize = 56

    private enum Command { static let allocate: UInt32 = 1, addPointer: UInt32 = 2, addChecksum: UInt32 = 3 }

    /// Where a file's memory has to be.
    enum Zone: UInt8 {
        case high = 1
        /// Between 0xf0000 and 0xfffff, on machines that have such a place.
        case low = 2
    }

    private(set) var bytes: [UInt8] = []

    private mutating func add(_ command: UInt32, _ contents: [UInt8]) {
        let used = littleEndian(command) + contents
        bytes += used + [UInt8](repeating: 0, count: TableLoader.commandSize - used.count)
    }

    private func name(_ text: String) -> [UInt8] {
        precondition(text.utf8.count < TableLoader.nameSize)
        return Array(text.utf8) + [UInt8](repeating: 0, count: TableLoader.nameSize - text.utf8.count)
    }

    mutating func allocate(_ file: String, alignment: UInt32, _ zone: Zone) {
        add(Command.allocate, name(file) + littleEndian(alignment) + [zone.rawValue])
    }

    /// The field of eight bytes holds an offset within `target`, to which its address is added.
    mutating func addPointer(in file: String, at offset: Int, to target: String) {
        add(Command.addPointer, name(file) + name(target) + littleEndian(UInt32(offset)) + [8])
    }

    /// Makes the range's bytes add up to zero.
    mutating func sum(_ file: String, _ range: Range<Int>, to offset: Int) {
        add(Command.addChecksum, name(file) + [offset, range.lowerBound, range.count].flatMap { littleEndian(UInt32($0)) })
    }
}
