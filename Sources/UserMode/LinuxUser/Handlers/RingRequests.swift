import UserExecution

/// Where the parts of an io_uring's submission queue are.
struct RingLayout {
    /// IORING_SETUP_ flags (linux/io_uring.h).
    private enum Flag { static let wideEntries: UInt64 = 1 << 10, ownMemory: UInt64 = 1 << 14, noArray: UInt64 = 1 << 16 }
    /// What `mmap` takes for the ring with the indices, which the completion queue may share, and for the entries.
    private enum Offset { static let ring: UInt64 = 0, entries: UInt64 = 0x1000_0000 }

    private let head: UInt64, tail: UInt64, mask: UInt64
    private let array: UInt64?
    private let entrySize: UInt64
    /// Guest addresses; 0 as long as they are not mapped.
    private var ring: UInt64 = 0
    private var entries: UInt64 = 0

    /// What the kernel has written into a `struct io_uring_params`.
    init?(parametersAt address: UInt64, _ memory: GuestMemory) {
        func word(_ offset: UInt64, _ size: Int = 4) -> UInt64? { memory.load(address &+ offset, size: size) }
        guard let flags = word(8), let head = word(40), let tail = word(44), let mask = word(48), let array = word(64) else { return nil }
        (self.head, self.tail, self.mask) = (head, tail, mask)
        self.array = flags & Flag.noArray == 0 ? array : nil
        entrySize = flags & Flag.wideEntries == 0 ? 64 : 128
        if flags & Flag.ownMemory != 0, let entries = word(72, 8), let ring = word(112, 8) { (self.entries, self.ring) = (entries, ring) }
    }

    mutating func noteMapping(_ offset: UInt64, at address: UInt64) {
        if offset == Offset.ring { ring = address }
        if offset == Offset.entries { entries = address }
    }

    /// The guest addresses of the entries that are to be submitted, at most `count`.
    func waiting(_ count: Int, _ memory: GuestMemory) -> [UInt64] {
        guard ring != 0, entries != 0, let head = memory.load(ring &+ head, size: 4), let tail = memory.load(ring &+ tail, size: 4),
            let mask = memory.load(ring &+ mask, size: 4)
        else { return [] }
        let there = UInt64(UInt32(truncatingIfNeeded: tail) &- UInt32(truncatingIfNeeded: head))
        return (0..<min(UInt64(count), there, mask + 1)).compactMap { number in
            let place = (head &+ number) & mask
            let slot = array.map { memory.load(ring &+ $0 &+ 4 * place, size: 4) } ?? place
            return slot.map { entries &+ $0 * entrySize }
        }
    }
}

/// Requests of an io_uring that differ from the host's, made the host's: EPOLL_CTL, because x86 packs `struct epoll_event`; OPENAT and OPENAT2, where
/// the open flags have other numbers; EPOLL_WAIT, which writes such structures when nobody can convert them and becomes a request that does not exist.
struct RingRequests {
    /// `io_uring_sqe`'s opcodes (linux/io_uring.h).
    enum Code { static let openat = 18, openat2 = 28, epollControl = 29, epollWait = 59, none: UInt64 = 255 }

    private let thread: LinuxThread
    /// What stood in the entries before.
    private var changes: [(address: UInt64, value: UInt64, size: Int)] = []
    private var structures: [UnsafeMutableRawBufferPointer] = []

    /// Changes the entries that are waiting; nil if none has to be.
    init?(_ layout: RingLayout, _ count: Int, _ thread: LinuxThread) {
        self.thread = thread
        for entry in layout.waiting(count, thread.memory) {
            switch thread.memory.load(entry, size: 1).map(Int.init) {
            case Code.openat: changeFlags(entry)
            case Code.openat2: point(entry &+ 8, size: 24) { $0.replaceWord(thread.hostOpenFlags($0.firstWord)) }
            case Code.epollControl where thread.memory.load(entry &+ 24, size: 4) != 2:
                point(entry &+ 16, size: 16) { $0 = EventCalls.hostEvent(of: $0) }
            case Code.epollWait: replace(entry, Code.none, size: 1)
            default: break
            }
        }
        if changes.isEmpty { return nil }
    }

    /// Puts the entries back as the guest wrote them.
    mutating func restore() {
        for change in changes { _ = thread.memory.store(change.address, change.value, size: change.size) }
        for structure in structures { unsafe structure.deallocate() }
    }

    private mutating func replace(_ address: UInt64, _ value: UInt64, size: Int) {
        guard let old = thread.memory.load(address, size: size), old != value else { return }
        changes.append((address, old, size))
        _ = thread.memory.store(address, value, size: size)
    }

    private mutating func changeFlags(_ entry: UInt64) {
        guard let flags = thread.memory.load(entry &+ 28, size: 4) else { return }
        replace(entry &+ 28, thread.hostOpenFlags(flags), size: 4)
    }

    /// Lets a pointer of an entry lead to a changed copy of its structure.
    private mutating func point(_ pointer: UInt64, size: Int, _ change: (inout [UInt8]) -> Void) {
        guard let address = thread.memory.load(pointer, size: 8), var bytes = thread.memory.bytes(at: address, count: size) else { return }
        change(&bytes)
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
        unsafe copy.copyBytes(from: bytes)
        unsafe structures.append(copy)
        replace(pointer, UInt64(UInt(bitPattern: copy.baseAddress)), size: 8)
    }
}

extension [UInt8] {
    /// The first eight bytes, little-endian.
    fileprivate var firstWord: UInt64 { prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) } }

    fileprivate mutating func replaceWord(_ word: UInt64) {
        for index in 0..<8 { self[index] = UInt8(truncatingIfNeeded: word >> UInt64(8 * index)) }
    }
}
