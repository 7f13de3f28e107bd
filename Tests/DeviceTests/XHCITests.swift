import DeviceModel
import Input
import ObjectModel
import Snapshot
import Testing
import USB
import USBDevices

/// The controller's rings, slots and ports (xHCI 1.2), driven from outside.
@Suite struct XHCITests {
    private typealias Block = XHCIDriver.Block

    private let driver: XHCIDriver
    private let hub: InputHub
    private let keyboard: HIDDevice

    init() throws {
        driver = try XHCIDriver()
        hub = InputHub(loop: driver.loop)
        keyboard = HIDDevice(.keyboard, PropertyValues(HIDKind.keyboard.type), hub: hub, loop: driver.loop)
        driver.controller.connectors[0].attach(keyboard)
    }

    private func ready() -> Int {
        let slot = driver.address(port: 5, speed: 3)
        #expect(driver.control(slot, [0, 9, 1, 0, 0, 0, 0, 0]).code == 1)
        #expect(driver.configure(slot, [(3, 7, 8)]) == 1)
        return slot
    }

    @Test func aPortTellsOfItsDevice() {
        let events = driver.events()
        #expect(events.map(\.kind) == [34] && events[0].parameter == 5 << 24)
        // Connected, not enabled, polling, high speed.
        #expect(driver.get(0x480) == 1 | 7 << 5 | 1 << 9 | 3 << 10 | 1 << 17)
        driver.set(0x480, 1 << 9 | 1 << 17)
        driver.set(0x480, 1 << 9 | 1 << 4)
        #expect(driver.events().count == 1)
        #expect(driver.get(0x480) == 3 | 1 << 9 | 3 << 10 | 1 << 21)
        driver.controller.connectors[0].detach()
        #expect(driver.get(0x480) & 3 == 0)
        #expect(driver.get(0x440) & 1 == 0, "the port for USB 3 at the same connector")
    }

    @Test func capabilitiesAreListed() {
        #expect(driver.get(0) & 0xff == 0x40 && driver.get(0) >> 16 == 0x100)
        #expect(driver.get(4) == 64 | 16 << 8 | 8 << 24)
        let first = UInt64(driver.get(0x10) >> 16) * 4
        #expect(driver.get(first) & 0xff == 1)
        #expect(driver.get(first + 0x10) >> 24 == 2 && driver.get(first + 0x18) == 5 | 4 << 8)
        #expect(driver.get(first + 0x20) >> 24 == 3 && driver.get(first + 0x28) == 1 | 4 << 8)
        #expect(driver.get(first + 0x14) == 0x2042_5355)
    }

