import IR
import RandomIR
import Regions
import Testing

/// Regions in their text form, before and after the passes.
@Suite struct RegionTests {
    /// The region of a loop, x0's word added up until it is not less than x2.
    private func region(_ body: String, carried: Set<Int64> = []) throws -> Region {
        let block = try Parser.parse("block 0x1000\nL0:\ninsn 0x1000\n\(body)\ngoto 0x2000", layout: TestGuest.layout, helpers: TestGuest.helpers)
        let region = RegionBuilder.build(block, TestGuest.layout, carried: carried)
        return try #require(region)
    }

    private func lines(_ region: Region) -> [String] {
        region.description.split(separator: "\n").map { line in String(line.drop { $0 == " " }) }
    }

    private static let counting = """
        %a = read.i64 x0
        %w = trunc.i32 %a
        %one = const.i32 1
        %b = add.i32 %w, %one
        %c = sext.i64 %b
        write.i64 x0, %c
        insn 0x1004
        %e = read.i64 x2
        br.cmp.ltS %c, %e, L0
        """

    @Test func blocksHavePhisWhereWaysMeet() throws {
        let region = try region(RegionTests.counting)
        // The entry, the loop, the way back, the way out.
        #expect(region.blocks.count == 4)
        #expect(region.blocks[1].isHead && region.blocks[1].depth == 1 && region.blocks[1].predecessors == [0, 2])
        #expect(region.blocks[1].phis.count == 2, "x0 changes; that x2 does not is found out later")
        #expect(region.blocks[3].successors.isEmpty)
    }

    /// The counter is a word from round to round, and so is what it is compared with; both are checked where the region is entered.
    @Test func wordsStayWords() throws {
        let region = try region(RegionTests.counting)
        let checks = RegionOptimizer.run(region, assumes: true)
        #expect(checks.count == 2)
        #expect(region.blocks[1].phis.map { region.nodes[Int($0)].op.type } == [.i32])
        #expect(lines(region).contains { $0.hasPrefix("%") && $0.contains("br.cmp") && $0.hasSuffix("width 32") })
    }

    @Test func nothingIsAssumedWhereThatIsForbidden() throws {
        let region = try region(RegionTests.counting)
        #expect(RegionOptimizer.run(region, assumes: false).isEmpty)
        #expect(region.blocks[1].phis.map { region.nodes[Int($0)].op.type } == [.i64])
    }

    /// x1 holds what was loaded until the next round loads again. Nobody uses it, so it is written before the store, which may fault.
    private static let copying = """
        %p = read.i64 x0
        %v = load.i64 [%p], u8 le
        write.i64 x1, %v
        insn 0x1004
        %q = read.i64 x2
        store.i64 [%q], %v, u8 le
        insn 0x1008
        %eight = const.i64 8
        %n = add.i64 %p, %eight
        write.i64 x0, %n
        insn 0x100c
        %m = add.i64 %q, %eight
        write.i64 x2, %m
        insn 0x1010
        %e = read.i64 x3
        br.cmp.ne %n, %e, L0
        """

    private func written(_ region: Region) -> [Int64] {
        _ = RegionOptimizer.run(region, assumes: true)
        return Recovery(region).writes.values.map(\.field.offset).sorted()
    }

    @Test func stateIsWrittenWhereItsValueMayBeGone() throws {
        #expect(written(try region(RegionTests.copying)) == [Int64(TestGuest.offset("x1"))], "the pointers are at hand")
    }

    @Test func carriedFieldsAreNotWritten() throws {
        #expect(written(try region(RegionTests.copying, carried: [Int64(TestGuest.offset("x1"))])) == [])
    }

    /// At the store x1 is made from the pointer by whoever looks.
    @Test func carriedFieldsThatCanBeWorkedOutAreNotComputed() throws {
        let made = RegionTests.copying.replacing("insn 0x1004", with: "insn 0x1004\n%c = not.i64 %p\nwrite.i64 x1, %c")
            .replacing("insn 0x1008", with: "insn 0x1008\nwrite.i64 x1, %q")
        let region = try region(made, carried: [Int64(TestGuest.offset("x1"))])
        #expect(written(region) == [])
        let complement = try #require(region.nodes.firstIndex { $0.op.opcode == .not })
        #expect(!Recovery(region).liveness.isUsed(Int32(complement)))
    }

    /// The sum is stored with its sign behind the loop, which adds up words.
    @Test func extensionsOfWhatALoopLeavesAreMadeBehindIt() throws {
        let region = try region(
            RegionTests.counting + """

                insn 0x1008
                %d = read.i64 x0
                %q = read.i64 x3
                store.i64 [%q], %d, u8 le
                insn 0x100c
                """)
        _ = RegionOptimizer.run(region, assumes: true)
        let liveness = Recovery(region).liveness
        let extensions = region.blocks.filter { $0.body.contains { liveness.isUsed($0) && region.nodes[Int($0)].op.opcode == .sext } }
        #expect(extensions.map(\.depth) == [0])
    }

    @Test func operationsThatRegionsDoNotKnowMakeNone() throws {
        let block = try Parser.parse(
            "block 0x1000\nL0:\ninsn 0x1000\n%a = read.f64 d0\nwrite.f64 d1, %a\nbr L0", layout: TestGuest.layout, helpers: TestGuest.helpers)
        let region = RegionBuilder.build(block, TestGuest.layout)
        #expect(region === nil)
    }
}
