import HostCode
import IR
import Regions

/// What has to be known of a region's machine code after it is made.
struct RegionCode {
    /// An access to guest memory: where it is, which instruction it belongs to, and what is to be restored if it faults.
    struct Site {
        let offset: Int
        let pc: UInt64
        let items: [RestoredField]
    }

    var entry = 0
    var end = 0
    var heads: [Int] = []
    var sites: [Site] = []
    /// Where it goes on when guest state is whole in memory.
    var exit = 0
}

/// A field of guest state, and how its value is made: from something, in steps.
struct RestoredField {
    struct Step {
        let opcode: Opcode
        let width: Width
        /// Of an extension the width of what is extended.
        let from: Width
        /// A constant or a place.
        let operand: MoveSource?
    }

    let offset: Int
    let width: Width
    let source: MoveSource
    var steps: [Step] = []
}

/// Makes a region's machine code: blocks in their order, then what leads out of them.
struct RegionEmitter {
    let region: Region
    let recovery: Recovery
    let places: RegisterAllocation
    let usual: HostRegisters
    let thunks: Thunks
    let memoryMode: MemoryMode
    let codeAlignmentBits: Int
    var a: Assembler
    var code = RegionCode()
    var number = 0
    var pc: UInt64 = 0

    /// Offsets of blocks, and displacements that wait for them.
    private var offsets: [Int]
    private var fixups: [(place: Int, block: Int)] = []
    /// Displacements of jumps that leave where a loop begins anew.
    private var ways: [WayOut] = []

    /// Loads that are not from where they were likely to be.
    var unlikelyLoads: [UnlikelyLoad] = []

    struct UnlikelyLoad {
        let value: Int32
        let jump: Int
        let back: Int
        let pc: UInt64
    }

    struct WayOut {
        let jump: Int
        let pc: UInt64
        let items: [RestoredField]
    }

    init(
        _ plan: RegionPlan, _ usual: HostRegisters, _ thunks: Thunks, memoryMode: MemoryMode, codeAlignmentBits: Int, _ assembler: Assembler
    ) {
        region = plan.region
        recovery = plan.recovery
        places = plan.places
        self.usual = usual
        self.thunks = thunks
        self.memoryMode = memoryMode
        self.codeAlignmentBits = codeAlignmentBits
        a = assembler
        offsets = [Int](repeating: -1, count: region.blocks.count)
    }

    /// Emits everything. `checks` are fields that must hold sign-extended words; the displacements that are returned lead to where it goes on if
    /// they do not.
    mutating func emit(checks: Set<Int32>) -> [Int] {
        let wrong = emitEntry(checks)
        for number in region.blocks.indices { emitBlock(number) }
        for load in unlikelyLoads { emitUnlikely(load) }
        for way in ways {
            a.patch(way.jump, to: a.offset)
            leave(way.items, to: way.pc)
        }
        for fixup in fixups { a.patch(fixup.place, to: offsets[fixup.block]) }
        code.exit = a.offset
        loadPins()
        a.jmp(to: thunks.exit)
        code.end = a.offset
        return wrong
    }

    // MARK: Entry

    /// The check for interrupts, which `kill` can turn into a jump.
    mutating func emitCheckOfRequest() {
        a.align(16)
        code.entry = a.offset
        let jump = a.checkRequest()
        ways.append(WayOut(jump: jump, pc: region.blocks[1].pc, items: pinItems()))
    }

    /// Of code that is entered from other code of its own kind.
    mutating func emitStart() { code.entry = a.offset }

    /// While the usual pins are in their registers they are to be restored from there.
    private func pinItems() -> [RestoredField] {
        usual.pins.map { RestoredField(offset: $0.offset, width: .b64, source: .location(.register($0.register))) }
    }

    private mutating func emitEntry(_ checks: Set<Int32>) -> [Int] {
        var wrong: [Int] = []
        for value in checks.sorted() where recovery.liveness.isUsed(value) {
            let offset = region.nodes[Int(value)].op.imm
            let scratch = RegisterAllocation.scratch
            if let pin = usual.pin(at: offset) {
                a.movsx(.b64, scratch, .b32, pin)
                a.alu(.cmp, .b64, scratch, pin)
            } else {
                a.movsx(.b64, scratch, .b32, field(Int(offset)))
                a.alu(.cmp, .b64, scratch, field(Int(offset)))
            }
            wrong.append(a.jcc(.ne))
        }
        for pin in usual.pins { pin.store(&a) }
        var moves = ParallelMoves()
        for value in region.blocks[0].body where region.nodes[Int(value)].kind == .entry && recovery.liveness.isUsed(value) {
            let offset = region.nodes[Int(value)].op.imm
            if let pin = usual.pin(at: offset) {
                moves.append(places[value], .location(.register(pin)))
            } else {
                moves.append(places[value], region.nodes[Int(value)].op.type == .i32 ? .word(Int(offset)) : .field(Int(offset)))
            }
        }
        moves.emit(&a)
        return wrong
    }

