import Bits
import IR

/// An access's address: an i64 below 2^32, and what is added to it, which is small and not negative.
struct MemoryAddress {
    let base: Value
    var displacement: Int64 = 0
}

/// A load or store of one register: what there is to know of it beside its address.
struct Transfer {
    let register: Int
    let size: Int
    var isSigned = false
    let loads: Bool
    /// ldrt, strt and their like: by user mode's rights.
    var isUnprivileged = false
}

extension Operands {
    /// Of A32's loads and stores: P = 0 and W = 1.
    fileprivate var isUnprivileged: Bool { !bit(24) && bit(21) }
}

extension Translator {
    /// Loads and stores of general registers.
    mutating func memory(_ b: inout IRBlock, _ instruction: MemoryInstruction, _ o: Operands) -> Bool {
        switch instruction {
        case .str, .ldr, .strb, .ldrb:
            let transfer = Transfer(register: o.rt, size: o.bit(22) ? 1 : 4, loads: o.bit(20), isUnprivileged: o.isUnprivileged)
            return indexed(&b, o, transfer, offset: .immediate(o.bit(23), UInt32(o.field(0, 12))))
        case .str_reg, .ldr_reg, .strb_reg, .ldrb_reg:
            guard o.rm != 15 else { return false }
            let offset = shifted(&b, read(&b, o.rm), o.field(5, 2), by: o.field(7, 5)).value
            let transfer = Transfer(register: o.rt, size: o.bit(22) ? 1 : 4, loads: o.bit(20), isUnprivileged: o.isUnprivileged)
            return indexed(&b, o, transfer, offset: .register(o.bit(23), offset))
        case .strh, .ldrh, .ldrsb, .ldrsh, .strh_reg, .ldrh_reg, .ldrsb_reg, .ldrsh_reg:
            let transfer = Transfer(register: o.rt, size: o.bit(5) ? 2 : 1, isSigned: o.bit(6), loads: o.bit(20), isUnprivileged: o.isUnprivileged)
            guard let offset = extraOffset(&b, o), o.rt != 15 else { return false }
            return indexed(&b, o, transfer, offset: offset)
        case .ldrd, .strd, .ldrd_reg, .strd_reg:
            guard let offset = extraOffset(&b, o), o.rt & 1 == 0, o.rt != 14, o.bit(24) || !o.bit(21) else { return false }
            return pair(&b, o, o.rt, o.rt + 1, loads: !o.bit(5), offset: offset)
        case .ldm, .stm:
            if o.isThumb { return multiple(&b, o, registers: o.field(0, 16), loads: o.bit(20), increments: true, before: false) }
            return multiple(&b, o, registers: o.field(0, 16), loads: o.bit(20), increments: o.bit(23), before: o.bit(24))
        case .ldmdb, .stmdb: return multiple(&b, o, registers: o.field(0, 16), loads: o.bit(20), increments: false, before: true)
        case .swp: return swap(&b, o)
        case .pld, .pld_reg: break
        case .tbb: tableBranch(&b, o)
        case .ldrd_t, .strd_t:
            guard o.rt != 15, o.field(8, 4) != 15, o.rn != 15 || !o.bit(21) && instruction == .ldrd_t else { return false }
            return pair(&b, o, o.rt, o.field(8, 4), loads: o.bit(20), offset: .immediate(o.bit(23), UInt32(o.field(0, 8)) * 4))
        case .str_12, .ldr_12, .ldrs_12, .str_8, .ldr_8, .ldrs_8, .str_r, .ldr_r, .ldrs_r, .ldr_lit, .ldrs_lit:
            return wideMemory(&b, instruction, o)
        default: return exclusive(&b, instruction, o)
        }
        return true
    }

