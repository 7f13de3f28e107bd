import BlockCore
import HostOS
import SCSI
import Snapshot

/// A command as a port has received it: the register frame, the packet of a PACKET command, memory for data.
struct ATARequest {
    let frame: [UInt8]
    let packet: [UInt8]
    let isPacket: Bool
    let buffers: [GuestBuffer]

    var opcode: UInt8 { frame[2] }
    var features: UInt16 { UInt16(frame[3]) | UInt16(frame[11]) << 8 }
    /// Of commands with 28 bits, and of those with 48.
    var shortBlock: UInt64 { UInt64(frame[4]) | UInt64(frame[5]) << 8 | UInt64(frame[6]) << 16 | UInt64(frame[7] & 15) << 24 }
    var block: UInt64 {
        UInt64(frame[4]) | UInt64(frame[5]) << 8 | UInt64(frame[6]) << 16 | UInt64(frame[8]) << 24 | UInt64(frame[9]) << 32 | UInt64(frame[10]) << 40
    }
    var count: UInt16 { UInt16(frame[12]) | UInt16(frame[13]) << 8 }
    var isQueued: Bool { !isPacket && [0x60, 0x61].contains(opcode) }
    /// A data-in command whose data goes by PIO frames.
    var isPIO: Bool { [0xec, 0xa1, 0x20, 0x24, 0x29, 0xc4].contains(opcode) }
}

/// How a command ended: status, error, and bytes that were moved.
struct ATAEnding {
    var status: UInt8 = 0x50
    var error: UInt8 = 0
    var count = 0
    var sectorCount: UInt8 = 0

    var hasFailed: Bool { status & 1 != 0 }
    static let aborted = ATAEnding(status: 0x51, error: 4), unreadable = ATAEnding(status: 0x51, error: 0x40),
        notFound = ATAEnding(status: 0x51, error: 0x10)
}

/// A drive on a SATA link: a disk (ATA/ATAPI Command Set 3) or a CD that takes SCSI commands in packets.
public final class ATADrive {
    enum Content {
        case disk(any BlockNode)
        case packets(SCSIDisk)
    }

    public struct Options: Sendable {
        /// At most 20 bytes.
        public var serial = ""
        public var model = "Apus HARDDISK"
        public var hasCache = true
        public init() {}
    }

    let content: Content
    private let options: Options
    private var hasWriteCache: Bool

    public init(disk node: any BlockNode, options: Options) {
        (content, self.options, hasWriteCache) = (.disk(node), options, options.hasCache)
    }
    public init(packets unit: SCSIDisk, options: Options) { (content, self.options, hasWriteCache) = (.packets(unit), options, false) }

    /// What a drive tells of itself after a reset.
    var signature: UInt32 { if case .disk = content { 0x0000_0101 } else { 0xeb14_0101 } }

    func reset() {
        drain()
        hasWriteCache = options.hasCache
        if case .packets(let unit) = content { unit.reset() }
    }

    func drain() {
        switch content {
        case .disk(let node): node.drain()
        case .packets(let unit): unit.drain()
        }
    }

