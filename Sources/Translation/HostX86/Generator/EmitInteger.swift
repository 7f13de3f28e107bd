import IR

/// Integer operations.
extension BlockEmitter {
    /// Whether the generator can make code for the operation; a block with another one is left to the interpreter.
    static func supports(_ op: IROp, _ block: borrowing IRBlock) -> Bool {
        // Most of all operations, first: what they work on has been looked at where it is made.
        switch op.opcode {
        case .const, .readState, .insnStart, .add, .sub, .shl, .shrU, .shrS, .sext: if op.type == .i64 || op.type == .none { return true }
        default: break
        }
        func type(_ value: Int32) -> IRType { value < 0 ? .none : block[Int(value)].type }
        func isSmall(_ type: IRType) -> Bool { type == .v128 || type.bits <= 64 }
        if op.type == .i128 || type(op.a) == .i128 { return supportsWide(op, block) }
        guard isSmall(op.type), isSmall(type(op.a)), isSmall(type(op.b)), isSmall(type(op.c)) else { return false }
        switch op.opcode {
        case let opcode where opcode.isVector: return true
        case .call: return ![op.a, op.b, op.c].contains { type($0).isVector }
        case .not: return op.type == .i32 || op.type == .i64 || op.type.isVector
        case .const, .readState, .writeState, .insnStart, .probe, .label, .br, .brIf, .brCompare, .exitDirect, .exitIndirect,
            .exitWith, .fence, .sext, .zext, .trunc, .compare:
            return true
        case .and, .or, .xor, .andNot: return true
        case .load, .store:
            return !op.memory.isBigEndian && op.memory.size <= 16 && op.memory.alignment != .within16 && BlockEmitter.fits(op, type(op.b))
        case .atomicRMW, .compareExchange, .loadLinked, .storeConditional: return !op.memory.isBigEndian && op.memory.size <= 8
        case .bitcast: return true
        case .select: return op.type == .i32 || op.type == .i64 || op.type.livesInVector
        case .boxFloat, .unboxFloat: return op.type.isFloat && type(op.a).isFloat
        case .fadd, .fsub, .fmul, .fdiv, .fsqrt, .fma, .fmin, .fmax, .fcompare, .fclass, .fconvert, .floatToInt, .intToFloat, .froundInt:
            return true
        default: return op.type == .i32 || op.type == .i64
        }
    }

    /// Floats are loaded and stored at their own size only.
    private static func fits(_ op: IROp, _ stored: IRType) -> Bool {
        let type = op.opcode == .load ? op.type : stored
        return !type.livesInVector || type.bytes == op.memory.size
    }

    func emitInteger(_ op: IROp) {
        // Logic on narrow values, which have zeros above, is done on 32 bits.
        let width: Width = op.type == .i64 ? .b64 : .b32
        switch op.opcode {
        case .add: emitAdd(op, width)
        case .sub: emitSubtract(op, width)
        case .and: emitCommutative(.and, op, width)
        case .or: emitCommutative(.or, op, width)
        case .xor: emitCommutative(.xor, op, width)
        case .andNot: emitAndNot(op, width)
        case .not: emitUnary(.not, op, width)
        case .neg: emitUnary(.neg, op, width)
        case .mul: emitMultiply(op, width)
        case .mulHighS, .mulHighU, .mulHighSU: emitMultiplyHigh(op, width)
        case .divS, .divU, .remS, .remU: emitDivide(op, width)
        case .shl where isFolded(current): unsafe info[current].location.kind = .deferred
        case .shl: emitShift(.shl, op, width)
        case .shrU: emitShift(.shr, op, width)
        case .shrS: emitShift(.sar, op, width)
        case .rotl: emitRotate(.rol, op, width)
        case .rotr: emitRotate(.ror, op, width)
        case .clz, .ctz, .popcnt: emitCount(op, width)
        case .bswap: emitByteSwap(op, width)
        case .bitReverseBytes: emitReverseBits(op, width)
        case .clmul, .clmulHigh: emitCarryless(op)
        case .minS: emitMinMax(.l, op, width)
        case .maxS: emitMinMax(.g, op, width)
        case .minU: emitMinMax(.b, op, width)
        case .maxU: emitMinMax(.a, op, width)
        case .compare: emitCompare(op)
        case .select: emitSelect(op, width)
        case .zext, .sext, .trunc: emitExtend(op)
        case .extractU, .extractS: emitExtract(op, width)
        case .deposit: emitDeposit(op, width)
        default: preconditionFailure("no host code for \(op.opcode)")
        }
    }

    // MARK: Sums and logic

