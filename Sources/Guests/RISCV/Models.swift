import Diagnostics

/// A hart's configuration: what `-cpu` says.
public struct RISCVModel: Sendable {
    public var name: String
    public var extensions: Extensions
    /// The largest page-table mode: 39, 48 or 57 for RV64, 32 for RV32.
    public var maxAddressBits: Int
    public var vendorID: UInt64 = 0, architectureID: UInt64 = 0, implementationID: UInt64 = 0

    public var rv64: Bool { extensions.contains(.rv64) }

    /// Everything that Apus has, apart from what excludes each other.
    private static let everything: Extensions = [
        .i, .m, .a, .f, .d, .c, .s, .u, .zicsr, .zifencei, .zicntr, .zihpm, .zba, .zbb, .zbc, .zbs, .zfh, .zfhmin, .zicbom, .zicboz, .zicbop,
        .zicond, .zawrs, .zacas, .zcb, .sstc, .svadu, .svinval, .svnapot, .svpbmt,
    ]
    /// What QEMU's generic cpu has, and the extensions that cost nothing.
    private static let generic: Extensions = [
        .i, .m, .a, .f, .d, .c, .s, .u, .zicsr, .zifencei, .zicntr, .zihpm, .zba, .zbb, .zbc, .zbs, .zicbom, .zicboz, .zicbop, .zawrs, .sstc,
        .svadu,
    ]

    public static let models: [(name: String, help: String)] = [
        ("rv64", "generic 64-bit hart"), ("rv32", "generic 32-bit hart"), ("max", "every extension that Apus has"),
    ]

    /// The extensions that `-cpu` can switch, with their names.
    public static let properties: [(name: String, extensions: Extensions)] = [
        ("m", .m), ("a", .a), ("f", .f), ("d", .d), ("c", .c), ("s", .s), ("u", .u), ("zicsr", .zicsr), ("zifencei", .zifencei),
        ("zicntr", .zicntr), ("zihpm", .zihpm), ("zba", .zba), ("zbb", .zbb), ("zbc", .zbc), ("zbs", .zbs), ("zfh", [.zfh, .zfhmin]),
        ("zfhmin", .zfhmin), ("zicbom", .zicbom), ("zicboz", .zicboz), ("zicbop", .zicbop), ("zicond", .zicond), ("zawrs", .zawrs),
        ("zacas", .zacas), ("zcb", .zcb), ("sstc", .sstc), ("svadu", .svadu), ("svinval", .svinval), ("svnapot", .svnapot), ("svpbmt", .svpbmt),
    ]
    /// Names for several at once.
    private static let groups: [(name: String, extensions: Extensions)] = [
        ("g", [.i, .m, .a, .f, .d, .zicsr, .zifencei]), ("counters", [.zicntr, .zihpm]),
    ]
    /// What every hart has, and what none has; a command line may say so, but not ask for the opposite.
    private static let always = ["i", "mmu", "pmp", "zihintpause"]
    private static let never = [
        "e", "h", "v", "j", "sscofpmf", "smaia", "ssaia", "smstateen", "zmmul", "zfinx", "zdinx", "zhinx", "zhinxmin", "zve32f", "zve64f", "zk",
        "zkn", "zknd", "zkne", "zknh", "zkr", "zks", "zksed", "zksh", "zkt", "zbkb", "zbkc", "zbkx",
    ]
    private static let addressModes: [(name: String, bits: Int)] = [("sv39", 39), ("sv48", 48), ("sv57", 57)]

    /// Parses `rv64,zfh=on,c=false,…`. `rv64` says which width a bare `max` has.
    public init(_ text: String, rv64: Bool) throws(RISCVModelError) {
        let words = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        name = words.first ?? ""
        switch name {
        case "rv64" where rv64: extensions = RISCVModel.generic
        case "rv32" where !rv64: extensions = RISCVModel.generic
        case "max": extensions = RISCVModel.everything
        case "rv64", "rv32": throw .wrongWidth(name)
        default: throw .unknownModel(name)
        }
        extensions.insert(rv64 ? .rv64 : .rv32)
        maxAddressBits = rv64 ? 57 : 32
        for word in words.dropFirst() { try set(word) }
        try check()
    }

