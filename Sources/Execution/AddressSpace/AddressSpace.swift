import CHost
import Diagnostics
import HostOS

/// Physical memory as a CPU or a device sees it.
///
/// All accessors are safe for any address and count; what is not there answers with an error. RAM is accessed without a lock, device
/// registers need the machine lock held.
public final class AddressSpace {
    public let name: String
    public let root: MemoryRegion
    /// The vCPU whose access to a device's register is under way, for devices that have registers of the same address for each of them. Guarded by the
    /// machine lock.
    public var initiator = 0
    private var view: FlatView { didSet { table = view.table } }
    /// The view's sections, for lookups without a lock.
    private var table: SectionTable
    /// Older views live on: a vCPU may be reading one.
    private var retired: [FlatView] = []
    private var topologyObservers: [() -> Void] = []
    private var codeWriteObservers: [(RAMBlock, Int) -> Void] = []

    public init(_ name: String, root: MemoryRegion) {
        self.name = name
        self.root = root
        view = FlatView(root: root)
        table = view.table
        root.observe(self) { [unowned(unsafe) self] in rebuild() }
    }

    deinit { root.forget(self) }

    private func rebuild() {
        let new = FlatView(root: root)
        retired.append(view)
        // Flash flips between two looks as often as the guest likes: a look that was there before is used again, so that it costs nothing.
        view = retired.last { $0.looksLike(new) } ?? new
        retired.removeAll { $0 === view }
        for observer in topologyObservers { observer() }
    }

    /// Calls back after the memory map has changed.
    public func onTopologyChange(_ observer: @escaping () -> Void) { topologyObservers.append(observer) }

    /// Calls back when somebody other than generated code writes to a page that holds translated code.
    public func onCodeWrite(_ observer: @escaping (RAMBlock, _ page: Int) -> Void) { codeWriteObservers.append(observer) }

    /// Ends all calling back.
    public func forgetObservers() {
        topologyObservers = []
        codeWriteObservers = []
    }

    /// What an address resolves to.
    public func section(at address: UInt64) -> Section { table.section(address) }

    public var sections: [Section] { view.sections }

    /// All memory that there is below the root, visible or not, in order of their names.
    public var ramBlocks: [RAMBlock] {
        var found: [RAMBlock] = []
        var regions = [root]
        while let region = regions.popLast() {
            regions += region.children.map(\.region)
            if case .alias(let target, _) = region.kind { regions.append(target) }
            if let block = region.ramBlock, !found.contains(where: { $0 === block }) { found.append(block) }
        }
        return found.sorted { $0.name < $1.name }
    }

    // MARK: Device registers

    /// Reads a device's register for the guest; wide or narrow accesses are fitted to what the handler implements.
    public func readRegister(_ section: Section, _ address: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        guard let region = section.region, let handler = region.handler else { return (0, .decodeError) }
        guard region.acceptedSizes.contains(size) else { return (0, .accessError) }
        let offset = section.offset &+ (address &- section.start)
        let unit = min(max(size, region.implementedSizes.lowerBound), region.implementedSizes.upperBound)
        if unit == size { return handler.read(offset, size: size) }
        if unit > size {
            let (wide, result) = handler.read(offset & ~UInt64(unit - 1), size: unit)
            return (wide >> (8 * (offset & UInt64(unit - 1))) & sizeMask(size), result)
        }
        var value: UInt64 = 0
        for part in stride(from: 0, to: size, by: unit) {
            let (bits, result) = handler.read(offset &+ UInt64(part), size: unit)
            guard result == .ok else { return (0, result) }
            value |= (bits & sizeMask(unit)) << UInt64(8 * part)
        }
        return (value, .ok)
    }

