/// What a range of physical addresses resolves to. Plain data, so that looking one up costs no reference counting; what it refers to is
/// kept by the memory map, which outlives every CPU.
public struct Section {
    public enum Kind: UInt8, Sendable { case unassigned, ram, rom, romDevice, io }

    public let kind: Kind
    /// First address.
    public let start: UInt64
    /// Last address, inclusive, so that the top of the space can be said.
    public let last: UInt64
    public unowned(unsafe) let region: MemoryRegion?
    /// Offset into the region of the section's first address.
    public let offset: UInt64
    public unowned(unsafe) let ram: RAMBlock?
    /// The host's address of the first byte, where there is memory.
    @usableFromInline let base: UnsafeMutableRawPointer?
    /// The flags of the first byte's page.
    @usableFromInline let flags: UnsafeMutablePointer<UInt8>?

    init(kind: Kind, start: UInt64, last: UInt64, region: MemoryRegion?, offset: UInt64, ram: RAMBlock?) {
        self.kind = kind
        self.start = start
        self.last = last
        self.region = region
        self.offset = offset
        self.ram = ram
        unsafe base = ram.map { unsafe $0.base + Int(offset) }
        unsafe flags = ram.map { unsafe $0.pageFlags + Int(offset >> 12) }
    }

    /// The host's address for a guest address in a RAM-backed section.
    @inlinable public func host(_ address: UInt64) -> UnsafeMutableRawPointer? {
        guard let base = unsafe base else { return nil }
        return unsafe base + Int(address &- start)
    }

    /// The flags of a guest address's page in a RAM-backed section.
    @inlinable public func pageFlags(_ address: UInt64) -> UnsafeMutablePointer<UInt8>? {
        guard let flags = unsafe flags else { return nil }
        return unsafe flags + Int((offset & 0xfff &+ (address &- start)) >> 12)
    }

    /// The page number, within the RAM block, of a guest address.
    @inlinable public func page(_ address: UInt64) -> Int { Int((offset &+ (address &- start)) >> 12) }
}

/// Sections in order of address behind one pointer, which can be replaced while others read: a count, then the sections.
struct SectionTable {
    private static let header = 16
    private let memory: UnsafeMutableRawPointer

    init(_ sections: [Section]) {
        unsafe memory = .allocate(byteCount: SectionTable.header + sections.count * MemoryLayout<Section>.stride, alignment: 16)
        unsafe memory.storeBytes(of: sections.count, as: Int.self)
        unsafe first.initialize(from: sections, count: sections.count)
    }

    func deallocate() { unsafe memory.deallocate() }

    private var first: UnsafeMutablePointer<Section> {
        unsafe (memory + SectionTable.header).assumingMemoryBound(to: Section.self)
    }

    /// The section of an address.
    func section(_ address: UInt64) -> Section {
        var low = 0, high = unsafe memory.load(as: Int.self) - 1
        while low < high {
            let middle = (low + high + 1) / 2
            if unsafe first[middle].start <= address { low = middle } else { high = middle - 1 }
        }
        return unsafe first[low]
    }
}

/// All sections in order of address, without gaps.
final class FlatView {
    let sections: [Section]
    /// The same, for lookups without a lock.
    let table: SectionTable
    /// Keeps alive what the sections refer to.
    private let regions: [MemoryRegion]

    init(root: MemoryRegion) {
        var painted: [Section] = []
        FlatView.paint(root, base: 0, clipStart: 0, clipLast: .max, into: &painted)
        painted.sort { $0.start < $1.start }
        sections = FlatView.fillingGaps(painted)
        regions = sections.compactMap(\.region)
        table = SectionTable(sections)
    }

    deinit { table.deallocate() }

    /// Whether both resolve every address to the same.
    func looksLike(_ other: FlatView) -> Bool {
        sections.elementsEqual(other.sections) { first, second in
            first.kind == second.kind && first.start == second.start && first.region === second.region && first.offset == second.offset
        }
    }

    /// Adds what shows of `region` when it starts at `base` (modulo 2^64, so that an alias may begin "before" its window).
    private static func paint(_ region: MemoryRegion, base: UInt64, clipStart: UInt64, clipLast: UInt64, into painted: inout [Section]) {
        guard region.isEnabled, region.size > 0 else { return }
        let (top, overflow) = base.addingReportingOverflow(region.size &- 1)
        let wraps = overflow && base != 0
        let start = wraps && top < clipStart ? base : max(base, clipStart)
        // A base beyond the clip that wraps is a window that starts inside its target.
        let first = base > clipLast && wraps ? clipStart : start
        let last = wraps && base > clipLast ? min(top, clipLast) : min(overflow ? .max : top, clipLast)
        guard first <= last else { return }
        switch region.kind {
        case .container:
            for child in region.children {
                paint(child.region, base: base &+ child.address, clipStart: first, clipLast: last, into: &painted)
            }
        case .alias(let target, let offset):
            paint(target, base: base &- offset, clipStart: first, clipLast: last, into: &painted)
        case .ram(let block): cover(.ram, region, block, base, first, last, &painted)
        case .rom(let block): cover(.rom, region, block, base, first, last, &painted)
        case .romDevice(let block, _): cover(region.isROMMode ? .romDevice : .io, region, block, base, first, last, &painted)
        case .io: cover(.io, region, nil, base, first, last, &painted)
        }
    }

    /// Adds the parts of a leaf that nothing of higher priority has covered yet.
    private static func cover(
        _ kind: Section.Kind, _ region: MemoryRegion, _ block: RAMBlock?, _ base: UInt64, _ first: UInt64, _ last: UInt64,
        _ painted: inout [Section]
    ) {
        var holes = [(first, last)]
        for section in painted {
            var left: [(UInt64, UInt64)] = []
            for (low, high) in holes {
                if section.last < low || section.start > high {
                    left.append((low, high))
                    continue
                }
                if section.start > low { left.append((low, section.start - 1)) }
                if section.last < high { left.append((section.last + 1, high)) }
            }
            holes = left
        }
        for (low, high) in holes {
            painted.append(Section(kind: kind, start: low, last: high, region: region, offset: low &- base, ram: block))
        }
    }

    private static func fillingGaps(_ painted: [Section]) -> [Section] {
        var all: [Section] = []
        var next: UInt64 = 0
        var full = false
        for section in painted {
            if section.start > next { all.append(hole(next, section.start - 1)) }
            all.append(section)
            if section.last == .max { full = true } else { next = section.last + 1 }
        }
        if !full { all.append(hole(next, .max)) }
        return all
    }

    private static func hole(_ start: UInt64, _ last: UInt64) -> Section {
        Section(kind: .unassigned, start: start, last: last, region: nil, offset: 0, ram: nil)
    }
}
