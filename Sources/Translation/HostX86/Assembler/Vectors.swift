/// Packed vector instructions in VEX.128 form.
package extension Assembler {
    mutating func vector(_ operation: VectorBinary, _ dst: Vector, _ a: Vector, _ b: Vector) {
        let code = operation.encoding
        vex(code.map, code.prefix, code.opcode, reg: dst.rawValue, v: a.rawValue, rm: b.rawValue, wide: code.wide)
    }

    mutating func vector(_ operation: VectorUnary, _ dst: Vector, _ src: Vector) {
        let code = operation.encoding
        vex(code.map, code.prefix, code.opcode, reg: dst.rawValue, v: 0, rm: src.rawValue)
    }

    mutating func vector(_ shift: VectorShift, _ dst: Vector, _ src: Vector, _ count: UInt8) {
        let code = shift.encoding
        vex(.m0F, .p66, code.opcode, reg: code.number, v: dst.rawValue, rm: src.rawValue)
        byte(count)
    }

    // MARK: Moves

    mutating func vmovups(_ dst: Vector, _ src: Memory) { vex(.m0F, .none, 0x10, reg: dst.rawValue, v: 0, src) }
    mutating func vmovups(_ dst: Memory, _ src: Vector) { vex(.m0F, .none, 0x11, reg: src.rawValue, v: 0, dst) }
    /// The low half of `low` and 8 bytes from memory above it.
    mutating func vmovhps(_ dst: Vector, _ low: Vector, _ src: Memory) { vex(.m0F, .none, 0x16, reg: dst.rawValue, v: low.rawValue, src) }
    /// Stores the high half.
    mutating func vmovhps(_ dst: Memory, _ src: Vector) { vex(.m0F, .none, 0x17, reg: src.rawValue, v: 0, dst) }

    /// The bytes from `count` on of `low` followed by `high`.
    mutating func vpalignr(_ dst: Vector, _ high: Vector, _ low: Vector, _ count: UInt8) {
        vex(.m0F3A, .p66, 0x0f, reg: dst.rawValue, v: high.rawValue, rm: low.rawValue)
        byte(count)
    }

    /// Four 32-bit lanes, each chosen by two bits.
    mutating func vpshufd(_ dst: Vector, _ src: Vector, _ order: UInt8) {
        vex(.m0F, .p66, 0x70, reg: dst.rawValue, v: 0, rm: src.rawValue)
        byte(order)
    }

    /// Two 32-bit lanes of a, then two of b.
    mutating func vshufps(_ dst: Vector, _ a: Vector, _ b: Vector, _ order: UInt8) {
        vex(.m0F, .none, 0xc6, reg: dst.rawValue, v: a.rawValue, rm: b.rawValue)
        byte(order)
    }

    /// 16-bit lanes of b where the immediate has one bits, else of a.
    mutating func vpblendw(_ dst: Vector, _ a: Vector, _ b: Vector, _ mask: UInt8) {
        vex(.m0F3A, .p66, 0x0e, reg: dst.rawValue, v: a.rawValue, rm: b.rawValue)
        byte(mask)
    }

    /// The low bits of a register in a lane of `width`.
    mutating func vpinsr(_ width: Width, _ dst: Vector, _ a: Vector, _ src: Register, _ lane: UInt8) {
        switch width {
        case .b8: vex(.m0F3A, .p66, 0x20, reg: dst.rawValue, v: a.rawValue, rm: src.rawValue)
        case .b16: vex(.m0F, .p66, 0xc4, reg: dst.rawValue, v: a.rawValue, rm: src.rawValue)
        default: vex(.m0F3A, .p66, 0x22, reg: dst.rawValue, v: a.rawValue, rm: src.rawValue, wide: width == .b64)
        }
        byte(lane)
    }

    /// A lane of 8 or 16 bits, zero-extended.
    mutating func vpextr(_ width: Width, _ dst: Register, _ src: Vector, _ lane: UInt8) {
        if width == .b8 {
            vex(.m0F3A, .p66, 0x14, reg: src.rawValue, v: 0, rm: dst.rawValue)
        } else {
            vex(.m0F, .p66, 0xc5, reg: dst.rawValue, v: 0, rm: src.rawValue)
        }
        byte(lane)
    }

    // MARK: Floats

    /// How the packed comparison's immediate compares (Intel SDM volume 2, CMPPD): quiet or signalling for quiet NaNs.
    enum FloatPredicate: UInt8, CaseIterable {
        case eq = 0x00, eqOrUnord = 0x08, unord = 0x03, lt = 0x01, le = 0x02, ltQuiet = 0x11, leQuiet = 0x12, eqSignalling = 0x10, unordSignalling = 0x13
    }

    /// All ones in the lanes where the predicate holds.
    mutating func vcmp(single: Bool, _ predicate: FloatPredicate, _ dst: Vector, _ a: Vector, _ b: Vector) {
        vex(.m0F, single ? .none : .p66, 0xc2, reg: dst.rawValue, v: a.rawValue, rm: b.rawValue)
        byte(predicate.rawValue)
    }

    mutating func vcmp(single: Bool, _ predicate: FloatPredicate, _ dst: Vector, _ a: Vector, _ b: Memory) {
        vex(.m0F, single ? .none : .p66, 0xc2, reg: dst.rawValue, v: a.rawValue, b, trailing: 1)
        byte(predicate.rawValue)
    }

    /// dst = ±(dst * b) ± c in every lane.
    mutating func vfmadd213Packed(single: Bool, negateProduct: Bool, negateAddend: Bool, _ dst: Vector, _ b: Vector, _ c: Vector) {
        let opcode: UInt8 = negateProduct ? (negateAddend ? 0xae : 0xac) : (negateAddend ? 0xaa : 0xa8)
        vex(.m0F38, .p66, opcode, reg: dst.rawValue, v: b.rawValue, rm: c.rawValue, wide: !single)
    }

    /// Rounds to integral values: 0–3 nearest, down, up, towards zero; 4 as MXCSR says; 8 keeps inexact silent.
    mutating func vround(single: Bool, _ dst: Vector, _ src: Vector, _ mode: UInt8) {
        vex(.m0F3A, .p66, single ? 0x08 : 0x09, reg: dst.rawValue, v: 0, rm: src.rawValue)
        byte(mode)
    }
}
