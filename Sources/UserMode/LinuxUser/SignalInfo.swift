import CPUModel
import Glibc

/// `siginfo_t`, 128 bytes. The host's is that of all 64-bit guests; in a 32-bit guest's the union lies at 12 and not at 16, and its longs and pointers
/// have half the size (include/uapi/asm-generic/siginfo.h).
public enum SignalInfo {
    public static let size = 128

    private typealias Part = (host: Int, narrow: Int, size: Int)

    private static let process: [Part] = [(16, 12, 4), (20, 16, 4)]
    /// Also of a timer: its number and its overruns take the places of process and user.
    private static let queued: [Part] = process + [(24, 20, 4)]
    private static let child: [Part] = process + [(24, 20, 4), (32, 24, 4), (40, 28, 4)]
    private static let fault: [Part] = [(16, 12, 4), (24, 16, 2)]
    private static let band: [Part] = [(16, 12, 4), (24, 16, 4)]
    private static let call: [Part] = [(16, 12, 4), (24, 16, 4), (28, 20, 4)]

    /// `highestPoll`: of POLL_IN to POLL_HUP, which any signal may have that F_SETSIG has chosen.
    private enum Code { static let kernel: Int32 = 0x80, io: Int32 = -5, highestPoll: Int32 = 6 }

    /// What the union holds, as the kernel tells it from signal and code (kernel/signal.c, siginfo_layout).
    private static func parts(_ signal: Int32, _ code: Int32) -> [Part] {
        guard code > 0, code < Code.kernel else { return code == Code.io ? band : code < 0 ? queued : process }
        return switch signal {
        case SIGILL, SIGFPE, SIGSEGV, SIGBUS, SIGTRAP: fault
        case SIGCHLD: child
        case SIGSYS: call
        default: code <= Code.highestPoll ? band : process
        }
    }

    /// The host's as a 32-bit guest's.
    public static func narrow(_ host: [UInt8]) -> [UInt8] { move(host) { ($0.host, $0.narrow, $0.size) } }

    /// A 32-bit guest's as the host's.
    public static func host(_ narrow: [UInt8]) -> [UInt8] { move(narrow) { ($0.narrow, $0.host, $0.size) } }

    private static func move(_ bytes: [UInt8], _ places: (Part) -> (from: Int, to: Int, size: Int)) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: size)
        result.replaceSubrange(0..<12, with: bytes[0..<12])
        for part in parts(bytes.get(Int32.self, at: 0), bytes.get(Int32.self, at: 8)) {
            let place = places(part)
            for index in 0..<place.size { result[place.to + index] = bytes[place.from + index] }
        }
        return result
    }
}

extension LinuxThread {
    /// Does a call with the host address of a siginfo that the kernel writes; 0 stays 0.
    func withSignalInfo(writtenAt address: UInt64, _ body: (Int) -> Int64) -> Int64 {
        if wordSize == 8 || address == 0 {
            memory.prepareWrite(address, UInt64(SignalInfo.size))
            return hostWord(address).map(body) ?? -Int64(EFAULT)
        }
        let copy = HostCopy([UInt8](repeating: 0, count: SignalInfo.size))
        let result = body(copy.address)
        if result < 0 { return result }
        return memory.write(SignalInfo.narrow(copy.bytes), at: address) ? result : -Int64(EFAULT)
    }

    /// The same of one that the kernel reads.
    func withSignalInfo(readAt address: UInt64, _ body: (Int) -> Int64) -> Int64 {
        if wordSize == 8 || address == 0 { return hostWord(address).map(body) ?? -Int64(EFAULT) }
        guard let bytes = memory.bytes(at: address, count: SignalInfo.size) else { return -Int64(EFAULT) }
        let copy = HostCopy(SignalInfo.host(bytes))
        return withExtendedLifetime(copy) { body(copy.address) }
    }
}
