import AddressSpace
import CHost
import IR
import Snapshot

/// What all vCPUs of an architecture share; made once.
public struct GuestDescription: Sendable {
    /// "riscv64".
    public let name: String
    /// Bytes of the guest's state struct.
    public let stateSize: Int
    public let layout: StateLayout
    /// The functions that `call` operations name by index.
    public let helpers: [Helper]
    /// MMU indices in use, at most `CPUHeader.mmuIndices`.
    public let mmuIndices: Int
    /// Bits of the smallest page, 12 for most.
    public let pageBits: Int
    /// Bits of the shift from a code address to its number (1 where instructions are 2-byte aligned).
    public let codeAlignmentBits: Int
    /// Low bits of `CPUHeader.pc` that are no address but tell how the code there is to be understood (AArch32's T).
    public let codeStateBits: Int

    public init(
        name: String, stateSize: Int, layout: StateLayout, helpers: [Helper], mmuIndices: Int, pageBits: Int = 12, codeAlignmentBits: Int,
        codeStateBits: Int = 0
    ) {
        self.name = name
        self.stateSize = stateSize
        self.layout = layout
        self.helpers = helpers
        self.mmuIndices = mmuIndices
        self.pageBits = pageBits
        self.codeAlignmentBits = codeAlignmentBits
        self.codeStateBits = codeStateBits
    }
}

extension GuestDescription {
    /// The address of code that a value of `pc` stands for.
    public func codeAddress(_ pc: UInt64) -> UInt64 { (pc >> UInt64(codeStateBits)) << UInt64(codeStateBits) }
}

/// What a vCPU is to forget of its cached translations.
public enum TLBFlush: Equatable, Sendable {
    /// Everything, in all address-space contexts.
    case all
    /// The page around an address, in all contexts.
    case page(UInt64)
    /// One context (an ASID), global pages too.
    case context(UInt64)
}

/// What the execution engine does for a vCPU's guest code. Called from helpers, on the vCPU's own thread.
public protocol ExecutionServices: AnyObject {
    /// Forgets cached translations of virtual addresses.
    func flushTLB(_ what: TLBFlush)
    /// Asks all other vCPUs to forget theirs.
    func flushOtherTLBs(_ what: TLBFlush)
    /// After the block that is under way this vCPU goes on only when the others have forgotten what they were asked to.
    func awaitOtherTLBs()
    /// From now on addresses belong to another context: a number that the guest makes of page-table root and ASID.
    func switchContext(to context: UInt64)
    /// `translationFlags` may have changed: the mode, the float unit's state, the rounding class.
    func translationFlagsChanged()
    /// `CPUHeader.roundingMode` has changed.
    func roundingModeChanged()
    /// Instructions that this vCPU has retired, where they are counted (`-icount`); nil otherwise.
    var retiredInstructions: UInt64? { get }
    /// For guests whose caches are not coherent with code writes: nothing to do here, the engine watches writes; called on fence.i.
    func synchronizeCode()
    /// Does a system call of a program's at once, without leaving guest code: its result or -errno; nil if it is not one of those that need nothing but
    /// their first two arguments.
    func performQuickCall(_ number: UInt64, _ first: UInt64, _ second: UInt64) -> Int64?
}

/// A vCPU: a guest's state and what the guest's architecture does with it. One subclass for each guest.
///
/// Everything here runs on the vCPU's own thread unless it says otherwise.
open class VirtualCPU {
    public let guest: GuestDescription
    /// Number within the machine, from 0.
    public let index: Int
    private let physicalMemory: AddressSpace?
    public let header: CPUHeader
    private let allocation: UnsafeMutableRawPointer
    /// Set by the engine before the first instruction, and to nil when the engine goes. Not counted: helpers look at it all the time.
    public unowned(unsafe) var services: (any ExecutionServices)?
    /// Called, from any thread, after a reason to stop or wake has been noted. Set by the engine.
    public var onKick: (() -> Void)?

    /// Physical memory as this vCPU sees it. One in user mode has none.
    public var memory: AddressSpace {
        guard let physicalMemory else { preconditionFailure("a vCPU in user mode has no physical memory") }
        return physicalMemory
    }

    /// The guest's state struct.
    public var state: UnsafeMutableRawPointer { unsafe header.state }

    /// - Parameter memory: physical memory; nil for a vCPU that runs a program without its operating system.
    public init(guest: GuestDescription, index: Int, memory: AddressSpace?) {
        self.guest = guest
        self.index = index
        physicalMemory = memory
        let bytes = CPUHeader.size + guest.stateSize
        unsafe allocation = .allocate(byteCount: bytes, alignment: 64)
        unsafe allocation.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        header = unsafe CPUHeader(allocation + CPUHeader.size)
        header.linkedAddress = .max
        header.prepareRecentPages()
        unsafe header.owner = unsafe UnsafeRawPointer(Unmanaged.passUnretained(self).toOpaque())
    }

    deinit { unsafe allocation.deallocate() }

    /// Asks the vCPU to look up from generated code: an interrupt, a stop. From any thread.
    public final func kick() {
        unsafe apus_atomic_store_u32(unsafe (state + CPUHeader.Offset.exitRequest).assumingMemoryBound(to: UInt32.self), 1)
        onKick?()
    }

