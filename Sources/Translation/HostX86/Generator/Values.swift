import IR

/// Where a value is while its block's code is made.
struct Location {
    enum Kind: UInt8 {
        case none
        /// The op itself is a constant.
        case constant
        /// In a temporary register.
        case register, vector
        /// In the register that holds a pinned field of guest state, as long as that field is not written.
        case pin, vectorPin
        /// In the guest state in memory (aux: offset), as long as that field is not written.
        case cell
        /// On the stack (aux: slot).
        case slot
        /// Not computed: the only user does that itself.
        case deferred
    }

    var kind = Kind.none
    var number: UInt8 = 0
    var aux: Int32 = 0

    static func register(_ r: Register) -> Location { Location(kind: .register, number: r.rawValue) }
    static func vector(_ v: Vector) -> Location { Location(kind: .vector, number: v.rawValue) }
    static func pin(_ r: Register) -> Location { Location(kind: .pin, number: r.rawValue) }
    static func vectorPin(_ v: Vector) -> Location { Location(kind: .vectorPin, number: v.rawValue) }
    static func cell(_ offset: Int64) -> Location { Location(kind: .cell, aux: Int32(offset)) }
    static func slot(_ index: Int) -> Location { Location(kind: .slot, aux: Int32(index)) }

    @inline(__always) var asRegister: Register { unsafe unsafeBitCast(number, to: Register.self) }
    @inline(__always) var asVector: Vector { unsafe unsafeBitCast(number, to: Vector.self) }
}

/// What is known of each value of the block at hand.
struct ValueInfo {
    /// The value whose storage this one shares: itself, or the source of a copy.
    var root: Int32
    /// Index of the last operation that uses the storage; for roots.
    var lastUse: Int32
    /// Number of uses of this very value.
    var uses: Int32
    /// Some use is as the value that a store writes.
    var isStored: Bool
    /// Offset of a field of guest state that holds the value too, as long as `homes` says so; -1 for none.
    var home: Int32 = -1
    var location: Location
}

/// A second operand of an integer instruction.
enum Operand {
    case register(Register)
    case immediate(Int32)
    case memory(Memory)
}

extension BlockEmitter {
    // MARK: Analysis

    /// Finds roots and last uses, in one pass forward.
    func analyse() {
        for index in 0..<count {
            let op = unsafe ops[index]
            unsafe info[index] = ValueInfo(root: Int32(index), lastUse: -1, uses: 0, isStored: false, location: Location())
            if isCopy(op) { unsafe info[index].root = info[Int(op.a)].root }
            if op.a >= 0 { use(op.a, index) }
            if op.b >= 0 { use(op.b, index) }
            if op.c >= 0 { use(op.c, index) }
            switch op.opcode {
            case .select: extendFused(op, index)
            case .load:
                extendForwarded(index)
                extendFolded(op, index)
            case .store:
                extendStored(op, index)
                extendFolded(op, index)
            case .label: noteTarget(op, index)
            case .br, .brIf, .brCompare: noteBranch(op)
            default: break
            }
        }
    }

    @inline(__always) private func use(_ value: Int32, _ index: Int) {
        let root = unsafe Int(info[Int(value)].root)
        unsafe info[root].lastUse = Int32(index)
        unsafe info[Int(value)].uses += 1
    }

    /// A select that tests the comparison just before it reads the comparison's operands itself.
    private func extendFused(_ op: IROp, _ index: Int) {
        guard Int(op.a) == index - 1, unsafe ops[index - 1].opcode == .compare else { return }
        let comparison = unsafe ops[index - 1]
        unsafe info[Int(info[Int(comparison.a)].root)].lastUse = Int32(index)
        unsafe info[Int(info[Int(comparison.b)].root)].lastUse = Int32(index)
    }

    /// A store of a float's bits stores the float.
    private func extendStored(_ op: IROp, _ index: Int) {
        let value = Int(op.b)
        unsafe info[value].isStored = true
        let definition = unsafe ops[value]
        guard definition.opcode == .bitcast, unsafe ops[Int(definition.a)].type.livesInVector else { return }
        unsafe info[Int(info[Int(definition.a)].root)].lastUse = Int32(index)
    }

