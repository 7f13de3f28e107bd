import Diagnostics
import Glibc

/// /tmp/perf-PID.map: lines of address, size and name, which `perf report` reads.
public final class PerfMap {
    private let descriptor: Int32

    public init() {
        let path = "/tmp/perf-\(getpid()).map"
        descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        if descriptor < 0 { warn("cannot write \(path): \(errorText(errno))") }
    }

    public func add(address: UnsafeRawPointer, size: Int, name: String) {
        guard descriptor >= 0 else { return }
        writeLine("\(String(UInt(bitPattern: address), radix: 16)) \(String(size, radix: 16)) \(name)", to: descriptor)
    }

    public func close() { if descriptor >= 0 { Glibc.close(descriptor) } }
}
