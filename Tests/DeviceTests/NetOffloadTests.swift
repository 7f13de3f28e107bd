import NetBackends
import Testing
import VirtioDevices

private final class Wire: NetworkBackend {
    var sent: [[UInt8]] = []
    override func send(_ frame: [UInt8]) { sent.append(frame) }
}

/// Checksums and segments that the card makes, checked with arithmetic of the test's own.
@Suite struct NetOffloadTests {
    private let wire = Wire()

    /// One's complement sum of 16-bit words; a packet with a right checksum in it sums up to 0xffff.
    private func sum(_ bytes: [UInt8]) -> Int {
        let words = stride(from: 0, to: bytes.count, by: 2).map { Int(bytes[$0]) << 8 | ($0 + 1 < bytes.count ? Int(bytes[$0 + 1]) : 0) }
        return words.reduce(0) {
            let total = $0 + $1; return total > 0xffff ? total - 0xffff : total
        }
    }

    private func pseudo(_ frame: [UInt8], _ isIPv6: Bool, _ transport: Int, _ kind: UInt8) -> [UInt8] {
        let length = frame.count - transport
        let addresses = isIPv6 ? frame[22..<54] : frame[26..<34]
        return addresses + [0, kind, UInt8(length >> 8), UInt8(length & 0xff)]
    }

    private func driver(_ features: UInt64) throws -> RingDriver {
        let card = VirtioNet(address: try #require(MACAddress("52:54:00:12:34:56")), backend: wire)
        return try RingDriver(card, features: features, queues: [1], legacy: false)
    }

    private func ipv4(_ kind: UInt8, _ payload: [UInt8]) -> [UInt8] {
        let length = 20 + payload.count
        let start: [UInt8] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]
        let header: [UInt8] = [0x45, 0, UInt8(length >> 8), UInt8(length & 0xff), 0x12, 0xff, 0x40, 0, 64, kind, 0, 0, 10, 0, 2, 15, 10, 0, 2, 2]
        return start + header + payload
    }

    private func tcp(_ count: Int) -> [UInt8] {
        [0x80, 0, 0, 80, 0xff, 0xff, 0xff, 0xf0, 0, 0, 0, 9, 0x50, 0x99, 1, 0, 0, 0, 0, 0] + (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 11) }
    }

    @Test(arguments: [0, 1, 8, 9, 120]) func checksumsAreFinished(_ count: Int) throws {
        let driver = try driver(1)
        var packet = ipv4(17, [0x30, 0x39, 0, 53, 0, UInt8(8 + count), 0, 0] + [UInt8](repeating: 0x5a, count: count))
        let begun = sum(pseudo(packet, false, 34, 17))
        (packet[40], packet[41]) = (UInt8(begun >> 8), UInt8(begun & 0xff))
        driver.offer(1, [1, 0, 0, 0, 0, 0, 34, 0, 6, 0, 0, 0] + packet)
        let frame = try #require(wire.sent.first)
        #expect(sum(pseudo(frame, false, 34, 17) + frame[34...]) == 0xffff)
        #expect(frame[40] != 0 || frame[41] != 0)
    }

    @Test func largePacketsBecomeFrames() throws {
        let driver = try driver(1 | 1 << 11)
        driver.offer(1, [1, 0x81, 54, 0, 50, 0, 34, 0, 16, 0, 0, 0] + ipv4(6, tcp(170)))
        #expect(wire.sent.map(\.count) == [104, 104, 104, 74])
        for (index, frame) in wire.sent.enumerated() {
            #expect(Int(frame[16]) << 8 | Int(frame[17]) == frame.count - 14)
            #expect(Int(frame[18]) << 8 | Int(frame[19]) == 0x12ff + index)
            #expect(sum(Array(frame[14..<34])) == 0xffff)
            #expect(sum(pseudo(frame, false, 34, 6) + frame[34...]) == 0xffff)
            let sequence = frame[38..<42].reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
            #expect(sequence == 0xffff_fff0 &+ UInt32(50 * index))
            #expect(frame[47] == [0x90, 0x10, 0x10, 0x19][index], "FIN and PSH in the last only, CWR in the first only")
        }
        #expect(wire.sent.flatMap { $0[54...] }.elementsEqual(tcp(170)[20...]))
    }

    @Test func largePacketsBecomeFramesOverIPv6() throws {
        let driver = try driver(1 | 1 << 12)
        let start: [UInt8] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 120, 6, 64]
        let packet = start + [UInt8](repeating: 0xfe, count: 32) + tcp(101)
        driver.offer(1, [1, 4, 74, 0, 60, 0, 54, 0, 16, 0, 0, 0] + packet)
        #expect(wire.sent.map(\.count) == [134, 115])
        for frame in wire.sent {
            #expect(Int(frame[18]) << 8 | Int(frame[19]) == frame.count - 54)
            #expect(sum(pseudo(frame, true, 54, 6) + frame[54...]) == 0xffff)
        }
    }
}
