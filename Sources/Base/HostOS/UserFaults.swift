import CHost
import Glibc

/// Memory of this process that lacks pages: whoever touches one waits, the kernel on the process's behalf too, until it has been put in place (userfaultfd(2)).
///
/// Pages have 4096 bytes. One thread asks for faults, another may put pages in place meanwhile.
public final class UserFaults: @unchecked Sendable {
    private let descriptor: Int32

    /// Fails where the host lets this process have no such memory, or only for faults of its own: a disk's data that the kernel reads into a missing page would be lost.
    public init() throws(HostError) {
        descriptor = apus_faults_open()
        guard descriptor >= 0 else {
            throw HostError(
                "get page faults of the process (userfaultfd)",
                remedy: "have the host's administrator give access to /dev/userfaultfd, or set vm.unprivileged_userfaultfd to 1")
        }
    }

    deinit { close(descriptor) }

    /// The next address that somebody waits for; nil if nobody does within so many milliseconds.
    public func next(within time: Int32) throws(HostError) -> UInt? {
        var address: UInt64 = 0
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while true {
            switch unsafe apus_faults_next(descriptor, &address) {
            case 1: return UInt(address)
            case 0: if unsafe poll(&polled, 1, time) <= 0 { return nil }
            default: throw HostError("read a page fault")
            }
        }
    }

    fileprivate func check(_ what: String, _ code: Int32) throws(HostError) {
        guard code == 0 else { throw HostError(what, errno: code) }
    }

    func watch(_ start: UInt, _ count: Int) throws(HostError) {
        try check("watch \(count >> 10) KiB of memory for page faults", apus_faults_register(descriptor, UInt64(start), UInt64(count)))
    }

    func unwatch(_ start: UInt, _ count: Int) { _ = apus_faults_unregister(descriptor, UInt64(start), UInt64(count)) }

    func copy(_ bytes: [UInt8], from offset: Int, count: Int, to place: UInt) throws(HostError) {
        precondition(offset >= 0 && bytes.count - offset >= count, "as many bytes as the pages have")
        let code = unsafe bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return EINVAL }
            return unsafe apus_faults_copy(descriptor, UInt64(place), start + offset, UInt64(count))
        }
        try check("put a page in place", code)
    }

    func zero(_ place: UInt, _ count: Int) throws(HostError) { try check("put a page of zeros in place", apus_faults_zero(descriptor, UInt64(place), UInt64(count))) }
}

extension HostMemory {
    private func address(_ offset: Int) -> UInt { unsafe UInt(bitPattern: base) + UInt(offset) }

    /// Begins to lack pages; those that are there stay until they are dropped. Huge pages are not made meanwhile: they would be there as wholes.
    public func beginLacking(_ faults: UserFaults) throws(HostError) {
        precondition(canLackPages, "asked before")
        unsafe madvise(base, size, MADV_NOHUGEPAGE)
        try faults.watch(address(0), size)
    }

    /// Drops what is in a range of whole pages: they are missing now. Nobody may be using them.
    public func drop(_ offset: Int, count: Int) {
        precondition(offset >= 0 && count <= size - offset, "a range of the memory")
        unsafe GuestBuffer(base: base + offset, count: count).release()
    }

    /// Puts whole pages in place that are missing.
    public func put(_ bytes: [UInt8], from start: Int, count: Int, at offset: Int, _ faults: UserFaults) throws(HostError) {
        precondition(offset >= 0 && count <= size - offset, "a range of the memory")
        try faults.copy(bytes, from: start, count: count, to: address(offset))
    }

    /// The same with zeros.
    public func putZeros(at offset: Int, count: Int, _ faults: UserFaults) throws(HostError) {
        precondition(offset >= 0 && count <= size - offset, "a range of the memory")
        try faults.zero(address(offset), count)
    }

    /// All pages are there, or nobody may wait for them any more: what is missing reads as zeros.
    public func endLacking(_ faults: UserFaults) {
        faults.unwatch(address(0), size)
        if wantsHugePages { unsafe madvise(base, size, MADV_HUGEPAGE) }
    }

    /// How far an address lies behind the beginning; nil if it does not lie in the memory.
    public func offset(of place: UInt) -> Int? {
        guard place >= address(0), place - address(0) < UInt(size) else { return nil }
        return Int(place - address(0))
    }
}