    private mutating func wideMemory(_ b: inout IRBlock, _ instruction: MemoryInstruction, _ o: Operands) -> Bool {
        guard o.field(21, 2) != 3 else { return false }
        var transfer = Transfer(register: o.rt, size: 1 << o.field(21, 2), isSigned: o.bit(24), loads: o.bit(20))
        if !transfer.loads, o.rn == 15 || o.rt == 15 { return false }
        // A hint to fetch.
        let isHint = o.rt == 15 && transfer.size < 4
        switch instruction {
        case .str_12, .ldr_12, .ldrs_12:
            if isHint { return true }
            access(&b, transfer, MemoryAddress(base: readWide(&b, o.rn), displacement: Int64(o.field(0, 12))), isReturn: o.rn == 13)
        case .str_8, .ldr_8, .ldrs_8:
            let (p, u, w) = (o.bit(10), o.bit(9), o.bit(8))
            guard p || w else { return false }
            transfer.isUnprivileged = p && u && !w
            if isHint { return p && !u && !w }
            return indexed(&b, o, transfer, offset: .immediate(u, UInt32(o.field(0, 8))), p: p, w: w && !(p && u && !w))
        case .str_r, .ldr_r, .ldrs_r:
            guard o.rm != 15 else { return false }
            if isHint { return true }
            let index = b.binary(.shl, .i32, read(&b, o.rm), b.const(.i32, UInt64(o.field(4, 2))))
            access(&b, transfer, MemoryAddress(base: b.zext(.i64, b.add(.i32, read(&b, o.rn), index))))
        default:
            if isHint { return true }
            access(&b, transfer, literal(&b, up: o.bit(23), UInt32(o.field(0, 12))))
        }
        return true
    }

    // MARK: Addresses

    enum Offset {
        /// Whether it is added, and what.
        case immediate(Bool, UInt32)
        case register(Bool, Value)
    }

    private func extraOffset(_ b: inout IRBlock, _ o: Operands) -> Offset? {
        if o.bit(22) { return .immediate(o.bit(23), UInt32(o.field(8, 4) << 4 | o.field(0, 4))) }
        return o.rm == 15 ? nil : .register(o.bit(23), read(&b, o.rm))
    }

    func literal(_ b: inout IRBlock, up: Bool, _ offset: UInt32) -> MemoryAddress {
        let base = visiblePC & ~3
        return MemoryAddress(base: b.const(.i64, UInt64(up ? base &+ offset : base &- offset)))
    }

    /// A base register plus an offset, which wraps at 2^32; what is added as a displacement may end behind that, where no memory is.
    func address(_ b: inout IRBlock, _ base: Int, _ offset: Offset) -> MemoryAddress {
        switch offset {
        case .immediate(let up, let value):
            if base == 15 { return literal(&b, up: up, value) }
            if up || value == 0 { return MemoryAddress(base: readWide(&b, base), displacement: Int64(value)) }
        case .register: break
        }
        return MemoryAddress(base: b.zext(.i64, sum(&b, base, offset)))
    }

    private func sum(_ b: inout IRBlock, _ base: Int, _ offset: Offset) -> Value {
        switch offset {
        case .immediate(let up, let value): b.binary(up ? .add : .sub, .i32, read(&b, base), constant(&b, value))
        case .register(let up, let value): b.binary(up ? .add : .sub, .i32, read(&b, base), value)
        }
    }

    /// Runs an access with A32's P, U and W, or T32's.
    private mutating func indexed(_ b: inout IRBlock, _ o: Operands, _ transfer: Transfer, offset: Offset, p: Bool? = nil, w: Bool? = nil) -> Bool {
        let p = p ?? o.bit(24), w = w ?? o.bit(21)
        let writesBack = !p || w
        guard !writesBack || o.rn != 15 && !(o.rn == transfer.register) else { return false }
        let place = p ? address(&b, o.rn, offset) : MemoryAddress(base: readWide(&b, o.rn))
        let newBase = writesBack ? sum(&b, o.rn, offset) : nil
        access(&b, transfer, place, newBase: newBase.map { (o.rn, $0) }, isReturn: o.rn == 13)
        return true
    }

