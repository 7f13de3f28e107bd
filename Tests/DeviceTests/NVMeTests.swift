import AddressSpace
import BlockCore
import DeviceModel
import HostOS
import PCI
import StorageDevices
import Testing

/// A disk in the test's memory; requests end when it is drained.
private final class MemoryDisk: BlockNode {
    var bytes: [UInt8]
    var isReadOnly = false
    var size: UInt64 { UInt64(bytes.count) }
    var flushes = 0
    private var waiting: [() -> Void] = []

    init(size: Int) { bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 / 512) } }

    func read(_ offset: UInt64, into buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        waiting.append { [self] in
            var rest = bytes[Int(offset)...]
            for buffer in buffers { rest = rest.dropFirst(buffer.fill(from: rest)) }
            done(.ok)
        }
    }
    func write(_ offset: UInt64, from buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        waiting.append { [self] in
            let data = buffers.flatMap { $0.bytes() }
            bytes.replaceSubrange(Int(offset)..<Int(offset) + data.count, with: data)
            done(.ok)
        }
    }
    func flush(_ done: @escaping (BlockResult) -> Void) {
        flushes += 1
        waiting.append { done(.ok) }
    }
    func discard(_ offset: UInt64, count: UInt64, _ done: @escaping (BlockResult) -> Void) {
        zero(offset, count: count, mayUnmap: true, done)
    }
    func zero(_ offset: UInt64, count: UInt64, mayUnmap: Bool, _ done: @escaping (BlockResult) -> Void) {
        waiting.append { [self] in
            for index in Int(offset)..<Int(offset + count) { bytes[index] = 0 }
            done(.ok)
        }
    }
    func drain() {
        while !waiting.isEmpty {
            let list = waiting
            waiting = []
            for item in list { item() }
        }
    }
}

/// A controller, driven as its drivers do: administrative queues of 16 entries, one pair of others with 8.
@Suite struct NVMeTests {
    private let machine: PCIMachine
    private let disk = MemoryDisk(size: 1 << 20)
    private let device: NVMe
    private static let registers: UInt64 = 1 << 32
    private static let queues: [(submission: UInt64, completion: UInt64, size: UInt32)] = [(0x1000, 0x2000, 16), (0x3000, 0x4000, 8)]

    init() throws {
        machine = try PCIMachine()
        var options = NVMe.Options()
        options.serial = "disk"
        options.queuePairs = 4
        device = NVMe(node: disk, options: options, isIntegrated: true)
        machine.host.root.plug(device, at: 2 << 3)
        device.reset()
        machine.set(2, 0x14, 1)
        machine.set16(2, 0x04, 6)
        set(0x24, 15 << 16 | 15)
        set(0x28, 0x1000)
        set(0x30, 0x2000)
        set(0x14, 4 << 20 | 6 << 16 | 1)
    }

    private func set(_ register: UInt64, _ value: UInt32) { machine.memory.store(NVMeTests.registers + register, value) }
    private func get(_ register: UInt64) -> UInt32 { machine.memory.load(NVMeTests.registers + register) ?? 0 }

    /// Where the driver is in its queues.
    private final class Places { var tail: [UInt32] = [0, 0], head: [UInt32] = [0, 0] }
    private let places = Places()

    private func submit(
        _ queue: Int, _ opcode: UInt8, id: UInt16 = 7, namespace: UInt32 = 1, prp1: UInt64 = 0, prp2: UInt64 = 0, _ words: [UInt32] = []
    ) {
        let (base, _, size) = NVMeTests.queues[queue]
        let place = base + 64 * UInt64(places.tail[queue])
        var all: [UInt32] = [UInt32(opcode) | UInt32(id) << 16, namespace, 0, 0, 0, 0]
        for address in [prp1, prp2] { all += [UInt32(truncatingIfNeeded: address), UInt32(address >> 32)] }
        for (index, word) in (all + words + [UInt32](repeating: 0, count: 6 - words.count)).enumerated() {
            machine.memory.store(place + 4 * UInt64(index), word)
        }
        places.tail[queue] = (places.tail[queue] + 1) % size
        set(0x1000 + 8 * UInt64(queue), places.tail[queue])
    }

