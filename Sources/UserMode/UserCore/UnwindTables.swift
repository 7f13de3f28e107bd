import CPUModel

/// How unwinders find their way out of the functions of an object whose addresses count from its start.
enum UnwindTables {
    /// Code, and what is saved where in it: nil for a function that leaves the stack pointer and the return address alone.
    struct Range {
        let start: Int, size: Int
        let rules: CallFrameRules?
    }

    // MARK: Call frames

    /// `.eh_frame` (Linux Standard Base, section 10.6.1) and where in it each range is described.
    static func callFrames(_ ranges: [Range], at base: Int, stackPointer: UInt8, returnAddress: UInt8, wordSize: Int) -> ([UInt8], [Int]) {
        var bytes = ObjectBytes(wordSize: wordSize)
        var places: [Int] = []
        for range in ranges {
            let common = bytes.count
            // The version, then zR (and S: what a signal has interrupted), factors 1 and -word, the column, and pointers relative to themselves in four bytes.
            let augmentation: [UInt8] = range.rules == nil ? [0x7a, 0x52, 0] : [0x7a, 0x52, 0x53, 0]
            let factors: [UInt8] = [1, UInt8(0x80 - wordSize), range.rules?.returnAddress ?? returnAddress]
            entry(&bytes, [0, 0, 0, 0, 1] + augmentation + factors + [1, 0x1b, 0x0c, stackPointer, 0])
            places.append(base + bytes.count)
            var body = ObjectBytes(wordSize: wordSize)
            let here = bytes.count + 4
            body.add(Int32(here - common), Int32(range.start - (base + here + 4)), Int32(range.size))
            body.add([0] + (range.rules?.bytes ?? []))
            entry(&bytes, body.bytes)
        }
        bytes.add(UInt32(0))
        return (bytes.bytes, places)
    }

    /// A length and so much, filled with DW_CFA_nop.
    private static func entry(_ bytes: inout ObjectBytes, _ body: [UInt8]) {
        let size = (body.count + 4 + bytes.wordSize - 1) & ~(bytes.wordSize - 1)
        bytes.add(UInt32(size - 4))
        bytes.add(body + [UInt8](repeating: 0, count: size - 4 - body.count))
    }

    /// `.eh_frame_hdr` (Linux Standard Base, section 10.6.2): addresses and where they are described, in order.
    static func index(_ ranges: [Range], _ places: [Int], frames: Int, at base: Int, wordSize: Int) -> [UInt8] {
        var bytes = ObjectBytes(wordSize: wordSize)
        // Version 1; then relative to itself, an unsigned count, relative to this table: each in four bytes.
        bytes.add([1, 0x1b, 0x03, 0x3b])
        bytes.add(Int32(frames - (base + 4)), Int32(ranges.count))
        for (range, place) in zip(ranges, places).sorted(by: { $0.0.start < $1.0.start }) {
            bytes.add(Int32(range.start - base), Int32(place - base))
        }
        return bytes.bytes
    }

    // MARK: Arm's exception index

    /// `.ARM.exidx` (Exception Handling ABI for the Arm Architecture, section 6): each function is described in place by "finish"; behind the last
    /// nothing can be unwound.
    static func exceptionIndex(_ ranges: [Range], end: Int, at base: Int) -> [UInt8] {
        var bytes = ObjectBytes(wordSize: 4)
        for range in ranges { bytes.add(relative(range.start, base + bytes.count), 0x80b0_b0b0) }
        bytes.add(relative(end, base + bytes.count), 1)
        return bytes.bytes
    }

    /// The difference of two addresses in 31 bits.
    private static func relative(_ target: Int, _ place: Int) -> UInt32 { UInt32(truncatingIfNeeded: target - place) & 0x7fff_ffff }
}
