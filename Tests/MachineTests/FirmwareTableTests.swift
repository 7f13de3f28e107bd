import Catalog
import DeviceModel
import EventLoop
import FirmwareTables
import Foundation
import MachineModel
import Testing

@Suite struct AMLTests {
    @Test func numbersAreShort() {
        #expect(AML.integer(0).bytes == [0x00])
        #expect(AML.integer(1).bytes == [0x01])
        #expect(AML.integer(0xff).bytes == [0x0a, 0xff])
        #expect(AML.integer(0x100).bytes == [0x0b, 0x00, 0x01])
        #expect(AML.integer(0x1_0000).bytes == [0x0c, 0x00, 0x00, 0x01, 0x00])
        #expect(AML.integer(1 << 32).bytes == [0x0e, 0, 0, 0, 0, 1, 0, 0, 0])
    }

    @Test func namesAreFilledUp() {
        #expect(AML.reference("COM0").bytes == Array("COM0".utf8))
        #expect(AML.reference("\\_SB").bytes == Array("\\_SB_".utf8))
        #expect(AML.reference("\\_SB.GED").bytes == Array("\\".utf8) + [0x2e] + Array("_SB_GED_".utf8))
        #expect(AML.reference("A.B.C").bytes == [0x2f, 3] + Array("A___B___C___".utf8))
    }

    /// The length counts itself: one byte up to 63, two up to 4095, and so on.
    @Test(
        arguments: [(62, [0x3f]), (63, [0x41, 0x04]), (4093, [0x4f, 0xff]), (4094, [0x81, 0x00, 0x01]), (1 << 20, [0xc4, 0x00, 0x00, 0x01])]
            as [(Int, [UInt8])])
    func lengthsCountThemselves(count: Int, length: [UInt8]) {
        // A scope with a name of four bytes and code of one byte each.
        let code = AML.scope("ABCD", [AML](repeating: .integer(0), count: count - 4))
        #expect(Array(code.bytes.prefix(1 + length.count)) == [0x10] + length && code.bytes.count == 1 + length.count + count)
    }

    @Test func objects() {
        #expect(AML.name("_UID", .string("a")).bytes == [0x08] + Array("_UID".utf8) + [0x0d, 0x61, 0])
        #expect(AML.buffer([7]).bytes == [0x11, 0x03, 0x01, 7])
        #expect(AML.package([.integer(0), .integer(2)]).bytes == [0x12, 0x05, 2, 0x00, 0x0a, 2])
        #expect(AML.method("_SRS", arguments: 1, []).bytes == [0x14, 0x06] + Array("_SRS".utf8) + [1])
        #expect(AML.method("_EVT", arguments: 1, isSerialized: true, []).bytes.last == 9)
        #expect(AML.field("EREG", [("ESEL", 32)]).bytes == [0x5b, 0x81, 0x0b] + Array("EREG".utf8) + [0x43] + Array("ESEL".utf8) + [32])
        #expect(AML.unicode("a").bytes == [0x11, 0x07, 0x0a, 4, 0x61, 0, 0, 0])
        let uuid = AML.uuid("33db4d5b-1ff7-401c-9657-7441c03dd766").bytes
        #expect(uuid == [0x11, 0x13, 0x0a, 16, 0x5b, 0x4d, 0xdb, 0x33, 0xf7, 0x1f, 0x1c, 0x40, 0x96, 0x57, 0x74, 0x41, 0xc0, 0x3d, 0xd7, 0x66])
    }

    @Test func resources() {
        let bytes = AML.resources([.memory(0x900_0000, 0x1000), .interrupt(33)]).bytes
        #expect(bytes == [0x11, 0x1a, 0x0a, 0x17, 0x86, 9, 0, 1, 0, 0, 0, 9, 0, 0x10, 0, 0, 0x89, 6, 0, 1, 1, 33, 0, 0, 0, 0x79, 0])
        #expect(ResourceDescriptor.buses(0, count: 256).bytes == [0x88, 13, 0, 2, 0xc, 0, 0, 0, 0, 0, 0xff, 0, 0, 0, 0, 1])
        let wide = ResourceDescriptor.wideMemoryWindow(1 << 39, 1 << 39).bytes
        #expect(wide.count == 46 && Array(wide[22..<30]) == [0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0], "the last address")
        let pin = ResourceDescriptor.pinInterrupt(3, of: "GPO0").bytes
        #expect(pin.count == 30 && Array(pin[23...]) == [3, 0] + Array("GPO0".utf8) + [0])
    }
}

/// What firmware does with the three files: it puts them somewhere, follows the script and finds tables from the root.
private struct Loader {
    static let places: [String: UInt64] = [ACPITables.rootFile: 0x4100_0000, ACPITables.tablesFile: 0x4200_0040]
    var files: [String: [UInt8]]

    init(_ files: [String: [UInt8]]) { self.files = files }

