import Diagnostics
import HostOS
import LinuxUser
import UserExecution

public enum CommandLineError: ExplainedError {
    case unknownOption(String)
    case missingValue(String)
    case badValue(String, String)
    case notSupported(String)
    case noProgram
    case noSuchGuest(String)

    var causeText: String {
        switch self {
        case .unknownOption(let name): "unknown option '\(name)'"
        case .missingValue(let name): "'\(name)' needs a value"
        case .badValue(let name, let value): "'\(value)' is no value for '\(name)'"
        case .notSupported(let name): "\(name) is not supported"
        case .noProgram: "no program was named"
        case .noSuchGuest(let path): "'\(path)' is no program of a guest that Apus knows"
        }
    }

    public var cause: String { causeText }

    public var remedy: String? {
        switch self {
        case .unknownOption, .noProgram: "-h lists the options"
        case .notSupported: "leave it out"
        case .missingValue, .badValue: "-h shows the form of its value"
        case .noSuchGuest: "check it with readelf -h"
        }
    }
}

/// What the command line and QEMU's environment variables say.
struct UserCommandLine {
    var options = UserOptions()
    var argv0: String?
    var logItems: String?
    var logFile: String?
    var wantsStrace = false
    /// Variables set and removed for the program.
    var changes: [(name: String, value: String?)] = []
    /// The program's path and its arguments.
    var program: [String] = []
    var wantsHelp = false
    var wantsVersion = false
    var wantsCoverage = false
    var wantsLinks = false
    /// `--binfmt`'s action and flags.
    var binfmt: String?

    struct Option {
        let names: [String]
        let value: String?
        /// The environment variable that does the same.
        let variable: String?
        let help: String
    }

    static let table: [Option] = [
        Option(names: ["h", "help"], value: nil, variable: nil, help: "print this help"),
        Option(names: ["g"], value: "port|path", variable: "QEMU_GDB", help: "wait for gdb on a TCP port or a Unix socket"),
        Option(names: ["L"], value: "path", variable: "QEMU_LD_PREFIX", help: "folder with the guest's libraries"),
        Option(names: ["s"], value: "size", variable: "QEMU_STACK_SIZE", help: "stack size in bytes"),
        Option(names: ["cpu"], value: "model", variable: "QEMU_CPU", help: "the vCPU's model"),
        Option(names: ["E"], value: "var=value", variable: "QEMU_SET_ENV", help: "set a variable of the program's environment"),
        Option(names: ["U"], value: "var", variable: "QEMU_UNSET_ENV", help: "remove a variable of the program's environment"),
        Option(names: ["0"], value: "argv0", variable: "QEMU_ARGV0", help: "the program's argv[0]"),
        Option(names: ["r"], value: "uname", variable: "QEMU_UNAME", help: "the kernel release that uname shows"),
        Option(names: ["B"], value: "address", variable: "QEMU_GUEST_BASE", help: "host address of the guest's address 0"),
        Option(names: ["R"], value: "size", variable: "QEMU_RESERVED_VA", help: "bytes to set aside for the guest's memory"),
        Option(names: ["d"], value: "item[,...]", variable: "QEMU_LOG", help: "log items"),
        Option(names: ["D"], value: "logfile", variable: "QEMU_LOG_FILENAME", help: "write the log to a file"),
        Option(names: ["p"], value: "pagesize", variable: "QEMU_PAGESIZE", help: "the page size: 4096"),
        Option(names: ["one-insn-per-tb", "singlestep"], value: nil, variable: "QEMU_SINGLESTEP", help: "blocks of one instruction each"),
        Option(names: ["strace"], value: nil, variable: "QEMU_STRACE", help: "log system calls"),
        Option(names: ["interpreter"], value: nil, variable: nil, help: "interpret instead of making host code"),
        Option(
            names: ["seccomp-filters"], value: "fd", variable: nil, help: "the seccomp filters of the program that has executed this one"),
        Option(
            names: ["memory-limits"], value: "list", variable: nil, help: "the limits of memory of the program that has executed this one"),
        Option(names: ["coverage"], value: nil, variable: nil, help: "print the tables of system calls and ioctls"),
        Option(names: ["perfmap"], value: nil, variable: nil, help: "list the host code in /tmp/perf-PID.map, for perf"),
        Option(
            names: ["tier2"], value: "on|off|N", variable: "APUS_TIER2", help: "make loops one block each, after N rounds (on: 262144), or never"),
        Option(
            names: ["code-cache"], value: "off|folder", variable: "APUS_CODE_CACHE",
            help: "keep translations there for later processes (apus in the user's cache folder)"),
        Option(names: ["binfmt"], value: "what[,OCFP]", variable: nil, help: "print, register or unregister the entries of binfmt_misc"),
        Option(names: ["print-links"], value: nil, variable: nil, help: "print the names that this program is installed under"),
        Option(names: ["version"], value: nil, variable: "QEMU_VERSION", help: "print the version"),
    ]

    /// QEMU's options that Apus has nothing for, with their variables.
    private static let unsupported = [
        "dfilter": "QEMU_DFILTER", "seed": "QEMU_RAND_SEED", "trace": "QEMU_TRACE", "plugin": "QEMU_PLUGIN",
    ]

    init(_ arguments: [String], environment: (String) -> String?) throws(CommandLineError) {
        options.codeCache = UserCommandLine.usualCodeCache(environment)
        for option in UserCommandLine.table {
            guard let variable = option.variable, let value = environment(variable) else { continue }
            try apply(option.names[0], value)
        }
        if let variable = UserCommandLine.unsupported.values.sorted().first(where: { environment($0) != nil }) { throw .notSupported(variable) }
        var rest = arguments[...]
        while let word = rest.first, word.hasPrefix("-"), word.count > 1 {
            rest.removeFirst()
            if word == "--" { break }
            try take(word, &rest)
        }
        program = Array(rest)
    }

