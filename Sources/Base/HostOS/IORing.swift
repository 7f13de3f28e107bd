import CLibURing
import Glibc

/// An io_uring: file requests go in by the batch and come out as they end. Not for use by several threads at once.
public final class IORing {
    private let ring: UnsafeMutablePointer<io_uring>
    /// As many requests may be under way.
    public let capacity: Int

    /// Fails where the kernel, its settings or a sandbox do not allow a ring, or it lacks one of the operations.
    public init(capacity: Int) throws(HostError) {
        let fresh = UnsafeMutablePointer<io_uring>.allocate(capacity: 1)
        unsafe fresh.initialize(to: io_uring())
        let result = unsafe io_uring_queue_init(UInt32(capacity), fresh, 0)
        guard result == 0 else {
            unsafe fresh.deallocate()
            throw HostError("make an io_uring", errno: -result, remedy: "use aio=threads")
        }
        unsafe ring = unsafe fresh
        self.capacity = capacity
        // From here on `deinit` cleans up.
        guard unsafe IORing.hasOperations(ring) else { throw HostError("use io_uring", errno: ENOSYS, remedy: "use aio=threads") }
    }

    deinit {
        unsafe io_uring_queue_exit(ring)
        unsafe ring.deallocate()
    }

    private static func hasOperations(_ ring: UnsafeMutablePointer<io_uring>) -> Bool {
        guard let probe = unsafe io_uring_get_probe_ring(ring) else { return false }
        defer { unsafe io_uring_free_probe(probe) }
        return [IORING_OP_READV, IORING_OP_WRITEV, IORING_OP_FSYNC, IORING_OP_FALLOCATE].allSatisfy {
            unsafe io_uring_opcode_supported(probe, Int32($0.rawValue)) != 0
        }
    }

    /// Readable while there are completions to be taken.
    public var descriptor: Int32 { unsafe ring.pointee.ring_fd }

    /// Puts a request's next step into the next batch. The request must live until its completion, which bears the tag.
    public func add(_ request: FileRequest, tag: Int) {
        guard let entry = unsafe io_uring_get_sqe(ring) else { preconditionFailure("more requests than the ring holds") }
        let (base, count) = unsafe request.nextVectors
        let (file, position) = (request.file.descriptor, UInt64(request.position))
        switch request.step {
        case .read: unsafe io_uring_prep_readv(entry, file, base, UInt32(count), position)
        case .write: unsafe io_uring_prep_writev(entry, file, base, UInt32(count), position)
        case .synchronize: unsafe io_uring_prep_fsync(entry, file, IORING_FSYNC_DATASYNC)
        case .discard, .zero: unsafe io_uring_prep_fallocate(entry, file, request.allocationMode, request.position, request.count)
        }
        unsafe io_uring_sqe_set_data64(entry, UInt64(tag))
    }

    /// Hands the batch to the kernel and, if wanted, waits for a completion. False if the kernel did not take all of it: try again later.
    public func submit(waiting: Bool = false) -> Bool {
        _ = unsafe waiting ? io_uring_submit_and_wait(ring, 1) : io_uring_submit(ring)
        return unsafe io_uring_sq_ready(ring) == 0
    }

    /// The next completion: the tag, and a count or an error number below zero.
    public func takeCompletion() -> (tag: Int, result: Int)? {
        var completion: UnsafeMutablePointer<io_uring_cqe>?
        guard unsafe io_uring_peek_cqe(ring, &completion) == 0, let completion = unsafe completion else { return nil }
        let taken = unsafe (tag: Int(completion.pointee.user_data), result: Int(completion.pointee.res))
        unsafe io_uring_cqe_seen(ring, completion)
        return taken
    }
}
