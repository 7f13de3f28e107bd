import JSON
import ObjectModel

extension VirtioNet {
    public static let type = ObjectType.virtio(
        "net", help: "virtio network card",
        [
            Property("netdev", .string, "network that it is on"),
            Property("mac", .string, "its address: 52:54:00:12:34:56"),
            Property("bootindex", .unsigned(bits: 32), "its place in the order of booting"),
            Property("host_mtu", .unsigned(bits: 16), range: 68...65535, "the network's largest packet, in bytes"),
        ] + NetFeatures.switches.map { Property($0.name, .bool, default: true, $0.help) })
}

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
    public static let switches: [(name: String, feature: NetFeatures, help: String)] = [
        ("csum", .checksum, "finish checksums of what the driver sends"),
        ("guest_csum", .guestChecksum, "pass on frames with checksums known to be good"),
        ("host_tso4", .hostTCP4, "cut large TCP packets over IPv4"), ("host_tso6", .hostTCP6, "cut large TCP packets over IPv6"),
        ("host_ecn", .hostCongestion, "cut packets that tell of congestion"), ("mrg_rxbuf", .mergeableBuffers, "spread a frame over several buffers"),
        ("status", .status, "tell the driver of the link"), ("ctrl_vq", .controlQueue, "have a control queue"),
        ("ctrl_rx", .controlReceive, "filter by address"), ("ctrl_vlan", .controlVLAN, "filter by VLAN"),
        ("ctrl_rx_extra", .controlReceiveExtra, "filter by kind"), ("ctrl_mac_addr", .controlAddress, "let the driver set the address"),
    ]

    /// Those that a card's properties leave on.
    public init(_ values: PropertyValues) { self = NetFeatures(NetFeatures.switches.filter { values.bool($0.name) }.map(\.feature)) }

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
