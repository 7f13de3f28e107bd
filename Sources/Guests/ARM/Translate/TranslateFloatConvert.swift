import Bits
import IR

/// Conversions, moves and memory of VFP.
extension Translator {
    mutating func convert(_ b: inout IRBlock, _ instruction: FloatInstruction, _ type: IRType, _ o: Operands) -> Bool {
        switch instruction {
        case .vcvt_width:
            // The bit tells the source's precision.
            let target: IRType = type == .f64 ? .f32 : .f64
            guard model.features.contains(.doublewords32) || !(type == .f64 ? o.bit(5) : o.bit(22)) else { return false }
            setD(&b, target, o, b.float(.fconvert, target, attributes(.f64), readFloat(&b, type, o.vm(type))))
        case .vcvt_fromhalf: fromHalf(&b, type, o)
        case .vcvt_tohalf: toHalf(&b, type, o)
        case .vcvt_fromint:
            let value = readBits(&b, .i32, o.vm(.f32))
            setD(&b, type, o, b.float(.intToFloat, type, attributes(nil, signed: o.bit(7)), value))
        case .vcvt_toint: toInteger(&b, type, o, o.bit(7) ? .towardZero : .dynamic, signed: o.bit(16))
        case .vcvt_mode: toInteger(&b, type, o, FloatAttributes.Rounding.v8[o.field(16, 2)], signed: o.bit(7))
        case .vcvt_fix: return fixed(&b, type, o)
        case .vmovx:
            let bits = b.extract(.i32, readBits(&b, .i32, o.vm(.f32)), low: 16, count: 16)
            writeBits(&b, o.vd(.f32), .i32, bits)
        case .vins:
            let old = readBits(&b, .i32, o.vd(.f32))
            writeBits(&b, o.vd(.f32), .i32, b.deposit(.i32, old, readBits(&b, .i32, o.vm(.f32)), low: 16, count: 16))
        default: return move(&b, instruction, type, o)
        }
        return true
    }

    // MARK: Half precision

    private func fromHalf(_ b: inout IRBlock, _ type: IRType, _ o: Operands) {
        let bits = b.extract(.i32, readBits(&b, .i32, o.vm(.f32)), low: o.bit(7) ? 16 : 0, count: 16)
        if flags.alternativeHalf {
            let wide = b.call(ARMHelper.convertAlternativeHalf.rawValue, b.zext(.i64, bits), b.const(.i64, UInt64(2 | type.bytes << 4)))
            setD(&b, type, o, b.bitcast(type, type == .f64 ? wide : b.trunc(.i32, wide)))
        } else {
            setD(&b, type, o, b.float(.fconvert, type, attributes(.f64), b.bitcast(.f16, b.trunc(.i16, bits))))
        }
    }

    private func toHalf(_ b: inout IRBlock, _ type: IRType, _ o: Operands) {
        let half: Value
        if flags.alternativeHalf {
            let integer = IRType.integer(bits: type.bits)
            let bits = readBits(&b, integer, o.vm(type))
            let kind = b.const(.i64, UInt64(type.bytes | 2 << 4))
            half = b.trunc(.i32, b.call(ARMHelper.convertAlternativeHalf.rawValue, type == .f64 ? bits : b.zext(.i64, bits), kind))
        } else {
            half = b.zext(.i32, b.bitcast(.i16, b.float(.fconvert, .f16, attributes(.f64), readFloat(&b, type, o.vm(type)))))
        }
        let old = readBits(&b, .i32, o.vd(.f32))
        writeBits(&b, o.vd(.f32), .i32, b.deposit(.i32, old, half, low: o.bit(7) ? 16 : 0, count: 16))
    }

    // MARK: Integers and fixed point

    private func toInteger(_ b: inout IRBlock, _ type: IRType, _ o: Operands, _ rounding: FloatAttributes.Rounding, signed: Bool) {
        let value = readFloat(&b, type, o.vm(type))
        writeBits(&b, o.vd(.f32), .i32, b.float(.floatToInt, .i32, attributes(type, rounding, signed: signed, saturates: true), value))
    }

