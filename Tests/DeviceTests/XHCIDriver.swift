import AddressSpace
import DeviceModel
import EventLoop
import PCI
import Snapshot
import Testing
import USB
import USBDevices

/// A controller in a machine, driven as its drivers do: rings of 64 blocks, an event ring of two segments.
final class XHCIDriver {
    struct Block: Equatable {
        var parameter: UInt64 = 0
        var status: UInt32 = 0
        var control: UInt32 = 0

        var code: UInt32 { status >> 24 }
        var kind: UInt32 { control >> 10 & 63 }
        var slot: UInt8 { UInt8(control >> 24) }
        var left: UInt32 { status & 0xff_ffff }
    }
    /// A ring that the driver fills.
    struct Ring {
        let base: UInt64
        var place = 0
        var cycle: UInt32 = 1
    }

    static let registers: UInt64 = 1 << 32
    static let table: UInt64 = 0x1000, commands: UInt64 = 0x2000, events: UInt64 = 0x3000, segments: UInt64 = 0x4000
    static let contexts: UInt64 = 0x5000, input: UInt64 = 0x7000, rings: UInt64 = 0x10000, buffers: UInt64 = 0x40000
    static let ringSize = 64, segmentSize = 16

    let machine: PCIMachine
    let loop: EventLoop
    let controller: XHCI
    private var command = Ring(base: XHCIDriver.commands)
    private var rings: [Int: Ring] = [:]
    private var eventPlace = 0
    private var eventCycle: UInt32 = 1
    /// Events that are taken also free their room.
    var acknowledges = true

    /// Lets the machine run for a moment.
    func goOn() {
        loop.setVirtualClockPaused(false)
        let end = LoopTimer(loop, .realtime) { [loop] in loop.stop(status: 0) }
        end.arm(at: loop.now(.realtime) + 5_000_000)
        _ = loop.run()
        loop.resume()
        loop.setVirtualClockPaused(true)
    }

    init(options: XHCI.Options = XHCI.Options(), starts: Bool = true) throws {
        machine = try PCIMachine()
        loop = try EventLoop()
        loop.setVirtualClockPaused(true)
        controller = XHCI(options: options, loop: loop, isIntegrated: true)
        machine.host.root.plug(controller, at: 2 << 3)
        controller.reset()
        machine.set(2, 0x14, 1)
        machine.set16(2, 0x04, 6)
        if starts { start() }
    }

    func set(_ register: UInt64, _ value: UInt32) { machine.memory.store(XHCIDriver.registers + register, value) }
    func get(_ register: UInt64) -> UInt32 { machine.memory.load(XHCIDriver.registers + register) ?? 0 }

    func start() {
        set(0x78, 8)
        set(0x70, UInt32(XHCIDriver.table))
        set(0x58, UInt32(XHCIDriver.commands) | 1)
        set(0x5c, 0)
        for number in 0..<2 as Range<UInt64> {
            machine.memory.store(XHCIDriver.segments + 16 * number, XHCIDriver.events + 0x400 * number)
            machine.memory.store(XHCIDriver.segments + 16 * number + 8, UInt32(XHCIDriver.segmentSize))
        }
        set(0x1028, 2)
        set(0x1024, 0)
        set(0x1038, UInt32(XHCIDriver.events))
        set(0x1030, UInt32(XHCIDriver.segments))
        set(0x1020, 2)
        set(0x40, 5)
    }

    // MARK: Rings

    private func put(_ block: Block, _ ring: inout Ring) -> UInt64 {
        if ring.place == XHCIDriver.ringSize - 1 {
            let link = ring.base + 16 * UInt64(ring.place)
            machine.memory.store(link, ring.base)
            machine.memory.store(link + 12, 6 << 10 | 2 | ring.cycle)
            (ring.place, ring.cycle) = (0, ring.cycle ^ 1)
        }
        let place = ring.base + 16 * UInt64(ring.place)
        machine.memory.store(place, block.parameter)
        machine.memory.store(place + 8, block.status)
        machine.memory.store(place + 12, block.control & ~1 | ring.cycle)
        ring.place += 1
        return place
    }

