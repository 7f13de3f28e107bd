import HostCode
import IR

/// Memory accesses of a program that is mapped into the host's own address space: one host instruction each. A fault finds the guest's
/// instruction through `faultSites`; only alignment is checked here.
extension BlockEmitter {
    func emitDirectMemory(_ op: IROp) {
        switch op.opcode {
        case .load: emitDirectLoad(op)
        case .store: emitDirectStore(op)
        case .atomicRMW: emitDirectAtomic(op)
        case .compareExchange: emitDirectCompareExchange(op)
        case .loadLinked: emitDirectLoadLinked(op)
        default: emitDirectStoreConditional(op)
        }
    }

    private func field(_ offset: Int) -> Memory { Memory(HostRegisters.state, offset) }

    private struct Direct {
        let base: Register
        var memory: Memory
        var misaligned = -1
    }

    /// The place of an access, and the jump away if it must be aligned and is not.
    private func directPlace(_ op: IROp, folds: Bool = true) -> Direct {
        if folds, var memory = foldedPlace(op) {
            memory.inSegment = memoryMode == .segment
            return Direct(base: memory.base, memory: memory)
        }
        let displacement = op.opcode == .load || op.opcode == .store ? op.imm : 0
        var base = use(op.a)
        var short = Int(displacement)
        if Int32(exactly: displacement) == nil {
            let sum = allocate()
            a.mov(sum, UInt64(bitPattern: displacement))
            a.alu(.add, .b64, sum, base)
            base = sum
            short = 0
        }
        var place = Direct(base: base, memory: Memory(base, short))
        place.memory.inSegment = memoryMode == .segment
        if op.memory.alignment == .fault, op.memory.size > 1 {
            if short == 0 {
                a.test(.b8, base, Int32(op.memory.size - 1))
            } else {
                let address = allocate()
                a.lea(.b64, address, Memory(base, short))
                a.test(.b8, address, Int32(op.memory.size - 1))
            }
            place.misaligned = a.jcc(.ne)
        }
        return place
    }

    /// What follows is an access to guest memory.
    private func noteSite() { faultSites.append(offset: a.offset, pc: pc) }

    /// The runtime is called for a misaligned access, and finds the fault.
    private func refuseMisaligned(
        _ place: Direct, _ op: IROp, _ kind: OutOfLine.Kind, value: Register? = nil, destination: Register? = nil
    ) {
        guard place.misaligned >= 0 else { return }
        var item = OutOfLine(kind: kind, jump: place.misaligned, back: a.offset, pc: pc)
        item.address = place.base
        item.displacement = op.opcode == .load || op.opcode == .store ? Int32(truncatingIfNeeded: op.imm) : 0
        item.memory = UInt64(op.attribute)
        item.type = op.type
        item.writes = value != nil
        item.value = value ?? .rax
        item.destination = destination ?? .rax
        item.count = instructions - begun
        if kind == .atomic { item.memory |= UInt64(op.atomic.rawValue) << 16 }
        outOfLine.append(item)
    }

    // MARK: Loads and stores

    private func emitDirectLoad(_ op: IROp) {
        let next = current + 1
        let bitsGoToVector =
            unsafe next < count && op.memory.size >= 4 && op.memory.size == op.type.bytes && ops[next].opcode == .bitcast
            && ops[next].type.livesInVector && Int(ops[next].a) == current && info[current].uses == 1
        guard bitsGoToVector || op.type.livesInVector else { return loadDirectInteger(op) }
        let place = directPlace(op)
        if bitsGoToVector {
            current = next
            resumeAt = next + 1
        }
        let vector = vectorDestination()
        if bitsGoToVector { current = next - 1 }
        noteSite()
        load(vector, bitsGoToVector ? vectorType(op) : op.type, place.memory)
        refuseMisaligned(place, op, .load)
    }

    /// What a vector register takes of an access's size.
    private func vectorType(_ op: IROp) -> IRType { [1: .f16, 2: .f32, 3: .f64, 4: .v128][op.memory.sizeLog2] ?? .f64 }

    private func loadDirectInteger(_ op: IROp) {
        let stores = forwardedStores(current)
        // The destination may be the register of the base: it is written after the access.
        let place = directPlace(op, folds: stores == nil)
        let (dst, forwarding) = forwarding(stores)
        guard let forwarding else {
            noteSite()
            load(op, dst, place.memory)
            return refuseMisaligned(place, op, .load, destination: dst)
        }
        let wrongGuess = jumpIfWrong(op, forwarding)
        if forwarding.stores.needsUpperHalf { noteSite() }
        compose(op, forwarding, dst, place.memory)
        if let wrongGuess { appendPlainLoad(op, place.memory, dst, wrongGuess) }
    }

    private func emitDirectStore(_ op: IROp) {
        let definition = unsafe ops[Int(op.b)]
        if definition.type.livesInVector { return storeDirectVector(op, op.b) }
        let width: Width = [.b8, .b16, .b32, .b64][op.memory.sizeLog2]
        if definition.opcode == .bitcast, unsafe ops[Int(definition.a)].type.livesInVector, op.memory.size >= 4 {
            return storeDirectVector(op, definition.a)
        }
        if let value = immediate(op.b, width), op.memory.alignment != .fault {
            let place = directPlace(op)
            noteSite()
            return a.mov(width, place.memory, value)
        }
        let value = use(op.b)
        let place = directPlace(op)
        noteSite()
        a.mov(width, place.memory, value)
        refuseMisaligned(place, op, .store, value: value)
    }

