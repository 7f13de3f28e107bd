import Snapshot

/// The management interface of a LAN91C111 and the PHY behind it (datasheet, 8.21 and 9): frames of IEEE 802.3 clause 22, clocked by software bit by bit.
struct SMCManagement: SnapshotState {
    private enum Wire { static let output: UInt8 = 1, clock: UInt8 = 4, drives: UInt8 = 8 }
    private enum Frame { static let headerBits: UInt8 = 14, bits: UInt8 = 32 }

    private var phy = SMCPhy()
    private var wires: UInt8 = 0
    /// Bits since the beginning of a frame, which two bits 01 make, and how many; with none the line idles.
    private var shift: UInt32 = 0, count: UInt8 = 0
    private var answer: UInt16 = 0

    var linkIsUp: Bool { phy.linkIsUp }
    var isLoopback: Bool { phy.isLoopback }

    mutating func setLink(up: Bool) { phy.setLink(up: up) }
    mutating func takeInterrupt() -> Bool { phy.takeInterrupt() }

    mutating func reset() {
        phy.reset()
        (wires, shift, count, answer) = (0, 0, 0, 0)
    }

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.part("phy", &phy)
        visitor.field("wires", &wires)
        visitor.field("shift", &shift)
        visitor.field("count", &count)
        visitor.field("answer", &answer)
        let bits = count
        visitor.check("a frame has 32 bits", bits < Frame.bits)
        if visitor.isReading { count = min(bits, Frame.bits - 1) }
    }

    private var isRead: Bool { count >= Frame.headerBits && shift >> UInt32(count - Frame.headerBits + 10) & 3 == 2 }

    /// The bit that the PHY puts on the line, which is pulled low without it.
    private var input: Bool {
        guard isRead, count > Frame.headerBits else { return false }
        // A turnaround bit of zero, then the data from the highest bit on.
        return count == Frame.headerBits + 1 ? false : answer >> UInt16(Frame.bits - 1 - count) & 1 != 0
    }

    /// MGMT.
    var value: UInt16 { 0x3330 | UInt16(wires & 0x0d) | (input ? 2 : 0) }

    mutating func write(_ value: UInt8) {
        let isRising = wires & Wire.clock == 0 && value & Wire.clock != 0
        wires = value
        guard isRising else { return }
        // What software does not drive begins nothing.
        clock(value & Wire.drives == 0 || value & Wire.output != 0)
    }

    private mutating func clock(_ bit: Bool) {
        // Idling, the first zero begins a frame, and after it comes a one.
        if count == 0, bit { return }
        shift = shift << 1 | (bit ? 1 : 0)
        count += 1
        if count == 2, !bit { return (shift, count) = (0, 1) }
        if count == Frame.headerBits, isRead { answer = isOurs ? phy.read(shift & 31) : 0 }
        guard count == Frame.bits else { return }
        if shift >> 28 & 3 == 1, shift >> 23 & 31 == 0 { phy.write(shift >> 18 & 31, UInt16(truncatingIfNeeded: shift)) }
        (shift, count) = (0, 0)
    }

    /// The PHY's address is 0.
    private var isOurs: Bool { shift >> 5 & 31 == 0 }
}

/// The PHY's registers (datasheet, 9.1): 100 Mbit/s, full duplex, as soon as the link is up.
private struct SMCPhy: SnapshotState {
    /// Of the status output: an interrupt is pending, the link has changed, what speed and duplex it has.
    private enum Output { static let pending: UInt16 = 1 << 15, link: UInt16 = 1 << 14, fast: UInt16 = 1 << 7, duplex: UInt16 = 1 << 6 }
    private static let controlAtReset: UInt16 = 0x3000, advertisedAtReset: UInt16 = 0x01e1, maskAtReset: UInt16 = 0xffc0

    private var control = SMCPhy.controlAtReset, advertised = SMCPhy.advertisedAtReset, mask = SMCPhy.maskAtReset
    private var configuration: [UInt16] = [0x0022, 0x0000]
    private var changed: UInt16 = 0
    private var isTold = false
    /// Without a network there is no cable.
    private(set) var linkIsUp = false

    var isLoopback: Bool { control & 1 << 14 != 0 }

    mutating func reset() {
        (control, advertised, mask, configuration) = (SMCPhy.controlAtReset, SMCPhy.advertisedAtReset, SMCPhy.maskAtReset, [0x0022, 0])
        (changed, isTold) = (0, false)
    }

    mutating func setLink(up: Bool) {
        guard up != linkIsUp else { return }
        linkIsUp = up
        changed |= Output.link | Output.fast | Output.duplex
        isTold = false
    }

    /// Whether an interrupt has come since the last time: a change whose mask bit is clear.
    mutating func takeInterrupt() -> Bool {
        guard changed & ~mask != 0, !isTold else { return false }
        isTold = true
        return true
    }

    mutating func read(_ register: UInt32) -> UInt16 {
        switch register {
        case 0: return control
        case 1: return 0x7809 | (linkIsUp ? 0x24 : 0)
        case 2: return 0x0016
        case 3: return 0xf840
        case 4: return advertised
        case 5: return linkIsUp ? 0x45e1 : 0
        case 16, 17: return configuration[Int(register - 16)]
        case 18:
            defer { (changed, isTold) = (0, false) }
            return (changed & ~mask != 0 ? Output.pending : 0) | (linkIsUp ? Output.fast | Output.duplex : Output.link)
        case 19: return mask
        case 20: return 0x0080
        default: return 0
        }
    }

    mutating func write(_ register: UInt32, _ value: UInt16) {
        switch register {
        // A reset, and a negotiation, have been done when they have been asked for.
        case 0: if value & 1 << 15 != 0 { reset() } else { control = value & 0x7d00 }
        case 4: advertised = value
        case 16, 17: configuration[Int(register - 16)] = value
        case 19: mask = value | 0x003f
        default: break
        }
    }

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("control", &control)
        visitor.field("advertised", &advertised)
        visitor.field("mask", &mask)
        visitor.table("configuration", &configuration)
        visitor.field("changed", &changed)
        visitor.field("isTold", &isTold)
        visitor.field("linkIsUp", &linkIsUp)
    }
}
