import HostCode
import IR

/// How often a block's operations concern each field of guest state; what lies in loops counts for more.
struct FieldUse {
    struct Count {
        var weight = 0
        var isWritten = false
    }

    /// By offset.
    private(set) var counts: [Int: Count] = [:]

    /// How much more an operation counts for each loop around it, and how many loops are looked at.
    private static let loopFactor = 8
    private static let deepest = 4

    init(_ block: borrowing IRBlock) {
        let changes = FieldUse.loopDepths(block)
        var depth = 0
        for index in 0..<block.count {
            depth += changes[index]
            let op = block[index]
            guard op.opcode == .readState || op.opcode == .writeState, op.imm >= 0 else { continue }
            let weight = (0..<min(depth, FieldUse.deepest)).reduce(1) { product, _ in product * FieldUse.loopFactor }
            counts[Int(op.imm), default: Count()].weight += weight
            if op.opcode == .writeState { counts[Int(op.imm), default: Count()].isWritten = true }
        }
    }

    /// By how much the number of loops around it changes at each operation: a loop goes from its head's label to the last branch back there.
    private static func loopDepths(_ block: borrowing IRBlock) -> [Int] {
        var labels = [Int: Int](), ends = [Int: Int]()
        for index in 0..<block.count {
            let op = block[index]
            switch op.opcode {
            case .label: labels[Int(op.imm)] = index
            case .br, .brIf, .brCompare: if labels[Int(op.imm)] != nil { ends[Int(op.imm)] = index }
            default: break
            }
        }
        var changes = [Int](repeating: 0, count: block.count + 1)
        for (label, end) in ends {
            changes[labels[label] ?? 0] += 1
            changes[end + 1] -= 1
        }
        return changes
    }
}

/// The registers of a block with loops of its own: its hottest fields are pinned instead of those that it does not use. On the way in and out what
/// differs from the usual pins is moved.
struct LoopRegisters {
    let usual: HostRegisters
    let registers: HostRegisters
    /// Usual pins that are in memory meanwhile.
    private let evicted: [HostRegisters.Pin]
    private let evictedVectors: [HostRegisters.VectorPin]
    /// Pins that the usual ones do not have, and those of them that the block writes.
    private let added: [HostRegisters.Pin]
    private let addedVectors: [HostRegisters.VectorPin]
    private let written: Set<Int>

    init(_ block: borrowing IRBlock, _ layout: StateLayout, usual: HostRegisters) {
        let use = FieldUse(block)
        self.usual = usual
        let pins = LoopRegisters.choose(use, usual.pins.map { ($0.offset, $0.register) }, from: HostRegisters.pinnable) {
            layout.field(at: $0)?.type == .i64
        }
        let vectors = LoopRegisters.choose(use, usual.vectorPins.map { ($0.offset, $0.register) }, from: HostRegisters.pinnableVectors) {
            [.f64, .v128].contains(layout.field(at: $0)?.type)
        }
        registers = HostRegisters(
            pins: pins.map { HostRegisters.Pin(offset: $0, register: $1) },
            vectorPins: vectors.map { HostRegisters.VectorPin(offset: $0, register: $1, type: layout.field(at: $0)?.type ?? .f64) })
        let (own, ownVectors) = (registers.pins, registers.vectorPins)
        evicted = usual.pins.filter { !own.contains($0) }
        evictedVectors = usual.vectorPins.filter { !ownVectors.contains($0) }
        added = own.filter { !usual.pins.contains($0) }
        addedVectors = ownVectors.filter { !usual.vectorPins.contains($0) }
        written = Set(use.counts.filter(\.value.isWritten).keys)
    }

    /// What a field must be used more than the one whose register it takes, which is moved to memory and back each time the loop is entered: two
    /// operations a round. That of a field that is written counts twice, for the next round waits for it.
    private static let leastGain = 16

    /// Fields with their registers: the usual ones, but where others are used so much more.
    private static func choose<Host: Hashable>(
        _ use: FieldUse, _ usual: [(Int, Host)], from pool: [Host], _ fits: (Int) -> Bool
    ) -> [(Int, Host)] {
        func weight(_ offset: Int) -> Int { (use.counts[offset]?.isWritten == true ? 2 : 1) * (use.counts[offset]?.weight ?? 0) }
        var chosen = usual
        var free = pool.filter { host in !usual.contains { $0.1 == host } }
        let others = use.counts.keys.filter { offset in
            !usual.contains { $0.0 == offset } && fits(offset) && weight(offset) >= leastGain
        }
        for offset in others.sorted(by: { (weight($0), $1) > (weight($1), $0) }) {
            if !free.isEmpty {
                chosen.append((offset, free.removeFirst()))
            } else if let coldest = chosen.indices.min(by: { weight(chosen[$0].0) < weight(chosen[$1].0) }),
                weight(chosen[coldest].0) + leastGain <= weight(offset)
            {
                chosen[coldest].0 = offset
            }
        }
        return chosen
    }

    /// From the usual pins to these.
    func enter(_ a: inout Assembler) {
        evicted.forEach { $0.store(&a) }
        evictedVectors.forEach { $0.store(&a) }
        added.forEach { $0.load(&a) }
        addedVectors.forEach { $0.load(&a) }
    }

    /// Back to the usual ones.
    func leave(_ a: inout Assembler) {
        for pin in added where written.contains(pin.offset) { pin.store(&a) }
        for pin in addedVectors where written.contains(pin.offset) { pin.store(&a) }
        evicted.forEach { $0.load(&a) }
        evictedVectors.forEach { $0.load(&a) }
    }
}

extension HostRegisters.Pin {
    private var field: Memory { Memory(HostRegisters.state, offset) }

    func store(_ a: inout Assembler) { a.mov(.b64, field, register) }
    func load(_ a: inout Assembler) { a.mov(.b64, register, field) }
}

extension HostRegisters.VectorPin {
    private var field: Memory { Memory(HostRegisters.state, offset) }

    func store(_ a: inout Assembler) {
        if type == .v128 { a.vmovups(field, register) } else { a.vmovsd(field, register) }
    }
    func load(_ a: inout Assembler) {
        if type == .v128 { a.vmovups(register, field) } else { a.vmovsd(register, field) }
    }
}

extension BlockEmitter {
    /// What a block's code may call: few blocks need everything.
    static func callees(of block: borrowing IRBlock, _ memoryMode: MemoryMode) -> Set<Thunks.Callee> {
        var callees: Set<Thunks.Callee> = []
        for index in 0..<block.count {
            let op = block[index]
            switch op.opcode {
            case .load where memoryMode == .translated || op.memory.alignment == .fault: callees.insert(.load)
            case .store where memoryMode == .translated || op.memory.alignment == .fault: callees.insert(.store)
            case .atomicRMW: callees.insert(.atomic)
            case .loadLinked: callees.formUnion([.load, .compareExchange])
            case .compareExchange, .storeConditional: callees.insert(.compareExchange)
            case .call: callees.insert(.helper)
            case let opcode where opcode.info.effects.contains(.setsFlags) || op.type.livesInVector || op.hasFloatAttributes:
                callees.formUnion([.float, .vector])
            case let opcode where opcode.isVector: callees.insert(.vector)
            default: break
            }
        }
        return callees
    }
}
