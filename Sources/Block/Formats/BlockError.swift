import Diagnostics
import HostOS

public enum BlockError: ExplainedError {
    case host(HostError)
    case tooShort(String, bytes: UInt64)
    case unaligned(String, bytes: UInt64, alignment: Int)
    case notStorage(String)
    case locked(String)
    case cannotLock(String)
    case unsupportedFormat(String)
    case unsupportedImage(String, String)
    case damagedImage(String, String)

    public var cause: String {
        switch self {
        case .host(let error): error.cause
        case .tooShort(let path, let bytes): "'\(path)' has \(bytes) bytes, less than a sector of 512"
        case .unaligned(let path, let bytes, let alignment): "'\(path)' has \(bytes) bytes, no multiple of the \(alignment) that O_DIRECT needs there"
        case .notStorage(let path): "'\(path)' is neither a file nor a block device"
        case .locked(let path): "'\(path)' is in use by another process"
        case .cannotLock(let path): "'\(path)' lies where files cannot be locked"
        case .unsupportedImage(let path, let what): "'\(path)': \(what) is not supported"
        case .damagedImage(let path, let what): "'\(path)' is damaged: \(what)"
        case .unsupportedFormat(let name): "the image format '\(name)' is not supported"
        }
    }

    public var remedy: String? {
        switch self {
        case .host(let error): error.remedy
        case .tooShort: "make it larger: truncate -s SIZE"
        case .unaligned(_, _, let alignment): "use cache=writeback, or make it larger: truncate -s %\(alignment)"
        case .notStorage: "give a regular file or a block device"
        case .locked: "end the other process, or open the image with snapshot=on or readonly=on if nobody writes it"
        case .cannotLock: "leave file.locking=on out"
        case .unsupportedImage: "convert the image: qemu-img convert"
        case .damagedImage: "qemu-img check tells more"
        case .unsupportedFormat: "convert the image to raw"
        }
    }
}
