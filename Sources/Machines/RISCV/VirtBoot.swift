import AddressSpace
import BoardKit
import Diagnostics
import GuestRISCV
import HostOS
import MachineModel
import PlatformDevices

/// What is put into the board's memory before the first instruction: firmware, kernel, RAM disk, device tree, reset vector.
struct VirtBoot {
    /// ELF's number of the architecture.
    static let elfMachine: UInt16 = 243
    private let images: [(image: GuestImage, path: String)]
    private let tree: BootTree
    private let treeAddress: UInt64
    private let resetCode: [UInt8]

    /// With a second flash bank the firmware in it gets the kernel through `firmwareConfiguration`; otherwise the kernel is put into memory.
    init(
        _ configuration: MachineConfiguration, model: RISCVModel, memorySize: UInt64, firmwareConfiguration: FirmwareConfiguration
    ) throws {
        let base = VirtBoard.Map.memory
        let end = base + memorySize
        var images: [(GuestImage, String)] = []
        let firmware = try VirtBoot.firmware(configuration, model)
        if let firmware { images.append(firmware) }
        // The kernel starts on the next 2 MiB (RV32: 4 MiB) boundary behind the firmware.
        let unit: UInt64 = model.rv64 ? 2 << 20 : 4 << 20
        let kernelStart = firmware.map { ($0.0.end + unit - 1) & ~(unit - 1) } ?? base
        var kernelEntry: UInt64 = 0
        var initrd: (start: UInt64, end: UInt64)?
        var top = firmware?.0.end ?? base
        if configuration.flash[1] != nil {
            try firmwareConfiguration.hand(configuration)
            kernelEntry = VirtBoard.flash.address(1)
        } else if let path = configuration.kernel {
            let kernel = try KernelFile(path: path, architecture: .riscv(model)).image(at: kernelStart)
            images.append((kernel, path))
            kernelEntry = kernel.entry
            top = max(top, kernel.end)
            if let path = configuration.initrd {
                let bytes = try HostFile.contents(path)
                // Behind what the kernel says it needs, halfway into memory if there is room for that.
                let start = max((kernel.end + 0xfffff) & ~0xfffff, base + min(memorySize / 2, 128 << 20))
                images.append((GuestImage(raw: bytes, at: start), path))
                initrd = (start, start + UInt64(bytes.count))
                top = start + UInt64(bytes.count)
            }
        }
        let commandLine = configuration.commandLine ?? (configuration.kernel == nil ? nil : "")
        tree = try BootTree(configuration, initrd: initrd, seeds: [(VirtDeviceTree.seed, VirtDeviceTree.seedBytes)]) {
            try VirtDeviceTree(configuration, model: model, memorySize: memorySize, commandLine: commandLine, initrd: initrd).root
        }
        // Within the first 3 GiB, so that 32-bit code reaches it.
        treeAddress = (min(end, 3 << 30) - UInt64(tree.bytes.count)) & ~(unit - 1)
        guard top <= treeAddress else { throw MachineError.tooLittleMemory(memorySize, needed: top - base + UInt64(tree.bytes.count) + unit) }
        self.images = images.map { (image: $0.0, path: $0.1) }
        let start = configuration.flash[0] == nil ? nil : VirtBoard.flash.address(0)
        let entry = start ?? firmware?.0.entry ?? (configuration.kernel == nil ? base : kernelEntry)
        resetCode = VirtBoot.resetVector(rv64: model.rv64, start: entry, tree: treeAddress, kernel: kernelEntry)
    }

    // MARK: Parts

    private static func firmware(_ configuration: MachineConfiguration, _ model: RISCVModel) throws -> (GuestImage, String)? {
        let name = configuration.firmware ?? "default"
        if name == "none" { return nil }
        let path = try name == "default" ? defaultFirmware(configuration, rv64: model.rv64) : name
        let bytes = try HostFile.contents(path)
        if let image = try GuestImage(elf: bytes, machine: VirtBoot.elfMachine, path: path) { return (image, path) }
        guard !bytes.isEmpty else { throw MachineError.badImage(path, reason: "the file is empty") }
        return (GuestImage(raw: bytes, at: VirtBoard.Map.memory), path)
    }

    private static func defaultFirmware(_ configuration: MachineConfiguration, rv64: Bool) throws -> String {
        let width = rv64 ? "riscv64" : "riscv32"
        let names = ["fw_dynamic.bin", "opensbi-\(width)-generic-fw_dynamic.bin"]
        let folders =
            configuration.firmwareFolders + [
                "/usr/lib/\(width)-linux-gnu/opensbi/generic", "/usr/share/opensbi/lp64/generic/firmware", "/usr/share/qemu",
            ]
        for folder in folders where rv64 || !folder.contains("lp64") {
            for name in names where fileExists(folder + "/" + name) { return folder + "/" + name }
        }
        throw MachineError.noFirmware(names[0], searched: folders)
    }

    /// Code that hands over as OpenSBI's fw_dynamic wants it: a0 = hart, a1 = device tree, a2 = the information behind the code.
    private static func resetVector(rv64: Bool, start: UInt64, tree: UInt64, kernel: UInt64) -> [UInt8] {
        let load: UInt32 = rv64 ? 0x3000 : 0x2000
        let code: [UInt32] = [
            0x0000_0297,  // auipc t0, 0
            0x0282_8613,  // addi a2, t0, 40
            0xf140_2573,  // csrr a0, mhartid
            0x0202_8583 | load,  // l[wd] a1, 32(t0)
            0x0182_8283 | load,  // l[wd] t0, 24(t0)
            0x0002_8067,  // jr t0
        ]
        var bytes = code.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } }
        func append(_ value: UInt64, _ size: Int) { bytes += (0..<size).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) } }
        append(start, 8)
        append(tree, 8)
        let word = rv64 ? 8 : 4
        // struct fw_dynamic_info: magic "OSBI", version 2, next address, next mode (supervisor), options, boot hart.
        for value in [0x4942_534f, 2, kernel, 1, 0, 0] as [UInt64] { append(value, word) }
        return bytes
    }

    // MARK: Loading

    /// Puts everything into memory. What fits was checked before.
    func load(_ memory: AddressSpace, _ bootROM: MemoryRegion, random: (_ count: Int) -> [UInt8]) {
        for (image, path) in images {
            do { try image.load(into: memory, path: path) } catch { warn(error.description) }
        }
        memory.write(treeAddress, tree.seeded(random))
        bootROM.ramBlock?.load(resetCode, at: 0)
    }

    func dump(to path: String) throws { try tree.dump(to: path) }
}

extension KernelArchitecture {
    static func riscv(_ model: RISCVModel) -> KernelArchitecture {
        KernelArchitecture(name: "RISC-V", machine: VirtBoot.elfMachine, magic: "RSC\u{5}") { bits in
            let isWide = bits & 3 == 3
            let isKnown = RISCVInstructionSet.mnemonic(of: isWide ? bits : bits & 0xffff, model: model) != nil && bits & 0xffff != 0
            return (isKnown, isWide ? 4 : 2)
        }
    }
}
