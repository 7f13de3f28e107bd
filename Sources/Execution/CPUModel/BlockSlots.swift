/// A translated block that is found by where it comes from.
public protocol CachedBlock: AnyObject {
    associatedtype Key: CachedBlockKey
    var key: Key { get }
    /// Nothing may lead to it any more.
    var isDead: Bool { get }
}

public protocol CachedBlockKey: Equatable {
    /// A number whose bits 32 and up depend on all of the key.
    var mixed: UInt64 { get }
}

/// Blocks by key: open addressing, without the library's hashing, which a look-up would mostly consist of. What is dead stays until its key comes again
/// or the slots are made anew. All of it is inlined where it is used, because generic code across modules is not made for its types.
public struct BlockSlots<Block: CachedBlock> {
    /// Their number is a power of two, which `index` masks with.
    @usableFromInline var slots: [Block?]
    /// Of the slots that are taken, by the dead too.
    @usableFromInline var count = 0

    @usableFromInline static var fewest: Int { 1 << 12 }

    @inlinable public init() { slots = Array(repeating: nil, count: Self.fewest) }

    @inlinable @inline(__always) func index(_ key: Block.Key) -> Int { Int(key.mixed >> 32) & (slots.count - 1) }

    /// The living block with a key.
    @inlinable @inline(__always) public func find(_ key: Block.Key) -> Block? {
        var place = index(key)
        while let block = slots[place] {
            if block.key == key { return block.isDead ? nil : block }
            place = (place + 1) & (slots.count - 1)
        }
        return nil
    }

    /// The first block that something is true of: a search through all of them.
    @inlinable public func first(where predicate: (Block) -> Bool) -> Block? {
        for case let block? in slots where predicate(block) { return block }
        return nil
    }

    /// All blocks that are not dead.
    @inlinable public var living: [Block] { slots.compactMap { $0 }.filter { !$0.isDead } }

    /// Puts a block in, in the place of one with the same key.
    @inlinable public mutating func insert(_ block: Block) {
        if 2 * count >= slots.count { grow() }
        let key = block.key
        var place = index(key)
        while let other = slots[place], other.key != key { place = (place + 1) & (slots.count - 1) }
        if slots[place] == nil { count += 1 }
        slots[place] = block
    }

    /// Drops the dead, and makes more room where the living need it.
    @inlinable mutating func grow() {
        let living = living
        slots = Array(repeating: nil, count: 4 * living.count >= slots.count ? 4 * slots.count : slots.count)
        count = 0
        for block in living { insert(block) }
    }
}
