/// The PCI Express capability, version 2 (PCI Express Base Specification 4.0, section 7.5.3).
public struct ExpressCapability {
    public enum Port: UInt32, Sendable { case endpoint = 0, rootPort = 4, integratedEndpoint = 9 }

    let offset: Int
    let port: Port

    enum Register {
        static let capabilities = 0x02, deviceCapabilities = 0x04, deviceControl = 0x08, deviceStatus = 0x0a
        static let linkCapabilities = 0x0c, linkControl = 0x10, linkStatus = 0x12, slotCapabilities = 0x14, slotControl = 0x18, slotStatus = 0x1a
        static let rootControl = 0x1c, rootStatus = 0x20, deviceCapabilities2 = 0x24, deviceControl2 = 0x28, linkControl2 = 0x30
    }
    enum Link { static let width1: UInt32 = 1 << 4, speed2500: UInt32 = 1, reportsActive: UInt32 = 1 << 20, isActive: UInt32 = 1 << 13 }

    static let size = 0x3c

    init(_ space: inout ConfigurationSpace, _ port: Port, number: UInt8 = 0) {
        self.port = port
        offset = space.addCapability(Capability.express, size: ExpressCapability.size)
        space.set(offset + Register.capabilities, 2, 2 | port.rawValue << 4 | (port == .rootPort ? 1 << 8 : 0))
        // Role-based error reporting; errors are never reported, but software may say that it wants to hear of them.
        space.set(offset + Register.deviceCapabilities, 4, 1 << 15)
        space.allow(offset + Register.deviceControl, 2, 0x00ff)
        space.allowClearing(offset + Register.deviceStatus, 2, 0x000f)
        space.allow(offset + Register.deviceControl2, 2, 0x1f)
        guard port != .integratedEndpoint else { return }
        space.set(offset + Register.linkCapabilities, 4, Link.speed2500 | Link.width1 | UInt32(number) << 24)
        space.allow(offset + Register.linkControl, 2, 0x0fc3)
        space.set(offset + Register.linkStatus, 2, Link.speed2500 | Link.width1)
        space.set(offset + Register.linkControl2, 2, Link.speed2500)
    }
}

extension PCIFunction {
    public func addExpress(_ port: ExpressCapability.Port, number: UInt8 = 0) {
        edit { express = ExpressCapability(&$0, port, number: number) }
    }

    /// Power management (PCI Bus Power Management Interface Specification 1.2, chapter 3): D0 and D3hot, in which the function stays as it is.
    public func addPowerManagement() {
        edit { space in
            let offset = space.addCapability(Capability.powerManagement, size: 8)
            space.set(offset + 2, 2, 3)
            space.allow(offset + 4, 2, 3)
            // A change of state brings no reset.
            space.set(offset + 4, 2, 1 << 3)
        }
    }
}
