import Decoding
import GuestRISCV
import Testing

@Suite struct RowTests {
    @Test func noTwoRowsClaimTheSameBits() {
        for (first, second) in RISCVInstructionSet.ambiguities() { Issue.record("\(first.mnemonic) and \(second.mnemonic)") }
        #expect(RISCVInstructionSet.rows.count > 300)
    }

    @Test func everyRowDecodesToItself() throws {
        let models = [try RISCVModel("max", rv64: true), try RISCVModel("max", rv64: false)]
        var state: UInt32 = 1
        for row in RISCVInstructionSet.rows {
            guard let model = models.first(where: { row.features & ~$0.extensions.rawValue == 0 }) else {
                Issue.record("no model has \(row.mnemonic)")
                continue
            }
            var names: Set<String> = []
            for _ in 0..<50 {
                state = state &* 1_664_525 &+ 1_013_904_223
                names.insert(RISCVInstructionSet.mnemonic(of: row.encode(operands: state ^ state >> 16), model: model) ?? "nothing")
            }
            #expect(names.contains(row.mnemonic), "\(row.mnemonic) decodes to \(names)")
        }
    }

    @Test func extensionsAreSwitchedByName() throws {
        let plain = try RISCVModel("rv64,zba=off", rv64: true)
        #expect(RISCVInstructionSet.mnemonic(of: 0x2073_a333, model: plain) == nil)
        #expect(RISCVInstructionSet.mnemonic(of: 0x2073_a333, model: try RISCVModel("rv64", rv64: true)) == "sh1add")
        #expect(throws: RISCVModelError.self) { try RISCVModel("rv64,zbq=on", rv64: true) }
        #expect(throws: RISCVModelError.self) { try RISCVModel("rv64,h=on", rv64: true) }
        let said = try RISCVModel("rv64,h=off,v=false,g=on,i=on,Zifencei=true,Counters=on", rv64: true)
        #expect(try said.isaString == RISCVModel("rv64", rv64: true).isaString)
        #expect(throws: RISCVModelError.self) { try RISCVModel("rv65", rv64: true) }
        #expect(throws: RISCVModelError.self) { try RISCVModel("rv64,f=off", rv64: true) }
        do { _ = try RISCVModel("rv64,zbc1=on", rv64: true) } catch { #expect(error.description.contains("zbc")) }
    }
}
