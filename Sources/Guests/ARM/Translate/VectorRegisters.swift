import IR

/// The extension registers: quadwords of the state, whose halves are D and whose quarters, of the lower 16, are S.
extension Translator {
    func readQuad(_ b: inout IRBlock, _ register: Int) -> Value { b.read(.v128, ARMRegisters.q(register)) }

    func writeQuad(_ b: inout IRBlock, _ register: Int, _ value: Value) { b.write(.v128, ARMRegisters.q(register), value) }

    /// D `register` as a v64.
    func readDouble(_ b: inout IRBlock, _ register: Int) -> Value {
        let quad = readQuad(&b, register >> 1)
        return register & 1 == 0 ? b.trunc(.v64, quad) : b.vector(.vhigh, .v64, .b8, quad)
    }

    /// Sets D `register` to a v64; the other half of its quadword stays.
    func writeDouble(_ b: inout IRBlock, _ register: Int, _ value: Value) {
        let quad = readQuad(&b, register >> 1)
        let other = register & 1 == 0 ? b.vector(.vhigh, .v64, .b8, quad) : b.trunc(.v64, quad)
        let parts = register & 1 == 0 ? (value, other) : (other, value)
        writeQuad(&b, register >> 1, b.vector(.vconcat, .v128, .b8, parts.0, parts.1))
    }

    /// A vector of 64 bits in D `register` or of 128 in that and the next one.
    func readVector(_ b: inout IRBlock, _ type: IRType, _ register: Int) -> Value {
        type == .v128 ? readQuad(&b, register >> 1) : readDouble(&b, register)
    }

    func writeVector(_ b: inout IRBlock, _ register: Int, _ value: Value) {
        if b[Int(value.index)].type == .v128 { writeQuad(&b, register >> 1, value) } else { writeDouble(&b, register, value) }
    }

    /// The place of S, D or (in the low half of) S for half precision: quadword, lane, its number.
    private func place(_ type: IRType, _ register: Int) -> (quad: Int, lane: Lane, index: Int) {
        switch type.bits {
        case 64: (register >> 1, .b64, register & 1)
        case 16: (register >> 2, .b16, 2 * (register & 3))
        default: (register >> 2, .b32, register & 3)
        }
    }

    /// A float of S or D `register`.
    func readFloat(_ b: inout IRBlock, _ type: IRType, _ register: Int) -> Value {
        if type == .f16 { return b.bitcast(.f16, readBits(&b, .i16, register)) }
        let place = place(type, register)
        return b.vextract(type, place.lane, readQuad(&b, place.quad), at: place.index)
    }

    /// Sets S or D `register`; a half leaves zeros above itself.
    func writeFloat(_ b: inout IRBlock, _ register: Int, _ type: IRType, _ value: Value) {
        if type == .f16 { return writeBits(&b, register, .i32, b.zext(.i32, b.bitcast(.i16, value))) }
        let place = place(type, register)
        writeQuad(&b, place.quad, b.vinsert(.v128, place.lane, readQuad(&b, place.quad), at: place.index, value))
    }

    /// The same as integers.
    func readBits(_ b: inout IRBlock, _ type: IRType, _ register: Int) -> Value {
        let place = place(type, register)
        return b.vextract(type, place.lane, readQuad(&b, place.quad), at: place.index)
    }

    func writeBits(_ b: inout IRBlock, _ register: Int, _ type: IRType, _ value: Value) {
        let place = place(type, register)
        writeQuad(&b, place.quad, b.vinsert(.v128, place.lane, readQuad(&b, place.quad), at: place.index, value))
    }
}

/// Numbers of extension registers: S has the single bit below the four, D above them.
extension Operands {
    private func number(_ type: IRType, low: Int, extra: Int) -> Int {
        type == .f64 || type.isVector ? field(extra, 1) << 4 | field(low, 4) : field(low, 4) << 1 | field(extra, 1)
    }

    func vd(_ type: IRType) -> Int { number(type, low: 12, extra: 22) }
    func vn(_ type: IRType) -> Int { number(type, low: 16, extra: 7) }
    func vm(_ type: IRType) -> Int { number(type, low: 0, extra: 5) }

    /// The precision of VFP by bits 9 and 8.
    var precision: IRType { field(8, 2) == 1 ? .f16 : field(8, 2) == 2 ? .f32 : .f64 }
}
