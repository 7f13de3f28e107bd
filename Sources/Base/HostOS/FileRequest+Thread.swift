import CHost
import Glibc

extension FileRequest {
    /// Does all of it on the calling thread; 0, or an error number.
    public func perform() -> Int32 {
        while true {
            if let code = advance(performStep()) { return code }
        }
    }

    /// A count, or an error number below zero.
    private func performStep() -> Int {
        let (base, count) = unsafe nextVectors
        let result =
            switch step {
            case .read: unsafe preadv(file.descriptor, base, Int32(count), position)
            case .write: unsafe pwritev(file.descriptor, base, Int32(count), position)
            case .synchronize: Int(fdatasync(file.descriptor))
            case .discard, .zero: Int(apus_fallocate(file.descriptor, allocationMode, position, self.count))
            }
        return result < 0 ? -Int(errno) : result
    }

    /// The mode of fallocate(2) for what is to be done.
    var allocationMode: Int32 { step == .zero(mayUnmap: false) ? apus_zero_range : apus_punch_hole }
}
