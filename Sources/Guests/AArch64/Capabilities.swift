/// What Linux tells programs of an element: AT_HWCAP, AT_HWCAP2 and `/proc/cpuinfo`.
struct Capability {
    let features: Features
    /// 0 to 63 in AT_HWCAP, from 64 on in AT_HWCAP2.
    let bit: Int
    /// The word in `/proc/cpuinfo`.
    let name: String

    init(_ features: Features, _ bit: Int, _ name: String) {
        self.features = features
        self.bit = bit
        self.name = name
    }

    /// Linux, arch/arm64/include/uapi/asm/hwcap.h, Documentation/arch/arm64/elf_hwcaps.rst.
    static let all: [Capability] = [
        // FP and AdvSIMD are in every element, and ID registers are emulated.
        .init([], 0, "fp"), .init([], 1, "asimd"), .init(.aes, 3, "aes"), .init(.pmull, 4, "pmull"), .init(.sha1, 5, "sha1"),
        .init(.sha256, 6, "sha2"), .init(.crc32, 7, "crc32"), .init(.lse, 8, "atomics"), .init(.fp16, 9, "fphp"), .init(.fp16, 10, "asimdhp"),
        .init([], 11, "cpuid"), .init(.rdm, 12, "asimdrdm"), .init(.jscvt, 13, "jscvt"), .init(.fcma, 14, "fcma"), .init(.lrcpc, 15, "lrcpc"),
        .init(.dpb, 16, "dcpop"), .init(.sha3, 17, "sha3"), .init(.sm3, 18, "sm3"), .init(.sm4, 19, "sm4"), .init(.dotprod, 20, "asimddp"),
        .init(.sha512, 21, "sha512"), .init(.fhm, 23, "asimdfhm"), .init(.dit, 24, "dit"), .init(.lse2, 25, "uscat"),
        .init(.lrcpc2, 26, "ilrcpc"), .init(.flagm, 27, "flagm"), .init(.ssbs, 28, "ssbs"), .init(.sb, 29, "sb"), .init(.pauth, 30, "paca"),
        .init(.pauth, 31, "pacg"), .init(.dpb2, 64, "dcpodp"), .init(.flagm2, 71, "flagm2"), .init(.frintts, 72, "frint"),
        .init(.i8mm, 77, "i8mm"), .init(.bf16, 78, "bf16"), .init(.rng, 80, "rng"), .init(.bti, 81, "bti"),
    ]

    static func those(of features: Features) -> [Capability] { all.filter { features.isSuperset(of: $0.features) } }
}

/// AT_HWCAP and AT_HWCAP2 of a Linux program.
public func hwcaps(_ features: Features) -> (hwcap: UInt64, hwcap2: UInt64) {
    let there = Capability.those(of: features)
    func word(_ first: Int) -> UInt64 { there.reduce(0) { $1.bit / 64 == first / 64 ? $0 | 1 << UInt64($1.bit - first) : $0 } }
    return (word(0), word(64))
}

extension AArch64Model {
    /// `/proc/cpuinfo` (Linux, arch/arm64/kernel/cpuinfo.c): BogoMIPS are two for each tick of the counter, in millions.
    func processorInformation(count: Int) -> String {
        let loops = AArch64CPU.counterFrequency / 5000
        let fraction = loops % 100 < 10 ? "0\(loops % 100)" : "\(loops % 100)"
        func hexadecimal(_ shift: UInt64, _ mask: UInt64) -> String { "0x" + String(midr >> shift & mask, radix: 16) }
        func part() -> String { String(repeating: "0", count: max(0, 5 - hexadecimal(4, 0xfff).count)) }
        let implementer = String(midr >> 24 & 0xff, radix: 16)
        let rest = [
            "BogoMIPS\t: \(loops / 100).\(fraction)", "Features\t: " + Capability.those(of: features).map(\.name).joined(separator: " "),
            "CPU implementer\t: 0x" + (implementer.count < 2 ? "0" : "") + implementer, "CPU architecture: 8",
            "CPU variant\t: " + hexadecimal(20, 15), "CPU part\t: 0x" + part() + hexadecimal(4, 0xfff).dropFirst(2),
            "CPU revision\t: \(midr & 15)",
        ]
        return (0..<count).map { (["processor\t: \($0)"] + rest).joined(separator: "\n") + "\n\n" }.joined()
    }
}
