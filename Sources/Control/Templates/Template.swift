import BlockSetup
import CommandLine
import HostOS
import MachineModel
import Migration

/// A machine that has been kept so that any number of clones start from it: a folder with its memory and state, its disks and its command line, which nobody
/// writes. Clones map the memory: they share its pages until they write them.
public struct Template {
    private let path: String
    private let manifest: TemplateManifest
    private let machine: MappedMachine

    /// Looks at everything but the bytes of memory and disks.
    public init(_ path: String) throws {
        let folder = HostFile.absolute(path)
        self.path = folder
        let text: [UInt8]
        do { text = try HostFile.contents("\(folder)/\(TemplateManifest.name)") } catch {
            // What is written first is there, and what is written last is not.
            throw fileExists("\(folder)/\(TemplateManifest.machineName)") ? TemplateError.torn(folder) : .notThere(folder)
        }
        manifest = try TemplateManifest(String(decoding: text, as: UTF8.self), path: folder)
        let file = "\(folder)/\(TemplateManifest.machineName)"
        guard fileExists(file) else { throw TemplateError.missing(file, of: folder) }
        guard try FileMark(file).size == manifest.machine.size else { throw TemplateError.changed(file, of: folder) }
        for disk in manifest.disks { for file in disk.files { try Template.check(file, folder) } }
        machine = try MappedMachine(file)
    }

    /// Files in the folder may have been copied with it; others must not have been touched.
    private static func check(_ file: TemplateManifest.File, _ folder: String) throws {
        let isOwn = !file.path.hasPrefix("/")
        let path = isOwn ? "\(folder)/\(file.path)" : file.path
        guard fileExists(path) else { throw TemplateError.missing(path, of: folder) }
        let mark = try FileMark(path)
        guard mark.size == file.mark.size, isOwn || mark.modified == file.mark.modified else { throw TemplateError.changed(path, of: folder) }
    }

    public var guest: String { manifest.guest }

    /// - Parameter program: the guest that the program's name says; nil if it takes any.
    public func check(program: String?) throws(TemplateError) {
        if let program, program != guest { throw .otherGuest(path, template: guest, program: "qemu-system-\(program)") }
    }

    /// The command line of a clone: what makes the machine, and what is the clone's own.
    public func options(with own: ParsedCommandLine) throws -> ParsedCommandLine { try TemplateOptions.merged(manifest.options, own) }

    /// What a clone's disks stand on.
    public var disks: [FrozenDisk] {
        manifest.disks.map { disk in
            var frozen = disk.disk
            if !frozen.image.hasPrefix("/") { frozen.image = "\(path)/\(frozen.image)" }
            return frozen
        }
    }

    /// Makes a machine that was built by `options` what the template is of, with the machine lock held.
    public func load(into target: Machine, setTime: (Int64) -> Void) throws(MigrationError) {
        _ = try machine.load(into: target, guest: guest, setTime: setTime)
    }
}
