import CPUModel

/// The vdso of a guest as an ELF file that is mapped as it is (System V ABI, chapters 4 and 5; Linux, Documentation/ABI/stable/vdso).
public struct KernelObjectImage: Sendable {
    /// The file, whose offsets are the addresses in it.
    public let bytes: [UInt8]
    /// Where a signal handler returns to; nil if that is not here.
    public let signalReturn: Int?

    public init(_ object: KernelObject, identity: ELFIdentity, signalReturnCode: [UInt8]) {
        var writer = KernelObjectWriter(object, identity)
        signalReturn = writer.addCode(signalReturnCode)
        bytes = writer.finish()
    }

    /// The hash function of symbols' and versions' names (System V ABI, chapter 5).
    public static func hash(_ name: String) -> UInt32 {
        name.utf8.reduce(0) { hash, byte in
            let sum = hash << 4 &+ UInt32(byte)
            let high = sum & 0xf000_0000
            return (sum ^ high >> 24) & ~high
        }
    }
}

/// Puts the sections behind each other, those first that others point to.
private struct KernelObjectWriter {
    private struct Section {
        let name: String
        let type: UInt32, flags: Int
        let offset: Int, size: Int
        var link = "", info: UInt32 = 0, entrySize = 0
        let alignment: Int
    }

    private struct Symbol {
        let name: String
        let address: Int, size: Int
    }

    /// Section types, flags (allocated; and executable), segment types and dynamic tags.
    private enum Kind { static let progbits: UInt32 = 1, strings: UInt32 = 3, hash: UInt32 = 5, dynamic: UInt32 = 6, symbols: UInt32 = 11 }
    private enum Version { static let definitions: UInt32 = 0x6fff_fffd, symbols: UInt32 = 0x6fff_ffff }
    private enum Flag { static let allocated = 2, code = 6 }
    private enum Segment { static let load: UInt32 = 1, dynamic: UInt32 = 2, frames: UInt32 = 0x6474_e550, exceptionIndex: UInt32 = 0x7000_0001 }
    private enum Tag { static let hash = 4, strings = 5, symbols = 6, stringsSize = 10, symbolSize = 11, soname = 14 }
    private enum VersionTag { static let symbols = 0x6fff_fff0, definitions = 0x6fff_fffc, definitionCount = 0x6fff_fffd }
    private static let exceptionIndexType: UInt32 = 0x7000_0001, segmentCount = 3, soname = "linux-vdso.so.1"

    private let object: KernelObject
    private let identity: ELFIdentity
    private let wordSize: Int
    private var bytes: ObjectBytes
    private var sections: [Section] = []
    private var symbols: [Symbol] = []
    private var ranges: [UnwindTables.Range] = []
    private var strings: [UInt8] = [0]

    private var headerSize: Int { wordSize == 8 ? 64 : 52 }
    private var segmentSize: Int { wordSize == 8 ? 56 : 32 }

    init(_ object: KernelObject, _ identity: ELFIdentity) {
        self.object = object
        self.identity = identity
        wordSize = identity.is64Bit ? 8 : 4
        bytes = ObjectBytes(wordSize: wordSize)
        bytes.add([UInt8](repeating: 0, count: headerSize + KernelObjectWriter.segmentCount * segmentSize))
    }

    private mutating func add(
        _ name: String, _ type: UInt32, _ content: [UInt8], flags: Int = Flag.allocated, link: String = "", info: UInt32 = 0, entrySize: Int = 0,
        alignment: Int? = nil
    ) {
        let alignment = alignment ?? wordSize
        bytes.align(alignment)
        sections.append(
            Section(
                name: name, type: type, flags: flags, offset: bytes.count, size: content.count, link: link, info: info, entrySize: entrySize,
                alignment: alignment))
        bytes.add(content)
    }

    /// Where the next section will begin.
    private func next(alignment: Int) -> Int { (bytes.count + alignment - 1) & ~(alignment - 1) }

    private func section(_ name: String) -> Section {
        guard let section = sections.first(where: { $0.name == name }) else { preconditionFailure("the vdso has no section \(name)") }
        return section
    }

    // MARK: Code

