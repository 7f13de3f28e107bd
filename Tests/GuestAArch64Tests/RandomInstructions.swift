import CPUModel
import Decoding
import GuestAArch64
import IR
import RandomIR

/// Random instructions of a set of rows, with operands that keep them inside their frame: reserved registers stay, accesses go to the buffer,
/// jumps go a few instructions forward.
struct RandomInstructions {
    var random: SplitMix
    private let cpu: AArch64CPU
    /// Address of the middle of the buffer.
    private let buffer: Int
    private let fillers: [DecodeRow]

    init(seed: UInt64, cpu: AArch64CPU, buffer: Int) {
        random = SplitMix(seed)
        self.cpu = cpu
        self.buffer = buffer
        fillers = AArch64InstructionSet.rows.filter { ["add_imm", "eor_reg", "sub_reg"].contains($0.mnemonic) }
    }

    /// Registers of system registers and cache operations that EL0 may use and that are the same everywhere: bits 18 to 5.
    private static let readable: [UInt32] = [0x5a10, 0x5a20, 0x5a21, 0x5e82], writable: [UInt32] = [0x5a10, 0x5e82]
    private static let cacheOperations: [UInt32] = [0x1ba1, 0x1ba9, 0x1bd1, 0x1bd9, 0x1bf1]

    /// Rows that no program may execute.
    static let privileged: Set<String> = [
        "hvc", "smc", "hlt", "udf", "eret", "eretaa", "eretab", "msr_daifset", "msr_daifclr", "msr_spsel", "msr_pan", "msr_uao",
    ]

    // MARK: One row

    mutating func append(_ row: DecodeRow, to code: inout CodeBuffer) {
        switch row.mnemonic {
        case "b", "bl", "b_cond", "cbz", "cbnz", "tbz", "tbnz": appendJump(row, to: &code)
        case "br", "blr", "ret", "braa", "brab", "blraa", "blrab", "braaz", "brabz", "blraaz", "blrabz", "retaa", "retab":
            appendIndirectJump(row, to: &code)
        case "ldraa", "ldrab": appendAuthenticatedLoad(row, to: &code)
        case "stxr", "stxp": appendStoreExclusive(row, to: &code)
        default: code.word(operands(row))
        }
        restore(row, &code)
    }

    /// The base register, where the access has changed it; the index, so that it stays small.
    private func restore(_ row: DecodeRow, _ code: inout CodeBuffer) {
        let letters = Set(row.pattern)
        let changesBase = ["_post", "_pre"].contains { row.mnemonic.contains($0) } || letters.contains("p") || letters.contains("w")
        if changesBase && letters.contains("n") { code.set(Reserved.buffer, buffer) }
    }

    /// Operand bits that are allowed, for an instruction that goes on behind itself.
    private mutating func operands(_ row: DecodeRow) -> UInt32 {
        for _ in 0..<10_000 {
            var bits = row.encode(operands: UInt32(truncatingIfNeeded: random.next()))
            place(row, &bits)
            if row.encode(operands: bits) == bits, AArch64InstructionSet.row(of: bits, model: cpu.model)?.id == row.id, isSound(row, bits) {
                return bits
            }
        }
        preconditionFailure("\(row.mnemonic) has no operands")
    }

    private mutating func place(_ row: DecodeRow, _ bits: inout UInt32) {
        let letters = row.pattern.filter { $0 != " " }.reversed().map { $0 }
        func set(_ letter: Character, _ value: UInt32) {
            var value = value
            for place in 0..<32 where letters[place] == letter {
                bits = bits & ~(1 << UInt32(place)) | (value & 1) << UInt32(place)
                value >>= 1
            }
        }
        for letter in "dtus" as String { set(letter, register()) }
        let isAccess = letters.contains("t") || letters.contains("T") || row.mnemonic.hasPrefix("prf")
        if isAccess, letters.contains("n") {
            set("n", UInt32(Reserved.buffer))
            set("m", random.oneIn(4) && !row.mnemonic.contains("reg") ? 31 : UInt32(Reserved.index))
        }
        switch row.mnemonic {
        case "ldr_lit", "ldrsw_lit", "ldr_litv", "prfm_lit": set("j", UInt32(random.below(16)) &- 8)
        case "ldr", "str", "ldrs", "ldr_v", "str_v": set("i", UInt32(random.below(200)))
        // Ordered accesses must be aligned.
        case "stlur", "ldapur", "ldapurs": set("i", UInt32(random.below(32)) * 8)
        case "mrs": set("p", random.pick(RandomInstructions.readable))
        case "msr": set("p", random.pick(RandomInstructions.writable))
        case "sys":
            set("p", random.pick(RandomInstructions.cacheOperations))
            set("t", UInt32(Reserved.buffer))
        default: break
        }
    }

