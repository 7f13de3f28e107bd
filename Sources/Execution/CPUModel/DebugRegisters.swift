/// A register as a debugger sees it.
public struct DebugRegister: Sendable {
    public let name: String
    /// Bits of its value; a multiple of 8.
    public let bits: Int
    /// A type that debuggers know ("code_ptr", "ieee_double") or that the feature defines.
    public let type: String
    /// "general", "float", "vector".
    public let group: String

    public init(_ name: String, bits: Int, type: String, group: String) {
        self.name = name
        self.bits = bits
        self.type = type
        self.group = group
    }
}

/// Registers under one of the names that gdb knows ("Standard Target Features" in its manual).
public struct DebugFeature: Sendable {
    public let name: String
    /// XML of the types that are not built in.
    public let types: String
    public let registers: [DebugRegister]

    /// - Parameter types: XML.
    public init(_ name: String, types: String = "", _ registers: [DebugRegister]) {
        self.name = name
        self.types = types
        self.registers = registers
    }
}

/// All registers of a guest in the debugger's order: the order of their numbers and of their values in `g` packets.
public struct DebugRegisterTable: Sendable {
    /// gdb's name of the architecture, such as "riscv:rv64".
    public let architecture: String
    public let features: [DebugFeature]
    public let registers: [DebugRegister]
    /// How many of them, from the first on, are in `g` packets; the others are asked for one by one.
    public let general: Int
    /// Whether the architecture stops at a watched access before it is done; a debugger then steps over it.
    public let watchesStopBefore: Bool
    /// Registers of interest at every stop, by number: the debugger need not ask for them.
    public let expedited: [Int]

    public init(architecture: String, watchesStopBefore: Bool, expedited: [String], _ features: [DebugFeature], privileged: [DebugFeature] = []) {
        self.architecture = architecture
        self.watchesStopBefore = watchesStopBefore
        self.features = features + privileged
        general = features.reduce(0) { $0 + $1.registers.count }
        let registers = self.features.flatMap(\.registers)
        self.registers = registers
        self.expedited = expedited.compactMap { name in registers.firstIndex { $0.name == name } }
    }
}
