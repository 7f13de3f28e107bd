import Bits
import IR

extension Translator {
    /// Media, saturation and bit fields.
    mutating func media(_ b: inout IRBlock, _ instruction: MediaInstruction, _ o: Operands) -> Bool {
        guard o.rd != 15, source(instruction, o) != 15 || instruction == .bfi else { return false }
        switch instruction {
        case .clz: write(&b, o.rd, b.unary(.clz, .i32, read(&b, o.rm)))
        case .rev: write(&b, o.rd, b.unary(.bswap, .i32, read(&b, o.rm)))
        case .rev16: write(&b, o.rd, reverseHalves(&b, read(&b, o.rm)))
        case .revsh: write(&b, o.rd, reverseSigned(&b, read(&b, o.rm)))
        case .rbit: write(&b, o.rd, b.unary(.bswap, .i32, reverseBitsOfBytes(&b, read(&b, o.rm))))
        case .qadd, .qsub, .qdadd, .qdsub: saturatedSum(&b, instruction, o)
        case .crc32: return checksum(&b, o)
        case .parallel: return parallel(&b, o)
        case .pkh: pack(&b, o)
        case .sel:
            let mask = b.trunc(.i32, b.read(.i64, ARMRegisters.greaterEqual))
            let first = b.binary(.and, .i32, read(&b, o.rn), mask), second = b.binary(.andNot, .i32, read(&b, o.rm), mask)
            write(&b, o.rd, b.binary(.or, .i32, first, second))
        case .ssat, .usat:
            // asr by 0 is what ssat16 and usat16 are there for.
            guard !o.isThumb || !o.bit(21) || o.wideShift != 0 else { return false }
            saturate(&b, o, signed: instruction == .ssat)
        case .ssat16, .usat16: saturateHalves(&b, o, signed: instruction == .ssat16)
        case .sxtab16, .uxtab16: extendHalves(&b, o, signed: instruction == .sxtab16)
        case .sxtab: extend(&b, o, count: 8, signed: true)
        case .sxtah: extend(&b, o, count: 16, signed: true)
        case .uxtab: extend(&b, o, count: 8, signed: false)
        case .uxtah: extend(&b, o, count: 16, signed: false)
        case .sbfx, .ubfx: return extractField(&b, o, signed: instruction == .sbfx)
        case .bfi: return insertField(&b, o)
        }
        return true
    }

    /// The register that the instruction works on: those with immediates have it in the first place in T32.
    private func source(_ instruction: MediaInstruction, _ o: Operands) -> Int {
        switch instruction {
        case .ssat, .usat, .ssat16, .usat16, .sbfx, .ubfx, .bfi: o.isThumb ? o.rn : o.rm
        default: o.rm
        }
    }

    /// Whether an instruction changes nothing but its destination.
    func mediaChooses(_ instruction: MediaInstruction) -> Bool {
        switch instruction {
        case .clz, .rev, .rev16, .revsh, .sxtab, .sxtah, .uxtab, .uxtah, .sbfx, .ubfx, .bfi: true
        default: false
        }
    }

    // MARK: Bytes and bits

    /// Without the IR's own operation, which the code generators lack: swaps of neighbours, pairs and nibbles.
    private func reverseBitsOfBytes(_ b: inout IRBlock, _ value: Value) -> Value {
        let masks: [(UInt64, UInt64)] = [(1, 0x5555_5555), (2, 0x3333_3333), (4, 0x0f0f_0f0f)]
        return masks.reduce(value) { value, step in swapFields(&b, value, mask: step.1, distance: step.0) }
    }

    func reverseHalves(_ b: inout IRBlock, _ value: Value) -> Value { swapFields(&b, value, mask: 0x00ff_00ff, distance: 8) }

    func reverseSigned(_ b: inout IRBlock, _ value: Value) -> Value {
        b.binary(.shrS, .i32, b.unary(.bswap, .i32, value), b.const(.i32, 16))
    }

    /// Exchanges the fields that the mask shows with those `distance` bits above.
    private func swapFields(_ b: inout IRBlock, _ value: Value, mask: UInt64, distance: UInt64) -> Value {
        let mask = b.const(.i32, mask), distance = b.const(.i32, distance)
        let up = b.binary(.shl, .i32, b.binary(.and, .i32, value, mask), distance)
        return b.binary(.or, .i32, up, b.binary(.and, .i32, b.binary(.shrU, .i32, value, distance), mask))
    }

    private func extend(_ b: inout IRBlock, _ o: Operands, count: Int, signed: Bool) {
        let field = extended(&b, rotated(&b, o), count: count, signed: signed)
        write(&b, o.rd, o.rn == 15 ? field : b.add(.i32, read(&b, o.rn), field))
    }

