/// What a device takes of memory, addresses and interrupts (ACPI 6.3, 6.4 "Resource Data Types for ACPI").
public struct ResourceDescriptor: Sendable {
    public let bytes: [UInt8]

    public enum Trigger: UInt8, Sendable { case level = 0, edge = 1 }

    /// The descriptors with the end tag, without a checksum.
    static func template(_ descriptors: [ResourceDescriptor]) -> [UInt8] { descriptors.flatMap(\.bytes) + [0x79, 0] }

    /// A large item (6.4.3): its type, then how many bytes follow.
    private init(large type: UInt8, _ contents: [UInt8]) { bytes = [0x80 | type] + littleEndian(UInt16(contents.count)) + contents }

    /// `Memory32Fixed`, read and written.
    public static func memory(_ start: UInt64, _ size: UInt64) -> ResourceDescriptor {
        ResourceDescriptor(large: 0x06, [1] + littleEndian(UInt32(start)) + littleEndian(UInt32(size)))
    }

    /// `Interrupt` of one number, active high, exclusive, which the device itself takes.
    public static func interrupt(_ number: Int, _ trigger: Trigger = .level) -> ResourceDescriptor {
        let consumer: UInt8 = 1
        return ResourceDescriptor(large: 0x09, [consumer | trigger.rawValue << 1, 1] + littleEndian(UInt32(number)))
    }

    // MARK: Windows that a bridge hands down

    private enum Kind { static let memory: UInt8 = 0, io: UInt8 = 1, bus: UInt8 = 2 }
    /// Both ends are fixed (6.4.3.5.1, "General Flags").
    private static let fixed: UInt8 = 0xc

    private static func window<Number: FixedWidthInteger>(
        _ type: UInt8, _ kind: UInt8, flags: UInt8, _ start: Number, _ size: Number, offset: Number = 0
    ) -> ResourceDescriptor {
        let numbers: [Number] = [0, start, start + (size - 1), offset, size]
        return ResourceDescriptor(large: type, [kind, fixed, flags] + numbers.flatMap { littleEndian($0) })
    }

    /// `WordBusNumber`.
    public static func buses(_ first: Int, count: Int) -> ResourceDescriptor { window(0x08, Kind.bus, flags: 0, UInt16(first), UInt16(count)) }

    /// `DWordMemory`, read and written, not cacheable.
    public static func memoryWindow(_ start: UInt64, _ size: UInt64) -> ResourceDescriptor {
        window(0x07, Kind.memory, flags: 1, UInt32(start), UInt32(size))
    }

    /// `QWordMemory`.
    public static func wideMemoryWindow(_ start: UInt64, _ size: UInt64) -> ResourceDescriptor {
        window(0x0a, Kind.memory, flags: 1, start, size)
    }

    /// `DWordIO` of all addresses of a range from 0 on, which are seen in memory.
    public static func ioWindow(at address: UInt64, _ size: UInt64) -> ResourceDescriptor {
        window(0x07, Kind.io, flags: 3, 0, UInt32(size), offset: UInt32(address))
    }

    // MARK: Pins

    /// `GpioInt` (6.4.3.8.1) on a controller's pin: an edge up, exclusive, pulled up.
    public static func pinInterrupt(_ pin: UInt16, of controller: String) -> ResourceDescriptor {
        let header = 23
        let source = Array(controller.utf8) + [0]
        let revision: UInt8 = 1, interrupt: UInt8 = 0, consumer: UInt16 = 1, edge: UInt16 = 1, pullUp: UInt8 = 1
        var contents = [revision, interrupt] + littleEndian(consumer) + littleEndian(edge) + [pullUp]
        // Drive strength and debouncing, of which there are none.
        contents += littleEndian(UInt16(0)) + littleEndian(UInt16(0))
        // Where pins, the controller's index, its name and vendor data are, counted from the descriptor's beginning.
        contents += littleEndian(UInt16(header)) + [0] + littleEndian(UInt16(header + 2)) + littleEndian(UInt16(header + 2 + source.count))
        contents += littleEndian(UInt16(0)) + littleEndian(pin) + source
        return ResourceDescriptor(large: 0x0c, contents)
    }
}
