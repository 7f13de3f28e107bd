import CHost
import CPUModel
import Diagnostics
import Glibc
import HostOS
import LinuxUser
import UserCatalog
import UserCore

/// System calls of programs: the whole layer from registers to results, with `-strace` on, whose text nobody reads.
///
/// A round is a process of its own: its descriptors, mappings and threads end with it. One that dies of a fault or a trap is a failure, and one that
/// comes to no end; what its calls may do to it by right (seccomp's filters, limits) is not.
struct UserCallTarget: FuzzTarget {
    private let round: CallRound
    private let world: RoundWorld
    private let progress: RoundProgress
    private let kept: [Int32]
    private var ends = Ends()

    /// How rounds have ended.
    private struct Ends {
        var whole = 0, asleep = 0
        /// Before their last call, by what ended them.
        var early: [String: Int] = [:]
    }

    private struct Failure: ExplainedError {
        let cause: String
        let remedy: String? = nil
    }

    init(guest name: String, isReserved: Bool) throws {
        guard let abi = UserCatalog.guests.first(where: { $0.name == name }) else { throw Failure(cause: "there is no guest \(name)") }
        world = try RoundWorld(program: UserCallTarget.head(abi.elf))
        progress = try RoundProgress()
        let log = unsafe open("/dev/null", O_WRONLY | O_CLOEXEC)
        close(log)
        // The log takes the lowest free descriptor, too.
        try Log.configure(mask: [.strace, .unimplemented, .guestErrors], file: "/dev/null")
        let own = unsafe open("/proc/self/exe", O_RDONLY | O_CLOEXEC)
        kept = [log, own, world.errors]
        round = try CallRound(abi: abi, guests: UserCatalog.guests, isReserved: isReserved, own: own)
    }

    /// The first bytes of a program.
    private static func head(_ elf: ELFIdentity) -> [UInt8] {
        var bytes: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, elf.is64Bit ? 2 : 1, 1, 1] + [UInt8](repeating: 0, count: 57)
        bytes.put(UInt16(2), at: 16)
        bytes.put(elf.machine, at: 18)
        return bytes
    }

    mutating func run(_ random: RandomSource) throws -> Bool {
        progress.startRound()
        let child = world.fork()
        if child == 0 { live(random) }
        guard child > 0 else { throw Failure(cause: "no process for a round: \(errorText(Int32(-child)))") }
        try judge(watch(pid_t(child)))
        return progress.accepted > 0
    }

    private func live(_ random: RandomSource) -> Never {
        do {
            try world.enter(keeping: kept)
            guard let complaint = round.run(random, progress) else { _exit(0) }
            progress.say(complaint)
        } catch {
            progress.say("\(error)")
        }
        _exit(1)
    }

    // MARK: Watching

    private enum End { case status(Int32), asleep, stuck(String) }

    /// Waits for a round's end. A call that does not return is interrupted by a signal that a guest cannot block, as if it had been sent one; the guest
    /// of a call that goes on sleeping has asked for it, but one that computes for ever, or waits for a lock of Apus's, has not.
    private func watch(_ child: pid_t) -> End {
        var status: Int32 = 0
        var begun: UInt64 = 0
        var idle = 0
        var wait = timespec(tv_sec: 0, tv_nsec: 5_000_000)
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, SIGCHLD)
        unsafe sigprocmask(SIG_BLOCK, &set, nil)
        while unsafe waitpid(child, &status, WNOHANG) == 0 {
            unsafe sigtimedwait(&set, nil, &wait)
            (idle, begun) = (progress.begun == begun ? idle + 1 : 0, progress.begun)
            if idle > 1 { kill(child, SIGBUS) }
            // Half a second for those that sleep, half a minute for those that compute.
            let state = idle >= 100 ? UserCallTarget.state(child) : nil
            if state == "S" || idle >= 6000 {
                let place = UserCallTarget.text("/proc/\(child)/syscall").prefix { $0 != " " }
                kill(child, SIGKILL)
                unsafe waitpid(child, &status, 0)
                if state != "S" { return .stuck("does not end") }
                return place == "202" && !name.contains("futex") ? .stuck("waits for a lock") : .asleep
            }
        }
        return .status(status)
    }

    private static func state(_ process: pid_t) -> Substring? { text("/proc/\(process)/stat").split(separator: ") ").last?.prefix(1) }

    private static func text(_ path: String) -> String {
        guard let file = unsafe fopen(path, "r") else { return "" }
        defer { unsafe fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 512)
        let count = unsafe fread(&buffer, 1, buffer.count, file)
        return String(decoding: buffer.prefix(count), as: UTF8.self)
    }

    private var name: String { round.table[progress.number]?.name ?? "call \(progress.number)" }

    private static let faults: Set<Int32> = [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV]

    private mutating func judge(_ end: End) throws {
        switch end {
        case .asleep: ends.asleep += 1
        case .stuck(let how): throw failure(how)
        case .status(let status):
            let signal = status & 0x7f, code = status >> 8 & 0xff
            if signal != 0 {
                if UserCallTarget.faults.contains(signal) { throw failure("died of \(signalText(signal))") }
                ends.early[signalText(signal), default: 0] += 1
            } else if code == 1 {
                throw failure(progress.message)
            } else if code != 0 {
                // A signal of the guest's that it had no handler for.
                ends.early[signalText(code - 128) + " of its own", default: 0] += 1
            } else {
                ends.whole += 1
            }
        }
    }

    private func signalText(_ signal: Int32) -> String { unsafe apus_signal_name(signal).map { unsafe "SIG" + String(cString: $0) } ?? "\(signal)" }

    private func failure(_ what: String) -> Failure {
        let words = progress.arguments.map { "0x" + String($0, radix: 16) }.joined(separator: ", ")
        var errors = [UInt8](repeating: 0, count: 4096)
        let count = unsafe pread(world.errors, &errors, errors.count, 0)
        let text = String(decoding: errors.prefix(max(0, count)), as: UTF8.self)
        return Failure(cause: "\(name)(\(words)), call \(progress.begun) of the round: \(what)\(text.isEmpty ? "" : "\n" + text)")
    }

    // MARK: What was done

    var summary: String? {
        let rows = round.rows
        let counts = rows.indices.map { progress.counts($0) }
        let made = counts.count { $0.made > 0 }, succeeded = counts.count { $0.succeeded > 0 }
        let never = zip(rows, counts).filter { $1.succeeded == 0 }.map(\.0)
        world.remove()
        let early = ends.early.sorted { $0.key < $1.key }.map { "\($0.value) by \($0.key)" }.joined(separator: ", ")
        return
            "\(made) of \(rows.count) calls made, \(succeeded) of them with success; \(ends.whole) rounds whole, \(early.isEmpty ? "none" : early) early, "
            + "\(ends.asleep) asleep; never with success: \(never.joined(separator: " "))"
    }
}
