/// Writes IR in the text form that `Parser` reads: one operation a line, `%N` the result of the operation with index N.
public struct Printer {
    private let layout: StateLayout
    private let helpers: [String]

    /// - Parameters:
    ///   - layout: names the state fields.
    ///   - helpers: names what `call` calls.
    public init(layout: StateLayout, helpers: [Helper] = []) {
        self.layout = layout
        self.helpers = helpers.map(\.name)
    }

    /// The whole block, each line ended by a newline.
    public func text(_ block: borrowing IRBlock) -> String {
        var result = "block \(number(Int64(bitPattern: block.pc)))\n"
        for index in 0..<block.count {
            result += line(block[index], index) + "\n"
        }
        return result
    }

    /// One operation without a newline. Labels stand at the margin, the rest is indented.
    public func line(_ op: IROp, _ index: Int) -> String {
        if op.opcode == .label { return "L\(op.imm):" }
        let info = op.opcode.info
        var name = Opcode.table[Int(op.opcode.rawValue)].name
        if let suffix = TextNames.suffix(op) { name += ".\(suffix)" }
        if op.type != .none { name += ".\(op.type)" }
        let rest = arguments(op, info).filter { !$0.isEmpty }.joined(separator: ", ")
        let result = info.rule == .none ? "" : "%\(index) = "
        return "    \(result)\(name)\(rest.isEmpty ? "" : " ")\(rest)"
    }

    private func arguments(_ op: IROp, _ info: OpcodeInfo) -> [String] {
        let operands = [op.a, op.b, op.c].prefix(Int(info.operands)).map { $0 < 0 ? "_" : "%\($0)" }
        switch info.attribute {
        case .none, .condition, .division: return operands
        case .constant, .pc: return [number(op.imm)]
        case .state: return [field(op)] + operands
        case .memory, .atomic: return [address(op)] + operands.dropFirst() + [TextNames.memory(op.memory)]
        case .float, .floatCondition, .lanesFloat, .lanesFloatCondition: return operands + [TextNames.float(op)]
        case .lanes, .lanesCondition: return operands
        case .lanesNumber: return operands + [String(op.number)]
        case .fence: return [fence(op)]
        case .target: return [number(op.imm)] + (op.attribute == 0 ? [] : [String(op.attribute)])
        case .jump: return operands + (op.imm == 0 ? [] : [number(op.imm)])
        case .exit: return op.keepsPC ? [] : [number(op.imm)]
        case .helper: return [call(op, operands)]
        case .label, .conditionLabel: return operands + ["L\(op.imm)"]
        case .bitRange: return operands + ["\(op.bitLow) for \(op.bitCount)"]
        }
    }

    private func field(_ op: IROp) -> String { layout.field(at: Int(op.imm))?.name ?? "@\(op.imm)" }

    /// `mix(%0, _, %2)`; absent operands at the end are left out.
    private func call(_ op: IROp, _ operands: [String]) -> String {
        let index = Int(op.imm)
        let name = helpers.indices.contains(index) ? helpers[index] : "#\(index)"
        let count = (operands.lastIndex { $0 != "_" } ?? -1) + 1
        return "\(name)(\(operands.prefix(count).joined(separator: ", ")))"
    }

    private func address(_ op: IROp) -> String {
        if op.opcode.info.attribute == .atomic || op.imm == 0 { return "[%\(op.a)]" }
        let displacement = String(op.imm.magnitude)
        return "[%\(op.a) \(op.imm < 0 ? "-" : "+") \(displacement)]"
    }

    private func fence(_ op: IROp) -> String {
        let kind = FenceKind(rawValue: UInt8(truncatingIfNeeded: op.imm))
        return TextNames.fence.filter { kind.contains($0.0) }.map(\.1).joined(separator: " ")
    }

    /// Decimal where it is short, else hexadecimal.
    private func number(_ value: Int64) -> String {
        if value > -4096 && value < 4096 { return String(value) }
        return "0x" + String(UInt64(bitPattern: value), radix: 16)
    }
}
