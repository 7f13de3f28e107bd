import AddressSpace
import DeviceModel
import Snapshot

/// The clock manager of a BCM2835 with the registers of its oscillators, as Linux's driver knows them (drivers/clk/bcm/clk-bcm2835.c): what firmware has set up before a
/// kernel starts, and what the kernel changes. Nothing follows from frequencies here but what drivers work out from them.
public final class BroadcomClockManager: MMIODevice {
    public static let typeName = "bcm2835-cprman"
    public static let windowSize: UInt64 = 0x2000
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    private static let password: UInt32 = 0x5a00_0000
    private enum ClockControl { static let enable: UInt32 = 1 << 4, kill: UInt32 = 1 << 5, busy: UInt32 = 1 << 7 }
    private static let lock = 0x114
    private static let lockedAll: UInt32 = 0x1f00
    /// Control registers of clocks with a divider behind each.
    private static let clocks: Set<Int> = [
        0x00, 0x08, 0x10, 0x18, 0x20, 0x28, 0x30, 0x38, 0x40, 0x48, 0x50, 0x58, 0x60, 0x68, 0x70, 0x78, 0x80, 0x88, 0x90, 0x98, 0xa0, 0xa8, 0xb0,
        0xc0,
        0xc8, 0xd0, 0xd8, 0xe0, 0xe8, 0xf0, 0xf8, 0x120, 0x138, 0x150, 0x158, 0x160, 0x168, 0x178, 0x180, 0x188, 0x190, 0x198, 0x1a0, 0x1a8, 0x1b0,
        0x1b8, 0x1c0,
    ]
    /// What firmware leaves behind: the crystal's 19.2 MHz times 104 1/6 are the 2 GHz of PLLC and PLLD, a quarter of which are most clocks' source 6.
    private static let atReset: [Int: UInt32] = [
        // VPU 250 MHz, EMMC 200 MHz, UART 48 MHz, the timer's 1 MHz from the crystal, H264, ISP and V3D 250 MHz, the thermal sensor 1.92 MHz.
        0x008: 0x296, 0x00c: 0x2000, 0x1c0: 0x296, 0x1c4: 0x2800, 0x0f0: 0x296, 0x0f4: 0xa6ab, 0x0e8: 0x291, 0x0ec: 0x1_3333,
        0x028: 0x296, 0x02c: 0x2000, 0x030: 0x296, 0x034: 0x2000, 0x038: 0x296, 0x03c: 0x2000, 0x0e0: 0x291, 0x0e4: 0xa000,
        // PLLA, PLLC, PLLD, PLLH run; PLLB is the Arm's, 1.2 GHz times two.
        0x1100: 0x2_1068, 0x1120: 0x2_1068, 0x1140: 0x2_1068, 0x1160: 0x2_1037, 0x11e0: 0x2_107d,
        0x1200: 0x2_aaab, 0x1220: 0x2_aaab, 0x1240: 0x2_aaab,
        // Their dividers: DSI0, CORE, PER, CCP2 of PLLA; CORE0 to 2 and PER of PLLC; likewise PLLD.
        0x1300: 4, 0x1400: 4, 0x1500: 4, 0x1600: 4, 0x1320: 4, 0x1420: 4, 0x1520: 4, 0x1620: 4, 0x1340: 4, 0x1440: 4, 0x1540: 4, 0x1640: 4,
        0x1360: 5, 0x1460: 1, 0x1560: 5, 0x13e0: 2,
    ]

    private var registers = [UInt32](repeating: 0, count: Int(windowSize) / 4)

    public init() { reset() }

    public func reset() {
        for index in registers.indices { registers[index] = BroadcomClockManager.atReset[index * 4] ?? 0 }
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) { visitor.table("registers", &registers) }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        // Oscillators lock at once.
        (UInt64(Int(offset) == BroadcomClockManager.lock ? BroadcomClockManager.lockedAll : registers[Int(offset / 4)]), .ok)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let offset = Int(offset), value = UInt32(truncatingIfNeeded: value)
        guard value & 0xff00_0000 == BroadcomClockManager.password else { return .ok }
        var new = value & 0xff_ffff
        if BroadcomClockManager.clocks.contains(offset) {
            // A clock is busy exactly as long as it is enabled.
            new &= ~ClockControl.busy
            if new & ClockControl.kill != 0 { new &= ~ClockControl.enable }
            if new & ClockControl.enable != 0 { new |= ClockControl.busy }
        }
        registers[offset / 4] = new
        return .ok
    }
}
