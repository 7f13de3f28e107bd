import HostCode
import IR

/// Memory accesses: the TLB's fast half inline, everything else out of line.
extension BlockEmitter {
    func emitMemory(_ op: IROp) {
        if memoryMode != .translated, op.opcode != .fence { return emitDirectMemory(op) }
        switch op.opcode {
        case .load: emitLoad(op)
        case .store: emitStore(op)
        case .atomicRMW: emitAtomic(op)
        case .compareExchange: emitCompareExchange(op)
        case .loadLinked: emitLoadLinked(op)
        case .storeConditional: emitStoreConditional(op)
        default: emitFence(op)
        }
    }

    private func field(_ offset: Int) -> Memory { Memory(HostRegisters.state, offset) }

    struct Fast {
        let address: Register
        let entry: Register
        let miss: Int
        var misaligned = -1
        /// What the slow path finds the guest's address in, where it is not `address` and `entry`.
        var base: Register?
        /// Where the page that this access found last is remembered; nil if it goes straight to the TLB.
        var recent: RecentPageUse?
        /// Whether the lookup was for writing, and whether it opened a window.
        var checksWrites = false
        var opensWindow = false
        var memory: Memory { Memory(entry, index: address) }
    }

    /// Looks the address up. Behind it `memory` is the place in host memory; the slow path gets the address back from `address` and `entry`.
    func lookUp(_ op: IROp, writes: Bool) -> Fast {
        let memory = op.memory
        let held = locked
        let base = use(op.a)
        if let window, usesWindow(op), op.imm == window.displacement { return through(window, op, base, window.address) }
        let address = allocate()
        if let window, usesWindow(op) { return through(window, op, base, address) }
        let opened = windowToOpen(op)
        let writes = writes || opened?.writes == true
        let displacement = op.opcode == .load || op.opcode == .store ? Int(op.imm) : 0
        if displacement == 0 { a.mov(.b64, address, base) } else { a.lea(.b64, address, Memory(base, displacement)) }
        // The base may also be what is stored, and stays locked then.
        locked = held
        lock(address)
        let entry = allocate()
        if fits(op), !wanders { return lookUpRecent(op, address, entry, writes: writes, opened) }
        let descriptor = CPUHeader.Offset.tlb - 16 * memory.mmuIndex
        a.rorx(.b64, entry, address, UInt8(12 - TLBEntry.sizeLog2))
        a.alu(.and, .b64, entry, field(descriptor))
        a.alu(.add, .b64, entry, field(descriptor + 8))
        let tag = MemoryLayout<TLBEntry>.offset(of: writes ? \TLBEntry.writeTag : \TLBEntry.readTag) ?? 0
        a.alu(.xor, .b64, address, Memory(entry, tag))
        a.alu(.cmp, .b64, address, Int32(4096 - memory.size))
        let miss = a.jcc(.a)
        var misaligned = -1
        if memory.alignment == .fault, memory.size > 1 {
            a.test(.b8, address, Int32(memory.size - 1))
            misaligned = a.jcc(.ne)
        }
        a.mov(.b64, entry, Memory(entry, MemoryLayout<TLBEntry>.offset(of: \TLBEntry.host) ?? 0))
        open(opened, address, entry)
        return Fast(
            address: address, entry: entry, miss: miss, misaligned: misaligned, checksWrites: writes, opensWindow: opened != nil)
    }

    func open(_ window: PageWindow?, _ address: Register, _ entry: Register) {
        guard var window else { return }
        window.address = address
        window.entry = entry
        self.window = window
    }

    /// An access to a page that has been looked up: only that it lies within is checked.
    private func through(_ window: PageWindow, _ op: IROp, _ base: Register, _ address: Register) -> Fast {
        if address != window.address { a.lea(.b64, address, Memory(window.address, Int(op.imm - window.displacement))) }
        a.alu(.cmp, .b64, address, Int32(4096 - op.memory.size))
        return Fast(address: address, entry: window.entry, miss: a.jcc(.a), base: base)
    }

