import HostOS

/// What pages of a memory held at one moment, from which on devices may write into them again: a page is copied before it is written. The vCPUs stand still meanwhile.
public final class PageKeeper: @unchecked Sendable {
    private let block: RAMBlock
    private let lock = Mutex()
    private var kept: [Int: [UInt8]] = [:]

    /// From now on, until `end`.
    public init(_ block: RAMBlock) {
        self.block = block
        block.keeper = self
    }

    public func end() { block.keeper = nil }

    /// A page is about to be written.
    func willWrite(page: Int) {
        lock.withLock {
            guard kept[page] == nil else { return }
            var bytes: [UInt8] = []
            block.append(page: page, to: &bytes)
            kept[page] = bytes
        }
    }

    /// Adds what a page held to other bytes.
    public func append(page: Int, to bytes: inout [UInt8]) {
        let start = bytes.count
        block.append(page: page, to: &bytes)
        // Whoever has begun to write it meanwhile has kept it before.
        guard let old = lock.withLock({ kept[page] }) else { return }
        bytes.replaceSubrange(start..., with: old)
    }
}
