import AddressSpace
import Virtio

/// A driver of a virtio-mmio device with split rings, in 1 MiB of guest RAM: each queue has 8 entries and a buffer of 256 bytes for each.
final class RingDriver {
    let memory: AddressSpace
    let transport: VirtioMMIO
    private var offered: [Int: UInt16] = [:]
    private var seen: [Int: UInt16] = [:]

    /// A ring's memory: descriptors at 0, available ring at 0x100, used ring at 0x1000 (legacy wants it on the next page), buffers behind.
    private func base(_ queue: Int) -> UInt64 { 0x1_0000 + 0x4000 * UInt64(queue) }
    private func buffer(_ queue: Int, _ index: Int) -> UInt64 { base(queue) + 0x2000 + 256 * UInt64(index) }

    init(_ device: any VirtioDevice, features: UInt64, queues: [Int], legacy: Bool, ringFeatures: UInt64 = VirtioFeature.ring) throws {
        let root = MemoryRegion.container("system", size: .max)
        root.add(try MemoryRegion.ram("ram", size: 1 << 20), at: 0)
        memory = AddressSpace("memory", root: root)
        transport = VirtioMMIO(memory: memory, device: device, legacy: legacy, ringFeatures: ringFeatures)
        set(0x24, 1)
        set(0x20, legacy ? 0 : 1)
        set(0x24, 0)
        set(0x20, UInt32(features))
        if legacy { set(0x28, 4096) }
        for status in [1, 3, 11] as [UInt32] { set(0x70, status) }
        for queue in queues {
            set(0x30, UInt32(queue))
            set(0x38, 8)
            if legacy {
                set(0x3c, 4096)
                set(0x40, UInt32(base(queue) >> 12))
            } else {
                set(0x80, UInt32(base(queue)))
                set(0x90, UInt32(base(queue) + 128))
                set(0xa0, UInt32(base(queue) + 0x1000))
                set(0x44, 1)
            }
        }
        set(0x70, 15)
    }

    func set(_ register: UInt64, _ value: UInt32) { _ = transport.write(register, value: UInt64(value), size: 4) }
    func get(_ register: UInt64) -> UInt32 { UInt32(transport.read(register, size: 4).value) }

    /// Makes a buffer available: with bytes for the device, or empty for it to fill.
    func offer(_ queue: Int, _ bytes: [UInt8]? = nil) {
        let index = offered[queue] ?? 0
        let slot = Int(index % 8)
        if let bytes { memory.write(buffer(queue, slot), bytes) }
        memory.store(base(queue) + 16 * UInt64(slot), buffer(queue, slot))
        publish(queue, length: UInt32(bytes?.count ?? 256), flags: bytes == nil ? 2 : 0)
    }

    /// Makes a buffer of 256 bytes available at a place of the test's choice.
    func offer(_ queue: Int, at address: UInt64, readable: Bool) {
        let index = offered[queue] ?? 0
        memory.store(base(queue) + 16 * UInt64(index % 8), address)
        publish(queue, length: 256, flags: readable ? 0 : 2)
    }

    /// Makes the buffer of the next slot available, whose descriptor has its address already.
    private func publish(_ queue: Int, length: UInt32, flags: UInt16) {
        let index = offered[queue] ?? 0
        let slot = UInt64(index % 8)
        memory.store(base(queue) + 16 * slot + 8, length)
        memory.store(base(queue) + 16 * slot + 12, flags)
        memory.store(base(queue) + 128 + 4 + 2 * slot, UInt16(slot))
        memory.store(base(queue) + 128 + 2, index &+ 1)
        offered[queue] = index &+ 1
        set(0x50, UInt32(queue))
    }

    /// Makes one buffer of two parts available: bytes for the device, and `room` bytes for it to fill. Gives the latter back; nil if the device
    /// has not done with it.
    func request(_ queue: Int, _ bytes: [UInt8], room: Int) -> [UInt8]? {
        let (first, second, answer) = (base(queue), base(queue) + 16, base(queue) + 0x3000)
        memory.write(base(queue) + 0x2000, bytes)
        memory.store(first, base(queue) + 0x2000)
        memory.store(first + 8, UInt32(bytes.count))
        memory.store(first + 12, UInt32(1 | 1 << 16))
        memory.store(second, answer)
        memory.store(second + 8, UInt32(room))
        memory.store(second + 12, UInt32(2))
        let index = offered[queue] ?? 0
        memory.store(base(queue) + 128 + 4 + 2 * UInt64(index % 8), UInt16(0))
        memory.store(base(queue) + 128 + 2, index &+ 1)
        offered[queue] = index &+ 1
        set(0x50, UInt32(queue))
        let used: UInt16 = memory.load(base(queue) + 0x1000 + 2) ?? 0
        return used == index &+ 1 ? memory.read(answer, count: room) : nil
    }

    /// Sends a command for which the device answers with one byte; nil if it gives no answer.
    func command(_ queue: Int, _ bytes: [UInt8]) -> UInt8? { request(queue, bytes, room: 1)?.first }

    /// What the device has given back since the last time: the bytes that it wrote into each buffer.
    func taken(_ queue: Int) -> [[UInt8]] {
        let used = base(queue) + 0x1000
        let now: UInt16 = memory.load(used + 2) ?? 0
        var list: [[UInt8]] = []
        var index = seen[queue] ?? 0
        while index != now {
            let entry = used + 4 + 8 * UInt64(index % 8)
            let slot: UInt32 = memory.load(entry) ?? 0
            let length: UInt32 = memory.load(entry + 4) ?? 0
            list.append(memory.read(buffer(queue, Int(slot)), count: Int(length)) ?? [])
            index &+= 1
        }
        seen[queue] = now
        return list
    }
}
