import HostCode
import IR

/// What is known of a label.
struct LabelInfo {
    var offset = -1
    /// All that the label does is to leave the block for a constant address.
    var leaves = false
    /// That address, if the jump there can be chained.
    var target: UInt64?
    /// Some branch goes to the label's own code.
    var isReached = false
    /// Instructions that were charged for and do not run when a branch leads here.
    var refund = 0
    /// The label has been passed by the analysis.
    var isSeen = false
    /// Some branch leads back here.
    var isLoopHead = false
}

/// Makes one block's machine code.
///
/// Values are kept in temporaries and computed where they are defined; guest state that is pinned is always true in its register, other
/// state always true in memory, so that a fault at any operation finds the guest's registers as they should be.
final class BlockEmitter {
    static let maxAliases = 64

    @exclusivity(unchecked) private(set) var registers: HostRegisters
    @exclusivity(unchecked) private(set) var thunks: Thunks
    /// The pins and ways out that blocks have at their entries, and usually throughout.
    let usualRegisters: HostRegisters
    let usualThunks: Thunks
    /// Of a block with loops of its own, its registers.
    @exclusivity(unchecked) private(set) var loop: LoopRegisters?
    @exclusivity(unchecked) var countsLoops = false
    let codeAlignmentBits: Int
    let countsInstructions: Bool
    let memoryMode: MemoryMode
    /// Where generated code accesses guest memory, and the guest instructions that it does so for.
    @exclusivity(unchecked) var faultSites = FaultSites()

    @exclusivity(unchecked) var a: Assembler
    @exclusivity(unchecked) var ops: UnsafeMutablePointer<IROp>
    @exclusivity(unchecked) var count = 0
    @exclusivity(unchecked) var info: UnsafeMutablePointer<ValueInfo>
    @exclusivity(unchecked) private var capacity = 0
    /// Index of the operation at hand.
    @exclusivity(unchecked) var current = 0
    /// Operations before this index have been done together with an earlier one.
    @exclusivity(unchecked) var resumeAt = 0
    /// Bit sets of registers that the operation at hand holds on to.
    @exclusivity(unchecked) var locked: UInt32 = 0
    @exclusivity(unchecked) var lockedVectors: UInt32 = 0
    /// Root values by temporary register; -1 for none.
    let owners: UnsafeMutablePointer<Int32>
    let vectorOwners: UnsafeMutablePointer<Int32>
    let aliasList: UnsafeMutablePointer<Int32>
    /// Root values by state offset / 8 of the fields that hold them; -1 for none.
    let homes: UnsafeMutablePointer<Int32>
    @exclusivity(unchecked) var aliases = 0
    /// Bit set of the pinned registers that may be among the locations of what `aliasList` names.
    @exclusivity(unchecked) var readPins: UInt32 = 0
    @exclusivity(unchecked) var slots = 0
    /// Loads so far, in all blocks: each takes the next of the recent pages.
    @exclusivity(unchecked) var recentPages = 0
    @exclusivity(unchecked) var wanderingAccesses: Set<UInt32> = []
    /// The page that accesses can share a lookup of.
    @exclusivity(unchecked) var window: PageWindow?

    /// Address of the guest instruction at hand, and whether `pc` holds it, or what was written there since.
    @exclusivity(unchecked) var pc: UInt64 = 0
    @exclusivity(unchecked) var pcIsTrue = false
    /// Instructions begun so far.
    @exclusivity(unchecked) var begun = 0
    /// Whether a store may have come since what last waited for all of them.
    @exclusivity(unchecked) private(set) var mayHaveStored = true
    @exclusivity(unchecked) var blockPC: UInt64 = 0
    @exclusivity(unchecked) private(set) var instructions = 0

    @exclusivity(unchecked) var entry = 0
    /// Where the loop begins that the block ends and counts, or that it tries.
    @exclusivity(unchecked) private(set) var loopHead: UInt64?
    /// Offsets of the checks for interrupts at the heads of loops.
    @exclusivity(unchecked) var heads: [Int] = []
    /// The block's labels, and displacements that wait for them.
    @exclusivity(unchecked) var labels: [LabelInfo] = []
    @exclusivity(unchecked) var labelFixups: [(place: Int, label: Int)] = []
    /// Code that is emitted behind the block.
    @exclusivity(unchecked) var outOfLine: [OutOfLine] = []
    /// Offset behind the code that has moved a value last, for `allocationFault`.
    @exclusivity(unchecked) var lastMove = 0
    /// Whether `allocationFault` is asked after every operation.
    @exclusivity(unchecked) var checksAllocation = false

