import CPUModel
import Glibc
import HostOS
import UserCore
import UserExecution

/// A guest's memory for calls to work on: rooms with a page around each that is not mapped, so that what a call writes beyond a room faults; a page that
/// is only read; and pages that no argument names, whose bytes must stay.
final class GuestArena {
    let memory: GuestMemory
    let wordSize: Int
    /// Whether a number of 64 bits begins in a register with an even number.
    let pairsAreAligned: Bool
    let rooms: [UInt64]
    static let roomSize: UInt64 = 0x2000
    let readOnly: UInt64
    let hole: UInt64
    /// Where the break begins.
    let heap: UInt64
    private let canaries: [UInt64]
    private let pattern: [UInt8]
    private static let start: UInt64 = 0x1000_0000, stride: UInt64 = 0x10000

    init(_ memory: GuestMemory, wordSize: Int, pairsAreAligned: Bool) throws {
        self.memory = memory
        self.wordSize = wordSize
        self.pairsAreAligned = pairsAreAligned
        let places = (0..<16 as Range<UInt64>).map { GuestArena.start + $0 * GuestArena.stride }
        rooms = Array(places[1..<11])
        readOnly = places[11]
        hole = places[12]
        heap = places[15] + 0x10_0000
        canaries = [places[0], places[6] + 0x8000, places[14]]
        pattern = (0..<4096).map { UInt8(truncatingIfNeeded: 0xa5 ^ $0 &* 7) }
        for place in rooms + [readOnly] { try map(place, GuestArena.roomSize) }
        for place in canaries {
            try map(place, 4096)
            precondition(memory.write(pattern, at: place))
        }
        precondition(memory.protect(readOnly, GuestArena.roomSize, [.read]) == 0)
    }

    private func map(_ address: UInt64, _ size: UInt64) throws {
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED
        let result = memory.map(.init(address: address, length: size, protection: [.read, .write], flags: flags))
        guard result == Int64(address) else { throw HostError("map memory for the guest", remedy: nil) }
    }

    /// The largest address, and number, that the guest can say.
    var mask: UInt64 { wordSize == 8 ? .max : 0xffff_ffff }

    /// A number that may be taken for an address: none of a page that must stay, and, where the guest's addresses are the host's, none of Apus's own memory.
    func harmless(_ value: UInt64) -> UInt64 {
        var value = value & mask
        if canaries.contains(where: { value >= $0 &- 4096 && value < $0 + 0x2000 }) { value = hole }
        if memory.base == 0, value >= 1 << 32, value < 1 << 47 { value |= 1 << 62 }
        return value
    }

    /// The first canary whose bytes are not as they were; nil if all are.
    func damage() -> UInt64? { canaries.first { memory.bytes(at: $0, count: pattern.count) != pattern } }

    /// Whether a range meets pages that must stay.
    func meetsCanary(_ start: UInt64, _ size: UInt64) -> Bool {
        canaries.contains { start < $0 + 4096 && (size > $0 || start &+ size > $0 || start &+ size < start) }
    }

    func put(_ bytes: [UInt8], at address: UInt64) { _ = memory.write(bytes, at: address) }

    func put(word: UInt64, at address: UInt64) { _ = memory.store(address, word, size: wordSize) }
}
