import IR

/// Access to the vector registers as a whole and by their low parts, and their loads and stores.
extension Translator {
    func readVector(_ b: inout IRBlock, _ register: Int) -> Value { b.read(.v128, AArch64Registers.v(register)) }

    func writeVector(_ b: inout IRBlock, _ register: Int, _ value: Value) { b.write(.v128, AArch64Registers.v(register), value) }

    /// The low bits of a register as an integer.
    func readLow(_ b: inout IRBlock, _ type: IRType, _ register: Int) -> Value {
        b.trunc(type, readVector(&b, register))
    }

    /// The value, zero-extended to the whole register.
    func writeLow(_ b: inout IRBlock, _ register: Int, _ value: Value) {
        writeVector(&b, register, b.zext(.v128, value))
    }

    /// The upper half of a register.
    func readHigh(_ b: inout IRBlock, _ register: Int) -> Value {
        b.vextract(.i64, .b64, readVector(&b, register), at: 1)
    }

    func writeHigh(_ b: inout IRBlock, _ register: Int, _ value: Value) {
        writeVector(&b, register, b.vinsert(.v128, .b64, readVector(&b, register), at: 1, value))
    }

    func readFloat(_ b: inout IRBlock, _ type: IRType, _ register: Int) -> Value {
        b.bitcast(type, readLow(&b, .integer(bits: type.bits), register))
    }

    func writeFloat(_ b: inout IRBlock, _ register: Int, _ type: IRType, _ value: Value) {
        writeLow(&b, register, b.bitcast(.integer(bits: type.bits), value))
    }

    /// A vector of 64 or 128 bits.
    func readVector(_ b: inout IRBlock, _ type: IRType, _ register: Int) -> Value {
        type == .v128 ? readVector(&b, register) : b.trunc(.v64, readVector(&b, register))
    }

    /// A vector of 64 or 128 bits, the former zero-extended.
    func writeResult(_ b: inout IRBlock, _ register: Int, _ value: Value) {
        writeVector(&b, register, b[Int(value.index)].type == .v128 ? value : b.zext(.v128, value))
    }

    /// The lane of a size in bytes.
    func lane(_ bytes: Int) -> Lane { Lane(rawValue: UInt8(bytes.trailingZeroBitCount)) ?? .b64 }

    // MARK: Memory

    private func loadVector(_ b: inout IRBlock, _ register: Int, _ base: Value, _ offset: Int64, _ size: Int) {
        writeLoaded(&b, register, loadValue(&b, base, offset, size))
    }

    private func loadValue(_ b: inout IRBlock, _ base: Value, _ offset: Int64, _ size: Int) -> Value {
        b.load(size == 16 ? .v128 : .i64, base, offset: offset, memoryAccess(size))
    }

    private func writeLoaded(_ b: inout IRBlock, _ register: Int, _ value: Value) {
        if b[Int(value.index)].type == .v128 { writeVector(&b, register, value) } else { writeLow(&b, register, value) }
    }

    private func storeVector(_ b: inout IRBlock, _ register: Int, _ base: Value, _ offset: Int64, _ size: Int) {
        if size == 16 {
            b.store(.v128, base, offset: offset, readVector(&b, register), memoryAccess(16))
        } else {
            b.store(.i64, base, offset: offset, readLow(&b, .i64, register), memoryAccess(size))
        }
    }

    func literalVector(_ b: inout IRBlock, _ o: Operands) -> Bool {
        guard o.field(30, 2) != 3 else { return false }
        let address = b.const(.i64, pc &+ UInt64(bitPattern: o.signed(5, 19) << 2))
        loadVector(&b, o.rd, address, 0, 4 << o.field(30, 2))
        return true
    }

    func pairVector(_ b: inout IRBlock, _ o: Operands, _ indexing: Indexing, loads: Bool) -> Bool {
        guard o.field(30, 2) != 3 else { return false }
        let size = 4 << o.field(30, 2)
        withAddress(&b, o, o.signed(15, 7) * Int64(size), indexing) { b, base, offset in
            if loads {
                let first = loadValue(&b, base, offset, size), second = loadValue(&b, base, offset + Int64(size), size)
                writeLoaded(&b, o.rd, first)
                writeLoaded(&b, o.ra, second)
            } else {
                storeVector(&b, o.rd, base, offset, size)
                storeVector(&b, o.ra, base, offset + Int64(size), size)
            }
        }
        return true
    }

    func vectorRegister(_ b: inout IRBlock, _ instruction: LoadStoreInstruction, _ o: Operands) -> Bool {
        guard !o.bit(23) || o.size == 1 else { return false }
        let size = o.bit(23) ? 16 : o.size
        func access(_ b: inout IRBlock, _ base: Value, _ offset: Int64) {
            if o.bit(22) { loadVector(&b, o.rd, base, offset, size) } else { storeVector(&b, o.rd, base, offset, size) }
        }
        switch instruction {
        case .str_v, .ldr_v: access(&b, address(&b, o), Int64(o.field(10, 12) * size))
        case .str_regv, .ldr_regv: access(&b, indexed(&b, o, size), 0)
        case .str_postv, .ldr_postv: withAddress(&b, o, o.signed(12, 9), .post, access)
        case .str_prev, .ldr_prev: withAddress(&b, o, o.signed(12, 9), .pre, access)
        default: withAddress(&b, o, o.signed(12, 9), .offset, access)
        }
        return true
    }
}
