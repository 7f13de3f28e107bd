import CHost
import Glibc

public enum CodeMemoryError: Error, CustomStringConvertible {
    case cannotMap(bytes: Int, errno: Int32)

    public var description: String {
        switch self {
        case .cannotMap(let bytes, let code):
            "cannot map \(bytes >> 20) MiB for translated code: \(String(cString: strerror(code))); a smaller -accel tcg,tb-size= may help"
        }
    }
}

/// Memory for generated code. Usually it is mapped twice: once writable, once executable, never both (W^X).
///
/// A program that forks needs code memory that its child has a copy of, which no shared mapping gives: `isPrivate` maps it once.
///
/// Code is appended; when the memory is full all of it is given back at once.
public final class CodeMemory {
    public let size: Int
    private let isPrivate: Bool
    /// The writable view.
    public let writable: UnsafeMutablePointer<UInt8>
    /// The executable view of the same bytes.
    public let executable: UnsafePointer<UInt8>
    /// Bytes in use.
    public private(set) var used: Int = 0
    /// Code below this offset stays when the rest is thrown away (entry and exit sequences).
    public private(set) var permanent: Int = 0

    public init(size: Int, isPrivate: Bool = false) throws(CodeMemoryError) {
        self.size = size
        self.isPrivate = isPrivate
        if isPrivate {
            let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
            let both = unsafe mmap(nil, size, PROT_READ | PROT_WRITE | PROT_EXEC, flags, -1, 0)
            guard let both = unsafe both, unsafe both != MAP_FAILED else { throw .cannotMap(bytes: size, errno: errno) }
            unsafe writable = both.assumingMemoryBound(to: UInt8.self)
            unsafe executable = UnsafePointer(writable)
            return
        }
        let descriptor = apus_memfd("apus-code")
        guard descriptor >= 0 else { throw .cannotMap(bytes: size, errno: errno) }
        defer { close(descriptor) }
        guard ftruncate(descriptor, size) == 0 else { throw .cannotMap(bytes: size, errno: errno) }
        let write = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let write = unsafe write, unsafe write != MAP_FAILED else { throw .cannotMap(bytes: size, errno: errno) }
        let run = unsafe mmap(nil, size, PROT_READ | PROT_EXEC, MAP_SHARED, descriptor, 0)
        guard let run = unsafe run, unsafe run != MAP_FAILED else {
            let code = errno
            unsafe munmap(write, size)
            throw .cannotMap(bytes: size, errno: code)
        }
        unsafe writable = write.assumingMemoryBound(to: UInt8.self)
        unsafe executable = UnsafePointer(run.assumingMemoryBound(to: UInt8.self))
    }

    deinit {
        unsafe munmap(writable, size)
        if !isPrivate { unsafe munmap(UnsafeMutableRawPointer(mutating: executable), size) }
    }

    /// Bytes that are left.
    public var free: Int { size - used }

    /// Takes the `count` bytes that were written from `used` on, rounded up so that the next code starts on a 16-byte boundary.
    public func commit(_ count: Int) {
        precondition(count <= free)
        used = min(size, (used + count + 15) & ~15)
    }

    /// What has been written so far outlives `discard`.
    public func makePermanent() { permanent = used }

    /// Gives all code but the permanent part back. No thread may be running any of it.
    public func discard() { used = permanent }

    /// The executable address of an offset.
    @inlinable public func address(_ offset: Int) -> UnsafeRawPointer { unsafe UnsafeRawPointer(executable + offset) }

    /// The offset of an executable address inside this memory.
    @inlinable public func offset(of address: UInt) -> Int { unsafe Int(address) - Int(bitPattern: executable) }

    @inlinable public func contains(_ address: UInt) -> Bool {
        unsafe address >= UInt(bitPattern: executable) && address < UInt(bitPattern: executable) + UInt(size)
    }
}