    func extended(_ b: inout IRBlock, _ value: Value, count: Int, signed: Bool) -> Value {
        b.extract(.i32, value, low: 0, count: count, signed: signed)
    }

    private func rotated(_ b: inout IRBlock, _ o: Operands) -> Value {
        let rotation = o.isThumb ? o.field(4, 2) : o.field(10, 2)
        let value = read(&b, o.rm)
        return rotation == 0 ? value : b.binary(.rotr, .i32, value, b.const(.i32, UInt64(8 * rotation)))
    }

    private func extendHalves(_ b: inout IRBlock, _ o: Operands, signed: Bool) {
        let value = rotated(&b, o)
        var low = b.extract(.i32, value, low: 0, count: 8, signed: signed), high = b.extract(.i32, value, low: 16, count: 8, signed: signed)
        if o.rn != 15 {
            let addend = read(&b, o.rn)
            low = b.add(.i32, addend, low)
            high = b.add(.i32, b.binary(.shrU, .i32, addend, b.const(.i32, 16)), high)
        }
        write(&b, o.rd, joined(&b, low, high))
    }

    /// Two half-words from the low ones of two values.
    private func joined(_ b: inout IRBlock, _ low: Value, _ high: Value) -> Value { b.deposit(.i32, low, high, low: 16, count: 16) }

    private func pack(_ b: inout IRBlock, _ o: Operands) {
        let takesTop = o.isThumb ? o.bit(5) : o.bit(6)
        let count = o.isThumb ? o.wideShift : o.field(7, 5)
        let second = shifted(&b, read(&b, o.rm), takesTop ? ShiftKind.asr.rawValue : ShiftKind.lsl.rawValue, by: count).value
        let first = read(&b, o.rn)
        write(&b, o.rd, takesTop ? b.deposit(.i32, first, second, low: 0, count: 16) : b.deposit(.i32, second, first, low: 0, count: 16))
    }

    private func extractField(_ b: inout IRBlock, _ o: Operands, signed: Bool) -> Bool {
        let low = o.isThumb ? o.wideShift : o.field(7, 5)
        let count = (o.isThumb ? o.field(0, 5) : o.field(16, 5)) + 1
        guard low + count <= 32 else { return false }
        let value = read(&b, o.isThumb ? o.rn : o.rm)
        write(&b, o.rd, count == 32 ? value : b.extract(.i32, value, low: low, count: count, signed: signed))
        return true
    }

    /// bfi, and bfc where the source is number 15.
    private func insertField(_ b: inout IRBlock, _ o: Operands) -> Bool {
        let low = o.isThumb ? o.wideShift : o.field(7, 5)
        let high = o.isThumb ? o.field(0, 5) : o.field(16, 5)
        guard high >= low else { return false }
        let source = o.isThumb ? o.rn : o.rm
        let field = source == 15 ? b.const(.i32, 0) : read(&b, source)
        write(&b, o.rd, high - low == 31 ? field : b.deposit(.i32, read(&b, o.rd), field, low: low, count: high - low + 1))
        return true
    }

    private func checksum(_ b: inout IRBlock, _ o: Operands) -> Bool {
        let size = o.isThumb ? o.field(4, 2) : o.field(21, 2)
        guard size != 3 else { return false }
        let isCastagnoli = o.isThumb ? o.bit(20) : o.bit(9)
        let kind = UInt64(1 << size) | (isCastagnoli ? 16 : 0)
        writeWide(&b, o.rd, b.call(ARMHelper.checksum.rawValue, readWide(&b, o.rn), readWide(&b, o.rm), b.const(.i64, kind)))
        return true
    }

    // MARK: Saturation

    private func saturatedSum(_ b: inout IRBlock, _ instruction: MediaInstruction, _ o: Operands) {
        let first = b.sext(.i64, read(&b, o.rm))
        var second = b.sext(.i64, read(&b, o.rn))
        if instruction == .qdadd || instruction == .qdsub { second = clamped(&b, b.add(.i64, second, second), bits: 32, signed: true) }
        let sum = b.binary(instruction == .qadd || instruction == .qdadd ? .add : .sub, .i64, first, second)
        write(&b, o.rd, b.trunc(.i32, clamped(&b, sum, bits: 32, signed: true)))
    }

