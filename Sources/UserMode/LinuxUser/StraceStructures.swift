import CPUModel
import Diagnostics
import Glibc
import UserCore
import UserExecution

/// Structures as `-strace` shows them; nil for what cannot be read.
enum StraceStructures {
    /// `struct timespec` and `struct rlimit`.
    static func text(_ structure: SharedStructure, _ address: UInt64, _ thread: LinuxThread) -> String? {
        let isTime = structure === SharedStructure.timespec || structure === SharedStructure.timespec64
        let isLimit = structure === SharedStructure.rlimit || structure === SharedStructure.rlimit64
        guard isTime || isLimit, address != 0 else { return nil }
        guard let bytes = thread.memory.bytes(at: address, count: structure.size(wordSize: thread.wordSize)) else { return nil }
        let host = thread.wordSize == 8 ? bytes : structure.hostBytes(of: bytes)
        return isTime ? time(host) : limits(host)
    }

    private static func time(_ bytes: [UInt8]) -> String { "{tv_sec=\(bytes.get(Int64.self, at: 0)),tv_nsec=\(bytes.get(Int64.self, at: 8))}" }

    private static func limits(_ bytes: [UInt8]) -> String {
        let texts = [0, 8].map { bytes.word(at: $0) == .max ? "RLIM_INFINITY" : "\(bytes.word(at: $0))" }
        return "{rlim_cur=\(texts[0]),rlim_max=\(texts[1])}"
    }

    /// `struct sockaddr` of some families; `size` bytes.
    static func address(_ address: UInt64, _ size: UInt64, _ memory: GuestMemory) -> String? {
        guard address != 0, (2...128).contains(size), let bytes = memory.bytes(at: address, count: Int(size)) else { return nil }
        let port = bytes.count >= 4 ? Int(bytes[2]) << 8 | Int(bytes[3]) : 0
        switch (Int32(bytes.get(UInt16.self, at: 0)), bytes.count) {
        case (AF_UNIX, _): return "{sun_family=AF_UNIX,sun_path=\(path(bytes.dropFirst(2)))}"
        case (AF_INET, 16...):
            let host = bytes[4..<8].map { "\($0)" }.joined(separator: ".")
            return "{sin_family=AF_INET,sin_port=htons(\(port)),sin_addr=inet_addr(\"\(host)\")}"
        case (AF_INET6, 24...):
            let groups = stride(from: 8, to: 24, by: 2).map { String(Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]), radix: 16) }
            return "{sin6_family=AF_INET6,sin6_port=htons(\(port)),sin6_addr=\"\(groups.joined(separator: ":"))\"}"
        case (AF_NETLINK, 12...):
            return "{nl_family=AF_NETLINK,nl_pid=\(bytes.get(UInt32.self, at: 4)),nl_groups=\(bytes.get(UInt32.self, at: 8))}"
        default: return "{sa_family=\(bytes.get(UInt16.self, at: 0)),...}"
        }
    }

    /// A name in the file system, or one that begins with 0 and is a name of its own.
    private static func path(_ bytes: ArraySlice<UInt8>) -> String {
        bytes.first == 0 ? "@" + Strace.quoted(Array(bytes.dropFirst())) : Strace.quoted(Array(bytes.prefix { $0 != 0 }))
    }

    // MARK: Signals

    /// A line for a signal that is delivered; `info` is its siginfo.
    static func signal(_ signal: Int32, _ info: [UInt8]) -> String {
        let code = info.get(Int32.self, at: 8)
        let name = signalName(signal)
        var parts = ["si_signo=\(name)", "si_code=\(codeName(signal, code))"]
        switch signal {
        case SIGSEGV where code > 0, SIGBUS where code > 0, SIGILL where code > 0, SIGFPE where code > 0, SIGTRAP where code > 0:
            parts.append("si_addr=\(Strace.pointer(info.word(at: 16)))")
        case SIGSYS where code > 0:
            parts += ["si_call_addr=\(hex(info.word(at: 16)))", "si_syscall=\(info.get(Int32.self, at: 24))"]
        case SIGCHLD where code > 0:
            parts += [
                "si_pid=\(info.get(Int32.self, at: 16))", "si_uid=\(info.get(UInt32.self, at: 20))", "si_status=\(info.get(Int32.self, at: 24))",
            ]
        default:
            if code <= 0 { parts += ["si_pid=\(info.get(Int32.self, at: 16))", "si_uid=\(info.get(UInt32.self, at: 20))"] }
        }
        return "--- \(name) {\(parts.joined(separator: ", "))} ---"
    }

    private static let general: [Int32: String] = [
        0: "SI_USER", -1: "SI_QUEUE", -2: "SI_TIMER", -3: "SI_MESGQ", -4: "SI_ASYNCIO", -5: "SI_SIGIO", -6: "SI_TKILL", 0x80: "SI_KERNEL",
    ]

    /// Codes above 0, from 1 on.
    private static let own: [Int32: [String]] = [
        SIGSEGV: ["SEGV_MAPERR", "SEGV_ACCERR"], SIGBUS: ["BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR"],
        SIGILL: ["ILL_ILLOPC", "ILL_ILLOPN", "ILL_ILLADR", "ILL_ILLTRP", "ILL_PRVOPC", "ILL_PRVREG"],
        SIGFPE: ["FPE_INTDIV", "FPE_INTOVF", "FPE_FLTDIV", "FPE_FLTOVF", "FPE_FLTUND", "FPE_FLTRES", "FPE_FLTINV"],
        SIGTRAP: ["TRAP_BRKPT", "TRAP_TRACE"], SIGSYS: ["SYS_SECCOMP"],
        SIGCHLD: ["CLD_EXITED", "CLD_KILLED", "CLD_DUMPED", "CLD_TRAPPED", "CLD_STOPPED", "CLD_CONTINUED"],
    ]

    private static func codeName(_ signal: Int32, _ code: Int32) -> String {
        general[code] ?? own[signal]?[safe: Int(code) - 1] ?? "\(code)"
    }
}