    /// How memory is accessed, in the byte order that the state says.
    func memoryAccess(
        _ size: Int, signed: Bool = false, alignment: MemoryOperation.Alignment = .any, order: MemoryOperation.Order = .relaxed,
        unprivileged: Bool = false
    ) -> MemoryOperation {
        MemoryOperation(
            size, signed: signed, bigEndian: flags.isBigEndian, alignment: flags.checksAlignment ? .fault : alignment, order: order,
            mmuIndex: unprivileged ? flags.unprivilegedIndex : flags.mmuIndex)
    }

    /// One register's access; the base register changes when it can't fail any more.
    private mutating func access(
        _ b: inout IRBlock, _ transfer: Transfer, _ place: MemoryAddress, newBase: (Int, Value)? = nil, isReturn: Bool = false,
        order: MemoryOperation.Order = .relaxed
    ) {
        let memory = memoryAccess(
            transfer.size, signed: transfer.isSigned, alignment: order == .relaxed ? .any : .fault, order: order,
            unprivileged: transfer.isUnprivileged)
        guard transfer.loads else {
            b.store(.i64, place.base, offset: place.displacement, readWide(&b, transfer.register), memory)
            if let newBase { write(&b, newBase.0, newBase.1) }
            return
        }
        let loaded = b.load(transfer.isSigned ? .i32 : .i64, place.base, offset: place.displacement, memory)
        if let newBase { write(&b, newBase.0, newBase.1) }
        let wide = transfer.isSigned ? b.zext(.i64, loaded) : loaded
        if transfer.register == 15 { jump(&b, to: wide, hint: isReturn ? .return : .none) } else { writeWide(&b, transfer.register, wide) }
    }

    /// A load or store of T16, which has no indexing.
    mutating func access(_ b: inout IRBlock, _ transfer: Transfer, _ place: MemoryAddress) { access(&b, transfer, place, newBase: nil) }

    /// Two registers in one access of 8 bytes.
    private mutating func pair(_ b: inout IRBlock, _ o: Operands, _ first: Int, _ second: Int, loads: Bool, offset: Offset) -> Bool {
        let p = o.bit(24), writesBack = !p || o.bit(21)
        guard !writesBack || o.rn != 15 && o.rn != first && o.rn != second, !loads || first != second else { return false }
        let place = p ? address(&b, o.rn, offset) : MemoryAddress(base: readWide(&b, o.rn))
        let newBase = writesBack ? sum(&b, o.rn, offset) : nil
        checkWordAlignment(&b, o, place)
        let memory = MemoryOperation(8, bigEndian: flags.isBigEndian, mmuIndex: flags.mmuIndex)
        if loads {
            let value = b.load(.i64, place.base, offset: place.displacement, memory)
            if let newBase { write(&b, o.rn, newBase) }
            writePair(&b, first, second, value)
        } else {
            b.store(.i64, place.base, offset: place.displacement, readPair(&b, first, second), memory)
            if let newBase { write(&b, o.rn, newBase) }
        }
        return true
    }

    /// Two registers are aligned to one, whatever SCTLR.A says (DDI 0406, A3.2.1); for programs a kernel sees to what is not.
    private mutating func checkWordAlignment(_ b: inout IRBlock, _ o: Operands, _ place: MemoryAddress) {
        guard flags.isSystem else { return }
        let address = place.displacement & 3 == 0 ? place.base : b.add(.i64, place.base, b.const64(place.displacement))
        let label = b.makeLabel()
        b.branch(label, if: .ne, b.binary(.and, .i64, address, b.const(.i64, 3)), b.const(.i64, 0))
        misalignedPairs.append(MisalignedPair(label: label, pc: pc, access: PairAccess(o)))
    }

