import Diagnostics

/// An element's configuration: what `-cpu` says.
public struct AArch64Model: Sendable {
    public var name: String
    public var features: Features
    /// MIDR_EL1.
    public var midr: UInt64
    /// Bits of a physical address.
    public var physicalBits: Int
    /// CTR_EL0: lines of 64 bytes, caches coherent or not as the core has them.
    public var ctr: UInt64 = 0x8444_c004

    private static let v8: Features = [.aes, .pmull, .sha1, .sha256, .crc32]
    private static let v82: Features = [.lse, .rdm, .lor, .dpb, .fp16, .dotprod, .pan, .pan2, .uao, .vhe, .hafdbs, .hpds, .granule16, .csv3]
    /// Everything that Apus has.
    private static let everything: Features = [
        .aes, .pmull, .sha1, .sha256, .sha512, .sha3, .sm3, .sm4, .crc32, .lse, .lse2, .rdm, .fp16, .dotprod, .fcma, .jscvt, .lrcpc, .lrcpc2,
        .i8mm, .bf16, .flagm, .flagm2, .frintts, .pauth, .bti, .rng, .dpb, .dpb2, .sb, .ssbs, .dit, .lor, .fhm,
        .pan, .pan2, .uao, .vhe, .hafdbs, .hpds, .granule16, .csv3,
    ]

    private struct Core {
        let name: String, help: String, features: Features, midr: UInt64, physicalBits: Int
    }

    private static let cores: [Core] = [
        Core(name: "cortex-a53", help: "Armv8.0", features: v8, midr: 0x410f_d034, physicalBits: 40),
        Core(name: "cortex-a57", help: "Armv8.0", features: v8, midr: 0x411f_d070, physicalBits: 44),
        Core(name: "cortex-a72", help: "Armv8.0", features: v8, midr: 0x410f_d083, physicalBits: 44),
        Core(name: "cortex-a76", help: "Armv8.2", features: v8.union(v82).union([.lrcpc, .ssbs]), midr: 0x414f_d0b1, physicalBits: 40),
        Core(name: "neoverse-n1", help: "Armv8.2", features: v8.union(v82).union([.lrcpc, .ssbs]), midr: 0x414f_d0c1, physicalBits: 48),
        Core(name: "max", help: "everything that Apus has", features: everything, midr: 0x000f_0510, physicalBits: 48),
    ]

    public static var models: [(name: String, help: String)] { cores.map { ($0.name, $0.help) } }

    /// The features that `-cpu` can switch, with their names.
    public static let properties: [(name: String, features: Features)] = [
        ("aes", [.aes, .pmull]), ("sha1", .sha1), ("sha256", .sha256), ("sha512", .sha512), ("sha3", .sha3), ("sm3", .sm3), ("sm4", .sm4),
        ("crc32", .crc32), ("lse", .lse), ("lse2", .lse2), ("rdm", .rdm), ("fp16", .fp16), ("dotprod", .dotprod), ("fcma", .fcma),
        ("jscvt", .jscvt), ("lrcpc", .lrcpc), ("lrcpc2", .lrcpc2), ("i8mm", .i8mm), ("bf16", .bf16), ("flagm", .flagm), ("flagm2", .flagm2),
        ("frintts", .frintts), ("pauth", .pauth), ("pauth-impdef", []), ("bti", .bti), ("rndr", .rng), ("dpb", .dpb), ("dpb2", .dpb2),
        ("sb", .sb), ("ssbs", .ssbs), ("dit", .dit), ("fhm", .fhm),
    ]

    /// Parses `max,pauth=off,…`.
    public init(_ text: String) throws(AArch64ModelError) {
        let words = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard let core = AArch64Model.cores.first(where: { $0.name == words.first ?? "" }) else { throw .unknownModel(words.first ?? "") }
        name = core.name
        features = core.features
        midr = core.midr
        physicalBits = core.physicalBits
        for word in words.dropFirst() { try set(word) }
        try check()
    }

    private mutating func set(_ word: String) throws(AArch64ModelError) {
        let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
        let property = parts.first ?? "", value = parts.count == 2 ? parts[1] : "on"
        guard ["on", "off", "true", "false", "yes", "no"].contains(value) else { throw .badValue(property, value) }
        guard let known = AArch64Model.properties.first(where: { $0.name == property }) else { throw .unknownProperty(property) }
        // The algorithm is always the implementation's own.
        if property == "pauth-impdef", value.hasPrefix("o") && value != "on" || value == "false" || value == "no" { throw .noQARMA }
        if ["on", "true", "yes"].contains(value) { features.formUnion(known.features) } else { features.subtract(known.features) }
    }

    private func check() throws(AArch64ModelError) {
        let needs: [(name: String, feature: Features, other: String, otherFeature: Features)] = [
            ("lse2", .lse2, "lse", .lse), ("lrcpc2", .lrcpc2, "lrcpc", .lrcpc), ("flagm2", .flagm2, "flagm", .flagm), ("dpb2", .dpb2, "dpb", .dpb),
            ("sha512", .sha512, "sha256", .sha256), ("sha3", .sha3, "sha512", .sha512), ("fhm", .fhm, "fp16", .fp16),
        ]
        for need in needs where features.contains(need.feature) && !features.contains(need.otherFeature) {
            throw .missing(need.name, need.other)
        }
    }
}

public enum AArch64ModelError: ExplainedError {
    case unknownModel(String)
    case unknownProperty(String)
    case badValue(String, String)
    case missing(String, String)
    case noQARMA

    public var cause: String {
        switch self {
        case .unknownModel(let name): "-cpu: unknown model '\(name)'"
        case .unknownProperty(let name): "-cpu: unknown property '\(name)'"
        case .badValue(let name, let value): "-cpu: '\(value)' is no value for '\(name)'"
        case .missing(let name, let other): "-cpu: '\(name)' needs '\(other)'"
        case .noQARMA: "-cpu: pointer authentication with QARMA is not supported"
        }
    }

    public var remedy: String? {
        switch self {
        case .unknownModel(let name): suggestion(for: name, among: AArch64Model.models.map(\.name))
        case .unknownProperty(let name): suggestion(for: name, among: AArch64Model.properties.map(\.name))
        case .badValue: "accepted: on, off"
        case .missing(let name, let other): "switch '\(other)' on or '\(name)' off"
        case .noQARMA: "leave 'pauth-impdef' on; programs cannot tell the algorithms apart"
        }
    }
}
