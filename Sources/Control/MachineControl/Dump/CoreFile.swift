import CPUModel

/// A core file of a machine: ELF's headers, a note for each vCPU, and memory by physical addresses ("ELF-64 Object File Format"; notes as Linux's
/// fs/binfmt_elf.c writes them).
struct CoreFile {
    /// A range of physical addresses that is in the file.
    struct Segment: Equatable {
        let start: UInt64
        let count: UInt64
    }

    private enum NoteType { static let status: UInt32 = 1, float: UInt32 = 2 }
    private enum ProgramHeader { static let load: UInt32 = 1, note: UInt32 = 4 }
    private static let coreType: UInt16 = 4

    let cpus: [CoreRegisters]
    let segments: [Segment]

    /// EM_ARM and EM_AARCH64.
    private static let armMachines: Set<UInt16> = [40, 183]

    var is64Bit: Bool { cpus.first?.is64Bit ?? true }
    var isArm: Bool { cpus.first.map { CoreFile.armMachines.contains($0.machine) } ?? false }
    private var headerSize: Int { is64Bit ? 64 : 52 }
    private var programHeaderSize: Int { is64Bit ? 56 : 32 }

    /// The registers of all vCPUs.
    var notes: [UInt8] { cpus.enumerated().flatMap { note($0.element, thread: $0.offset + 1) } }

    /// What stands before the memory of the first segment.
    var head: [UInt8] {
        let notes = notes
        let first = headerSize + programHeaderSize * (segments.count + 1)
        var bytes = fileHeader
        bytes += programHeader(ProgramHeader.note, offset: UInt64(first), address: 0, count: UInt64(notes.count))
        var offset = UInt64(first + notes.count)
        for segment in segments {
            bytes += programHeader(ProgramHeader.load, offset: offset, address: segment.start, count: segment.count)
            offset += segment.count
        }
        return bytes + notes
    }

    /// An address, an offset or a size in the width of the file.
    private func word(_ value: UInt64) -> [UInt8] { CoreFile.bytes(value, is64Bit ? 8 : 4) }

    private static func bytes<Word: FixedWidthInteger>(_ value: Word, _ count: Int = Word.bitWidth / 8) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> Word(8 * $0)) }
    }

    private var fileHeader: [UInt8] {
        let identification: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, is64Bit ? 2 : 1, 1, 1, 0] + [UInt8](repeating: 0, count: 8)
        let kind = CoreFile.bytes(CoreFile.coreType) + CoreFile.bytes(cpus.first?.machine ?? 0) + CoreFile.bytes(UInt32(1))
        // No entry, no sections, no flags.
        let places = word(0) + word(UInt64(headerSize)) + word(0) + CoreFile.bytes(UInt32(0))
        let sizes = [headerSize, programHeaderSize, segments.count + 1, 0, 0, 0].flatMap { CoreFile.bytes(UInt16($0)) }
        return identification + kind + places + sizes
    }

    private func programHeader(_ type: UInt32, offset: UInt64, address: UInt64, count: UInt64) -> [UInt8] {
        let flags = CoreFile.bytes(UInt32(0))
        let places = word(offset) + word(address) + word(address) + word(count) + word(count)
        return CoreFile.bytes(type) + (is64Bit ? flags : []) + places + (is64Bit ? [] : flags) + word(0)
    }

    private func note(_ cpu: CoreRegisters, thread: Int) -> [UInt8] {
        note(NoteType.status, status(cpu, thread)) + (cpu.float.isEmpty ? [] : note(NoteType.float, cpu.float))
    }

    private func note(_ type: UInt32, _ content: [UInt8]) -> [UInt8] {
        let name = Array("CORE".utf8) + [0, 0, 0, 0]
        let padding = [UInt8](repeating: 0, count: -content.count & 3)
        return CoreFile.bytes(UInt32(5)) + CoreFile.bytes(UInt32(content.count)) + CoreFile.bytes(type) + name + content + padding
    }

    /// struct elf_prstatus: the thread's number and its registers; nothing else of it has a meaning for a machine.
    private func status(_ cpu: CoreRegisters, _ thread: Int) -> [UInt8] {
        let (registers, number) = is64Bit ? (112, 32) : (72, 24)
        var bytes = [UInt8](repeating: 0, count: registers + cpu.general.count + (is64Bit ? 8 : 4))
        bytes.put(UInt32(thread), at: number)
        bytes.replaceSubrange(registers..<registers + cpu.general.count, with: cpu.general)
        return bytes
    }

    /// The RAM of a memory map, or what of it lies in a window, as few segments as possible.
    ///
    /// - Parameter sections: first and last addresses of RAM, in order.
    static func segments(_ sections: [ClosedRange<UInt64>], in window: ClosedRange<UInt64>?) -> [Segment] {
        var list: [Segment] = []
        for section in sections {
            let part = window.map { $0.overlaps(section) ? section.clamped(to: $0) : nil } ?? section
            guard let part else { continue }
            let count = part.upperBound - part.lowerBound + 1
            if let last = list.last, last.start + last.count == part.lowerBound {
                list[list.count - 1] = Segment(start: last.start, count: last.count + count)
            } else {
                list.append(Segment(start: part.lowerBound, count: count))
            }
        }
        return list
    }
}
