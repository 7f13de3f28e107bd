import AddressSpace
import DeviceModel
import Diagnostics
import Display
import ObjectModel
import PlatformDevices
import Snapshot

/// A picture in the guest's memory, whose place firmware or a boot loader tells through the file etc/ramfb of the firmware configuration device
/// (QEMU, hw/display/ramfb.c): address, fourcc of the format, flags, width, height and stride, all big-endian.
public final class RAMFramebuffer: Device {
    public static let typeName = "ramfb"
    public static let type = ObjectType(typeName, parent: "sys-bus-device", help: "ram framebuffer standalone device")

    private static let file = "etc/ramfb"
    private static let size = 28
    /// By their codes (Linux, include/uapi/drm/drm_fourcc.h): XR24, AR24, RG24.
    private static let formats: [UInt32: PixelFormat] = [0x3432_5258: .xrgb8888, 0x3432_5241: .xrgb8888, 0x3432_4752: .rgb888]
    private static let sides = 16...PixelSurface.largestSide

    private struct Mode {
        let address: UInt64
        let format: PixelFormat
        let layout: ScannedPicture.Layout
        var rowBytes: Int { layout.width * format.bytes }
    }

    public let console: DisplayConsole
    private let memory: AddressSpace
    private let firmware: FirmwareConfiguration
    /// What has been written into the file.
    private var told = [UInt8](repeating: 0, count: RAMFramebuffer.size)
    private var mode: Mode?
    private var picture = ScannedPicture()

    public init(console: DisplayConsole, memory: AddressSpace, firmware: FirmwareConfiguration) {
        (self.console, self.memory, self.firmware) = (console, memory, firmware)
        firmware.setFile(RAMFramebuffer.file, told) { [unowned self] in take($0) }
        console.refresh = { [unowned self] in refresh() }
    }

    public func reset() {
        told = [UInt8](repeating: 0, count: RAMFramebuffer.size)
        firmware.replaceFile(RAMFramebuffer.file, told)
        show(nil)
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) { visitor.table("told", &told) }

    public func restored() {
        firmware.replaceFile(RAMFramebuffer.file, told)
        show(told.allSatisfy { $0 == 0 } ? nil : makeMode())
    }

    private func take(_ bytes: [UInt8]) {
        told = bytes
        show(makeMode())
    }

    private func show(_ new: Mode?) {
        if new == nil, mode != nil { console.blank() }
        mode = new
        picture.forget()
        refresh()
    }

    private func number(_ offset: Int, _ count: Int) -> UInt64 { told[offset..<offset + count].reduce(0) { $0 << 8 | UInt64($1) } }

    /// What the file asks for; nil if that cannot be.
    private func makeMode() -> Mode? {
        let (width, height) = (Int(number(16, 4)), Int(number(20, 4)))
        guard let format = RAMFramebuffer.formats[UInt32(number(8, 4))] else { return refuse("the format \(hex(number(8, 4)))") }
        guard RAMFramebuffer.sides.contains(width), RAMFramebuffer.sides.contains(height) else { return refuse("a picture of \(width)×\(height)") }
        let stride = number(24, 4) == 0 ? width * format.bytes : Int(number(24, 4))
        guard (width * format.bytes...1 << 20).contains(stride) else { return refuse("rows of \(stride) bytes") }
        return Mode(address: number(0, 8), format: format, layout: .init(width: width, height: height, stride: stride))
    }

    private func refuse(_ what: String) -> Mode? {
        Log.write(.guestErrors, "\(RAMFramebuffer.typeName): \(what) is refused")
        return nil
    }

    private func refresh() {
        guard let mode else { return }
        let size = mode.layout.size(lastRow: mode.rowBytes)
        guard let parts = memory.map(mode.address, count: size, writing: false) else {
            Log.write(.guestErrors, "\(RAMFramebuffer.typeName): the picture at \(hex(mode.address)) lies outside of memory")
            return
        }
        let bytes = parts.count == 1 ? parts[0].bytes() : parts.flatMap { $0.bytes() }
        picture.show(bytes, mode.layout, rowBytes: mode.rowBytes, on: console) { mode.format.colours($0, count: mode.layout.width) }
    }
}