    private mutating func register() -> UInt32 {
        while true {
            let number = random.below(32)
            if !Reserved.all.contains(number) { return UInt32(number) }
        }
    }

    /// Whether an element defines what the instruction does.
    private func isSound(_ row: DecodeRow, _ bits: UInt32) -> Bool {
        let d = bits & 31, u = bits >> 10 & 31, s = bits >> 16 & 31
        if row.mnemonic.hasPrefix("ld"), row.pattern.contains("u") || row.pattern.contains("U"), d == u { return false }
        if row.mnemonic.hasPrefix("stx"), s == d || (row.pattern.contains("u") && s == u) { return false }
        // casp: the pairs must not reach into the reserved registers.
        if row.mnemonic == "casp", [d, d + 1, s, s + 1].contains(where: { Reserved.all.contains(Int($0)) }) { return false }
        return raisesNothing(bits) || ["svc", "brk"].contains(row.mnemonic) || RandomInstructions.privileged.contains(row.mnemonic)
    }

    /// Whether the translator takes the instruction.
    private func raisesNothing(_ bits: UInt32) -> Bool {
        var block = IRBlock(capacity: 256)
        block.reset(pc: ElementImage.base)
        let page = UnsafeMutablePointer<UInt32>.allocate(capacity: 1024)
        defer { page.deallocate() }
        page.initialize(repeating: bits, count: 1024)
        return page.withMemoryRebound(to: UInt8.self, capacity: 4096) { bytes in
            var window = CodeWindow(base: bytes, pageStart: ElementImage.base) { nil }
            cpu.translate(into: &block, flags: cpu.translationFlags, window: &window, limit: 1)
            let last = block[block.count - 1]
            return !(last.opcode == .exitWith && last.reason == .exception)
        }
    }

    // MARK: Jumps and exclusives

    private mutating func filler(_ code: inout CodeBuffer, _ count: Int) {
        for _ in 0..<count { code.word(operands(random.pick(fillers))) }
    }

    private mutating func appendJump(_ row: DecodeRow, to code: inout CodeBuffer) {
        let skipped = random.below(4)
        var bits = row.encode(operands: UInt32(truncatingIfNeeded: random.next()))
        let low = ["b", "bl"].contains(row.mnemonic) ? 0 : 5
        let count = row.pattern.count { $0 == "j" }
        bits = bits & ~(((1 << UInt32(count)) - 1) << UInt32(low)) | UInt32(skipped + 1) << UInt32(low)
        code.word(bits)
        filler(&code, skipped)
    }

    /// The pointer register, with a code where the jump authenticates one, holds the target.
    private mutating func appendIndirectJump(_ row: DecodeRow, to code: inout CodeBuffer) {
        let isReturn = row.mnemonic.hasPrefix("reta"), authenticates = row.mnemonic.count > 3
        let target = isReturn ? 30 : Reserved.pointer
        let skipped = random.below(3)
        let modifier: UInt32 = isReturn ? 31 : row.mnemonic.hasSuffix("z") ? 31 : 5
        code.address(target, (authenticates ? 12 : 8) + 4 * skipped)
        if authenticates {
            let usesB = UInt32(row.match >> 10 & 1)
            let isZero = row.mnemonic.hasSuffix("z")
            code.word((isZero ? 0xdac1_23e0 : 0xdac1_0000 | modifier << 5) | usesB << 10 | UInt32(target))
        }
        code.word(isReturn ? row.match : row.match | UInt32(target) << 5 | (row.pattern.contains("m") ? modifier : 0))
        filler(&code, skipped)
    }

    private mutating func appendAuthenticatedLoad(_ row: DecodeRow, to code: inout CodeBuffer) {
        // pacdza or pacdzb of the buffer's address; a small positive offset.
        code.word((row.mnemonic == "ldraa" ? 0xdac1_2be0 : 0xdac1_2fe0) | UInt32(Reserved.buffer))
        code.word(row.match | UInt32(random.below(256)) << 12 | UInt32(random.below(2)) << 11 | UInt32(Reserved.buffer) << 5 | register())
        code.set(Reserved.buffer, buffer)
    }

    /// Behind the load that it belongs to, or behind a clrex.
    private mutating func appendStoreExclusive(_ row: DecodeRow, to code: inout CodeBuffer) {
        var bits = operands(row)
        if random.oneIn(4) {
            code.word(0xd503_3f5f)
        } else {
            let load = bits & ~0x001f_8000 | 0x0040_0000 | 0x001f_0000
            let isPair = row.mnemonic == "stxp"
            code.word(isPair ? load & ~0x7c1f | 6 << 10 | 7 : load & ~31 | 6)
        }
        bits = bits & ~0x001f_0000 | 8 << 16
        if bits & 31 == 8 || bits >> 10 & 31 == 8 { bits &= ~0x0000_7c1f }
        code.word(row.mnemonic == "stxp" ? bits : bits | 0x7c00)
    }
}
