import AddressSpace
import DeviceModel
import Diagnostics
import Display
import HostOS
import ObjectModel
import PCI
import Snapshot

/// The Bochs display without what a VGA has (QEMU documentation, specs/standard-vga; the interface of Bochs's VBE extensions): memory in window 0, and in
/// window 2 the monitor's EDID, the registers by their numbers, and the byte order.
public final class BochsDisplay: PCIDevice, IOHandler {
    public static let typeName = "bochs-display"
    public static let type = ObjectType(
        typeName, parent: "pci-device", help: "bochs display: a picture in memory, without VGA", bus: "PCI", hotpluggable: true,
        PCIProperties.all + [
            Property("vgamem", .size, default: .integer(16 << 20), range: 1 << 20...256 << 20, powerOfTwo: true, "bytes of its memory"),
            Property("edid", .bool, default: true, "tell the guest of the monitor"),
            Property("xres", .unsigned(bits: 32), default: 1280, range: 64...UInt64(EDID.largestSide), "columns that the monitor would like best"),
            Property("yres", .unsigned(bits: 32), default: 800, range: 64...UInt64(EDID.largestSide), "rows that the monitor would like best"),
        ])

    private enum Register {
        static let id = 0, columns = 1, rows = 2, depth = 3, enable = 4, virtualColumns = 6, x = 8, y = 9, memory = 10, count = 11
    }
    /// Where the registers are in window 2.
    private enum Place {
        static let ports: UInt64 = 0x400, portEnd: UInt64 = 0x420, registers: UInt64 = 0x500, registerEnd: UInt64 = 0x516, extensions: UInt64 = 0x600
    }
    private enum Order { static let little: UInt32 = 0x1e1e_1e1e, big: UInt32 = 0xbebe_bebe }
    private static let identity: UInt16 = 0xb0c5
    private static let smallestSide = 64

    public let function: PCIFunction
    public let console: DisplayConsole
    public let memory: MemoryRegion
    private let edid: [UInt8]
    private var registers = [UInt16](repeating: 0, count: Register.count)
    private var isBigEndian = false
    private var picture = ScannedPicture()
    private var isShown = false

    public init(_ values: PropertyValues, console: DisplayConsole, isIntegrated: Bool) throws(HostError) {
        self.console = console
        let size = values.integer("vgamem") ?? 16 << 20
        memory = try MemoryRegion.ram("\(console.device).vram", size: size)
        edid = values.bool("edid") ? EDID.block(width: Int(values.integer("xres") ?? 1280), height: Int(values.integer("yres") ?? 800)) : []
        var identity = PCIIdentity(vendor: 0x1234, device: 0x1111, classCode: 0x03_8000)
        identity.revision = 2
        function = PCIFunction(identity, isExpress: true)
        function.addExpress(isIntegrated ? .integratedEndpoint : .endpoint)
        function.addWindow(0, .memory32, memory, isPrefetchable: true)
        function.addWindow(2, .memory32, .io("bochs-display-mmio", size: 0x1000, handler: self, accepts: 1...4, implements: 1...4))
        console.refresh = { [unowned self] in refresh() }
    }

    public func reset() {
        function.reset()
        for index in registers.indices { registers[index] = 0 }
        isBigEndian = false
        picture.forget()
        refresh()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.group("function") { function.visit(&$0) }
        visitor.table("registers", &registers)
        visitor.field("isBigEndian", &isBigEndian)
    }

    public func restored() {
        function.restored()
        picture.forget()
        refresh()
    }

    // MARK: Registers

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        switch offset {
        case 0..<UInt64(edid.count):
            return ((0..<size).reduce(0) { $0 | UInt64(Int(offset) + $1 < edid.count ? edid[Int(offset) + $1] : 0) << UInt64(8 * $1) }, .ok)
        case Place.registers..<Place.registerEnd where size == 2 && offset & 1 == 0: return (UInt64(register(Int(offset - Place.registers) / 2)), .ok)
        // How many bytes of extensions there are.
        case Place.extensions where size == 4: return (8, .ok)
        case Place.extensions + 4 where size == 4: return (UInt64(isBigEndian ? Order.big : Order.little), .ok)
        default: return (0, .ok)
        }
    }

    private func register(_ number: Int) -> UInt16 {
        switch number {
        case Register.id: BochsDisplay.identity
        case Register.memory: UInt16(truncatingIfNeeded: memory.size >> 16)
        default: registers[number]
        }
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        switch offset {
        case Place.registers..<Place.registerEnd where size == 2 && offset & 1 == 0:
            registers[Int(offset - Place.registers) / 2] = UInt16(truncatingIfNeeded: value)
        case Place.extensions + 4 where size == 4:
            let order = UInt32(truncatingIfNeeded: value)
            if order == Order.big || order == Order.little { isBigEndian = order == Order.big }
        // Drivers unblank a VGA, which this is not.
        case Place.ports..<Place.portEnd: break
        default: Log.write(.guestErrors, "\(BochsDisplay.typeName): a write of \(size) bytes to \(hex(offset)) does nothing")
        }
        return .ok
    }

    // MARK: Picture

    private struct Mode {
        let format: PixelFormat
        let offset: Int
        let layout: ScannedPicture.Layout
        var rowBytes: Int { layout.width * format.bytes }
    }

    /// What the registers ask for; nil if they ask for nothing, or for what does not lie in memory.
    private var mode: Mode? {
        guard registers[Register.enable] & 1 != 0 else { return nil }
        let formats: [UInt16: PixelFormat] = [16: .rgb565, 32: .xrgb8888]
        guard let plain = formats[registers[Register.depth]] else { return nil }
        let format = isBigEndian ? plain.bigEndian : plain
        let (width, height) = (Int(registers[Register.columns]), Int(registers[Register.rows]))
        let sides = BochsDisplay.smallestSide...PixelSurface.largestSide
        guard sides.contains(width), sides.contains(height) else { return nil }
        let stride = max(width, Int(registers[Register.virtualColumns])) * format.bytes
        let offset = Int(registers[Register.x]) * format.bytes + Int(registers[Register.y]) * stride
        let layout = ScannedPicture.Layout(width: width, height: height, stride: stride)
        guard offset + layout.size(lastRow: width * format.bytes) <= Int(memory.size) else { return nil }
        return Mode(format: format, offset: offset, layout: layout)
    }

    private func refresh() {
        guard let mode, let block = memory.ramBlock else {
            if isShown { console.blank() }
            isShown = false
            return picture.forget()
        }
        isShown = true
        let bytes = block.bytes(at: UInt64(mode.offset), count: mode.layout.size(lastRow: mode.rowBytes))
        picture.show(bytes, mode.layout, rowBytes: mode.rowBytes, on: console) { mode.format.colours($0, count: mode.layout.width) }
    }
}
