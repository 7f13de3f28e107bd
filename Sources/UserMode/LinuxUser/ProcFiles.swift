import CHost
import CPUModel
import Diagnostics
import Glibc
import UserExecution

/// Files of `/proc` that would show the host's program instead of the guest's.
enum ProcFiles {
    /// What a file shows to the guest.
    private enum View {
        case text(@Sendable (LinuxProcess) -> [UInt8])
        /// As on a kernel that is built without it.
        case absent
        /// The host's, for reading, where the guest's addresses are the host's.
        case memory
    }

    /// The files of a process that differ from the host's. Everything else under `/proc` is as on the host.
    private static let files: [String: View] = [
        "auxv": .text { $0.stack.auxiliary },
        "cmdline": .text { Array($0.arguments.map { $0 + [0] }.joined()) },
        "maps": .text { Array(maps($0).utf8) },
        "stat": .text { ProcStatistics.text($0) },
        "smaps": .text { ProcMemoryUse.text($0) }, "smaps_rollup": .text { ProcMemoryUse.sums($0) },
        "map_files": .absent, "numa_maps": .absent,
        "mem": .memory, "pagemap": .memory,
    ]

    /// Whether a path is the process's own `/proc/self/exe`.
    static func isExecutable(_ path: String) -> Bool { own(path) == "exe" }

    /// The name behind `/proc/self/` or `/proc/PID/` of this process, or behind that of one of its threads.
    private static func own(_ path: String) -> String? {
        guard path.hasPrefix("/proc/") else { return nil }
        var parts = path.split(separator: "/", omittingEmptySubsequences: true).dropFirst()
        guard let process = parts.popFirst(), process == "self" || process == "thread-self" || process == "\(getpid())" else { return nil }
        if process != "thread-self", parts.count == 3, parts.first == "task" {
            guard unsafe access("/proc/self/task/\(parts[parts.startIndex + 1])", F_OK) == 0 else { return nil }
            parts = parts.dropFirst(2)
        }
        return parts.count == 1 ? parts.first.map(String.init) : nil
    }

    /// Opens a file that the guest sees otherwise than the host; nil for others.
    static func open(_ path: String, _ thread: LinuxThread, flags: Int32) -> Int64? {
        guard path.hasPrefix("/proc/") else { return nil }
        if path == "/proc/cpuinfo" { return open(processors(thread), flags: flags) }
        switch own(path).flatMap({ files[$0] }) {
        case .text(let text): return open(text(thread.process), flags: flags)
        case .absent: return -Int64(ENOENT)
        case .memory: return flags & 3 == O_RDONLY && thread.memory.base == 0 ? nil : refuse(path)
        case nil: return nil
        }
    }

    /// What a file shows to the guest if it is another text than the host's.
    static func text(_ path: String, _ process: LinuxProcess) -> [UInt8]? {
        guard case .text(let text)? = own(path).flatMap({ files[$0] }) else { return nil }
        return text(process)
    }

    /// What the host shows of the process in a file; nothing if there is no `/proc`.
    static func host(_ name: String) -> [UInt8] {
        let descriptor = unsafe Glibc.open("/proc/self/\(name)", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = unsafe read(descriptor, &part, part.count), count > 0 { bytes += part.prefix(count) }
        return bytes
    }

    private static func refuse(_ path: String) -> Int64 {
        Log.write(.unimplemented, "\(path): writing, or reading with a guest base other than 0, is not supported")
        return -Int64(EACCES)
    }

    private static func processors(_ thread: LinuxThread) -> [UInt8] {
        Array(thread.abi.processorInformation(thread.cpu, count: sysconf(Int32(_SC_NPROCESSORS_ONLN))).utf8)
    }

    /// A descriptor from which the content can be read.
    private static func open(_ content: [UInt8], flags: Int32) -> Int64 {
        if flags & 3 != O_RDONLY { return -Int64(EACCES) }
        let descriptor = apus_memfd("proc")
        guard descriptor >= 0 else { return -Int64(errno) }
        _ = unsafe content.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
        lseek(descriptor, 0, SEEK_SET)
        return Int64(descriptor)
    }

    static func maps(_ process: LinuxProcess) -> String { process.memory.allRegions().map { line($0, process) }.joined() }

    /// A region's line in `maps`.
    static func line(_ region: GuestRegion, _ process: LinuxProcess) -> String {
        let p = region.protection
        let letters = (p.contains(.read) ? "r" : "-") + (p.contains(.write) ? "w" : "-") + (p.contains(.execute) ? "x" : "-")
        let device = region.file.flatMap(fileNumbers) ?? "00:00 0"
        let range = "\(digits(region.start))-\(digits(region.end)) \(letters)\(region.isShared ? "s" : "p") \(digits(region.offset)) \(device)"
        guard let name = region.file ?? name(region, process) else { return range + "\n" }
        return range + String(repeating: " ", count: max(1, 73 - range.count)) + name + "\n"
    }

    static func digits(_ value: UInt64) -> String { String(hex(value, digits: 8).dropFirst(2)) }

    private static func name(_ region: GuestRegion, _ process: LinuxProcess) -> String? {
        if process.memory.isStack(region) { return "[stack]" }
        if region.start >= process.heap.start, region.start < process.heap.mapped { return "[heap]" }
        return process.kernelPages[region.start]
    }

    private static func fileNumbers(_ path: String) -> String? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        let (major, minor) = (status.st_dev >> 8 & 0xfff, status.st_dev & 0xff)
        return "\(hex(major, digits: 2).dropFirst(2)):\(hex(minor, digits: 2).dropFirst(2)) \(status.st_ino)"
    }
}
