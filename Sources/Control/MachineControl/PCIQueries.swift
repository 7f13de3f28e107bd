import MachineModel
import PCI
import QAPI

/// What monitors tell of PCI.
struct PCIQueries {
    private unowned let session: any MachineSession

    init(_ session: any MachineSession) { self.session = session }

    func register(in commands: inout CommandTable) {
        commands.on(QueryPciCommand.self) { session.machine.pci.map { [PciInfo(bus: 0, devices: describe($0.root))] } ?? [] }
    }

    private func describe(_ bus: PCIBus) -> [PciDeviceInfo] { bus.functions.map { describe($0, bus) } }

    private func describe(_ device: any PCIDevice, _ bus: PCIBus) -> PciDeviceInfo {
        let function = device.function
        let (vendor, number) = function.identity
        let (line, pin) = function.interrupt
        let subsystem = function.subsystem
        return PciDeviceInfo(
            bus: Int64(bus.number), slot: Int64(function.address >> 3), function: Int64(function.address & 7),
            classInfo: PciDeviceClass(desc: PCIClass.name(function.classCode), class: Int64(function.classCode)),
            id: PciDeviceId(
                device: Int64(number), vendor: Int64(vendor), subsystem: subsystem.map { Int64($0.device) },
                subsystemVendor: subsystem.map { Int64($0.vendor) }),
            irq: pin == 0 ? nil : Int64(line), irqPin: Int64(pin), qdevId: function.id ?? "",
            pciBridge: device.secondaryBus.map { bridge(function, $0) }, regions: function.windows.map(describe))
    }

    private func describe(_ window: PCIFunction.Window) -> PciMemoryRegion {
        let isMemory = window.kind != .io
        return PciMemoryRegion(
            bar: Int64(window.number), type: isMemory ? "memory" : "io", address: window.address.map { Int64(bitPattern: $0) } ?? -1,
            size: Int64(bitPattern: window.size), prefetch: isMemory ? window.isPrefetchable : nil,
            memType64: isMemory ? window.kind == .memory64 : nil)
    }

    private func bridge(_ function: PCIFunction, _ bus: PCIBus) -> PciBridgeInfo {
        let numbers = function.busNumbers
        let ranges = function.ranges.map { PciMemoryRange(base: Int64(bitPattern: $0.base), limit: Int64(bitPattern: $0.limit)) }
        let info = PciBusInfo(
            number: Int64(numbers.primary), secondary: Int64(numbers.secondary), subordinate: Int64(numbers.subordinate), ioRange: ranges[0],
            memoryRange: ranges[1], prefetchableRange: ranges[2])
        return PciBridgeInfo(bus: info, devices: numbers.secondary == 0 ? nil : describe(bus))
    }
}
