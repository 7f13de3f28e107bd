import IR

/// Floating point on host instructions. MXCSR holds the guest's rounding mode and collects its flags.
extension BlockEmitter {
    func emitFloat(_ op: IROp) {
        if op.hasFloatAttributes, op.float.silent || op.float.flushes { return emitFallback(op) }
        if op.type == .f16 || isHalf(op.a) { return emitHalf(op) }
        switch op.opcode {
        case .fadd: emitArithmetic(.add, op)
        case .fsub: emitArithmetic(.sub, op)
        case .fmul: emitArithmetic(.mul, op)
        case .fdiv: emitArithmetic(.div, op)
        case .fsqrt: emitRoot(op)
        case .fma: emitMultiplyAdd(op)
        case .fmin: emitMinMax(op, minimum: true)
        case .fmax: emitMinMax(op, minimum: false)
        case .fcompare: emitFloatCompare(op)
        case .fconvert: emitConvert(op)
        case .floatToInt: emitToInteger(op)
        case .intToFloat: emitFromInteger(op)
        case .unboxFloat: emitUnbox(op)
        case .boxFloat: a.vorps(vectorDestination(), useVector(op.a), Memory(target: thunks.boxMask))
        default: emitFallback(op)
        }
    }

    /// Whether operations on the type are done in single precision.
    private func isSingle(_ type: IRType) -> Bool { type != .f64 }

    /// Whether MXCSR rounds as the operation asks.
    func roundsAsGuest(_ op: IROp) -> Bool { op.float.rounding == .dynamic }

    /// The word that tells the runtime which operation to compute.
    private func description(_ op: IROp, _ source: IRType) -> UInt64 {
        let low = UInt64(op.opcode.rawValue) | UInt64(op.type.rawValue) << 8 | UInt64(source.rawValue) << 16
        return low | UInt64(op.imm & 0xff) << 24 | UInt64(op.attribute) << 32
    }

    /// An item that lets the runtime do the operation and puts its result where the inline code would have.
    /// - Parameter source: the type in which operands are handed over, if not their own.
    func fallback(_ op: IROp, jump: Int, source: IRType? = nil) -> OutOfLine {
        var item = OutOfLine(kind: .float, jump: jump, back: 0, pc: pc)
        item.memory = unsafe description(op, source ?? ops[Int(op.a)].type)
        item.type = op.type
        return item
    }

    /// The runtime computes the operation, always.
    func emitFallback(_ op: IROp) {
        var item = fallback(op, jump: 0)
        if unsafe ops[Int(op.a)].type.isFloat { item.operands.0 = useVector(op.a) } else { item.integerOperand = use(op.a) }
        if op.b >= 0 { item.operands.1 = useVector(op.b) }
        if op.c >= 0 { item.operands.2 = useVector(op.c) }
        if op.type.isFloat { item.destinationVector = vectorDestination() } else { item.destination = destination() }
        let place = a.jmp()
        item = item.arriving(from: place, backTo: a.offset)
        outOfLine.append(item)
    }

    /// Replaces a NaN result by the one that the guest's rule wants; `first` and `second` are the operands, which must still be there unless the rule
    /// is the canonical NaN's.
    func mendNaN(_ op: IROp, _ vector: Vector, _ first: Vector? = nil, _ second: Vector? = nil) {
        if op.isMendedByOperands {
            var item = fallback(op, jump: emitDoubtful(op, vector))
            item.back = a.offset
            item.operands = (first, second, nil)
            item.destinationVector = vector
            return outOfLine.append(item)
        }
        a.vucomis(single: isSingle(op.type), vector, vector)
        var item = OutOfLine(kind: .canonicalNaN, jump: a.jcc(.p), back: a.offset, pc: pc)
        item.destinationVector = vector
        item.type = op.type
        outOfLine.append(item)
    }