    private func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reversed().reduce(0) { $0 << 8 | Int($1) } }
    private func name(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }

    /// Follows the script.
    mutating func run(_ script: [UInt8]) -> [String] {
        var allocated: [String] = []
        for start in stride(from: 0, to: script.count, by: 128) {
            let command = Array(script[start..<start + 128])
            let file = name(command[4..<60])
            switch number(command[0..<4]) {
            case 1: allocated.append(file)
            case 2:
                let target = name(command[60..<116]), offset = number(command[116..<120])
                let value = UInt64(number(files[file, default: []][offset..<offset + 8])) + Loader.places[target, default: 0]
                files[file]?.replaceSubrange(offset..<offset + 8, with: (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) })
            case 3:
                let at = number(command[60..<64]), from = number(command[64..<68]), count = number(command[68..<72])
                files[file]?[at] = 0
                let sum = files[file, default: []][from..<from + count].reduce(0, &+)
                files[file]?[at] = 0 &- sum
            default: Issue.record("an unknown command")
            }
        }
        return allocated
    }

    /// The table at an address, if its checksum is right.
    func table(_ address: UInt64) -> [UInt8]? {
        guard let all = files[ACPITables.tablesFile], let base = Loader.places[ACPITables.tablesFile], address >= base else { return nil }
        let start = Int(address - base)
        let bytes = Array(all[start..<start + number(all[start + 4..<start + 8])])
        return bytes.reduce(0, &+) == 0 ? bytes : nil
    }

    func address(_ bytes: [UInt8], _ offset: Int) -> UInt64 { UInt64(number(bytes[offset..<offset + 8])) }

    /// Tables by their signatures.
    func tables() -> [String: [UInt8]] {
        guard let root = files[ACPITables.rootFile], root.count == 36, root.reduce(0, &+) == 0, root[..<20].reduce(0, &+) == 0,
            let list = table(address(root, 24))
        else { return [:] }
        var found: [String: [UInt8]] = [:]
        for offset in stride(from: 36, to: list.count, by: 8) {
            guard let bytes = table(address(list, offset)) else { return [:] }
            found[String(decoding: bytes[..<4], as: UTF8.self)] = bytes
        }
        if let description = found["FACP"], let code = table(address(description, 140)) { found["DSDT"] = code }
        return found
    }
}

@Suite struct TableLoaderTests {
    @Test func scriptsPutTablesIntoMemory() {
        var tables = ACPITables(ACPIMaker(id: "ME", tableID: "MINE"))
        let first = tables.add(ACPITable("DSDT", revision: 2, ACPIMaker()), isListed: false)
        var description = ACPITable("FACP", revision: 6, ACPIMaker())
        description.appendZeros(276 - description.count)
        tables.add(description, pointers: [(140, first)])
        tables.add(ACPITable("TEST", revision: 1, ACPIMaker(id: "ME", tableID: "MINE")))
        let files = Dictionary(uniqueKeysWithValues: tables.files().map { ($0.name, $0.bytes) })
        var loader = Loader(files)
        #expect(loader.run(files[ACPITables.loaderFile] ?? []) == [ACPITables.rootFile, ACPITables.tablesFile])
        let found = loader.tables()
        #expect(found.keys.sorted() == ["DSDT", "FACP", "TEST"])
        #expect(Array(found["TEST"]?[10..<24] ?? []) == Array("ME\0\0\0\0MINE\0\0\0\0".utf8))
    }
}

@Suite struct ArmVirtTableTests {
    private func machine(_ name: String = "virt-7.2", _ change: (inout MachineConfiguration) -> Void = { _ in }) throws -> Machine {
        var configuration = MachineConfiguration()
        configuration.cpus = 4
        configuration.flash = [0: FlashImage(path: try firmware(), isReadOnly: true)]
        change(&configuration)
        let type = try #require(Catalog.machines.first { $0.name == name && $0.guests.contains("aarch64") })
        return try type.build(configuration, "aarch64", try EventLoop()) { _ in }
    }

    /// A flash bank's file.
    private func firmware() throws -> String {
        let path = FileManager.default.temporaryDirectory.appending(path: "apus-tables-bank").path
        if !FileManager.default.fileExists(atPath: path) {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
            try #require(FileHandle(forWritingAtPath: path)).truncate(atOffset: 64 << 20)
        }
        return path
    }

