/// What every vCPU has beside its guest's registers: the words that generated code, the interpreter and the execution loop share.
///
/// One allocation holds the header and, behind it, the guest's state struct. The *state pointer* points at the guest's struct, so that the
/// header has negative offsets; the hot fields are last, within reach of an 8-bit displacement.
public struct CPUHeader {
    /// Bytes below the state pointer.
    public static let size = 14336

    public enum Offset {
        /// UInt64: guest address of the next instruction; true whenever no generated code runs.
        public static let pc = -8
        /// UInt32: 1 after a helper or a memory access has left an exception to deliver.
        public static let exception = -12
        /// UInt32: not 0 when another thread or a device wants the vCPU's attention. Read at every block's entry.
        public static let exitRequest = -16
        /// Int64: instructions that may still run (`-icount`, single step).
        public static let budget = -24
        /// Pointer to the jump cache in use.
        public static let jumpCache = -32
        /// UInt64: the address of the last load-linked; all ones for none.
        public static let linkedAddress = -40
        /// UInt64: what that load saw (its low 64 bits).
        public static let linkedValue = -48
        /// UInt64: what that load saw, bits 64 to 127.
        public static let linkedValueHigh = -56
        /// Address of the jump that left generated code, so that it can be chained; 0 for none.
        public static let exitSite = -64
        /// TLB descriptor of MMU index 0; that of index i lies 16 * i bytes below. Each is {UInt64 mask, pointer to entries}.
        public static let tlb = -80
        /// Unretained reference to the VirtualCPU.
        public static let owner = -200
        /// UInt32: FloatAttributes.Rounding that `dynamic` stands for.
        public static let roundingMode = -204
        /// UInt32: float flags accrued outside MXCSR, as FloatStatus bits.
        public static let floatFlags = -208
        /// UInt32: MXCSR while generated code runs (written on entry, read back on exit).
        public static let guestMXCSR = -212
        /// UInt32: MXCSR of the host code around it.
        public static let hostMXCSR = -216
        /// UInt64: host stack pointer of the entry into generated code.
        public static let hostStack = -224
        /// UInt64: guest's address of a memory access that is under way out of line.
        public static let accessAddress = -232
        /// UInt64: what that access writes, or a helper's second operand.
        public static let accessValue = -248
        /// UInt64: what kind of access it is: a memory operation, a helper's index, a float operation.
        public static let accessKind = -256
        /// UInt64: its result.
        public static let accessResult = -392
        /// UInt64: a third operand.
        public static let accessExtra = -400
        /// Three 16-byte operands of a vector operation that is computed out of line; its result takes the first one's place.
        public static let vectorOperands = -464
        /// Unretained reference to what runs the vCPU; the execution engine's own business.
        public static let engine = -240
        /// 16 UInt64: scratch fields through which values cross labels.
        public static let scratch = -384
        /// UInt32: a bit for each row of `recentPages` that has been filled since they were forgotten.
        public static let recentPagesInUse = -404
        /// UInt32: how often a `RecentPage` may still be filled before `refillSite` is to be looked at.
        public static let refillsLeft = -408
        /// UInt64: host address behind the call that filled the last one of those; 0 for none.
        public static let refillSite = -472
        /// UInt32: how often the loop that is tried may still be entered.
        public static let trialEntries = -476
        /// UInt32: how often it may still go round.
        public static let trialRounds = -480
        /// `loopCounters` UInt32s, which blocks that end loops count down.
        public static let loopCounters = -12288
        /// 2048 bytes: values that generated code has no registers for.
        public static let spills = -14336
        /// UInt64: where the stack of calls that are under way in generated code ends.
        public static let stackLimit = -488
        /// `RecentPage`s: for each MMU index a row for loads and one for stores.
        public static let recentPages = -8192
    }

    /// The page that a load or store found last: each in generated code has one of these, shared with few others, and looks there before it looks
    /// into the TLB.
    public struct RecentPage {
        public var tag: UInt64
        /// Host address of the page.
        public var host: UInt64
    }

    public static let recentPagesPerRow = 32
    public static let loopCounters = 1024
    /// An `exitSite` that is none: the block at `pc` ends a loop and has been run so often that the loop is worth more effort.
    public static let hotLoop: UInt64 = 1 << 30

    /// Offset of the counter of the block at an address.
    @inlinable public static func loopCounter(_ pc: UInt64) -> Int { Offset.loopCounters + 4 * Int(pc >> 1 & UInt64(loopCounters - 1)) }

    /// One of so many fillings of a `RecentPage` is looked at.
    public static let refillsPerSample = 4096
    /// The tag of an unused `RecentPage`: an address that no guest maps, being neither of the low nor of the high half of any address space.
    public static let noPage: UInt64 = 0x5a5a_5a5a_5a5a_5000
    /// What an unused entry leads to, so that a wild load from `noPage` finds zeros and nothing of the host.
    nonisolated(unsafe) private static let zeros: UnsafeMutableRawPointer = {
        let page = UnsafeMutableRawPointer.allocate(byteCount: 4096, alignment: 4096)
        unsafe page.initializeMemory(as: UInt8.self, repeating: 0, count: 4096)
        return unsafe page
    }()

    /// Offset of an MMU index's entry for access number `count`.
    @inlinable public static func recentPage(_ count: Int, writes: Bool, mmuIndex: Int) -> Int {
        let row = recentPageRow(writes: writes, mmuIndex: mmuIndex)
        return Offset.recentPages + MemoryLayout<RecentPage>.stride * (row * recentPagesPerRow + count % recentPagesPerRow)
    }

