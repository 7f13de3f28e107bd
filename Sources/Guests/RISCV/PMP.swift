import Bits
import CPUModel

/// Physical memory protection: 16 regions (Volume II, section 3.7).
struct PMP {
    struct Region {
        var first: UInt64
        var last: UInt64
        var config: UInt8
        func overlaps(_ a: UInt64, _ b: UInt64) -> Bool { first <= b && a <= last }
        func contains(_ a: UInt64, _ b: UInt64) -> Bool { first <= a && b <= last }
    }

    private(set) var regions: [Region] = []
    private var anyLocked = false

    /// Whether any region is on.
    var isActive: Bool { !regions.isEmpty }

    init() {}

    /// Works the regions out from the registers.
    init(config: InlineArray<16, UInt8>, address: InlineArray<16, UInt64>) {
        for index in 0..<16 {
            let kind = config[index] >> 3 & 3
            let value = address[index]
            switch kind {
            case 1:
                let base = index == 0 ? 0 : address[index - 1]
                if value > base { regions.append(Region(first: base << 2, last: (value << 2) &- 1, config: config[index])) }
            case 2: regions.append(Region(first: value << 2, last: value << 2 | 3, config: config[index]))
            case 3:
                let ones = (~value).trailingZeroBitCount
                let bytes = ones >= 60 ? UInt64.max : (8 << UInt64(ones)) - 1
                let first = (ones >= 60 ? 0 : value & ~((1 << UInt64(ones + 1)) - 1)) << 2
                regions.append(Region(first: first, last: first | bytes, config: config[index]))
            default: break
            }
            if kind != 0, config[index] & 0x80 != 0 { anyLocked = true }
        }
    }

    /// Whether all bytes of an access are allowed.
    func allows(_ address: UInt64, _ count: UInt64, _ access: AccessKind, mode: Int) -> Bool {
        if regions.isEmpty || (mode == 3 && !anyLocked) { return true }
        let last = address &+ (count - 1)
        for region in regions where region.overlaps(address, last) {
            guard region.contains(address, last) else { return false }
            if mode == 3, region.config & 0x80 == 0 { return true }
            switch access {
            case .read: return region.config & 1 != 0
            case .write: return region.config & 2 != 0
            case .execute: return region.config & 4 != 0
            }
        }
        return mode == 3
    }

    /// Whether one rule covers the whole page, so that an access's outcome may be cached for it.
    func isUniform(_ page: UInt64, mode: Int) -> Bool {
        if regions.isEmpty || (mode == 3 && !anyLocked) { return true }
        for region in regions where region.overlaps(page, page | 0xfff) { return region.contains(page, page | 0xfff) }
        return true
    }
}
