import DeviceTree
import GuestRISCV
import MachineModel
import PlatformDevices

/// The board's device tree, node by node as QEMU 7.2 has it.
struct VirtDeviceTree {
    let model: RISCVModel
    private let cpus: Int
    private let configuration: MachineConfiguration
    /// The harts of each socket.
    private let sockets: [Range<Int>]
    let memorySize: UInt64
    let commandLine: String?
    /// First and last-plus-one address of the initial RAM disk.
    let initrd: (start: UInt64, end: UInt64)?

    /// The property of `chosen` that gives the kernel randomness; it is filled in anew for each start.
    static let seed = "rng-seed"
    static let seedBytes = 32

    init(
        _ configuration: MachineConfiguration, model: RISCVModel, memorySize: UInt64, commandLine: String?, initrd: (start: UInt64, end: UInt64)?
    ) throws(MachineError) {
        (self.configuration, self.model, self.memorySize, self.commandLine, self.initrd) = (configuration, model, memorySize, commandLine, initrd)
        cpus = configuration.cpus
        sockets = try VirtSocket.harts(configuration)
    }

    private static let testHandle: UInt32 = 2
    /// Of a socket's interrupt controller; the last one's where there are not so many.
    private func plicHandle(_ wanted: Int) -> UInt32 {
        let socket = min(wanted, sockets.count - 1)
        return socket == 0 ? 1 : 2 + UInt32(socket)
    }
    private func cpuHandle(_ hart: Int) -> UInt32 { UInt32(16 + 2 * hart) }
    private func interruptHandle(_ hart: Int) -> UInt32 { UInt32(17 + 2 * hart) }

    var root: DeviceTreeNode {
        var root = DeviceTreeNode("")
        root.set("#address-cells", cells: [2])
        root.set("#size-cells", cells: [2])
        root.set("compatible", strings: "riscv-virtio")
        root.set("model", strings: "riscv-virtio,qemu")
        root.children = configuration.memoryNodes(from: VirtBoard.Map.memory, size: memorySize)
        root.children += [cpuNodes, soc, chosen, firmwareConfiguration, flash] + powerNodes + configuration.distanceNodes
        if model.extensions.contains(.zihpm) { root.children.append(performance) }
        return root
    }

    private func place(_ place: (UInt64, UInt64)) -> [UInt64] { [place.0, place.1] }

    private var chosen: DeviceTreeNode {
        var node = DeviceTreeNode("chosen")
        node.set("stdout-path", strings: "/soc/serial@10000000")
        node.set(VirtDeviceTree.seed, bytes: [UInt8](repeating: 0, count: VirtDeviceTree.seedBytes))
        if let commandLine { node.set("bootargs", strings: commandLine) }
        if let initrd {
            node.set("linux,initrd-start", wideCells: [initrd.start])
            node.set("linux,initrd-end", wideCells: [initrd.end])
        }
        return node
    }

    private var cpuNodes: DeviceTreeNode {
        var node = DeviceTreeNode("cpus")
        node.set("#address-cells", cells: [1])
        node.set("#size-cells", cells: [0])
        node.set("timebase-frequency", cells: [UInt32(ACLINT.frequency)])
        node.children = (0..<cpus).map(cpu)
        var map = DeviceTreeNode("cpu-map")
        map.children = sockets.enumerated().map { number, harts in
            var cluster = DeviceTreeNode("cluster\(number)")
            cluster.children = harts.map { hart in
                var core = DeviceTreeNode("core\(hart - harts.lowerBound)")
                core.set("cpu", cells: [cpuHandle(hart)])
                return core
            }
            return cluster
        }
        node.children.append(map)
        return node
    }

    private func cpu(_ hart: Int) -> DeviceTreeNode {
        var node = DeviceTreeNode("cpu@\(String(hart, radix: 16))")
        node.set("phandle", cells: [cpuHandle(hart)])
        node.set("device_type", strings: "cpu")
        configuration.setNode(ofCPU: hart, in: &node)
        node.set("reg", cells: [UInt32(hart)])
        node.set("status", strings: "okay")
        node.set("compatible", strings: "riscv")
        if model.extensions.contains(.zicbom) { node.set("riscv,cbom-block-size", cells: [64]) }
        if model.extensions.contains(.zicboz) { node.set("riscv,cboz-block-size", cells: [64]) }
        node.set("riscv,isa", strings: model.isaString)
        if model.extensions.contains(.s) { node.set("mmu-type", strings: model.mmuType) }
        var controller = DeviceTreeNode("interrupt-controller")
        controller.set("#interrupt-cells", cells: [1])
        controller.set("interrupt-controller")
        controller.set("compatible", strings: "riscv,cpu-intc")
        controller.set("phandle", cells: [interruptHandle(hart)])
        node.children = [controller]
        return node
    }

    private var soc: DeviceTreeNode {
        var node = DeviceTreeNode("soc")
        node.set("#address-cells", cells: [2])
        node.set("#size-cells", cells: [2])
        node.set("compatible", strings: "simple-bus")
        node.set("ranges")
        node.children = [test] + sockets.indices.flatMap { [aclint($0), plic($0)] } + [uart, rtc, pci] + (0..<VirtBoard.virtioSlots).map(virtio)
        return node
    }

