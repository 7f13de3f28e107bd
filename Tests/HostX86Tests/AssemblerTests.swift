import Foundation
import HostX86
import Testing

private typealias T = AssemblerTrial

/// Every emitting method of the assembler, with low and high registers and all forms of memory operands, reads back as what was meant.
@Suite struct AssemblerTests {
    /// Values at the edges of what an immediate's short form holds.
    private static let values: [Int32] = [0, 1, -1, 127, -128, 128, -129, 0x7fff, -0x8000, 0x1234_5678, .max, .min]

    private static let conditions = ["o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g"]

    /// How encodings are put together, not instructions.
    private static let parts: Set<String> = [
        "byte", "word", "long", "quad", "bytes", "prefix", "modRM", "op", "op0F", "vex", "vexPrefix", "immediate", "align", "alignDisplacement",
        "displacement", "noteCodeOffset",
    ]

    @Test(.enabled(if: Disassembly.isInstalled, "objdump is not installed (package binutils)")) func everyMethodReadsBack() throws {
        let trial = AssemblerTrial()
        moves(trial)
        arithmetic(trial)
        shiftsAndBits(trial)
        atomicsAndControl(trial)
        floats(trial)
        let lines = Dictionary(uniqueKeysWithValues: try Disassembly.lines(trial.code).map { ($0.offset, $0.text) })
        var wrong = 0
        for (offset, text) in trial.wanted where lines[offset] != text {
            wrong += 1
            if wrong <= 20 { Issue.record("wanted \(text), got \(lines[offset] ?? "the middle of another instruction")") }
        }
        #expect(wrong == 0, "of \(trial.wanted.count) instructions")
        #expect(lines.count == trial.wanted.count, "as many instructions as were emitted")
        let all = try methods()
        #expect(all.count > 45)
        #expect(all.subtracting(trial.methods) == [], "methods without a test")
    }

    /// The names of the assembler's emitting methods, from its source.
    private func methods() throws -> Set<String> {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let folder = root.appending(path: "Sources/Translation/HostX86/Assembler")
        var names: Set<String> = []
        for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil) {
            let text = try String(contentsOf: file, encoding: .utf8)
            for match in text.matches(of: /mutating func (\w+)\(/) { names.insert(String(match.1)) }
        }
        return names.subtracting(AssemblerTests.parts)
    }

    // MARK: Loops over operands

    private func pairs(_ body: (Register, Register) -> Void) {
        for a in T.registers { for b in T.registers { body(a, b) } }
    }

    func vectors(_ body: (Vector, Vector, Vector) -> Void) {
        for a in T.vectors { for b in T.vectors { for c in T.vectors { body(a, b, c) } } }
    }

    // MARK: Integer instructions

    private func moves(_ t: AssemblerTrial) {
        for memory in T.allMemory {
            t.check("mov", "mov r9,\(T.text(memory, "QWORD"))", target: T.target) { $0.mov(.b64, .r9, memory) }
            t.check("lea", "lea rdx,\(T.place(memory))", target: T.target) { $0.lea(.b64, .rdx, memory) }
            t.check("vmovsd", "vmovsd xmm9,\(T.text(memory, "QWORD"))", target: T.target) { $0.vmovsd(.xmm9, memory) }
            t.check("mov", "mov \(T.text(memory, "BYTE")),0x7f", target: T.target) { $0.mov(.b8, memory, 127) }
        }
        for width in Width.allCases {
            pairs { a, b in t.check("mov", "mov \(T.name(a, width)),\(T.name(b, width))") { $0.mov(width, a, b) } }
            for memory in T.someMemory {
                let place = T.text(memory, T.size(width))
                for register in T.registers {
                    let name = T.name(register, width)
                    t.check("mov", "mov \(name),\(place)", target: T.target) { $0.mov(width, register, memory) }
                    t.check("mov", "mov \(place),\(name)", target: T.target) { $0.mov(width, memory, register) }
                    t.check("xchg", "xchg \(place),\(name)", target: T.target) { $0.xchg(width, memory, register) }
                }
                for value in AssemblerTests.values {
                    t.check("mov", "mov \(place),\(T.immediate(value, width))", target: T.target) { $0.mov(width, memory, value) }
                }
            }
        }
        for register in Register.allCases {
            let name = T.name(register, .b64)
            for value in [0, 1, 0xffff_ffff] as [UInt64] {
                t.check("mov", "mov \(T.name(register, .b32)),0x\(String(value, radix: 16))") { $0.mov(register, value) }
            }
            for value in [.max, 0xffff_ffff_8000_0000] as [UInt64] {
                t.check("mov", "mov \(name),0x\(String(value, radix: 16))") { $0.mov(register, value) }
            }
            for value in [1 << 32, 0xffff_ffff_7fff_ffff, 0x8000_0000_0000_0000] as [UInt64] {
                t.check("mov", "movabs \(name),0x\(String(value, radix: 16))") { $0.mov(register, value) }
            }
            t.check("push", "push \(name)") { $0.push(register) }
            t.check("pop", "pop \(name)") { $0.pop(register) }
        }
        extensions(t)
    }

