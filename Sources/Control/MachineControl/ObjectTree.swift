import JSON
import MachineModel
import ObjectModel
import PCI

/// All objects of a session: `/machine` with its devices and cpus, `/objects`, `/chardevs`.
public final class ObjectTree {
    public private(set) var types: TypeRegistry
    public let root = ObjectNode()
    public let objects = ObjectNode()
    public let characters = ObjectNode()
    public let peripherals = ObjectNode()
    public let anonymous = ObjectNode()
    public let unattached = ObjectNode()

    public init(types: TypeRegistry) {
        self.types = types
        root.add(objects, as: "objects")
        root.add(characters, as: "chardevs")
        // Devices are made before their machine has its place here, and know their paths already.
        setMachine(ObjectNode(type: "machine"))
    }

    private func setMachine(_ node: ObjectNode) {
        root.remove("machine")
        root.add(node, as: "machine")
        for (child, name) in [(peripherals, "peripheral"), (anonymous, "peripheral-anon"), (unattached, "unattached")] { node.add(child, as: name) }
    }

    /// Adds the machine: its properties, cpus and the devices of its board.
    ///
    /// - Parameter isNoted: whether a device has its place in the tree, because somebody has asked for it.
    public func add(
        _ machine: Machine, values: PropertyValues, cpu cpuValues: PropertyValues, isNoted: (AnyObject) -> Bool = { _ in false }
    ) {
        setMachine(ObjectNode(values))
        for cpu in machine.cpus {
            let live = [ObjectNode.Live("core-id", "int") { JSONValue(cpu.index) }, ObjectNode.Live("halted", "bool") { .bool(cpu.isHalted) }]
            unattached.addNumbered(ObjectNode(cpuValues, live), base: "device")
        }
        // What somebody has asked for is noted where it is made.
        for device in machine.devices + machine.extraDevices where !(device is any PCIDevice) && !isNoted(device) {
            let type = Swift.type(of: device).type
            types.add(type)
            unattached.addNumbered(ObjectNode(PropertyValues(type)), base: "device")
        }
    }

    /// The cpus come first.
    public func path(ofCPU index: Int) -> String { "/machine/unattached/device[\(index)]" }

    /// Adds a device that somebody asked for. False if there is one of that id.
    public func add(device node: ObjectNode, id: String?) -> Bool {
        guard let id else {
            anonymous.addNumbered(node, base: "device")
            return true
        }
        return peripherals.add(node, as: id)
    }
}