    /// Adds the functions; where the signal return is.
    mutating func addCode(_ signalReturnCode: [UInt8]) -> Int? {
        let base = next(alignment: 16)
        var text = ObjectBytes(wordSize: wordSize)
        for function in object.functions {
            symbols.append(Symbol(name: function.name, address: base + text.count, size: function.code.count))
            ranges.append(.init(start: base + text.count, size: function.code.count, rules: nil))
            text.add(function.code)
            text.align(16)
        }
        var place: Int?
        if let signalReturn = object.signalReturn {
            let before = signalReturn.instructionBefore.count
            text.add(signalReturn.instructionBefore)
            let start = base + text.count
            symbols.append(Symbol(name: signalReturn.name, address: start, size: signalReturnCode.count))
            if let rules = signalReturn.rules { ranges.append(.init(start: start - before, size: before + signalReturnCode.count, rules: rules)) }
            text.add(signalReturnCode)
            place = start
        }
        add(".text", Kind.progbits, text.bytes, flags: Flag.code, alignment: 16)
        return place
    }

    // MARK: Tables

    /// Adds everything else; the whole file.
    mutating func finish() -> [UInt8] {
        addUnwinding()
        let names = [KernelObjectWriter.soname, object.version] + symbols.map(\.name)
        let places = names.map { addString($0) }
        add(".hash", Kind.hash, hashTable, link: ".dynsym", entrySize: 4)
        add(".dynstr", Kind.strings, strings, alignment: 1)
        add(".dynsym", Kind.symbols, symbolTable(Array(places.dropFirst(2))), link: ".dynstr", info: 1, entrySize: wordSize == 8 ? 24 : 16)
        add(".gnu.version", Version.symbols, versions, link: ".dynsym", entrySize: 2, alignment: 2)
        add(".gnu.version_d", Version.definitions, definitions(places[0], places[1]), link: ".dynstr", info: 2)
        add(".dynamic", Kind.dynamic, dynamic(soname: places[0]), link: ".dynstr", entrySize: 2 * wordSize)
        let sectionNames = addSectionNames()
        bytes.align(wordSize)
        let headers = bytes.count
        addSectionHeaders(sectionNames)
        bytes.replace(at: 0, with: header(sectionHeaders: headers))
        bytes.replace(at: headerSize, with: segments)
        return bytes.bytes
    }

    private mutating func addString(_ text: String) -> Int {
        defer { strings += Array(text.utf8) + [0] }
        return strings.count
    }

    private mutating func addUnwinding() {
        switch object.unwinding {
        case .callFrames(let stackPointer, let returnAddress):
            let base = next(alignment: wordSize)
            let (frames, places) = UnwindTables.callFrames(
                ranges, at: base, stackPointer: stackPointer, returnAddress: returnAddress, wordSize: wordSize)
            add(".eh_frame", Kind.progbits, frames)
            let index = UnwindTables.index(ranges, places, frames: base, at: next(alignment: 4), wordSize: wordSize)
            add(".eh_frame_hdr", Kind.progbits, index, alignment: 4)
        case .armExceptionIndex:
            let end = section(".text").offset + section(".text").size
            let index = UnwindTables.exceptionIndex(ranges, end: end, at: next(alignment: 4))
            // Flag: in the order of the code it is linked to.
            add(".ARM.exidx", KernelObjectWriter.exceptionIndexType, index, flags: Flag.allocated | 0x80, link: ".text")
        }
    }

    /// As many buckets as symbols.
    private var hashTable: [UInt8] {
        let count = symbols.count
        var buckets = [UInt32](repeating: 0, count: count), chain = [UInt32](repeating: 0, count: count + 1)
        for (index, symbol) in symbols.enumerated() {
            let bucket = Int(KernelObjectImage.hash(symbol.name)) % count
            chain[index + 1] = buckets[bucket]
            buckets[bucket] = UInt32(index + 1)
        }
        var table = ObjectBytes(wordSize: wordSize)
        for word in [UInt32(count), UInt32(count + 1)] + buckets + chain { table.add(word) }
        return table.bytes
    }

    /// Global functions of section 1, behind the symbol that is none.
    private func symbolTable(_ names: [Int]) -> [UInt8] {
        var table = ObjectBytes(wordSize: wordSize)
        table.add([UInt8](repeating: 0, count: wordSize == 8 ? 24 : 16))
        for (symbol, name) in zip(symbols, names) {
            table.add(UInt32(name))
            if wordSize == 4 { table.add(words: symbol.address, symbol.size) }
            table.add([0x12, 0])
            table.add(UInt16(1))
            if wordSize == 8 { table.add(words: symbol.address, symbol.size) }
        }
        return table.bytes
    }

