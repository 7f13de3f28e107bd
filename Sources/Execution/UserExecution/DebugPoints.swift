import CHost
import CPUModel
import Glibc

/// What a debugger does to a program all of whose threads stand still.
extension UserEngine: DebugPointHolder {
    public func insertBreakpoint(at address: UInt64) {
        memory.lock.withLock {
            debugPoints.insertBreakpoint(at: address)
            invalidate(address, address &+ 1)
        }
    }

    public func removeBreakpoint(at address: UInt64) {
        memory.lock.withLock {
            debugPoints.removeBreakpoint(at: address)
            invalidate(address, address &+ 1)
        }
    }

    public func setWatchpoints(_ points: [Watchpoint]) {
        memory.lock.withLock {
            // Code that compares no accesses, or needlessly does, is made anew.
            if debugPoints.watchpoints.isEmpty != points.isEmpty { wantsCodeFlush = true }
            debugPoints.watchpoints = points
        }
    }

    public func removeDebugPoints() {
        setWatchpoints([])
        for address in debugPoints.breakpoints { removeBreakpoint(at: address) }
    }

    /// Makes all threads leave guest code, or lets them be in it again. From any thread.
    public func hold(_ isHolding: Bool) {
        memory.lock.withLock {
            self.isHolding = isHolding
            if isHolding { for runner in runners { runner.cpu.kick() } }
        }
    }

    // MARK: Memory, from a thread that runs no guest

    /// Calls `body` with the parts of a range that lie on one page each, while it says that it could do its part.
    private func eachPage(_ address: UInt64, _ count: Int, _ body: (GuestRegion, UInt64, Range<Int>) -> Bool) {
        var done = 0
        while done < count {
            let place = address &+ UInt64(done)
            let size = min(count - done, Int(4096 - place & 0xfff))
            guard place < memory.limit, let region = memory.region(at: place), body(region, place, done..<done + size) else { return }
            done += size
        }
    }

    /// process_vm_readv(2) and process_vm_writev(2) on this process itself, which fail where a plain access would fault.
    private enum Transfer: Int { case read = 310, write = 311 }

    /// Bytes that were copied between a buffer and guest memory.
    private func copy(_ transfer: Transfer, _ buffer: UnsafeMutableRawBufferPointer, _ address: UInt64) -> Int {
        var own = unsafe iovec(iov_base: buffer.baseAddress, iov_len: buffer.count)
        var guest = unsafe iovec(iov_base: memory.host(address), iov_len: buffer.count)
        return unsafe withUnsafeMutablePointer(to: &own) { own in
            unsafe withUnsafeMutablePointer(to: &guest) { guest in
                unsafe apus_raw_syscall(transfer.rawValue, [Int(getpid()), Int(bitPattern: own), 1, Int(bitPattern: guest), 1, 0])
            }
        }
    }

    /// Bytes from an address on, as many of `count` as can be read.
    public func inspect(_ address: UInt64, _ count: Int) -> [UInt8] {
        var result: [UInt8] = []
        memory.lock.withLock {
            eachPage(address, count) { _, place, range in
                var part = [UInt8](repeating: 0, count: range.count)
                let copied = unsafe part.withUnsafeMutableBytes { unsafe copy(.read, $0, place) }
                result += part.prefix(max(copied, 0))
                return copied == range.count
            }
        }
        return result
    }

    /// Writes bytes, to pages that the guest may not write to as well; false if not all could be written.
    public func patch(_ address: UInt64, _ bytes: [UInt8]) -> Bool {
        var done = 0
        memory.lock.withLock {
            eachPage(address, bytes.count) { region, place, range in
                invalidate(place, place &+ UInt64(range.count))
                guard let page = unsafe memory.host(place & ~0xfff), unsafe mprotect(page, 4096, PROT_READ | PROT_WRITE) == 0 else { return false }
                defer { unsafe mprotect(page, 4096, region.protection.host) }
                var part = Array(bytes[range])
                let copied = unsafe part.withUnsafeMutableBytes { unsafe copy(.write, $0, place) }
                done += max(copied, 0)
                return copied == range.count
            }
        }
        return done == bytes.count
    }
}
