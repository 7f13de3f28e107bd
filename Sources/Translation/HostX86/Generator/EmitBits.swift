import IR

extension BlockEmitter {
    /// Swaps the halves of each byte, then the quarters, then the bits.
    func emitReverseBits(_ op: IROp, _ width: Width) {
        let source = use(op.a)
        let dst = destination(reusing: op.a)
        let moved = allocate(), mask = allocate()
        if dst != source { a.mov(width, dst, source) }
        let steps: [(distance: UInt8, mask: UInt64)] = [(4, 0x0f0f_0f0f_0f0f_0f0f), (2, 0x3333_3333_3333_3333), (1, 0x5555_5555_5555_5555)]
        for step in steps {
            a.mov(mask, width == .b64 ? step.mask : step.mask & 0xffff_ffff)
            a.mov(width, moved, dst)
            a.shift(.shr, width, moved, step.distance)
            a.alu(.and, width, moved, mask)
            a.alu(.and, width, dst, mask)
            a.shift(.shl, width, dst, step.distance)
            a.alu(.or, width, dst, moved)
        }
    }
}