    /// Source and destination are one register; of half-words the low half counts, and results are extended.
    private func fixed(_ b: inout IRBlock, _ type: IRType, _ o: Operands) -> Bool {
        let width = o.bit(7) ? 32 : 16
        let fractionBits = width - (o.field(0, 4) << 1 | o.field(5, 1))
        guard fractionBits >= 0 else { return false }
        let isSigned = !o.bit(16)
        if o.bit(18) {
            var value = readFloat(&b, type, o.vd(type))
            // Raises what a flushed operand raises; scaling is silent.
            if type == .f64, flags.flushes(.f64) { _ = b.fcompare(.i64, .eq, attributes(.f64), value, value) }
            if type != .f64 { value = b.float(.fconvert, .f64, attributes(type == .f16 ? .f16 : .f64), value) }
            let scaled = b.float(.fmul, .f64, attributes(.f64, silent: true), value, powerOfTwo(&b, fractionBits))
            let integer = IRType.integer(bits: width)
            let result = b.float(.floatToInt, integer, attributes(.f64, .towardZero, signed: isSigned, saturates: true), scaled)
            let bits = width == 32 ? result : isSigned ? b.sext(.i32, result) : b.zext(.i32, result)
            if type != .f64 {
                writeBits(&b, o.vd(type == .f16 ? .f32 : type), .i32, bits)
            } else {
                writeBits(&b, o.vd(.f64), .i64, isSigned ? b.sext(.i64, bits) : b.zext(.i64, bits))
            }
            return true
        }
        var bits = type == .f64 ? b.trunc(.i32, readBits(&b, .i64, o.vd(.f64))) : readBits(&b, .i32, o.vd(.f32))
        if width == 16 { bits = b.extract(.i32, bits, low: 0, count: 16, signed: isSigned) }
        // Exact in double precision, so that the only rounding is the last one, which is to nearest.
        let wide = b.float(.intToFloat, .f64, attributes(.f64, .nearestEven, signed: isSigned), bits)
        let scaled = b.float(.fmul, .f64, attributes(.f64, .nearestEven), wide, powerOfTwo(&b, -fractionBits))
        setD(&b, type, o, type == .f64 ? scaled : b.float(.fconvert, type, attributes(.f64, .nearestEven), scaled))
        return true
    }

    private func powerOfTwo(_ b: inout IRBlock, _ exponent: Int) -> Value {
        b.bitcast(.f64, b.const(.i64, UInt64(1023 + exponent) << 52))
    }

    // MARK: Moves

    private mutating func move(_ b: inout IRBlock, _ instruction: FloatInstruction, _ type: IRType, _ o: Operands) -> Bool {
        let toGeneral = o.bit(20)
        switch instruction {
        case .vmrs, .vmsr: return floatStatus(&b, o, reads: instruction == .vmrs)
        case .vmov_single, .vmov_half:
            guard o.rt != 15 else { return false }
            let isHalf = instruction == .vmov_half
            if toGeneral {
                let bits = readBits(&b, .i32, o.vn(.f32))
                write(&b, o.rt, isHalf ? b.extract(.i32, bits, low: 0, count: 16) : bits)
            } else {
                let bits = read(&b, o.rt)
                writeBits(&b, o.vn(.f32), .i32, isHalf ? b.extract(.i32, bits, low: 0, count: 16) : bits)
            }
        case .vmov_pair, .vmov_doublepair: return movePair(&b, o, toGeneral: toGeneral, isDouble: instruction == .vmov_doublepair)
        case .vmov_toscalar, .vmov_fromscalar:
            guard let (lane, index) = scalar(o), o.rt != 15, lane == .b32 || model.features.contains(.neon) else { return false }
            let place = 8 / lane.bytes * (o.vn(.f64) & 1) + index, quad = o.vn(.f64) >> 1
            if instruction == .vmov_toscalar {
                writeQuad(&b, quad, b.vinsert(.v128, lane, readQuad(&b, quad), at: place, read(&b, o.rt)))
            } else {
                if lane == .b32, o.bit(23) { return false }
                write(&b, o.rt, b.vextract(.i32, lane, readQuad(&b, quad), at: place, signed: !o.bit(23)))
            }
        case .vdup:
            let isQuad = o.bit(21), lane: Lane = o.bit(22) ? .b8 : o.bit(5) ? .b16 : .b32
            guard o.rt != 15, !(o.bit(22) && o.bit(5)), !isQuad || o.vn(.f64) & 1 == 0 else { return false }
            writeVector(&b, o.vn(.f64), b.vsplat(isQuad ? .v128 : .v64, lane, read(&b, o.rt)))
        default: return floatMemory(&b, instruction, type, o)
        }
        return true
    }

