import CodeCache
import IR

/// Why generated code came back: an `ExitReason`, or a jump that could be chained.
public enum CodeExit: Sendable {
    case reason(ExitReason)
    /// `pc` has no code yet as far as the jump at `CPUHeader.exitSite` knows (0: an indirect jump, which is not chained).
    case unresolved
}

/// A block's code in the code memory.
public struct CompiledBlock: Sendable {
    /// Offset of the entry; its first instruction can be replaced while other threads run.
    public let entry: Int
    /// Bytes from the entry on.
    public let size: Int
    /// Offsets of the heads of loops, which `kill` takes like entries.
    public let heads: [Int]
    /// Guest address where the loop begins that the block ends; nil if it counts none.
    public let loopHead: UInt64?

    public init(entry: Int, size: Int, heads: [Int] = [], loopHead: UInt64? = nil) {
        self.loopHead = loopHead
        self.entry = entry
        self.size = size
        self.heads = heads
    }
}

/// How generated code gets at guest memory.
public enum MemoryMode: Sendable {
    /// Through the vCPU's TLBs: a machine.
    case translated
    /// At the address itself: a program, mapped where it wants to be.
    case direct
    /// At the address plus the base of the host's free segment: a program, mapped elsewhere.
    case segment
}

/// A TLB slot: 32 bytes. Tags are the virtual address of a page for which generated code may go straight to memory.
public struct TLBEntry {
    public var readTag: UInt64
    public var writeTag: UInt64
    /// Host address of the page.
    public var host: UInt64
    /// Not used by generated code: physical page and permission bits.
    public var physical: UInt64

    public init(readTag: UInt64, writeTag: UInt64, host: UInt64, physical: UInt64) {
        self.readTag = readTag
        self.writeTag = writeTag
        self.host = host
        self.physical = physical
    }

    public static let sizeLog2 = 5
}

/// Makes host code from IR and runs it. One for all vCPUs of a machine; `compile` and the patching calls need the translation lock.
public protocol HostCodeGenerator: AnyObject {
    var memory: CodeMemory { get }
    /// Whether there is host code for every operation of the block; one with rarer operations is left to the interpreter.
    func supports(_ block: borrowing IRBlock) -> Bool
    /// Gives all code back.
    func discardCode()
    /// Appends a block's code; nil if the code memory is full.
    func compile(_ block: borrowing IRBlock) -> CompiledBlock?
    /// The same for a block that branches back to labels of its own: guest state that is hot there gets the host's registers.
    ///
    /// - Parameter asRegion: whether it may take more time over it and make a region of the block, which costs more where it is entered and left.
    func compileLoops(_ block: borrowing IRBlock, asRegion: Bool) -> CompiledBlock?
    /// Whether blocks made from now on count how often they are run (`CPUHeader.Offset.loopCounters`) if they end a loop.
    var countsLoops: Bool { get set }
    /// Whether what is compiled from now on can be asked for by `portable`.
    var keepsPortable: Bool { get set }
    /// The block that was compiled last, for the guest address `pc`, as another process can take it; nil if it cannot.
    func portable(_ code: CompiledBlock, pc: UInt64) -> PortableCode?
    /// Appends code that `portable` made; nil if the code memory is full or the code is not sound.
    func adopt(_ code: PortableCode.View, pc: UInt64) -> CompiledBlock?
    /// Runs code at an executable address until it exits.
    func run(_ code: UnsafeRawPointer, _ header: CPUHeader) -> CodeExit
    /// Makes the jump that left with `CPUHeader.exitSite` = `site` go straight to a block, whose entry is given.
    func chain(site: Int, to entry: Int)
    /// Makes it leave generated code again.
    func unchain(site: Int)
    /// Makes a block's entry leave generated code with `.unresolved`, so that stale references to it do no harm.
    func kill(entry: Int)
    /// The guest instruction that the memory access at a host address in generated code belongs to. For a fault handler; needs the
    /// translation lock.
    func faultingInstruction(at host: UInt) -> UInt64?
    /// The guest address that the access at a saved context's program counter is about.
    func accessedAddress(_ context: UnsafeRawPointer) -> UInt64
    /// Changes a saved context inside generated code, so that `run` returns with `.exception` and the guest's state is whole.
    func leaveWithException(_ context: UnsafeMutableRawPointer)
    /// Memory accesses that find another page nearly every time, so that it is not worth remembering: the low halves of their instructions' addresses.
    var wanderingAccesses: Set<UInt32> { get set }
    /// The low half of the address of the instruction whose access left `CPUHeader.refillSite`.
    func instruction(ofRefill site: UInt64) -> UInt32
    /// The host instructions of a range, for `-d out_asm`.
    func listing(_ offset: Int, _ size: Int) -> String
}
