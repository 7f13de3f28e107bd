import Bits
import IR

/// How the base register of an access is used.
enum Indexing { case offset, post, pre }

extension Translator {
    /// Loads and stores of registers.
    mutating func loadStore(_ b: inout IRBlock, _ instruction: LoadStoreInstruction, _ o: Operands) -> Bool {
        switch instruction {
        case .ldr_lit: load(&b, o.rd, literal(&b, o), 0, o.bit(30) ? 8 : 4)
        case .ldrsw_lit: load(&b, o.rd, literal(&b, o), 0, 4, signed: .i64)
        case .ldr_litv: return literalVector(&b, o)
        case .prfm_lit, .prfum, .prfm, .prfm_reg: break
        case .stxr, .ldxr, .stxp, .ldxp, .cas, .casp: return exclusive(&b, instruction, o)
        case .stlr, .stllr: storeRelease(&b, o, offset: 0)
        case .ldar, .ldlar, .ldapr: loadAcquire(&b, o, offset: 0)
        case .stlur: storeRelease(&b, o, offset: o.signed(12, 9))
        case .ldapur: loadAcquire(&b, o, offset: o.signed(12, 9))
        case .ldapurs: return loadAcquireSigned(&b, o)
        case .stnp, .stp: pair(&b, o, .offset, loads: false)
        case .ldnp, .ldp: pair(&b, o, .offset, loads: true)
        case .stp_post: pair(&b, o, .post, loads: false)
        case .ldp_post: pair(&b, o, .post, loads: true)
        case .stp_pre: pair(&b, o, .pre, loads: false)
        case .ldp_pre: pair(&b, o, .pre, loads: true)
        case .ldpsw_post: pair(&b, o, .post, loads: true, signed: true)
        case .ldpsw: pair(&b, o, .offset, loads: true, signed: true)
        case .ldpsw_pre: pair(&b, o, .pre, loads: true, signed: true)
        case .stnp_v, .stp_v: return pairVector(&b, o, .offset, loads: false)
        case .ldnp_v, .ldp_v: return pairVector(&b, o, .offset, loads: true)
        case .stp_postv: return pairVector(&b, o, .post, loads: false)
        case .ldp_postv: return pairVector(&b, o, .post, loads: true)
        case .stp_prev: return pairVector(&b, o, .pre, loads: false)
        case .ldp_prev: return pairVector(&b, o, .pre, loads: true)
        case .stur: store(&b, o, .offset)
        case .sttr: store(&b, o, .offset, unprivileged: true)
        case .str_post: store(&b, o, .post)
        case .str_pre: store(&b, o, .pre)
        case .ldur: load(&b, o, .offset)
        case .ldtr: load(&b, o, .offset, unprivileged: true)
        case .ldr_post: load(&b, o, .post)
        case .ldr_pre: load(&b, o, .pre)
        case .ldurs: return loadSigned(&b, o, .offset)
        case .ldtrs: return loadSigned(&b, o, .offset, unprivileged: true)
        case .ldrs_post: return loadSigned(&b, o, .post)
        case .ldrs_pre: return loadSigned(&b, o, .pre)
        case .str: store(&b, o.rd, address(&b, o), scaled(o), o.size)
        case .ldr: load(&b, o.rd, address(&b, o), scaled(o), o.size)
        case .ldrs:
            guard let type = o.signedType else { return false }
            load(&b, o.rd, address(&b, o), scaled(o), o.size, signed: type)
        case .str_reg: store(&b, o.rd, indexed(&b, o, o.size), 0, o.size)
        case .ldr_reg: load(&b, o.rd, indexed(&b, o, o.size), 0, o.size)
        case .ldrs_reg:
            guard let type = o.signedType else { return false }
            load(&b, o.rd, indexed(&b, o, o.size), 0, o.size, signed: type)
        case .stur_v, .ldur_v, .str_postv, .ldr_postv, .str_prev, .ldr_prev, .str_v, .ldr_v, .str_regv, .ldr_regv:
            return vectorRegister(&b, instruction, o)
        case .ldadd, .ldclr, .ldeor, .ldset, .ldsmax, .ldsmin, .ldumax, .ldumin, .swp: atomic(&b, instruction, o)
        case .ldraa, .ldrab: loadAuthenticated(&b, o)
        }
        return true
    }

    // MARK: Addresses

    private func literal(_ b: inout IRBlock, _ o: Operands) -> Value {
        b.const(.i64, pc &+ UInt64(bitPattern: o.signed(5, 19) << 2))
    }

    private func scaled(_ o: Operands) -> Int64 { Int64(o.field(10, 12) * o.size) }

    /// Base plus an extended, possibly scaled register.
    func indexed(_ b: inout IRBlock, _ o: Operands, _ size: Int) -> Value {
        let kind = o.field(13, 3), shift = o.bit(12) ? size.trailingZeroBitCount : 0
        let index = extended(&b, .i64, o.rm, kind: kind, shift: shift)
        return b.add(.i64, address(&b, o), index)
    }

    /// The base register of an access, without its tag if the program is known to use tags.
    func address(_ b: inout IRBlock, _ o: Operands) -> Value { untagged(&b, readSP(&b, .i64, o.rn)) }

    func untagged(_ b: inout IRBlock, _ address: Value) -> Value {
        guard flags.untags else { return address }
        let eight = b.const(.i64, 8)
        return b.binary(.shrS, .i64, b.binary(.shl, .i64, address, eight), eight)
    }

