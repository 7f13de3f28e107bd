/// Registers of the header (PCI Local Bus Specification 3.0, section 6.1; PCI-to-PCI Bridge Architecture Specification 1.2, section 3.2).
public enum Header {
    public static let vendor = 0x00, device = 0x02, command = 0x04, status = 0x06, revision = 0x08, classCode = 0x09
    static let cacheLineSize = 0x0c, headerType = 0x0e, baseAddresses = 0x10
    static let subsystemVendor = 0x2c, subsystem = 0x2e, capabilities = 0x34
    public static let interruptLine = 0x3c, interruptPin = 0x3d
    /// The expansion ROM's base address, of a device and of a bridge.
    static let deviceROM = 0x30, bridgeROM = 0x38

    enum Bridge {
        static let primary = 0x18, secondary = 0x19, subordinate = 0x1a, ioBase = 0x1c, ioLimit = 0x1d, secondaryStatus = 0x1e
        static let memoryBase = 0x20, memoryLimit = 0x22, prefetchableBase = 0x24, prefetchableLimit = 0x26
        static let prefetchableBaseUpper = 0x28, prefetchableLimitUpper = 0x2c, ioBaseUpper = 0x30, control = 0x3e
        static let secondaryReset: UInt32 = 1 << 6
    }

    enum Command {
        static let io: UInt32 = 1, memory: UInt32 = 2, master: UInt32 = 4, parity: UInt32 = 1 << 6, systemError: UInt32 = 1 << 8
        static let interruptDisable: UInt32 = 1 << 10
    }

    enum Status {
        static let interrupt: UInt32 = 1 << 3, hasCapabilities: UInt32 = 1 << 4
        /// Errors, which software clears.
        static let errors: UInt32 = 0xf900
    }

    static let multifunction: UInt32 = 0x80
}

/// What a function says that it is.
public struct PCIIdentity: Sendable {
    public var vendor: UInt16
    public var device: UInt16
    public var revision: UInt8 = 0
    /// Base class, subclass and programming interface.
    public var classCode: UInt32
    public var subsystemVendor: UInt16 = 0x1af4
    public var subsystem: UInt16 = 0x1100

    public init(vendor: UInt16, device: UInt16, classCode: UInt32) { (self.vendor, self.device, self.classCode) = (vendor, device, classCode) }
}

/// Numbers of capabilities (PCI Code and ID Assignment Specification 1.11, chapter 2).
enum Capability {
    static let powerManagement: UInt8 = 0x01, msi: UInt8 = 0x05, vendorSpecific: UInt8 = 0x09, subsystem: UInt8 = 0x0d, express: UInt8 = 0x10
    static let msix: UInt8 = 0x11
}