    private func extensions(_ t: AssemblerTrial) {
        for from in [Width.b8, .b16] {
            pairs { a, b in
                t.check("movzx", "movzx \(T.name(a, .b32)),\(T.name(b, from))") { $0.movzx(a, from, b) }
                for width in [Width.b32, .b64] {
                    t.check("movsx", "movsx \(T.name(a, width)),\(T.name(b, from))") { $0.movsx(width, a, from, b) }
                }
            }
            for memory in T.someMemory {
                let place = T.text(memory, T.size(from))
                t.check("movzx", "movzx r9d,\(place)", target: T.target) { $0.movzx(.r9, from, memory) }
                t.check("movsx", "movsx ecx,\(place)", target: T.target) { $0.movsx(.b32, .rcx, from, memory) }
                t.check("movsx", "movsx rcx,\(place)", target: T.target) { $0.movsx(.b64, .rcx, from, memory) }
            }
        }
        pairs { a, b in
            t.check("movsx", "movsxd \(T.name(a, .b64)),\(T.name(b, .b32))") { $0.movsx(.b64, a, .b32, b) }
            t.check("xchg", "xchg \(T.name(a, .b64)),\(T.name(b, .b64))") { $0.xchg(.b64, a, b) }
            t.check("xchg", "xchg \(T.name(a, .b8)),\(T.name(b, .b8))") { $0.xchg(.b8, a, b) }
        }
        for memory in T.someMemory {
            t.check("movsx", "movsxd r14,\(T.text(memory, "DWORD"))", target: T.target) { $0.movsx(.b64, .r14, .b32, memory) }
        }
    }

    private func arithmetic(_ t: AssemblerTrial) {
        for width in Width.allCases {
            for kind in ALU.allCases {
                pairs { a, b in t.check("alu", "\(kind) \(T.name(a, width)),\(T.name(b, width))") { $0.alu(kind, width, a, b) } }
                for register in T.registers {
                    let name = T.name(register, width)
                    for value in AssemblerTests.values {
                        t.check("alu", "\(kind) \(name),\(T.immediate(value, width))") { $0.alu(kind, width, register, value) }
                    }
                }
                for memory in T.someMemory {
                    let place = T.text(memory, T.size(width))
                    let name = T.name(.r10, width)
                    t.check("alu", "\(kind) \(name),\(place)", target: T.target) { $0.alu(kind, width, .r10, memory) }
                    t.check("alu", "\(kind) \(place),\(T.name(.rsi, width))", target: T.target) { $0.alu(kind, width, memory, .rsi) }
                    for value in AssemblerTests.values {
                        t.check("alu", "\(kind) \(place),\(T.immediate(value, width))", target: T.target) { $0.alu(kind, width, memory, value) }
                    }
                }
            }
            pairs { a, b in t.check("test", "test \(T.name(a, width)),\(T.name(b, width))") { $0.test(width, a, b) } }
            for register in T.registers {
                let name = T.name(register, width)
                for value in AssemblerTests.values {
                    t.check("test", "test \(name),\(T.immediate(value, width))") { $0.test(width, register, value) }
                }
                for kind in [Unary.not, .neg, .mul, .imul, .div, .idiv] {
                    t.check("unary", "\(kind) \(name)") { $0.unary(kind, width, register) }
                }
            }
        }
        for width in [Width.b16, .b32, .b64] {
            pairs { a, b in
                let names = "\(T.name(a, width)),\(T.name(b, width))"
                t.check("imul", "imul \(names)") { $0.imul(width, a, b) }
                for value in AssemblerTests.values {
                    t.check("imul", "imul \(names),\(T.immediate(value, width))") { $0.imul(width, a, b, value) }
                }
            }
            for memory in T.someMemory {
                let place = T.text(memory, T.size(width))
                t.check("imul", "imul \(T.name(.r9, width)),\(place)", target: T.target) { $0.imul(width, .r9, memory) }
            }
        }
        t.check("cqo", "cqo") { $0.cqo(.b64) }
        t.check("cqo", "cdq") { $0.cqo(.b32) }
    }

