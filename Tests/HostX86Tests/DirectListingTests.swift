import CodeCache
import HostX86
import IR
import Optimizer
import RandomIR
import Testing

/// The host code of accesses to a program's memory, instruction for instruction. Of `TestGuest`, x0, x1 and x2 are in rbx, r12 and r13.
@Suite(.enabled(if: Disassembly.isInstalled, "objdump is not installed (package binutils)")) struct DirectListingTests {
    /// The instructions behind the block's entry, up to its end; without the targets of jumps.
    private func listing(_ text: String) throws -> [String] {
        var block = try Parser.parse("block 0x1000\n" + text + "\ngoto 0x1000", layout: TestGuest.layout, helpers: TestGuest.helpers)
        var optimizer = Optimizer(layout: TestGuest.layout, helpers: TestGuest.helpers)
        optimizer.run(&block)
        let generator = X86CodeGenerator(
            memory: try CodeMemory(size: 1 << 20), layout: TestGuest.layout, helpers: TestGuest.helpers, runtime: TestGuest.runtime,
            codeAlignmentBits: 0, countsInstructions: false, memoryMode: .direct)
        let made = generator.compile(block)
        let compiled = try #require(made)
        let code = Array(UnsafeBufferPointer(start: generator.memory.writable + compiled.entry, count: compiled.size))
        let lines = try Disassembly.lines(code).map(\.text).dropFirst(2).prefix { !$0.hasPrefix("jmp") && !$0.hasPrefix("nop") && $0 != "xchg ax,ax" }
        return lines.map { $0.hasPrefix("j") ? String($0.prefix { $0 != " " }) : $0 }
    }

    private func atomic(_ operation: String, _ memory: String) throws -> [String] {
        try listing("%a = read.i64 x0\n%v = read.i64 x1\n%o = atomic.\(operation).i64 [%a], %v, \(memory) le\nwrite.i64 x2, %o")
    }

    @Test func addsInPlace() throws {
        #expect(try atomic("add", "u8") == ["mov rax,r12", "lock xadd QWORD PTR [rbx],rax", "mov r13,rax"])
        #expect(try atomic("add", "u1") == ["mov eax,r12d", "lock xadd BYTE PTR [rbx],al", "movzx eax,al", "mov r13,rax"])
    }

    @Test func combinesByCompareAndExchange() throws {
        let or = ["mov rax,QWORD PTR [rbx]", "mov rdx,r12", "or rdx,rax", "lock cmpxchg QWORD PTR [rbx],rdx", "jne", "mov r13,rax"]
        #expect(try atomic("or", "u8") == or)
        let minimum = [
            "mov eax,DWORD PTR [rbx]", "mov edx,eax", "cmp eax,r12d", "cmovg edx,r12d", "lock cmpxchg DWORD PTR [rbx],edx", "jne", "movsxd rax,eax",
            "mov r13,rax",
        ]
        #expect(try atomic("minS", "s4") == minimum)
    }

    @Test func comparesWithMemoryFromEitherSide() throws {
        func comparison(_ operands: String) throws -> [String] {
            try listing("%a = read.i64 x0\n%m = read.i64 x7\nbr.cmp.ltU \(operands), L0\nL0:\ninsn 0x1004")
        }
        let place = "QWORD PTR [rbp+0x38]"
        #expect(try comparison("%a, %m") == ["cmp rbx,\(place)", "jb"])
        #expect(try comparison("%m, %a") == ["cmp rbx,\(place)", "ja"])
    }

    @Test func ordersByALockedOperation() throws {
        #expect(try listing("fence sl") == ["lock or DWORD PTR [rsp],0x0"])
    }

    /// What is locked has waited for all stores before it; only one behind it makes another fence needful.
    @Test func ordersOnlyBehindStores() throws {
        func fences(_ text: String) throws -> Int {
            try listing("%a = read.i64 x0\n%v = read.i64 x1\n" + text).count { $0.hasPrefix("lock or") }
        }
        let add = "%o = atomic.add.i64 [%a], %v, u8 le\nwrite.i64 x2, %o\n", store = "store.i64 [%a], %v, u8 le\n"
        let load = "%l = load.i64 [%a], u8 le\nwrite.i64 x2, %l\n"
        #expect(try fences(add + "fence sl") == 0 && fences(add + store + "fence sl") == 1)
        #expect(try fences("fence sl\n" + load + "fence sl") == 1 && fences("fence sl\n" + store + "fence sl") == 2)
        #expect(try fences(add + "br.if %v, L0\nL0:\nfence sl") == 1)
    }
}
