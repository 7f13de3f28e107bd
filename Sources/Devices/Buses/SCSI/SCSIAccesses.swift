import BlockCore
import HostOS

/// Commands that reach the disk (SBC-3, chapter 5).
extension SCSIDisk {
    private typealias Done = (SCSIResult) -> Void

    func access(_ opcode: UInt8, _ command: [UInt8], _ output: [GuestBuffer], _ input: [GuestBuffer], _ done: @escaping (SCSIResult) -> Void) {
        guard let node else { return done(.failed(.noMedium)) }
        switch opcode {
        case Opcode.read6, Opcode.read10, Opcode.read12, Opcode.read16:
            transfer(command, input, done) { start, buffers, end in node.read(start, into: buffers, end(.unreadable)) }
        case Opcode.write6, Opcode.write10, Opcode.write12, Opcode.write16:
            guard !isReadOnly else { return done(.failed(.writeProtected)) }
            // Force Unit Access, which the shortest form has not.
            let isDurable = options.flushesWrites || options.hasCache && opcode != Opcode.write6 && command.number(1, 1) & 8 != 0
            transfer(command, output, done) { start, buffers, end in
                let ending = end(.writeError)
                node.write(start, from: buffers) { if isDurable, $0 == .ok { node.flush(ending) } else { ending($0) } }
            }
        case Opcode.flush10, Opcode.flush16: node.flush { done($0 == .ok ? .good() : .failed(.writeError)) }
        case Opcode.unmap: unmap(command, output, node, done)
        case Opcode.writeSame10, Opcode.writeSame16: writeSame(opcode, command, output, node, done)
        // Nothing can be changed.
        case Opcode.modeSelect6, Opcode.modeSelect10: done(.failed(.invalidParameter))
        default: done(.failed(.invalidOpcode))
        }
    }

    /// First block and number of blocks.
    private func range(_ command: [UInt8]) -> (block: UInt64, count: UInt64) {
        switch command[0] >> 5 {
        case 0:
            let count = command.number(4, 1)
            return (command.number(1, 3) & 0x1f_ffff, count == 0 ? 256 : count)
        case 4: return (command.number(2, 8), command.number(10, 4))
        case 5: return (command.number(2, 4), command.number(6, 4))
        default: return (command.number(2, 4), command.number(7, 2))
        }
    }

    /// Where blocks lie, in bytes; nil if not all of them are on the disk.
    private func place(_ block: UInt64, _ count: UInt64) -> (start: UInt64, bytes: UInt64)? {
        guard block <= blocks, count <= blocks - block else { return nil }
        return (block * blockSize, count * blockSize)
    }

    private func transfer(
        _ command: [UInt8], _ buffers: [GuestBuffer], _ done: @escaping Done,
        _ start: (UInt64, [GuestBuffer], _ end: (SCSISense) -> (BlockResult) -> Void) -> Void
    ) {
        let (block, count) = range(command)
        guard let (offset, bytes) = place(block, count) else { return done(.failed(.outOfRange)) }
        guard bytes > 0 else { return done(.good()) }
        guard let memory = SCSIDisk.prefix(buffers, bytes) else { return done(.failed(.invalidField)) }
        start(offset, memory) { sense in { done($0 == .ok ? .good(Int(bytes)) : .failed(sense)) } }
    }

    /// The first bytes of buffers; nil if they are fewer.
    private static func prefix(_ buffers: [GuestBuffer], _ count: UInt64) -> [GuestBuffer]? {
        var left = count
        var list: [GuestBuffer] = []
        for buffer in buffers where left > 0 {
            let part = buffer.prefix(Int(clamping: left))
            list.append(part)
            left -= UInt64(part.count)
        }
        return left == 0 ? list : nil
    }

    private func unmap(_ command: [UInt8], _ output: [GuestBuffer], _ node: any BlockNode, _ done: @escaping Done) {
        guard !isReadOnly else { return done(.failed(.writeProtected)) }
        let bytes = Array(output.flatMap { $0.prefix(8 + 16 * Int(SCSIDisk.mostRanges)).bytes() }.prefix(Int(command.number(7, 2))))
        guard bytes.count >= 8 else { return done(bytes.isEmpty ? .good() : .failed(.invalidField)) }
        let length = min(Int(bytes.number(2, 2)), bytes.count - 8) / 16
        guard length <= Int(SCSIDisk.mostRanges) else { return done(.failed(.invalidParameter)) }
        let places = (0..<length).map { place(bytes.number(8 + 16 * $0, 8), bytes.number(16 + 16 * $0, 4)) }
        guard places.allSatisfy({ $0 != nil }) else { return done(.failed(.outOfRange)) }
        discard(places.compactMap { $0 }.filter { $0.bytes > 0 }[...], node, done)
    }

    /// One range after the other.
    private func discard(_ ranges: ArraySlice<(start: UInt64, bytes: UInt64)>, _ node: any BlockNode, _ done: @escaping Done) {
        guard let first = ranges.first else { return done(.good()) }
        node.discard(first.start, count: first.bytes) { [weak self] in
            guard let self, $0 == .ok else { return done(.failed(.writeError)) }
            discard(ranges.dropFirst(), node, done)
        }
    }

    /// WRITE SAME of zeros, and of anything that is to be unmapped.
    private func writeSame(_ opcode: UInt8, _ command: [UInt8], _ output: [GuestBuffer], _ node: any BlockNode, _ done: @escaping Done) {
        guard !isReadOnly else { return done(.failed(.writeProtected)) }
        let flags = command.number(1, 1)
        let (block, wanted) = range(command)
        let count = wanted == 0 ? (blocks > block ? blocks - block : 0) : wanted
        guard count <= SCSIDisk.largestRange, let (start, bytes) = place(block, count) else { return done(.failed(.outOfRange)) }
        let pattern = flags & 1 != 0 ? [] : SCSIDisk.prefix(output, blockSize)?.flatMap { $0.bytes() }
        guard let pattern, pattern.allSatisfy({ $0 == 0 }) else { return done(.failed(.invalidField)) }
        guard bytes > 0 else { return done(.good()) }
        node.zero(start, count: bytes, mayUnmap: flags & 8 != 0) { done($0 == .ok ? .good() : .failed(.writeError)) }
    }
}
