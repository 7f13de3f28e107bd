import CommandLine
import HostOS
import JSON
import MachineModel
import Migration
import Templates

/// Templates: `-clone`, and with them files of machines that are mapped (`-incoming file:`). The description is changed, or one section of the machine's file,
/// whose checksum is put right, or any of its bytes.
struct TemplateTarget: FuzzTarget {
    private static let folder = "build/fuzz-template"
    private static let guest = "riscv64"
    private static let sectionHeader = 5, checksumSize = 4, headerSize = 12
    private let machine: Machine
    /// The machine's file, in parts: what is before the sections of its beginning, these, the memory, the sections of its state.
    private let start: [UInt8]
    private var beginning: [[UInt8]] = []
    private let memory: [UInt8]
    private var state: [[UInt8]] = []
    /// Bytes for the beginning.
    private static let headerRoom = 1 << 16

    init() throws {
        machine = try MigrationTarget.makeMachine(TemplateTarget.guest)
        if !HostFile.isOwnFolder(TemplateTarget.folder) { try HostFile.makeFolder(TemplateTarget.folder) }
        let path = "\(TemplateTarget.folder)/whole"
        try MappedMachine.write(machine, guest: TemplateTarget.guest, state: .running, to: path)
        let file = try HostFile.contents(path)
        start = Array(file.prefix(TemplateTarget.headerSize))
        var place = TemplateTarget.headerSize
        for _ in 0..<2 { beginning.append(TemplateTarget.section(file, &place)) }
        // The last number of the second section is where the state is.
        var statePlace = TemplateTarget.number(beginning[1], at: beginning[1].count - 8, 8)
        memory = Array(file[TemplateTarget.headerRoom..<statePlace])
        while statePlace < file.count { state.append(TemplateTarget.section(file, &statePlace)) }
    }

    private static func number(_ bytes: [UInt8], at place: Int, _ width: Int) -> Int {
        (0..<width).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
    }

    private static func section(_ file: [UInt8], _ place: inout Int) -> [UInt8] {
        let length = number(file, at: place + 1, 4)
        defer { place += sectionHeader + length + checksumSize }
        return Array(file[place..<place + sectionHeader + length])
    }

    mutating func run(_ random: RandomSource) throws -> Bool {
        var mutator = Mutator(random: random)
        var (beginning, state) = (beginning, state)
        let kind = mutator.random.below(4)
        func changed(_ section: [UInt8]) -> [UInt8] {
            section.prefix(TemplateTarget.sectionHeader) + mutator.mutate(Array(section.dropFirst(TemplateTarget.sectionHeader)))
        }
        if kind == 0 { beginning[mutator.random.below(2)] = changed(beginning[mutator.random.below(2)]) }
        if kind == 1 {
            let chosen = mutator.random.below(state.count)
            state[chosen] = changed(state[chosen])
        }
        var file = beginning.reduce(start) { $0 + MigrationTarget.finish($1) }
        file += [UInt8](repeating: 0, count: max(0, TemplateTarget.headerRoom - file.count))
        file = state.reduce(file + memory) { $0 + MigrationTarget.finish($1) }
        if kind == 2 { file = mutator.mutate(file) }
        try HostFile("\(TemplateTarget.folder)/machine", .create).write(at: 0, file)
        let text = TemplateTarget.description(size: file.count)
        try HostFile("\(TemplateTarget.folder)/template.json", .create).write(at: 0, kind == 3 ? mutator.mutate(Array(text.utf8)) : Array(text.utf8))
        do {
            let template = try Template(TemplateTarget.folder)
            _ = template.disks
            _ = try template.options(
                with: try ParsedCommandLine(["-clone", TemplateTarget.folder, "-accel", "interpreter", "-netdev", "user,id=net"]))
            guard template.guest == TemplateTarget.guest else { return true }
            try template.load(into: machine, setTime: machine.loop.setVirtualTime)
        } catch { return false }
        MigrationTarget.goOn(machine)
        return true
    }

    private static func description(size: Int) -> String {
        let options: [JSONValue] = [
            ["machine", "virt"], ["netdev", "user,id=net,hostfwd=tcp::2222-:22"], ["device", "{\"driver\": \"virtio-rng-device\"}"],
        ]
        let mark: JSONValue = ["size": .integer(Int64(size)), "modified": 1]
        let file: JSONValue = ["path": "machine", "size": .integer(Int64(size)), "modified": 1]
        let disk: JSONValue = ["path": "disk.img", "image": "machine", "format": "raw", "read-only": false, "files": [file]]
        let whole: JSONValue = [
            "format": 1, "emulator": "Apus", "guest": .string(guest), "options": .array(options), "machine": mark, "disks": [disk],
        ]
        return whole.text()
    }
}
