import DeviceModel
import EventLoop
import Input
import PlatformDevices
import Testing

/// PS/2 devices in the sockets of a PL050.
@Suite struct PS2Tests {
    private let hub: InputHub
    private let keyboard = PS2Keyboard(), mouse = PS2Mouse()
    private let keys: PL050, moves: PL050

    init() throws {
        hub = InputHub(loop: try EventLoop())
        (keys, moves) = (PL050(keyboard), PL050(mouse))
        for (socket, device) in [(keys, keyboard), (moves, mouse)] as [(PL050, any PS2Device)] {
            device.plug(into: hub)
            socket.reset()
            _ = socket.write(0, value: 0x14, size: 4)
        }
    }

    /// What has come, until nothing is left.
    private func received(_ socket: PL050) -> [UInt8] {
        var bytes: [UInt8] = []
        while socket.read(4, size: 4).value & 1 << 4 != 0 {
            let isOdd = socket.read(4, size: 4).value & 1 << 2 == 0
            bytes.append(UInt8(socket.read(8, size: 4).value))
            #expect(bytes.last.map { $0.nonzeroBitCount % 2 != 0 } == isOdd, "the parity bit")
        }
        return bytes
    }

    private func send(_ socket: PL050, _ bytes: UInt8...) -> [UInt8] {
        bytes.flatMap { byte -> [UInt8] in
            _ = socket.write(8, value: UInt64(byte), size: 4)
            return received(socket)
        }
    }

    private func press(_ name: String) throws -> [UInt8] {
        let key = try #require(Key.named(name))
        hub.send([.key(key, isDown: true)])
        hub.send([.key(key, isDown: false)])
        return received(keys)
    }

    @Test func keyboardCommands() {
        #expect(send(keys, 0xff) == [0xfa, 0xaa] && send(keys, 0xf2) == [0xfa, 0xab, 0x83] && send(keys, 0xee) == [0xee])
        #expect(send(keys, 0xed, 7) == [0xfa, 0xfa] && send(keys, 0xf3, 0x2b) == [0xfa, 0xfa])
        #expect(send(keys, 0xf0, 0) == [0xfa, 0xfa, 2] && send(keys, 0xf0, 5) == [0xfa, 0xfe] && send(keys, 0x11) == [0xfe])
        _ = keys.write(8, value: 0xf4, size: 4)
        #expect(keys.interrupt.level && keys.read(0x10, size: 4).value == 1)
        #expect(received(keys) == [0xfa] && !keys.interrupt.level)
        #expect(send(keys, 0xfe) == [0xfa], "the last byte again")
    }

    /// The same keys in the three sets.
    @Test func scanCodes() throws {
        #expect(try press("a") == [0x1c, 0xf0, 0x1c] && press("up") == [0xe0, 0x75, 0xe0, 0xf0, 0x75])
        #expect(try press("pause") == [0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77] && press("f12") == [0x07, 0xf0, 0x07])
        #expect(send(keys, 0xf0, 1) == [0xfa, 0xfa])
        #expect(try press("a") == [0x1e, 0x9e] && press("up") == [0xe0, 0x48, 0xe0, 0xc8] && press("print").count == 8)
        #expect(send(keys, 0xf0, 3) == [0xfa, 0xfa])
        #expect(try press("a") == [0x1c, 0xf0, 0x1c] && press("up") == [0x63, 0xf0, 0x63] && press("ctrl") == [0x11, 0xf0, 0x11])
        #expect(send(keys, 0xf5) == [0xfa])
        #expect(try press("a") == [], "switched off")
    }

    /// All keys that PCs have tell something in the first two sets, and no two the same.
    @Test(arguments: [1, 2] as [UInt8]) func everyKey(set: UInt8) throws {
        #expect(send(keys, 0xf0, set) == [0xfa, 0xfa])
        var seen: [[UInt8]: String] = [:]
        for key in Key.all where key.scancode != nil {
            let bytes = try press(key.name)
            #expect(!bytes.isEmpty && seen[bytes] == nil, "\(key.name) is like \(seen[bytes] ?? "nothing")")
            seen[bytes] = key.name
        }
    }

    /// A queue that nobody reads takes whole keys only.
    @Test func fullQueue() throws {
        let key = try #require(Key.named("up"))
        for _ in 0..<500 { hub.send([.key(key, isDown: true), .key(key, isDown: false)]) }
        let bytes = received(keys)
        #expect(bytes.count <= 256 && bytes.count % 5 != 1 && bytes.prefix(5) == [0xe0, 0x75, 0xe0, 0xf0, 0x75])
        #expect(try press("a") == [0x1c, 0xf0, 0x1c])
    }

    @Test func mouseCommands() {
        #expect(send(moves, 0xff) == [0xfa, 0xaa, 0] && send(moves, 0xf2) == [0xfa, 0])
        #expect(send(moves, 0xe8, 3, 0xf3, 40, 0xe7, 0xe9) == [0xfa, 0xfa, 0xfa, 0xfa, 0xfa, 0xfa, 0x10, 3, 40])
        #expect(send(moves, 0xe8, 9) == [0xfa, 0xfe] && send(moves, 0xee, 0x55, 0xec) == [0xfa, 0x55, 0xfa])
        #expect(send(moves, 0xf3, 200, 0xf3, 100, 0xf3, 80, 0xf2).suffix(2) == [0xfa, 3])
        #expect(send(moves, 0xf3, 200, 0xf3, 200, 0xf3, 80, 0xf2).suffix(2) == [0xfa, 4])
    }

    /// Moves of three bytes; up is positive; what does not fit into one follows. With a wheel there are four.
    @Test func moving() {
        hub.send([.relative(.x, 5)])
        #expect(received(moves) == [], "not switched on")
        #expect(send(moves, 0xf4) == [0xfa])
        hub.send([.relative(.x, 5), .relative(.y, 3)])
        #expect(received(moves) == [0x28, 5, 0xfd])
        hub.send([.button(.left, isDown: true)])
        hub.send([.button(.left, isDown: false), .button(.middle, isDown: true)])
        #expect(received(moves) == [0x09, 0, 0, 0x0c, 0, 0])
        hub.send([.relative(.x, -300), .button(.middle, isDown: false)])
        #expect(received(moves) == [0x18, 1, 0, 0x18, 0xd3, 0])
        _ = send(moves, 0xf3, 200, 0xf3, 100, 0xf3, 80)
        hub.send([.button(.wheelUp, isDown: true), .button(.wheelUp, isDown: false)])
        #expect(received(moves) == [8, 0, 0, 0xff])
        // Asked for alone.
        #expect(send(moves, 0xf0) == [0xfa])
        hub.send([.relative(.x, 1)])
        #expect(received(moves) == [] && send(moves, 0xeb) == [0xfa, 8, 1, 0, 0])
    }

    /// While the interface is off or holds the clock, bytes wait.
    @Test func heldClock() throws {
        _ = keys.write(0, value: 0x15, size: 4)
        #expect(try press("a") == [])
        _ = keys.write(0, value: 0x14, size: 4)
        #expect(keys.interrupt.level && received(keys) == [0x1c, 0xf0, 0x1c])
    }
}
