import BoardKit
import FirmwareTables
import MachineModel

/// The board's devices as ACPI names them (ACPI 6.3; Arm DEN 0093, "Arm Base Boot Requirements").
struct ArmVirtDSDT {
    private typealias Map = ArmVirtBoard.Map
    private typealias Shared = ArmVirtBoard.Shared

    private let board: ArmVirtACPI

    init(_ board: ArmVirtACPI) { self.board = board }

    var table: ACPITable {
        var devices = (0..<board.cpus).map(cpu) + [uart]
        // As with QEMU newer versions leave firmware's memory to firmware.
        if board.options.version < MachineVersion(5, 1) { devices += (0..<ArmVirtBoard.flash.count).map(flash) }
        devices += [firmwareConfiguration] + (0..<ArmVirtBoard.virtioSlots).map(virtio) + [PCIBridgeAML(board.pci, interrupt: linkInterrupt).device]
        devices += [board.hasEventDevice ? events : pins, powerButton]
        var table = board.table("DSDT", revision: 2)
        table.append(AML.scope("\\_SB", devices))
        return table
    }

    private func linkInterrupt(_ wire: Int) -> Int { ArmVirtACPI.shared(Shared.pci + wire) }

    private func cpu(_ index: Int) -> AML {
        let digits = String(index, radix: 16, uppercase: true)
        let name = "C" + String(repeating: "0", count: 3 - digits.count) + digits
        return .device(name, [.name("_HID", .string("ACPI0007")), .name("_UID", .integer(UInt64(index)))])
    }

    private func resources(_ place: (UInt64, UInt64), _ interrupt: Int? = nil) -> AML {
        let wires = interrupt.map { [ResourceDescriptor.interrupt(ArmVirtACPI.shared($0))] } ?? []
        return .name("_CRS", .resources([.memory(place.0, place.1)] + wires))
    }

    private var uart: AML {
        .device("COM0", [.name("_HID", .string("ARMH0011")), .name("_UID", .integer(0)), resources(Map.uart, Shared.uart)])
    }

    private func flash(_ bank: Int) -> AML {
        let banks = ArmVirtBoard.flash
        return .device(
            "FLS\(bank)",
            [.name("_HID", .string("LNRO0015")), .name("_UID", .integer(UInt64(bank))), resources((banks.address(bank), banks.size))])
    }

    private var firmwareConfiguration: AML {
        // Present, decoding, working; not shown to users.
        let status: UInt64 = 0xb
        return .device(
            "FWCF",
            [
                .name("_HID", .string("QEMU0002")), .name("_STA", .integer(status)), .name("_CCA", .integer(1)),
                resources(Map.firmwareConfiguration),
            ])
    }

    private func virtio(_ index: Int) -> AML {
        let place = (Map.virtio.0 + Map.virtio.1 * UInt64(index), Map.virtio.1)
        return .device(
            index < 10 ? "VR0\(index)" : "VR\(index)",
            [
                .name("_HID", .string("LNRO0005")), .name("_UID", .integer(UInt64(index))), .name("_CCA", .integer(1)),
                resources(place, Shared.virtio + index),
            ])
    }

    // MARK: Power

    private static let button = "PWRB"
    /// What a button tells of being pressed.
    private static let pressed: UInt64 = 0x80

    private var powerButton: AML { .device(ArmVirtDSDT.button, [.name("_HID", .string("PNP0C0C")), .name("_UID", .integer(0))]) }

    /// The generic event device (5.6.9): its method looks which events have come.
    private var events: AML {
        let isPressed = UInt64(ArmVirtBoard.powerEvent.rawValue)
        let come = AML.equal(.and(.local(0), .integer(isPressed)), .integer(isPressed))
        return .device(
            "\\_SB.GED",
            [
                .name("_HID", .string("ACPI0013")), .name("_UID", .string("GED")),
                .name("_CRS", .resources([.interrupt(ArmVirtACPI.shared(Shared.events), .edge)])),
                .memoryRegion("EREG", at: Map.events.0, size: Map.events.1), .field("EREG", [("ESEL", 32)]),
                .method(
                    "_EVT", arguments: 1, isSerialized: true,
                    [.store(.reference("ESEL"), to: .local(0)), .if(come, [.notify(ArmVirtDSDT.button, ArmVirtDSDT.pressed)])]),
            ])
    }

    /// The controller of the pin at which the power key is (5.6.5, "GPIO-signaled ACPI Events").
    private var pins: AML {
        .device(
            "GPO0",
            [
                .name("_HID", .string("ARMH0061")), .name("_UID", .integer(0)), resources(Map.gpio, Shared.gpio),
                .name("_AEI", .resources([.pinInterrupt(UInt16(ArmVirtBoard.powerKey), of: "GPO0")])),
                .method("_E0\(ArmVirtBoard.powerKey)", arguments: 0, [.notify(ArmVirtDSDT.button, ArmVirtDSDT.pressed)]),
            ])
    }
}
