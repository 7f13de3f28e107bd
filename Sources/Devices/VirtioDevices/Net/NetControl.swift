import NetBackends

/// The control queue's commands (Virtio 1.2, section 5.1.6.5): which class, which command, and what it sets.
struct NetControl {
    var filter: ReceiveFilter
    var address: MACAddress
    let features: NetFeatures

    private enum Class { static let receive: UInt8 = 0, address: UInt8 = 1, vlan: UInt8 = 2 }

    /// Obeys a command; false if it is not known, not offered, or not what its class wants.
    mutating func obey(_ bytes: [UInt8]) -> Bool {
        guard bytes.count >= 2 else { return false }
        let data = bytes[2...]
        switch bytes[0] {
        case Class.receive: return setMode(bytes[1], data)
        case Class.address: return features.contains(.controlAddress) && bytes[1] == 1 ? setAddress(data) : bytes[1] == 0 && setTable(data)
        case Class.vlan: return setVLAN(bytes[1], data)
        default: return false
        }
    }

    private mutating func setMode(_ command: UInt8, _ data: ArraySlice<UInt8>) -> Bool {
        guard let first = data.first, data.count == 1 else { return false }
        guard features.contains(command < 2 ? .controlReceive : .controlReceiveExtra) else { return false }
        let isOn = first != 0
        switch command {
        case 0: filter.isPromiscuous = isOn
        case 1: filter.takesAllMulticast = isOn
        case 2: filter.takesAllUnicast = isOn
        case 3: filter.refusesMulticast = isOn
        case 4: filter.refusesUnicast = isOn
        case 5: filter.refusesBroadcast = isOn
        default: return false
        }
        return true
    }

    private mutating func setAddress(_ data: ArraySlice<UInt8>) -> Bool {
        guard data.count == 6 else { return false }
        address = MACAddress(data)
        return true
    }

    /// Two lists, unicast and multicast: a number of addresses, four bytes, lowest first, and the addresses.
    private mutating func setTable(_ data: ArraySlice<UInt8>) -> Bool {
        var rest = data
        guard features.contains(.controlReceive), let unicast = NetControl.takeAddresses(&rest), let multicast = NetControl.takeAddresses(&rest),
            rest.isEmpty
        else { return false }
        filter.setAddresses(unicast: unicast, multicast: multicast)
        return true
    }

    private static func takeAddresses(_ rest: inout ArraySlice<UInt8>) -> [MACAddress]? {
        guard rest.count >= 4 else { return nil }
        let count = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        rest = rest.dropFirst(4)
        guard rest.count / 6 >= count else { return nil }
        defer { rest = rest.dropFirst(6 * count) }
        return (0..<count).map { MACAddress(rest.dropFirst(6 * $0)) }
    }

    private mutating func setVLAN(_ command: UInt8, _ data: ArraySlice<UInt8>) -> Bool {
        guard features.contains(.controlVLAN), data.count == 2, command < 2, let low = data.first, let high = data.last else { return false }
        return filter.setVLAN(Int(low) | Int(high) << 8, command == 0)
    }
}
