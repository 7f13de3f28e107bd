import HostCode

/// A block as it lies in an archive: fields of fixed places, then the host's code, the guest's bytes that it was made from, relocations and fault
/// sites, filled up to a multiple of eight bytes. All numbers are the host's.
struct CodeRecord {
    var pc: UInt64
    var flags: UInt64
    var guestBytes: [UInt8]
    var code: PortableCode

    /// checksum, pc, flags, loopHead, then 32 bits each: size, code bytes, entry, guest bytes, relocations, fault sites.
    private static let head = 56
    private static let noLoop = UInt64.max

    static func padded(_ count: Int) -> Int { (count + 7) & ~7 }

    /// The record's bytes.
    func encoded() -> [UInt8] {
        let counts = [code.bytes.count, code.entry, guestBytes.count, code.relocations.count, code.faultSites.count]
        let size = CodeRecord.head + CodeRecord.padded(counts[0]) + CodeRecord.padded(counts[2]) + 4 * CodeRecord.padded(counts[3]) + 8 * counts[4]
        var bytes = [UInt8]()
        bytes.reserveCapacity(size)
        for word in [0, pc, flags, code.loopHead ?? CodeRecord.noLoop] { bytes.append(word) }
        for count in [size] + counts { bytes.append(UInt32(count)) }
        for part in [code.bytes, guestBytes] {
            bytes += part
            bytes += [UInt8](repeating: 0, count: CodeRecord.padded(part.count) - part.count)
        }
        for relocation in code.relocations { bytes.append(UInt32(relocation.place) << 1 | relocation.kind.rawValue) }
        bytes += [UInt8](repeating: 0, count: 4 * (CodeRecord.padded(counts[3]) - counts[3]))
        for site in code.faultSites {
            bytes.append(UInt32(site.place))
            bytes.append(UInt32(bitPattern: site.distance))
        }
        let sum = unsafe bytes.withUnsafeBytes { unsafe CodeRecord.checksum(UnsafeRawBufferPointer(rebasing: $0[8...])) }
        unsafe bytes.withUnsafeMutableBytes { unsafe $0.storeBytes(of: sum, as: UInt64.self) }
        return bytes
    }

    /// A number that changes with any byte; the count is a multiple of eight.
    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var sum: UInt64 = 0x9e37_79b9_7f4a_7c15
        for place in stride(from: 0, to: bytes.count & ~7, by: 8) {
            let word = unsafe bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)
            sum = (sum ^ word) &* 0xff51_afd7_ed55_8ccd
            sum ^= sum >> 29
        }
        return sum
    }
}

extension CodeRecord {
    /// A record in an archive, none of whose numbers is believed.
    struct View {
        private let bytes: UnsafeRawBufferPointer

        /// The record at the beginning of `rest`; nil if its size is impossible.
        init?(_ rest: UnsafeRawBufferPointer) {
            guard rest.count >= CodeRecord.head else { return nil }
            let size = Int(unsafe rest.loadUnaligned(fromByteOffset: 32, as: UInt32.self))
            guard size >= CodeRecord.head, size & 7 == 0, size <= rest.count else { return nil }
            unsafe bytes = UnsafeRawBufferPointer(rebasing: rest[..<size])
        }

        private func word(_ place: Int) -> UInt64 { unsafe bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self) }
        private func half(_ place: Int) -> UInt32 { unsafe bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self) }

        var size: Int { bytes.count }
        var raw: UnsafeRawBufferPointer { unsafe bytes }
        var pc: UInt64 { word(8) }
        var flags: UInt64 { word(16) }
        var guestByteCount: Int { Int(half(44)) }

        /// The guest's bytes that the block was made from, and its code; nil if the record is damaged.
        func parts() -> (guestBytes: UnsafeRawBufferPointer, code: PortableCode.View)? {
            guard unsafe CodeRecord.checksum(UnsafeRawBufferPointer(rebasing: bytes[8...])) == word(0) else { return nil }
            let (codeCount, relocationCount, siteCount) = (Int(half(36)), Int(half(48)), Int(half(52)))
            let guest = CodeRecord.head + CodeRecord.padded(codeCount)
            let relocations = guest + CodeRecord.padded(guestByteCount)
            let sites = relocations + 4 * CodeRecord.padded(relocationCount)
            guard sites + 8 * siteCount == size else { return nil }
            func part(_ start: Int, _ count: Int) -> UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<start + count]) }
            let code = unsafe PortableCode.View(
                bytes: part(CodeRecord.head, codeCount), entry: Int(half(40)), loopHead: word(24) == CodeRecord.noLoop ? nil : word(24),
                relocations: part(relocations, 4 * relocationCount), faultSites: part(sites, 8 * siteCount))
            return unsafe (part(guest, guestByteCount), code)
        }
    }
}

extension [UInt8] {
    mutating func append<Number: FixedWidthInteger>(_ number: Number) { unsafe Swift.withUnsafeBytes(of: number) { unsafe append(contentsOf: $0) } }
}
