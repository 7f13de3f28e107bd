import CHost
import Glibc

/// A piece of work on a file, done in steps. Whoever performs the steps, a thread or a ring, hands each one's result to `advance` and
/// need not know what it means: short transfers, the end of the file, unaligned buffers and operations that the file does not have are dealt
/// with here.
public final class FileRequest {
    public enum Purpose: Equatable, Sendable {
        case read, write
        /// Ends when all data written before is on stable storage.
        case synchronize
        /// What the range holds is of no interest any more.
        case discard
        /// The range reads as zeros; its space may be given back, or must stay reserved.
        case zero(mayUnmap: Bool)
    }

    let file: HostFile
    let purpose: Purpose
    /// What the next step does.
    private(set) var step: Purpose
    private(set) var position: off_t
    /// Bytes of a discard or of zeros.
    private(set) var count: off_t = 0
    /// The guest's memory, if the transfer goes through `bounce`.
    private var guest: [GuestBuffer] = []
    private var bounce: AlignedBuffer?
    private var vectors: UnsafeMutablePointer<iovec>?
    private var vectorCount = 0
    /// The first vector that is not through.
    private var current = 0

    /// No other request on the file may be under way: it writes back what it has read around the guest's part.
    public private(set) var needsToBeAlone = false

    /// A read or a write of all of the buffers' bytes.
    public init(_ file: HostFile, _ purpose: Purpose, at offset: UInt64, _ buffers: [GuestBuffer]) {
        self.file = file
        self.purpose = purpose
        (step, position) = (purpose, off_t(offset))
        transfer(offset, buffers)
    }

    /// Something without data.
    public init(_ file: HostFile, _ purpose: Purpose, at offset: UInt64 = 0, count: UInt64 = 0) {
        self.file = file
        self.purpose = purpose
        (step, position, self.count) = (purpose, off_t(offset), off_t(count))
        if case .zero = purpose { needsToBeAlone = Int(offset | count) % file.alignment != 0 }
    }

    deinit { unsafe vectors?.deallocate() }

    private func setVectors(_ number: Int, _ vector: (Int) -> iovec) {
        unsafe vectors?.deallocate()
        let fresh = UnsafeMutablePointer<iovec>.allocate(capacity: max(number, 1))
        for index in 0..<number { unsafe (fresh + index).initialize(to: vector(index)) }
        unsafe vectors = unsafe fresh
        (vectorCount, current) = (number, 0)
    }

    /// The vectors of the next step, at most as many as a system call takes.
    var nextVectors: (base: UnsafeMutablePointer<iovec>?, count: Int) {
        unsafe (vectors.map { unsafe $0 + current }, min(vectorCount - current, 1024))
    }

    // MARK: Results

    /// Takes a step's result: a count, or an error number below zero. Gives the request's own result, 0 or an error number; nil if there is
    /// another step to be done.
    public func advance(_ result: Int) -> Int32? {
        if result < 0 { return failed(Int32(-result)) }
        switch step {
        case .synchronize, .discard, .zero: return 0
        case .read, .write:
            skip(result)
            if current == vectorCount { return transferred() }
            // A direct read that ends off the alignment has met the file's end.
            let isAtEnd = result == 0 || (step == .read && Int(position) % file.alignment != 0)
            return isAtEnd ? atEnd() : nil
        }
    }

    private func failed(_ code: Int32) -> Int32? {
        if code == EINTR || code == EAGAIN { return nil }
        let isMissing = code == EOPNOTSUPP || code == ENOSYS || code == ENODEV || code == EINVAL
        switch step {
        case .discard where isMissing: return 0
        case .zero where isMissing:
            writeZeros()
            return nil
        default: return code
        }
    }

    private func skip(_ bytes: Int) {
        position += bytes
        var left = bytes
        while current < vectorCount, let vector = unsafe vectors.map({ unsafe $0 + current }) {
            let length = unsafe vector.pointee.iov_len
            if left < length {
                if left > 0 { unsafe vector.pointee = iovec(iov_base: vector.pointee.iov_base + left, iov_len: length - left) }
                return
            }
            left -= length
            current += 1
        }
    }

    /// What lies behind the end reads as zeros; a write that gets nowhere has failed.
    private func atEnd() -> Int32? {
        guard step == .read else { return EIO }
        while current < vectorCount, let vector = unsafe vectors.map({ unsafe $0 + current }) {
            unsafe memset(vector.pointee.iov_base, 0, vector.pointee.iov_len)
            current += 1
        }
        return transferred()
    }

    private func transferred() -> Int32? {
        guard let bounce else { return 0 }
        if purpose == .read { bounce.copy(to: guest) }
        guard purpose != .read, step == .read else { return 0 }
        bounce.copy(from: guest)
        aimAtBounce(bounce, .write)
        return nil
    }

    /// For files that cannot make zeros themselves.
    private func writeZeros() {
        let (buffer, total) = (zeroes, Int(count))
        step = .write
        transfer(UInt64(position), stride(from: 0, to: total, by: buffer.count).map { buffer.prefix(total - $0) })
    }

    // MARK: Alignment

    private func transfer(_ offset: UInt64, _ buffers: [GuestBuffer]) {
        if file.alignment == 1 || FileRequest.isAligned(offset, buffers, file.alignment) {
            unsafe setVectors(buffers.count) { unsafe iovec(iov_base: buffers[$0].base, iov_len: buffers[$0].count) }
        } else {
            makeBounce(offset, buffers)
        }
    }

    private static func isAligned(_ offset: UInt64, _ buffers: [GuestBuffer], _ alignment: Int) -> Bool {
        let mask = UInt(alignment - 1)
        return UInt(offset) & mask == 0 && buffers.allSatisfy { unsafe (UInt(bitPattern: $0.base) | UInt($0.count)) & mask == 0 }
    }

    private func makeBounce(_ offset: UInt64, _ buffers: [GuestBuffer]) {
        let buffer = AlignedBuffer(covering: offset, count: buffers.reduce(0) { $0 + $1.count }, alignment: file.alignment)
        (guest, bounce) = (buffers, buffer)
        let readsFirst = step == .write && buffer.isWider
        if readsFirst { needsToBeAlone = true } else if step == .write { buffer.copy(from: buffers) }
        aimAtBounce(buffer, readsFirst ? .read : step)
    }

    private func aimAtBounce(_ buffer: AlignedBuffer, _ next: Purpose) {
        (step, position) = (next, off_t(buffer.start))
        unsafe setVectors(1) { _ in unsafe iovec(iov_base: buffer.base, iov_len: buffer.count) }
    }
}

/// Zeros to write from.
private nonisolated(unsafe) let zeroes = {
    let buffer = unsafe GuestBuffer(base: .allocate(byteCount: 1 << 16, alignment: 4096), count: 1 << 16)
    buffer.zero()
    return buffer
}()
