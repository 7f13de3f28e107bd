import AddressSpace
import ArmSystem
import BoardKit
import DeviceTree
import MachineModel

/// What is put into the memory of a baseboard with one core before the first instruction: kernel, RAM disk, and the user's device tree or, without one,
/// a list of tags (Documentation/arch/arm/booting.rst), which kernels up to some years ago took.
struct BaseboardBoot {
    /// Where the list is, from the beginning of memory; the kernel's first tables follow at 0x4000.
    private static let tagsOffset: UInt64 = 0x100, tagsEnd: UInt64 = 0x4000

    private let images: [(image: GuestImage, path: String)]
    /// The tree or the tags.
    private let description: (bytes: [UInt8], address: UInt64)?
    private let start: ArmStart?

    /// - Parameters:
    ///   - machineNumber: what kernels that take tags know the board by (arch/arm/tools/mach-types).
    ///   - base: the beginning of memory.
    init(_ configuration: MachineConfiguration, _ cores: ArmCores, machineNumber: UInt64, base: UInt64, memorySize: UInt64) throws {
        if configuration.flash[0] != nil, configuration.kernel != nil { throw MachineError.notSupported("-kernel beside -drive if=pflash,unit=0") }
        guard configuration.flash[0] == nil, let path = configuration.kernel else {
            (images, description, start) = ([], nil, nil)
            return
        }
        let kernel = try ArmKernel(
            path, initrd: configuration.initrd, cores, at: base + ArmKernel.offset32, base: base, memorySize: memorySize)
        guard kernel.end <= base + memorySize else { throw MachineError.tooLittleMemory(memorySize, needed: kernel.end - base) }
        images = kernel.images
        let description: (bytes: [UInt8], address: UInt64)
        if configuration.deviceTree != nil {
            let tree = try BootTree(
                configuration, initrd: kernel.initrd, seeds: [],
                completing: { try $0.set(node: "memory", "reg", bytes: BaseboardBoot.bytes([base, memorySize].map(UInt32.init)).bigEndian) },
                generated: { DeviceTreeNode("") })
            description = (tree.bytes, (kernel.end + 0xfffff) & ~0xfffff)
            let end = description.address + UInt64(tree.bytes.count)
            guard end <= base + memorySize else { throw MachineError.tooLittleMemory(memorySize, needed: end - base) }
        } else {
            description = (try BaseboardBoot.tags(configuration, kernel.initrd, base, memorySize), base + BaseboardBoot.tagsOffset)
        }
        self.description = description
        start = ArmStart(pc: kernel.entry, furtherArguments: [machineNumber, description.address])
    }

    private struct Words { let little: [UInt8], bigEndian: [UInt8] }

    private static func bytes(_ words: [UInt32]) -> Words {
        let little = words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } }
        let big = words.flatMap { word in (0..<4).reversed().map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } }
        return Words(little: little, bigEndian: big)
    }

    /// ATAG_CORE, ATAG_MEM, ATAG_INITRD2, ATAG_CMDLINE, ATAG_NONE (arch/arm/include/uapi/asm/setup.h).
    private static func tags(
        _ configuration: MachineConfiguration, _ initrd: (start: UInt64, end: UInt64)?, _ base: UInt64, _ memorySize: UInt64
    ) throws -> [UInt8] {
        var words: [UInt32] = [5, 0x5441_0001, 1, 0x1000, 0, 4, 0x5441_0002, UInt32(memorySize), UInt32(base)]
        if let initrd { words += [4, 0x5442_0005, UInt32(initrd.start), UInt32(initrd.end - initrd.start)] }
        var result = bytes(words).little
        if let text = configuration.commandLine {
            let line = Array(text.utf8) + [UInt8](repeating: 0, count: 4 - text.utf8.count % 4)
            result += bytes([UInt32(2 + line.count / 4), 0x5441_0009]).little + line
        }
        result += bytes([0, 0]).little
        guard tagsOffset + UInt64(result.count) <= tagsEnd else {
            throw MachineError.notSupported("-append with \(configuration.commandLine?.utf8.count ?? 0) bytes and without -dtb")
        }
        return result
    }

    /// Puts everything into memory. What fits was checked before.
    func load(_ memory: AddressSpace, _ cpu: any ArmElement) {
        ArmKernel.load(images, into: memory)
        if let description { memory.write(description.address, description.bytes) }
        cpu.start = start
        cpu.startsOff = false
    }
}
