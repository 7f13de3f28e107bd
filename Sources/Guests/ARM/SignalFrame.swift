import CPUModel

/// The frames of signal handlers (Linux, arch/arm/kernel/signal.c, arch/arm/include/uapi/asm/sigcontext.h): a ucontext, before it the siginfo if the
/// handler wants one, behind it four words that once held code.
struct ARMSignalFrame {
    private let context: Int

    private static let infoSize = 128, contextSize = 744, codeSize = 16

    static let withInfo = ARMSignalFrame(context: infoSize), plain = ARMSignalFrame(context: 0)

    private init(context: Int) { self.context = context }

    /// The frame with so many bytes.
    init(size: Int) { self = size == ARMSignalFrame.plain.shape.size ? .plain : .withInfo }

    var shape: SignalFrame {
        SignalFrame(
            size: context + ARMSignalFrame.contextSize + ARMSignalFrame.codeSize, info: context == 0 ? nil : 0, context: context, stack: context + 8,
            mask: context + 104, redZone: 0, alignment: 8)
    }

    /// Of the ucontext: its flags, then of uc_mcontext the trap, the fault's status, the mask's first word, R0 to R15, CPSR, the fault's address; then
    /// the records of coprocessors.
    private enum Offset {
        static let flags = 0, trap = 20, status = 24, oldMask = 28, registers = 32, cpsr = 96, faultAddress = 100, records = 232
    }

    /// The record of the float unit: D0 to D31, FPSCR, FPEXC and two words about exceptions.
    private enum Float { static let magic: UInt32 = 0x5646_5001, size: UInt32 = 288, doubles = 8, fpscr = 264, fpexc = 272 }

    /// What the kernel writes into the flags where there is no siginfo.
    private static let plainFlags: UInt32 = 0x5ac3_c35a
    private enum Trap { static let undefined: UInt32 = 6, page: UInt32 = 14 }
    /// CPSR's mode for programs.
    private static let userMode: UInt32 = 0x10

    func save(_ element: ARMCPU, _ fault: GuestFault?, _ frame: inout [UInt8]) {
        if context == 0 { frame.put(ARMSignalFrame.plainFlags, at: context + Offset.flags) }
        if let fault { save(fault, &frame) }
        frame.put(frame.get(UInt32.self, at: shape.mask), at: context + Offset.oldMask)
        for number in 0..<16 { frame.put(element.register(number), at: context + Offset.registers + 4 * number) }
        frame.put(element.cpsr, at: context + Offset.cpsr)
        guard element.model.features.contains(.vfp) else { return }
        let start = context + Offset.records
        frame.put(Float.magic, at: start)
        frame.put(Float.size, at: start + 4)
        for number in 0..<element.model.features.doublewords { frame.put(element.doubleword(number), at: start + Float.doubles + 8 * number) }
        frame.put(element.fpscr, at: start + Float.fpscr)
        // FPEXC.EN.
        frame.put(UInt32(1 << 30), at: start + Float.fpexc)
    }

    private func save(_ fault: GuestFault, _ frame: inout [UInt8]) {
        let isAbort = fault.signal == 7 || fault.signal == 11
        frame.put(isAbort ? Trap.page : Trap.undefined, at: context + Offset.trap)
        guard isAbort else { return }
        let status = fault.signal == 7 ? ARMFaultStatus.alignment : fault.code == 2 ? ARMFaultStatus.permission : ARMFaultStatus.translation
        frame.put(status | (fault.isWrite ? 1 << 11 : 0), at: context + Offset.status)
        frame.put(UInt32(truncatingIfNeeded: fault.address), at: context + Offset.faultAddress)
    }

    /// A program may change everything but the mode; the float unit's record must be there.
    func restore(_ element: ARMCPU, _ frame: [UInt8]) -> Bool {
        let start = context + Offset.records
        let state = frame.get(UInt32.self, at: context + Offset.cpsr)
        guard state & 0x1f == ARMSignalFrame.userMode else { return false }
        if element.model.features.contains(.vfp) {
            guard frame.get(UInt32.self, at: start) == Float.magic, frame.get(UInt32.self, at: start + 4) == Float.size else { return false }
            for number in 0..<element.model.features.doublewords {
                element.setDoubleword(number, frame.word(at: start + Float.doubles + 8 * number))
            }
            element.fpscr = frame.get(UInt32.self, at: start + Float.fpscr)
        }
        element.cpsr = state
        for number in 0..<16 { element.setRegister(number, frame.get(UInt32.self, at: context + Offset.registers + 4 * number)) }
        // A reservation does not outlive a signal handler.
        element.header.linkedAddress = .max
        return true
    }
}
