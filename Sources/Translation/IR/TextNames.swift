/// The words of the text form that are not the names of enum cases: shared by printer and parser.
enum TextNames {
    static let rounding: [(FloatAttributes.Rounding, String)] = [
        (.nearestEven, "rne"), (.towardZero, "rtz"), (.down, "rdn"), (.up, "rup"), (.nearestAway, "rmm"), (.odd, "rodd"), (.dynamic, "dyn"),
    ]
    static let nan: [(FloatAttributes.NaNRule, String)] = [
        (.canonical, "canonical"), (.arm, "arm"), (.sse, "sse"), (.x87, "x87"), (.firstOperand, "first"),
    ]
    static let saturation: [(FloatAttributes.Saturation, String)] = [
        (.nanToMaximum, "nanmax"), (.nanToZero, "nanzero"), (.indefinite, "indefinite"),
    ]
    static let minMax: [(FloatAttributes.MinMaxRule, String)] = [
        (.number, "number"), (.quietNumber, "quietnumber"), (.nan, "nan"), (.second, "second"),
    ]
    /// Single bits of the float attributes.
    static let floatBits: [(UInt16, String)] = [
        (1 << 6, "tinybefore"), (1 << 7, "silent"), (1 << 8, "negproduct"), (1 << 8, "repeats"), (1 << 9, "negaddend"), (1 << 10, "signalling"),
        (1 << 11, "signed"), (1 << 14, "inexactsilent"), (1 << 15, "flushes"),
    ]
    static let alignment: [(MemoryOperation.Alignment, String)] = [(.any, ""), (.fault, "aligned"), (.within16, "within16")]
    static let order: [(MemoryOperation.Order, String)] = [
        (.relaxed, ""), (.acquire, "acquire"), (.release, "release"), (.sequential, "seq"),
    ]
    static let fence: [(FenceKind, String)] = [(.loadLoad, "ll"), (.loadStore, "ls"), (.storeLoad, "sl"), (.storeStore, "ss")]

    /// The name of the enum case that an op's name carries as a suffix, such as `ltU` in `br.cmp.ltU`; `nil` for none.
    static func suffix(_ op: IROp) -> String? {
        switch op.opcode.info.attribute {
        case .condition, .conditionLabel: "\(op.condition)"
        case .floatCondition: "\(op.floatCondition)"
        case .division: "\(op.division)"
        case .atomic: "\(op.atomic)"
        case .jump: op.hint == .none ? nil : "\(op.hint)"
        case .exit: "\(op.reason)"
        case .lanes, .lanesNumber, .lanesFloat: "\(op.lane.bits)"
        case .lanesCondition: "\(op.laneCondition).\(op.lane.bits)"
        case .lanesFloatCondition: "\(op.laneFloatCondition).\(op.lane.bits)"
        default: nil
        }
    }

    static func memory(_ memory: MemoryOperation) -> String {
        var words = ["\(memory.isSigned ? "s" : "u")\(memory.size)", memory.isBigEndian ? "be" : "le"]
        words += alignment.filter { $0.0 == memory.alignment && !$0.1.isEmpty }.map(\.1)
        words += order.filter { $0.0 == memory.order && !$0.1.isEmpty }.map(\.1)
        if memory.mmuIndex != 0 { words.append("mmu\(memory.mmuIndex)") }
        return words.joined(separator: " ")
    }

    /// What differs from dynamic rounding, canonical NaNs and no special bits.
    static func float(_ op: IROp) -> String {
        let float = op.float
        var words: [String] = []
        if float.rounding != .dynamic { words += rounding.filter { $0.0 == float.rounding }.map(\.1) }
        if float.nan != .canonical { words += nan.filter { $0.0 == float.nan }.map(\.1) }
        if op.hasMinMaxRule {
            if float.minMax != .number { words += minMax.filter { $0.0 == float.minMax }.map(\.1) }
        } else if float.saturation != .nanToMaximum {
            words += saturation.filter { $0.0 == float.saturation }.map(\.1)
        }
        words += floatBits.filter { float.rawValue & $0.0 != 0 && ($0.1 == "repeats") == (op.opcode == .fcompare && $0.0 == 1 << 8) }.map(\.1)
        return words.joined(separator: " ")
    }
}
