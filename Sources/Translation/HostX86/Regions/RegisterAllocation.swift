import IR
import Regions

/// Where a value is for as long as it is needed.
enum ValueLocation: Equatable {
    case none
    case register(Register)
    /// Eight bytes on the stack.
    case slot(Int)
}

/// Gives values their registers: first those that live across blocks, the most used ones before the others; then, in the order of the code, those
/// that live in one block, in what is left. What comes together in a phi shares its place if that is possible.
struct RegisterAllocation {
    /// rax and rcx are for what an operation needs meanwhile.
    static let scratch = Register.rax, secondScratch = Register.rcx
    private static let pool: [Register] = [.rbx, .rsi, .rdi, .rdx, .r8, .r9, .r10, .r11, .r12, .r13, .r14, .r15]
    /// Registers that values which live across blocks leave to the others.
    private static let leftForLocal = 2
    /// Slots below are for operations.
    static let firstSlot = 2

    private let region: Region
    private let intervals: Intervals
    private var parents: [Int32]
    private var ranges: [Intervals.Ranges]
    private var weights: [Int]
    private var taken: [Register: Intervals.Ranges] = [:]
    private var takenSlots: [Intervals.Ranges] = []
    private var places: [ValueLocation]

    init(_ region: Region, _ intervals: Intervals, hints: [Int32: Register]) {
        self.region = region
        self.intervals = intervals
        parents = region.nodes.indices.map { Int32($0) }
        ranges = intervals.ranges
        weights = intervals.weights
        places = [ValueLocation](repeating: .none, count: region.nodes.count)
        coalesce()
        let roots = parents.indices.map { Int32($0) }.filter { root($0) == $0 && !ranges[Int($0)].isEmpty }
        let blocks = Set(intervals.starts)
        func isGlobal(_ value: Int32) -> Bool {
            let all = ranges[Int(value)]
            return all.count > 1 || blocks.contains(all[0].lowerBound) || intervals.ends.contains(all[0].upperBound - 1)
        }
        let globals = roots.filter(isGlobal).sorted { (weights[Int($1)], $0) < (weights[Int($0)], $1) }
        let pool = RegisterAllocation.pool
        for value in globals { place(value, pool.dropLast(RegisterAllocation.leftForLocal) + [], hints[value]) }
        let locals = roots.filter { !isGlobal($0) }.sorted { ranges[Int($0)][0].lowerBound < ranges[Int($1)][0].lowerBound }
        for value in locals { place(value, pool, hint(value)) }
    }

    /// nil if there are more values on the stack than there is room for.
    var slots: Int? { takenSlots.count + RegisterAllocation.firstSlot <= Thunks.spillBytes / 8 ? takenSlots.count : nil }

    subscript(_ value: Int32) -> ValueLocation { places[Int(root(value))] }

    private func root(_ value: Int32) -> Int32 {
        var value = value
        while parents[Int(value)] != value { value = parents[Int(value)] }
        return value
    }

    // MARK: Coalescing

    private mutating func coalesce() {
        let phis = region.arguments.keys.filter { !ranges[Int($0)].isEmpty }
        let ordered = phis.sorted { (depth($1), $0) < (depth($0), $1) }
        for phi in ordered {
            for argument in region.arguments[phi] ?? [] where region.constant(argument) == nil { join(phi, argument) }
        }
    }

    private func depth(_ value: Int32) -> Int { region.blocks[region.nodes[Int(value)].block].depth }

    private mutating func join(_ a: Int32, _ b: Int32) {
        let (a, b) = (root(a), root(b))
        if a == b || ranges[Int(b)].isEmpty || Intervals.overlap(ranges[Int(a)], ranges[Int(b)]) { return }
        parents[Int(b)] = a
        weights[Int(a)] += weights[Int(b)]
        ranges[Int(a)] = RegisterAllocation.merged(ranges[Int(a)], ranges[Int(b)])
        ranges[Int(b)] = []
    }

    private static func merged(_ a: Intervals.Ranges, _ b: Intervals.Ranges) -> Intervals.Ranges {
        Intervals.joined((a + b).sorted { $0.lowerBound < $1.lowerBound })
    }

    // MARK: Places

    /// The register of the first operand, in which a result is best made.
    private func hint(_ value: Int32) -> Register? {
        let op = region.nodes[Int(value)].op
        guard op.a >= 0, case .register(let register) = self[op.a] else { return nil }
        return register
    }

    private mutating func place(_ value: Int32, _ pool: [Register], _ hint: Register?) {
        let wanted = ranges[Int(value)]
        func isFree(_ register: Register) -> Bool { !Intervals.overlap(taken[register] ?? [], wanted) }
        let preferred = hint.flatMap { pool.contains($0) && isFree($0) ? $0 : nil }
        if let register = preferred ?? pool.first(where: isFree) {
            taken[register] = RegisterAllocation.merged(taken[register] ?? [], wanted)
            places[Int(value)] = .register(register)
            return
        }
        let slot = takenSlots.firstIndex { !Intervals.overlap($0, wanted) } ?? takenSlots.count
        if slot == takenSlots.count { takenSlots.append([]) }
        takenSlots[slot] = RegisterAllocation.merged(takenSlots[slot], wanted)
        places[Int(value)] = .slot(slot + RegisterAllocation.firstSlot)
    }
}
