import ObjectModel

/// What `-machine` takes of every machine.
public enum MachineProperties {
    public static let all = [
        Property("accel", .string, "how guest code is run: accelerators with colons between them, the first that there is"),
        Property("dumpdtb", .string, "file to write the device tree to, instead of running"),
        Property("memory-backend", .string, "id of the memory back end that stands behind the memory"),
        Property("dump-guest-core", .bool, default: true, "whether the guest's memory is part of the emulator's core dumps"),
        Property("usb", .bool, default: false, "a USB controller; none can be had"),
        Property("graphics", .bool, default: false, "a display; none can be had"),
    ]
}
