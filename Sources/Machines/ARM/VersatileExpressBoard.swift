import AddressSpace
import ArmSystem
import BoardKit
import CPUModel
import Chardev
import DeviceModel
import EventLoop
import HostOS
import MachineModel
import ObjectModel
import PlatformDevices

/// The Versatile Express motherboard (V2M-P1, Arm DUI 0447) with one of two daughterboards: four Cortex-A9 (DUI 0448), or Cortex-A15 (DUI 0604).
public struct VersatileExpressBoard: Sendable {
    /// Where a daughterboard puts the motherboard and its own parts.
    struct Map: Sendable {
        /// The motherboard's peripherals: 64 KiB each where the bits of the address are `spread`, else 4 KiB.
        let peripherals: UInt64
        let isSpread: Bool
        let flash: [UInt64]
        let sram: UInt64, videoMemory: UInt64, ethernet: UInt64
        let memory: UInt64
        let distributor: UInt64, cpuInterface: UInt64
        /// Addresses that answer though nothing is there.
        let quiet: [(UInt64, UInt64)]

        /// A peripheral by its number in the map of DUI 0447, 4.2.
        func peripheral(_ number: UInt64) -> UInt64 {
            guard isSpread else { return peripherals + number * 0x1000 }
            // The first three lie one place higher there.
            return peripherals + (number < 3 ? number + 1 : number) * 0x1_0000
        }
    }

    /// The motherboard's peripherals by their numbers.
    enum Peripheral {
        static let system: UInt64 = 0, controller: UInt64 = 1, bus: UInt64 = 2, cards: UInt64 = 5, keyboard: UInt64 = 6, mouse: UInt64 = 7
        static let uart: UInt64 = 9, watchdog: UInt64 = 15, timers: [UInt64] = [17, 18], virtio: UInt64 = 19, displayBus: UInt64 = 22
        static let clock: UInt64 = 23, display: UInt64 = 31
    }

    /// Shared interrupts, counted from 0.
    enum Shared {
        static let watchdog = 0, timers = [2, 3], clock = 4, uart = 5, keyboard = 12, mouse = 13, display = 14, ethernet = 15, virtio = 40,
            cards = [9, 10]
    }

    static let virtioSlots = 4
    static let uartCount = 4
    static let flashSize: UInt64 = 64 << 20

    let name: String
    let help: String
    let cpu: String
    let maxCPUs: Int
    let maxMemory: UInt64
    let map: Map
    let processor: UInt32
    let oscillators: [UInt32], voltages: [UInt32]
    let isA9: Bool

    static let a9 = VersatileExpressBoard(
        name: "vexpress-a9", help: "ARM Versatile Express for Cortex-A9", cpu: "cortex-a9", maxCPUs: 4, maxMemory: 1 << 30,
        map: Map(
            peripherals: 0x1000_0000, isSpread: false, flash: [0x4000_0000, 0x4400_0000], sram: 0x4800_0000, videoMemory: 0x4c00_0000,
            ethernet: 0x4e00_0000,
            memory: 0x6000_0000, distributor: 0x1e00_1000, cpuInterface: 0x1e00_0100,
            quiet: [(0x1000_0000, 0x10_0000), (0x4e00_0000, 0x200_0000), (0x1e00_0000, 0x1_0000)]),
        processor: 0x0c00_0191, oscillators: [45_000_000, 23_750_000, 66_670_000],
        voltages: [1_000_000, 1_000_000, 1_000_000, 1_800_000, 900_000, 3_300_000], isA9: true)

    static let a15 = VersatileExpressBoard(
        name: "vexpress-a15", help: "ARM Versatile Express for Cortex-A15", cpu: "cortex-a15", maxCPUs: 4, maxMemory: 30 << 30,
        map: Map(
            peripherals: 0x1c00_0000, isSpread: true, flash: [0x0800_0000, 0x0c00_0000], sram: 0x1400_0000, videoMemory: 0x1800_0000,
            ethernet: 0x1a00_0000,
            memory: 0x8000_0000, distributor: 0x2c00_1000, cpuInterface: 0x2c00_2000,
            quiet: [(0x1c00_0000, 0x20_0000), (0x1a00_0000, 0x200_0000), (0x2b00_0000, 0x10_0000), (0x7ff0_0000, 0x10_0000)]),
        processor: 0x1400_0237, oscillators: [60_000_000, 0, 0, 0, 40_000_000, 23_750_000, 50_000_000, 60_000_000, 40_000_000],
        voltages: [900_000], isA9: false)

    public static var types: [MachineType] { [a9.type, a15.type] }

    private static let properties = [
        Property("secure", .bool, default: false, "the security extensions; cannot be had"),
        Property("virtualization", .bool, default: false, "hyp mode; cannot be had"),
    ]

    private var type: MachineType {
        MachineType(
            name: name, help: help, guests: ["arm"], maxCPUs: maxCPUs, defaultMemory: 128 << 20, memoryID: "vexpress.highmem",
            serialPorts: VersatileExpressBoard.uartCount,
            defaultCPU: { _ in cpu }, properties: isA9 ? [VersatileExpressBoard.properties[0]] : VersatileExpressBoard.properties, build: build)
    }
}
