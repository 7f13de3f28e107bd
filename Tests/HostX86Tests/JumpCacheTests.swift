import HostCode
import IR
import RandomIR
import Testing

@Suite struct JumpCacheTests {
    /// Guest addresses that share a slot, one that has the slot next to it, and the two that empty slots could be taken for.
    private static func addresses(_ mode: MemoryMode) -> [UInt64] {
        let stride = UInt64(JumpCache.count(mode)) << 1
        return [0x1000, 0x1000 + stride, 0x1000 + 7 * stride, 0x1002, 0, .max - 1]
    }

    @Test(arguments: [MemoryMode.translated, .direct]) func remembersThePairOfASlot(_ mode: MemoryMode) throws {
        let cache = JumpCache(mode, alignmentBits: 1)
        defer { cache.deallocate() }
        let codes = try (1...6).map { try #require(UnsafeRawPointer(bitPattern: $0 << 8)) }
        let addresses = JumpCacheTests.addresses(mode)
        for address in addresses { #expect(cache.find(address) == nil, "an empty cache knows nothing, not even \(address)") }
        cache.remember(addresses[0], codes[0])
        cache.remember(addresses[1], codes[1])
        #expect(cache.find(addresses[0]) == codes[0] && cache.find(addresses[1]) == codes[1])
        cache.remember(addresses[2], codes[2])
        #expect(cache.find(addresses[0]) == nil && cache.find(addresses[1]) == codes[1] && cache.find(addresses[2]) == codes[2])
        // New code for the same address takes the place of the old, and nobody else's.
        cache.remember(addresses[2], codes[3])
        #expect(cache.find(addresses[2]) == codes[3] && cache.find(addresses[1]) == codes[1])
        cache.remember(addresses[3], codes[4])
        #expect(cache.find(addresses[3]) == codes[4] && cache.find(addresses[1]) == codes[1])
        cache.clear()
        for address in addresses { #expect(cache.find(address) == nil, "a cleared cache knows nothing, not even \(address)") }
    }

    /// A block that writes x1 and jumps to where x0 says is run for each place of a pair that its target may have.
    @Test(arguments: [MemoryMode.translated, .segment]) func generatedCodeLooksAtBoth(_ mode: MemoryMode) throws {
        let machine = try HostMachine(memoryMode: mode)
        var jump = IRBlock(), target = IRBlock()
        jump.reset(pc: 0x100)
        jump.goto(jump.read(.i64, TestGuest.offset("x0")))
        target.reset(pc: 0x2000)
        target.write(.i64, TestGuest.offset("x1"), target.const(.i64, 77))
        target.exit(.lookup, pc: 0x2800)
        guard let code = machine.generator.compile(target) else {
            Issue.record("there is room for a block")
            return
        }
        let stride = UInt64(JumpCache.count(mode))
        for others in [[], [0x2000 + stride], [0x2000 + stride, 0x2000 + 2 * stride], [0x2001]] {
            machine.jumpCache.clear()
            machine.jumpCache.remember(0x2000, machine.generator.memory.address(code.entry))
            for other in others { machine.jumpCache.remember(other, machine.generator.memory.address(0)) }
            let guest = TestGuest(seed: 1)
            guest.write("x0", 0x2000)
            guest.write("x1", 0)
            #expect(machine.run(jump, guest, tlb: .nothing) == .lookup)
            let isKnown = others.count < 2
            #expect(guest.read("x1") == (isKnown ? 77 : 0) && guest.header.pc == (isKnown ? 0x2800 : 0x2000), "\(others)")
        }
    }
}

@Suite struct ReturnTests {
    /// A function that calls itself x0 times, adding one to x1 behind each call: where it returns to is what a call says, or what x2 says.
    private func recursion(_ machine: HostMachine, keepsReturns: Bool) throws {
        var call = IRBlock(), last = IRBlock(), behind = IRBlock()
        // 0x1000: if x0 is 0 go to 0x3000; x0 -= 1; call 0x1000, which comes back to 0x2000.
        call.reset(pc: 0x1000)
        call.startInstruction(0x1000)
        let isLast = call.makeLabel()
        let count = call.read(.i64, TestGuest.offset("x0"))
        call.branch(isLast, if: .eq, count, call.const(.i64, 0))
        call.write(.i64, TestGuest.offset("x0"), call.sub(.i64, count, call.const(.i64, 1)))
        call.goto(0x1000, linkBytes: 4)
        call.place(isLast)
        call.goto(0x3000)
        // 0x3000: return to x2.
        last.reset(pc: 0x3000)
        last.startInstruction(0x3000)
        last.goto(last.read(.i64, TestGuest.offset("x2")), hint: .return)
        // 0x1004: x1 += 1, and return to x2 until x1 is x3.
        behind.reset(pc: 0x1004)
        behind.startInstruction(0x1004)
        let sum = behind.add(.i64, behind.read(.i64, TestGuest.offset("x1")), behind.const(.i64, 1))
        behind.write(.i64, TestGuest.offset("x1"), sum)
        let isDone = behind.makeLabel()
        behind.branch(isDone, if: .eq, sum, behind.read(.i64, TestGuest.offset("x3")))
        behind.goto(behind.read(.i64, TestGuest.offset("x2")), hint: .return)
        behind.place(isDone)
        behind.exit(.lookup, pc: 0x4000)
        try add(call, at: 0x1000, machine)
        try add(last, at: 0x3000, machine)
        if keepsReturns { try add(behind, at: 0x1004, machine) }
    }

    private func add(_ block: borrowing IRBlock, at pc: UInt64, _ machine: HostMachine) throws {
        guard let code = machine.generator.compile(block) else { throw Missing() }
        machine.jumpCache.remember(pc, machine.generator.memory.address(code.entry))
    }

    private struct Missing: Error {}

    /// Runs from 0x1000 on as the execution loop does, until it comes to an address that nothing is known of.
    private func run(_ machine: HostMachine, _ guest: TestGuest) -> UInt64 {
        guest.header.pc = 0x1000
        for _ in 0..<100_000 {
            var jump = IRBlock()
            jump.reset(pc: 0x100)
            guard machine.jumpCache.find(guest.header.pc) != nil else { return guest.header.pc }
            jump.goto(jump.const(.i64, guest.header.pc), hint: .anew)
            _ = machine.run(jump, guest, tlb: .nothing)
        }
        return 0
    }

    @Test(arguments: [UInt64(1), 7, 1000, 5000]) func callsComeBack(_ depth: UInt64) throws {
        let machine = try HostMachine(memoryMode: .segment)
        try recursion(machine, keepsReturns: true)
        let guest = TestGuest(seed: 1)
        for (name, value) in [("x0", depth), ("x1", 0), ("x2", 0x1004), ("x3", depth)] { guest.write(name, value) }
        #expect(run(machine, guest) == 0x4000)
        #expect(guest.read("x1") == depth && guest.read("x0") == 0)
    }

    /// Nobody is taken back to a call that the guest does not return to.
    @Test func otherTargetsAreNotReturnedTo() throws {
        let machine = try HostMachine(memoryMode: .segment)
        try recursion(machine, keepsReturns: true)
        let guest = TestGuest(seed: 1)
        for (name, value) in [("x0", 9), ("x1", 0), ("x2", 0x5000), ("x3", 9)] as [(String, UInt64)] { guest.write(name, value) }
        #expect(run(machine, guest) == 0x5000)
        #expect(guest.read("x1") == 0)
    }
}
