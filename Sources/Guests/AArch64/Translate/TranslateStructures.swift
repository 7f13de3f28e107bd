import IR

/// Loads and stores of vectors by elements: element e of register r lies at base + (e × registers + r) × size.
extension Translator {
    mutating func structure(_ b: inout IRBlock, _ instruction: StructureInstruction, _ o: Operands) -> Bool {
        // Without post-index the field for what is added must be zero.
        guard o.bit(23) || o.rm == 0 else { return false }
        switch instruction {
        case .st1_1, .ld1_1: contiguous(&b, o, registers: 1)
        case .st1_2, .ld1_2: contiguous(&b, o, registers: 2)
        case .st1_3, .ld1_3: contiguous(&b, o, registers: 3)
        case .st1_4, .ld1_4: contiguous(&b, o, registers: 4)
        case .st2, .ld2: return interleaved(&b, o, registers: 2)
        case .st3, .ld3: return interleaved(&b, o, registers: 3)
        case .st4, .ld4: return interleaved(&b, o, registers: 4)
        case .st_lane, .ld_lane: return lanes(&b, o)
        case .ld1r: replicated(&b, o, registers: 1)
        case .ld2r: replicated(&b, o, registers: 2)
        case .ld3r: replicated(&b, o, registers: 3)
        case .ld4r: replicated(&b, o, registers: 4)
        }
        return true
    }

    /// Post-index: the bytes that were accessed, or a register, are added to the base.
    private func finish(_ b: inout IRBlock, _ o: Operands, bytes: Int) {
        guard o.bit(23) else { return }
        let step = o.rm == 31 ? b.const(.i64, UInt64(bytes)) : read(&b, .i64, o.rm)
        writeSP(&b, o.rn, .i64, b.add(.i64, readSP(&b, .i64, o.rn), step))
    }

    private func register(_ o: Operands, _ index: Int) -> Int { (o.rd + index) & 31 }

    private func contiguous(_ b: inout IRBlock, _ o: Operands, registers: Int) {
        let base = address(&b, o)
        let size = o.q ? 16 : 8
        if o.bit(22) {
            let values = (0..<registers).map { index in
                b.load(o.q ? .v128 : .i64, base, offset: Int64(index * size), memoryAccess(size))
            }
            for (index, value) in values.enumerated() {
                if o.q { writeVector(&b, register(o, index), value) } else { writeLow(&b, register(o, index), value) }
            }
        } else {
            for index in 0..<registers {
                let value = o.q ? readVector(&b, register(o, index)) : readLow(&b, .i64, register(o, index))
                b.store(o.q ? .v128 : .i64, base, offset: Int64(index * size), value, memoryAccess(size))
            }
        }
        finish(&b, o, bytes: registers * size)
    }

    /// Two, three or four registers whose elements take turns in memory.
    private func interleaved(_ b: inout IRBlock, _ o: Operands, registers: Int) -> Bool {
        let size = 1 << o.field(10, 2)
        guard o.q || size < 8 else { return false }
        let base = address(&b, o)
        let count = (o.q ? 16 : 8) / size
        if o.bit(22) {
            loadInterleaved(&b, o, base, registers, size, count)
        } else {
            for element in 0..<count {
                for index in 0..<registers {
                    let value = b.vextract(.i64, lane(size), readVector(&b, register(o, index)), at: element)
                    b.store(.i64, base, offset: Int64((element * registers + index) * size), value, memoryAccess(size))
                }
            }
        }
        finish(&b, o, bytes: registers * size * count)
        return true
    }

    /// Every element is loaded before the first register changes: any load may fault.
    private func loadInterleaved(_ b: inout IRBlock, _ o: Operands, _ base: Value, _ registers: Int, _ size: Int, _ count: Int) {
        let vectors = (0..<registers).map { index in
            (0..<count).reduce(b.zext(.v128, b.const(.i64, 0))) { vector, element in
                let offset = Int64((element * registers + index) * size)
                let value = b.load(.i64, base, offset: offset, memoryAccess(size))
                return b.vinsert(.v128, lane(size), vector, at: element, value)
            }
        }
        for (index, vector) in vectors.enumerated() { writeVector(&b, register(o, index), vector) }
    }

    /// One element of each of one to four registers.
    private func lanes(_ b: inout IRBlock, _ o: Operands) -> Bool {
        guard let (size, number) = laneOfStructure(o) else { return false }
        let registers = (o.field(13, 1) << 1 | o.field(21, 1)) + 1
        let base = address(&b, o)
        if o.bit(22) {
            let values = (0..<registers).map { b.load(.i64, base, offset: Int64($0 * size), memoryAccess(size)) }
            for (index, value) in values.enumerated() {
                let old = readVector(&b, register(o, index))
                writeVector(&b, register(o, index), b.vinsert(.v128, lane(size), old, at: number, value))
            }
        } else {
            for index in 0..<registers {
                let value = b.vextract(.i64, lane(size), readVector(&b, register(o, index)), at: number)
                b.store(.i64, base, offset: Int64(index * size), value, memoryAccess(size))
            }
        }
        finish(&b, o, bytes: registers * size)
        return true
    }

    /// Bytes and number of the lane that Q, S and size choose; nil for a reserved combination.
    private func laneOfStructure(_ o: Operands) -> (size: Int, lane: Int)? {
        let index = o.field(30, 1) << 3 | o.field(12, 1) << 2 | o.field(10, 2)
        switch o.field(14, 2) {
        case 0: return (1, index)
        case 1: return o.bit(10) ? nil : (2, index >> 1)
        case 2:
            if !o.bit(10) { return o.bit(11) ? nil : (4, index >> 2) }
            return o.bit(12) || o.bit(11) ? nil : (8, index >> 3)
        default: return nil
        }
    }

    /// One element of each register, in all its lanes.
    private func replicated(_ b: inout IRBlock, _ o: Operands, registers: Int) {
        let size = 1 << o.field(10, 2)
        let base = address(&b, o)
        let values = (0..<registers).map { b.load(.i64, base, offset: Int64($0 * size), memoryAccess(size)) }
        for (index, value) in values.enumerated() {
            let splat = b.vsplat(o.q ? .v128 : .v64, lane(size), value)
            writeResult(&b, register(o, index), splat)
        }
        finish(&b, o, bytes: registers * size)
    }
}
