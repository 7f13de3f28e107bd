import Glibc

/// Zeroed host memory for guest RAM and the like, page-aligned and reserved, not yet committed.
public final class HostMemory {
    public let base: UnsafeMutableRawPointer
    /// Bytes, a multiple of the page size.
    public let size: Int

    /// Reserves `size` bytes, rounded up to whole pages.
    public init(size wanted: Int) throws(HostError) {
        size = (wanted + 4095) & ~4095
        let mapped = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else {
            throw HostError("reserve \(size >> 20) MiB of memory for the guest", remedy: "choose a smaller -m")
        }
        unsafe base = mapped
        if size >= 2 << 20 { unsafe madvise(base, size, MADV_HUGEPAGE) }
    }

    deinit { unsafe munmap(base, size) }
}

/// A span of guest RAM that a host system call may read or write directly.
///
/// It stays valid as long as the RAM block that it came from. Only HostOS and the address space look at the pointer.
public struct GuestBuffer {
    @unsafe public let base: UnsafeMutableRawPointer
    public let count: Int

    @unsafe public init(base: UnsafeMutableRawPointer, count: Int) {
        unsafe self.base = unsafe base
        self.count = count
    }

    /// The first `length` bytes.
    public func prefix(_ length: Int) -> GuestBuffer { unsafe GuestBuffer(base: base, count: min(length, count)) }

    /// All but the first `length` bytes.
    public func dropFirst(_ length: Int) -> GuestBuffer {
        let skipped = min(length, count)
        return unsafe GuestBuffer(base: base + skipped, count: count - skipped)
    }

    public func bytes() -> [UInt8] { unsafe Array(UnsafeRawBufferPointer(start: base, count: count)) }

    /// Copies as much of `bytes` as fits and returns how many that were.
    @discardableResult
    public func fill(from bytes: ArraySlice<UInt8>) -> Int {
        let length = min(bytes.count, count)
        unsafe bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress, length > 0 else { return }
            unsafe base.copyMemory(from: start, byteCount: length)
        }
        return length
    }

    public func zero() { unsafe memset(base, 0, count) }
}
