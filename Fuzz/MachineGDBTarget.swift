import GDBStub
import MachineDebugger

/// Packets for a machine's debugger: every answer is a packet that can be read back, and registers and memory stay what they are in size.
struct MachineGDBTarget: FuzzTarget {
    private static let packets = [
        "qSupported:multiprocess+;swbreak+", "QStartNoAckMode", "?", "g", "p20", "p44", "p45", "P45=8000000000000000", "P20=0000008000000000",
        "P50=ffffffffffffffff", "m80000000,40", "m1000,8", "m10000000,4", "M80000000,4:01020304", "X80000ffe,4:abcd", "M20000000,1:00",
        "Z0,80000000,2", "z0,80000000,2", "Z1,80000004,4", "Z2,80000000,8", "Z4,ffffffffffffffff,ffffffff", "z2,80000000,8", "Hgp1.2", "Hc-1", "T2",
        "vCont;s:1;c", "vCont;c:2", "c", "s", "C02", "S05;80000000", "qRcmd,68656c70", "qfThreadInfo", "qThreadExtraInfo,2",
        "qXfer:features:read:target.xml:0,ffff", "qXfer:threads:read::0,100", "Qqemu.PhyMemMode:1", "Qqemu.PhyMemMode:0", "qqemu.sstep",
        "Qqemu.sstep=7", "vFile:open:2f,0,0", "D", "vKill;1",
    ]
    private let corpus: [[UInt8]]
    private let session: FuzzSession

    init(corpus: [[UInt8]]) throws {
        self.corpus = corpus + MachineGDBTarget.packets.map { Array($0.utf8) }
        session = try FuzzSession()
    }

    private enum Failure: Error { case unreadable([UInt8]) }

    mutating func run(_ random: RandomSource) throws -> Bool {
        var mutator = Mutator(random: random)
        session.machine.reset()
        session.runState = .running
        let peer = FuzzPeer()
        let server = DebugServer(peer, machine: session)
        server.handle(.opened)
        session.settle()
        var isAnswered = false
        for _ in 0..<12 {
            let content = mutator.mutate(corpus[mutator.random.below(corpus.count)])
            let framed = mutator.random.below(4) == 0 ? mutator.mutate(PacketCoding.packet(content)) : PacketCoding.packet(content)
            peer.send(framed, then: session.settle)
            let heard = peer.takeHeard()
            if try check(heard) { isAnswered = true }
        }
        server.close()
        session.settle()
        return isAnswered
    }

    /// Whether there is a packet in what has been said; there must be nothing but packets and acknowledgements.
    private func check(_ said: [UInt8]) throws -> Bool {
        var reader = PacketReader()
        var isPacket = false
        for byte in said {
            switch reader.take(byte) {
            case .packet: isPacket = true
            case .damaged, .interrupt: throw Failure.unreadable(said)
            case .acknowledgement, .retransmission, nil: break
            }
        }
        return isPacket
    }
}
