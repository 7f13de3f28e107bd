import BlockFormats
import BlockSetup
import HostOS
import JSON

/// What lies beside a template's machine: the command line, the disks, and what their files looked like. Written last: a template that has it is complete.
struct TemplateManifest: Equatable {
    static let format: Int64 = 1
    static let name = "template.json"
    /// The file of memory and state (`MappedMachine`).
    static let machineName = "machine"

    /// A file that clones read.
    struct File: Equatable {
        /// Relative to the template's folder if it lies there.
        var path: String
        var mark: FileMark
    }

    struct Disk: Equatable {
        var disk: FrozenDisk
        var files: [File]
    }

    /// "Apus 0.1.0".
    var emulator: String
    var guest: String
    /// Names and values, as `ParsedCommandLine` has them.
    var options: [(name: String, value: String)]
    var machine: FileMark
    var disks: [Disk]

    static func == (a: TemplateManifest, b: TemplateManifest) -> Bool { a.json == b.json }

    init(emulator: String, guest: String, options: [(name: String, value: String)], machine: FileMark, disks: [Disk]) {
        (self.emulator, self.guest, self.options, self.machine, self.disks) = (emulator, guest, options, machine, disks)
    }

    // MARK: JSON

    private static func json(_ mark: FileMark) -> JSONObject { ["size": JSONValue(mark.size), "modified": .integer(mark.modified)] }

    var json: JSONValue {
        [
            "format": .integer(TemplateManifest.format), "emulator": .string(emulator), "guest": .string(guest),
            "options": .array(options.map { [.string($0.name), .string($0.value)] }), "machine": .object(TemplateManifest.json(machine)),
            "disks": .array(disks.map(TemplateManifest.json)),
        ]
    }

    private static func json(_ disk: Disk) -> JSONValue {
        let files = disk.files.map { file -> JSONValue in
            var object = json(file.mark)
            object["path"] = .string(file.path)
            return .object(object)
        }
        return [
            "path": .string(disk.disk.path), "image": .string(disk.disk.image), "format": .string(disk.disk.format.rawValue),
            "read-only": .bool(disk.disk.isReadOnly), "files": .array(files),
        ]
    }

    /// - Parameter path: the template's, for what is wrong with it.
    init(_ text: String, path: String) throws(TemplateError) {
        let value: JSONValue
        do { value = try JSONValue(parsing: text) } catch { throw .damaged(path, "its \(TemplateManifest.name): \(error)") }
        let reader = Reader(path: path)
        let format = try reader.number(value, "format")
        guard format == TemplateManifest.format else { throw .otherFormat(path, format) }
        emulator = try reader.text(value, "emulator")
        guest = try reader.text(value, "guest")
        options = []
        for option in try reader.list(value, "options") {
            guard let pair = option.array?.compactMap(\.string), pair.count == 2 else { throw reader.damaged("options") }
            options.append((pair[0], pair[1]))
        }
        machine = try reader.mark(try reader.value(value, "machine"))
        disks = []
        for disk in try reader.list(value, "disks") { disks.append(try reader.disk(disk)) }
    }

    /// Takes members out of JSON of which nothing is trusted.
    private struct Reader {
        let path: String

        func damaged(_ name: String) -> TemplateError { .damaged(path, "'\(name)' in its \(TemplateManifest.name)") }

        func value(_ object: JSONValue, _ name: String) throws(TemplateError) -> JSONValue {
            guard let value = object.object?[name] else { throw damaged(name) }
            return value
        }

        func text(_ object: JSONValue, _ name: String) throws(TemplateError) -> String {
            guard let text = try value(object, name).string else { throw damaged(name) }
            return text
        }

        func number(_ object: JSONValue, _ name: String) throws(TemplateError) -> Int64 {
            guard case .integer(let number) = try value(object, name), number >= 0 else { throw damaged(name) }
            return number
        }

        func list(_ object: JSONValue, _ name: String) throws(TemplateError) -> [JSONValue] {
            guard let list = try value(object, name).array else { throw damaged(name) }
            return list
        }

        func mark(_ object: JSONValue) throws(TemplateError) -> FileMark {
            FileMark(size: UInt64(try number(object, "size")), modified: try number(object, "modified"))
        }

        func disk(_ object: JSONValue) throws(TemplateError) -> Disk {
            guard let format = ImageOptions.Format(rawValue: try text(object, "format")) else { throw damaged("format") }
            var files: [File] = []
            for file in try list(object, "files") { files.append(File(path: try text(file, "path"), mark: try mark(file))) }
            guard let isReadOnly = try value(object, "read-only").bool else { throw damaged("read-only") }
            let disk = FrozenDisk(path: try text(object, "path"), image: try text(object, "image"), format: format, isReadOnly: isReadOnly)
            return Disk(disk: disk, files: files)
        }
    }
}
