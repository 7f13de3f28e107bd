/// A place for a copy of a block to live in.
public final class HeldBlock {
    public var block: IRBlock

    public init(copyOf source: borrowing IRBlock) {
        block = IRBlock(capacity: max(source.count, 1))
        block.reset(pc: source.pc)
        for index in 0..<source.count { block.append(source[index]) }
        block.labels = source.labels
        block.guestBytes = source.guestBytes
    }
}
