import AddressSpace
import ArmSystem
import BoardKit
import HostOS
import MachineModel
import PlatformDevices

/// What is put into the board's memory before the first instruction: kernel, RAM disk, device tree.
struct ArmVirtBoot {
    private static let unit: UInt64 = 2 << 20
    /// The machine's number for kernels that look at R1: none, for there is a device tree.
    private static let machineNumber: UInt64 = 0xffff_ffff

    let tree: BootTree
    private let images: [(image: GuestImage, path: String)]
    private let treeAddress: UInt64
    private let start: ArmStart?

    /// Firmware gets a kernel through `firmwareConfiguration`; without firmware the kernel is put into memory and started as a boot loader does
    /// (Documentation/arch/arm64/booting.rst).
    init(
        _ configuration: MachineConfiguration, _ options: ArmVirtOptions, cores: ArmCores, memorySize: UInt64,
        firmwareConfiguration: FirmwareConfiguration
    ) throws {
        let base = ArmVirtBoard.Map.memory
        var images: [(image: GuestImage, path: String)] = []
        var initrd: (start: UInt64, end: UInt64)?
        var top = base
        var start: ArmStart?
        if ArmVirtBoot.hasFirmware(configuration) {
            try firmwareConfiguration.hand(configuration)
        } else if let path = configuration.kernel {
            let place = base + (cores.isAArch32 ? ArmKernel.offset32 : ArmVirtBoot.unit)
            let kernel = try ArmKernel(path, initrd: configuration.initrd, cores, at: place, base: base, memorySize: memorySize)
            (images, initrd, top) = (kernel.images, kernel.initrd, kernel.end)
            start = ArmStart(pc: kernel.entry, level: 2)
        }
        let ramDisk = initrd
        tree = try BootTree(configuration, initrd: ramDisk, seeds: ArmVirtDeviceTree.seeds) {
            ArmVirtDeviceTree(
                configuration, options, cores: cores, hasFirmware: ArmVirtBoot.hasFirmware(configuration),
                memorySize: memorySize, initrd: ramDisk
            ).root
        }
        treeAddress = (top + ArmVirtBoot.unit - 1) & ~(ArmVirtBoot.unit - 1)
        let end = treeAddress + UInt64(tree.bytes.count) + 0x1_0000
        guard end <= base + memorySize else { throw MachineError.tooLittleMemory(memorySize, needed: end - base) }
        if cores.isAArch32 {
            start?.furtherArguments = [ArmVirtBoot.machineNumber, treeAddress]
        } else {
            start?.argument = treeAddress
        }
        self.images = images
        self.start = start
    }

    /// The machine starts in its flash.
    static func hasFirmware(_ configuration: MachineConfiguration) -> Bool { configuration.flash[0] != nil || namesFirmware(configuration) }

    private static func namesFirmware(_ configuration: MachineConfiguration) -> Bool {
        configuration.firmware.map { $0 != "none" && $0 != "default" } ?? false
    }

    /// What `-bios` puts into the first flash bank.
    static func firmware(_ configuration: MachineConfiguration) throws -> [UInt8]? {
        guard namesFirmware(configuration), let name = configuration.firmware else { return nil }
        let folders = configuration.firmwareFolders + ["/usr/share/qemu-efi-aarch64", "/usr/share/AAVMF", "/usr/share/AAVMF32", "/usr/share/qemu"]
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
    func load(_ memory: AddressSpace, _ cpus: [any ArmElement], random: (_ count: Int) -> [UInt8]) {
        ArmKernel.load(images, into: memory)
        memory.write(treeAddress, tree.seeded(random))
        for cpu in cpus { cpu.start = cpu.index == 0 ? start : nil }
    }
}
