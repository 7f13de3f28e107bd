import IR

/// Something to be put somewhere.
enum MoveSource: Equatable {
    case location(ValueLocation)
    case constant(UInt64)
    /// A field of guest state.
    case field(Int)
    /// The same of 32 bits.
    case word(Int)
}

/// Moves that happen as if at the same time.
struct ParallelMoves {
    private var waiting: [(target: ValueLocation, source: MoveSource)] = []

    mutating func append(_ target: ValueLocation, _ source: MoveSource) {
        if target == .none || source == .location(target) { return }
        waiting.append((target, source))
    }

    var isEmpty: Bool { waiting.isEmpty }

    /// Does what overwrites nothing that is still wanted; when only circles are left, one of their registers goes to the scratch register.
    mutating func emit(_ a: inout Assembler) {
        while !waiting.isEmpty {
            if let index = waiting.indices.first(where: { !isWanted(waiting[$0].target, except: $0) }) {
                let move = waiting.remove(at: index)
                ParallelMoves.move(move.target, move.source, &a)
            } else {
                breakCircle(&a)
            }
        }
    }

    private func isWanted(_ target: ValueLocation, except index: Int) -> Bool {
        waiting.indices.contains { $0 != index && ParallelMoves.reads(waiting[$0].source, target) }
    }

    private static func reads(_ source: MoveSource, _ place: ValueLocation) -> Bool {
        source == .location(place)
    }

    /// rcx stays free for moves between two places in memory.
    private mutating func breakCircle(_ a: inout Assembler) {
        let freed = waiting[0].target
        ParallelMoves.move(.register(RegisterAllocation.scratch), .location(freed), &a)
        for index in waiting.indices where ParallelMoves.reads(waiting[index].source, freed) {
            waiting[index].source = .location(.register(RegisterAllocation.scratch))
        }
    }

    static func slot(_ number: Int) -> Memory { .spill(number) }

    private static func move(_ target: ValueLocation, _ source: MoveSource, _ a: inout Assembler) {
        switch target {
        case .none: break
        case .register(let register): load(register, source, &a)
        case .slot(let number):
            if case .location(.register(let register)) = source { return a.mov(.b64, slot(number), register) }
            if case .constant(let value) = source, let short = Int32(exactly: Int64(bitPattern: value)) { return a.mov(.b64, slot(number), short) }
            load(RegisterAllocation.secondScratch, source, &a)
            a.mov(.b64, slot(number), RegisterAllocation.secondScratch)
        }
    }

    /// Puts something into a register; the flags are left alone.
    static func load(_ register: Register, _ source: MoveSource, _ a: inout Assembler) {
        switch source {
        case .location(.register(let other)): if other != register { a.mov(.b64, register, other) }
        case .location(.slot(let number)): a.mov(.b64, register, slot(number))
        case .constant(let value): a.mov(register, value)
        case .field(let offset): a.mov(.b64, register, Memory(HostRegisters.state, offset))
        case .word(let offset): a.mov(.b32, register, Memory(HostRegisters.state, offset))
        case .location(.none): preconditionFailure("a value that is moved is somewhere")
        }
    }
}
