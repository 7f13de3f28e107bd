import CPUModel
import Compression

/// A dump as crash's kdump-zlib: headers, notes, bit maps of the pages that there are, a descriptor of each, and their bytes, packed one by one
/// (makedumpfile's IMPLEMENTATION, "The dump file format"; crash's diskdump.h). The file is written flattened, as QEMU writes it: every part says where it
/// belongs, so that it can go through a pipe.
struct CompressedDump {
    private static let block = 4096
    private static let descriptorSize = 24
    private enum Status { static let zlib: UInt32 = 1 }
    private static let headerVersion: UInt32 = 6
    /// Places in struct disk_dump_header and struct kdump_sub_header, as the machine's compiler lays them out; in all of them 64-bit numbers lie on
    /// multiples of 8.
    private struct Layout {
        let status: Int
        let dumpLevel: Int, notes: Int, notesSize: Int, lastFrame: Int, subHeaderSize: Int
        /// Bytes of a long.
        let word: Int

        static let machine = 12 + 4 * 65
        static let narrow = Layout(status: 412, dumpLevel: 4, notes: 40, notesSize: 48, lastFrame: 88, subHeaderSize: 96, word: 4)
        static let wide = Layout(status: 424, dumpLevel: 8, notes: 48, notesSize: 56, lastFrame: 96, subHeaderSize: 104, word: 8)
    }

    private let machine: String
    private let layout: Layout
    /// Where the kernel's addresses of memory begin to count; tools can be told another place.
    private let physicalBase: UInt64
    private let notes: [UInt8]
    private let segments: [CoreFile.Segment]
    private let cpus: Int
    /// Where the next descriptor and the next page go.
    private var descriptorPlace: UInt64
    private var dataPlace: UInt64
    /// The place of the one page of zeros.
    private var zeroPlace: UInt64?

    /// - Parameters:
    ///   - machine: the architecture, as uname(2) names it.
    ///   - segments: of whole pages.
    init(machine: String, core: CoreFile, segments: [CoreFile.Segment]) {
        self.machine = machine
        layout = core.is64Bit ? .wide : .narrow
        // Arm's kernels are linked for the start of memory, wherever that is, RISC-V's for 0 (QEMU guesses alike).
        physicalBase = core.isArm ? segments.map(\.start).min() ?? 0 : 0
        self.segments = segments
        notes = core.notes
        cpus = core.cpus.count
        let pages = segments.reduce(0) { $0 + $1.count / UInt64(CompressedDump.block) }
        descriptorPlace = 0
        dataPlace = 0
        descriptorPlace = UInt64(CompressedDump.block * (1 + subHeaderBlocks + bitMapBlocks))
        dataPlace = descriptorPlace + pages * UInt64(CompressedDump.descriptorSize)
    }

    private var lastFrame: UInt64 { segments.map { ($0.start + $0.count) / UInt64(CompressedDump.block) }.max() ?? 0 }
    private var subHeaderBlocks: Int { (layout.subHeaderSize + notes.count + CompressedDump.block - 1) / CompressedDump.block }
    /// Of both bit maps, which are the same: all of memory, and what of it is in the file.
    private var bitMapBlocks: Int { 2 * ((Int(lastFrame) + 8 * CompressedDump.block - 1) / (8 * CompressedDump.block)) }

    // MARK: Flattening

    private static func bigEndian(_ value: Int64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> Int64(56 - 8 * $0)) } }

    private static func part(_ place: UInt64, _ bytes: [UInt8]) -> [UInt8] {
        bigEndian(Int64(clamping: place)) + bigEndian(Int64(bytes.count)) + bytes
    }

    /// What comes first.
    var head: [UInt8] {
        let signature = Array("makedumpfile".utf8) + [0, 0, 0, 0] + CompressedDump.bigEndian(1) + CompressedDump.bigEndian(1)
        let subHeaderPlace = UInt64(CompressedDump.block)
        let bitMapPlace = UInt64(CompressedDump.block * (1 + subHeaderBlocks))
        return signature + [UInt8](repeating: 0, count: CompressedDump.block - signature.count) + CompressedDump.part(0, header)
            + CompressedDump.part(subHeaderPlace, subHeader + notes) + CompressedDump.part(bitMapPlace, bitMap + bitMap)
    }

    /// What comes last.
    static let tail = bigEndian(-1) + bigEndian(-1)

    // MARK: Headers

    private var header: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: CompressedDump.block)
        bytes.replaceSubrange(0..<8, with: Array("KDUMP   ".utf8))
        bytes.put(CompressedDump.headerVersion, at: 8)
        let name = Array(machine.utf8.prefix(64))
        bytes.replaceSubrange(Layout.machine..<Layout.machine + name.count, with: name)
        let words: [UInt32] = [
            Status.zlib, UInt32(CompressedDump.block), UInt32(subHeaderBlocks), UInt32(clamping: bitMapBlocks), UInt32(clamping: lastFrame), 0, 0, 0,
            0,
            UInt32(cpus),
        ]
        for (index, word) in words.enumerated() { bytes.put(word, at: layout.status + 4 * index) }
        return bytes
    }

    private var subHeader: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: layout.subHeaderSize)
        func putWord(_ value: UInt64, at place: Int) {
            if layout.word == 8 { bytes.put(value, at: place) } else { bytes.put(UInt32(clamping: value), at: place) }
        }
        putWord(physicalBase, at: 0)
        // Dump level: all pages but those of zeros are there, which makedumpfile calls 1.
        bytes.put(UInt32(1), at: layout.dumpLevel)
        bytes.put(UInt64(CompressedDump.block + layout.subHeaderSize), at: layout.notes)
        putWord(UInt64(notes.count), at: layout.notesSize)
        bytes.put(lastFrame, at: layout.lastFrame)
        return bytes
    }

    /// A bit for each frame of physical memory.
    private var bitMap: [UInt8] {
        var bits = [UInt8](repeating: 0, count: bitMapBlocks / 2 * CompressedDump.block)
        for segment in segments {
            let first = segment.start / UInt64(CompressedDump.block)
            for frame in first..<first + segment.count / UInt64(CompressedDump.block) { bits[Int(frame / 8)] |= 1 << UInt8(frame % 8) }
        }
        return bits
    }

    // MARK: Pages

    /// The parts for the next pages, in the order of the segments.
    mutating func pack(_ memory: [UInt8]) -> [UInt8] {
        var descriptors: [UInt8] = []
        var data: [UInt8] = []
        let start = dataPlace
        for place in stride(from: 0, to: memory.count, by: CompressedDump.block) {
            let page = Array(memory[place..<min(place + CompressedDump.block, memory.count)])
            let isZero = page.allSatisfy { $0 == 0 }
            if isZero, let zeroPlace {
                descriptors += CompressedDump.descriptor(zeroPlace, page.count, flags: 0)
                continue
            }
            let packed = isZero ? nil : Zlib.pack(page)
            if isZero { zeroPlace = dataPlace }
            descriptors += CompressedDump.descriptor(dataPlace, packed?.count ?? page.count, flags: packed == nil ? 0 : Status.zlib)
            data += packed ?? page
            dataPlace = start + UInt64(data.count)
        }
        defer { descriptorPlace += UInt64(descriptors.count) }
        return CompressedDump.part(descriptorPlace, descriptors) + (data.isEmpty ? [] : CompressedDump.part(start, data))
    }

    /// struct page_desc.
    private static func descriptor(_ place: UInt64, _ count: Int, flags: UInt32) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: descriptorSize)
        bytes.put(place, at: 0)
        bytes.put(UInt32(count), at: 8)
        bytes.put(flags, at: 12)
        return bytes
    }
}
