import Bits
import IR

/// What a NEON instruction works on: a vector of 64 or 128 bits.
struct VectorShape {
    let type: IRType
    let lane: Lane

    var count: Int { type.bits / lane.bits }
    var size: Int { lane.bits }
}

extension Translator {
    /// NEON. Arithmetic of floats follows the standard FPSCR: flushed subnormals, default NaNs, rounding to nearest.
    mutating func neon(_ b: inout IRBlock, _ instruction: NeonInstruction, _ o: Operands) -> Bool {
        let isUnsigned = o.isUnsigned
        switch instruction {
        case .vhadd: return binary(&b, o, narrowShape(o), isUnsigned ? .vhalvingAddU : .vhalvingAddS)
        case .vrhadd: return binary(&b, o, narrowShape(o), isUnsigned ? .vroundingAddU : .vroundingAddS)
        case .vhsub: return binary(&b, o, narrowShape(o), isUnsigned ? .vhalvingSubU : .vhalvingSubS)
        case .vqadd: return binary(&b, o, shape(o)) { b, s, x, y in saturating(&b, s, isUnsigned ? .vaddSatU : .vaddSatS, .vadd, x, y) }
        case .vqsub: return binary(&b, o, shape(o)) { b, s, x, y in saturating(&b, s, isUnsigned ? .vsubSatU : .vsubSatS, .vsub, x, y) }
        case .vand, .vbic, .vorr, .vorn, .veor, .vbsl, .vbit, .vbif: return bitwise(&b, instruction, o)
        case .vcgt: return compare(&b, o, isUnsigned ? .gtU : .gtS)
        case .vcge: return compare(&b, o, isUnsigned ? .geU : .geS)
        case .vceq: return compare(&b, o, .eq)
        case .vtst:
            return binary(&b, o, narrowShape(o)) { b, s, x, y in
                b.vcompare(s.type, s.lane, .ne, b.binary(.and, s.type, x, y), constant(&b, s, 0))
            }
        case .vshl: return shiftByRegister(&b, o)
        case .vqshl, .vrshl, .vqrshl: return laneHelper(&b, instruction, o, shape(o))
        case .vmax: return binary(&b, o, narrowShape(o), isUnsigned ? .vmaxU : .vmaxS)
        case .vmin: return binary(&b, o, narrowShape(o), isUnsigned ? .vminU : .vminS)
        case .vabd: return binary(&b, o, narrowShape(o), isUnsigned ? .vabsDiffU : .vabsDiffS)
        case .vaba: return accumulate(&b, o, narrowShape(o), .vadd, isUnsigned ? .vabsDiffU : .vabsDiffS)
        case .vadd: return binary(&b, o, shape(o), .vadd)
        case .vsub: return binary(&b, o, shape(o), .vsub)
        case .vmul: return binary(&b, o, narrowShape(o), .vmul)
        case .vmul_p: return binary(&b, o, shape(o, .b8), .vpolyMul)
        case .vmla: return accumulate(&b, o, narrowShape(o), .vadd, .vmul)
        case .vmls: return accumulate(&b, o, narrowShape(o), .vsub, .vmul)
        case .vpmax: return pairwise(&b, o, narrowShape(o), isUnsigned ? .vmaxU : .vmaxS)
        case .vpmin: return pairwise(&b, o, narrowShape(o), isUnsigned ? .vminU : .vminS)
        case .vpadd: return pairwise(&b, o, narrowShape(o), .vadd)
        case .vqdmulh, .vqrdmulh:
            return binary(&b, o, doublingShape(o)) { b, s, x, y in doubleHigh(&b, s, x, y, rounds: instruction == .vqrdmulh) }
        case .vqrdmlah, .vqrdmlsh: return laneHelper(&b, instruction, o, doublingShape(o))
        case .sha1c, .sha1p, .sha1m, .sha1su0, .sha256h, .sha256h2, .sha256su1:
            guard (o.vn(.v128) | o.vm(.v128) | o.vd(.v128)) & 1 == 0 else { return false }
            b.call(ARMHelper.hash.rawValue, b.const(.i64, UInt64(instruction.rawValue)), b.const(.i64, UInt64(o.bits)))
        case .sha1h, .sha1su1, .sha256su0:
            guard (o.vm(.v128) | o.vd(.v128)) & 1 == 0 else { return false }
            b.call(ARMHelper.hash.rawValue, b.const(.i64, UInt64(instruction.rawValue)), b.const(.i64, UInt64(o.bits)))
        case .vdot, .vdot_s: return dot(&b, o, byScalar: instruction == .vdot_s)
        default: return neonFloat(&b, instruction, o)
        }
        return true
    }

