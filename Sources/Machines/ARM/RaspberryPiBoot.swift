import AddressSpace
import ArmSystem
import BoardKit
import DeviceTree
import HostOS
import MachineModel

/// What the firmware on the GPU leaves behind for the Arm: a kernel with RAM disk and device tree (or tags, for old 32-bit ones) or firmware of the user's, and code in
/// which the other cores wait (the Raspberry Pi's armstubs; Documentation/arch/arm/booting.rst, Documentation/arch/arm64/booting.rst).
struct RaspberryPiBoot {
    /// Number of the machine for kernels that look at R1 (BCM2708).
    private static let machineNumber: UInt64 = 0xc42
    /// Within the first page, which the device trees reserve: tags, where cores of AArch64 find their start, the waiting code.
    private static let tags: UInt64 = 0x100, spinTable: UInt64 = 0xd8, pen: UInt64 = 0x300

    private let images: [(image: GuestImage, path: String)]
    private let pieces: [(address: UInt64, bytes: [UInt8])]
    /// Where the first core starts, and the others; nil where the user brought nothing.
    private let start: ArmStart?, otherStart: ArmStart?

    init(_ board: RaspberryPiBoard, _ configuration: MachineConfiguration, _ cores: ArmCores) throws {
        let firmware = try FirmwareFile.find(configuration)
        guard let path = configuration.kernel else {
            guard let firmware else {
                self.init(images: [], pieces: [], start: nil, otherStart: nil)
                return
            }
            try self.init(board, configuration, cores, firmware: firmware)
            return
        }
        if firmware != nil { throw MachineError.notSupported("-machine \(board.name) with -kernel and -bios") }
        let header = Array(try HostFile.contents(path).prefix(64))
        let place = cores.isAArch32 ? board.start : RaspberryPiBoot.place(of: header) ?? board.start
        let kernel = try ArmKernel(path, initrd: configuration.initrd, cores, at: place, base: 0, memorySize: board.armMemory)
        guard kernel.end <= board.armMemory else { throw MachineError.tooLittleMemory(board.armMemory, needed: kernel.end) }
        // A program in an ELF file is no Linux: all cores begin with it, at the highest level.
        if header.starts(with: [0x7f, 0x45, 0x4c, 0x46]) {
            let start = ArmStart(pc: kernel.entry)
            self.init(images: kernel.images, pieces: [], start: start, otherStart: start)
            return
        }
        let tree = try RaspberryPiBoot.tree(board, configuration, initrd: kernel.initrd, behind: kernel.end)
        let tags = tree == nil && cores.isAArch32 ? try RaspberryPiBoot.tagList(board, configuration, initrd: kernel.initrd) : nil
        self.init(board, cores, images: kernel.images, entry: kernel.entry, tree: tree, tags: tags)
    }

    /// Where an Image, or what is packed and so likely is one, wants to be: so far behind a multiple of 2 MiB as it says (Documentation/arch/arm64/booting.rst). The first
    /// multiple is taken by the waiting code.
    private static func place(of header: [UInt8]) -> UInt64? {
        let alignment: UInt64 = 2 << 20
        if header.starts(with: [0x1f, 0x8b]) { return alignment }
        guard header.count == 64, Array(header[0x38..<0x3c]) == Array("ARM\u{64}".utf8) else { return nil }
        func number(_ place: Int) -> UInt64 { (0..<8).reduce(0) { $0 | UInt64(header[place + $1]) << UInt64(8 * $1) } }
        return alignment + (number(0x10) == 0 ? 0x8_0000 : number(0x08) % alignment)
    }

    /// Firmware instead of a kernel, in the kernel's place.
    private init(_ board: RaspberryPiBoard, _ configuration: MachineConfiguration, _ cores: ArmCores, firmware: (path: String, bytes: [UInt8])) throws {
        let image = GuestImage(raw: firmware.bytes, at: board.start)
        guard image.end <= board.armMemory else { throw MachineError.tooLittleMemory(board.armMemory, needed: image.end) }
        let tree = try RaspberryPiBoot.tree(board, configuration, initrd: nil, behind: max(image.end, 64 << 20))
        self.init(board, cores, images: [(image, firmware.path)], entry: board.start, tree: tree, tags: nil)
    }

    private init(
        _ board: RaspberryPiBoard, _ cores: ArmCores, images: [(image: GuestImage, path: String)], entry: UInt64,
        tree: (address: UInt64, bytes: [UInt8])?, tags: [UInt8]?
    ) {
        let handed = tree?.address ?? (tags == nil ? 0 : RaspberryPiBoot.tags)
        let waiting = cores.isAArch32 ? RaspberryPiBoot.pen32 : RaspberryPiBoot.pen64
        var pieces = [(address: RaspberryPiBoot.pen, bytes: waiting.flatMap(RaspberryPiBoot.bytes))]
        // No core has been given a start.
        if !cores.isAArch32 { pieces.append((RaspberryPiBoot.spinTable, [UInt8](repeating: 0, count: 8 * board.cores))) }
        if let tree { pieces.append(tree) }
        if let tags { pieces.append((RaspberryPiBoot.tags, tags)) }
        let start =
            cores.isAArch32
            ? ArmStart(pc: entry, furtherArguments: [RaspberryPiBoot.machineNumber, handed]) : ArmStart(pc: entry, argument: handed, level: 2)
        self.init(images: images, pieces: pieces, start: start, otherStart: ArmStart(pc: RaspberryPiBoot.pen, level: 2))
    }

