import AddressSpace
import DeviceModel
import Display
import DisplayDevices
import ObjectModel
import PCI
import PlatformDevices
import Snapshot
import Testing

/// Displays whose picture lies in memory.
@Suite struct FramebufferTests {
    private let memory: AddressSpace

    init() throws {
        let root = MemoryRegion.container("system", size: .max)
        root.add(try MemoryRegion.ram("ram", size: 1 << 20), at: 0)
        memory = AddressSpace("memory", root: root)
    }

    private func set(_ device: some IOHandler, _ offset: UInt64, _ value: UInt64, size: Int = 4) {
        _ = device.write(offset, value: value, size: size)
    }

    // MARK: PL111

    /// A display of 16×2 pixels at 0x1000 with so many bits a pixel, by its control register's field.
    private func pl111(_ depth: UInt64, more: UInt64 = 0) -> PL11x {
        let display = PL11x(.pl111, memory: memory)
        display.reset()
        set(display, 0x00, 0)
        set(display, 0x04, 1)
        set(display, 0x10, 0x1000)
        set(display, 0x18, 0x801 | depth << 1 | more)
        return display
    }

    private func picture(_ display: PL11x) -> PixelSurface {
        display.console.refresh()
        return display.console.surface
    }

    @Test func pl111Depths() {
        memory.write(0x1000, [0x1f, 0x00, 0x00, 0xf8])
        #expect(picture(pl111(6)).pixels.prefix(2) == [0xff0000, 0x0000ff], "red in the low bits")
        #expect(picture(pl111(6, more: 0x100)).pixels.prefix(2) == [0x0000ff, 0xff0000], "and exchanged")
        memory.write(0x1000, [1, 2, 3, 0, 4, 5, 6, 0])
        #expect(picture(pl111(5)).pixels.prefix(2) == [0x010203, 0x040506])
        let palette = pl111(3)
        set(palette, 0x200, 0x7c00_001f)
        memory.write(0x1000, [0, 1])
        let surface = picture(palette)
        #expect(surface.width == 16 && surface.height == 2 && surface.pixels.prefix(2) == [0xff0000, 0x0000ff])
        set(palette, 0x200, 0)
        #expect(picture(palette).pixels.prefix(2) == [0, 0], "another palette shows at once")
    }

    /// Pixels of one bit: from the low bit up, and with big-endian pixels from each byte's high bit down.
    @Test func pl111SmallPixels() {
        memory.write(0x1000, [0x01, 0x00])
        for (more, place) in [(0, 0), (0x400, 7)] as [(UInt64, Int)] {
            let display = pl111(0, more: more)
            set(display, 0x200, 0x001f_0000)
            #expect(picture(display).pixels.firstIndex(of: 0xff0000) == place)
        }
    }

    @Test func pl111WithoutMemoryIsDark() {
        let display = pl111(5)
        #expect(picture(display).width == 16)
        set(display, 0x10, 0xffff_0000)
        #expect(picture(display).width == 640)
        set(display, 0x10, 0x1000)
        #expect(picture(display).width == 16)
        set(display, 0x18, 0)
        #expect(picture(display).width == 640)
    }

    // MARK: ramfb

    private func ramfb(_ firmware: FirmwareConfiguration) -> RAMFramebuffer {
        RAMFramebuffer(console: DisplayConsole(device: "ramfb"), memory: memory, firmware: firmware)
    }