    private mutating func set(_ word: String) throws(RISCVModelError) {
        let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
        // QEMU writes some of them with a capital.
        var property = (parts.first ?? "").lowercased()
        var value = parts.count == 2 ? parts[1] : "on"
        if parts.count == 1, let sign = property.first, sign == "+" || sign == "-" {
            property.removeFirst()
            value = sign == "+" ? "on" : "off"
        }
        let on = ["on", "true", "yes"].contains(value)
        guard on || ["off", "false", "no"].contains(value) else { throw .badValue(property, value) }
        if RISCVModel.always.contains(property) || RISCVModel.never.contains(property) {
            if on != RISCVModel.always.contains(property) { throw .notSupported("\(property)=\(value)") }
        } else if let known = (RISCVModel.properties + RISCVModel.groups).first(where: { $0.name == property }) {
            if on { extensions.formUnion(known.extensions) } else { extensions.subtract(known.extensions) }
        } else if let mode = RISCVModel.addressModes.first(where: { $0.name == property }), rv64 {
            maxAddressBits = on ? max(maxAddressBits, mode.bits) : min(maxAddressBits, mode.bits - 9)
        } else {
            throw .unknownProperty(property)
        }
    }

    private func check() throws(RISCVModelError) {
        let needs: [(name: String, extension: Extensions, other: String, otherExtension: Extensions)] = [
            ("d", .d, "f", .f), ("f", .f, "zicsr", .zicsr), ("zfhmin", .zfhmin, "f", .f), ("zacas", .zacas, "a", .a), ("zcb", .zcb, "c", .c),
            ("s", .s, "u", .u), ("sstc", .sstc, "s", .s),
        ]
        for need in needs where extensions.contains(need.extension) && !extensions.contains(need.otherExtension) {
            throw .missing(need.name, need.other)
        }
        if rv64, maxAddressBits < 39, extensions.contains(.s) { throw .missing("s", "sv39") }
    }

    /// The ISA string for the device tree: single letters, then the multi-letter names with underscores.
    public var isaString: String {
        let letters = [("i", Extensions.i), ("m", .m), ("a", .a), ("f", .f), ("d", .d), ("c", .c)]
        let single = letters.filter { extensions.contains($0.1) }.map(\.0).joined()
        let order = [
            "zicbom", "zicboz", "zicntr", "zicond", "zicsr", "zifencei", "zihintpause", "zihpm", "zacas", "zawrs", "zfh", "zfhmin", "zcb",
            "zba", "zbb", "zbc", "zbs", "sstc", "svadu", "svinval", "svnapot", "svpbmt",
        ]
        let multiple = order.filter { name in
            RISCVModel.always.contains(name) || RISCVModel.properties.contains { $0.name == name && extensions.isSuperset(of: $0.extensions) }
        }
        return (rv64 ? "rv64" : "rv32") + single + multiple.map { "_" + $0 }.joined()
    }

    /// The device tree's `mmu-type`.
    public var mmuType: String { rv64 ? "riscv,sv\(maxAddressBits)" : "riscv,sv32" }
}

public enum RISCVModelError: ExplainedError {
    case unknownModel(String)
    case wrongWidth(String)
    case unknownProperty(String)
    case badValue(String, String)
    case missing(String, String)
    case notSupported(String)

    public var cause: String {
        switch self {
        case .unknownModel(let name): "-cpu: unknown model '\(name)'"
        case .wrongWidth(let name): "-cpu: '\(name)' does not belong to this machine's width"
        case .unknownProperty(let name): "-cpu: unknown property '\(name)'"
        case .badValue(let name, let value): "-cpu: '\(value)' is no value for '\(name)'"
        case .missing(let name, let other): "-cpu: '\(name)' needs '\(other)'"
        case .notSupported(let what): "-cpu \(what) is not supported"
        }
    }

    public var remedy: String? {
        switch self {
        case .unknownModel(let name): suggestion(for: name, among: RISCVModel.models.map(\.name))
        case .wrongWidth: "qemu-system-riscv64 runs rv64, qemu-system-riscv32 runs rv32, both run max"
        case .unknownProperty(let name): suggestion(for: name, among: RISCVModel.properties.map(\.name) + ["sv39", "sv48", "sv57"])
        case .badValue: "accepted: on, off"
        case .missing(let name, let other): "switch '\(other)' on or '\(name)' off"
        case .notSupported: nil
        }
    }
}