    /// Puts a command into its ring, and rings.
    @discardableResult
    func order(_ kind: UInt32, slot: Int = 0, _ parameter: UInt64 = 0, more: UInt32 = 0) -> Block? {
        _ = put(Block(parameter: parameter, control: kind << 10 | UInt32(slot) << 24 | more), &command)
        set(0x2000, 0)
        return event()
    }

    /// Puts blocks into a transfer ring; where the last is.
    @discardableResult
    func put(_ blocks: [Block], slot: Int, endpoint: Int) -> UInt64 {
        let key = slot * 32 + endpoint
        var ring = rings[key] ?? Ring(base: XHCIDriver.ring(slot, endpoint))
        defer { rings[key] = ring }
        return blocks.map { put($0, &ring) }.last ?? 0
    }

    func ring(slot: Int, endpoint: Int) { set(0x2000 + 4 * UInt64(slot), UInt32(endpoint)) }

    static func ring(_ slot: Int, _ endpoint: Int) -> UInt64 { rings + UInt64((slot - 1) * 8 + endpoint) * 0x400 }

    /// Forgets what is in a transfer ring.
    func forget(slot: Int, endpoint: Int) {
        rings[slot * 32 + endpoint] = nil
        for index in 0..<128 as Range<UInt64> { machine.memory.store(XHCIDriver.ring(slot, endpoint) + 8 * index, 0 as UInt64) }
    }

    /// The next event; nil if there is none.
    func event() -> Block? {
        let segment = UInt64(eventPlace / XHCIDriver.segmentSize), index = UInt64(eventPlace % XHCIDriver.segmentSize)
        let place = XHCIDriver.events + 0x400 * segment + 16 * index
        let control: UInt32 = machine.memory.load(place + 12) ?? 0
        guard control & 1 == eventCycle else { return nil }
        eventPlace += 1
        if eventPlace == 2 * XHCIDriver.segmentSize { (eventPlace, eventCycle) = (0, eventCycle ^ 1) }
        if acknowledges { acknowledge() }
        return Block(parameter: machine.memory.load(place) ?? 0, status: machine.memory.load(place + 8) ?? 0, control: control)
    }

    func acknowledge() {
        let segment = UInt32(eventPlace / XHCIDriver.segmentSize), index = UInt32(eventPlace % XHCIDriver.segmentSize)
        set(0x1038, UInt32(XHCIDriver.events) + 0x400 * segment + 16 * index | 8)
    }

    func events() -> [Block] {
        var list: [Block] = []
        while let event = event() { list.append(event) }
        return list
    }

    // MARK: Devices

    /// Resets a port, gives its device a slot and an address; the slot.
    func address(port: Int, speed: UInt32, route: UInt32 = 0, reset: Bool = true) -> Int {
        if reset { set(0x440 + 16 * UInt64(port - 1), 1 << 9 | 1 << 4) }
        _ = events()
        let slot = Int(order(9)?.slot ?? 0)
        context(route: route, speed: speed, port: port, entries: 1)
        endpoint(1, kind: 4, packetSize: 64, slot: slot)
        machine.memory.store(XHCIDriver.input + 4, 3 as UInt32)
        machine.memory.store(XHCIDriver.input, 0 as UInt32)
        machine.memory.store(XHCIDriver.table + 8 * UInt64(slot), XHCIDriver.contexts + 0x400 * UInt64(slot))
        let answer = order(11, slot: slot, XHCIDriver.input)
        #expect(answer?.code == 1)
        return slot
    }

    func context(route: UInt32, speed: UInt32, port: Int, entries: UInt32) {
        machine.memory.store(XHCIDriver.input + 32, route | speed << 20 | entries << 27)
        machine.memory.store(XHCIDriver.input + 36, UInt32(port) << 16)
    }