    private func apply(_ kind: ALU, _ width: Width, _ dst: Register, _ operand: Operand) {
        switch operand {
        case .register(let source): a.alu(kind, width, dst, source)
        case .immediate(let value): a.alu(kind, width, dst, value)
        case .memory(let source): a.alu(kind, width, dst, source)
        }
    }

    private func isRegister(_ operand: Operand, _ register: Register) -> Bool {
        if case .register(let other) = operand { return other == register }
        return false
    }

    private func emitAdd(_ op: IROp, _ width: Width) {
        if isFolded(current) { return unsafe info[current].location.kind = .deferred }
        let left = use(op.a)
        let right = operand(op.b, width)
        let dst = destination(reusing: op.a)
        if dst == left { return apply(.add, width, dst, right) }
        switch right {
        case .immediate(let value): a.lea(width, dst, Memory(left, Int(value)))
        case .register(let other):
            if dst == other { return a.alu(.add, width, dst, left) }
            a.lea(width, dst, Memory(left, index: other))
        case .memory(let source):
            a.mov(width, dst, left)
            a.alu(.add, width, dst, source)
        }
    }

    private func emitSubtract(_ op: IROp, _ width: Width) {
        if constant(op.a) == 0 { return emitNegate(op.b, width) }
        let left = use(op.a)
        let right = operand(op.b, width)
        let dst = destination(reusing: op.a)
        if dst == left { return apply(.sub, width, dst, right) }
        if isRegister(right, dst) {
            a.unary(.neg, width, dst)
            return a.alu(.add, width, dst, left)
        }
        if case .immediate(let value) = right, value != .min { return a.lea(width, dst, Memory(left, -Int(value))) }
        a.mov(width, dst, left)
        apply(.sub, width, dst, right)
    }

    private func emitNegate(_ value: Int32, _ width: Width) {
        let source = use(value)
        let dst = destination(reusing: value)
        if dst != source { a.mov(width, dst, source) }
        a.unary(.neg, width, dst)
    }

    private func emitCommutative(_ kind: ALU, _ op: IROp, _ width: Width) {
        let left = use(op.a)
        let right = operand(op.b, width)
        let dst = destination(reusing: op.a)
        if dst == left { return apply(kind, width, dst, right) }
        if isRegister(right, dst) { return a.alu(kind, width, dst, left) }
        a.mov(width, dst, left)
        apply(kind, width, dst, right)
    }

    private func emitAndNot(_ op: IROp, _ width: Width) {
        let left = use(op.a)
        let right = use(op.b)
        let dst = destination(reusing: op.a)
        a.andn(width, dst, right, left)
    }

    private func emitUnary(_ kind: Unary, _ op: IROp, _ width: Width) {
        let source = use(op.a)
        let dst = destination(reusing: op.a)
        if dst != source { a.mov(width, dst, source) }
        a.unary(kind, width, dst)
    }

    // MARK: Products and quotients

    private func emitMultiply(_ op: IROp, _ width: Width) {
        let left = use(op.a)
        if let value = immediate(op.b, width) { return a.imul(width, destination(reusing: op.a), left, value) }
        let right = use(op.b)
        let dst = destination(reusing: op.a)
        if dst == left { return a.imul(width, dst, right) }
        if dst == right { return a.imul(width, dst, left) }
        a.mov(width, dst, left)
        a.imul(width, dst, right)
    }

    private func emitMultiplyHigh(_ op: IROp, _ width: Width) {
        claim(.rax)
        claim(.rdx)
        let left = use(op.a)
        let right = use(op.b)
        a.mov(width, .rax, left)
        a.unary(op.opcode == .mulHighS ? .imul : .mul, width, right)
        if op.opcode == .mulHighSU {
            // A negative left operand counted as 2^width too much.
            a.mov(width, .rax, left)
            a.shift(.sar, width, .rax, width == .b64 ? 63 : 31)
            a.alu(.and, width, .rax, right)
            a.alu(.sub, width, .rdx, .rax)
        }
        finish(in: .rdx, width)
    }

    /// Gives the current value a result that an instruction left in a particular register.
    private func finish(in register: Register, _ width: Width) {
        unlock(.rax)
        unlock(.rdx)
        own(register, current)
    }

