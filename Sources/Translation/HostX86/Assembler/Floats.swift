/// Scalar float and vector instructions in VEX form.
package extension Assembler {
    /// Scalar and packed arithmetic that shares its encoding, with its opcode.
    enum FloatOperation: UInt8, CaseIterable {
        case sqrt = 0x51, add = 0x58, mul = 0x59, sub = 0x5c, min = 0x5d, div = 0x5e, max = 0x5f
    }

    /// `single` chooses ss over sd.
    mutating func vscalar(_ operation: FloatOperation, single: Bool, _ dst: Vector, _ a: Vector, _ b: Vector) {
        vex(.m0F, single ? .pF3 : .pF2, operation.rawValue, reg: dst.rawValue, v: a.rawValue, rm: b.rawValue)
    }

    mutating func vscalar(_ operation: FloatOperation, single: Bool, _ dst: Vector, _ a: Vector, _ b: Memory) {
        vex(.m0F, single ? .pF3 : .pF2, operation.rawValue, reg: dst.rawValue, v: a.rawValue, b)
    }

    /// Compares and sets ZF, PF, CF; only signalling NaNs raise invalid.
    mutating func vucomis(single: Bool, _ a: Vector, _ b: Vector) { vex(.m0F, single ? .none : .p66, 0x2e, reg: a.rawValue, v: 0, rm: b.rawValue) }

    mutating func vucomis(single: Bool, _ a: Vector, _ b: Memory) { vex(.m0F, single ? .none : .p66, 0x2e, reg: a.rawValue, v: 0, b) }

    /// The same, and every NaN raises invalid.
    mutating func vcomis(single: Bool, _ a: Vector, _ b: Vector) { vex(.m0F, single ? .none : .p66, 0x2f, reg: a.rawValue, v: 0, rm: b.rawValue) }

    /// dst = ±(a * b) ± c in forms 213: dst holds a.
    mutating func vfmadd213(single: Bool, negateProduct: Bool, negateAddend: Bool, _ dst: Vector, _ b: Vector, _ c: Vector) {
        let opcode: UInt8 = negateProduct ? (negateAddend ? 0xaf : 0xad) : (negateAddend ? 0xab : 0xa9)
        vex(.m0F38, .p66, opcode, reg: dst.rawValue, v: b.rawValue, rm: c.rawValue, wide: !single)
    }

    // MARK: Moves

    mutating func vmovq(_ dst: Vector, _ src: Register) { vex(.m0F, .p66, 0x6e, reg: dst.rawValue, v: 0, rm: src.rawValue, wide: true) }
    mutating func vmovq(_ dst: Register, _ src: Vector) { vex(.m0F, .p66, 0x7e, reg: src.rawValue, v: 0, rm: dst.rawValue, wide: true) }
    mutating func vmovd(_ dst: Vector, _ src: Register) { vex(.m0F, .p66, 0x6e, reg: dst.rawValue, v: 0, rm: src.rawValue) }
    mutating func vmovd(_ dst: Register, _ src: Vector) { vex(.m0F, .p66, 0x7e, reg: src.rawValue, v: 0, rm: dst.rawValue) }

    /// Copies a whole register.
    mutating func vmovaps(_ dst: Vector, _ src: Vector) { vex(.m0F, .none, 0x28, reg: dst.rawValue, v: 0, rm: src.rawValue) }
    /// Loads 8 bytes and clears the rest.
    mutating func vmovsd(_ dst: Vector, _ src: Memory) { vex(.m0F, .pF2, 0x10, reg: dst.rawValue, v: 0, src) }
    mutating func vmovsd(_ dst: Memory, _ src: Vector) { vex(.m0F, .pF2, 0x11, reg: src.rawValue, v: 0, dst) }
    mutating func vmovss(_ dst: Vector, _ src: Memory) { vex(.m0F, .pF3, 0x10, reg: dst.rawValue, v: 0, src) }
    mutating func vmovss(_ dst: Memory, _ src: Vector) { vex(.m0F, .pF3, 0x11, reg: src.rawValue, v: 0, dst) }

    // MARK: Conversions

    /// Double to single (`toSingle`), or single to double.
    mutating func vcvtFloat(toSingle: Bool, _ dst: Vector, _ src: Vector) {
        vex(.m0F, toSingle ? .pF2 : .pF3, 0x5a, reg: dst.rawValue, v: src.rawValue, rm: src.rawValue)
    }

    /// Four halves in the low 64 bits to singles.
    mutating func vcvtph2ps(_ dst: Vector, _ src: Vector) { vex(.m0F38, .p66, 0x13, reg: dst.rawValue, v: 0, rm: src.rawValue) }

    /// Four singles to halves in the low 64 bits; the rest is cleared. `rounding` is a number of MXCSR's modes, 4 that of MXCSR itself.
    mutating func vcvtps2ph(_ dst: Vector, _ src: Vector, _ rounding: UInt8) {
        vex(.m0F3A, .p66, 0x1d, reg: src.rawValue, v: 0, rm: dst.rawValue)
        byte(rounding)
    }

    /// Signed integer to float.
    mutating func vcvtsi2s(single: Bool, _ width: Width, _ dst: Vector, _ merge: Vector, _ src: Register) {
        vex(.m0F, single ? .pF3 : .pF2, 0x2a, reg: dst.rawValue, v: merge.rawValue, rm: src.rawValue, wide: width == .b64)
    }

    /// Float to signed integer, rounded as MXCSR says or truncated.
    mutating func vcvts2si(single: Bool, truncating: Bool, _ width: Width, _ dst: Register, _ src: Vector) {
        vex(.m0F, single ? .pF3 : .pF2, truncating ? 0x2c : 0x2d, reg: dst.rawValue, v: 0, rm: src.rawValue, wide: width == .b64)
    }

    /// The low two words, each extended to 64 bits.
    mutating func vpmovzxwq(_ dst: Vector, _ src: Vector) { vex(.m0F38, .p66, 0x34, reg: dst.rawValue, v: 0, rm: src.rawValue) }

    mutating func vpinsrw(_ dst: Vector, _ merge: Vector, _ src: Memory, _ lane: UInt8) {
        vex(.m0F, .p66, 0xc4, reg: dst.rawValue, v: merge.rawValue, src, trailing: 1)
        byte(lane)
    }

    mutating func vpextrw(_ dst: Memory, _ src: Vector, _ lane: UInt8) {
        vex(.m0F3A, .p66, 0x15, reg: src.rawValue, v: 0, dst, trailing: 1)
        byte(lane)
    }

    /// One single of `b` put into `a`, and singles cleared, as the immediate says: source lane << 6 | lane << 4 | cleared lanes.
    mutating func vinsertps(_ dst: Vector, _ a: Vector, _ b: Vector, _ lanes: UInt8) {
        vex(.m0F3A, .p66, 0x21, reg: dst.rawValue, v: a.rawValue, rm: b.rawValue)
        byte(lanes)
    }

    // MARK: Bits

    mutating func vandps(_ dst: Vector, _ a: Vector, _ b: Memory) { vex(.m0F, .none, 0x54, reg: dst.rawValue, v: a.rawValue, b) }
    mutating func vandps(_ dst: Vector, _ a: Vector, _ b: Vector) { vex(.m0F, .none, 0x54, reg: dst.rawValue, v: a.rawValue, rm: b.rawValue) }
    mutating func vorps(_ dst: Vector, _ a: Vector, _ b: Memory) { vex(.m0F, .none, 0x56, reg: dst.rawValue, v: a.rawValue, b) }
    mutating func vorps(_ dst: Vector, _ a: Vector, _ b: Vector) { vex(.m0F, .none, 0x56, reg: dst.rawValue, v: a.rawValue, rm: b.rawValue) }
    mutating func vxorps(_ dst: Vector, _ a: Vector, _ b: Vector) { vex(.m0F, .none, 0x57, reg: dst.rawValue, v: a.rawValue, rm: b.rawValue) }

    /// Carry-less product of the low halves.
    mutating func vpclmulqdq(_ dst: Vector, _ a: Vector, _ b: Vector, _ selector: UInt8) {
        vex(.m0F3A, .p66, 0x44, reg: dst.rawValue, v: a.rawValue, rm: b.rawValue)
        byte(selector)
    }

    mutating func vpextrq(_ dst: Register, _ src: Vector, _ lane: UInt8) {
        vex(.m0F3A, .p66, 0x16, reg: src.rawValue, v: 0, rm: dst.rawValue, wide: true)
        byte(lane)
    }

    mutating func vpextrd(_ dst: Register, _ src: Vector, _ lane: UInt8) {
        vex(.m0F3A, .p66, 0x16, reg: src.rawValue, v: 0, rm: dst.rawValue)
        byte(lane)
    }
}
