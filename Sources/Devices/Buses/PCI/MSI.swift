/// The capability of message-signalled interrupts with 64-bit addresses and without masks (PCI Local Bus Specification 3.0, section 6.8.1).
public final class MSI {
    private unowned let function: PCIFunction
    private let offset: Int

    private enum Register { static let control = 2, address = 4, addressUpper = 8, data = 12 }

    init(_ function: PCIFunction, vectors: Int) {
        precondition(vectors.nonzeroBitCount == 1 && vectors <= 32)
        self.function = function
        offset = function.space.addCapability(Capability.msi, size: 14)
        function.space.set(offset + Register.control, 2, 1 << 7 | UInt32(vectors.trailingZeroBitCount) << 1)
        function.space.allow(offset + Register.control, 2, 0x71)
        function.space.allow(offset + Register.address, 4, ~3)
        function.space.allow(offset + Register.addressUpper, 4, ~0)
        function.space.allow(offset + Register.data, 2, 0xffff)
    }

    private var control: UInt32 { function.space.value(offset + Register.control, 2) }
    public var isEnabled: Bool { control & 1 != 0 }

    /// Sends a vector's message; vectors beyond those that software has enabled share the last one's number bits.
    public func notify(_ vector: Int) {
        guard isEnabled else { return }
        let count: UInt32 = 1 << min(control >> 4 & 7, control >> 1 & 7)
        let data = function.space.value(offset + Register.data, 2) & ~(count - 1) | UInt32(truncatingIfNeeded: vector) & (count - 1)
        let address =
            UInt64(function.space.value(offset + Register.addressUpper, 4)) << 32 | UInt64(function.space.value(offset + Register.address, 4))
        function.send(address: address, data: data)
    }
}
