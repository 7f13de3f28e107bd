import AddressSpace
import Bits
import CPUModel
import Diagnostics
import IR

/// The functions that translated code calls, by index.
enum RISCVHelper: Int, CaseIterable {
    case illegal, checkTarget, fenceI, waitOnReservation, csr, ecall, ebreak, mret, sret, wfi, sfence, requireSupervisor, cacheBlock, markFloatDirty
    case readFloatFlags, writeFloatFlags

    static let table: [Helper] = allCases.map(\.helper)

    private var helper: Helper {
        switch self {
        case .illegal:
            Helper("illegal", .everything) { state, bits, _, _ in
                unsafe RISCVCPU.with(state) { $0.raiseIllegal(bits) }
                return 0
            }
        case .checkTarget:
            Helper("check_target", .mayFault) { state, target, _, _ in
                if target & 3 != 0 { unsafe RISCVCPU.with(state) { $0.raise(ExceptionCode.fetchMisaligned, value: target) } }
                return 0
            }
        case .fenceI:
            Helper("fence_i", .sideEffects) { state, _, _, _ in
                unsafe RISCVCPU.with(state) { $0.services?.synchronizeCode() }
                return 0
            }
        case .waitOnReservation:
            // Returning at once is allowed; a retry loop follows in any case.
            Helper("wait_on_reservation", .sideEffects) { _, _, _, _ in 0 }
        case .csr:
            Helper("csr", .everything) { state, selector, value, _ in
                unsafe RISCVCPU.with(state) { $0.csrInstruction(selector, value) }
            }
        case .ecall:
            Helper("ecall", .everything) { state, _, _, _ in
                unsafe RISCVCPU.with(state) { cpu in
                    if cpu.mode == 0, cpu.performQuickCall() { return }
                    cpu.trap(cause: ExceptionCode.userCall + UInt64(cpu.mode), value: 0, interrupt: false)
                }
                return 0
            }
        case .ebreak:
            Helper("ebreak", .everything) { state, _, _, _ in
                unsafe RISCVCPU.with(state) { cpu in
                    cpu.trap(cause: ExceptionCode.breakpoint, value: cpu.registerForm(cpu.header.pc), interrupt: false)
                }
                return 0
            }
        case .mret:
            Helper("mret", .everything) { state, bits, _, _ in
                unsafe RISCVCPU.with(state) { cpu in
                    if !cpu.returnFromMachine() { cpu.raiseIllegal(bits) }
                }
                return 0
            }
        case .sret:
            Helper("sret", .everything) { state, bits, _, _ in
                unsafe RISCVCPU.with(state) { cpu in
                    if !cpu.returnFromSupervisor() { cpu.raiseIllegal(bits) }
                }
                return 0
            }
        case .wfi:
            Helper("wfi", .everything) { state, pc, bits, _ in
                unsafe RISCVCPU.with(state) { $0.waitForInterrupt(pc, bits) }
                return 0
            }
        case .sfence:
            Helper("sfence", .everything) { state, address, asid, fields in
                unsafe RISCVCPU.with(state) { $0.fenceVirtualMemory(address, asid, fields) }
                return 0
            }
        case .requireSupervisor:
            Helper("require_supervisor", .everything) { state, bits, _, _ in
                unsafe RISCVCPU.with(state) { cpu in
                    if cpu.mode < 1 { cpu.raiseIllegal(bits) }
                }
                return 0
            }
        case .cacheBlock:
            Helper("cache_block", .everything) { state, kind, address, bits in
                unsafe RISCVCPU.with(state) { $0.cacheBlock(Int(kind), address, bits) }
                return 0
            }
        case .readFloatFlags:
            Helper("read_float_flags", [.touchesFloatStatus, .sideEffects]) { state, _, _, _ in
                let header = unsafe CPUHeader(state)
                header.collectFloatFlags()
                return UInt64(header.floatFlags & 31)
            }
        case .writeFloatFlags:
            Helper("write_float_flags", [.touchesFloatStatus, .sideEffects]) { state, value, _, _ in
                let header = unsafe CPUHeader(state)
                header.collectFloatFlags()
                header.floatFlags = UInt32(value & 31)
                return 0
            }
        case .markFloatDirty:
            Helper("mark_float_dirty", .sideEffects) { state, _, _, _ in
                unsafe RISCVCPU.with(state) { cpu in
                    unsafe cpu.hart.pointee.mstatus |= MStatus.fs
                    cpu.services?.translationFlagsChanged()
                }
                return 0
            }
        }
    }
}

extension RISCVCPU {
    func raiseIllegal(_ bits: UInt64) {
        Log.write(.unimplemented, "hart \(index): illegal instruction \(hex(bits)) at \(hex(header.pc))")
        raise(ExceptionCode.illegal, value: bits)
    }

    /// Selector: number, operation << 12, the instruction's bits << 32.
    func csrInstruction(_ selector: UInt64, _ value: UInt64) -> UInt64 {
        let number = Int(selector & 0xfff)
        guard let operation = CSROperation(rawValue: Int(selector >> 12 & 3)), let old = accessCSR(number, operation, value) else {
            Log.write(.unimplemented, "hart \(index): CSR \(CSR.names[number] ?? hex(number, digits: 3)) refused in mode \(mode)")
            raise(ExceptionCode.illegal, value: selector >> 32)
            return 0
        }
        return old
    }

    /// `pc` already lies behind the instruction; if it is refused it goes back.
    func waitForInterrupt(_ pc: UInt64, _ bits: UInt64) {
        let status = unsafe hart.pointee.mstatus
        if (mode < 3 && status & MStatus.tw != 0) || (mode == 0 && model.extensions.contains(.s)) {
            header.pc = pc
            return raiseIllegal(bits)
        }
        unsafe hart.pointee.waiting = 1
        _ = wakeIfDue()
    }

    /// Fields: bit 0 an address is given, bit 1 an ASID is given, the instruction's bits << 32.
    func fenceVirtualMemory(_ address: UInt64, _ asid: UInt64, _ fields: UInt64) {
        if unsafe mode < 1 || (mode == 1 && hart.pointee.mstatus & MStatus.tvm != 0) { return raiseIllegal(fields >> 32) }
        if fields & 1 != 0 { services?.flushTLB(.page(model.rv64 ? address : address & 0xffff_ffff)) } else { services?.flushTLB(.all) }
    }

    /// Kinds: 0 inval, 1 clean, 2 flush, 3 zero. Host caches are coherent, so only the checks remain (Volume I, chapter 19.4).
    func cacheBlock(_ kind: Int, _ address: UInt64, _ bits: UInt64) {
        let s = unsafe hart.pointee
        let needed: UInt64 = kind == 0 ? 3 << 4 : kind == 3 ? 1 << 7 : 1 << 6
        if (mode < 3 && s.menvcfg & needed == 0) || (mode == 0 && s.senvcfg & needed == 0) { return raiseIllegal(bits) }
        if kind == 3 || runsProgram { return }
        if case .fault(let code) = translateAddress(address, .read, mmuIndex: TranslationFlags(rawValue: translationFlags).mmuIndex) {
            let store = code == UInt32(ExceptionCode.loadPage) ? ExceptionCode.storePage : ExceptionCode.storeAccess
            raise(store, value: registerForm(address))
        }
    }
}
