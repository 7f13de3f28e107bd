import CPUModel
import Decoding
import GuestARM
import IR
import RandomIR

/// Random instructions of a set of rows, with operands that keep them inside their frame: reserved registers stay, accesses go to the buffer,
/// jumps go a few instructions forward.
struct RandomInstructions {
    var random: SplitMix
    private let cpu: ARMCPU
    /// Address of the middle of the buffer.
    private let buffer: Int

    init(seed: UInt64, cpu: ARMCPU, buffer: Int) {
        random = SplitMix(seed)
        self.cpu = cpu
        self.buffer = buffer
    }

    /// Rows that jump by register, raise something or change what the frames rely on.
    private static let excluded: Set<String> = [
        "bx", "blx", "blx_imm", "blx_reg", "bxj", "tbb", "svc", "bkpt", "udf", "hlt", "setend", "cps", "mrs_spsr", "mcr", "mrc", "mcrr", "mrrc",
        "msr_reg", "msr_imm", "it", "vmsr", "vmrs", "add_sp7", "sub_sp7", "pop", "hint", "isb", "dsb", "dmb", "swp", "ldr_lit", "ldrs_lit",
    ]

    /// Rows of the privileged level, and those that have another outcome there: `PrivilegedRowTests` runs them.
    static let privileged: Set<String> = [
        "mrs_banked", "msr_banked", "hvc", "smc", "eret", "subs_pc", "cps_mode", "srs", "srsdb", "srsia", "rfe", "rfedb", "rfeia", "stm_user",
        "ldm_user", "ldm_return", "mcr_debug", "mrc_debug",
    ]

    static func isUsable(_ row: DecodeRow) -> Bool { !excluded.contains(row.mnemonic) && !privileged.contains(row.mnemonic) }

    /// Rows of a set and those of VFP and NEON, which T32 has as well.
    static func rows(_ set: ARMInstructionSet) -> [DecodeRow] {
        let vectors = ARMInstructionSet.a32.rows.filter(isVector)
        switch set {
        case .a32: return set.rows.filter(isUsable)
        default: return (ARMInstructionSet.t32.rows + ARMInstructionSet.t16.rows + vectors).filter(isUsable)
        }
    }

    static func isVector(_ row: DecodeRow) -> Bool {
        row.mnemonic.hasPrefix("v") || row.mnemonic.hasPrefix("aes")
            || row.mnemonic.hasPrefix("sha") && !row.mnemonic.hasPrefix("shadd")
                && !row.mnemonic.hasPrefix("shasx")
    }

    private func isAccess(_ row: DecodeRow) -> Bool {
        let starts = ["ld", "st", "vld", "vst", "swp", "push", "pop", "pl"]
        return starts.contains { row.mnemonic.hasPrefix($0) }
    }

    // MARK: One row

    mutating func append(_ row: DecodeRow, to code: inout CodeBuffer) {
        if ["b", "bl", "b_cond", "cbz", "cbnz"].contains(row.mnemonic) { return appendJump(row, to: &code) }
        if row.mnemonic.hasPrefix("strex") || row.mnemonic.hasPrefix("stlex") { return appendStoreExclusive(row, to: &code) }
        if row.width == 16, isAccess(row) {
            code.half(0x465e)  // mov r6, r11
            code.half(0x4647)  // mov r7, r8
        }
        appendPlain(row, to: &code)
        if isAccess(row) {
            code.set(Reserved.buffer, buffer)
            code.set(Reserved.sp, buffer)
        }
    }

    private mutating func appendPlain(_ row: DecodeRow, to code: inout CodeBuffer) {
        let bits = operands(row, isThumb: code.isThumb)
        // In an IT block of one instruction.
        let isComparison = row.mnemonic.hasPrefix("cmp"), mayDepend = !RandomInstructions.isVector(row) && !isComparison
        if code.isThumb, mayDepend, random.oneIn(3) { code.half(0xbf08 | UInt32(random.below(14)) << 4) }
        emit(row, bits, &code)
    }

    private func emit(_ row: DecodeRow, _ bits: UInt32, _ code: inout CodeBuffer) {
        if row.width == 16 { return code.half(bits) }
        code.word(code.isThumb && RandomInstructions.isVector(row) ? ARMInstructionSet.wideForm(ofVector: bits) ?? bits : bits)
    }

    /// Operand bits that are allowed, for an instruction that goes on behind itself.
    private mutating func operands(_ row: DecodeRow, isThumb: Bool) -> UInt32 {
        for _ in 0..<20_000 {
            var bits = row.encode(operands: UInt32(truncatingIfNeeded: random.next()))
            place(row, &bits)
            if row.encode(operands: bits) == bits, isDecoded(row, bits, isThumb: isThumb), isSound(row, bits),
                raisesNothing(row, bits, isThumb: isThumb)
            {
                return bits
            }
        }
        preconditionFailure("\(row.mnemonic) \(row.pattern) has no operands")
    }