    /// Writes a device's register for the guest.
    public func writeRegister(_ section: Section, _ address: UInt64, value: UInt64, size: Int) -> AccessResult {
        guard let region = section.region else { return .decodeError }
        guard let handler = region.handler else { return section.kind == .rom ? .accessError : .decodeError }
        guard region.acceptedSizes.contains(size) else { return .accessError }
        let offset = section.offset &+ (address &- section.start)
        let unit = min(max(size, region.implementedSizes.lowerBound), region.implementedSizes.upperBound)
        if unit >= size { return handler.write(offset, value: value & sizeMask(size), size: unit > size ? unit : size) }
        for part in stride(from: 0, to: size, by: unit) {
            let result = handler.write(offset &+ UInt64(part), value: value >> UInt64(8 * part) & sizeMask(unit), size: unit)
            guard result == .ok else { return result }
        }
        return .ok
    }

    private func sizeMask(_ size: Int) -> UInt64 { size >= 8 ? .max : (1 << UInt64(8 * size)) - 1 }

    // MARK: Bytes

    /// Reads bytes across whatever is there; nil if any of them is not readable.
    public func read(_ address: UInt64, count: Int) -> [UInt8]? {
        var bytes = [UInt8]()
        bytes.reserveCapacity(count)
        let good = forEachPart(address, count) { section, start, length in
            if let host = unsafe section.host(start), section.kind != .io {
                unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(start: host, count: length))
                return true
            }
            for index in 0..<length {
                let (value, result) = readRegister(section, start &+ UInt64(index), size: 1)
                guard result == .ok else { return false }
                bytes.append(UInt8(truncatingIfNeeded: value))
            }
            return true
        }
        return good ? bytes : nil
    }

    /// Writes bytes across whatever is there; stops at the first that cannot be written.
    @discardableResult
    public func write(_ address: UInt64, _ bytes: [UInt8]) -> AccessResult {
        var done = 0
        var outcome = AccessResult.ok
        _ = forEachPart(address, bytes.count) { section, start, length in
            if section.kind == .ram, let host = unsafe section.host(start) {
                willWrite(section, start, length)
                unsafe bytes.withUnsafeBytes { source in
                    guard let from = source.baseAddress else { return }
                    unsafe host.copyMemory(from: from + done, byteCount: length)
                }
                noteWrite(section, start, length)
            } else {
                for index in 0..<length where outcome == .ok {
                    outcome = writeRegister(section, start &+ UInt64(index), value: UInt64(bytes[done + index]), size: 1)
                }
            }
            done += length
            return outcome == .ok
        }
        return done < bytes.count && outcome == .ok ? .decodeError : outcome
    }

    /// Writes bytes for a debugger: into ROM and flash memory too.
    public func patch(_ address: UInt64, _ bytes: [UInt8]) -> AccessResult {
        var done = 0
        var outcome = AccessResult.ok
        _ = forEachPart(address, bytes.count) { section, start, length in
            let part = Array(bytes[done..<done + length])
            if section.kind == .rom || section.kind == .romDevice, let ram = section.ram {
                ram.load(part, at: section.offset &+ (start &- section.start))
                noteWrite(section, start, length)
            } else {
                outcome = write(start, part)
            }
            done += length
            return outcome == .ok
        }
        return done < bytes.count && outcome == .ok ? .decodeError : outcome
    }

    private func forEachPart(_ address: UInt64, _ count: Int, _ body: (Section, UInt64, Int) -> Bool) -> Bool {
        guard count == 0 || address.addingReportingOverflow(UInt64(count - 1)).overflow == false else { return false }
        var position = address
        var left = count
        while left > 0 {
            let section = section(at: position)
            let room = section.last - position
            let length = room >= UInt64(left) ? left : Int(room) + 1
            guard section.kind != .unassigned, body(section, position, length) else { return false }
            position &+= UInt64(length)
            left -= length
        }
        return true
    }

    /// Somebody may want what is there now.
    private func willWrite(_ section: Section, _ address: UInt64, _ count: Int) {
        guard let ram = section.ram, count > 0 else { return }
        ram.willWrite(pages: section.page(address)...section.page(address &+ UInt64(count - 1)))
    }

    /// Marks written pages dirty and reports those that hold translated code.
    public func noteWrite(_ section: Section, _ address: UInt64, _ count: Int) {
        guard let ram = section.ram, count > 0 else { return }
        for page in section.page(address)...section.page(address &+ UInt64(count - 1)) { noteWrite(ram, page: page) }
    }

    /// The same for one page of a block.
    public func noteWrite(_ ram: RAMBlock, page: Int) {
        let flags = ram.flags(page: page)
        if flags & RAMBlock.PageFlag.logged != 0 { ram.clear(RAMBlock.PageFlag.logged, page: page) }
        if flags & RAMBlock.PageFlag.code != 0 { for observer in codeWriteObservers { observer(ram, page) } }
    }

    // MARK: Words

    /// A little-endian word, single-copy atomic if it is aligned RAM; nil if it is not readable.
    public func load<Word: FixedWidthInteger & UnsignedInteger>(_ address: UInt64, as type: Word.Type = Word.self) -> Word? {
        let size = MemoryLayout<Word>.size
        let section = section(at: address)
        if section.kind != .io, address & UInt64(size - 1) == 0, section.last - address >= UInt64(size - 1), let host = unsafe section.host(address) {
            return unsafe Word(truncatingIfNeeded: atomicLoad(host, size))
        }
        if section.kind == .io {
            let (value, result) = readRegister(section, address, size: size)
            return result == .ok ? Word(truncatingIfNeeded: value) : nil
        }
        guard let bytes = read(address, count: size) else { return nil }
        return bytes.enumerated().reduce(0) { $0 | Word(truncatingIfNeeded: $1.element) << Word(8 * $1.offset) }
    }

    /// A page-table entry of 4 or 8 little-endian bytes; nil if it is not readable.
    public func loadEntry(_ address: UInt64, bytes: Int) -> UInt64? {
        let section = section(at: address)
        if section.kind == .ram, address & UInt64(bytes - 1) == 0, let host = unsafe section.host(address) {
            return unsafe atomicLoad(host, bytes)
        }
        return bytes == 8 ? load(address, as: UInt64.self) : load(address, as: UInt32.self).map { UInt64($0) }
    }

    /// Writes a little-endian word, single-copy atomic if it is aligned RAM.
    @discardableResult
    public func store<Word: FixedWidthInteger & UnsignedInteger>(_ address: UInt64, _ value: Word) -> AccessResult {
        let size = MemoryLayout<Word>.size
        let section = section(at: address)
        if section.kind == .ram, address & UInt64(size - 1) == 0, section.last - address >= UInt64(size - 1), let host = unsafe section.host(address)
        {
            willWrite(section, address, size)
            unsafe atomicStore(host, UInt64(truncatingIfNeeded: value), size)
            noteWrite(section, address, size)
            return .ok
        }
        if section.kind == .io || section.kind == .romDevice {
            return writeRegister(section, address, value: UInt64(truncatingIfNeeded: value), size: size)
        }
        return write(address, (0..<size).map { UInt8(truncatingIfNeeded: value >> Word(8 * $0)) })
    }

    /// Replaces an aligned word in RAM if it still holds `expected`; false if it does not or is no RAM. Page-table walkers set bits with it.
    public func compareExchange<Word: FixedWidthInteger & UnsignedInteger>(_ address: UInt64, expected: Word, new: Word) -> Bool {
        let section = section(at: address)
        guard section.kind == .ram, address & UInt64(MemoryLayout<Word>.size - 1) == 0, let host = unsafe section.host(address) else { return false }
        willWrite(section, address, MemoryLayout<Word>.size)
        let done: Bool
        if MemoryLayout<Word>.size == 8 {
            let old = UInt64(truncatingIfNeeded: expected)
            unsafe done = apus_atomic_cas_u64(host.assumingMemoryBound(to: UInt64.self), old, UInt64(truncatingIfNeeded: new)) == old
        } else {
            precondition(MemoryLayout<Word>.size == 4, "page-table entries have 4 or 8 bytes")
            let old = UInt32(truncatingIfNeeded: expected)
            unsafe done = apus_atomic_cas_u32(host.assumingMemoryBound(to: UInt32.self), old, UInt32(truncatingIfNeeded: new)) == old
        }
        if done { noteWrite(section, address, MemoryLayout<Word>.size) }
        return done
    }

    /// Orders everything before against everything after, across threads.
    public func fence() { apus_fence() }

    private func atomicLoad(_ host: UnsafeMutableRawPointer, _ size: Int) -> UInt64 {
        switch size {
        case 1: unsafe UInt64(apus_atomic_load_u8(host.assumingMemoryBound(to: UInt8.self)))
        case 2: unsafe UInt64(apus_atomic_load_u16(host.assumingMemoryBound(to: UInt16.self)))
        case 4: unsafe UInt64(apus_atomic_load_u32(host.assumingMemoryBound(to: UInt32.self)))
        default: unsafe apus_atomic_load_u64(host.assumingMemoryBound(to: UInt64.self))
        }
    }

    private func atomicStore(_ host: UnsafeMutableRawPointer, _ value: UInt64, _ size: Int) {
        switch size {
        case 1: unsafe apus_atomic_store_u8(host.assumingMemoryBound(to: UInt8.self), UInt8(truncatingIfNeeded: value))
        case 2: unsafe apus_atomic_store_u16(host.assumingMemoryBound(to: UInt16.self), UInt16(truncatingIfNeeded: value))
        case 4: unsafe apus_atomic_store_u32(host.assumingMemoryBound(to: UInt32.self), UInt32(truncatingIfNeeded: value))
        default: unsafe apus_atomic_store_u64(host.assumingMemoryBound(to: UInt64.self), value)
        }
    }

    // MARK: Spans for devices' own I/O

    /// RAM as spans that the host's system calls can use; nil unless all of it is RAM (or ROM, for reading).
    public func map(_ address: UInt64, count: Int, writing: Bool) -> [GuestBuffer]? {
        var buffers: [GuestBuffer] = []
        let good = forEachPart(address, count) { section, start, length in
            guard section.kind == .ram || (section.kind == .rom && !writing), let host = unsafe section.host(start) else { return false }
            if writing { willWrite(section, start, length) }
            unsafe buffers.append(GuestBuffer(base: host, count: length))
            return true
        }
        return good ? buffers : nil
    }

    /// Tells that a device has written into mapped RAM.
    public func noteDeviceWrite(_ address: UInt64, count: Int) {
        _ = forEachPart(address, count) { section, start, length in
            noteWrite(section, start, length)
            return true
        }
    }

    /// Gives the host's memory behind RAM back, whose bytes nobody needs any more; false if not all of it is RAM. What still has pages to come keeps what it has.
    public func release(_ address: UInt64, count: Int) -> Bool {
        guard let buffers = map(address, count: count, writing: true) else { return false }
        _ = forEachPart(address, count) { section, start, length in
            guard let ram = section.ram, !ram.lacksPages, let host = unsafe section.host(start) else { return true }
            unsafe GuestBuffer(base: host, count: length).release()
            noteWrite(section, start, length)
            return true
        }
        return buffers.byteCount == count
    }

    // MARK: Description

    /// The map as `info mtree -f` shows it.
    public func describe() -> String {
        let lines = view.sections.filter { $0.kind != .unassigned }.map { section in
            "  \(padded(section.start))-\(padded(section.last)) (\(section.kind)): \(section.region?.name ?? "?")"
                + (section.offset == 0 ? "" : " @\(padded(section.offset))")
        }
        return "address-space: \(name)\n" + lines.joined(separator: "\n") + "\n"
    }

    private func padded(_ value: UInt64) -> String { String(hex(value, digits: 16).dropFirst(2)) }
}

extension MemoryRegion {
    /// What answers accesses that do not see memory.
    var handler: (any IOHandler)? {
        switch kind {
        case .io(let handler), .romDevice(_, let handler): handler
        case .container, .ram, .rom, .alias: nil
        }
    }
}
