import CommandLine
import NetBackends
import NetworkSetup
import VirtioDevices

/// The network cards that `-device`, `-nic` and `-net nic` make.
struct NetworkCards {
    static let models = ["virtio-net-device"]
    static let properties = ["netdev", "mac", "host_mtu"] + NetFeatures.switches.map(\.name)

    private let networks: NetworkSetup
    private var count = 0

    init(_ networks: NetworkSetup) { self.networks = networks }

    /// `-device virtio-net-device[,netdev=ID][,mac=ADDRESS][,host_mtu=BYTES][,FEATURE=on|off…]`.
    mutating func make(_ list: PropertyList) throws -> VirtioNet {
        var features: NetFeatures = []
        for (name, feature) in NetFeatures.switches where try list.bool(name, default: true) { features.formUnion(feature) }
        let mtu = try list.integer("host_mtu")
        guard mtu.map({ (68...65535).contains($0) }) ?? true else {
            throw CommandLineError.badValue(option: "device", value: "host_mtu=\(mtu ?? 0)", expected: "host_mtu=68 to host_mtu=65535")
        }
        let backend = try list["netdev"].map { try networks.use($0, option: "device") }
        return try make(list["id"], backend, list["mac"], features, mtu: mtu.map(UInt16.init), option: "device")
    }

    /// A card of `-nic` or `-net nic`.
    mutating func make(_ request: NetworkSetup.CardRequest) throws -> VirtioNet {
        try make(request.name, request.backend, request.address, .all, mtu: nil, option: "nic")
    }

    private mutating func make(
        _ name: String?, _ backend: NetworkBackend?, _ address: String?, _ features: NetFeatures, mtu: UInt16?, option: String
    ) throws -> VirtioNet {
        let address = try networks.address(address, option: option)
        let model = NetworkCards.models[0]
        networks.noteCard(name ?? "\(model).\(count)", model: model, address, on: backend)
        count += 1
        return VirtioNet(address: address, backend: backend, features: features, mtu: mtu)
    }
}