    private func isDecoded(_ row: DecodeRow, _ bits: UInt32, isThumb: Bool) -> Bool {
        let set: ARMInstructionSet = row.width == 16 ? .t16 : isThumb && !RandomInstructions.isVector(row) ? .t32 : .a32
        guard let found = set.row(of: bits, model: cpu.model) else { return false }
        return found.id == row.id && found.mask == row.mask
    }

    private mutating func place(_ row: DecodeRow, _ bits: inout UInt32) {
        let letters = Array(row.pattern.filter { $0 != " " }.reversed())
        func set(_ letter: Character, _ value: UInt32) {
            var value = value
            for place in letters.indices where letters[place] == letter {
                bits = bits & ~(1 << UInt32(place)) | (value & 1) << UInt32(place)
                value >>= 1
            }
        }
        if letters.contains("c"), row.pattern.hasPrefix("cccc") { set("c", random.oneIn(3) ? UInt32(random.below(14)) : 14) }
        let isVector = RandomInstructions.isVector(row), isAccess = isAccess(row)
        if isVector {
            if letters.contains("t") { set("t", register()) }
            if letters.contains("u"), letters.count(where: { $0 == "u" }) == 4 { set("u", register()) }
        } else if row.width == 32 {
            for letter in "dtsa" as String where letters.count(where: { $0 == letter }) == 4 { set(letter, register()) }
            for letter in "nm" as String where !isAccess { set(letter, random.oneIn(8) ? UInt32(random.pick([8, 10])) : register()) }
        }
        if isAccess, row.width == 32 {
            set("n", UInt32(Reserved.buffer))
            let isStructure = row.pattern.hasPrefix("1111 0100")
            if isStructure {
                set("m", random.pick([15, 13, UInt32(Reserved.index)]))
            } else if !isVector || row.mnemonic.hasSuffix("reg") {
                set("m", UInt32(Reserved.index))
            }
            // Index registers are shifted little.
            set("h", 0)
            if letters.contains("h") { set("i", UInt32(random.below(4))) }
            if row.mnemonic.hasPrefix("ldrd") || row.mnemonic.hasPrefix("strd"), row.pattern.hasPrefix("cccc") {
                set("i", UInt32(random.below(31)) * 8)
            }
        } else if isAccess {
            set("n", 6)
            set("m", 7)
        }
        if letters.contains("r"), isAccess { set("r", registerList(row)) }
    }

    private mutating func register() -> UInt32 {
        while true {
            let number = random.below(15)
            if !Reserved.all.contains(number) { return UInt32(number) }
        }
    }

    private mutating func registerList(_ row: DecodeRow) -> UInt32 {
        let allowed: UInt32 = row.width == 16 ? 0x3f : 0x50ff
        // T32's long forms want two registers.
        let list = UInt32(truncatingIfNeeded: random.next()) & allowed
        return list.nonzeroBitCount < 2 ? 3 : list
    }

    /// Whether an element defines what the instruction does, and the frame survives it.
    private func isSound(_ row: DecodeRow, _ bits: UInt32) -> Bool {
        let name = row.mnemonic
        if row.width == 16 {
            let high = Int(bits >> 4 & 8 | bits & 7)
            if ["add_hi", "mov_hi"].contains(name), Reserved.all.contains(high) { return false }
            if name == "cmp_hi", bits >> 3 & 15 == 15 || high == 15 || (high < 8 && bits >> 3 & 15 < 8) { return false }
            // Registers of the access that hold its address.
            if name.hasPrefix("ld"), name == "ldm", bits >> 8 & 7 != 6 { return false }
            if name == "stm", bits >> 8 & 7 != 6 { return false }
            return true
        }
        // Pairs.
        if name.hasPrefix("ldrd") || name.hasPrefix("strd") || name.hasPrefix("ldrexd") || name.hasPrefix("ldaexd") {
            let first = Int(bits >> 12 & 15)
            if row.pattern.hasPrefix("cccc"), Reserved.all.contains(first + 1) { return false }
        }
        if name.hasPrefix("ldrexd") || name.hasPrefix("ldaexd"), row.pattern.hasPrefix("cccc"), Reserved.all.contains(Int(bits >> 12 & 15) + 1) {
            return false
        }
        // Long results and what has an operand in the destination.
        if ["umull", "umlal", "smull", "smlal", "umaal", "smlald", "smlsld", "smlal_xy"].contains(name) {
            let (high, low) = row.pattern.hasPrefix("cccc") ? (bits >> 16 & 15, bits >> 12 & 15) : (bits >> 8 & 15, bits >> 12 & 15)
            if high == low { return false }
        }
        // T32 has two fields that must be equal.
        if row.pattern.hasPrefix("11111010"), ["clz", "rev", "rev16", "rbit", "revsh"].contains(name), bits >> 16 & 15 != bits & 15 { return false }
        if name == "vmov_pair" || name == "vmov_doublepair", bits >> 16 & 15 == bits >> 12 & 15 { return false }
        if name.hasPrefix("vldm") || name.hasPrefix("vstm") { return bits >> 8 & 15 != 11 || bits & 1 == 0 }
        return true
    }

