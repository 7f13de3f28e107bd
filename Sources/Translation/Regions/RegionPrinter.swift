import IR

extension Region: CustomStringConvertible {
    /// The text form, for logs and tests.
    public var description: String {
        blocks.indices.map { number in
            let block = blocks[number]
            let head = "b\(number)\(block.isHead ? " loop" : "") depth \(block.depth) <- \(block.predecessors) -> \(block.successors)"
            let phis = block.phis.map { "    %\($0) = phi.\(nodes[Int($0)].op.type) \(arguments[$0] ?? [])" }
            return ([head] + phis + block.body.map { "    " + text($0) }).joined(separator: "\n")
        }.joined(separator: "\n")
    }

    private func text(_ value: Int32) -> String {
        let node = nodes[Int(value)], op = node.op
        if node.kind == .entry { return "%\(value) = entry.\(op.type) [\(op.imm)]" }
        let values = [op.a, op.b, op.c].filter { $0 >= 0 }.map { "%\($0)" }.joined(separator: ", ")
        return
            "%\(value) = \(Opcode.table[Int(op.opcode.rawValue)].name).\(op.type) \(values) imm \(op.imm) attribute \(op.attribute) width \(node.width)"
    }
}
