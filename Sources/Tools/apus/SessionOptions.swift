import Catalog
import CharacterSetup
import CommandLine
import Diagnostics
import EventLoop
import HostOS
import MachineModel
import ObjectModel
import QAPI
import Sandbox
import TranslatedExecution

/// What the command line asks of the machine, the engine and the back ends. Every property is obeyed or refused by name.
extension Session {
    func configureLog() throws {
        guard let items = options.last("d") else { return }
        try Log.configure(mask: try LogMask.parse(items), file: options.last("D"))
    }

    /// The machine's name, without its properties.
    var machineName: String { PropertyList(options.last("machine") ?? "virt", option: "machine", implied: "type")["type"] ?? "virt" }

    func machineType() throws -> MachineType {
        let list = PropertyList(options.last("machine") ?? "virt", option: "machine", implied: "type")
        let machines = Catalog.machines.filter { $0.guests.contains(guest) }
        guard let type = machines.first(where: { $0.isCalled(machineName) }) else {
            throw CommandLineError.unknownName(
                option: "machine", name: machineName, accepted: machines.flatMap { [$0.alias, $0.name].compactMap { $0 } })
        }
        var values = PropertyValues(type.objectType)
        for (name, text) in list.values where name != "type" { try values.set(name, text: text) }
        configuration.dumpDeviceTree = values.string("dumpdtb")
        machineAccelerator = values.string("accel")
        memoryBackEnd = values.string("memory-backend")
        configuration.memorySource.isDumped = values.bool("dump-guest-core")
        for name in ["usb", "graphics"] where values.type.property(name) != nil && values.bool(name) {
            throw CommandLineError.notSupported("-machine \(name)=on")
        }
        for property in type.properties { configuration.properties[property.name] = list[property.name] }
        try configureFirmwareTables(type, &values)
        machineValues = values
        return type
    }

    func configure(_ type: MachineType) throws {
        // What comes brings its memory along.
        if options.has("incoming") { configuration.isFilledLater = true }
        for text in options.all("add-fd") { try addDescriptor(text) }
        backEnds.preallocates = options.has("mem-prealloc")
        for text in options.all("object") { try backEnds.define(text) }
        configuration.cpu = options.last("cpu")
        configuration.kernel = options.last("kernel")
        configuration.initrd = options.last("initrd")
        configuration.commandLine = options.last("append")
        configuration.deviceTree = options.last("dtb")
        configuration.firmware = options.last("bios")
        configuration.firmwareFolders = options.all("L")
        configuration.flash = try flashImages(options, arePrivate: template != nil)
        configuration.firmwareFiles = try options.all("fw_cfg").map(firmwareFile)
        if configuration.kernel == nil, configuration.initrd != nil || configuration.commandLine != nil {
            throw CommandLineError.notSupported("-append or -initrd without -kernel")
        }
        if let text = options.last("m") {
            let list = PropertyList(text, option: "m", implied: "size")
            try list.checkDeclared()
            for name in ["slots", "maxmem"] where list[name] != nil {
                throw CommandLineError.notSupported("-m \(name)=: memory that is plugged in later")
            }
            configuration.memory = try parseSize(list["size"] ?? text, option: "m", unit: 1 << 20)
        }
        try configureMemory()
        try configureCPUs(type)
        try configureNodes(type)
        try configureEngine()
        try configureClock()
        try configureCharacters()
        try configureNetworks()
        try checkTheRest()
    }

