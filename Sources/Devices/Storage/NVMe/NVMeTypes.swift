import ObjectModel
import PCI

extension NVMe {
    public static let type = ObjectType(
        typeName, parent: "pci-device", help: "Non-Volatile Memory Express", bus: "PCI", hotpluggable: true,
        PCIProperties.all + [
            Property("drive", .string, required: true, "drive or node that it shows"),
            Property("serial", .string, required: true, "serial number, at most 20 bytes"),
            Property("max_ioqpairs", .unsigned(bits: 32), default: 64, range: 1...64, "number of pairs of queues beside the administrative one"),
            Property(
                "mdts", .unsigned(bits: 8), default: 7, range: 0...9, "largest transfer, in pages of 4096 bytes as a power of two; 0 for no limit"),
            Property("logical_block_size", .size, default: 512, range: 512...4096, powerOfTwo: true, "size of a block, in bytes"),
            Property("bootindex", .unsigned(bits: 32), "its place in the order of booting"),
            Property("rerror", .choice("BlockdevOnError", NVMe.errorWords), default: "auto", "what becomes of a read that the host fails"),
            Property("werror", .choice("BlockdevOnError", NVMe.errorWords), default: "auto", "what becomes of a write that the host fails"),
        ])

    private static let errorWords = ["report", "ignore", "enospc", "stop", "auto"]

    /// What the command line says of a controller.
    public struct Options: Sendable {
        /// At most 20 bytes.
        public var serial = ""
        public var queuePairs = 64
        /// The largest transfer as a power of two of 4096 bytes; 0 for no limit.
        public var largestTransfer: UInt8 = 7
        public var blockSize: UInt64 = 512
        /// What was written may be lost until it is flushed.
        public var hasCache = true

        public init() {}

        public init(_ values: PropertyValues) throws(PropertyError) {
            serial = values.string("serial") ?? ""
            guard (1...20).contains(serial.utf8.count) else {
                throw .badValue(type: NVMe.typeName, name: "serial", value: serial, accepted: "1 to 20 bytes")
            }
            queuePairs = Int(values.integer("max_ioqpairs") ?? 64)
            largestTransfer = UInt8(values.integer("mdts") ?? 7)
            blockSize = values.integer("logical_block_size") ?? 512
        }
    }
}

/// How a command ended: the status field without its phase (NVM Express Base Specification 1.4, section 4.6.1).
enum NVMeStatus: UInt16 {
    case success = 0, invalidOpcode = 0x4001, invalidField = 0x4002, transferError = 0x0004, internalError = 0x0006, invalidNamespace = 0x400b
    case outOfRange = 0x4080, invalidCompletionQueue = 0x4100, invalidQueue = 0x4101, invalidQueueSize = 0x4102, tooManyEvents = 0x0105
    case invalidVector = 0x4108, invalidLogPage = 0x4109, invalidQueueDeletion = 0x410c, readOnly = 0x4182, writeFault = 0x0280
    case unrecoveredRead = 0x0281
}

/// A command as the host has put it into a queue (section 4.2).
struct NVMeCommand {
    let opcode: UInt8
    let id: UInt16
    let namespace: UInt32
    let isDataByPRP: Bool
    let prp1: UInt64
    let prp2: UInt64
    /// Words 10 to 15.
    let words: [UInt32]

    static let size = 64

    init(_ bytes: [UInt8]) {
        func word(_ index: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(bytes[4 * index + $1]) << UInt32(8 * $1) } }
        opcode = bytes[0]
        id = UInt16(truncatingIfNeeded: word(0) >> 16)
        // Neither fused operations nor scatter lists.
        isDataByPRP = bytes[1] & 0xc3 == 0
        namespace = word(1)
        prp1 = UInt64(word(6)) | UInt64(word(7)) << 32
        prp2 = UInt64(word(8)) | UInt64(word(9)) << 32
        words = (10..<16).map(word)
    }

    var block: UInt64 { UInt64(words[0]) | UInt64(words[1]) << 32 }
    /// Blocks of a read or a write.
    var blocks: UInt64 { UInt64(words[2] & 0xffff) + 1 }
}
