import AddressSpace
import HostOS
import Virtio

/// A request of the driver's (Virtio 1.2, section 5.2.6): a header, data, and at the end a status byte.
struct VirtioBlockRequest {
    enum Kind { static let read: UInt32 = 0, write: UInt32 = 1, flush: UInt32 = 4, identify: UInt32 = 8, discard: UInt32 = 11, zeroes: UInt32 = 13 }
    enum Status: UInt8 { case ok = 0, ioError = 1, unsupported = 2 }

    let chain: DescriptorChain
    let queue: Virtqueue
    /// The resets that the device had seen when the request came.
    let epoch: Int
    let kind: UInt32
    let sector: UInt64

    private static let headerSize = 16

    /// Nil if header or status byte is missing.
    init?(_ chain: DescriptorChain, _ queue: Virtqueue, epoch: Int, _ memory: AddressSpace) {
        guard chain.writableBytes >= 1, let header = VirtioBlockRequest.bytes(chain.readable, count: VirtioBlockRequest.headerSize, memory) else {
            return nil
        }
        (self.chain, self.queue, self.epoch) = (chain, queue, epoch)
        kind = UInt32(littleEndian(header, 0, 4))
        sector = littleEndian(header, 8, 8)
    }

    /// The first bytes of what the driver lets the device read.
    private static func bytes(_ parts: [DescriptorChain.Part], count: Int, _ memory: AddressSpace) -> [UInt8]? {
        var bytes: [UInt8] = []
        for part in parts where bytes.count < count {
            guard let some = memory.read(part.address, count: min(Int(part.length), count - bytes.count)) else { return nil }
            bytes += some
        }
        return bytes.count == count ? bytes : nil
    }

    /// Spans of guest memory for the data, without the header in front or the status byte behind; nil if some of it is no RAM.
    func data(writing: Bool, _ memory: AddressSpace) -> [GuestBuffer]? {
        let parts = writing ? chain.readable : chain.writable
        var skip = writing ? VirtioBlockRequest.headerSize : 0
        var left = writing ? chain.readableBytes - skip : chain.writableBytes - 1
        var buffers: [GuestBuffer] = []
        for part in parts where left > 0 {
            let skipped = min(skip, Int(part.length))
            skip -= skipped
            let count = min(Int(part.length) - skipped, left)
            if count == 0 { continue }
            guard let some = memory.map(part.address &+ UInt64(skipped), count: count, writing: !writing) else { return nil }
            buffers += some
            left -= count
        }
        return buffers
    }

    /// The one segment of a discard or write-zeroes request.
    struct Segment {
        let sector: UInt64
        let sectors: UInt64
        let mayUnmap: Bool
        let reservedFlags: UInt64
    }

    /// Nil if there is not exactly one.
    func segment(_ memory: AddressSpace) -> Segment? {
        let size = VirtioBlockRequest.headerSize + 16
        guard chain.readableBytes == size, let bytes = VirtioBlockRequest.bytes(chain.readable, count: size, memory) else { return nil }
        let flags = littleEndian(bytes, 28, 4)
        return Segment(sector: littleEndian(bytes, 16, 8), sectors: littleEndian(bytes, 24, 4), mayUnmap: flags & 1 != 0, reservedFlags: flags & ~1)
    }

    /// The address of the status byte, the last that is writable.
    var statusAddress: UInt64? { chain.writable.last { $0.length > 0 }.map { $0.address &+ UInt64($0.length - 1) } }
}

private func littleEndian(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> UInt64 {
    (0..<count).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
}
