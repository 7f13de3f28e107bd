import AddressSpace
import Snapshot

/// The capability of message-signalled interrupts with a table in a memory window (PCI Local Bus Specification 3.0, section 6.8.2).
public final class MSIX {
    private unowned let function: PCIFunction
    private let offset: Int
    public let vectors: Int
    /// Four words for each vector: address, upper address, data, vector control.
    private var table: [UInt32]
    private var pending: [UInt32]
    private var windows: [Window] = []
    /// The function's messages were held back at the last look.
    private var wasMasked = true

    private static let control = 2
    private enum Control { static let enable: UInt32 = 1 << 15, mask: UInt32 = 1 << 14 }

    init(_ function: PCIFunction, vectors: Int, bar: Int, in container: MemoryRegion, table place: UInt64, pending pendingPlace: UInt64) {
        precondition((1...2048).contains(vectors))
        self.function = function
        self.vectors = vectors
        table = [UInt32](repeating: 0, count: 4 * vectors)
        pending = [UInt32](repeating: 0, count: (vectors + 63) / 64 * 2)
        offset = function.space.addCapability(Capability.msix, size: 12)
        function.space.set(offset + MSIX.control, 2, UInt32(vectors - 1))
        function.space.allow(offset + MSIX.control, 2, Control.enable | Control.mask)
        function.space.set(offset + 4, 4, UInt32(place) | UInt32(bar))
        function.space.set(offset + 8, 4, UInt32(pendingPlace) | UInt32(bar))
        reset()
        windows = [Window(self, isTable: true), Window(self, isTable: false)]
        let sizes = [UInt64(16 * vectors), UInt64(4 * pending.count)]
        for (window, (size, at)) in zip(windows, zip(sizes, [place, pendingPlace])) {
            let name = window.isTable ? "msix-table" : "msix-pba"
            container.add(.io(name, size: size, handler: window, accepts: 1...8, implements: 4...4), at: at, priority: 1)
        }
    }

    private var control: UInt32 { function.space.value(offset + MSIX.control, 2) }
    public var isEnabled: Bool { control & Control.enable != 0 }
    private var isMasked: Bool { control & (Control.enable | Control.mask) != Control.enable }

    func reset() {
        for index in table.indices { table[index] = index % 4 == 3 ? 1 : 0 }
        for index in pending.indices { pending[index] = 0 }
        wasMasked = true
    }

    func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.table("table", &table)
        visitor.table("pending", &pending)
        wasMasked = isMasked
    }

    /// Sends a vector's message now, or as soon as it is not masked any more.
    public func notify(_ vector: Int) {
        guard isEnabled, vector < vectors else { return }
        if isMasked || table[4 * vector + 3] & 1 != 0 {
            pending[vector / 32] |= 1 << UInt32(vector % 32)
        } else {
            send(vector)
        }
    }

    private func send(_ vector: Int) {
        pending[vector / 32] &= ~(1 << UInt32(vector % 32))
        function.send(address: UInt64(table[4 * vector + 1]) << 32 | UInt64(table[4 * vector]), data: table[4 * vector + 2])
    }

    private func sendPending(_ vectors: Range<Int>) {
        guard !isMasked else { return }
        for vector in vectors where pending[vector / 32] >> UInt32(vector % 32) & 1 != 0 && table[4 * vector + 3] & 1 == 0 { send(vector) }
    }

    func written(_ range: Range<Int>) {
        guard range.overlaps(offset..<offset + 4) else { return }
        let mask = isMasked
        if wasMasked, !mask { sendPending(0..<vectors) }
        wasMasked = mask
    }

    /// The table or the pending bits.
    private final class Window: IOHandler {
        private unowned let owner: MSIX
        let isTable: Bool

        init(_ owner: MSIX, isTable: Bool) { (self.owner, self.isTable) = (owner, isTable) }

        func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
            let index = Int(offset / 4)
            return (UInt64(isTable ? owner.table[index] : owner.pending[index]), .ok)
        }

        func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
            guard isTable else { return .ok }
            let index = Int(offset / 4)
            owner.table[index] = UInt32(truncatingIfNeeded: value) & (index % 4 == 3 ? 1 : index % 4 == 0 ? ~3 : ~0)
            if index % 4 == 3 { owner.sendPending(index / 4..<index / 4 + 1) }
            return .ok
        }
    }
}
