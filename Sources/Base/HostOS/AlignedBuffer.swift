/// Memory for a transfer past the page cache on behalf of buffers that are not aligned as it must be.
final class AlignedBuffer {
    @unsafe let base: UnsafeMutableRawPointer
    /// Bytes, a multiple of the alignment.
    let count: Int
    /// Where in the file it begins, a multiple of the alignment.
    let start: UInt64
    /// It holds more of the file than what was asked for.
    let isWider: Bool
    /// The place of what was asked for.
    private let margin: Int

    init(covering offset: UInt64, count asked: Int, alignment: Int) {
        margin = Int(offset) % alignment
        start = offset - UInt64(margin)
        count = (margin + asked + alignment - 1) / alignment * alignment
        isWider = count != asked
        unsafe base = .allocate(byteCount: count, alignment: alignment)
    }

    deinit { unsafe base.deallocate() }

    func copy(to buffers: [GuestBuffer]) {
        var place = margin
        for buffer in buffers {
            unsafe buffer.base.copyMemory(from: base + place, byteCount: buffer.count)
            place += buffer.count
        }
    }

    func copy(from buffers: [GuestBuffer]) {
        var place = margin
        for buffer in buffers {
            unsafe (base + place).copyMemory(from: buffer.base, byteCount: buffer.count)
            place += buffer.count
        }
    }
}