    /// Lane size and number of a scalar by opc1 and opc2.
    private func scalar(_ o: Operands) -> (Lane, Int)? {
        let code = o.field(21, 2) << 2 | o.field(5, 2)
        if code & 8 != 0 { return (.b8, code & 7) }
        if code & 1 != 0 { return (.b16, (code >> 2 & 1) << 1 | code >> 1 & 1) }
        return code & 2 == 0 ? (.b32, code >> 2 & 1) : nil
    }

    private func movePair(_ b: inout IRBlock, _ o: Operands, toGeneral: Bool, isDouble: Bool) -> Bool {
        let second = o.field(16, 4), register = isDouble ? 2 * o.vm(.f64) : o.vm(.f32)
        guard o.rt != 15, second != 15, register < (isDouble ? 64 : 31), !toGeneral || o.rt != second else { return false }
        for (index, general) in [o.rt, second].enumerated() {
            let place = register + index, quad = place >> 2
            if toGeneral {
                write(&b, general, b.vextract(.i32, .b32, readQuad(&b, quad), at: place & 3))
            } else {
                writeQuad(&b, quad, b.vinsert(.v128, .b32, readQuad(&b, quad), at: place & 3, read(&b, general)))
            }
        }
        return true
    }

    // MARK: Memory

    private mutating func floatMemory(_ b: inout IRBlock, _ instruction: FloatInstruction, _ type: IRType, _ o: Operands) -> Bool {
        switch instruction {
        case .vldr, .vstr:
            let size = type.bytes
            guard instruction == .vldr || o.rn != 15 || !o.isThumb else { return false }
            let place = address(&b, o.rn, .immediate(o.bit(23), UInt32(o.field(0, 8) * min(size, 4))))
            if instruction == .vldr { loadFloat(&b, type, o.vd(type), place) } else { storeFloat(&b, type, o.vd(type), place) }
            return true
        case .vldm_ia, .vstm_ia, .vldm_db, .vstm_db:
            return floatMultiple(&b, type, o, loads: o.bit(20), increments: instruction == .vldm_ia || instruction == .vstm_ia)
        default: return false
        }
    }

    /// Accesses are of words, which must be aligned; a double-word is one access on hosts where that is no slower.
    private func floatAccess(_ type: IRType) -> MemoryOperation { memoryAccess(type.bytes, alignment: type == .f64 ? .any : .fault) }

    private func loadFloat(_ b: inout IRBlock, _ type: IRType, _ register: Int, _ place: MemoryAddress) {
        let value = b.load(.integer(bits: type.bits), place.base, offset: place.displacement, floatAccess(type))
        if type == .f16 { writeBits(&b, register, .i32, b.zext(.i32, value)) } else { writeBits(&b, register, .integer(bits: type.bits), value) }
    }

    private func storeFloat(_ b: inout IRBlock, _ type: IRType, _ register: Int, _ place: MemoryAddress) {
        let integer = IRType.integer(bits: type.bits)
        let value = type == .f16 ? b.trunc(.i16, readBits(&b, .i32, register)) : readBits(&b, integer, register)
        b.store(integer, place.base, offset: place.displacement, value, floatAccess(type))
    }

    /// fldmx and fstmx have an odd number of words: the last one is left over.
    private mutating func floatMultiple(_ b: inout IRBlock, _ type: IRType, _ o: Operands, loads: Bool, increments: Bool) -> Bool {
        let words = o.field(0, 8), count = type == .f64 ? words / 2 : words, first = o.vd(type)
        let writesBack = o.bit(21) || !increments
        guard count > 0, first + count <= 32, type != .f64 || count <= 16, o.rn != 15 || !writesBack && !o.isThumb else { return false }
        let base = read(&b, o.rn), size = constant(&b, UInt32(4 * words))
        let end = b.binary(increments ? .add : .sub, .i32, base, size)
        let start = b.zext(.i64, increments ? base : end)
        for index in 0..<count {
            let place = MemoryAddress(base: start, displacement: Int64(index * type.bytes))
            if loads { loadFloat(&b, type, first + index, place) } else { storeFloat(&b, type, first + index, place) }
        }
        if writesBack { write(&b, o.rn, end) }
        return true
    }
}
