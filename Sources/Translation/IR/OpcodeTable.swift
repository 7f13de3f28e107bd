extension Opcode {
    /// One row an operation, in the order of the cases.
    public static let table: [OpcodeRow] =
        dataRows + computeRows + memoryRows + floatRows + controlRows
        + vectorMoveRows + vectorRows + vectorWidthRows + vectorFloatRows

    private static let dataRows: [OpcodeRow] = [
        .init(.const, "const", 0, .free, .constant, [], "imm, cut to the type; of a v128 both halves"),
        .init(.readState, "read", 0, .free, .state, .readsState, "the guest state field at offset imm"),
        .init(.writeState, "write", 1, .none, .state, .writesState, "puts a into the guest state field at offset imm"),
    ]

    private static let computeRows: [OpcodeRow] = [
        .init(.add, "add", 2, .same, .none, [], "a + b, wrapping"),
        .init(.sub, "sub", 2, .same, .none, [], "a - b, wrapping"),
        .init(.mul, "mul", 2, .same, .none, [], "the low half of a * b"),
        .init(.mulHighS, "mulh.s", 2, .same, .none, [], "the high half of signed a * signed b"),
        .init(.mulHighU, "mulh.u", 2, .same, .none, [], "the high half of unsigned a * unsigned b"),
        .init(.mulHighSU, "mulh.su", 2, .same, .none, [], "the high half of signed a * unsigned b"),
        .init(.divS, "div.s", 2, .same, .division, [], "signed a / b towards zero; by zero as the rule says; MIN / -1 = MIN"),
        .init(.divU, "div.u", 2, .same, .division, [], "unsigned a / b; by zero as the rule says"),
        .init(.remS, "rem.s", 2, .same, .division, [], "a - (a / b) * b, signed; a rem 0 = a; MIN rem -1 = 0"),
        .init(.remU, "rem.u", 2, .same, .division, [], "a - (a / b) * b, unsigned; a rem 0 = a"),
        .init(.and, "and", 2, .same, .none, [], "a and b"),
        .init(.or, "or", 2, .same, .none, [], "a or b"),
        .init(.xor, "xor", 2, .same, .none, [], "a exclusive-or b"),
        .init(.andNot, "andnot", 2, .same, .none, [], "a and the complement of b"),
        .init(.not, "not", 1, .same, .none, [], "the complement of a"),
        .init(.neg, "neg", 1, .same, .none, [], "0 - a"),
        .init(.shl, "shl", 2, .first, .none, [], "a shifted left by b modulo the width"),
        .init(.shrU, "shr.u", 2, .first, .none, [], "a shifted right by b modulo the width, zeros from above"),
        .init(.shrS, "shr.s", 2, .first, .none, [], "a shifted right by b modulo the width, sign from above"),
        .init(.rotl, "rotl", 2, .first, .none, [], "a rotated left by b modulo the width"),
        .init(.rotr, "rotr", 2, .first, .none, [], "a rotated right by b modulo the width"),
        .init(.clz, "clz", 1, .same, .none, [], "leading zero bits of a; the width for 0"),
        .init(.ctz, "ctz", 1, .same, .none, [], "trailing zero bits of a; the width for 0"),
        .init(.popcnt, "popcnt", 1, .same, .none, [], "one bits of a"),
        .init(.bswap, "bswap", 1, .same, .none, [], "a's bytes in reverse order"),
        .init(.bitReverseBytes, "brev8", 1, .same, .none, [], "a with the bits of each byte in reverse order"),
        .init(.clmul, "clmul", 2, .same, .none, [], "the low half of the carry-less product"),
        .init(.clmulHigh, "clmulh", 2, .same, .none, [], "the high half of the carry-less product"),
        .init(.minS, "min.s", 2, .same, .none, [], "the lesser, signed"),
        .init(.maxS, "max.s", 2, .same, .none, [], "the greater, signed"),
        .init(.minU, "min.u", 2, .same, .none, [], "the lesser, unsigned"),
        .init(.maxU, "max.u", 2, .same, .none, [], "the greater, unsigned"),
        .init(.compare, "cmp", 2, .truth, .condition, [], "1 where the condition holds between a and b, else 0"),
        .init(.select, "select", 3, .free, .none, [], "b where a is not 0, else c; b and c have the result's type"),
        .init(.zext, "zext", 1, .free, .none, [], "a zero-extended to the wider type; a vector's upper lanes are zero"),
        .init(.sext, "sext", 1, .free, .none, [], "a sign-extended to the wider type"),
        .init(.trunc, "trunc", 1, .free, .none, [], "a's low bits in the narrower type; of a vector the lowest lane"),
        .init(.bitcast, "bitcast", 1, .free, .none, [], "a's bits as the other type of the same width"),
        .init(.extractU, "extract.u", 1, .same, .bitRange, [], "imm's bit range of a, zero-extended (imm = low | count << 8)"),
        .init(.extractS, "extract.s", 1, .same, .bitRange, [], "imm's bit range of a, sign-extended (imm = low | count << 8)"),
        .init(.deposit, "deposit", 2, .same, .bitRange, [], "a with imm's bit range replaced by b's low bits"),
    ]

    private static let memoryRows: [OpcodeRow] = [
        .init(.load, "load", 1, .free, .memory, [.readsMemory, .mayFault], "memory at a + imm, extended to the type"),
        .init(.store, "store", 2, .none, .memory, [.writesMemory, .mayFault], "b's low bytes go to memory at a + imm"),
        .init(
            .atomicRMW, "atomic", 2, .free, .atomic, [.readsMemory, .writesMemory, .mayFault],
            "memory at a becomes imm's operation of it and b, in one step; the old value, extended to the type"),
        .init(
            .compareExchange, "cas", 3, .free, .memory, [.readsMemory, .writesMemory, .mayFault],
            "if memory at a equals b it becomes c, in one step; the old value, extended to the type"),
        .init(
            .loadLinked, "ll", 1, .free, .memory, [.readsMemory, .mayFault, .writesState],
            "memory at a, extended to the type; address and value are remembered in the CPU header"),
        .init(
            .storeConditional, "sc", 2, .free, .memory, [.writesMemory, .mayFault, .writesState],
            "b goes to a if that is the remembered address and memory still holds the remembered value; 0 if it did, 1 if not"),
        .init(.fence, "fence", 0, .none, .fence, [.readsMemory, .writesMemory], "orders earlier accesses before later ones, as imm says"),
    ]

    private static let floatRows: [OpcodeRow] = [
        .init(.fadd, "fadd", 2, .same, .float, .setsFlags, "a + b"),
        .init(.fsub, "fsub", 2, .same, .float, .setsFlags, "a - b"),
        .init(.fmul, "fmul", 2, .same, .float, .setsFlags, "a * b"),
        .init(.fdiv, "fdiv", 2, .same, .float, .setsFlags, "a / b"),
        .init(.fsqrt, "fsqrt", 1, .same, .float, .setsFlags, "the square root of a"),
        .init(.fma, "fma", 3, .same, .float, .setsFlags, "a * b + c, rounded once; product or addend negated as the attributes say"),
        .init(.fmin, "fmin", 2, .same, .float, .setsFlags, "the lesser, -0 < +0; of a number and a NaN what the attributes say"),
        .init(.fmax, "fmax", 2, .same, .float, .setsFlags, "the greater, -0 < +0; of a number and a NaN what the attributes say"),
        .init(.fcompare, "fcmp", 2, .truth, .floatCondition, .setsFlags, "1 where the condition in imm holds, else 0"),
        .init(.fclass, "fclass", 1, .free, .none, [], "one bit by class: -inf, -normal, -subnormal, -0, +0, +subnormal, +normal, +inf, sNaN, qNaN"),
        .init(.fconvert, "fcvt", 1, .free, .float, .setsFlags, "a in the other float type"),
        .init(.floatToInt, "ftoi", 1, .free, .float, .setsFlags, "a as an integer of the type, rounded; saturated as the attributes say"),
        .init(.intToFloat, "itof", 1, .free, .float, .setsFlags, "the integer a as a float, rounded; signed as the attributes say"),
        .init(.froundInt, "frint", 1, .same, .float, .setsFlags, "a rounded to an integral value"),
        .init(.unboxFloat, "unbox", 1, .free, .none, [], "the narrow float in the low bits of a if all higher bits are 1, else the canonical NaN"),
        .init(.boxFloat, "box", 1, .free, .none, [], "the narrow float a in the low bits, all higher bits 1"),
    ]

    private static let controlRows: [OpcodeRow] = [
        .init(
            .call, "call", 3, .free, .helper, [.callsOut],
            "the helper with index imm, on the state pointer and a, b, c; its declaration has the effects"),
        .init(.label, "label", 0, .none, .label, .marker, "a place to branch to; no value lives across it"),
        .init(.br, "br", 0, .none, .label, [.endsRun, .branches], "on at the label"),
        .init(.brIf, "br.if", 1, .none, .label, .branches, "on at the label if a is not 0"),
        .init(.brCompare, "br.cmp", 2, .none, .conditionLabel, .branches, "on at the label (imm) if the condition holds between a and b"),
        .init(.exitDirect, "goto", 0, .none, .target, [.endsRun, .readsState], "the guest goes on at the address imm; chained"),
        .init(.exitIndirect, "goto.ind", 1, .none, .jump, [.endsRun, .readsState], "the guest goes on at the address a"),
        .init(.exitWith, "exit", 0, .none, .exit, [.endsRun, .readsState], "back to the execution loop with a reason; pc = imm"),
        .init(.insnStart, "insn", 0, .none, .pc, .marker, "a guest instruction begins at the address imm"),
        .init(.probe, "probe", 0, .none, .constant, .marker, "a debugger's or tracer's probe with number imm"),
    ]
}