    /// The slow path of an access that was looked up.
    private func slow(_ kind: OutOfLine.Kind, _ fast: Fast, _ op: IROp, writes: Bool) -> OutOfLine {
        var item = OutOfLine(kind: kind, jump: fast.miss, back: 0, pc: pc)
        item.otherJump = fast.misaligned
        item.address = fast.base ?? fast.address
        item.entry = fast.entry
        item.recent = fast.recent
        item.checksWrites = fast.checksWrites
        item.displacement = fast.base == nil ? nil : Int32(op.imm)
        item.closesWindow = fast.opensWindow
        item.memory = UInt64(op.attribute)
        item.type = op.type
        item.writes = writes
        item.count = instructions - begun
        return item
    }

    // MARK: Loads

    private func emitLoad(_ op: IROp) {
        let next = current + 1
        let size = op.memory.size
        if next < count, size >= 4, size == op.type.bytes,
            unsafe ops[next].opcode == .bitcast && ops[next].type.livesInVector
                && Int(ops[next].a) == current && info[current].uses == 1
        {
            // The bits are wanted in a vector register only.
            current = next
            let vector = vectorDestination()
            current = next - 1
            resumeAt = next + 1
            let fast = lookUp(op, writes: false)
            var item = slow(.load, fast, op, writes: false)
            if size == 4 { a.vmovss(vector, fast.memory) } else { a.vmovsd(vector, fast.memory) }
            item.destinationVector = vector
            item.back = a.offset
            outOfLine.append(item)
        } else if op.type.livesInVector {
            let vector = vectorDestination()
            let fast = lookUp(op, writes: false)
            var item = slow(.load, fast, op, writes: false)
            load(vector, op.type, fast.memory)
            item.destinationVector = vector
            item.back = a.offset
            outOfLine.append(item)
        } else {
            _ = loadInteger(op)
        }
    }

    /// Between the jump to the slow path and the place where that comes back nothing may be moved: registers are found before.
    private func loadInteger(_ op: IROp) -> Fast {
        let (dst, forwarding) = forwarding(forwardedStores(current))
        guard let forwarding else {
            let fast = lookUp(op, writes: false)
            load(op, dst, fast.memory)
            appendLoad(op, fast, dst)
            return fast
        }
        if let guess = forwarding.stores.guess { compare(op, guess, forwarding.scratch) }
        let fast = lookUp(op, writes: true)
        let wrongGuess = forwarding.stores.guess == nil ? nil : jumpIfNotZero(forwarding.scratch)
        compose(op, forwarding, dst, fast.memory)
        if let wrongGuess { appendPlainLoad(op, fast.memory, dst, wrongGuess) }
        appendLoad(op, fast, dst)
        return fast
    }

    func jumpIfNotZero(_ register: Register) -> Int {
        a.test(.b64, register, register)
        return a.jcc(.ne)
    }

    func appendPlainLoad(_ op: IROp, _ place: Memory, _ dst: Register, _ jump: Int) {
        var item = OutOfLine(kind: .plainLoad, jump: jump, back: a.offset, pc: pc)
        item.place = place
        item.memory = UInt64(op.attribute)
        item.type = op.type
        item.destination = dst
        outOfLine.append(item)
    }

    private func appendLoad(_ op: IROp, _ fast: Fast, _ dst: Register) {
        var item = slow(.load, fast, op, writes: false)
        item.destination = dst
        item.back = a.offset
        outOfLine.append(item)
    }

    func load(_ op: IROp, _ dst: Register, _ source: Memory) {
        let memory = op.memory
        let wide: Width = op.type == .i64 ? .b64 : .b32
        switch (memory.size, memory.isSigned) {
        case (1, true): a.movsx(wide, dst, .b8, source)
        case (2, true): a.movsx(wide, dst, .b16, source)
        case (4, true) where wide == .b64: a.movsx(.b64, dst, .b32, source)
        case (1, _): a.movzx(dst, .b8, source)
        case (2, _): a.movzx(dst, .b16, source)
        case (4, _): a.mov(.b32, dst, source)
        default: a.mov(wide, dst, source)
        }
        // A signed load into a narrow type keeps the bits above the type clear.
        if memory.isSigned, op.type == .i16 { a.movzx(dst, .b16, dst) }
        if memory.isSigned, op.type == .i8 { a.movzx(dst, .b8, dst) }
    }

