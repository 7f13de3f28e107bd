import GuestAArch64
import AddressSpace
import Testing

@Suite struct DisassemblerTests {
    private static let samples: [(UInt32, String)] = [
        (0x9100_1020, "add\tx0, x1, #0x4"), (0x8b02_0020, "add\tx0, x1, x2, #0x0"), (0x5400_004b, "b.lt\t0x1008"),
        (0x3940_0c41, "ldrb\tw1, [x2, #3]"),
        (0xf85f_8fe0, "ldr\tx0, [sp, #-8]"), (0x1a82_b020, "csel\tw0, w1, w2, lt"), (0x4e62_8420, "add\tv0, v1, v2"), (0xd65f_03c0, "ret\tx30"),
        (0x0000_0001, "udf\t#0x1"), (0xffff_ffff, ".inst 0xffffffff"),
    ]

    @Test func instructionsReadAsTheManualWritesThem() throws {
        let cpu = try ElementImage.makeCPU("max", AddressSpace("memory", root: .container("system", size: .max)))
        for (bits, text) in DisassemblerTests.samples {
            let bytes = (0..<4).map { UInt8(truncatingIfNeeded: bits >> UInt32(8 * $0)) }
            let line = cpu.disassemble(0x1000, bytes)
            #expect(line.text == text && line.length == 4)
        }
    }
}
