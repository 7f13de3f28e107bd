/// A rule of the IR that an operation breaks.
public struct VerifierError: Error, CustomStringConvertible {
    /// Index of the operation in its block.
    public let index: Int
    /// The operation in the text form.
    public let operation: String
    public let cause: String

    public var description: String { "operation \(index), \(operation): \(cause)" }
}

/// Checks that a block keeps the rules of the IR; what it lets pass, optimizer, interpreter and code generators may rely on.
public struct Verifier {
    let layout: StateLayout
    let helpers: [Helper]

    public init(layout: StateLayout, helpers: [Helper] = []) {
        self.layout = layout
        self.helpers = helpers
    }

    /// - Throws: the first broken rule.
    public func verify(_ block: borrowing IRBlock) throws(VerifierError) {
        var runStart = 0
        for index in 0..<block.count {
            let op = block[index]
            if let cause = problem(block, op, index, runStart) {
                throw VerifierError(index: index, operation: trimmed(op, index), cause: cause)
            }
            if op.opcode == .label { runStart = index }
        }
        if let cause = problemOfControl(block) {
            let last = max(block.count - 1, 0)
            throw VerifierError(index: last, operation: block.count == 0 ? "none" : trimmed(block[last], last), cause: cause)
        }
    }

    private func trimmed(_ op: IROp, _ index: Int) -> String {
        String(Printer(layout: layout, helpers: helpers).line(op, index).drop { $0 == " " })
    }

    private func problem(_ block: borrowing IRBlock, _ op: IROp, _ index: Int, _ runStart: Int) -> String? {
        let info = op.opcode.info
        var types: [IRType] = []
        for (number, operand) in [op.a, op.b, op.c].enumerated() {
            if number >= Int(info.operands) {
                if operand != -1 { return "it has an operand too many" }
                continue
            }
            if operand == -1 && op.opcode == .call { continue }
            guard operand >= 0 && operand < index else { return "operand %\(operand) is not defined before its use" }
            if operand < runStart { return "operand %\(operand) would live across a label" }
            let definition = block[Int(operand)]
            if definition.opcode.info.rule == .none { return "operand %\(operand) has no value" }
            types.append(definition.type)
        }
        return problemOfTypes(op, info, types) ?? problemOfAttribute(op, info, types)
    }

    private func problemOfTypes(_ op: IROp, _ info: OpcodeInfo, _ types: [IRType]) -> String? {
        if op.type == .v256 { return "v256 is not supported" }
        switch info.rule {
        case .none: break
        case .same:
            if let other = types.first(where: { $0 != op.type }) { return "an operand has type \(other)" }
        case .first:
            if types[0] != op.type { return "the first operand has type \(types[0])" }
        case .truth:
            if types[0] != types[1] { return "the operands' types differ: \(types[0]) and \(types[1])" }
            if !op.type.isInteger { return "a truth value is an integer" }
        case .free:
            if op.type == .none { return "its result has no type" }
        }
        return problemOfKinds(op, types)
    }

    /// The kinds of types that the opcode computes with.
    private func problemOfKinds(_ op: IROp, _ types: [IRType]) -> String? {
        switch op.opcode {
        case .and, .or, .xor, .andNot, .not, .bitReverseBytes:
            return op.type.isInteger || op.type.isVector ? nil : "it computes with integers"
        case .add, .sub, .mul, .mulHighS, .mulHighU, .mulHighSU, .divS, .divU, .remS, .remU, .neg, .clz, .ctz, .popcnt, .bswap, .clmul, .clmulHigh,
            .minS, .maxS, .minU, .maxU,
            .extractU, .extractS, .deposit:
            return op.type.isInteger ? nil : "it computes with integers"
        case .shl, .shrU, .shrS, .rotl, .rotr:
            return op.type.isInteger && types[1].isInteger ? nil : "it computes with integers"
        case .compare, .brCompare:
            if types[0] != types[1] { return "the operands' types differ: \(types[0]) and \(types[1])" }
            return types[0].isInteger ? nil : "it compares integers"
        case .select:
            if !types[0].isInteger { return "the selector is not an integer" }
            return types[1] == op.type && types[2] == op.type ? nil : "the chosen values don't have its type"
        case .zext where op.type.isVector:
            return op.type.bits > types[0].bits && types[0] != .f80 ? nil : "\(types[0]) does not extend to \(op.type)"
        case .trunc where types[0].isVector:
            return op.type.bits < types[0].bits && op.type != .f80 ? nil : "\(types[0]) does not narrow to \(op.type)"
        case .zext, .sext:
            return integers(op.type, types[0]) && op.type.bits > types[0].bits ? nil : "\(types[0]) does not extend to \(op.type)"
        case .trunc:
            return integers(op.type, types[0]) && op.type.bits < types[0].bits ? nil : "\(types[0]) does not narrow to \(op.type)"
        case .bitcast:
            return op.type.bits == types[0].bits ? nil : "\(types[0]) has another width"
        case .brIf:
            return types[0].isInteger ? nil : "the condition is not an integer"
        case .exitIndirect:
            return types[0] == .i64 ? nil : "a guest address has 64 bits"
        case .call:
            return types.allSatisfy { $0.bits <= 64 } && op.type.bits <= 64 ? nil : "a helper's operands and result have at most 64 bits"
        case .writeState:
            return types[0] == op.type ? nil : "the value has type \(types[0])"
        default:
            return op.opcode.isVector ? problemOfVector(op, types) : problemOfFloatKinds(op, types)
        }
    }

    private func problemOfFloatKinds(_ op: IROp, _ types: [IRType]) -> String? {
        switch op.opcode {
        case .fadd, .fsub, .fmul, .fdiv, .fsqrt, .fma, .fmin, .fmax, .froundInt:
            return op.type.isFloat ? nil : "it computes with floats"
        case .fcompare:
            return types[0].isFloat ? nil : "it compares floats"
        case .fclass, .floatToInt:
            return op.type.isInteger && types[0].isFloat ? nil : "it makes an integer of a float"
        case .intToFloat:
            return op.type.isFloat && types[0].isInteger ? nil : "it makes a float of an integer"
        case .fconvert:
            return op.type.isFloat && types[0].isFloat && op.type != types[0] ? nil : "it makes a float of another float type"
        case .unboxFloat:
            return op.type.isFloat && types[0].bits > op.type.bits && types[0].bits <= 64 ? nil : "it makes a float of a wider cell"
        case .boxFloat:
            return types[0].isFloat && types[0].bits < op.type.bits && op.type.bits <= 64 ? nil : "it fills a wider cell"
        default:
            return nil
        }
    }

    private func integers(_ a: IRType, _ b: IRType) -> Bool { a.isInteger && b.isInteger }
}
