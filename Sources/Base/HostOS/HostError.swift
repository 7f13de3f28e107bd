import Diagnostics
import Glibc

/// A failed system call, with what was being done.
public struct HostError: ExplainedError {
    /// "open 'disk.img'".
    public let action: String
    public let errno: Int32
    public let remedy: String?

    public init(_ action: String, errno: Int32 = Glibc.errno, remedy: String? = nil) {
        self.action = action
        self.errno = errno
        self.remedy = remedy
    }

    public var cause: String { "cannot \(action): \(errorText(errno))" }
}

extension HostError {
    /// Whether there is no such file.
    public var isAbsence: Bool { errno == ENOENT }
    /// A file may be read but not written.
    public var isForbiddenWrite: Bool { [EACCES, EPERM, EROFS].contains(errno) }
}

/// The error number of what cannot be done.
public var notSupportedNumber: Int32 { ENOTSUP }

/// The error number of what somebody else has.
public var inUseNumber: Int32 { EBUSY }
public var noMediumNumber: Int32 { ENOMEDIUM }

/// The error number of a device that has failed.
public var inputOutputError: Int32 { EIO }

/// The error number of a full disk.
public var noSpaceLeft: Int32 { ENOSPC }
