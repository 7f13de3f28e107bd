import ArmSystem
import Bits
import CPUModel
import Diagnostics
import IR

/// The exceptions by their vectors (DDI 0406, table B1-3).
enum ExceptionVector: UInt64 {
    case undefined = 0x04, supervisorCall = 0x08, prefetchAbort = 0x0c, dataAbort = 0x10, irq = 0x18, fiq = 0x1c

    var mode: Mode {
        switch self {
        case .undefined: .und
        case .supervisorCall: .svc
        case .prefetchAbort, .dataAbort: .abt
        case .irq: .irq
        case .fiq: .fiq
        }
    }

    /// What is masked beside I (DDI 0406, B1.8.8).
    var masks: UInt64 {
        switch self {
        case .undefined, .supervisorCall: StatusRegister.i
        case .prefetchAbort, .dataAbort, .irq: StatusRegister.i | StatusRegister.a
        case .fiq: StatusRegister.masks
        }
    }
}

extension ARMCPU {
    // MARK: Synchronous exceptions

    /// Enters the handler of the exception that has been noted.
    func deliver() {
        let exception = takeException()
        let isThumb = header.pc.bit(0), address = header.pc & ~1
        switch exception.kind {
        case .undefined: enter(.undefined, returning: address &+ (isThumb ? 2 : 4))
        case .supervisorCall, .oldSupervisorCall: enter(.supervisorCall, returning: address &+ (isThumb ? 2 : 4))
        case .breakpoint:
            noteAbort(exception, status: .ifsr, address: .ifar)
            enter(.prefetchAbort, returning: address &+ 4)
        case .prefetchAbort:
            noteAbort(exception, status: .ifsr, address: .ifar)
            enter(.prefetchAbort, returning: address &+ 4)
        case .dataAbort:
            noteAbort(exception, status: .dfsr, address: .dfar)
            enter(.dataAbort, returning: address &+ 8)
        case .hypervisorCall, .secureCall: callFirmware(exception.kind == .hypervisorCall ? .hvc : .smc, isThumb)
        }
    }

    /// hvc and smc: firmware outside the guest, or an undefined instruction.
    private func callFirmware(_ conduit: FirmwareConduit, _ isThumb: Bool) {
        let next = header.pc &+ 4
        if onFirmwareCall(self, conduit) {
            header.pc = next
        } else {
            enter(.undefined, returning: (header.pc & ~1) &+ (isThumb ? 2 : 4))
        }
    }

    private func noteAbort(_ exception: ARMException, status: SystemRegister, address: SystemRegister) {
        self[status] = usesLongFormat ? longStatus(exception) : shortStatus(exception)
        self[address] = exception.address.bits(0, 32)
        if status == .dfsr, !model.features.contains(.v6) { self[.ifar] = 0 }
    }

    /// DFSR or IFSR in the long format (DDI 0406, B4.1.52).
    private func longStatus(_ exception: ARMException) -> UInt64 {
        UInt64(exception.status & 63) | 1 << 9 | (exception.isWrite ? ARMFaultStatus.writes : 0)
    }

    /// The same in the short format: FS in bits 10 and 3 to 0, the domain above them.
    private func shortStatus(_ exception: ARMException) -> UInt64 {
        let code = UInt64(ARMFaultStatus.short(exception.status))
        let domain = exception.kind == .dataAbort ? UInt64(exception.domain) : 0
        let writes = exception.isWrite && model.features.contains(.v6) ? ARMFaultStatus.writes : 0
        return code.bits(0, 4) | code.bits(4, 1) << 10 | domain << 4 | writes
    }

    // MARK: Entry and return

    /// Goes to an exception's handler (DDI 0406, B1.8.5).
    func enter(_ vector: ExceptionVector, returning address: UInt64) {
        if Log.isEnabled(.int) {
            Log.write(
                .int,
                "Taking exception [\(vector)] on CPU \(index)\n...from \(mode) at \(hex(header.pc))\n...with DFSR \(hex(self[.dfsr])) DFAR \(hex(self[.dfar]))"
                    + " IFSR \(hex(self[.ifsr])) IFAR \(hex(self[.ifar]))")
        }
        let saved = processorState
        setMode(vector.mode)
        savedState = saved
        setRegister(ARMRegisters.lr, UInt32(truncatingIfNeeded: address))
        let control = self[.sctlr]
        unsafe element.pointee.masks |= vector.masks
        unsafe element.pointee.it = 0
        unsafe element.pointee.bigEndian = control & Control.ee != 0 ? 1 : 0
        let base = control & Control.v != 0 ? 0xffff_0000 : self[.vbar]
        header.pc = base &+ vector.rawValue | (control & Control.te != 0 ? 1 : 0)
        header.linkedAddress = .max
        services?.translationFlagsChanged()
        noteInterruptChange()
    }

    /// Goes on at an address in the state that a value of SPSR holds.
    func returnFromException(to address: UInt64, _ saved: UInt64) {
        setProcessorState(saved)
        let isThumb = header.pc.bit(0)
        header.pc = address & (isThumb ? 0xffff_fffe : 0xffff_fffc) | (isThumb ? 1 : 0)
        header.linkedAddress = .max
    }

    func reportGuestError(_ what: String) {
        Log.write(.guestErrors, "cpu \(index): \(what), at \(hex(header.pc)) in \(mode) mode")
    }
}
