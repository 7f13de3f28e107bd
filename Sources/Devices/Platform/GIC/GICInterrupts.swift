import Bits
import DeviceModel
import Snapshot

/// What every GIC knows of its interrupts, and the distributor registers that all architecture versions have alike (Arm IHI 0048, chapter 4.3;
/// IHI 0069, chapter 12.9).
///
/// Interrupts 0 to 31 exist once for each CPU: SGIs, then PPIs. The words of a field are those of the CPUs' private interrupts, then the shared ones'.
struct GICInterrupts: SnapshotState {
    /// The interrupts of a GIC, a multiple of 32; the last 4 of 1024 numbers have other meanings.
    static let count = 288
    static let privateCount = 32, sgiCount = 16
    static let wordCount = count / 32
    /// Interrupt numbers that mean none.
    static let spurious: UInt32 = 1023
    /// Implemented bits of a priority: 32 levels.
    static let priorityMask: UInt8 = 0xf8

    let cpus: Int
    /// Private interrupts that nobody can disable: the SGIs in many implementations.
    let alwaysEnabled: UInt32
    var enabled: [UInt32]
    /// Pending by an edge or by software.
    var latched: [UInt32]
    var active: [UInt32]
    var group: [UInt32]
    /// Edge-triggered rather than level-sensitive.
    var edge: [UInt32]
    /// The wires.
    var level: [UInt32]
    var priority: [UInt8]

    init(cpus: Int, alwaysEnabled: UInt32 = 0) {
        self.cpus = cpus
        self.alwaysEnabled = alwaysEnabled
        let words = [UInt32](repeating: 0, count: cpus + GICInterrupts.wordCount - 1)
        (enabled, latched, active, group, edge, level) = (words, words, words, words, words, words)
        priority = [UInt8](repeating: 0, count: cpus * 32 + GICInterrupts.count - 32)
        reset()
    }

