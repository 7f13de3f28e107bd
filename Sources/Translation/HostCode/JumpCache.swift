import Glibc

/// A jump-cache slot: where generated code finds the target of an indirect jump.
public struct JumpCacheEntry: Sendable {
    /// Guest address; in an empty slot one that belongs to another slot.
    public var pc: UInt64
    /// Host address of the block's entry.
    public var code: UInt64

    public init(pc: UInt64, code: UInt64) {
        self.pc = pc
        self.code = code
    }
}

/// Where blocks begin, by guest address. An address has a slot of its own, and if another one wants that the neighbour of the pair serves as well:
/// in a program of many pages few jumps would be found otherwise.
public struct JumpCache {
    /// Their number is a power of two. The first begins a page.
    public let entries: UnsafeMutablePointer<JumpCacheEntry>
    private let count: Int
    private let alignmentBits: Int

    /// Up to here zeros are written faster than pages are given back.
    private static let smallSize = 1 << 20
    /// Bytes of a pair of slots.
    public static let pair = 2 * MemoryLayout<JumpCacheEntry>.stride

    /// Slots of the jump cache, a power of two. A machine's is emptied often, a program's only with the code memory.
    @inlinable public static func count(_ mode: MemoryMode) -> Int { mode == .translated ? 1 << 12 : 1 << 18 }

    /// - Parameter alignmentBits: bits that are zero in all guest addresses of code.
    public init(_ mode: MemoryMode, alignmentBits: Int) {
        count = JumpCache.count(mode)
        self.alignmentBits = alignmentBits
        // Zero pages, which take room only where they are used.
        let size = count * MemoryLayout<JumpCacheEntry>.stride
        let memory = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let memory = unsafe memory, unsafe memory != MAP_FAILED else { fatalError("no memory for a jump cache") }
        unsafe entries = memory.assumingMemoryBound(to: JumpCacheEntry.self)
        closeFirstPair()
    }

    private var size: Int { count * MemoryLayout<JumpCacheEntry>.stride }

    public func deallocate() { unsafe munmap(entries, size) }

    /// Address 0 would find itself in the first pair of an empty cache; the address of all ones belongs to the last one.
    private func closeFirstPair() { for slot in 0..<2 { unsafe entries[slot].pc = .max } }

    /// Forgets everything.
    public func clear() {
        // Writing zeros would take the room of all pages for each of a program's many threads.
        let isFresh = unsafe size >= JumpCache.smallSize && madvise(entries, size, MADV_DONTNEED) == 0
        if !isFresh { unsafe memset(entries, 0, size) }
        closeFirstPair()
    }

    private func slot(_ pc: UInt64) -> Int { Int(pc &>> UInt64(alignmentBits)) & (count - 1) }

    /// The host address of the code at a guest address; nil if it is not known.
    public func find(_ pc: UInt64) -> UnsafeRawPointer? {
        let slot = slot(pc)
        let entry = unsafe entries[slot].pc == pc ? entries[slot] : entries[slot ^ 1]
        return unsafe entry.pc == pc ? UnsafeRawPointer(bitPattern: UInt(entry.code)) : nil
    }

    /// Takes note of where the code at a guest address is. Who had its slot takes the neighbour's.
    public func remember(_ pc: UInt64, _ code: UnsafeRawPointer) {
        let slot = slot(pc)
        if unsafe entries[slot].pc != pc, unsafe entries[slot].code != 0 { unsafe entries[slot ^ 1] = entries[slot] }
        unsafe entries[slot] = JumpCacheEntry(pc: pc, code: UInt64(UInt(bitPattern: code)))
    }
}
