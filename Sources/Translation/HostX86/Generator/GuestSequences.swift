import HostCode
import IR

/// What the code of blocks and of regions has in common.
extension Assembler {
    private func field(_ offset: Int) -> Memory { Memory(HostRegisters.state, offset) }

    /// The jump that is taken when somebody wants the vCPU's attention, and that `kill` makes one that always is.
    mutating func checkRequest() -> Int {
        // A comparison with a 32-bit displacement, so that it has 7 bytes.
        byte(0x83)
        byte(0xbd)
        long(Int32(CPUHeader.Offset.exitRequest))
        byte(0)
        return jcc(.ne)
    }

    /// Puts an address into `pc`.
    mutating func storePC(_ address: UInt64) {
        if let short = Int32(exactly: Int64(bitPattern: address)) { return mov(.b64, field(CPUHeader.Offset.pc), short) }
        mov(.b32, field(CPUHeader.Offset.pc), Int32(truncatingIfNeeded: address))
        mov(.b32, field(CPUHeader.Offset.pc + 4), Int32(truncatingIfNeeded: address >> 32))
    }

    /// Takes note of where a call comes back to: the guest address, on which the host's call puts that of its own code. Whoever returns to that address
    /// returns to the code. They are forgotten where generated code is left, and where there are too many: who does not find his own looks it up.
    ///
    /// - Returns: the jump that is taken when there is no more room, to `emptyStack`.
    mutating func pushReturn(_ address: UInt64) -> Int {
        alu(.cmp, .b64, .rsp, field(CPUHeader.Offset.stackLimit))
        let full = jcc(.b)
        if let short = Int32(exactly: Int64(bitPattern: address)) {
            push(short)
        } else {
            mov(.rcx, address)
            push(.rcx)
        }
        return full
    }

    /// Where a call has come back: drops its address.
    mutating func popReturn() { lea(.b64, .rsp, Memory(.rsp, 8)) }

    /// Forgets all calls that are under way.
    mutating func emptyStack() { mov(.b64, .rsp, field(CPUHeader.Offset.hostStack)) }

    /// Returns to the guest address in rax if the last call that is under way comes back there.
    mutating func returnIfExpected() {
        alu(.cmp, .b64, .rax, Memory(.rsp, 8))
        let other = jcc(.ne)
        ret()
        patch(other, to: offset)
    }

    /// Goes on at the guest address in rax, through the jump cache; `neighbour` is where the other slot of the pair is looked at.
    mutating func lookUp(_ hint: JumpHint, _ memoryMode: MemoryMode, codeAlignmentBits: Int, neighbour: Int) {
        if memoryMode != .translated {
            if hint == .return { returnIfExpected() }
            if hint == .anew { emptyStack() }
        }
        let bits = UInt8(4 - codeAlignmentBits)
        mov(.b32, .rcx, .rax)
        if bits > 0 { shift(.shl, .b32, .rcx, bits) }
        alu(.and, .b32, .rcx, Int32((JumpCache.count(memoryMode) - 1) << 4))
        alu(.add, .b64, .rcx, field(CPUHeader.Offset.jumpCache))
        alu(.cmp, .b64, .rax, Memory(.rcx))
        jcc(.ne, to: neighbour)
        jmp(Memory(.rcx, 8))
    }
}

extension Memory {
    /// A place of eight bytes for a value that has no register.
    static func spill(_ slot: Int) -> Memory { Memory(HostRegisters.state, CPUHeader.Offset.spills + 8 * slot) }
}

extension Condition {
    /// The same on the flags of a comparison.
    var host: HostCondition {
        switch self {
        case .eq: .e
        case .ne: .ne
        case .ltS: .l
        case .geS: .ge
        case .leS: .le
        case .gtS: .g
        case .ltU: .b
        case .geU: .ae
        case .leU: .be
        case .gtU: .a
        }
    }
}
