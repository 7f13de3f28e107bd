import CHost
import CPUModel
import Glibc
import HostOS
import UserExecution

public enum GuestMemoryChoice {
    /// Where the host has room for a program that cannot have the addresses it wants: 16 TiB up.
    private static let farBase: UInt = 1 << 44

    /// The memory for a program: at the host's own addresses if the program's are free there, which makes accesses cheapest.
    ///
    /// - Parameters:
    ///   - base: `-B`; nil to choose.
    ///   - reserved: `-R`; 0 for none.
    ///   - space: the guest's addresses if they are fewer than the host's.
    public static func memory(for image: ELFImage, base: UInt?, reserved: UInt64, space: GuestAddressSpace?) throws(HostError) -> GuestMemory {
        if let space {
            if reserved > space.size {
                throw HostError("reserve \(reserved) bytes for the guest", remedy: "its addresses end at \(space.size): choose a smaller -R")
            }
            return try GuestMemory(base: base ?? 0, reserve: reserved == 0 ? space.size : reserved)
        }
        if reserved != 0 || base != nil { return try GuestMemory(base: base ?? 0, reserve: reserved) }
        return try GuestMemory(base: image.isRelocatable || isFree(image.span) ? 0 : farBase)
    }

    private static func isFree(_ span: (start: UInt64, end: UInt64)) -> Bool {
        guard let start = unsafe UnsafeMutableRawPointer(bitPattern: UInt(span.start)) else { return false }
        let size = Int(span.end - span.start)
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | Int32(MAP_FIXED_NOREPLACE)
        guard let place = unsafe mmap(start, size, PROT_NONE, flags, -1, 0), unsafe place != MAP_FAILED else { return false }
        unsafe munmap(place, size)
        return unsafe place == start
    }
}
