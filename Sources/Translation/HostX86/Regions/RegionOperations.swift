import IR
import Regions

/// One operation each. Operands are in registers, on the stack or constants; rax and rcx are free.
extension RegionEmitter {
    private var scratch: Register { RegisterAllocation.scratch }
    private var second: Register { RegisterAllocation.secondScratch }

    mutating func emit(_ value: Int32, _ node: Region.Node) {
        let op = node.op
        switch op.opcode {
        case .const: break
        case .bitcast where places[value].isSlot && places.originals[value] != nil: break
        case .insnStart: pc = UInt64(bitPattern: op.imm)
        case .readState: a.mov(width(op.type), target(value), field(Int(op.imm)))
        case .writeState: emitWrite(value, op)
        case .load: if node.op.b < 0 { emitLoad(value, node, target(value)) } else { emitLikelyLoad(value, node) }
        case .store: emitStore(value, node)
        case .fence:
            // A locked operation on the stack orders the same as mfence; other orders are the host's own.
            if FenceKind(rawValue: UInt8(truncatingIfNeeded: op.imm)).contains(.storeLoad) { a.lockOr(Memory(.rsp), 0) }
        case .brCompare: branch(emitComparison(op.condition, op.a, op.b, width(node.width)))
        case .brIf: branch(emitTest(op.a, width(node.width)))
        case .exitDirect, .exitIndirect, .exitWith: emitExit(value, op)
        default: emitComputation(value, node)
        }
        // A copy that stays where its original is needs nothing.
        if case .slot(let number) = places[value], places.originals[value] == nil { a.mov(.b64, ParallelMoves.slot(number), scratch) }
    }

    private mutating func emitComputation(_ value: Int32, _ node: Region.Node) {
        let op = node.op
        let dst = target(value)
        let width = width(op.type)
        switch op.opcode {
        case .add: emitAdd(op, width, dst)
        case .sub: emitSubtract(op, width, dst)
        case .and: emitCommutative(.and, op, width, dst)
        case .or: emitCommutative(.or, op, width, dst)
        case .xor: emitCommutative(.xor, op, width, dst)
        case .andNot: a.andn(width, dst, register(op.b, second), register(op.a, scratch))
        case .not: emitUnary(.not, op, width, dst)
        case .neg: emitUnary(.neg, op, width, dst)
        case .mul: emitMultiply(op, width, dst)
        case .mulHighS, .mulHighU: emitMultiplyHigh(op, width, dst)
        case .divS, .divU, .remS, .remU: emitDivide(op, width, dst)
        case .shl: emitShift(.shl, op, width, dst)
        case .shrU: emitShift(.shr, op, width, dst)
        case .shrS: emitShift(.sar, op, width, dst)
        case .rotl: emitRotate(.rol, op, width, dst)
        case .rotr: emitRotate(.ror, op, width, dst)
        case .clz: a.lzcnt(width, dst, register(op.a, scratch))
        case .ctz: a.tzcnt(width, dst, register(op.a, scratch))
        case .popcnt: a.popcnt(width, dst, register(op.a, scratch))
        case .bswap:
            load(dst, op.a)
            a.bswap(width, dst)
        case .minS: emitExtreme(.ltS, op, width, dst)
        case .maxS: emitExtreme(.gtS, op, width, dst)
        case .minU: emitExtreme(.ltU, op, width, dst)
        case .maxU: emitExtreme(.gtU, op, width, dst)
        case .compare:
            let condition = emitComparison(op.condition, op.a, op.b, self.width(node.width))
            a.setcc(condition, dst)
            a.movzx(dst, .b8, dst)
        case .select: emitSelect(node, width, dst)
        case .zext, .sext: emitExtend(node, dst)
        case .trunc, .bitcast: load(dst, op.a)
        case .extractU, .extractS: emitExtract(op, width, dst)
        case .deposit: emitDeposit(op, width, dst)
        default: preconditionFailure("no host code for \(op.opcode) in a region")
        }
    }

    // MARK: Operands

    /// Where a result is made.
    private func target(_ value: Int32) -> Register {
        if case .register(let register) = places[value] { return register }
        return scratch
    }

