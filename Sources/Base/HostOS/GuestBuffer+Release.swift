import Glibc

extension GuestBuffer {
    /// Gives the host's memory behind whole pages back; they read as zeros from then on, or as what a file has that is not shared.
    public func release() {
        // Punches a hole into a shared file, and fails for private memory, which is dropped (madvise(2)).
        if unsafe madvise(base, count, MADV_REMOVE) != 0 { unsafe madvise(base, count, MADV_DONTNEED) }
    }
}
