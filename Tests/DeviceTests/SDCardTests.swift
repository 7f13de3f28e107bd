import BlockCore
import DeviceModel
import HostOS
import StorageDevices
import Testing

/// A PL181 with a card in its slot.
@Suite struct SDCardTests {
    /// A disk in memory, whose requests end when somebody drains it.
    private final class Memory: BlockNode {
        var bytes: [UInt8]
        var isReadOnly = false
        /// The last request is done first, as a host may.
        var turnsRound = false
        private var waiting: [() -> Void] = []
        /// More than there is, for a card of high capacity whose end nobody looks at.
        var claims: UInt64?
        var size: UInt64 { claims ?? UInt64(bytes.count) }

        init(_ count: Int) { bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 / 512) } }
        func read(_ offset: UInt64, into buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
            waiting.append { [self] in
                buffers.fill(from: Array(bytes[Int(offset)..<Int(offset) + buffers.byteCount]))
                done(.ok)
            }
        }
        func write(_ offset: UInt64, from buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
            waiting.append { [self] in
                bytes.replaceSubrange(Int(offset)..<Int(offset) + buffers.byteCount, with: buffers.flatMap { $0.bytes() })
                done(.ok)
            }
        }
        func flush(_ done: @escaping (BlockResult) -> Void) { done(.ok) }
        func discard(_ offset: UInt64, count: UInt64, _ done: @escaping (BlockResult) -> Void) { done(.ok) }
        func zero(_ offset: UInt64, count: UInt64, mayUnmap: Bool, _ done: @escaping (BlockResult) -> Void) { done(.ok) }
        func drain() { while !waiting.isEmpty { (turnsRound ? waiting.removeLast() : waiting.removeFirst())() } }
    }

    private let slot = PL180()
    private let disk = Memory(1 << 20)

    private func set(_ offset: UInt64, _ value: UInt32) { _ = slot.write(offset, value: UInt64(value), size: 4) }
    private func get(_ offset: UInt64) -> UInt32 { UInt32(slot.read(offset, size: 4).value) }

    /// A command's status, which is then cleared, and the first word of its response.
    @discardableResult private func command(_ index: UInt32, _ argument: UInt32 = 0, kind: UInt32 = 1 << 6) -> (status: UInt32, response: UInt32) {
        set(0x08, argument)
        set(0x0c, 1 << 10 | kind | index)
        let status = get(0x34) & 0xff
        set(0x38, status)
        return (status, get(0x14))
    }

    /// Up to the transfer state, as the specification's 4.2 has it.
    private func start(isHigh: Bool = false) {
        if isHigh { disk.claims = 4 << 30 }
        slot.insert(SDCard(node: disk))
        slot.reset()
        set(0x00, 3)
        command(0, kind: 0)
        #expect(command(8, 0x1aa).response == 0x1aa)
        command(55)
        #expect(command(41, 0x4010_0000).response == (isHigh ? 0xc0ff_8000 : 0x80ff_8000))
        command(2, kind: 3 << 6)
        let address = command(3).response & 0xffff_0000
        #expect(command(9, address, kind: 3 << 6).response >> 30 == (isHigh ? 1 : 0), "the version of CSD")
        if isHigh {
            #expect(get(0x18) & 0x3f == 0 && get(0x1c) >> 16 == 0x1fff, "units of 512 KiB")
        } else {
            #expect(get(0x18) >> 16 & 15 == 9 && get(0x18) & 0x3ff == 0 && get(0x1c) >> 30 == 3 && get(0x1c) >> 15 & 7 == 7, "four units of 256 KiB")
        }
        #expect(command(7, address).response >> 9 & 15 == 3)
        #expect(command(13, address).response >> 9 & 15 == 4)
    }

    @Test func anEmptySlotIsSilent() {
        slot.reset()
        set(0x00, 3)
        #expect(command(8, 0x1aa).status == 1 << 2)
    }

    /// Two blocks come as the disk has them; the FIFO's states and both interrupts on the way.
    @Test(arguments: [false, true]) func reading(isHigh: Bool) {
        start(isHigh: isHigh)
        set(0x40, 1 << 21)
        set(0x28, 1024)
        set(0x2c, 3)
        command(18, isHigh ? 5 : 5 * 512)
        #expect(!slot.interrupts[1].level)
        disk.drain()
        #expect(slot.interrupts[1].level && get(0x34) & (1 << 17 | 1 << 13) == 1 << 17 | 1 << 13)
        var words: [UInt32] = []
        while words.count < 256 {
            if get(0x34) & 1 << 21 == 0 { disk.drain() }
            words.append(get(0x80))
        }
        #expect(words.prefix(128).allSatisfy { $0 == 0x0505_0505 } && words.suffix(128).allSatisfy { $0 == 0x0606_0606 })
        #expect(get(0x34) & (1 << 8 | 1 << 13) == 1 << 8 && !slot.interrupts[1].level)
        set(0x38, 0x7ff)
        #expect(get(0x34) & 1 << 8 == 0)
        #expect(command(12).response >> 9 & 15 == 5)
    }

    /// A block is on the disk when the data end has been told.
    @Test(arguments: [false, true]) func writing(isHigh: Bool) {
        start(isHigh: isHigh)
        command(24, isHigh ? 3 : 3 * 512)
        set(0x28, 512)
        set(0x2c, 1)
        for _ in 0..<128 { set(0x80, 0xa5a5_a5a5) }
        #expect(get(0x34) & 1 << 8 == 0)
        disk.drain()
        #expect(get(0x34) & 1 << 8 != 0)
        #expect(disk.bytes[1536..<2048].allSatisfy { $0 == 0xa5 } && disk.bytes[2048] == 4)
    }

    /// A read that does not wait for the write before it leaves that write's block alone.
    @Test func readingBehindAWrite() {
        start()
        disk.turnsRound = true
        command(24, 3 * 512)
        set(0x28, 512)
        set(0x2c, 1)
        for _ in 0..<128 { set(0x80, 0xa5a5_a5a5) }
        set(0x2c, 3)
        command(17, 9 * 512)
        disk.drain()
        #expect(disk.bytes[1536..<2048].allSatisfy { $0 == 0xa5 } && get(0x80) == 0x0909_0909)
    }

    /// Addresses behind the end, and writes to a disk that is read-only, are refused in the status.
    @Test(arguments: [false, true]) func whatCannotBe(isHigh: Bool) {
        start(isHigh: isHigh)
        #expect(command(17, isHigh ? 8 << 20 : 1 << 20).response >> 31 == 1)
        #expect(command(16, 512).response >> 31 == 0, "told once")
        if !isHigh {
            #expect(command(17, 100).response >> 30 & 1 == 1, "blocks begin at multiples of their size")
            #expect(command(16, 100).response >> 29 & 1 == 1)
        }
        disk.isReadOnly = true
        #expect(command(24, 0).response >> 26 & 1 == 1)
        #expect(command(13, 0x4567_0000).response >> 9 & 15 == 4, "still in the transfer state")
    }
}
