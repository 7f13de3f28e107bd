import AddressSpace
import BoardKit
import Diagnostics
import HostOS
import MachineModel

/// A kernel and its RAM disk, where a boot loader puts them (Documentation/arch/arm/booting.rst, Documentation/arch/arm64/booting.rst).
struct ArmKernel {
    /// Where a 32-bit kernel is put, from the beginning of memory: a zImage moves itself.
    static let offset32: UInt64 = 0x1_0000

    let images: [(image: GuestImage, path: String)]
    let initrd: (start: UInt64, end: UInt64)?
    let entry: UInt64
    /// Behind everything.
    let end: UInt64

    /// - Parameters:
    ///   - place: where the kernel goes if its format leaves that open.
    ///   - base: the beginning of memory.
    init(_ path: String, initrd initrdPath: String?, _ cores: ArmCores, at place: UInt64, base: UInt64, memorySize: UInt64) throws {
        let kernel = try KernelFile(path: path, architecture: cores.kernels).image(at: place)
        entry = kernel.entry
        let middle = base + min(memorySize / 2, 128 << 20)
        guard let initrdPath else {
            images = [(kernel, path)]
            initrd = nil
            // What a zImage unpacks to takes several times its size.
            end = cores.isAArch32 ? max(kernel.end, middle) : kernel.end
            return
        }
        let bytes = try HostFile.contents(initrdPath)
        // Behind what the kernel says it needs, halfway into memory if there is room for that.
        let address = max((kernel.end + 0xfffff) & ~0xfffff, middle)
        images = [(kernel, path), (GuestImage(raw: bytes, at: address), initrdPath)]
        initrd = (address, address + UInt64(bytes.count))
        end = address + UInt64(bytes.count)
    }

    /// Puts images into memory. What fits was checked before.
    static func load(_ images: [(image: GuestImage, path: String)], into memory: AddressSpace) {
        for (image, path) in images {
            do { try image.load(into: memory, path: path) } catch { warn(error.description) }
        }
    }
}
