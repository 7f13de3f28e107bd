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

    /// Goes on at the guest address in rax, through the jump cache; `neighbour` is where the other slot of the pair is looked at.
    mutating func lookUp(_ memoryMode: MemoryMode, codeAlignmentBits: Int, neighbour: Int) {
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
