import Bits
import IR

/// The shifts by number (DDI 0406, A8.4.3).
enum ShiftKind: Int { case lsl, lsr, asr, ror }

/// A second operand: an i32, and what a logical instruction makes of C (an i64, 0 or 1); nil where C stays.
struct ShiftedOperand {
    var value: Value
    var carry: Value?
}

extension Translator {
    /// A value shifted by a constant as encoded, where 0 stands for 32 and, of ror, for rrx.
    func shifted(_ b: inout IRBlock, _ value: Value, _ kind: Int, by count: Int, wantsCarry: Bool = false) -> ShiftedOperand {
        let kind = ShiftKind(rawValue: kind) ?? .lsl
        func bit(_ b: inout IRBlock, _ place: Int) -> Value? {
            wantsCarry ? b.zext(.i64, b.extract(.i32, value, low: place, count: 1)) : nil
        }
        let amount = b.const(.i32, UInt64(count))
        switch (kind, count) {
        case (.lsl, 0): return ShiftedOperand(value: value)
        case (.lsl, _): return ShiftedOperand(value: b.binary(.shl, .i32, value, amount), carry: bit(&b, 32 - count))
        case (.lsr, 0): return ShiftedOperand(value: b.const(.i32, 0), carry: bit(&b, 31))
        case (.lsr, _): return ShiftedOperand(value: b.binary(.shrU, .i32, value, amount), carry: bit(&b, count - 1))
        case (.asr, 0): return ShiftedOperand(value: b.binary(.shrS, .i32, value, b.const(.i32, 31)), carry: bit(&b, 31))
        case (.asr, _): return ShiftedOperand(value: b.binary(.shrS, .i32, value, amount), carry: bit(&b, count - 1))
        case (.ror, 0):
            let top = b.binary(.shl, .i32, b.trunc(.i32, carry(&b)), b.const(.i32, 31))
            return ShiftedOperand(value: b.binary(.or, .i32, b.binary(.shrU, .i32, value, b.const(.i32, 1)), top), carry: bit(&b, 0))
        case (.ror, _): return ShiftedOperand(value: b.binary(.rotr, .i32, value, amount), carry: bit(&b, count - 1))
        }
    }

    /// A value shifted by the low byte of a register: 64 bits have room for what goes out.
    func shifted(_ b: inout IRBlock, _ value: Value, _ kind: Int, byRegister register: Int, wantsCarry: Bool = false) -> ShiftedOperand {
        let count = b.binary(.and, .i64, readWide(&b, register), b.const(.i64, 0xff))
        let kind = ShiftKind(rawValue: kind) ?? .lsl
        if kind == .ror {
            let result = b.binary(.rotr, .i32, value, b.trunc(.i32, count))
            let top = wantsCarry ? b.zext(.i64, b.binary(.shrU, .i32, result, b.const(.i32, 31))) : nil
            return ShiftedOperand(value: result, carry: top.map { keptCarry(&b, ifZero: count, $0) })
        }
        let clamped = b.binary(.minU, .i64, count, b.const(.i64, 63))
        let one = b.const(.i64, 1)
        if kind == .lsl {
            let wide = b.binary(.shl, .i64, b.zext(.i64, value), clamped)
            let out = wantsCarry ? b.extract(.i64, wide, low: 32, count: 1) : nil
            return ShiftedOperand(value: b.trunc(.i32, wide), carry: out.map { keptCarry(&b, ifZero: count, $0) })
        }
        let isSigned = kind == .asr
        let doubled = b.binary(.shl, .i64, isSigned ? b.sext(.i64, value) : b.zext(.i64, value), one)
        let wide = b.binary(isSigned ? .shrS : .shrU, .i64, doubled, clamped)
        let out = wantsCarry ? b.binary(.and, .i64, wide, one) : nil
        let result = b.trunc(.i32, b.binary(.shrU, .i64, wide, one))
        return ShiftedOperand(value: result, carry: out.map { keptCarry(&b, ifZero: count, $0) })
    }

    /// C as it was where nothing is shifted.
    private func keptCarry(_ b: inout IRBlock, ifZero count: Value, _ out: Value) -> Value {
        b.select(.i64, if: count, out, carry(&b))
    }

    /// A32's immediate: a byte rotated right.
    func rotatedImmediate(_ b: inout IRBlock, _ o: Operands) -> ShiftedOperand {
        let byte = o.bits.bits(0, 8), rotation = o.bits.bits(8, 4) * 2
        let value = rotation == 0 ? byte : byte >> rotation | byte << (32 - rotation)
        return ShiftedOperand(value: constant(&b, value), carry: rotation == 0 ? nil : b.const(.i64, UInt64(value >> 31)))
    }

    /// T32's immediate (DDI 0406, ThumbExpandImm_C).
    func expandedImmediate(_ b: inout IRBlock, _ o: Operands) -> ShiftedOperand {
        let code = o.wideImmediate, byte = code & 0xff
        let value: UInt32
        switch code >> 8 {
        case 0: value = byte
        case 1: value = byte << 16 | byte
        case 2: value = byte << 24 | byte << 8
        case 3: value = byte << 24 | byte << 16 | byte << 8 | byte
        default:
            let rotation = code >> 7, unrotated = code & 0x7f | 0x80
            value = unrotated >> rotation | unrotated << (32 - rotation)
            return ShiftedOperand(value: constant(&b, value), carry: b.const(.i64, UInt64(value >> 31)))
        }
        return ShiftedOperand(value: constant(&b, value))
    }
}

extension Operands {
    /// i:imm3:imm8 of T32.
    var wideImmediate: UInt32 { bits.bits(26, 1) << 11 | bits.bits(12, 3) << 8 | bits.bits(0, 8) }
    /// imm3:imm2 of T32.
    var wideShift: Int { field(12, 3) << 2 | field(6, 2) }
}