    /// The register with the lower address is the low word of little-endian data.
    private func readPair(_ b: inout IRBlock, _ first: Int, _ second: Int) -> Value {
        let (low, high) = flags.isBigEndian ? (second, first) : (first, second)
        return b.deposit(.i64, readWide(&b, low), readWide(&b, high), low: 32, count: 32)
    }

    private func writePair(_ b: inout IRBlock, _ first: Int, _ second: Int, _ value: Value) {
        let (low, high) = flags.isBigEndian ? (second, first) : (first, second)
        writeWide(&b, low, b.binary(.and, .i64, value, b.const(.i64, 0xffff_ffff)))
        writeWide(&b, high, b.binary(.shrU, .i64, value, b.const(.i64, 32)))
    }

    // MARK: Many registers

    private mutating func multiple(_ b: inout IRBlock, _ o: Operands, registers: Int, loads: Bool, increments: Bool, before: Bool) -> Bool {
        guard o.rn != 15, registers != 0 else { return false }
        if o.isThumb, registers.bit(13) || (loads ? registers >> 14 == 3 : registers.bit(15)) { return false }
        multiple(&b, base: o.rn, registers: registers, loads: loads, increments: increments, before: before, writesBack: o.bit(21))
        return true
    }

    /// The lowest register has the lowest address. Registers change when no access can fail any more.
    mutating func multiple(
        _ b: inout IRBlock, base: Int, registers: Int, loads: Bool, increments: Bool, before: Bool, writesBack: Bool
    ) {
        let count = registers.nonzeroBitCount
        let old = read(&b, base)
        let size = constant(&b, UInt32(4 * count))
        let end = b.binary(increments ? .add : .sub, .i32, old, size)
        let first: MemoryAddress
        if increments {
            first = MemoryAddress(base: readWide(&b, base), displacement: before ? 4 : 0)
        } else {
            first =
                before
                ? MemoryAddress(base: b.zext(.i64, end)) : MemoryAddress(base: b.zext(.i64, b.add(.i32, end, b.const(.i32, 4))))
        }
        let list = (0..<16).filter { registers.bit($0) }
        let memory = memoryAccess(4, alignment: flags.isSystem ? .fault : .any)
        func place(_ index: Int) -> Int64 { first.displacement + Int64(4 * index) }
        guard loads else {
            for (index, register) in list.enumerated() { b.store(.i64, first.base, offset: place(index), readWide(&b, register), memory) }
            if writesBack { write(&b, base, end) }
            return
        }
        let values = list.indices.map { b.load(.i64, first.base, offset: place($0), memory) }
        if writesBack { write(&b, base, end) }
        for (register, value) in zip(list, values) where register != 15 && !(writesBack && register == base) { writeWide(&b, register, value) }
        if list.last == 15, let target = values.last { jump(&b, to: target, hint: .return) }
    }

    private mutating func tableBranch(_ b: inout IRBlock, _ o: Operands) {
        let index = o.bit(4) ? b.binary(.shl, .i32, read(&b, o.rm), b.const(.i32, 1)) : read(&b, o.rm)
        let place = b.zext(.i64, b.add(.i32, read(&b, o.rn), index))
        let distance = b.load(.i64, place, memoryAccess(o.bit(4) ? 2 : 1))
        let doubled = b.binary(.shl, .i64, distance, b.const(.i64, 1))
        jump(&b, to: b.add(.i64, b.const(.i64, UInt64(visiblePC) | 1), doubled))
    }

    // MARK: Atomic accesses

    private mutating func swap(_ b: inout IRBlock, _ o: Operands) -> Bool {
        guard o.rt != 15, o.rn != 15, o.rm != 15, o.rn != o.rm, o.rn != o.rt else { return false }
        let memory = memoryAccess(o.bit(22) ? 1 : 4, alignment: .fault, order: .sequential)
        let old = b.atomic(.i64, .exchange, readWide(&b, o.rn), readWide(&b, o.rm), memory)
        writeWide(&b, o.rt, old)
        return true
    }