    /// Takes over another vCPU's registers, as a new thread does.
    public final func copyRegisters(from other: VirtualCPU) {
        precondition(guest.stateSize == other.guest.stateSize)
        unsafe state.copyMemory(from: other.state, byteCount: guest.stateSize)
        header.pc = other.header.pc
        header.roundingMode = other.header.roundingMode
        other.header.collectFloatFlags()
        header.floatFlags = other.header.floatFlags
        services?.roundingModeChanged()
        services?.translationFlagsChanged()
    }

    // MARK: What a guest's subclass defines

    /// Everything that generated code may depend on beside address and bytes: mode, MMU index, float unit on or off, …
    open var translationFlags: UInt64 { preconditionFailure("abstract") }

    /// Of a vCPU in user mode: whether the access that has faulted is to be tried again, because the vCPU has changed `pc` or its translation.
    open func adapts(toFaultAt address: UInt64) -> Bool { false }

    /// The MMU index of instruction fetches under the current mode.
    open var fetchMMUIndex: Int { preconditionFailure("abstract") }

    /// Appends the operations of the guest instructions from `block.pc` on: at most `limit` of them, none that begins outside the window's
    /// first page. The last operation ends the run. Sets `block.guestBytes`. If the first instruction cannot be fetched whole the block
    /// stays empty; if a later one cannot, the block ends before it.
    open func translate(into block: inout IRBlock, flags: UInt64, window: inout CodeWindow, limit: Int) { preconditionFailure("abstract") }

    /// Walks the guest's page tables for one access. May set accessed and dirty bits. `address` is already wrapped to the mode's width.
    open func translateAddress(_ address: UInt64, _ access: AccessKind, mmuIndex: Int) -> AddressTranslation { preconditionFailure("abstract") }

    /// The same for a debugger: no side effects, permissions ignored.
    open func debugTranslate(_ address: UInt64) -> UInt64? { preconditionFailure("abstract") }

    /// An address of an access without the tag that it may have and that translation ignores: as debuggers name it.
    open func withoutTag(_ address: UInt64) -> UInt64 { address }

    /// Calls `body` with what the tables in use map, in order of addresses. Called with the vCPU stopped.
    open func listMappings(_ body: (PageMapping) -> Void) -> PageTableListing { preconditionFailure("abstract") }

    /// Notes a translation fault of an access as the exception to deliver (not yet delivered).
    open func raise(translationFault code: UInt32, address: UInt64, _ access: AccessKind) { preconditionFailure("abstract") }

    /// Notes a bus fault of an access as the exception to deliver.
    open func raise(_ fault: BusFault, address: UInt64, _ access: AccessKind) { preconditionFailure("abstract") }

    /// Enters the guest's handler for the noted exception; `header.pc` is the faulting instruction's address before and the handler's after.
    open func deliverException() { preconditionFailure("abstract") }

    /// Enters the handler of a pending, enabled interrupt if there is one and says whether it did.
    open func takeInterrupt() -> Bool { preconditionFailure("abstract") }

    /// Whether the vCPU waits for an interrupt (wfi) or has not been started.
    open var isHalted: Bool { preconditionFailure("abstract") }

    /// Whether something has come that ends the waiting; called on the vCPU's thread after a kick. Ends the halt if so.
    open func wakeIfDue() -> Bool { preconditionFailure("abstract") }

    /// Power-on state. Called with the vCPU stopped.
    open func reset() { preconditionFailure("abstract") }

    // MARK: Its state, for snapshots. Called with the vCPU stopped and the machine lock held.

    /// Raised with each change of `visit`.
    open var stateVersion: Int { 1 }

    /// Names every field of the state and what the state is good for (the model). Devices, clocks too, have theirs already.
    open func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) { preconditionFailure("abstract") }

    /// The state has been filled in, the devices' too: caches are empty, timers are armed.
    open func restored() { preconditionFailure("abstract") }

    // MARK: Descriptions

    /// Registers for `-d cpu`, `-d int` and the monitor's `info registers`.
    open func describeRegisters() -> String { preconditionFailure("abstract") }

    /// The registers that debuggers see.
    open var debugRegisters: DebugRegisterTable { preconditionFailure("abstract") }

    /// The value of a register by its number in `debugRegisters`, as bytes in the guest's order. Called with the vCPU stopped.
    open func debugRegister(_ number: Int) -> [UInt8] { preconditionFailure("abstract") }

    /// Sets a register from as many bytes as it has. Called with the vCPU stopped.
    open func setDebugRegister(_ number: Int, _ bytes: [UInt8]) { preconditionFailure("abstract") }

    /// The registers for a core file. Called with the vCPU stopped.
    open var coreRegisters: CoreRegisters { preconditionFailure("abstract") }

    /// One line for `-d in_asm`: address, bytes and mnemonic of the instruction in the bytes; and its length.
    open func disassemble(_ address: UInt64, _ bytes: [UInt8]) -> (text: String, length: Int) { preconditionFailure("abstract") }
}
