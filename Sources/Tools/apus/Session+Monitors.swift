import Catalog
import Chardev
import CommandLine
import DisplaySetup
import HostOS
import Input
import MachineControl
import MachineModel
import MachineDebugger
import Monitor
import NetworkSetup
import ObjectModel
import QAPI
import QMP
import Schema
import TranslatedExecution

extension Session: DebuggedMachine, QMPTarget {
    var version: String { "Apus \(apusVersion) (the interface of QEMU \(interfaceVersion))" }
    var pointers: PointerOrders { PointerOrders(input) }
    var isSingleStepped: Bool { options.has("singlestep") }
    var hasMachine: Bool { builtMachine != nil }
    var memorySize: UInt64 { configuration.memory ?? Catalog.machine(machineName, guest: guest)?.defaultMemory ?? 0 }
    var numa: NUMA? { configuration.numa }
    var kindOfMachine: MachineType? { Catalog.machine(machineName, guest: guest) }
    var cpuTopology: CPUTopology { configuration.cpuTopology }
    var ownMemoryID: String? {
        memoryBackEnd == nil && numa?.nodes.contains(where: { $0.backEnd != nil }) != true
            ? Catalog.machine(machineName, guest: guest)?.memoryID : nil
    }

    var machine: Machine {
        guard let builtMachine else { preconditionFailure("a machine is asked for before there is one") }
        return builtMachine
    }

    var hostThreads: [Int64] {
        let numbers = threadNumbers()
        return machine.cpus.map { numbers["CPU \($0.index)/TCG"] ?? numbers["ALL CPUs/TCG"] ?? processNumber }
    }

    func information(_ subject: String) -> String? {
        switch subject {
        case "block": blocks.description
        case "network": networks.description
        case "usernet": networks.connections
        case "chardev": characters.description
        case "qtree": devices.busTree
        case "usb": devices.usbDescription
        case "jit": engine?.report.description
        default: nil
        }
    }

    func define(_ option: String, _ text: String) throws {
        switch option {
        case "chardev": try characters.define(text)
        case "netdev": try networks.define(text)
        case "object": try backEnds.define(text)
        case "gdb": try serveDebugger(text)
        case "drive": try blocks.addDriveLater(text)
        case "drive_del": try blocks.removeDrive(text)
        default: throw QAPIError.notSupported("-\(option) in the monitor")
        }
    }
}

extension Session {
    /// Begins all monitors.
    func startMonitors() {
        loop.lock.withLock {
            let server = makeServer()
            let shared = characters.monitorMultiplexers.map { $0.makePort() as CharacterBackend }
            for backend in shared { addHuman(backend, server.commands, isShared: true) }
            for place in monitorPlaces {
                switch place.kind {
                case .human: addHuman(place.backend, server.commands, isShared: place.backend is Multiplexer.Port)
                case .protocolOnly: monitors.append(QMPMonitor(place.backend, server: server, pretty: false))
                case .pretty: monitors.append(QMPMonitor(place.backend, server: server, pretty: true))
                }
            }
        }
    }

    private func addHuman(_ backend: CharacterBackend, _ commands: CommandTable, isShared: Bool) {
        monitors.append(HumanMonitor(backend, session: self, commands: commands, isShared: isShared))
    }

    /// The protocol's server with the commands of all parts of the house.
    private func makeServer() -> QMPServer {
        let numbers = interfaceVersion.split(separator: ".").compactMap { Int64($0) }
        let triple = VersionTriple(major: numbers[0], minor: numbers[1], micro: numbers[2])
        let server = QMPServer(version: VersionInfo(qemu: triple, package: "Apus \(apusVersion)"), events: events, target: self)
        RunCommands(self).register(in: &server.commands)
        MachineQueries(self, Catalog.choices(guest: guest), objects: objects).register(in: &server.commands)
        MemoryCommands(self).register(in: &server.commands)
        DumpCommands(self) { [events] in events.emit($0) }.register(in: &server.commands)
        ObjectCommands(self, tree: objects, backEnds: backEnds).register(in: &server.commands)
        DescriptorCommands.register(in: &server.commands)
        DisplayCommands(displays) { [objects] in objects.peripherals.child($0) != nil }.register(in: &server.commands)
        nodes.register(in: &server.commands) { [unowned self] in hasMachine }
        vnc.register(in: &server.commands)
        InputCommands(input, displays).register(in: &server.commands)
        migration.register(in: &server.commands)
        snapshots.register(in: &server.commands)
        templates.register(in: &server.commands)
        characters.register(in: &server.commands)
        blocks.register(in: &server.commands)
        networks.register(in: &server.commands)
        devices.register(in: &server.commands)
        server.commands.on(QueryCommandLineOptionsCommand.self) { try CommandLineOptions.describe($0.option) }
        let human = MonitorCommands(self, server.commands)
        debuggersMonitor = human
        server.commands.on(HumanMonitorCommandCommand.self, stopped: true) { try human.runAtOnce($0.commandLine, cpu: $0.cpuIndex) }
        let types = BackEndTypes.all.filter { !$0.isAbstract }
        server.registerIntrospection(
            objectTypes: types.map { ($0.name, $0.properties.map(\.schemaMember)) },
            enumerations: types.flatMap(\.properties).compactMap(\.enumeration))
        return server
    }
}

extension Session {
    static var usualDebugPlace: String { "tcp::1234" }

    /// Waits for a debugger on a character back end instead of where it was awaited before; `none` for nowhere.
    func serveDebugger(_ place: String) throws {
        debugServer?.close()
        if let old = debugServer?.backend { characters.close(old, label: "gdb") }
        debugServer = nil
        if place == "none" { return }
        // Nobody would say so each time: it serves, and the machine does not wait.
        let text = place.hasPrefix("tcp:") ? place + ",wait=off,nodelay=on,server=on" : place
        debugServer = DebugServer(try characters.open(text, option: "gdb", label: "gdb"), machine: self)
    }

    func monitor(_ line: String) -> String { debuggersMonitor?.answer(line) ?? "" }
}

extension Property {
    /// The property as a command's argument.
    var schemaMember: Schema.Member {
        .init(name: name, isOptional: !isRequired, type: .init(name: enumeration?.name ?? kind.schemaName, isList: kind.isList), help: help)
    }

    /// The enumeration that its values are of.
    var enumeration: (name: String, values: [String])? { kind.words.map { (kind.name, $0) } }
}
