import DeviceModel
import SCSI
import Snapshot
import Testing
import USB
import USBDevices

/// Phases of the bulk-only transport, with hosts that keep to them and hosts that do not.
@Suite struct USBStorageTests {
    private let node = NumberedDisk(sectors: 64)
    private let device: USBStorage
    private let host: USBHost

    init() {
        device = USBStorage(SCSIDisk(node: node, options: SCSIDisk.Options()), serial: "123456789012")
        host = USBHost(device)
        host.configure()
        // The first command is told of the reset.
        #expect(send(0, isInput: false, [0, 0, 0, 0, 0, 0]) == .accepted)
        #expect(host.input(1, 13) == .ack(status(0, 1)))
    }

    private func little(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) } }

    private func wrapper(_ length: UInt32, isInput: Bool, _ command: [UInt8], tag: UInt32 = 0x1234) -> [UInt8] {
        let begin = Array("USBC".utf8) + little(tag) + little(length)
        return begin + [isInput ? 0x80 : 0, 0, UInt8(command.count)] + command + [UInt8](repeating: 0, count: 16 - command.count)
    }

    private func send(_ length: UInt32, isInput: Bool, _ command: [UInt8]) -> USBHandshake {
        host.output(2, wrapper(length, isInput: isInput, command))
    }

    private func status(_ left: UInt32, _ outcome: UInt8) -> [UInt8] { Array("USBS".utf8) + little(0x1234) + little(left) + [outcome] }

    private func access(_ opcode: UInt8, _ sector: UInt8, _ count: UInt8) -> [UInt8] { [opcode, 0, 0, 0, 0, sector, 0, 0, count, 0] }

    @Test func dataComes() {
        #expect(send(1024, isInput: true, access(0x28, 3, 2)) == .accepted)
        #expect(host.input(1, 1024) == .nak)
        host.ready = []
        node.drain()
        #expect(host.ready.contains(1))
        #expect(host.input(1, 512) == .ack([UInt8](repeating: 3, count: 512)) && host.input(1, 512) == .ack([UInt8](repeating: 4, count: 512)))
        #expect(host.input(1, 13) == .ack(status(0, 0)))
    }

    @Test func dataGoes() {
        #expect(send(1024, isInput: false, access(0x2a, 5, 2)) == .accepted)
        #expect(host.output(2, [UInt8](repeating: 9, count: 512)) == .accepted && host.output(2, [UInt8](repeating: 8, count: 512)) == .accepted)
        #expect(host.input(1, 13) == .nak && host.output(2, wrapper(0, isInput: false, [0])) == .nak)
        node.drain()
        #expect(host.input(1, 13) == .ack(status(0, 0)) && node.bytes[5 * 512] == 9 && node.bytes[6 * 512] == 8)
    }

    @Test func lessThanExpected() {
        #expect(send(255, isInput: true, [0x12, 0, 0, 0, 255, 0]) == .accepted)
        guard case .ack(let bytes) = host.input(1, 255) else { return #expect(Bool(false), "an answer") }
        #expect(bytes.count == 36 && host.input(1, 13) == .ack(status(219, 0)))
        // Nothing at all: the pipe is halted, then the status comes.
        #expect(send(512, isInput: true, access(0x28, 255, 1)) == .accepted)
        #expect(host.input(1, 512) == .stall && host.input(1, 512) == .stall)
        #expect(host.control([2, 1, 0, 0, 0x81, 0, 0, 0]) == [] && host.input(1, 13) == .ack(status(512, 1)))
        #expect(send(18, isInput: true, [3, 0, 0, 0, 18, 0]) == .accepted)
        guard case .ack(let sense) = host.input(1, 18) else { return #expect(Bool(false), "an answer") }
        #expect(sense[2] == 5 && sense[12] == 0x21)
        #expect(host.input(1, 13) == .ack(status(0, 0)))
    }

    @Test(arguments: 0..<6) func wrappersThatAreNone(_ number: Int) {
        var bytes = wrapper(0, isInput: false, [0, 0, 0, 0, 0, 0])
        switch number {
        case 0: bytes[0] = 0
        case 1: bytes[13] = 1
        case 2: bytes[14] = 0
        case 3: bytes[14] = 17
        case 4: bytes.removeLast()
        default: bytes.append(0)
        }
        #expect(host.output(2, bytes) == .stall && host.input(1, 13) == .stall)
        // Only a reset helps.
        #expect(host.control([2, 1, 0, 0, 0x81, 0, 0, 0]) == [] && host.input(1, 13) == .stall)
        #expect(host.control([0x21, 0xff, 0, 0, 0, 0, 0, 0]) == [])
        #expect(host.control([2, 1, 0, 0, 0x81, 0, 0, 0]) == [] && host.control([2, 1, 0, 0, 2, 0, 0, 0]) == [])
        #expect(send(0, isInput: false, [0, 0, 0, 0, 0, 0]) == .accepted && host.input(1, 13) == .ack(status(0, 0)))
    }

    @Test func hostsThatLie() {
        // It expects data of a command that takes some, and the other way round.
        #expect(send(512, isInput: true, access(0x2a, 0, 1)) == .accepted && host.input(1, 512) == .stall)
        #expect(host.control([2, 1, 0, 0, 0x81, 0, 0, 0]) == [] && host.input(1, 13) == .ack(status(512, 1)))
        #expect(send(512, isInput: false, access(0x28, 0, 1)) == .accepted)
        #expect(host.output(2, [UInt8](repeating: 0, count: 512)) == .accepted && host.input(1, 13) == .ack(status(512, 1)))
        // More sectors than bytes.
        #expect(send(512, isInput: true, access(0x28, 0, 2)) == .accepted && host.input(1, 512) == .stall)
        #expect(host.control([2, 1, 0, 0, 0x81, 0, 0, 0]) == [] && host.input(1, 13) == .ack(status(512, 1)))
        #expect(send(0, isInput: true, access(0x28, 0, 1)) == .accepted && host.input(1, 13) == .ack(status(0, 1)))
        // Four gigabytes.
        #expect(send(.max, isInput: true, access(0x28, 0, 1)) == .accepted && host.input(1, 512) == .stall)
        #expect(host.control([2, 1, 0, 0, 0x81, 0, 0, 0]) == [] && host.input(1, 13) == .ack(status(.max, 1)))
        // More data than announced.
        #expect(send(512, isInput: false, access(0x2a, 0, 1)) == .accepted && host.output(2, [UInt8](repeating: 0, count: 513)) == .stall)
        #expect(host.control([0x21, 0xff, 0, 0, 0, 0, 0, 0]) == [])
        #expect(host.control([2, 1, 0, 0, 0x81, 0, 0, 0]) == [] && host.control([2, 1, 0, 0, 2, 0, 0, 0]) == [])
        // It listens where it should send, and has no room for a packet.
        #expect(send(512, isInput: false, access(0x2a, 0, 1)) == .accepted && host.input(1, 13) == .stall)
        #expect(host.control([0x21, 0xff, 0, 0, 0, 0, 0, 0]) == [])
        #expect(host.control([2, 1, 0, 0, 0x81, 0, 0, 0]) == [] && host.control([2, 1, 0, 0, 2, 0, 0, 0]) == [])
        #expect(send(512, isInput: true, access(0x28, 0, 1)) == .accepted)
        node.drain()
        #expect(host.input(1, 100) == .babble)
    }

    @Test func unitsAndResets() {
        #expect(host.control([0xa1, 0xfe, 0, 0, 0, 0, 1, 0]) == [0] && host.control([0xa1, 0xfe, 0, 0, 1, 0, 1, 0]) == nil)
        #expect(send(512, isInput: true, access(0x28, 1, 1)) == .accepted)
        device.function.resetByPort()
        #expect(host.input(1, 512) == .silent)
        host.configure()
        #expect(host.input(1, 512) == .nak, "the command is forgotten")
    }

    @Test func stateMovesInTheMiddle() throws {
        #expect(send(1024, isInput: true, access(0x28, 3, 2)) == .accepted)
        node.drain()
        #expect(host.input(1, 512) == .ack([UInt8](repeating: 3, count: 512)))
        let saved = DeviceSnapshot.save([device])
        let other = USBStorage(SCSIDisk(node: node, options: SCSIDisk.Options()), serial: "")
        let second = USBHost(other)
        try DeviceSnapshot.restore([other], from: saved)
        #expect(DeviceSnapshot.save([other]) == saved)
        #expect(second.input(1, 512) == .ack([UInt8](repeating: 4, count: 512)) && second.input(1, 13) == .ack(status(0, 0)))
    }

    @Test func superSpeedHasItsDescriptors() throws {
        let device = USBStorage(SCSIDisk(node: node, options: SCSIDisk.Options()), serial: "1")
        let fast = USBHost(device, speeds: Set(USBSpeed.allCases))
        #expect(device.function.speed == .superSpeed)
        #expect(fast.control([0x80, 6, 0, 1, 0, 0, 18, 0])?.prefix(8) == [18, 1, 0, 3, 0, 0, 0, 9])
        let all = try #require(fast.control([0x80, 6, 0, 2, 0, 0, 0xff, 0]))
        #expect(all.count == 9 + 9 + 2 * 13 && all[18..<31] == [7, 5, 0x81, 2, 0, 4, 0, 6, 0x30, 15, 0, 0, 0])
        let objects = try #require(fast.control([0x80, 6, 0, 15, 0, 0, 0xff, 0]))
        #expect(objects.count == 22 && objects[2] == 22 && objects[15] == 0 && objects[16] == 0x0e)
        fast.configure()
        #expect(fast.control([0, 0x30, 0, 0, 0, 0, 6, 0], [1, 2, 3, 4, 5, 6]) == [] && fast.control([0, 3, 48, 0, 0, 0, 0, 0]) == [])
        #expect(fast.control([0x80, 0, 0, 0, 0, 0, 2, 0]) == [5, 0])
    }
}