    // MARK: Shapes

    /// nil where quadwords are asked for by odd numbers of registers.
    func shape(_ o: Operands, _ lane: Lane, isQuad: Bool? = nil, hasN: Bool = true) -> VectorShape? {
        guard isQuad ?? o.bit(6) else { return VectorShape(type: .v64, lane: lane) }
        let registers = o.vd(.v128) | o.vm(.v128) | (hasN ? o.vn(.v128) : 0)
        return registers & 1 == 0 ? VectorShape(type: .v128, lane: lane) : nil
    }

    /// Lanes by bits 21 and 20.
    func shape(_ o: Operands) -> VectorShape? { Lane(rawValue: UInt8(o.field(20, 2))).flatMap { shape(o, $0) } }

    /// The same without double-words.
    func narrowShape(_ o: Operands) -> VectorShape? { o.field(20, 2) == 3 ? nil : shape(o) }

    private func doublingShape(_ o: Operands) -> VectorShape? { [1, 2].contains(o.field(20, 2)) ? shape(o) : nil }

    func constant(_ b: inout IRBlock, _ s: VectorShape, _ value: UInt64) -> Value {
        b.vsplat(s.type, s.lane, b.const(.i64, value & s.lane.integer.mask))
    }

    // MARK: Lanes to lanes

    typealias Unary = (inout IRBlock, VectorShape, Value) -> Value
    typealias Binary = (inout IRBlock, VectorShape, Value, Value) -> Value

    func unary(_ b: inout IRBlock, _ o: Operands, _ shape: VectorShape?, _ operation: Unary) -> Bool {
        guard let shape else { return false }
        writeVector(&b, o.vd(.v128), operation(&b, shape, readVector(&b, shape.type, o.vm(.v128))))
        return true
    }

    func binary(_ b: inout IRBlock, _ o: Operands, _ shape: VectorShape?, _ operation: Binary) -> Bool {
        guard let shape else { return false }
        let left = readVector(&b, shape.type, o.vn(.v128)), right = readVector(&b, shape.type, o.vm(.v128))
        writeVector(&b, o.vd(.v128), operation(&b, shape, left, right))
        return true
    }

    private func binary(_ b: inout IRBlock, _ o: Operands, _ shape: VectorShape?, _ opcode: Opcode) -> Bool {
        binary(&b, o, shape) { b, s, x, y in b.vector(opcode, s.type, s.lane, x, y) }
    }

    /// The operation's result is added to or subtracted from the destination.
    private func accumulate(_ b: inout IRBlock, _ o: Operands, _ shape: VectorShape?, _ accumulation: Opcode, _ opcode: Opcode) -> Bool {
        binary(&b, o, shape) { b, s, x, y in
            let value = b.vector(opcode, s.type, s.lane, x, y)
            return b.vector(accumulation, s.type, s.lane, readVector(&b, s.type, o.vd(.v128)), value)
        }
    }

    /// The operation on pairs of neighbours, those of the first register before those of the second.
    private func pairwise(_ b: inout IRBlock, _ o: Operands, _ shape: VectorShape?, _ opcode: Opcode) -> Bool {
        binary(&b, o, shape) { b, s, x, y in
            let even = b.vector(.vunzipEven, s.type, s.lane, x, y), odd = b.vector(.vunzipOdd, s.type, s.lane, x, y)
            return b.vector(opcode, s.type, s.lane, even, odd)
        }
    }

    private func compare(_ b: inout IRBlock, _ o: Operands, _ condition: Condition) -> Bool {
        binary(&b, o, narrowShape(o)) { b, s, x, y in b.vcompare(s.type, s.lane, condition, x, y) }
    }

    private func bitwise(_ b: inout IRBlock, _ instruction: NeonInstruction, _ o: Operands) -> Bool {
        binary(&b, o, shape(o, .b8)) { b, s, left, right in
            switch instruction {
            case .vand: return b.binary(.and, s.type, left, right)
            case .vbic: return b.binary(.andNot, s.type, left, right)
            case .vorr: return o.vn(.v128) == o.vm(.v128) ? left : b.binary(.or, s.type, left, right)
            case .vorn: return b.binary(.or, s.type, left, b.unary(.not, s.type, right))
            case .veor: return b.binary(.xor, s.type, left, right)
            default: break
            }
            let old = readVector(&b, s.type, o.vd(.v128))
            switch instruction {
            case .vbsl: return b.vector(.vbitSelect, s.type, .b8, old, left, right)
            case .vbit: return b.vector(.vbitSelect, s.type, .b8, right, left, old)
            default: return b.vector(.vbitSelect, s.type, .b8, right, old, left)
            }
        }
    }

