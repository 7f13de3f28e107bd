import CHost
import Glibc

/// What the linker has written into this program to tell it from any other build of it.
enum BuildIdentity {
    /// A number for it; nil if the linker wrote none.
    static var number: UInt64? {
        guard let headers = UnsafePointer<Elf64_Phdr>(bitPattern: UInt(apus_auxiliary(UInt64(AT_PHDR)))) else { return nil }
        let list = unsafe UnsafeBufferPointer(start: headers, count: Int(apus_auxiliary(UInt64(AT_PHNUM))))
        // Where the headers say that they are: a program that may lie anywhere is that much away from its own addresses.
        let own = unsafe list.first { $0.p_type == UInt32(PT_PHDR) }.map { UInt($0.p_vaddr) } ?? UInt(bitPattern: headers)
        let bias = UInt(bitPattern: headers) &- own
        for header in unsafe list where header.p_type == UInt32(PT_NOTE) {
            guard let start = UnsafeRawPointer(bitPattern: UInt(header.p_vaddr) &+ bias) else { continue }
            if let number = unsafe find(UnsafeRawBufferPointer(start: start, count: Int(header.p_memsz))) { return number }
        }
        return nil
    }

    /// The identity in a segment of notes: each has the lengths of name and content and its kind, then both, filled up to multiples of four.
    private static func find(_ notes: UnsafeRawBufferPointer) -> UInt64? {
        var place = 0
        while place + 12 <= notes.count {
            let words = (0..<3).map { Int(unsafe notes.loadUnaligned(fromByteOffset: place + 4 * $0, as: UInt32.self)) }
            let content = place + 12 + (words[0] + 3) & ~3
            guard content + words[1] <= notes.count else { return nil }
            if words[2] == Int(NT_GNU_BUILD_ID), words[1] >= 8 {
                let bytes = unsafe Array(notes[content..<content + words[1]]) + [UInt8](repeating: 0, count: 8)
                return unsafe bytes.withUnsafeBytes { unsafe CodeRecord.checksum($0) }
            }
            place = content + (words[1] + 3) & ~3
        }
        return nil
    }
}
