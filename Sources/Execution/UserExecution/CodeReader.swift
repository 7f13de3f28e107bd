import CHost
import CPUModel

/// Copies of guest code for the translator: reading guest memory may fault at any time, reading the copy may not.
final class CodeReader {
    /// More than the longest block that is made from it, so that the window's end is a page's end or out of reach.
    private static let most: UInt64 = 1024
    private let bytes: UnsafeMutablePointer<UInt8>
    private let behind: UnsafeMutablePointer<UInt8>
    /// Of the window made last.
    private var size = 0

    init() {
        unsafe bytes = .allocate(capacity: Int(CodeReader.most))
        unsafe behind = .allocate(capacity: 16)
    }

    deinit {
        unsafe bytes.deallocate()
        unsafe behind.deallocate()
    }

    /// The code from an address to the end of its page, or as much as one block may need; nil if it cannot be read.
    ///
    /// - Parameters:
    ///   - most: bytes in which an instruction may begin.
    ///   - watch: called with the number of the next page before that is read.
    func window(_ memory: GuestMemory, _ pc: UInt64, most: UInt64, watch: @escaping (UInt64) -> Void) -> CodeWindow? {
        let size = min(4096 - pc & 0xfff, CodeReader.most, most)
        guard let source = unsafe memory.host(pc), unsafe apus_guest_copy(bytes, source, Int(size)) == 0 else { return nil }
        self.size = Int(size)
        return unsafe CodeWindow(base: UnsafePointer(bytes), pageStart: pc, pageSize: size) { [unowned(unsafe) self] in
            let next = pc + size
            watch(next >> 12)
            guard memory.region(at: next)?.protection.contains(.execute) == true, let source = unsafe memory.host(next),
                unsafe apus_guest_copy(behind, source, 16) == 0
            else { return nil }
            return unsafe UnsafePointer(behind)
        }
    }

    /// The bytes from the last window's beginning on that have been read for a block of so many.
    func copied(_ count: Int) -> [UInt8]? {
        guard count <= size + 16 else { return nil }
        let first = unsafe UnsafeBufferPointer(start: bytes, count: min(count, size))
        return unsafe Array(first) + UnsafeBufferPointer(start: behind, count: max(0, count - size))
    }
}
