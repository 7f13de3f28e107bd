import GDBStub
import Testing

@Suite struct PacketTests {
    private func items(_ text: String) -> [PacketReader.Item] { items(Array(text.utf8)) }

    private func items(_ bytes: [UInt8]) -> [PacketReader.Item] {
        var reader = PacketReader()
        return bytes.compactMap { reader.take($0) }
    }

    @Test func packetsAreTakenApart() {
        #expect(items("+$m1000,4#8e-\u{3}") == [.acknowledgement, .packet(Array("m1000,4".utf8)), .retransmission, .interrupt])
        #expect(items("$#00") == [.packet([])])
        #expect(items("noise$g#67") == [.packet(Array("g".utf8))])
    }

    @Test(arguments: ["$g#68", "$g#6x", "$g#zz", "$}#7d", "$*a#8b", "$a*#8b"])
    func damageIsTold(text: String) { #expect(items(text) == [.damaged]) }

    @Test func aPacketThatIsCutOffGivesWay() {
        #expect(items("$m10") == [])
        #expect(items("$m10$g#67") == [.packet(Array("g".utf8))])
    }

    @Test func tooLongIsDamaged() {
        let long = [UInt8](repeating: 0x61, count: PacketReader.most + 1)
        let sum = long.reduce(UInt8(0), &+)
        let digits = Array(String(sum, radix: 16).utf8)
        #expect(items(Array("$".utf8) + long + Array("#".utf8) + (digits.count == 1 ? [0x30] : []) + digits) == [.damaged])
        // A run may not grow beyond it either.
        #expect(PacketCoding.unescaped(Array(String(repeating: "a*~", count: 400).utf8)) == nil)
    }

    @Test func escapesAndRunsAreUndone() {
        #expect(PacketCoding.unescaped(Array("0*\"".utf8)) == Array("000000".utf8))
        #expect(PacketCoding.unescaped([0x7d, 0x03, 0x7d, 0x5d]) == Array("#}".utf8))
        #expect(PacketCoding.unescaped(Array("*\"".utf8)) == nil)
    }

    @Test(arguments: 0...220)
    func runsOfAnyLengthComeBack(length: Int) throws {
        let text = Array("ab".utf8) + [UInt8](repeating: 0x30, count: length) + Array("c".utf8)
        let packet = PacketCoding.packet(text)
        #expect(items(packet) == [.packet(text)])
        #expect(packet.count <= text.count + 4)
        // These would end the packet or begin another one.
        #expect(!packet.dropFirst().dropLast(3).contains { $0 == UInt8(ascii: "#") || $0 == UInt8(ascii: "$") })
    }

    @Test func signalsHaveTwoNumbers() {
        #expect(SignalNumbers.gdb(10) == 30 && SignalNumbers.gdb(17) == 20 && SignalNumbers.gdb(7) == 10 && SignalNumbers.gdb(34) == 46)
        for signal in Int32(0)...64 where signal != 16 { #expect(SignalNumbers.linux(UInt64(SignalNumbers.gdb(signal))) == signal) }
        #expect(SignalNumbers.linux(143) == nil && SignalNumbers.linux(.max) == nil)
    }
}