    func configureEngine() throws {
        if let list = accelerator() {
            try list.checkDeclared()
            switch list["accel"] {
            case "tcg": engineOptions.kind = .translator
            case "interpreter": engineOptions.kind = .interpreter
            default: throw CommandLineError.badValue(option: "accel", value: list["accel"] ?? "", expected: "tcg, interpreter")
            }
            switch list["thread"] {
            case nil, "multi": engineOptions.multiThreaded = true
            case "single": engineOptions.multiThreaded = false
            case let other?: throw CommandLineError.badValue(option: "accel", value: "thread=\(other)", expected: "multi, single")
            }
            if let megabytes = try list.integer("tb-size") { engineOptions.codeMemorySize = max(2, min(megabytes, 1024)) << 20 }
            engineOptions.perfMap = try list.bool("perfmap", default: false)
            engineOptions.loopThreshold = try loopThreshold(list)
        }
        engineOptions.singleStep = options.has("singlestep")
        if let text = options.last("icount") {
            let list = PropertyList(text, option: "icount", implied: "shift")
            try list.checkDeclared()
            if list["shift"] == "auto" { throw CommandLineError.notSupported("-icount shift=auto") }
            guard let shift = try list.integer("shift"), shift <= 10 else {
                throw CommandLineError.badValue(option: "icount", value: text, expected: "shift=0 to shift=10")
            }
            if try list.bool("align", default: false) { throw CommandLineError.notSupported("-icount align=on") }
            engineOptions.sleepsWhileIdle = try list.bool("sleep", default: true)
            engineOptions.instructionShift = shift
            engineOptions.multiThreaded = false
        }
    }

    /// `tier2=on|off|N`: how often a loop is repeated before it is made one block.
    private func loopThreshold(_ list: PropertyList) throws -> UInt32? {
        if let text = list["tier2"], let count = UInt32(text), count <= Int32.max { return count }
        return try list.bool("tier2", default: true) ? EngineOptions().loopThreshold : nil
    }

    /// The first accelerator asked for that there is, as users give `kvm` with `tcg` behind it; the first of all if there is none.
    private func accelerator() -> PropertyList? {
        let texts = options.has("accel") ? options.all("accel") : (machineAccelerator ?? "").split(separator: ":").map(String.init)
        let lists = texts.map { PropertyList($0, option: "accel", implied: "accel") }
        guard let chosen = lists.firstIndex(where: { ["tcg", "interpreter"].contains($0["accel"]) }) else { return lists.first }
        for skipped in lists[..<chosen] { warn("-accel \(skipped["accel"] ?? "") is not supported; the next one is taken") }
        return lists[chosen]
    }

    func configureClock() throws {
        guard let text = options.last("rtc") else { return }
        let list = PropertyList(text, option: "rtc", implied: "base")
        try list.checkDeclared()
        if let fix = list["driftfix"], fix != "none" { throw CommandLineError.notSupported("-rtc driftfix=\(fix)") }
        switch list["clock"] {
        case nil, "host": break
        case "rt": configuration.clock = .realtime
        case "vm": configuration.clock = .virtual
        case let other?: throw CommandLineError.badValue(option: "rtc", value: "clock=\(other)", expected: "host, rt, vm")
        }
        switch list["base"] {
        case nil, "utc": break
        case "localtime": configuration.clockOffset = Int64(localTimeOffset()) * 1_000_000_000
        case let date?:
            guard let seconds = secondsSinceEpoch(date) else {
                throw CommandLineError.badValue(option: "rtc", value: date, expected: "utc, localtime, or a date such as 2006-06-17T16:01:21")
            }
            configuration.clockOffset = seconds * 1_000_000_000 - loop.wallClock()
        }
    }

    /// The serial port and the monitors. With neither named they share the terminal.
    func configureCharacters() throws {
        for text in options.all("chardev") { try characters.define(text) }
        let ports = options.all("serial")
        let most = type?.serialPorts ?? 1
        guard ports.count <= most else {
            let count = most == 1 ? "one UART" : "\(most) UARTs"
            throw CommandLineError.notSupported("-serial \(ports[most]): the board has \(count); add ports with -device virtio-serial-device")
        }
        let monitors = options.options.filter { ["monitor", "qmp", "qmp-pretty", "mon"].contains($0.name) && $0.value != "none" }
        let namesMonitors = ["monitor", "qmp", "qmp-pretty", "mon", "nodefaults"].contains(where: options.has)
        let taken = (ports + monitors.map(\.value) + options.all("chardev")).contains { $0.contains("stdio") }
        let isPlain = options.has("nographic") || options.has("nodefaults")
        // As QEMU has it, monitor and serial port are consoles of text beside the screen that is shown.
        let isDrawn = !isPlain && hasScreen
        if isDrawn, !namesMonitors { try placeMonitor("monitor", Session.textPlace) }
        let isUnseen = options.last("display") == "none" && !options.has("nographic")
        let terminal = options.has("nodefaults") || taken || isUnseen ? "null" : namesMonitors ? "stdio" : "mon:stdio"
        let otherwise = isDrawn ? Session.textPlace : terminal
        configuration.serial = try (ports.isEmpty ? [otherwise] : ports).enumerated().map { index, text in
            try characters.open(text, option: "serial", label: "serial\(index)")
        }
        // QEMU gives the terminal to whatever of the two is not named.
        if !namesMonitors, !ports.isEmpty, options.has("nographic"), !taken { try placeMonitor("monitor", "stdio") }
        for (name, value) in monitors { try placeMonitor(name, value) }
    }

