import Glibc
import Synchronization

/// What `-d` can ask for. The names are QEMU's.
public struct LogMask: OptionSet, Sendable {
    public let rawValue: UInt32
    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

    @inlinable public static var inAsm: LogMask { .init(rawValue: 1 << 0) }
    @inlinable public static var op: LogMask { .init(rawValue: 1 << 1) }
    @inlinable public static var opOpt: LogMask { .init(rawValue: 1 << 2) }
    @inlinable public static var outAsm: LogMask { .init(rawValue: 1 << 3) }
    @inlinable public static var int: LogMask { .init(rawValue: 1 << 4) }
    @inlinable public static var exec: LogMask { .init(rawValue: 1 << 5) }
    @inlinable public static var cpu: LogMask { .init(rawValue: 1 << 6) }
    @inlinable public static var mmu: LogMask { .init(rawValue: 1 << 7) }
    @inlinable public static var guestErrors: LogMask { .init(rawValue: 1 << 8) }
    @inlinable public static var unimplemented: LogMask { .init(rawValue: 1 << 9) }
    @inlinable public static var noChain: LogMask { .init(rawValue: 1 << 10) }
    @inlinable public static var strace: LogMask { .init(rawValue: 1 << 11) }

    public static let items: [(name: String, mask: LogMask, help: String)] = [
        ("in_asm", .inAsm, "guest instructions of each translated block"),
        ("op", .op, "the IR of each block as the front end made it"),
        ("op_opt", .opOpt, "the IR of each block after the optimizer"),
        ("out_asm", .outAsm, "the host code made for each block"),
        ("int", .int, "interrupts and exceptions"),
        ("exec", .exec, "each block before it runs (many lines)"),
        ("cpu", .cpu, "the registers before each block"),
        ("mmu", .mmu, "each walk of the page tables and what it found"),
        ("guest_errors", .guestErrors, "what the guest does wrong"),
        ("unimp", .unimplemented, "what the guest uses and Apus does not have"),
        ("strace", .strace, "each system call of a program and its result"),
        ("nochain", .noChain, "blocks are not chained, so that exec shows every one"),
    ]

    /// Parses a comma-separated list of item names; `all` stands for each.
    public static func parse(_ text: String) throws(DiagnosticsError) -> LogMask {
        var mask: LogMask = []
        for word in text.split(separator: ",").map(String.init) {
            if word == "all" {
                for item in items where item.name != "nochain" { mask.insert(item.mask) }
            } else if let item = items.first(where: { $0.name == word }) {
                mask.insert(item.mask)
            } else {
                throw .unknownLogItem(word)
            }
        }
        return mask
    }
}

public enum DiagnosticsError: ExplainedError {
    case unknownLogItem(String)
    case cannotOpenLog(String, errno: Int32)

    public var cause: String {
        switch self {
        case .unknownLogItem(let word): "-d: unknown log item '\(word)'"
        case .cannotOpenLog(let path, let code): "-D: cannot open '\(path)': \(errorText(code))"
        }
    }

    public var remedy: String? {
        switch self {
        case .unknownLogItem(let word): suggestion(for: word, among: LogMask.items.map(\.name) + ["all"])
        case .cannotOpenLog: "choose a file in a folder that you may write to"
        }
    }
}

/// The system's text for an error number.
public func errorText(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }

/// The debug log that `-d` switches on: to standard error, or to the file of `-D`.
public enum Log {
    private static let enabled = Atomic<UInt32>(0)
    private static let destination = Atomic<Int32>(2)

    /// Chooses what is logged and where. `%d` in the file's name stands for the process number.
    public static func configure(mask: LogMask, file: String?) throws(DiagnosticsError) {
        if let file {
            let path = file.replacing("%d", with: "\(getpid())")
            let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else { throw .cannotOpenLog(path, errno: errno) }
            destination.store(descriptor, ordering: .relaxed)
        }
        enabled.store(mask.rawValue, ordering: .relaxed)
    }

    public static func isEnabled(_ mask: LogMask) -> Bool { enabled.load(ordering: .relaxed) & mask.rawValue != 0 }

    /// Writes one line if any of the items in `mask` is on. Lines of several threads do not mix.
    public static func write(_ mask: LogMask, _ text: @autoclosure () -> String) {
        guard isEnabled(mask) else { return }
        writeLine(text(), to: destination.load(ordering: .relaxed))
    }
}

extension Log {
    /// Writes a part of a line, which a later `write` of the same thread ends.
    public static func write(part text: @autoclosure () -> String, _ mask: LogMask) {
        guard isEnabled(mask) else { return }
        writeAll(Array(text().utf8), to: destination.load(ordering: .relaxed))
    }
}

/// Tells the user of something that works differently from what they may expect.
public func warn(_ text: String) { writeLine(messageTime() + "apus: warning: \(text)", to: 2) }

private let showsTime = Atomic<Bool>(false)

/// `-msg timestamp=on`: messages begin with the time.
public func showTimeInMessages(_ isOn: Bool) { showsTime.store(isOn, ordering: .relaxed) }

/// The time in UTC with microseconds (ISO 8601) and a blank, if messages show it.
public func messageTime() -> String {
    guard showsTime.load(ordering: .relaxed) else { return "" }
    var now = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &now)
    var seconds = now.tv_sec, parts = unsafe tm()
    unsafe gmtime_r(&seconds, &parts)
    func pad(_ value: Int, _ digits: Int) -> String {
        String(String(value + [1: 10, 2: 100, 4: 10000, 6: 1_000_000][digits, default: 10]).dropFirst())
    }
    let date = unsafe [pad(Int(parts.tm_year) + 1900, 4), pad(Int(parts.tm_mon) + 1, 2), pad(Int(parts.tm_mday), 2)].joined(separator: "-")
    let time = unsafe [pad(Int(parts.tm_hour), 2), pad(Int(parts.tm_min), 2), pad(Int(parts.tm_sec), 2)].joined(separator: ":")
    return "\(date)T\(time).\(pad(now.tv_nsec / 1000, 6))Z "
}

/// Writes text and a line end to a descriptor in one call, so that lines of several threads stay whole.
public func writeLine(_ text: String, to descriptor: Int32) {
    writeAll(Array(text.utf8) + [10], to: descriptor)
}

private func writeAll(_ bytes: [UInt8], to descriptor: Int32) {
    var rest = bytes[...]
    while !rest.isEmpty {
        let written = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if written <= 0 {
            if errno == EINTR { continue }
            return
        }
        rest = rest.dropFirst(written)
    }
}
