import CHost
import CPUModel
import Glibc

/// A fault of the host's. If guest code or an access on its behalf caused it, it becomes the guest's; true then.
func handleFault(_ signal: Int32, _ info: UnsafeMutablePointer<siginfo_t>?, _ context: UnsafeMutableRawPointer?) -> Bool {
    guard let owner = unsafe apus_signal_slot()?.pointee.owner, let info = unsafe info, let context = unsafe context else { return false }
    return unsafe Unmanaged<UserRunner>.fromOpaque(owner)._withUnsafeGuaranteedRef { runner in
        unsafe runner.handleFault(signal, info, context)
    }
}

extension UserRunner {
    fileprivate func handleFault(_ signal: Int32, _ info: UnsafeMutablePointer<siginfo_t>, _ context: UnsafeMutableRawPointer) -> Bool {
        let pc = unsafe apus_context_pc(context)
        let landing = apus_guard_landing(pc)
        let isGenerated = engine.generator?.memory.contains(pc) == true
        guard landing != 0 || isGenerated else { return false }
        let fault = unsafe guestFault(signal, info, context, isGenerated: isGenerated)
        if signal == SIGSEGV, fault.isWrite, unsafe apus_context_is_page_fault(context), engine.writeMayProceed(fault.address) { return true }
        if landing != 0 {
            self.fault = fault
            unsafe apus_context_set_pc(context, landing)
            return true
        }
        guard let generator = engine.generator else { return false }
        let guestPC = engine.memory.lock.withLock {
            let guestPC = generator.faultingInstruction(at: pc)
            if guestPC != nil { unsafe generator.leaveWithException(context) }
            return guestPC
        }
        guard let guestPC else { return false }
        cpu.header.pc = guestPC
        raise(asMapped(fault))
        return true
    }

    /// A fault with the code that the guest's own mappings give: the host's may be reserved, or protected because of code.
    func asMapped(_ fault: GuestFault) -> GuestFault {
        var fault = fault
        if fault.signal == SIGSEGV { fault.code = engine.memory.lock.withLock { engine.memory.region(at: fault.address) } == nil ? 1 : 2 }
        return fault
    }

    /// What the host says of the fault, in guest addresses.
    private func guestFault(
        _ signal: Int32, _ info: UnsafeMutablePointer<siginfo_t>, _ context: UnsafeMutableRawPointer, isGenerated: Bool
    ) -> GuestFault {
        var address = unsafe apus_info_address(info) &- UInt64(engine.memory.base)
        // Outside the canonical range the processor raises another exception, which has no address.
        if isGenerated, unsafe !apus_context_is_page_fault(context), signal == SIGSEGV {
            address = engine.generator.map { unsafe $0.accessedAddress(context) } ?? address
        }
        return GuestFault(signal: signal, code: unsafe apus_info_code(info), address: address, isWrite: unsafe apus_context_is_write(context))
    }
}
