import IR

/// Lanes of floats on host instructions, under the MXCSR of the scalar operations; NaNs and what the host does otherwise go to the runtime.
extension BlockEmitter {
    func emitVectorFloat(_ op: IROp) {
        guard op.lane != .b16, !op.float.silent, !op.float.flushes, emitInline(op) else { return emitVectorFallback(op) }
    }

    private func emitInline(_ op: IROp) -> Bool {
        let single = op.lane == .b32
        let roundsAsGuest = op.float.rounding == .dynamic
        switch op.opcode {
        case .vfadd where roundsAsGuest: emitPacked(op, single ? .addps : .addpd)
        case .vfsub where roundsAsGuest: emitPacked(op, single ? .subps : .subpd)
        case .vfmul where roundsAsGuest: emitPacked(op, single ? .mulps : .mulpd)
        case .vfdiv where roundsAsGuest: emitPacked(op, single ? .divps : .divpd)
        case .vfsqrt where roundsAsGuest: emitPacked(op, single ? .sqrtps : .sqrtpd)
        case .vfma where roundsAsGuest: emitPackedMultiplyAdd(op)
        case .vfmin: emitPackedMinMax(op, single ? .minps : .minpd, .por)
        case .vfmax: emitPackedMinMax(op, single ? .maxps : .maxpd, .pand)
        case .vfcompare: emitPackedCompare(op)
        case .vfroundInt: return emitPackedRound(op)
        case .vfwiden: emitPackedConvert(op, .cvtps2pd)
        case .vfnarrow where roundsAsGuest && !single: emitPackedConvert(op, .cvtpd2ps)
        case .vfloatToInt: return emitPackedToInteger(op)
        case .vintToFloat where roundsAsGuest && single && op.float.signed:
            let source = useLanes(op.a)
            a.vector(.cvtdq2ps, vectorDestination(), source)
        default: return false
        }
        return true
    }

    /// A register with the value's lanes; of a v64 twice, so that what is above it raises no flags of its own.
    private func useLanes(_ value: Int32) -> Vector {
        let source = useVector(value)
        guard unsafe ops[Int(value)].type == .v64 else { return source }
        let both = allocateVector()
        a.vector(.movddup, both, source)
        return both
    }

    /// Sends a result with a NaN in a lane to the runtime, which finds the right one, and one that may hide an underflow.
    private func mendNaNs(_ op: IROp, single: Bool, _ dst: Vector, _ x: Vector, _ y: Vector? = nil, _ z: Vector? = nil) {
        let doubtful = allocateVector()
        if op.mayHideUnderflow {
            a.vandps(doubtful, dst, Memory(target: single ? thunks.magnitude32 : thunks.magnitude64))
            a.vcmp(single: single, .eqOrUnord, doubtful, doubtful, Memory(target: single ? thunks.leastNormal32 : thunks.leastNormal64))
        } else {
            a.vcmp(single: single, .unord, doubtful, dst, dst)
        }
        mend(op, doubtful, dst, x, y, z)
    }

    /// Sends the operation to the runtime if `wrong` has a one bit.
    private func mend(_ op: IROp, _ wrong: Vector, _ dst: Vector, _ x: Vector, _ y: Vector? = nil, _ z: Vector? = nil) {
        a.vector(.ptest, wrong, wrong)
        unlock(wrong)
        outOfLine.append(wayOut(op, dst, x, y, z))
    }

    /// A conditional jump to the runtime that comes back right behind it.
    private func wayOut(_ op: IROp, _ dst: Vector, _ x: Vector, _ y: Vector?, _ z: Vector? = nil) -> OutOfLine {
        let jump = a.jcc(.ne)
        var item = OutOfLine(kind: .vector, jump: jump, back: a.offset, pc: pc)
        item.memory = vectorDescription(op)
        item.operands = (x, y, z)
        item.destinationVector = dst
        return item
    }

