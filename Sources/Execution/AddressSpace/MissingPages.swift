import HostOS

/// Memory whose pages come while its guest runs already.
extension RAMBlock {
    /// Whether this memory can do without pages for a while.
    public var canLackPages: Bool { memory.canLackPages }

    /// Drops pages, and makes whoever touches one from now on wait for it. Nothing may be running.
    public func beginLacking(_ missing: PageSet, _ faults: UserFaults) throws(HostError) {
        try memory.beginLacking(faults)
        lacksPages = true
        var left = missing
        var next = left.takeFirst()
        while let first = next {
            var end = first + 1
            next = left.takeFirst(from: end)
            while next == end {
                end += 1
                next = left.takeFirst(from: end)
            }
            memory.drop(first << RAMBlock.pageBits, count: (end - first) << RAMBlock.pageBits)
        }
    }

    /// Puts missing pages in place, whose bytes are others' from `start` on.
    public func put(pages: Range<Int>, from bytes: [UInt8], at start: Int, _ faults: UserFaults) throws(HostError) {
        try memory.put(bytes, from: start, count: pages.count << RAMBlock.pageBits, at: pages.lowerBound << RAMBlock.pageBits, faults)
    }

    /// The same with pages of zeros.
    public func putZeros(pages: Range<Int>, _ faults: UserFaults) throws(HostError) {
        try memory.putZeros(at: pages.lowerBound << RAMBlock.pageBits, count: pages.count << RAMBlock.pageBits, faults)
    }

    /// No page is missing any more.
    public func endLacking(_ faults: UserFaults) {
        memory.endLacking(faults)
        lacksPages = false
    }

    /// The page that an address of the host's lies in; nil if it lies elsewhere.
    public func page(of address: UInt) -> Int? { memory.offset(of: address).map { $0 >> RAMBlock.pageBits } }
}
