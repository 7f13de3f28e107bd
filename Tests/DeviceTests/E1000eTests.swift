import AddressSpace
import DeviceModel
import NetBackends
import NetworkDevices
import PCI
import Testing

/// A network that keeps what is sent.
private final class Wire: NetworkBackend {
    var sent: [[UInt8]] = []
    override func send(_ frame: [UInt8]) { sent.append(frame) }
}

/// The card, driven as its drivers do: 8 descriptors in each direction.
@Suite struct E1000eTests {
    private let machine: PCIMachine
    private let card: E1000e
    private let wire = Wire()
    private static let registers: UInt64 = 0x1800_0000, messages: UInt64 = 0x1900_0000
    private static let address: [UInt8] = [0x52, 0x54, 0, 0x12, 0x34, 0x56]

    init() throws {
        machine = try PCIMachine()
        card = E1000e(address: MACAddress(0x5254_0012_3456), backend: wire, isIntegrated: true)
        machine.host.root.plug(card, at: 2 << 3)
        card.reset()
        machine.set(2, 0x10, UInt32(E1000eTests.registers))
        machine.set(2, 0x1c, UInt32(E1000eTests.messages))
        machine.set16(2, 0x04, 7)
        for (register, value) in [(0x2800, 0x1000), (0x2808, 128), (0x3800, 0x2000), (0x3808, 128), (0x5008, 0x8000), (0x400, 2)] {
            set(register, UInt32(value))
        }
    }

    private func set(_ register: Int, _ value: UInt32) { machine.memory.store(E1000eTests.registers + UInt64(register), value) }
    private func get(_ register: Int) -> UInt32 { machine.memory.load(E1000eTests.registers + UInt64(register)) ?? 0 }

    private func frame(to target: [UInt8] = E1000eTests.address, count: Int = 100) -> [UInt8] {
        target + [2, 0, 0, 0, 0, 1, 0x88, 0xb5] + (0..<count - 14).map { UInt8(truncatingIfNeeded: $0) }
    }

    /// Gives the card buffers of 2048 bytes from 0x10000 on.
    private func offer(_ count: Int, control: UInt32 = 1 << 1 | 1 << 15 | 1 << 26) {
        for index in 0..<count {
            machine.memory.store(0x1000 + 16 * UInt64(index), 0x1_0000 + 0x800 * UInt64(index))
            machine.memory.store(0x1008 + 16 * UInt64(index), 0 as UInt64)
        }
        set(0x2818, UInt32(count))
        set(0x100, control)
    }

    @Test func becomesKnown() {
        #expect(machine.get(2, 0) == 0x10d3_8086 && get(0x8) & 2 == 2)
        #expect(get(0x5400) == 0x1200_5452 && get(0x5404) == 0x8000_5634)
        var sum: UInt16 = 0
        for word in 0..<64 as Range<UInt32> {
            set(0x14, word << 2 | 1)
            #expect(get(0x14) & 2 == 2)
            sum &+= UInt16(get(0x14) >> 16)
        }
        #expect(sum == 0xbaba)
        set(0x20, 2 << 26 | 1 << 21 | 2 << 16)
        #expect(get(0x20) == 1 << 28 | 2 << 26 | 1 << 21 | 2 << 16 | 0x0141)
        set(0x20, 2 << 26 | 5 << 21)
        #expect(get(0x20) >> 30 & 1 == 1, "no PHY there")
        set(0, 4)
        #expect(get(8) >> 19 & 1 == 0)
    }

    @Test func receives() {
        offer(2)
        set(0xd0, 1 << 7)
        #expect(wire.frontEnd?.receive(frame()) == true)
        #expect(machine.memory.read(0x1_0000, count: 100) == frame())
        #expect(machine.memory.load(0x1008) as UInt32? == 7 && machine.memory.load(0x100c) as UInt32? == 100)
        #expect(machine.host.interrupts[2].level && get(0xc0) & 1 << 7 != 0 && !machine.host.interrupts[2].level)
        #expect(wire.frontEnd?.receive(frame(to: [2, 1, 1, 1, 1, 1])) == true && get(0x2810) == 1, "for somebody else")
        #expect(wire.frontEnd?.receive(frame(to: [255, 255, 255, 255, 255, 255])) == true && get(0x2810) == 2)
        #expect(wire.frontEnd?.receive(frame()) == false, "no buffer")
        wire.deliver(frame())
        set(0x2818, 4)
        #expect(get(0x2810) == 3, "what has waited")
    }

    @Test func framesOverSeveralBuffers() {
        offer(4, control: 1 << 1 | 1 << 15 | 1 << 26 | 3 << 16)
        #expect(wire.frontEnd?.receive(frame(count: 600)) == true)
        #expect(get(0x2810) == 3 && machine.memory.load(0x1028) as UInt32? == 7 && machine.memory.load(0x1018) as UInt32? == 1)
        #expect(machine.memory.load(0x102c) as UInt32? == 88)
    }

    @Test func tagsOfVLANs() {
        offer(4)
        set(0, 0x4000_0201)
        var tagged = frame()
        tagged.insert(contentsOf: [0x81, 0, 0x20, 0x07], at: 12)
        #expect(wire.frontEnd?.receive(tagged) == true)
        #expect(machine.memory.load(0x1008) as UInt32? == 15 && machine.memory.load(0x100c) as UInt32? == 0x2007_0064)
        set(0x100, 1 << 1 | 1 << 18 | 1 << 26)
        #expect(wire.frontEnd?.receive(tagged) == true && get(0x2810) == 1, "the filter has no such network")
        set(0x5600, 1 << 7)
        #expect(wire.frontEnd?.receive(tagged) == true && get(0x2810) == 2)
    }

