/// What has been written to a node since somebody wanted to know (QEMU's docs/interop/bitmaps.rst). It lives as long as the node.
public final class DirtyBitmap {
    public let name: String
    /// Writes are remembered.
    public var isRecording = true
    /// A job uses it, and nobody else may.
    public var isBusy = false
    /// The chunks that have been written to.
    public var pieces: PieceSet

    /// - Parameters:
    ///   - size: bytes of the node.
    ///   - granularity: bytes of a chunk, a power of two.
    public init(_ name: String, size: UInt64, granularity: UInt64) {
        self.name = name
        pieces = PieceSet(size: size, chunk: granularity, all: false)
    }

    public var granularity: UInt64 { pieces.chunk }

    func mark(_ range: Range<UInt64>) { if isRecording { pieces.insert(range) } }

    func resize(_ size: UInt64) {
        let old = pieces
        pieces = PieceSet(size: size, chunk: old.chunk, all: false)
        pieces.formUnion(old)
    }
}
