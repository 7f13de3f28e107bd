/// A capability that Linux tells programs about: its bit in AT_HWCAP or AT_HWCAP2, and its name in /proc/cpuinfo
/// (arch/arm/include/uapi/asm/hwcap.h, arch/arm/kernel/setup.c).
struct ARMCapability {
    let bit: UInt64
    let isSecond: Bool
    let name: String
    /// All of these are there, and none of those.
    let needs: ARMFeatures
    let excludes: ARMFeatures

    private init(_ bit: UInt64, _ name: String, _ needs: ARMFeatures, second isSecond: Bool = false, without excludes: ARMFeatures = []) {
        self.bit = 1 << bit
        self.isSecond = isSecond
        self.name = name
        self.needs = needs
        self.excludes = excludes
    }

    private static let table: [ARMCapability] = [
        .init(0, "swp", .swap), .init(1, "half", []), .init(2, "thumb", []), .init(4, "fastmult", []), .init(6, "vfp", .vfp), .init(7, "edsp", []),
        .init(8, "java", .jazelle), .init(12, "neon", .neon), .init(13, "vfpv3", .vfp3),
        .init(14, "vfpv3d16", .vfp3, without: .doublewords32), .init(15, "tls", .v6k), .init(16, "vfpv4", .vfp4), .init(17, "idiva", .divideARM),
        .init(18, "idivt", .divideThumb), .init(19, "vfpd32", .doublewords32),
        // LPAE stands for atomic double-word accesses.
        .init(20, "lpae", .divideARM), .init(22, "fphp", .fp16), .init(23, "asimdhp", .fp16), .init(24, "asimddp", .dotprod),
        .init(0, "aes", .aes, second: true), .init(1, "pmull", .pmull, second: true), .init(2, "sha1", .sha1, second: true),
        .init(3, "sha2", .sha2, second: true), .init(4, "crc32", .crc32, second: true),
    ]

    static func those(of features: ARMFeatures) -> [ARMCapability] {
        table.filter { features.isSuperset(of: $0.needs) && ($0.excludes.isEmpty || features.isDisjoint(with: $0.excludes)) }
    }
}

extension ARMModel {
    /// AT_HWCAP and AT_HWCAP2.
    public var capabilities: (first: UInt64, second: UInt64) {
        ARMCapability.those(of: features).reduce(into: (0, 0)) { words, capability in
            if capability.isSecond { words.1 |= capability.bit } else { words.0 |= capability.bit }
        }
    }

    /// Names of the capabilities as /proc/cpuinfo lists them.
    public var capabilityNames: [String] { ARMCapability.those(of: features).map(\.name) }
}
