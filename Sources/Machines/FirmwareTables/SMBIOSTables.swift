/// A machine's SMBIOS structures as QEMU 7.2 gives them (DMTF DSP0134 3.0, chapter 7), and the two files with them.
public struct SMBIOSTables {
    public static let anchorFile = "etc/smbios/smbios-anchor"
    public static let tablesFile = "etc/smbios/smbios-tables"

    /// What the machine itself is.
    public struct Machine {
        public var manufacturer = "QEMU"
        public var product: String
        public var version: String
        /// Nil for zeros.
        public var uuid: String?
        public var sockets: Int
        public var coresPerSocket: Int
        public var threadsPerSocket: Int
        /// Bytes.
        public var memory: UInt64

        public init(product: String, version: String, uuid: String?, sockets: Int, coresPerSocket: Int, threadsPerSocket: Int, memory: UInt64) {
            (self.product, self.version, self.uuid, self.memory) = (product, version, uuid, memory)
            (self.sockets, self.coresPerSocket, self.threadsPerSocket) = (sockets, coresPerSocket, threadsPerSocket)
        }
    }

    /// The most that one memory module has, in bytes.
    private static let moduleSize: UInt64 = 16 << 30

    private enum Handle {
        static let bios: UInt16 = 0, system: UInt16 = 0x100, board: UInt16 = 0x200, chassis: UInt16 = 0x300, processor: UInt16 = 0x400
        static let connector: UInt16 = 0x800, strings: UInt16 = 0xe00, memoryArray: UInt16 = 0x1000, memoryModule: UInt16 = 0x1100
        static let boot: UInt16 = 0x2000, onboardDevice: UInt16 = 0x2900, end: UInt16 = 0x7f00
    }

    private let machine: Machine
    private let settings: SMBIOSSettings

    public init(_ machine: Machine, _ settings: SMBIOSSettings) { (self.machine, self.settings) = (machine, settings) }

    /// Entry point (5.2.2, "SMBIOS 3.0 (64-bit) Entry Point") without address and checksum, and the structures.
    public var files: [(name: String, bytes: [UInt8])] {
        let tables = self.tables
        let anchor = Array("_SM3_".utf8) + [0, 24, 3, 0, 0, 1, 0] + littleEndian(UInt32(tables.count)) + littleEndian(UInt64(0))
        return [(SMBIOSTables.anchorFile, anchor), (SMBIOSTables.tablesFile, tables)]
    }

    var tables: [UInt8] {
        let made: [(type: UInt8, structures: [SMBIOSStructure])] = [
            (0, settings.fields[0].map { [bios($0)] } ?? []), (1, [system]), (2, settings.fields[2].map { [board($0)] } ?? []), (3, [chassis]),
            (4, (0..<machine.sockets).map(processor)), (8, connectors), (11, strings), (16, [memoryArray]),
            (17, (0..<modules).map(memoryModule)), (32, [boot]), (41, onboardDevices), (127, [SMBIOSStructure(127, handle: Handle.end)]),
        ]
        let brought = settings.binaryTypes
        return settings.binaries.flatMap(\.self) + made.filter { !brought.contains($0.type) }.flatMap { $0.structures.flatMap(\.bytes) }
    }

    private func fields(_ type: UInt8) -> [String: String] { settings.fields[type] ?? [:] }

    // MARK: What the machine is

    /// 7.1, "BIOS Information".
    private func bios(_ fields: [String: String]) -> SMBIOSStructure {
        var structure = SMBIOSStructure(0, handle: Handle.bios)
        structure.append(fields["vendor"])
        structure.append(fields["version"])
        structure.append(UInt16(0xe800))
        structure.append(fields["date"])
        // No size; characteristics are not told; a virtual machine, with contents that are targeted, and UEFI.
        structure.append([0])
        structure.append(UInt64(8))
        structure.append([0, fields["uefi"] == "on" ? 0x1c : 0x14])
        let release = fields["release"]?.split(separator: ".").compactMap { UInt8($0) } ?? []
        structure.append(release.count == 2 ? release : [0, 0])
        structure.append([0xff, 0xff])
        return structure
    }

    /// 7.2, "System Information".
    private var system: SMBIOSStructure {
        let fields = fields(1)
        var structure = SMBIOSStructure(1, handle: Handle.system)
        structure.append(fields["manufacturer"] ?? machine.manufacturer)
        structure.append(fields["product"] ?? machine.product)
        structure.append(fields["version"] ?? machine.version)
        structure.append(fields["serial"])
        structure.append((fields["uuid"] ?? machine.uuid).map(UUIDText.mixedEndian) ?? [UInt8](repeating: 0, count: 16))
        // Woken by the power switch.
        structure.append([6])
        structure.append(fields["sku"])
        structure.append(fields["family"])
        return structure
    }

    /// 7.3, "Baseboard Information".
    private func board(_ fields: [String: String]) -> SMBIOSStructure {
        var structure = SMBIOSStructure(2, handle: Handle.board)
        structure.append(fields["manufacturer"] ?? machine.manufacturer)
        structure.append(fields["product"] ?? machine.product)
        structure.append(fields["version"] ?? machine.version)
        structure.append(fields["serial"])
        structure.append(fields["asset"])
        // Hosts a processor or memory.
        structure.append([1])
        structure.append(fields["location"])
        structure.append(Handle.chassis)
        // A motherboard that contains nothing else.
        structure.append([10, 0])
        return structure
    }

