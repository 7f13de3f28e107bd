import IR

/// Exclusive accesses and LSE. Every one is sequential: on strongly ordered hosts that costs nothing more.
extension Translator {
    mutating func exclusive(_ b: inout IRBlock, _ instruction: LoadStoreInstruction, _ o: Operands) -> Bool {
        switch instruction {
        case .ldxr:
            let size = o.size
            write(&b, o.rd, .i64, b.loadLinked(.i64, address(&b, o), exclusiveAccess(size)))
        case .stxr:
            let value = read(&b, .i64, o.rd)
            write(&b, o.rm, .i64, b.storeConditional(.i64, address(&b, o), value, exclusiveAccess(o.size)))
        case .ldxp:
            let whole = wholeType(o.bit(30))
            let value = b.loadLinked(whole, address(&b, o), exclusiveAccess(whole.bytes))
            writePair(&b, o.rd, o.ra, whole, value)
        case .stxp:
            let whole = wholeType(o.bit(30))
            let value = readPair(&b, o.rd, o.ra, whole)
            let failed = b.storeConditional(whole, address(&b, o), value, exclusiveAccess(whole.bytes))
            write(&b, o.rm, .i64, whole == .i64 ? failed : b.trunc(.i64, failed))
        case .cas: compareAndSwap(&b, o)
        case .casp: return compareAndSwapPair(&b, o)
        default: return false
        }
        return true
    }

    private func exclusiveAccess(_ size: Int) -> MemoryOperation { memoryAccess(size, alignment: .fault, order: .sequential) }

    private func atomicAccess(_ size: Int) -> MemoryOperation {
        memoryAccess(size, alignment: model.features.contains(.lse2) ? .within16 : .fault, order: .sequential)
    }

    private func compareAndSwap(_ b: inout IRBlock, _ o: Operands) {
        let expected = read(&b, .i64, o.rm), new = read(&b, .i64, o.rd)
        let base = address(&b, o)
        write(&b, o.rm, .i64, b.compareExchange(.i64, base, expected: expected, new: new, atomicAccess(o.size)))
    }

    private func compareAndSwapPair(_ b: inout IRBlock, _ o: Operands) -> Bool {
        guard o.rd & 1 == 0, o.rm & 1 == 0 else { return false }
        let whole = wholeType(o.bit(30))
        let expected = readPair(&b, o.rm, o.rm + 1, whole), new = readPair(&b, o.rd, o.rd + 1, whole)
        let old = b.compareExchange(whole, address(&b, o), expected: expected, new: new, exclusiveAccess(whole.bytes))
        writePair(&b, o.rm, o.rm + 1, whole, old)
        return true
    }

    func atomic(_ b: inout IRBlock, _ instruction: LoadStoreInstruction, _ o: Operands) {
        let operations: [LoadStoreInstruction: AtomicOperation] = [
            .ldadd: .add, .ldclr: .andNot, .ldeor: .xor, .ldset: .or, .ldsmax: .maxS, .ldsmin: .minS, .ldumax: .maxU, .ldumin: .minU,
        ]
        let value = read(&b, .i64, o.rm)
        let base = address(&b, o)
        write(&b, o.rd, .i64, b.atomic(.i64, operations[instruction] ?? .exchange, base, value, atomicAccess(o.size)))
    }

    // MARK: Pairs

    /// The type of a pair of words or double-words in one access.
    private func wholeType(_ is64: Bool) -> IRType { is64 ? .i128 : .i64 }

    private func readPair(_ b: inout IRBlock, _ first: Int, _ second: Int, _ whole: IRType) -> Value {
        if whole == .i64 { return b.deposit(.i64, read(&b, .i64, first), read(&b, .i64, second), low: 32, count: 32) }
        let low = b.zext(.i128, read(&b, .i64, first)), high = b.zext(.i128, read(&b, .i64, second))
        return b.binary(.or, .i128, low, b.binary(.shl, .i128, high, b.const(.i128, 64)))
    }

    private func writePair(_ b: inout IRBlock, _ first: Int, _ second: Int, _ whole: IRType, _ value: Value) {
        if whole == .i64 {
            write(&b, first, .i64, b.extract(.i64, value, low: 0, count: 32))
            write(&b, second, .i64, b.extract(.i64, value, low: 32, count: 32))
        } else {
            write(&b, first, .i64, b.trunc(.i64, value))
            write(&b, second, .i64, b.trunc(.i64, b.binary(.shrU, .i128, value, b.const(.i128, 64))))
        }
    }
}
