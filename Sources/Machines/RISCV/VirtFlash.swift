import AddressSpace
import HostOS
import MachineModel
import PlatformDevices

/// The board's two flash banks: the first for firmware that the machine starts in, the second for what that starts.
enum VirtFlash {
    static func address(_ bank: Int) -> UInt64 { VirtBoard.Map.flash.0 + VirtBoard.Map.flash.1 * UInt64(bank) }

    static func banks(_ configuration: MachineConfiguration, memory: AddressSpace) throws -> [Flash] {
        if let number = configuration.flash.keys.first(where: { $0 >= VirtBoard.flashBanks }) {
            throw MachineError.noFlashBank(number, banks: VirtBoard.flashBanks)
        }
        return try (0..<VirtBoard.flashBanks).map { try bank($0, configuration.flash[$0], memory) }
    }

    private static func bank(_ number: Int, _ image: FlashImage?, _ memory: AddressSpace) throws -> Flash {
        let (name, size) = ("virt.flash\(number)", VirtBoard.Map.flash.1)
        guard let image else { return try Flash(name: name, size: size, memory: memory) }
        let file = try HostFile(image.path, image.isReadOnly ? .readOnly : .readWrite)
        let bytes = try file.size()
        guard bytes == size else { throw MachineError.badFlash(image.path, bytes: bytes, needed: size) }
        let contents = try file.read(at: 0, count: Int(size))
        return try Flash(name: name, size: size, memory: memory, contents: contents, readOnly: image.isReadOnly) { offset, bytes in
            do {
                try file.write(at: offset, bytes)
                return true
            } catch { return false }
        }
    }
}