    /// The next completion: status and result; nil if there is none.
    private func completion(_ queue: Int) -> (status: UInt32, result: UInt32)? {
        disk.drain()
        let (_, base, size) = NVMeTests.queues[queue]
        let place = base + 16 * UInt64(places.head[queue] % size)
        let last: UInt32 = machine.memory.load(place + 12) ?? 0
        guard last >> 16 & 1 == (places.head[queue] / size % 2 == 0 ? 1 : 0) else { return nil }
        places.head[queue] += 1
        set(0x1004 + 8 * UInt64(queue), places.head[queue] % size)
        return (last >> 17, machine.memory.load(place) ?? 0)
    }

    private func run(_ queue: Int, _ opcode: UInt8, namespace: UInt32 = 1, prp1: UInt64 = 0, prp2: UInt64 = 0, _ words: [UInt32] = []) -> UInt32? {
        submit(queue, opcode, namespace: namespace, prp1: prp1, prp2: prp2, words)
        return completion(queue)?.status
    }

    private func makeQueues() {
        #expect(run(0, 0x05, prp1: 0x4000, [7 << 16 | 1, 3]) == 0)
        #expect(run(0, 0x01, prp1: 0x3000, [7 << 16 | 1, 1 << 16 | 1]) == 0)
    }

    @Test func becomesReady() {
        #expect(get(0x1c) == 1 && get(0x08) == 0x1_0400 && get(0) & 0xffff == 0x7ff)
        set(0x14, 0)
        #expect(get(0x1c) == 0)
        set(0x24, 0)
        set(0x14, 1)
        #expect(get(0x1c) & 2 == 2, "queues of one entry are none")
    }

    @Test func tellsWhatItIs() {
        #expect(run(0, 0x06, namespace: 0, prp1: 0x1_0000, [1]) == 0)
        let bytes = machine.memory.read(0x1_0000, count: 4096) ?? []
        #expect(String(decoding: bytes[4..<8], as: UTF8.self) == "disk" && bytes[23] == 0x20 && bytes[512] == 0x66)
        #expect(run(0, 0x06, prp1: 0x1_0800, prp2: 0x2_0000, [0]) == 0)
        #expect(machine.memory.load(0x1_0800) as UInt64? == 2048, "blocks")
        #expect(machine.memory.load(0x2_0000 + 128 - 0x800) as UInt32? == nil || (machine.memory.load(0x1_0880) as UInt32? ?? 0) == 9 << 16)
        #expect(run(0, 0x06, namespace: 5, prp1: 0x1_0000, [0]) == 0x400b)
        #expect(run(0, 0x06, prp1: 0x1_0000, [0x77]) == 0x4002)
        #expect(run(0, 0x02, prp1: 0x1_0000, [127 << 16 | 2]) == 0 && run(0, 0x02, prp1: 0x1_0000, [9]) == 0x4109)
    }

    @Test func features() {
        submit(0, 0x09, [7, 0x3_0003])
        #expect(completion(0)?.result == 0x3_0003)
        submit(0, 0x0a, [6])
        #expect(completion(0)?.result == 1)
        #expect(run(0, 0x09, [6, 0]) == 0 && run(0, 0x0a, [0x55]) == 0x4002)
        makeQueues()
        let before = disk.flushes
        #expect(run(1, 0x01, prp1: 0x1_0000, [0, 0, 0]) == 0)
        #expect(disk.flushes == before + 1, "the cache is off")
    }

    @Test func queuesAreChecked() {
        #expect(run(0, 0x01, prp1: 0x3000, [7 << 16 | 1, 1 << 16 | 1]) == 0x4100, "no completion queue yet")
        #expect(run(0, 0x05, prp1: 0x4000, [7 << 16 | 9, 3]) == 0x4101)
        #expect(run(0, 0x05, prp1: 0x4000, [0 << 16 | 1, 3]) == 0x4102)
        #expect(run(0, 0x05, prp1: 0x4004, [7 << 16 | 1, 3]) == 0x4002)
        #expect(run(0, 0x05, prp1: 0x4000, [7 << 16 | 1, 99 << 16 | 3]) == 0x4108)
        makeQueues()
        #expect(run(0, 0x04, [1]) == 0x410c, "in use")
        #expect(run(0, 0x00, [1]) == 0 && run(0, 0x04, [1]) == 0 && run(0, 0x00, [1]) == 0x4101)
    }

