/// What the controller says of itself and its namespace (NVM Express Base Specification 1.4, sections 5.14 and 5.15).
extension NVMe {
    private func page(_ fields: [(offset: Int, value: UInt64, size: Int)], texts: [(offset: Int, text: String, size: Int)] = [], count: Int)
        -> [UInt8]
    {
        var bytes = [UInt8](repeating: 0, count: count)
        for (offset, value, size) in fields {
            for index in 0..<size { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
        }
        for (offset, text, size) in texts {
            for index in 0..<size { bytes[offset + index] = 0x20 }
            for (index, byte) in text.utf8.prefix(size).enumerated() { bytes[offset + index] = byte }
        }
        return bytes
    }

    var controllerDescription: [UInt8] {
        let (vendor, _) = function.identity
        let name = "nqn.2014-08.org.nvmexpress:uuid:" + NVMe.text(identifier)
        var bytes = page(
            [
                (0, UInt64(vendor), 2), (2, 0x1af4, 2), (72, 6, 1), (77, UInt64(options.largestTransfer), 1), (80, UInt64(NVMe.version), 4),
                // Limits of aborts and events; one firmware slot, which cannot be written.
                (258, 3, 1), (259, UInt64(NVMe.maxEvents - 1), 1), (260, 3, 1),
                // Kelvin of warnings.
                (266, 343, 2), (268, 373, 2),
                // Sizes of entries, namespaces, dataset management and zeroes, the cache.
                (512, 0x66, 1), (513, 0x44, 1), (516, 1, 4), (520, 1 << 2 | 1 << 3, 2), (525, options.hasCache ? 7 : 6, 1),
                // 25 W in the only power state.
                (2048, 2500, 2),
            ], texts: [(4, options.serial, 20), (24, "Apus NVMe Ctrl", 40), (64, apusRevision, 8)], count: 4096)
        for (index, byte) in name.utf8.enumerated() { bytes[768 + index] = byte }
        return bytes
    }

    private var apusRevision: String { "1.0" }

    var namespaceDescription: [UInt8] {
        let blocks = node.size / options.blockSize
        return page(
            [
                (0, blocks, 8), (8, blocks, 8), (16, blocks, 8), (99, node.isReadOnly ? 1 : 0, 1),
                (128, UInt64(options.blockSize.trailingZeroBitCount) << 16, 4),
            ], count: 4096)
    }

    /// The namespace's UUID.
    var namespaceNames: [UInt8] { [3, 16, 0, 0] + identifier + [UInt8](repeating: 0, count: 4096 - 20) }

    var healthLog: [UInt8] { page([(1, 303, 2), (3, 100, 1), (4, 10, 1)], count: 512) }
    var firmwareLog: [UInt8] { page([(0, 1, 1)], texts: [(8, apusRevision, 8)], count: 512) }

    /// A UUID of the application's own making (RFC 9562, version 8) that the serial number alone decides on: FNV-1a of it, from two beginnings.
    private var identifier: [UInt8] {
        func hash(_ start: UInt64) -> UInt64 { options.serial.utf8.reduce(start) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 } }
        let halves = [hash(0xcbf2_9ce4_8422_2325), hash(0x8422_2325_cbf2_9ce4)]
        var bytes = halves.flatMap { half in (0..<8).map { UInt8(truncatingIfNeeded: half >> UInt64(56 - 8 * $0)) } }
        bytes[6] = bytes[6] & 0x0f | 0x80
        bytes[8] = bytes[8] & 0x3f | 0x80
        return bytes
    }

    private static func text(_ uuid: [UInt8]) -> String {
        let digits = uuid.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }
        return [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { digits[$0].joined() }.joined(separator: "-")
    }
}