    /// The files that firmware finds.
    private func files(_ machine: Machine) -> [String: [UInt8]] {
        let base: UInt64 = 0x902_0000
        func read(_ key: UInt16, _ count: Int) -> [UInt8] {
            machine.memory.store(base + 8, key.byteSwapped)
            return (0..<count).map { _ in machine.memory.load(base, as: UInt8.self) ?? 0 }
        }
        func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }
        let directory = read(0x19, 4 + 64 * number(read(0x19, 4)[...]))
        var result: [String: [UInt8]] = [:]
        for start in stride(from: 4, to: directory.count, by: 64) {
            let name = String(decoding: directory[(start + 8)..<(start + 64)].prefix { $0 != 0 }, as: UTF8.self)
            result[name] = read(UInt16(number(directory[start + 4..<start + 6])), number(directory[start..<start + 4]))
        }
        return result
    }

    private func tables(_ machine: Machine) -> [String: [UInt8]] {
        let files = files(machine)
        var loader = Loader(files)
        _ = loader.run(files[ACPITables.loaderFile] ?? [])
        return loader.tables()
    }

    private func contains(_ table: [UInt8]?, _ text: String) -> Bool { table?.firstRange(of: Array(text.utf8)) != nil }

    @Test func theBoardHasItsTables() throws {
        let found = tables(try machine())
        #expect(found.keys.sorted() == ["APIC", "DBG2", "DSDT", "FACP", "GTDT", "IORT", "MCFG", "PPTT", "SPCR"])
        #expect(contains(found["DSDT"], "ACPI0013") && !contains(found["DSDT"], "ARMH0061") && !contains(found["DSDT"], "LNRO0015"))
        #expect(contains(found["DSDT"], "C003") && !contains(found["DSDT"], "C004"))
        // hvc for power; a frame for messages.
        #expect(found["FACP"]?[129] == 3 && found["APIC"]?.count == 44 + 24 + 4 * 80 + 24)
        let hypervisor = tables(try machine { $0.properties = ["gic-version": "3", "virtualization": "on"] })
        #expect(hypervisor["FACP"]?[129] == 1 && hypervisor["APIC"]?.count == 44 + 24 + 4 * 80 + 16 + 20)
        let plain = tables(try machine { $0.properties = ["gic-version": "3", "its": "off"] })
        #expect(plain["IORT"] == nil && plain["APIC"]?.count == 44 + 24 + 4 * 80 + 16)
    }

    /// What a guest of that time found.
    @Test(arguments: [("virt-2.6", "ARMH0061", false, 15), ("virt-4.1", "ARMH0061", true, 255), ("virt-5.0", "ACPI0013", true, 255)])
    func olderVersions(name: String, button: String, routesMessages: Bool, lastBus: UInt8) throws {
        let found = tables(try machine(name))
        #expect(contains(found["DSDT"], button) && contains(found["DSDT"], "LNRO0015"))
        #expect((found["IORT"] != nil) == routesMessages && found["PPTT"] == nil && found["MCFG"]?[55] == lastBus)
    }

    @Test func withoutThem() throws {
        let files = files(try machine { $0.properties = ["acpi": "off"] })
        #expect(files[ACPITables.tablesFile] == nil && files[ACPITables.loaderFile] == nil && files[SMBIOSTables.tablesFile] != nil)
        #expect(throws: MachineError.self) { try machine { $0.properties = ["x-oem-id": "TOOLONG"] } }
    }

    /// Without firmware, or where device trees rule, the button is a key at a pin.
    @Test func oneButtonOnly() throws {
        func kinds(_ machine: Machine) -> Set<String> { Set(machine.devices.map { type(of: $0).typeName }) }
        let newest = kinds(try machine())
        #expect(!newest.contains("pl061") && newest.contains("acpi-ged"))
        for with in [["acpi": "off"], [:]] {
            let found = kinds(
                try machine { configuration in
                    configuration.properties = with
                    if with.isEmpty { configuration.flash = [:] }
                })
            #expect(found.contains("pl061") && !found.contains("acpi-ged"))
        }
    }

    @Test func topology() throws {
        let found = tables(
            try machine { configuration in
                configuration.cpus = 8
                configuration.topology = CPUTopology(sockets: 2, clusters: 2, cores: 1, threads: 2)
            })
        let nodes = stride(from: 36, to: found["PPTT"]?.count ?? 0, by: 20).map { found["PPTT"]?[$0 + 4] ?? 0 }
        #expect(nodes == [1, 0, 0, 0xe, 0xe, 0, 0, 0xe, 0xe, 1, 0, 0, 0xe, 0xe, 0, 0, 0xe, 0xe])
    }

    @Test func structures() throws {
        let machine = try machine { configuration in
            configuration.uuid = "33db4d5b-1ff7-401c-9657-7441c03dd766"
            configuration.smbios.fields = [1: ["serial": "S1", "family": "F"]]
            configuration.smbios.strings = ["one", "two"]
            configuration.smbios.binaries = [[3, 4, 0, 0x80, 0, 0]]
        }
        let files = files(machine)
        let bytes = files[SMBIOSTables.tablesFile] ?? []
        #expect(files[SMBIOSTables.anchorFile].map { Int($0[12]) | Int($0[13]) << 8 } == bytes.count)
        var types: [UInt8] = [], place = 0
        while place < bytes.count {
            types.append(bytes[place])
            place += Int(bytes[place + 1])
            while bytes[place] != 0 || bytes[place + 1] != 0 { place += 1 }
            place += 2
        }
        #expect(types == [3, 1, 4, 11, 16, 17, 32, 127], "a file's chassis is the only one")
        #expect(contains(bytes, "virt-7.2\0S1\0F\0\0") && contains(bytes, "one\0two\0\0"))
        #expect(bytes.firstRange(of: [0x5b, 0x4d, 0xdb, 0x33, 0xf7, 0x1f, 0x1c, 0x40, 0x96, 0x57]) != nil)
    }
}