    @inlinable public static func recentPageRow(writes: Bool, mmuIndex: Int) -> Int { 2 * mmuIndex + (writes ? 1 : 0) }

    /// Empties `recentPages`; wherever the TLB forgets something, this is called.
    public func forgetRecentPages() {
        var rows = unsafe state.load(fromByteOffset: Offset.recentPagesInUse, as: UInt32.self)
        let empty = unsafe RecentPage(tag: CPUHeader.noPage, host: UInt64(UInt(bitPattern: CPUHeader.zeros)))
        while rows != 0 {
            let start = CPUHeader.recentPagesPerRow * rows.trailingZeroBitCount
            let entries = unsafe (state + Offset.recentPages).assumingMemoryBound(to: RecentPage.self) + start
            unsafe entries.update(repeating: empty, count: CPUHeader.recentPagesPerRow)
            rows &= rows - 1
        }
        unsafe state.storeBytes(of: 0, toByteOffset: Offset.recentPagesInUse, as: UInt32.self)
    }

    /// Before the first use.
    public func prepareRecentPages() {
        let all = UInt32(1) << UInt32(2 * CPUHeader.mmuIndices) - 1
        unsafe state.storeBytes(of: all, toByteOffset: Offset.recentPagesInUse, as: UInt32.self)
        forgetRecentPages()
    }

    /// Number of MMU indices that a guest may use.
    public static let mmuIndices = 7
    public static let scratchFields = 16

    public let state: UnsafeMutableRawPointer

    @inlinable public init(_ state: UnsafeMutableRawPointer) { unsafe self.state = unsafe state }

    @inlinable public var pc: UInt64 {
        get { unsafe state.load(fromByteOffset: Offset.pc, as: UInt64.self) }
        nonmutating set { unsafe state.storeBytes(of: newValue, toByteOffset: Offset.pc, as: UInt64.self) }
    }
    @inlinable public var exception: UInt32 {
        get { unsafe state.load(fromByteOffset: Offset.exception, as: UInt32.self) }
        nonmutating set { unsafe state.storeBytes(of: newValue, toByteOffset: Offset.exception, as: UInt32.self) }
    }
    @inlinable public var budget: Int64 {
        get { unsafe state.load(fromByteOffset: Offset.budget, as: Int64.self) }
        nonmutating set { unsafe state.storeBytes(of: newValue, toByteOffset: Offset.budget, as: Int64.self) }
    }
    @inlinable public var linkedAddress: UInt64 {
        get { unsafe state.load(fromByteOffset: Offset.linkedAddress, as: UInt64.self) }
        nonmutating set { unsafe state.storeBytes(of: newValue, toByteOffset: Offset.linkedAddress, as: UInt64.self) }
    }
    @inlinable public var linkedValue: UInt64 {
        get { unsafe state.load(fromByteOffset: Offset.linkedValue, as: UInt64.self) }
        nonmutating set { unsafe state.storeBytes(of: newValue, toByteOffset: Offset.linkedValue, as: UInt64.self) }
    }
    @inlinable public var linkedValueHigh: UInt64 {
        get { unsafe state.load(fromByteOffset: Offset.linkedValueHigh, as: UInt64.self) }
        nonmutating set { unsafe state.storeBytes(of: newValue, toByteOffset: Offset.linkedValueHigh, as: UInt64.self) }
    }
    @inlinable public var roundingMode: UInt32 {
        get { unsafe state.load(fromByteOffset: Offset.roundingMode, as: UInt32.self) }
        nonmutating set { unsafe state.storeBytes(of: newValue, toByteOffset: Offset.roundingMode, as: UInt32.self) }
    }
    @inlinable public var floatFlags: UInt32 {
        get { unsafe state.load(fromByteOffset: Offset.floatFlags, as: UInt32.self) }
        nonmutating set { unsafe state.storeBytes(of: newValue, toByteOffset: Offset.floatFlags, as: UInt32.self) }
    }
    @inlinable public var exitSite: UInt64 {
        get { unsafe state.load(fromByteOffset: Offset.exitSite, as: UInt64.self) }
        nonmutating set { unsafe state.storeBytes(of: newValue, toByteOffset: Offset.exitSite, as: UInt64.self) }
    }

    /// The reference stored at `Offset.owner`.
    @inlinable public var owner: UnsafeRawPointer? {
        get { unsafe state.load(fromByteOffset: Offset.owner, as: UnsafeRawPointer?.self) }
        nonmutating set { unsafe state.storeBytes(of: newValue, toByteOffset: Offset.owner, as: UnsafeRawPointer?.self) }
    }
}

/// Accrued float exceptions in `CPUHeader.Offset.floatFlags`.
public struct FloatStatus: OptionSet, Sendable {
    public let rawValue: UInt32
    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
    @inlinable public static var inexact: FloatStatus { .init(rawValue: 1) }
    /// A subnormal operand was taken for zero. Not one of the five.
    @inlinable public static var flushedOperand: FloatStatus { .init(rawValue: 32) }
    @inlinable public static var underflow: FloatStatus { .init(rawValue: 2) }
    @inlinable public static var overflow: FloatStatus { .init(rawValue: 4) }
    @inlinable public static var divideByZero: FloatStatus { .init(rawValue: 8) }
    @inlinable public static var invalid: FloatStatus { .init(rawValue: 16) }
}