    private func place(_ value: Int32) -> Register? {
        if case .register(let register) = places[value] { return register }
        return nil
    }

    /// Puts a value into a register.
    mutating func load(_ register: Register, _ value: Int32) {
        if let constant = region.constant(value) {
            let mask = region.nodes[Int(value)].op.type.mask
            return a.mov(register, UInt64(bitPattern: constant) & mask)
        }
        ParallelMoves.load(register, .location(places[value]), &a)
    }

    /// The register that holds a value: its own, or the one that is given.
    private mutating func register(_ value: Int32, _ scratch: Register) -> Register {
        if let register = place(value) { return register }
        load(scratch, value)
        return scratch
    }

    /// A value as a second operand: its constant if that fits, its place on the stack, or a register.
    private mutating func operand(_ value: Int32, _ width: Width) -> Operand {
        if let constant = region.constant(value) {
            if let short = immediate(constant, width) { return .immediate(short) }
            load(second, value)
            return .register(second)
        }
        switch places[value] {
        case .register(let register): return .register(register)
        case .slot(let number): return .memory(ParallelMoves.slot(number))
        case .none: preconditionFailure("a value that is used is somewhere")
        }
    }

    private func immediate(_ constant: Int64, _ width: Width) -> Int32? {
        switch width {
        case .b8: Int32(Int8(truncatingIfNeeded: constant))
        case .b16: Int32(Int16(truncatingIfNeeded: constant))
        case .b32: Int32(truncatingIfNeeded: constant)
        case .b64: Int32(exactly: constant)
        }
    }

