/// Whoever has ports: a host controller or a hub.
public protocol USBPortOwner: AnyObject {
    /// What stands before the numbers of its ports in their paths: "" for a host controller, "2." for a hub at port 2.
    var pathPrefix: String { get }
    /// Hubs between the host controller and its ports.
    var depth: Int { get }
    /// A device has come to a port, or has left it.
    func changed(_ port: USBPort)
    /// Whether what the host sends reaches the device at a port.
    func isEnabled(_ port: USBPort) -> Bool
    /// The suspended device at a port wants to be heard.
    func wake(_ port: USBPort)
    /// An endpoint of a device behind one of the ports has become ready.
    func isReady(_ function: USBFunction, endpoint: Int, isInput: Bool)
}

/// A place for a device.
public final class USBPort {
    /// From 1 on.
    public let number: Int
    public let speeds: Set<USBSpeed>
    public weak var owner: (any USBPortOwner)?
    public private(set) var device: (any USBDevice)?

    public init(number: Int, speeds: Set<USBSpeed>) { (self.number, self.speeds) = (number, speeds) }

    /// Where it is: "1", or "2.1" behind the hub at port 2.
    public var path: String { (owner?.pathPrefix ?? "") + "\(number)" }

    /// The speed that a device has here; nil if it has none of the port's.
    public func speed(of description: USBDescription) -> USBSpeed? { speeds.intersection(description.configurations.keys).max() }

    /// Plugs a device into the port, which must be free and have a speed for it.
    public func attach(_ device: any USBDevice) {
        guard let speed = speed(of: device.function.description), self.device == nil else {
            preconditionFailure("a port that the device does not fit")
        }
        self.device = device
        device.function.attach(self, device, speed)
        owner?.changed(self)
    }

    /// Takes the device out.
    public func detach() {
        guard let device else { return }
        self.device = nil
        device.function.detach()
        owner?.changed(self)
    }
}