    /// The jump for results that the runtime has to see: NaNs, and the least normal number where it may have been tiny before it was rounded.
    private func emitDoubtful(_ op: IROp, _ vector: Vector) -> Int {
        let single = isSingle(op.type)
        guard op.mayHideUnderflow else {
            a.vucomis(single: single, vector, vector)
            return a.jcc(.p)
        }
        let magnitude = allocateVector()
        a.vandps(magnitude, vector, Memory(target: single ? thunks.magnitude32 : thunks.magnitude64))
        // Unordered counts as equal.
        a.vucomis(single: single, magnitude, Memory(target: single ? thunks.leastNormal32 : thunks.leastNormal64))
        unlock(magnitude)
        return a.jcc(.e)
    }

    // MARK: Arithmetic

    private func emitArithmetic(_ operation: Assembler.FloatOperation, _ op: IROp) {
        guard roundsAsGuest(op) else { return emitFallback(op) }
        let left = useVector(op.a), right = useVector(op.b)
        let dst = op.isMendedByOperands ? vectorDestination(avoiding: left, right) : vectorDestination()
        a.vscalar(operation, single: isSingle(op.type), dst, left, right)
        mendNaN(op, dst, left, right)
    }

    private func emitRoot(_ op: IROp) {
        guard roundsAsGuest(op) else { return emitFallback(op) }
        let source = useVector(op.a)
        let dst = op.isMendedByOperands ? vectorDestination(avoiding: source) : vectorDestination()
        a.vscalar(.sqrt, single: isSingle(op.type), dst, source, source)
        mendNaN(op, dst, source)
    }

    private func emitMultiplyAdd(_ op: IROp) {
        guard roundsAsGuest(op) else { return emitFallback(op) }
        let first = useVector(op.a), second = useVector(op.b), third = useVector(op.c)
        // The operands must outlive the operation: of a NaN the runtime finds out which flags it raises.
        let dst = vectorDestination(avoiding: first, second, third)
        a.vmovaps(dst, first)
        a.vfmadd213(
            single: isSingle(op.type), negateProduct: op.float.negateProduct, negateAddend: op.float.negateAddend, dst, second, third)
        var item = fallback(op, jump: emitDoubtful(op, dst))
        item.back = a.offset
        item.operands = (first, second, third)
        item.destinationVector = dst
        outOfLine.append(item)
    }

    private func emitMinMax(_ op: IROp, minimum: Bool) {
        if op.float.minMax == .second { return emitFallback(op) }
        let single = isSingle(op.type)
        let left = useVector(op.a), right = useVector(op.b)
        let dst = vectorDestination(avoiding: left, right)
        a.vucomis(single: single, left, right)
        var item = fallback(op, jump: a.jcc(.p))
        let different = a.jcc(.ne)
        // Equal numbers have equal bits, but for zeros: the lesser has the sign of either, the greater that of both.
        if minimum { a.vorps(dst, left, right) } else { a.vandps(dst, left, right) }
        let done = a.jmp()
        a.patch(different, to: a.offset)
        a.vscalar(minimum ? .min : .max, single: single, dst, left, right)
        a.patch(done, to: a.offset)
        item.back = a.offset
        item.operands = (left, right, nil)
        item.destinationVector = dst
        outOfLine.append(item)
    }

    func emitFloatCompare(_ op: IROp) {
        let single = unsafe isSingle(ops[Int(op.a)].type)
        var left = useComputable(op.a), right = useComputable(op.b)
        // Of the host's conditions those for "above" are false for unordered operands.
        if op.floatCondition == .lt || op.floatCondition == .le { swap(&left, &right) }
        if op.float.signalling { a.vcomis(single: single, left, right) } else { a.vucomis(single: single, left, right) }
        // Without a user it was only to raise flags.
        if unsafe info[current].uses == 0 || isBranchedOnNext(op) { return unsafe info[current].location.kind = .deferred }
        let dst = destination()
        if op.floatCondition == .eq {
            let ordered = allocate()
            a.setcc(.np, ordered)
            a.setcc(.e, dst)
            a.alu(.and, .b32, dst, ordered)
        } else {
            a.setcc(hostCondition(op.floatCondition), dst)
        }
        a.movzx(dst, .b8, dst)
    }

