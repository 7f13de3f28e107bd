import HostX86
import IR
import Optimizer
import RandomIR
import Testing

/// The host code of common vector idioms, instruction for instruction. Of `TestGuest`, v0 and v1 are in xmm8 and xmm10; v2 is in memory.
@Suite(.enabled(if: Disassembly.isInstalled, "objdump is not installed (package binutils)")) struct VectorListingTests {
    /// The instructions behind the block's entry, up to its end; without the targets of jumps.
    private func listing(_ text: String) throws -> [String] {
        var block = try Parser.parse("block 0x1000\n" + text + "\ngoto 0x1000", layout: TestGuest.layout, helpers: TestGuest.helpers)
        try Verifier(layout: TestGuest.layout, helpers: TestGuest.helpers).verify(block)
        var optimizer = Optimizer(layout: TestGuest.layout, helpers: TestGuest.helpers)
        optimizer.run(&block)
        let generator = try HostMachine().generator
        let made = generator.compile(block)
        let compiled = try #require(made)
        let code = Array(UnsafeBufferPointer(start: generator.memory.writable + compiled.entry, count: compiled.size))
        let lines = try Disassembly.lines(code).map(\.text).dropFirst(2).prefix { !$0.hasPrefix("jmp") && !$0.hasPrefix("nop") && $0 != "xchg ax,ax" }
        return lines.map { $0.hasPrefix("j") ? String($0.prefix { $0 != " " }) : $0 }
    }

    @Test func addsIntegerLanes() throws {
        let code = try listing("%a = read.v128 v0\n%b = read.v128 v1\n%c = vadd.32.v128 %a, %b\nwrite.v128 v0, %c")
        #expect(code == ["vpaddd xmm8,xmm8,xmm10"])
    }

    @Test func addsFloatLanes() throws {
        let code = try listing("%a = read.v128 v0\n%b = read.v128 v1\n%c = vfadd.32.v128 %a, %b, arm\nwrite.v128 v0, %c")
        #expect(code == ["vaddps xmm0,xmm8,xmm10", "vcmpunordps xmm1,xmm0,xmm0", "vptest xmm1,xmm1", "jne", "vmovaps xmm8,xmm0"])
    }

    @Test func addsScalarsInVectorFields() throws {
        let code = try listing(
            """
            %a = read.v128 v0
            %x = trunc.f64 %a
            %b = read.v128 v1
            %y = trunc.f64 %b
            %s = fadd.f64 %x, %y, arm
            %v = zext.v128 %s
            write.v128 v0, %v
            """)
        #expect(code == ["vaddsd xmm0,xmm8,xmm10", "vucomisd xmm0,xmm0", "jp", "vmovq xmm8,xmm0"])
    }

    @Test func loadsAndStoresVectors() throws {
        func lookUp(_ tag: String) -> [String] {
            [
                "mov rax,rbx", "rorx rdx,rax,0x7", "and rdx,QWORD PTR [rbp-0x50]", "add rdx,QWORD PTR [rbp-0x48]", "xor rax,QWORD PTR \(tag)",
                "cmp rax,0xff0", "ja", "mov rdx,QWORD PTR [rdx+0x10]",
            ]
        }
        let load = try listing("%x = read.i64 x0\n%a = load.v128 [%x], u16 le\nwrite.v128 v0, %a")
        #expect(load == lookUp("[rdx]") + ["vmovups xmm8,XMMWORD PTR [rdx+rax*1]"])
        let store = try listing("%x = read.i64 x0\n%a = read.v128 v0\nstore.v128 [%x], %a, u16 le")
        #expect(store == lookUp("[rdx+0x8]") + ["vmovups XMMWORD PTR [rdx+rax*1],xmm8"])
    }
}
