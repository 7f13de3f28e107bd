import Snapshot
import Testing

private struct Inner: SnapshotState, Equatable {
    var number: UInt16 = 0
    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) { visitor.field("number", &number) }
}

private struct Everything: SnapshotState, Equatable {
    var flag = false
    var small: UInt8 = 0
    var negative: Int64 = 0
    var wide: UInt64 = 0
    var list: [UInt32] = []
    var table = [UInt8](repeating: 0, count: 3)
    var flags = [false, false]
    var time: Int64?
    var inner = Inner()
    var maybe: Inner?
    var many: [Inner] = []

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("flag", &flag)
        visitor.field("small", &small)
        visitor.field("negative", &negative)
        visitor.field("wide", &wide)
        visitor.field("list", &list)
        visitor.table("table", &table)
        visitor.table("flags", &flags)
        visitor.field("time", &time)
        visitor.part("inner", &inner)
        visitor.part("maybe", &maybe, empty: Inner())
        visitor.parts("many", &many, empty: Inner(), limit: 4)
        visitor.check("small is not 99", small != 99)
    }

    static var sample: Everything {
        Everything(
            flag: true, small: 7, negative: -5, wide: .max, list: [1, .max], table: [1, 2, 3], flags: [false, true], time: -1,
            inner: Inner(number: 4), maybe: Inner(number: 5), many: [Inner(number: 6), Inner(number: 7)])
    }
}

@Suite struct SnapshotTests {
    private func written(_ state: Everything) -> [UInt8] {
        var (copy, writer) = (state, SnapshotWriter())
        copy.visit(&writer)
        return writer.bytes
    }

    private func read(_ bytes: [UInt8]) throws(SnapshotError) -> Everything {
        var (state, reader) = (Everything(), try SnapshotReader(bytes))
        state.visit(&reader)
        try reader.finish()
        return state
    }

    @Test func everythingComesBack() throws {
        for state in [Everything(), .sample] { #expect(try read(written(state)) == state) }
    }

    @Test func rulesAreChecked() {
        var state = Everything.sample
        state.small = 99
        #expect(throws: SnapshotError.broken(rule: "small is not 99")) { try read(written(state)) }
        state.small = 0
        state.table = [1]
        #expect(throws: SnapshotError.self) { try read(written(state)) }
        state = .sample
        state.many = [Inner](repeating: Inner(), count: 5)
        #expect(throws: SnapshotError.self) { try read(written(state)) }
    }

    @Test func fieldsMustBeThereAndOfTheirType() {
        var writer = SnapshotWriter()
        var state = Inner()
        state.visit(&writer)
        #expect(throws: SnapshotError.missing("flag")) { try read(writer.bytes) }
        var other = SnapshotWriter()
        var number: UInt32 = 1
        other.field("number", &number)
        #expect(throws: SnapshotError.wrongType("number")) {
            var reader = try SnapshotReader(other.bytes)
            state.visit(&reader)
            try reader.finish()
        }
        #expect(throws: SnapshotError.leftOver("more")) {
            var more = writer
            more.field("more", &number)
            var reader = try SnapshotReader(more.bytes)
            state.visit(&reader)
            try reader.finish()
        }
        #expect(throws: SnapshotError.notASnapshot) { try SnapshotReader([1, 2, 3]) }
        #expect(throws: SnapshotError.newer(version: 9, known: 1)) { try SnapshotReader(Array("APUS".utf8) + [9]) }
    }

    /// However a snapshot is damaged, reading it ends in an error or in a state that keeps the rules.
    @Test func damageDoesNoHarm() {
        let bytes = written(.sample)
        for length in 0..<bytes.count { #expect(throws: SnapshotError.self) { try read(Array(bytes.prefix(length))) } }
        for place in bytes.indices {
            for change in [1, 0x80, 0xff] as [UInt8] {
                var copy = bytes
                copy[place] ^= change
                if let state = try? read(copy) { #expect(state.small != 99 && state.many.count <= 4 && state.table.count == 3) }
            }
        }
    }
}
