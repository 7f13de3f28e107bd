import Bits
import CPUModel
import IR

/// What cps does to the masks.
enum MaskChange { case keep, enable, disable }

/// Instructions that change modes, return from exceptions or reach other modes' registers.
extension Translator {
    mutating func privileged(_ b: inout IRBlock, _ instruction: SystemInstruction, _ o: Operands) -> Bool {
        guard flags.isPrivileged else { return false }
        switch instruction {
        case .mrs_banked: return moveBanked(&b, o, reads: true)
        case .msr_banked: return moveBanked(&b, o, reads: false)
        case .hvc: call(&b, .hypervisorCall)
        case .smc: call(&b, .secureCall)
        case .eret: return returnFromException(&b, to: readWide(&b, ARMRegisters.lr))
        case .subs_pc:
            let address = b.sub(.i32, read(&b, ARMRegisters.lr), constant(&b, UInt32(o.field(0, 8))))
            return returnFromException(&b, to: b.zext(.i64, address))
        case .cps_t: return changeState(&b, o)
        case .srs: storeReturnState(&b, o)
        case .rfe: return returnFromMemory(&b, o)
        case .stm_user, .ldm_user: return userRegisters(&b, o, loads: instruction == .ldm_user)
        case .ldm_return: return returnWithRegisters(&b, o)
        default: return false
        }
        return true
    }

    /// hvc and smc return behind themselves, where IT has gone on.
    private mutating func call(_ b: inout IRBlock, _ kind: ARMException.Kind) {
        if mayHoldIT || nextIT != 0 { setIT(&b, nextIT) }
        raise(&b, kind)
    }

    // MARK: Process state

    /// cps of A32 and T32, which have their fields in the same order.
    mutating func changeState(_ b: inout IRBlock, _ o: Operands) -> Bool {
        guard flags.isPrivileged else { return true }
        let kind = o.isThumb ? o.field(9, 2) : o.field(18, 2), changesMode = o.bit(o.isThumb ? 8 : 17)
        guard kind != 1, kind != 0 || changesMode else { return false }
        let bits = UInt64(o.isThumb ? o.field(5, 3) : o.field(6, 3))
        changeState(&b, masks: kind == 0 ? .keep : kind == 2 ? .enable : .disable, bits, mode: changesMode ? UInt64(o.field(0, 5)) : nil)
        return true
    }

    /// - Parameter bits: A, I and F.
    mutating func changeState(_ b: inout IRBlock, masks: MaskChange, _ bits: UInt64, mode: UInt64?) {
        guard flags.isPrivileged else { return }
        let mask = b.const(.i64, bits << 6)
        let old = b.read(.i64, ARMRegisters.masks)
        switch masks {
        case .keep: break
        case .disable: b.write(.i64, ARMRegisters.masks, b.binary(.or, .i64, old, mask))
        case .enable: b.call(ARMHelper.setMasks.rawValue, b.binary(.andNot, .i64, old, mask))
        }
        guard let mode else { return }
        b.call(ARMHelper.changeMode.rawValue, b.const(.i64, mode))
        endBehind(&b)
    }

    // MARK: Returning

    /// Goes on at an address in the state that SPSR holds; undefined where there is none.
    mutating func returnFromException(_ b: inout IRBlock, to address: Value) -> Bool {
        guard hasSavedState else { return false }
        b.call(ARMHelper.exceptionReturn.rawValue, address)
        endAtPC(&b)
        return true
    }

    /// rfe: address and state from memory.
    private mutating func returnFromMemory(_ b: inout IRBlock, _ o: Operands) -> Bool {
        guard o.rn != 15 else { return false }
        let (increments, before) = direction(o)
        let base = read(&b, o.rn)
        let start = startOfPair(&b, base, increments: increments, before: before)
        let memory = memoryAccess(4, alignment: .fault)
        let address = b.load(.i64, start, memory), state = b.load(.i64, start, offset: 4, memory)
        if o.bit(21) { write(&b, o.rn, b.binary(increments ? .add : .sub, .i32, base, constant(&b, 8))) }
        b.call(ARMHelper.restoreState.rawValue, address, state)
        endAtPC(&b)
        return true
    }

    /// srs: LR and SPSR onto another mode's stack.
    private mutating func storeReturnState(_ b: inout IRBlock, _ o: Operands) {
        let (increments, before) = direction(o)
        let bank = b.const(.i64, BankedRegister(stackOf: UInt64(o.field(0, 5))).rawValue)
        let base = b.trunc(.i32, b.call(ARMHelper.readBanked.rawValue, bank))
        let start = startOfPair(&b, base, increments: increments, before: before)
        let memory = memoryAccess(4, alignment: .fault)
        let state = b.call(ARMHelper.readSavedState.rawValue)
        b.store(.i64, start, readWide(&b, ARMRegisters.lr), memory)
        b.store(.i64, start, offset: 4, state, memory)
        guard o.bit(21) else { return }
        b.call(ARMHelper.writeBanked.rawValue, bank, b.zext(.i64, b.binary(increments ? .add : .sub, .i32, base, constant(&b, 8))))
    }

    /// U, and whether the first word lies beside the base: T32 has decrement before and increment after.
    private func direction(_ o: Operands) -> (increments: Bool, before: Bool) {
        o.isThumb ? (o.bit(24), !o.bit(24)) : (o.bit(23), o.bit(24))
    }