    /// By the signed low byte of a lane: to the left or, where it is negative, to the right. The operands are the other way round than usual.
    private func shiftByRegister(_ b: inout IRBlock, _ o: Operands) -> Bool {
        binary(&b, o, shape(o)) { b, s, counts, x in
            var count = counts
            if s.lane != .b8 {
                let unused = s.size - 8
                count = b.vector(.vshrSImm, s.type, s.lane, b.vector(.vshlImm, s.type, s.lane, counts, number: unused), number: unused)
            }
            let left = b.vector(.vshl, s.type, s.lane, x, count)
            let right = b.vector(o.isUnsigned ? .vshrU : .vshrS, s.type, s.lane, x, b.vector(.vneg, s.type, s.lane, count))
            let isNegative = b.vcompare(s.type, s.lane, .ltS, count, constant(&b, s, 0))
            return b.vector(.vbitSelect, s.type, .b8, isNegative, right, left)
        }
    }

    private func dot(_ b: inout IRBlock, _ o: Operands, byScalar: Bool) -> Bool {
        let isQuad = o.bit(6)
        guard !isQuad || (o.vd(.v128) | o.vn(.v128)) & 1 == 0, byScalar || !isQuad || o.vm(.v128) & 1 == 0 else { return false }
        let type: IRType = isQuad ? .v128 : .v64
        let sum = readVector(&b, type, o.vd(.v128)), left = readVector(&b, type, o.vn(.v128))
        let right =
            byScalar
            ? b.vsplat(type, .b32, b.vextract(.i32, .b32, readDouble(&b, o.field(0, 4)), at: o.field(5, 1))) : readVector(&b, type, o.vm(.v128))
        writeVector(&b, o.vd(.v128), b.vector(o.bit(4) ? .vdotU : .vdotS, type, .b8, sum, left, right))
        return true
    }

    // MARK: Saturation

    /// FPSCR.QC is set if any bit differs between what was computed and what would have been without saturation.
    func noteVectorSaturation(_ b: inout IRBlock, _ type: IRType, _ saturated: Value, _ plain: Value) {
        noteVectorSaturation(&b, b.vector(.vany, .i64, .b8, b.binary(.xor, type, saturated, plain)))
    }

    /// FPSCR.QC is set if the value is not 0.
    private func noteVectorSaturation(_ b: inout IRBlock, _ any: Value) {
        b.write(.i64, ARMRegisters.qc, b.binary(.or, .i64, b.read(.i64, ARMRegisters.qc), any))
    }

    func saturating(_ b: inout IRBlock, _ s: VectorShape, _ opcode: Opcode, _ plain: Opcode, _ x: Value, _ y: Value) -> Value {
        let result = b.vector(opcode, s.type, s.lane, x, y)
        noteVectorSaturation(&b, s.type, result, b.vector(plain, s.type, s.lane, x, y))
        return result
    }

    /// vqdmulh and vqrdmulh: saturated are the products of the least number with itself.
    func doubleHigh(_ b: inout IRBlock, _ s: VectorShape, _ x: Value, _ y: Value, rounds: Bool) -> Value {
        let least = constant(&b, s, 1 << UInt64(s.size - 1))
        let both = b.binary(.and, s.type, b.vcompare(s.type, s.lane, .eq, x, least), b.vcompare(s.type, s.lane, .eq, y, least))
        noteVectorSaturation(&b, b.vector(.vany, .i64, .b8, both))
        return b.vector(.vmulDoubleHigh, s.type, s.lane, x, y, number: rounds ? 1 : 0)
    }

    // MARK: What is left to a helper

    /// Rarer operations that the IR has no words for: a helper reads and writes the vector registers. False if there is no such shape.
    func laneHelper(_ b: inout IRBlock, _ instruction: NeonInstruction, _ o: Operands, _ shape: VectorShape?) -> Bool {
        guard let shape else { return false }
        let layout = UInt64(shape.lane.rawValue) | UInt64(shape.type.bits) << 8
        b.call(ARMHelper.lanes.rawValue, b.const(.i64, UInt64(instruction.rawValue)), b.const(.i64, UInt64(o.bits)), b.const(.i64, layout))
        return true
    }
}

extension Operands {
    /// U of NEON.
    var isUnsigned: Bool { bit(24) }
}