    private func shiftsAndBits(_ t: AssemblerTrial) {
        for width in Width.allCases {
            for kind in [Shift.rol, .ror, .shl, .shr, .sar] {
                for register in T.registers {
                    let name = T.name(register, width)
                    t.check("shift", "\(kind) \(name),1") { $0.shift(kind, width, register, 1) }
                    t.check("shift", "\(kind) \(name),0x7") { $0.shift(kind, width, register, 7) }
                    t.check("shift", "\(kind) \(name),cl") { $0.shift(kind, width, register) }
                }
            }
        }
        for width in [Width.b32, .b64] {
            pairs { a, b in
                let names = "\(T.name(a, width)),\(T.name(b, width))"
                for kind in [Shift.shl, .shr, .sar] {
                    t.check("shiftX", "\(kind)x \(names),\(T.name(.r11, width))") { $0.shiftX(kind, width, a, b, .r11) }
                }
                t.check("rorx", "rorx \(names),0x1f") { $0.rorx(width, a, b, 31) }
                t.check("andn", "andn \(names),\(T.name(.r11, width))") { $0.andn(width, a, b, .r11) }
                t.check("andn", "andn \(T.name(.rbx, width)),\(names)") { $0.andn(width, .rbx, a, b) }
                t.check("lzcnt", "lzcnt \(names)") { $0.lzcnt(width, a, b) }
                t.check("tzcnt", "tzcnt \(names)") { $0.tzcnt(width, a, b) }
                t.check("popcnt", "popcnt \(names)") { $0.popcnt(width, a, b) }
                for condition in HostCondition.allCases {
                    let text = AssemblerTests.conditions[Int(condition.rawValue)]
                    t.check("cmov", "cmov\(text) \(names)") { $0.cmov(condition, width, a, b) }
                }
            }
            for register in Register.allCases { t.check("bswap", "bswap \(T.name(register, width))") { $0.bswap(width, register) } }
            for memory in T.someMemory {
                let place = T.text(memory, T.size(width))
                t.check("cmov", "cmovae \(T.name(.r12, width)),\(place)", target: T.target) { $0.cmov(.ae, width, .r12, memory) }
            }
        }
        for condition in HostCondition.allCases {
            let text = AssemblerTests.conditions[Int(condition.rawValue)]
            for register in Register.allCases { t.check("setcc", "set\(text) \(T.name(register, .b8))") { $0.setcc(condition, register) } }
        }
    }