    @Test func commandsEndWithTheirCodes() {
        _ = driver.events()
        #expect(driver.order(23)?.code == 1, "no operation")
        #expect(driver.order(63)?.code == 5, "no such command")
        #expect(driver.order(10, slot: 1)?.code == 11, "a slot that is not enabled")
        let slots = (0..<8).map { _ in driver.order(9)?.slot ?? 0 }
        #expect(slots == Array(1...8))
        #expect(driver.order(9)?.code == 9, "no more slots than software has enabled")
        #expect(driver.order(15, slot: 3, more: 1 << 16)?.code == 12, "an endpoint that is not there")
        #expect(driver.order(17, slot: 3)?.code == 19, "a slot without a device")
        #expect(driver.order(12, slot: 3, XHCIDriver.input)?.code == 19)
        driver.machine.memory.store(XHCIDriver.input + 4, 1 as UInt32)
        #expect(driver.order(11, slot: 3, XHCIDriver.input)?.code == 5, "both contexts are wanted")
        #expect(driver.order(11, slot: 3, XHCIDriver.input + 8)?.code == 17, "a context that is not aligned")
        driver.machine.memory.store(XHCIDriver.input + 4, 3 as UInt32)
        #expect(driver.order(11, slot: 3, XHCIDriver.input)?.code == 17, "no port 0")
        driver.context(route: 0, speed: 3, port: 6, entries: 1)
        driver.endpoint(1, kind: 4, packetSize: 64, slot: 3)
        driver.machine.memory.store(XHCIDriver.table + 24, XHCIDriver.contexts)
        #expect(driver.order(11, slot: 3, XHCIDriver.input)?.code == 4, "nobody is there")
        #expect((1...8).allSatisfy { driver.order(10, slot: $0)?.code == 1 })
        for _ in 0..<200 { #expect(driver.order(23)?.code == 1, "round and round") }
    }

    @Test func aDeviceIsFound() {
        let slot = driver.address(port: 5, speed: 3)
        #expect(driver.slotState(slot) == 2 && driver.state(slot: slot, endpoint: 1) == 1)
        let (code, bytes) = driver.control(slot, [0x80, 6, 0, 1, 0, 0, 64, 0])
        #expect(code == 1 && bytes.count == 18 && bytes[8...11] == [0x27, 0x06, 1, 0])
        #expect(driver.control(slot, [0x80, 6, 0, 1, 0, 0, 8, 0]).bytes == Array(bytes.prefix(8)))
        #expect(driver.control(slot, [0x80, 6, 0, 0x55, 0, 0, 8, 0]).code == 6, "no such descriptor")
        #expect(driver.state(slot: slot, endpoint: 1) == 2)
        driver.ring(slot: slot, endpoint: 1)
        #expect(driver.events().isEmpty, "a halted endpoint does nothing")
        driver.recover(slot, 1)
        #expect(driver.control(slot, [0x80, 0, 0, 0, 0, 0, 2, 0]).bytes == [0, 0])
    }

    @Test func nothingMayFollowASetupStage() {
        let slot = ready()
        #expect(driver.control(slot, [0x80, 0, 0, 0, 0, 0, 2, 0]).bytes == [0, 0])
        // Chained to four more bytes it would be no request any more.
        let setup = Block(parameter: 0x0002_0000_0000_0080, status: 8, control: 2 << 10 | 1 << 6 | 1 << 4)
        driver.put([setup, Block(parameter: 0, status: 4, control: 1 << 10)], slot: slot, endpoint: 1)
        driver.ring(slot: slot, endpoint: 1)
        #expect(driver.event()?.code == 5, "a block error")
        #expect(driver.state(slot: slot, endpoint: 1) == 4)
    }

    @Test func keysArriveWhenTheyArePressed() throws {
        let slot = ready()
        #expect(driver.slotState(slot) == 3)
        #expect(driver.transfer(slot, 3, count: 8) == nil, "nothing is pressed")
        hub.send([.key(try #require(Key.named("a")), isDown: true)])
        #expect(driver.events().isEmpty, "memory is left alone while the machine stands still")
        driver.goOn()
        let event = driver.event()
        #expect(event?.code == 1 && event?.slot == UInt8(slot) && driver.received(8) == [0, 0, 4, 0, 0, 0, 0, 0])
        #expect(driver.transfer(slot, 3, count: 8) == nil)
        let place = driver.ring(slot: slot)
        // A transfer that waits is told of when its endpoint is stopped.
        #expect(driver.order(15, slot: slot, more: 3 << 16)?.code == 26)
        #expect(driver.events().map(\.code) == [1] && driver.state(slot: slot, endpoint: 3) == 3)
        hub.send([.key(try #require(Key.named("a")), isDown: false)])
        #expect(driver.event() == nil, "a stopped endpoint takes nothing")
        driver.ring(slot: slot, endpoint: 3)
        #expect(driver.event()?.parameter == place && driver.received(8) == [0, 0, 0, 0, 0, 0, 0, 0])
        #expect(driver.order(14, slot: slot, more: 3 << 16)?.code == 19, "only a halted endpoint is reset")
        #expect(driver.order(16, slot: slot, 1, more: 3 << 16)?.code == 19, "a running one has its pointer")
    }

    @Test func transfersThatAreTooShortBabble() throws {
        let slot = ready()
        hub.send([.key(try #require(Key.named("b")), isDown: true)])
        #expect(driver.transfer(slot, 3, count: 4)?.code == 3)
        #expect(driver.state(slot: slot, endpoint: 3) == 2)
        driver.recover(slot, 3)
        hub.send([.key(try #require(Key.named("b")), isDown: false)])
        let event = driver.transfer(slot, 3, count: 20)
        #expect(event?.code == 13 && event?.left == 12, "a short packet")
    }

    @Test func chainsHaveEventsWithData() throws {
        let slot = ready()
        hub.send([.key(try #require(Key.named("c")), isDown: true)])
        // Two pieces and an event that tells of both, then an operation that is none.
        driver.put(
            [
                Block(parameter: XHCIDriver.buffers, status: 3, control: 1 << 10 | 1 << 4),
                Block(parameter: XHCIDriver.buffers + 0x100, status: 5, control: 1 << 10 | 1 << 4),
                Block(parameter: 0x1234_5678_9abc, control: 7 << 10 | 1 << 5), Block(control: 8 << 10 | 1 << 5),
            ], slot: slot, endpoint: 3)
        driver.ring(slot: slot, endpoint: 3)
        let events = driver.events()
        #expect(events.count == 2 && events[0].parameter == 0x1234_5678_9abc && events[0].left == 8 && events[0].control & 4 != 0)
        #expect(events.last?.code == 1)
        #expect(driver.received(3) == [0, 0, 6] && driver.machine.memory.read(XHCIDriver.buffers + 0x100, count: 5) == [0, 0, 0, 0, 0])
    }

    @Test func nonsenseInARingIsAnError() {
        let slot = ready()
        driver.put([Block(control: 2 << 10 | 1 << 6)], slot: slot, endpoint: 3)
        driver.ring(slot: slot, endpoint: 3)
        #expect(driver.event()?.code == 5 && driver.state(slot: slot, endpoint: 3) == 4, "a setup stage where there is none")
        driver.forget(slot: slot, endpoint: 3)
        #expect(driver.order(16, slot: slot, XHCIDriver.ring(slot, 3) | 1, more: 3 << 16)?.code == 1)
        // Links without end.
        let ring = XHCIDriver.ring(slot, 3)
        driver.machine.memory.store(ring, ring)
        driver.machine.memory.store(ring + 12, 6 << 10 | 1 as UInt32)
        driver.ring(slot: slot, endpoint: 3)
        #expect(driver.event()?.code == 5 && driver.state(slot: slot, endpoint: 3) == 4)
    }

    @Test func memoryThatIsNoneStopsTheController() {
        let slot = ready()
        driver.put([Block(parameter: 1 << 40, status: 8, control: 1 << 10 | 1 << 5)], slot: slot, endpoint: 3)
        hub.send([.key(Key.all[0], isDown: true)])
        driver.ring(slot: slot, endpoint: 3)
        #expect(driver.get(0x44) & 5 == 5, "a host system error, and halted")
        driver.set(0x40, 2)
        #expect(driver.get(0x44) & 5 == 1, "a reset brings it back")
    }

    @Test func isochronousEndpointsAndStreamsAreRefused() {
        let slot = driver.address(port: 5, speed: 3)
        #expect(driver.configure(slot, [(3, 5, 8)]) == 7)
        driver.endpoint(3, kind: 7, packetSize: 8, slot: slot)
        driver.machine.memory.store(XHCIDriver.input + 32 + 96, 1 << 10 as UInt32)
        #expect(driver.order(12, slot: slot, XHCIDriver.input)?.code == 17)
        #expect(driver.configure(slot, [(2, 7, 8)]) == 17, "an input under an output's number")
    }

    @Test func aFullEventRingKeepsWhatComes() {
        _ = driver.events()
        driver.acknowledges = false
        for _ in 0..<60 { _ = driver.order(23) }
        // The driver has read on, but not told so: what it reads is what fits, and that it is full.
        #expect(driver.events().isEmpty)
        driver.acknowledge()
        driver.acknowledges = true
        var codes: [UInt32] = []
        for _ in 0..<10 { codes += driver.events().map(\.code) }
        #expect(codes.filter { $0 == 1 }.count > 20)
    }

    @Test func interruptsAreHeldBack() {
        _ = driver.events()
        #expect(driver.controller.function.wantsInterrupt)
        driver.set(0x1020, 3)
        driver.acknowledge()
        #expect(!driver.controller.function.wantsInterrupt)
        driver.order(23)
        #expect(driver.controller.function.wantsInterrupt, "without moderation at once")
        driver.set(0x1020, 3)
        driver.acknowledge()
        driver.set(0x1024, 4000)
        driver.order(23)
        driver.set(0x1020, 3)
        driver.acknowledge()
        driver.order(23)
        #expect(!driver.controller.function.wantsInterrupt, "not before a millisecond is over")
    }

    @Test func aHubHasDevicesBehindIt() throws {
        let hub = USBHub()
        let mouse = HIDDevice(.mouse, PropertyValues(HIDKind.mouse.type), hub: self.hub, loop: driver.loop)
        driver.controller.connectors[1].attach(hub)
        hub.ports[2].attach(mouse)
        #expect(mouse.function.port?.path == "2.3")
        let slot = driver.address(port: 6, speed: 3)
        #expect(driver.control(slot, [0, 9, 1, 0, 0, 0, 0, 0]).code == 1)
        #expect(driver.configure(slot, [(3, 7, 2)]) == 1)
        #expect(driver.control(slot, [0xa0, 6, 0, 0x29, 0, 0, 15, 0]).bytes.prefix(3) == [11, 0x29, 8])
        #expect(driver.control(slot, [0x23, 3, 8, 0, 3, 0, 0, 0]).code == 1, "power")
        #expect(driver.transfer(slot, 3, count: 2)?.code == 1)
        #expect(driver.received(2) == [8, 0])
        #expect(driver.control(slot, [0x23, 3, 4, 0, 3, 0, 0, 0]).code == 1, "reset")
        #expect(driver.control(slot, [0xa3, 0, 0, 0, 3, 0, 4, 0]).bytes == [3, 5, 0x11, 0])
        let inner = driver.address(port: 6, speed: 3, route: 3, reset: false)
        #expect(driver.control(inner, [0x80, 6, 0, 1, 0, 0, 18, 0]).bytes.count == 18)
        hub.ports[2].detach()
        #expect(driver.control(inner, [0x80, 6, 0, 1, 0, 0, 18, 0]).code == 4, "it is gone")
    }

    @Test func aSleepingPortIsWoken() throws {
        let slot = ready()
        #expect(driver.control(slot, [0, 3, 1, 0, 0, 0, 0, 0]).code == 1, "it may wake the host")
        driver.set(0x480, 1 << 9 | 0x7f << 17)
        driver.set(0x480, 1 << 9 | 1 << 16 | 3 << 5)
        #expect(driver.get(0x480) >> 5 & 15 == 3)
        hub.send([.key(try #require(Key.named("spc")), isDown: true)])
        #expect(driver.get(0x480) >> 5 & 15 == 15 && driver.event()?.kind == 34)
        driver.set(0x480, 1 << 9 | 1 << 16)
        #expect(driver.get(0x480) >> 5 & 15 == 0)
        #expect(driver.transfer(slot, 3, count: 8)?.kind == 32, "no news of a change that software has not cleared")
        #expect(driver.received(8)[2] == 0x2c)
    }

    @Test func itGoesOnAfterASnapshot() throws {
        let slot = ready()
        #expect(driver.transfer(slot, 3, count: 8) == nil)
        let saved = DeviceSnapshot.save([driver.controller, keyboard])
        driver.controller.reset()
        keyboard.reset()
        try DeviceSnapshot.restore([driver.controller, keyboard], from: saved)
        hub.send([.key(try #require(Key.named("d")), isDown: true)])
        driver.goOn()
        #expect(driver.event()?.code == 1 && driver.received(8)[2] == 7)
    }
}

extension XHCIDriver {
    /// Where the last block of the interrupt endpoint's ring is.
    fileprivate func ring(slot: Int) -> UInt64 { XHCIDriver.ring(slot, 3) + 16 }
}
