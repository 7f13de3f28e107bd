import FirmwareTables
import MachineModel

/// Tables about interrupts.
extension ArmVirtACPI {
    private typealias Map = ArmVirtBoard.Map

    /// MADT (ACPI 6.3, 5.2.12): the distributor, an interface for each processor, and what takes messages.
    var interrupts: ACPITable {
        var table = table("APIC", revision: 4)
        table.appendZeros(8)
        addDistributor(to: &table)
        for cpu in 0..<cpus { addInterface(cpu, to: &table) }
        switch options.gic {
        case .v2: addMessageFrame(to: &table)
        case .v3:
            addRedistributors(to: &table)
            if options.its { addTranslation(to: &table) }
        }
        return table
    }

    private enum Kind {
        static let interface: UInt8 = 11, distributor: UInt8 = 12, messages: UInt8 = 13, redistributors: UInt8 = 14, translation: UInt8 = 15
    }

    private func addDistributor(to table: inout ACPITable) {
        table.append([Kind.distributor, 24, 0, 0])
        table.append(UInt32(0))
        table.append(Map.distributor.0)
        table.append(UInt32(0))
        table.append([options.gic == .v2 ? 2 : 3, 0, 0, 0])
    }

    /// 5.2.12.14, "GIC CPU Interface (GICC) Structure".
    private func addInterface(_ cpu: Int, to table: inout ACPITable) {
        let enabled: UInt32 = 1
        table.append([Kind.interface, 80, 0, 0])
        for value in [UInt32(cpu), UInt32(cpu), enabled, 0, 0] { table.append(value) }
        table.append(UInt64(0))
        for address in interfaces { table.append(address) }
        table.append(options.virtualization ? UInt32(16 + ArmVirtBoard.Private.maintenance) : 0)
        // A redistributor is found in its region.
        table.append(UInt64(0))
        table.append(options.affinity(cpu))
        table.append(UInt32(0))
    }

    /// Where a GICv2's interface is, its virtual one and what controls that. As with QEMU the latter two are told of without a hypervisor too; for one,
    /// this board has none.
    private var interfaces: [UInt64] {
        guard options.gic == .v2 else { return [0, 0, 0] }
        return [Map.cpuInterface.0] + (options.virtualization ? [0, 0] : [Map.virtualInterface, Map.virtualControl])
    }

    private func addMessageFrame(to table: inout ACPITable) {
        let saysRange: UInt32 = 1
        table.append([Kind.messages, 24, 0, 0])
        table.append(UInt32(0))
        table.append(Map.messages.0)
        table.append(saysRange)
        table.append(UInt16(ArmVirtBoard.Shared.messageCount))
        table.append(UInt16(ArmVirtACPI.shared(ArmVirtBoard.Shared.messages)))
    }

    private func addRedistributors(to table: inout ACPITable) {
        table.append([Kind.redistributors, 16, 0, 0])
        table.append(Map.redistributors.0)
        table.append(UInt32(Map.redistributors.1))
    }

    private func addTranslation(to table: inout ACPITable) {
        table.append([Kind.translation, 20, 0, 0])
        table.append(UInt32(0))
        table.append(Map.translation.0)
        table.append(UInt32(0))
    }

    // MARK: Messages

    /// As with QEMU a GICv2's board has the table too; a GICv3's without the service has not, which QEMU tells of in vain.
    var routesMessages: Bool { options.version >= MachineVersion(2, 8) && (options.gic == .v2 || options.its) }

    /// IORT (Arm DEN 0049E): messages of all PCI devices go to the one translation service, and devices see what caches hold.
    var messageRoutes: ACPITable {
        let group = ACPITable.headerSize + 12
        var table = table("IORT", revision: 3)
        for value in [2, UInt32(group), 0] { table.append(value) }
        // An ITS group of one.
        table.append([0])
        table.append(UInt16(24))
        table.append([1])
        for value: UInt32 in [0, 0, 0, 1, 0] { table.append(value) }
        addRootComplex(to: &table, group: group)
        return table
    }

    private func addRootComplex(to table: inout ACPITable, group: Int) {
        let mapping: UInt16 = 36, mappingSize: UInt16 = 20
        table.append([2])
        table.append(mapping + mappingSize)
        table.append([3])
        let coherent: UInt32 = 1
        for value in [1, 1, UInt32(mapping), coherent] { table.append(value) }
        // No hints; coherent for the processors' caches as a device attribute; no ATS; segment 0; addresses of 64 bits.
        table.append([0, 0, 0, 3])
        for value: UInt32 in [0, 0, 64] { table.append(value) }
        for value in [0, 0xffff, 0, UInt32(group), 0] { table.append(value) }
    }
}