    // MARK: Blocks

    private mutating func emitBlock(_ number: Int) {
        self.number = number
        let block = region.blocks[number]
        pc = block.pc
        if block.isHead {
            a.align(16)
            offsets[number] = a.offset
            code.heads.append(a.offset)
            let items = restored(recovery.atHead[number] ?? [])
            ways.append(WayOut(jump: a.checkRequest(), pc: pc, items: items))
        } else {
            offsets[number] = a.offset
        }
        for item in restored(recovery.atStart[number] ?? []) { restore(item) }
        for value in block.body where recovery.liveness.isUsed(value) && !region.fused.contains(value) {
            guard region.nodes[Int(value)].kind == .operation else { continue }
            emit(value, region.nodes[Int(value)])
        }
        guard let first = block.successors.first else { return }
        if block.successors.count == 1 {
            emitMoves(to: first)
            jump(to: first)
        }
    }

    /// Goes on at a block that does not follow.
    mutating func jump(to target: Int) {
        if target == number + 1 { return }
        fixups.append((a.jmp(), target))
    }

    mutating func branch(_ condition: HostCondition) {
        let successors = region.blocks[number].successors
        let (taken, other) = (through(successors[0]), successors[1])
        if taken == number + 1 {
            fixups.append((a.jcc(condition.negated), through(other)))
        } else {
            fixups.append((a.jcc(condition), taken))
            if other != number + 1 { fixups.append((a.jmp(), through(other))) }
        }
    }

    /// Where a way leads in the end: a block that has nothing to do is passed.
    private func through(_ target: Int) -> Int {
        let block = region.blocks[target]
        guard block.body.isEmpty, !block.isHead, recovery.atStart[target] == nil, block.successors.count == 1,
            moves(from: target, to: block.successors[0]).isEmpty
        else { return target }
        return through(block.successors[0])
    }

    private func moves(from source: Int, to target: Int) -> ParallelMoves {
        var moves = ParallelMoves()
        guard let edge = region.blocks[target].predecessors.firstIndex(of: source) else { return moves }
        for phi in region.blocks[target].phis where recovery.liveness.isUsed(phi) {
            guard let argument = region.arguments[phi]?[edge] else { continue }
            if let constant = region.constant(argument) {
                moves.append(places[phi], .constant(UInt64(bitPattern: constant) & region.nodes[Int(phi)].op.type.mask))
            } else {
                moves.append(places[phi], .location(places[argument]))
            }
        }
        return moves
    }

    private mutating func emitMoves(to target: Int) {
        var moves = moves(from: number, to: target)
        moves.emit(&a)
    }

    // MARK: Guest state

    func field(_ offset: Int) -> Memory { Memory(HostRegisters.state, offset) }

    func restored(_ items: [Recovery.Item]) -> [RestoredField] {
        items.map { item in
            var field = RestoredField(
                offset: Int(item.field.offset), width: width(item.field.type),
                source: source(item.value, item.path.isEmpty ? item.field.type : region.nodes[Int(item.value)].op.type))
            field.steps = item.path.map { step in
                .init(
                    opcode: step.op.opcode, width: width(step.op.type), from: width(step.width),
                    operand: step.other < 0 ? nil : source(step.other, step.op.type))
            }
            return field
        }
    }

    private func source(_ value: Int32, _ type: IRType) -> MoveSource {
        if let constant = region.constant(value) { return .constant(UInt64(bitPattern: constant) & type.mask) }
        return .location(places[value])
    }

    func width(_ type: IRType) -> Width { type == .i64 ? .b64 : .b32 }
    func width(_ bits: UInt8) -> Width { bits == 64 ? .b64 : bits == 32 ? .b32 : bits == 16 ? .b16 : .b8 }

    /// Writes a field of guest state; the scratch registers are free.
    mutating func restore(_ item: RestoredField) {
        if item.steps.isEmpty, case .constant(let value) = item.source, item.width == .b32 || Int32(exactly: Int64(bitPattern: value)) != nil {
            return a.mov(item.width, field(item.offset), Int32(truncatingIfNeeded: value))
        }
        if item.steps.isEmpty, case .location(.register(let register)) = item.source { return a.mov(item.width, field(item.offset), register) }
        let result = RegisterAllocation.secondScratch
        var steps = item.steps[...]
        if let first = steps.first, first.opcode == .sext || first.opcode == .zext, case .location(.register(let source)) = item.source {
            extend(first, result, source)
            steps = steps.dropFirst()
        } else {
            ParallelMoves.load(result, item.source, &a)
        }
        for step in steps { apply(step, to: result) }
        a.mov(item.width, field(item.offset), result)
    }

