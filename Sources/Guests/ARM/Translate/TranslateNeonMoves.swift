import Bits
import IR

/// Moves of lanes.
extension Translator {
    mutating func neonMove(_ b: inout IRBlock, _ instruction: NeonInstruction, _ o: Operands) -> Bool {
        switch instruction {
        case .vswp, .vtrn, .vuzp, .vzip: return exchange(&b, instruction, o)
        case .vmovn: return narrow(&b, o) { b, wide, x in b.vector(.vnarrow, .v64, wide, x) }
        case .vqmovun: return narrow(&b, o) { b, wide, x in narrowed(&b, wide, x, .vnarrowSatSU, .vwidenU) }
        case .vqmovn:
            return narrow(&b, o) { b, wide, x in
                o.bit(6) ? narrowed(&b, wide, x, .vnarrowSatU, .vwidenU) : narrowed(&b, wide, x, .vnarrowSatS, .vwidenS)
            }
        case .vshll:
            guard let lane = Lane(rawValue: UInt8(o.field(18, 2))), let wide = lane.wider, o.vd(.v128) & 1 == 0 else { return false }
            let value = b.vector(.vwidenU, .v128, lane, readDouble(&b, o.vm(.v128)))
            writeQuad(&b, o.vd(.v128) >> 1, b.vector(.vshlImm, .v128, wide, value, number: lane.bits))
        case .vmov_imm: return immediate(&b, o)
        case .vext:
            guard o.bit(6) || o.field(8, 4) < 8 else { return false }
            return binary(&b, o, shape(o, .b8)) { b, s, x, y in b.vector(.vextractBytes, s.type, .b8, x, y, number: o.field(8, 4)) }
        case .vtbl: return table(&b, o)
        case .vdup_s:
            let code = o.field(16, 4)
            guard code != 0, code != 8, let lane = Lane(rawValue: UInt8(code.trailingZeroBitCount)), !o.bit(6) || o.vd(.v128) & 1 == 0 else {
                return false
            }
            let value = b.vextract(.i32, lane, readDouble(&b, o.vm(.v128)), at: code >> (Int(lane.rawValue) + 1))
            writeVector(&b, o.vd(.v128), b.vsplat(o.bit(6) ? .v128 : .v64, lane, value))
        default: return false
        }
        return true
    }

    private func narrow(_ b: inout IRBlock, _ o: Operands, _ operation: (inout IRBlock, Lane, Value) -> Value) -> Bool {
        guard let wide = Lane(rawValue: UInt8(o.field(18, 2)))?.wider, o.vm(.v128) & 1 == 0 else { return false }
        writeDouble(&b, o.vd(.v128), operation(&b, wide, readQuad(&b, o.vm(.v128) >> 1)))
        return true
    }

    /// Both registers change. The same register twice gives what the manual leaves open.
    private func exchange(_ b: inout IRBlock, _ instruction: NeonInstruction, _ o: Operands) -> Bool {
        guard let s = unaryShape(o), instruction != .vuzp && instruction != .vzip || s.lane != .b32 || s.type == .v128 else { return false }
        let d = o.vd(.v128), m = o.vm(.v128)
        guard d != m || instruction == .vswp else { return false }
        let x = readVector(&b, s.type, d), y = readVector(&b, s.type, m)
        func both(_ b: inout IRBlock, _ first: Opcode, _ second: Opcode) {
            let results = (b.vector(first, s.type, s.lane, x, y), b.vector(second, s.type, s.lane, x, y))
            writeVector(&b, d, results.0)
            writeVector(&b, m, results.1)
        }
        switch instruction {
        case .vswp:
            writeVector(&b, d, y)
            writeVector(&b, m, x)
        case .vtrn: both(&b, .vtransposeEven, .vtransposeOdd)
        case .vuzp: both(&b, .vunzipEven, .vunzipOdd)
        default: both(&b, .vzipLow, .vzipHigh)
        }
        return true
    }

    /// Up to four double-words are the table; an index behind its end gives zero or, of vtbx, leaves the byte.
    private func table(_ b: inout IRBlock, _ o: Operands) -> Bool {
        let count = o.field(8, 2) + 1, first = o.vn(.v128)
        guard first + count <= 32 else { return false }
        let bytes = VectorShape(type: .v64, lane: .b8)
        let indices = readDouble(&b, o.vm(.v128))
        var result: Value?
        for number in stride(from: 0, to: count, by: 2) {
            let low = readDouble(&b, first + number)
            let part = number + 1 < count ? b.vector(.vconcat, .v128, .b8, low, readDouble(&b, first + number + 1)) : b.zext(.v128, low)
            let shifted = number == 0 ? indices : b.vector(.vsub, .v64, .b8, indices, constant(&b, bytes, UInt64(8 * number)))
            let found = b.vector(.vtable, .v64, .b8, part, shifted)
            result = result.map { b.binary(.or, .v64, $0, found) } ?? found
        }
        guard var found = result else { return false }
        if o.bit(6) {
            let isInside = b.vcompare(.v64, .b8, .ltU, indices, constant(&b, bytes, UInt64(8 * count)))
            found = b.vector(.vbitSelect, .v64, .b8, isInside, found, readDouble(&b, o.vd(.v128)))
        }
        writeDouble(&b, o.vd(.v128), found)
        return true
    }

    /// vmov, vmvn, vorr and vbic (AdvSIMDExpandImm).
    private func immediate(_ b: inout IRBlock, _ o: Operands) -> Bool {
        let mode = o.field(8, 4), inverts = o.bit(5)
        guard !(mode == 15 && inverts), !o.bit(6) || o.vd(.v128) & 1 == 0 else { return false }
        let type: IRType = o.bit(6) ? .v128 : .v64
        var bits = expandVectorImmediate(o.field(24, 1) << 7 | o.field(16, 3) << 4 | o.field(0, 4), mode, inverts)
        let combines = mode & 1 != 0 && mode < 12
        if inverts, !combines, mode < 14 { bits = ~bits }
        let constant = b.vsplat(type, .b64, b.const(.i64, bits))
        let result = combines ? b.binary(inverts ? .andNot : .or, type, readVector(&b, type, o.vd(.v128)), constant) : constant
        writeVector(&b, o.vd(.v128), result)
        return true
    }
}

/// An 8-bit immediate in all lanes as `mode` says, 64 bits of it.
private func expandVectorImmediate(_ value: Int, _ mode: Int, _ inverts: Bool) -> UInt64 {
    let byte = UInt64(value)
    func words(_ word: UInt64) -> UInt64 { word | word << 32 }
    switch mode {
    case 0..<8: return words(byte << UInt64(8 * (mode >> 1)))
    case 8..<12:
        let half = byte << UInt64(8 * (mode >> 1 & 1))
        return words(half | half << 16)
    case 12: return words(byte << 8 | 0xff)
    case 13: return words(byte << 16 | 0xffff)
    case 14 where inverts: return (0..<8).reduce(0) { byte >> UInt64($1) & 1 != 0 ? $0 | 0xff << UInt64(8 * $1) : $0 }
    case 14: return byte &* 0x0101_0101_0101_0101
    default: return words(expandFloatImmediate(value, .f32))
    }
}