    /// Runs an access at the base register plus `offset`, and then, if the indexing wants that, changes the base.
    func withAddress(_ b: inout IRBlock, _ o: Operands, _ offset: Int64, _ indexing: Indexing, _ access: (inout IRBlock, Value, Int64) -> Void) {
        let base = readSP(&b, .i64, o.rn)
        access(&b, untagged(&b, base), indexing == .post ? 0 : offset)
        if indexing != .offset { writeSP(&b, o.rn, .i64, b.add(.i64, base, b.const64(offset))) }
    }

    // MARK: General registers

    private func load(
        _ b: inout IRBlock, _ register: Int, _ base: Value, _ offset: Int64, _ size: Int, signed type: IRType? = nil, unprivileged: Bool = false
    ) {
        let value = b.load(type ?? .i64, base, offset: offset, memoryAccess(size, signed: type != nil, unprivileged: unprivileged))
        write(&b, register, type ?? .i64, value)
    }

    private func store(_ b: inout IRBlock, _ register: Int, _ base: Value, _ offset: Int64, _ size: Int, unprivileged: Bool = false) {
        b.store(.i64, base, offset: offset, read(&b, .i64, register), memoryAccess(size, unprivileged: unprivileged))
    }

    private func load(_ b: inout IRBlock, _ o: Operands, _ indexing: Indexing, unprivileged: Bool = false) {
        withAddress(&b, o, o.signed(12, 9), indexing) { b, base, offset in load(&b, o.rd, base, offset, o.size, unprivileged: unprivileged) }
    }

    private func store(_ b: inout IRBlock, _ o: Operands, _ indexing: Indexing, unprivileged: Bool = false) {
        withAddress(&b, o, o.signed(12, 9), indexing) { b, base, offset in store(&b, o.rd, base, offset, o.size, unprivileged: unprivileged) }
    }

    private func loadSigned(_ b: inout IRBlock, _ o: Operands, _ indexing: Indexing, unprivileged: Bool = false) -> Bool {
        guard let type = o.signedType else { return false }
        withAddress(&b, o, o.signed(12, 9), indexing) { b, base, offset in
            load(&b, o.rd, base, offset, o.size, signed: type, unprivileged: unprivileged)
        }
        return true
    }

    /// Both loads come before the first register is written: either may fault.
    private func pair(_ b: inout IRBlock, _ o: Operands, _ indexing: Indexing, loads: Bool, signed: Bool = false) {
        let size = o.is64 ? 8 : 4
        withAddress(&b, o, o.signed(15, 7) * Int64(size), indexing) { b, base, offset in
            if loads {
                let memory = memoryAccess(size, signed: signed)
                let first = b.load(.i64, base, offset: offset, memory)
                let second = b.load(.i64, base, offset: offset + Int64(size), memory)
                write(&b, o.rd, .i64, first)
                write(&b, o.ra, .i64, second)
            } else {
                store(&b, o.rd, base, offset, size)
                store(&b, o.ra, base, offset + Int64(size), size)
            }
        }
    }

    // MARK: Ordered accesses

    private func ordered(_ size: Int, _ order: MemoryOperation.Order) -> MemoryOperation {
        memoryAccess(size, alignment: model.features.contains(.lse2) ? .any : .fault, order: order)
    }

    private func loadAcquire(_ b: inout IRBlock, _ o: Operands, offset: Int64) {
        let value = b.load(.i64, address(&b, o), offset: offset, ordered(o.size, .acquire))
        write(&b, o.rd, .i64, value)
    }

    private func loadAcquireSigned(_ b: inout IRBlock, _ o: Operands) -> Bool {
        guard let type = o.signedType else { return false }
        let alignment = ordered(o.size, .acquire).alignment
        let memory = memoryAccess(o.size, signed: true, alignment: alignment, order: .acquire)
        write(&b, o.rd, type, b.load(type, address(&b, o), offset: o.signed(12, 9), memory))
        return true
    }

    /// Sequential: a later load-acquire must not overtake it.
    private func storeRelease(_ b: inout IRBlock, _ o: Operands, offset: Int64) {
        b.store(.i64, address(&b, o), offset: offset, read(&b, .i64, o.rd), ordered(o.size, .sequential))
    }

    private mutating func loadAuthenticated(_ b: inout IRBlock, _ o: Operands) {
        let base = readSP(&b, .i64, o.rn)
        let step = AuthenticationStep(authenticates: true, key: o.bit(23) ? .db : .da)
        let pointer = authenticated(&b, base, step, b.const(.i64, 0))
        let offset = (o.bits.bits(22, 1) << 9 | o.bits.bits(12, 9)).signExtended(from: 10) * 8
        let value = b.load(.i64, untagged(&b, pointer), offset: offset, memoryAccess(8))
        if o.bit(11) { writeSP(&b, o.rn, .i64, b.add(.i64, pointer, b.const64(offset))) }
        write(&b, o.rd, .i64, value)
    }
}

extension Operands {
    /// Bytes of an access, by bits 31 and 30.
    var size: Int { 1 << field(30, 2) }

    /// The register's type of a sign-extending load, by bit 22; nil where there is none.
    fileprivate var signedType: IRType? {
        let narrows = bit(22)
        return size == 8 || (size == 4 && narrows) ? nil : narrows ? .i32 : .i64
    }
}
