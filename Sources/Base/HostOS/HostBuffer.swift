import Glibc

/// Host memory of its own for transfers that are not the guest's, aligned as any of them needs.
public final class HostBuffer {
    /// All of it.
    public let buffer: GuestBuffer

    /// Zeros.
    public init(count: Int) {
        let base = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1), alignment: 4096)
        unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: count)
        unsafe buffer = GuestBuffer(base: base, count: count)
    }

    deinit { unsafe buffer.base.deallocate() }

    /// The bytes from `start` on.
    public func part(_ start: Int, _ count: Int) -> GuestBuffer { buffer.dropFirst(start).prefix(count) }

    /// Copies the bytes of others, one after the other, to `start` and on.
    public func copy(from others: [GuestBuffer], to start: Int) {
        var place = start
        for other in others {
            precondition(place + other.count <= buffer.count, "more bytes than there is room for")
            unsafe (buffer.base + place).copyMemory(from: other.base, byteCount: other.count)
            place += other.count
        }
    }
}

extension [GuestBuffer] {
    /// Bytes of all of them.
    public var byteCount: Int { reduce(0) { $0 + $1.count } }

    /// The part of `count` bytes from `start` on.
    public func slice(_ start: Int, _ count: Int) -> [GuestBuffer] {
        var (skip, left) = (start, count)
        var parts: [GuestBuffer] = []
        for buffer in self where left > 0 {
            if skip >= buffer.count {
                skip -= buffer.count
                continue
            }
            let part = buffer.dropFirst(skip).prefix(left)
            parts.append(part)
            left -= part.count
            skip = 0
        }
        return parts
    }

    /// Copies bytes to them, one after the other, as far as both go.
    public func fill(from bytes: [UInt8]) {
        var rest = bytes[...]
        for buffer in self { rest = rest.dropFirst(buffer.fill(from: rest)) }
    }

    public func zero() { for buffer in self { buffer.zero() } }
}