    private init(images: [(image: GuestImage, path: String)], pieces: [(address: UInt64, bytes: [UInt8])], start: ArmStart?, otherStart: ArmStart?) {
        (self.images, self.pieces, self.start, self.otherStart) = (images, pieces, start, otherStart)
    }

    /// The user's tree with the memory that the GPU leaves.
    private static func tree(
        _ board: RaspberryPiBoard, _ configuration: MachineConfiguration, initrd: (start: UInt64, end: UInt64)?, behind end: UInt64
    ) throws -> (address: UInt64, bytes: [UInt8])? {
        guard configuration.deviceTree != nil else { return nil }
        let blob = try BootTree(
            configuration, initrd: initrd, seeds: [],
            completing: { try $0.set(node: "memory@0", "reg", bytes: [0, UInt32(board.armMemory)].flatMap { bytes($0).reversed() }) },
            generated: { DeviceTreeNode("") })
        let address = (end + 0x1f_ffff) & ~0x1f_ffff
        guard address + UInt64(blob.bytes.count) <= board.armMemory else {
            throw MachineError.tooLittleMemory(board.armMemory, needed: address + UInt64(blob.bytes.count))
        }
        return (address, blob.bytes)
    }

    /// Tags for kernels without a device tree (Documentation/arch/arm/booting.rst, 4a): core, memory, RAM disk, command line, end.
    private static func tagList(_ board: RaspberryPiBoard, _ configuration: MachineConfiguration, initrd: (start: UInt64, end: UInt64)?) throws -> [UInt8] {
        var words: [UInt32] = [5, 0x5441_0001, 1, 0x1000, 0, 4, 0x5441_0002, UInt32(board.armMemory), 0]
        if let initrd { words += [4, 0x5442_0005, UInt32(initrd.start), UInt32(initrd.end - initrd.start)] }
        var list = words.flatMap(bytes)
        if let text = configuration.commandLine {
            let room = Int(pen - tags) - list.count - 16
            guard text.utf8.count < room else { throw MachineError.notSupported("a command line of more than \(room) bytes without -dtb") }
            let padded = Array(text.utf8) + [UInt8](repeating: 0, count: 4 - text.utf8.count % 4)
            list += [UInt32(2 + padded.count / 4), 0x5441_0009].flatMap(bytes) + padded
        }
        return list + [0, 0].flatMap(bytes)
    }

    private static func bytes(_ word: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } }

    /// Cores of a BCM2836 sleep until their mailbox 3 says where to go ("ARM Quad A7 core", 4.8): its interrupt wakes them, masked as it is.
    private static let pen32: [UInt32] = [
        0xee10_0fb0,  // mrc p15, 0, r0, c0, c0, 5: MPIDR
        0xe200_0003,  // and r0, r0, #3
        0xe59f_1030,  // ldr r1, the mailboxes' interrupt control
        0xe081_1100,  // add r1, r1, r0, lsl #2
        0xe3a0_2008,  // mov r2, #8
        0xe581_2000,  // str r2, [r1]
        0xe59f_3024,  // ldr r3, mailbox 3
        0xe083_3200,  // add r3, r3, r0, lsl #4
        0xe320_f003,  // wait: wfi
        0xe593_2000,  // ldr r2, [r3]
        0xe352_0000,  // cmp r2, #0
        0x0aff_fffb,  // beq wait
        0xe583_2000,  // str r2, [r3]: it has been read
        0xe3a0_0000,  // mov r0, #0
        0xe581_0000,  // str r0, [r1]
        0xe12f_ff12,  // bx r2
        0x4000_0050, 0x4000_00cc,
    ]

    /// Cores of AArch64 look at their place in the spin table every four milliseconds: nothing tells them, for an event alone may be lost here.
    private static let pen64: [UInt32] = [
        0xd538_00a0,  // mrs x0, mpidr_el1
        0x9240_0400,  // and x0, x0, #3
        0xd2a8_0001,  // mov x1, #0x40000000
        0x9101_0021,  // add x1, x1, #0x40: the cores' timer interrupt control
        0x8b00_0821,  // add x1, x1, x0, lsl #2
        0x5280_0082,  // mov w2, #4: the hypervisor's timer
        0xb900_0022,  // str w2, [x1]
        0xd280_1b03,  // mov x3, #0xd8
        0x8b00_0c63,  // add x3, x3, x0, lsl #3
        0xd280_0024,  // mov x4, #1
        0xd2a0_0085,  // mov x5, #0x40000
        0xd51c_e205,  // wait: msr cnthp_tval_el2, x5
        0xd51c_e224,  // msr cnthp_ctl_el2, x4
        0xd503_207f,  // wfi
        0xf940_0066,  // ldr x6, [x3]
        0xb4ff_ff86,  // cbz x6, wait
        0xd51c_e23f,  // msr cnthp_ctl_el2, xzr
        0xb900_003f,  // str wzr, [x1]
        0xd280_0000, 0xd280_0001, 0xd280_0002, 0xd280_0003,  // mov x0 to x3, #0
        0xd61f_00c0,  // br x6
    ]

    /// Puts everything into memory. What fits was checked before.
    func load(_ memory: AddressSpace, _ cpus: [any ArmElement]) {
        ArmKernel.load(images, into: memory)
        for piece in pieces { memory.write(piece.address, piece.bytes) }
        for cpu in cpus {
            cpu.start = cpu.index == 0 ? start : otherStart
            cpu.startsOff = false
        }
    }
}
