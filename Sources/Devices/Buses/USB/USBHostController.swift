/// A host controller with its root ports.
public protocol USBHostController: USBPortOwner {
    var connectors: [USBPort] { get }
}