    private func storeDirectVector(_ op: IROp, _ source: Int32) {
        let vector = useVector(source)
        let place = directPlace(op)
        noteSite()
        store(place.memory, vectorType(op), vector)
        refuseMisaligned(place, op, .store, value: .rax)
    }

    // MARK: Atomics

    private func emitDirectAtomic(_ op: IROp) {
        let operation = op.atomic
        guard operation == .add || operation == .exchange else { return emitDirectAtomicLoop(op) }
        let width = accessWidth(op)
        let operand = use(op.b)
        let place = directPlace(op)
        let dst = allocate()
        a.mov(width == .b64 ? .b64 : .b32, dst, operand)
        noteSite()
        if operation == .add { a.lockXadd(width, place.memory, dst) } else { a.xchg(width, place.memory, dst) }
        extend(dst, op)
        own(dst, current)
        refuseMisaligned(place, op, .atomic, value: operand, destination: dst)
    }

    private func accessWidth(_ op: IROp) -> Width { [.b8, .b16, .b32, .b64][op.memory.sizeLog2] }

    /// An old value, of which only the access's own bits are true, to the operation's type.
    private func extend(_ register: Register, _ op: IROp) {
        let wide: Width = op.type == .i64 ? .b64 : .b32
        switch (op.memory.size, op.memory.isSigned) {
        case (1, true): a.movsx(wide, register, .b8, register)
        case (2, true): a.movsx(wide, register, .b16, register)
        case (4, true) where wide == .b64: a.movsx(.b64, register, .b32, register)
        case (1, false): a.movzx(register, .b8, register)
        case (2, false): a.movzx(register, .b16, register)
        case (4, false): a.mov(.b32, register, register)
        default: break
        }
    }

    /// Operations that the host does not have with the old value as result: compare-and-exchange until it succeeds.
    private func emitDirectAtomicLoop(_ op: IROp) {
        let width = accessWidth(op)
        let whole: Width = width == .b64 ? .b64 : .b32
        claim(.rax)
        let operand = use(op.b)
        let place = directPlace(op)
        let new = allocate()
        noteSite()
        switch width {
        case .b8, .b16: a.movzx(.rax, width, place.memory)
        default: a.mov(width, .rax, place.memory)
        }
        let again = a.offset
        combine(op.atomic, new, operand, width, whole)
        a.lockCmpxchg(width, place.memory, new)
        a.jcc(.ne, to: again)
        extend(.rax, op)
        own(.rax, current)
        refuseMisaligned(place, op, .atomic, value: operand, destination: .rax)
    }

    /// new = the old value in rax and the operand, combined.
    private func combine(_ operation: AtomicOperation, _ new: Register, _ operand: Register, _ width: Width, _ whole: Width) {
        let keepsOperand: [AtomicOperation: HostCondition] = [.minS: .g, .maxS: .l, .minU: .a, .maxU: .b]
        if let condition = keepsOperand[operation] {
            a.mov(whole, new, .rax)
            a.alu(.cmp, width, .rax, operand)
            return a.cmov(condition, whole, new, operand)
        }
        a.mov(whole, new, operand)
        switch operation {
        case .and: a.alu(.and, whole, new, .rax)
        case .or: a.alu(.or, whole, new, .rax)
        case .xor: a.alu(.xor, whole, new, .rax)
        default:
            a.alu(.xor, whole, new, -1)
            a.alu(.and, whole, new, .rax)
        }
    }

    private func emitDirectCompareExchange(_ op: IROp) {
        claim(.rax)
        let expected = use(op.b)
        let new = use(op.c)
        a.mov(.b64, field(CPUHeader.Offset.scratch + 8 * RuntimeFunctions.Scratch.new), new)
        let place = directPlace(op)
        let width = accessWidth(op)
        a.mov(width == .b64 ? .b64 : .b32, .rax, expected)
        noteSite()
        a.lockCmpxchg(width, place.memory, new)
        extend(.rax, op)
        own(.rax, current)
        refuseMisaligned(place, op, .compareExchange, value: expected, destination: .rax)
    }

    // MARK: Load-linked and store-conditional

    private func emitDirectLoadLinked(_ op: IROp) {
        let base = use(op.a)
        // The base may be overwritten by the result; nothing is linked while the load may still fault.
        a.mov(.b64, field(CPUHeader.Offset.accessExtra), base)
        loadDirectInteger(op)
        let link = allocate()
        a.mov(.b64, field(CPUHeader.Offset.linkedValue), location(Int32(current)).asRegister)
        a.mov(.b64, link, field(CPUHeader.Offset.accessExtra))
        a.mov(.b64, field(CPUHeader.Offset.linkedAddress), link)
    }

    /// A compare-and-exchange of what the load-linked saw.
    private func emitDirectStoreConditional(_ op: IROp) {
        let width: Width = [.b8, .b16, .b32, .b64][op.memory.sizeLog2]
        claim(.rax)
        let new = use(op.b)
        let place = directPlace(op)
        let result = allocate()
        a.mov(.b64, .rax, field(CPUHeader.Offset.linkedValue))
        a.alu(.cmp, .b64, place.base, field(CPUHeader.Offset.linkedAddress))
        let isElsewhere = a.jcc(.ne)
        noteSite()
        a.lockCmpxchg(width, place.memory, new)
        a.patch(isElsewhere, to: a.offset)
        a.setcc(.ne, result)
        a.movzx(result, .b8, result)
        a.mov(.b64, field(CPUHeader.Offset.linkedAddress), -1)
        own(result, current)
        refuseMisaligned(place, op, .compareExchange, value: new, destination: result)
    }
}