    private func bigEndian(_ value: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * (count - 1 - $0))) }
    }

    /// Writes the file as firmware does, with a request for DMA; true if the device took it.
    private func tell(
        _ firmware: FirmwareConfiguration, address: UInt64, format: UInt64 = 0x3432_5258, _ width: UInt64, _ height: UInt64, stride: UInt64
    )
        -> Bool
    {
        let file = bigEndian(address, 8) + bigEndian(format, 4) + bigEndian(0, 4) + bigEndian(width, 4) + bigEndian(height, 4) + bigEndian(stride, 4)
        memory.write(0x100, file)
        memory.write(0x80, bigEndian(0x20 << 16 | 8 | 16, 4) + bigEndian(28, 4) + bigEndian(0x100, 8))
        _ = firmware.write(0x10, value: UInt64(0x80).byteSwapped, size: 8)
        return memory.load(0x80, as: UInt32.self) == 0
    }

    @Test func ramfbShowsMemory() throws {
        let firmware = FirmwareConfiguration(memory: memory)
        let device = ramfb(firmware)
        memory.store(0x2000, 0xff11_2233 as UInt32)
        #expect(tell(firmware, address: 0x2000, 16, 16, stride: 0))
        device.console.refresh()
        #expect(device.console.surface.width == 16 && device.console.surface.pixels[0] == 0x11_2233)
        memory.store(0x2000, 0x44 as UInt32)
        device.console.refresh()
        #expect(device.console.surface.pixels[0] == 0x44)
        let bytes = DeviceSnapshot.save([firmware, device])
        let otherFirmware = FirmwareConfiguration(memory: memory)
        let other = ramfb(otherFirmware)
        try DeviceSnapshot.restore([otherFirmware, other], from: bytes)
        #expect(other.console.surface == device.console.surface)
        device.reset()
        #expect(device.console.surface.width == 640)
    }

    @Test func ramfbRefusesNonsense() {
        let firmware = FirmwareConfiguration(memory: memory)
        let device = ramfb(firmware)
        for (format, width, height, stride) in [(1, 16, 16, 0), (0x3432_5258, 0, 16, 0), (0x3432_5258, 16, 1 << 20, 0), (0x3432_5258, 16, 16, 63)]
            as [(UInt64, UInt64, UInt64, UInt64)]
        {
            #expect(tell(firmware, address: 0x2000, format: format, width, height, stride: stride))
            device.console.refresh()
            #expect(device.console.surface.width == 640)
        }
        #expect(tell(firmware, address: ~0 - 8, 16, 16, stride: 0))
        device.console.refresh()
        #expect(device.console.surface.width == 640, "there is no memory")
    }

    /// Only such files can be written, and only within their ends.
    @Test func filesThatCannotBeWritten() {
        let firmware = FirmwareConfiguration(memory: memory)
        firmware.setFile("other", [UInt8](repeating: 1, count: 28))
        #expect(!tell(firmware, address: 0, 16, 16, stride: 0))
        let writable = FirmwareConfiguration(memory: memory)
        writable.setFile("short", [0, 0]) { _ in }
        #expect(!tell(writable, address: 0, 16, 16, stride: 0))
    }

    // MARK: bochs-display

    private func bochs() throws -> BochsDisplay {
        var values = PropertyValues(BochsDisplay.type)
        try values.set("vgamem", text: "1M")
        try values.set("xres", text: "800")
        try values.set("yres", text: "600")
        let device = try BochsDisplay(values, console: DisplayConsole(device: "bochs"), isIntegrated: true)
        device.reset()
        return device
    }

    private func setMode(_ device: BochsDisplay, _ values: [UInt64: UInt64]) {
        for (number, value) in values { set(device, 0x500 + 2 * number, value, size: 2) }
    }

    @Test func bochsShowsItsMemory() throws {
        let device = try bochs()
        #expect(device.read(0x500, size: 2).value == 0xb0c5 && device.read(0x514, size: 2).value == 16)
        #expect((0..<128).map { UInt8(device.read($0, size: 1).value) } == EDID.block(width: 800, height: 600))
        setMode(device, [1: 64, 2: 64, 3: 32, 6: 80, 8: 2, 9: 1, 4: 0x41])
        device.memory.ramBlock?.load([0x33, 0x22, 0x11, 0], at: 4 * (80 + 2))
        device.console.refresh()
        #expect(device.console.surface.width == 64 && device.console.surface.pixels[0] == 0x11_2233)
        set(device, 0x604, 0xbebe_bebe)
        device.console.refresh()
        #expect(device.read(0x604, size: 4).value == 0xbebe_bebe)
        setMode(device, [3: 16, 6: 64, 8: 0, 9: 0])
        set(device, 0x604, 0x1e1e_1e1e)
        device.memory.ramBlock?.load([0x1f, 0], at: 0)
        device.console.refresh()
        #expect(device.console.surface.pixels[0] == 0xff)
        setMode(device, [4: 0])
        device.console.refresh()
        #expect(device.console.surface.width == 640)
    }

    @Test(arguments: [[1: 63], [2: 5000], [3: 8], [6: 0xffff], [9: 0xffff]] as [[UInt64: UInt64]])
    func bochsRefusesNonsense(_ change: [UInt64: UInt64]) throws {
        let device = try bochs()
        setMode(device, [1: 64, 2: 64, 3: 32, 4: 1])
        device.console.refresh()
        #expect(device.console.surface.width == 64)
        setMode(device, change)
        device.console.refresh()
        #expect(device.console.surface.width == 640)
    }
}
