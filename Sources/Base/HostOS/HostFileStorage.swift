import CHost
import Glibc

/// What a disk image needs to know of its file.
extension HostFile {
    /// Finds by trying what an O_DIRECT descriptor accepts; the kernel has no other way to tell that works for files and devices of all ages.
    static func directAlignment(_ descriptor: Int32) -> Int {
        let most = 4096
        let memory = UnsafeMutableRawPointer.allocate(byteCount: most, alignment: most)
        defer { unsafe memory.deallocate() }
        return [512, 1024, 2048].first { unsafe pread(descriptor, memory, $0, 0) >= 0 } ?? most
    }

    public enum LockResult: Sendable { case taken, heldByOthers, impossible }

    /// Takes the whole file for this opening alone, or with others that only read it.
    public func lock(shared: Bool) -> LockResult {
        if apus_lock_file(descriptor, shared) == 0 { return .taken }
        return errno == EAGAIN || errno == EACCES ? .heldByOthers : .impossible
    }

    /// Gives the file to others.
    public func unlock() { apus_unlock_file(descriptor) }
}

/// A variable of the process's environment; nil if it is not there or empty.
func environment(_ name: String) -> String? {
    guard let text = unsafe getenv(name), let value = unsafe String(validatingCString: text), !value.isEmpty else { return nil }
    return value
}
