import CommandLine
import Catalog
import DeviceTree
import EventLoop
import Foundation
import MachineModel
import RISCVMachines
import Testing

@Suite struct MachineTests {
    private func file(_ name: String, _ bytes: [UInt8]) throws -> String {
        let path = FileManager.default.temporaryDirectory.appending(path: "apus-\(UUID())-\(name)").path
        try Data(bytes).write(to: URL(filePath: path))
        return path
    }

    private func build(_ change: (inout MachineConfiguration) throws -> Void) throws -> Machine {
        var configuration = MachineConfiguration()
        configuration.firmware = "none"
        try change(&configuration)
        return try VirtBoard.type.build(configuration, "riscv64", try EventLoop()) { _ in }
    }

    @Test func theBoardHasItsMap() throws {
        let machine = try build { $0.cpus = 2 }
        let names = machine.memory.sections.compactMap { $0.region?.name }
        for name in [
            "riscv_virt_board.mrom", "riscv.sifive.test", "goldfish_rtc", "riscv.aclint", "riscv.sifive.plic", "serial", "riscv_virt_board.ram",
            "fw_cfg_mem", "virt.flash0", "virt.flash1",
        ] {
            #expect(names.contains(name))
        }
        #expect(machine.cpus.count == 2)
        #expect(machine.slots.count == 8)
        machine.reset()
        #expect(machine.memory.load(0x1000, as: UInt32.self) == 0x297)
    }

