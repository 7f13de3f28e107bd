import AddressSpace
import DeviceModel
import Snapshot

/// SiFive's platform-level interrupt controller (RISC-V PLIC specification 1.0.0): level-triggered sources, with a machine and a supervisor
/// context for each hart.
///
/// 0x000000 + 4 * source: priority. 0x001000: pending bits. 0x002000 + 0x80 * context: enable bits. 0x200000 + 0x1000 * context: threshold,
/// claim and completion.
public final class PLIC: MMIODevice {
    public static let typeName = "riscv.sifive.plic"
    public static let windowSize: UInt64 = 0x600000
    public static let acceptedSizes = 4...4
    public static let implementedSizes = 4...4

    /// Sources are numbered from 1 to this.
    public static let sources = 96
    public static let maxPriority: UInt32 = 7
    private static let words = sources / 32 + 1

    /// For context 2 * hart the machine external interrupt, for 2 * hart + 1 the supervisor's.
    public let outputs: [OutputPin]
    private var levels = [UInt32](repeating: 0, count: words)
    private var pending = [UInt32](repeating: 0, count: words)
    private var claimed = [UInt32](repeating: 0, count: words)
    private var priorities = [UInt32](repeating: 0, count: sources + 1)
    private var enables: [[UInt32]]
    private var thresholds: [UInt32]

    public init(harts: Int) {
        outputs = (0..<harts * 2).map { _ in OutputPin() }
        enables = (0..<harts * 2).map { _ in [UInt32](repeating: 0, count: PLIC.words) }
        thresholds = [UInt32](repeating: 0, count: harts * 2)
    }

    public func reset() {
        for word in 0..<PLIC.words { (pending[word], claimed[word]) = (levels[word], 0) }
        for source in priorities.indices { priorities[source] = 0 }
        for context in enables.indices {
            enables[context] = [UInt32](repeating: 0, count: PLIC.words)
            thresholds[context] = 0
        }
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.table("levels", &levels)
        visitor.table("pending", &pending)
        visitor.table("claimed", &claimed)
        visitor.table("priorities", &priorities)
        for context in enables.indices { visitor.table("enables\(context)", &enables[context]) }
        visitor.table("thresholds", &thresholds)
        visitor.check("no source beyond the last is pending", (pending[PLIC.words - 1] | pending[0] & 1) & ~(1 << UInt32(PLIC.sources % 32)) == 0)
    }

    public func restored() { update() }

    /// The wire of a source.
    public func input(_ source: Int) -> InputPin {
        precondition((1...PLIC.sources).contains(source))
        return InputPin { [weak self] level in self?.setSource(source, level) }
    }

    private func setSource(_ source: Int, _ level: Bool) {
        let (word, bit) = (source >> 5, UInt32(1) << UInt32(source & 31))
        if level { levels[word] |= bit } else { levels[word] &= ~bit }
        // The gateway lets one request through until it is completed.
        if level, claimed[word] & bit == 0 { pending[word] |= bit }
        if !level { pending[word] &= ~bit }
        update()
    }

    /// The most urgent pending, enabled source above the context's threshold; 0 if there is none.
    private func best(_ context: Int) -> Int {
        var best = 0
        var bestPriority = thresholds[context]
        for word in 0..<PLIC.words {
            var candidates = pending[word] & enables[context][word]
            while candidates != 0 {
                let source = word << 5 | candidates.trailingZeroBitCount
                candidates &= candidates - 1
                if priorities[source] > bestPriority { (best, bestPriority) = (source, priorities[source]) }
            }
        }
        return best
    }

    private func update() { for context in outputs.indices { outputs[context].set(best(context) != 0) } }

    private func claim(_ context: Int) -> UInt32 {
        let source = best(context)
        if source != 0 {
            let (word, bit) = (source >> 5, UInt32(1) << UInt32(source & 31))
            pending[word] &= ~bit
            claimed[word] |= bit
            update()
        }
        return UInt32(source)
    }

    private func complete(_ source: Int, _ context: Int) {
        guard (1...PLIC.sources).contains(source) else { return }
        let (word, bit) = (source >> 5, UInt32(1) << UInt32(source & 31))
        guard enables[context][word] & bit != 0 else { return }
        claimed[word] &= ~bit
        if levels[word] & bit != 0 { pending[word] |= bit }
        update()
    }

    // MARK: Registers

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        switch offset {
        case 0..<0x1000:
            let source = Int(offset >> 2)
            return (source <= PLIC.sources ? UInt64(priorities[source]) : 0, .ok)
        case 0x1000..<0x1080:
            let word = Int(offset - 0x1000) >> 2
            return (word < PLIC.words ? UInt64(pending[word]) : 0, .ok)
        case 0x2000..<0x200000:
            let (context, word) = (Int(offset - 0x2000) / 0x80, Int(offset & 0x7f) >> 2)
            return (context < enables.count && word < PLIC.words ? UInt64(enables[context][word]) : 0, .ok)
        case 0x200000...:
            let context = Int(offset - 0x200000) / 0x1000
            guard context < thresholds.count else { return (0, .ok) }
            switch offset & 0xfff {
            case 0: return (UInt64(thresholds[context]), .ok)
            case 4: return (UInt64(claim(context)), .ok)
            default: return (0, .ok)
            }
        default: return (0, .ok)
        }
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let value = UInt32(truncatingIfNeeded: value)
        switch offset {
        case 4..<0x1000:
            let source = Int(offset >> 2)
            if source <= PLIC.sources { priorities[source] = value & PLIC.maxPriority }
        case 0x2000..<0x200000:
            let (context, word) = (Int(offset - 0x2000) / 0x80, Int(offset & 0x7f) >> 2)
            if context < enables.count, word < PLIC.words { enables[context][word] = word == 0 ? value & ~1 : value }
        case 0x200000...:
            let context = Int(offset - 0x200000) / 0x1000
            guard context < thresholds.count else { return .ok }
            if offset & 0xfff == 0 { thresholds[context] = value & PLIC.maxPriority }
            if offset & 0xfff == 4 { complete(Int(value), context) }
        default: break
        }
        update()
        return .ok
    }
}
