import EventLoop
import Input
import ObjectModel
import Testing
import Virtio
import VirtioDevices

@Suite struct VirtioInputTests {
    private let loop: EventLoop
    private let hub: InputHub

    init() throws {
        loop = try EventLoop()
        loop.setVirtualClockPaused(true)
        hub = InputHub(loop: loop)
    }

    private func make(_ kind: InputDeviceKind, _ change: (inout PropertyValues) throws -> Void = { _ in }) throws -> VirtioInput {
        var values = PropertyValues(VirtioInput.type(kind))
        try change(&values)
        return VirtioInput(kind, values, hub: hub)
    }

    private func drive(_ device: VirtioInput) throws -> RingDriver { try RingDriver(device, features: 0, queues: [0, 1], legacy: false) }

    private func event(_ type: UInt16, _ code: UInt16, _ value: Int32) -> [UInt8] {
        let bits = UInt64(type) | UInt64(code) << 16 | UInt64(UInt32(bitPattern: value)) << 32
        return (0..<8).map { UInt8(truncatingIfNeeded: bits >> UInt64(8 * $0)) }
    }

    private func key(_ name: String) throws -> Key { try #require(Key.named(name)) }

    /// What the device says of a subject.
    private func asked(_ device: VirtioInput, _ select: UInt8, _ subselect: UInt8 = 0) -> [UInt8] {
        device.writeConfiguration(0, [select, subselect])
        let bytes = device.configuration
        #expect(bytes.count == 136)
        return Array(bytes[8..<8 + Int(bytes[2])])
    }

    @Test func whatDevicesSayOfThemselves() throws {
        let keyboard = try make(.keyboard) { try $0.set("serial", text: "42") }
        #expect(asked(keyboard, 1) == Array("QEMU Virtio Keyboard".utf8) && asked(keyboard, 2) == Array("42".utf8))
        #expect(asked(keyboard, 3) == [6, 0, 0x27, 6, 1, 0, 1, 0])
        let keys = asked(keyboard, 0x11, 1)
        #expect(keys[30 / 8] >> 6 & 1 == 1 && keys[0] & 1 == 0, "there is a key A, and none of the number 0")
        #expect(asked(keyboard, 0x11, 0x11) == [7] && asked(keyboard, 0x11, 0x14) == [3] && asked(keyboard, 0x11, 2).isEmpty)
        let tablet = try make(.tablet)
        #expect(asked(tablet, 0x11, 3) == [3] && asked(tablet, 0x11, 2) == [0, 1])
        #expect(Array(asked(tablet, 0x12, 1)[4..<8]) == [0xff, 0x7f, 0, 0] && asked(tablet, 0x12, 2).isEmpty)
        let mouse = try make(.mouse) { try $0.set("wheel-axis", text: "off") }
        #expect(asked(mouse, 0x11, 2) == [3] && asked(mouse, 0x77).isEmpty)
    }

    @Test func keysArrive() throws {
        let keyboard = try make(.keyboard)
        hub.send([.key(try key("a"), isDown: true)])
        let driver = try drive(keyboard)
        for _ in 0..<3 { driver.offer(0) }
        #expect(driver.taken(0).isEmpty, "nobody listened")
        hub.send([.key(try key("a"), isDown: true)])
        #expect(driver.taken(0) == [event(1, 30, 1), event(0, 0, 0)])
        hub.send([.key(try key("shift"), isDown: false)])
        #expect(driver.taken(0) == [event(1, 42, 0)])
        driver.offer(0)
        #expect(driver.taken(0) == [event(0, 0, 0)], "events wait for buffers")
    }

    /// A driver that gives no buffers gets what has been kept for it, in whole batches, and nothing breaks.
    @Test func eventsThatNobodyTakes() throws {
        let keyboard = try make(.keyboard)
        let driver = try drive(keyboard)
        for _ in 0..<1000 { hub.send([.key(try key("a"), isDown: true)]) }
        var taken: [[UInt8]] = []
        for _ in 0..<100 {
            for _ in 0..<8 { driver.offer(0) }
            let new = driver.taken(0)
            if new.isEmpty { break }
            taken += new
        }
        #expect(taken.count == 256 && taken.last == event(0, 0, 0) && driver.get(0x70) & 64 == 0)
    }

    @Test func lightsAndNonsense() throws {
        let keyboard = try make(.keyboard)
        let driver = try drive(keyboard)
        driver.offer(1, event(0x11, 1, 1))
        driver.offer(1, event(0x11, 9, 1))
        driver.offer(1, [1, 2, 3])
        #expect(keyboard.lights == 2 && driver.taken(1).count == 3)
        driver.offer(1, event(0x11, 1, 0))
        #expect(keyboard.lights == 0)
        driver.offer(0, at: 1 << 40, readable: false)
        hub.send([.key(try key("a"), isDown: true)])
        #expect(driver.get(0x70) & 64 != 0, "a buffer outside of memory: it needs a reset")
    }

    @Test func theWheelTurns() throws {
        let mouse = try make(.mouse)
        let driver = try drive(mouse)
        for _ in 0..<8 { driver.offer(0) }
        hub.send([.relative(.x, -3), .button(.left, isDown: true), .button(.wheelDown, isDown: true), .button(.wheelDown, isDown: false)])
        #expect(driver.taken(0) == [event(2, 0, -3), event(1, 0x110, 1), event(2, 8, -1), event(0, 0, 0)])
    }

    /// Whoever the guest has begun to listen to last comes first, and only for what it takes.
    @Test func whoGetsEvents() throws {
        let mouse = try make(.mouse), tablet = try make(.tablet)
        #expect(hub.pointers.map(\.number) == [0, 1] && !hub.isAbsolute)
        let (mouseDriver, tabletDriver) = (try drive(mouse), try drive(tablet))
        for _ in 0..<8 {
            mouseDriver.offer(0)
            tabletDriver.offer(0)
        }
        #expect(hub.pointers.map(\.number) == [1, 0] && hub.isAbsolute)
        hub.send([.absolute(.x, 5), .button(.left, isDown: true), .relative(.y, 2)])
        #expect(tabletDriver.taken(0) == [event(3, 0, 5), event(1, 0x110, 1), event(0, 0, 0)])
        #expect(mouseDriver.taken(0) == [event(2, 1, 2), event(0, 0, 0)])
        #expect(PointerOrders(hub).choose(0) && !PointerOrders(hub).choose(7))
        PointerOrders(hub).press(4)
        #expect(mouseDriver.taken(0) == [event(1, 0x110, 0), event(1, 0x112, 0), event(1, 0x111, 1), event(0, 0, 0)])
        mouse.reset()
        #expect(hub.isAbsolute)
        #expect(!hub.takes(.key(try key("a"), isDown: true)))
    }

    @Test func placesAtDisplays() throws {
        let first = try make(.tablet), second = try make(.tablet) { try $0.set("display", text: "right") }
        let (firstDriver, secondDriver) = (try drive(first), try drive(second))
        for _ in 0..<8 {
            firstDriver.offer(0)
            secondDriver.offer(0)
        }
        hub.send([.absolute(.x, 1)], at: ("right", 0))
        #expect(secondDriver.taken(0).count == 2 && firstDriver.taken(0).isEmpty)
        hub.send([.absolute(.x, 1)], at: ("left", 0))
        #expect(secondDriver.taken(0).isEmpty && firstDriver.taken(0).count == 2)
    }

    @Test func keysHaveDifferentNumbers() {
        let codes = Key.all.filter { !["asterisk", "sysrq"].contains($0.name) }.map(\.code)
        #expect(Set(codes).count == codes.count && Set(Key.all.map(\.name)).count == Key.all.count)
        #expect(Key.of(scancode: 0x1e)?.name == "a" && Key.of(scancode: 0xc8)?.name == "up" && Key.of(scancode: 0xfff) == nil)
        #expect(KeySymbols.key(0x41)?.name == "a" && KeySymbols.key(0x21)?.name == "1" && KeySymbols.key(0xffc9)?.name == "f12")
        for symbol in 0x20...0x7e as ClosedRange<UInt32> { #expect(KeySymbols.key(symbol) != nil, "\(symbol)") }
    }

    @Test func pointersOfViewers() {
        var pointer = PointerTranslation()
        let size = (width: 101, height: 51)
        func move(_ x: Int, _ y: Int, _ buttons: Int, _ isAbsolute: Bool) -> [InputEvent] {
            pointer.events(x: x, y: y, buttons: buttons, width: size.width, height: size.height, isAbsolute: isAbsolute)
        }
        #expect(move(100, 0, 0, true) == [.absolute(.x, InputEvent.largest), .absolute(.y, 0)])
        #expect(move(90, 5, 1, false) == [.relative(.x, -10), .relative(.y, 5), .button(.left, isDown: true)])
        #expect(move(90, 5, 8, false) == [.button(.left, isDown: false), .button(.wheelUp, isDown: true)])
    }
}