    /// Whether an op's result is its operand's storage as it stands. An i32 that is cut from an i64 may have anything above its bits.
    private func isCopy(_ op: IROp) -> Bool {
        switch op.opcode {
        case .trunc:
            let source = unsafe ops[Int(op.a)].type
            return op.type == .i32 && source == .i64 || op.type.livesInVector && source.isVector
        case .zext: return unsafe (op.type == .i64 || op.type == .i32) && ops[Int(op.a)].type.isInteger && !isDirty(op.a)
        default: return false
        }
    }

    /// Whether the storage of a value has bits above the value's type that may not be zero.
    @inline(__always) func isDirty(_ value: Int32) -> Bool {
        let root = unsafe Int(info[Int(value)].root)
        return unsafe ops[root].type.bits > ops[Int(value)].type.bits
    }

    @inline(__always) func root(_ value: Int32) -> Int { unsafe Int(info[Int(value)].root) }
    @inline(__always) func location(_ value: Int32) -> Location { unsafe info[root(value)].location }
    @inline(__always) func dies(_ value: Int32) -> Bool { unsafe Int(info[root(value)].lastUse) <= current }
    @inline(__always) func lives(_ root: Int) -> Bool { unsafe Int(info[root].lastUse) > current }

    @inline(__always) func width(_ type: IRType) -> Width {
        switch type {
        case .i8: .b8
        case .i16: .b16
        case .i32: .b32
        default: .b64
        }
    }

    // MARK: Integer registers

    @inline(__always) func lock(_ register: Register) { locked |= 1 << UInt32(register.rawValue) }
    @inline(__always) func unlock(_ register: Register) { locked &= ~(1 << UInt32(register.rawValue)) }
    @inline(__always) private func isLocked(_ register: Register) -> Bool { locked >> UInt32(register.rawValue) & 1 != 0 }

    @inline(__always) private func isFree(_ register: Register) -> Bool {
        let owner = unsafe owners[Int(register.rawValue)]
        if owner < 0 { return !isWindowRegister(register) }
        let held = unsafe info[Int(owner)]
        return Int(held.lastUse) < current || held.location.number != register.rawValue || held.location.kind != .register
    }

    /// A temporary register for the taking, locked. What is still needed of another value goes to the stack.
    func allocate() -> Register {
        if let register = takeFree() { return register }
        if window != nil {
            window = nil
            if let register = takeFree() { return register }
        }
        var victim: Register?
        var farthest = Int32(-1)
        for register in HostRegisters.temporaries where !isLocked(register) {
            let owner = unsafe Int(owners[Int(register.rawValue)])
            // What guest state holds as well goes first: it costs nothing.
            let use = unsafe info[owner].lastUse + (isAtHome(owner) ? 1 << 24 : 0)
            if use > farthest {
                farthest = use
                victim = register
            }
        }
        guard let victim else { preconditionFailure("an operation needs more registers than there are") }
        spill(victim)
        lock(victim)
        return victim
    }

    private func takeFree() -> Register? {
        for register in HostRegisters.temporaries where !isLocked(register) && isFree(register) {
            unsafe owners[Int(register.rawValue)] = -1
            lock(register)
            return register
        }
        return nil
    }

    private func spill(_ register: Register) {
        let owner = unsafe Int(owners[Int(register.rawValue)])
        unsafe owners[Int(register.rawValue)] = -1
        if isAtHome(owner), aliases < BlockEmitter.maxAliases {
            unsafe info[owner].location = .cell(Int64(info[owner].home))
            return addAlias(owner)
        }
        let slot = nextSlot()
        a.mov(.b64, .spill(slot), register)
        lastMove = a.offset
        unsafe info[owner].location = .slot(slot)
    }

    // MARK: Homes in guest state

    /// How far from the state pointer a field may lie to be a home.
    static let homeBytes: Int64 = 1024

