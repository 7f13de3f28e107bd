import AddressSpace
import Snapshot

/// What a redistributor knows of its LPIs (Arm IHI 0069, chapter 6.1): where the guest has put the table of their properties, and which are pending.
struct GICv3LPIs: SnapshotState {
    /// The first of these interrupts, and one behind the last.
    static let first: UInt32 = 8192, end: UInt32 = 1 << 16

    /// GICR_CTLR.EnableLPIs.
    private(set) var isEnabled = false
    private(set) var properties: UInt64 = 0
    private(set) var pendingTable: UInt64 = 0
    /// Those that are pending, in ascending order, and the byte of properties of each as the table had it when it was read last.
    private(set) var pending: [UInt32] = []
    private var configuration: [UInt8] = []

    private static let addressMask: UInt64 = 0xf_ffff_ffff_f000, zeroed: UInt64 = 1 << 62

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("isEnabled", &isEnabled)
        visitor.field("properties", &properties)
        visitor.field("pendingTable", &pendingTable)
        visitor.field("pending", &pending)
        visitor.field("configuration", &configuration)
        visitor.check("each pending interrupt has its properties", pending.count == configuration.count)
        visitor.check(
            "they are LPIs, each once", pending.allSatisfy(GICv3LPIs.range.contains) && zip(pending, pending.dropFirst()).allSatisfy { $0 < $1 })
    }

    private static var range: Range<UInt32> { first..<end }

    // MARK: Pending interrupts

    /// The most urgent one that is enabled.
    var best: (interrupt: Int, priority: UInt8)? {
        guard isEnabled else { return nil }
        var best: (interrupt: Int, priority: UInt8)?
        for (interrupt, byte) in zip(pending, configuration) where byte & 1 != 0 {
            let priority = byte & GICInterrupts.priorityMask
            if priority < best?.priority ?? 255 { best = (Int(interrupt), priority) }
        }
        return best
    }

    mutating func set(_ interrupt: UInt32, pending isPending: Bool, _ memory: AddressSpace) {
        guard isEnabled, GICv3LPIs.range.contains(interrupt) else { return }
        let place = pending.firstIndex { $0 >= interrupt } ?? pending.count
        let isThere = place < pending.count && pending[place] == interrupt
        if isPending, !isThere {
            pending.insert(interrupt, at: place)
            configuration.insert(property(interrupt, memory), at: place)
        } else if !isPending, isThere {
            pending.remove(at: place)
            configuration.remove(at: place)
        }
    }

    func isPending(_ interrupt: UInt32) -> Bool { pending.contains(interrupt) }

    /// Interrupts beyond those that the table has are disabled.
    private func property(_ interrupt: UInt32, _ memory: AddressSpace) -> UInt8 {
        guard interrupt < 1 << min(properties & 0x1f + 1, 16) else { return 0 }
        return GICv3LPIs.byte((properties & GICv3LPIs.addressMask) &+ UInt64(interrupt - GICv3LPIs.first), memory)
    }

    private static func byte(_ address: UInt64, _ memory: AddressSpace) -> UInt8 { memory.load(address, as: UInt8.self) ?? 0 }

    /// The guest has changed the table: what is cached of one interrupt, or of all, is read again.
    mutating func reload(_ interrupt: UInt32?, _ memory: AddressSpace) {
        for (index, number) in pending.enumerated() where interrupt == nil || number == interrupt { configuration[index] = property(number, memory) }
    }

    // MARK: Registers

    /// GICR_CTLR.
    mutating func write(control: UInt32, _ memory: AddressSpace) {
        let wasEnabled = isEnabled
        isEnabled = control & 1 != 0
        guard isEnabled != wasEnabled else { return }
        (pending, configuration) = ([], [])
        guard isEnabled, pendingTable & GICv3LPIs.zeroed == 0 else { return }
        let base = pendingTable & 0xf_ffff_ffff_0000
        let count = Int(GICv3LPIs.end - GICv3LPIs.first) / 8
        for (index, bits) in (memory.read(base + UInt64(GICv3LPIs.first / 8), count: count) ?? []).enumerated() where bits != 0 {
            for bit in 0..<8 where bits >> UInt8(bit) & 1 != 0 { set(GICv3LPIs.first + UInt32(8 * index + bit), pending: true, memory) }
        }
    }

    /// GICR_PROPBASER and GICR_PENDBASER cannot be changed while LPIs are enabled.
    mutating func write(properties value: UInt64, mask: UInt64) {
        guard !isEnabled else { return }
        properties = (properties & ~mask | value & mask) & 0x070f_ffff_ffff_ff9f
    }

    mutating func write(pendingTable value: UInt64, mask: UInt64) {
        guard !isEnabled else { return }
        pendingTable = (pendingTable & ~mask | value & mask) & 0x470f_ffff_ffff_0f80
    }

    /// Whether the table of pending interrupts begins with zeros is not told.
    var shownPendingTable: UInt64 { pendingTable & ~GICv3LPIs.zeroed }
}

extension GICv3 {
    /// Makes an LPI pending at a CPU, or not pending any more.
    func setLPI(_ interrupt: UInt32, cpu: Int, pending: Bool) {
        guard let memory, lpis.indices.contains(cpu) else { return }
        lpis[cpu].set(interrupt, pending: pending, memory)
        update()
    }

    /// Moves an LPI's pending state, or all, to another CPU.
    func moveLPIs(_ interrupt: UInt32?, from source: Int, to target: Int) {
        guard source != target, let memory, lpis.indices.contains(source), lpis.indices.contains(target) else { return }
        for number in lpis[source].pending where interrupt == nil || number == interrupt {
            lpis[source].set(number, pending: false, memory)
            lpis[target].set(number, pending: true, memory)
        }
        update()
    }

    func reloadLPIs(_ interrupt: UInt32?, cpu: Int) {
        guard let memory, lpis.indices.contains(cpu) else { return }
        lpis[cpu].reload(interrupt, memory)
        update()
    }
}