    private static let textPlace = "vc:80Cx24C"

    /// Whether somebody can see the machine's screen.
    private var hasScreen: Bool { viewersPlaces.contains { $0 != "none" && !$0.hasPrefix("none,") } || windowOptions != nil }

    private func placeMonitor(_ option: String, _ text: String) throws {
        if option == "mon" { return try placeMonitor(PropertyList(text, option: "mon", implied: "chardev")) }
        let kinds: [String: MonitorPlace.Kind] = ["qmp": .protocolOnly, "qmp-pretty": .pretty]
        let backend = try characters.open(text, option: option, label: "compat_monitor\(monitorPlaces.count)")
        monitorPlaces.append(MonitorPlace(backend: backend, kind: kinds[option] ?? .human))
    }

    private func placeMonitor(_ list: PropertyList) throws {
        try list.checkDeclared()
        let kind: MonitorPlace.Kind
        switch list["mode"] {
        case nil, "readline": kind = .human
        case "control": kind = try list.bool("pretty", default: false) ? .pretty : .protocolOnly
        case let mode?: throw CommandLineError.badValue(option: "mon", value: "mode=\(mode)", expected: "readline, control")
        }
        if kind == .human, list["pretty"] != nil {
            throw CommandLineError.badValue(option: "mon", value: "pretty=", expected: "mode=control with it")
        }
        monitorPlaces.append(MonitorPlace(backend: try characters.use(list["chardev"] ?? "", option: "mon"), kind: kind))
    }

    func configureNetworks() throws {
        for text in options.all("netdev") { try networks.define(text) }
        for (name, text) in options.options {
            if name == "nic" { try networks.addCard(text) }
            if name == "net" { try networks.addToHub(text) }
        }
    }

    static func isWindow(_ display: String) -> Bool { display == "sdl" || display.hasPrefix("sdl,") }

    /// What `-display sdl` says; nil if there is none.
    var windowOptions: String? { options.all("display").last(where: Session.isWindow) }

    /// What each `-vnc` and `-display vnc=` asks for.
    var viewersPlaces: [String] {
        options.options.compactMap { name, value in
            name == "vnc" ? value : name == "display" && value.hasPrefix("vnc=") ? String(value.dropFirst(4)) : nil
        }
    }

    /// `-sandbox`: what the process gives up; nil for nothing.
    func sandbox() throws -> Sandbox? {
        guard let text = options.last("sandbox") else { return nil }
        let list = PropertyList(text, option: "sandbox", implied: "enable")
        try list.checkDeclared()
        guard try list.bool("enable", default: false) else { return nil }
        var sandbox = Sandbox()
        sandbox.deniesObsolete = try isDenied("obsolete", list, default: true)
        sandbox.deniesSpawn = try isDenied("spawn", list, default: false)
        sandbox.deniesResourceControl = try isDenied("resourcecontrol", list, default: false)
        // Children do not get more privileges in any case.
        if list["elevateprivileges"] != "children" { sandbox.deniesIdentity = try isDenied("elevateprivileges", list, default: false) }
        return sandbox
    }

