/// The memory accesses that neither generated code nor the interpreter does by itself.
///
/// Each has the shape of a helper: the state pointer, the guest address and two operands. An access that faults sets
/// `CPUHeader.exception` to 1 and its result means nothing. Of a 16-byte value the low half travels in the operand or result and the high
/// half in a scratch field named below; `atomic` has no 16-byte form.
public struct RuntimeFunctions: Sendable {
    /// (state, address, memory operation, 0) → the value, extended to 64 bits as the memory operation says; high half in scratch field 15.
    public let load: HelperFunction
    /// (state, address, value, memory operation) → 0; high half in scratch field 15.
    public let store: HelperFunction
    /// (state, address, value, memory operation | atomic operation << 16) → the old value, extended.
    public let atomic: HelperFunction
    /// (state, address, expected, memory operation) → the old value, extended. The new value is in scratch field 14; of a 16-byte access the
    /// high halves of expected, new and old are in scratch fields 13, 12 and 15.
    public let compareExchange: HelperFunction

    public init(
        load: @escaping HelperFunction, store: @escaping HelperFunction, atomic: @escaping HelperFunction,
        compareExchange: @escaping HelperFunction
    ) {
        self.load = load
        self.store = store
        self.atomic = atomic
        self.compareExchange = compareExchange
    }

    /// The scratch fields that carry halves and third operands; IR must not keep values in them across a memory access.
    public enum Scratch {
        public static let high = 15
        public static let new = 14
        public static let expectedHigh = 13
        public static let newHigh = 12
        /// The lowest one.
        public static let first = 12
    }
}

extension CPUHeader {
    /// Scratch field number `index`.
    @inlinable public func scratch(_ index: Int) -> UInt64 {
        unsafe state.load(fromByteOffset: Offset.scratch + 8 * index, as: UInt64.self)
    }

    @inlinable public func setScratch(_ index: Int, _ value: UInt64) {
        unsafe state.storeBytes(of: value, toByteOffset: Offset.scratch + 8 * index, as: UInt64.self)
    }
}

extension CPUHeader {
    /// Float flags that the host's float unit has accrued in `guestMXCSR` (Intel's manual, volume 1, section 10.2.3) go to `floatFlags`,
    /// which is complete then.
    public func collectFloatFlags() {
        let status = unsafe state.load(fromByteOffset: Offset.guestMXCSR, as: UInt32.self)
        guard status & 61 != 0 else { return }
        var flags = FloatStatus(rawValue: floatFlags)
        if status & 1 != 0 { flags.insert(.invalid) }
        if status & 4 != 0 { flags.insert(.divideByZero) }
        if status & 8 != 0 { flags.insert(.overflow) }
        if status & 16 != 0 { flags.insert(.underflow) }
        if status & 32 != 0 { flags.insert(.inexact) }
        floatFlags = flags.rawValue
        unsafe state.storeBytes(of: status & ~63, toByteOffset: Offset.guestMXCSR, as: UInt32.self)
    }
}
