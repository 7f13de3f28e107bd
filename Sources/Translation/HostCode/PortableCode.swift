/// A block's code as it can be put at another place of another process's code memory: of the same build, on a host with the same extensions.
public struct PortableCode: Sendable {
    /// A field of 32 bits in the code that depends on where the code is.
    public struct Relocation: Sendable, Equatable {
        public enum Kind: UInt32, Sendable {
            /// A displacement that leads out of the block, to a permanent piece of code: kept as if the block began at offset 0.
            case outward
            /// An offset in the code memory: kept relative to the block's beginning.
            case offset
        }

        public let place: Int
        public let kind: Kind

        public init(place: Int, kind: Kind) {
            self.place = place
            self.kind = kind
        }
    }

    /// A memory access: its place, and how far its guest instruction is from the block's.
    public struct FaultSite: Sendable, Equatable {
        public let place: Int
        public let distance: Int32

        public init(place: Int, distance: Int32) {
            self.place = place
            self.distance = distance
        }
    }

    public var bytes: [UInt8]
    public var entry: Int
    public var loopHead: UInt64?
    public var relocations: [Relocation]
    public var faultSites: [FaultSite]

    public init(bytes: [UInt8], entry: Int, loopHead: UInt64?, relocations: [Relocation], faultSites: [FaultSite]) {
        self.bytes = bytes
        self.entry = entry
        self.loopHead = loopHead
        self.relocations = relocations
        self.faultSites = faultSites
    }
}

extension PortableCode {
    /// The same where it lies, with none of its numbers believed: relocations are their place << 1 | kind, fault sites place and distance, 32 bits each.
    public struct View {
        public let bytes: UnsafeRawBufferPointer
        public let entry: Int
        public let loopHead: UInt64?
        public let relocations: UnsafeRawBufferPointer
        public let faultSites: UnsafeRawBufferPointer

        public init(
            bytes: UnsafeRawBufferPointer, entry: Int, loopHead: UInt64?, relocations: UnsafeRawBufferPointer, faultSites: UnsafeRawBufferPointer
        ) {
            unsafe self.bytes = unsafe bytes
            self.entry = entry
            self.loopHead = loopHead
            unsafe self.relocations = unsafe relocations
            unsafe self.faultSites = unsafe faultSites
        }
    }
}
