/// Goes once through the structure block of a device tree (Devicetree Specification 0.4, section 5.4). libfdt's own check adds a property's length to its
/// offset without a thought for overflow, and may go round for ever.
struct StructureCheck {
    private let blob: [UInt8]

    init(_ blob: [UInt8]) { self.blob = blob }

    /// - Returns: what is wrong; nil if every tag's data end within the blob and the last tag is FDT_END.
    func problem() -> String? {
        guard blob.count >= 40 else { return "it has \(blob.count) bytes, less than its header" }
        // Header: total size at 4, offset of the structure block at 8.
        let total = min(word(at: 4) ?? 0, blob.count)
        guard var offset = word(at: 8), offset % 4 == 0 else { return "its structure block is not aligned" }
        while offset <= total - 4, let tag = word(at: offset) {
            offset += 4
            switch UInt32(tag) {
            case 1:  // FDT_BEGIN_NODE: a name, padded to four bytes
                guard let end = blob[offset..<total].firstIndex(of: 0) else { return "a node's name has no end" }
                offset = (end + 4) & ~3
            case 2, 4: break  // FDT_END_NODE, FDT_NOP
            case 3:  // FDT_PROP: length, offset of the name, and the value, padded to four bytes
                guard let length = word(at: offset), length <= total - offset - 8 else { return "a property's value reaches past the end" }
                offset = (offset + 8 + length + 3) & ~3
            case 9: return nil  // FDT_END
            default: return "there is no tag \(tag)"
            }
        }
        return "its structure block has no end"
    }

    /// The big-endian word at an offset; nil past the end.
    private func word(at offset: Int) -> Int? {
        guard offset >= 0, offset <= blob.count - 4 else { return nil }
        return Int(blob[offset..<offset + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
    }
}
