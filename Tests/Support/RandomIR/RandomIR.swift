import IR

/// Makes random blocks that the verifier accepts, over the state, memory and helpers of `TestGuest`. Branches go forwards only.
public struct RandomIR {
    /// What a program may consist of.
    public struct Options: Sendable {
        public var integers: [IRType] = [.i8, .i16, .i32, .i64]
        public var floats: [IRType] = []
        public var hasVectors = false
        /// Lanes that vector operations on floats have.
        public var floatLanes: [Lane] = [.b16, .b32, .b64]
        public var hasMemory = true
        public var hasAtomics = true
        /// Accesses are plain ones of at most eight bytes, inside the guest's memory or on the page behind it.
        public var isDirect = false
        /// 16-byte atomics on values that are put together from halves.
        public var hasPairs = false
        public var hasBranches = true
        public var hasCalls = true
        /// Operations that are left out.
        public var without: Set<Opcode> = []
        /// About how many operations there are beside operands made for them.
        public var length = 40
        /// Roundings that float operations have.
        public var roundings: [FloatAttributes.Rounding] = [.nearestEven, .towardZero, .down, .up, .dynamic]
        public var nanRules: [FloatAttributes.NaNRule] = [.canonical]

        public init() {}
    }

    public let options: Options
    var random: SplitMix
    /// Values of the current run.
    private var values: [(value: Value, type: IRType)] = []
    private var pending: [Label] = []
    private let unary: [Opcode]
    private let binary: [Opcode]

    public init(seed: UInt64, _ options: Options = Options()) {
        self.options = options
        random = SplitMix(seed)
        unary = [.not, .neg, .clz, .ctz, .popcnt, .bswap, .bitReverseBytes].filter { !options.without.contains($0) }
        binary = [
            .add, .add, .add, .sub, .sub, .mul, .mulHighS, .mulHighU, .mulHighSU, .divS, .divU, .remS, .remU,
            .and, .and, .or, .xor, .andNot, .shl, .shl, .shrU, .shrS, .rotl, .rotr, .clmul, .clmulHigh, .minS, .maxS, .minU, .maxU,
        ].filter { !options.without.contains($0) }
    }

    /// Fills `block` with a new program.
    public mutating func make(_ block: inout IRBlock) {
        makeBody(&block, pc: 0x1000)
        if random.oneIn(2) {
            block.goto(value(.i64, &block), hint: .call, returnAddress: 0x1234)
        } else {
            block.goto(0x2000)
        }
    }

    /// All but the block's end.
    public mutating func makeBody(_ block: inout IRBlock, pc: UInt64) {
        block.reset(pc: pc)
        values = []
        pending = []
        for index in 0..<options.length {
            if index % 6 == 0 { block.startInstruction(pc + UInt64(index)) }
            step(&block)
        }
        while let label = pending.popLast() {
            place(label, &block)
            step(&block)
        }
    }

    private mutating func place(_ label: Label, _ block: inout IRBlock) {
        block.place(label)
        values = []
    }

    // MARK: Values

    mutating func keep(_ value: Value, _ type: IRType) { values.append((value, type)) }

    /// A value of `type`: one that is there, a constant or a state field.
    mutating func value(_ type: IRType, _ block: inout IRBlock) -> Value {
        if !random.oneIn(4) {
            let recent = values.suffix(24).filter { $0.type == type }
            if !recent.isEmpty { return random.pick(recent).value }
        }
        if (type.isInteger && type.bits <= 64 || type.isVector) && random.oneIn(3) {
            let made = block.const(type, random.edgy())
            keep(made, type)
            return made
        }
        let made = block.read(type, field(type).offset)
        keep(made, type)
        return made
    }

    mutating func field(_ type: IRType) -> StateField {
        random.pick(TestGuest.layout.fields.filter { $0.offset >= 0 && (options.isDirect ? $0.type == type : $0.type.bits == type.bits) })
    }

    private mutating func integer() -> IRType { random.pick(options.integers) }

    mutating func float() -> IRType { random.pick(options.floats) }

    // MARK: Operations

