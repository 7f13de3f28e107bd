import Bits
import CPUModel
import IR

/// Coprocessors 14 and 15: the registers and operations of the system.
extension Translator {
    /// mrc and mcr.
    mutating func coprocessor(_ b: inout IRBlock, _ o: Operands, reads: Bool) -> Bool {
        let place = CoprocessorPlace(o, isWide: false)
        if !reads, let operation = SystemOperation.find(place, model.features), flags.isPrivileged || operation.isUsers {
            guard o.rt != 15 else { return false }
            perform(&b, operation, place, o)
            return true
        }
        if reads, o.rt == 15 { return testCaches(&b, place) }
        guard o.rt != 15 else { return false }
        return flags.isSystem ? register(&b, place, o, reads: reads) : programRegister(&b, place, o, reads: reads)
    }

    /// What Linux lets programs have: the thread pointers.
    private func programRegister(_ b: inout IRBlock, _ place: CoprocessorPlace, _ o: Operands, reads: Bool) -> Bool {
        guard let row = SystemRegisterRow.find(place, model.features), reads ? row.userReads : row.userWrites else { return false }
        switch row.register {
        case .tpidrurw, .tpidruro: move(&b, row.register, o, reads: reads)
        default: return false
        }
        return true
    }

    private mutating func register(_ b: inout IRBlock, _ place: CoprocessorPlace, _ o: Operands, reads: Bool) -> Bool {
        guard let row = SystemRegisterRow.find(place, model.features) else { return unknown(&b, place, reads: reads) }
        switch row.register {
        case .tpidrurw, .tpidruro, .tpidrprw:
            guard flags.isPrivileged || (reads ? row.userReads : row.userWrites) else { return false }
            move(&b, row.register, o, reads: reads)
        case _ where reads: writeWide(&b, o.rt, b.call(ARMHelper.readCoprocessor.rawValue, b.const(.i64, UInt64(place.rawValue))))
        default:
            b.call(ARMHelper.writeCoprocessor.rawValue, b.const(.i64, UInt64(place.rawValue)), readWide(&b, o.rt))
            endBehind(&b)
        }
        return true
    }

    /// A register that is a plain cell.
    private func move(_ b: inout IRBlock, _ register: SystemRegister, _ o: Operands, reads: Bool) {
        if reads { writeWide(&b, o.rt, b.read(.i64, register.offset)) } else { b.write(.i64, register.offset, readWide(&b, o.rt)) }
    }

    /// A place where there is nothing: the helper says so in the log.
    private func unknown(_ b: inout IRBlock, _ place: CoprocessorPlace, reads: Bool) -> Bool {
        b.call(ARMHelper.readCoprocessor.rawValue, b.const(.i64, UInt64(place.rawValue)))
        return true
    }

    /// The test-and-clean operations of v5 as a read into the flags: Z says that the cache is clean, as it always is.
    private mutating func testCaches(_ b: inout IRBlock, _ place: CoprocessorPlace) -> Bool {
        let places = [10, 14].map { CoprocessorPlace(crn: 7, op1: 0, crm: $0, op2: 3) }
        guard flags.isPrivileged, !model.features.contains(.v6), places.contains(place) else { return false }
        b.call(ARMHelper.writeState.rawValue, b.const(.i64, 4 << 28), b.const(.i64, 8))
        flagsChanged(.cells)
        return true
    }

    /// mrrc and mcrr: registers of 64 bits, and v6's cache operations by range, which nothing needs.
    mutating func wideCoprocessor(_ b: inout IRBlock, _ o: Operands, reads: Bool) -> Bool {
        let place = CoprocessorPlace(o, isWide: true), second = o.field(16, 4)
        guard flags.isSystem, o.rt != 15, second != 15, !reads || o.rt != second else { return false }
        let isRange = !reads && [5, 6, 12, 13, 14].contains(place.crm) && place.op1 < 3
        if isRange, model.features.contains(.v6), !model.features.contains(.v7) { return flags.isPrivileged }
        guard SystemRegisterRow.find(place, model.features) != nil else { return unknown(&b, place, reads: reads) }
        if reads {
            let value = b.call(ARMHelper.readCoprocessor.rawValue, b.const(.i64, UInt64(place.rawValue)))
            writeWide(&b, o.rt, b.binary(.and, .i64, value, b.const(.i64, 0xffff_ffff)))
            writeWide(&b, second, b.binary(.shrU, .i64, value, b.const(.i64, 32)))
        } else {
            let value = b.deposit(.i64, readWide(&b, o.rt), readWide(&b, second), low: 32, count: 32)
            b.call(ARMHelper.writeCoprocessor.rawValue, b.const(.i64, UInt64(place.rawValue)), value)
            endBehind(&b)
        }
        return true
    }

    /// Coprocessor 14: debug is not there (ID_DFR0 says so), and its registers read as zero; nor is Jazelle.
    mutating func debugCoprocessor(_ b: inout IRBlock, _ o: Operands, reads: Bool) -> Bool {
        guard flags.isPrivileged, [0, 7].contains(o.field(21, 3)) else { return false }
        if reads, o.rt != 15 { writeWide(&b, o.rt, b.const(.i64, 0)) }
        return true
    }

    // MARK: Operations

    private mutating func perform(_ b: inout IRBlock, _ operation: SystemOperation, _ place: CoprocessorPlace, _ o: Operands) {
        switch operation {
        case .cache: break
        case .barrier: barrier(&b)
        case .synchronize: synchronize(&b)
        case .waitForInterrupt: waitForInterrupt(&b)
        case .cacheByAddress where !model.features.contains(.v7): break
        case .cacheByAddress: b.call(ARMHelper.performOperation.rawValue, b.const(.i64, UInt64(place.rawValue)), readWide(&b, o.rt))
        case .instructionCache, .flush, .translate:
            b.call(ARMHelper.performOperation.rawValue, b.const(.i64, UInt64(place.rawValue)), readWide(&b, o.rt))
            endBehind(&b)
        }
    }
}
