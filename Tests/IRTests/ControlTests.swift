import IR
import Interpreter
import RandomIR
import Testing

/// Exits, faults, counting and memory in the interpreter.
@Suite struct ControlTests {
    @Test func leavesWithAReasonAndAnAddress() throws {
        let guest = TestGuest(seed: 1)
        #expect(try run("goto 0x1234", guest) == .lookup)
        #expect(guest.header.pc == 0x1234)
        #expect(try run("%a = const.i64 0x5678\ngoto.ind.call %a, 4", guest) == .lookup)
        #expect(guest.header.pc == 0x5678)
        #expect(try run("exit.interrupt 16", guest) == .interrupt)
        #expect(guest.header.pc == 16)
        #expect(try run("exit.exception", guest) == .exception)
        #expect(guest.header.pc == 16)
    }

    @Test func faultsLeaveAtTheInstruction() throws {
        let guest = TestGuest(seed: 1)
        let text = """
            insn 0x100
            %a = const.i64 0x100000
            write.i64 x0, %a
            insn 0x104
            %l = load.i64 [%a], u8 le
            write.i64 x0, %l
            goto 0x108
            """
        #expect(try run(text, guest) == .exception)
        #expect(guest.header.pc == 0x104)
        #expect(guest.read("x0") == 0x100000)
        guest.header.exception = 0
        #expect(try run("insn 8\n%a = const.i64 3\n%c = call.i64 trap(%a)\ngoto 0", guest) == .exception)
        #expect(guest.header.pc == 8)
    }

    @Test func countsInstructions() throws {
        let guest = TestGuest(seed: 1)
        let block = try parse("insn 4\n%a = const.i64 1\nwrite.i64 x0, %a\ninsn 8\ninsn 12\n%b = const.i64 2\nwrite.i64 x0, %b\ngoto 16")
        var interpreter = Interpreter(helpers: TestGuest.helpers, runtime: TestGuest.runtime)
        interpreter.countsInstructions = true
        guest.header.budget = 2
        #expect(interpreter.run(block, guest.header) == .budget)
        #expect(guest.header.pc == 12 && guest.header.budget == 0 && guest.read("x0") == 1)
        guest.header.budget = 3
        #expect(interpreter.run(block, guest.header) == .lookup)
        #expect(guest.header.pc == 16 && guest.header.budget == 0)
        guest.header.state.storeBytes(of: 1, toByteOffset: CPUHeader.Offset.exitRequest, as: UInt32.self)
        #expect(interpreter.run(block, guest.header) == .interrupt)
        #expect(guest.header.pc == 16)
    }

    @Test func loops() throws {
        let guest = TestGuest(seed: 1)
        guest.write("x0", 10)
        guest.write("x1", 0)
        try run(
            """
            L0:
            %i = read.i64 x0
            %s = read.i64 x1
            %t = add.i64 %s, %i
            write.i64 x1, %t
            %k = const.i64 -1
            %j = add.i64 %i, %k
            write.i64 x0, %j
            br.if %j, L0
            br L2
            L1:
            exit.lookup 1
            L2:
            %c = const.i64 55
            %u = read.i64 x1
            br.cmp.ne %u, %c, L1
            goto 2
            """, guest)
        #expect(guest.header.pc == 2)
    }

    @Test(arguments: [false, true])
    func loadsAndStoresEachSize(_ isBig: Bool) throws {
        let order = isBig ? "be" : "le"
        for size in [1, 2, 4, 8] {
            let guest = TestGuest(seed: 1)
            guest.write("x0", 0x8182_8384_8586_8788)
            try run(
                """
                %a = const.i64 64
                %v = read.i64 x0
                store.i64 [%a + 1], %v, u\(size) \(order)
                %u = load.i64 [%a + 1], u\(size) \(order)
                %s = load.i64 [%a + 1], s\(size) \(order)
                write.i64 x1, %u
                write.i64 x2, %s
                %b = load.i64 [%a + 1], u1 le
                write.i64 x3, %b
                goto 0
                """, guest)
            let low: UInt64 = size == 8 ? 0x8182_8384_8586_8788 : 0x8182_8384_8586_8788 & (1 << UInt64(size * 8) - 1)
            #expect(guest.read("x1") == low)
            #expect(guest.read("x2") == UInt64(bitPattern: Evaluate.signed(low, size * 8)))
            #expect(guest.read("x3") == (isBig ? low >> UInt64(size * 8 - 8) : 0x88))
        }
    }

    @Test func exchangesAndLinks() throws {
        let guest = TestGuest(seed: 1)
        try run(
            """
            %a = const.i64 64
            %v = const.i64 0x80000005
            store.i64 [%a], %v, u4 le
            %o = atomic.add.i64 [%a], %a, s4 le
            write.i64 x0, %o
            %w = const.i64 0x80000045
            %k = const.i64 7
            %c = cas.i64 [%a], %w, %k, u4 le
            write.i64 x1, %c
            %d = cas.i64 [%a], %w, %v, u4 le
            write.i64 x2, %d
            %l = ll.i64 [%a], s4 le
            %s = sc.i64 [%a], %v, s4 le
            write.i64 x3, %s
            %t = sc.i64 [%a], %k, s4 le
            write.i64 x4, %t
            %m = ll.i64 [%a], s4 le
            store.i64 [%a], %k, u4 le
            %u = sc.i64 [%a], %w, s4 le
            write.i64 x5, %u
            %e = load.i64 [%a], u4 le
            write.i64 x6, %e
            goto 0
            """, guest)
        #expect((0...6).map { guest.read("x\($0)") } == [0xffff_ffff_8000_0005, 0x8000_0045, 7, 0, 1, 1, 7])
    }

    @Test func exchangesSixteenBytes() throws {
        let guest = TestGuest(seed: 1)
        guest.write("q0", 1, high: 2)
        guest.write("q1", 3, high: 4)
        guest.write("q2", 3, high: 5)
        try run(
            """
            %a = const.i64 64
            %x = read.i128 q0
            %y = read.i128 q1
            %z = read.i128 q2
            store.i128 [%a], %x, u16 le
            %o = cas.i128 [%a], %x, %y, u16 le
            %p = cas.i128 [%a], %z, %x, u16 le
            %l = ll.i128 [%a], u16 le
            %s = sc.i128 [%a], %z, u16 le
            %t = trunc.i64 %s
            %e = load.i128 [%a], u16 le
            %c = cmp.eq.i64 %o, %x
            %d = cmp.eq.i64 %p, %y
            %f = cmp.eq.i64 %e, %z
            write.i64 x0, %c
            write.i64 x1, %d
            write.i64 x2, %t
            write.i64 x3, %f
            goto 0
            """, guest)
        #expect((0...3).map { guest.read("x\($0)") } == [1, 1, 0, 1])
    }
}
