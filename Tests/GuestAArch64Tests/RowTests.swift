import Decoding
import GuestAArch64
import Testing

@Suite struct RowTests {
    @Test func noTwoRowsClaimTheSameBits() {
        for (first, second) in AArch64InstructionSet.ambiguities() { Issue.record("\(first.mnemonic) and \(second.mnemonic)") }
        #expect(AArch64InstructionSet.rows.count > 300)
    }

    @Test func everyRowDecodesToItself() throws {
        let model = try AArch64Model("max")
        var state: UInt32 = 1
        for row in AArch64InstructionSet.rows {
            var names: Set<String> = []
            for _ in 0..<50 {
                state = state &* 1_664_525 &+ 1_013_904_223
                names.insert(AArch64InstructionSet.row(of: row.encode(operands: state ^ state >> 16), model: model)?.mnemonic ?? "nothing")
            }
            #expect(names.contains(row.mnemonic), "\(row.mnemonic) decodes to \(names)")
        }
    }

    @Test func featuresAreSwitchedByName() throws {
        let ldadd: UInt32 = 0xb820_0020
        #expect(AArch64InstructionSet.row(of: ldadd, model: try AArch64Model("cortex-a72")) == nil)
        #expect(AArch64InstructionSet.row(of: ldadd, model: try AArch64Model("max"))?.mnemonic == "ldadd")
        #expect(throws: AArch64ModelError.self) { try AArch64Model("max,sve=on") }
        #expect(throws: AArch64ModelError.self) { try AArch64Model("cortex-a99") }
        #expect(throws: AArch64ModelError.self) { try AArch64Model("max,lse=off") }
        #expect(throws: AArch64ModelError.self) { try AArch64Model("max,pauth-impdef=off") }
        #expect(throws: Never.self) { try AArch64Model("max,pauth=off,rndr=no") }
    }
}
