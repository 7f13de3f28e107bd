/// What follows an operation's name.
extension Parser {
    mutating func parseArguments(_ op: inout IROp, _ scanner: inout Scanner) throws(ParseError) {
        let info = op.opcode.info
        let count = Int(info.operands)
        switch info.attribute {
        case .none, .condition, .division: try operands(&op, 0..<count, &scanner)
        case .constant, .pc: op.imm = try scanner.number()
        case .state:
            op.imm = try field(&scanner)
            try operands(&op, 0..<count, &scanner)
        case .memory, .atomic:
            try address(&op, &scanner)
            try operands(&op, 1..<count, &scanner)
            op.attribute = try memory(&scanner).rawValue
        case .lanes, .lanesCondition: try operands(&op, 0..<count, &scanner)
        case .lanesNumber:
            try operands(&op, 0..<count, &scanner)
            op.imm |= try scanner.number() << 8
        case .float, .floatCondition, .lanesFloat, .lanesFloatCondition:
            try operands(&op, 0..<count, &scanner)
            op.attribute = try float(&scanner).rawValue
        case .fence:
            while let word = scanner.peek {
                guard let kind = TextNames.fence.first(where: { $0.1 == word })?.0 else { throw scanner.error("there is no fence \(word)") }
                op.imm |= Int64(kind.rawValue)
                scanner.position += 1
            }
        case .target:
            op.imm = try scanner.number()
            if scanner.peek != nil { op.attribute = UInt16(truncatingIfNeeded: try scanner.number()) }
        case .jump:
            try operands(&op, 0..<count, &scanner)
            if scanner.peek != nil { op.imm = try scanner.number() }
        case .exit:
            if scanner.peek == nil { op.attribute |= 0x8000 } else { op.imm = try scanner.number() }
        case .helper:
            op.imm = try helper(&scanner)
            try operands(&op, 0..<min(count, scanner.words.count - scanner.position), &scanner)
        case .label, .conditionLabel:
            try operands(&op, 0..<count, &scanner)
            op.imm = try label(try scanner.next("a label"), scanner)
        case .bitRange:
            try operands(&op, 0..<count, &scanner)
            let low = try scanner.number()
            try scanner.expect("for")
            op.imm = low | (try scanner.number()) << 8
        }
    }

    private func operands(_ op: inout IROp, _ range: Range<Int>, _ scanner: inout Scanner) throws(ParseError) {
        for number in range {
            let index = try value(try scanner.next("an operand"), scanner)
            switch number {
            case 0: op.a = index
            case 1: op.b = index
            default: op.c = index
            }
        }
    }

    private func field(_ scanner: inout Scanner) throws(ParseError) -> Int64 {
        let word = try scanner.next("a state field")
        if word.hasPrefix("@"), let offset = Int64(word.dropFirst()) { return offset }
        guard let field = layout.field(named: word) else { throw scanner.error("there is no state field \(word)") }
        return Int64(field.offset)
    }

    private func helper(_ scanner: inout Scanner) throws(ParseError) -> Int64 {
        let word = try scanner.next("a helper")
        if word.hasPrefix("#"), let index = Int64(word.dropFirst()) { return index }
        guard let index = helpers.firstIndex(of: word) else { throw scanner.error("there is no helper \(word)") }
        return Int64(index)
    }

    /// `[%3]`, `[%3 + 8]` or `[%3 - 8]`.
    private func address(_ op: inout IROp, _ scanner: inout Scanner) throws(ParseError) {
        try scanner.expect("[")
        op.a = try value(try scanner.next("an address"), scanner)
        if let sign = scanner.peek, sign == "+" || sign == "-" {
            scanner.position += 1
            let displacement = try scanner.number()
            op.imm = sign == "-" ? 0 &- displacement : displacement
        }
        try scanner.expect("]")
    }

    private func memory(_ scanner: inout Scanner) throws(ParseError) -> MemoryOperation {
        let width = try scanner.next("a memory operation")
        guard let sign = width.first, "us".contains(sign), let size = Int(width.dropFirst()), [1, 2, 4, 8, 16, 32].contains(size) else {
            throw scanner.error("\(width) is no memory operation")
        }
        var bigEndian = false
        var alignment = MemoryOperation.Alignment.any
        var order = MemoryOperation.Order.relaxed
        var mmuIndex = 0
        while let word = scanner.peek {
            scanner.position += 1
            if word == "be" || word == "le" {
                bigEndian = word == "be"
            } else if let found = TextNames.alignment.first(where: { $0.1 == word }) {
                alignment = found.0
            } else if let found = TextNames.order.first(where: { $0.1 == word }) {
                order = found.0
            } else if word.hasPrefix("mmu"), let index = Int(word.dropFirst(3)), (0..<16).contains(index) {
                mmuIndex = index
            } else {
                throw scanner.error("\(word) says nothing about an access")
            }
        }
        return MemoryOperation(size, signed: sign == "s", bigEndian: bigEndian, alignment: alignment, order: order, mmuIndex: mmuIndex)
    }

    private func float(_ scanner: inout Scanner) throws(ParseError) -> FloatAttributes {
        var raw = FloatAttributes().rawValue
        while let word = scanner.peek {
            scanner.position += 1
            if let found = TextNames.rounding.first(where: { $0.1 == word }) {
                raw = raw & ~7 | UInt16(found.0.rawValue)
            } else if let found = TextNames.nan.first(where: { $0.1 == word }) {
                raw = raw & ~0x38 | UInt16(found.0.rawValue) << 3
            } else if let found = TextNames.saturation.first(where: { $0.1 == word }) {
                raw = raw & ~0x3000 | UInt16(found.0.rawValue) << 12
            } else if let found = TextNames.minMax.first(where: { $0.1 == word }) {
                raw = raw & ~0x3000 | UInt16(found.0.rawValue) << 12
            } else if let found = TextNames.floatBits.first(where: { $0.1 == word }) {
                raw |= found.0
            } else {
                throw scanner.error("\(word) is no float attribute")
            }
        }
        return FloatAttributes(rawValue: raw)
    }
}
