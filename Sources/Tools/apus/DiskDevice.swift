import BlockSetup
import CommandLine
import VirtioDevices

/// `-device virtio-blk-device`, and the disks that the board makes for `-drive if=virtio`.
enum DiskDevice {
    static let properties = [
        "drive", "serial", "num-queues", "logical_block_size", "physical_block_size", "write-cache", "config-wce", "discard", "write-zeroes",
        "rerror", "werror",
    ]

    static func make(_ drive: String, _ blocks: BlockSetup) throws -> VirtioBlock { make(try blocks.take(drive), VirtioBlock.Options()) }

    static func make(_ list: PropertyList, _ blocks: BlockSetup) throws -> VirtioBlock {
        guard let id = list["drive"] else { throw CommandLineError.badValue(option: "device", value: "virtio-blk-device", expected: "drive=ID") }
        return make(try blocks.take(id, list), try options(list))
    }

    private static func make(_ disk: BlockSetup.Disk, _ options: VirtioBlock.Options) -> VirtioBlock {
        var options = options
        options.nodeHasCache = disk.hasCache
        return VirtioBlock(node: disk.node, options: options)
    }

    private static func options(_ list: PropertyList) throws -> VirtioBlock.Options {
        var options = VirtioBlock.Options()
        options.serial = list["serial"] ?? ""
        guard options.serial.utf8.count <= 20 else { throw bad("serial=\(options.serial)", "at most 20 bytes") }
        options.queues = try list.integer("num-queues") ?? 1
        guard (1...1024).contains(options.queues) else { throw bad("num-queues=\(options.queues)", "1 to 1024") }
        options.logicalBlockSize = try blockSize("logical_block_size", list) ?? 512
        options.physicalBlockSize = try blockSize("physical_block_size", list) ?? options.logicalBlockSize
        guard options.physicalBlockSize >= options.logicalBlockSize else {
            throw bad("physical_block_size=\(options.physicalBlockSize)", "logical_block_size or more")
        }
        if let text = list["write-cache"], text != "auto" { options.hasWriteCache = try list.bool("write-cache", default: true) }
        options.offersCacheControl = try list.bool("config-wce", default: true)
        options.offersDiscard = try list.bool("discard", default: true)
        options.offersWriteZeroes = try list.bool("write-zeroes", default: true)
        return options
    }

    private static func blockSize(_ name: String, _ list: PropertyList) throws -> Int? {
        guard list[name] != nil else { return nil }
        let size = Int(try parseSize(list[name] ?? "", option: "device") & 0xffff_ffff)
        guard (512...32768).contains(size), size.nonzeroBitCount == 1 else { throw bad("\(name)=\(size)", "a power of two from 512 to 32768") }
        return size
    }

    private static func bad(_ value: String, _ expected: String) -> CommandLineError { .badValue(option: "device", value: value, expected: expected) }
}
