import DeviceModel
import NetBackends
import NetworkDevices
import Testing

/// SMSC's LAN91C111 by its datasheet.
@Suite struct SMC91C111Tests {
    /// A network that keeps what it is sent.
    private final class Recorder: NetworkBackend {
        var frames: [[UInt8]] = []
        override func send(_ frame: [UInt8]) { frames.append(frame) }
    }

    private let card = SMC91C111()
    private let network = Recorder()
    private let address: [UInt8] = [0x52, 0x54, 0, 0x12, 0x34, 0x57]

    init() {
        card.connect(network, address: MACAddress(0x5254_0012_3457))
        card.reset()
    }

    private func bank(_ number: UInt16) { _ = card.write(14, value: UInt64(number), size: 2) }
    private func set(_ offset: UInt64, _ value: UInt16) { _ = card.write(offset, value: UInt64(value), size: 2) }
    private func setByte(_ offset: UInt64, _ value: UInt8) { _ = card.write(offset, value: UInt64(value), size: 1) }
    private func get(_ offset: UInt64) -> UInt16 { UInt16(card.read(offset, size: 2).value) }
    private func getByte(_ offset: UInt64) -> UInt8 { UInt8(card.read(offset, size: 1).value) }

    private func frame(to destination: [UInt8], count: Int) -> [UInt8] {
        destination + [2, 0, 0, 0, 0, 9, 8, 0] + (14..<count).map { UInt8(truncatingIfNeeded: $0) }
    }