    // MARK: Stores

    private func emitStore(_ op: IROp) {
        let definition = unsafe ops[Int(op.b)]
        if definition.type.livesInVector { return storeFloat(op, op.b) }
        let width: Width = [.b8, .b16, .b32, .b64][op.memory.sizeLog2]
        if definition.opcode == .bitcast, unsafe ops[Int(definition.a)].type.livesInVector, op.memory.size >= 4 {
            return storeFloat(op, definition.a)
        }
        if let value = immediate(op.b, width) {
            let fast = lookUp(op, writes: true)
            a.mov(width, fast.memory, value)
            var item = slow(.store, fast, op, writes: true)
            item.immediate = value
            item.back = a.offset
            return outOfLine.append(item)
        }
        let value = use(op.b)
        let fast = lookUp(op, writes: true)
        a.mov(width, fast.memory, value)
        var item = slow(.store, fast, op, writes: true)
        item.value = value
        item.back = a.offset
        outOfLine.append(item)
    }

    private func storeFloat(_ op: IROp, _ source: Int32) {
        let vector = useVector(source)
        let fast = lookUp(op, writes: true)
        store(fast.memory, [1: .f16, 2: .f32, 3: .f64, 4: .v128][op.memory.sizeLog2] ?? .f64, vector)
        var item = slow(.store, fast, op, writes: true)
        item.vector = vector
        item.back = a.offset
        outOfLine.append(item)
    }

    // MARK: Atomics

    private func emitAtomic(_ op: IROp) {
        let operation = op.atomic
        guard op.memory.size >= 4, operation == .add || operation == .exchange else { return emitAtomicLoop(op) }
        let width: Width = op.memory.size == 8 ? .b64 : .b32
        let operand = use(op.b)
        // The value is changed by the host's instruction, so the slow path must find it elsewhere: it keeps the operand's own register.
        let dst = allocate()
        let fast = lookUp(op, writes: true)
        a.mov(width, dst, operand)
        if operation == .add { a.lockXadd(width, fast.memory, dst) } else { a.xchg(width, fast.memory, dst) }
        if op.memory.isSigned, width == .b32, op.type == .i64 { a.movsx(.b64, dst, .b32, dst) }
        own(dst, current)
        finishAtomic(.atomic, fast, op, operand, dst)
    }

    func finishAtomic(_ kind: OutOfLine.Kind, _ fast: Fast, _ op: IROp, _ operand: Register, _ dst: Register) {
        var item = slow(kind, fast, op, writes: true)
        if kind == .atomic { item.memory |= UInt64(op.atomic.rawValue) << 16 }
        item.value = operand
        item.destination = dst
        item.back = a.offset
        outOfLine.append(item)
    }

    /// Operations that the host does not have, or not with the old value as result: left to the runtime.
    func emitAtomicLoop(_ op: IROp) {
        let operand = use(op.b)
        let base = use(op.a)
        a.mov(.b64, field(CPUHeader.Offset.accessAddress), base)
        a.mov(.b64, field(CPUHeader.Offset.accessValue), operand)
        a.mov(.b64, field(CPUHeader.Offset.accessKind), Int32(op.attribute) | Int32(op.atomic.rawValue) << 16)
        a.storePC(pc)
        a.call(to: thunks[.atomic])
        fetch(op)
    }

    private func fetch(_ op: IROp) {
        let dst = destination()
        a.mov(op.type == .i64 ? .b64 : .b32, dst, field(CPUHeader.Offset.accessResult))
    }

    private func scratch(_ index: Int) -> Memory { field(CPUHeader.Offset.scratch + 8 * index) }

