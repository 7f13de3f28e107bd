import AddressSpace
import Diagnostics
import HostOS
import Snapshot

/// Feature bits of the rings (Virtio 1.2, chapter 6).
public enum VirtioFeature {
    public static let notifyOnEmpty: UInt64 = 1 << 24
    public static let indirect: UInt64 = 1 << 28
    public static let eventIndex: UInt64 = 1 << 29
    public static let version1: UInt64 = 1 << 32
    public static let packed: UInt64 = 1 << 34

    public static let ring = indirect | eventIndex | version1 | packed
}

/// What a driver can get wrong in a ring. The device stops and says that it needs a reset.
public enum VirtqueueError: Error {
    case unreadable(UInt64)
    case badIndex(UInt32)
    case loop
    case nestedIndirect
    case badIndirectLength(UInt32)
}

/// A buffer of the driver's: readable parts first, then writable ones.
public struct DescriptorChain: SnapshotState {
    public struct Part: SnapshotState {
        public private(set) var address: UInt64
        public private(set) var length: UInt32

        init(address: UInt64, length: UInt32) {
            self.address = address
            self.length = length
        }

        public mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
            visitor.field("address", &address)
            visitor.field("length", &length)
        }
    }

    /// What the used ring names it by.
    private(set) var id: UInt16
    /// Ring slots that it takes (packed rings).
    private(set) var slots: Int
    public internal(set) var readable: [Part] = []
    public internal(set) var writable: [Part] = []

    /// A buffer of nothing, for snapshots to fill in.
    public static var empty: DescriptorChain { DescriptorChain(id: 0, slots: 1) }

    init(id: UInt16, slots: Int) {
        self.id = id
        self.slots = slots
    }

    public mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("id", &id)
        visitor.field("slots", &slots)
        visitor.check("a buffer takes 1 to \(Virtqueue.maxSize) slots", (1...Virtqueue.maxSize).contains(slots))
        visitor.parts("readable", &readable, empty: Part(address: 0, length: 0), limit: Virtqueue.maxSize)
        visitor.parts("writable", &writable, empty: Part(address: 0, length: 0), limit: Virtqueue.maxSize)
    }

    public var readableBytes: Int { readable.reduce(0) { $0 + Int($1.length) } }
    public var writableBytes: Int { writable.reduce(0) { $0 + Int($1.length) } }
}

/// A virtqueue, split or packed (Virtio 1.2, sections 2.7 and 2.8). Every address and index that the driver gives is checked.
public final class Virtqueue {
    public static let maxSize = 1024

    let memory: AddressSpace
    /// Its number at its device.
    let index: Int
    public internal(set) var size: UInt16 = 0
    /// The device may reach memory: it is master of its bus.
    var isOpen = true
    public internal(set) var isReady = false
    var descriptors: UInt64 = 0
    var driver: UInt64 = 0
    var device: UInt64 = 0
    var features: UInt64 = 0

    /// Split: the next entry of the available ring. Packed: the next slot.
    var nextAvailable: UInt16 = 0
    /// Split: the used ring's index. Packed: the slot that is used next.
    var nextUsed: UInt16 = 0
    /// Packed rings flip these when they wrap.
    private var availableWrap = true
    private var usedWrap = true
    /// Split: the used index at the last look whether the driver wants an interrupt.
    private var signalledUsed: UInt16 = 0
    private var signalledIsValid = false
    private var signalledWrap = true
    private var signalledSlot: UInt16 = 0

    private enum Flag {
        static let next: UInt16 = 1, write: UInt16 = 2, indirect: UInt16 = 4, available: UInt16 = 1 << 7, used: UInt16 = 1 << 15
    }

    init(memory: AddressSpace, index: Int = 0) { (self.memory, self.index) = (memory, index) }

    func reset() {
        (size, isReady, descriptors, driver, device) = (0, false, 0, 0, 0)
        (nextAvailable, nextUsed, availableWrap, usedWrap) = (0, 0, true, true)
        (signalledUsed, signalledIsValid, signalledWrap, signalledSlot) = (0, false, true, 0)
    }

