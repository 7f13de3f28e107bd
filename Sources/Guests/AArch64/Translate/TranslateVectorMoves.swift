import IR

/// Moves of lanes, table look-ups and immediates.
extension Translator {
    func vectorMove(_ b: inout IRBlock, _ instruction: VectorInstruction, _ o: Operands) -> Bool {
        switch instruction {
        case .dup_element: return duplicate(&b, o)
        case .dup_general:
            guard let (lane, _) = lane5(o), let shape = shape(o, lane) else { return false }
            writeResult(&b, o.rd, b.vsplat(shape.type, lane, read(&b, .i64, o.rn)))
        case .smov, .umov: return moveToGeneral(&b, o, signed: instruction == .smov)
        case .ins_general:
            guard let (lane, index) = lane5(o) else { return false }
            writeVector(&b, o.rd, b.vinsert(.v128, lane, readVector(&b, o.rd), at: index, read(&b, .i64, o.rn)))
        case .ins_element:
            guard let (lane, index) = lane5(o) else { return false }
            let value = b.vextract(.i64, lane, readVector(&b, o.rn), at: o.field(11, 4) >> Int(lane.rawValue))
            writeVector(&b, o.rd, b.vinsert(.v128, lane, readVector(&b, o.rd), at: index, value))
        case .movi: return immediateVector(&b, o)
        case .fmov_half:
            let bits = expandFloatImmediate(o.vectorImmediate, .f16)
            writeResult(&b, o.rd, b.vsplat(o.q ? .v128 : .v64, .b16, b.const(.i64, bits)))
        case .uzp1: return binary(&b, o, permutedShape(o), .vunzipEven)
        case .uzp2: return binary(&b, o, permutedShape(o), .vunzipOdd)
        case .trn1: return binary(&b, o, permutedShape(o), .vtransposeEven)
        case .trn2: return binary(&b, o, permutedShape(o), .vtransposeOdd)
        case .zip1: return binary(&b, o, permutedShape(o), .vzipLow)
        case .zip2: return zipHigh(&b, o)
        case .ext:
            guard o.q || !o.bit(14) else { return false }
            return binary(&b, o, shape(o, .b8)) { b, shape, x, y in b.vector(.vextractBytes, shape.type, .b8, x, y, number: o.field(11, 4)) }
        case .tbl, .tbx: table(&b, o, keeps: instruction == .tbx)
        default: return vectorShift(&b, instruction, o)
        }
        return true
    }

    // MARK: Lanes

    /// The lane's size and number by imm5, whose lowest one tells the size; nil for none.
    private func lane5(_ o: Operands) -> (Lane, Int)? {
        let field = o.field(16, 5)
        guard let lane = Lane(rawValue: UInt8(field.trailingZeroBitCount & 63)), field != 0 else { return nil }
        return (lane, field >> (Int(lane.rawValue) + 1))
    }

    private func duplicate(_ b: inout IRBlock, _ o: Operands) -> Bool {
        guard let (lane, index) = lane5(o), let shape = shape(o, lane) else { return false }
        let value = b.vextract(.i64, lane, readVector(&b, o.rn), at: index)
        if shape.isScalar {
            writeLow(&b, o.rd, value)
        } else {
            writeResult(&b, o.rd, b.vsplat(shape.type, lane, value))
        }
        return true
    }

    private func moveToGeneral(_ b: inout IRBlock, _ o: Operands, signed: Bool) -> Bool {
        guard let (lane, index) = lane5(o) else { return false }
        // umov of words and smaller ones is to W, of double-words to X; smov widens.
        let isAllowed = signed ? lane.bits < (o.q ? 64 : 32) : (lane == .b64) == o.q
        guard isAllowed else { return false }
        let type: IRType = o.q ? .i64 : .i32
        write(&b, o.rd, type, b.vextract(type, lane, readVector(&b, o.rn), at: index, signed: signed))
        return true
    }

    private func permutedShape(_ o: Operands) -> VectorShape? { Lane(rawValue: UInt8(o.field(22, 2))).flatMap { shape(o, $0) } }

    private func zipHigh(_ b: inout IRBlock, _ o: Operands) -> Bool { binary(&b, o, permutedShape(o), .vzipHigh) }

    /// Up to four registers are the table; an index behind its end gives zero, or leaves the byte.
    private func table(_ b: inout IRBlock, _ o: Operands, keeps: Bool) {
        let type: IRType = o.q ? .v128 : .v64
        let bytes = VectorShape(type: type, lane: .b8, isScalar: false)
        let indices = readVector(&b, type, o.rm)
        let registers = o.field(13, 2) + 1
        var result: Value?
        for number in 0..<registers {
            let shifted = number == 0 ? indices : b.vector(.vsub, type, .b8, indices, constant(&b, bytes, UInt64(16 * number)))
            let part = b.vector(.vtable, type, .b8, readVector(&b, (o.rn + number) & 31), shifted)
            result = result.map { b.binary(.or, type, $0, part) } ?? part
        }
        guard var found = result else { return }
        if keeps {
            let isInside = b.vcompare(type, .b8, .ltU, indices, constant(&b, bytes, UInt64(16 * registers)))
            found = b.vector(.vbitSelect, type, .b8, isInside, found, readVector(&b, type, o.rd))
        }
        writeResult(&b, o.rd, found)
    }

    // MARK: Immediates

    /// movi, mvni, orr, bic and fmov (AdvSIMDExpandImm).
    private func immediateVector(_ b: inout IRBlock, _ o: Operands) -> Bool {
        let mode = o.field(12, 4), inverts = o.bit(29)
        if mode == 15, inverts, !o.q { return false }
        let type: IRType = o.q ? .v128 : .v64
        var bits = expandVectorImmediate(o.vectorImmediate, mode, inverts)
        let combines = mode & 1 != 0 && mode < 12
        if inverts, !combines, mode < 14 { bits = ~bits }
        let constant = b.vsplat(type, .b64, b.const(.i64, bits))
        let result = combines ? b.binary(inverts ? .andNot : .or, type, readVector(&b, type, o.rd), constant) : constant
        writeResult(&b, o.rd, result)
        return true
    }
}

/// An 8-bit immediate in all lanes as `mode` says, 64 bits of it.
private func expandVectorImmediate(_ value: Int, _ mode: Int, _ inverts: Bool) -> UInt64 {
    let byte = UInt64(value)
    func repeated(_ lane: UInt64, _ bits: UInt64) -> UInt64 { bits == 32 ? lane | lane << 32 : lane | lane << 16 | lane << 32 | lane << 48 }
    switch mode {
    case 0..<8: return repeated(byte << UInt64(8 * (mode >> 1)), 32)
    case 8..<12: return repeated(byte << UInt64(8 * (mode >> 1 & 1)), 16)
    case 12: return repeated(byte << 8 | 0xff, 32)
    case 13: return repeated(byte << 16 | 0xffff, 32)
    case 14 where inverts: return (0..<8).reduce(0) { byte >> UInt64($1) & 1 != 0 ? $0 | 0xff << UInt64(8 * $1) : $0 }
    case 14: return byte &* 0x0101_0101_0101_0101
    default: return inverts ? expandFloatImmediate(value, .f64) : repeated(expandFloatImmediate(value, .f32), 32)
    }
}

extension Operands {
    /// The immediate of movi and its like: bits 18 to 16, then 9 to 5.
    fileprivate var vectorImmediate: Int { field(16, 3) << 5 | field(5, 5) }
}
