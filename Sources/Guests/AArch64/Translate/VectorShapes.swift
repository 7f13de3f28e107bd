import IR

/// What a SIMD instruction works on: a vector of 64 or 128 bits, or the lowest lane alone.
struct VectorShape {
    let type: IRType
    let lane: Lane
    let isScalar: Bool

    var count: Int { isScalar ? 1 : type.bits / lane.bits }
    var size: Int { lane.bits }
}

extension Translator {
    // MARK: Shapes

    /// nil for lanes that the vector is too short for.
    func shape(_ o: Operands, _ lane: Lane) -> VectorShape? {
        if o.field(28, 1) == 1 && !o.bit(31) && o.bit(30) { return VectorShape(type: .v64, lane: lane, isScalar: true) }
        return o.q ? VectorShape(type: .v128, lane: lane, isScalar: false) : lane == .b64 ? nil : VectorShape(type: .v64, lane: lane, isScalar: false)
    }

    /// Lanes by bits 23 and 22; nil if they are not among those that the instruction has.
    func integerShape(_ o: Operands, _ lanes: ClosedRange<Lane> = .b8 ... .b64, scalar: ClosedRange<Lane> = .b64 ... .b64) -> VectorShape? {
        guard let lane = Lane(rawValue: UInt8(o.field(22, 2))), let shape = shape(o, lane) else { return nil }
        return (shape.isScalar ? scalar : lanes).contains(lane) ? shape : nil
    }

    /// Floats of two registers or three.
    func floatShape(_ o: Operands, isHalf: Bool) -> VectorShape? { shape(o, isHalf ? .b16 : o.bit(22) ? .b64 : .b32) }
    func floatShape3(_ o: Operands) -> VectorShape? { floatShape(o, isHalf: !o.bit(21)) }
    func floatShape2(_ o: Operands) -> VectorShape? { floatShape(o, isHalf: o.bit(20)) }

    // MARK: Registers

    /// A register's lanes; the others, if it is the scalar, are zero.
    func read(_ b: inout IRBlock, _ shape: VectorShape, _ register: Int) -> Value {
        guard shape.isScalar, shape.lane != .b64 else { return readVector(&b, shape.type, register) }
        return b.zext(.v64, readLow(&b, shape.lane.integer, register))
    }

    func write(_ b: inout IRBlock, _ shape: VectorShape, _ register: Int, _ value: Value) {
        if shape.isScalar, shape.lane != .b64 {
            writeLow(&b, register, b.vextract(shape.lane.integer, shape.lane, value, at: 0))
        } else {
            writeResult(&b, register, value)
        }
    }

    func constant(_ b: inout IRBlock, _ shape: VectorShape, _ value: UInt64) -> Value {
        b.vsplat(shape.type, shape.lane, b.const(.i64, value & shape.lane.integer.mask))
    }

    // MARK: Lanes to lanes

    typealias Unary = (inout IRBlock, VectorShape, Value) -> Value
    typealias Binary = (inout IRBlock, VectorShape, Value, Value) -> Value

    func unary(_ b: inout IRBlock, _ o: Operands, _ shape: VectorShape?, _ operation: Unary) -> Bool {
        guard let shape else { return false }
        let value = read(&b, shape, o.rn)
        write(&b, shape, o.rd, operation(&b, shape, value))
        return true
    }

    func binary(_ b: inout IRBlock, _ o: Operands, _ shape: VectorShape?, _ operation: Binary) -> Bool {
        guard let shape else { return false }
        let left = read(&b, shape, o.rn), right = read(&b, shape, o.rm)
        write(&b, shape, o.rd, operation(&b, shape, left, right))
        return true
    }

    func binary(_ b: inout IRBlock, _ o: Operands, _ shape: VectorShape?, _ opcode: Opcode) -> Bool {
        binary(&b, o, shape) { b, shape, x, y in b.vector(opcode, shape.type, shape.lane, x, y) }
    }

