/// One option of the command line.
public struct OptionRow: Sendable {
    /// Without the dash.
    public let name: String
    public let aliases: [String]
    /// What stands for its value in the help; nil if it takes none.
    public let argument: String?
    public let help: String
    /// The properties that its value has; nil if it has none, or others for each kind of thing that it makes.
    public let properties: [Property]?
    /// What `query-command-line-options` calls it.
    public let queryName: String

    public enum Kind: Sendable {
        case string, bool, number, size

        /// As QEMU's help has it.
        var text: String {
            switch self {
            case .string: "str"
            case .bool: "bool (on/off)"
            case .number: "num"
            case .size: "size"
            }
        }
    }

    public struct Property: Sendable {
        public let name: String
        public let kind: Kind
    }

    init(
        _ name: String, _ argument: String?, aliases: [String] = [], queryName: String? = nil, properties: KeyValuePairs<String, Kind>? = nil,
        _ help: String
    ) {
        self.name = name
        self.aliases = aliases
        self.argument = argument
        self.help = help
        self.queryName = queryName ?? name
        self.properties = properties.map { $0.map { Property(name: $0.key, kind: $0.value) } }
    }

    /// Every option that there is.
    public static let all: [OptionRow] = [
        .init("help", nil, aliases: ["h"], "print this help"),
        .init("version", nil, "print the version"),
        .init("machine", "[type=]NAME[,prop=VALUE…]", aliases: ["M"], properties: ["type": .string], "choose the machine ('-M help' lists them)"),
        .init("cpu", "MODEL[,EXT=on|off…]", "choose the cpu ('-cpu help' lists them)"),
        .init(
            "m", "[size=]MEGS", queryName: "memory", properties: ["size": .size, "slots": .number, "maxmem": .size],
            "set the guest's memory in MiB, or with a suffix k, M, G"),
        .init(
            "smp", "[cpus=]N", queryName: "smp-opts",
            properties: [
                "cpus": .number, "sockets": .number, "dies": .number, "clusters": .number, "cores": .number, "threads": .number, "maxcpus": .number,
            ],
            "set the number of cpus, and how they are grouped"),
        .init(
            "numa", "node|dist|cpu,…", properties: [:],
            "divide memory and cpus into nodes: node[,nodeid=N][,cpus=A-B][,memdev=ID], dist,src=N,dst=N,val=N, cpu,node-id=N[,socket-id=…]"),
        .init("mem-path", "PATH", "let a file, or one without a name in a folder, be the memory"),
        .init("mem-prealloc", nil, "take the host's memory at once"),
        .init(
            "accel", "NAME[,prop=VALUE…]",
            properties: ["accel": .string, "thread": .string, "tb-size": .number, "perfmap": .bool, "tier2": .string],
            "choose how guest code is run: tcg[,thread=multi|single,tb-size=MiB,perfmap=on,tier2=on|off|N], interpreter"),
        .init(
            "icount", "shift=N[,sleep=on|off]", properties: ["shift": .string, "sleep": .bool, "align": .bool],
            "count instructions: each takes 2^N ns of virtual time; sleep=off does not wait for timers"),
        .init("kernel", "FILE", "boot this kernel"),
        .init("initrd", "FILE", "give the kernel this initial RAM disk"),
        .init("append", "TEXT", "give the kernel this command line"),
        .init("dtb", "FILE", "use this device tree"),
        .init("bios", "FILE", "use this firmware; 'none' for none"),
        .init(
            "fw_cfg", "[name=]NAME,file=FILE|string=TEXT", properties: ["name": .string, "file": .string, "string": .string],
            "give firmware and guest a file through the firmware configuration device"),
        .init(
            "drive", "file=FILE[,if=TYPE,format=raw,id=ID…]",
            "define a drive: cache=, aio=threads|io_uring, discard=, werror=, rerror=, snapshot=, index=, media=, readonly=, throttling.…=…"),
        .init("blockdev", "driver=file|raw,node-name=ID[,…]", "define a block node: filename=, or for raw file=NODE or file.filename="),
        .init("hda", "FILE", "define disk 0: -drive index=0,media=disk"), .init("hdb", "FILE", "define disk 1"),
        .init("hdc", "FILE", "define disk 2"), .init("hdd", "FILE", "define disk 3"),
        .init("cdrom", "FILE", "define a disc: -drive index=2,media=cdrom"), .init("sd", "FILE", "put a memory card into the board's slot"),
        .init("snapshot", nil, "let the drives' changes go to temporary files"),
        .init("device", "TYPE[,prop=VALUE…]", properties: [:], "add a device, also as JSON ('-device help' lists them)"),
        .init("netdev", "TYPE,id=ID[,…]", properties: [:], "define a network back end: user, socket, tap, hubport ('-netdev help' lists them)"),
        .init("nic", "TYPE[,model=NAME,mac=ADDRESS,…]", "add a network card with its back end; 'none' for none ('-nic model=help' lists models)"),
        .init("net", "nic|TYPE[,…]", "put a network card or a back end on hub 0; 'none' for none"),
        .init(
            "serial", "DEV",
            "connect the serial port: mon:…, stdio, null, none, pty, vc, file:, pipe:, unix:, tcp:, telnet:, websocket:, /dev/…, chardev:ID"),
        .init("monitor", "DEV", "connect a monitor, as -serial; 'none' for none; may be given several times. The terminal's is behind Ctrl-A c"),
        .init(
            "mon", "[chardev=]ID[,mode=readline|control][,pretty=on]",
            properties: ["chardev": .string, "mode": .string, "pretty": .bool, "id": .string],
            "put a monitor, or with mode=control the machine protocol, on a character back end"),
        .init("qmp", "DEV", "connect the machine protocol, as -serial"),
        .init("qmp-pretty", "DEV", "the same with a line for each member"),
        .init(
            "object", "TYPE,id=ID[,…]", properties: [:],
            "make a back end: memory-backend-ram|file|memfd, rng-builtin, rng-random, secret; also as JSON"),
        .init(
            "add-fd", "fd=N,set=ID[,opaque=TEXT]", properties: ["fd": .number, "set": .number, "opaque": .string],
            "put an open descriptor into a set, for files named /dev/fdset/ID"),
        .init("only-migratable", nil, "refuse what keeps the machine from being moved (migrate)"),
        .init("preconfig", nil, "wait for the machine protocol's x-exit-preconfig before the machine is made"),
        .init(
            "action", "reboot=reset|shutdown,shutdown=poweroff|pause,…",
            properties: ["reboot": .string, "shutdown": .string, "panic": .string, "watchdog": .string],
            "say what becomes of the machine when its guest reboots, switches off, fails"),
        .init("daemonize", nil, "go on in the background when all is ready"),
        .init("pidfile", "FILE", "write the process's number to a file"),
        .init("readconfig", "FILE", "read options from a file: [OPTION \"ID\"] and lines of PROPERTY = \"VALUE\""),
        .init("uuid", "UUID", "give the machine a number"),
        .init(
            "boot", "[strict=on|off][,menu=off]", queryName: "boot-opts", properties: ["strict": .bool, "menu": .bool],
            "let firmware boot from nothing but the devices with a bootindex"),
        .init(
            "overcommit", "mem-lock=off,cpu-pm=off", properties: ["mem-lock": .bool, "cpu-pm": .bool], "leave the host's memory and cpus to the host"),
        .init("msg", "timestamp=on|off", properties: ["timestamp": .bool], "begin messages with the time"),
        .init("no-acpi", nil, "no ACPI tables: the same as -machine acpi=off"),
        .init(
            "smbios", "file=FILE|type=N[,FIELD=VALUE…]", properties: [:],
            "describe the machine to firmware: a structure of SMBIOS, or fields of types 0, 1, 2, 3, 4, 8, 11, 17, 41"),
        .init("no-user-config", nil, "read no configuration files; there are none anyway"),
        .init("nodefaults", nil, "no serial port and no monitor on the terminal unless asked for"),
        .init(
            "chardev", "TYPE,id=ID[,…]",
            properties: [
                "backend": .string, "path": .string, "append": .bool, "host": .string, "port": .string, "fd": .string, "server": .bool, "wait": .bool,
                "nodelay": .bool, "signal": .bool, "mux": .bool, "size": .size, "telnet": .bool, "websocket": .bool, "reconnect": .number,
                "tls-creds": .string, "width": .number, "height": .number, "cols": .number, "rows": .number, "logfile": .string, "logappend": .bool,
            ],
            "define a character back end ('-chardev help' lists the kinds)"),
        .init(
            "global", "DRIVER.PROP=VALUE", properties: ["driver": .string, "property": .string, "value": .string],
            "set a property of every such device: virtio-mmio.force-legacy=on (off unless given)"),
        .init("set", "OPTION.ID.PROP=VALUE", "set one more property of what an option before has made"),
        .init("audiodev", "none,id=ID", "no sound; there are no sound cards"),
        .init("audio", "none", "the same"),
        .init("parallel", "none", "no parallel port; there are none"),
        .init(
            "display", "none|vnc=PLACE|sdl[,…]",
            "choose the display; vnc= is the same as -vnc; sdl is a window: show-cursor=on, window-close=off, full-screen=on, grab-mod=rctrl"),
        .init(
            "vnc", "none|[HOST]:DISPLAY|unix:PATH[,password=on][,…]",
            properties: [
                "vnc": .string, "to": .number, "password": .bool, "password-secret": .string,
                "tls-creds": .string, "share": .string, "connections": .number,
                "display": .string, "head": .number, "websocket": .string, "audiodev": .string, "id": .string, "reverse": .bool,
            ],
            "show the screen to VNC viewers: password-secret=ID, share=, connections=, display=ID, head=, websocket=on|PORT, to=, reverse=on; also several times"
        ),
        .init("nographic", nil, "no display; serial port and monitor on the terminal"),
        .init("no-reboot", nil, "end instead of rebooting"),
        .init("no-shutdown", nil, "stay, stopped, when the guest powers off"),
        .init(
            "rtc", "base=utc|localtime|DATE[,clock=host|rt|vm]", properties: ["base": .string, "clock": .string, "driftfix": .string],
            "set the clock, and what it follows"),
        .init("d", "ITEM[,…]", "log items ('-d help' lists them)"),
        .init("D", "FILE", "write the log to a file"),
        .init("singlestep", nil, "translate one guest instruction a block"),
        .init("name", "TEXT", properties: ["guest": .string, "process": .string, "debug-threads": .bool], "name the guest"),
        .init(
            "sandbox", "on|off[,obsolete=,elevateprivileges=,spawn=,resourcecontrol=allow|deny]",
            properties: ["enable": .bool, "obsolete": .string, "elevateprivileges": .string, "spawn": .string, "resourcecontrol": .string],
            "give up system calls that a machine does not need; elevateprivileges=children for children only"),
        .init("L", "DIR", "look for firmware there"),
        .init("gdb", "DEV", "wait for gdb, as -serial: tcp::PORT, unix:PATH,server=on,wait=off, stdio, chardev:ID; 'none' for none"),
        .init("s", nil, "the same as -gdb tcp::1234"),
        .init("S", nil, "do not start the cpus until the monitor says so"),
        .init(
            "incoming", "URI|defer",
            "wait for a machine that comes: tcp:HOST:PORT, unix:PATH, fd:N, exec:COMMAND, file:PATH, or what migrate-incoming says"),
        .init(
            "clone", "[template=]FOLDER[,disks=FOLDER]", properties: ["template": .string, "disks": .string],
            "start as a copy of the machine that template-save has kept there; disks= keeps what is written to the disks"),
        .init("loadvm", "TAG", "make the machine and its disks what they were at a snapshot"),
        .init("print-links", nil, "print the names that this program answers to"),
    ]

    static func find(_ name: String) -> OptionRow? { all.first { $0.name == name || $0.aliases.contains(name) } }
}