    /// Notes that a field of guest state now holds the value, or something unknown (-1).
    @inline(__always) func setHome(_ offset: Int64, _ root: Int) {
        guard offset >= 0, offset < BlockEmitter.homeBytes else { return }
        unsafe homes[Int(offset >> 3)] = Int32(root)
        if root >= 0 { unsafe info[root].home = Int32(offset) }
    }

    @inline(__always) private func isAtHome(_ root: Int) -> Bool {
        let home = unsafe info[root].home
        return unsafe home >= 0 && homes[Int(home >> 3)] == Int32(root)
    }

    /// A place on the stack for a value of one word or two; when all have been used, one whose value is dead or back in a register.
    func nextSlot(words: Int = 1) -> Int {
        if slots + words <= Thunks.spillBytes / 8 {
            slots += words
            return slots - words
        }
        var isTaken = [Bool](repeating: false, count: Thunks.spillBytes / 8)
        for value in 0..<current where unsafe info[value].location.kind == .slot && Int(info[value].lastUse) >= current {
            let slot = unsafe Int(info[value].location.aux)
            isTaken[slot] = true
            if unsafe ops[value].type.bits > 64 { isTaken[slot + 1] = true }
        }
        let free = (0...isTaken.count - words).first { start in !isTaken[start] && !isTaken[start + words - 1] }
        guard let free else { preconditionFailure("a block holds too many values at a time") }
        return free
    }

    /// Empties one particular temporary and locks it.
    func claim(_ register: Register) {
        if isWindowRegister(register) { window = nil }
        if !isFree(register) {
            let owner = unsafe Int(owners[Int(register.rawValue)])
            if let other = HostRegisters.temporaries.first(where: { $0 != register && !isLocked($0) && isFree($0) }) {
                a.mov(.b64, other, register)
                lastMove = a.offset
                unsafe info[owner].location = .register(other)
                unsafe owners[Int(other.rawValue)] = Int32(owner)
            } else {
                spill(register)
            }
        }
        unsafe owners[Int(register.rawValue)] = -1
        lock(register)
    }

    /// Makes a temporary the home of a value.
    @inline(__always) func own(_ register: Register, _ value: Int) {
        unsafe owners[Int(register.rawValue)] = Int32(value)
        unsafe info[value].location = .register(register)
    }

    /// A register that holds the value, locked. The bits above an i32 may be anything.
    func use(_ value: Int32) -> Register {
        let root = root(value)
        let location = unsafe info[root].location
        switch location.kind {
        case .register, .pin:
            lock(location.asRegister)
            return location.asRegister
        case .constant:
            let register = allocate()
            unsafe a.mov(register, UInt64(bitPattern: ops[root].imm))
            return register
        case .cell, .slot:
            let register = allocate()
            load(register, root)
            own(register, root)
            lastMove = a.offset
            if location.kind == .cell, unsafe ops[root].type == .i64 { setHome(Int64(location.aux), root) }
            return register
        case .none, .vector, .vectorPin, .deferred: preconditionFailure("value %\(value) is in no integer register")
        }
    }

    /// Loads a value that lies in the state or on the stack.
    private func load(_ register: Register, _ root: Int) {
        let location = unsafe info[root].location
        if location.kind == .slot { return a.mov(.b64, register, .spill(Int(location.aux))) }
        let source = Memory(HostRegisters.state, Int(location.aux))
        switch unsafe ops[root].type {
        case .i8: a.movzx(register, .b8, source)
        case .i16: a.movzx(register, .b16, source)
        case .i32: a.mov(.b32, register, source)
        default: a.mov(.b64, register, source)
        }
    }

    /// The value as a second operand: a constant that fits, memory, or a register (locked).
    func operand(_ value: Int32, _ width: Width) -> Operand {
        if let constant = immediate(value, width) { return .immediate(constant) }
        let root = root(value)
        let location = unsafe info[root].location
        if unsafe dies(value) && ops[root].type.bits >= 32 && width.bytes >= 4 && (width == .b32 || ops[root].type.bits == 64) {
            if location.kind == .cell { return .memory(Memory(HostRegisters.state, Int(location.aux))) }
            if location.kind == .slot { return .memory(.spill(Int(location.aux))) }
        }
        return .register(use(value))
    }

