import BlockCore
import HostOS
import PCI

/// Where a command's data is in memory: pieces in order.
struct NVMeData {
    let pieces: [(address: UInt64, count: Int)]
    let buffers: [GuestBuffer]
}

extension NVMe {
    /// Bytes of the largest transfer.
    private var largest: Int { options.largestTransfer == 0 ? 1 << 24 : 4096 << Int(options.largestTransfer) }

    /// Finds a command's data by its physical region pages (NVM Express Base Specification 1.4, section 4.3).
    func data(_ command: NVMeCommand, count: Int, writing: Bool) -> Result<NVMeData, NVMeFailure> {
        guard command.isDataByPRP, count <= largest else { return .failure(.init(.invalidField)) }
        guard let pieces = pieces(command, count) else { return .failure(.init(.invalidField)) }
        var buffers: [GuestBuffer] = []
        for piece in pieces {
            guard let part = function.map(piece.address, count: piece.count, writing: writing) else { return .failure(.init(.transferError)) }
            buffers += part
        }
        return .success(NVMeData(pieces: pieces, buffers: buffers))
    }

    /// Nil if the list is not as the specification wants it.
    private func pieces(_ command: NVMeCommand, _ count: Int) -> [(address: UInt64, count: Int)]? {
        let page = pageSize
        let first = min(count, Int(page - command.prp1 % page))
        var pieces = [(address: command.prp1, count: first)]
        var left = count - first
        guard left > 0 else { return pieces }
        if left <= Int(page) {
            guard command.prp2 % page == 0 else { return nil }
            return pieces + [(command.prp2, left)]
        }
        guard command.prp2 % 8 == 0 else { return nil }
        var list = command.prp2
        while left > 0 {
            let entries = Int(page - list % page) / 8
            let needed = (left + Int(page) - 1) / Int(page)
            guard let bytes = function.read(list, count: 8 * min(entries, needed)) else { return nil }
            let addresses = stride(from: 0, to: bytes.count, by: 8).map { place in
                (0..<8).reduce(0 as UInt64) { $0 | UInt64(bytes[place + $1]) << UInt64(8 * $1) }
            }
            // The last entry of a full page points at the list's next one.
            let isChained = needed > entries
            for address in isChained ? addresses.dropLast() : addresses[...] {
                guard address % page == 0 else { return nil }
                pieces.append((address, min(left, Int(page))))
                left -= min(left, Int(page))
            }
            guard isChained else { continue }
            guard let next = addresses.last, next % 8 == 0, entries > 1 || next % page == 0 else { return nil }
            list = next
        }
        return pieces
    }

    // MARK: Commands of the NVM command set

    private enum Opcode { static let flush: UInt8 = 0x00, write: UInt8 = 0x01, read: UInt8 = 0x02, zeroes: UInt8 = 0x08, manage: UInt8 = 0x09 }

    func transfer(_ command: NVMeCommand, _ queue: Int) {
        let isForAll = command.opcode == Opcode.flush && command.namespace == .max
        guard command.namespace == 1 || isForAll else { return complete(command, queue, .invalidNamespace) }
        switch command.opcode {
        case Opcode.flush: node.flush(ending(command, queue, .internalError))
        case Opcode.read: read(command, queue)
        case Opcode.write: write(command, queue)
        case Opcode.zeroes: zero(command, queue)
        case Opcode.manage: manage(command, queue)
        default: complete(command, queue, .invalidOpcode)
        }
    }

    private func ending(_ command: NVMeCommand, _ queue: Int, _ failure: NVMeStatus) -> (BlockResult) -> Void {
        let epoch = epoch
        return { [weak self] in self?.completeLater(command, queue, $0 == .ok ? .success : failure, of: epoch) }
    }

    /// What is written must be on stable storage when the host hears of it: it asked for that, or has switched the cache off.
    private func endingDurably(_ command: NVMeCommand, _ queue: Int) -> (BlockResult) -> Void {
        let end = ending(command, queue, .writeFault)
        guard options.hasCache, command.words[2] >> 30 & 1 != 0 || !features.hasWriteCache else { return end }
        return { [node] in if $0 == .ok { node.flush(end) } else { end($0) } }
    }

    /// Where on the disk blocks lie, in bytes; nil if not all are on it.
    private func place(_ block: UInt64, _ blocks: UInt64) -> (start: UInt64, count: UInt64)? {
        let total = node.size / options.blockSize
        guard block <= total, blocks <= total - block else { return nil }
        return (block * options.blockSize, blocks * options.blockSize)
    }

    private func read(_ command: NVMeCommand, _ queue: Int) {
        guard let (start, count) = place(command.block, command.blocks) else { return complete(command, queue, .outOfRange) }
        switch data(command, count: Int(count), writing: true) {
        case .failure(let failure): complete(command, queue, failure.status)
        case .success(let data):
            let end = ending(command, queue, .unrecoveredRead)
            node.read(start, into: data.buffers) { [function] in
                for piece in data.pieces { function.noteWritten(piece.address, count: piece.count) }
                end($0)
            }
        }
    }

    private func write(_ command: NVMeCommand, _ queue: Int) {
        guard let (start, count) = place(command.block, command.blocks) else { return complete(command, queue, .outOfRange) }
        guard !node.isReadOnly else { return complete(command, queue, .readOnly) }
        switch data(command, count: Int(count), writing: false) {
        case .failure(let failure): complete(command, queue, failure.status)
        case .success(let data): node.write(start, from: data.buffers, endingDurably(command, queue))
        }
    }

    private func zero(_ command: NVMeCommand, _ queue: Int) {
        guard let (start, count) = place(command.block, command.blocks) else { return complete(command, queue, .outOfRange) }
        guard !node.isReadOnly else { return complete(command, queue, .readOnly) }
        node.zero(start, count: count, mayUnmap: command.words[2] >> 25 & 1 != 0, endingDurably(command, queue))
    }

    /// Dataset management: ranges that need not be kept are discarded, other hints have no effect.
    private func manage(_ command: NVMeCommand, _ queue: Int) {
        let ranges = Int(command.words[0] & 0xff) + 1
        switch data(command, count: 16 * ranges, writing: false) {
        case .failure(let failure): return complete(command, queue, failure.status)
        case .success(let data):
            guard command.words[1] >> 2 & 1 != 0 else { return complete(command, queue, .success) }
            guard !node.isReadOnly else { return complete(command, queue, .readOnly) }
            let bytes = data.buffers.flatMap { $0.bytes() }
            func number(_ offset: Int, _ size: Int) -> UInt64 { (0..<size).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) } }
            let places = (0..<ranges).map { place(number(16 * $0 + 8, 8), number(16 * $0 + 4, 4)) }
            guard !places.contains(where: { $0 == nil }) else { return complete(command, queue, .outOfRange) }
            discard(places.compactMap { $0 }.filter { $0.count > 0 }[...], ending(command, queue, .writeFault))
        }
    }

    /// One range after the other.
    private func discard(_ ranges: ArraySlice<(start: UInt64, count: UInt64)>, _ done: @escaping (BlockResult) -> Void) {
        guard let first = ranges.first else { return node.flush(done) }
        node.discard(first.start, count: first.count) { [weak self] in
            if $0 == .ok, let self { discard(ranges.dropFirst(), done) } else { done($0) }
        }
    }
}

/// Why a command's data cannot be had.
struct NVMeFailure: Error {
    let status: NVMeStatus
    init(_ status: NVMeStatus) { self.status = status }
}
