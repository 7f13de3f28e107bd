import CPUModel
import Diagnostics
import HostOS
import LinuxUser
import UserCatalog
import UserCore

/// The version, and the QEMU version whose interface it has.
let apusVersion = "0.1.0"
let interfaceVersion = "7.2.0"

/// The whole of the user-mode emulator: from the command line to the exit status.
///
/// - Parameter words: the arguments as bytes, the program's name first; what is not UTF-8 goes through to the guest unchanged.
func runApusUser(_ words: [[UInt8]]) -> Int32 {
    let arguments = words.map { String(decoding: $0, as: UTF8.self) }
    let program = arguments.first.map { $0.split(separator: "/").last.map(String.init) ?? $0 } ?? "apus-user"
    do {
        let registration = OwnProgram.registration()
        let rest = Array(arguments.dropFirst())
        let line =
            registration.keepsArgv0
            ? try UserCommandLine(registered: rest, environment: environmentVariable) : try UserCommandLine(rest, environment: environmentVariable)
        if line.wantsHelp { return answer(UserCommandLine.help(program)) }
        if line.wantsVersion { return answer("\(program) version \(apusVersion) (Apus, with the interface of QEMU \(interfaceVersion))") }
        if line.wantsLinks { return answer(UserCatalog.guests.flatMap { ["qemu-" + $0.name, "qemu-\($0.name)-static"] }.joined(separator: "\n")) }
        if let action = line.binfmt { return answer(try BinfmtEntries.run(action)) }
        if line.wantsCoverage { return answer(coverage(guestNamed(program) ?? UserCatalog.guests[0])) }
        if line.program.isEmpty { throw CommandLineError.noProgram }
        try start(line, program, words.suffix(line.program.count), registration.descriptor)
    } catch let error as any ExplainedError {
        writeLine("\(program): \(error.description)", to: 2)
        return (error as? ELFError).map { $0.errno == 2 ? 127 : 126 } ?? 1
    } catch {
        writeLine("\(program): \(error)", to: 2)
        return 1
    }
}

private func answer(_ text: String) -> Int32 {
    if !text.isEmpty { writeLine(text, to: 1) }
    return 0
}

private func coverage(_ abi: any LinuxABI) -> String {
    "| number | call | how it is done |\n| --- | --- | --- |\n" + CallTable(family: abi.family, machine: abi.machine).coverage
        + "\n\n| ioctl | name | argument |\n| --- | --- | --- |\n" + ControlTable.coverage
}

/// The guest that the program's name asks for: qemu-riscv64 and qemu-riscv64-static → riscv64.
private func guestNamed(_ program: String) -> (any LinuxABI)? {
    UserCatalog.guests.first { "qemu-" + $0.name == program || "qemu-\($0.name)-static" == program }
}

/// Does not return when the program could be started.
private func start(_ line: UserCommandLine, _ program: String, _ words: ArraySlice<[UInt8]>, _ descriptor: Int32?) throws -> Never {
    let items = try line.logItems.map(LogMask.parse) ?? []
    let mask = line.wantsStrace ? items.union(.strace) : items
    if !mask.isEmpty { try Log.configure(mask: mask, file: line.logFile) }
    let name = HostPath(words.first ?? [])
    let file = try descriptor.map { ProgramFile(descriptor: $0, name: name) } ?? ProgramFile(name)
    let image = try file.image()
    guard let abi = guest(for: image.identity, named: program) else {
        throw ELFError.wrongMachine(file.path, image.identity)
    }
    let cpu = try abi.makeCPU(model: line.options.model)
    let memory = try GuestMemoryChoice.memory(for: image, base: line.options.guestBase, reserved: line.options.reserved, space: abi.addressSpace)
    let process = try LinuxProcess(
        abi: abi, guests: UserCatalog.guests, cpu: cpu, memory: memory, options: line.options, selfDescriptor: OwnProgram.open())
    let arguments = [line.argv0.map { Array($0.utf8) } ?? words.first ?? []] + words.dropFirst()
    try process.run(file, cpu: cpu, arguments: arguments, environment: changedEnvironment(line.changes))
}

private func guest(for identity: ELFIdentity, named program: String) -> (any LinuxABI)? {
    let fits = UserCatalog.guests.first { $0.elf == identity }
    // A name that asks for one guest is not given another one's program.
    if let named = guestNamed(program), named.name != fits?.name { return nil }
    return fits
}

/// The environment with `-E` and `-U` done.
private func changedEnvironment(_ changes: [(name: String, value: String?)]) -> [[UInt8]] {
    var variables = environmentBytes()
    for change in changes {
        let prefix = Array((change.name + "=").utf8)
        variables.removeAll { $0.starts(with: prefix) }
        if let value = change.value { variables.append(prefix + Array(value.utf8)) }
    }
    return variables
}
