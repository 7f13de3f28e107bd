import IR

/// Random vector operations.
extension RandomIR {
    mutating func vectorStep(_ block: inout IRBlock) {
        if random.oneIn(4) { return cross(&block) }
        let opcode = random.pick(Opcode.allCases.filter { $0.isVector && !options.without.contains($0) })
        let lanes = Lane.allCases.filter { opcode.lanes.contains($0) && (!opcode.isVectorFloat || options.floatLanes.contains($0)) }
        guard !lanes.isEmpty else { return }
        let lane = random.pick(lanes)
        if opcode.isVectorFloat { return floats(opcode, lane, &block) }
        if opcode.info.rule == .same { return lanewise(opcode, lane, &block) }
        reshape(opcode, lane, &block)
    }

    private mutating func vectorType() -> IRType { random.oneIn(3) ? .v64 : .v128 }

    private mutating func lanewise(_ opcode: Opcode, _ lane: Lane, _ block: inout IRBlock) {
        let isWhole = opcode.pairsLanes && lane == .b64 || [.vaesEncrypt, .vaesDecrypt, .vaesMix, .vaesUnmix].contains(opcode)
        let type = isWhole ? .v128 : vectorType()
        let a = value(type, &block)
        let b = opcode.info.operands > 1 ? value(type, &block) : nil
        let c = opcode.info.operands > 2 ? value(type, &block) : nil
        keep(block.vector(opcode, type, lane, a, b, c, number: number(opcode, type, lane)), type)
    }

    /// A number that the operation may have.
    private mutating func number(_ opcode: Opcode, _ type: IRType, _ lane: Lane) -> Int {
        switch opcode {
        case .vinsert, .vextractU, .vextractS: random.below(type.bytes / lane.bytes)
        case .vextractBytes: random.below(type.bytes)
        case .vshlImm, .vrotrImm: random.below(lane.bits)
        case .vshrUImm, .vshrSImm: random.below(lane.bits + 1)
        case .vmulDoubleHigh: random.below(2)
        case .vcompare: random.below(Condition.allCases.count)
        case .vreverse: lane.bytes << (1 + random.below((type.bytes / lane.bytes).trailingZeroBitCount))
        default: 0
        }
    }

    /// Operations whose result has another type than their operands.
    private mutating func reshape(_ opcode: Opcode, _ lane: Lane, _ block: inout IRBlock) {
        let type = vectorType()
        switch opcode {
        case .vsplat: keep(block.vsplat(type, lane, scalar(lane, &block)), type)
        case .vinsert:
            let vector = value(type, &block)
            keep(block.vinsert(type, lane, vector, at: number(opcode, type, lane), scalar(lane, &block)), type)
        case .vtable:
            let table = value(.v128, &block)
            keep(block.vector(opcode, type, lane, table, value(type, &block)), type)
        case .vconcat, .vwidenS, .vwidenU, .vmulLongS, .vmulLongU, .vpolyMulLong:
            let a = value(.v64, &block)
            keep(block.vector(opcode, .v128, lane, a, opcode.info.operands > 1 ? value(.v64, &block) : nil), .v128)
        case .vhigh, .vnarrow, .vnarrowSatS, .vnarrowSatSU, .vnarrowSatU:
            keep(block.vector(opcode, .v64, lane, value(.v128, &block)), .v64)
        default:
            let wide = random.pick(options.integers.filter { $0.bits >= lane.bits && $0.bits <= 64 })
            keep(block.vector(opcode, wide, lane, value(type, &block), number: number(opcode, type, lane)), wide)
        }
    }

    private mutating func scalar(_ lane: Lane, _ block: inout IRBlock) -> Value {
        let fits = options.integers.filter { $0.bits >= lane.bits && $0.bits <= 64 } + options.floats.filter { $0 == lane.float }
        return value(random.pick(fits), &block)
    }

    private mutating func floats(_ opcode: Opcode, _ lane: Lane, _ block: inout IRBlock) {
        guard let scalar = opcode.ofFloatLanes else { return }
        let type = opcode == .vfwiden ? .v64 : opcode == .vfnarrow ? .v128 : vectorType()
        let result: IRType = opcode == .vfwiden ? .v128 : opcode == .vfnarrow ? .v64 : type
        let attributes = plain(floatAttributes(), scalar)
        let a = value(type, &block)
        let b = opcode.info.operands > 1 ? value(type, &block) : nil
        if opcode == .vfcompare, let b {
            return keep(block.vfcompare(type, lane, random.pick(FloatCondition.allCases), attributes, a, b), type)
        }
        let c = opcode.info.operands > 2 ? value(type, &block) : nil
        keep(block.vfloat(opcode, result, lane, attributes, a, b, c), result)
    }

    /// Bits that go from scalars to vectors or back, and operations on bits as such.
    private mutating func cross(_ block: inout IRBlock) {
        let type = vectorType()
        let scalars = (options.integers + options.floats).filter { $0 != .f80 }
        switch random.below(6) {
        case 0: keep(block.binary(random.pick([.and, .or, .xor, .andNot]), type, value(type, &block), value(type, &block)), type)
        case 1: keep(block.unary(.not, type, value(type, &block)), type)
        case 2:
            let condition = value(.i64, &block)
            keep(block.select(type, if: condition, value(type, &block), value(type, &block)), type)
        case 3:
            let from = random.pick(scalars.filter { $0.bits < type.bits } + (type == .v128 ? [.v64] : []))
            keep(block.zext(type, value(from, &block)), type)
        case 4:
            let to = random.pick(scalars.filter { $0.bits < type.bits } + (type == .v128 ? [.v64] : []))
            keep(block.trunc(to, value(type, &block)), to)
        default:
            let other = random.pick([IRType.v64] + scalars.filter { $0.bits == 64 })
            if other == .v64 { return keep(block.bitcast(.i64, value(.v64, &block)), .i64) }
            keep(block.bitcast(.v64, value(other, &block)), .v64)
        }
    }
}