    /// A packet of the driver's with a frame in it.
    private func allocate(_ frame: [UInt8]) -> UInt8 {
        bank(2)
        set(0, 1 << 5)
        #expect(getByte(12) & 8 != 0, "the allocation is done")
        let packet = getByte(3)
        setByte(2, packet)
        set(6, 1 << 14)
        let isOdd = frame.count % 2 != 0
        let count = frame.count & ~1 + 6
        let bytes = [0, 0, UInt8(count & 0xff), UInt8(count >> 8)] + frame + (isOdd ? [0x20] : [0, 0])
        for start in stride(from: 0, to: bytes.count - bytes.count % 4, by: 4) {
            _ = card.write(8, value: (0..<4).reduce(0) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }, size: 4)
        }
        for byte in bytes.suffix(bytes.count % 4) { setByte(8, byte) }
        return packet
    }

    private func enable(transmit: UInt16 = 1, receive: UInt16 = 0x300) {
        bank(0)
        set(0, transmit)
        set(4, receive)
        bank(2)
    }

    /// The frame in front of the receive FIFO, with its status, which then leaves.
    private func received() -> (status: UInt16, bytes: [UInt8])? {
        bank(2)
        guard getByte(5) & 0x80 == 0 else { return nil }
        set(6, 0xe000)
        let status = get(8), count = Int(get(8))
        var bytes = (0..<count - 6).map { _ in getByte(8) }
        let last = getByte(8)
        if getByte(8) & 0x20 != 0 { bytes.append(last) }
        set(0, 4 << 5)
        return (status, bytes)
    }

    @Test func banks() {
        for number in 0..<4 as Range<UInt16> {
            bank(number)
            #expect(get(14) == 0x3300 | number)
        }
        #expect(get(10) == 0x3391)
        bank(1)
        #expect((0..<6).map { getByte(4 + $0) } == address)
        #expect(get(0) == 0xa0b1 && get(12) == 0x1210)
        bank(0)
        #expect(get(8) == 0x0404 && get(2) & 1 << 14 != 0, "four packets, all free, and a link")
        card.setLink(up: false)
        #expect(get(2) & 1 << 14 == 0)
    }

    /// Frames of odd and even length leave as they are; the end is told until it is acknowledged, and the packet stays until it is released.
    @Test(arguments: [60, 61, 100, 1514]) func sending(count: Int) {
        enable()
        let bytes = frame(to: address, count: count)
        let packet = allocate(bytes)
        setByte(13, 2)
        set(0, 6 << 5)
        #expect(network.frames == [bytes] && card.interrupt.level)
        #expect(getByte(4) == packet)
        set(0, 5 << 5)
        setByte(12, 2)
        #expect(!card.interrupt.level && getByte(4) == 0x80)
        bank(0)
        #expect(get(8) == 0x0404)
    }

    /// Without the transmitter a packet waits; short frames are filled up, and with automatic release the packet is free again.
    @Test func waitingAndPadding() {
        bank(1)
        set(12, 0x1a10)
        enable(transmit: 0)
        _ = allocate(frame(to: address, count: 20))
        set(0, 6 << 5)
        set(0, 6 << 5)
        #expect(network.frames.isEmpty)
        bank(0)
        set(0, 0x81)
        #expect(network.frames.map(\.count) == [60] && get(8) == 0x0404)
        bank(2)
        #expect(getByte(12) & 6 == 4, "all is sent")
    }

    /// The fifth request for a packet waits until one is released.
    @Test func allocation() {
        bank(2)
        for packet in 0..<4 as Range<UInt8> {
            set(0, 1 << 5)
            #expect(getByte(3) == packet)
        }
        set(0, 1 << 5)
        setByte(13, 8)
        #expect(getByte(3) == 0x80 && !card.interrupt.level)
        enable()
        let bytes = frame(to: address, count: 60)
        network.deliver(bytes)
        #expect(network.isBehind, "what comes waits, too")
        setByte(2, 2)
        set(0, 5 << 5)
        #expect(getByte(3) == 2 && card.interrupt.level)
        setByte(2, 1)
        set(0, 5 << 5)
        #expect(!network.isBehind && received()?.bytes == bytes)
    }

    /// Frames come with status, count and control; the check sequence if it is wanted.
    @Test(arguments: [60, 61, 1514]) func receiving(count: Int) throws {
        enable()
        setByte(13, 1)
        let bytes = frame(to: address, count: count)
        #expect(card.receive(bytes) && card.interrupt.level)
        let first = try #require(received())
        #expect(first.bytes == bytes && first.status == (count % 2 != 0 ? 1 << 12 : 0) && !card.interrupt.level)
        enable(receive: 0x100)
        #expect(card.receive(bytes))
        #expect(try #require(received()).bytes == bytes + [0, 0, 0, 0])
    }

    /// Others' frames pass by, but not broadcasts, and multicasts whose bit is set.
    @Test func filter() throws {
        let other: [UInt8] = [2, 0, 0, 0, 0, 1], group: [UInt8] = [1, 0, 0x5e, 0, 0, 1]
        enable()
        _ = card.receive(frame(to: other, count: 60))
        _ = card.receive(frame(to: group, count: 60))
        #expect(received() == nil)
        _ = card.receive(frame(to: [UInt8](repeating: 0xff, count: 6), count: 60))
        #expect(try #require(received()).status == 1 << 14)
        bank(3)
        // The bit of 224.0.0.1 as Linux's driver sets it: from the reversed low bits of the little-endian CRC.
        var crc: UInt32 = ~0
        for byte in group {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 != 0 ? 0xedb8_8320 : 0) }
        }
        let reversed: [UInt8] = [0, 4, 2, 6, 1, 5, 3, 7]
        setByte(UInt64(reversed[Int(crc & 7)]), 1 << reversed[Int(crc >> 3 & 7)])
        _ = card.receive(frame(to: group, count: 60))
        #expect(try #require(received()).status == 1)
        enable(receive: 0x302)
        _ = card.receive(frame(to: other, count: 60))
        #expect(received() != nil)
    }

    @Test func loopback() throws {
        enable(transmit: 0x2001)
        let bytes = frame(to: address, count: 99)
        _ = allocate(bytes)
        set(0, 6 << 5)
        #expect(network.frames.isEmpty)
        #expect(try #require(received()).bytes == bytes)
    }

    // MARK: The PHY

    /// Clocks bits out, highest first.
    private func put(_ value: UInt32, _ bits: Int) {
        for bit in (0..<bits).reversed() {
            let output: UInt8 = value >> UInt32(bit) & 1 != 0 ? 9 : 8
            setByte(8, output)
            setByte(8, output | 4)
        }
    }

    private func phy(_ register: UInt32, at address: UInt32 = 0) -> UInt32 {
        bank(3)
        put(~0, 32)
        put(6 << 10 | address << 5 | register, 14)
        var value: UInt32 = 0
        for _ in 0..<18 {
            value = value << 1 | UInt32(getByte(8) >> 1 & 1)
            setByte(8, 0)
            setByte(8, 4)
        }
        return value
    }

    private func setPHY(_ register: UInt32, _ value: UInt32) {
        bank(3)
        put(~0, 32)
        put(5 << 28 | register << 18 | 2 << 16 | value, 32)
    }

    /// Registers bit by bit, the answer behind a zero; at another address is nobody. A change of the link is told.
    @Test func management() {
        #expect(phy(2) == 0x16 && phy(3) == 0xf840 && phy(1) & 0x24 == 0x24)
        #expect(phy(2, at: 5) == 0)
        setPHY(4, 0x0061)
        #expect(phy(4) == 0x61)
        setPHY(19, 0x3fff)
        _ = phy(18)
        bank(2)
        setByte(13, 0x80)
        card.setLink(up: false)
        #expect(card.interrupt.level)
        #expect(phy(18) & 0xc000 == 0xc000 && phy(1) & 4 == 0)
        bank(2)
        setByte(12, 0x80)
        #expect(!card.interrupt.level)
    }

    /// What no driver does: a pointer without a packet, packets that are not the driver's, counts that make no frame.
    @Test func nonsense() {
        enable()
        set(6, 0xe7ff)
        #expect(get(8) == 0)
        set(8, 0xffff)
        for packet in [0, 3, 63] as [UInt8] {
            setByte(2, packet)
            set(0, 6 << 5)
            set(0, 5 << 5)
        }
        set(0, 1 << 5)
        setByte(2, getByte(3))
        set(6, 0x4000)
        set(8, 0)
        set(8, 0xffff)
        set(0, 6 << 5)
        set(0, 4 << 5)
        #expect(network.frames.allSatisfy { $0.count < 2048 })
    }
}
