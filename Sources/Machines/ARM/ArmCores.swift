import AddressSpace
import ArmSystem
import BoardKit
import CPUModel
import EventLoop
import GuestAArch64
import GuestARM

/// The cores of a board, of either execution state.
enum ArmCores {
    case aarch64(AArch64Model)
    case aarch32(ARMModel)

    /// The model that `-cpu` names, by the guest in qemu-system-NAME.
    init(_ text: String, guest: String) throws {
        self = guest == "arm" ? .aarch32(try ARMModel(text)) : .aarch64(try AArch64Model(text))
    }

    var name: String {
        switch self {
        case .aarch64(let model): model.name
        case .aarch32(let model): model.name
        }
    }

    var isAArch32: Bool {
        if case .aarch32 = self { return true }
        return false
    }

    /// Armv8, of either state.
    var isV8: Bool {
        switch self {
        case .aarch64: true
        case .aarch32(let model): model.architecture == 8
        }
    }

    /// Bits of a physical address.
    var physicalBits: Int {
        switch self {
        case .aarch64(let model): model.physicalBits
        case .aarch32(let model): model.hasLongTables ? 40 : 32
        }
    }

    /// What tells kernels for these cores from others.
    var kernels: KernelArchitecture {
        switch self {
        case .aarch64(let model): .arm64(model)
        case .aarch32(let model): .arm(model)
        }
    }

    /// What a device tree calls them.
    var compatible: String {
        switch name {
        case "max": isAArch32 ? "arm,cortex-a15" : "arm,armv8"
        case "arm926": "arm,arm926ej-s"
        case "arm1136": "arm,arm1136jf-s"
        case "arm1176": "arm,arm1176jzf-s"
        default: "arm,\(name)"
        }
    }

    /// Where an element is among others, and what it has beside what a program sees.
    struct Place {
        var affinity: UInt64
        var count: Int
        var virtualization = false
        var secure = false
        var hasInterruptRegisters = false
        var peripheralBase: UInt64 = 0
    }

    func make(_ index: Int, _ place: Place, _ memory: AddressSpace, _ loop: EventLoop) -> any ArmElement {
        let cpu: any ArmElement
        switch self {
        case .aarch64(let model):
            var system = AArch64System()
            system.hasEL2 = place.virtualization
            system.hasEL3 = place.secure
            system.affinity = place.affinity
            system.hasInterruptRegisters = place.hasInterruptRegisters
            cpu = AArch64CPU(model: model, index: index, memory: memory, system: system) { [unowned loop] in
                loop.randomBytes(8).reduce(0) { $0 << 8 | UInt64($1) }
            }
        case .aarch32(let model):
            var system = ARMSystem()
            system.affinity = place.affinity
            system.isUniprocessor = place.count == 1
            system.clusterSize = min(place.count, 4)
            system.peripheralBase = place.peripheralBase
            system.hasInterruptRegisters = place.hasInterruptRegisters
            cpu = ARMCPU(model: model, index: index, memory: memory, system: system)
        }
        cpu.counter = { [unowned loop] in UInt64(loop.now(.virtual)) / ArmCounter.nanosecondsPerTick }
        return cpu
    }
}

extension KernelArchitecture {
    /// ELF's numbers of the architectures.
    static let elfMachine64: UInt16 = 183
    static let elfMachine32: UInt16 = 40

    static func arm64(_ model: AArch64Model) -> KernelArchitecture {
        // U-Boot begins with a jump over its addresses.
        KernelArchitecture(name: "arm64", machine: elfMachine64, magic: "ARM\u{64}", isJump: { $0 >> 26 == 5 }) { bits in
            (bits != 0 && AArch64InstructionSet.row(of: bits, model: model) != nil, 4)
        }
    }

    /// A zImage says what it is at 0x24 (Documentation/arch/arm/booting.rst).
    static func arm(_ model: ARMModel) -> KernelArchitecture {
        KernelArchitecture(
            name: "ARM", machine: elfMachine32, magic: [0x18, 0x28, 0x6f, 0x01], magicOffset: 0x24,
            size: { header in header.word(0x2c) > header.word(0x28) ? UInt64(header.word(0x2c) - header.word(0x28)) : nil },
            isInstruction: { bits in (bits != 0 && ARMInstructionSet.a32.row(of: bits, model: model) != nil, 4) })
    }
}

extension [UInt8] {
    /// The little-endian word at an offset.
    fileprivate func word(_ offset: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(self[offset + $1]) << UInt32(8 * $1) } }
}