    @Test func theTreeIsSound() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "apus-\(UUID()).dtb").path
        _ = try build { $0.dumpDeviceTree = path }
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        var tree = try DeviceTreeBlob(checking: bytes)
        try tree.set(node: "chosen", "bootargs", bytes: [65, 0])
        #expect(tree.packed().count >= bytes.count)
    }

    /// Raw code, as U-Boot's, and code packed with gzip are kernels too.
    @Test func rawAndPackedCodeIsAKernel() throws {
        let code: [UInt8] = [0x2a, 0x82, 0x93, 0x01, 0x00, 0x00, 0x73, 0x25, 0x40, 0xf1, 0x97, 0x02, 0x00, 0x00] + [UInt8](repeating: 0, count: 64)
        let raw = try file("raw", code)
        let packed = try file("packed", code)
        let process = try Process.run(URL(filePath: "/bin/gzip"), arguments: [packed])
        process.waitUntilExit()
        for path in [raw, packed + ".gz"] {
            let machine = try build { $0.kernel = path }
            machine.reset()
            #expect(machine.memory.read(0x8000_0000, count: code.count) == code)
        }
    }

    /// Firmware in the second bank gets the kernel through the firmware configuration device; a bank takes files of its own size only.
    @Test func flashHoldsFirmware() throws {
        let path = try file("flash", [UInt8](repeating: 0x13, count: 32 << 20))
        let kernel = try file("kernel", Array("the kernel".utf8))
        let machine = try build {
            $0.flash = [1: FlashImage(path: path, isReadOnly: true)]
            $0.kernel = kernel
            $0.firmwareFiles = [("opt/test", [1, 2])]
        }
        machine.reset()
        #expect(machine.memory.load(0x2200_0000, as: UInt32.self) == 0x1313_1313)
        machine.memory.store(0x1010_0008, (0x11 as UInt16).byteSwapped)
        #expect(machine.memory.load(0x1010_0000, as: UInt8.self) == UInt8(ascii: "t"))
        machine.memory.store(0x1010_0008, (0x20 as UInt16).byteSwapped)
        #expect(machine.memory.load(0x1010_0000, as: UInt16.self) == 0x0201)
        let start = try build { $0.flash = [0: FlashImage(path: path, isReadOnly: true)] }
        start.reset()
        #expect(start.memory.load(0x1018, as: UInt64.self) == 0x2000_0000, "the reset vector goes to the first bank")
        let short = try file("short", [1, 2, 3])
        #expect(throws: MachineError.self) { try build { $0.flash = [0: FlashImage(path: short, isReadOnly: true)] } }
        #expect(throws: MachineError.self) { try build { $0.flash = [2: FlashImage(path: path, isReadOnly: true)] } }
    }

    /// A tree with any byte changed, or cut off anywhere, is refused or harmless.
    @Test func brokenTreesAreRefused() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "apus-\(UUID()).dtb").path
        _ = try build { $0.dumpDeviceTree = path }
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        for length in stride(from: 0, to: bytes.count, by: 97) {
            #expect(throws: DeviceTreeError.self) { try DeviceTreeBlob(checking: Array(bytes.prefix(length))) }
        }
        for place in stride(from: 0, to: bytes.count, by: 13) {
            var copy = bytes
            copy[place] ^= 0xff
            if var tree = try? DeviceTreeBlob(checking: copy) { try? tree.set(node: "chosen", "bootargs", bytes: [0]) }
        }
        // Every word in turn as large as a length can be, so that what follows it seems to lie before it.
        for place in stride(from: 0, to: bytes.count - 3, by: 4) {
            var copy = bytes
            copy.replaceSubrange(place..<place + 4, with: [0xff, 0xff, 0xff, 0xd0])
            if var tree = try? DeviceTreeBlob(checking: copy) { try? tree.set(node: "chosen", "bootargs", bytes: [0]) }
        }
    }

    @Test func badImagesAreExplained() throws {
        let cases: [(String, [UInt8])] = [
            ("short", [1, 2, 3]), ("foreign", [UInt8](repeating: 7, count: 4096)), ("gzip", [0x1f, 0x8b] + [UInt8](repeating: 0, count: 100)),
            ("elf", [0x7f, 0x45, 0x4c, 0x46, 2, 1] + [UInt8](repeating: 0, count: 20)),
            ("machine", [0x7f, 0x45, 0x4c, 0x46, 2, 1] + [UInt8](repeating: 0, count: 100)),
        ]
        for (name, bytes) in cases {
            let path = try file(name, bytes)
            #expect(throws: MachineError.self, "\(name)") { try build { $0.kernel = path } }
        }
        #expect(throws: (any Error).self) { try build { $0.kernel = "/nowhere/at/all" } }
        #expect(throws: (any Error).self) { try build { $0.kernel = "/tmp" } }
        #expect(throws: MachineError.self) { try build { $0.memory = 1 << 60 } }
        #expect(throws: MachineError.self) { try build { $0.memory = 1 << 40 } }
        #expect(throws: MachineError.self) { try build { $0.cpus = 10_000 } }
    }

    /// A Linux Image that is an EFI program as well tells where it ends.
    @Test func cutOffKernelsAreRefused() throws {
        var image = [UInt8](repeating: 0, count: 4096)
        func put(_ offset: Int, _ bytes: [UInt8]) { image.replaceSubrange(offset..<offset + bytes.count, with: bytes) }
        put(0, Array("MZ".utf8))
        put(16, [0, 0x20])  // memory: 8 KiB
        put(0x38, Array("RSC\u{5}".utf8) + [0x40])
        put(0x40, Array("PE".utf8))
        put(0x46, [1])  // one section, no optional header
        put(0x40 + 24 + 16, [0, 0x08, 0, 0, 0, 0x08])  // 2 KiB at 2 KiB
        let whole = try file("whole", image)
        let machine = try build { $0.kernel = whole }
        machine.reset()
        #expect(machine.memory.read(0x8000_0000, count: 2) == Array("MZ".utf8))
        let cut = try file("cut", Array(image.prefix(4095)))
        #expect(throws: MachineError.self) { try build { $0.kernel = cut } }
    }

    @Test func wrongOptionsNameTheRightOnes() throws {
        do {
            _ = try ParsedCommandLine(["-kernal", "x"])
            Issue.record("taken")
        } catch { #expect(error.description.contains("-kernel")) }
        #expect(throws: CommandLineError.self) { try ParsedCommandLine(["-m"]) }
        #expect(throws: CommandLineError.self) { try ParsedCommandLine(["image.img"]) }
        #expect(throws: CommandLineError.self) { try parseSize("12x", option: "m") }
        #expect(try parseSize("2G", option: "m") == 2 << 30)
        let list = PropertyList("file=a,,b,readonly,if=none", option: "drive", implied: "file")
        #expect(list["file"] == "a,b" && list["readonly"] == "on" && list["if"] == "none")
        #expect(throws: CommandLineError.self) { try list.check(["file", "if"]) }
    }
}
