import Glibc
import HostOS
import UserExecution

/// Where a program and its interpreter have come to lie.
public struct LoadedProgram: Sendable {
    /// Where execution begins: in the interpreter if there is one.
    public let start: UInt64
    /// The program's own entry, and its program headers in memory.
    public let entry: UInt64, headers: UInt64
    public let headerSize: Int, headerCount: Int
    /// Where the interpreter was loaded; 0 without one.
    public let interpreterBase: UInt64
    /// The first page behind the program: where its heap begins.
    public let end: UInt64
    /// Bytes of its data, as the kernel counts them: from the start of the segment that begins last to the end of what the file has.
    public let dataSize: UInt64
    public let hasExecutableStack: Bool
}

/// Maps ELF files into a guest's memory as Linux does (fs/binfmt_elf.c).
public struct ProgramLoader {
    private let memory: GuestMemory
    /// Finds a file of the guest's system: `-L`.
    private let locate: (String) -> String

    /// - Parameter locate: finds a file of the guest's system.
    public init(memory: GuestMemory, locate: @escaping (String) -> String) {
        self.memory = memory
        self.locate = locate
    }

    public func load(_ file: ProgramFile) throws(ELFError) -> LoadedProgram {
        let image = try file.image()
        // Like the kernel: two thirds of the address space up, away from mmap's, with room for the heap behind it.
        let hint = 0x5555_5555_4000 &+ UInt64.random(in: 0..<0x10000) << 12
        let bias = try place(file, image, hint: memory.isReserved ? 0x40_0000 : hint)
        let headers = image.segment(ELFImage.Segment.headers)?.address ?? headersInMemory(image)
        var start = image.entry &+ bias
        var base: UInt64 = 0
        if let name = try interpreter(file, image) {
            let other = try ProgramFile(HostPath(locate(name)))
            let otherImage = try other.image()
            guard otherImage.identity == image.identity else {
                throw .wrongMachine(other.path, otherImage.identity)
            }
            base = try place(other, otherImage, hint: 0)
            start = otherImage.entry &+ base
            base &+= otherImage.span.start
        }
        let mask: UInt64 = image.identity.is64Bit ? .max : 0xffff_ffff
        return LoadedProgram(
            start: start & mask, entry: image.entry &+ bias & mask, headers: headers &+ bias, headerSize: image.headerSize,
            headerCount: image.segments.count,
            interpreterBase: base, end: image.span.end &+ bias, dataSize: dataSize(image),
            hasExecutableStack: image.segment(ELFImage.Segment.stack).map { $0.flags & 1 != 0 } ?? false)
    }

    private func dataSize(_ image: ELFImage) -> UInt64 {
        let start = image.loaded.map(\.address).max() ?? 0, end = image.loaded.map { $0.address &+ $0.fileSize }.max() ?? 0
        return end - min(start, end)
    }

    private func headersInMemory(_ image: ELFImage) -> UInt64 {
        let holder = image.loaded.first { $0.offset <= image.headerOffset && image.headerOffset < $0.offset + $0.fileSize }
        return holder.map { $0.address + (image.headerOffset - $0.offset) } ?? 0
    }

    private func interpreter(_ file: ProgramFile, _ image: ELFImage) throws(ELFError) -> String? {
        guard let segment = image.segment(ELFImage.Segment.interpreter) else { return nil }
        guard segment.fileSize > 1, segment.fileSize <= 4096 else { throw .damaged(file.path, "its interpreter's name has an impossible length") }
        let bytes = file.read(segment.offset, Int(segment.fileSize))
        guard bytes.count == Int(segment.fileSize), bytes.last == 0 else { throw .damaged(file.path, "its interpreter's name is cut off") }
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    // MARK: Mapping

    /// Maps an image; returns what is to be added to its addresses.
    private func place(_ file: ProgramFile, _ image: ELFImage, hint: UInt64) throws(ELFError) -> UInt64 {
        let (start, end) = image.span
        let bias = image.isRelocatable ? try room(file, image, hint: hint) &- start : 0
        if !image.isRelocatable {
            let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | Int32(MAP_FIXED_NOREPLACE)
            try check(file, memory.map(.init(address: start, length: end - start, protection: [], flags: flags)))
        }
        memory.addModule(start &+ bias..<end &+ bias, file: file.path, descriptor: file.descriptor, isRelocatable: image.isRelocatable)
        for segment in image.loaded { try map(file, segment, bias) }
        return bias
    }

    private func check(_ file: ProgramFile, _ result: Int64) throws(ELFError) {
        if result < 0 && result > -4096 { throw .cannotMap(file.path, errno: Int32(-result)) }
    }

    /// Reserves address space for a relocatable image, aligned as its segments want it.
    private func room(_ file: ProgramFile, _ image: ELFImage, hint: UInt64) throws(ELFError) -> UInt64 {
        let alignment = image.loaded.map(\.alignment).filter { $0.nonzeroBitCount == 1 && $0 <= 1 << 30 }.max().map { max($0, 4096) } ?? 4096
        let size = image.span.end - image.span.start
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        if let place = memory.modulePlace(descriptor: file.descriptor), place & (alignment - 1) == 0 {
            let result = memory.map(.init(address: place, length: size, protection: [], flags: flags | Int32(MAP_FIXED_NOREPLACE)))
            if result == Int64(place) { return place }
        }
        let result = memory.map(.init(address: hint & ~(alignment - 1), length: size + alignment - 4096, protection: [], flags: flags))
        try check(file, result)
        let found = UInt64(bitPattern: result)
        let place = (found + alignment - 1) & ~(alignment - 1)
        if place > found { _ = memory.unmap(found, place - found) }
        let surplus = found + size + alignment - 4096 - (place + size)
        if surplus > 0 { _ = memory.unmap(place + size, surplus) }
        return place
    }

    private func map(_ file: ProgramFile, _ segment: ELFImage.Segment, _ bias: UInt64) throws(ELFError) {
        let address = segment.address &+ bias
        let start = address & ~4095
        let fileEnd = address + segment.fileSize
        let mappedEnd = segment.fileSize == 0 ? start : (fileEnd + 4095) & ~4095
        let end = (address + segment.memorySize + 4095) & ~4095
        var protection: PageProtection = []
        if segment.flags & 4 != 0 { protection.insert(.read) }
        if segment.flags & 2 != 0 { protection.insert(.write) }
        if segment.flags & 1 != 0 { protection.insert(.execute) }
        if mappedEnd > start {
            let hasTail = segment.memorySize > segment.fileSize && fileEnd < mappedEnd
            let offset = segment.offset & ~4095
            try check(
                file,
                memory.map(
                    .init(
                        address: start, length: mappedEnd - start, protection: hasTail ? [.read, .write] : protection,
                        flags: MAP_PRIVATE | MAP_FIXED, descriptor: file.descriptor, offset: offset, file: file.path)))
            if hasTail {
                guard memory.write([UInt8](repeating: 0, count: Int(mappedEnd - fileEnd)), at: fileEnd) else {
                    throw .damaged(file.path, "it ends before its data does")
                }
                _ = memory.protect(start, mappedEnd - start, protection)
            }
        }
        if end > mappedEnd {
            let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED
            try check(file, memory.map(.init(address: mappedEnd, length: end - mappedEnd, protection: protection, flags: flags)))
        }
    }
}