    /// A frame that all buffers together do not hold is lost, and not in the way of others.
    @Test func framesLongerThanTheRing() {
        offer(7, control: 1 << 1 | 1 << 5 | 1 << 15 | 1 << 26 | 3 << 16)
        #expect(wire.frontEnd?.receive(frame(count: 3000)) == true && get(0x2810) == 0 && get(0xc8) & 1 << 7 == 0)
        #expect(wire.frontEnd?.receive(frame(count: 7 * 256)) == true && get(0x2810) == 7)
    }

    /// A message that sets a cause of the card itself brings about no further one, however often it would.
    @Test func messagesToItsOwnRegisters() {
        let capability = machine.capability(2, 0x05)
        machine.set(2, capability + 4, UInt32(E1000eTests.registers) + 0xc8)
        machine.set16(2, capability + 12, 4)
        machine.set16(2, capability + 2, 1)
        set(0xd0, 4)
        card.setLink(up: false)
        #expect(get(0xc0) & 4 != 0 && get(0xc0) == 0)
        // Later ones are sent as before.
        machine.set(2, capability + 4, 0x3000)
        card.setLink(up: true)
        #expect(machine.memory.load(0x3000) as UInt32? == 4)
    }

    private func queue(_ index: Int, _ address: UInt64, _ command: UInt32, _ status: UInt32) {
        machine.memory.store(0x2000 + 16 * UInt64(index), address)
        machine.memory.store(0x2008 + 16 * UInt64(index), command)
        machine.memory.store(0x200c + 16 * UInt64(index), status)
    }

    @Test func sends() {
        machine.memory.write(0x2_0000, frame())
        queue(0, 0x2_0000, 60, 0)
        queue(1, 0x2_003c, 40 | 0x0b << 24, 0)
        set(0xd0, 1)
        set(0x3818, 2)
        #expect(wire.sent == [frame()])
        #expect(machine.memory.load(0x201c) as UInt32? == 1 && get(0x3810) == 2 && machine.host.interrupts[2].level)
        #expect(get(0x4080) == 1 && get(0x4080) == 0, "reading clears")
    }

    /// An IPv4 packet with TCP and 3000 bytes of data, cut into three.
    @Test func cutsIntoSegments() {
        var packet = E1000eTests.address + [2, 0, 0, 0, 0, 1, 8, 0]
        packet += [0x45, 0, 0, 0, 0, 9, 0x40, 0, 64, 6, 0, 0, 10, 0, 2, 15, 10, 0, 2, 2]
        packet += [0, 80, 4, 0, 0, 0, 0, 100, 0, 0, 0, 0, 0x50, 0x18, 16, 0, 0, 0, 0, 0]
        packet += (0..<3000).map { UInt8(truncatingIfNeeded: $0) }
        machine.memory.write(0x2_0000, packet)
        // IP at 14, TCP at 34; 1460 bytes each.
        let context: UInt64 = 14 | 24 << 8 | 33 << 16 | 34 << 32 | 50 << 40
        queue(0, context, 3000 | 1 << 29 | 0x03 << 24, 54 << 8 | 1460 << 16)
        queue(1, 0x2_0000, UInt32(packet.count) | 1 << 20 | 0x2d << 24, 3 << 8)
        set(0x3818, 2)
        #expect(wire.sent.map(\.count) == [1514, 1514, 134])
        #expect(wire.sent.map { $0[41] } == [100, UInt8((100 + 1460) & 255), UInt8((100 + 2920) & 255)], "sequence numbers")
        #expect(wire.sent.flatMap { $0[54...] } == Array(packet[54...]))
    }

    @Test func finishesChecksums() {
        var packet = frame(count: 60)
        (packet[40], packet[41]) = (0, 0)
        machine.memory.write(0x2_0000, packet)
        queue(0, 20 << 32 | 40 << 40, 1 << 29, 0)
        queue(1, 0x2_0000, 60 | 1 << 20 | 0x21 << 24, 2 << 8)
        set(0x3818, 2)
        var sum = stride(from: 20, to: 60, by: 2).reduce(0) { $0 + Int(packet[$1]) << 8 + Int(packet[$1 + 1]) }
        while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
        #expect(wire.sent.first.map { Int($0[40]) << 8 | Int($0[41]) } == ~sum & 0xffff)
    }

    @Test func vectorsForEachCause() {
        let capability = machine.capability(2, 0x11)
        for vector in 0..<5 as Range<UInt64> {
            for (index, word) in [0x3000 + 4 * UInt32(vector), 0, 0x40 + UInt32(vector), 0].enumerated() {
                machine.memory.store(E1000eTests.messages + 16 * vector + 4 * UInt64(index), word)
            }
        }
        machine.set16(2, capability + 2, 1 << 15)
        set(0xe4, 0x000a_0908)
        set(0xdc, 1 << 20 | 1 << 22)
        set(0xd0, 1 << 20 | 1 << 22 | 1 << 24)
        offer(2)
        _ = wire.frontEnd?.receive(frame())
        #expect(machine.memory.load(0x3000) as UInt32? == 0x40 && get(0xc8) & 1 << 20 == 0, "the cause clears itself")
        card.setLink(up: false)
        #expect(machine.memory.load(0x3008) as UInt32? == 0x42 && get(8) & 2 == 0)
        machine.memory.store(0x3008, 0 as UInt32)
        set(0xd8, 1 << 24)
        set(0xd0, 1 << 24)
        #expect(machine.memory.load(0x3008) as UInt32? == 0x42, "still there when it is unmasked")
    }
}
