import CodeCache
import HostCode
import IR

/// The permanent pieces of generated code: entry, exits, and the ways out to the runtime that keep every register.
struct Thunks {
    /// What `run` gets back.
    enum ExitCode {
        /// Add the `ExitReason`.
        static let reason: UInt64 = 0
        static let unresolved: UInt64 = 16
    }

    /// Functions that are called out of line.
    enum Callee: Int, CaseIterable { case load, store, atomic, compareExchange, helper, float, vector }

    /// Exits and all callees take less.
    static let mostBytes = 8192

    /// Bytes for values that do not fit in registers.
    static let spillBytes = 2048
    /// Bytes of stack for calls that are under way (`Assembler.pushReturn`).
    private static let callBytes: Int32 = 16384
    /// Bytes between the host's stack frame and those: the end of the stack, and what makes it a multiple of 16.
    private static let endBytes: Int32 = 24
    /// The guest address at that end. A guest may well return there: it comes to `noCall`.
    private static let endAddress: Int32 = -1

    var entry = 0
    /// Leaves with the code in eax; the pins are written back.
    var exit = 0
    /// Leaves with .unresolved.
    var exitUnresolved = 0
    /// The same for the guest address in rax.
    private var unresolved = 0
    /// Goes on at the guest address in rax if the neighbour of its slot, which is at rcx, knows it; leaves with .unresolved if not.
    var neighbour = 0
    /// Where a return comes to if its address is the one at the end of the stack: leaves with .unresolved for the guest address in rax.
    private var noCall = 0
    /// Offsets of the callees' thunks, by `Callee`.
    private var callees = [Int](repeating: -1, count: Callee.allCases.count)
    /// Constants: canonical NaNs, the upper half of a boxed float, powers of two for range checks.
    var canonical64 = 0, canonical32 = 0, canonical16 = 0, boxMask = 0, halfBoxMask = 0, two32 = 0, two63 = 0, two32Single = 0, two63Single = 0
    var magnitude64 = 0, magnitude32 = 0, leastNormal64 = 0, leastNormal32 = 0
    /// The one bits of 0 to 15, a byte each.
    var nibbleCounts = 0

    private var registers: HostRegisters
    private let refills: RefillThunks
    /// What the callees' thunks call; of helpers the table.
    private let functions: [UnsafeRawPointer?]
    private static let savedRegisters: [Register] = [.rbx, .rbp, .r12, .r13, .r14, .r15]
    /// Space for the temporaries in a callee thunk; with the return address a multiple of 16.
    private static let saveBytes = 8 * 5 + 16 * 8 + 16

    init(_ assembler: inout Assembler, _ registers: HostRegisters, functions: [UnsafeRawPointer?]) {
        self.registers = registers
        unsafe self.functions = unsafe functions
        refills = RefillThunks(&assembler)
        emitConstants(&assembler)
        emitExit(&assembler)
        emitEntry(&assembler)
        emitCallees(&assembler, Set(Callee.allCases))
    }

    /// The same with exits and callees for other pins.
    func adapted(to registers: HostRegisters, _ callees: Set<Callee>, _ assembler: inout Assembler) -> Thunks {
        var other = self
        other.registers = registers
        other.callees = [Int](repeating: -1, count: Callee.allCases.count)
        other.emitExit(&assembler)
        other.emitCallees(&assembler, callees)
        return other
    }

    private mutating func emitCallees(_ a: inout Assembler, _ wanted: Set<Callee>) {
        if wanted.isEmpty { return }
        let fault = emitFault(&a)
        for callee in Callee.allCases where wanted.contains(callee) {
            a.align(16)
            callees[callee.rawValue] = a.offset
            unsafe emitCallee(&a, callee, functions[callee.rawValue], fault: fault)
        }
    }

    /// The offset of a callee's thunk.
    subscript(_ callee: Callee) -> Int {
        let place = callees[callee.rawValue]
        precondition(place >= 0, "the block was not expected to call \(callee)")
        return place
    }

    func refill(_ address: Register, _ entry: Register, _ use: RecentPageUse) -> Int { refills.place(address, entry, use) }

    private mutating func emitConstants(_ a: inout Assembler) {
        a.align(16)
        func constant(_ value: UInt64, high: UInt64 = 0, _ a: inout Assembler) -> Int {
            let place = a.offset
            a.quad(value)
            a.quad(high)
            return place
        }
        canonical64 = constant(0x7ff8_0000_0000_0000, &a)
        canonical32 = constant(0x7fc0_0000, &a)
        canonical16 = constant(0x7e00, &a)
        halfBoxMask = constant(0xffff_ffff_ffff_0000, &a)
        boxMask = constant(0xffff_ffff_0000_0000, &a)
        two32 = constant(0x41f0_0000_0000_0000, &a)
        two63 = constant(0x43e0_0000_0000_0000, &a)
        two32Single = constant(0x4f80_0000, &a)
        two63Single = constant(0x5f00_0000, &a)
        magnitude64 = constant(.max >> 1, high: .max >> 1, &a)
        magnitude32 = constant(0x7fff_ffff_7fff_ffff, high: 0x7fff_ffff_7fff_ffff, &a)
        leastNormal64 = constant(0x0010_0000_0000_0000, high: 0x0010_0000_0000_0000, &a)
        leastNormal32 = constant(0x0080_0000_0080_0000, high: 0x0080_0000_0080_0000, &a)
        nibbleCounts = constant(0x0302_0201_0201_0100, high: 0x0403_0302_0302_0201, &a)
    }

