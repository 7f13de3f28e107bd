import AddressSpace
import HostOS
import MachineModel
import PlatformDevices

/// A board's flash banks, one behind the other: the first for firmware that the machine starts in, the second for what that starts, or keeps.
public struct FlashBanks: Sendable {
    public let start: UInt64
    /// Bytes of a bank.
    public let size: UInt64
    public let count: Int

    public init(start: UInt64, size: UInt64, count: Int) {
        self.start = start
        self.size = size
        self.count = count
    }

    public func address(_ bank: Int) -> UInt64 { start + size * UInt64(bank) }

    /// The banks with what the configuration says they hold.
    ///
    /// - Parameter firmware: what the first bank holds instead of a file's contents; what the guest changes there is lost.
    public func make(_ configuration: MachineConfiguration, memory: AddressSpace, firmware: [UInt8]? = nil) throws -> [Flash] {
        if let number = configuration.flash.keys.first(where: { $0 >= count }) { throw MachineError.noFlashBank(number, banks: count) }
        return try (0..<count).map { try bank($0, configuration, memory, $0 == 0 ? firmware : nil) }
    }

    private func bank(_ number: Int, _ configuration: MachineConfiguration, _ memory: AddressSpace, _ firmware: [UInt8]?) throws -> Flash {
        let name = "virt.flash\(number)"
        if let firmware {
            let contents = configuration.isFilledLater ? [] : firmware + [UInt8](repeating: 0, count: Int(size) - firmware.count)
            return try Flash(name: name, size: size, memory: memory, contents: contents, readOnly: true, store: { _, _ in true })
        }
        guard let image = configuration.flash[number] else { return try Flash(name: name, size: size, memory: memory) }
        let file = try HostFile(image.path, image.isReadOnly || image.isPrivate ? .readOnly : .readWrite)
        let bytes = try file.size()
        guard bytes == size else { throw MachineError.badFlash(image.path, bytes: bytes, needed: size) }
        let contents = configuration.isFilledLater ? [] : try file.read(at: 0, count: Int(size))
        if image.isPrivate {
            return try Flash(name: name, size: size, memory: memory, contents: contents, readOnly: image.isReadOnly, store: { _, _ in true })
        }
        let store: Flash.Store = { offset, bytes in
            do {
                try file.write(at: offset, bytes)
                return true
            } catch { return false }
        }
        return try Flash(name: name, size: size, memory: memory, contents: contents, readOnly: image.isReadOnly, store: store) { offset, count in
            try? file.read(at: offset, count: count)
        }
    }
}
