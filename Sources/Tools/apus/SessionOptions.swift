import Catalog
import CharacterSetup
import CommandLine
import Diagnostics
import EventLoop
import HostOS
import MachineModel
import TranslatedExecution

/// What the command line asks of the machine, the engine and the back ends. Every property is obeyed or refused by name.
extension Session {
    func configureLog() throws {
        guard let items = options.last("d") else { return }
        try Log.configure(mask: try LogMask.parse(items), file: options.last("D"))
    }

    /// What `-machine` knows beside the machine's own properties.
    static let machineProperties = ["type", "dumpdtb", "accel", "pflash0", "pflash1"]

    func machineType() throws -> MachineType {
        let text = options.last("machine") ?? "virt"
        let list = PropertyList(text, option: "machine", implied: "type")
        let name = list["type"] ?? "virt"
        let machines = Catalog.machines.filter { $0.guests.contains(guest) }
        guard let type = machines.first(where: { $0.name == name }) else {
            throw CommandLineError.unknownName(option: "machine", name: name, accepted: machines.map(\.name))
        }
        try list.check(Session.machineProperties + type.properties)
        for property in type.properties { configuration.properties[property] = list[property] }
        configuration.dumpDeviceTree = list["dumpdtb"]
        machineAccelerator = list["accel"]
        for name in ["pflash0", "pflash1"] where list[name] != nil {
            throw CommandLineError.notSupported("-machine \(name)=; give the file with -drive if=pflash")
        }
        return type
    }

    func configure() throws {
        configuration.cpu = options.last("cpu")
        configuration.kernel = options.last("kernel")
        configuration.initrd = options.last("initrd")
        configuration.commandLine = options.last("append")
        configuration.deviceTree = options.last("dtb")
        configuration.firmware = options.last("bios")
        configuration.firmwareFolders = options.all("L")
        configuration.flash = try flashImages(options)
        configuration.firmwareFiles = try options.all("fw_cfg").map(firmwareFile)
        if configuration.kernel == nil, configuration.initrd != nil || configuration.commandLine != nil {
            throw CommandLineError.notSupported("-append or -initrd without -kernel")
        }
        if let text = options.last("m") {
            let list = PropertyList(text, option: "m", implied: "size")
            try list.check(["size", "slots", "maxmem"])
            for name in ["slots", "maxmem"] where list[name] != nil {
                throw CommandLineError.notSupported("-m \(name)=: memory that is plugged in later")
            }
            configuration.memory = try parseSize(list["size"] ?? text, option: "m", unit: 1 << 20)
        }
        try configureCPUs()
        try configureEngine()
        try configureClock()
        try configureCharacters()
        try configureNetworks()
        try checkTheRest()
    }

    func configureCPUs() throws {
        guard let text = options.last("smp") else { return }
        let list = PropertyList(text, option: "smp", implied: "cpus")
        try list.check(["cpus", "sockets", "dies", "clusters", "cores", "threads", "maxcpus"])
        for name in ["dies", "clusters"] where try list.integer(name) ?? 1 != 1 {
            throw CommandLineError.notSupported("-smp \(name)=\(list[name] ?? "")")
        }
        let parts = try ["sockets", "cores", "threads"].compactMap { try list.integer($0) }
        let product = parts.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
        let count = try list.integer("cpus") ?? list.integer("maxcpus") ?? product
        // A part that is not named is what makes the others fit.
        guard product > 0, parts.count == 3 ? product == count : count.isMultiple(of: product) else {
            throw CommandLineError.badValue(option: "smp", value: text, expected: "sockets × cores × threads = cpus")
        }
        guard try list.integer("maxcpus") ?? count == count else {
            throw CommandLineError.notSupported("-smp maxcpus=: cpus that are plugged in later")
        }
        guard count > 0 else { throw CommandLineError.badValue(option: "smp", value: text, expected: "a number from 1 on") }
        configuration.cpus = count
    }

    func configureEngine() throws {
        if let list = accelerator() {
            try list.check(["accel", "thread", "tb-size", "perfmap", "tier2"])
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
            try list.check(["shift", "sleep", "align"])
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
        try list.check(["base", "clock", "driftfix"])
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
        guard ports.count <= 1 else {
            throw CommandLineError.notSupported("a second -serial: the board has one UART; add ports with -device virtio-serial-device")
        }
        var monitors = options.all("monitor").filter { $0 != "none" }
        let namesMonitors = options.has("monitor") || options.has("mon") || options.has("nodefaults")
        let taken = (ports + monitors + options.all("chardev")).contains { $0.contains("stdio") }
        // QEMU gives the terminal to whatever of the two is not named.
        if !namesMonitors, !ports.isEmpty, options.has("nographic"), !taken { monitors = ["stdio"] }
        // With a display that is none, and no -nographic, the serial port is shown on that display.
        let isUnseen = options.last("display") == "none" && !options.has("nographic")
        let otherwise = options.has("nodefaults") || taken || isUnseen ? "null" : namesMonitors ? "stdio" : "mon:stdio"
        configuration.serial = [try characters.open(ports.first ?? otherwise, option: "serial", label: "serial0")]
        for (index, text) in monitors.enumerated() {
            monitorBackends.append(try characters.open(text, option: "monitor", label: "compat_monitor\(index)"))
        }
        for text in options.all("mon") {
            let list = PropertyList(text, option: "mon", implied: "chardev")
            try list.check(["chardev", "mode", "id"])
            if let mode = list["mode"], mode != "readline" { throw CommandLineError.notSupported("-mon mode=\(mode)") }
            monitorBackends.append(try characters.use(list["chardev"] ?? "", option: "mon"))
        }
    }

    func configureNetworks() throws {
        for text in options.all("netdev") { try networks.define(text) }
        for (name, text) in options.options {
            if name == "nic" { try networks.addCard(text) }
            if name == "net" { try networks.addToHub(text) }
        }
    }

    func checkTheRest() throws {
        if let display = options.last("display"), display != "none" { throw CommandLineError.notSupported("-display \(display)") }
        guard let text = options.last("name") else { return }
        let list = PropertyList(text, option: "name", implied: "guest")
        try list.check(["guest", "process", "debug-threads"])
        if list["process"] != nil { throw CommandLineError.notSupported("-name process=") }
        // Threads have names anyway.
        _ = try list.bool("debug-threads", default: true)
        guestName = list["guest"]
    }
}
