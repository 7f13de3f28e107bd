import AddressSpace
import BoardKit
import Diagnostics
import GuestAArch64
import HostOS
import MachineModel
import PlatformDevices

/// What is put into the board's memory before the first instruction: kernel, RAM disk, device tree.
struct ArmVirtBoot {
    /// ELF's number of the architecture.
    static let elfMachine: UInt16 = 183
    private static let unit: UInt64 = 2 << 20

    /// What `-bios` puts into the first flash bank.
    let firmware: [UInt8]?
    let tree: BootTree
    private let images: [(image: GuestImage, path: String)]
    private let treeAddress: UInt64
    private let start: AArch64Start?

    /// Firmware gets a kernel through `firmwareConfiguration`; without firmware the kernel is put into memory and started as a boot loader does
    /// (Documentation/arch/arm64/booting.rst).
    init(
        _ configuration: MachineConfiguration, _ options: ArmVirtOptions, model: AArch64Model, memorySize: UInt64,
        firmwareConfiguration: FirmwareConfiguration
    ) throws {
        let base = ArmVirtBoard.Map.memory
        firmware = try ArmVirtBoot.firmware(configuration)
        var images: [(GuestImage, String)] = []
        var initrd: (start: UInt64, end: UInt64)?
        var top = base
        var start: AArch64Start?
        if firmware != nil || configuration.flash[0] != nil {
            try firmwareConfiguration.hand(configuration)
        } else if let path = configuration.kernel {
            let kernel = try KernelFile(path: path, architecture: .arm64(model)).image(at: base + ArmVirtBoot.unit)
            images.append((kernel, path))
            top = kernel.end
            if let path = configuration.initrd {
                let bytes = try HostFile.contents(path)
                // Behind what the kernel says it needs, halfway into memory if there is room for that.
                let address = max((kernel.end + 0xfffff) & ~0xfffff, base + min(memorySize / 2, 128 << 20))
                images.append((GuestImage(raw: bytes, at: address), path))
                initrd = (address, address + UInt64(bytes.count))
                top = address + UInt64(bytes.count)
            }
            start = AArch64Start(pc: kernel.entry, level: 2)
        }
        let ramDisk = initrd
        tree = try BootTree(configuration, initrd: ramDisk, seeds: ArmVirtDeviceTree.seeds) {
            ArmVirtDeviceTree(configuration, options, model: model, memorySize: memorySize, initrd: ramDisk).root
        }
        treeAddress = (top + ArmVirtBoot.unit - 1) & ~(ArmVirtBoot.unit - 1)
        let end = treeAddress + UInt64(tree.bytes.count) + 0x1_0000
        guard end <= base + memorySize else { throw MachineError.tooLittleMemory(memorySize, needed: end - base) }
        start?.argument = treeAddress
        self.images = images.map { (image: $0.0, path: $0.1) }
        self.start = start
    }

    private static func firmware(_ configuration: MachineConfiguration) throws -> [UInt8]? {
        guard let name = configuration.firmware, name != "none", name != "default" else { return nil }
        let folders = configuration.firmwareFolders + ["/usr/share/qemu-efi-aarch64", "/usr/share/AAVMF", "/usr/share/qemu"]
        guard let path = ([name] + folders.map { $0 + "/" + name }).first(where: fileExists) else {
            throw MachineError.noFirmware(name, searched: folders)
        }
        guard configuration.flash[0] == nil else { throw MachineError.notSupported("-bios beside -drive if=pflash,unit=0: one flash bank for both") }
        let bytes = try HostFile.contents(path)
        guard bytes.count <= ArmVirtBoard.flash.size else {
            throw MachineError.badImage(path, reason: "it is larger than a flash bank of \(ArmVirtBoard.flash.size >> 20) MiB")
        }
        return bytes
    }

    /// Puts everything into memory. What fits was checked before.
    func load(_ memory: AddressSpace, _ cpus: [AArch64CPU], random: (_ count: Int) -> [UInt8]) {
        for (image, path) in images {
            do { try image.load(into: memory, path: path) } catch { warn(error.description) }
        }
        memory.write(treeAddress, tree.seeded(random))
        for cpu in cpus { cpu.start = cpu.index == 0 ? start : nil }
    }
}

extension KernelArchitecture {
    static func arm64(_ model: AArch64Model) -> KernelArchitecture {
        KernelArchitecture(name: "arm64", machine: ArmVirtBoot.elfMachine, magic: "ARM\u{64}") { bits in
            (bits != 0 && AArch64InstructionSet.row(of: bits, model: model) != nil, 4)
        }
    }
}
