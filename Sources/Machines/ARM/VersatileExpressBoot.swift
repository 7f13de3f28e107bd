import AddressSpace
import ArmSystem
import BoardKit
import DeviceTree
import HostOS
import MachineModel

/// What is put into a Versatile Express's memory before the first instruction: kernel, RAM disk, the user's device tree, and the code that
/// secondary cores wait in.
struct VersatileExpressBoot {
    /// Numbers of the machine for kernels that look at R1: the board's, for a device tree tells the rest.
    private static let machineNumber: UInt64 = 2272

    private let images: [(image: GuestImage, path: String)]
    private let tree: (bytes: [UInt8], address: UInt64)?
    private let start: ArmStart?
    private let pen: (address: UInt64, words: [UInt32])?

    init(_ board: VersatileExpressBoard, _ configuration: MachineConfiguration, _ cores: ArmCores, memorySize: UInt64, secondaries: Int) throws {
        if configuration.flash[0] != nil, configuration.kernel != nil { throw MachineError.notSupported("-kernel beside -drive if=pflash,unit=0") }
        guard configuration.flash[0] == nil, try VersatileExpressBoot.firmware(configuration) == nil, let path = configuration.kernel else {
            (images, tree, start, pen) = ([], nil, nil, nil)
            return
        }
        guard configuration.deviceTree != nil else {
            throw MachineError.notSupported("-machine \(board.name) with -kernel and without -dtb (the kernel's package has its device tree)")
        }
        let base = board.map.memory
        let kernel = try ArmKernel(
            path, initrd: configuration.initrd, cores, at: base + ArmKernel.offset32, base: base, memorySize: memorySize)
        let blob = try BootTree(
            configuration, initrd: kernel.initrd, seeds: [], completing: { try VersatileExpressBoot.complete(&$0, board, memorySize) },
            generated: { DeviceTreeNode("") })
        let address = (kernel.end + 0xfffff) & ~0xfffff
        let end = address + UInt64(blob.bytes.count)
        guard end <= base + memorySize else { throw MachineError.tooLittleMemory(memorySize, needed: end - base) }
        images = kernel.images
        tree = (blob.bytes, address)
        start = ArmStart(pc: kernel.entry, furtherArguments: [VersatileExpressBoot.machineNumber, address])
        pen = secondaries > 0 ? (board.map.sram, VersatileExpressBoot.pen(board.map)) : nil
    }

    /// What `-bios` puts into the first flash bank.
    static func firmware(_ configuration: MachineConfiguration) throws -> [UInt8]? {
        guard let (path, bytes) = try FirmwareFile.find(configuration) else { return nil }
        guard bytes.count <= VersatileExpressBoard.flashSize else {
            throw MachineError.badImage(path, reason: "it is larger than a flash bank of \(VersatileExpressBoard.flashSize >> 20) MiB")
        }
        return bytes
    }

    /// The memory that there is, and the virtio transports that no real board has. Cells are as many as the daughterboard's tree has them.
    private static func complete(_ blob: inout DeviceTreeBlob, _ board: VersatileExpressBoard, _ memorySize: UInt64) throws {
        let wide = !board.isA9
        func cells(_ values: [UInt64]) -> [UInt8] {
            values.flatMap { value in (0..<(wide ? 8 : 4)).reversed().map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) } }
        }
        func words(_ values: [UInt32]) -> [UInt8] {
            values.flatMap { value in (0..<4).reversed().map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) } }
        }
        try blob.set(node: "memory@\(String(board.map.memory, radix: 16))", "reg", bytes: cells([board.map.memory, memorySize]))
        // Nodes are added in front of each other.
        for index in (0..<VersatileExpressBoard.virtioSlots).reversed() {
            let address = board.map.peripheral(VersatileExpressBoard.Peripheral.virtio) + 0x200 * UInt64(index)
            let node = "virtio_mmio@\(String(address, radix: 16))"
            try blob.set(node: node, "compatible", bytes: Array("virtio,mmio".utf8) + [0])
            try blob.set(node: node, "reg", bytes: cells([address, 0x200]))
            try blob.set(node: node, "interrupts", bytes: words([0, UInt32(VersatileExpressBoard.Shared.virtio + index), 1]))
        }
    }

    /// Secondary cores let interrupts wake them and look whether SYS_FLAGS says where to go (Documentation/arch/arm/vlocks.rst knows the pen).
    private static func pen(_ map: VersatileExpressBoard.Map) -> [UInt32] {
        [
            0xe59f_0024,  // ldr r0, the CPU interface
            0xe3a0_1001,  // mov r1, #1
            0xe580_1000,  // str r1, [r0]: GICC_CTLR
            0xe3a0_10ff,  // mov r1, #255
            0xe580_1004,  // str r1, [r0, #4]: GICC_PMR
            0xe59f_2014,  // ldr r2, SYS_FLAGS
            0xe320_f003,  // wait: wfi
            0xe592_1000,  // ldr r1, [r2]
            0xe111_0001,  // tst r1, r1
            0x0aff_fffb,  // beq wait
            0xe12f_ff11,  // bx r1
            UInt32(truncatingIfNeeded: map.cpuInterface), UInt32(truncatingIfNeeded: map.peripheral(VersatileExpressBoard.Peripheral.system) + 0x30),
        ]
    }

    /// Puts everything into memory. What fits was checked before.
    func load(_ memory: AddressSpace, _ cpus: [any ArmElement]) {
        ArmKernel.load(images, into: memory)
        if let tree { memory.write(tree.address, tree.bytes) }
        if let pen {
            let bytes = pen.words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } }
            memory.write(pen.address, bytes)
        }
        for cpu in cpus {
            cpu.start = cpu.index == 0 ? start : pen.map { ArmStart(pc: $0.address) }
            // Without a kernel of the user's the firmware's business.
            cpu.startsOff = false
        }
    }
}