    /// 7.4, "System Enclosure or Chassis": of another kind, in a safe state, secured by nothing.
    private var chassis: SMBIOSStructure {
        let fields = fields(3)
        var structure = SMBIOSStructure(3, handle: Handle.chassis)
        structure.append(fields["manufacturer"] ?? machine.manufacturer)
        structure.append([1])
        structure.append(fields["version"] ?? machine.version)
        structure.append(fields["serial"])
        structure.append(fields["asset"])
        structure.append([3, 3, 3, 2])
        structure.append(UInt32(0))
        structure.append([0, 0, 0, 0])
        structure.append(fields["sku"])
        return structure
    }

    /// 7.5, "Processor Information".
    private func processor(_ socket: Int) -> SMBIOSStructure {
        let fields = fields(4)
        func speed(_ name: String) -> UInt16 { fields[name].flatMap(UInt16.init) ?? 2000 }
        var structure = SMBIOSStructure(4, handle: Handle.processor + UInt16(socket))
        structure.append("\(fields["sock_pfx"] ?? "CPU") \(socket)")
        // A central processor of another family.
        structure.append([3, 1])
        structure.append(fields["manufacturer"] ?? machine.manufacturer)
        structure.append(fields["processor-id"].flatMap(UInt64.init) ?? 0)
        structure.append(fields["version"] ?? machine.version)
        structure.append([0])
        structure.append(UInt16(0), speed("max-speed"), speed("current-speed"))
        // Enabled, in a socket; another way to upgrade; no caches told of.
        structure.append([0x41, 1])
        structure.append(UInt16.max, .max, .max)
        structure.append(fields["serial"])
        structure.append(fields["asset"])
        structure.append(fields["part"])
        let (cores, threads) = (machine.coresPerSocket, machine.threadsPerSocket)
        structure.append([UInt8(clamping: cores), UInt8(clamping: cores), UInt8(clamping: threads)])
        // Characteristics are unknown; another family.
        structure.append(UInt16(2), 1, UInt16(clamping: cores), UInt16(clamping: cores), UInt16(clamping: threads))
        return structure
    }

    // MARK: What is on the board

    /// 7.9, "Port Connector Information".
    private var connectors: [SMBIOSStructure] {
        settings.connectors.enumerated().map { index, fields in
            func number(_ name: String) -> UInt8 { fields[name].flatMap(UInt8.init) ?? 0 }
            var structure = SMBIOSStructure(8, handle: Handle.connector + UInt16(index))
            structure.append(fields["internal_reference"])
            structure.append([0])
            structure.append(fields["external_reference"])
            structure.append([number("connector_type"), number("port_type")])
            return structure
        }
    }

    /// 7.12, "OEM Strings".
    private var strings: [SMBIOSStructure] {
        if settings.strings.isEmpty { return [] }
        var structure = SMBIOSStructure(11, handle: Handle.strings)
        structure.append([UInt8(clamping: settings.strings.count)])
        for text in settings.strings { structure.addString(text) }
        return [structure]
    }

    /// 7.42, "Onboard Devices Extended Information": enabled, and nothing says where on a bus.
    private var onboardDevices: [SMBIOSStructure] {
        settings.onboardDevices.enumerated().map { index, fields in
            let kind = SMBIOSSettings.kinds.firstIndex(of: fields["kind"] ?? "other") ?? 0
            var structure = SMBIOSStructure(41, handle: Handle.onboardDevice + UInt16(index))
            structure.append(fields["designation"])
            structure.append([0x80 | UInt8(kind + 1), fields["instance"].flatMap(UInt8.init) ?? 0])
            structure.append(UInt16(0))
            structure.append([0, 0])
            return structure
        }
    }

    /// 7.33, "System Boot Information": no error.
    private var boot: SMBIOSStructure {
        var structure = SMBIOSStructure(32, handle: Handle.boot)
        structure.append([UInt8](repeating: 0, count: 7))
        return structure
    }

    // MARK: Memory

    private var modules: Int { Int((machine.memory + SMBIOSTables.moduleSize - 1) / SMBIOSTables.moduleSize) }

    /// 7.17, "Physical Memory Array": elsewhere, for the system, with correction of several bits.
    private var memoryArray: SMBIOSStructure {
        let kilobytes = machine.memory >> 10
        let isLarge = kilobytes >= 1 << 31
        var structure = SMBIOSStructure(16, handle: Handle.memoryArray)
        structure.append([1, 3, 6])
        structure.append(isLarge ? UInt32(1) << 31 : UInt32(kilobytes))
        structure.append(UInt16(0xfffe), UInt16(modules))
        structure.append(isLarge ? machine.memory : 0)
        return structure
    }

    /// 7.18, "Memory Device": a DIMM of RAM, of unknown widths.
    private func memoryModule(_ index: Int) -> SMBIOSStructure {
        let fields = fields(17)
        let rest = machine.memory - UInt64(index) * SMBIOSTables.moduleSize
        let speed = fields["speed"].flatMap(UInt16.init) ?? 0
        var structure = SMBIOSStructure(17, handle: Handle.memoryModule + UInt16(index))
        structure.append(Handle.memoryArray, 0xfffe, .max, .max, UInt16(min(rest, SMBIOSTables.moduleSize) >> 20))
        structure.append([9, 0])
        structure.append("\(fields["loc_pfx"] ?? "DIMM") \(index)")
        structure.append(fields["bank"])
        structure.append([7])
        structure.append(UInt16(2), speed)
        structure.append(fields["manufacturer"] ?? machine.manufacturer)
        structure.append(fields["serial"])
        structure.append(fields["asset"])
        structure.append(fields["part"])
        structure.append([0])
        structure.append(UInt32(0))
        structure.append(speed, 0, 0, 0)
        return structure
    }
}
