import JSON
import ObjectModel
import Virtio

extension VirtioBlock {
    private static let errorWords = ["report", "ignore", "enospc", "stop", "auto"]

    public static let type = ObjectType.virtio(
        "blk", help: "virtio disk",
        [
            Property("drive", .string, required: true, "drive or node that it shows"),
            Property("serial", .string, "serial number, at most 20 bytes"),
            Property("num-queues", .unsigned(bits: 16), default: 1, range: 1...1024, "number of request queues"),
            Property("queue-size", .unsigned(bits: 16), default: 256, range: 4...1024, powerOfTwo: true, "requests that a queue holds"),
            Property("logical_block_size", .size, default: 512, range: 512...32768, powerOfTwo: true, "smallest transfer, in bytes"),
            Property("physical_block_size", .size, range: 512...32768, powerOfTwo: true, "best transfer, in bytes"),
            Property("write-cache", .onOffAuto, default: "auto", "whether the guest sees a cache to flush; auto: as the drive is"),
            Property("bootindex", .unsigned(bits: 32), "its place in the order of booting"),
            Property("config-wce", .bool, default: true, "whether the guest may switch the cache"),
            Property("discard", .bool, default: true, "whether the guest may discard"),
            Property("write-zeroes", .bool, default: true, "whether the guest may write zeroes"),
            Property("rerror", .choice("BlockdevOnError", errorWords), default: "auto", "what becomes of a read that the host fails"),
            Property("werror", .choice("BlockdevOnError", errorWords), default: "auto", "what becomes of a write that the host fails"),
        ])

    /// On PCI a disk has a queue for each cpu unless something else is asked for.
    public static let pciTypes = VirtioPCI.types(
        type, changed: [Property("num-queues", .unsigned(bits: 16), range: 1...1024, "number of request queues; one for each cpu if it is left out")])

    /// What the command line says of a disk.
    public struct Options: Sendable {
        /// At most 20 bytes.
        public var serial = ""
        public var queues = 1
        /// Requests that a queue holds: a power of two, from 4 to 1024.
        public var queueSize: UInt16 = 256
        /// Bytes, powers of two from 512 on; the physical one is not the smaller.
        public var logicalBlockSize = 512
        public var physicalBlockSize = 512
        /// The node may lose what was written but not flushed.
        public var nodeHasCache = true
        /// The guest sees a cache that it must flush; nil: as the node is.
        public var hasWriteCache: Bool?
        /// The guest may switch the cache off and on.
        public var offersCacheControl = true
        public var offersDiscard = true
        public var offersWriteZeroes = true

        public init() {}

        /// From the type's properties.
        public init(_ values: PropertyValues) throws(PropertyError) {
            serial = values.string("serial") ?? ""
            guard serial.utf8.count <= 20 else { throw Options.bad("serial", .string(serial), "at most 20 bytes") }
            queues = Int(values.integer("num-queues") ?? 1)
            queueSize = UInt16(values.integer("queue-size") ?? 256)
            logicalBlockSize = Int(values.integer("logical_block_size") ?? 512)
            physicalBlockSize = values.integer("physical_block_size").map(Int.init) ?? logicalBlockSize
            guard physicalBlockSize >= logicalBlockSize else {
                throw Options.bad("physical_block_size", JSONValue(physicalBlockSize), "logical_block_size or more")
            }
            hasWriteCache = values.onOff("write-cache")
            offersCacheControl = values.bool("config-wce")
            offersDiscard = values.bool("discard")
            offersWriteZeroes = values.bool("write-zeroes")
        }

        private static func bad(_ name: String, _ value: JSONValue, _ accepted: String) -> PropertyError {
            .badValue(type: VirtioBlock.type.name, name: name, value: value.string ?? value.text(), accepted: accepted)
        }
    }

    /// Features (Virtio 1.2, section 5.2.3).
    enum Feature {
        static let segMax: UInt64 = 1 << 2, readOnly: UInt64 = 1 << 5, blockSize: UInt64 = 1 << 6, flush: UInt64 = 1 << 9
        static let topology: UInt64 = 1 << 10, cacheControl: UInt64 = 1 << 11, multiqueue: UInt64 = 1 << 12, discard: UInt64 = 1 << 13
        static let writeZeroes: UInt64 = 1 << 14
    }

    static let sector: UInt64 = 512
    /// Sectors in one discard or write-zeroes request.
    static let maxRange: UInt64 = 0x40_0000
    /// Where the driver switches the cache.
    static let cacheControlOffset = 32

    public var features: UInt64 {
        var features = Feature.segMax | Feature.blockSize | Feature.topology | Feature.flush
        if options.offersCacheControl { features |= Feature.cacheControl }
        if options.queues > 1 { features |= Feature.multiqueue }
        if node.isReadOnly { return features | Feature.readOnly }
        if options.offersDiscard { features |= Feature.discard }
        if options.offersWriteZeroes { features |= Feature.writeZeroes }
        return features
    }

    /// Virtio 1.2, section 5.2.4.
    public var configuration: [UInt8] {
        let perPhysical = (options.physicalBlockSize / options.logicalBlockSize).trailingZeroBitCount
        let (logical, sizeMax, geometry, unused) = (UInt64(options.logicalBlockSize), UInt64(0), UInt64(0), UInt64(0))
        let (segments, mayUnmap) = (UInt64(1), UInt64(1))
        let topology: [(value: UInt64, bytes: Int)] = [(UInt64(perPhysical), 1), (0, 1), (0, 2), (0, 4)]
        let discard = [(VirtioBlock.maxRange, 4), (segments, 4), (logical / VirtioBlock.sector, 4)]
        let writeZeroes = [(VirtioBlock.maxRange, 4), (segments, 4), (mayUnmap, 1), (unused, 3)]
        let fields =
            [(node.size / VirtioBlock.sector, 8), (sizeMax, 4), (UInt64(queueSize) - 2, 4), (geometry, 4), (logical, 4)] + topology
            + [(hasCache ? 1 : 0, 1), (unused, 1), (UInt64(options.queues), 2)] + discard + writeZeroes
        return fields.flatMap { value, bytes in (0..<bytes).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) } }
    }
}
