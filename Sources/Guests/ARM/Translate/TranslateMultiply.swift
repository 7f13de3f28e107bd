import Bits
import IR

/// The registers of a multiplication, which A32 has in places of their own.
private struct MultiplyOperands {
    let d: Int, a: Int, m: Int, n: Int

    init(_ o: Operands) {
        d = o.isThumb ? o.field(8, 4) : o.field(16, 4)
        a = o.field(12, 4)
        m = o.isThumb ? o.field(0, 4) : o.field(8, 4)
        n = o.isThumb ? o.field(16, 4) : o.field(0, 4)
    }
}

extension Translator {
    /// Multiplication and division. Of long results `a` takes the low word and `d` the high one.
    mutating func multiply(_ b: inout IRBlock, _ instruction: MultiplyInstruction, _ o: Operands) -> Bool {
        let r = MultiplyOperands(o)
        let isAccumulating = r.a != 15
        let setsFlags = !o.isThumb && o.setsFlags
        guard r.d != 15, r.n != 15, r.m != 15 else { return false }
        switch instruction {
        case .mul: finish(&b, r, product(&b, r), setsFlags: setsFlags)
        case .mla:
            let product = product(&b, r)
            finish(&b, r, isAccumulating ? b.add(.i32, product, read(&b, r.a)) : product, setsFlags: setsFlags)
        case .mls: finish(&b, r, b.sub(.i32, read(&b, r.a), product(&b, r)), setsFlags: false)
        case .umull, .umlal, .smull, .smlal:
            guard isAccumulating else { return false }
            let isSigned = instruction == .smull || instruction == .smlal
            long(&b, r, signed: isSigned, accumulates: instruction == .umlal || instruction == .smlal, setsFlags: setsFlags)
        case .umaal:
            guard isAccumulating else { return false }
            let product = b.binary(.mul, .i64, readWide(&b, r.n), readWide(&b, r.m))
            writeLong(&b, r, b.add(.i64, b.add(.i64, product, readWide(&b, r.a)), readWide(&b, r.d)))
        case .smla_xy, .smul_xy:
            let places = halves(o)
            let product = b.binary(.mul, .i32, half(&b, r.n, top: places.n), half(&b, r.m, top: places.m))
            accumulate(&b, r, product, adds: instruction == .smla_xy && isAccumulating)
        case .smlaw_y, .smulw_y:
            let top = o.isThumb ? o.bit(4) : o.bit(6)
            let product = b.binary(.mul, .i64, b.sext(.i64, read(&b, r.n)), b.sext(.i64, half(&b, r.m, top: top)))
            let high = b.trunc(.i32, b.binary(.shrU, .i64, product, b.const(.i64, 16)))
            accumulate(&b, r, high, adds: instruction == .smlaw_y && isAccumulating)
        case .smlal_xy:
            guard isAccumulating else { return false }
            let places = halves(o)
            let product = b.binary(.mul, .i32, half(&b, r.n, top: places.n), half(&b, r.m, top: places.m))
            writeLong(&b, r, b.add(.i64, readLong(&b, r), b.sext(.i64, product)))
        case .smlad, .smlsd: dual(&b, r, subtracts: instruction == .smlsd, crosses: crosses(o), adds: isAccumulating)
        case .smlald, .smlsld:
            guard isAccumulating else { return false }
            let sum = dualProducts(&b, r, subtracts: instruction == .smlsld, crosses: crosses(o))
            writeLong(&b, r, b.add(.i64, readLong(&b, r), sum))
        case .smmla, .smmls: mostSignificant(&b, r, subtracts: instruction == .smmls, rounds: crosses(o), adds: isAccumulating)
        case .sdiv, .udiv:
            write(&b, r.d, b.divide(instruction == .sdiv ? .divS : .divU, .i32, read(&b, r.n), read(&b, r.m), .zero))
        case .usada8:
            let sum = b.trunc(.i32, b.call(ARMHelper.sumOfDifferences.rawValue, readWide(&b, r.n), readWide(&b, r.m)))
            write(&b, r.d, isAccumulating ? b.add(.i32, sum, read(&b, r.a)) : sum)
        }
        return true
    }

    private func product(_ b: inout IRBlock, _ r: MultiplyOperands) -> Value { b.binary(.mul, .i32, read(&b, r.n), read(&b, r.m)) }

    private mutating func finish(_ b: inout IRBlock, _ r: MultiplyOperands, _ result: Value, setsFlags: Bool) {
        write(&b, r.d, result)
        if setsFlags { setResult(&b, result) }
    }

