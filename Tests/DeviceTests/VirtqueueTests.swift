import AddressSpace
import EventLoop
import Snapshot
import Testing
import Virtio

/// A driver of one queue, in 64 KiB of guest RAM.
private final class Driver: VirtioDevice {
    let deviceID: UInt32 = 4
    let features: UInt64 = 0
    let queueCount = 1
    let queueSize: UInt16 = 8
    let configuration: [UInt8] = [1, 2, 3]
    var chains: [DescriptorChain] = []
    private weak var port: (any VirtioPort)?
    let memory: AddressSpace
    private(set) var transport: VirtioMMIO!

    init(packed: Bool) throws {
        let root = MemoryRegion.container("system", size: .max)
        root.add(try MemoryRegion.ram("ram", size: 1 << 16), at: 0)
        memory = AddressSpace("memory", root: root)
        transport = VirtioMMIO(memory: memory, device: self, legacy: false)
        set(0x24, 1)
        set(0x20, 1 | (packed ? 4 : 0))
        set(0x24, 0)
        set(0x20, 1 << 28)
        for status in [1, 3, 11] as [UInt32] { set(0x70, status) }
        set(0x38, 8)
        set(0x80, 0x1000)
        set(0x90, 0x2000)
        set(0xa0, 0x3000)
        set(0x44, 1)
        set(0x70, 15)
    }

    func set(_ register: UInt64, _ value: UInt32) { _ = transport.write(register, value: UInt64(value), size: 4) }
    var status: UInt64 { transport.read(0x70, size: 4).value }

    func attach(_ port: any VirtioPort) { self.port = port }
    func reset() { chains = [] }
    func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {}

    func process(queue: Int) {
        guard let port else { return }
        do {
            while let chain = try port.queues[0].pop() {
                chains.append(chain)
                try port.queues[0].push(chain, written: chain.writableBytes)
            }
            port.signal(port.queues[0])
        } catch { port.fail("\(error)") }
    }

    func descriptor(_ index: Int, table: UInt64 = 0x1000, _ address: UInt64, _ length: UInt32, _ flags: UInt16, _ link: UInt16, packed: Bool = false)
    {
        let place = table + 16 * UInt64(index)
        memory.store(place, address)
        memory.store(place + 8, length)
        memory.store(place + 12, packed ? link : flags)
        memory.store(place + 14, packed ? flags : link)
    }

    func offer(_ heads: [UInt16]) {
        let old: UInt16 = memory.load(0x2002) ?? 0
        for (index, head) in heads.enumerated() { memory.store(0x2004 + 2 * UInt64((old &+ UInt16(index)) % 8), head) }
        memory.store(0x2002, old &+ UInt16(heads.count))
        set(0x50, 0)
    }
}

@Suite struct VirtqueueTests {
    @Test func splitRingsCarryChains() throws {
        let driver = try Driver(packed: false)
        driver.descriptor(0, 0x5000, 16, 1, 1)
        driver.descriptor(1, 0x6000, 32, 2, 0)
        for round in 1...20 {
            driver.offer([0])
            #expect(driver.chains.count == round)
        }
        #expect(driver.chains[0].readableBytes == 16 && driver.chains[0].writableBytes == 32)
        #expect(driver.memory.load(0x3002, as: UInt16.self) == 20)
        #expect(driver.memory.load(0x3008, as: UInt32.self) == 32)
        #expect(driver.status == 15)
        #expect(driver.transport.read(0x60, size: 4).value == 1)
    }

    @Test func indirectTablesAreFollowed() throws {
        let driver = try Driver(packed: false)
        driver.descriptor(0, 0x7000, 32, 4, 0)
        driver.descriptor(0, table: 0x7000, 0x5000, 7, 1, 1)
        driver.descriptor(1, table: 0x7000, 0x6000, 9, 2, 0)
        driver.offer([0])
        #expect(driver.chains.first?.readableBytes == 7 && driver.chains.first?.writableBytes == 9)
    }

    @Test func packedRingsCarryChains() throws {
        let driver = try Driver(packed: true)
        var wrap = true
        var slot = 0
        for round in 1...20 {
            let flags: UInt16 = wrap ? 0x80 : 0x8000
            driver.descriptor(slot, 0x6000, 5, 2 | flags, UInt16(round), packed: true)
            driver.set(0x50, 0)
            #expect(driver.chains.count == round)
            #expect(driver.memory.load(0x1000 + 16 * UInt64(slot) + 12, as: UInt16.self) == UInt16(round))
            slot += 1
            if slot == 8 { (slot, wrap) = (0, !wrap) }
        }
    }

    /// What a hostile driver may try ends in "needs reset", and a reset makes the device work again.
    @Test(arguments: ["loop", "index", "head", "address", "nested", "length"]) func nonsenseStopsTheDevice(_ kind: String) throws {
        let driver = try Driver(packed: false)
        switch kind {
        case "loop":
            driver.descriptor(0, 0x5000, 16, 1, 1)
            driver.descriptor(1, 0x5000, 16, 1, 0)
            driver.offer([0])
        case "index":
            driver.memory.store(0x2002, 100 as UInt16)
            driver.set(0x50, 0)
        case "head": driver.offer([77])
        case "address":
            driver.descriptor(0, 0xffff_ffff_ffff_fff0, 32, 4, 0)
            driver.offer([0])
        case "nested":
            driver.descriptor(0, 0x7000, 16, 4, 0)
            driver.descriptor(0, table: 0x7000, 0x7000, 16, 4, 0)
            driver.offer([0])
        default:
            driver.descriptor(0, 0x7000, 17, 4, 0)
            driver.offer([0])
        }
        #expect(driver.status & 64 != 0)
        driver.set(0x70, 0)
        #expect(driver.status == 0)
    }
}
