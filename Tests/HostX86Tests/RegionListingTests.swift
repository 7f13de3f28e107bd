import CodeCache
import HostX86
import IR
import Optimizer
import RandomIR
import Testing

/// The host code of loops that are regions, instruction for instruction: what is done in each round.
@Suite(.enabled(if: Disassembly.isInstalled, "objdump is not installed (package binutils)")) struct RegionListingTests {
    /// The instructions of a loop, from behind the check for interrupts at its head to the jump back; without the targets of jumps.
    private func round(_ text: String) throws -> [String] {
        var block = try Parser.parse(
            "block 0x1000\nL0:\ninsn 0x1000\n\(text)\ngoto 0x2000", layout: TestGuest.layout, helpers: TestGuest.helpers)
        var optimizer = Optimizer(layout: TestGuest.layout, helpers: TestGuest.helpers)
        optimizer.run(&block)
        let generator = X86CodeGenerator(
            memory: try CodeMemory(size: 1 << 20), layout: TestGuest.layout, helpers: TestGuest.helpers, runtime: TestGuest.runtime,
            codeAlignmentBits: 0, countsInstructions: false, memoryMode: .direct)
        let made = generator.compileLoops(block, asRegion: true)
        let compiled = try #require(made)
        #expect(generator.regionCount == 1)
        let head = try #require(compiled.heads.first)
        let code = Array(UnsafeBufferPointer(start: generator.memory.writable + head, count: compiled.entry + compiled.size - head))
        let lines = try Disassembly.lines(code).map(\.text).dropFirst(2)
        let end = try #require(lines.firstIndex { $0.hasPrefix("j") })
        return lines[...end].map { $0.hasPrefix("j") ? String($0.prefix { $0 != " " }) : $0 }
    }

    @Test func wordsAddUpWithoutExtensions() throws {
        let lines = try round(
            """
            %p = read.i64 x0
            %b = load.i64 [%p], u1 le
            %s = read.i64 x1
            %w = trunc.i32 %s
            %v = trunc.i32 %b
            %t = add.i32 %w, %v
            %x = sext.i64 %t
            write.i64 x1, %x
            insn 0x1004
            %one = const.i64 1
            %q = add.i64 %p, %one
            write.i64 x0, %q
            insn 0x1008
            %e = read.i64 x2
            br.cmp.ne %q, %e, L0
            """)
        #expect(lines == ["movzx ebx,BYTE PTR [rsi]", "add edi,ebx", "add rsi,0x1", "cmp rsi,r13", "jne"])
    }

    @Test func twoShiftsAreARotation() throws {
        let lines = try round(
            """
            %s = read.i64 x1
            %w = trunc.i32 %s
            %k = const.i32 7
            %l = shl.i32 %w, %k
            %a = sext.i64 %l
            write.i64 x3, %a
            insn 0x1004
            %m = const.i32 25
            %r = shr.u.i32 %w, %m
            %b = sext.i64 %r
            write.i64 x4, %b
            insn 0x1008
            %o = or.i64 %a, %b
            write.i64 x1, %o
            insn 0x100c
            %n = read.i64 x2
            %one = const.i64 -1
            %c = add.i64 %n, %one
            write.i64 x2, %c
            %z = const.i64 0
            br.cmp.ne %c, %z, L0
            """)
        #expect(
            lines == [
                "mov ebx,esi", "shl ebx,0x7", "movsxd rdx,ebx", "mov ebx,esi", "shr ebx,0x19", "rorx esi,esi,0x19", "add rdi,0xffffffffffffffff",
                "test rdi,rdi", "jne",
            ])
    }

    /// A word that is copied byte by byte is put together in registers.
    @Test func bytesThatWereStoredAreNotLoaded() throws {
        let lines = try round(
            """
            %p = read.i64 x0
            %a = load.i64 [%p], u1 le
            %b = load.i64 [%p + 1], u1 le
            %s = read.i64 x1
            store.i64 [%s], %a, u1 le
            store.i64 [%s + 1], %b, u1 le
            insn 0x1004
            %h = load.i64 [%s], u2 le
            write.i64 x3, %h
            insn 0x1008
            %two = const.i64 2
            %q = add.i64 %p, %two
            write.i64 x0, %q
            insn 0x100c
            %e = read.i64 x2
            br.cmp.ne %q, %e, L0
            """)
        #expect(
            lines == [
                "movzx esi,BYTE PTR [rdi]", "movzx ebx,BYTE PTR [rdi+0x1]", "mov BYTE PTR [r12],sil", "mov BYTE PTR [r12+0x1],bl", "shl ebx,0x8",
                "or ebx,esi", "movzx edx,bx", "add rdi,0x2", "cmp rdi,r13", "jne",
            ])
    }

    /// A word that was stored and is loaded as a signed word is that word: nothing lies above it that an extension to 64 bits could take for its own.
    @Test func wordsThatWereStoredStayWords() throws {
        let lines = try round(
            """
            %p = read.i64 x0
            %a = load.i64 [%p], u8 le
            %w = trunc.i32 %a
            store.i32 [%p + 8], %w, u4 le
            %l = load.i32 [%p + 8], s4 le
            %z = zext.i64 %l
            store.i64 [%p + 16], %z, u8 le
            insn 0x1004
            %e = read.i64 x2
            br.cmp.ne %z, %e, L0
            """)
        #expect(lines.contains { $0.hasPrefix("mov e") } && !lines.contains { $0.hasPrefix("movsxd") }, "\(lines)")
    }
}
