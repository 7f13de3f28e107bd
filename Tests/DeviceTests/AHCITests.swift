import AddressSpace
import BlockCore
import HostOS
import PCI
import StorageDevices
import Testing

/// A controller with a disk at its first port, driven as its drivers do.
@Suite struct AHCITests {
    /// A disk of which one block cannot be read; requests end when it is drained.
    private final class Disk: BlockNode {
        static let broken: UInt64 = 4
        let size: UInt64 = 1 << 20
        let isReadOnly = false
        private(set) var reads: [UInt64] = []
        private var waiting: [() -> Void] = []

        func read(_ offset: UInt64, into buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
            reads.append(offset / 512)
            waiting.append {
                for buffer in buffers { _ = buffer.fill(from: [UInt8](repeating: UInt8(offset / 512), count: buffer.count)[...]) }
                done(offset / 512 == Disk.broken ? .failed(errno: 5) : .ok)
            }
        }
        func write(_ offset: UInt64, from buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) { waiting.append { done(.ok) } }
        func flush(_ done: @escaping (BlockResult) -> Void) { waiting.append { done(.ok) } }
        func discard(_ offset: UInt64, count: UInt64, _ done: @escaping (BlockResult) -> Void) { waiting.append { done(.ok) } }
        func zero(_ offset: UInt64, count: UInt64, mayUnmap: Bool, _ done: @escaping (BlockResult) -> Void) { waiting.append { done(.ok) } }
        func drain() { while !waiting.isEmpty { waiting.removeFirst()() } }
    }

    private let machine: PCIMachine
    private let device = AHCI()
    private let disk = Disk()
    private static let registers: UInt64 = 0x1800_0000
    private enum Port {
        static let status: UInt64 = 0x110, command: UInt64 = 0x118
        static let taskFile: UInt64 = 0x120, active: UInt64 = 0x134, issued: UInt64 = 0x138
    }

    init() throws {
        machine = try PCIMachine()
        device.add(ATADrive(disk: disk, options: .init()), port: 0)
        machine.host.root.plug(device, at: 2 << 3)
        device.reset()
        machine.set(2, 0x24, UInt32(AHCITests.registers))
        machine.set16(2, 0x04, 6)
        // Interrupts on; command list, frames, the port's interrupts, start.
        for (register, value) in [(0x04, 2), (0x100, 0x1000), (0x108, 0x2000), (0x114, 0x4000_000b), (0x118, 0x11)] as [(UInt64, UInt32)] {
            set(register, value)
        }
    }

    private func set(_ register: UInt64, _ value: UInt32) { machine.memory.store(AHCITests.registers + register, value) }
    private func get(_ register: UInt64) -> UInt32 { machine.memory.load(AHCITests.registers + register) ?? 0 }

    /// Puts a command into a slot, with memory for 512 bytes that follows that of the slot before.
    private func prepare(_ slot: UInt64, _ opcode: UInt8, features: UInt8 = 0, block: UInt8 = 0) {
        let table = 0x8000 + 0x100 * slot
        machine.memory.store(0x1000 + 32 * slot, 5 | 1 << 16 as UInt32)
        machine.memory.store(0x1008 + 32 * slot, table)
        machine.memory.write(table, [0x27, 0x80, opcode, features, block, 0, 0, 0x40, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
        machine.memory.store(table + 0x80, 0x1_0000 + 512 * slot)
        machine.memory.store(table + 0x8c, 511 as UInt32)
    }

    @Test func tellsWhatItIs() {
        prepare(0, 0xec)
        set(Port.issued, 1)
        #expect(get(Port.issued) == 0 && get(Port.status) & 3 == 3 && get(Port.taskFile) == 0x50)
        #expect(machine.memory.load(0x1_0000 + 120) as UInt32? == 2048, "blocks")
        #expect(machine.host.interrupts[2].level)
        set(Port.status, ~0)
        set(0x08, 1)
        #expect(!machine.host.interrupts[2].level)
    }

    /// A queued command that fails is told of once, and not done again while others end.
    @Test func queuedCommandsThatFail() {
        prepare(0, 0x60, features: 1, block: UInt8(Disk.broken))
        prepare(1, 0x60, features: 1, block: 7)
        set(Port.active, 3)
        set(Port.issued, 3)
        disk.drain()
        #expect(disk.reads == [Disk.broken, 7] && machine.memory.read(0x1_0200, count: 1) == [7])
        #expect(get(Port.active) == 1 && get(Port.issued) == 0 && get(Port.status) >> 30 & 1 == 1)
    }

    /// Any other that fails is still issued, by which drivers see that it has, and nothing is begun until the port is started again.
    @Test func othersThatFail() {
        prepare(0, 0x25, block: UInt8(Disk.broken))
        prepare(1, 0x25, block: 7)
        set(Port.issued, 1)
        disk.drain()
        #expect(get(Port.issued) == 1 && get(Port.taskFile) & 1 == 1 && get(Port.status) >> 30 & 1 == 1)
        set(Port.issued, 2)
        disk.drain()
        #expect(disk.reads == [Disk.broken])
        let command = get(Port.command)
        set(Port.command, command & ~1)
        set(Port.command, command)
        #expect(get(Port.issued) == 0)
        set(Port.issued, 2)
        disk.drain()
        #expect(disk.reads == [Disk.broken, 7] && get(Port.issued) == 0)
    }

    /// A message that clears what it tells of, so that it is told of again, brings about no further one.
    @Test func messagesToItsOwnRegisters() {
        let capability = machine.capability(2, 0x05)
        machine.set(2, capability + 4, UInt32(AHCITests.registers) + 8)
        machine.set16(2, capability + 12, 1)
        machine.set16(2, capability + 2, 1)
        prepare(0, 0xec)
        set(Port.issued, 1)
        #expect(get(0x08) == 1 && get(Port.status) & 3 == 3)
    }
}
