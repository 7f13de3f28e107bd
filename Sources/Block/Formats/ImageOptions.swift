import BlockCore

/// How an image is opened and cached.
public struct ImageOptions: Equatable, Sendable {
    /// What QEMU's cache modes are made of.
    public struct Cache: Equatable, Sendable {
        /// A write is done when the host has it; only flushes reach the disk. Otherwise each write does.
        public var writeback = true
        /// Past the host's page cache.
        public var direct = false
        /// Flushes are ignored: for throw-away guests.
        public var ignoresFlushes = false

        public init() {}

        public static let modes = ["writeback", "none", "writethrough", "directsync", "unsafe"]

        /// One of `modes`.
        public init?(mode: String) {
            guard Cache.modes.contains(mode) else { return nil }
            writeback = !["writethrough", "directsync"].contains(mode)
            direct = ["none", "directsync"].contains(mode)
            ignoresFlushes = mode == "unsafe"
        }
    }

    /// What the bytes of an image's file are.
    public enum Format: String, CaseIterable, Sendable { case raw, qcow2 }

    public enum Locking: String, CaseIterable, Sendable { case on, off, auto }

    public var path: String
    public var format = Format.raw
    public var isReadOnly = false
    /// Open it for reading only if that is all that the host allows.
    public var mayBecomeReadOnly = false
    public var cache = Cache()
    /// What transfers past the page cache must be multiples of, a power of two; nil: what the host accepts.
    public var directAlignment: Int?
    /// What the guest discards is given back to the host.
    public var discards = false
    public var locking = Locking.auto
    /// What becomes of writes of nothing but zeros.
    public var zeroDetection = GraphNode.ZeroDetection.off
    /// Another process has the image until `setActive`.
    public var isInactive = false

    public init(path: String) { self.path = path }
}