    /// The value's constant, if it is one that fits an immediate of the width.
    func immediate(_ value: Int32, _ width: Width) -> Int32? {
        let root = root(value)
        guard unsafe info[root].location.kind == .constant else { return nil }
        let bits = unsafe ops[root].imm
        switch width {
        case .b8: return Int32(Int8(truncatingIfNeeded: bits))
        case .b16: return Int32(Int16(truncatingIfNeeded: bits))
        case .b32: return Int32(truncatingIfNeeded: bits)
        case .b64: return Int32(exactly: bits)
        }
    }

    /// The value's constant whatever its size.
    func constant(_ value: Int32) -> UInt64? {
        let root = root(value)
        return unsafe info[root].location.kind == .constant ? UInt64(bitPattern: ops[root].imm) & ops[Int(value)].type.mask : nil
    }

    // MARK: Destinations

    /// The pinned register that the next operation writes the current one's result to.
    private func pinOfResult() -> Register? {
        let next = current + 1
        guard next < count, unsafe ops[next].opcode == .writeState && Int(ops[next].a) == current else { return nil }
        return unsafe registers.pin(at: ops[next].imm)
    }

    /// A register for the current operation's result, which becomes the value's home. It may be one that an operand dies in, or the pinned
    /// register that the result is going to, even if an operand is there: `avoiding` lists what must not be overwritten yet.
    func destination(reusing operand: Int32 = -1, avoiding: Register? = nil, _ other: Register? = nil) -> Register {
        if let pin = pinOfResult(), pin != avoiding, pin != other {
            preserve(pin)
            unsafe info[current].location = .pin(pin)
            return pin
        }
        if operand >= 0, dies(operand) {
            let location = location(operand)
            if location.kind == .register, location.asRegister != avoiding, location.asRegister != other {
                own(location.asRegister, current)
                lock(location.asRegister)
                return location.asRegister
            }
        }
        let register = allocate()
        own(register, current)
        return register
    }

    // MARK: Aliases of guest state

    /// Remembers that a value's home is a field of guest state.
    func addAlias(_ root: Int) {
        if aliases == BlockEmitter.maxAliases { pruneAliases() }
        if aliases == BlockEmitter.maxAliases {
            materialise(root)
            return
        }
        unsafe aliasList[aliases] = Int32(root)
        aliases += 1
        let location = unsafe info[root].location
        if location.kind == .pin { readPins |= 1 << UInt32(location.number) }
    }

    private func pruneAliases() {
        var kept = 0
        for index in 0..<aliases {
            let root = unsafe Int(aliasList[index])
            guard lives(root), isAlias(unsafe info[root].location.kind) else { continue }
            unsafe aliasList[kept] = Int32(root)
            kept += 1
        }
        aliases = kept
    }

    private func isAlias(_ kind: Location.Kind) -> Bool { kind == .pin || kind == .vectorPin || kind == .cell }

    /// Moves a value from guest state to a temporary of its own.
    private func materialise(_ root: Int) {
        let location = unsafe info[root].location
        if unsafe ops[root].type.livesInVector {
            let vector = allocateVector()
            switch location.kind {
            case .vectorPin: a.vmovaps(vector, location.asVector)
            default: load(vector, unsafe ops[root].type, Memory(HostRegisters.state, Int(location.aux)))
            }
            own(vector, root)
            unlock(vector)
        } else {
            let register = allocate()
            if location.kind == .pin { a.mov(.b64, register, location.asRegister) } else { load(register, root) }
            own(register, root)
            unlock(register)
        }
        lastMove = a.offset
    }

    /// Before a pinned register is overwritten: values that are read from it later get a copy.
    func preserve(_ pin: Register) {
        guard readPins >> UInt32(pin.rawValue) & 1 != 0 else { return }
        readPins &= ~(1 << UInt32(pin.rawValue))
        for index in 0..<aliases {
            let root = unsafe Int(aliasList[index])
            let location = unsafe info[root].location
            if location.kind == .pin, location.number == pin.rawValue, lives(root) { materialise(root) }
        }
    }