    private func emitDivide(_ op: IROp, _ width: Width) {
        claim(.rax)
        claim(.rdx)
        let left = use(op.a)
        let right = use(op.b)
        let isSigned = op.opcode == .divS || op.opcode == .remS
        let isRemainder = op.opcode == .remS || op.opcode == .remU
        let result = isRemainder ? Register.rdx : .rax
        var toEnd: [Int] = []
        let divisor = constant(op.b)
        if divisor == nil || divisor == 0 {
            a.test(width, right, right)
            let nonzero = a.jcc(.ne)
            if isRemainder {
                a.mov(width, .rdx, left)
            } else {
                a.mov(.rax, op.division == .allOnes ? (width == .b64 ? .max : 0xffff_ffff) : 0)
            }
            toEnd.append(a.jmp())
            a.patch(nonzero, to: a.offset)
        }
        if isSigned, divisor == nil || divisor == op.type.mask {
            a.alu(.cmp, width, right, -1)
            let usual = a.jcc(.ne)
            if isRemainder {
                a.mov(.rdx, 0)
            } else {
                a.mov(width, .rax, left)
                a.unary(.neg, width, .rax)
            }
            toEnd.append(a.jmp())
            a.patch(usual, to: a.offset)
        }
        a.mov(width, .rax, left)
        if isSigned { a.cqo(width) } else { a.mov(.rdx, 0) }
        a.unary(isSigned ? .idiv : .div, width, right)
        for place in toEnd { a.patch(place, to: a.offset) }
        finish(in: result, width)
    }

    // MARK: Shifts

    private func emitShift(_ kind: Shift, _ op: IROp, _ width: Width) {
        let source = use(op.a)
        if let amount = constant(op.b) {
            let count = UInt8(amount & (width == .b64 ? 63 : 31))
            let dst = destination(reusing: op.a)
            if kind == .shl, dst != source, count >= 1, count <= 3, width == .b64 {
                // An index scaled by 2, 4 or 8 needs no copy.
                a.mov(width, dst, source)
                return a.shift(kind, width, dst, count)
            }
            if dst != source || count == 0 { a.mov(width, dst, source) }
            if count != 0 { a.shift(kind, width, dst, count) }
            return
        }
        let amount = use(op.b)
        a.shiftX(kind, width, destination(reusing: op.a), source, amount)
    }

    private func emitRotate(_ kind: Shift, _ op: IROp, _ width: Width) {
        let bits: UInt64 = width == .b64 ? 64 : 32
        if let amount = constant(op.b) {
            let right = kind == .ror ? amount & (bits - 1) : (bits &- amount) & (bits - 1)
            let source = use(op.a)
            return a.rorx(width, destination(reusing: op.a), source, UInt8(right))
        }
        claim(.rcx)
        let source = use(op.a)
        let amount = use(op.b)
        a.mov(.b32, .rcx, amount)
        let dst = destination(reusing: op.a, avoiding: .rcx)
        if dst != source { a.mov(width, dst, source) }
        a.shift(kind, width, dst)
    }

    // MARK: Bits

    private func emitCount(_ op: IROp, _ width: Width) {
        let source = use(op.a)
        let dst = destination(reusing: op.a)
        switch op.opcode {
        case .clz: a.lzcnt(width, dst, source)
        case .ctz: a.tzcnt(width, dst, source)
        default: a.popcnt(width, dst, source)
        }
    }

    private func emitByteSwap(_ op: IROp, _ width: Width) {
        let source = use(op.a)
        let dst = destination(reusing: op.a)
        if dst != source { a.mov(width, dst, source) }
        a.bswap(width, dst)
    }

    private func emitCarryless(_ op: IROp) {
        let left = use(op.a)
        let right = use(op.b)
        let first = allocateVector()
        let second = allocateVector()
        if op.type == .i32 {
            a.vmovd(first, left)
            a.vmovd(second, right)
        } else {
            a.vmovq(first, left)
            a.vmovq(second, right)
        }
        a.vpclmulqdq(first, first, second, 0)
        let dst = destination(reusing: op.a)
        switch (op.opcode == .clmul, op.type == .i32) {
        case (true, true): a.vmovd(dst, first)
        case (true, false): a.vmovq(dst, first)
        case (false, true): a.vpextrd(dst, first, 1)
        case (false, false): a.vpextrq(dst, first, 1)
        }
    }

    private func emitMinMax(_ keepsLeft: HostCondition, _ op: IROp, _ width: Width) {
        let left = use(op.a)
        let right = use(op.b)
        let dst = destination(reusing: op.a)
        a.alu(.cmp, width, left, right)
        if dst == right {
            a.cmov(keepsLeft, width, dst, left)
        } else {
            if dst != left { a.mov(width, dst, left) }
            a.cmov(keepsLeft.negated, width, dst, right)
        }
    }

    // MARK: Comparisons

