import AddressSpace
import CommandLine
import Foundation
import HostOS
import JSON
import MachineModel
import Migration
import Templates
import Testing

/// Files of machines that are mapped, and templates made of them.
@Suite struct TemplateTests {
    private let guest = "riscv64"

    private final class Folder {
        let path = "/var/tmp/apus-template-\(UUID())"
        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false) }
        deinit { try? FileManager.default.removeItem(atPath: path) }

        /// The description of a template of which the machine is there already.
        func describe(_ options: [[String]], disks: [JSONValue] = []) throws {
            let size = try HostFile("\(path)/machine", .readOnly).size()
            let whole: JSONValue = [
                "format": 1, "emulator": "Apus", "guest": "riscv64", "options": .array(options.map { .array($0.map { .string($0) }) }),
                "machine": ["size": JSONValue(size), "modified": 0], "disks": .array(disks),
            ]
            try Data(whole.text().utf8).write(to: URL(filePath: "\(path)/template.json"))
        }
    }

    private func source() throws -> Machine {
        let machine = try Machines.tiny(guest)
        machine.memory.write(0x3ffe, [1, 2, 3, 4])
        machine.memory.write(0xf000, [5])
        machine.cpus[0].header.pc = 0x4000
        machine.loop.setVirtualTime(1_000_000)
        return machine
    }

    private func load(_ path: String, into machine: Machine) throws {
        _ = try MappedMachine(path).load(into: machine, guest: guest, setTime: machine.loop.setVirtualTime)
    }

    @Test func aMachineIsMapped() throws {
        let folder = try Folder()
        let (machine, path) = (try source(), "\(folder.path)/machine")
        try MappedMachine.write(machine, guest: guest, state: .running, to: path)
        #expect(MappedMachine.isOne(path))
        let copies = try (0..<3).map { _ in
            let copy = try Machines.tiny(guest)
            copy.memory.write(0x8000, [9, 9])
            try load(path, into: copy)
            return copy
        }
        for copy in copies {
            #expect(copy.memory.read(0, count: 0x1_0000) == machine.memory.read(0, count: 0x1_0000))
            #expect(MachineState.save(copy) == MachineState.save(machine) && copy.cpus[0].header.pc == 0x4000)
        }
        copies[0].memory.write(0x4000, [7])
        #expect(copies[1].memory.read(0x4000, count: 1) == [3] && machine.memory.read(0x4000, count: 1) == [3], "what one writes is its own")
        let late = try Machines.tiny(guest)
        try load(path, into: late)
        #expect(late.memory.read(0x3ffe, count: 4) == [1, 2, 3, 4], "and not the file's")
        // A name that the file has no more does not end it.
        try FileManager.default.removeItem(atPath: path)
        #expect(copies[2].memory.read(0xf000, count: 1) == [5])
    }

    @Test func aTornFileIsRefusedWhereverItIsTorn() throws {
        let folder = try Folder()
        let path = "\(folder.path)/machine", torn = "\(folder.path)/torn"
        try MappedMachine.write(try source(), guest: guest, state: .running, to: path)
        let whole = [UInt8](try Data(contentsOf: URL(filePath: path)))
        let victim = try Machines.tiny(guest)
        for count in Array(0..<400) + Array(stride(from: 400, to: whole.count, by: 997)) + [whole.count - 1] {
            try Data(whole.prefix(count)).write(to: URL(filePath: torn))
            #expect(throws: MigrationError.self, "\(count) bytes") { try load(torn, into: victim) }
        }
        try Data([UInt8](repeating: 0, count: 12) + whole.dropFirst(12)).write(to: URL(filePath: torn))
        #expect(!MappedMachine.isOne(torn))
        do {
            try load(torn, into: victim)
            Issue.record("accepted")
        } catch { #expect("\(error)".contains("not written to its end")) }
        #expect(throws: MigrationError.self, "another machine") { try load(path, into: try Machines.tiny("aarch64")) }
    }

    @Test func aChangedBitOfWhatIsNotMemoryIsNoticed() throws {
        let folder = try Folder()
        let path = "\(folder.path)/machine", changed = "\(folder.path)/changed"
        try MappedMachine.write(try source(), guest: guest, state: .running, to: path)
        let whole = [UInt8](try Data(contentsOf: URL(filePath: path)))
        let victim = try Machines.tiny(guest)
        // The beginning up to the zeros behind it, and the state behind 64 KiB of memory.
        let beginning = try #require((12..<0x1_0000).first { place in whole[place..<0x1_0000].allSatisfy { $0 == 0 } })
        for place in Array(0..<beginning) + Array(0x2_0000..<whole.count) {
            var bytes = whole
            bytes[place] ^= 1 << UInt8(place % 8)
            try Data(bytes).write(to: URL(filePath: changed))
            #expect(throws: MigrationError.self, "byte \(place)") { try load(changed, into: victim) }
        }
    }

    // MARK: Templates

    private func template(_ folder: Folder, _ options: [[String]]) throws -> Template {
        try MappedMachine.write(try source(), guest: guest, state: .running, to: "\(folder.path)/machine")
        try folder.describe(options)
        return try Template(folder.path)
    }

    private func merged(_ kept: [[String]], _ own: String...) throws -> [String] {
        let template = try template(try Folder(), kept)
        return try template.options(with: try ParsedCommandLine(["-clone", "x"] + own)).options.map { "\($0.name) \($0.value)" }
    }

    @Test func aCloneHasItsOwnSurroundings() throws {
        let kept = [
            ["machine", "virt"], ["chardev", "null,id=c"], ["netdev", "user,id=n"], ["fw_cfg", "name=opt/x,string=a"], ["nic", "user"],
            ["accel", "tcg"],
        ]
        #expect(try merged(kept) == kept.map { $0.joined(separator: " ") } + ["clone x"])
        let lines = try merged(
            kept, "-chardev", "ringbuf,id=c", "-netdev", "{\"type\": \"user\", \"id\": \"n\"}", "-fw_cfg", "opt/x,string=b", "-nic", "none", "-accel",
            "interpreter", "-serial", "null", "-S")
        #expect(
            Set(lines) == [
                "machine virt", "clone x", "chardev ringbuf,id=c", "netdev {\"type\": \"user\", \"id\": \"n\"}", "fw_cfg opt/x,string=b", "nic none",
                "accel interpreter", "serial null", "S ",
            ])
        #expect(lines.count == 9, "what is its own takes the template's place")
        #expect(try merged(kept, "-netdev", "user,id=other").count == 8, "or is added")
    }

    @Test func aCloneHasItsTemplatesMachine() throws {
        for own in [
            ["-m", "1G"], ["-device", "virtio-rng-device"], ["-drive", "file=x"], ["-kernel", "x"], ["-snapshot"], ["-icount", "shift=1"],
        ] {
            #expect(throws: TemplateError.self, "\(own)") { try merged([["machine", "virt"]], own[0], own.count > 1 ? own[1] : "-S") }
        }
        #expect(throws: TemplateError.self) { try merged([["machine", "virt"]], "-nic", "user") }
    }

    @Test func whatATemplateStandsOnIsLookedAt() throws {
        let folder = try Folder()
        _ = try template(folder, [])
        let disk = "\(folder.path)/disk"
        try Data([UInt8](repeating: 1, count: 512)).write(to: URL(filePath: disk))
        let mark = try FileMark(disk)
        func describe(_ path: String, size: UInt64, modified: Int64) throws {
            let file: JSONValue = ["path": .string(path), "size": JSONValue(size), "modified": .integer(modified)]
            try folder.describe([], disks: [["path": "d", "image": .string(path), "format": "raw", "read-only": false, "files": [file]]])
        }
        try describe(disk, size: mark.size, modified: mark.modified)
        #expect(try Template(folder.path).disks.map(\.image) == [disk])
        try describe(disk, size: mark.size, modified: mark.modified - 1)
        #expect(throws: TemplateError.self, "it has been written") { try Template(folder.path) }
        try describe("disk", size: mark.size, modified: 0)
        #expect(try Template(folder.path).disks.map(\.image) == [disk], "a folder may be copied")
        try describe("disk", size: 1024, modified: 0)
        #expect(throws: TemplateError.self, "it has another size") { try Template(folder.path) }
        try describe("gone", size: 512, modified: 0)
        #expect(throws: TemplateError.self, "it is not there") { try Template(folder.path) }
    }

    @Test func itIsOfOneGuest() throws {
        let template = try template(try Folder(), [])
        try template.check(program: nil)
        try template.check(program: "riscv64")
        #expect(throws: TemplateError.self) { try template.check(program: "aarch64") }
    }
}
