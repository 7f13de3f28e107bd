import AddressSpace

/// What streams have in which memory follows when the guest runs at the other side already: `postcopy-ram`.
///
/// `advise`, after `machine`, says that it may come to that, and has a token. At the switch `missing` says for each memory which pages are still to come (its
/// number, 16 bits, then first page and count of each run, 32 bits each); the state and `end` follow, then `pages`, in any order, and `complete` when none is
/// left. The target answers `ready` or a `refusal`, as ever, asks by `request` (memory, 16 bits, page, 32 bits) for pages that somebody waits for, from its
/// state on, and says `complete` when it has everything.
///
/// A new connection after one that broke begins with a magic of its own, the version, and `resume` with the token; the target answers with the pages that
/// are `missing` now and a `resume` that says whether it has heard `go` (8 bits).
enum PostcopyFormat {
    static let resumeMagic = Array("APUSRSM\0".utf8)
    /// Runs in a section at most.
    private static let runs = 4096

    static func advice(_ token: UInt64) -> [UInt8] {
        var section = SectionWriter(.advise)
        section.add(token)
        return section.finish()
    }

    static func greeting(_ token: UInt64) -> [UInt8] {
        var section = SectionWriter(.resume)
        section.add(token)
        var start = resumeMagic
        start.append(StreamFormat.version)
        return start + section.finish()
    }

    /// Reads a greeting; the token.
    ///
    /// - Parameter receive: gives exactly so many bytes.
    static func takeGreeting(_ receive: @escaping (Int) throws(MigrationError) -> [UInt8]) throws(MigrationError) -> UInt64 {
        guard try receive(resumeMagic.count) == resumeMagic else { throw .damaged("a connection does not go on where another broke") }
        let version: UInt32 = try receive(4).number(at: 0) ?? 0
        guard version == StreamFormat.version else { throw .otherVersion(version, known: StreamFormat.version) }
        var reader = StreamReader(receive)
        var section = try reader.section()
        guard section.kind == .resume else { throw .damaged("a connection does not go on where another broke") }
        let token = try section.number(UInt64.self)
        try section.finish()
        return token
    }

    static func resumption(isReleased: Bool) -> [UInt8] {
        var section = SectionWriter(.resume)
        section.add(UInt8(isReleased ? 1 : 0))
        return section.finish()
    }

    static func request(_ number: Int, page: Int) -> [UInt8] {
        var section = SectionWriter(.request)
        section.add(UInt16(number))
        section.add(UInt32(page))
        return section.finish()
    }

    static func takeRequest(_ section: inout SectionReader, _ blocks: [RAMBlock]) throws(MigrationError) -> (number: Int, page: Int) {
        let (number, page) = (Int(try section.number(UInt16.self)), Int(try section.number(UInt32.self)))
        guard blocks.indices.contains(number), page < blocks[number].pages else { throw .damaged("there is no page \(page) of memory \(number)") }
        return (number, page)
    }

    /// Sections that say which pages are missing, for each memory at least one.
    static func missing(_ sets: [PageSet]) -> [[UInt8]] {
        var sections: [[UInt8]] = []
        for (number, set) in sets.enumerated() {
            var left = set
            var page = 0
            repeat {
                var section = SectionWriter(.missing)
                section.add(UInt16(number))
                for _ in 0..<runs {
                    guard let run = left.takeRun(from: page) else { break }
                    section.add(UInt32(run.lowerBound))
                    section.add(UInt32(run.count))
                    page = run.upperBound
                }
                sections.append(section.finish())
            } while !left.isEmpty
        }
        return sections
    }

    static func takeMissing(_ section: inout SectionReader, into sets: inout [PageSet], _ blocks: [RAMBlock]) throws(MigrationError) {
        let number = Int(try section.number(UInt16.self))
        guard blocks.indices.contains(number) else { throw .damaged("there is no memory \(number)") }
        while section.left > 0 {
            let (first, count) = (Int(try section.number(UInt32.self)), Int(try section.number(UInt32.self)))
            guard count > 0, first < blocks[number].pages, count <= blocks[number].pages - first else {
                throw .damaged("pages \(first) to \(first + count) do not lie in '\(blocks[number].name)'")
            }
            for page in first..<first + count { sets[number].insert(page) }
        }
    }
}

extension PageSet {
    /// Takes the first pages from `start` on that follow each other out of the set; nil if there are none.
    mutating func takeRun(from start: Int) -> Range<Int>? {
        guard let first = takeFirst(from: start) else { return nil }
        var end = first + 1
        while end < limit, contains(end) {
            remove(end)
            end += 1
        }
        return first..<end
    }
}
