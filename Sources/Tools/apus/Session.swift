import Catalog
import CharacterSetup
import Chardev
import CommandLine
import Diagnostics
import EventLoop
import HostOS
import MachineModel
import TranslatedExecution

/// One run of a machine.
final class Session {
    private let options: ParsedCommandLine
    private let guest: String
    private let loop: EventLoop
    private var configuration = MachineConfiguration()
    private var engineOptions = EngineOptions()
    private var resetRequested = false
    private let characters: CharacterSetup

    init(_ options: ParsedCommandLine, guest: String) throws {
        self.options = options
        self.guest = guest
        let loop = try EventLoop()
        self.loop = loop
        characters = CharacterSetup(loop: loop) { command in if command == .quit { loop.stop(status: 0) } }
    }

    func run() throws -> Int32 {
        try configureLog()
        let type = try machineType()
        try configure()
        let machine = try type.build(configuration, guest, loop) { [unowned self] in handle($0) }
        if configuration.dumpDeviceTree != nil { return 0 }
        try DeviceList.attach(options, to: machine, characters: characters)
        machine.reset()
        let engine = try TranslationEngine(cpus: machine.cpus, loop: loop, options: engineOptions)
        onTermination { [loop] in loop.post { loop.stop(status: 0) } }
        var status: Int32
        repeat {
            resetRequested = false
            try engine.start()
            status = loop.run()
            engine.stop()
            if resetRequested {
                machine.reset()
                loop.resume()
            }
        } while resetRequested
        return status
    }

    private func handle(_ request: MachineRequest) {
        switch request {
        case .powerOff(let status): loop.stop(status: status)
        case .reset:
            if !options.has("no-reboot") { resetRequested = true }
            loop.stop(status: 0)
        }
    }

    // MARK: Options

    private func configureLog() throws {
        guard let items = options.last("d") else { return }
        try Log.configure(mask: try LogMask.parse(items), file: options.last("D"))
    }

    private func machineType() throws -> MachineType {
        let text = options.last("machine") ?? "virt"
        let list = PropertyList(text, option: "machine", implied: "type")
        try list.check(["type", "dumpdtb", "accel", "aclint", "aia", "pflash0", "pflash1"])
        configuration.dumpDeviceTree = list["dumpdtb"]
        for name in ["aclint", "aia"] where !["off", "none", nil].contains(list[name]) {
            throw CommandLineError.notSupported("-machine \(name)=\(list[name] ?? "")")
        }
        for name in ["pflash0", "pflash1"] where list[name] != nil {
            throw CommandLineError.notSupported("-machine \(name)=; give the file with -drive if=pflash")
        }
        let name = list["type"] ?? "virt"
        let machines = Catalog.machines.filter { $0.guests.contains(guest) }
        guard let type = machines.first(where: { $0.name == name }) else {
            throw CommandLineError.unknownName(option: "machine", name: name, accepted: machines.map(\.name))
        }
        return type
    }

    private func configure() throws {
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
            configuration.memory = try parseSize(list["size"] ?? text, option: "m", unit: 1 << 20)
        }
        try configureCPUs()
        try configureEngine()
        try configureClock()
        try configureSerial()
    }

    private func configureCPUs() throws {
        guard let text = options.last("smp") else { return }
        let list = PropertyList(text, option: "smp", implied: "cpus")
        try list.check(["cpus", "sockets", "cores", "threads", "maxcpus"])
        let product = try (list.integer("sockets") ?? 1) * (list.integer("cores") ?? 1) * (list.integer("threads") ?? 1)
        let count = try list.integer("cpus") ?? product
        guard count > 0 else { throw CommandLineError.badValue(option: "smp", value: text, expected: "a number from 1 on") }
        configuration.cpus = count
    }

    private func configureEngine() throws {
        if let text = options.last("accel") {
            let list = PropertyList(text, option: "accel", implied: "accel")
            try list.check(["accel", "thread", "tb-size", "perfmap"])
            switch list["accel"] {
            case "tcg": engineOptions.kind = .translator
            case "interpreter": engineOptions.kind = .interpreter
            default: throw CommandLineError.badValue(option: "accel", value: list["accel"] ?? text, expected: "tcg, interpreter")
            }
            switch list["thread"] {
            case nil, "multi": engineOptions.multiThreaded = true
            case "single": engineOptions.multiThreaded = false
            case let other?: throw CommandLineError.badValue(option: "accel", value: "thread=\(other)", expected: "multi, single")
            }
            if let megabytes = try list.integer("tb-size") { engineOptions.codeMemorySize = max(2, min(megabytes, 1024)) << 20 }
            engineOptions.perfMap = try list.bool("perfmap", default: false)
        }
        engineOptions.singleStep = options.has("singlestep")
        if let text = options.last("icount") {
            let list = PropertyList(text, option: "icount", implied: "shift")
            try list.check(["shift"])
            guard let shift = try list.integer("shift"), shift <= 10 else {
                throw CommandLineError.badValue(option: "icount", value: text, expected: "shift=0 to shift=10")
            }
            engineOptions.instructionShift = shift
            engineOptions.multiThreaded = false
        }
    }

    private func configureClock() throws {
        guard let text = options.last("rtc") else { return }
        let list = PropertyList(text, option: "rtc", implied: "base")
        try list.check(["base", "clock"])
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

    private func configureSerial() throws {
        for text in options.all("chardev") { try characters.define(text) }
        let ports = options.all("serial")
        guard ports.count <= 1 else {
            throw CommandLineError.notSupported("a second -serial: the board has one UART; add ports with -device virtio-serial-device")
        }
        configuration.serial = [try characters.open(ports.first ?? "mon:stdio", option: "serial", label: "serial0")]
    }
}
