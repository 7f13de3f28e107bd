/// What a core says it is: the values of its technical reference manual.
struct CoreIdentification: Sendable {
    let ctr: UInt32
    let sctlr: UInt64
    /// FPSID, MVFR0, MVFR1, MVFR2.
    let float: [UInt32]
    /// ID_PFR0, ID_PFR1, ID_DFR0, ID_AFR0, ID_MMFR0 to 3.
    let features: [UInt32]
    /// ID_ISAR0 to 5.
    let instructions: [UInt32]
    /// CLIDR, and CCSIDR by CSSELR.
    let clidr: UInt32
    let ccsidr: [UInt32]

    /// ID_PFR0 says that there is no ThumbEE. Debug is not there: ID_DFR0 names no architecture of it, and of the performance monitors version 2.
    private static let monitors: UInt32 = 0x0200_0000

    private static let a15 = CoreIdentification(
        ctr: 0x8444_c004, sctlr: 0x00c5_0078, float: [0x4104_30f0, 0x1011_0222, 0x1111_1111, 0],
        features: [0x0131, 0x0001_1011, monitors, 0, 0x1020_1105, 0x2000_0000, 0x0124_0000, 0x0210_2211],
        instructions: [0x0210_1110, 0x1311_2111, 0x2123_2041, 0x1111_2131, 0x1001_1142, 0], clidr: 0x0a20_0023,
        ccsidr: [0x701f_e00a, 0x201f_e00a, 0x711f_e07a])

    private static let a7 = CoreIdentification(
        ctr: 0x8444_8003, sctlr: 0x00c5_0078, float: [0x4102_3075, 0x1011_0222, 0x1111_1111, 0],
        features: [0x0131, 0x0001_1011, monitors, 0, 0x1010_1105, 0x4000_0000, 0x0124_0000, 0x0210_2211],
        instructions: [0x0210_1110, 0x1311_2111, 0x2123_2041, 0x1111_2131, 0x1001_1142, 0], clidr: 0x0a20_0023,
        ccsidr: [0x701f_e00a, 0x201f_e00a, 0x711f_e07a])

    private static let a9 = CoreIdentification(
        ctr: 0x8003_8003, sctlr: 0x00c5_0078, float: [0x4103_3090, 0x1111_0222, 0x0111_1111, 0],
        features: [0x0031, 0x11, 0, 0, 0x0010_0103, 0x2000_0000, 0x0123_0000, 0x2111],
        instructions: [0x0010_1111, 0x1311_2111, 0x2123_2041, 0x1111_2131, 0x0011_1142, 0], clidr: 0x0900_0003,
        ccsidr: [0xe00f_e019, 0x200f_e019])

    private static let a8 = CoreIdentification(
        ctr: 0x8204_8004, sctlr: 0x00c5_0078, float: [0x4103_30c0, 0x1111_0222, 0x0001_1111, 0],
        features: [0x0031, 0x11, 0, 0, 0x3110_0003, 0x2000_0000, 0x0120_2000, 0x11],
        instructions: [0x0010_1111, 0x1211_2111, 0x2123_2031, 0x1111_2131, 0x0011_1142, 0], clidr: 0x0a00_0023,
        ccsidr: [0xe007_e01a, 0x2007_e01a, 0xf000_0000])

    private static let arm1136 = CoreIdentification(
        ctr: 0x01dd_20d2, sctlr: 0x0005_0078, float: [0x4101_20b4, 0x1111_1111, 0, 0],
        features: [0x111, 0x1, 0, 0, 0x0113_0003, 0x1003_0302, 0x0122_2110, 0],
        instructions: [0x0014_0011, 0x1200_2111, 0x1123_1111, 0x0110_2131, 0x141, 0], clidr: 0, ccsidr: [])

    private static let arm1176 = CoreIdentification(
        ctr: 0x01dd_20d2, sctlr: 0x0005_0078, float: [0x4101_20b5, 0x1111_1111, 0, 0],
        features: [0x111, 0x11, 0, 0, 0x0113_0003, 0x1003_0302, 0x0122_2100, 0],
        instructions: [0x0014_0011, 0x1200_2111, 0x1123_1121, 0x0110_2131, 0x1141, 0], clidr: 0, ccsidr: [])

    private static let arm926 = CoreIdentification(
        ctr: 0x01dd_20d2, sctlr: 0x0009_0078, float: [0x4101_1090, 0, 0, 0], features: [], instructions: [], clidr: 0, ccsidr: [])

    /// The most that there is: Armv8's instructions beside a Cortex-A15's.
    static let max = CoreIdentification(
        ctr: 0x8444_c004, sctlr: 0x00c5_0078, float: [0x4103_4070, 0x1011_0222, 0x1211_1111, 0x43],
        features: [0x131, 0x0001_1011, monitors, 0, 0x1020_1105, 0x4000_0000, 0x0126_0000, 0x0210_2211],
        instructions: [0x0210_1110, 0x1311_2111, 0x2123_2042, 0x0111_2131, 0x0001_1142, 0x0101_1121], clidr: 0x0a20_0023,
        ccsidr: [0x701f_e00a, 0x201f_e012, 0x70ff_e07a])

    static let byName: [String: CoreIdentification] = [
        "arm926": arm926, "arm1136": arm1136, "arm1176": arm1176, "cortex-a7": a7, "cortex-a8": a8, "cortex-a9": a9, "cortex-a15": a15, "max": max,
    ]
}

extension ARMModel {
    var identification: CoreIdentification { CoreIdentification.byName[name] ?? .max }

    /// The register of identification in a place with CRn = 0 and op1 = 0, on an element of a machine.
    func identification(crm: Int, op2: Int, in system: ARMSystem) -> UInt64 {
        switch (crm, op2) {
        case (0, 1): UInt64(identification.ctr)
        // TCMTR and TLBTR: no tightly coupled memories, one TLB for instructions and data.
        case (0, 2), (0, 3): 0
        case (0, 5) where features.contains(.multiprocessing): 1 << 31 | (system.isUniprocessor ? 1 << 30 : 0) | system.affinity
        case (0, 6) where features.contains(.v7): 0
        case (0, _): UInt64(midr)
        case (1, _): UInt64(list(identification.features, op2)) & ~(op2 == 1 ? ARMModel.absentLevels : 0)
        case (2, 0...5): UInt64(list(identification.instructions, op2))
        default: 0
        }
    }

    /// ID_PFR1's fields of the security and virtualization extensions: there is neither secure state nor hyp mode.
    private static let absentLevels: UInt64 = 0xf0f0

    private func list(_ values: [UInt32], _ index: Int) -> UInt32 { index < values.count ? values[index] : 0 }
}
