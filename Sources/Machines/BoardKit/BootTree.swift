import DeviceTree
import HostOS
import MachineModel

/// The device tree that a board hands over: generated, or the user's with what the command line says.
public struct BootTree {
    public let bytes: [UInt8]
    private let isGenerated: Bool
    /// Properties of `chosen` that are filled with randomness at each start, and how many bytes they have.
    private let seeds: [(property: String, bytes: Int)]

    /// - Parameters:
    ///   - initrd: first and last-plus-one address of the initial RAM disk.
    ///   - completing: writes into a tree of the user's what the board knows better.
    public init(
        _ configuration: MachineConfiguration, initrd: (start: UInt64, end: UInt64)?, seeds: [(property: String, bytes: Int)],
        completing: (inout DeviceTreeBlob) throws -> Void = { _ in }, generated: () throws -> DeviceTreeNode
    ) throws {
        self.seeds = seeds
        isGenerated = configuration.deviceTree == nil
        guard let path = configuration.deviceTree else {
            bytes = try generated().flattened()
            return
        }
        var blob = try DeviceTreeBlob(checking: try HostFile.contents(path))
        if let text = configuration.commandLine { try blob.set(node: "chosen", "bootargs", bytes: Array(text.utf8) + [0]) }
        if let initrd {
            try blob.set(node: "chosen", "linux,initrd-start", bytes: BootTree.bigEndian(initrd.start))
            try blob.set(node: "chosen", "linux,initrd-end", bytes: BootTree.bigEndian(initrd.end))
        }
        try completing(&blob)
        bytes = blob.packed()
    }

    private static func bigEndian(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * $0)) } }

    /// The tree with fresh randomness for the kernel. A tree of the user's stays as it is.
    public func seeded(_ random: (_ count: Int) -> [UInt8]) -> [UInt8] {
        guard isGenerated, var blob = try? DeviceTreeBlob(checking: bytes) else { return bytes }
        for seed in seeds { try? blob.set(node: "chosen", seed.property, bytes: random(seed.bytes)) }
        return blob.packed()
    }

    public func dump(to path: String) throws {
        let file = try HostFile(path, .create)
        try file.write(at: 0, bytes)
    }
}