    /// The command line that binfmt_misc makes with the flag P: the program's path, its argv[0], its arguments.
    init(registered arguments: [String], environment: (String) -> String?) throws(CommandLineError) {
        try self.init(["--"], environment: environment)
        guard arguments.count >= 2 else { throw .noProgram }
        argv0 = arguments[1]
        program = [arguments[0]] + arguments.dropFirst(2)
    }

    private mutating func take(_ word: String, _ rest: inout ArraySlice<String>) throws(CommandLineError) {
        let name = String(word.drop { $0 == "-" })
        if UserCommandLine.unsupported[name] != nil { throw .notSupported(word) }
        guard let option = UserCommandLine.table.first(where: { $0.names.contains(name) }) else { throw .unknownOption(word) }
        guard option.value != nil else { return try apply(option.names[0], "") }
        guard let value = rest.popFirst() else { throw .missingValue(word) }
        try apply(option.names[0], value)
    }

    private mutating func apply(_ name: String, _ value: String) throws(CommandLineError) {
        switch name {
        case "h": wantsHelp = true
        case "version": wantsVersion = true
        case "coverage": wantsCoverage = true
        case "print-links": wantsLinks = true
        case "g": options.debugger = value == "none" ? nil : value
        case "binfmt": binfmt = value
        case "0": argv0 = value
        case "E": for part in value.split(separator: ",") { try set(String(part)) }
        case "U": for part in value.split(separator: ",") { changes.append((String(part), nil)) }
        case "d": logItems = value
        case "D": logFile = value
        case "s": options.stackSize = try size(name, value)
        case "B": options.guestBase = UInt(try number(name, value))
        case "R": options.reserved = try size(name, value)
        case "p": if try number(name, value) != 4096 { throw .notSupported("-p \(value)") }
        case "cpu": options.model = value
        case "L": options.prefix = value
        case "r": options.release = value
        case "strace": wantsStrace = true
        case "memory-limits": options.memoryLimits = value
        case "seccomp-filters": options.seccompFilters = Int32(truncatingIfNeeded: try number(name, value))
        case "perfmap": options.engine.perfMap = true
        case "tier2": try setTier2(value)
        case "code-cache": options.codeCache = value == "off" ? nil : HostFile.absolute(value)
        case "one-insn-per-tb": options.engine.singleStep = true
        default: options.engine.interprets = true
        }
        // What a program that this one executes is to be run with as well; its environment says the rest.
        if ["L", "cpu", "r", "s", "R", "B", "d", "D", "tier2"].contains(name) { options.words.append(["-" + name, value]) }
        if name == "code-cache" { options.words.append(["-code-cache", options.codeCache ?? "off"]) }
        if ["strace", "one-insn-per-tb", "interpreter", "perfmap"].contains(name) { options.words.append(["-" + name]) }
    }

    /// The user's folder for what can be made again, if there is one: nothing is left behind in a root file system that is being built.
    private static func usualCodeCache(_ environment: (String) -> String?) -> String? {
        let folder = environment("XDG_CACHE_HOME") ?? environment("HOME").map { $0 + "/.cache" }
        // With the environment of another user, root would make a folder there that this user cannot write.
        guard let folder, folder.hasPrefix("/"), HostFile.isOwnFolder(folder) else { return nil }
        return folder + "/apus"
    }

    private mutating func setTier2(_ value: String) throws(CommandLineError) {
        switch value {
        case "on": options.engine.loopThreshold = UserEngineOptions().loopThreshold
        case "off": options.engine.loopThreshold = nil
        default:
            guard let rounds = UInt32(exactly: try number("tier2", value)), rounds <= Int32.max else { throw .badValue("-tier2", value) }
            options.engine.loopThreshold = rounds
        }
    }

    private mutating func set(_ text: String) throws(CommandLineError) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else { throw .badValue("-E", text) }
        changes.append((parts[0], parts[1]))
    }

    private func number(_ name: String, _ text: String) throws(CommandLineError) -> UInt64 {
        let digits = text.hasPrefix("0x") ? String(text.dropFirst(2)) : text
        guard let value = UInt64(digits, radix: text.hasPrefix("0x") ? 16 : 10) else { throw .badValue("-" + name, text) }
        return value
    }

    /// A number of bytes, with K, M or G.
    private func size(_ name: String, _ text: String) throws(CommandLineError) -> UInt64 {
        guard let last = text.last, let shift = ["k": 10, "m": 20, "g": 30][last.lowercased()] else { return try number(name, text) }
        let value = try number(name, String(text.dropLast()))
        guard value < 1 << (63 - shift) else { throw .badValue("-" + name, text) }
        return value << UInt64(shift)
    }

    static func help(_ program: String) -> String {
        let rows = table.map { option in
            let left = "-\(option.names[0])" + (option.value.map { " " + $0 } ?? "")
            let middle = option.variable ?? ""
            let pad = String(repeating: " ", count: max(1, 22 - left.count)) + middle + String(repeating: " ", count: max(1, 20 - middle.count))
            return left + pad + option.help
        }
        return "usage: \(program) [options] program [arguments...]\nRuns a Linux program of another architecture.\n\n"
            + "Option                Variable            Meaning\n" + rows.joined(separator: "\n")
    }
}
