import CHost
import CPUModel
import Diagnostics
import Glibc
import UserExecution

/// Files of `/proc` that would show the host's program instead of the guest's.
enum ProcFiles {
    /// Whether a path is the process's own `/proc/self/exe`.
    static func isExecutable(_ path: String) -> Bool { own(path) == "exe" }

    /// The name behind `/proc/self/` or `/proc/PID/` of this process.
    private static func own(_ path: String) -> String? {
        guard path.hasPrefix("/proc/") else { return nil }
        let parts = path.split(separator: "/", omittingEmptySubsequences: true)
        guard parts.count == 3, parts[1] == "self" || parts[1] == "thread-self" || parts[1] == "\(getpid())" else { return nil }
        return String(parts[2])
    }

    /// The guest's view of a file; nil for one that is as on the host.
    static func content(_ path: String, _ process: LinuxProcess) -> [UInt8]? {
        switch own(path) {
        case "maps": return Array(maps(process).utf8)
        case "cmdline": return Array(process.arguments.map { $0 + [0] }.joined())
        default: return nil
        }
    }

    /// A descriptor from which the content can be read.
    static func open(_ content: [UInt8], flags: Int32) -> Int64 {
        if flags & 3 != O_RDONLY { return -Int64(EACCES) }
        let descriptor = apus_memfd("proc")
        guard descriptor >= 0 else { return -Int64(errno) }
        _ = unsafe content.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
        lseek(descriptor, 0, SEEK_SET)
        return Int64(descriptor)
    }

    static func maps(_ process: LinuxProcess) -> String {
        process.memory.allRegions().map { region in
            let p = region.protection
            let letters = (p.contains(.read) ? "r" : "-") + (p.contains(.write) ? "w" : "-") + (p.contains(.execute) ? "x" : "-")
            let device = region.file.flatMap(fileNumbers) ?? "00:00 0"
            let range = "\(digits(region.start))-\(digits(region.end)) \(letters)\(region.isShared ? "s" : "p") \(digits(region.offset)) \(device)"
            guard let name = region.file ?? name(region, process) else { return range + "\n" }
            return range + String(repeating: " ", count: max(1, 73 - range.count)) + name + "\n"
        }.joined()
    }

    private static func digits(_ value: UInt64) -> String { String(hex(value, digits: 8).dropFirst(2)) }

    private static func name(_ region: GuestRegion, _ process: LinuxProcess) -> String? {
        if region.start >= process.stackRange.start, region.start < process.stackRange.end { return "[stack]" }
        if region.start >= process.heap.start, region.start < process.heap.mapped { return "[heap]" }
        return region.start == process.trampoline ? "[vdso]" : nil
    }

    private static func fileNumbers(_ path: String) -> String? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        let (major, minor) = (status.st_dev >> 8 & 0xfff, status.st_dev & 0xff)
        return "\(hex(major, digits: 2).dropFirst(2)):\(hex(minor, digits: 2).dropFirst(2)) \(status.st_ino)"
    }
}
