import AddressSpace
import Snapshot

/// A virtio device as its transport sees it. Everything runs with the machine lock held.
public protocol VirtioDevice: AnyObject {
    /// The device type's number (Virtio 1.2, chapter 5).
    var deviceID: UInt32 { get }
    /// Features of the device itself; the rings' are added by the transport.
    var features: UInt64 { get }
    var queueCount: Int { get }
    var queueSize: UInt16 { get }
    /// The configuration space now.
    var configuration: [UInt8] { get }
    /// Base class, subclass and programming interface on PCI, of a device that had no number there before Virtio 1.0.
    var pciClass: UInt32 { get }
    func writeConfiguration(_ offset: Int, _ bytes: [UInt8])
    /// Connected to its transport; called once.
    func attach(_ port: VirtioPort)
    /// The driver is ready and has accepted these features.
    func activate(features: UInt64)
    /// The driver has made buffers available.
    func process(queue: Int)
    func reset()
    /// Names every field of the state beside the rings, for snapshots. No request is under way.
    func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor)
    /// The state has been filled in, the rings too.
    func restored(features: UInt64)
}

extension VirtioDevice {
    public var pciClass: UInt32 { 0xff_0000 }
    public func writeConfiguration(_ offset: Int, _ bytes: [UInt8]) {}
    public func activate(features: UInt64) {}
    public func restored(features: UInt64) {}
}

/// What a transport does for its device.
public protocol VirtioPort: AnyObject {
    var memory: AddressSpace { get }
    var queues: [Virtqueue] { get }
    /// Interrupts the driver if it wants to hear of what the queue gave back.
    func signal(_ queue: Virtqueue)
    /// The configuration space has changed.
    func configurationChanged()
    /// The driver has broken a rule: the device stops until it is reset.
    func fail(_ reason: String)
}
