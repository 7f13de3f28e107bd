import HostOS

/// How an access to physical memory ended.
public enum AccessResult: UInt8, Sendable {
    case ok
    /// Nothing answers at the address.
    case decodeError
    /// A device or a ROM refused the access: its size, its alignment, its direction.
    case accessError
}

/// What answers reads and writes of a device's registers. Called with the machine lock held; offsets count from the region's start;
/// values are little-endian numbers of `size` bytes (1, 2, 4 or 8).
public protocol IOHandler: AnyObject {
    func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult)
    func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult
}

/// A part of the physical memory map: RAM, ROM, a device's registers, a window onto another region, or a container of regions.
///
/// Where regions in a container overlap, the higher priority shows; among equals the one that was added last.
public final class MemoryRegion {
    public enum Kind {
        case container
        case ram(RAMBlock)
        case rom(RAMBlock)
        /// Reads see memory while `isROMMode`; writes, and all accesses otherwise, go to the handler (flash).
        case romDevice(RAMBlock, any IOHandler)
        case io(any IOHandler)
        case alias(MemoryRegion, offset: UInt64)
    }

    struct Child {
        let region: MemoryRegion
        let address: UInt64
        let priority: Int
        let order: Int
    }

    public let name: String
    /// Bytes; `UInt64.max` stands for the whole 64-bit space.
    public let size: UInt64
    public let kind: Kind
    /// Sizes of accesses that the guest may make, in bytes.
    public let acceptedSizes: ClosedRange<Int>
    /// Sizes that the handler implements; others are split or widened.
    public let implementedSizes: ClosedRange<Int>
    private(set) var children: [Child] = []
    private var added = 0
    private var observers: [(owner: ObjectIdentifier, call: () -> Void)] = []
    private var parents: [WeakRegion] = []

    private struct WeakRegion { weak var region: MemoryRegion? }

    /// Whether the region is visible.
    public var isEnabled = true { didSet { if isEnabled != oldValue { changed() } } }
    /// For `romDevice`: whether reads see the memory.
    public var isROMMode = true { didSet { if isROMMode != oldValue { changed() } } }

    private init(_ name: String, _ size: UInt64, _ kind: Kind, accepted: ClosedRange<Int> = 1...8, implemented: ClosedRange<Int> = 1...8) {
        self.name = name
        self.size = size
        self.kind = kind
        acceptedSizes = accepted
        implementedSizes = implemented
        if case .alias(let target, _) = kind { target.parents.append(WeakRegion(region: self)) }
    }

    public static func container(_ name: String, size: UInt64) -> MemoryRegion { MemoryRegion(name, size, .container) }

    public static func ram(_ name: String, size: UInt64, from source: MemorySource = MemorySource()) throws(HostError) -> MemoryRegion {
        MemoryRegion(name, size, .ram(try RAMBlock(name, size: size, from: source)))
    }

    public static func rom(_ name: String, size: UInt64) throws(HostError) -> MemoryRegion {
        MemoryRegion(name, size, .rom(try RAMBlock(name, size: size)))
    }

    public static func romDevice(_ name: String, size: UInt64, handler: any IOHandler) throws(HostError) -> MemoryRegion {
        MemoryRegion(name, size, .romDevice(try RAMBlock(name, size: size), handler))
    }

    /// Registers of a device. The guest's accesses of other than the accepted sizes fail; the handler sees only implemented sizes.
    public static func io(
        _ name: String, size: UInt64, handler: any IOHandler, accepts: ClosedRange<Int> = 1...8, implements: ClosedRange<Int> = 1...8
    ) -> MemoryRegion {
        MemoryRegion(name, size, .io(handler), accepted: accepts, implemented: implements)
    }

    /// A window of `size` bytes onto `target` from `offset` on.
    public static func alias(_ name: String, of target: MemoryRegion, offset: UInt64 = 0, size: UInt64) -> MemoryRegion {
        MemoryRegion(name, size, .alias(target, offset: offset))
    }

    /// The memory behind a RAM, ROM or ROM-device region.
    public var ramBlock: RAMBlock? {
        switch kind {
        case .ram(let block), .rom(let block), .romDevice(let block, _): block
        case .container, .io, .alias: nil
        }
    }

    /// Puts a region into this container.
    public func add(_ region: MemoryRegion, at address: UInt64, priority: Int = 0) {
        children.append(Child(region: region, address: address, priority: priority, order: added))
        added += 1
        children.sort { ($0.priority, $0.order) > ($1.priority, $1.order) }
        region.parents.append(WeakRegion(region: self))
        changed()
    }

    public func remove(_ region: MemoryRegion) {
        children.removeAll { $0.region === region }
        region.parents.removeAll { $0.region === self }
        changed()
    }

    /// Calls back until the owner says `forget`. A weak reference would do without that, and make each reference to the owner that a vCPU takes a slow one.
    func observe(_ owner: AnyObject, _ observer: @escaping () -> Void) { observers.append((ObjectIdentifier(owner), observer)) }

    func forget(_ owner: AnyObject) { observers.removeAll { $0.owner == ObjectIdentifier(owner) } }

    private func changed() {
        for observer in observers { observer.call() }
        for parent in parents { parent.region?.changed() }
    }
}
