import Decoding
import GuestARM
import Testing

@Suite struct RowTests {
    @Test func noTwoRowsClaimTheSameBits() {
        for (first, second) in ARMInstructionSet.ambiguities() {
            Issue.record("\(first.mnemonic) \(first.pattern) and \(second.mnemonic) \(second.pattern)")
        }
        #expect(ARMInstructionSet.a32.rows.count > 500)
    }

    @Test(arguments: ARMInstructionSet.allCases) func everyRowDecodesToItself(_ set: ARMInstructionSet) throws {
        // v8 has no more what v5 and v6 had.
        let models = try ["max", "cortex-a8"].map { try ARMModel($0) }
        var state: UInt32 = 1
        for row in set.rows {
            var names: Set<String> = []
            for round in 0..<100 {
                state = state &* 1_664_525 &+ 1_013_904_223
                var bits = row.encode(operands: state ^ state >> 16)
                if row.pattern.hasPrefix("cccc") { bits = bits & 0x0fff_ffff | 14 << 28 }
                names.insert(set.row(of: bits, model: models[round & 1])?.pattern ?? "nothing")
            }
            #expect(names.contains(row.pattern), "\(row.mnemonic) decodes to \(names)")
        }
    }

    @Test func coresDifferInWhatTheyHave() throws {
        let divide: UInt32 = 0xe710_f011, swap: UInt32 = 0xe100_0090, add: UInt32 = 0xf200_0840
        func name(_ bits: UInt32, _ model: String) throws -> String? { ARMInstructionSet.a32.row(of: bits, model: try ARMModel(model))?.mnemonic }
        #expect(try name(divide, "cortex-a9") == nil)
        #expect(try name(divide, "cortex-a15") == "sdiv")
        #expect(try name(swap, "arm926") == "swp")
        #expect(try name(swap, "max") == nil)
        #expect(try name(add, "arm1176") == nil)
        #expect(try name(add, "cortex-a8") == "vadd")
        #expect(throws: ARMModelError.self) { try ARMModel("cortex-a99") }
        #expect(throws: ARMModelError.self) { try ARMModel("max,neon=off") }
    }
}
