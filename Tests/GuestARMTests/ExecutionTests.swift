import GuestARM
import Testing

/// Programs whose outcome is known.
@Suite struct ExecutionTests {
    private func image(_ words: [UInt32]) -> [UInt8] { words.flatMap { littleEndianBytes($0) } }

    /// A32 and T32 calling each other, a table branch, literals, IT blocks with pushes and pops, flags of shifts, conditional calls, VFP with conditions, NEON. The sum that it
    /// makes in R0 is what qemu-arm makes.
    @Test(arguments: ElementEngine.allCases) func bothSetsWorkTogether(_ engine: ElementEngine) throws {
        let program: [UInt32] = [
            0xe3a0_0001, 0xe59f_d0c4, 0xe28f_1001, 0xe12f_ff11, 0xf000_3002, 0xf000_f81b, 0x2201_e81e, 0xf002_e8df, 0x0605_0402, 0x3040_3064,
            0x301c_f8df, 0x2305_4418, 0xbf06_2b05, 0xb509_3001, 0x2b06_3007, 0xbd01_bf0c, 0x4c24_3001, 0xbf00_4720, 0x0000_1000, 0x3010_b510,
            0xbf00_bd10, 0xe92d_4010, 0xe280_0020, 0xe8bd_8010, 0xe3b0_1102, 0xe1b0_1081, 0x02a0_0000, 0xe3a0_2021, 0xe1b0_1230, 0xe2a0_0000,
            0xe270_1000, 0x4280_0002, 0xe3e0_1000, 0xe083_2191, 0xe373_0002, 0x0bff_fff0, 0xeeb0_0b08, 0xeeb7_2a08, 0xeeb7_1ac2, 0xee20_0b01,
            0xeeb4_0b41, 0xeef1_fa10, 0xcebd_3bc0, 0xce13_1a10, 0xc080_0001, 0xeea4_1b10, 0xf224_6844, 0xee37_1b10, 0xe080_0001, 0xe1a0_5000,
            0xe3a0_7001, 0xef00_0000, 0x0040_4100, 0x0040_0060,
        ]
        let run = try ARMImage.run(image(program), engine)
        #expect(run.passed.isEmpty)
        #expect(run.cpu.register(5) == 0x1064)
        #expect(run.cpu.register(1) == 8 && run.cpu.register(2) == 1 && run.cpu.register(3) == 0xffff_fffe)
    }

    /// movs r2, #0; movs r3, #0; itet eq; ldreq r0, [r1]; movne r2, #1; addeq r3, #1; movs r0, #3; cmp r3, #9; ite ne; ldrdne r4, r5, [r1, #4];
    /// moveq r3, #7; svc #1; bkpt #0; udf #0.
    @Test(arguments: ElementEngine.allCases) func exceptionsInIfThenBlocksAreExact(_ engine: ElementEngine) throws {
        let program: [UInt32] = [
            0xe3a0_120f, 0xe28f_2001, 0xe12f_ff12, 0x2300_2200, 0x6808_bf0a, 0x3301_2201, 0x2b09_2003, 0xe9d1_bf14, 0x2307_4501, 0xbe00_df01,
            0x2701_de00, 0xbf00_df00,
        ]
        let run = try ARMImage.run(image(program), engine)
        #expect(run.passed.map(\.kind) == [.dataAbort, .dataAbort, .supervisorCall, .breakpoint, .undefined])
        #expect(run.passed.map(\.it) == [0x0a, 0x14, 0, 0, 0])
        #expect(run.passed.map(\.address).prefix(2) == [0xf000_0000, 0xf000_0004])
        #expect(run.cpu.register(2) == 0 && run.cpu.register(3) == 1 && run.cpu.register(0) == 3)
    }
}