    /// Sets the host's flags from comparing two values and returns the condition to test.
    func emitComparison(_ condition: Condition, _ left: Int32, _ right: Int32) -> HostCondition {
        let held = locked
        defer { locked = held }
        let width = unsafe width(ops[Int(left)].type)
        if constant(left) != nil, constant(right) == nil { return emitComparison(condition.swapped, right, left) }
        if let value = immediate(right, width) {
            if location(left).kind == .cell, width.bytes >= 4, dies(left) {
                a.alu(.cmp, width, Memory(HostRegisters.state, Int(location(left).aux)), value)
                return condition.host
            }
            let register = use(left)
            if value == 0 { a.test(width, register, register) } else { a.alu(.cmp, width, register, value) }
            return condition.host
        }
        if isReadOnce(left), location(right).kind == .register || location(right).kind == .pin {
            apply(.cmp, width, use(right), operand(left, width))
            return condition.swapped.host
        }
        let register = use(left)
        apply(.cmp, width, register, operand(right, width))
        return condition.host
    }

    /// Whether a value lies in memory and nobody wants it any more.
    private func isReadOnce(_ value: Int32) -> Bool { (location(value).kind == .cell || location(value).kind == .slot) && dies(value) }

    private func emitCompare(_ op: IROp) {
        let next = current + 1
        if next < count, unsafe ops[next].opcode == .select && Int(ops[next].a) == current && info[current].uses == 1 {
            unsafe info[current].location.kind = .deferred
            return
        }
        let condition = emitComparison(op.condition, op.a, op.b)
        let dst = destination()
        a.setcc(condition, dst)
        a.movzx(dst, .b8, dst)
    }

    private func emitSelect(_ op: IROp, _ width: Width) {
        let yes = use(op.b)
        let no = use(op.c)
        let condition = conditionOfSelector(op)
        let dst = destination()
        if dst == yes {
            a.cmov(condition.negated, width, dst, no)
        } else {
            if dst != no { a.mov(width, dst, no) }
            a.cmov(condition, width, dst, yes)
        }
    }

    /// Sets the flags by a selector, or by the comparison that it is.
    func conditionOfSelector(_ op: IROp) -> HostCondition {
        if unsafe info[Int(op.a)].location.kind == .deferred {
            let comparison = unsafe ops[Int(op.a)]
            return emitComparison(comparison.condition, comparison.a, comparison.b)
        }
        let held = locked
        let tested = use(op.a)
        let testWidth = unsafe self.width(ops[Int(op.a)].type)
        a.test(testWidth, tested, tested)
        locked = held
        return .ne
    }

    // MARK: Widths

    private func emitExtend(_ op: IROp) {
        if unsafe Int(info[current].root) != current { return }
        let from = unsafe width(ops[Int(op.a)].type)
        let source = use(op.a)
        let dst = destination(reusing: op.a)
        switch op.opcode {
        case .sext: from == .b64 ? a.mov(.b64, dst, source) : a.movsx(width(op.type) == .b64 ? .b64 : .b32, dst, from, source)
        case .trunc: op.type == .i32 ? a.mov(.b32, dst, source) : a.movzx(dst, width(op.type), source)
        default: from == .b32 || from == .b64 ? a.mov(from, dst, source) : a.movzx(dst, from, source)
        }
        if op.opcode == .sext, op.type == .i16 { a.movzx(dst, .b16, dst) }
    }

    private func emitExtract(_ op: IROp, _ width: Width) {
        let bits = width == .b64 ? 64 : 32
        let source = use(op.a)
        let dst = destination(reusing: op.a)
        if dst != source { a.mov(width, dst, source) }
        let left = bits - op.bitLow - op.bitCount
        if left > 0 { a.shift(.shl, width, dst, UInt8(left)) }
        if bits - op.bitCount > 0 { a.shift(op.opcode == .extractU ? .shr : .sar, width, dst, UInt8(bits - op.bitCount)) }
        if left == 0, bits == op.bitCount, width == .b32 { a.mov(.b32, dst, dst) }
    }

    private func emitDeposit(_ op: IROp, _ width: Width) {
        let bits = width == .b64 ? 64 : 32
        let low = op.bitLow, size = op.bitCount
        let whole = use(op.a)
        let field = use(op.b)
        let moved = allocate()
        a.mov(width, moved, field)
        if size < bits {
            a.shift(.shl, width, moved, UInt8(bits - size))
            if bits - size - low > 0 { a.shift(.shr, width, moved, UInt8(bits - size - low)) }
        }
        let dst = destination(avoiding: moved)
        if dst != whole || size == bits { a.mov(width, dst, whole) }
        if size < bits {
            if low > 0 { a.rorx(width, dst, dst, UInt8(low)) }
            a.shift(.shr, width, dst, UInt8(size))
            a.shift(.shl, width, dst, UInt8(size))
            if low > 0 { a.rorx(width, dst, dst, UInt8(bits - low)) }
            a.alu(.or, width, dst, moved)
        } else {
            a.mov(width, dst, moved)
        }
    }
}