    /// The operation's result is added to or subtracted from the destination.
    func accumulate(_ b: inout IRBlock, _ o: Operands, _ shape: VectorShape?, _ accumulation: Opcode, _ opcode: Opcode) -> Bool {
        binary(&b, o, shape) { b, shape, x, y in
            let value = b.vector(opcode, shape.type, shape.lane, x, y)
            return b.vector(accumulation, shape.type, shape.lane, read(&b, shape, o.rd), value)
        }
    }

    /// The operation on pairs of neighbours, those of the first register before those of the second.
    func pairwise(_ b: inout IRBlock, _ o: Operands, _ shape: VectorShape?, _ opcode: Opcode) -> Bool {
        binary(&b, o, shape) { b, shape, x, y in
            let even = b.vector(.vunzipEven, shape.type, shape.lane, x, y)
            let odd = b.vector(.vunzipOdd, shape.type, shape.lane, x, y)
            return b.vector(opcode, shape.type, shape.lane, even, odd)
        }
    }

    func compare(_ b: inout IRBlock, _ o: Operands, _ condition: Condition) -> Bool {
        binary(&b, o, integerShape(o)) { b, shape, x, y in b.vcompare(shape.type, shape.lane, condition, x, y) }
    }

    func compareZero(_ b: inout IRBlock, _ o: Operands, _ condition: Condition) -> Bool {
        unary(&b, o, integerShape(o)) { b, shape, x in b.vcompare(shape.type, shape.lane, condition, x, constant(&b, shape, 0)) }
    }

    // MARK: Saturation

    /// FPSR.QC is set if any bit differs between what was computed and what would have been without saturation.
    func noteSaturation(_ b: inout IRBlock, _ type: IRType, _ saturated: Value, _ plain: Value) {
        noteSaturation(&b, b.vector(.vany, .i64, .b8, b.binary(.xor, type, saturated, plain)))
    }

    /// FPSR.QC is set if the value is not 0.
    func noteSaturation(_ b: inout IRBlock, _ any: Value) {
        b.write(.i64, AArch64Registers.qc, b.binary(.or, .i64, b.read(.i64, AArch64Registers.qc), any))
    }

    func saturating(_ b: inout IRBlock, _ shape: VectorShape, _ opcode: Opcode, _ plain: Opcode, _ x: Value, _ y: Value) -> Value {
        let result = b.vector(opcode, shape.type, shape.lane, x, y)
        noteSaturation(&b, shape.type, result, b.vector(plain, shape.type, shape.lane, x, y))
        return result
    }

    func saturating(_ b: inout IRBlock, _ o: Operands, _ opcode: Opcode, _ plain: Opcode) -> Bool {
        binary(&b, o, integerShape(o, scalar: .b8 ... .b64)) { b, shape, x, y in saturating(&b, shape, opcode, plain, x, y) }
    }

    /// sqdmulh and sqrdmulh: saturated are the products of the least number with itself.
    func doubleHigh(_ b: inout IRBlock, _ shape: VectorShape, _ x: Value, _ y: Value, rounds: Bool) -> Value {
        let least = constant(&b, shape, 1 << UInt64(shape.size - 1))
        let both = b.binary(
            .and, shape.type, b.vcompare(shape.type, shape.lane, .eq, x, least), b.vcompare(shape.type, shape.lane, .eq, y, least))
        noteSaturation(&b, b.vector(.vany, .i64, .b8, both))
        return b.vector(.vmulDoubleHigh, shape.type, shape.lane, x, y, number: rounds ? 1 : 0)
    }

    // MARK: What is left to a helper

    /// Rarer operations that the IR has no words for: a helper reads and writes the vector registers. False if a lane's size is wrong.
    func laneHelper(_ b: inout IRBlock, _ instruction: VectorInstruction, _ o: Operands, _ shape: VectorShape?) -> Bool {
        guard let shape else { return false }
        let layout = UInt64(shape.lane.rawValue) | UInt64(shape.count) << 8
        b.call(AArch64Helper.lanes.rawValue, b.const(.i64, UInt64(instruction.rawValue)), b.const(.i64, UInt64(o.bits)), b.const(.i64, layout))
        return true
    }
}
