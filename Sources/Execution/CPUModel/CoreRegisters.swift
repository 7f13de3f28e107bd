/// A vCPU's registers as the notes of a core file hold them for its architecture (Linux's asm/ptrace.h, elf_gregset_t and elf_fpregset_t).
public struct CoreRegisters: Sendable {
    /// ELF's number of the architecture, e_machine.
    public let machine: UInt16
    public let is64Bit: Bool
    /// NT_PRSTATUS's pr_reg.
    public let general: [UInt8]
    /// NT_PRFPREG; empty if there is none.
    public let float: [UInt8]

    public init(machine: UInt16, is64Bit: Bool, general: [UInt8], float: [UInt8]) {
        (self.machine, self.is64Bit, self.general, self.float) = (machine, is64Bit, general, float)
    }
}
