import DeviceTree
import MachineModel

/// The board's device tree, node by node as QEMU 7.2 has it, without the platform bus and the PMU.
struct ArmVirtDeviceTree {
    private let options: ArmVirtOptions
    private let cores: ArmCores
    private let hasFirmware: Bool
    private let configuration: MachineConfiguration
    private let cpus: Int
    private let memorySize: UInt64
    private let commandLine: String?
    private let initrd: (start: UInt64, end: UInt64)?

    /// Properties of `chosen` that give the kernel randomness; they are filled in anew for each start.
    static let seeds = [(property: "kaslr-seed", bytes: 8), (property: "rng-seed", bytes: 32)]

    private enum Handle {
        static let clock: UInt32 = 0x8000, messages: UInt32 = 0x8001, interrupts: UInt32 = 0x8002, gpio: UInt32 = 0x8003
        static func cpu(_ index: Int) -> UInt32 { 0x8010 + UInt32(index) }
    }
    /// First cells and flags of an interrupt specifier.
    private enum Interrupt { static let shared: UInt32 = 0, `private`: UInt32 = 1, edge: UInt32 = 1, level: UInt32 = 4 }

    init(
        _ configuration: MachineConfiguration, _ options: ArmVirtOptions, cores: ArmCores, hasFirmware: Bool, memorySize: UInt64,
        initrd: (start: UInt64, end: UInt64)?
    ) {
        self.configuration = configuration
        self.options = options
        self.cores = cores
        self.hasFirmware = hasFirmware
        self.memorySize = memorySize
        self.initrd = initrd
        cpus = configuration.cpus
        commandLine = configuration.commandLine
    }

    var root: DeviceTreeNode {
        var root = DeviceTreeNode("")
        root.set("interrupt-parent", cells: [Handle.interrupts])
        root.set("model", strings: "linux,dummy-virt")
        root.set("#address-cells", cells: [2])
        root.set("#size-cells", cells: [2])
        root.set("compatible", strings: "linux,dummy-virt")
        root.children = configuration.memoryNodes(from: ArmVirtBoard.Map.memory, size: memorySize) + configuration.distanceNodes
        root.children += [cpuNodes, timer, controller, uart, rtc] + buttons + [firmwareConfiguration, flash, clock, aliases, chosen, pci]
        root.children += (0..<ArmVirtBoard.virtioSlots).map(virtio)
        if !options.secure { root.children.append(psci) }
        return root
    }

    private func place(_ place: (UInt64, UInt64)) -> [UInt64] { [place.0, place.1] }

    private var chosen: DeviceTreeNode {
        var node = DeviceTreeNode("chosen")
        node.set("stdout-path", strings: "/pl011@9000000")
        for seed in ArmVirtDeviceTree.seeds { node.set(seed.property, bytes: [UInt8](repeating: 0, count: seed.bytes)) }
        if let commandLine { node.set("bootargs", strings: commandLine) }
        if let initrd {
            node.set("linux,initrd-start", wideCells: [initrd.start])
            node.set("linux,initrd-end", wideCells: [initrd.end])
        }
        return node
    }

    private var aliases: DeviceTreeNode {
        var node = DeviceTreeNode("aliases")
        node.set("serial0", strings: "/pl011@9000000")
        return node
    }

    // MARK: Processors

    private var cpuNodes: DeviceTreeNode {
        var node = DeviceTreeNode("cpus")
        node.set("#address-cells", cells: [1])
        node.set("#size-cells", cells: [0])
        node.children = (0..<cpus).map(cpu) + [cpuMap]
        return node
    }

    private func cpu(_ index: Int) -> DeviceTreeNode {
        let affinity = options.affinity(index)
        var node = DeviceTreeNode("cpu@\(String(affinity, radix: 16))")
        node.set("phandle", cells: [Handle.cpu(index)])
        node.set("device_type", strings: "cpu")
        node.set("compatible", strings: cores.compatible)
        node.set("reg", cells: [UInt32(truncatingIfNeeded: affinity)])
        if cpus > 1, !options.secure { node.set("enable-method", strings: "psci") }
        configuration.setNode(ofCPU: index, in: &node)
        return node
    }

