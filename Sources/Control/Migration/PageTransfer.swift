import AddressSpace

/// Puts pages into sections of a stream.
struct PageSender {
    /// Pages whose bytes a section holds at most, so that it is sent in reasonable time.
    private static let bytesPages = 256
    /// Runs in a section at most.
    private static let runs = 4096

    /// What a section took with it.
    struct Tally {
        var zeros = 0
        var normal = 0
    }

    /// A section with the first pages of the set from `cursor` on, which are taken out of it; the cursor is where to go on. Nil if there are none.
    static func section(_ block: RAMBlock, number: Int, _ pages: inout PageSet, cursor: inout Int) -> (bytes: [UInt8], tally: Tally)? {
        guard var page = pages.takeFirst(from: cursor) else { return nil }
        var writer = SectionWriter(.pages)
        writer.add(UInt16(number))
        var tally = Tally()
        var next: Int? = page
        var runs = 0
        while let first = next, tally.normal < bytesPages, runs < PageSender.runs {
            page = first
            let isZero = block.isZero(page: first)
            var body: [UInt8] = []
            if !isZero { block.append(page: first, to: &body) }
            var count = 1
            next = pages.takeFirst(from: first + 1)
            while next == first + count, isZero || tally.normal + count < bytesPages, block.isZero(page: first + count) == isZero {
                if !isZero { block.append(page: first + count, to: &body) }
                count += 1
                next = pages.takeFirst(from: first + count)
            }
            writer.add(UInt32(first))
            writer.add(UInt32(count))
            writer.add((isZero ? StreamFormat.Run.zeros : .bytes).rawValue)
            writer.add(body)
            if isZero { tally.zeros += count } else { tally.normal += count }
            runs += 1
            page = first + count
        }
        // The page that has been looked at and not sent is still to come.
        if let next { pages.insert(next) }
        cursor = page
        return (writer.finish(), tally)
    }
}

/// Puts pages out of sections of a stream into memory.
struct PageReceiver {
    let blocks: [RAMBlock]
    /// Pages that have come.
    private var arrived: [PageSet]

    init(_ blocks: [RAMBlock]) {
        self.blocks = blocks
        arrived = blocks.map { PageSet(pages: $0.pages) }
    }

    /// Adds what has come elsewhere.
    mutating func join(_ other: PageReceiver) { for number in arrived.indices { arrived[number].formUnion(other.arrived[number]) } }

    mutating func take(_ section: inout SectionReader) throws(MigrationError) {
        let number = Int(try section.number(UInt16.self))
        guard blocks.indices.contains(number) else { throw .damaged("there is no memory \(number)") }
        while section.left > 0 { try takeRun(number, &section) }
    }

    private mutating func takeRun(_ number: Int, _ section: inout SectionReader) throws(MigrationError) {
        let block = blocks[number]
        let (first, count) = (Int(try section.number(UInt32.self)), Int(try section.number(UInt32.self)))
        guard let kind = StreamFormat.Run(rawValue: try section.number(UInt8.self)) else { throw .damaged("a run of pages is of no known kind") }
        guard count > 0, first < block.pages, count <= block.pages - first else {
            throw .damaged("pages \(first) to \(first + count) do not lie in '\(block.name)'")
        }
        switch kind {
        case .zeros: for page in first..<first + count { block.clear(page: page) }
        case .bytes:
            let start = try section.skip(count * RAMBlock.pageSize)
            for index in 0..<count { block.replace(page: first + index, from: section.bytes, at: start + index * RAMBlock.pageSize) }
        }
        for page in first..<first + count { arrived[number].insert(page) }
    }

    /// All memory has come, but for what is known to be missing.
    func finish(missing: [PageSet]? = nil) throws(MigrationError) {
        for (number, block) in blocks.enumerated() {
            var pages = arrived[number]
            if let missing { pages.formUnion(missing[number]) }
            if pages.count < block.pages { throw .damaged("\(block.pages - pages.count) pages of '\(block.name)' are missing") }
        }
    }
}
