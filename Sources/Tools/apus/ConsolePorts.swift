import CharacterSetup
import CommandLine
import VirtioDevices

/// The devices `virtio-serial-device` and the ports that are plugged into it.
struct ConsolePorts {
    static let kinds = ["virtconsole", "virtserialport"]
    static let properties = ["chardev", "name", "nr", "bus", "id"]

    static var help: String {
        let words = properties.joined(separator: ", ")
        return kinds.map { "name \"\($0)\", bus virtio-serial-bus, properties: \(words)\n" }.joined()
    }

    private var buses: [(id: String, device: VirtioConsole)] = []

    /// `-device virtio-serial-device[,max_ports=N][,id=ID]`.
    mutating func makeBus(_ list: PropertyList) throws -> VirtioConsole {
        let most = try list.integer("max_ports") ?? 31
        guard (1...31).contains(most) else {
            throw CommandLineError.badValue(option: "device", value: "max_ports=\(most)", expected: "max_ports=1 to max_ports=31")
        }
        let device = VirtioConsole(maxPorts: most)
        buses.append((list["id"] ?? "virtio-serial\(buses.count)", device))
        return device
    }

    /// `-device virtconsole|virtserialport,chardev=ID[,name=NAME][,nr=N][,bus=ID.0]`.
    func plug(_ kind: String, _ list: PropertyList, _ characters: CharacterSetup) throws {
        try list.check(ConsolePorts.properties + ["driver"])
        let bus = try bus(list["bus"], for: kind)
        guard let id = list["chardev"] else { throw CommandLineError.badValue(option: "device", value: kind, expected: "chardev=ID") }
        let isConsole = kind == "virtconsole"
        guard let number = try list.integer("nr") ?? bus.freeNumber(isConsole: isConsole), number < bus.maxPorts, !bus.hasPort(number),
            isConsole || number > 0
        else {
            let free = "a number below \(bus.maxPorts) that is free; 0 is for a virtconsole"
            throw CommandLineError.badValue(option: "device", value: "\(kind),nr=\(list["nr"] ?? "")", expected: free)
        }
        let backend = try characters.use(id, option: "device")
        bus.add(VirtioConsolePort(number: number, isConsole: isConsole, name: list["name"] ?? "", backend: backend))
    }

    private func bus(_ name: String?, for kind: String) throws -> VirtioConsole {
        guard let last = buses.last else {
            throw CommandLineError.badValue(option: "device", value: kind, expected: "a -device virtio-serial-device before it")
        }
        guard let name else { return last.device }
        guard let found = buses.first(where: { $0.id == name || "\($0.id).0" == name }) else {
            throw CommandLineError.badValue(
                option: "device", value: "bus=\(name)", expected: buses.map { "bus=\($0.id).0" }.joined(separator: ", "))
        }
        return found.device
    }
}
