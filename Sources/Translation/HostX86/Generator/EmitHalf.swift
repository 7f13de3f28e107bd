import IR

/// Half precision, computed in single and double precision. A half in a vector register has zeros above it, up to bit 63.
///
/// Results and flags are those of one rounding. A product of halves is exact in single precision. Sums, quotients and roots are rounded to
/// 24 bits first, at least twice the 11 and two more: in the same mode that leaves the second rounding right (Figueroa, "When is double
/// rounding innocuous?", 1995), and no single between them overflows or is subnormal. What comes from double precision is rounded to odd
/// on its way to single precision, which leaves any later rounding right.
extension BlockEmitter {
    func isHalf(_ value: Int32) -> Bool { unsafe value >= 0 && ops[Int(value)].type == .f16 }

    func emitHalf(_ op: IROp) {
        switch op.opcode {
        case .fadd: emitHalfArithmetic(.add, op)
        case .fsub: emitHalfArithmetic(.sub, op)
        case .fmul: emitHalfArithmetic(.mul, op)
        case .fdiv: emitHalfArithmetic(.div, op)
        case .fsqrt: emitHalfRoot(op)
        case .fma: emitHalfMultiplyAdd(op)
        case .fmin: emitHalfMinMax(op, minimum: true)
        case .fmax: emitHalfMinMax(op, minimum: false)
        case .fcompare: emitFloatCompare(op)
        case .floatToInt: emitToInteger(op)
        case .intToFloat: emitIntegerToHalf(op)
        case .fconvert: if op.type == .f16 { emitToHalf(op) } else { emitFromHalf(op) }
        case .unboxFloat: emitUnboxHalf(op)
        case .boxFloat: a.vorps(vectorDestination(), useVector(op.a), Memory(target: thunks.halfBoxMask))
        default: emitFallback(op)
        }
    }

    // MARK: Widths

    /// A vector register with the value, or, of a half, one of its own with the equal single. A signalling NaN raises invalid.
    func useComputable(_ value: Int32) -> Vector { isHalf(value) ? widened(value) : useVector(value) }

    private func widened(_ value: Int32) -> Vector {
        let source = useVector(value)
        let single = allocateVector()
        a.vcvtph2ps(single, source)
        return single
    }

    private func widenedToDouble(_ value: Int32) -> Vector {
        let vector = widened(value)
        a.vcvtFloat(toSingle: false, vector, vector)
        return vector
    }

    /// A single with nothing beside it in its register becomes a half, rounded as MXCSR says.
    private func narrow(_ dst: Vector, _ single: Vector) { a.vcvtps2ph(dst, single, 4) }

    /// A double, which is lost, becomes a single that rounds to the same half: rounded to odd, with nothing beside it.
    private func roundToOdd(_ double: Vector, _ bits: Register, _ rest: Register) {
        let restMask: Int32 = 0x1fff_ffff
        a.vmovq(bits, double)
        a.mov(.b32, rest, bits)
        a.alu(.and, .b32, rest, restMask)
        a.alu(.add, .b32, rest, restMask)
        a.alu(.or, .b64, bits, rest)
        a.alu(.and, .b64, bits, ~restMask)
        a.vmovq(double, bits)
        a.vcvtFloat(toSingle: true, double, double)
        a.vinsertps(double, double, double, 0x0e)
    }

    /// Ends an operation whose result is a NaN if that single is one.
    private func finish(_ op: IROp, _ single: Vector, _ operands: (Vector?, Vector?, Vector?), rounding: UInt8 = 4) {
        if op.isMendedByOperands { return finishMended(op, single, operands, rounding) }
        let dst = vectorDestination()
        a.vucomis(single: true, single, single)
        a.vcvtps2ph(dst, single, rounding)
        var item = OutOfLine(kind: .canonicalNaN, jump: a.jcc(.p), back: a.offset, pc: pc)
        item.destinationVector = dst
        item.type = .f16
        outOfLine.append(item)
    }

    /// The same where the runtime finds the right NaN, and whether the least normal half was tiny before it was rounded.
    private func finishMended(_ op: IROp, _ single: Vector, _ operands: (Vector?, Vector?, Vector?), _ rounding: UInt8) {
        let dst = vectorDestination(avoiding: operands.0, operands.1, operands.2)
        // Found before the jump, which must not skip what makes room.
        let bits = op.mayHideUnderflow ? allocate() : nil
        a.vucomis(single: true, single, single)
        a.vcvtps2ph(dst, single, rounding)
        var item = fallback(op, jump: a.jcc(.p))
        if let bits {
            a.vmovd(bits, dst)
            a.alu(.and, .b32, bits, 0x7fff)
            a.alu(.cmp, .b32, bits, 0x0400)
            item.otherJump = a.jcc(.e)
            unlock(bits)
        }
        item.back = a.offset
        item.operands = operands
        item.destinationVector = dst
        outOfLine.append(item)
    }

    // MARK: Arithmetic

    private func emitHalfArithmetic(_ operation: Assembler.FloatOperation, _ op: IROp) {
        guard roundsAsGuest(op) else { return emitFallback(op) }
        let operands = (useVector(op.a), useVector(op.b), Vector?.none)
        let left = widened(op.a), right = widened(op.b)
        a.vscalar(operation, single: true, left, left, right)
        finish(op, left, operands)
    }

    private func emitHalfRoot(_ op: IROp) {
        guard roundsAsGuest(op) else { return emitFallback(op) }
        let operand = useVector(op.a)
        let root = widened(op.a)
        a.vscalar(.sqrt, single: true, root, root, root)
        finish(op, root, (operand, nil, nil))
    }

