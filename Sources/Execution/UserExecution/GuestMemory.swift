import CHost
import Glibc
import HostOS

/// What may be done with a page: mmap's PROT_READ, PROT_WRITE, PROT_EXEC.
public struct PageProtection: OptionSet, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    public static let read = PageProtection(rawValue: 1)
    public static let write = PageProtection(rawValue: 2)
    public static let execute = PageProtection(rawValue: 4)

    /// What the host needs to be told: guest code is read, never executed by the host.
    var host: Int32 { (isEmpty || self == .write ? 0 : PROT_READ) | (contains(.write) ? PROT_READ | PROT_WRITE : 0) }
}

/// Addresses with one protection, as the guest mapped them.
public struct GuestRegion: Sendable {
    public var start: UInt64
    /// Behind the last byte.
    public var end: UInt64
    public var protection: PageProtection
    public var isShared: Bool
    /// mseal: mapping and protection stay as they are.
    public var isSealed = false
    /// The file's path and the offset of `start` in it; for `/proc/self/maps`.
    public var file: String?
    public var offset: UInt64

    public init(start: UInt64, end: UInt64, protection: PageProtection, isShared: Bool = false, file: String? = nil, offset: UInt64 = 0) {
        self.start = start
        self.end = end
        self.protection = protection
        self.isShared = isShared
        self.file = file
        self.offset = offset
    }
}

/// The memory of a guest process: guest address + `base` = host address. It knows the guest's mappings, which may differ from the host's:
/// pages with translated code are write-protected.
public final class GuestMemory: @unchecked Sendable {
    /// Host address of the guest's address 0.
    public let base: UInt
    /// Guest addresses are below this.
    public let limit: UInt64
    /// With `-R` or `-B`: the guest's mappings lie in a range that was reserved for them, and free room is looked for there.
    public let isReserved: Bool
    /// Guards the mappings, and the translations made from them.
    public let lock = Mutex()
    var regions = RegionList()
    /// Translations that outlive the process; nil if none do.
    public internal(set) var savedCode: SavedCode?
    /// Called with the lock held when the bytes or the permissions of a range have changed.
    var onChange: (UInt64, UInt64) -> Void = { _, _ in }
    /// Called with the lock held: pages of a range are about to be written although they hold translated code.
    var beforeWrite: (UInt64, UInt64) -> Void = { _, _ in }
    /// Called with the lock held: whether a page, by its number, is protected because it holds translated code.
    var isProtectedCode: (UInt64) -> Bool = { _ in false }
    /// Where free room is looked for in a reserved range.
    var search = RoomSearch.upwards(from: 0x1_0000_0000)

    var limits = MemoryLimits()
    var stack: MainStack?

    private static let guardSize: UInt64 = 0x10000

    /// 47 bits, what the host gives programs.
    public static let hostLimit: UInt64 = 0x7fff_ffff_f000

    /// - Parameter reserve: bytes to set aside for all of the guest's mappings (`-R`); 0 lets them lie where the host puts them.
    public init(base: UInt = 0, reserve: UInt64 = 0) throws(HostError) {
        isReserved = reserve != 0
        guard reserve != 0 else {
            self.base = base
            limit = GuestMemory.hostLimit - UInt64(base)
            return
        }
        // An access that begins in the guest's memory ends in it, or on a page behind it that nothing may touch.
        let reserve = (min(reserve, GuestMemory.hostLimit) + 4095) & ~4095, guardSize = GuestMemory.guardSize
        let wanted = unsafe UnsafeMutableRawPointer(bitPattern: base)
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (base == 0 ? 0 : Int32(MAP_FIXED_NOREPLACE))
        let mapped = unsafe mmap(wanted, Int(reserve + guardSize), PROT_NONE, flags, -1, 0)
        guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else {
            throw HostError("reserve \(reserve) bytes for the guest", remedy: "choose a smaller -R or another -B")
        }
        self.base = UInt(bitPattern: mapped)
        limit = reserve
    }

    /// The host address; nothing is checked.
    @inline(__always) public func host(_ address: UInt64) -> UnsafeMutableRawPointer? {
        unsafe UnsafeMutableRawPointer(bitPattern: UInt(truncatingIfNeeded: address) &+ base)
    }

    // MARK: Accesses that may fault

