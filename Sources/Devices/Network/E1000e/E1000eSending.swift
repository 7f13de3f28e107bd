import Diagnostics
import NetBackends
import PCI
import Packets
import Snapshot

/// What the card keeps between descriptors of a packet (section 7.2).
struct E1000eSender: SnapshotState {
    /// The packet so far.
    var packet: [UInt8] = []
    /// Words of the last context descriptor: where checksums begin and lie, lengths of data and headers, size of a segment.
    var context: [UInt32] = [0, 0, 0, 0]
    /// POPTS of the packet's first descriptor.
    var options: UInt8 = 0
    var tag: UInt16 = 0
    var hasTag = false
    var isSegmented = false

    static let largest = 0x4_0000

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("packet", &packet)
        visitor.check("a packet has a largest size", packet.count <= E1000eSender.largest)
        visitor.table("context", &context)
        visitor.field("options", &options)
        visitor.field("tag", &tag)
        visitor.field("hasTag", &hasTag)
        visitor.field("isSegmented", &isSegmented)
    }

    var ipStart: Int { Int(context[0] & 0xff) }
    var ipOffset: Int { Int(context[0] >> 8 & 0xff) }
    var ipEnd: Int { Int(context[0] >> 16) }
    var tcpStart: Int { Int(context[1] & 0xff) }
    var tcpOffset: Int { Int(context[1] >> 8 & 0xff) }
    var tcpEnd: Int { Int(context[1] >> 16) }
    /// TUCMD.IP: IPv4.
    var isIPv4: Bool { context[2] >> 25 & 1 != 0 }
    /// TUCMD.TCP.
    var isTCP: Bool { context[2] >> 24 & 1 != 0 }
    var segmentSize: Int { Int(context[3] >> 16) }
}

extension E1000e {
    private enum Command {
        static let end: UInt32 = 1 << 24, segment: UInt32 = 1 << 26, report: UInt32 = 1 << 27, extended: UInt32 = 1 << 29, vlan: UInt32 = 1 << 30
    }
    private enum Option { static let ip: UInt8 = 1, tcp: UInt8 = 2 }

    /// Sends what the driver has queued.
    func send() {
        let size = word(Register.transmitLength) / 16
        guard word(Register.transmitControl) & Register.transmitEnable != 0, word(Register.transmitTail) < size else { return }
        let base = UInt64(word(Register.transmitBaseHigh)) << 32 | UInt64(word(Register.transmitBase))
        var causes: UInt32 = 0
        while word(Register.transmitHead) != word(Register.transmitTail), word(Register.transmitHead) < size, backend?.hasRoom != false {
            let head = word(Register.transmitHead)
            let place = base &+ 16 * UInt64(head)
            guard let first = function.load(place, as: UInt64.self), let second = function.load(place &+ 8, as: UInt64.self) else {
                return Log.write(.guestErrors, "e1000e: transmit descriptor \(head) is not in memory")
            }
            take(first, UInt32(truncatingIfNeeded: second), UInt32(second >> 32))
            if UInt32(truncatingIfNeeded: second) & Command.report != 0 {
                function.store(place &+ 12, UInt32(second >> 32) | 1)
                causes |= Cause.sent
            }
            words[Register.transmitHead / 4] = (head + 1) % size
        }
        if word(Register.transmitHead) == word(Register.transmitTail) { causes |= Cause.queueEmpty }
        if causes != 0 { raise(causes | Cause.sentQueue0) }
    }

    /// One descriptor: a legacy one, a context, or data (section 7.2.10).
    private func take(_ address: UInt64, _ command: UInt32, _ status: UInt32) {
        let isExtended = command & Command.extended != 0
        if isExtended, command >> 20 & 15 == 0 {
            sender.context = [UInt32(truncatingIfNeeded: address), UInt32(address >> 32), command, status]
            return
        }
        if sender.packet.isEmpty {
            sender.options = isExtended ? UInt8(status >> 8 & 0xff) : 0
            sender.isSegmented = isExtended && command & Command.segment != 0
        }
        let count = Int(command & (isExtended ? 0xf_ffff : 0xffff))
        if count > 0, sender.packet.count + count <= E1000eSender.largest, let bytes = function.read(address, count: count) {
            sender.packet += bytes
        } else if count > 0 {
            Log.write(.guestErrors, "e1000e: a buffer of \(count) bytes is too large or not in memory")
        }
        if !isExtended, command & 1 << 26 != 0 { insertChecksum(start: Int(status >> 8 & 0xff), offset: Int(command >> 16 & 0xff)) }
        guard command & Command.end != 0 else { return }
        (sender.hasTag, sender.tag) = (command & Command.vlan != 0, UInt16(status >> 16))
        finish()
    }

    /// A legacy descriptor's IC: the sum of everything from `start` on.
    private func insertChecksum(start: Int, offset: Int) {
        guard start < sender.packet.count, offset + 2 <= sender.packet.count else { return }
        sender.packet.setHalf(offset, 0)
        _ = sender.packet.finishChecksum(start: start, offset: offset - start)
    }

    private func finish() {
        let state = sender
        sender.packet = []
        guard state.packet.count >= 14 else { return }
        guard state.isSegmented else { return deliver(withChecksums(state), state) }
        guard state.isTCP, let segments = TCPSegmentation(state.packet, tcp: state.tcpStart, segmentSize: state.segmentSize, isIPv6: !state.isIPv4)
        else {
            return Log.write(.guestErrors, "e1000e: what is to be cut into segments is no TCP packet")
        }
        for frame in segments.frames { deliver(frame, state) }
    }

    private func withChecksums(_ state: E1000eSender) -> [UInt8] {
        var packet = state.packet
        func finish(_ start: Int, _ place: Int, _ end: Int) {
            let last = end == 0 ? packet.count : min(end + 1, packet.count)
            guard start < last, place >= start, place + 2 <= last else { return }
            var sum = Checksum()
            sum.add(packet[start..<last])
            packet.setHalf(place, sum.value == 0 ? 0xffff : Int(sum.value))
        }
        if state.options & Option.ip != 0 {
            if state.ipOffset + 2 <= packet.count { packet.setHalf(state.ipOffset, 0) }
            finish(state.ipStart, state.ipOffset, state.ipEnd)
        }
        if state.options & Option.tcp != 0 { finish(state.tcpStart, state.tcpOffset, state.tcpEnd) }
        return packet
    }

    private func deliver(_ frame: [UInt8], _ state: E1000eSender) {
        var frame = frame
        if state.hasTag, stripsVLAN { frame.insert(contentsOf: [0x81, 0, UInt8(state.tag >> 8), UInt8(state.tag & 0xff)], at: 12) }
        count(Register.Statistics.sentGood)
        count(Register.Statistics.sent)
        count(Register.Statistics.sentBytes, frame.count + 4)
        if hasLink { backend?.send(frame) }
    }
}
