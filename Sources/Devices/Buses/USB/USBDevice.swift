import DeviceModel

/// A device at a USB port. Everything runs with the machine lock held.
public protocol USBDevice: Device {
    var function: USBFunction { get }
    /// Ports of its own, of a hub.
    var ports: [USBPort] { get }
    /// A request that is not the model's; nil refuses it.
    ///
    /// - Parameter data: what came with it; of an input nothing.
    /// - Returns: of an input what is answered.
    func control(_ request: USBRequest, _ data: [UInt8]) -> [UInt8]?
    /// The host wants up to `room` bytes of an endpoint of the configuration.
    func input(_ endpoint: USBEndpoint, room: Int) -> USBHandshake
    /// The host sends bytes to an endpoint of the configuration.
    func output(_ endpoint: USBEndpoint, _ bytes: [UInt8]) -> USBHandshake
    /// The host has chosen a configuration, or none, or has reset the device: what belongs to one begins anew.
    func configurationChanged()
    /// The host has cleared an endpoint's halt.
    func haltCleared(_ number: Int, isInput: Bool)
}

extension USBDevice {
    public var ports: [USBPort] { [] }
    public func output(_ endpoint: USBEndpoint, _ bytes: [UInt8]) -> USBHandshake { .stall }
    public func haltCleared(_ number: Int, isInput: Bool) {}
}
