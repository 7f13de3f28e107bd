import IR

extension Translator {
    /// Zicsr, the privileged instructions, Svinval, Zicbom, Zicboz. What they may do is checked when they run.
    mutating func system(_ b: inout IRBlock, _ instruction: SystemInstruction, _ o: Operands) -> Bool {
        switch instruction {
        case .ecall: trap(&b, .ecall)
        case .ebreak: trap(&b, .ebreak)
        case .mret: trap(&b, .mret, o)
        case .sret: trap(&b, .sret, o)
        case .wfi:
            b.write(.i64, CPUHeader.Offset.pc, b.const(.i64, next))
            b.call(RISCVHelper.wfi.rawValue, b.const(.i64, pc), b.const(.i64, UInt64(o.bits)))
            b.exitKeepingPC(.lookup)
            ended = true
        case .sfence_vma, .sinval_vma:
            let fields = UInt64(o.rs1 != 0 ? 1 : 0) | UInt64(o.rs2 != 0 ? 2 : 0) | UInt64(o.bits) << 32
            b.call(RISCVHelper.sfence.rawValue, read(&b, .i64, o.rs1), read(&b, .i64, o.rs2), b.const(.i64, fields))
            endBehind(&b)
        case .sfence_w_inval, .sfence_inval_ir:
            b.call(RISCVHelper.requireSupervisor.rawValue, b.const(.i64, UInt64(o.bits)))
            endBehind(&b)
        case .csrrw: csr(&b, .write, o, read(&b, o.rs1), writes: true)
        case .csrrs: csr(&b, .set, o, read(&b, o.rs1), writes: o.rs1 != 0)
        case .csrrc: csr(&b, .clear, o, read(&b, o.rs1), writes: o.rs1 != 0)
        case .csrrwi: csr(&b, .write, o, b.const(word, UInt64(o.rs1)), writes: true)
        case .csrrsi: csr(&b, .set, o, b.const(word, UInt64(o.rs1)), writes: o.rs1 != 0)
        case .csrrci: csr(&b, .clear, o, b.const(word, UInt64(o.rs1)), writes: o.rs1 != 0)
        case .cbo_inval: cacheBlock(&b, 0, o)
        case .cbo_clean: cacheBlock(&b, 1, o)
        case .cbo_flush: cacheBlock(&b, 2, o)
        case .cbo_zero:
            let (base, _) = address(&b, o.rs1, 0)
            b.call(RISCVHelper.cacheBlock.rawValue, b.const(.i64, 3), base, b.const(.i64, UInt64(o.bits)))
            let start = b.binary(.and, .i64, base, b.const(.i64, ~63))
            for part in 0..<8 { b.store(.i64, start, offset: Int64(8 * part), b.const(.i64, 0), memory(8)) }
        }
        return true
    }

    /// An instruction that goes on at an address which its helper finds.
    private mutating func trap(_ b: inout IRBlock, _ helper: RISCVHelper, _ o: Operands? = nil) {
        b.write(.i64, CPUHeader.Offset.pc, b.const(.i64, pc))
        b.call(helper.rawValue, o.map { b.const(.i64, UInt64($0.bits)) })
        endAtPC(&b)
    }

    private mutating func csr(_ b: inout IRBlock, _ operation: CSROperation, _ o: Operands, _ value: Value, writes: Bool) {
        let wide = word == .i64 ? value : b.zext(.i64, value)
        if o.csr == CSR.fflags, flags.floatOn, operation == .write || !writes { return floatFlags(&b, o, wide, writes: writes) }
        let selector = UInt64(o.csr) | UInt64((writes ? operation : .read).rawValue) << 12 | UInt64(o.bits) << 32
        let old = b.call(RISCVHelper.csr.rawValue, b.const(.i64, selector), wide)
        write(&b, o.rd, .i64, old)
        if writes { endBehind(&b) }
    }

    /// fflags, which compilers save and restore around quiet comparisons: neither a check nor an end of the block is needed.
    private func floatFlags(_ b: inout IRBlock, _ o: Operands, _ value: Value, writes: Bool) {
        if o.rd != 0 || !writes { write(&b, o.rd, .i64, b.call(RISCVHelper.readFloatFlags.rawValue)) }
        guard writes else { return }
        if !flags.floatDirty { b.call(RISCVHelper.markFloatDirty.rawValue) }
        b.call(RISCVHelper.writeFloatFlags.rawValue, value)
    }

    private func cacheBlock(_ b: inout IRBlock, _ kind: UInt64, _ o: Operands) {
        let (base, _) = address(&b, o.rs1, 0)
        b.call(RISCVHelper.cacheBlock.rawValue, b.const(.i64, kind), base, b.const(.i64, UInt64(o.bits)))
    }
}