    /// Of `emitFloatCompare`'s comparison. Equality is no single one.
    func hostCondition(_ condition: FloatCondition) -> HostCondition {
        switch condition {
        case .lt: .a
        case .le: .ae
        case .eq: .e
        case .unordered: .p
        }
    }

    /// Whether the only user of the comparison at hand is a branch which finds the host's flags as the comparison leaves them.
    private func isBranchedOnNext(_ op: IROp) -> Bool {
        var next = current + 1
        while next < count, unsafe ops[next].opcode == .const { next += 1 }
        guard next < count, op.floatCondition != .eq, unsafe info[current].uses == 1 else { return false }
        let branch = unsafe ops[next]
        guard branch.opcode == .brCompare, Int(branch.a) == current, branch.condition == .ne || branch.condition == .eq else { return false }
        return unsafe ops[Int(branch.b)].opcode == .const && ops[Int(branch.b)].imm == 0
    }

    // MARK: Conversions

    private func emitConvert(_ op: IROp) {
        let source = useVector(op.a)
        let narrows = op.type == .f32
        guard !narrows || roundsAsGuest(op) else { return emitFallback(op) }
        let dst = op.isMendedByOperands ? vectorDestination(avoiding: source) : vectorDestination()
        a.vcvtFloat(toSingle: narrows, dst, source)
        mendNaN(op, dst, source)
    }

    func emitToInteger(_ op: IROp) {
        let truncates = op.float.rounding == .towardZero
        // The host's conversions know what doesn't fit into 32 or 64 bits only.
        let isWide = op.type == .i32 || op.type == .i64
        guard isWide, truncates || roundsAsGuest(op), op.float.saturation != .indefinite, !op.float.inexactSilent else { return emitFallback(op) }
        let single = unsafe isSingle(ops[Int(op.a)].type)
        let source = useComputable(op.a)
        if op.float.signed { return emitToSigned(op, source, single, truncates) }
        emitToUnsigned(op, source, single, truncates)
    }

    private func emitToSigned(_ op: IROp, _ source: Vector, _ single: Bool, _ truncates: Bool) {
        let width = width(op.type)
        let dst = destination()
        a.vcvts2si(single: single, truncating: truncates, width, dst, source)
        // Only the indefinite integer overflows when 1 is subtracted.
        a.alu(.cmp, width, dst, 1)
        var item = OutOfLine(kind: .saturate, jump: a.jcc(.o), back: a.offset, pc: pc)
        item.operands.0 = source
        item.destination = dst
        item.type = op.type
        item.memory = single ? 1 : 0
        item.nanIsZero = op.float.saturation == .nanToZero
        outOfLine.append(item)
    }

    /// In range the 64-bit signed conversion does it; the range is checked first, so that no wrong flag is raised.
    private func emitToUnsigned(_ op: IROp, _ source: Vector, _ single: Bool, _ truncates: Bool) {
        let dst = destination()
        let limit = allocateVector()
        let constant = op.type == .i32 ? (single ? thunks.two32Single : thunks.two32) : (single ? thunks.two63Single : thunks.two63)
        if single { a.vmovss(limit, Memory(target: constant)) } else { a.vmovsd(limit, Memory(target: constant)) }
        a.vucomis(single: single, limit, source)
        let high = allocate()
        var item = fallback(op, jump: a.jcc(.be), source: single ? .f32 : .f64)
        a.vxorps(limit, limit, limit)
        a.vucomis(single: single, source, limit)
        item.otherJump = a.jcc(.b)
        // Rounding up may still reach 2^32.
        a.vcvts2si(single: single, truncating: truncates, .b64, dst, source)
        if op.type == .i32, !truncates {
            a.mov(.b64, high, dst)
            a.shift(.shr, .b64, high, 32)
            var second = item.arriving(from: a.jcc(.ne), backTo: 0)
            second.operands.0 = source
            second.destination = dst
            second.back = a.offset
            outOfLine.append(second)
        }
        item.back = a.offset
        item.operands.0 = source
        item.destination = dst
        outOfLine.append(item)
    }

