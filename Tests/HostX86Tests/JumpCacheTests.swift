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
        target.goto(0x3000)
        let code = try #require(machine.generator.compile(target))
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
            #expect(guest.read("x1") == (isKnown ? 77 : 0) && guest.header.pc == (isKnown ? 0x3000 : 0x2000), "\(others)")
        }
    }
}