    /// All have the object's version, number 2; 1 is the object itself.
    private var versions: [UInt8] {
        var table = ObjectBytes(wordSize: wordSize)
        table.add(UInt16(0))
        for _ in symbols { table.add(UInt16(2)) }
        return table.bytes
    }

    /// The object (VER_FLG_BASE) and the version, each with one name.
    private func definitions(_ soname: Int, _ version: Int) -> [UInt8] {
        var table = ObjectBytes(wordSize: wordSize)
        let entries = [(KernelObjectWriter.soname, soname, UInt16(1)), (object.version, version, 0)]
        for (index, entry) in entries.enumerated() {
            table.add(UInt16(1), entry.2, UInt16(index + 1), 1)
            table.add(KernelObjectImage.hash(entry.0), 20, index == 0 ? 28 : 0, UInt32(entry.1), 0)
        }
        return table.bytes
    }

    private func dynamic(soname: Int) -> [UInt8] {
        var table = ObjectBytes(wordSize: wordSize)
        table.add(words: Tag.soname, soname, Tag.hash, section(".hash").offset, Tag.strings, section(".dynstr").offset)
        table.add(words: Tag.symbols, section(".dynsym").offset, Tag.stringsSize, strings.count, Tag.symbolSize, wordSize == 8 ? 24 : 16)
        table.add(words: VersionTag.definitions, section(".gnu.version_d").offset, VersionTag.definitionCount, 2)
        table.add(words: VersionTag.symbols, section(".gnu.version").offset, 0, 0)
        return table.bytes
    }

    // MARK: Headers

    /// Adds `.shstrtab`; where in it each section's name is.
    private mutating func addSectionNames() -> [Int] {
        var (text, places): ([UInt8], [Int]) = ([0], [])
        for name in sections.map(\.name) + [".shstrtab"] {
            places.append(text.count)
            text += Array(name.utf8) + [0]
        }
        add(".shstrtab", Kind.strings, text, flags: 0, alignment: 1)
        return places
    }

    private mutating func addSectionHeaders(_ names: [Int]) {
        bytes.add([UInt8](repeating: 0, count: wordSize == 8 ? 64 : 40))
        for (section, name) in zip(sections, names) {
            let link = sections.firstIndex { $0.name == section.link }.map { UInt32($0 + 1) } ?? 0
            bytes.add(UInt32(name), section.type)
            bytes.add(words: section.flags, section.flags & Flag.allocated != 0 ? section.offset : 0, section.offset, section.size)
            bytes.add(link, section.info)
            bytes.add(words: section.alignment, section.entrySize)
        }
    }

    private func header(sectionHeaders: Int) -> ObjectBytes {
        var header = ObjectBytes(wordSize: wordSize)
        header.add([0x7f, 0x45, 0x4c, 0x46, identity.is64Bit ? 2 : 1, 1, 1] + [UInt8](repeating: 0, count: 9))
        header.add(UInt16(3), identity.machine)
        header.add(UInt32(1))
        header.add(words: 0, headerSize, sectionHeaders)
        header.add(object.flags)
        header.add(UInt16(headerSize), UInt16(segmentSize), UInt16(KernelObjectWriter.segmentCount))
        header.add(UInt16(wordSize == 8 ? 64 : 40), UInt16(sections.count + 1), UInt16(sections.count))
        return header
    }

    /// The whole file, readable and executable; the dynamic section; what unwinders look for.
    private var segments: ObjectBytes {
        let dynamic = section(".dynamic")
        var table = ObjectBytes(wordSize: wordSize)
        add(&table, Segment.load, flags: 5, 0, bytes.count, alignment: 4096)
        add(&table, Segment.dynamic, flags: 4, dynamic.offset, dynamic.size, alignment: wordSize)
        switch object.unwinding {
        case .callFrames: add(&table, Segment.frames, section(".eh_frame_hdr"))
        case .armExceptionIndex: add(&table, Segment.exceptionIndex, section(".ARM.exidx"))
        }
        return table
    }

    private func add(_ table: inout ObjectBytes, _ type: UInt32, _ section: Section) {
        add(&table, type, flags: 4, section.offset, section.size, alignment: section.alignment)
    }

    private func add(_ table: inout ObjectBytes, _ type: UInt32, flags: UInt32, _ offset: Int, _ size: Int, alignment: Int) {
        table.add(type)
        if wordSize == 8 { table.add(flags) }
        table.add(words: offset, offset, offset, size, size)
        if wordSize == 4 { table.add(flags) }
        table.add(words: alignment)
    }
}
