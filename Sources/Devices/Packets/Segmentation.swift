/// Cuts a TCP packet that is larger than the network's frames into frames, as a network card does (Virtio 1.2, section 5.1.6.2.1).
public struct TCPSegmentation {
    private let packet: [UInt8]
    /// Where the headers of IP and TCP and the data begin.
    private let ip: Int
    private let tcp: Int
    private let data: Int
    private let size: Int
    private let isIPv6: Bool

    private enum TCPFlag { static let fin: UInt8 = 1, push: UInt8 = 8, reduced: UInt8 = 0x80 }

    private static let vlanTag = 0x8100

    /// Nil if the headers are not those of such a packet.
    ///
    /// - Parameters:
    ///   - tcp: where TCP's header begins.
    ///   - segmentSize: bytes of data in each frame.
    public init?(_ packet: [UInt8], tcp: Int, segmentSize: Int, isIPv6: Bool) {
        (self.tcp, self.isIPv6) = (tcp, isIPv6)
        guard segmentSize > 0, tcp >= 14, tcp + 20 <= packet.count else { return nil }
        let isTagged = packet.half(12) == TCPSegmentation.vlanTag
        ip = isTagged ? 18 : 14
        let least = ip + (isIPv6 ? 40 : 20)
        guard packet.half(ip - 2) == (isIPv6 ? 0x86dd : 0x0800), tcp >= least, packet.count - ip <= 0xffff + 40 else { return nil }
        if !isIPv6 { guard ip + 4 * Int(packet[ip] & 15) == tcp else { return nil } }
        data = tcp + 4 * Int(packet[tcp + 12] >> 4)
        guard data >= tcp + 20, data <= packet.count else { return nil }
        (self.packet, size) = (packet, segmentSize)
    }

    public var frames: [[UInt8]] {
        let starts = Array(stride(from: data, to: max(packet.count, data + 1), by: size))
        return starts.enumerated().map { index, start in frame(index, start..<min(start + size, packet.count), isLast: index == starts.count - 1) }
    }

    private func frame(_ index: Int, _ payload: Range<Int>, isLast: Bool) -> [UInt8] {
        var frame = Array(packet[..<data])
        let length = data - tcp + payload.count
        if isIPv6 {
            frame.setHalf(ip + 4, tcp - ip - 40 + length)
        } else {
            frame.setHalf(ip + 2, tcp - ip + length)
            frame.setHalf(ip + 4, packet.half(ip + 4) + index)
            frame.setHalf(ip + 10, 0)
            var sum = Checksum()
            sum.add(frame[ip..<tcp])
            frame.setHalf(ip + 10, Int(sum.value))
        }
        let sequence = UInt32(packet.half(tcp + 4) << 16 | packet.half(tcp + 6)) &+ UInt32(payload.lowerBound - data)
        frame.setHalf(tcp + 4, Int(sequence >> 16))
        frame.setHalf(tcp + 6, Int(sequence & 0xffff))
        if !isLast { frame[tcp + 13] &= ~(TCPFlag.fin | TCPFlag.push) }
        if index > 0 { frame[tcp + 13] &= ~TCPFlag.reduced }
        frame.setHalf(tcp + 16, 0)
        frame += packet[payload]
        frame.setHalf(tcp + 16, Int(checksum(frame, length)))
        return frame
    }

    /// Over the addresses, the protocol's number, the length, and all of TCP.
    private func checksum(_ frame: [UInt8], _ length: Int) -> UInt16 {
        var sum = Checksum()
        sum.add(isIPv6 ? frame[ip + 8..<ip + 40] : frame[ip + 12..<ip + 20])
        sum.add(6)
        sum.add(length)
        sum.add(frame[tcp...])
        return sum.value
    }
}