    /// Fills an input endpoint context in.
    func endpoint(_ number: Int, kind: UInt32, packetSize: UInt32, slot: Int) {
        let place = XHCIDriver.input + 32 + 32 * UInt64(number)
        machine.memory.store(place, 0 as UInt32)
        machine.memory.store(place + 4, 3 << 1 | kind << 3 | packetSize << 16)
        machine.memory.store(place + 8, XHCIDriver.ring(slot, number) | 1)
    }

    /// Adds endpoints by number, kind and size.
    @discardableResult
    func configure(_ slot: Int, _ endpoints: [(Int, UInt32, UInt32)]) -> UInt32 {
        var adds: UInt32 = 1
        for (number, kind, size) in endpoints {
            endpoint(number, kind: kind, packetSize: size, slot: slot)
            adds |= 1 << UInt32(number)
        }
        machine.memory.store(XHCIDriver.input, 0 as UInt32)
        machine.memory.store(XHCIDriver.input + 4, adds)
        return order(12, slot: slot, XHCIDriver.input)?.code ?? 0
    }

    func state(slot: Int, endpoint: Int) -> UInt32 {
        (machine.memory.load(XHCIDriver.contexts + 0x400 * UInt64(slot) + 32 * UInt64(endpoint)) ?? 0 as UInt32) & 7
    }
    func slotState(_ slot: Int) -> UInt32 { (machine.memory.load(XHCIDriver.contexts + 0x400 * UInt64(slot) + 12) ?? 0 as UInt32) >> 27 }

    /// A control transfer; the code of its end, and what came.
    func control(_ slot: Int, _ setup: [UInt8], out data: [UInt8] = []) -> (code: UInt32, bytes: [UInt8]) {
        let number = setup.enumerated().reduce(0 as UInt64) { $0 | UInt64($1.element) << UInt64(8 * $1.offset) }
        let length = UInt32(setup[6]) | UInt32(setup[7]) << 8
        let isInput = setup[0] & 0x80 != 0
        var blocks = [Block(parameter: number, status: 8, control: 2 << 10 | 1 << 6 | (length == 0 ? 0 : isInput ? 3 << 16 : 2 << 16))]
        if length > 0 {
            if !isInput { machine.memory.write(XHCIDriver.buffers, data) }
            blocks.append(Block(parameter: XHCIDriver.buffers, status: length, control: 3 << 10 | 1 << 2 | (isInput ? 1 << 16 : 0)))
        }
        blocks.append(Block(control: 4 << 10 | 1 << 5 | (isInput && length > 0 ? 0 : 1 << 16)))
        put(blocks, slot: slot, endpoint: 1)
        ring(slot: slot, endpoint: 1)
        let list = events()
        let left = list.first { $0.code == 13 }?.left ?? 0
        let bytes = isInput ? machine.memory.read(XHCIDriver.buffers, count: Int(length - left)) ?? [] : []
        return (list.last?.code ?? 0, bytes)
    }

    /// Clears a halted endpoint of the controller's and goes on behind what is in its ring.
    func recover(_ slot: Int, _ endpoint: Int) {
        #expect(order(14, slot: slot, more: UInt32(endpoint) << 16)?.code == 1)
        forget(slot: slot, endpoint: endpoint)
        #expect(order(16, slot: slot, XHCIDriver.ring(slot, endpoint) | 1, more: UInt32(endpoint) << 16)?.code == 1)
    }

    /// One transfer of a buffer; the event that ends it.
    func transfer(_ slot: Int, _ endpoint: Int, count: Int, out data: [UInt8]? = nil) -> Block? {
        if let data { machine.memory.write(XHCIDriver.buffers, data) }
        let block = Block(parameter: XHCIDriver.buffers, status: UInt32(data?.count ?? count), control: 1 << 10 | 1 << 5 | 1 << 2)
        put([block], slot: slot, endpoint: endpoint)
        ring(slot: slot, endpoint: endpoint)
        return event()
    }

    func received(_ count: Int) -> [UInt8] { machine.memory.read(XHCIDriver.buffers, count: count) ?? [] }
}