    private func startOfPair(_ b: inout IRBlock, _ base: Value, increments: Bool, before: Bool) -> Value {
        let distance: Int32 = increments ? (before ? 4 : 0) : (before ? -8 : -4)
        return b.zext(.i64, b.add(.i32, base, constant(&b, UInt32(bitPattern: distance))))
    }

    // MARK: Many registers

    /// Where ldm and stm begin, and where they leave the base.
    private func range(_ b: inout IRBlock, _ o: Operands, count: Int) -> (start: Value, end: Value) {
        let base = read(&b, o.rn), size = UInt32(4 * count)
        let (increments, before) = (o.bit(23), o.bit(24))
        let end = b.binary(increments ? .add : .sub, .i32, base, constant(&b, size))
        let low = increments ? base : end
        let start = increments == before ? b.add(.i32, low, constant(&b, 4)) : low
        return (b.zext(.i64, start), end)
    }

    /// ldm and stm with ^ and without R15: user mode's registers.
    private mutating func userRegisters(_ b: inout IRBlock, _ o: Operands, loads: Bool) -> Bool {
        let list = (0..<16).filter { o.bit($0) }
        guard o.rn != 15, !list.isEmpty, flags.bank != .system else { return false }
        let start = range(&b, o, count: list.count).start
        let memory = memoryAccess(4, alignment: .fault)
        if loads {
            let values = list.indices.map { b.load(.i64, start, offset: Int64(4 * $0), memory) }
            for (register, value) in zip(list, values) { b.write(.i64, userOffset(register), value) }
        } else {
            for (index, register) in list.enumerated() {
                let value = register == 15 ? readWide(&b, 15) : b.read(.i64, userOffset(register))
                b.store(.i64, start, offset: Int64(4 * index), value, memory)
            }
        }
        return true
    }

    /// Where user mode's register is while another mode is in use.
    private func userOffset(_ register: Int) -> Int {
        register >= 13 || flags.bank == .fiq && register >= 8 ? ARMRegisters.user(register) : ARMRegisters.r(register)
    }

    /// ldm with ^ and R15: registers of the mode in use, then the return.
    private mutating func returnWithRegisters(_ b: inout IRBlock, _ o: Operands) -> Bool {
        let list = (0..<16).filter { o.bit($0) }
        guard o.rn != 15, hasSavedState else { return false }
        let (start, end) = range(&b, o, count: list.count)
        let memory = memoryAccess(4, alignment: .fault)
        let values = list.indices.map { b.load(.i64, start, offset: Int64(4 * $0), memory) }
        if o.bit(21) { write(&b, o.rn, end) }
        for (register, value) in zip(list, values) where register != 15 && !(o.bit(21) && register == o.rn) { writeWide(&b, register, value) }
        guard let address = values.last else { return false }
        return returnFromException(&b, to: address)
    }

    // MARK: Banked registers

    private func moveBanked(_ b: inout IRBlock, _ o: Operands, reads: Bool) -> Bool {
        let high = o.isThumb ? o.field(4, 1) : o.field(8, 1)
        let low = o.isThumb && !reads ? o.field(8, 4) : o.field(16, 4)
        let isSavedState = o.bit(o.isThumb ? 20 : 22)
        guard let bank = BankedRegister(code: high << 4 | low, isSavedState: isSavedState) else { return false }
        let number = b.const(.i64, bank.rawValue)
        if reads {
            guard o.rd != 15 else { return false }
            writeWide(&b, o.rd, b.call(ARMHelper.readBanked.rawValue, number))
        } else {
            let source = o.isThumb ? o.rn : o.rm
            guard source != 15 else { return false }
            b.call(ARMHelper.writeBanked.rawValue, number, readWide(&b, source))
        }
        return true
    }
}

/// A register of another mode: the mode in bits 4 to 0, the register's number above them; 16 for SPSR.
struct BankedRegister {
    let rawValue: UInt64
    static let savedState = 16

    init(rawValue: UInt64) { self.rawValue = rawValue }
    init(_ number: Int, _ mode: UInt64) { rawValue = UInt64(number) << 5 | mode }

    /// R13 of a mode.
    init(stackOf mode: UInt64) { self.init(13, mode) }

    /// By the field SYSm of mrs and msr (DDI 0406, B9.2.3); nil for what is unpredictable.
    init?(code: Int, isSavedState: Bool) {
        let modes: [Mode?] = [.irq, .svc, .abt, .und]
        if isSavedState {
            guard code == 0x0e || code >= 0x10 && code < 0x18 && code & 1 == 0 else { return nil }
            guard let mode = code == 0x0e ? .fiq : modes[(code - 0x10) / 2] else { return nil }
            self.init(BankedRegister.savedState, mode.rawValue)
        } else if code < 0x10 {
            guard code & 7 < 7 else { return nil }
            self.init(8 + (code & 7), code < 8 ? Mode.usr.rawValue : Mode.fiq.rawValue)
        } else {
            guard code < 0x18, let mode = modes[(code - 0x10) / 2] else { return nil }
            self.init(code & 1 == 0 ? 14 : 13, mode.rawValue)
        }
    }

    var number: Int { Int(rawValue >> 5) }
    var mode: Mode? { Mode(rawValue: rawValue & 0x1f) }
}
