import IR

/// Random accesses and float operations.
extension RandomIR {
    /// An address inside the guest's memory, seldom outside.
    private mutating func address(_ block: inout IRBlock, size: Int) -> Value {
        let base = value(.i64, &block)
        if options.isDirect {
            let masked = block.binary(.and, .i64, base, block.const(.i64, UInt64(TestGuest.memorySize - 1)))
            return random.oneIn(40) ? block.add(.i64, masked, block.const(.i64, UInt64(TestGuest.memorySize - 2048))) : masked
        }
        if random.oneIn(30) { return base }
        let mask = (TestGuest.memorySize / 2 - 1) & ~(random.oneIn(2) ? size - 1 : 0)
        return block.binary(.and, .i64, base, block.const(.i64, UInt64(mask)))
    }

    private mutating func operation(_ size: Int) -> MemoryOperation {
        if options.isDirect { return MemoryOperation(min(size, 8), signed: random.oneIn(2)) }
        let alignment: MemoryOperation.Alignment = random.oneIn(8) ? .fault : .any
        return MemoryOperation(
            size, signed: random.oneIn(2), bigEndian: random.oneIn(4), alignment: alignment,
            order: random.pick(MemoryOperation.Order.allCases))
    }

    private mutating func size(upTo type: IRType) -> Int { 1 << random.below(type.bytes.trailingZeroBitCount + 1) }

    /// An access, or several off one base.
    mutating func access(_ block: inout IRBlock) {
        var address = address(&block, size: 1 << random.below(4))
        if random.oneIn(2) {
            address = block.add(.i64, address, block.const(.i64, UInt64(random.below(1000))))
            keep(address, .i64)
        }
        for _ in 0..<(random.oneIn(3) ? 1 + random.below(5) : 1) { access(&block, address) }
    }

    private mutating func access(_ block: inout IRBlock, _ address: Value) {
        let type = random.pick(options.integers + options.floats.filter { $0 != .f80 } + (options.hasVectors ? [.v64, .v128] : []))
        let size = type.isFloat || type.isVector ? type.bytes : size(upTo: type)
        let offset =
            options.isDirect
            ? Int64(random.below(64)) : random.oneIn(3) ? Int64(random.below(64)) : random.oneIn(6) ? Int64(random.below(4000)) - 2000 : 0
        if random.oneIn(2) {
            keep(block.load(type, address, offset: offset, operation(size)), type)
        } else {
            block.store(type, address, offset: offset, value(type, &block), operation(size))
        }
    }

    mutating func atomic(_ block: inout IRBlock) {
        if options.hasPairs, random.oneIn(4) { return atomicPair(&block) }
        let type = random.pick(options.integers.filter { $0.bits <= 64 })
        let size = size(upTo: type)
        let address = address(&block, size: size)
        let operation = operation(size)
        let a = value(type, &block)
        switch random.below(5) {
        case 0: keep(block.compareExchange(type, address, expected: value(type, &block), new: a, operation), type)
        case 1:
            let old = block.load(type, address, operation)
            keep(block.compareExchange(type, address, expected: old, new: a, operation), type)
        case 2: keep(block.loadLinked(type, address, operation), type)
        case 3:
            keep(block.loadLinked(type, address, operation), type)
            keep(block.storeConditional(type, address, a, operation), type)
        default: keep(block.atomic(type, random.pick(AtomicOperation.allCases), address, a, operation), type)
        }
    }

    /// A compare-and-exchange of 16 bytes, which often finds what it expects.
    private mutating func atomicPair(_ block: inout IRBlock) {
        let address = address(&block, size: 16)
        let finds = random.oneIn(2)
        let half = MemoryOperation(8)
        let low = finds ? block.load(.i64, address, half) : value(.i64, &block)
        let high = finds ? block.load(.i64, address, offset: 8, half) : value(.i64, &block)
        let expected = pair(&block, low, high)
        let newLow = value(.i64, &block)
        let new = random.oneIn(4) ? block.const(.i128, random.edgy()) : pair(&block, newLow, value(.i64, &block))
        let alignment: MemoryOperation.Alignment = random.oneIn(2) ? .fault : .any
        let old = block.compareExchange(.i128, address, expected: expected, new: new, MemoryOperation(16, alignment: alignment))
        let type = random.pick(options.integers)
        if type.bits < 128 { keep(block.trunc(type, old), type) }
        keep(block.trunc(.i64, block.binary(.shrU, .i128, old, block.const(.i128, 64))), .i64)
    }