    mutating func reset() {
        for word in enabled.indices {
            (enabled[word], latched[word], active[word], group[word]) = (word < cpus ? alwaysEnabled : 0, 0, 0, 0)
            // SGIs are edges.
            edge[word] = word < cpus ? 0xffff : 0
        }
        for index in priority.indices { priority[index] = 0 }
    }

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.table("enabled", &enabled)
        visitor.table("latched", &latched)
        visitor.table("active", &active)
        visitor.table("group", &group)
        visitor.table("edge", &edge)
        visitor.table("level", &level)
        visitor.table("priority", &priority)
        visitor.check("what is always enabled is enabled", (0..<cpus).allSatisfy { enabled[$0] & alwaysEnabled == alwaysEnabled })
    }

    /// Where a CPU's word of 32 interrupts is.
    @inline(__always) func place(_ word: Int, _ cpu: Int) -> Int { word == 0 ? cpu : cpus + word - 1 }
    @inline(__always) func priorityPlace(_ interrupt: Int, _ cpu: Int) -> Int { interrupt < 32 ? cpu * 32 + interrupt : cpus * 32 + interrupt - 32 }

    private func bit(_ interrupt: Int) -> UInt32 { 1 << UInt32(interrupt & 31) }

    /// Whether software sees an interrupt as pending: by a latch, or by its level.
    func pendingWord(_ word: Int, _ cpu: Int) -> UInt32 {
        let place = place(word, cpu)
        return latched[place] | level[place] & ~edge[place]
    }

    /// The most urgent interrupt that may be signalled to a CPU; nil if there is none.
    ///
    /// - Parameter accepts: whether a shared interrupt goes to that CPU, and its group is enabled.
    func best(_ cpu: Int, accepts: (_ interrupt: Int, _ isGroup1: Bool) -> Bool) -> (interrupt: Int, priority: UInt8, isGroup1: Bool)? {
        var best: (interrupt: Int, priority: UInt8, isGroup1: Bool)?
        for word in 0..<GICInterrupts.wordCount {
            let place = place(word, cpu)
            var candidates = pendingWord(word, cpu) & enabled[place] & ~active[place]
            while candidates != 0 {
                let interrupt = word << 5 | candidates.trailingZeroBitCount
                candidates &= candidates - 1
                let urgency = priority[priorityPlace(interrupt, cpu)]
                let isGroup1 = group[place] & bit(interrupt) != 0
                if urgency < best?.priority ?? 255, accepts(interrupt, isGroup1) { best = (interrupt, urgency, isGroup1) }
            }
        }
        return best
    }

    /// A wire has changed. The CPU matters for private interrupts.
    mutating func setLevel(_ interrupt: Int, _ cpu: Int, _ high: Bool) {
        let place = place(interrupt >> 5, cpu)
        if high, level[place] & bit(interrupt) == 0, edge[place] & bit(interrupt) != 0 { latched[place] |= bit(interrupt) }
        if high { level[place] |= bit(interrupt) } else { level[place] &= ~bit(interrupt) }
    }

    mutating func acknowledge(_ interrupt: Int, _ cpu: Int) {
        let place = place(interrupt >> 5, cpu)
        active[place] |= bit(interrupt)
        latched[place] &= ~bit(interrupt)
    }

    mutating func deactivate(_ interrupt: Int, _ cpu: Int) { active[place(interrupt >> 5, cpu)] &= ~bit(interrupt) }

    // MARK: Registers

    /// Reads 32 bits of what lies from 0x080 to 0x7ff and from 0xc00 to 0xcff of a distributor; nil elsewhere.
    func read(_ offset: UInt64, _ cpu: Int) -> UInt32? {
        let word = Int(offset & 0x7f) / 4
        switch offset {
        case 0x080..<0x400:
            guard word < GICInterrupts.wordCount else { return 0 }
            let place = place(word, cpu)
            switch offset >> 7 {
            case 1: return group[place]
            case 2, 3: return enabled[place]
            case 4, 5: return pendingWord(word, cpu)
            default: return active[place]
            }
        case 0x400..<0x800:
            let first = Int(offset - 0x400) & ~3
            guard first < GICInterrupts.count else { return 0 }
            return joined { priority[priorityPlace(first + $0, cpu)] }
        case 0xc00..<0xd00:
            let first = Int(offset - 0xc00) / 4 * 16
            guard first < GICInterrupts.count else { return 0 }
            let bits = edge[place(first >> 5, cpu)] >> UInt32(first & 16)
            return (0..<16).reduce(0) { word, index in word | bits.bits(index, 1) << UInt32(2 * index + 1) }
        default: return nil
        }
    }

    /// Four bytes as a word.
    func joined(_ byte: (Int) -> UInt8) -> UInt32 {
        var word: UInt32 = 0
        for index in 0..<4 { word |= UInt32(byte(index)) << UInt32(8 * index) }
        return word
    }

    /// Writes the bits of `mask` there; false elsewhere.
    mutating func write(_ offset: UInt64, _ value: UInt32, mask: UInt32, _ cpu: Int) -> Bool {
        switch offset {
        case 0x080..<0x400: writeBits(offset, value & mask, mask, cpu)
        case 0x400..<0x800:
            let first = Int(offset - 0x400) & ~3
            guard first < GICInterrupts.count else { return true }
            for byte in 0..<4 where mask >> UInt32(8 * byte) & 0xff != 0 {
                priority[priorityPlace(first + byte, cpu)] = UInt8(truncatingIfNeeded: value >> UInt32(8 * byte)) & GICInterrupts.priorityMask
            }
        case 0xc00..<0xd00:
            let first = Int(offset - 0xc00) / 4 * 16
            // The configuration of SGIs is fixed.
            guard first >= GICInterrupts.sgiCount, first < GICInterrupts.count else { return true }
            let place = place(first >> 5, cpu)
            for index in 0..<16 where mask >> UInt32(2 * index + 1) & 1 != 0 {
                let bit: UInt32 = 1 << UInt32(first & 16 | index)
                if value >> UInt32(2 * index + 1) & 1 != 0 { edge[place] |= bit } else { edge[place] &= ~bit }
            }
        default: return false
        }
        return true
    }

    private mutating func writeBits(_ offset: UInt64, _ bits: UInt32, _ mask: UInt32, _ cpu: Int) {
        let word = Int(offset & 0x7f) / 4
        guard word < GICInterrupts.wordCount else { return }
        let place = place(word, cpu)
        switch offset >> 7 {
        case 1: group[place] = group[place] & ~mask | bits
        case 2: enabled[place] |= bits
        case 3: enabled[place] &= place < cpus ? ~bits | alwaysEnabled : ~bits
        case 4: latched[place] |= bits
        case 5: latched[place] &= ~bits
        case 6: active[place] |= bits
        default: active[place] &= ~bits
        }
    }
}

/// The priorities that a CPU interface has active, a bit for each of the 32 levels (GICC_APR, ICC_AP1R0_EL1).
struct ActivePriorities {
    var bits: UInt32 = 0

    /// The running priority; 0xff for none.
    var running: UInt8 { bits == 0 ? 0xff : UInt8(bits.trailingZeroBitCount) << 3 }

    mutating func raise(_ priority: UInt8) { bits |= 1 << UInt32(priority >> 3) }

    /// End of interrupt: the most urgent one ends.
    mutating func drop() { bits &= bits &- 1 }
}
