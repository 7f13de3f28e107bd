/// Which guest instruction each memory access in generated code belongs to: sorted, because code is only ever appended.
struct FaultSites {
    private var sites: [(offset: Int, pc: UInt64)] = []
    /// The next site is kept even if it belongs to the same instruction as the last one, which is of another block.
    private var isSeparate = false

    mutating func append(offset: Int, pc: UInt64) {
        if isSeparate || sites.last?.pc != pc { sites.append((offset, pc)) }
        isSeparate = false
    }

    /// The sites from now on stand for themselves.
    mutating func separate() { isSeparate = true }

    /// The sites from an offset on.
    func from(_ offset: Int) -> ArraySlice<(offset: Int, pc: UInt64)> {
        sites[(sites.lastIndex { $0.offset < offset }.map { $0 + 1 } ?? 0)...]
    }

    /// Forgets the sites of code that did not come to be.
    mutating func remove(from offset: Int) { sites.removeSubrange(from(offset).indices) }

    mutating func removeAll() { sites.removeAll(keepingCapacity: true) }

    /// The guest address for the access at or behind an offset's nearest site; nil if there is none.
    func guestPC(at offset: Int) -> UInt64? {
        var low = 0
        var high = sites.count
        while low < high {
            let middle = (low + high) / 2
            if sites[middle].offset <= offset { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : sites[low - 1].pc
    }
}

/// Reads the memory operand of a host instruction that the generator made (Intel SDM volume 2, chapter 2): the processor does not tell
/// the address of an access outside the canonical range.
struct MemoryOperandReader {
    private var code: UnsafePointer<UInt8>

    init(code: UnsafePointer<UInt8>) { unsafe self.code = unsafe code }

    private mutating func next() -> UInt8 {
        defer { unsafe code += 1 }
        return unsafe code.pointee
    }

    /// Base + index * scale + displacement, without the segment's base.
    mutating func address(_ register: (UInt8) -> UInt64) -> UInt64 {
        let extensions = skipToModRM()
        let modRM = next()
        let mode = modRM >> 6
        var base = modRM & 7
        var sum: UInt64 = 0
        if base == 4 {
            let sib = next()
            base = sib & 7
            let index = sib >> 3 & 7 | extensions.index
            if index != 4 { sum = register(index) << UInt64(sib >> 6) }
        }
        if !(mode == 0 && base == 5) { sum &+= register(base | extensions.base) }
        switch mode {
        case 1: sum &+= UInt64(bitPattern: Int64(Int8(bitPattern: next())))
        case 2: sum &+= UInt64(bitPattern: Int64(long()))
        default: break
        }
        return sum
    }

    private mutating func long() -> Int32 {
        Int32(bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(next()) << UInt32(8 * $1) })
    }

    /// Passes prefixes and opcode; the bits that REX or VEX add to the numbers of base and index.
    private mutating func skipToModRM() -> (base: UInt8, index: UInt8) {
        var byte = next()
        while [0x65, 0x66, 0xf0, 0xf2, 0xf3].contains(byte) { byte = next() }
        if byte == 0xc5 {
            unsafe code += 2
            return (0, 0)
        }
        if byte == 0xc4 {
            let first = next()
            unsafe code += 2
            return (first & 0x20 == 0 ? 8 : 0, first & 0x40 == 0 ? 8 : 0)
        }
        let rex = byte & 0xf0 == 0x40 ? byte : 0
        if rex != 0 { byte = next() }
        if byte == 0x0f { byte = next() }
        return ((rex & 1) << 3, (rex & 2) << 2)
    }
}
