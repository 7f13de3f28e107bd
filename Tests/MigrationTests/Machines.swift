import AddressSpace
import CPUModel
import Catalog
import Chardev
import Compression
import DeviceModel
import EventLoop
import GuestAArch64
import GuestARM
import GuestRISCV
import MachineModel
import PlatformDevices

/// Machines to be taken elsewhere.
enum Machines {
    /// A machine of 64 KiB, so small that thousands of streams of it can be tried.
    static func tiny(_ guest: String) throws -> Machine {
        let loop = try EventLoop()
        loop.setVirtualClockPaused(true)
        let root = MemoryRegion.container("system", size: .max)
        let memory = AddressSpace("memory", root: root)
        root.add(try MemoryRegion.ram("ram", size: 0x1_0000), at: 0)
        let cpu: VirtualCPU
        if guest == "aarch64" {
            var system = AArch64System()
            system.hasEL2 = true
            cpu = AArch64CPU(model: try AArch64Model("max"), index: 0, memory: memory, system: system, random: { 5 })
        } else if guest == "arm" {
            cpu = ARMCPU(model: try ARMModel("cortex-a15"), index: 0, memory: memory, system: ARMSystem())
        } else {
            cpu = RISCVCPU(model: try RISCVModel("rv64", rv64: true), index: 0, memory: memory)
        }
        let devices: [any Device] = [ACLINT(harts: 1, loop: loop), UART16550A(backend: NullBackend(), loop: loop), GoldfishRTC(loop: loop)]
        let machine = Machine(name: "tiny", loop: loop, memory: memory, cpus: [cpu], devices: devices, slots: [], load: {})
        machine.reset()
        return machine
    }

    /// A board as the program has it.
    static func board(_ guest: String, cpus: Int = 2) throws -> Machine {
        var configuration = MachineConfiguration()
        configuration.firmware = "none"
        configuration.cpus = cpus
        configuration.memory = 4 << 20
        let loop = try EventLoop()
        loop.setVirtualClockPaused(true)
        guard let type = Catalog.machine("virt", guest: guest) else { throw MachineError.notSupported(guest) }
        let machine = try type.build(configuration, guest, loop) { _ in }
        machine.reset()
        return machine
    }
}

/// A stream's sections, so that what is in one can be changed with its checksum.
struct Sections {
    static let headerSize = 12
    let header: [UInt8]
    var all: [[UInt8]] = []

    init(_ stream: [UInt8]) {
        header = Array(stream.prefix(Sections.headerSize))
        var place = Sections.headerSize
        while place < stream.count {
            let length = (0..<4).reduce(0) { $0 | Int(stream[place + 1 + $1]) << (8 * $1) }
            all.append(Array(stream[place..<place + 5 + length]))
            place += 5 + length + 4
        }
    }

    var bytes: [UInt8] {
        all.reduce(header) { bytes, section in
            var section = section
            let length = section.count - 5
            for index in 0..<4 { section[1 + index] = UInt8(truncatingIfNeeded: length >> (8 * index)) }
            var sum = Checksum()
            sum.add(section)
            return bytes + section + (0..<4).map { UInt8(truncatingIfNeeded: sum.value >> UInt32(8 * $0)) }
        }
    }
}
