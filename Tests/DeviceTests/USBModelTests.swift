import DeviceModel
import EventLoop
import Input
import ObjectModel
import SCSI
import Snapshot
import Testing
import USB
import USBDevices

/// Chapter 9 of USB 2.0, and what human interface devices report.
@Suite struct USBModelTests {
    private let loop: EventLoop
    private let hub: InputHub

    init() throws {
        loop = try EventLoop()
        loop.setVirtualClockPaused(true)
        hub = InputHub(loop: loop)
    }

    private func make(_ kind: HIDKind, _ change: (inout PropertyValues) throws -> Void = { _ in }) throws -> (HIDDevice, USBHost) {
        var values = PropertyValues(kind.type)
        try change(&values)
        let device = HIDDevice(kind, values, hub: hub, loop: loop)
        return (device, USBHost(device))
    }

    private func key(_ name: String) throws -> Key { try #require(Key.named(name)) }

    // MARK: Chapter 9

    @Test func descriptorsFollowFromTheDeclaration() throws {
        let (_, host) = try make(.keyboard)
        let device = host.control([0x80, 6, 0, 1, 0, 0, 0xff, 0])
        #expect(device == [18, 1, 0, 2, 0, 0, 0, 64, 0x27, 6, 1, 0, 0, 0, 1, 2, 3, 1])
        let all = try #require(host.control([0x80, 6, 0, 2, 0, 0, 0xff, 0]))
        #expect(all.count == Int(all[2]) && all.prefix(9) == [9, 2, 34, 0, 1, 1, 0, 0xa0, 50])
        #expect(all[9..<18] == [9, 4, 0, 0, 1, 3, 1, 1, 0] && all[18..<20] == [9, 0x21] && all[27...] == [7, 5, 0x81, 3, 8, 0, 7])
        #expect(host.control([0x80, 6, 0, 3, 0, 0, 0xff, 0]) == [4, 3, 9, 4])
        #expect(host.control([0x80, 6, 2, 3, 9, 4, 0xff, 0])?.prefix(6) == [36, 3, 81, 0, 69, 0])
        #expect(host.control([0x80, 6, 9, 3, 9, 4, 0xff, 0]) == nil)
        #expect(host.control([0x80, 6, 0, 6, 0, 0, 10, 0]) == [10, 6, 0, 2, 0, 0, 0, 64, 1, 0], "the qualifier")
        #expect(host.control([0x80, 6, 0, 7, 0, 0, 0xff, 0])?.suffix(7) == [7, 5, 0x81, 3, 8, 0, 10], "the other speed")
        #expect(host.control([0x80, 6, 0, 15, 0, 0, 5, 0]) == nil, "objects of SuperSpeed")
        let report = try #require(host.control([0x81, 6, 0, 0x22, 0, 0, 0xff, 0]))
        #expect(report.count == Int(all[25]))
        let (_, old) = try make(.mouse) { try $0.set("usb_version", text: "1") }
        #expect(old.port.device?.function.speed == .full && old.control([0x80, 6, 0, 6, 0, 0, 10, 0]) == nil)
    }

    @Test func statesOfADevice() throws {
        let (device, host) = try make(.tablet)
        #expect(host.control([0, 9, 1, 0, 0, 0, 0, 0]) == nil, "no configuration without an address")
        #expect(host.input(1, 8) == .silent)
        host.configure()
        #expect(device.function.address == 7 && host.control([0x80, 8, 0, 0, 0, 0, 1, 0]) == [1])
        #expect(host.control([0, 9, 2, 0, 0, 0, 0, 0]) == nil)
        #expect(host.control([0x81, 10, 0, 0, 0, 0, 1, 0]) == [0] && host.control([0x81, 10, 0, 0, 1, 0, 1, 0]) == nil)
        #expect(host.control([1, 11, 0, 0, 0, 0, 0, 0]) == [] && host.control([1, 11, 1, 0, 0, 0, 0, 0]) == nil)
        #expect(host.control([0, 9, 0, 0, 0, 0, 0, 0]) == [] && host.control([0x80, 8, 0, 0, 0, 0, 1, 0]) == [0])
        device.function.resetByPort()
        #expect(device.function.address == 0)
        host.isOn = false
        #expect(device.function.setUp([0x80, 8, 0, 0, 0, 0, 1, 0]) == .silent)
    }

    @Test func featuresAreSetAndCleared() throws {
        let (device, host) = try make(.keyboard)
        host.configure()
        #expect(host.control([0x80, 0, 0, 0, 0, 0, 2, 0]) == [0, 0])
        #expect(host.control([0, 3, 1, 0, 0, 0, 0, 0]) == [] && host.control([0x80, 0, 0, 0, 0, 0, 2, 0]) == [2, 0])
        #expect(host.control([2, 3, 0, 0, 0x81, 0, 0, 0]) == [] && host.control([0x82, 0, 0, 0, 0x81, 0, 2, 0]) == [1, 0])
        #expect(host.input(1, 8) == .stall)
        #expect(host.control([2, 1, 0, 0, 0x81, 0, 0, 0]) == [] && host.input(1, 8) == .nak)
        #expect(host.control([2, 3, 0, 0, 0x82, 0, 0, 0]) == nil && host.control([0, 3, 2, 0, 0, 1, 0, 0]) == nil)
        device.function.suspend(true)
        hub.send([.key(try key("x"), isDown: true)])
        #expect(host.wakes == 1)
        #expect(host.control([0, 1, 1, 0, 0, 0, 0, 0]) == [])
        hub.send([.key(try key("x"), isDown: false)])
        #expect(host.wakes == 1)
    }

    @Test func stagesInAWrongOrderStall() throws {
        let (device, host) = try make(.keyboard)
        host.configure()
        let function = device.function
        #expect(function.controlStatus(isInput: true) == .stall)
        _ = function.setUp([0x80, 8, 0, 0, 0, 0, 1, 0])
        #expect(function.controlOutput([1]) == .stall)
        _ = function.setUp([0x21, 9, 0, 2, 0, 0, 1, 0])
        #expect(function.controlInput(room: 1) == .stall && function.controlOutput([1, 2]) == .stall)
        #expect(function.controlStatus(isInput: true) == .stall)
        _ = function.setUp([0x21, 9, 0, 2, 0, 0, 1, 0])
        #expect(function.controlStatus(isInput: true) == .stall, "without its data")
        _ = function.setUp([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])
        #expect(function.controlInput(room: 8) == .stall)
    }

    // MARK: Reports

    @Test func sixKeysAndNoMore() throws {
        let (_, host) = try make(.keyboard)
        host.configure()
        let keys = try ["shift", "a", "b", "c", "d", "e", "f", "g"].map(key)
        for key in keys { hub.send([.key(key, isDown: true)]) }
        var last: USBHandshake = .nak
        for _ in keys.dropLast() { last = host.input(1, 8) }
        #expect(last == .ack([2, 0, 4, 5, 6, 7, 8, 9]))
        #expect(host.input(1, 8) == .ack([2, 0, 1, 1, 1, 1, 1, 1]) && host.input(1, 8) == .nak)
        for key in keys { hub.send([.key(key, isDown: false)]) }
        for _ in keys { last = host.input(1, 8) }
        #expect(last == .ack([0, 0, 0, 0, 0, 0, 0, 0]))
        for _ in 0..<1000 { hub.send([.key(keys[1], isDown: true), .key(keys[1], isDown: false)]) }
        for _ in 0..<64 { last = host.input(1, 8) }
        #expect(last == .ack([0, 0, 0, 0, 0, 0, 0, 0]) && host.input(1, 8) == .nak, "no key is left pressed")
    }

    @Test func lightsIdleAndProtocol() throws {
        let (_, host) = try make(.keyboard)
        host.configure()
        #expect(host.control([0x21, 9, 0, 2, 0, 0, 1, 0], [3]) == [] && host.control([0x21, 9, 0, 1, 0, 0, 1, 0], [3]) == nil)
        #expect(host.control([0xa1, 1, 0, 1, 0, 0, 8, 0]) == [UInt8](repeating: 0, count: 8))
        #expect(host.control([0x21, 10, 0, 10, 0, 0, 0, 0]) == [] && host.control([0xa1, 2, 0, 0, 0, 0, 1, 0]) == [10])
        #expect(host.input(1, 8) == .nak)
        #expect(host.control([0xa1, 3, 0, 0, 0, 0, 1, 0]) == [1])
        #expect(host.control([0x21, 11, 0, 0, 0, 0, 0, 0]) == [] && host.control([0xa1, 3, 0, 0, 0, 0, 1, 0]) == [0])
        let (_, tablet) = try make(.tablet)
        tablet.configure()
        #expect(tablet.control([0xa1, 3, 0, 0, 0, 0, 1, 0]) == nil, "tablets have no boot protocol")
    }

    @Test func pointersMove() throws {
        let (mouse, host) = try make(.mouse)
        host.configure()
        hub.send([.relative(.x, 300), .relative(.y, -5)])
        #expect(host.input(1, 4) == .ack([0, 127, 0xfb, 0]) && host.input(1, 4) == .ack([0, 127, 0, 0]) && host.input(1, 4) == .ack([0, 46, 0, 0]))
        hub.send([.button(.left, isDown: true)])
        hub.send([.relative(.x, 1)])
        hub.send([.relative(.x, 2)])
        hub.send([.button(.left, isDown: false), .button(.wheelUp, isDown: true)])
        #expect(host.input(1, 4) == .ack([1, 3, 0, 0]) && host.input(1, 4) == .ack([0, 0, 0, 1]) && host.input(1, 4) == .nak)
        #expect(host.control([0x21, 11, 0, 0, 0, 0, 0, 0]) == [])
        hub.send([.relative(.x, 1)])
        #expect(host.input(1, 4) == .ack([0, 1, 0]), "three bytes by boot protocol")
        #expect(mouse.inputName == "QEMU USB Mouse")
        let (_, tablet) = try make(.tablet)
        tablet.configure()
        hub.send([.absolute(.x, 0x1234), .absolute(.y, 0x7fff), .button(.right, isDown: true)])
        #expect(tablet.input(1, 6) == .ack([2, 0x34, 0x12, 0xff, 0x7f, 0]) && tablet.input(1, 6) == .nak)
        #expect(hub.isAbsolute)
    }

    @Test func stateMoves() throws {
        for kind in HIDKind.allCases {
            let (device, host) = try make(kind)
            host.configure()
            hub.send([.key(try key("q"), isDown: true)])
            hub.send([.absolute(.x, 5), .button(.left, isDown: true)])
            hub.send([.relative(.x, 5)])
            let saved = DeviceSnapshot.save([device])
            let (other, second) = try make(kind)
            try DeviceSnapshot.restore([other], from: saved)
            #expect(DeviceSnapshot.save([other]) == saved)
            #expect(second.input(1, 8) == host.input(1, 8))
        }
    }
}
