import AddressSpace
import MachineModel

/// The Raspberry Pi: a BCM2835, BCM2836 or BCM2837 of Broadcom with memory and a slot for an SD card ("BCM2835 ARM Peripherals"; "ARM Quad A7 core"; the firmware's wiki).
public struct RaspberryPiBoard: Sendable {
    enum Chip: Sendable { case bcm2835, bcm2836, bcm2837 }

    /// Peripherals by their distance from the first ("BCM2835 ARM Peripherals", 1.2; what it leaves out is in the device trees).
    enum Peripheral {
        static let size: UInt64 = 0x100_0000
        static let systemTimer: UInt64 = 0x3000, dma: UInt64 = 0x7000, bridge: UInt64 = 0xa000, interrupts: UInt64 = 0xb200, armTimer: UInt64 = 0xb400
        static let mailboxes: UInt64 = 0xb880, power: UInt64 = 0x10_0000, clocks: UInt64 = 0x10_1000, random: UInt64 = 0x10_4000
        static let pins: UInt64 = 0x20_0000, uart: UInt64 = 0x20_1000, sdhost: UInt64 = 0x20_2000, spi: UInt64 = 0x20_4000
        static let i2c: [UInt64] = [0x20_5000, 0x80_4000, 0x80_5000]
        static let thermal: UInt64 = 0x21_2000, auxiliary: UInt64 = 0x21_5000, sdhci: UInt64 = 0x30_0000, lastDMA: UInt64 = 0xe0_5000
    }

    /// Lines of the interrupt controller ("BCM2835 ARM Peripherals", 7.5, and the device trees).
    enum Line {
        static let systemTimer = 0, dma = 16, auxiliary = 29, pins = 49, i2c = 53, spi = 54, sdhost = 56, uart = 57, sdhci = 62
        /// The channels of the DMA controller have the lines from `dma` on, but share some; of the last is none.
        static func dma(channel: Int) -> Int? { channel < 11 ? dma + channel : channel < 15 ? dma + 11 : nil }
    }

    /// DMA requests ("BCM2835 ARM Peripherals", 4.2.1.3).
    enum Request { static let sdhost = 13 }

    /// Where the cores of a BCM2836 or BCM2837 have their own parts.
    static let localPeripherals: UInt64 = 0x4000_0000
    /// What the GPU keeps of the memory, at its end, and where its picture is from there.
    static let videoMemory: UInt64 = 64 << 20, pictureOffset: UInt64 = 1 << 20

    let name: String, help: String
    let chip: Chip
    let memory: UInt64
    let revision: UInt32

    public static var types: [MachineType] { all.map(\.type) }

    private static let all = [
        RaspberryPiBoard(name: "raspi0", help: "Raspberry Pi Zero (revision 1.2)", chip: .bcm2835, memory: 512 << 20, revision: 0x92_0092),
        RaspberryPiBoard(name: "raspi1ap", help: "Raspberry Pi A+ (revision 1.1)", chip: .bcm2835, memory: 512 << 20, revision: 0x90_0021),
        RaspberryPiBoard(name: "raspi2b", help: "Raspberry Pi 2B (revision 1.1)", chip: .bcm2836, memory: 1 << 30, revision: 0xa2_1041),
        RaspberryPiBoard(name: "raspi3ap", help: "Raspberry Pi 3A+ (revision 1.0)", chip: .bcm2837, memory: 512 << 20, revision: 0x90_20e0),
        RaspberryPiBoard(name: "raspi3b", help: "Raspberry Pi 3B (revision 1.2)", chip: .bcm2837, memory: 1 << 30, revision: 0xa0_2082),
    ]

    var cpu: String {
        switch chip {
        case .bcm2835: "arm1176"
        case .bcm2836: "cortex-a7"
        case .bcm2837: "cortex-a53"
        }
    }

    var cores: Int { chip == .bcm2835 ? 1 : 4 }
    var peripherals: UInt64 { chip == .bcm2835 ? 0x2000_0000 : 0x3f00_0000 }
    /// MPIDR's affinity of the first core.
    var affinity: UInt64 { chip == .bcm2836 ? 0xf00 : 0 }
    /// Firmware hands out the alias that goes through the second level cache, where that is the GPU's and the Arm's.
    var busAlias: UInt32 { chip == .bcm2835 ? 0x4000_0000 : 0xc000_0000 }
    /// What the Arm has of the memory.
    var armMemory: UInt64 { memory - RaspberryPiBoard.videoMemory }
    /// Where the firmware puts what it starts.
    var start: UInt64 { chip == .bcm2837 ? 0x8_0000 : 0x8000 }

    private var type: MachineType {
        MachineType(
            name: name, help: help, guests: chip == .bcm2837 ? ["aarch64"] : ["arm", "aarch64"], minCPUs: cores, maxCPUs: cores,
            defaultMemory: memory, memoryID: "ram", serialPorts: 2, defaultCPU: { _ in cpu }, build: build)
    }
}