    /// How cpus are grouped (Documentation/devicetree/bindings/cpu/cpu-topology.txt).
    private var cpuMap: DeviceTreeNode {
        let topology = configuration.cpuTopology
        var map = DeviceTreeNode("cpu-map")
        for cpu in 0..<cpus {
            let place = topology.place(cpu)
            var path = [("socket", place.socket), ("cluster", place.cluster), ("core", place.core)]
            if topology.threads > 1 { path.append(("thread", place.thread)) }
            map.set(path.map { "\($0)\($1 ?? 0)" }[...]) { $0.set("cpu", cells: [Handle.cpu(cpu)]) }
        }
        return map
    }

    private var psci: DeviceTreeNode {
        var node = DeviceTreeNode("psci")
        node.set("compatible", strings: "arm,psci-1.0", "arm,psci-0.2", "arm,psci")
        node.set("method", strings: options.virtualization ? "smc" : "hvc")
        // Functions that take addresses have numbers of their own for 64-bit callers.
        let wide: UInt32 = cores.isAArch32 ? 0 : 1 << 30
        node.set("cpu_suspend", cells: [0x8400_0001 | wide])
        node.set("cpu_off", cells: [0x8400_0002])
        node.set("cpu_on", cells: [0x8400_0003 | wide])
        return node
    }

    /// Flags of a private interrupt: a GICv2 also wants to know its CPUs.
    private func privateFlags(_ trigger: UInt32) -> UInt32 { trigger | (options.gic == .v2 ? (1 << UInt32(cpus) - 1) << 8 : 0) }

    private var timer: DeviceTreeNode {
        typealias Private = ArmVirtBoard.Private
        var node = DeviceTreeNode("timer")
        if cores.isV8 {
            node.set("compatible", strings: "arm,armv8-timer", "arm,armv7-timer")
        } else {
            node.set("compatible", strings: "arm,armv7-timer")
        }
        node.set("always-on")
        let flags = privateFlags(options.claimsEdges ? Interrupt.edge : Interrupt.level)
        let lines = [Private.secure, Private.physical, Private.virtual, Private.hypervisor]
        node.set("interrupts", cells: lines.flatMap { [Interrupt.private, UInt32($0), flags] })
        return node
    }

    // MARK: Interrupts

    private var controller: DeviceTreeNode {
        typealias Map = ArmVirtBoard.Map
        var node = DeviceTreeNode("intc@8000000")
        node.set("phandle", cells: [Handle.interrupts])
        node.set("#interrupt-cells", cells: [3])
        node.set("interrupt-controller")
        node.set("#address-cells", cells: [2])
        node.set("#size-cells", cells: [2])
        node.set("ranges")
        switch options.gic {
        case .v2:
            node.set("compatible", strings: "arm,cortex-a15-gic")
            node.set("reg", wideCells: place(Map.distributor) + place(Map.cpuInterface))
            node.children = [messages]
        case .v3:
            node.set("compatible", strings: "arm,gic-v3")
            node.set("#redistributor-regions", cells: [1])
            node.set("reg", wideCells: place(Map.distributor) + place(Map.redistributors))
            if options.virtualization {
                node.set("interrupts", cells: [Interrupt.private, UInt32(ArmVirtBoard.Private.maintenance), Interrupt.level])
            }
            if options.its { node.children = [translation] }
        }
        return node
    }

    private var messages: DeviceTreeNode {
        var node = DeviceTreeNode("v2m@8020000")
        node.set("phandle", cells: [Handle.messages])
        node.set("compatible", strings: "arm,gic-v2m-frame")
        node.set("msi-controller")
        node.set("reg", wideCells: place(ArmVirtBoard.Map.messages))
        return node
    }

    private var translation: DeviceTreeNode {
        var node = DeviceTreeNode("its@8080000")
        node.set("phandle", cells: [Handle.messages])
        node.set("compatible", strings: "arm,gic-v3-its")
        node.set("msi-controller")
        node.set("#msi-cells", cells: [1])
        node.set("reg", wideCells: place(ArmVirtBoard.Map.translation))
        return node
    }

    private func interrupt(_ node: inout DeviceTreeNode, _ number: Int, _ flags: UInt32 = Interrupt.level) {
        node.set("interrupts", cells: [Interrupt.shared, UInt32(number), flags])
    }

