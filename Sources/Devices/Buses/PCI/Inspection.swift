/// What monitors tell of a function.
extension PCIFunction {
    /// A window as it is now.
    public struct Window: Sendable {
        /// The register's number; 6 is the expansion ROM.
        public let number: Int
        public let kind: BaseAddress.Kind
        public let isPrefetchable: Bool
        /// Nil while it is closed.
        public let address: UInt64?
        public let size: UInt64
    }

    public var windows: [Window] {
        bars.sorted { $0.key < $1.key }.map { number, bar in
            Window(number: number, kind: bar.kind, isPrefetchable: bar.isPrefetchable, address: bar.address, size: bar.region.size)
        }
    }

    public var subsystem: (vendor: UInt16, device: UInt16)? {
        guard header == .device else { return nil }
        return (UInt16(space.value(Header.subsystemVendor, 2)), UInt16(space.value(Header.subsystem, 2)))
    }

    /// The line that firmware or the guest has noted, and the pin from 1 on; 0 for none.
    public var interrupt: (line: UInt8, pin: UInt8) { (UInt8(space.value(Header.interruptLine, 1)), UInt8(space.value(Header.interruptPin, 1))) }

    /// Of a bridge: the number of its own bus, of the one behind it, and of the last.
    public var busNumbers: (primary: UInt8, secondary: UInt8, subordinate: UInt8) {
        typealias Bridge = Header.Bridge
        return (UInt8(space.value(Bridge.primary, 1)), UInt8(space.value(Bridge.secondary, 1)), UInt8(space.value(Bridge.subordinate, 1)))
    }

    /// Of a bridge: base and limit of I/O, memory and prefetchable memory, as the registers say.
    public var ranges: [(base: UInt64, limit: UInt64)] { (0..<3).map { BridgeWindows.registers($0, space) } }
}