    private func emitCompareExchange(_ op: IROp) {
        claim(.rax)
        let expected = use(op.b)
        let held = locked
        let new = use(op.c)
        a.mov(.b64, scratch(RuntimeFunctions.Scratch.new), new)
        guard op.memory.size >= 4 else { return compareExchangeOutOfLine(op, expected) }
        locked = held
        let fast = lookUp(op, writes: true)
        let width: Width = op.memory.size == 8 ? .b64 : .b32
        // The base is not needed any more; a third temporary for the new value need not be found.
        a.alu(.add, .b64, fast.entry, fast.address)
        a.mov(.b64, fast.address, scratch(RuntimeFunctions.Scratch.new))
        a.mov(width, .rax, expected)
        a.lockCmpxchg(width, Memory(fast.entry), fast.address)
        if op.memory.isSigned, width == .b32, op.type == .i64 { a.movsx(.b64, .rax, .b32, .rax) }
        own(.rax, current)
        finishAtomic(.compareExchange, fast, op, expected, .rax)
    }

    func compareExchangeOutOfLine(_ op: IROp, _ expected: Register) {
        let base = use(op.a)
        a.mov(.b64, field(CPUHeader.Offset.accessAddress), base)
        a.mov(.b64, field(CPUHeader.Offset.accessValue), expected)
        a.mov(.b64, field(CPUHeader.Offset.accessKind), Int32(op.attribute))
        a.storePC(pc)
        a.call(to: thunks[.compareExchange])
        fetch(op)
    }

    // MARK: Load-linked and store-conditional

    private func emitLoadLinked(_ op: IROp) {
        let base = use(op.a)
        // Nothing is linked while the load may still fault.
        a.mov(.b64, field(CPUHeader.Offset.accessExtra), base)
        unlock(base)
        let fast = loadInteger(op)
        a.mov(.b64, field(CPUHeader.Offset.linkedValue), location(Int32(current)).asRegister)
        a.mov(.b64, fast.entry, field(CPUHeader.Offset.accessExtra))
        a.mov(.b64, field(CPUHeader.Offset.linkedAddress), fast.entry)
    }

    /// A compare-and-exchange of what the load-linked saw.
    private func emitStoreConditional(_ op: IROp) {
        let width: Width = op.memory.size == 8 ? .b64 : .b32
        let new = use(op.b)
        a.mov(.b64, scratch(RuntimeFunctions.Scratch.new), new)
        unlock(new)
        let base = use(op.a)
        let expected = allocate()
        a.mov(.b64, expected, field(CPUHeader.Offset.linkedValue))
        let result = allocate()
        a.alu(.cmp, .b64, base, field(CPUHeader.Offset.linkedAddress))
        let isLinked = a.jcc(.e)
        // Not linked: a misaligned address still faults, a linked one is aligned.
        a.test(.b8, base, Int32(op.memory.size - 1))
        a.mov(result, 1)
        let fails = a.jcc(.e)
        a.patch(isLinked, to: a.offset)
        a.mov(.b64, field(CPUHeader.Offset.linkedAddress), -1)
        storeConditionally(op, width, base, expected, result)
        a.patch(fails, to: a.offset)
        a.mov(.b64, field(CPUHeader.Offset.linkedAddress), -1)
        own(result, current)
    }

    private func storeConditionally(_ op: IROp, _ width: Width, _ base: Register, _ expected: Register, _ result: Register) {
        a.mov(.b64, field(CPUHeader.Offset.accessAddress), base)
        a.mov(.b64, field(CPUHeader.Offset.accessValue), expected)
        a.mov(.b64, field(CPUHeader.Offset.accessKind), Int32(op.attribute))
        a.storePC(pc)
        a.call(to: thunks[.compareExchange])
        a.alu(.cmp, width, expected, field(CPUHeader.Offset.accessResult))
        a.setcc(.ne, result)
        a.movzx(result, .b8, result)
    }

    private func emitFence(_ op: IROp) {
        // x86 keeps every order but that of an earlier store and a later load, and that too behind what is locked.
        guard FenceKind(rawValue: UInt8(truncatingIfNeeded: op.imm)).contains(.storeLoad), mayHaveStored else { return }
        // A locked operation on the stack orders the same as mfence.
        a.lockOr(Memory(.rsp), 0)
    }
}
