import Glibc

/// The value of an environment variable; nil if it is not set.
public func environmentVariable(_ name: String) -> String? { unsafe getenv(name).map { unsafe String(cString: $0) } }

/// All variables as the bytes of `NAME=value`.
public func environmentBytes() -> [[UInt8]] {
    var result: [[UInt8]] = []
    var place = unsafe environ
    while let entry = unsafe place.pointee {
        result.append(unsafe Array(UnsafeRawBufferPointer(start: entry, count: strlen(entry))))
        unsafe place += 1
    }
    return result
}
