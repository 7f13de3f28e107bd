import FirmwareTables

/// A PCI Express host bridge as ACPI names it (PCI Firmware Specification 3.2, chapter 4).
public struct PCIBridgeAML {
    private let layout: PCILayout
    private let interrupt: (_ wire: Int) -> Int

    /// - Parameter interrupt: the number by which ACPI knows one of the four wires.
    public init(_ layout: PCILayout, interrupt: @escaping (_ wire: Int) -> Int) { (self.layout, self.interrupt) = (layout, interrupt) }

    public var device: AML {
        let names: [AML] = [
            .name("_HID", .string("PNP0A08")), .name("_CID", .string("PNP0A03")), .name("_SEG", .integer(0)), .name("_BBN", .integer(0)),
            .name("_UID", .integer(0)), .name("_STR", .unicode("PCIe 0 Device")), .name("_CCA", .integer(1)), routes,
        ]
        let base = AML.method("_CBA", arguments: 0, [.return(.integer(layout.configuration.start))])
        return .device("PCI0", names + (0..<4).map(link) + [base, windows] + capabilities + [labels, reserved])
    }

    // MARK: Pins

    private func linkName(_ wire: Int) -> String { "GSI\(wire)" }

    /// The wire that each pin of each device is on.
    private var routes: AML {
        let entries = (0..<32).flatMap { device in
            (0..<4).map { pin in
                AML.package([
                    .integer(UInt64(device) << 16 | 0xffff), .integer(UInt64(pin)), .reference(linkName((device + pin) % 4)), .integer(0),
                ])
            }
        }
        return .name("_PRT", .variablePackage(entries))
    }

    private func link(_ wire: Int) -> AML {
        let resources = AML.resources([.interrupt(interrupt(wire))])
        return .device(
            linkName(wire),
            [
                .name("_HID", .string("PNP0C0F")), .name("_UID", .integer(UInt64(wire))), .name("_PRS", resources), .name("_CRS", resources),
                // It can be no other.
                .method("_SRS", arguments: 1, []),
            ])
    }

    // MARK: Windows

    private var windows: AML {
        let high = layout.highMemory.map { [ResourceDescriptor.wideMemoryWindow($0.start, $0.size)] } ?? []
        return .name(
            "_CRS",
            .resources(
                [
                    .buses(0, count: layout.buses), .memoryWindow(layout.memory.start, layout.memory.size),
                    .ioWindow(at: layout.io.start, layout.io.size),
                ] + high))
    }

    /// Configuration space is nobody else's.
    private var reserved: AML {
        let space = ResourceDescriptor.wideMemoryWindow(layout.configuration.start, layout.configuration.size)
        return .device("RES0", [.name("_HID", .string("PNP0C02")), .name("_CRS", .resources([space]))])
    }

    // MARK: Methods

    /// The system may have all that it can ask for: native hot plug, power management events, error reporting, capabilities, and hot plug by SHPC.
    private static let control: UInt64 = 0x1f

    private enum Failure { static let unknownUUID: UInt64 = 4, unknownRevision: UInt64 = 8, masked: UInt64 = 0x10 }

    /// `_OSC` (6.2.11.3, "PCI Host Bridge"), and names for what it was last told.
    private var capabilities: [AML] {
        let (status, support, control) = (AML.reference("CDW1"), AML.reference("CDW2"), AML.reference("CDW3"))
        let (buffer, granted) = (AML.argument(3), AML.reference("CTRL"))
        func fail(_ bit: UInt64) -> AML { .or(status, .integer(bit), to: status) }
        let answer: [AML] = [
            .doubleWordField(buffer, at: 4, "CDW2"), .doubleWordField(buffer, at: 8, "CDW3"), .store(support, to: .reference("SUPP")),
            .store(control, to: granted), .and(granted, .integer(PCIBridgeAML.control), to: granted),
            .if(.not(.equal(.argument(1), .integer(1))), [fail(Failure.unknownRevision)]),
            .if(.not(.equal(control, granted)), [fail(Failure.masked)]), .store(granted, to: control), .return(buffer),
        ]
        let isBridge = AML.equal(.argument(0), .uuid("33db4d5b-1ff7-401c-9657-7441c03dd766"))
        let body: [AML] = [
            .doubleWordField(buffer, at: 0, "CDW1"), .if(isBridge, answer), .else([fail(Failure.unknownUUID), .return(buffer)]),
        ]
        return [.name("SUPP", .integer(0)), .name("CTRL", .integer(0)), .method("_OSC", arguments: 4, body)]
    }

    /// `_DSM` (4.6) with no function but the one that says so.
    private var labels: AML {
        let isKnown = AML.equal(.argument(0), .uuid("e5c937d0-3553-4d7a-9117-ea4d19c3434d"))
        let asksWhich = AML.equal(.argument(2), .integer(0))
        return .method(
            "_DSM", arguments: 4, [.if(isKnown, [.if(asksWhich, [.return(.buffer([1]))])]), .return(.buffer([0]))])
    }
}