    /// Exclusive accesses, acquire and release. Every one is sequential: on strongly ordered hosts that costs nothing more.
    private mutating func exclusive(_ b: inout IRBlock, _ instruction: MemoryInstruction, _ o: Operands) -> Bool {
        guard o.rn != 15 else { return false }
        // Stores have the data where loads have ones in A32, and the status where T32 has it.
        let data = o.isThumb || o.bit(20) ? o.rt : o.field(0, 4)
        let isWordExclusive = instruction == .strex || instruction == .ldrex
        let status = o.isThumb ? isWordExclusive ? o.field(8, 4) : o.field(0, 4) : o.field(12, 4)
        let second = o.isThumb ? o.field(8, 4) : data + 1
        let place =
            o.isThumb && isWordExclusive ? address(&b, o.rn, .immediate(true, UInt32(o.field(0, 8)) * 4)) : address(&b, o.rn, .immediate(true, 0))
        guard data != 15 else { return false }
        switch instruction {
        case .ldrex, .ldaex: return loadExclusive(&b, place, 4, data)
        case .ldrexb, .ldaexb: return loadExclusive(&b, place, 1, data)
        case .ldrexh, .ldaexh: return loadExclusive(&b, place, 2, data)
        case .ldrexd, .ldaexd: return loadExclusive(&b, place, 8, data, second, isThumb: o.isThumb)
        case .strex, .stlex: return storeExclusive(&b, o, place, 4, data, status: status)
        case .strexb, .stlexb: return storeExclusive(&b, o, place, 1, data, status: status)
        case .strexh, .stlexh: return storeExclusive(&b, o, place, 2, data, status: status)
        case .strexd, .stlexd: return storeExclusive(&b, o, place, 8, data, second, status: status)
        case .lda, .stl: ordered(&b, o, place, 4, data)
        case .ldab, .stlb: ordered(&b, o, place, 1, data)
        case .ldah, .stlh: ordered(&b, o, place, 2, data)
        default: return false
        }
        return true
    }

    private mutating func ordered(_ b: inout IRBlock, _ o: Operands, _ place: MemoryAddress, _ size: Int, _ data: Int) {
        let transfer = Transfer(register: data, size: size, loads: o.bit(20))
        access(&b, transfer, place, order: transfer.loads ? .acquire : .sequential)
    }

    private func exclusiveAccess(_ size: Int) -> MemoryOperation { memoryAccess(size, alignment: .fault, order: .sequential) }

    private func whole(_ b: inout IRBlock, _ place: MemoryAddress) -> Value {
        if place.displacement == 0 { return place.base }
        return b.zext(.i64, b.trunc(.i32, b.add(.i64, place.base, b.const64(place.displacement))))
    }

    private func loadExclusive(
        _ b: inout IRBlock, _ place: MemoryAddress, _ size: Int, _ data: Int, _ second: Int? = nil, isThumb: Bool = false
    ) -> Bool {
        if let second, second == 15 || second == data || !isThumb && data & 1 != 0 { return false }
        let value = b.loadLinked(.i64, whole(&b, place), exclusiveAccess(size))
        if let second { writePair(&b, data, second, value) } else { writeWide(&b, data, value) }
        return true
    }

    private func storeExclusive(
        _ b: inout IRBlock, _ o: Operands, _ place: MemoryAddress, _ size: Int, _ data: Int, _ second: Int? = nil, status: Int
    ) -> Bool {
        if let second, second == 15 || second == status || !o.isThumb && data & 1 != 0 { return false }
        guard status != 15, status != o.rn, status != data else { return false }
        let value = second.map { readPair(&b, data, $0) } ?? readWide(&b, data)
        writeWide(&b, status, b.storeConditional(.i64, whole(&b, place), value, exclusiveAccess(size)))
        return true
    }
}