    /// Whether the translator takes the instruction.
    private func raisesNothing(_ row: DecodeRow, _ bits: UInt32, isThumb: Bool) -> Bool {
        var code = CodeBuffer()
        if isThumb { code.enterThumb() }
        let start = code.size
        emit(row, bits, &code)
        let bytes = Array(code.bytes[start...])
        var block = IRBlock(capacity: 256)
        block.reset(pc: ARMImage.base | (isThumb ? 1 : 0))
        let page = UnsafeMutablePointer<UInt8>.allocate(capacity: 4096)
        defer { page.deallocate() }
        page.initialize(repeating: 0, count: 4096)
        for index in bytes.indices { page[index] = bytes[index] }
        var window = CodeWindow(base: page, pageStart: ARMImage.base) { nil }
        cpu.translate(into: &block, flags: cpu.translationFlags, window: &window, limit: 1)
        return !(0..<block.count).contains { block[$0].opcode == .exitWith && block[$0].reason == .exception }
    }

    // MARK: Jumps and exclusives

    private mutating func appendJump(_ row: DecodeRow, to code: inout CodeBuffer) {
        let skipped = random.below(4)
        var bits = row.encode(operands: 0)
        let condition = UInt32(random.below(14))
        // Counted from two instructions ahead.
        let halves = UInt32(bitPattern: Int32(skipped * 2 + (row.width == 16 ? -1 : 0)))
        switch (row.mnemonic, row.width) {
        case ("cbz", _), ("cbnz", _): bits |= UInt32(skipped * 2) << 3 | UInt32(random.below(6))
        case ("b_cond", 16): bits |= condition << 8 | halves & 0xff
        case ("b", 16): bits |= halves & 0x7ff
        case ("b_cond", _): bits |= condition << 22 | halves & 0x7ff
        case ("bl", _) where code.isThumb, ("b", _) where code.isThumb: bits |= halves & 0x7ff | 0x2800
        default: bits |= (random.oneIn(2) ? condition : 14) << 28 | UInt32(bitPattern: Int32(skipped - 1)) & 0xff_ffff
        }
        if row.width == 16 {
            code.half(bits)
            // What cbz skips at least.
            if row.mnemonic.hasPrefix("cb") { code.half(0xbf00) }
        } else {
            code.word(bits)
        }
        for _ in 0..<skipped { filler(&code) }
    }

    /// add r, r, #: 4 bytes.
    private mutating func filler(_ code: inout CodeBuffer) {
        let r = register()
        code.word(
            code.isThumb ? 0xf100_0000 | r << 16 | r << 8 | UInt32(random.below(256)) : 0xe280_0000 | r << 16 | r << 12 | UInt32(random.below(256)))
    }

    /// Behind the load that it belongs to, or behind a clrex.
    private mutating func appendStoreExclusive(_ row: DecodeRow, to code: inout CodeBuffer) {
        var bits = operands(row, isThumb: code.isThumb)
        // The data from R0 and R1, the status into R2.
        let isWord = row.mnemonic == "strex"
        let base = UInt32(Reserved.buffer) << 16
        if code.isThumb {
            bits = bits & ~0xffff_0000 | row.match & 0xfff0_0000 | base
            bits = isWord ? bits & ~0xff00 | 2 << 8 : bits & ~0xf00f | 2 | (row.pattern.contains("s") ? 0 : 0)
            bits &= ~0xf000
            if row.pattern.contains("s") { bits = bits & ~0xf00 | 1 << 8 }
        } else {
            bits = 14 << 28 | row.match & 0x0fff_0ff0 | base | 2 << 12
        }
        if random.oneIn(4) {
            code.word(code.isThumb ? 0xf3bf_8f2f : 0xf57f_f01f)
        } else {
            // The load with its result in R4 and R5.
            var load = bits | 1 << 20
            if code.isThumb {
                load = isWord ? load & ~0xff00 | 4 << 12 | 0xf00 : load & ~0xf00f | 4 << 12 | 15
                if row.pattern.contains("s") { load = load & ~0xf00 | 5 << 8 }
            } else {
                load = load & ~0xf00f | 4 << 12 | 15
            }
            code.word(load)
        }
        code.word(bits)
    }
}