    private mutating func apply(_ kind: ALU, _ width: Width, _ dst: Register, _ operand: Operand) {
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

    // MARK: Sums, logic, products

    private mutating func emitAdd(_ op: IROp, _ width: Width, _ dst: Register) {
        if let left = place(op.a), left != dst {
            switch operand(op.b, width) {
            case .immediate(let value): return a.lea(width, dst, Memory(left, Int(value)))
            case .register(let right) where right != dst: return a.lea(width, dst, Memory(left, index: right))
            default: break
            }
        }
        emitCommutative(.add, op, width, dst)
    }

    private mutating func emitCommutative(_ kind: ALU, _ op: IROp, _ width: Width, _ dst: Register) {
        if region.constant(op.a) == nil, place(op.b) == dst, place(op.a) != dst { return apply(kind, width, dst, operand(op.a, width)) }
        if region.constant(op.a) != nil, place(op.b) == dst {
            let left = operand(op.a, width)
            return apply(kind, width, dst, left)
        }
        load(dst, op.a)
        apply(kind, width, dst, operand(op.b, width))
    }

    private mutating func emitSubtract(_ op: IROp, _ width: Width, _ dst: Register) {
        let right = operand(op.b, width)
        if isRegister(right, dst), place(op.a) != dst {
            load(scratch, op.a)
            a.alu(.sub, width, scratch, dst)
            return a.mov(.b64, dst, scratch)
        }
        if case .immediate(let value) = right, value != .min, let left = place(op.a), left != dst {
            return a.lea(width, dst, Memory(left, -Int(value)))
        }
        load(dst, op.a)
        apply(.sub, width, dst, right)
    }

    private mutating func emitUnary(_ kind: Unary, _ op: IROp, _ width: Width, _ dst: Register) {
        load(dst, op.a)
        a.unary(kind, width, dst)
    }

    private mutating func emitMultiply(_ op: IROp, _ width: Width, _ dst: Register) {
        if let constant = region.constant(op.b), let short = immediate(constant, width) {
            return a.imul(width, dst, register(op.a, scratch), short)
        }
        if place(op.b) == dst, place(op.a) != dst {
            return a.imul(width, dst, register(op.a, second))
        }
        load(dst, op.a)
        switch operand(op.b, width) {
        case .memory(let memory): a.imul(width, dst, memory)
        case .register(let register): a.imul(width, dst, register)
        case .immediate(let value): a.imul(width, dst, dst, value)
        }
    }

    /// rdx may be somebody's: it is put aside.
    private mutating func aroundRDX(_ dst: Register, _ result: Register, _ body: (inout RegionEmitter) -> Void) {
        if dst != .rdx { a.mov(.b64, ParallelMoves.slot(0), .rdx) }
        body(&self)
        if dst == .rdx {
            if result != .rdx { a.mov(.b64, .rdx, result) }
            return
        }
        if result == .rdx { a.mov(.b64, .rax, .rdx) }
        a.mov(.b64, .rdx, ParallelMoves.slot(0))
        if dst != .rax { a.mov(.b64, dst, .rax) }
    }

    private mutating func emitMultiplyHigh(_ op: IROp, _ width: Width, _ dst: Register) {
        aroundRDX(dst, .rdx) { emitter in
            emitter.load(.rcx, op.b)
            emitter.load(.rax, op.a)
            emitter.a.unary(op.opcode == .mulHighS ? .imul : .mul, width, .rcx)
        }
    }

    private mutating func emitDivide(_ op: IROp, _ width: Width, _ dst: Register) {
        let isSigned = op.opcode == .divS || op.opcode == .remS
        let isRemainder = op.opcode == .remS || op.opcode == .remU
        aroundRDX(dst, isRemainder ? .rdx : .rax) { emitter in
            emitter.load(.rcx, op.b)
            emitter.load(.rax, op.a)
            emitter.emitQuotient(
                op, width, isSigned: isSigned, isRemainder: isRemainder,
                divisor: emitter.region.constant(op.b).map { UInt64(bitPattern: $0) & op.type.mask })
        }
    }

    /// rax divided by rcx: quotient to rax, remainder to rdx.
    private mutating func emitQuotient(_ op: IROp, _ width: Width, isSigned: Bool, isRemainder: Bool, divisor: UInt64?) {
        var toEnd: [Int] = []
        if divisor == nil || divisor == 0 {
            a.test(width, .rcx, .rcx)
            let nonzero = a.jcc(.ne)
            a.mov(width, .rdx, .rax)
            if !isRemainder { a.mov(.rax, op.division == .allOnes ? (width == .b64 ? .max : 0xffff_ffff) : 0) }
            toEnd.append(a.jmp())
            a.patch(nonzero, to: a.offset)
        }
        if isSigned, divisor == nil || divisor == op.type.mask {
            a.alu(.cmp, width, .rcx, -1)
            let usual = a.jcc(.ne)
            a.unary(.neg, width, .rax)
            a.mov(.rdx, 0)
            toEnd.append(a.jmp())
            a.patch(usual, to: a.offset)
        }
        if isSigned { a.cqo(width) } else { a.mov(.rdx, 0) }
        a.unary(isSigned ? .idiv : .div, width, .rcx)
        for place in toEnd { a.patch(place, to: a.offset) }
    }

    // MARK: Shifts

    private mutating func emitShift(_ kind: Shift, _ op: IROp, _ width: Width, _ dst: Register) {
        guard let amount = region.constant(op.b) else {
            return a.shiftX(kind, width, dst, register(op.a, scratch), register(op.b, second))
        }
        let count = UInt8(amount & (width == .b64 ? 63 : 31))
        if width == .b32, let source = place(op.a), source != dst {
            a.mov(.b32, dst, source)
        } else {
            load(dst, op.a)
            if width == .b32, count == 0 { a.mov(.b32, dst, dst) }
        }
        if count != 0 { a.shift(kind, width, dst, count) }
    }

    private mutating func emitRotate(_ kind: Shift, _ op: IROp, _ width: Width, _ dst: Register) {
        let bits: Int64 = width == .b64 ? 64 : 32
        if let amount = region.constant(op.b) {
            let right = kind == .ror ? amount & (bits - 1) : (bits &- amount) & (bits - 1)
            return a.rorx(width, dst, register(op.a, scratch), UInt8(right))
        }
        load(.rax, op.a)
        load(.rcx, op.b)
        // A count of 0 may leave what lies above a word.
        if width == .b32 { a.mov(.b32, .rax, .rax) }
        a.shift(kind, width, .rax)
        a.mov(.b64, dst, .rax)
    }

    // MARK: Comparisons

    /// Sets the flags and returns the condition to test.
    private mutating func emitComparison(_ condition: Condition, _ left: Int32, _ right: Int32, _ width: Width) -> HostCondition {
        if region.constant(left) != nil, region.constant(right) == nil { return emitComparison(condition.swapped, right, left, width) }
        if case .slot(let number) = places[left], let constant = region.constant(right), let short = immediate(constant, width) {
            a.alu(.cmp, width, ParallelMoves.slot(number), short)
            return condition.host
        }
        if case .slot(let number) = places[left], let other = place(right) {
            a.alu(.cmp, width, other, ParallelMoves.slot(number))
            return condition.swapped.host
        }
        let register = register(left, scratch)
        let other = operand(right, width)
        if case .immediate(0) = other { a.test(width, register, register) } else { apply(.cmp, width, register, other) }
        return condition.host
    }

    private mutating func emitTest(_ value: Int32, _ width: Width) -> HostCondition {
        let register = register(value, scratch)
        a.test(width, register, register)
        return .ne
    }

    private mutating func emitSelect(_ node: Region.Node, _ width: Width, _ dst: Register) {
        let op = node.op
        var condition: HostCondition
        if region.fused.contains(op.a) {
            let comparison = region.nodes[Int(op.a)]
            condition = emitComparison(comparison.op.condition, comparison.op.a, comparison.op.b, self.width(comparison.width))
        } else {
            condition = emitTest(op.a, self.width(node.width))
        }
        choose(condition, op.b, op.c, width, dst)
    }

    /// The first value where the condition holds, else the second one. Moves leave the flags alone.
    private mutating func choose(_ condition: HostCondition, _ yes: Int32, _ no: Int32, _ width: Width, _ dst: Register) {
        if place(yes) == dst {
            a.cmov(condition.negated, width, dst, register(no, second))
        } else {
            let other = register(yes, second)
            load(dst, no)
            a.cmov(condition, width, dst, other)
        }
    }

    private mutating func emitExtreme(_ keepsLeft: Condition, _ op: IROp, _ width: Width, _ dst: Register) {
        let condition = emitComparison(keepsLeft, op.a, op.b, width)
        choose(condition, op.a, op.b, width, dst)
    }

    // MARK: Widths

    private mutating func emitExtend(_ node: Region.Node, _ dst: Register) {
        let from = width(node.width), to = width(node.op.type)
        if from == .b64 { return load(dst, node.op.a) }
        if region.constant(node.op.a) != nil { load(scratch, node.op.a) }
        if case .slot(let number) = places[node.op.a] {
            let memory = ParallelMoves.slot(number)
            if node.op.opcode == .sext { return a.movsx(to, dst, from, memory) }
            return from == .b32 ? a.mov(.b32, dst, memory) : a.movzx(dst, from, memory)
        }
        let source = place(node.op.a) ?? scratch
        if node.op.opcode == .sext { return a.movsx(to, dst, from, source) }
        if from == .b32 { a.mov(.b32, dst, source) } else { a.movzx(dst, from, source) }
    }

    private mutating func emitExtract(_ op: IROp, _ width: Width, _ dst: Register) {
        let bits = width == .b64 ? 64 : 32
        load(dst, op.a)
        let left = bits - op.bitLow - op.bitCount
        if left > 0 { a.shift(.shl, width, dst, UInt8(left)) }
        if bits - op.bitCount > 0 { a.shift(op.opcode == .extractU ? .shr : .sar, width, dst, UInt8(bits - op.bitCount)) }
        if left == 0, bits == op.bitCount, width == .b32 { a.mov(.b32, dst, dst) }
    }

    private mutating func emitDeposit(_ op: IROp, _ width: Width, _ dst: Register) {
        let bits = width == .b64 ? 64 : 32
        let (low, size) = (op.bitLow, op.bitCount)
        if size == bits {
            load(dst, op.b)
            return a.mov(width, dst, dst)
        }
        let moved = dst == scratch ? second : scratch
        load(moved, op.b)
        a.shift(.shl, width, moved, UInt8(bits - size))
        if bits - size - low > 0 { a.shift(.shr, width, moved, UInt8(bits - size - low)) }
        load(dst, op.a)
        if low > 0 { a.rorx(width, dst, dst, UInt8(low)) }
        a.shift(.shr, width, dst, UInt8(size))
        a.shift(.shl, width, dst, UInt8(size))
        if low > 0 { a.rorx(width, dst, dst, UInt8(bits - low)) }
        a.alu(.or, width, dst, moved)
    }

    // MARK: Memory and state

    private mutating func emitWrite(_ value: Int32, _ op: IROp) {
        if let item = recovery.writes[value] { return restored([item]).forEach { restore($0) } }
        let width: Width = op.type == .i64 ? .b64 : op.type == .i32 ? .b32 : op.type == .i16 ? .b16 : .b8
        if let constant = region.constant(op.a), let short = immediate(constant, width) { return a.mov(width, field(Int(op.imm)), short) }
        a.mov(width, field(Int(op.imm)), register(op.a, scratch))
    }

    /// The place of an access; uses rax, and rcx for a moment.
    private mutating func memory(_ node: Region.Node) -> Memory {
        let op = node.op
        var memory: Memory
        if op.c < 0 {
            memory = Memory(register(op.a, scratch), Int(op.imm))
        } else if let base = place(op.a), let index = place(op.c) {
            memory = Memory(base, index: index, scale: node.width, Int(op.imm))
        } else if let base = place(op.a) {
            load(scratch, op.c)
            memory = Memory(base, index: scratch, scale: node.width, Int(op.imm))
        } else if let index = place(op.c) {
            load(scratch, op.a)
            memory = Memory(scratch, index: index, scale: node.width, Int(op.imm))
        } else {
            load(scratch, op.c)
            load(second, op.a)
            a.lea(.b64, scratch, Memory(second, index: scratch, scale: node.width))
            memory = Memory(scratch, Int(op.imm))
        }
        memory.inSegment = memoryMode == .segment
        return memory
    }

    private mutating func noteSite(_ value: Int32) {
        code.sites.append(.init(offset: a.offset, pc: pc, items: restored(recovery.atNode[value] ?? [])))
    }

    /// A load whose value is known if its address is what it is likely to be; else it goes out of line.
    private mutating func emitLikelyLoad(_ value: Int32, _ node: Region.Node) {
        let op = node.op
        a.lea(.b64, scratch, Memory(register(op.a, scratch), Int(op.imm - node.likelyDisplacement)))
        apply(.cmp, .b64, scratch, operand(op.c, .b64))
        let jump = a.jcc(.ne)
        let dst = target(value)
        load(dst, op.b)
        unlikelyLoads.append(UnlikelyLoad(value: value, jump: jump, back: a.offset, pc: pc))
    }

    mutating func emitUnlikely(_ load: UnlikelyLoad) {
        var node = region.nodes[Int(load.value)]
        node.op.b = -1
        node.op.c = -1
        pc = load.pc
        a.patch(load.jump, to: a.offset)
        emitLoad(load.value, node, target(load.value))
        a.jmp(to: load.back)
    }

    private mutating func emitLoad(_ value: Int32, _ node: Region.Node, _ dst: Register) {
        let memory = memory(node)
        let wide = width(node.op.type)
        noteSite(value)
        switch (node.op.memory.size, node.op.memory.isSigned) {
        case (1, true): a.movsx(wide, dst, .b8, memory)
        case (1, false): a.movzx(dst, .b8, memory)
        case (2, true): a.movsx(wide, dst, .b16, memory)
        case (2, false): a.movzx(dst, .b16, memory)
        case (4, true) where wide == .b64: a.movsx(.b64, dst, .b32, memory)
        case (4, _): a.mov(.b32, dst, memory)
        default: a.mov(.b64, dst, memory)
        }
    }

    private mutating func emitStore(_ value: Int32, _ node: Region.Node) {
        let width: Width = [.b8, .b16, .b32, .b64][node.op.memory.sizeLog2]
        let memory = memory(node)
        if let constant = region.constant(node.op.b), let short = immediate(constant, width) {
            noteSite(value)
            return a.mov(width, memory, short)
        }
        let source = register(node.op.b, second)
        noteSite(value)
        a.mov(width, memory, source)
    }
}
