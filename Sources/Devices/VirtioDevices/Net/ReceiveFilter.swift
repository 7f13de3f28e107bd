import NetBackends
import Packets
import Snapshot

/// Which frames a network card lets through to its driver (Virtio 1.2, section 5.1.6.5). Everything, until the driver says otherwise.
public struct ReceiveFilter: SnapshotState {
    /// Everything, whatever the other settings say.
    public internal(set) var isPromiscuous = true
    public internal(set) var takesAllUnicast = false
    public internal(set) var takesAllMulticast = false
    public internal(set) var refusesUnicast = false
    public internal(set) var refusesMulticast = false
    public internal(set) var refusesBroadcast = false
    public private(set) var unicast: Set<MACAddress> = []
    public private(set) var multicast: Set<MACAddress> = []
    /// The driver named more addresses than there is room for: all of that kind are let through.
    public private(set) var unicastIsOpen = false
    public private(set) var multicastIsOpen = false
    /// A bit for each VLAN.
    private var vlans = [UInt64](repeating: .max, count: 64)

    /// Addresses of both kinds together.
    static let room = 64

    public mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("isPromiscuous", &isPromiscuous)
        visitor.field("takesAllUnicast", &takesAllUnicast)
        visitor.field("takesAllMulticast", &takesAllMulticast)
        visitor.field("refusesUnicast", &refusesUnicast)
        visitor.field("refusesMulticast", &refusesMulticast)
        visitor.field("refusesBroadcast", &refusesBroadcast)
        ReceiveFilter.visit(&visitor, "unicast", &unicast)
        ReceiveFilter.visit(&visitor, "multicast", &multicast)
        visitor.field("unicastIsOpen", &unicastIsOpen)
        visitor.field("multicastIsOpen", &multicastIsOpen)
        visitor.table("vlans", &vlans)
    }

    private static func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor, _ name: String, _ addresses: inout Set<MACAddress>) {
        var list = addresses.map(\.value).sorted()
        visitor.field(name, &list)
        visitor.check("there is room for the addresses", list.count <= room)
        visitor.check("addresses have six bytes, and each is there once", list.allSatisfy { $0 >> 48 == 0 } && Set(list).count == list.count)
        if visitor.isReading { addresses = Set(list.prefix(room).map(MACAddress.init)) }
    }

    /// The VLANs whose frames pass.
    public var passingVLANs: [Int] { (0..<4096).filter { vlans[$0 / 64] >> UInt64($0 % 64) & 1 != 0 } }

    /// A driver that filters VLANs starts with none.
    mutating func setAllVLANs(_ passing: Bool) { vlans = [UInt64](repeating: passing ? .max : 0, count: 64) }

    /// False if there is no such VLAN.
    mutating func setVLAN(_ number: Int, _ passing: Bool) -> Bool {
        guard number < 4096 else { return false }
        if passing { vlans[number / 64] |= 1 << UInt64(number % 64) } else { vlans[number / 64] &= ~(1 << UInt64(number % 64)) }
        return true
    }

    mutating func setAddresses(unicast: [MACAddress], multicast: [MACAddress]) {
        unicastIsOpen = unicast.count > ReceiveFilter.room
        self.unicast = unicastIsOpen ? [] : Set(unicast)
        multicastIsOpen = multicast.count > ReceiveFilter.room - self.unicast.count
        self.multicast = multicastIsOpen ? [] : Set(multicast)
    }

    /// Whether a frame is for a card with this address.
    func passes(_ frame: [UInt8], to own: MACAddress) -> Bool {
        if isPromiscuous { return true }
        guard frame.count >= 14 else { return false }
        if frame.half(12) == VirtioNet.vlanTag, frame.count >= 18 {
            let number = frame.half(14) & 0xfff
            if vlans[number / 64] >> UInt64(number % 64) & 1 == 0 { return false }
        }
        let target = MACAddress(frame[..<6])
        if target == .broadcast { return !refusesBroadcast }
        if target.isMulticast {
            return !refusesMulticast && (takesAllMulticast || multicastIsOpen || multicast.contains(target))
        }
        return !refusesUnicast && (takesAllUnicast || unicastIsOpen || target == own || unicast.contains(target))
    }
}