    init(registers: HostRegisters, thunks: Thunks, codeAlignmentBits: Int, countsInstructions: Bool, memoryMode: MemoryMode) {
        self.registers = registers
        self.thunks = thunks
        usualRegisters = registers
        usualThunks = thunks
        self.codeAlignmentBits = codeAlignmentBits
        self.countsInstructions = countsInstructions
        self.memoryMode = memoryMode
        let none = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)
        unsafe a = Assembler(base: none, capacity: 1)
        unsafe ops = .allocate(capacity: 1)
        unsafe info = .allocate(capacity: 1)
        unsafe owners = .allocate(capacity: 16)
        unsafe vectorOwners = .allocate(capacity: 16)
        unsafe aliasList = .allocate(capacity: BlockEmitter.maxAliases)
        unsafe homes = .allocate(capacity: Int(BlockEmitter.homeBytes / 8))
    }

    /// From now on blocks keep to the usual pins.
    func keepUsualRegisters() {
        if loop == nil { return }
        loop = nil
        registers = usualRegisters
        thunks = usualThunks
    }

    /// The next block has loops of its own, pins of its own for them, and ways out that know these.
    func use(_ loop: LoopRegisters, _ ways: Thunks) {
        self.loop = loop
        registers = loop.registers
        thunks = ways
    }

    /// Emits the block at the assembler's offset; false if it ran out of room.
    func emit(_ block: borrowing IRBlock, _ assembler: inout Assembler) -> Bool {
        begin(block, assembler)
        analyse()
        emitEntry()
        while current < count {
            if a.isNearlyFull { return false }
            if current >= resumeAt {
                locked = 0
                lockedVectors = 0
                emitOperation(unsafe ops[current])
                if checksAllocation, let fault = allocationFault() { fatalError(fault) }
            }
            noteOrder(unsafe ops[current])
            current += 1
        }
        guard emitOutOfLine() else { return false }
        for fixup in labelFixups { a.patch(fixup.place, to: labels[fixup.label].offset) }
        assembler = a
        return true
    }

    private func begin(_ block: borrowing IRBlock, _ assembler: Assembler) {
        a = assembler
        unsafe ops = block.ops
        count = block.count
        if count > capacity {
            unsafe info.deallocate()
            capacity = count * 2
            unsafe info = .allocate(capacity: capacity)
        }
        blockPC = block.pc
        pc = block.pc
        pcIsTrue = false
        instructions = block.instructions
        current = 0
        resumeAt = 0
        begun = 0
        mayHaveStored = true
        labels.removeAll(keepingCapacity: true)
        for _ in 0..<block.labels { labels.append(LabelInfo()) }
        labelFixups.removeAll(keepingCapacity: true)
        outOfLine.removeAll(keepingCapacity: true)
        heads.removeAll(keepingCapacity: true)
        slots = 0
        lastMove = 0
        forgetValues()
    }

    /// At a label no value is alive and nothing is known.
    func forgetValues() {
        aliases = 0
        readPins = 0
        window = nil
        forgetHomes()
        for index in 0..<16 {
            unsafe owners[index] = -1
            unsafe vectorOwners[index] = -1
        }
    }

    func forgetHomes() { unsafe homes.update(repeating: -1, count: Int(BlockEmitter.homeBytes / 8)) }

    /// The check for interrupts, which `kill` can turn into a jump, and the instruction count.
    private func emitEntry() {
        a.align(16)
        entry = a.offset
        outOfLine.append(OutOfLine(kind: .leaveAtEntry, jump: a.checkRequest(), back: 0, pc: blockPC))
        if countsInstructions, instructions > 0 {
            a.alu(.sub, .b64, Memory(HostRegisters.state, CPUHeader.Offset.budget), Int32(instructions))
            outOfLine.append(OutOfLine(kind: .outOfBudget, jump: a.jcc(.s), back: 0, pc: blockPC, count: instructions))
        }
        loopHead = !countsLoops ? nil : loop == nil ? findLoopHead() : blockPC
        if loopHead != nil { count(loop == nil ? CPUHeader.loopCounter(blockPC) : CPUHeader.Offset.trialEntries, .hotLoop) }
        loop?.enter(&a)
    }

    /// Counts down, and leaves when that is done.
    func count(_ counter: Int, _ kind: OutOfLine.Kind) {
        a.alu(.sub, .b32, Memory(HostRegisters.state, counter), 1)
        outOfLine.append(OutOfLine(kind: kind, jump: a.jcc(.s), back: 0, pc: blockPC))
    }

    /// Keeps track of whether a store may still be on its way: what is locked waits for those before it.
    private func noteOrder(_ op: IROp) {
        switch op.opcode {
        case .store, .storeConditional, .call, .label: mayHaveStored = true
        case .atomicRMW, .compareExchange: mayHaveStored = false
        case .fence where FenceKind(rawValue: UInt8(truncatingIfNeeded: op.imm)).contains(.storeLoad): mayHaveStored = false
        default: break
        }
    }

    private func emitOperation(_ op: IROp) {
        if op.type == .i128 || op.opcode == .trunc && isWide(op.a) { return emitWide(op) }
        switch op.opcode {
        case .const: unsafe info[current].location.kind = .constant
        case .readState: emitRead(op)
        case .writeState: emitWrite(op)
        case .insnStart:
            pc = UInt64(bitPattern: op.imm)
            pcIsTrue = false
            begun += 1
        case .probe: break
        case .load, .store, .atomicRMW, .compareExchange, .loadLinked, .storeConditional, .fence: emitMemory(op)
        case .fadd, .fsub, .fmul, .fdiv, .fsqrt, .fma, .fmin, .fmax, .fcompare, .fclass, .fconvert, .floatToInt, .intToFloat, .froundInt,
            .unboxFloat, .boxFloat:
            emitFloat(op)
        case .bitcast: emitBitcast(op)
        case .select where op.type.livesInVector: emitVectorSelect(op)
        case .and, .or, .xor, .andNot, .not:
            if op.type.isVector { emitVectorLogic(op) } else { emitInteger(op) }
        case .zext where op.type.isVector: emitVectorExtend(op)
        case .trunc where unsafe ops[Int(op.a)].type.isVector: emitVectorTrunc(op)
        case let opcode where opcode.isVector: emitVector(op)
        case .call, .label, .br, .brIf, .brCompare, .exitDirect, .exitIndirect, .exitWith: emitControl(op)
        default: emitInteger(op)
        }
    }

    // MARK: Guest state

    private func emitRead(_ op: IROp) {
        if let pin = registers.vectorPin(at: op.imm) {
            if !op.type.livesInVector { return a.vmovq(destination(), pin) }
            unsafe info[current].location = .vectorPin(pin)
        } else if let pin = registers.pin(at: op.imm) {
            if op.type.livesInVector { return a.vmovq(vectorDestination(), pin) }
            unsafe info[current].location = .pin(pin)
        } else {
            unsafe info[current].location = .cell(op.imm)
        }
        addAlias(current)
    }

    private func emitWrite(_ op: IROp) {
        if op.imm == Int64(CPUHeader.Offset.pc) { pcIsTrue = true }
        if unsafe ops[Int(op.a)].type.livesInVector {
            writeFloat(op)
        } else if let pin = registers.vectorPin(at: op.imm) {
            preserve(pin)
            a.vmovq(pin, use(op.a))
        } else if let pin = registers.pin(at: op.imm) {
            write(op, pin)
        } else {
            writeCell(op)
        }
    }

    private func write(_ op: IROp, _ pin: Register) {
        let root = root(op.a)
        let location = unsafe info[root].location
        if location.kind == .pin, location.asRegister == pin {
            if lives(root) { addAlias(root) }
            return
        }
        preserve(pin)
        if let value = constant(op.a) { return a.mov(pin, value) }
        switch operand(op.a, .b64) {
        case .immediate: break
        case .memory(let source): a.mov(.b64, pin, source)
        case .register(let register):
            a.mov(.b64, pin, register)
            if lives(root), unsafe info[root].location.kind == .register {
                unsafe owners[Int(register.rawValue)] = -1
                unsafe info[root].location = .pin(pin)
                addAlias(root)
            }
        }
    }

    private func writeCell(_ op: IROp) {
        preserve(cell: op.imm)
        let destination = Memory(HostRegisters.state, Int(op.imm))
        let width = width(op.type)
        if let value = immediate(op.a, width) { return a.mov(width, destination, value) }
        a.mov(width, destination, use(op.a))
        if width == .b64 { setHome(op.imm, root(op.a)) }
    }

    private func writeFloat(_ op: IROp) {
        let root = root(op.a)
        if let pin = registers.pin(at: op.imm) {
            preserve(pin)
            return a.vmovq(pin, useVector(op.a))
        }
        guard let pin = registers.vectorPin(at: op.imm) else {
            preserve(cell: op.imm)
            return store(Memory(HostRegisters.state, Int(op.imm)), op.type, useVector(op.a))
        }
        let location = unsafe info[root].location
        if location.kind == .vectorPin, location.asVector == pin {
            if lives(root) { addAlias(root) }
            return
        }
        preserve(pin)
        if location.kind == .cell { return load(pin, op.type, Memory(HostRegisters.state, Int(location.aux))) }
        let vector = useVector(op.a)
        a.vmovaps(pin, vector)
    }

    // MARK: The guest's address

    /// Around what may fault or look at the count: the instructions behind this one have not run.
    func refund(_ count: Int) {
        if countsInstructions, count > 0 { a.alu(.add, .b64, Memory(HostRegisters.state, CPUHeader.Offset.budget), Int32(count)) }
    }

    func charge(_ count: Int) {
        if countsInstructions, count > 0 { a.alu(.sub, .b64, Memory(HostRegisters.state, CPUHeader.Offset.budget), Int32(count)) }
    }
}
