/// What in a piece of code depends on its place.
struct PlaceDependence {
    /// Where displacements are, of jumps and of operands relative to rip.
    var displacements: [Int] = []
    /// Where offsets in the code memory are.
    var offsets: [Int] = []
}

/// Writes x86-64 machine code (Intel SDM volume 2) into a raw buffer.
///
/// The caller sees to it that an instruction always has room: at least `slack` bytes.
package struct Assembler {
    /// More than the longest sequence that is emitted between two looks at the room left.
    static let slack = 1024

    let base: UnsafeMutablePointer<UInt8>
    let capacity: Int
    package private(set) var offset: Int
    /// Places of displacements and of code offsets, of code that is to be put elsewhere, too; nil if nobody asks.
    var placeDependence: PlaceDependence?

    package init(base: UnsafeMutablePointer<UInt8>, capacity: Int, offset: Int = 0) {
        unsafe self.base = unsafe base
        self.capacity = capacity
        self.offset = offset
    }

    var isNearlyFull: Bool { capacity - offset < Assembler.slack }

    // MARK: Bytes

    @inline(__always) mutating func byte(_ value: UInt8) {
        unsafe base[offset] = value
        offset &+= 1
    }

    @inline(__always) mutating func word(_ value: UInt16) {
        unsafe UnsafeMutableRawPointer(base + offset).storeBytes(of: value, as: UInt16.self)
        offset &+= 2
    }

    @inline(__always) mutating func long(_ value: Int32) {
        unsafe UnsafeMutableRawPointer(base + offset).storeBytes(of: value, as: Int32.self)
        offset &+= 4
    }

    /// A displacement to an offset in the buffer, `trailing` bytes before the instruction's end.
    @inline(__always) mutating func displacement(to target: Int, trailing: Int = 0) {
        placeDependence?.displacements.append(offset)
        long(Int32(target - (offset + 4 + trailing)))
    }

    /// Notes that the four bytes which were written last are an offset in the code memory.
    mutating func noteCodeOffset() { placeDependence?.offsets.append(offset - 4) }

    /// A number among the instructions, in one that does nothing.
    public mutating func note(_ value: Int32) {
        byte(0x0f)
        byte(0x1f)
        byte(0x80)
        long(value)
    }

    /// Where a jump's displacement is, before the way out that it leads to.
    mutating func note(jump place: Int) {
        note(Int32(place))
        noteCodeOffset()
    }

    /// What the `note` at a place says.
    static func noted(_ place: UnsafeRawPointer) -> UInt32 { unsafe place.loadUnaligned(fromByteOffset: 3, as: UInt32.self) }

    @inline(__always) mutating func quad(_ value: UInt64) {
        unsafe UnsafeMutableRawPointer(base + offset).storeBytes(of: value, as: UInt64.self)
        offset &+= 8
    }

    /// Fills up to a multiple of `alignment` plus `phase` with no-operations.
    package mutating func align(_ alignment: Int, phase: Int = 0) {
        let rest = (phase &- offset) & (alignment - 1)
        nop(rest)
    }

    /// Makes the four bytes behind an opcode of `length` bytes lie within eight aligned ones, so that one store can replace them.
    package mutating func alignDisplacement(behind length: Int) {
        let place = (offset + length) & 7
        if place > 4 { nop(8 - place) }
    }

    /// `count` bytes of no-operations, in the forms that the manual recommends.
    package mutating func nop(_ count: Int) {
        var left = count
        while left > 0 {
            let length = min(left, 8)
            switch length {
            case 1: byte(0x90)
            case 2: word(0x9066)
            case 3: bytes(0x0f, 0x1f, 0x00)
            case 4: bytes(0x0f, 0x1f, 0x40, 0x00)
            case 5: bytes(0x0f, 0x1f, 0x44, 0x00, 0x00)
            case 6:
                byte(0x66)
                bytes(0x0f, 0x1f, 0x44, 0x00, 0x00)
            case 7:
                bytes(0x0f, 0x1f, 0x80)
                long(0)
            default:
                bytes(0x0f, 0x1f, 0x84, 0x00)
                long(0)
            }
            left -= length
        }
    }

    @inline(__always) private mutating func bytes(_ a: UInt8, _ b: UInt8, _ c: UInt8) {
        byte(a)
        byte(b)
        byte(c)
    }
    @inline(__always) private mutating func bytes(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
        bytes(a, b, c)
        byte(d)
    }
    @inline(__always) private mutating func bytes(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8, _ e: UInt8) {
        bytes(a, b, c, d)
        byte(e)
    }

    // MARK: Legacy encoding

    /// Prefixes and REX of an operation on `reg` and a register or a memory operand. `byteRegister` forces REX for sil and its like.
    @inline(__always) mutating func prefix(_ width: Width, reg: UInt8, index: UInt8, base: UInt8, force: Bool = false) {
        if width == .b16 { byte(0x66) }
        let rex = (width == .b64 ? 8 : 0) | (reg >> 3) << 2 | (index >> 3) << 1 | base >> 3
        if rex != 0 || force { byte(0x40 | rex) }
    }

    @inline(__always) mutating func modRM(_ reg: UInt8, _ rm: Register) { byte(0xc0 | (reg & 7) << 3 | rm.low) }

    /// ModRM, SIB and displacement. `trailing` is the count of immediate bytes behind them, for rip-relative operands.
    mutating func modRM(_ reg: UInt8, _ memory: Memory, trailing: Int = 0) {
        let field = (reg & 7) << 3
        if let target = memory.target {
            byte(field | 5)
            displacement(to: target, trailing: trailing)
            return
        }
        let displacement = memory.displacement
        let mode: UInt8 = displacement == 0 && memory.base.low != 5 ? 0 : displacement >= -128 && displacement <= 127 ? 0x40 : 0x80
        if let index = memory.index {
            byte(mode | field | 4)
            byte(memory.scale << 6 | index.low << 3 | memory.base.low)
        } else if memory.base.low == 4 {
            byte(mode | field | 4)
            byte(0x24)
        } else {
            byte(mode | field | memory.base.low)
        }
        if mode == 0x40 { byte(UInt8(truncatingIfNeeded: displacement)) }
        if mode == 0x80 { long(displacement) }
    }

    @inline(__always) mutating func prefix(_ width: Width, reg: UInt8, _ memory: Memory, force: Bool = false) {
        if memory.inSegment { byte(0x65) }
        prefix(width, reg: reg, index: memory.index?.rawValue ?? 0, base: memory.target == nil ? memory.base.rawValue : 0, force: force)
    }

    /// An operation with a one-byte opcode on two registers: `reg` in ModRM.reg, `rm` in ModRM.rm.
    @inline(__always) mutating func op(_ width: Width, _ opcode: UInt8, _ reg: UInt8, _ rm: Register, force: Bool = false) {
        prefix(width, reg: reg, index: 0, base: rm.rawValue, force: force)
        byte(opcode)
        modRM(reg, rm)
    }

    @inline(__always) mutating func op(_ width: Width, _ opcode: UInt8, _ reg: UInt8, _ memory: Memory, force: Bool = false, trailing: Int = 0) {
        prefix(width, reg: reg, memory, force: force)
        byte(opcode)
        modRM(reg, memory, trailing: trailing)
    }

    /// The same with a 0F escape and perhaps a mandatory prefix before REX.
    mutating func op0F(_ width: Width, _ opcode: UInt8, _ reg: UInt8, _ rm: Register, mandatory: UInt8 = 0, force: Bool = false) {
        if mandatory != 0 { byte(mandatory) }
        prefix(width, reg: reg, index: 0, base: rm.rawValue, force: force)
        byte(0x0f)
        byte(opcode)
        modRM(reg, rm)
    }

    mutating func op0F(_ width: Width, _ opcode: UInt8, _ reg: UInt8, _ memory: Memory, mandatory: UInt8 = 0, force: Bool = false, trailing: Int = 0)
    {
        if mandatory != 0 { byte(mandatory) }
        prefix(width, reg: reg, memory, force: force)
        byte(0x0f)
        byte(opcode)
        modRM(reg, memory, trailing: trailing)
    }

    /// Whether a byte access to the register needs a REX prefix (spl, bpl, sil, dil).
    @inline(__always) func forces(_ width: Width, _ register: Register) -> Bool { width == .b8 && register.rawValue >= 4 }

    // MARK: VEX encoding

    /// `v` is the first source (VEX.vvvv).
    mutating func vex(
        _ map: VectorMap, _ prefix: VectorPrefix, _ opcode: UInt8, reg: UInt8, v: UInt8, rm: UInt8, wide: Bool = false, long256: Bool = false
    ) {
        vexPrefix(map, prefix, reg: reg, v: v, index: 0, base: rm, wide, long256)
        byte(opcode)
        byte(0xc0 | (reg & 7) << 3 | rm & 7)
    }

    mutating func vex(
        _ map: VectorMap, _ prefix: VectorPrefix, _ opcode: UInt8, reg: UInt8, v: UInt8, _ memory: Memory, wide: Bool = false,
        long256: Bool = false, trailing: Int = 0
    ) {
        let base = memory.target == nil ? memory.base.rawValue : 0
        if memory.inSegment { byte(0x65) }
        vexPrefix(map, prefix, reg: reg, v: v, index: memory.index?.rawValue ?? 0, base: base, wide, long256)
        byte(opcode)
        modRM(reg, memory, trailing: trailing)
    }

    @inline(__always) private mutating func vexPrefix(
        _ map: VectorMap, _ prefix: VectorPrefix, reg: UInt8, v: UInt8, index: UInt8, base: UInt8, _ wide: Bool, _ long256: Bool
    ) {
        let tail = (~v & 15) << 3 | (long256 ? 4 : 0) | prefix.rawValue
        let r: UInt8 = reg >= 8 ? 0 : 0x80
        if map == .m0F, !wide, index < 8, base < 8 {
            byte(0xc5)
            byte(r | tail)
        } else {
            byte(0xc4)
            byte(r | (index >= 8 ? 0 : 0x40) | (base >= 8 ? 0 : 0x20) | map.rawValue)
            byte((wide ? 0x80 : 0) | tail)
        }
    }

    // MARK: Patching

    /// Makes the 32-bit displacement at `place` point to `target`; both are offsets in the buffer.
    func patch(_ place: Int, to target: Int) {
        unsafe UnsafeMutableRawPointer(base + place).storeBytes(of: Int32(target - (place + 4)), as: Int32.self)
    }
}
