/// Features of a virtio network card (Virtio 1.2, section 5.1.3), by the names that QEMU's properties have.
public struct NetFeatures: OptionSet, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    private init(bit: UInt64) { rawValue = 1 << bit }

    /// The card finishes checksums of what the driver sends.
    static let checksum = NetFeatures(bit: 0)
    /// The driver takes frames whose checksums need no look.
    static let guestChecksum = NetFeatures(bit: 1)
    static let mtu = NetFeatures(bit: 3)
    static let mac = NetFeatures(bit: 5)
    /// The card cuts large TCP packets of the driver's into frames.
    static let hostTCP4 = NetFeatures(bit: 11), hostTCP6 = NetFeatures(bit: 12), hostCongestion = NetFeatures(bit: 13)
    static let mergeableBuffers = NetFeatures(bit: 15)
    static let status = NetFeatures(bit: 16)
    static let controlQueue = NetFeatures(bit: 17), controlReceive = NetFeatures(bit: 18), controlVLAN = NetFeatures(bit: 19)
    static let controlReceiveExtra = NetFeatures(bit: 20), controlAddress = NetFeatures(bit: 23)

    /// All that can be switched off.
    public static let switches: [(name: String, feature: NetFeatures)] = [
        ("csum", .checksum), ("guest_csum", .guestChecksum), ("host_tso4", .hostTCP4), ("host_tso6", .hostTCP6), ("host_ecn", .hostCongestion),
        ("mrg_rxbuf", .mergeableBuffers), ("status", .status), ("ctrl_vq", .controlQueue), ("ctrl_rx", .controlReceive),
        ("ctrl_vlan", .controlVLAN), ("ctrl_rx_extra", .controlReceiveExtra), ("ctrl_mac_addr", .controlAddress),
    ]

    public static var all: NetFeatures { NetFeatures(switches.map(\.feature)) }

    /// Without those that need one that is missing (Virtio 1.2, section 5.1.3.1).
    var consistent: NetFeatures {
        var result = self
        if !contains(.checksum) { result.subtract([.hostTCP4, .hostTCP6]) }
        if result.isDisjoint(with: [.hostTCP4, .hostTCP6]) { result.remove(.hostCongestion) }
        if !contains(.controlQueue) { result.subtract([.controlReceive, .controlVLAN, .controlReceiveExtra, .controlAddress]) }
        return result
    }
}
