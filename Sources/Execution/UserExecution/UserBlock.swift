import CPUModel
import HostCode
import IR

/// A translated block of a program, for all its threads.
final class UserBlock {
    let pc: UInt64
    let flags: UInt64
    let code: CompiledBlock?
    /// For the interpreter.
    let ir: HeldBlock?
    /// The guest's bytes, of a block on a page that is written too often to be watched.
    let comparedBytes: [UInt8]?
    /// Jumps in other blocks that were chained to this one: offsets in the code memory.
    var chainedJumps: [Int] = []
    var isDead = false
    /// Made of several blocks, which branch back and forth in it.
    let isLoop: Bool

    init(pc: UInt64, flags: UInt64, code: CompiledBlock?, ir: HeldBlock?, comparedBytes: [UInt8]?, isLoop: Bool = false) {
        self.isLoop = isLoop
        self.pc = pc
        self.flags = flags
        self.code = code
        self.ir = ir
        self.comparedBytes = comparedBytes
    }
}

extension UserBlock: CachedBlock {
    struct Key: CachedBlockKey {
        let pc: UInt64
        let flags: UInt64

        @inline(__always) var mixed: UInt64 { (pc >> 1 ^ flags << 40) &* 0x9e37_79b9_7f4a_7c15 }
    }

    @inline(__always) var key: Key { Key(pc: pc, flags: flags) }
}
