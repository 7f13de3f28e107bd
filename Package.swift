// swift-tools-version: 6.2
import PackageDescription

/// The rooms of the house, from the ground up. `Tests/HouseTests` checks that imports point downwards only.
enum Safety {
    /// Compiled with strict memory safety: no unsafe construct goes unmarked, and none is expected.
    case strict
    /// One of the few named modules in which unsafe Swift lives.
    case unsafe
}

func module(_ name: String, _ folder: String, _ safety: Safety = .strict, uses: [String] = []) -> Target {
    .target(
        name: name,
        dependencies: uses.map { .init(stringLiteral: $0) },
        path: "Sources/\(folder)",
        swiftSettings: safety == .strict ? [.strictMemorySafety()] : []
    )
}

func tests(_ name: String, uses: [String]) -> Target {
    .testTarget(
        name: name,
        dependencies: uses.map { .init(stringLiteral: $0) },
        path: "Tests/\(name)"
    )
}

let base: [Target] = [
    .target(name: "CHost", path: "Sources/Base/CHost"),
    .target(name: "CStandalone", path: "Sources/Base/CStandalone"),
    .target(name: "CSwiftRuntime", path: "Sources/Base/CSwiftRuntime"),
    .systemLibrary(name: "CCapstone", path: "Sources/Base/CCapstone", pkgConfig: "capstone", providers: [.apt(["libcapstone-dev"])]),
    .systemLibrary(name: "CLibURing", path: "Sources/Base/CLibURing", pkgConfig: "liburing", providers: [.apt(["liburing-dev"])]),
    .systemLibrary(name: "CLibFDT", path: "Sources/Base/CLibFDT", providers: [.apt(["libfdt-dev"])]),
    .systemLibrary(name: "CLibSlirp", path: "Sources/Base/CLibSlirp", providers: [.apt(["libslirp-dev"])]),
    .systemLibrary(
        name: "CLibVNCServer", path: "Sources/Base/CLibVNCServer", pkgConfig: "libvncserver", providers: [.apt(["libvncserver-dev"])]),
    // The headers alone: the library is looked for when a window is wanted (decision 26).
    .target(name: "CLibSDL", path: "Sources/Base/CLibSDL"),
    .systemLibrary(name: "CLibGnuTLS", path: "Sources/Base/CLibGnuTLS", pkgConfig: "gnutls", providers: [.apt(["libgnutls28-dev"])]),
    .systemLibrary(name: "CLibZ", path: "Sources/Base/CLibZ", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CLibZstd", path: "Sources/Base/CLibZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CLibSeccomp", path: "Sources/Base/CLibSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
    module("Bits", "Base/Bits"),
    module("JSON", "Base/JSON"),
    module("SoftFloat", "Base/SoftFloat"),
    module("Diagnostics", "Base/Diagnostics"),
    module("Snapshot", "Base/Snapshot", uses: ["Diagnostics"]),
    module("Sandbox", "Base/Sandbox", .unsafe, uses: ["CLibSeccomp", "Diagnostics"]),
    module("Compression", "Base/Compression", .unsafe, uses: ["CLibZ", "CLibZstd", "Diagnostics"]),
    module("FlatTree", "Base/FlatTree", .unsafe, uses: ["CLibFDT"]),
    module("HostOS", "Base/HostOS", .unsafe, uses: ["CHost", "CLibURing", "Diagnostics"]),
    module("EventLoop", "Base/EventLoop", .unsafe, uses: ["HostOS", "CHost", "Diagnostics"]),
]

let translation: [Target] = [
    module("IR", "Translation/IR", .unsafe, uses: ["Bits"]),
    module("Decoding", "Translation/Decoding", .unsafe, uses: ["Bits"]),
    module("Optimizer", "Translation/Optimizer", .unsafe, uses: ["IR", "Bits"]),
    module("Regions", "Translation/Regions", .unsafe, uses: ["IR"]),
    module("Interpreter", "Translation/Interpreter", .unsafe, uses: ["IR", "Bits", "SoftFloat", "CHost"]),
    module("CodeCache", "Translation/CodeCache", .unsafe, uses: ["CHost", "HostOS"]),
    module("HostCode", "Translation/HostCode", .unsafe, uses: ["IR", "CodeCache"]),
    module("HostX86", "Translation/HostX86", .unsafe, uses: ["IR", "Bits", "Regions", "HostCode", "CodeCache", "Interpreter", "CHost", "CCapstone"]),
]

let execution: [Target] = [
    module("AddressSpace", "Execution/AddressSpace", .unsafe, uses: ["HostOS", "CHost", "Diagnostics"]),
    module("CPUModel", "Execution/CPUModel", .unsafe, uses: ["IR", "Diagnostics", "AddressSpace", "HostOS", "CHost", "Snapshot"]),
    module(
        "TranslatedExecution", "Execution/TranslatedExecution", .unsafe,
        uses: [
            "CPUModel", "AddressSpace", "IR", "Optimizer", "Interpreter", "CodeCache", "HostCode", "HostX86", "HostOS", "EventLoop", "Diagnostics",
            "CHost",
        ]),
    module(
        "UserExecution", "Execution/UserExecution", .unsafe,
        uses: ["CPUModel", "IR", "Optimizer", "Interpreter", "CodeCache", "HostCode", "HostX86", "HostOS", "Diagnostics", "CHost"]),
    module("GDBStub", "Execution/GDBStub", uses: ["CPUModel", "HostOS"]),
]

let services: [Target] = [
    module("BlockCore", "Block/BlockCore", uses: ["HostOS", "Diagnostics", "EventLoop"]),
    module("BlockFormats", "Block/Formats", uses: ["BlockCore", "HostOS", "Compression", "EventLoop", "Diagnostics"]),
    module("BlockJobs", "Block/Jobs", uses: ["BlockCore", "BlockFormats", "EventLoop", "HostOS"]),
    module("Chardev", "Backends/Chardev", uses: ["HostOS", "EventLoop", "Diagnostics"]),
    module("TLS", "Backends/TLS", .unsafe, uses: ["CLibGnuTLS", "HostOS", "Diagnostics"]),
    module("Display", "Backends/Display", uses: ["Compression"]),
    module("TextConsole", "Backends/TextConsole", uses: ["Chardev", "Display"]),
    module("Input", "Backends/Input", uses: ["EventLoop"]),
    module("VNC", "Backends/VNC", .unsafe, uses: ["CLibVNCServer", "Display", "Input", "TLS", "EventLoop", "HostOS", "Diagnostics"]),
    module("Window", "Backends/Window", .unsafe, uses: ["CLibSDL", "Display", "Input", "EventLoop", "HostOS", "Diagnostics"]),
    module("NetBackends", "Backends/Net", .unsafe, uses: ["Chardev", "HostOS", "EventLoop", "Diagnostics", "CLibSlirp"]),
]

let guests: [Target] = [
    module(
        "GuestRISCV", "Guests/RISCV", .unsafe,
        uses: ["IR", "Bits", "CHost", "Diagnostics", "Decoding", "CPUModel", "AddressSpace", "HostOS", "SoftFloat", "Snapshot"]),
    // What the instructions of both of Arm's architectures compute.
    module("ArmArithmetic", "Guests/ArmArithmetic", uses: ["Bits", "SoftFloat"]),
    // What boards connect of an element, in either state.
    module("ArmSystem", "Guests/ArmSystem", uses: ["CPUModel", "HostOS", "Snapshot"]),
    module(
        "GuestARM", "Guests/ARM", .unsafe,
        uses: ["ArmArithmetic", "ArmSystem", "IR", "Bits", "Diagnostics", "Decoding", "HostOS", "CPUModel", "AddressSpace", "SoftFloat", "Snapshot"]),
    module(
        "GuestAArch64", "Guests/AArch64", .unsafe,
        uses: ["ArmArithmetic", "ArmSystem", "IR", "Bits", "Diagnostics", "Decoding", "HostOS", "CPUModel", "AddressSpace", "SoftFloat", "Snapshot"]),
]

let userMode: [Target] = [
    module("UserCore", "UserMode/UserCore", .unsafe, uses: ["UserExecution", "CPUModel", "HostOS", "Diagnostics", "CHost", "CStandalone"]),
    module("LinuxUser", "UserMode/LinuxUser", .unsafe, uses: ["UserCore", "GDBStub", "UserExecution", "CPUModel", "HostOS", "Diagnostics", "CHost"]),
    module("UserCatalog", "Catalog/User", uses: ["CPUModel", "GuestRISCV", "GuestAArch64", "GuestARM"]),
    .executableTarget(
        name: "apus-user",
        dependencies: ["LinuxUser", "UserCore", "UserExecution", "UserCatalog", "CPUModel", "HostOS", "Diagnostics", "CSwiftRuntime"],
        path: "Sources/Tools/apus-user",
        swiftSettings: [.strictMemorySafety()],
        // One static file that runs in any chroot. Its own image lies where no guest's program wants to be.
        linkerSettings: [.unsafeFlags(["-static-executable", "-Xlinker", "-Ttext-segment=0x70000000"])]
    ),
]

let devices: [Target] = [
    module("DeviceModel", "Devices/DeviceModel", uses: ["ObjectModel", "AddressSpace", "EventLoop", "Diagnostics", "Bits", "Snapshot"]),
    module("ObjectModel", "Devices/ObjectModel", uses: ["JSON", "Diagnostics"]),
    module("PCI", "Devices/Buses/PCI", uses: ["ObjectModel", "DeviceModel", "Snapshot", "AddressSpace", "HostOS", "Diagnostics"]),
    module(
        "Virtio", "Devices/Buses/Virtio",
        uses: ["PCI", "ObjectModel", "DeviceModel", "Snapshot", "AddressSpace", "HostOS", "EventLoop", "Diagnostics"]),
    module(
        "VirtioDevices", "Devices/VirtioDevices",
        uses: [
            "ObjectModel", "JSON", "Virtio", "Packets", "SCSI", "DeviceModel", "Snapshot", "AddressSpace", "BlockCore", "NetBackends", "Chardev",
            "Display", "Input", "HostOS", "EventLoop",
            "Diagnostics",
        ]),
    module("Packets", "Devices/Packets"),
    module("SCSI", "Devices/Buses/SCSI", uses: ["BlockCore", "Snapshot", "HostOS"]),
    module("USB", "Devices/Buses/USB", uses: ["DeviceModel", "Snapshot"]),
    module(
        "USBDevices", "Devices/USB",
        uses: [
            "ObjectModel", "USB", "PCI", "SCSI", "Input", "DeviceModel", "Snapshot", "AddressSpace", "BlockCore", "HostOS", "EventLoop",
            "Diagnostics",
        ]),
    module(
        "NetworkDevices", "Devices/Network",
        uses: ["ObjectModel", "PCI", "Packets", "DeviceModel", "Snapshot", "AddressSpace", "NetBackends", "Diagnostics"]),
    module(
        "StorageDevices", "Devices/Storage",
        uses: ["ObjectModel", "PCI", "SCSI", "DeviceModel", "Snapshot", "AddressSpace", "BlockCore", "HostOS", "Diagnostics"]),
    // The parts of Broadcom's chips of the Raspberry Pi.
    module(
        "BroadcomDevices", "Devices/Broadcom",
        uses: [
            "StorageDevices", "Display", "Chardev", "DeviceModel", "Snapshot", "AddressSpace", "EventLoop", "Diagnostics",
        ]),
    module(
        "DisplayDevices", "Devices/Display",
        uses: ["ObjectModel", "PCI", "Display", "PlatformDevices", "DeviceModel", "Snapshot", "AddressSpace", "HostOS", "Diagnostics"]),
    module(
        "PlatformDevices", "Devices/Platform",
        uses: ["Display", "Input", "DeviceModel", "Snapshot", "AddressSpace", "BlockCore", "Chardev", "HostOS", "EventLoop", "Diagnostics", "Bits"]),
]

let machines: [Target] = [
    module("FirmwareTables", "Machines/FirmwareTables"),
    module("DeviceTree", "Machines/DeviceTree", uses: ["FlatTree", "Diagnostics"]),
    module(
        "MachineModel", "Machines/MachineModel",
        uses: [
            "ObjectModel", "DeviceModel", "PCI", "USB", "DeviceTree", "FirmwareTables", "CPUModel", "AddressSpace", "EventLoop", "BlockCore",
            "NetBackends", "Chardev", "Display", "Input", "HostOS",
            "Diagnostics", "Snapshot",
        ]),
    module(
        "BoardKit", "Machines/BoardKit",
        uses: [
            "MachineModel", "FirmwareTables", "PCI", "DeviceModel", "PlatformDevices", "DeviceTree", "AddressSpace", "HostOS", "Diagnostics",
            "Compression",
        ]),
    module(
        "RISCVMachines", "Machines/RISCV",
        uses: [
            "ObjectModel", "MachineModel", "BoardKit", "GuestRISCV", "PlatformDevices", "PCI", "Virtio", "VirtioDevices", "DeviceTree", "DeviceModel",
            "CPUModel",
            "AddressSpace",
            "EventLoop", "BlockCore", "NetBackends", "Chardev", "HostOS", "Diagnostics",
        ]),
    module(
        "ARMMachines", "Machines/ARM",
        uses: [
            "ObjectModel", "MachineModel", "BoardKit", "FirmwareTables", "ArmSystem", "GuestARM", "GuestAArch64", "NetworkDevices", "StorageDevices",
            "PlatformDevices", "BroadcomDevices", "USBDevices", "PCI", "Virtio", "VirtioDevices", "DeviceTree", "Display", "Input",
            "DeviceModel",
            "CPUModel",
            "AddressSpace", "EventLoop", "BlockCore", "NetBackends", "Chardev", "HostOS", "Diagnostics",
        ]),
]

let control: [Target] = [
    module("CommandLine", "Control/CommandLine", uses: ["Diagnostics", "JSON"]),
    module("Schema", "Control/Schema", uses: ["JSON"]),
    module("QAPI", "Control/QAPI", uses: ["JSON", "HostOS", "Diagnostics"]),
    module("QMP", "Control/QMP", uses: ["QAPI", "Schema", "JSON", "Chardev", "EventLoop", "HostOS", "Diagnostics"]),
    .executableTarget(
        name: "apus-schema", dependencies: ["Schema", "HostOS", "Diagnostics"], path: "Sources/Tools/apus-schema",
        swiftSettings: [.strictMemorySafety()]),
    module(
        "MachineControl", "Control/MachineControl",
        uses: [
            "QAPI", "JSON", "CommandLine", "ObjectModel", "MachineModel", "PCI", "DeviceModel", "CPUModel", "AddressSpace", "Compression", "Input",
            "TLS", "HostOS", "Diagnostics",
        ]),
    module(
        "DisplaySetup", "Control/DisplaySetup",
        uses: ["CommandLine", "QAPI", "JSON", "MachineControl", "Display", "Input", "VNC", "Window", "TLS", "EventLoop", "HostOS", "Diagnostics"]),
    module(
        "Migration", "Control/Migration",
        uses: [
            "MachineControl", "QAPI", "MachineModel", "AddressSpace", "Snapshot", "Compression", "TLS", "EventLoop", "HostOS", "Diagnostics",
        ]),
    module(
        "MachineSnapshots", "Control/MachineSnapshots",
        uses: [
            "Migration", "MachineControl", "BlockSetup", "Jobs", "BlockFormats", "QAPI", "MachineModel", "EventLoop", "HostOS", "Diagnostics",
        ]),
    module(
        "Templates", "Control/Templates",
        uses: [
            "Migration", "MachineControl", "BlockSetup", "BlockFormats", "CommandLine", "QAPI", "JSON", "MachineModel", "HostOS", "Diagnostics",
        ]),
    module(
        "Monitor", "Control/Monitor",
        uses: ["MachineControl", "CommandLine", "QAPI", "JSON", "MachineModel", "CPUModel", "AddressSpace", "Chardev", "Input", "Diagnostics"]),
    module(
        "MachineDebugger", "Control/MachineDebugger",
        uses: ["GDBStub", "MachineControl", "QAPI", "TranslatedExecution", "CPUModel", "AddressSpace", "Chardev"]),
    module(
        "CharacterSetup", "Control/CharacterSetup",
        uses: ["CommandLine", "QAPI", "JSON", "Chardev", "Display", "TextConsole", "TLS", "EventLoop", "HostOS", "Diagnostics"]),
    module("Jobs", "Control/Jobs", uses: ["QAPI"]),
    module(
        "BlockSetup", "Control/BlockSetup",
        uses: ["Jobs", "CommandLine", "QAPI", "JSON", "BlockCore", "BlockFormats", "BlockJobs", "EventLoop", "HostOS", "Diagnostics"]),
    module(
        "NetworkSetup", "Control/NetworkSetup",
        uses: ["CommandLine", "QAPI", "JSON", "CharacterSetup", "Chardev", "NetBackends", "EventLoop", "HostOS", "Diagnostics"]),
    module(
        "Catalog", "Catalog/System",
        uses: [
            "MachineModel", "RISCVMachines", "ARMMachines", "GuestRISCV", "GuestAArch64", "GuestARM", "DeviceModel", "PCI", "PlatformDevices",
            "Virtio",
            "VirtioDevices", "CPUModel", "ObjectModel", "MachineControl", "JSON",
        ]),
    .executableTarget(
        name: "apus",
        dependencies: [
            "Catalog", "CommandLine", "MachineControl", "QAPI", "QMP", "Schema", "JSON", "ObjectModel", "MachineModel", "FirmwareTables",
            "TranslatedExecution", "CPUModel", "BlockFormats",
            "Chardev", "BlockSetup", "CharacterSetup", "NetworkSetup", "Monitor", "Migration", "MachineSnapshots", "Templates", "MachineDebugger",
            "Sandbox",
            "NetBackends",
            "EventLoop", "HostOS", "Diagnostics", "BlockCore", "DeviceModel", "PCI", "Virtio", "VirtioDevices", "SCSI", "StorageDevices",
            "NetworkDevices", "PlatformDevices", "DisplayDevices", "Display", "Input", "VNC", "Window", "TLS", "DisplaySetup", "AddressSpace",
            "USB", "USBDevices",
        ],
        path: "Sources/Tools/apus",
        swiftSettings: [.strictMemorySafety()]
    ),
]

let package = Package(
    name: "apus",
    products: [.executable(name: "apus", targets: ["apus"]), .executable(name: "apus-user", targets: ["apus-user"])],
    targets: base + translation + execution + services + guests + devices + machines + control + userMode + [
        .executableTarget(
            name: "apus-fuzz",
            dependencies: [
                "JSON", "DeviceTree", "MachineModel", "AddressSpace", "Virtio", "VirtioDevices", "NetBackends", "Chardev", "BlockCore", "EventLoop",
                "HostOS", "Input", "Display", "LinuxUser", "Sandbox", "CHost",
                "Diagnostics", "UserCore", "UserExecution", "UserCatalog", "CPUModel", "GuestRISCV", "GuestAArch64", "Decoding", "IR", "Optimizer",
                "CodeCache", "HostCode", "HostX86", "GDBStub", "MachineControl", "MachineDebugger", "Monitor", "ObjectModel", "QAPI", "QMP",
                "RISCVMachines", "TranslatedExecution", "Migration", "Templates", "Catalog", "Compression", "DeviceModel", "PlatformDevices",
                "BlockFormats", "PCI", "SCSI", "USB", "USBDevices", "TextConsole", "StorageDevices", "BroadcomDevices", "ARMMachines",
            ],
            path: "Fuzz",
            swiftSettings: [.strictMemorySafety()]
        ),
        .target(name: "RandomIR", dependencies: ["IR"], path: "Tests/Support/RandomIR"),
        .target(name: "Peer", dependencies: ["RandomIR"], path: "Tests/Support/Peer"),
        .target(
            name: "CMPFR", path: "Tests/Support/CMPFR", linkerSettings: [.linkedLibrary("mpfr")]),
        tests("SnapshotTests", uses: ["Snapshot"]),
        tests("BitsTests", uses: ["Bits"]),
        tests("JSONTests", uses: ["JSON"]),
        tests("AddressSpaceTests", uses: ["AddressSpace", "HostOS"]),
        tests("CompressionTests", uses: ["Compression"]),
        tests("SoftFloatTests", uses: ["SoftFloat", "CMPFR"]),
        tests("HostX86Tests", uses: ["RandomIR", "HostX86", "HostCode", "IR", "Optimizer", "CodeCache", "Interpreter", "CHost"]),
        tests("RegionsTests", uses: ["Regions", "IR", "RandomIR"]),
        tests("IRTests", uses: ["IR", "Optimizer", "Interpreter", "RandomIR", "Decoding", "Bits"]),
        tests(
            "GuestRISCVTests",
            uses: [
                "GuestRISCV", "TranslatedExecution", "CPUModel", "AddressSpace", "IR", "Interpreter", "Decoding", "HostX86", "Optimizer", "EventLoop",
                "RandomIR", "Peer",
            ]),
        tests(
            "GuestAArch64Tests",
            uses: [
                "GuestAArch64", "ArmSystem", "TranslatedExecution", "CPUModel", "AddressSpace", "IR", "Decoding", "EventLoop", "RandomIR", "Peer",
            ]),
        tests(
            "GuestARMTests",
            uses: [
                "GuestARM", "ArmSystem", "Snapshot", "TranslatedExecution", "CPUModel", "AddressSpace", "IR", "Decoding", "EventLoop", "RandomIR",
                "Peer",
            ]),
        tests(
            "DeviceTests",
            uses: [
                "Snapshot", "BlockCore", "DeviceModel", "PlatformDevices", "AddressSpace", "EventLoop", "Chardev", "PCI", "Virtio", "VirtioDevices",
                "SCSI", "StorageDevices", "NetworkDevices", "Display", "DisplayDevices", "Input", "ObjectModel", "Compression",
                "NetBackends", "HostOS", "USB", "USBDevices", "BroadcomDevices",
            ]),
        tests("ChardevTests", uses: ["Chardev", "TextConsole", "Display"]),
        tests("TLSTests", uses: ["TLS", "VNC", "HostOS"]),
        tests("NetBackendsTests", uses: ["NetBackends", "Chardev", "EventLoop", "HostOS"]),
        tests(
            "MachineTests",
            uses: [
                "MachineModel", "RISCVMachines", "DeviceTree", "FirmwareTables", "AddressSpace", "DeviceModel", "Catalog", "CommandLine", "EventLoop",
                "HostOS",
            ]),
        tests(
            "ControlTests",
            uses: [
                "Monitor", "MachineControl", "MachineDebugger", "GDBStub", "TranslatedExecution", "CPUModel", "QMP", "QAPI", "Schema", "JSON",
                "ObjectModel", "VirtioDevices", "MachineModel", "RISCVMachines",
                "CharacterSetup", "NetworkSetup", "NetBackends", "CommandLine", "Chardev", "EventLoop", "HostOS", "Display", "DisplaySetup", "Input",
                "BlockSetup", "BlockCore",
            ]),
        tests(
            "MigrationTests",
            uses: [
                "Migration", "Templates", "CommandLine", "JSON", "HostOS", "QAPI", "MachineModel", "Catalog", "GuestRISCV", "GuestAArch64",
                "GuestARM", "PlatformDevices", "DeviceModel", "Chardev",
                "Snapshot",
                "AddressSpace", "CPUModel", "Compression", "EventLoop", "RandomIR",
            ]),
        tests("BlockTests", uses: ["BlockCore", "BlockFormats", "BlockJobs", "EventLoop", "HostOS"]),
        tests("UserModeTests", uses: ["UserCore", "UserExecution", "LinuxUser", "UserCatalog", "CPUModel"]),
        tests("GDBStubTests", uses: ["GDBStub", "CPUModel"]),
        tests("HouseTests", uses: []),
    ],
    swiftLanguageModes: [.v6]
)