    private mutating func pair(_ block: inout IRBlock, _ low: Value, _ high: Value) -> Value {
        let top = block.binary(.shl, .i128, block.zext(.i128, high), block.const(.i128, 64))
        return block.binary(random.pick([.or, .xor]), .i128, block.zext(.i128, low), top)
    }

    /// Moves between types that only look at bits.
    private mutating func bits(_ block: inout IRBlock, _ type: IRType) {
        guard let integer = IRType.allCases.first(where: { $0.isInteger && $0.bits == type.bits }) else { return }
        let a = value(type, &block)
        switch random.below(4) {
        case 0: keep(block.bitcast(integer, a), integer)
        case 1: keep(block.bitcast(type, value(integer, &block)), type)
        case 2:
            let mask = block.const(integer, random.edgy())
            let changed = block.binary(random.pick([.and, .or, .xor, .andNot]), integer, block.bitcast(integer, a), mask)
            keep(block.bitcast(type, changed), type)
        default:
            let other = float()
            guard max(other.bits, type.bits) <= 64, other != type else { return }
            keep(block.unary(other.bits > type.bits ? .boxFloat : .unboxFloat, other, a), other)
        }
    }

    mutating func floatStep(_ block: inout IRBlock) {
        let type = float()
        let attributes = floatAttributes()
        let opcode = random.pick(RandomIR.floatOpcodes.filter { !options.without.contains($0) })
        let a = value(opcode == .intToFloat ? random.pick(RandomIR.convertible) : type, &block)
        switch opcode {
        case .fsqrt, .froundInt: keep(block.float(opcode, type, plain(attributes, opcode), a), type)
        case .fma:
            let b = value(type, &block)
            keep(block.fma(type, plain(attributes, opcode), a, b, value(type, &block)), type)
        case .fcompare:
            let b = value(type, &block)
            keep(block.fcompare(.i64, random.pick(FloatCondition.allCases), plain(attributes, opcode), a, b), .i64)
        case .fclass: keep(block.unary(.fclass, .i64, a), .i64)
        case .fconvert:
            let to = float()
            if to != type { keep(block.float(.fconvert, to, plain(attributes, opcode), a), to) }
        case .floatToInt:
            let to = random.pick(RandomIR.convertible)
            keep(block.float(.floatToInt, to, plain(attributes, opcode), a), to)
        case .intToFloat: keep(block.float(.intToFloat, type, plain(attributes, opcode), a), type)
        case .bitcast: bits(&block, type)
        default:
            let b = value(type, &block)
            keep(block.float(opcode, type, plain(attributes, opcode), a, b), type)
        }
    }

    mutating func floatAttributes() -> FloatAttributes {
        FloatAttributes(
            rounding: random.pick(options.roundings), nan: random.pick(options.nanRules), tinyBefore: random.oneIn(2), silent: random.oneIn(6),
            negateProduct: random.oneIn(4), negateAddend: random.oneIn(4), signalling: random.oneIn(2), signed: random.oneIn(2),
            saturation: random.pick(FloatAttributes.Saturation.allCases), flushes: random.oneIn(8))
    }

    /// The attributes that mean something to `opcode`.
    func plain(_ attributes: FloatAttributes, _ opcode: Opcode) -> FloatAttributes {
        var raw = attributes.rawValue
        if opcode != .fma { raw &= ~0x300 }
        if opcode != .fcompare { raw &= ~0x400 }
        if opcode != .floatToInt && opcode != .intToFloat { raw &= ~0x800 }
        if opcode != .floatToInt && opcode != .fmin && opcode != .fmax { raw &= ~0x3000 }
        return FloatAttributes(rawValue: raw)
    }

    private static let convertible: [IRType] = [.i32, .i64]
    private static let floatOpcodes: [Opcode] = [
        .fadd, .fsub, .fmul, .fdiv, .fsqrt, .fma, .fmin, .fmax, .fcompare, .fclass, .fconvert, .floatToInt, .intToFloat, .froundInt,
        .bitcast,
    ]
}
