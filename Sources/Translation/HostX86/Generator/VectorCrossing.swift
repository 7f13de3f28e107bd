import IR

/// Bits that go from scalars to vectors and back, choices, and operations on the whole width.
extension BlockEmitter {
    /// A bitwise operation of two vectors.
    func emitVectorLogic(_ op: IROp) {
        switch op.opcode {
        case .and: binary(.pand, op)
        case .or: binary(.por, op)
        case .xor: binary(.pxor, op)
        case .andNot:
            let left = useVector(op.a), right = useVector(op.b)
            a.vector(.pandn, vectorDestination(), right, left)
        default:
            let source = useVector(op.a)
            let dst = vectorDestination(avoiding: source)
            a.vector(.pcmpeqd, dst, dst, dst)
            a.vector(.pxor, dst, dst, source)
        }
    }

    func emitVectorSelect(_ op: IROp) {
        let yes = useVector(op.b), no = useVector(op.c)
        let condition = conditionOfSelector(op)
        let dst = vectorDestination(avoiding: yes, no)
        // Moves leave the flags alone.
        a.vmovaps(dst, yes)
        let done = a.jcc(condition)
        a.vmovaps(dst, no)
        a.patch(done, to: a.offset)
    }

    /// The low lane of a vector in an integer register; what goes to another vector type shares the register.
    func emitVectorTrunc(_ op: IROp) {
        if op.type.livesInVector { return }
        let source = useVector(op.a)
        let dst = destination()
        switch op.type {
        case .i64: a.vmovq(dst, source)
        case .i32: a.vmovd(dst, source)
        default: a.vpextr(op.type == .i8 ? .b8 : .b16, dst, source, 0)
        }
    }

    func emitVectorExtend(_ op: IROp) {
        let from = unsafe ops[Int(op.a)].type
        guard from.livesInVector else {
            let source = use(op.a)
            let dst = vectorDestination()
            return from == .i64 ? a.vmovq(dst, source) : a.vmovd(dst, source)
        }
        let source = useVector(op.a)
        let dst = vectorDestination()
        if from == .f32 { a.vinsertps(dst, source, source, 0x0e) } else { a.vector(.movq, dst, source) }
    }

    /// A constant in a free vector register.
    func vectorConstant(_ bits: UInt64, _ type: IRType) -> Vector {
        let vector = allocateVector()
        if bits == 0 {
            a.vector(.pxor, vector, vector, vector)
        } else if bits == .max, type == .v128 {
            a.vector(.pcmpeqd, vector, vector, vector)
        } else {
            let register = allocate()
            a.mov(register, bits)
            a.vmovq(vector, register)
            unlock(register)
            if type == .v128 { a.vector(.movddup, vector, vector) }
        }
        return vector
    }

    // MARK: Moves between registers and memory

    /// Loads what a value of the type has in state, on the stack or in guest memory.
    func load(_ vector: Vector, _ type: IRType, _ source: Memory) {
        switch type {
        case .v128: a.vmovups(vector, source)
        case .f16:
            a.vxorps(vector, vector, vector)
            a.vpinsrw(vector, vector, source, 0)
        case .f32: a.vmovss(vector, source)
        default: a.vmovsd(vector, source)
        }
    }

    func store(_ destination: Memory, _ type: IRType, _ vector: Vector) {
        switch type {
        case .v128: a.vmovups(destination, vector)
        case .f16: a.vpextrw(destination, vector, 0)
        case .f32: a.vmovss(destination, vector)
        default: a.vmovsd(destination, vector)
        }
    }
}
