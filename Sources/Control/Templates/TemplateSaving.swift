import BlockSetup
import CommandLine
import HostOS
import JSON
import Migration
import QAPI

/// Makes templates of a running machine, while its vCPUs stand still; it goes on afterwards, and nothing that it does later reaches them.
public final class TemplateSaving {
    private unowned let host: any MigrationHost
    private let blocks: BlockSetup
    private let options: ParsedCommandLine
    /// Why the command line does not describe the machine any more; nil if it does.
    private let changes: () -> String?

    public init(_ host: any MigrationHost, blocks: BlockSetup, options: ParsedCommandLine, changes: @escaping () -> String?) {
        (self.host, self.blocks, self.options, self.changes) = (host, blocks, options, changes)
    }

    public func register(in commands: inout CommandTable) {
        commands.on(TemplateSaveCommand.self, stopped: true) { [self] arguments in
            try save(to: HostFile.absolute(arguments.path))
            return QAPIEmpty()
        }
    }

    private func save(to folder: String) throws {
        switch host.runState {
        case .running, .paused, .prelaunch, .postmigrate: break
        default: throw TemplateError.cannotKeep("the machine is in the state '\(host.runState.rawValue)'")
        }
        if let reason = host.memoryOnItsWay { throw TemplateError.cannotKeep(reason) }
        if let reason = changes() { throw TemplateError.cannotKeep(reason) }
        try makeRoom(folder)
        let before = host.runState
        host.enter(.saveVm)
        defer { host.enter(before) }
        do { try write(folder) } catch {
            for name in [TemplateManifest.machineName, TemplateManifest.name] { HostFile.remove("\(folder)/\(name)") }
            throw error
        }
    }

    /// A folder without a template in it.
    private func makeRoom(_ folder: String) throws {
        let names = [TemplateManifest.name, TemplateManifest.machineName]
        if HostFile.isOwnFolder(folder), !names.contains(where: { fileExists("\(folder)/\($0)") }) { return }
        try HostFile.makeFolder(folder)
    }

    private func write(_ folder: String) throws {
        let file = "\(folder)/\(TemplateManifest.machineName)"
        try MappedMachine.write(host.machine, guest: host.guest, state: .running, to: file)
        let disks = try blocks.freeze(into: folder).map { try describe($0, in: folder) }
        let manifest = TemplateManifest(
            emulator: host.version, guest: host.guest, options: try TemplateOptions.kept(options), machine: try FileMark(file), disks: disks)
        let (draft, name) = ("\(folder)/\(TemplateManifest.name).part", "\(folder)/\(TemplateManifest.name)")
        let target = try HostFile(draft, .create)
        try target.write(at: 0, Array((manifest.json.text(pretty: true) + "\n").utf8))
        try target.synchronize()
        try HostFile.rename(draft, to: name)
        try HostFile.synchronizeFolder(folder)
    }

    private func describe(_ disk: FrozenDisk, in folder: String) throws -> TemplateManifest.Disk {
        func relative(_ path: String) -> String { path.hasPrefix(folder + "/") ? String(path.dropFirst(folder.count + 1)) : path }
        let files = try disk.files().map { TemplateManifest.File(path: relative($0), mark: try FileMark($0)) }
        var kept = disk
        kept.image = relative(disk.image)
        return TemplateManifest.Disk(disk: kept, files: files)
    }
}
