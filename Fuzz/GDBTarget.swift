import CPUModel
import GDBStub

/// Packets of a debugger: what is framed well goes to a session, whose answers must be packets that can be read back.
struct GDBTarget: FuzzTarget {
    private static let packets = [
        "qSupported:multiprocess+;swbreak+;fork-events+", "QStartNoAckMode", "?", "g", "G00", "p20", "P20=0000000000000000", "m1000,40",
        "M1000,2:abcd", "X1000,2:ab", "Z0,1000,4", "z0,1000,4", "Z2,1000,8", "Hgp1.1", "Hc-1", "T1", "vCont;s:p1.1;c", "vCont;C0a:1", "C0a;1000",
        "qXfer:features:read:target.xml:0,1000", "qXfer:siginfo:read::0,80", "qXfer:siginfo:write::0:abc", "qRcmd,68656c70", "qfThreadInfo",
        "qThreadExtraInfo,p1.1", "QPassSignals:e;10", "QCatchSyscalls:1;40;41", "vFile:open:2f,0,0", "vFile:pread:4,100,0", "D;1", "vKill;1",
    ]
    private let corpus: [[UInt8]]

    init(corpus: [[UInt8]]) { self.corpus = corpus + GDBTarget.packets.map { Array($0.utf8) } }

    mutating func run(_ random: RandomSource) throws -> Bool {
        var mutator = Mutator(random: random)
        let machine = Machine()
        var session = DebugSession(thread: 1)
        var isAnswered = false
        for _ in 0..<8 {
            let content = mutator.mutate(corpus[mutator.random.below(corpus.count)])
            let framed = mutator.random.below(4) == 0 ? mutator.mutate(PacketCoding.packet(content)) : PacketCoding.packet(content)
            var reader = PacketReader()
            for byte in framed {
                guard case .packet(let packet) = reader.take(byte) else { continue }
                _ = DebugSession.process(of: packet)
                if case .reply(let reply) = session.handle(packet, machine), !reply.isEmpty {
                    isAnswered = true
                    try check(reply)
                }
            }
        }
        return isAnswered
    }

    private enum Failure: Error { case unreadable([UInt8]) }

    private func check(_ reply: [UInt8]) throws {
        var reader = PacketReader()
        let items = PacketCoding.packet(reply).compactMap { reader.take($0) }
        guard items.count == 1, case .packet(let read)? = items.first, read == PacketCoding.unescaped(reply) else { throw Failure.unreadable(reply) }
    }

    /// One thread, four registers, a page of memory.
    private final class Machine: DebugTarget {
        let registers = DebugRegisterTable(
            architecture: "riscv:rv64", watchesStopBefore: false, expedited: ["pc"],
            [DebugFeature("org.gnu.gdb.riscv.cpu", ["zero", "ra", "sp", "pc"].map { DebugRegister($0, bits: 64, type: "int", group: "general") })])
        let process = 1
        let isAttached = true
        let abilities: [String] = []
        let threads = [1]
        private var values = [[UInt8]](repeating: [UInt8](repeating: 0, count: 8), count: 4)
        private var memory = [UInt8](repeating: 0x23, count: 4096)

        func threadName(_ thread: Int) -> String { "fuzz" }
        func register(_ number: Int, of thread: Int) -> [UInt8]? { values[number] }
        func setRegister(_ number: Int, of thread: Int, _ bytes: [UInt8]) { values[number] = bytes }
        func readMemory(_ address: UInt64, _ count: Int, of thread: Int) -> [UInt8] {
            address < 4096 ? Array(memory[Int(address)...].prefix(count)) : []
        }
        func writeMemory(_ address: UInt64, _ bytes: [UInt8], of thread: Int) -> Bool {
            guard address < 4096, bytes.count <= 4096 - Int(address) else { return false }
            memory.replaceSubrange(Int(address)..<Int(address) + bytes.count, with: bytes)
            return true
        }
        func insert(_ point: DebugPoint) -> Bool { true }
        func remove(_ point: DebugPoint) {}
        func object(_ name: String, thread: Int) -> [UInt8]? { name == "siginfo" ? [UInt8](repeating: 0x7d, count: 128) : nil }
        func setSignalInformation(_ offset: Int, _ bytes: [UInt8], thread: Int) -> Bool { offset <= 128 && bytes.count <= 128 - offset }
        func setPassedSignals(_ signals: Set<Int32>) {}
        func setCaughtCalls(_ calls: CaughtCalls) {}
        func hostPath(_ path: String) -> String { "/proc/self/nothing" }
        func monitor(_ command: String) -> String? { nil }
    }
}