    func preserve(_ pin: Vector) {
        for index in 0..<aliases {
            let root = unsafe Int(aliasList[index])
            let location = unsafe info[root].location
            if location.kind == .vectorPin, location.number == pin.rawValue, lives(root) { materialise(root) }
        }
    }

    /// Before a field in memory is overwritten.
    func preserve(cell offset: Int64) {
        setHome(offset, -1)
        for index in 0..<aliases {
            let root = unsafe Int(aliasList[index])
            let location = unsafe info[root].location
            if location.kind == .cell, Int64(location.aux) == offset, lives(root) { materialise(root) }
        }
    }

    /// Before something unknown may overwrite any of it.
    func preserveAll() {
        // First: what has to make room must not find a home there.
        forgetHomes()
        for index in 0..<aliases {
            let root = unsafe Int(aliasList[index])
            if isAlias(unsafe info[root].location.kind), lives(root) { materialise(root) }
        }
        aliases = 0
    }

    // MARK: Vector registers

    @inline(__always) func lock(_ vector: Vector) { lockedVectors |= 1 << UInt32(vector.rawValue) }
    @inline(__always) func unlock(_ vector: Vector) { lockedVectors &= ~(1 << UInt32(vector.rawValue)) }
    @inline(__always) private func isLocked(_ vector: Vector) -> Bool { lockedVectors >> UInt32(vector.rawValue) & 1 != 0 }

    private func isFree(_ vector: Vector) -> Bool {
        let owner = unsafe vectorOwners[Int(vector.rawValue)]
        if owner < 0 { return true }
        let held = unsafe info[Int(owner)]
        return Int(held.lastUse) < current || held.location.number != vector.rawValue || held.location.kind != .vector
    }

    func allocateVector() -> Vector {
        for vector in HostRegisters.vectorTemporaries where !isLocked(vector) && isFree(vector) {
            unsafe vectorOwners[Int(vector.rawValue)] = -1
            lock(vector)
            return vector
        }
        guard let victim = HostRegisters.vectorTemporaries.first(where: { !isLocked($0) }) else {
            preconditionFailure("an operation needs more vector registers than there are")
        }
        let owner = unsafe Int(vectorOwners[Int(victim.rawValue)])
        let type = unsafe ops[owner].type
        let slot = nextSlot(words: type == .v128 ? 2 : 1)
        store(.spill(slot), type == .v128 ? type : .f64, victim)
        lastMove = a.offset
        unsafe info[owner].location = .slot(slot)
        unsafe vectorOwners[Int(victim.rawValue)] = -1
        lock(victim)
        return victim
    }

    @inline(__always) func own(_ vector: Vector, _ value: Int) {
        unsafe vectorOwners[Int(vector.rawValue)] = Int32(value)
        unsafe info[value].location = .vector(vector)
    }

    /// A vector register that holds the value, locked.
    func useVector(_ value: Int32) -> Vector {
        let root = root(value)
        let location = unsafe info[root].location
        switch location.kind {
        case .vector, .vectorPin:
            lock(location.asVector)
            return location.asVector
        case .constant:
            return vectorConstant(unsafe UInt64(bitPattern: ops[root].imm), unsafe ops[root].type)
        case .cell, .slot:
            let vector = allocateVector()
            let source = location.kind == .slot ? .spill(Int(location.aux)) : Memory(HostRegisters.state, Int(location.aux))
            load(vector, unsafe ops[root].type, source)
            own(vector, root)
            lastMove = a.offset
            return vector
        case .none, .register, .pin, .deferred: preconditionFailure("value %\(value) is in no vector register")
        }
    }

    /// A vector register for the current operation's result.
    func vectorDestination(avoiding: Vector? = nil, _ other: Vector? = nil, _ third: Vector? = nil) -> Vector {
        let next = current + 1
        if next < count, unsafe ops[next].opcode == .writeState && Int(ops[next].a) == current,
            let pin = unsafe registers.vectorPin(at: ops[next].imm), pin != avoiding, pin != other, pin != third
        {
            preserve(pin)
            unsafe info[current].location = .vectorPin(pin)
            return pin
        }
        let vector = allocateVector()
        own(vector, current)
        return vector
    }
}