    func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("hasWriteCache", &hasWriteCache)
        if case .packets(let unit) = content { visitor.group("unit") { unit.visit(&$0) } }
    }

    // MARK: Commands

    func execute(_ request: ATARequest, _ done: @escaping (ATAEnding) -> Void) {
        switch content {
        case .disk(let node): execute(request, node, done)
        case .packets(let unit): execute(request, unit, done)
        }
    }

    private func execute(_ request: ATARequest, _ unit: SCSIDisk, _ done: @escaping (ATAEnding) -> Void) {
        switch request.opcode {
        case 0xa0:
            unit.execute(Array(request.packet.prefix(12)), output: request.buffers, input: request.buffers) { result in
                let isGood = result.status == .good
                // Interrupt reason: the command has ended, towards the host.
                done(ATAEnding(status: isGood ? 0x50 : 0x51, error: isGood ? 0 : result.sense.key << 4 | 4, count: result.count, sectorCount: 3))
            }
        case 0xa1: done(answer(request, identity(blocks: 0, isPacket: true)))
        case 0xef, 0xe0...0xe3, 0xe5, 0xe6: done(ATAEnding(sectorCount: request.opcode == 0xe5 ? 0xff : 0))
        default: done(.aborted)
        }
    }

    private func execute(_ request: ATARequest, _ node: any BlockNode, _ done: @escaping (ATAEnding) -> Void) {
        let short = (request.shortBlock, request.frame[12] == 0 ? 256 : UInt64(request.frame[12]))
        let long = (request.block, request.count == 0 ? 65536 : UInt64(request.count))
        switch request.opcode {
        case 0xec: done(answer(request, identity(blocks: node.size / 512, isPacket: false)))
        case 0x20, 0xc4, 0xc8: read(request, short, node, done)
        case 0x24, 0x25, 0x29: read(request, long, node, done)
        case 0x30, 0xc5, 0xca: write(request, short, isDurable: false, node, done)
        case 0x34, 0x35, 0x39: write(request, long, isDurable: false, node, done)
        case 0x3d: write(request, long, isDurable: true, node, done)
        // Queued: the count is in the features, bit 7 of the device register forces unit access.
        case 0x60: read(request, (request.block, request.features == 0 ? 65536 : UInt64(request.features)), node, done)
        case 0x61:
            write(
                request, (request.block, request.features == 0 ? 65536 : UInt64(request.features)), isDurable: request.frame[7] & 0x80 != 0, node,
                done)
        case 0xe7, 0xea: node.flush { done($0 == .ok ? ATAEnding() : .aborted) }
        case 0x06: trim(request, node, done)
        case 0xef: setFeature(request, done)
        case 0x40, 0x42: done(place(request.opcode == 0x40 ? short : long, node) == nil ? .notFound : ATAEnding())
        // Power states, parameters that mean nothing any more.
        case 0x91, 0xc6, 0xe0...0xe3, 0xe6: done(ATAEnding())
        case 0xe5: done(ATAEnding(sectorCount: 0xff))
        default: done(.aborted)
        }
    }

    private func setFeature(_ request: ATARequest, _ done: @escaping (ATAEnding) -> Void) {
        switch request.frame[3] {
        case 0x02: hasWriteCache = true
        case 0x82: hasWriteCache = false
        // Transfer modes, look-ahead, power management.
        case 0x03, 0x05, 0x55, 0x66, 0x85, 0xaa, 0xcc: break
        default: return done(.aborted)
        }
        done(ATAEnding())
    }

    private func answer(_ request: ATARequest, _ bytes: [UInt8]) -> ATAEnding {
        var rest = bytes[...]
        for buffer in request.buffers { rest = rest.dropFirst(buffer.fill(from: rest)) }
        return ATAEnding(count: bytes.count - rest.count)
    }

    // MARK: The disk

    private func place(_ range: (block: UInt64, count: UInt64), _ node: any BlockNode) -> (start: UInt64, count: UInt64)? {
        let blocks = node.size / 512
        guard range.block <= blocks, range.count <= blocks - range.block else { return nil }
        return (range.block * 512, range.count * 512)
    }

    /// The first bytes of the request's memory; nil if it has fewer.
    private func memory(_ request: ATARequest, _ count: UInt64) -> [GuestBuffer]? {
        var left = count
        var list: [GuestBuffer] = []
        for buffer in request.buffers where left > 0 {
            let part = buffer.prefix(Int(clamping: left))
            list.append(part)
            left -= UInt64(part.count)
        }
        return left == 0 ? list : nil
    }

    private func read(_ request: ATARequest, _ range: (block: UInt64, count: UInt64), _ node: any BlockNode, _ done: @escaping (ATAEnding) -> Void) {
        guard let (start, count) = place(range, node) else { return done(.notFound) }
        guard let buffers = memory(request, count) else { return done(.aborted) }
        node.read(start, into: buffers) { done($0 == .ok ? ATAEnding(count: Int(count)) : .unreadable) }
    }

    private func write(
        _ request: ATARequest, _ range: (block: UInt64, count: UInt64), isDurable: Bool, _ node: any BlockNode, _ done: @escaping (ATAEnding) -> Void
    ) {
        guard let (start, count) = place(range, node) else { return done(.notFound) }
        guard let buffers = memory(request, count), !node.isReadOnly else { return done(.aborted) }
        let isThrough = options.hasCache && (isDurable || !hasWriteCache)
        let end: (BlockResult) -> Void = { done($0 == .ok ? ATAEnding(count: Int(count)) : .aborted) }
        node.write(start, from: buffers) { if isThrough, $0 == .ok { node.flush(end) } else { end($0) } }
    }

    /// DATA SET MANAGEMENT: ranges that need not be kept.
    private func trim(_ request: ATARequest, _ node: any BlockNode, _ done: @escaping (ATAEnding) -> Void) {
        let blocks = UInt64(request.count)
        guard request.frame[3] & 1 != 0, (1...8).contains(blocks), !node.isReadOnly, let buffers = memory(request, 512 * blocks) else {
            return done(.aborted)
        }
        let bytes = buffers.flatMap { $0.bytes() }
        let ranges = stride(from: 0, to: bytes.count, by: 8).map { (block: bytes.little($0, 6), count: bytes.little($0 + 6, 2)) }.filter {
            $0.count > 0
        }
        let places = ranges.map { place($0, node) }
        guard places.allSatisfy({ $0 != nil }) else { return done(.notFound) }
        discard(places.compactMap { $0 }[...], node, done)
    }

    private func discard(_ places: ArraySlice<(start: UInt64, count: UInt64)>, _ node: any BlockNode, _ done: @escaping (ATAEnding) -> Void) {
        guard let first = places.first else { return done(ATAEnding()) }
        node.discard(first.start, count: first.count) { [weak self] in
            guard let self, $0 == .ok else { return done(.aborted) }
            discard(places.dropFirst(), node, done)
        }
    }

    // MARK: Identity

    /// IDENTIFY DEVICE and IDENTIFY PACKET DEVICE (ACS-3, sections 7.12 and 7.13).
    private func identity(blocks: UInt64, isPacket: Bool) -> [UInt8] {
        var words = [UInt16](repeating: 0, count: 256)
        func text(_ text: String, _ first: Int, _ count: Int) {
            var bytes = Array(text.utf8.prefix(2 * count))
            bytes += [UInt8](repeating: 0x20, count: 2 * count - bytes.count)
            for index in 0..<count { words[first + index] = UInt16(bytes[2 * index]) << 8 | UInt16(bytes[2 * index + 1]) }
        }
        text(options.serial, 10, 10)
        text("1.0", 23, 4)
        text(options.model, 27, 20)
        let common: [(Int, UInt16)] = [
            (0, isPacket ? 0x8580 : 0x0040), (49, isPacket ? 0x0f00 : 0x0b00), (53, 7), (63, 0x0007), (64, 3), (65, 120), (66, 120), (67, 120),
            (68, 120),
            (76, isPacket ? 2 : 0x0102), (80, 0x00f0), (82, isPacket ? 0x0210 : 0x4020), (83, isPacket ? 0x4000 : 0x7400), (84, 0x4000),
            (85, isPacket ? 0x0210 : 0x4000 | (hasWriteCache ? 0x20 : 0)), (86, isPacket ? 0 : 0x3400), (87, 0x4000), (88, 0x203f), (93, 0),
        ]
        for (index, word) in common { words[index] = word }
        if !isPacket {
            words[47] = 0x8010
            words[50] = 0x4000
            words[75] = 31
            let short = min(blocks, 0x0fff_ffff)
            (words[60], words[61]) = (UInt16(truncatingIfNeeded: short), UInt16(short >> 16))
            for index in 0..<4 { words[100 + index] = UInt16(truncatingIfNeeded: blocks >> UInt64(16 * index)) }
            // Largest list of ranges to trim; trimming; a drive that does not turn.
            (words[105], words[106], words[169], words[217]) = (8, 0x4000, 1, 1)
        }
        return words.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
    }
}