    private var test: DeviceTreeNode {
        var node = DeviceTreeNode("test@100000")
        node.set("phandle", cells: [VirtDeviceTree.testHandle])
        node.set("reg", wideCells: place(VirtBoard.Map.test))
        node.set("compatible", strings: "sifive,test1", "sifive,test0", "syscon")
        return node
    }

    private var powerNodes: [DeviceTreeNode] {
        [("poweroff", 0x5555), ("reboot", 0x7777)].map { (name: String, value: UInt32) in
            var node = DeviceTreeNode(name)
            node.set("compatible", strings: "syscon-\(name)")
            node.set("regmap", cells: [VirtDeviceTree.testHandle])
            node.set("offset", cells: [0])
            node.set("value", cells: [value])
            return node
        }
    }

    /// Which counters count an event (OpenSBI's pmu_support document): cycles (event 1) mcycle, instructions (event 2) minstret. The others of
    /// Zihpm are there and count nothing, so the tree, unlike QEMU's, gives them no event.
    private var performance: DeviceTreeNode {
        var node = DeviceTreeNode("pmu")
        node.set("compatible", strings: "riscv,pmu")
        node.set("riscv,event-to-mhpmcounters", cells: [1, 1, 1 << 0, 2, 2, 1 << 2])
        return node
    }

    private var firmwareConfiguration: DeviceTreeNode {
        var node = DeviceTreeNode("fw-cfg@10100000")
        node.set("compatible", strings: "qemu,fw-cfg-mmio")
        node.set("reg", wideCells: place(VirtBoard.Map.firmwareConfiguration))
        node.set("dma-coherent")
        return node
    }

    private var flash: DeviceTreeNode {
        var node = DeviceTreeNode("flash@20000000")
        node.set("compatible", strings: "cfi-flash")
        node.set("reg", wideCells: (0..<VirtBoard.flash.count).flatMap { [VirtBoard.flash.address($0), VirtBoard.flash.size] })
        node.set("bank-width", cells: [4])
        return node
    }

    private func aclint(_ socket: Int) -> DeviceTreeNode {
        let place = VirtSocket.aclint(socket)
        var node = DeviceTreeNode("clint@\(String(place.0, radix: 16))")
        if configuration.numa != nil { node.set("numa-node-id", cells: [UInt32(socket)]) }
        node.set("compatible", strings: "sifive,clint0", "riscv,clint0")
        node.set("reg", wideCells: self.place(place))
        node.set("interrupts-extended", cells: sockets[socket].flatMap { [interruptHandle($0), 3, interruptHandle($0), 7] })
        return node
    }

    private func plic(_ socket: Int) -> DeviceTreeNode {
        let place = VirtSocket.plic(socket)
        var node = DeviceTreeNode("plic@\(String(place.0, radix: 16))")
        if configuration.numa != nil { node.set("numa-node-id", cells: [UInt32(socket)]) }
        node.set("phandle", cells: [plicHandle(socket)])
        node.set("#address-cells", cells: [0])
        node.set("#interrupt-cells", cells: [1])
        node.set("compatible", strings: "sifive,plic-1.0.0", "riscv,plic0")
        node.set("interrupt-controller")
        node.set("interrupts-extended", cells: sockets[socket].flatMap { [interruptHandle($0), 11, interruptHandle($0), 9] })
        node.set("reg", wideCells: self.place(place))
        node.set("riscv,ndev", cells: [UInt32(PLIC.sources)])
        return node
    }

    private func interrupt(_ node: inout DeviceTreeNode, _ source: Int, of socket: Int = 0) {
        node.set("interrupt-parent", cells: [plicHandle(socket)])
        node.set("interrupts", cells: [UInt32(source)])
    }

    private var uart: DeviceTreeNode {
        var node = DeviceTreeNode("serial@10000000")
        node.set("compatible", strings: "ns16550a")
        node.set("reg", wideCells: place(VirtBoard.Map.uart))
        node.set("clock-frequency", cells: [3_686_400])
        interrupt(&node, VirtBoard.Source.uart)
        return node
    }

    private var rtc: DeviceTreeNode {
        var node = DeviceTreeNode("rtc@101000")
        node.set("compatible", strings: "google,goldfish-rtc")
        node.set("reg", wideCells: place(VirtBoard.Map.rtc))
        interrupt(&node, VirtBoard.Source.rtc)
        return node
    }

    private var pci: DeviceTreeNode {
        VirtBoard.pci(memorySize: memorySize, rv64: model.rv64).node("pci") { [plicHandle(2), UInt32(VirtBoard.Source.pci + $0)] }
    }

    private func virtio(_ index: Int) -> DeviceTreeNode {
        let address = VirtBoard.Map.virtio.0 + VirtBoard.Map.virtio.1 * UInt64(index)
        var node = DeviceTreeNode("virtio_mmio@\(String(address, radix: 16))")
        node.set("compatible", strings: "virtio,mmio")
        node.set("reg", wideCells: [address, VirtBoard.Map.virtio.1])
        interrupt(&node, VirtBoard.Source.virtio + index, of: 1)
        return node
    }
}
