import IR
import Regions

/// Where a value is for as long as it is needed.
enum ValueLocation: Equatable {
    case none
    case register(Register)
    /// Eight bytes on the stack.
    case slot(Int)

    var isSlot: Bool {
        if case .slot = self { return true }
        return false
    }
}

/// Gives values their registers, those first that are used most for the time that they occupy one. What comes together in a phi shares its place if
/// that is possible.
struct RegisterAllocation {
    /// rax and rcx are for what an operation needs meanwhile.
    static let scratch = Register.rax, secondScratch = Register.rcx
    static let pool: [Register] = [.rbx, .rsi, .rdi, .rdx, .r8, .r9, .r10, .r11, .r12, .r13, .r14, .r15]
    /// Slots below are for operations.
    static let firstSlot = 2

    private let region: Region
    private var parents: [Int32]
    private var ranges: [Intervals.Ranges]
    private var weights: [Int]
    private var lengths: [Int]
    let originals: [Int32: Int32]
    private var taken: [Register: Intervals.Ranges] = [:]
    private var takenSlots: [Intervals.Ranges] = []
    private var places: [ValueLocation]

    /// - Parameter originals: what copies are of; one that finds no register stays where that is.
    init(_ region: Region, _ intervals: Intervals, hints: [Int32: Register], originals: [Int32: Int32] = [:]) {
        self.originals = originals
        self.region = region
        parents = region.nodes.indices.map { Int32($0) }
        ranges = intervals.ranges
        weights = intervals.weights
        lengths = intervals.lengths
        places = [ValueLocation](repeating: .none, count: region.nodes.count)
        coalesce()
        let roots = parents.indices.map { Int32($0) }.filter { root($0) == $0 && !ranges[Int($0)].isEmpty }
        let lengths = lengths
        func density(_ value: Int32) -> Double { Double(weights[Int(value)]) / Double(lengths[Int(value)]) }
        for value in roots.sorted(by: { (density($1), $0) < (density($0), $1) }) { place(value, hints[value] ?? hint(value)) }
    }

    /// nil if there are more values on the stack than there is room for.
    var slots: Int? { takenSlots.count + RegisterAllocation.firstSlot <= Thunks.spillBytes / 8 ? takenSlots.count : nil }

    /// How much of what operations read and write is on the stack.
    var spilledWeight: Int {
        weights.indices.reduce(0) { root(Int32($1)) == Int32($1) && self[Int32($1)].isSlot ? $0 + weights[$1] : $0 }
    }

    subscript(_ value: Int32) -> ValueLocation {
        let place = places[Int(root(value))]
        if place.isSlot, let original = originals[value] { return self[original] }
        return place
    }

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
        lengths[Int(a)] += lengths[Int(b)]
        ranges[Int(a)] = Intervals.merged(ranges[Int(a)], ranges[Int(b)])
        ranges[Int(b)] = []
    }

    // MARK: Places

    /// The register of the first operand, in which a result is best made.
    private func hint(_ value: Int32) -> Register? {
        let op = region.nodes[Int(value)].op
        guard op.a >= 0, case .register(let register) = self[op.a] else { return nil }
        return register
    }

    private mutating func place(_ value: Int32, _ hint: Register?) {
        let wanted = ranges[Int(value)]
        func isFree(_ register: Register) -> Bool { !Intervals.overlap(taken[register] ?? [], wanted) }
        let preferred = hint.flatMap { isFree($0) ? $0 : nil }
        if let register = preferred ?? RegisterAllocation.pool.first(where: isFree) {
            taken[register] = Intervals.merged(taken[register] ?? [], wanted)
            places[Int(value)] = .register(register)
            return
        }
        let slot = takenSlots.firstIndex { !Intervals.overlap($0, wanted) } ?? takenSlots.count
        if slot == takenSlots.count { takenSlots.append([]) }
        takenSlots[slot] = Intervals.merged(takenSlots[slot], wanted)
        places[Int(value)] = .slot(slot + RegisterAllocation.firstSlot)
    }
}
