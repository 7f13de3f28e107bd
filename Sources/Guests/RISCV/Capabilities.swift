import CPUModel

/// What Linux tells programs of a hart: `/proc/cpuinfo` and riscv_hwprobe.
extension RISCVModel {
    /// Linux, arch/riscv/kernel/cpu.c.
    func processorInformation(count: Int) -> String {
        // A program's addresses have 47 bits whatever the model has, and OpenJDK 25 refuses to start where more are told.
        let addressBits = min(maxAddressBits, 48)
        let rest = [
            "isa\t\t: \(isaString)", "mmu\t\t: sv\(addressBits)", "uarch\t\t: apus", "mvendorid\t: 0x" + String(vendorID, radix: 16),
            "marchid\t\t: 0x" + String(architectureID, radix: 16), "mimpid\t\t: 0x" + String(implementationID, radix: 16),
            "hart isa\t: \(isaString)",
        ]
        return (0..<count).map { (["processor\t: \($0)", "hart\t\t: \($0)"] + rest).joined(separator: "\n") + "\n\n" }.joined()
    }

    /// The value of a key (Linux 6.12, arch/riscv/include/uapi/asm/hwprobe.h).
    func hardwareProbe(_ key: Int64) -> HardwareProbe? {
        switch key {
        case 0: .value(vendorID)
        case 1: .value(architectureID)
        case 2: .value(implementationID)
        case 3: .bits(extensions.isSuperset(of: [.i, .m, .a]) ? 1 : 0)
        case 4: .bits(probedExtensions)
        // Misaligned scalar accesses are as fast as others (once as bits, once as a value).
        case 5: .bits(3)
        case 9: .value(3)
        // Bytes of the block that cbo.zero clears.
        case 6: .value(extensions.contains(.zicboz) ? 64 : 0)
        case 7: .highestAddress
        case 8: .value(RISCVModel.timeFrequency)
        default: nil
        }
    }

    /// Ticks of the time register in a second, for programs.
    static let timeFrequency: UInt64 = 10_000_000

    /// RISCV_HWPROBE_KEY_IMA_EXT_0. Zihintpause is in every hart; Zca and Zcd are parts of C.
    private var probedExtensions: UInt64 {
        let rows: [(Extensions, UInt64)] = [
            ([.f, .d], 0), (.c, 1), (.zba, 3), (.zbb, 4), (.zbs, 5), (.zicboz, 6), (.zbc, 7), (.zfh, 27), (.zfhmin, 28), (.zacas, 34),
            (.zicond, 35), ([], 36), (.c, 43), (.zcb, 44), ([.c, .d], 45), (.zawrs, 48),
        ]
        return rows.reduce(0) { extensions.isSuperset(of: $1.0) ? $0 | 1 << $1.1 : $0 }
    }
}
