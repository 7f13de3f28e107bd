import AddressSpace
import DeviceModel
import EventLoop
import Snapshot

/// Software interrupts and timers of RISC-V harts in SiFive's CLINT layout (RISC-V ACLINT specification, chapters 2 and 3).
///
/// 0x0000 + 4 * hart: MSIP. 0x4000 + 8 * hart: MTIMECMP. 0xbff8: MTIME.
public final class ACLINT: MMIODevice {
    public static let typeName = "riscv.aclint"
    public static let windowSize: UInt64 = 0x10000
    public static let acceptedSizes = 4...8
    public static let implementedSizes = 4...8

    /// Ticks of MTIME in a second.
    public static let frequency: Int64 = 10_000_000
    private static let nanosecondsPerTick = 1_000_000_000 / frequency

    /// One of each for every hart.
    public let softwareInterrupts: [OutputPin]
    public let timerInterrupts: [OutputPin]
    private let loop: EventLoop
    private var softwarePending: [Bool]
    private var compare: [UInt64]
    private var timers: [LoopTimer] = []
    /// What the guest has added to the time by writing MTIME.
    private var offset: UInt64 = 0

    public init(harts: Int, loop: EventLoop) {
        self.loop = loop
        softwareInterrupts = (0..<harts).map { _ in OutputPin() }
        timerInterrupts = (0..<harts).map { _ in OutputPin() }
        softwarePending = [Bool](repeating: false, count: harts)
        compare = [UInt64](repeating: .max, count: harts)
        timers = (0..<harts).map { hart in LoopTimer(loop, .virtual) { [weak self] in self?.update(hart) } }
    }

    public func reset() {
        offset = 0
        for hart in compare.indices {
            softwarePending[hart] = false
            softwareInterrupts[hart].set(false)
            compare[hart] = .max
            update(hart)
        }
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.table("msip", &softwarePending)
        visitor.table("mtimecmp", &compare)
        visitor.field("offset", &offset)
    }

    public func restored() {
        for hart in compare.indices {
            softwareInterrupts[hart].set(softwarePending[hart])
            update(hart)
        }
    }

    /// MTIME now. From any thread.
    public func time() -> UInt64 { UInt64(bitPattern: loop.now(.virtual) / ACLINT.nanosecondsPerTick) &+ offset }

    /// Virtual nanoseconds at which MTIME reaches a value; nil if that is beyond reckoning.
    public func deadline(of ticks: UInt64) -> Int64? {
        let own = ticks &- offset
        return own > UInt64(Int64.max / ACLINT.nanosecondsPerTick) ? nil : Int64(own) * ACLINT.nanosecondsPerTick
    }

    private func update(_ hart: Int) {
        let due = time() >= compare[hart]
        timerInterrupts[hart].set(due)
        if !due, let deadline = deadline(of: compare[hart]) { timers[hart].arm(at: deadline) } else { timers[hart].cancel() }
    }

    // MARK: Registers

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        guard offset & UInt64(size - 1) == 0 else { return (0, .accessError) }
        let (register, shift) = locate(offset)
        let value: UInt64
        switch register {
        case .software(let hart): value = softwarePending[hart] ? 1 : 0
        case .compare(let hart): value = compare[hart]
        case .time: value = time()
        case .none: value = 0
        }
        return (size == 8 ? value : value >> shift & 0xffff_ffff, .ok)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        guard offset & UInt64(size - 1) == 0 else { return .accessError }
        let (register, shift) = locate(offset)
        switch register {
        case .software(let hart):
            softwarePending[hart] = value & 1 != 0
            softwareInterrupts[hart].set(value & 1 != 0)
        case .compare(let hart):
            compare[hart] = merge(compare[hart], value, shift, size)
            update(hart)
        case .time:
            let old = time()
            self.offset = self.offset &+ (merge(old, value, shift, size) &- old)
            for hart in compare.indices { update(hart) }
        case .none: break
        }
        return .ok
    }

    private func merge(_ old: UInt64, _ value: UInt64, _ shift: UInt64, _ size: Int) -> UInt64 {
        size == 8 ? value : old & ~(0xffff_ffff << shift) | (value & 0xffff_ffff) << shift
    }

    private enum Target {
        case software(Int), compare(Int), time, none
    }

    /// What lies at an offset, and how far the addressed word is up in it.
    private func locate(_ offset: UInt64) -> (Target, UInt64) {
        switch offset {
        case 0x0000..<0x4000:
            let hart = Int(offset >> 2)
            return (hart < compare.count ? .software(hart) : .none, 0)
        case 0x4000..<0xbff8:
            let hart = Int((offset - 0x4000) >> 3)
            return (hart < compare.count ? .compare(hart) : .none, (offset & 4) * 8)
        case 0xbff8..<0xc000: return (.time, (offset & 4) * 8)
        default: return (.none, 0)
        }
    }
}
