import Diagnostics
import GuestAArch64
import GuestRISCV
import HostOS

// usage: apus-fuzz TARGET [--seconds N] [--seed S] [--replay ROUND] [--corpus FILE]…
// A round's input follows from seed and round alone. The round under way is noted in build/fuzz-TARGET.round, so that after a crash
// `--seed S --replay ROUND` does the same again.

struct FuzzOptions {
    var target = ""
    var seconds: UInt64 = 10
    var seed: UInt64 = 1
    var replay: UInt64?
    var corpus: [[UInt8]] = []

    init?(_ words: [String]) throws {
        var rest = words[...]
        guard let target = rest.popFirst() else { return nil }
        self.target = target
        while let word = rest.popFirst() {
            guard let value = rest.popFirst() else { return nil }
            switch (word, UInt64(value)) {
            case ("--seconds", let number?): seconds = number
            case ("--seed", let number?): seed = number
            case ("--replay", let number?): replay = number
            case ("--corpus", _): corpus.append(try HostFile.contents(value))
            default: return nil
            }
        }
    }
}

/// Something that takes input from outside and must survive all of it.
protocol FuzzTarget {
    /// Does one round and says whether the input was accepted.
    mutating func run(_ random: RandomSource) throws -> Bool
    /// What there is to say of all rounds; nil for nothing.
    var summary: String? { get }
}

extension FuzzTarget {
    var summary: String? { nil }
}

func fuzz(_ options: FuzzOptions) throws -> Int32 {
    var target: any FuzzTarget
    switch options.target {
    case "a64": target = try CodeTarget(AArch64LinuxABI().makeCPU(model: nil), rows: AArch64InstructionSet.rows)
    case "broadcom": target = try BroadcomTarget()
    case "device-tree": target = try DeviceTreeTarget(corpus: options.corpus)
    case "elf": target = try ELFTarget(corpus: options.corpus)
    case "gdb": target = GDBTarget(corpus: options.corpus)
    case "gdb-machine": target = try MachineGDBTarget(corpus: options.corpus)
    case "json": target = JSONTarget(corpus: options.corpus)
    case "qmp": target = try QMPMessageTarget(corpus: options.corpus)
    case "migration-riscv64": target = try MigrationTarget(guest: "riscv64")
    case "migration-aarch64": target = try MigrationTarget(guest: "aarch64")
    case "qcow2": target = try QCOW2Target(corpus: options.corpus)
    case "riscv-decode": target = try CodeTarget(RISCVLinuxABI(rv64: true).makeCPU(model: nil), rows: RISCVInstructionSet.rows)
    case "template": target = try TemplateTarget()
    case "user-calls-aarch64": target = try UserCallTarget(guest: "aarch64", isReserved: true)
    case "user-calls-arm": target = try UserCallTarget(guest: "arm", isReserved: true)
    case "user-calls-riscv64": target = try UserCallTarget(guest: "riscv64", isReserved: false)
    case "user-elf": target = try UserELFTarget(corpus: options.corpus)
    case "vc": target = TextConsoleTarget(corpus: options.corpus)
    case "virtqueue": target = try VirtqueueTarget()
    case "websocket": target = WebSocketTarget(corpus: options.corpus)
    case "xhci": target = try XHCITarget()
    default: return usage()
    }
    if let round = options.replay {
        _ = try target.run(RandomSource(seed: options.seed, round: round))
        return 0
    }
    let note = try HostFile("build/fuzz-\(options.target).round", .create)
    let end = monotonicNanoseconds() + Int64(options.seconds) * 1_000_000_000
    var round: UInt64 = 0
    var accepted: UInt64 = 0
    while monotonicNanoseconds() < end {
        try note.write(at: 0, Array("--seed \(options.seed) --replay \(round)\n".utf8))
        do {
            if try target.run(RandomSource(seed: options.seed, round: round)) { accepted += 1 }
        } catch {
            writeLine("\(options.target): --seed \(options.seed) --replay \(round): \(error)", to: 2)
            return 1
        }
        round += 1
    }
    writeLine("\(options.target): \(round) rounds in \(options.seconds) s, seed \(options.seed), \(accepted) accepted, none crashed", to: 1)
    if let summary = target.summary { writeLine(summary, to: 1) }
    return 0
}

func usage() -> Int32 {
    let targets =
        "a64|broadcom|device-tree|elf|gdb|gdb-machine|json|migration-aarch64|migration-riscv64|qcow2|qmp|riscv-decode|template|user-calls-aarch64|"
        + "user-calls-arm|user-calls-riscv64|user-elf|vc|virtqueue|websocket|xhci"
    writeLine("usage: apus-fuzz \(targets) [--seconds N] [--seed S] [--replay ROUND] [--corpus FILE]…", to: 2)
    return 2
}

do {
    guard let options = try FuzzOptions(Array(CommandLine.arguments.dropFirst())) else { exitProcess(usage()) }
    exitProcess(try fuzz(options))
} catch {
    writeLine("apus-fuzz: \(error)", to: 2)
    exitProcess(1)
}