    private mutating func apply(_ step: RestoredField.Step, to register: Register) {
        switch step.opcode {
        case .sext, .zext: extend(step, register, register)
        case .not: a.unary(.not, step.width, register)
        case .neg: a.unary(.neg, step.width, register)
        case .shl, .shrU, .shrS:
            guard case .constant(let count)? = step.operand else { preconditionFailure("a shift that is done again is by a constant") }
            let kind: Shift = step.opcode == .shl ? .shl : step.opcode == .shrU ? .shr : .sar
            a.shift(kind, step.width, register, UInt8(count & (step.width == .b64 ? 63 : 31)))
        case .add: combine(.add, step, register)
        case .sub: combine(.sub, step, register)
        case .and: combine(.and, step, register)
        case .or: combine(.or, step, register)
        case .xor: combine(.xor, step, register)
        case .trunc: break
        default: preconditionFailure("\(step.opcode) is not done again")
        }
    }

    private mutating func extend(_ step: RestoredField.Step, _ register: Register, _ source: Register) {
        if step.opcode == .sext { return a.movsx(step.width, register, step.from, source) }
        if step.from == .b32 { a.mov(.b32, register, source) } else { a.movzx(register, step.from, source) }
    }

    private mutating func combine(_ kind: ALU, _ step: RestoredField.Step, _ register: Register) {
        switch step.operand {
        case .location(.register(let other)): a.alu(kind, step.width, register, other)
        case .location(.slot(let number)): a.alu(kind, step.width, register, ParallelMoves.slot(number))
        case .constant(let value):
            if step.width == .b32 || Int32(exactly: Int64(bitPattern: value)) != nil {
                return a.alu(kind, step.width, register, Int32(truncatingIfNeeded: value))
            }
            a.mov(RegisterAllocation.scratch, value)
            a.alu(kind, step.width, register, RegisterAllocation.scratch)
        default: preconditionFailure("an operand of what is restored is somewhere")
        }
    }

    mutating func loadPins() {
        for pin in usual.pins { pin.load(&a) }
    }

    // MARK: Exits

    /// Makes guest state whole, in memory and in the usual pins, whose fields need not be true in memory then. `first` is done before the pins change.
    mutating func restoreAll(_ items: [RestoredField], first: (inout RegionEmitter) -> Void = { _ in }) {
        var moves = ParallelMoves()
        for pin in usual.pins {
            let direct = items.first { $0.offset == pin.offset && $0.steps.isEmpty }
            moves.append(.register(pin.register), direct?.source ?? .field(pin.offset))
        }
        for item in items where !(item.steps.isEmpty && usual.pin(at: Int64(item.offset)) != nil) { restore(item) }
        first(&self)
        moves.emit(&a)
    }

    mutating func leave(_ items: [RestoredField], to target: UInt64) {
        restoreAll(items)
        leave(by: 0, to: target)
    }

    mutating func leave(by site: Int, to target: UInt64) {
        a.mov(.b64, field(CPUHeader.Offset.exitSite), Int32(site))
        a.storePC(target)
        a.jmp(to: thunks.exitUnresolved)
    }

    mutating func emitExit(_ value: Int32, _ op: IROp) {
        let items = restored(recovery.atNode[value] ?? [])
        switch op.opcode {
        case .exitDirect:
            restoreAll(items)
            let target = UInt64(bitPattern: op.imm)
            a.alignDisplacement(behind: 1)
            let jump = a.jmp()
            a.note(jump: jump)
            a.patch(jump, to: a.offset)
            leave(by: a.offset, to: target)
        case .exitIndirect:
            restoreAll(items) { emitter in
                emitter.load(RegisterAllocation.secondScratch, op.a)
                emitter.a.mov(.b64, emitter.field(CPUHeader.Offset.accessAddress), RegisterAllocation.secondScratch)
            }
            a.mov(.b64, RegisterAllocation.scratch, field(CPUHeader.Offset.accessAddress))
            a.lookUp(op.hint, memoryMode, codeAlignmentBits: codeAlignmentBits, neighbour: thunks.neighbour)
        default:
            restoreAll(items)
            if !op.keepsPC { a.storePC(UInt64(bitPattern: op.imm)) } else { a.storePC(pc) }
            a.mov(.b64, field(CPUHeader.Offset.exitSite), 0)
            a.mov(.rax, Thunks.ExitCode.reason + UInt64(op.reason.rawValue))
            a.jmp(to: thunks.exit)
        }
    }
}
