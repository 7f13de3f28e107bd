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

/// A function that calls itself, run as the execution loop runs code: what is met for the first time is found by the loop, which chains it.
@Suite struct ReturnTests {
    /// Blocks of the function; x0 is how often it calls itself, x1 counts returns, x2 is where it returns to, x3 the count that ends it.
    private static let start: UInt64 = 0x1000, comeback: UInt64 = 0x1004, deepest: UInt64 = 0x3000, end: UInt64 = 0x4000

    private let machine: HostMachine
    private var entries: [UInt64: Int] = [:]

    init() throws {
        machine = try HostMachine(memoryMode: .segment)
        var call = IRBlock(), last = IRBlock(), behind = IRBlock()
        call.reset(pc: ReturnTests.start)
        call.startInstruction(ReturnTests.start)
        let isLast = call.makeLabel()
        let count = call.read(.i64, TestGuest.offset("x0"))
        call.branch(isLast, if: .eq, count, call.const(.i64, 0))
        call.write(.i64, TestGuest.offset("x0"), call.sub(.i64, count, call.const(.i64, 1)))
        call.goto(ReturnTests.start, linkBytes: 4)
        call.place(isLast)
        call.goto(ReturnTests.deepest)
        last.reset(pc: ReturnTests.deepest)
        last.startInstruction(ReturnTests.deepest)
        last.goto(last.read(.i64, TestGuest.offset("x2")), hint: .return)
        behind.reset(pc: ReturnTests.comeback)
        behind.startInstruction(ReturnTests.comeback)
        let sum = behind.add(.i64, behind.read(.i64, TestGuest.offset("x1")), behind.const(.i64, 1))
        behind.write(.i64, TestGuest.offset("x1"), sum)
        let isDone = behind.makeLabel()
        behind.branch(isDone, if: .eq, sum, behind.read(.i64, TestGuest.offset("x3")))
        behind.goto(behind.read(.i64, TestGuest.offset("x2")), hint: .return)
        behind.place(isDone)
        behind.exit(.lookup, pc: ReturnTests.end)
        try add(call)
        try add(last)
        try add(behind)
    }

    private struct NoRoom: Error {}

    private mutating func add(_ block: borrowing IRBlock) throws {
        guard let code = machine.generator.compile(block) else { throw NoRoom() }
        entries[block.pc] = code.entry
    }

    /// Runs the function until it comes to an address that is none of its own.
    ///
    /// - Returns: that address, and how often generated code was left before. Nothing is in the jump cache: who returns without a look-up returns by the
    ///   host's stack.
    private func run(_ values: [(String, UInt64)]) -> (address: UInt64, exits: Int) {
        let guest = TestGuest(seed: 1)
        for (name, value) in values { guest.write(name, value) }
        guest.header.pc = ReturnTests.start
        guest.header.exitSite = 0
        machine.setUp(guest)
        for exits in 0..<100_000 {
            guard let entry = entries[guest.header.pc] else { return (guest.header.pc, exits) }
            if guest.header.exitSite != 0 { machine.generator.chain(site: Int(guest.header.exitSite), to: entry) }
            guest.header.exitSite = 0
            _ = machine.generator.run(machine.generator.memory.address(entry), guest.header)
        }
        return (0, 100_000)
    }

    private func depth(_ count: UInt64, returningTo address: UInt64 = ReturnTests.comeback) -> [(String, UInt64)] {
        [("x0", count), ("x1", 0), ("x2", address), ("x3", count)]
    }

    /// Chains the call and the way to the deepest one, then the way on behind a call, which is reached by a return only.
    private func warmUp() { for _ in 0..<2 { #expect(run(depth(8)).address == ReturnTests.end) } }

    @Test func returnsWithoutLookUps() {
        warmUp()
        let result = run(depth(1000))
        #expect(result.address == ReturnTests.end && result.exits == 1, "generated code is left at the end alone")
    }

    /// Of more calls than there is room for the last ones return by the stack, the others by look-ups.
    @Test func forgetsWhenThereIsNoMoreRoom() {
        warmUp()
        let many = run(depth(5000))
        #expect(many.address == ReturnTests.end && many.exits > 1000 && many.exits < 4998)
    }

    /// Nobody is taken back to a call that the guest does not return to, nor anywhere by the end of the stack.
    @Test(arguments: [UInt64(0x5000), .max, 0, ReturnTests.comeback | 1 << 32]) func otherTargetsAreNotReturnedTo(_ address: UInt64) {
        warmUp()
        for count in [0, 1, 9] as [UInt64] { #expect(run(depth(count, returningTo: address)).address == address) }
    }
}
