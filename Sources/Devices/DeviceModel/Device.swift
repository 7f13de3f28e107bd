import AddressSpace
import EventLoop
import ObjectModel
import Snapshot

/// A device: something with registers, state and pins, as the machine sees it. Everything runs with the machine lock held.
public protocol Device: AnyObject {
    /// QEMU's name of the type: "serial", "riscv.sifive.plic".
    static var typeName: String { get }
    /// The type of its object, with the properties that can be given.
    static var type: ObjectType { get }
    /// Puts the device into its power-on state; its back ends stay connected.
    func reset()
    /// Names every field of the state, for snapshots.
    func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor)
    /// Raised with each change of `visit`.
    static var stateVersion: Int { get }
    /// The state has been filled in: timers are armed and pins driven as it says.
    func restored()
}

extension Device {
    public static var type: ObjectType { ObjectType(typeName, parent: "sys-bus-device") }
    public static var stateVersion: Int { 1 }
    public func restored() {}
}

/// A device with memory-mapped registers.
public protocol MMIODevice: Device, IOHandler {
    /// Bytes of its register window.
    static var windowSize: UInt64 { get }
    /// Sizes of accesses that it accepts from the guest, and those that it implements itself.
    static var acceptedSizes: ClosedRange<Int> { get }
    static var implementedSizes: ClosedRange<Int> { get }
}

extension MMIODevice {
    public static var acceptedSizes: ClosedRange<Int> { 1...8 }
    public static var implementedSizes: ClosedRange<Int> { 1...8 }

    /// The register window as a region to put into a memory map.
    public func makeRegion() -> MemoryRegion {
        MemoryRegion.io(
            Self.typeName, size: Self.windowSize, handler: self, accepts: Self.acceptedSizes, implements: Self.implementedSizes)
    }
}