    /// The product has 22 bits. The sum with the addend has up to 53, or the product is so far below the addend that only its sign counts.
    private func emitHalfMultiplyAdd(_ op: IROp) {
        guard roundsAsGuest(op) else { return emitFallback(op) }
        let operands = (useVector(op.a), useVector(op.b), useVector(op.c))
        let sum = widenedToDouble(op.a), second = widenedToDouble(op.b), third = widenedToDouble(op.c)
        let dst = vectorDestination(avoiding: operands.0, operands.1, operands.2)
        let bits = allocate(), rest = allocate()
        a.vfmadd213(
            single: false, negateProduct: op.float.negateProduct, negateAddend: op.float.negateAddend, sum, second, third)
        a.vucomis(single: false, sum, sum)
        var item = fallback(op, jump: a.jcc(.p))
        roundToOdd(sum, bits, rest)
        narrow(dst, sum)
        if op.mayHideUnderflow {
            a.vmovd(bits, dst)
            a.alu(.and, .b32, bits, 0x7fff)
            a.alu(.cmp, .b32, bits, 0x0400)
            item.otherJump = a.jcc(.e)
        }
        item.back = a.offset
        item.operands = operands
        item.destinationVector = dst
        outOfLine.append(item)
    }

    private func emitHalfMinMax(_ op: IROp, minimum: Bool) {
        if op.float.minMax == .second { return emitFallback(op) }
        let operands = (useVector(op.a), useVector(op.b), Vector?.none)
        let left = widened(op.a), right = widened(op.b)
        let dst = vectorDestination(avoiding: operands.0, operands.1)
        a.vucomis(single: true, left, right)
        var item = fallback(op, jump: a.jcc(.p))
        let different = a.jcc(.ne)
        // As for the wider types: of zeros the lesser has the sign of either, the greater that of both.
        if minimum { a.vorps(left, left, right) } else { a.vandps(left, left, right) }
        let done = a.jmp()
        a.patch(different, to: a.offset)
        a.vscalar(minimum ? .min : .max, single: true, left, left, right)
        a.patch(done, to: a.offset)
        narrow(dst, left)
        item.back = a.offset
        item.operands = operands
        item.destinationVector = dst
        outOfLine.append(item)
    }

    // MARK: Conversions

    private func emitFromHalf(_ op: IROp) {
        let source = useVector(op.a)
        let dst = op.isMendedByOperands ? vectorDestination(avoiding: source) : vectorDestination()
        a.vcvtph2ps(dst, source)
        if op.type == .f64 { a.vcvtFloat(toSingle: false, dst, dst) }
        mendNaN(op, dst, source)
    }

    private func emitToHalf(_ op: IROp) {
        if unsafe ops[Int(op.a)].type == .f32 { return emitSingleToHalf(op) }
        guard roundsAsGuest(op) else { return emitFallback(op) }
        let source = useVector(op.a)
        let double = allocateVector()
        let bits = allocate(), rest = allocate()
        a.vmovaps(double, source)
        roundToOdd(double, bits, rest)
        finish(op, double, (source, nil, nil))
    }

    /// The only conversion that can be told how to round.
    private func emitSingleToHalf(_ op: IROp) {
        let rounding: UInt8
        switch op.float.rounding {
        case .nearestEven: rounding = 0
        case .down: rounding = 1
        case .up: rounding = 2
        case .towardZero: rounding = 3
        case .dynamic: rounding = 4
        case .nearestAway, .odd: return emitFallback(op)
        }
        let source = useVector(op.a)
        let single = allocateVector()
        a.vinsertps(single, source, source, 0x0e)
        finish(op, single, (source, nil, nil), rounding: rounding)
    }

    /// Integers that a double cannot hold are larger than every half.
    private func emitIntegerToHalf(_ op: IROp) {
        guard roundsAsGuest(op) else { return emitFallback(op) }
        let integer = unsafe ops[Int(op.a)].type
        let source = use(op.a)
        let double = allocateVector()
        let dst = vectorDestination()
        let bits = allocate(), rest = allocate()
        var item: OutOfLine?
        if op.float.signed || integer == .i64 { a.mov(.b64, bits, source) } else { a.mov(.b32, bits, source) }
        if !op.float.signed, integer == .i64 {
            a.test(.b64, bits, bits)
            item = fallback(op, jump: a.jcc(.s))
        }
        a.vxorps(double, double, double)
        a.vcvtsi2s(single: false, op.float.signed && integer == .i32 ? .b32 : .b64, double, double, bits)
        roundToOdd(double, bits, rest)
        narrow(dst, double)
        guard var item else { return }
        item.back = a.offset
        item.integerOperand = source
        item.destinationVector = dst
        outOfLine.append(item)
    }

    private func emitUnboxHalf(_ op: IROp) {
        let source = useVector(op.a)
        let width: Width = unsafe ops[Int(op.a)].type == .f64 ? .b64 : .b32
        let upper = allocate()
        let dst = vectorDestination()
        if width == .b64 { a.vmovq(upper, source) } else { a.vmovd(upper, source) }
        a.vpmovzxwq(dst, source)
        a.shift(.sar, width, upper, 16)
        a.alu(.cmp, width, upper, -1)
        var item = OutOfLine(kind: .canonicalNaN, jump: a.jcc(.ne), back: a.offset, pc: pc)
        item.destinationVector = dst
        item.type = .f16
        outOfLine.append(item)
    }
}
