import Snapshot

/// The registers of one channel ("BCM2835 ARM Peripherals", 4.2).
struct BroadcomDMAChannel: SnapshotState {
    enum Control {
        static let active: UInt32 = 1, end: UInt32 = 2, interrupt: UInt32 = 4, request: UInt32 = 8, paused: UInt32 = 0x10, held: UInt32 = 0x20
        static let error: UInt32 = 0x100, abort: UInt32 = 1 << 30, reset: UInt32 = 1 << 31
        /// What software sets and finds again.
        static let kept: UInt32 = 0x30ff_0000
    }
    enum Information {
        static let interrupts: UInt32 = 1, twoDimensions: UInt32 = 2, targetMoves: UInt32 = 1 << 4, targetWaits: UInt32 = 1 << 6
        static let targetIgnored: UInt32 = 1 << 7, sourceMoves: UInt32 = 1 << 8, sourceWaits: UInt32 = 1 << 10, sourceIgnored: UInt32 = 1 << 11
    }

    var control: UInt32 = 0
    /// Where the control block lies that is being carried out, or was last.
    var block: UInt32 = 0
    var information: UInt32 = 0, source: UInt32 = 0, target: UInt32 = 0, length: UInt32 = 0, stride: UInt32 = 0, next: UInt32 = 0
    var debug: UInt32 = 0
    /// Bytes of the present row that are left, and rows behind it.
    var left: UInt32 = 0, rows: UInt32 = 0
    /// A control block has been read and not been finished.
    var isLoaded = false

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("cs", &control)
        visitor.field("conblk_ad", &block)
        visitor.field("ti", &information)
        visitor.field("source_ad", &source)
        visitor.field("dest_ad", &target)
        visitor.field("txfr_len", &length)
        visitor.field("stride", &stride)
        visitor.field("nextconbk", &next)
        visitor.field("debug", &debug)
        visitor.field("left", &left)
        visitor.field("rows", &rows)
        visitor.field("isLoaded", &isLoaded)
    }

    var isActive: Bool { control & Control.active != 0 }
    func has(_ bit: UInt32) -> Bool { information & bit != 0 }
    /// The peripheral whose request paces the transfer; 0 is always ready.
    var peripheral: Int { has(Information.sourceWaits | Information.targetWaits) ? Int(information >> 16 & 31) : 0 }

    /// Takes over a control block's words.
    mutating func load(_ words: [UInt32], isLite: Bool) {
        (information, source, target, length, stride, next) = (words[0], words[1], words[2], words[3], words[4], words[5])
        if isLite { information &= ~Information.twoDimensions }
        isLoaded = true
        if has(Information.twoDimensions) {
            (left, rows) = (length & 0xffff, length >> 16 & 0x3fff)
        } else {
            (left, rows) = (isLite ? length & 0xffff : length & 0x3fff_ffff, 0)
        }
    }

    /// Bytes have been moved; at a row's end comes the next.
    mutating func advance(_ count: UInt32) {
        if has(Information.sourceMoves) { source &+= count }
        if has(Information.targetMoves) { target &+= count }
        left -= count
        guard left == 0, rows > 0 else { return }
        rows -= 1
        left = length & 0xffff
        source &+= UInt32(bitPattern: Int32(Int16(truncatingIfNeeded: stride)))
        target &+= UInt32(bitPattern: Int32(Int16(truncatingIfNeeded: stride >> 16)))
    }
}
