import Diagnostics

/// What an element has beyond ARMv5TE with Thumb.
public struct ARMFeatures: OptionSet, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    private static func bit(_ number: UInt64) -> ARMFeatures { ARMFeatures(rawValue: 1 << number) }

    static let v6 = bit(0), v6k = bit(1), v6t2 = bit(2), v7 = bit(3), v8 = bit(4)
    /// sdiv and udiv in T32 and in A32.
    static let divideThumb = bit(5), divideARM = bit(6)
    static let vfp = bit(8), vfp3 = bit(9), vfp4 = bit(10), halfConversions = bit(11), doublewords32 = bit(12), neon = bit(13), shortVectors = bit(14)
    static let fp16 = bit(15), aes = bit(16), pmull = bit(17), sha1 = bit(18), sha2 = bit(19), crc32 = bit(20), dotprod = bit(21), rdm = bit(22)
    /// Saturated shifts and other v8 additions to NEON and VFP (vrint, vsel, vcvta, vmaxnm).
    static let simd8 = bit(23)
    /// swp and swpb, which v7's multiprocessing extensions trap and v8 has no more.
    static let swap = bit(24), jazelle = bit(25)
    static let fcma = bit(26), jscvt = bit(27), fhm = bit(28), i8mm = bit(29), bf16 = bit(30), sb = bit(31)
    /// Of the privileged level: the long format of tables, more than one element (TLB maintenance for all of them), the generic timer; hvc with eret and
    /// banked registers in mrs and msr, smc.
    static let lpae = bit(32), multiprocessing = bit(33), genericTimer = bit(34), virtualization = bit(35), security = bit(36)

    /// D registers.
    var doublewords: Int { contains(.vfp) ? contains(.doublewords32) ? 32 : 16 : 0 }
}

/// An element's configuration: what `-cpu` says.
public struct ARMModel: Sendable {
    public var name: String
    public var features: ARMFeatures
    /// MIDR.
    public var midr: UInt32

    private struct Core {
        let name: String, help: String, features: ARMFeatures, midr: UInt32
    }

    private static let v6: ARMFeatures = [.v6, .swap, .vfp, .shortVectors]
    private static let v7: ARMFeatures = [.v6, .v6k, .v6t2, .v7, .vfp, .vfp3, .doublewords32, .neon]
    private static let v7ve: ARMFeatures = v7.union([
        .vfp4, .halfConversions, .divideThumb, .divideARM, .lpae, .multiprocessing, .genericTimer, .virtualization, .security,
    ])
    private static let everything: ARMFeatures = v7ve.union([
        .v8, .aes, .pmull, .sha1, .sha2, .crc32, .simd8, .rdm, .dotprod, .fp16,
    ])

    private static let cores: [Core] = [
        Core(name: "arm926", help: "ARMv5TEJ", features: [.swap, .vfp, .shortVectors, .jazelle], midr: 0x4106_9265),
        Core(name: "arm1136", help: "ARMv6K (r1p3)", features: v6.union(.v6k), midr: 0x4117_b363),
        Core(name: "arm1176", help: "ARMv6K", features: v6.union([.v6k, .security]), midr: 0x410f_b767),
        Core(name: "cortex-a7", help: "ARMv7-A with virtualization", features: v7ve, midr: 0x410f_c075),
        Core(name: "cortex-a8", help: "ARMv7-A", features: v7.union([.swap, .security]), midr: 0x410f_c080),
        Core(name: "cortex-a9", help: "ARMv7-A", features: v7.union([.halfConversions, .swap, .multiprocessing, .security]), midr: 0x410f_c090),
        Core(name: "cortex-a15", help: "ARMv7-A with virtualization", features: v7ve, midr: 0x412f_c0f1),
        Core(name: "max", help: "everything that Apus has", features: everything, midr: 0x411f_d070),
    ]

    public static var models: [(name: String, help: String)] { cores.map { ($0.name, $0.help) } }

    /// Parses a core's name.
    public init(_ text: String) throws(ARMModelError) {
        let words = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard let core = ARMModel.cores.first(where: { $0.name == words.first ?? "" }) else { throw .unknownModel(words.first ?? "") }
        if words.count > 1 { throw .unknownProperty(words[1]) }
        name = core.name
        features = core.features
        midr = core.midr
    }

    /// Whether its tables may have the long format, and with that its physical addresses 40 bits.
    public var hasLongTables: Bool { features.contains(.lpae) }
    public var hasGenericTimer: Bool { features.contains(.genericTimer) }

    /// The architecture's number in /proc/cpuinfo and AT_PLATFORM.
    public var architecture: Int { features.contains(.v8) ? 8 : features.contains(.v7) ? 7 : features.contains(.v6) ? 6 : 5 }
}

public enum ARMModelError: ExplainedError {
    case unknownModel(String)
    case unknownProperty(String)

    public var cause: String {
        switch self {
        case .unknownModel(let name): "-cpu: unknown model '\(name)'"
        case .unknownProperty(let name): "-cpu: arm models have no property '\(name)'"
        }
    }

    public var remedy: String? {
        switch self {
        case .unknownModel(let name): suggestion(for: name, among: ARMModel.models.map(\.name))
        case .unknownProperty: "give the model's name alone"
        }
    }
}
