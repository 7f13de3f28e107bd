import AddressSpace
import DeviceModel
import Diagnostics
import Snapshot

/// Arm's PrimeCell colour LCD controllers PL110 (DDI 0161) and PL111 (DDI 0293): their registers and palette. No picture is made of what they are told.
public final class PL11x: MMIODevice {
    public static let typeName = "pl111"
    public static let windowSize: UInt64 = 0x1000
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    public enum Version: Sendable {
        case pl110, pl111

        /// The two have control register and interrupt mask the other way round.
        var controlOffset: UInt64 { self == .pl110 ? 0x1c : 0x18 }
        var maskOffset: UInt64 { self == .pl110 ? 0x18 : 0x1c }
        var identification: [UInt32] { [self == .pl110 ? 0x10 : 0x11, 0x11, self == .pl110 ? 0x04 : 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1] }
    }

    private static let paletteSize = 128

    public let interrupt = OutputPin()
    private let version: Version
    /// LCDTiming0 to 3, the two frame bases, mask and control.
    private var registers = [UInt32](repeating: 0, count: 8)
    private var palette = [UInt32](repeating: 0, count: paletteSize)
    private var status: UInt32 = 0

    public init(_ version: Version) { self.version = version }

    public func reset() {
        for index in registers.indices { registers[index] = 0 }
        for index in palette.indices { palette[index] = 0 }
        status = 0
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("registers", &registers)
        visitor.field("palette", &palette)
        visitor.field("status", &status)
        visitor.check("there are 8 registers and 128 words of palette", registers.count == 8 && palette.count == PL11x.paletteSize)
    }

    public func restored() { update() }

    private var mask: UInt32 { registers[Int(version.maskOffset) / 4] }
    private func update() { interrupt.set(status & mask != 0) }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        let value: UInt32
        switch offset {
        case 0x00..<0x20: value = registers[Int(offset) / 4]
        case 0x20: value = status
        case 0x24: value = status & mask
        case 0x2c: value = registers[4]
        case 0x30: value = registers[5]
        case 0x200..<0x400: value = palette[Int(offset - 0x200) / 4]
        case 0xfe0...: value = version.identification[Int(offset - 0xfe0) / 4]
        default: value = 0
        }
        return (UInt64(value), .ok)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let value = UInt32(truncatingIfNeeded: value)
        switch offset {
        case 0x00..<0x20:
            registers[Int(offset) / 4] = value
            // A new base is taken at once: LNBU, the next base may be written.
            if offset == 0x10 || offset == 0x14 { status |= 1 << 2 }
            if offset == version.controlOffset, value & 1 != 0 {
                Log.write(.unimplemented, "\(PL11x.typeName): the guest has switched its display on, of which nothing is shown")
            }
        case 0x28: status &= ~value
        case 0x200..<0x400: palette[Int(offset - 0x200) / 4] = value
        default: break
        }
        update()
        return .ok
    }
}