    /// The nearest i64 that so many bits hold; Q is set if it is another one.
    private func clamped(_ b: inout IRBlock, _ value: Value, bits: Int, signed: Bool) -> Value {
        let top: Int64 = 1 << Int64(signed ? bits - 1 : bits)
        let low = b.binary(.maxS, .i64, value, b.const64(signed ? -top : 0))
        let result = b.binary(.minS, .i64, low, b.const64(top - 1))
        noteSaturation(&b, b.compare(.i64, .ne, result, value))
        return result
    }

    private func saturate(_ b: inout IRBlock, _ o: Operands, signed: Bool) {
        let takesASR = o.isThumb ? o.bit(21) : o.bit(6)
        let count = o.isThumb ? o.wideShift : o.field(7, 5)
        let bits = (o.isThumb ? o.field(0, 5) : o.field(16, 5)) + (signed ? 1 : 0)
        let value = shifted(&b, read(&b, o.isThumb ? o.rn : o.rm), takesASR ? ShiftKind.asr.rawValue : ShiftKind.lsl.rawValue, by: count).value
        write(&b, o.rd, b.trunc(.i32, clamped(&b, b.sext(.i64, value), bits: bits, signed: signed)))
    }

    private func saturateHalves(_ b: inout IRBlock, _ o: Operands, signed: Bool) {
        let bits = (o.isThumb ? o.field(0, 4) : o.field(16, 4)) + (signed ? 1 : 0)
        let value = read(&b, o.isThumb ? o.rn : o.rm)
        func half(_ b: inout IRBlock, _ low: Int) -> Value {
            let field = b.sext(.i64, b.extract(.i32, value, low: low, count: 16, signed: true))
            return b.trunc(.i32, clamped(&b, field, bits: bits, signed: signed))
        }
        let low = half(&b, 0), high = half(&b, 16)
        write(&b, o.rd, joined(&b, b.extract(.i32, low, low: 0, count: 16), high))
    }

    // MARK: Parallel sums

    private func parallel(_ b: inout IRBlock, _ o: Operands) -> Bool {
        let lanesCode = o.isThumb ? o.field(20, 3) : o.field(5, 3)
        let formCode = o.isThumb ? o.field(4, 3) + 1 : o.field(20, 3)
        let known = o.isThumb ? ParallelLanes.allCases.first { $0.wideCode == lanesCode } : ParallelLanes(rawValue: lanesCode)
        guard let lanes = known, let form = ParallelForm(rawValue: formCode), o.rn != 15 else { return false }
        let first = read(&b, o.rn), second = read(&b, o.rm)
        let width = lanes == .add8 || lanes == .sub8 ? 8 : 16
        var result = b.const(.i32, 0), flags = b.const(.i32, 0)
        for place in stride(from: 0, to: 32, by: width) {
            let exchanges = lanes == .asx || lanes == .sax
            let x = b.extract(.i32, first, low: place, count: width, signed: form.isSigned)
            let y = b.extract(.i32, second, low: exchanges ? 16 - place : place, count: width, signed: form.isSigned)
            let adds = lanes == .add16 || lanes == .add8 || lanes == .asx && place != 0 || lanes == .sax && place == 0
            let sum = b.binary(adds ? .add : .sub, .i32, x, y)
            result = b.deposit(.i32, result, finished(&b, form, sum, width), low: place, count: width)
            flags = b.deposit(.i32, flags, laneFlag(&b, form, sum, width, adds: adds), low: place, count: width)
        }
        if form == .s || form == .u { b.write(.i64, ARMRegisters.greaterEqual, b.zext(.i64, flags)) }
        write(&b, o.rd, result)
        return true
    }

    private func finished(_ b: inout IRBlock, _ form: ParallelForm, _ sum: Value, _ width: Int) -> Value {
        let top: Int64 = 1 << Int64(form.isSigned ? width - 1 : width)
        switch form {
        case .s, .u: return sum
        case .sh, .uh: return b.binary(.shrS, .i32, sum, b.const(.i32, 1))
        case .q, .uq:
            let least = b.const(.i32, UInt64(bitPattern: form.isSigned ? -top : 0)), most = b.const(.i32, UInt64(top - 1))
            return b.binary(.minS, .i32, b.binary(.maxS, .i32, sum, least), most)
        }
    }

    /// All ones where GE is set: signed results from 0 on, unsigned sums with a carry, unsigned differences without a borrow.
    private func laneFlag(_ b: inout IRBlock, _ form: ParallelForm, _ sum: Value, _ width: Int, adds: Bool) -> Value {
        guard form == .s || form == .u else { return sum }
        let least: UInt64 = form == .u && adds ? 1 << UInt64(width) : 0
        return b.unary(.neg, .i32, b.compare(.i32, .geS, sum, b.const(.i32, least)))
    }
}
