import NetBackends
import Snapshot

/// The MAC of a LAN9118 with its registers (datasheet, 5.4), reached by commands.
struct LAN9118MAC {
    private enum Control {
        static let transmit: UInt32 = 1 << 3, receive: UInt32 = 1 << 2, promiscuous: UInt32 = 1 << 18, allMulticast: UInt32 = 1 << 19
        static let noBroadcast: UInt32 = 1 << 11, hashMulticast: UInt32 = 1 << 13, hashOnly: UInt32 = 1 << 15
    }
    private static let controlAtReset: UInt32 = 0x0004_0000

    /// The address that it has after a reset.
    var permanent = MACAddress(0)
    var phy = LAN9118PHY()
    private var control = LAN9118MAC.controlAtReset, high: UInt32 = 0, low: UInt32 = 0, hashHigh: UInt32 = 0, hashLow: UInt32 = 0
    private var access: UInt32 = 0, data: UInt32 = 0, flow: UInt32 = 0, tag1: UInt32 = 0xffff, tag2: UInt32 = 0xffff, wakeUp: UInt32 = 0

    var transmits: Bool { control & Control.transmit != 0 }
    var receives: Bool { control & Control.receive != 0 }

    mutating func reset() {
        phy.reset()
        let bytes = (0..<6).map { UInt8(truncatingIfNeeded: permanent.value >> UInt64(40 - 8 * $0)) }
        low = (0..<4).reduce(0) { $0 | UInt32(bytes[$1]) << UInt32(8 * $1) }
        high = UInt32(bytes[4]) | UInt32(bytes[5]) << 8
        (control, hashHigh, hashLow, access, data, flow) = (LAN9118MAC.controlAtReset, 0, 0, 0, 0, 0)
        (tag1, tag2, wakeUp) = (0xffff, 0xffff, 0)
    }

    /// Whether a frame passes the address filter (datasheet, table 3.1).
    func accepts(_ frame: [UInt8]) -> Bool {
        guard frame.count >= 14 else { return false }
        if control & Control.promiscuous != 0 { return true }
        let destination = Array(frame[0..<6])
        if destination.allSatisfy({ $0 == 0xff }) { return control & Control.noBroadcast == 0 }
        if destination[0] & 1 != 0 {
            return control & Control.allMulticast != 0 || control & (Control.hashMulticast | Control.hashOnly) != 0 && isHashed(destination)
        }
        if control & Control.hashOnly != 0 { return isHashed(destination) }
        return destination == (0..<4).map { UInt8(truncatingIfNeeded: low >> UInt32(8 * $0)) } + [UInt8(high & 0xff), UInt8(high >> 8 & 0xff)]
    }

    /// The top six bits of the address's CRC choose a bit of the table.
    private func isHashed(_ address: [UInt8]) -> Bool {
        var crc: UInt32 = 0xffff_ffff
        for byte in address {
            for bit in 0..<8 {
                let carry = (crc >> 31) ^ UInt32(byte >> UInt8(bit) & 1)
                crc = crc << 1 ^ (carry != 0 ? 0x04c1_1db7 : 0)
            }
        }
        let place = crc >> 26
        return (place >= 32 ? hashHigh : hashLow) >> (place & 31) & 1 != 0
    }

    func read(_ register: UInt32) -> UInt32 {
        switch register {
        case 1: control
        case 2: high
        case 3: low
        case 4: hashHigh
        case 5: hashLow
        case 6: access
        case 7: data
        case 8: flow
        case 9: tag1
        case 10: tag2
        case 12: wakeUp
        default: 0
        }
    }

    mutating func write(_ register: UInt32, _ value: UInt32) {
        switch register {
        case 1: control = value & 0x80bf_bafc
        case 2: high = value & 0xffff
        case 3: low = value
        case 4: hashHigh = value
        case 5: hashLow = value
        case 6:
            // MII_ACC: an access to the PHY, whose number is 1, done at once.
            access = value & 0xffc2
            guard value >> 11 & 31 == 1 else { return data = 0xffff }
            if value & 2 != 0 { phy.write(value >> 6 & 31, data) } else { data = phy.read(value >> 6 & 31) }
        case 7: data = value & 0xffff
        case 8: flow = value & 0xffff_0007
        case 9: tag1 = value & 0xffff
        case 10: tag2 = value & 0xffff
        case 12: wakeUp = value & 0x206
        default: break
        }
    }

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("mac_cr", &control)
        visitor.field("addrh", &high)
        visitor.field("addrl", &low)
        visitor.field("hashh", &hashHigh)
        visitor.field("hashl", &hashLow)
        visitor.field("mii_acc", &access)
        visitor.field("mii_data", &data)
        visitor.field("flow", &flow)
        visitor.field("vlan1", &tag1)
        visitor.field("vlan2", &tag2)
        visitor.field("wucsr", &wakeUp)
        visitor.group("phy") { phy.visit(&$0) }
    }
}

/// The PHY's registers (datasheet, 5.5): 100 Mbit/s, full duplex, as soon as the link is up.
struct LAN9118PHY {
    private enum Cause { static let negotiated: UInt32 = 1 << 6, linkDown: UInt32 = 1 << 4 }
    private static let controlAtReset: UInt32 = 0x3000, advertisedAtReset: UInt32 = 0x01e1

    private var control = LAN9118PHY.controlAtReset, advertised = LAN9118PHY.advertisedAtReset, cause: UInt32 = 0, mask: UInt32 = 0
    /// Without a network there is no cable.
    private var linkIsUp = false

    var interrupts: Bool { cause & mask != 0 }
    /// What is sent comes back, as drivers test it.
    var isLoopback: Bool { control & 1 << 14 != 0 }

    mutating func reset() { (control, advertised, cause, mask) = (LAN9118PHY.controlAtReset, LAN9118PHY.advertisedAtReset, 0, 0) }

    mutating func setLink(up: Bool) {
        guard up != linkIsUp else { return }
        linkIsUp = up
        cause |= up ? Cause.negotiated : Cause.linkDown
    }

    mutating func read(_ register: UInt32) -> UInt32 {
        switch register {
        case 0: return control
        case 1: return 0x7809 | (linkIsUp ? 0x24 : 0)
        case 2: return 0x0007
        case 3: return 0xc0d1
        case 4: return advertised
        // The other side can do all that there is.
        case 5: return linkIsUp ? 0x45e1 : 0
        case 6: return linkIsUp ? 1 : 0
        case 29:
            defer { cause = 0 }
            return cause
        case 30: return mask
        case 31: return linkIsUp ? 0x1058 : 0x0040
        default: return 0
        }
    }

    mutating func write(_ register: UInt32, _ value: UInt32) {
        switch register {
        case 0:
            if value & 1 << 15 != 0 { return reset() }
            control = value & 0x7d80
            // Restarted negotiations end at once.
            if value & 1 << 9 != 0, linkIsUp { cause |= Cause.negotiated }
        case 4: advertised = value & 0x2de0 | 1
        case 30: mask = value & 0xff
        default: break
        }
    }

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("bmcr", &control)
        visitor.field("anar", &advertised)
        visitor.field("isr", &cause)
        visitor.field("imr", &mask)
        visitor.field("linkIsUp", &linkIsUp)
    }
}