    private func field(_ offset: Int) -> Memory { Memory(HostRegisters.state, offset) }

    /// C function (code, state) -> exit code.
    private mutating func emitEntry(_ a: inout Assembler) {
        a.align(16)
        noCall = a.offset
        a.emptyStack()
        a.jmp(to: unresolved)
        a.align(16)
        entry = a.offset
        for register in Thunks.savedRegisters { a.push(register) }
        a.alu(.sub, .b64, .rsp, Thunks.endBytes)
        a.mov(.b64, .rbp, .rsi)
        a.mov(.b64, field(CPUHeader.Offset.hostStack), .rsp)
        a.mov(.b64, Memory(.rsp, 8), Thunks.endAddress)
        a.lea(.b64, .rax, Memory(target: noCall))
        a.mov(.b64, Memory(.rsp), .rax)
        a.lea(.b64, .rax, Memory(.rsp, Int(-Thunks.callBytes)))
        a.mov(.b64, field(CPUHeader.Offset.stackLimit), .rax)
        a.stmxcsr(field(CPUHeader.Offset.hostMXCSR))
        a.ldmxcsr(field(CPUHeader.Offset.guestMXCSR))
        a.mov(.b64, .rax, .rdi)
        loadPins(&a)
        a.jmp(.rax)
    }

    private mutating func emitExit(_ a: inout Assembler) {
        a.align(16)
        neighbour = a.offset
        a.alu(.xor, .b64, .rcx, Int32(JumpCache.pair / 2))
        a.alu(.cmp, .b64, .rax, Memory(.rcx))
        let miss = a.jcc(.ne)
        a.jmp(Memory(.rcx, 8))
        a.patch(miss, to: a.offset)
        unresolved = a.offset
        a.mov(.b64, field(CPUHeader.Offset.pc), .rax)
        a.mov(.b64, field(CPUHeader.Offset.exitSite), 0)
        exitUnresolved = a.offset
        a.mov(.rax, ExitCode.unresolved)
        a.align(16)
        exit = a.offset
        storePins(&a)
        emitLeave(&a)
    }

    private func emitLeave(_ a: inout Assembler) {
        a.stmxcsr(field(CPUHeader.Offset.guestMXCSR))
        a.ldmxcsr(field(CPUHeader.Offset.hostMXCSR))
        a.mov(.b64, .rsp, field(CPUHeader.Offset.hostStack))
        a.alu(.add, .b64, .rsp, Thunks.endBytes)
        for register in Thunks.savedRegisters.reversed() { a.pop(register) }
        a.ret()
    }

    /// Leaves out of a callee's thunk after a guest fault: the pins are in memory already, MXCSR is the guest's.
    private func emitFault(_ a: inout Assembler) -> Int {
        a.align(16)
        let place = a.offset
        a.mov(.rax, ExitCode.reason + UInt64(ExitReason.exception.rawValue))
        emitLeave(&a)
        return place
    }

    private func emitCallee(_ a: inout Assembler, _ callee: Callee, _ function: UnsafeRawPointer?, fault: Int) {
        a.alu(.sub, .b64, .rsp, Int32(Thunks.saveBytes))
        for (index, register) in HostRegisters.temporaries.enumerated() { a.mov(.b64, Memory(.rsp, 8 * index), register) }
        for (index, register) in HostRegisters.vectorTemporaries.enumerated() { a.vmovups(Memory(.rsp, 40 + 16 * index), register) }
        storePins(&a)
        if callee == .helper { a.stmxcsr(field(CPUHeader.Offset.guestMXCSR)) }
        a.mov(.b64, .rdi, .rbp)
        a.mov(.b64, .rsi, field(CPUHeader.Offset.accessAddress))
        a.mov(.b64, .rdx, field(CPUHeader.Offset.accessValue))
        if callee == .helper {
            a.mov(.b64, .rcx, field(CPUHeader.Offset.accessExtra))
            a.mov(.b32, .rax, field(CPUHeader.Offset.accessKind))
            a.mov(.r8, UInt64(UInt(bitPattern: function)))
            a.call(Memory(.r8, index: .rax, scale: 3))
        } else {
            a.mov(.b64, .rcx, field(CPUHeader.Offset.accessKind))
            if callee == .load { a.mov(.b64, .rdx, .rcx) }
            a.mov(.rax, UInt64(UInt(bitPattern: function)))
            a.call(.rax)
        }
        a.mov(.b64, field(CPUHeader.Offset.accessResult), .rax)
        a.alu(.cmp, .b32, field(CPUHeader.Offset.exception), 0)
        a.jcc(.ne, to: fault)
        if callee == .helper { a.ldmxcsr(field(CPUHeader.Offset.guestMXCSR)) }
        loadPins(&a)
        for (index, register) in HostRegisters.temporaries.enumerated() { a.mov(.b64, register, Memory(.rsp, 8 * index)) }
        for (index, register) in HostRegisters.vectorTemporaries.enumerated() { a.vmovups(register, Memory(.rsp, 40 + 16 * index)) }
        a.alu(.add, .b64, .rsp, Int32(Thunks.saveBytes))
        a.ret()
    }

    private func storePins(_ a: inout Assembler) {
        for pin in registers.pins { pin.store(&a) }
        for pin in registers.vectorPins { pin.store(&a) }
    }

    private func loadPins(_ a: inout Assembler) {
        for pin in registers.pins { pin.load(&a) }
        for pin in registers.vectorPins { pin.load(&a) }
    }
}
