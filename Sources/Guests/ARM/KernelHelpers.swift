import CPUModel

/// The page of code that the kernel gives every program (Linux, Documentation/arch/arm/kernel_user_helpers.rst): what differs between processors and
/// programs for any of them need. It is guest code like other code.
struct KernelHelpers {
    static let address: UInt64 = 0xffff_0000

    /// Where each helper begins, from the page's start, and the word that counts them.
    private enum Place { static let compareExchange64 = 0xf60, barrier = 0xfa0, compareExchange = 0xfc0, threadPointer = 0xfe0, version = 0xffc }

    private let features: ARMFeatures

    init(_ features: ARMFeatures) { self.features = features }

    /// bx lr.
    private static let back: UInt32 = 0xe12f_ff1e

    /// dmb ish, or what did the same before it, or nothing on processors that are alone.
    private var barrier: UInt32 { features.contains(.v7) ? 0xf57f_f05b : features.contains(.v6) ? 0xee07_0fba : 0xe1a0_0000 }

    var page: KernelPage {
        var bytes = [UInt8](repeating: 0, count: 4096)
        func put(_ words: [UInt32], at place: Int) { for (index, word) in words.enumerated() { bytes.put(word, at: place + 4 * index) } }
        put([barrier, KernelHelpers.back], at: Place.barrier)
        put(features.contains(.v6) ? exclusive : called, at: Place.compareExchange)
        put(features.contains(.v6k) ? [0xee1d_0f70, KernelHelpers.back] : asked, at: Place.threadPointer)
        if features.contains(.v6k) { put(exclusive64, at: Place.compareExchange64) }
        put([features.contains(.v6k) ? 5 : 3], at: Place.version)
        return KernelPage(name: "[vectors]", address: KernelHelpers.address, bytes: bytes)
    }

    /// r0 is compared with the word at r2, r1 takes its place: dmb; 1: ldrex r3, [r2]; subs r3, r3, r0; strexeq r3, r1, [r2]; teqeq r3, #1; beq 1b;
    /// rsbs r0, r3, #0; b to the barrier, which returns.
    private var exclusive: [UInt32] {
        [barrier, 0xe192_3f9f, 0xe053_3000, 0x0182_3f91, 0x0333_0001, 0x0aff_fffa, 0xe273_0000, 0xeaff_ffef]
    }

    /// Without exclusive accesses: push {r7, lr}; ldr r7, [pc, #8]; svc #0; rsbs r0, r0, #0; pop {r7, pc}; the number of a private call.
    private var called: [UInt32] { [0xe92d_4080, 0xe59f_7008, 0xef00_0000, 0xe270_0000, 0xe8bd_8080, 0x00f0_fff0] }

    /// Without a register for it: push {r7, lr}; ldr r7, [pc, #4]; svc #0; pop {r7, pc}; the number of get_tls.
    private var asked: [UInt32] { [0xe92d_4080, 0xe59f_7004, 0xef00_0000, 0xe8bd_8080, 0x000f_0006] }

    /// The doublewords at r0, r1 and r2: push {r4-r7}; ldrd r4, [r0]; ldrd r6, [r1]; dmb; 1: ldrexd r0, [r2]; eors r3, r0, r4; eorseq r3, r1, r5;
    /// strexdeq r3, r6, [r2]; teqeq r3, #1; beq 1b; dmb; rsbs r0, r3, #0; pop {r4-r7}; bx lr.
    private var exclusive64: [UInt32] {
        [
            0xe92d_00f0, 0xe1c0_40d0, 0xe1c1_60d0, barrier, 0xe1b2_0f9f, 0xe030_3004, 0x0031_3005, 0x01a2_3f96, 0x0333_0001, 0x0aff_fff9, barrier,
            0xe273_0000, 0xe8bd_00f0, KernelHelpers.back,
        ]
    }
}
