import AddressSpace
import Diagnostics

/// A bus: functions by their addresses, and what their windows are seen through.
public final class PCIBus {
    /// What users call it: "pcie.0".
    public let name: String
    public let isExpress: Bool
    /// Memory and I/O addresses as functions on this bus decode them.
    public let memory: MemoryRegion
    public let io: MemoryRegion
    /// Device numbers that there are room for.
    public let slots: Range<Int>
    public unowned let host: PCIHost
    /// What leads to this bus; nil for a root bus.
    public private(set) weak var bridge: PCIFunction?
    private var devices: [UInt8: any PCIDevice] = [:]

    init(_ name: String, host: PCIHost, bridge: PCIFunction?, isExpress: Bool, slots: Range<Int>) {
        (self.name, self.host, self.bridge, self.isExpress, self.slots) = (name, host, bridge, isExpress, slots)
        memory = .container("\(name)-memory", size: .max)
        io = .container("\(name)-io", size: 0x1_0000)
    }

    /// The number that software has given the bus; 0 for a root bus.
    public var number: UInt8 { bridge.map { UInt8($0.space.value(Header.Bridge.secondary, 1)) } ?? 0 }

    /// Everything on it, in order of address.
    public var functions: [any PCIDevice] { devices.sorted { $0.key < $1.key }.map(\.value) }

    public func device(at address: UInt8) -> (any PCIDevice)? { devices[address] }

    // MARK: Plugging

    /// A free address: the one that is wanted, or the first whose device number has nothing; nil if there is none.
    public func freeAddress(_ wanted: UInt8?) -> UInt8? {
        if let wanted { return devices[wanted] == nil && slots.contains(Int(wanted >> 3)) ? wanted : nil }
        return slots.first { slot in !devices.keys.contains { Int($0 >> 3) == slot } }.map { UInt8($0 << 3) }
    }

    /// Puts a device on the bus, at an address that is free.
    public func plug(_ device: any PCIDevice, at address: UInt8) {
        precondition(devices[address] == nil, "two devices at one address")
        devices[address] = device
        device.function.plug(into: self, at: address, memory: host.system, owner: device)
    }

    public func unplug(_ device: any PCIDevice) {
        device.function.unplug()
        devices[device.function.address] = nil
    }

    // MARK: Configuration

    /// The device of a bus number and address, as configuration accesses find it.
    func find(bus wanted: UInt8, _ address: UInt8) -> (any PCIDevice)? {
        if wanted == number { return devices[address] }
        for device in functions {
            guard let below = device.secondaryBus else { continue }
            let last = UInt8(device.function.space.value(Header.Bridge.subordinate, 1))
            if below.number != 0, below.number <= wanted, wanted <= last { return below.find(bus: wanted, address) }
        }
        return nil
    }

    /// The bus of a name, here or behind bridges.
    func find(name wanted: String) -> PCIBus? {
        if wanted == name { return self }
        for device in functions { if let found = device.secondaryBus?.find(name: wanted) { return found } }
        return nil
    }

    // MARK: Interrupts

    /// One more or one less device pulls a pin (0 to 3) of a device on this bus. Bridges turn the pins (PCI-to-PCI Bridge Architecture Specification
    /// 1.2, section 9.1).
    func changeInterrupt(device: Int, pin: Int, by change: Int) {
        let turned = (device + pin) % 4
        if let bridge {
            bridge.bus?.changeInterrupt(device: Int(bridge.address >> 3), pin: turned, by: change)
        } else {
            host.changeInterrupt(turned, by: change)
        }
    }
}