    private mutating func long(_ b: inout IRBlock, _ r: MultiplyOperands, signed: Bool, accumulates: Bool, setsFlags: Bool) {
        func wide(_ b: inout IRBlock, _ register: Int) -> Value { signed ? b.sext(.i64, read(&b, register)) : readWide(&b, register) }
        var result = b.binary(.mul, .i64, wide(&b, r.n), wide(&b, r.m))
        if accumulates { result = b.add(.i64, result, readLong(&b, r)) }
        writeLong(&b, r, result)
        if setsFlags { setLongResult(&b, result) }
    }

    private func readLong(_ b: inout IRBlock, _ r: MultiplyOperands) -> Value {
        b.deposit(.i64, readWide(&b, r.a), readWide(&b, r.d), low: 32, count: 32)
    }

    private func writeLong(_ b: inout IRBlock, _ r: MultiplyOperands, _ value: Value) {
        writeWide(&b, r.a, b.binary(.and, .i64, value, b.const(.i64, 0xffff_ffff)))
        writeWide(&b, r.d, b.binary(.shrU, .i64, value, b.const(.i64, 32)))
    }

    /// A half-word of a register, sign-extended.
    private func half(_ b: inout IRBlock, _ register: Int, top: Bool) -> Value {
        b.extract(.i32, read(&b, register), low: top ? 16 : 0, count: 16, signed: true)
    }

    /// Which half-words of the operands are multiplied: N and M, or x and y.
    private func halves(_ o: Operands) -> (n: Bool, m: Bool) { o.isThumb ? (o.bit(5), o.bit(4)) : (o.bit(5), o.bit(6)) }

    private func crosses(_ o: Operands) -> Bool { o.isThumb ? o.bit(4) : o.bit(5) }

    /// Adds an accumulator; Q is set where that overflows.
    private func accumulate(_ b: inout IRBlock, _ r: MultiplyOperands, _ product: Value, adds: Bool) {
        guard adds else { return write(&b, r.d, product) }
        let addend = read(&b, r.a)
        let sum = b.add(.i32, product, addend)
        let overflow = b.binary(.and, .i32, b.binary(.xor, .i32, product, sum), b.binary(.xor, .i32, addend, sum))
        noteSaturation(&b, b.zext(.i64, b.binary(.shrU, .i32, overflow, b.const(.i32, 31))))
        write(&b, r.d, sum)
    }

    /// Q is set if the i64 is not 0.
    func noteSaturation(_ b: inout IRBlock, _ any: Value) {
        b.write(.i64, ARMRegisters.saturated, b.binary(.or, .i64, b.read(.i64, ARMRegisters.saturated), any))
    }

    /// The sum or difference of two products of half-words.
    private func dualProducts(_ b: inout IRBlock, _ r: MultiplyOperands, subtracts: Bool, crosses: Bool) -> Value {
        let low = b.binary(.mul, .i32, half(&b, r.n, top: false), half(&b, r.m, top: crosses))
        let high = b.binary(.mul, .i32, half(&b, r.n, top: true), half(&b, r.m, top: !crosses))
        return b.binary(subtracts ? .sub : .add, .i64, b.sext(.i64, low), b.sext(.i64, high))
    }

    private func dual(_ b: inout IRBlock, _ r: MultiplyOperands, subtracts: Bool, crosses: Bool, adds: Bool) {
        let products = dualProducts(&b, r, subtracts: subtracts, crosses: crosses)
        // Q follows from the sum of all three, which 64 bits hold.
        let sum = adds ? b.add(.i64, products, b.sext(.i64, read(&b, r.a))) : products
        let low = b.trunc(.i32, sum)
        if !(subtracts && !adds) { noteSaturation(&b, b.compare(.i64, .ne, b.sext(.i64, low), sum)) }
        write(&b, r.d, low)
    }

    private func mostSignificant(_ b: inout IRBlock, _ r: MultiplyOperands, subtracts: Bool, rounds: Bool, adds: Bool) {
        let product = b.binary(.mul, .i64, b.sext(.i64, read(&b, r.n)), b.sext(.i64, read(&b, r.m)))
        let thirtyTwo = b.const(.i64, 32)
        var sum = product
        if adds || subtracts {
            let addend = adds ? b.binary(.shl, .i64, readWide(&b, r.a), thirtyTwo) : b.const(.i64, 0)
            sum = b.binary(subtracts ? .sub : .add, .i64, addend, product)
        }
        if rounds { sum = b.add(.i64, sum, b.const(.i64, 1 << 31)) }
        writeWide(&b, r.d, b.binary(.shrU, .i64, sum, thirtyTwo))
    }
}
