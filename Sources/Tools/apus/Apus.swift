import Catalog
import CharacterSetup
import CommandLine
import Diagnostics
import EventLoop
import HostOS
import MachineControl
import MachineModel
import NetworkSetup
import Templates
import TranslatedExecution

/// The version, and the QEMU version whose interface it has.
let apusVersion = "0.1.0"
let interfaceVersion = "7.2.0"

/// The whole of the system emulator: from the command line to the exit status.
func runApus(_ arguments: [String]) -> Int32 {
    let program = arguments.first.map { $0.split(separator: "/").last.map(String.init) ?? $0 } ?? "apus"
    do {
        let options = try ParsedCommandLine(Array(arguments.dropFirst())).including { String(decoding: try HostFile.contents($0), as: UTF8.self) }
        if options.options.isEmpty || options.has("help") {
            return answer(ParsedCommandLine.help(program: program), usedByMistake: options.options.isEmpty)
        }
        if options.has("version") {
            return answer("Apus emulator version \(apusVersion) (the interface of QEMU emulator version \(interfaceVersion))\n")
        }
        if options.has("print-links") { return answer(Catalog.guests.map { "qemu-system-\($0)\n" }.joined()) }
        if options.has("clone") { return try runClone(options, program) }
        let guest = guestName(program) ?? Catalog.guests[0]
        if let text = helpText(options, guest: guest) { return answer(text) }
        return try Session(options, guest: guest).run()
    } catch let error as any ExplainedError {
        writeLine("\(program): \(error.description)", to: 2)
        return 1
    } catch {
        writeLine("\(program): \(error)", to: 2)
        return 1
    }
}

private func answer(_ text: String, usedByMistake: Bool = false) -> Int32 {
    writeLine(String(text.dropLast()), to: usedByMistake ? 2 : 1)
    return usedByMistake ? 1 : 0
}

/// The guest that the program's name asks for: qemu-system-riscv32 → riscv32.
private func guestName(_ program: String) -> String? {
    let name = program.split(separator: "-").last.map(String.init) ?? ""
    return Catalog.guests.contains(name) ? name : nil
}

/// `-clone`.
private func runClone(_ options: ParsedCommandLine, _ program: String) throws -> Int32 {
    let list = PropertyList(options.last("clone") ?? "", option: "clone", implied: "template")
    try list.checkDeclared()
    guard let path = list["template"], !path.isEmpty else { throw CommandLineError.missingValue("-clone") }
    for other in ["incoming", "loadvm"] where options.has(other) { throw CommandLineError.notSupported("-\(other) beside -clone") }
    let template = try Template(path)
    try template.check(program: guestName(program))
    let session = try Session(try template.options(with: options), guest: template.guest)
    session.beginClone(of: template, disks: list["disks"])
    return try session.run()
}

/// A machine's lines of `-M help`.
private func machineHelp(_ machine: MachineType) -> String {
    (machine.alias.map { "\($0)\t\(machine.help) (alias of \(machine.name))\n" } ?? "") + "\(machine.name)\t\(machine.help)\n"
}

/// Lists for `-M help`, `-cpu help`, `-d help`; nil if none was asked for.
private func helpText(_ options: ParsedCommandLine, guest: String) -> String? {
    if options.last("machine") == "help" || options.last("machine") == "?" {
        let rows = Catalog.machines.filter { $0.guests.contains(guest) }.map(machineHelp)
        return "Supported machines are:\n" + rows.joined()
    }
    let machine = PropertyList(options.last("machine") ?? "", option: "machine", implied: "type")
    if machine.asksForHelp, let type = Catalog.machine(machine["type"] ?? "virt", guest: guest)?.objectType {
        return "\(type.name) options:\n" + type.properties.map(DeviceRequest.help).joined()
    }
    if ["help", "?"].contains(options.last("cpu")) { return Catalog.cpuHelp(guest: guest) }
    if options.last("d") == "help" {
        return "Log items (comma separated):\n" + LogMask.items.map { "\($0.name)\t\($0.help)\n" }.joined()
    }
    if options.last("accel") == "help" { return "Accelerators supported in Apus:\ntcg\ninterpreter\n" }
    if let option = ["audio", "audiodev"].first(where: { options.last($0) == "help" }) { return "Available \(option) drivers:\nnone\n" }
    if options.last("display") == "help" { return "Available display backend types:\nnone\nsdl\nvnc\n" }
    if options.last("chardev") == "help" {
        return "Available chardev backend types:\n" + CharacterSetup.kinds.map { "  \($0)\n" }.joined()
    }
    if let option = ["netdev", "nic", "net"].first(where: { ["help", "?"].contains(options.last($0)) }) {
        return NetworkKind.help + (option == "net" ? "nic\nnone\n" : option == "nic" ? "none\n" : "")
    }
    for option in ["nic", "net"] {
        let list = PropertyList(options.last(option) ?? "", option: option, implied: "type")
        if ["help", "?"].contains(list["model"]) {
            return "Supported NIC models:\n" + DeviceFactory.cardModels.joined(separator: "\n") + "\n"
        }
    }
    if ["help", "?"].contains(options.last("object")) {
        return "List of user creatable objects:\n" + BackEndTypes.all.filter { !$0.isAbstract }.map { "  \($0.name)\n" }.joined()
    }
    let object = PropertyList(options.last("object") ?? "", option: "object", implied: "qom-type")
    if object.asksForHelp, let type = BackEndTypes.all.first(where: { $0.name == object["qom-type"] }) {
        return "\(type.name) options:\n" + type.properties.map(DeviceRequest.help).joined()
    }
    return options.last("device").flatMap(DeviceRequest.help) ?? options.propertyHelp
}