    private func atomicsAndControl(_ t: AssemblerTrial) {
        for memory in T.someMemory {
            for width in Width.allCases {
                let operands = "\(T.text(memory, T.size(width))),\(T.name(.rdi, width))"
                t.check("lockXadd", "lock xadd \(operands)", target: T.target) { $0.lockXadd(width, memory, .rdi) }
                t.check("lockCmpxchg", "lock cmpxchg \(operands)", target: T.target) { $0.lockCmpxchg(width, memory, .rdi) }
            }
            t.check("lockCmpxchg16b", "lock cmpxchg16b \(T.text(memory, "OWORD"))", target: T.target) { $0.lockCmpxchg16b(memory) }
            t.check("ldmxcsr", "ldmxcsr \(T.text(memory, "DWORD"))", target: T.target) { $0.ldmxcsr(memory) }
            t.check("stmxcsr", "stmxcsr \(T.text(memory, "DWORD"))", target: T.target) { $0.stmxcsr(memory) }
            t.check("jmp", "jmp \(T.text(memory, "QWORD"))", target: T.target) { $0.jmp(memory) }
            t.check("call", "call \(T.text(memory, "QWORD"))", target: T.target) { $0.call(memory) }
        }
        t.check("note", "nop DWORD PTR [rax+0x1234567]") { $0.note(0x123_4567) }
        for register in Register.allCases {
            t.check("jmp", "jmp \(T.name(register, .b64))") { $0.jmp(register) }
            t.check("call", "call \(T.name(register, .b64))") { $0.call(register) }
        }
        t.check("jmp", "jmp 0x1234") { $0.jmp(to: T.target) }
        t.check("call", "call 0x1234") { $0.call(to: T.target) }
        for condition in HostCondition.allCases {
            t.check("jcc", "j\(AssemblerTests.conditions[Int(condition.rawValue)]) 0x1234") { $0.jcc(condition, to: T.target) }
        }
        t.check("lockOr", "lock or DWORD PTR [rsp],0x0") { $0.lockOr(Memory(.rsp), 0) }
        t.check("ret", "ret") { $0.ret() }
        t.check("ud2", "ud2") { $0.ud2() }
        let nops = [
            "nop", "xchg ax,ax", "nop DWORD PTR [rax]", "nop DWORD PTR [rax+0x0]", "nop DWORD PTR [rax+rax*1+0x0]",
            "nop WORD PTR [rax+rax*1+0x0]", "nop DWORD PTR [rax+0x0]", "nop DWORD PTR [rax+rax*1+0x0]",
        ]
        for (index, text) in nops.enumerated() { t.check("nop", text) { $0.nop(index + 1) } }
    }

    // MARK: Floats

    private func floats(_ t: AssemblerTrial) {
        for single in [false, true] {
            let suffix = single ? "ss" : "sd"
            vectors { a, b, c in
                let names = "\(T.name(a)),\(T.name(b)),\(T.name(c))"
                for operation in Assembler.FloatOperation.allCases {
                    t.check("vscalar", "v\(operation)\(suffix) \(names)") { $0.vscalar(operation, single: single, a, b, c) }
                }
                for (text, product, addend) in [("madd", false, false), ("msub", false, true), ("nmadd", true, false), ("nmsub", true, true)] {
                    t.check("vfmadd213", "vf\(text)213\(suffix) \(names)") {
                        $0.vfmadd213(single: single, negateProduct: product, negateAddend: addend, a, b, c)
                    }
                }
            }
            for memory in T.someMemory {
                let place = T.text(memory, single ? "DWORD" : "QWORD")
                for operation in Assembler.FloatOperation.allCases {
                    t.check("vscalar", "v\(operation)\(suffix) xmm9,xmm2,\(place)", target: T.target) {
                        $0.vscalar(operation, single: single, .xmm9, .xmm2, memory)
                    }
                }
            }
            for a in T.vectors {
                for b in T.vectors {
                    t.check("vucomis", "vucomi\(suffix) \(T.name(a)),\(T.name(b))") { $0.vucomis(single: single, a, b) }
                    t.check("vcomis", "vcomi\(suffix) \(T.name(a)),\(T.name(b))") { $0.vcomis(single: single, a, b) }
                    for register in T.registers { integerConversions(t, single, a, b, register) }
                }
            }
        }
        vectorMoves(t)
        vectorBits(t)
        halves(t)
        packed(t)
        packedWithImmediates(t)
        packedMoves(t)
    }

    private func halves(_ t: AssemblerTrial) {
        vectors { a, b, c in
            t.check("vinsertps", "vinsertps \(T.name(a)),\(T.name(b)),\(T.name(c)),0xe") { $0.vinsertps(a, b, c, 0x0e) }
        }
        for a in T.vectors {
            for b in T.vectors {
                t.check("vcvtph2ps", "vcvtph2ps \(T.name(a)),\(T.name(b))") { $0.vcvtph2ps(a, b) }
                t.check("vcvtps2ph", "vcvtps2ph \(T.name(a)),\(T.name(b)),0x4") { $0.vcvtps2ph(a, b, 4) }
                t.check("vpmovzxwq", "vpmovzxwq \(T.name(a)),\(T.name(b))") { $0.vpmovzxwq(a, b) }
            }
            for memory in T.someMemory {
                let place = T.text(memory, "WORD")
                t.check("vpinsrw", "vpinsrw \(T.name(a)),xmm3,\(place),0x0", target: T.target) { $0.vpinsrw(a, .xmm3, memory, 0) }
                t.check("vpextrw", "vpextrw \(place),\(T.name(a)),0x1", target: T.target) { $0.vpextrw(memory, a, 1) }
            }
        }
    }