    func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor, limit: UInt16) {
        visitor.field("size", &size)
        visitor.field("isReady", &isReady)
        visitor.field("descriptors", &descriptors)
        visitor.field("driver", &driver)
        visitor.field("device", &device)
        visitor.field("nextAvailable", &nextAvailable)
        visitor.field("nextUsed", &nextUsed)
        visitor.field("availableWrap", &availableWrap)
        visitor.field("usedWrap", &usedWrap)
        visitor.field("signalledUsed", &signalledUsed)
        visitor.field("signalledIsValid", &signalledIsValid)
        visitor.field("signalledWrap", &signalledWrap)
        visitor.field("signalledSlot", &signalledSlot)
        visitor.check("a queue has at most \(limit) entries", size <= limit)
        let last = max(size, 1) - 1
        visitor.check("the places in a packed queue lie in it", !isPacked || max(nextAvailable, nextUsed, signalledSlot) <= last)
    }

    private var isPacked: Bool { features & VirtioFeature.packed != 0 }
    private var hasEventIndex: Bool { features & VirtioFeature.eventIndex != 0 }

    // MARK: Memory

    private func load<Word: FixedWidthInteger & UnsignedInteger>(_ address: UInt64) throws -> Word {
        guard let value = memory.load(address, as: Word.self) else { throw VirtqueueError.unreadable(address) }
        return value
    }

    private func store<Word: FixedWidthInteger & UnsignedInteger>(_ address: UInt64, _ value: Word) throws {
        guard memory.store(address, value) == .ok else { throw VirtqueueError.unreadable(address) }
    }

    private struct Descriptor {
        let address: UInt64
        let length: UInt32
        let flags: UInt16
        /// Split: the next descriptor. Packed: the buffer's id.
        let link: UInt16
    }

    /// A descriptor, each field read once so that a driver that changes it meanwhile fools nobody.
    private func descriptor(_ place: UInt64) throws -> Descriptor {
        let (address, rest): (UInt64, UInt64) = (try load(place), try load(place &+ 8))
        let (third, fourth) = (UInt16(truncatingIfNeeded: rest >> 32), UInt16(truncatingIfNeeded: rest >> 48))
        let length = UInt32(truncatingIfNeeded: rest)
        return isPacked
            ? Descriptor(address: address, length: length, flags: fourth, link: third)
            : Descriptor(address: address, length: length, flags: third, link: fourth)
    }

    // MARK: Taking

    /// The next buffer that the driver has made available; nil if there is none.
    public func pop() throws -> DescriptorChain? {
        guard isReady, isOpen, size > 0 else { return nil }
        return try isPacked ? popPacked() : popSplit()
    }

    private func popSplit() throws -> DescriptorChain? {
        let index: UInt16 = try load(driver &+ 2)
        guard index != nextAvailable else { return nil }
        guard index &- nextAvailable <= size else { throw VirtqueueError.badIndex(UInt32(index)) }
        memory.fence()
        let head: UInt16 = try load(driver &+ 4 &+ 2 &* UInt64(nextAvailable % size))
        nextAvailable &+= 1
        if hasEventIndex { try store(device &+ 4 &+ 8 &* UInt64(size), nextAvailable) }
        var chain = DescriptorChain(id: head, slots: 1)
        try collectSplit(head, table: descriptors, count: size, isIndirect: false, &chain)
        return chain
    }

    private func collectSplit(_ head: UInt16, table: UInt64, count: UInt16, isIndirect: Bool, _ chain: inout DescriptorChain) throws {
        var index = head
        for _ in 0..<count {
            guard index < count else { throw VirtqueueError.badIndex(UInt32(index)) }
            let entry = try descriptor(table &+ 16 &* UInt64(index))
            if entry.flags & Flag.indirect != 0 {
                guard !isIndirect else { throw VirtqueueError.nestedIndirect }
                let entries = try indirectCount(entry)
                return try collectSplit(0, table: entry.address, count: entries, isIndirect: true, &chain)
            }
            add(entry, &chain)
            guard entry.flags & Flag.next != 0 else { return }
            index = entry.link
        }
        throw VirtqueueError.loop
    }

    private func indirectCount(_ entry: Descriptor) throws -> UInt16 {
        guard entry.length > 0, entry.length % 16 == 0, entry.length / 16 <= Virtqueue.maxSize else {
            throw VirtqueueError.badIndirectLength(entry.length)
        }
        return UInt16(entry.length / 16)
    }

    private func add(_ entry: Descriptor, _ chain: inout DescriptorChain) {
        let part = DescriptorChain.Part(address: entry.address, length: entry.length)
        if entry.flags & Flag.write != 0 { chain.writable.append(part) } else { chain.readable.append(part) }
    }

    private func popPacked() throws -> DescriptorChain? {
        let place = descriptors &+ 16 &* UInt64(nextAvailable)
        let flags: UInt16 = try load(place &+ 14)
        guard (flags & Flag.available != 0) == availableWrap, (flags & Flag.used != 0) != availableWrap else { return nil }
        memory.fence()
        var parts: [Descriptor] = []
        var slot = nextAvailable
        repeat {
            guard parts.count < Int(size) else { throw VirtqueueError.loop }
            parts.append(try descriptor(descriptors &+ 16 &* UInt64(slot)))
            slot = slot + 1 == size ? 0 : slot + 1
        } while parts[parts.count - 1].flags & Flag.next != 0
        var chain = DescriptorChain(id: parts[parts.count - 1].link, slots: parts.count)
        for entry in parts {
            if entry.flags & Flag.indirect == 0 {
                add(entry, &chain)
            } else {
                for index in 0..<(try indirectCount(entry)) { add(try descriptor(entry.address &+ 16 &* UInt64(index)), &chain) }
            }
        }
        if slot <= nextAvailable { availableWrap.toggle() }
        nextAvailable = slot
        return chain
    }

    // MARK: Giving back

    /// Gives a buffer back with the number of bytes that were written into it.
    public func push(_ chain: DescriptorChain, written: Int) throws {
        guard isReady, isOpen, size > 0 else { return }
        if isPacked { return try pushPacked(chain, written) }
        let entry = device &+ 4 &+ 8 &* UInt64(nextUsed % size)
        try store(entry, UInt32(chain.id))
        try store(entry &+ 4, UInt32(truncatingIfNeeded: written))
        memory.fence()
        nextUsed &+= 1
        try store(device &+ 2, nextUsed)
    }

    private func pushPacked(_ chain: DescriptorChain, _ written: Int) throws {
        let place = descriptors &+ 16 &* UInt64(nextUsed)
        try store(place &+ 8, UInt32(truncatingIfNeeded: written))
        try store(place &+ 12, chain.id)
        memory.fence()
        try store(place &+ 14, usedWrap ? Flag.available | Flag.used : 0 as UInt16)
        let next = Int(nextUsed) + chain.slots
        if next >= Int(size) { usedWrap.toggle() }
        nextUsed = UInt16(next % Int(size))
    }

    /// Whether the driver wants to hear of what has been given back since the last time that this was asked.
    public func shouldInterrupt() throws -> Bool {
        guard isReady, isOpen, size > 0 else { return false }
        memory.fence()
        return try isPacked ? packedWantsInterrupt() : splitWantsInterrupt()
    }

    private func splitWantsInterrupt() throws -> Bool {
        let old = signalledUsed
        let wasValid = signalledIsValid
        (signalledUsed, signalledIsValid) = (nextUsed, true)
        if !hasEventIndex {
            let flags: UInt16 = try load(driver)
            return flags & 1 == 0
        }
        let event: UInt16 = try load(driver &+ 4 &+ 2 &* UInt64(size))
        return !wasValid || nextUsed &- event &- 1 < nextUsed &- old
    }

    private func packedWantsInterrupt() throws -> Bool {
        let (old, oldWrap) = (signalledSlot, signalledWrap)
        (signalledSlot, signalledWrap) = (nextUsed, usedWrap)
        let position: UInt16 = try load(driver)
        let flags: UInt16 = try load(driver &+ 2)
        switch flags & 3 {
        case 0: return true
        case 1: return false
        default:
            // The wanted slot, in a numbering that goes on over the wrap.
            let event = Int(position & 0x7fff) + ((position >> 15 != 0) == usedWrap ? 0 : -Int(size))
            let new = Int(nextUsed)
            let previous = Int(old) + (oldWrap == usedWrap ? 0 : -Int(size))
            return event >= previous && event < new
        }
    }

    /// Asks the driver to say, or not to bother to say, when it makes buffers available.
    public func setNotification(_ wanted: Bool) throws {
        guard isReady, isOpen, size > 0 else { return }
        if isPacked { return try store(device &+ 2, UInt16(wanted ? 0 : 1)) }
        if hasEventIndex {
            if wanted { try store(device &+ 4 &+ 8 &* UInt64(size), nextAvailable) }
        } else {
            try store(device, UInt16(wanted ? 0 : 1))
        }
        memory.fence()
    }
}