    @Test func readsAndWrites() {
        makeQueues()
        #expect(run(1, 0x02, prp1: 0x1_0200, prp2: 0x2_0000, [4, 0, 7]) == 0)
        let expected = (0..<4096).map { UInt8(4 + $0 / 512) }
        let found = (machine.memory.read(0x1_0200, count: 0xe00) ?? []) + (machine.memory.read(0x2_0000, count: 0x200) ?? [])
        #expect(found == expected)
        machine.memory.write(0x3_0000, [UInt8](repeating: 0xab, count: 1024))
        #expect(run(1, 0x01, prp1: 0x3_0000, [100, 0, 1]) == 0)
        #expect(disk.bytes[100 * 512..<102 * 512].allSatisfy { $0 == 0xab } && disk.bytes[102 * 512] == 102)
        #expect(run(1, 0x08, [100, 0, 0]) == 0 && disk.bytes[100 * 512] == 0 && disk.bytes[101 * 512] == 0xab)
        #expect(run(1, 0x00) == 0 && disk.flushes > 0)
    }

    /// 20 pages and a bit, with a list that goes on in another page.
    @Test func longListsOfPages() {
        makeQueues()
        let list: UInt64 = 0x5ff0
        let pages = (0..<20).map { 0x8_0000 + 0x1000 * UInt64((7 * $0) % 20) }
        machine.memory.store(list, pages[0])
        machine.memory.store(list + 8, 0x7000 as UInt64)
        for (index, page) in pages.dropFirst().enumerated() { machine.memory.store(0x7000 + 8 * UInt64(index), page) }
        #expect(run(1, 0x02, prp1: 0x1_0e00, prp2: list, [0, 0, 160]) == 0)
        var found = machine.memory.read(0x1_0e00, count: 512) ?? []
        for page in pages { found += machine.memory.read(page, count: 4096) ?? [] }
        #expect(found == Array(disk.bytes.prefix(161 * 512)))
    }

    @Test func mistakesHaveTheirStatus() {
        makeQueues()
        #expect(run(1, 0x02, prp1: 0x1_0000, [2048, 0, 0]) == 0x4080 && run(1, 0x02, prp1: 0x1_0000, [.max, .max, 0xffff]) == 0x4080)
        #expect(run(1, 0x02, prp1: 0xffff_0000, [0, 0, 0]) == 4, "not in memory")
        #expect(run(1, 0x02, prp1: 0x1_0000, prp2: 0x1_0004, [0, 0, 15]) == 0x4002)
        #expect(run(1, 0x02, prp1: 0x1_0000, prp2: 0x7000, [0, 0, 0x7ff]) == 0x4002, "longer than the largest transfer")
        #expect(run(1, 0x77) == 0x4001 && run(1, 0x02, namespace: 2, prp1: 0x1_0000, [0, 0, 0]) == 0x400b)
        disk.isReadOnly = true
        #expect(run(1, 0x01, prp1: 0x1_0000, [0, 0, 0]) == 0x4182)
    }

    @Test func rangesAreDiscarded() {
        makeQueues()
        for (index, range) in [(3, 10), (1, 20)].enumerated() {
            machine.memory.store(0x6000 + 16 * UInt64(index), UInt64(range.0) << 32)
            machine.memory.store(0x6008 + 16 * UInt64(index), UInt64(range.1))
        }
        #expect(run(1, 0x09, prp1: 0x6000, [1, 4]) == 0)
        #expect(disk.bytes[9 * 512] == 9 && disk.bytes[10 * 512..<13 * 512].allSatisfy { $0 == 0 } && disk.bytes[13 * 512] == 13)
        #expect(disk.bytes[20 * 512] == 0 && disk.bytes[21 * 512] == 21)
    }

