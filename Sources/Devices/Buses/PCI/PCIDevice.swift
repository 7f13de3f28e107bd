import DeviceModel

/// A device whose registers are behind a PCI function. Everything runs with the machine lock held.
public protocol PCIDevice: Device {
    var function: PCIFunction { get }
    /// Software is about to read these bytes of the configuration space.
    func configurationRead(_ range: Range<Int>)
    /// Software has written these bytes of the configuration space; what the function does about them is done.
    func configurationWritten(_ range: Range<Int>)
    /// The bus behind it, of a bridge.
    var secondaryBus: PCIBus? { get }
}

extension PCIDevice {
    public func configurationRead(_ range: Range<Int>) {}
    public func configurationWritten(_ range: Range<Int>) {}
    public var secondaryBus: PCIBus? { nil }
}