    private func integerConversions(_ t: AssemblerTrial, _ single: Bool, _ a: Vector, _ b: Vector, _ register: Register) {
        let suffix = single ? "ss" : "sd"
        for width in [Width.b32, .b64] {
            let name = T.name(register, width)
            t.check("vcvtsi2s", "vcvtsi2\(suffix) \(T.name(a)),\(T.name(b)),\(name)") { $0.vcvtsi2s(single: single, width, a, b, register) }
            for truncating in [false, true] {
                t.check("vcvts2si", "vcvt\(truncating ? "t" : "")\(suffix)2si \(name),\(T.name(a))") {
                    $0.vcvts2si(single: single, truncating: truncating, width, register, a)
                }
            }
        }
    }

    private func vectorMoves(_ t: AssemblerTrial) {
        for a in T.vectors {
            for register in T.registers {
                let wide = T.name(register, .b64), narrow = T.name(register, .b32)
                t.check("vmovq", "vmovq \(T.name(a)),\(wide)") { $0.vmovq(a, register) }
                t.check("vmovq", "vmovq \(wide),\(T.name(a))") { $0.vmovq(register, a) }
                t.check("vmovd", "vmovd \(T.name(a)),\(narrow)") { $0.vmovd(a, register) }
                t.check("vmovd", "vmovd \(narrow),\(T.name(a))") { $0.vmovd(register, a) }
                t.check("vpextrq", "vpextrq \(wide),\(T.name(a)),0x1") { $0.vpextrq(register, a, 1) }
                t.check("vpextrd", "vpextrd \(narrow),\(T.name(a)),0x3") { $0.vpextrd(register, a, 3) }
            }
            for b in T.vectors {
                t.check("vmovaps", "vmovaps \(T.name(a)),\(T.name(b))") { $0.vmovaps(a, b) }
                t.check("vcvtFloat", "vcvtsd2ss \(T.name(a)),\(T.name(b)),\(T.name(b))") { $0.vcvtFloat(toSingle: true, a, b) }
                t.check("vcvtFloat", "vcvtss2sd \(T.name(a)),\(T.name(b)),\(T.name(b))") { $0.vcvtFloat(toSingle: false, a, b) }
            }
            for memory in T.someMemory {
                t.check("vmovsd", "vmovsd \(T.name(a)),\(T.text(memory, "QWORD"))", target: T.target) { $0.vmovsd(a, memory) }
                t.check("vmovsd", "vmovsd \(T.text(memory, "QWORD")),\(T.name(a))", target: T.target) { $0.vmovsd(memory, a) }
                t.check("vmovss", "vmovss \(T.name(a)),\(T.text(memory, "DWORD"))", target: T.target) { $0.vmovss(a, memory) }
                t.check("vmovss", "vmovss \(T.text(memory, "DWORD")),\(T.name(a))", target: T.target) { $0.vmovss(memory, a) }
            }
        }
    }

    private func vectorBits(_ t: AssemblerTrial) {
        // The disassembler has names of its own for the four choices of halves.
        let products: [(UInt8, String)] = [(0x00, "lqlq"), (0x01, "hqlq"), (0x10, "lqhq"), (0x11, "hqhq")]
        vectors { a, b, c in
            let names = "\(T.name(a)),\(T.name(b)),\(T.name(c))"
            t.check("vandps", "vandps \(names)") { $0.vandps(a, b, c) }
            t.check("vorps", "vorps \(names)") { $0.vorps(a, b, c) }
            t.check("vxorps", "vxorps \(names)") { $0.vxorps(a, b, c) }
            for (selector, text) in products { t.check("vpclmulqdq", "vpclmul\(text)dq \(names)") { $0.vpclmulqdq(a, b, c, selector) } }
        }
        for memory in T.someMemory {
            let place = T.text(memory, "XMMWORD")
            t.check("vandps", "vandps xmm9,xmm12,\(place)", target: T.target) { $0.vandps(.xmm9, .xmm12, memory) }
            t.check("vorps", "vorps xmm9,xmm12,\(place)", target: T.target) { $0.vorps(.xmm9, .xmm12, memory) }
        }
    }
}