    private mutating func step(_ block: inout IRBlock) {
        if options.hasVectors && random.oneIn(2) { return vectorStep(&block) }
        switch random.below(20) {
        case 0...6: arithmetic(&block)
        case 7: shape(&block)
        case 8: comparison(&block)
        case 9...11: write(&block)
        case 12: convert(&block)
        case 13, 14: if options.hasMemory { access(&block) }
        case 15: if options.hasAtomics { atomic(&block) }
        case 16: if options.hasCalls { call(&block) }
        case 17: if options.hasBranches { branch(&block) }
        default: if options.floats.isEmpty { arithmetic(&block) } else { floatStep(&block) }
        }
    }

    private mutating func arithmetic(_ block: inout IRBlock) {
        let type = integer()
        if random.oneIn(5) {
            keep(block.unary(random.pick(unary), type, value(type, &block)), type)
            return
        }
        let opcode = random.pick(binary)
        let a = value(type, &block)
        switch opcode {
        case .divS, .divU, .remS, .remU:
            let b = value(type, &block)
            keep(block.divide(opcode, type, a, b, random.pick(DivisionRule.allCases)), type)
        case .shl, .shrU, .shrS, .rotl, .rotr:
            let b = value(random.oneIn(2) ? type : integer(), &block)
            keep(block.binary(opcode, type, a, b), type)
        default:
            let b = random.oneIn(12) ? a : value(type, &block)
            keep(block.binary(opcode, type, a, b), type)
        }
    }

    private mutating func shape(_ block: inout IRBlock) {
        let type = integer()
        let a = value(type, &block)
        let low = random.below(type.bits)
        let count = 1 + random.below(type.bits - low)
        switch random.below(3) {
        case 0: keep(block.extract(type, a, low: low, count: count, signed: random.oneIn(2)), type)
        case 1: keep(block.deposit(type, a, value(type, &block), low: low, count: count), type)
        default:
            let condition = value(integer(), &block)
            let other = value(type, &block)
            keep(block.select(type, if: condition, a, other), type)
        }
    }

    private mutating func comparison(_ block: inout IRBlock) {
        let type = integer()
        let truth = integer()
        let a = value(type, &block)
        let b = random.oneIn(12) ? a : value(type, &block)
        keep(block.compare(truth, random.pick(Condition.allCases), a, b), truth)
    }

    private mutating func write(_ block: inout IRBlock) {
        let isFloat = !options.floats.isEmpty && random.oneIn(4)
        let isVector = options.hasVectors && random.oneIn(2)
        let type = isVector ? random.pick([.v64, .v128]) : isFloat ? float() : integer()
        let place = field(type)
        block.write(type, place.offset, value(type, &block))
    }

    private mutating func convert(_ block: inout IRBlock) {
        let from = integer()
        let to = integer()
        let a = value(from, &block)
        if from.bits == to.bits { return }
        if from.bits > to.bits { return keep(block.trunc(to, a), to) }
        keep(random.oneIn(2) ? block.zext(to, a) : block.sext(to, a), to)
    }

    private mutating func call(_ block: inout IRBlock) {
        let index = random.below(TestGuest.helpers.count)
        let a = value(.i64, &block)
        let b = value(.i64, &block)
        // An odd operand faults; mostly it should not.
        let operand = index == 3 && !random.oneIn(8) ? block.add(.i64, a, a) : a
        keep(block.call(index, operand, b), .i64)
    }

    private mutating func branch(_ block: inout IRBlock) {
        if pending.count > 3 || !pending.isEmpty && random.oneIn(2) {
            let label = pending.remove(at: random.below(pending.count))
            if random.oneIn(4) { leave(&block) }
            return place(label, &block)
        }
        let label = block.makeLabel()
        pending.append(label)
        let type = integer()
        let a = value(type, &block)
        if random.oneIn(2) {
            block.branch(label, if: a)
        } else {
            let b = value(type, &block)
            block.branch(label, if: random.pick(Condition.allCases), a, b)
        }
    }

    private mutating func leave(_ block: inout IRBlock) {
        switch random.below(4) {
        case 0: block.goto(0x3000)
        case 1: block.exit(.lookup, pc: 0x4000)
        case 2: block.goto(value(.i64, &block))
        default:
            let label = block.makeLabel()
            pending.append(label)
            block.branch(label)
        }
    }
}
