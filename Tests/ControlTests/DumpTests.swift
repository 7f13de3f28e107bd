import CPUModel
import Glibc
import HostOS
import JSON
import MachineControl
import QAPI
import Testing

@Suite struct DumpTests {
    private let target: FakeSession
    private var commands = CommandTable()
    private let path = "\(environmentVariable("TMPDIR") ?? "/tmp")/apus-dump-\(processNumber)-\(UInt64.random(in: 0 ... .max))"

    init() throws {
        target = try FakeSession()
        let dump = DumpCommands(target) { _ in }
        dump.register(in: &commands)
    }

    private func dump(_ arguments: JSONObject) throws -> [UInt8] {
        var arguments = arguments
        arguments["paging"] = false
        arguments["protocol"] = .string("file:\(path)")
        _ = try commands.rows["dump-guest-memory"]?.call(arguments, from: nil).get()
        target.settle()
        defer { unlink(path) }
        return try HostFile.contents(path)
    }

    /// Header, one note and one segment by program headers, two notes of each vCPU, and the bytes of the memory asked for.
    @Test func aPartIsDumped() throws {
        target.machine.memory.write(0x8000_1000, Array("look here".utf8))
        let file = try dump(["begin": 0x8000_0ffe, "length": 16])
        #expect(file.prefix(20) == [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 243, 0])
        #expect(file.get(UInt16.self, at: 56) == 2, "program headers")
        let notes = 64 + 2 * 56
        #expect(file.word(at: 64 + 8) == UInt64(notes) && file.word(at: 64 + 56 + 16) == 0x8000_0ffe && file.word(at: 64 + 56 + 32) == 16)
        #expect(file.get(UInt32.self, at: notes + 4) == 376, "struct elf_prstatus of riscv64")
        #expect(file.word(at: notes + 20 + 112) == 0x1000, "pc")
        let start = Int(file.word(at: 64 + 56 + 8))
        #expect(file.count == start + 16 && Array(file[start + 2..<start + 11]) == Array("look here".utf8))
    }

    @Test func everythingIsDumped() throws {
        #expect(try dump([:]).count > 128 << 20)
        #expect(target.runState == .running, "it goes on")
        #expect(try dump(["detach": true, "begin": 0x8000_0000, "length": 4096]).count > 4096)
    }

    @Test(arguments: [
        ["begin": 1] as JSONObject, ["length": 1], ["begin": 0, "length": 4096], ["begin": -1, "length": 4096], ["begin": 0, "length": 0],
        ["format": "kdump-zlib", "begin": 0, "length": 4096], ["format": "win-dmp"],
    ])
    func whatCannotBeDumpedSaysSo(_ arguments: JSONObject) { #expect(throws: QAPIError.self) { try dump(arguments) } }
}