    private func emitPacked(_ op: IROp, _ instruction: VectorBinary) {
        let left = useLanes(op.a), right = useLanes(op.b)
        let dst = vectorDestination(avoiding: left, right)
        a.vector(instruction, dst, left, right)
        mendNaNs(op, single: op.lane == .b32, dst, left, right)
    }

    private func emitPacked(_ op: IROp, _ instruction: VectorUnary) {
        let source = useLanes(op.a)
        let dst = vectorDestination(avoiding: source)
        a.vector(instruction, dst, source)
        mendNaNs(op, single: op.lane == .b32, dst, source)
    }

    private func emitPackedMultiplyAdd(_ op: IROp) {
        let first = useLanes(op.a), second = useLanes(op.b), third = useLanes(op.c)
        let dst = vectorDestination(avoiding: first, second, third)
        a.vmovaps(dst, first)
        a.vfmadd213Packed(
            single: op.lane == .b32, negateProduct: op.float.negateProduct, negateAddend: op.float.negateAddend, dst, second, third)
        mendNaNs(op, single: op.lane == .b32, dst, first, second, third)
    }

    /// The host gives operand b for zeros of either sign: both orders together have the sign that is wanted. It must see no quiet NaN, which
    /// would be invalid.
    private func emitPackedMinMax(_ op: IROp, _ instruction: VectorBinary, _ joining: VectorBinary) {
        let left = useLanes(op.a), right = useLanes(op.b)
        let dst = vectorDestination(avoiding: left, right)
        if op.float.minMax == .second { return a.vector(instruction, dst, left, right) }
        let other = allocateVector()
        a.vcmp(single: op.lane == .b32, .unord, other, left, right)
        a.vector(.ptest, other, other)
        var item = wayOut(op, dst, left, right)
        a.vector(instruction, other, right, left)
        a.vector(instruction, dst, left, right)
        a.vector(joining, dst, dst, other)
        item.back = a.offset
        outOfLine.append(item)
    }

    private func emitPackedCompare(_ op: IROp) {
        let left = useLanes(op.a), right = useLanes(op.b)
        let isSignalling = op.float.signalling
        let predicate: Assembler.FloatPredicate =
            switch op.laneFloatCondition {
            case .eq: isSignalling ? .eqSignalling : .eq
            case .lt: isSignalling ? .lt : .ltQuiet
            case .le: isSignalling ? .le : .leQuiet
            case .unordered: isSignalling ? .unordSignalling : .unord
            }
        a.vcmp(single: op.lane == .b32, predicate, vectorDestination(), left, right)
    }

    private func emitPackedRound(_ op: IROp) -> Bool {
        let mode: UInt8
        switch op.float.rounding {
        case .nearestEven: mode = 0
        case .down: mode = 1
        case .up: mode = 2
        case .towardZero: mode = 3
        case .dynamic: mode = 4
        case .nearestAway, .odd: return false
        }
        let source = useLanes(op.a)
        let dst = vectorDestination(avoiding: source)
        a.vround(single: op.lane == .b32, dst, source, mode | (op.float.inexactSilent ? 8 : 0))
        mendNaNs(op, single: op.lane == .b32, dst, source)
        return true
    }

    private func emitPackedConvert(_ op: IROp, _ instruction: VectorUnary) {
        let source = useVector(op.a)
        let dst = vectorDestination(avoiding: source)
        a.vector(instruction, dst, source)
        mendNaNs(op, single: op.opcode == .vfnarrow, dst, source)
    }

    /// What does not fit gives the "integer indefinite".
    private func emitPackedToInteger(_ op: IROp) -> Bool {
        let truncates = op.float.rounding == .towardZero
        guard op.lane == .b32, op.float.signed, !op.float.inexactSilent, truncates || op.float.rounding == .dynamic else { return false }
        let source = useLanes(op.a)
        let dst = vectorDestination(avoiding: source)
        a.vector(truncates ? .cvttps2dq : .cvtps2dq, dst, source)
        let indefinite = vectorConstant(0x8000_0000_8000_0000, .v128)
        a.vector(.pcmpeqd, indefinite, indefinite, dst)
        mend(op, indefinite, dst, source)
        return true
    }
}
