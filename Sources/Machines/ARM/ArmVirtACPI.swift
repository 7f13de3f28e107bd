import BoardKit
import FirmwareTables
import MachineModel

/// The board's ACPI tables, table by table as QEMU 7.2 has them, without a PMU's interrupt.
struct ArmVirtACPI {
    let options: ArmVirtOptions
    let cpus: Int
    let topology: CPUTopology
    let pci: PCILayout
    /// The power button is behind the generic event device, and not at a pin.
    let hasEventDevice: Bool

    /// The files for firmware, by their names. Tables of nodes have their place behind DBG2.
    var files: [(name: String, bytes: [UInt8])] {
        var tables = ACPITables(options.maker)
        let code = tables.add(ArmVirtDSDT(self).table, isListed: false)
        tables.add(description, pointers: [(ArmVirtACPI.codeField, code)])
        tables.add(interrupts)
        // Topology came with 6.2, the table of message routes with 2.8.
        if options.version >= MachineVersion(6, 2) { tables.add(processors) }
        for table in [timers, configurationSpace, console, debugPort] { tables.add(table) }
        if routesMessages { tables.add(messageRoutes) }
        return tables.files()
    }

    func table(_ signature: String, revision: UInt8) -> ACPITable { ACPITable(signature, revision: revision, options.maker) }

    /// The number by which ACPI knows a shared interrupt.
    static func shared(_ number: Int) -> Int { 32 + number }

    // MARK: The machine

    /// Where X_DSDT is.
    private static let codeField = 140

    /// FADT (ACPI 6.3, 5.2.9): hardware-reduced, and whether firmware for power is called by hvc.
    private var description: ACPITable {
        let flagsOffset = 112, armFlagsOffset = 129, hypervisorOffset = 268
        let hardwareReduced: UInt32 = 1 << 20
        let psci: UInt16 = 1, byHVC: UInt16 = 2
        var table = table("FACP", revision: 6)
        table.appendZeros(flagsOffset - table.count)
        table.append(hardwareReduced)
        table.appendZeros(armFlagsOffset - table.count)
        table.append(options.secure ? 0 : options.virtualization ? psci : psci | byHVC)
        table.appendZeros(hypervisorOffset - table.count)
        table.append(Array("QEMU".utf8) + [0, 0, 0, 0])
        return table
    }

    /// PPTT (5.2.29): sockets, clusters in them, cores in these, and threads where cores have several.
    private var processors: ACPITable {
        let package: UInt32 = 1, isProcessor: UInt32 = 2, isThread: UInt32 = 4, isLeaf: UInt32 = 8
        var table = table("PPTT", revision: 2)
        func add(_ flags: UInt32, in parent: Int, number: Int) -> Int {
            let start = table.count
            table.append([0, 20, 0, 0])
            for value in [flags, UInt32(parent), UInt32(number), 0] { table.append(value) }
            return start
        }
        var next = 0
        func addProcessor(in parent: Int, _ flags: UInt32) {
            _ = add(isProcessor | isLeaf | flags, in: parent, number: next)
            next += 1
        }
        for number in 0..<topology.sockets {
            let socket = add(package, in: 0, number: number)
            for number in 0..<topology.clusters {
                let cluster = add(0, in: socket, number: number)
                for number in 0..<topology.cores {
                    if topology.threads == 1 {
                        addProcessor(in: cluster, 0)
                    } else {
                        let core = add(0, in: cluster, number: number)
                        for _ in 0..<topology.threads { addProcessor(in: core, isThread) }
                    }
                }
            }
        }
        return table
    }

    /// GTDT (5.2.24): the processors' timers, without memory-mapped ones.
    private var timers: ACPITable {
        typealias Private = ArmVirtBoard.Private
        let edge: UInt32 = 1, alwaysOn: UInt32 = 4
        let trigger = options.claimsEdges ? edge : 0
        var table = table("GTDT", revision: 2)
        table.append(UInt64.max)
        table.append(UInt32(0))
        for line in [Private.secure, Private.physical, Private.virtual, Private.hypervisor] {
            table.append(UInt32(16 + line))
            table.append(trigger | (line == Private.physical ? alwaysOn : 0))
        }
        table.append(UInt64.max)
        table.append(UInt64(0))
        return table
    }

    /// MCFG (PCI Firmware Specification 3.2, 4.1.2).
    private var configurationSpace: ACPITable {
        var table = table("MCFG", revision: 1)
        table.appendZeros(8)
        table.append(pci.configuration.start)
        table.append(UInt16(0))
        table.append([0, UInt8(pci.buses - 1)])
        table.append(UInt32(0))
        return table
    }

    // MARK: The serial port

    private static let pl011: UInt8 = 3

    /// SPCR (Microsoft, "Serial Port Console Redirection Table", revision 2).
    private var console: ACPITable {
        let gic: UInt8 = 8, baud9600: UInt8 = 3, noParity: UInt8 = 0, oneStopBit: UInt8 = 1, byRTSandCTS: UInt8 = 2, vt100: UInt8 = 0
        var table = table("SPCR", revision: 2)
        table.append([ArmVirtACPI.pl011, 0, 0, 0])
        table.appendAddress(ArmVirtBoard.Map.uart.0, width: 8, access: 1)
        table.append([gic, 0])
        table.append(UInt32(ArmVirtACPI.shared(ArmVirtBoard.Shared.uart)))
        table.append([baud9600, noParity, oneStopBit, byRTSandCTS, vt100, 0])
        // No PCI device.
        table.append(UInt32.max)
        table.appendZeros(12)
        return table
    }

    /// DBG2 (Microsoft, "Debug Port Table 2").
    private var debugPort: ACPITable {
        let name = Array("COM0".utf8) + [0]
        // Where the device's parts are, from its beginning.
        let address: UInt16 = 22, size = address + 12, path = size + 4
        let serial: UInt16 = 0x8000
        var table = table("DBG2", revision: 0)
        table.append(UInt32(ACPITable.headerSize + 8))
        table.append(UInt32(1))
        table.append([0])
        table.append(path + UInt16(name.count))
        table.append([1])
        for value in [UInt16(name.count), path, 0, 0, serial, UInt16(ArmVirtACPI.pl011), 0, address, size] { table.append(value) }
        table.appendAddress(ArmVirtBoard.Map.uart.0, width: 8, access: 1)
        table.append(UInt32(ArmVirtBoard.Map.uart.1))
        table.append(name)
        return table
    }
}