    // MARK: Devices

    private var clock: DeviceTreeNode {
        var node = DeviceTreeNode("apb-pclk")
        node.set("phandle", cells: [Handle.clock])
        node.set("compatible", strings: "fixed-clock")
        node.set("#clock-cells", cells: [0])
        node.set("clock-frequency", cells: [24_000_000])
        node.set("clock-output-names", strings: "clk24mhz")
        return node
    }

    private func primeCell(_ name: String, _ place: (UInt64, UInt64), _ number: Int) -> DeviceTreeNode {
        var node = DeviceTreeNode("\(name)@\(String(place.0, radix: 16))")
        node.set("compatible", strings: "arm,\(name)", "arm,primecell")
        node.set("reg", wideCells: self.place(place))
        interrupt(&node, number)
        node.set("clocks", cells: [Handle.clock])
        node.set("clock-names", strings: "apb_pclk")
        return node
    }

    private var uart: DeviceTreeNode {
        var node = primeCell("pl011", ArmVirtBoard.Map.uart, ArmVirtBoard.Shared.uart)
        node.set("clocks", cells: [Handle.clock, Handle.clock])
        node.set("clock-names", strings: "uartclk", "apb_pclk")
        return node
    }

    private var rtc: DeviceTreeNode { primeCell("pl031", ArmVirtBoard.Map.rtc, ArmVirtBoard.Shared.rtc) }

    /// The power key and its pins; a button that ACPI has is none of the tree's.
    private var buttons: [DeviceTreeNode] { options.hasEventDevice(cores, hasFirmware: hasFirmware) ? [] : [gpio, keys] }

    private var gpio: DeviceTreeNode {
        var node = primeCell("pl061", ArmVirtBoard.Map.gpio, ArmVirtBoard.Shared.gpio)
        node.set("phandle", cells: [Handle.gpio])
        node.set("gpio-controller")
        node.set("#gpio-cells", cells: [2])
        return node
    }

    private var keys: DeviceTreeNode {
        var node = DeviceTreeNode("gpio-keys")
        node.set("compatible", strings: "gpio-keys")
        var key = DeviceTreeNode("poweroff")
        key.set("label", strings: "GPIO Key Poweroff")
        // KEY_POWER.
        key.set("linux,code", cells: [116])
        key.set("gpios", cells: [Handle.gpio, UInt32(ArmVirtBoard.powerKey), 0])
        node.children = [key]
        return node
    }

    private var firmwareConfiguration: DeviceTreeNode {
        var node = DeviceTreeNode("fw-cfg@9020000")
        node.set("compatible", strings: "qemu,fw-cfg-mmio")
        node.set("reg", wideCells: place(ArmVirtBoard.Map.firmwareConfiguration))
        node.set("dma-coherent")
        return node
    }

    private var flash: DeviceTreeNode {
        let banks = ArmVirtBoard.flash
        var node = DeviceTreeNode("flash@0")
        node.set("compatible", strings: "cfi-flash")
        node.set("reg", wideCells: (0..<banks.count).flatMap { [banks.address($0), banks.size] })
        node.set("bank-width", cells: [4])
        return node
    }

    private var pci: DeviceTreeNode {
        var node = options.pci(cores, hasFirmware: hasFirmware).node("pcie") {
            [Handle.interrupts, 0, 0, Interrupt.shared, UInt32(ArmVirtBoard.Shared.pci + $0), Interrupt.level]
        }
        if options.gic == .v2 || options.its { node.set("msi-map", cells: [0, Handle.messages, 0, 0x1_0000]) }
        return node
    }

    private func virtio(_ index: Int) -> DeviceTreeNode {
        let address = ArmVirtBoard.Map.virtio.0 + ArmVirtBoard.Map.virtio.1 * UInt64(index)
        var node = DeviceTreeNode("virtio_mmio@\(String(address, radix: 16))")
        node.set("compatible", strings: "virtio,mmio")
        node.set("reg", wideCells: [address, ArmVirtBoard.Map.virtio.1])
        interrupt(&node, ArmVirtBoard.Shared.virtio + index, Interrupt.edge)
        node.set("dma-coherent")
        return node
    }
}
