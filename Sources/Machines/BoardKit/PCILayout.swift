import AddressSpace
import DeviceTree
import PCI

/// Where a board has its PCI Express host bridge: addresses and sizes of its windows.
public struct PCILayout: Sendable {
    public typealias Place = (start: UInt64, size: UInt64)

    /// Configuration space, 1 MiB for each bus.
    public let configuration: Place
    /// How many buses that is room for.
    public var buses: Int { Int(configuration.size >> 20) }
    /// Where I/O addresses from 0 on are seen.
    public let io: Place
    /// Memory addresses, the same on the bus; the second for 64-bit windows.
    public let memory: Place
    public let highMemory: Place?

    public init(configuration: Place, io: Place, memory: Place, highMemory: Place?) {
        (self.configuration, self.io, self.memory, self.highMemory) = (configuration, io, memory, highMemory)
    }

    /// Makes the host bridge and puts its windows into the memory map.
    public func make(memory system: AddressSpace, root: MemoryRegion) -> PCIHost {
        let host = PCIHost(memory: system, ecamSize: configuration.size)
        root.add(host.makeRegion(), at: configuration.start)
        root.add(host.window("pcie-pio", io: true, from: 0, size: io.size), at: io.start)
        root.add(host.window("pcie-mmio", from: memory.start, size: memory.size), at: memory.start)
        if let highMemory { root.add(host.window("pcie-mmio-high", from: highMemory.start, size: highMemory.size), at: highMemory.start) }
        return host
    }

    /// The bridge's node (Devicetree bindings, pci-host-ecam-generic and PCI Bus Binding to IEEE Std 1275-1994).
    ///
    /// - Parameters:
    ///   - interrupt: cells that name the interrupt controller's input of a wire, its handle first.
    public func node(_ name: String, interrupt: (_ wire: Int) -> [UInt32]) -> DeviceTreeNode {
        var node = DeviceTreeNode("\(name)@\(String(name == "pcie" ? memory.start : configuration.start, radix: 16))")
        node.set("compatible", strings: "pci-host-ecam-generic")
        node.set("device_type", strings: "pci")
        node.set("#address-cells", cells: [3])
        node.set("#size-cells", cells: [2])
        node.set("#interrupt-cells", cells: [1])
        node.set("linux,pci-domain", cells: [0])
        node.set("bus-range", cells: [0, UInt32(buses) - 1])
        node.set("dma-coherent")
        node.set("reg", wideCells: [configuration.start, configuration.size])
        node.set("ranges", cells: ranges)
        // The wires of four device numbers with four pins each; then it begins anew.
        var map: [UInt32] = []
        for device in 0..<4 {
            for pin in 0..<4 {
                let unit: [UInt32] = [UInt32(device) << 11, 0, 0, UInt32(pin + 1)]
                map += unit + interrupt((device + pin) % 4)
            }
        }
        node.set("interrupt-map", cells: map)
        node.set("interrupt-map-mask", cells: [3 << 11, 0, 0, 7])
        return node
    }

    /// Kind of space, bus address, address and size.
    private var ranges: [UInt32] {
        func range(_ kind: UInt32, _ bus: UInt64, _ place: Place) -> [UInt32] {
            var cells = [kind]
            for value in [bus, place.start, place.size] { cells += [UInt32(value >> 32), UInt32(truncatingIfNeeded: value)] }
            return cells
        }
        let high = highMemory.map { range(0x0300_0000, $0.start, $0) } ?? []
        return range(0x0100_0000, 0, io) + range(0x0200_0000, memory.start, memory) + high
    }
}
