import Snapshot
import USB

/// A host channel's registers (names as in Linux's drivers/usb/dwc2/hw.h).
struct DWC2Channel: SnapshotState {
    enum Characteristics {
        static let isInput: UInt32 = 1 << 15, disable: UInt32 = 1 << 30, enable: UInt32 = 1 << 31
        static let writable: UInt32 = 0x3fff_ffff
    }
    enum Kind: UInt32 { case control, isochronous, bulk, interrupt }
    enum Split { static let complete: UInt32 = 1 << 16, enable: UInt32 = 1 << 31 }
    enum Interrupt {
        static let complete: UInt32 = 1, halted: UInt32 = 2, busError: UInt32 = 4, stall: UInt32 = 8, nak: UInt32 = 0x10, ack: UInt32 = 0x20
        static let transactionError: UInt32 = 0x80, babble: UInt32 = 0x100, overrun: UInt32 = 0x200
    }

    var characteristics: UInt32 = 0, split: UInt32 = 0, interrupts: UInt32 = 0, mask: UInt32 = 0, size: UInt32 = 0, address: UInt32 = 0
    /// How the device answered what the start of a split transaction sent: `Interrupt` bits for its end; 0 while there is nothing.
    var splitAnswer: UInt32 = 0

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("hcchar", &characteristics)
        visitor.field("hcsplt", &split)
        visitor.field("hcint", &interrupts)
        visitor.field("hcintmsk", &mask)
        visitor.field("hctsiz", &size)
        visitor.field("hcdma", &address)
        visitor.field("splitAnswer", &splitAnswer)
    }

    var isEnabled: Bool { characteristics & Characteristics.enable != 0 }
    var isInput: Bool { characteristics & Characteristics.isInput != 0 }
    var kind: Kind { Kind(rawValue: characteristics >> 18 & 3) ?? .control }
    var endpoint: Int { Int(characteristics >> 11 & 15) }
    var device: Int { Int(characteristics >> 22 & 0x7f) }
    var packetSize: Int { Int(characteristics & 0x7ff) }
    var isSplit: Bool { split & Split.enable != 0 }
    /// A setup packet: PID 3.
    var isSetup: Bool { kind == .control && size >> 29 & 3 == 3 }

    /// Bytes that are to be moved yet.
    var left: Int { Int(size & 0x7_ffff) }

    /// Bytes have been moved in packets, of which there is at least one; the next one has the other of the two data PIDs, behind a setup packet DATA1.
    mutating func note(_ count: Int) {
        let packets = packetSize == 0 ? 1 : max(1, (count + packetSize - 1) / packetSize)
        let packetsLeft = max(0, Int(size >> 19 & 0x3ff) - packets)
        let pid: UInt32 = isSetup ? 2 : packets % 2 == 0 ? size >> 29 & 3 : size >> 29 & 2 ^ 2
        let bytesLeft = max(0, left - count)
        size = size & 1 << 31 | pid << 29 | UInt32(packetsLeft) << 19 | UInt32(bytesLeft)
        address &+= UInt32(count)
    }

    /// The channel stops, and says why.
    mutating func halt(_ why: UInt32) {
        interrupts |= why | Interrupt.halted
        characteristics &= ~(Characteristics.enable | Characteristics.disable)
    }
}
