import AddressSpace
import CPUModel
import Chardev
import Compression
import DeviceModel
import EventLoop
import GuestAArch64
import GuestRISCV
import MachineModel
import Migration
import PlatformDevices

/// Streams of machines: `-incoming`. One section is changed, and its checksum put right.
struct MigrationTarget: FuzzTarget {
    private let machine: Machine
    private let guest: String
    private let header: [UInt8]
    private var sections: [[UInt8]] = []
    private static let headerSize = 12, sectionHeader = 5, checksumSize = 4

    init(guest: String) throws {
        self.guest = guest
        machine = try MigrationTarget.makeMachine(guest)
        let stream = WholeStream.write(machine, guest: guest, state: .running)
        header = Array(stream.prefix(MigrationTarget.headerSize))
        var place = MigrationTarget.headerSize
        while place < stream.count {
            let length = (0..<4).reduce(0) { $0 | Int(stream[place + 1 + $1]) << (8 * $1) }
            sections.append(Array(stream[place..<place + MigrationTarget.sectionHeader + length]))
            place += MigrationTarget.sectionHeader + length + MigrationTarget.checksumSize
        }
    }

    static func makeMachine(_ guest: String) throws -> Machine {
        let loop = try EventLoop()
        loop.setVirtualClockPaused(true)
        let root = MemoryRegion.container("system", size: .max)
        let memory = AddressSpace("memory", root: root)
        root.add(try MemoryRegion.ram("ram", size: 0x8000), at: 0)
        memory.write(0x1000, [1, 2, 3])
        let cpu: VirtualCPU
        var devices: [any Device]
        if guest == "aarch64" {
            var system = AArch64System()
            (system.hasEL2, system.hasEL3) = (true, true)
            cpu = AArch64CPU(model: try AArch64Model("max"), index: 0, memory: memory, system: system, random: { 5 })
            devices = [GICv3(affinities: [0]), PL011(backend: NullBackend()), PL031(loop: loop), PL061()]
        } else {
            cpu = RISCVCPU(model: try RISCVModel("rv64", rv64: true), index: 0, memory: memory)
            devices = [ACLINT(harts: 1, loop: loop), PLIC(harts: 1), UART16550A(backend: NullBackend(), loop: loop), GoldfishRTC(loop: loop)]
        }
        devices.append(FirmwareConfiguration(memory: memory))
        let machine = Machine(name: "fuzz", loop: loop, memory: memory, cpus: [cpu], devices: devices, slots: [], load: {})
        machine.reset()
        return machine
    }

    mutating func run(_ random: RandomSource) throws -> Bool {
        var mutator = Mutator(random: random)
        let chosen = mutator.random.below(sections.count)
        var changed = sections
        let payload = mutator.mutate(Array(sections[chosen].dropFirst(MigrationTarget.sectionHeader)))
        changed[chosen].replaceSubrange(MigrationTarget.sectionHeader..., with: payload)
        do {
            _ = try WholeStream.read(changed.reduce(header) { $0 + MigrationTarget.finish($1) }, into: machine, guest: guest)
        } catch { return false }
        MigrationTarget.goOn(machine)
        return true
    }

    /// What has been accepted must be fit to go on.
    static func goOn(_ machine: Machine) {
        _ = machine.cpus[0].takeInterrupt()
        _ = machine.cpus[0].translationFlags
        _ = machine.cpus[0].debugTranslate(machine.cpus[0].header.pc)
    }

    /// A section with its length and checksum.
    static func finish(_ section: [UInt8]) -> [UInt8] {
        var section = section
        let length = section.count - sectionHeader
        for index in 0..<4 { section[1 + index] = UInt8(truncatingIfNeeded: length >> (8 * index)) }
        var sum = Checksum()
        sum.add(section)
        return section + (0..<4).map { UInt8(truncatingIfNeeded: sum.value >> UInt32(8 * $0)) }
    }
}