    /// Completions that find no room wait until the host has taken others.
    @Test func aFullQueueOfCompletions() {
        #expect(run(0, 0x05, prp1: 0x4000, [1 << 16 | 1, 3]) == 0)
        #expect(run(0, 0x01, prp1: 0x3000, [7 << 16 | 1, 1 << 16 | 1]) == 0)
        for id in 0..<5 { submit(1, 0x02, id: UInt16(id), prp1: 0x1_0000, [UInt32(id), 0, 0]) }
        disk.drain()
        var seen: [UInt32] = []
        for head in 0..<5 as Range<UInt32> {
            let last: UInt32 = machine.memory.load(0x4000 + 16 * UInt64(head % 2) + 12) ?? 0
            #expect(last >> 16 & 1 == (head / 2 % 2 == 0 ? 1 : 0))
            seen.append(last & 0xffff)
            set(0x100c, (head + 1) % 2)
            disk.drain()
        }
        #expect(seen == [0, 1, 2, 3, 4])
    }

    @Test func thePinTellsOfCompletions() {
        #expect(!machine.host.interrupts[2].level)
        submit(0, 0x0a, [6])
        #expect(machine.host.interrupts[2].level)
        set(0x0c, 1)
        #expect(!machine.host.interrupts[2].level)
        set(0x10, 1)
        #expect(machine.host.interrupts[2].level)
        _ = completion(0)
        #expect(!machine.host.interrupts[2].level)
    }

    @Test func eventsAreWaitedFor() {
        for id in 0..<4 { submit(0, 0x0c, id: UInt16(id)) }
        #expect(completion(0) == nil)
        #expect(run(0, 0x0c) == 0x0105)
        set(0x14, 0)
        #expect(get(0x1c) == 0)
    }

    /// The shutdown is done when what was written is durable.
    @Test func shutsDown() {
        makeQueues()
        let before = disk.flushes
        set(0x14, 4 << 20 | 6 << 16 | 1 << 14 | 1)
        #expect(get(0x1c) & 12 == 4 && disk.flushes == before + 1)
        disk.drain()
        #expect(get(0x1c) & 12 == 8)
        set(0x14, 0)
        #expect(get(0x1c) == 0)
    }

    /// Commands that wait for events are more than a short queue has entries, and keep it from nothing.
    @Test func eventsInAShortQueue() {
        set(0x14, 0)
        set(0x24, 1 << 16 | 1)
        set(0x14, 4 << 20 | 6 << 16 | 1)
        for (index, opcode) in ([0x0c, 0x0c, 0x0c, 0x0c, 0x0a] as [UInt32]).enumerated() {
            let place = 0x1000 + 64 * UInt64(index % 2)
            for word in 0..<16 as Range<UInt64> { machine.memory.store(place + 4 * word, UInt32(0)) }
            machine.memory.store(place, opcode | UInt32(index) << 16)
            machine.memory.store(place + 40, UInt32(6))
            set(0x1000, UInt32(index + 1) % 2)
        }
        #expect(machine.memory.load(0x200c) as UInt32? == 0x1_0004)
    }

    /// Commands and doorbells without sense do no harm.
    @Test func nonsense() {
        makeQueues()
        var random: UInt64 = 12
        func next() -> UInt64 {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return random >> 20
        }
        for _ in 0..<3000 {
            let words = (0..<6).map { _ in UInt32(truncatingIfNeeded: next() >> (next() % 44)) }
            let queue = Int(next() % 2)
            submit(queue, UInt8(next() % 16), prp1: next() & 0xf_ffff, prp2: next() & 0xf_ffff, words)
            disk.drain()
            set(0x1000 + 4 * (next() % 12), UInt32(next() % 20))
            places.tail = [UInt32(next() % 16), UInt32(next() % 8)]
            if get(0x1c) != 1 {
                set(0x14, 0)
                set(0x14, 4 << 20 | 6 << 16 | 1)
            }
        }
        device.reset()
        #expect(get(0x1c) == 0 || machine.get16(2, 4) == 0)
    }
}
