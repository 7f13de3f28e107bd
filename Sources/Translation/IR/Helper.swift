/// A function that generated code and the interpreter call: the state pointer and three 64-bit operands, a 64-bit result.
public typealias HelperFunction = @convention(c) @Sendable (UnsafeMutableRawPointer, UInt64, UInt64, UInt64) -> UInt64

/// A helper with its declared effects. The code generator trusts them.
public struct Helper: Sendable {
    public let name: String
    public let function: HelperFunction
    public let effects: HelperEffects

    public init(_ name: String, _ effects: HelperEffects, _ function: HelperFunction) {
        self.name = name
        self.effects = effects
        self.function = function
    }
}

public struct HelperEffects: OptionSet, Sendable {
    public let rawValue: UInt8
    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
    @inlinable public static var readsState: HelperEffects { .init(rawValue: 1) }
    @inlinable public static var writesState: HelperEffects { .init(rawValue: 2) }
    /// May set `CPUHeader.exception`; control then leaves the block with `pc` at the current instruction.
    @inlinable public static var mayFault: HelperEffects { .init(rawValue: 4) }
    /// Reads or changes MXCSR-held flags or rounding.
    @inlinable public static var touchesFloatStatus: HelperEffects { .init(rawValue: 8) }
    /// Does something else that matters: the call stays though nobody uses its result.
    @inlinable public static var sideEffects: HelperEffects { .init(rawValue: 16) }
    /// Neither reads nor writes anything but its operands.
    @inlinable public static var pure: HelperEffects { [] }
    @inlinable public static var everything: HelperEffects { [.readsState, .writesState, .mayFault, .touchesFloatStatus, .sideEffects] }
}
