/// One option of the command line.
public struct OptionRow: Sendable {
    /// Without the dash.
    public let name: String
    public let aliases: [String]
    /// What stands for its value in the help; nil if it takes none.
    public let argument: String?
    public let help: String

    init(_ name: String, _ argument: String?, aliases: [String] = [], _ help: String) {
        self.name = name
        self.aliases = aliases
        self.argument = argument
        self.help = help
    }

    /// Every option that there is.
    public static let all: [OptionRow] = [
        .init("help", nil, aliases: ["h"], "print this help"),
        .init("version", nil, "print the version"),
        .init("machine", "[type=]NAME[,prop=VALUE…]", aliases: ["M"], "choose the machine ('-M help' lists them)"),
        .init("cpu", "MODEL[,EXT=on|off…]", "choose the cpu ('-cpu help' lists them)"),
        .init("m", "[size=]MEGS", "set the guest's memory in MiB, or with a suffix k, M, G"),
        .init("smp", "[cpus=]N", "set the number of cpus"),
        .init(
            "accel", "NAME[,prop=VALUE…]",
            "choose how guest code is run: tcg[,thread=multi|single,tb-size=MiB,perfmap=on,tier2=on|off|N], interpreter"),
        .init("icount", "shift=N[,sleep=on|off]", "count instructions: each takes 2^N ns of virtual time; sleep=off does not wait for timers"),
        .init("kernel", "FILE", "boot this kernel"),
        .init("initrd", "FILE", "give the kernel this initial RAM disk"),
        .init("append", "TEXT", "give the kernel this command line"),
        .init("dtb", "FILE", "use this device tree"),
        .init("bios", "FILE", "use this firmware; 'none' for none"),
        .init("fw_cfg", "[name=]NAME,file=FILE|string=TEXT", "give firmware and guest a file through the firmware configuration device"),
        .init(
            "drive", "file=FILE[,if=TYPE,format=raw,id=ID…]",
            "define a drive: cache=, aio=threads|io_uring, discard=, werror=, rerror=, snapshot=, index=, readonly=…"),
        .init("blockdev", "driver=file|raw,node-name=ID[,…]", "define a block node: filename=, or for raw file=NODE or file.filename="),
        .init("snapshot", nil, "let the drives' changes go to temporary files"),
        .init("device", "TYPE[,prop=VALUE…]", "add a device ('-device help' lists them)"),
        .init("netdev", "TYPE,id=ID[,…]", "define a network back end: user, socket, tap, hubport ('-netdev help' lists them)"),
        .init("nic", "TYPE[,model=NAME,mac=ADDRESS,…]", "add a network card with its back end; 'none' for none ('-nic model=help' lists models)"),
        .init("net", "nic|TYPE[,…]", "put a network card or a back end on hub 0; 'none' for none"),
        .init("serial", "DEV", "connect the serial port: mon:…, stdio, null, none, pty, file:, pipe:, unix:, tcp:, chardev:ID"),
        .init("monitor", "DEV", "connect a monitor, as -serial; 'none' for none. The terminal's is behind Ctrl-A c"),
        .init("mon", "[chardev=]ID", "put a monitor on a character back end"),
        .init("no-user-config", nil, "read no configuration files; there are none anyway"),
        .init("nodefaults", nil, "no serial port and no monitor on the terminal unless asked for"),
        .init("chardev", "TYPE,id=ID[,…]", "define a character back end ('-chardev help' lists the kinds)"),
        .init("global", "DRIVER.PROP=VALUE", "set a property of every such device: virtio-mmio.force-legacy=on (off unless given)"),
        .init("display", "none", "choose the display"),
        .init("nographic", nil, "no display; serial port and monitor on the terminal"),
        .init("no-reboot", nil, "end instead of rebooting"),
        .init("no-shutdown", nil, "stay, stopped, when the guest powers off"),
        .init("rtc", "base=utc|localtime|DATE[,clock=host|rt|vm]", "set the clock, and what it follows"),
        .init("d", "ITEM[,…]", "log items ('-d help' lists them)"),
        .init("D", "FILE", "write the log to a file"),
        .init("singlestep", nil, "translate one guest instruction a block"),
        .init("name", "TEXT", "name the guest"),
        .init("L", "DIR", "look for firmware there"),
        .init("S", nil, "do not start the cpus until the monitor says so"),
        .init("print-links", nil, "print the names that this program answers to"),
    ]

    static func find(_ name: String) -> OptionRow? { all.first { $0.name == name || $0.aliases.contains(name) } }
}
