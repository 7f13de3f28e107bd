import DeviceModel
import NetBackends
import NetworkDevices
import Testing

/// SMSC's LAN9118 by its datasheet.
@Suite struct LAN9118Tests {
    /// A network that keeps what it is sent.
    private final class Recorder: NetworkBackend {
        var frames: [[UInt8]] = []
        override func send(_ frame: [UInt8]) { frames.append(frame) }
    }

    private let card = LAN9118()
    private let network = Recorder()
    private let address: [UInt8] = [0x52, 0x54, 0, 0x12, 0x34, 0x57]

    init() {
        card.connect(network, address: MACAddress(0x5254_0012_3457))
        card.reset()
    }

    private func set(_ offset: UInt64, _ value: UInt32) { _ = card.write(offset, value: UInt64(value), size: 4) }
    private func get(_ offset: UInt64) -> UInt32 { UInt32(card.read(offset, size: 4).value) }

    private func setMAC(_ register: UInt32, _ value: UInt32) {
        set(0xa8, value)
        set(0xa4, 1 << 31 | register)
    }

    private func mac(_ register: UInt32) -> UInt32 {
        set(0xa4, 3 << 30 | register)
        return get(0xa8)
    }

    private func phy(_ register: UInt32) -> UInt32 {
        setMAC(6, 1 << 11 | register << 6)
        return mac(7)
    }

    private func frame(to destination: [UInt8], count: Int = 100) -> [UInt8] {
        destination + [2, 0, 0, 0, 0, 9, 8, 0] + (14..<count).map { UInt8($0) }
    }

    @Test func identification() {
        #expect(get(0x50) == 0x0118_0001 && get(0x64) == 0x8765_4321 && get(0x84) & 1 == 1)
        #expect(mac(3) == 0x1200_5452 && mac(2) == 0x5734)
        #expect(phy(2) == 7 && phy(3) == 0xc0d1 && phy(1) & 4 != 0, "the link is up")
        card.setLink(up: false)
        #expect(phy(1) & 4 == 0)
    }

    /// Two buffers with offsets make one frame; its status has the tag; the interrupt that the command asked for.
    @Test func sending() {
        setMAC(1, 1 << 3)
        set(0x70, 2)
        set(0x54, 1 << 8)
        set(0x5c, 1 << 21)
        let bytes = frame(to: address, count: 64)
        // The first buffer: 6 bytes behind an offset of 2; the second the rest.
        let packed = [0, 0] + bytes[0..<6] + bytes[6...] + [0, 0]
        func words(_ part: ArraySlice<UInt8>) -> [UInt32] {
            let all = Array(part)
            return stride(from: 0, to: all.count - all.count % 4, by: 4).map { place in
                (0..<4).reduce(0) { $0 | UInt32(all[place + $1]) << UInt32(8 * $1) }
            }
        }
        for word in [2 << 16 | 1 << 13 | 6, 77 << 16 | 64] + words(packed[0..<8]) { set(0x20, word) }
        #expect(network.frames.isEmpty)
        for word in [1 << 31 | 1 << 12 | 58, 77 << 16 | 64] + words(packed[8...]) { set(0x20, word) }
        #expect(network.frames == [bytes])
        #expect(card.interrupt.level && get(0x58) & 1 << 21 != 0)
        #expect(get(0x80) >> 16 == 1 && get(0x4c) == 77 << 16 && get(0x48) == 77 << 16 && get(0x80) >> 16 == 0)
        set(0x58, 1 << 21)
        #expect(!card.interrupt.level)
    }

    /// What is for us or for all comes, with its status and a check sequence; what is for others does not.
    @Test func receiving() {
        #expect(card.receive(frame(to: address)))
        #expect(get(0x7c) == 0, "the receiver is off")
        setMAC(1, 1 << 2)
        set(0x54, 1 << 8)
        set(0x5c, 1 << 3)
        set(0x6c, 2 << 8)
        _ = card.receive(frame(to: [2, 2, 2, 2, 2, 2]))
        #expect(get(0x7c) == 0)
        _ = card.receive(frame(to: address))
        _ = card.receive(frame(to: [UInt8](repeating: 0xff, count: 6), count: 60))
        #expect(card.interrupt.level && get(0x7c) >> 16 == 2)
        #expect(get(0x44) == 104 << 16 | 1 << 5 && get(0x40) == 104 << 16 | 1 << 5)
        #expect(get(0x00) == 0x5452_0000, "two bytes of offset, then the address")
        // The rest of the packet, then the next one's.
        set(0x78, 1 << 31)
        #expect(get(0x40) == 64 << 16 | 1 << 13 | 1 << 5)
        #expect(get(0x00) == 0xffff_0000)
    }

    /// In loopback the card hears itself; a soft reset empties it.
    @Test func loopback() {
        setMAC(1, 3 << 2)
        set(0x70, 2)
        setMAC(7, 1 << 14)
        setMAC(6, 1 << 11 | 2)
        for word in [3 << 12 | 60, 60] + [UInt32](repeating: 0xffff_ffff, count: 15) { set(0x20, word) }
        #expect(network.frames.isEmpty && get(0x7c) >> 16 == 1)
        set(0x74, 1)
        #expect(get(0x7c) == 0 && get(0x74) & 1 == 0)
    }
}