    /// Copies bytes in; nil if some cannot be read.
    public func bytes(at address: UInt64, count: Int) -> [UInt8]? {
        if count == 0 { return [] }
        guard let source = unsafe host(address), address < limit, UInt64(count) <= limit - address else { return nil }
        var left = 0
        let result = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            left = unsafe apus_guest_copy(buffer.baseAddress, source, count)
            initialized = count - left
        }
        return left == 0 ? result : nil
    }

    /// Whether there are these bytes, at most a page of them; false, too, if they cannot be read.
    func holds(_ expected: UnsafeRawBufferPointer, at address: UInt64) -> Bool {
        let count = unsafe expected.count
        guard count <= 4096, address < limit, UInt64(count) <= limit - address, let source = unsafe host(address),
            let base = unsafe expected.baseAddress
        else { return false }
        return withUnsafeTemporaryAllocation(byteCount: count, alignment: 8) { copy in
            guard let start = unsafe copy.baseAddress else { return false }
            return unsafe apus_guest_copy(start, source, count) == 0 && memcmp(start, base, count) == 0
        }
    }

    /// Copies bytes out; false if not all could be written.
    public func write(_ bytes: [UInt8], at address: UInt64) -> Bool {
        unsafe bytes.withUnsafeBytes { unsafe write($0, at: address) }
    }

    public func write(_ bytes: UnsafeRawBufferPointer, at address: UInt64) -> Bool {
        if bytes.isEmpty { return true }
        guard let place = unsafe host(address), address < limit, UInt64(bytes.count) <= limit - address else { return false }
        return unsafe apus_guest_copy(place, bytes.baseAddress, bytes.count) == 0
    }

    public func load(_ address: UInt64, size: Int) -> UInt64? {
        guard address < limit, let place = unsafe host(address) else { return nil }
        var value: UInt64 = 0
        let done =
            switch size {
            case 1: unsafe apus_guest_load1(place, &value)
            case 2: unsafe apus_guest_load2(place, &value)
            case 4: unsafe apus_guest_load4(place, &value)
            default: unsafe apus_guest_load8(place, &value)
            }
        return done ? value : nil
    }

    public func store(_ address: UInt64, _ value: UInt64, size: Int) -> Bool {
        guard address < limit, let place = unsafe host(address) else { return false }
        return switch size {
        case 1: unsafe apus_guest_store1(place, value)
        case 2: unsafe apus_guest_store2(place, value)
        case 4: unsafe apus_guest_store4(place, value)
        default: unsafe apus_guest_store8(place, value)
        }
    }

    /// Compares and exchanges; what was there, or nil if the access faulted.
    public func compareExchange(_ address: UInt64, expected: UInt64, new: UInt64, size: Int) -> UInt64? {
        guard address < limit, let place = unsafe host(address) else { return nil }
        var old = expected
        let done =
            switch size {
            case 1: unsafe apus_guest_cas1(place, &old, new)
            case 2: unsafe apus_guest_cas2(place, &old, new)
            case 4: unsafe apus_guest_cas4(place, &old, new)
            default: unsafe apus_guest_cas8(place, &old, new)
            }
        return done ? old : nil
    }

    /// The bytes of a string without its zero; nil if it cannot be read or has more than `most` bytes.
    public func string(at address: UInt64, most: Int = 1 << 17) -> [UInt8]? {
        var result: [UInt8] = []
        var place = address
        while result.count <= most {
            let chunk = Int(min(256, 4096 - place & 0xfff))
            guard let bytes = bytes(at: place, count: chunk) else { return nil }
            if let end = bytes.firstIndex(of: 0) { return result + bytes[..<end] }
            result += bytes
            place += UInt64(chunk)
        }
        return nil
    }

    // MARK: Mappings

    /// Lets free room be looked for below an address of a reserved range, the highest first, as Linux does.
    public func searchDownwards(from top: UInt64) { lock.withLock { search = .downwards(from: top) } }

    /// The region of an address. Needs the lock.
    public func region(at address: UInt64) -> GuestRegion? { regions.find(address) }

    /// Whether the guest has mapped all of a range. Of reserved memory the host knows less.
    public func isMapped(_ start: UInt64, _ size: UInt64) -> Bool {
        guard start < limit, size <= limit - start else { return false }
        return lock.withLock { regions.gaps(start, start + max(size, 1)).isEmpty }
    }

    /// All regions, for `/proc/self/maps`, the stack as far as it has grown.
    public func allRegions() -> [GuestRegion] {
        lock.withLock {
            guard let stack, let index = regions.list.firstIndex(where: { $0.start == stack.start }) else { return regions.list }
            var list = regions.list
            list[index].start = min(grownStack(stack), list[index].end - 4096)
            return list
        }
    }

    /// Whether a region is part of the main stack.
    public func isStack(_ region: GuestRegion) -> Bool {
        lock.withLock { stack.map { region.start >= $0.start && region.start < $0.top && region.file == nil } ?? false }
    }

    /// Behind the last address at which room is looked for in a reserved range: what lies above is kept for the stack.
    var searchLimit: UInt64 { stack?.reserve ?? limit }

    /// The same after a call has failed: whether there was such a page.
    public func liftProtection(_ address: UInt64, _ count: UInt64) -> Bool {
        lock.withLock {
            let isProtected = (address >> 12...(address &+ count) >> 12).contains { isProtectedCode($0) }
            beforeWrite(address, address &+ count)
            return isProtected
        }
    }

    /// Before the kernel writes into guest memory: pages that are protected because they hold code give way.
    public func prepareWrite(_ address: UInt64, _ count: UInt64) {
        guard count > 0 else { return }
        lock.withLock { beforeWrite(address, address &+ count) }
    }
}
