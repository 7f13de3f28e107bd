import CHost
import Glibc

/// Transfers between files and guest RAM, for worker threads. Each gives an error number, 0 for none.
extension HostFile {
    /// Fills the buffers; what lies behind the file's end reads as zeros.
    public func read(at offset: UInt64, into buffers: [GuestBuffer]) -> Int32 {
        transfer(offset, buffers) { vectors, count, position in
            let got = unsafe preadv(descriptor, vectors, count, position)
            return got
        } atEnd: { rest in
            for buffer in rest { buffer.zero() }
            return 0
        }
    }

    public func write(at offset: UInt64, from buffers: [GuestBuffer]) -> Int32 {
        transfer(offset, buffers) { vectors, count, position in
            unsafe pwritev(descriptor, vectors, count, position)
        } atEnd: { _ in
            EIO
        }
    }

    private func transfer(
        _ offset: UInt64, _ buffers: [GuestBuffer], _ call: (UnsafePointer<iovec>?, Int32, off_t) -> Int,
        atEnd: ([GuestBuffer]) -> Int32
    ) -> Int32 {
        var left = buffers
        var position = off_t(offset)
        while !left.isEmpty {
            let batch = left.prefix(1024).map { unsafe iovec(iov_base: $0.base, iov_len: $0.count) }
            let done = unsafe batch.withUnsafeBufferPointer { unsafe call($0.baseAddress, Int32(batch.count), position) }
            if done < 0 {
                if errno == EINTR { continue }
                return errno
            }
            if done == 0 { return atEnd(left) }
            position += done
            var skipped = done
            while let first = left.first, skipped >= first.count {
                skipped -= first.count
                left.removeFirst()
            }
            if skipped > 0, let first = left.first { left[0] = first.dropFirst(skipped) }
        }
        return 0
    }

    /// Waits until all data written is on stable storage.
    public func synchronize() -> Int32 { fdatasync(descriptor) == 0 ? 0 : errno }

    /// Makes a range read as zeros and gives its space back where the file system can.
    public func punch(_ offset: UInt64, count: UInt64) -> Int32 {
        if apus_punch_hole(descriptor, off_t(offset), off_t(count)) == 0 { return 0 }
        guard errno == EOPNOTSUPP else { return errno }
        let zeros = [UInt8](repeating: 0, count: 1 << 16)
        var done: UInt64 = 0
        while done < count {
            let part = min(count - done, UInt64(zeros.count))
            let put = unsafe zeros.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, Int(part), off_t(offset + done)) }
            if put <= 0 { return errno }
            done += UInt64(put)
        }
        return 0
    }

    /// Takes the whole file for this process alone; false if another has it.
    public func lock() -> Bool { apus_lock_file(descriptor) == 0 }
}