    private func isDenied(_ name: String, _ list: PropertyList, default usual: Bool) throws -> Bool {
        switch list[name] {
        case nil: return usual
        case "allow": return false
        case "deny": return true
        case let other?:
            let accepted = name == "elevateprivileges" ? "allow, deny, children" : "allow, deny"
            throw CommandLineError.badValue(option: "sandbox", value: "\(name)=\(other)", expected: accepted)
        }
    }

    func checkTheRest() throws {
        for display in options.all("display") where display != "none" && !display.hasPrefix("vnc=") && !Session.isWindow(display) {
            throw CommandLineError.notSupported("-display \(display)")
        }
        try configureName()
        try configureActions()
        for (option, accepted) in [("boot", ["menu"]), ("overcommit", ["mem-lock", "cpu-pm"])] {
            for text in options.all(option) { try refuse(PropertyList(text, option: option, implied: nil), ifOn: accepted) }
        }
        if let port = options.all("parallel").first(where: { $0 != "none" }) { throw CommandLineError.notSupported("-parallel \(port)") }
        for text in options.all("audio") {
            let list = PropertyList(text, option: "audio", implied: "driver")
            guard list["driver"] == "none", list.values.count == 1 else { throw CommandLineError.notSupported("-audio \(text)") }
        }
        for text in options.all("audiodev") {
            let list = try PropertyList(jsonOr: text, option: "audiodev", implied: "driver")
            try list.check(["id", "driver"])
            audioBackEnds += list.all("id")
            if let driver = list["driver"], driver != "none" { throw CommandLineError.notSupported("-audiodev driver=\(driver)") }
        }
        if let text = options.last("msg") {
            let list = PropertyList(text, option: "msg", implied: nil)
            try list.checkDeclared()
            showTimeInMessages(try list.bool("timestamp", default: false))
        }
    }

    private func refuse(_ list: PropertyList, ifOn names: [String]) throws {
        try list.checkDeclared()
        for name in names where try list.bool(name, default: false) { throw CommandLineError.notSupported("-\(list.option) \(name)=on") }
    }

    private func configureName() throws {
        if let text = options.last("uuid") {
            guard isUUID(text) else {
                throw CommandLineError.badValue(option: "uuid", value: text, expected: "a number such as 550e8400-e29b-41d4-a716-446655440000")
            }
            uuid = text.lowercased()
            configuration.uuid = uuid
        }
        guard let text = options.last("name") else { return }
        let list = PropertyList(text, option: "name", implied: "guest")
        try list.checkDeclared()
        if list["process"] != nil { throw CommandLineError.notSupported("-name process=") }
        // Threads have names anyway.
        _ = try list.bool("debug-threads", default: true)
        guestName = list["guest"]
    }

    private func configureActions() throws {
        if options.has("no-reboot") { actions.reboot = .shutdown }
        if options.has("no-shutdown") { actions.shutdown = .pause }
        for text in options.all("action") {
            let list = PropertyList(text, option: "action", implied: nil)
            try list.checkDeclared()
            if let action: RebootAction = try choice("reboot", list) { actions.reboot = action }
            if let action: ShutdownAction = try choice("shutdown", list) { actions.shutdown = action }
            if let action: PanicAction = try choice("panic", list) { actions.panic = action }
            if let action: WatchdogAction = try choice("watchdog", list) { actions.watchdog = action }
        }
    }

    private func choice<Choice: QAPIEnumeration>(_ name: String, _ list: PropertyList) throws -> Choice? {
        guard let text = list[name] else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let accepted = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw CommandLineError.badValue(option: list.option, value: "\(name)=\(text)", expected: accepted)
        }
        return choice
    }

    /// `-add-fd fd=N,set=ID`.
    private func addDescriptor(_ text: String) throws {
        let list = PropertyList(text, option: "add-fd", implied: nil)
        try list.checkDeclared()
        guard let number = try list.integer("fd"), number > 2, let stream = HostStream.inherited(Int32(clamping: number)),
            let set = try list.integer("set")
        else { throw CommandLineError.badValue(option: "add-fd", value: text, expected: "fd=N,set=ID, with an open descriptor from 3 on") }
        _ = DescriptorSets.shared.add(stream, to: Int64(set), note: list["opaque"])
    }
}