    private func emitFromInteger(_ op: IROp) {
        let integer = unsafe ops[Int(op.a)].type
        let isExact = op.type == .f64 && integer == .i32
        guard isExact || roundsAsGuest(op) else { return emitFallback(op) }
        var source = use(op.a)
        let dst = vectorDestination()
        var width: Width = integer == .i64 ? .b64 : .b32
        var item: OutOfLine?
        if !op.float.signed {
            if integer == .i32 {
                let whole = allocate()
                a.mov(.b32, whole, source)
                source = whole
                width = .b64
            } else {
                a.test(.b64, source, source)
                item = fallback(op, jump: a.jcc(.s))
            }
        }
        a.vxorps(dst, dst, dst)
        a.vcvtsi2s(single: isSingle(op.type), width, dst, dst, source)
        if var item {
            item.back = a.offset
            item.integerOperand = source
            item.destinationVector = dst
            outOfLine.append(item)
        }
    }

    // MARK: Bits

    private func emitUnbox(_ op: IROp) {
        let source = useVector(op.a)
        let upper = allocate()
        a.vpextrd(upper, source, 1)
        let dst = vectorDestination()
        if dst != source { a.vmovaps(dst, source) }
        a.alu(.cmp, .b32, upper, -1)
        var item = OutOfLine(kind: .canonicalNaN, jump: a.jcc(.ne), back: a.offset, pc: pc)
        item.destinationVector = dst
        item.type = op.type
        outOfLine.append(item)
    }

    func emitBitcast(_ op: IROp) {
        let source = unsafe ops[Int(op.a)].type
        switch (op.type.livesInVector, source.livesInVector) {
        case (true, false):
            let register = use(op.a)
            let dst = vectorDestination()
            if op.type.bits == 64 { a.vmovq(dst, register) } else { a.vmovd(dst, register) }
            if op.type == .f16 { a.vpmovzxwq(dst, dst) }
        case (false, true):
            if unsafe info[current].isStored && info[current].uses == 1 && storeTakesVector() {
                unsafe info[current].location.kind = .deferred
                return
            }
            let vector = useVector(op.a)
            let dst = destination()
            if source.bits == 64 { a.vmovq(dst, vector) } else { a.vmovd(dst, vector) }
        case (true, true): a.vmovaps(vectorDestination(), useVector(op.a))
        case (false, false):
            let register = use(op.a)
            a.mov(.b64, destination(), register)
        }
    }

    /// Whether the next operation is a store of this value that can take it from a vector register.
    private func storeTakesVector() -> Bool {
        let next = current + 1
        guard next < count else { return false }
        return unsafe ops[next].opcode == .store && Int(ops[next].b) == current && ops[next].memory.size >= 4
    }
}

extension IROp {
    /// Whether a result that has been rounded up to the least normal number was tiny before, which the host does not tell. Sums and roots that
    /// are tiny are exact.
    var mayHideUnderflow: Bool {
        guard float.tinyBefore else { return false }
        switch opcode {
        case .fmul, .fdiv, .fma, .vfmul, .vfdiv, .vfma, .vfnarrow: return true
        case .fconvert: return type != .f64
        default: return false
        }
    }

    /// Whether the runtime must see the operands of a result that is mended.
    var isMendedByOperands: Bool { float.nan != .canonical || mayHideUnderflow }
}

extension OutOfLine {
    func arriving(from jump: Int, backTo back: Int) -> OutOfLine {
        var item = OutOfLine(kind: kind, jump: jump, back: back, pc: pc)
        item.memory = memory
        item.type = type
        item.operands = operands
        item.integerOperand = integerOperand
        item.destination = destination
        item.destinationVector = destinationVector
        return item
    }
}
