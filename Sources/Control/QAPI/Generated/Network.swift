// Made by apus-schema from Sources/Control/Schema/Text. Change it there.

import JSON

/// Which frames of a kind pass.
public enum RxState: String, QAPIEnumeration {
    case normal
    case none
    case all
}

/// What a network card lets through.
public struct RxFilterInfo: QAPIObject {
    public var name: String
    public var promiscuous: Bool
    public var multicast: RxState
    public var unicast: RxState
    public var vlan: RxState
    public var broadcastAllowed: Bool
    public var multicastOverflow: Bool
    public var unicastOverflow: Bool
    public var mainMac: String
    public var vlanTable: [Int64]
    public var unicastTable: [String]
    public var multicastTable: [String]

    public init(
        name: String,
        promiscuous: Bool,
        multicast: RxState,
        unicast: RxState,
        vlan: RxState,
        broadcastAllowed: Bool,
        multicastOverflow: Bool,
        unicastOverflow: Bool,
        mainMac: String,
        vlanTable: [Int64],
        unicastTable: [String],
        multicastTable: [String]
    ) {
        self.name = name
        self.promiscuous = promiscuous
        self.multicast = multicast
        self.unicast = unicast
        self.vlan = vlan
        self.broadcastAllowed = broadcastAllowed
        self.multicastOverflow = multicastOverflow
        self.unicastOverflow = unicastOverflow
        self.mainMac = mainMac
        self.vlanTable = vlanTable
        self.unicastTable = unicastTable
        self.multicastTable = multicastTable
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        name = try input.take("name")
        promiscuous = try input.take("promiscuous")
        multicast = try input.take("multicast")
        unicast = try input.take("unicast")
        vlan = try input.take("vlan")
        broadcastAllowed = try input.take("broadcast-allowed")
        multicastOverflow = try input.take("multicast-overflow")
        unicastOverflow = try input.take("unicast-overflow")
        mainMac = try input.take("main-mac")
        vlanTable = try input.take("vlan-table")
        unicastTable = try input.take("unicast-table")
        multicastTable = try input.take("multicast-table")
    }

    public func write(to output: inout JSONObject) {
        output["name"] = name.json
        output["promiscuous"] = promiscuous.json
        output["multicast"] = multicast.json
        output["unicast"] = unicast.json
        output["vlan"] = vlan.json
        output["broadcast-allowed"] = broadcastAllowed.json
        output["multicast-overflow"] = multicastOverflow.json
        output["unicast-overflow"] = unicastOverflow.json
        output["main-mac"] = mainMac.json
        output["vlan-table"] = vlanTable.json
        output["unicast-table"] = unicastTable.json
        output["multicast-table"] = multicastTable.json
    }
}

/// Says what network cards let through.
public enum QueryRxFilterCommand: QAPICommand {
    public static let name = "query-rx-filter"
    public typealias Return = [RxFilterInfo]

    public struct Arguments: QAPIObject {
        /// only of this card
        public var name: String?

        public init(
            name: String? = nil
        ) {
            self.name = name
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            name = try input.takeOptional("name")
        }

        public func write(to output: inout JSONObject) {
            output["name"] = name?.json
        }
    }
}

/// The driver has changed what a network card lets through; told once until somebody asks.
public struct NicRxFilterChangedEvent: QAPIEvent {
    public static let name = "NIC_RX_FILTER_CHANGED"
    public var name: String?
    public var path: String

    public init(
        name: String? = nil,
        path: String
    ) {
        self.name = name
        self.path = path
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        name = try input.takeOptional("name")
        path = try input.take("path")
    }

    public func write(to output: inout JSONObject) {
        output["name"] = name?.json
        output["path"] = path.json
    }
}

/// Plugs a network's cable in or out, at a card or at a back end.
public enum SetLinkCommand: QAPICommand {
    public static let name = "set_link"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var name: String
        public var up: Bool

        public init(
            name: String,
            up: Bool
        ) {
            self.name = name
            self.up = up
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            name = try input.take("name")
            up = try input.take("up")
        }

        public func write(to output: inout JSONObject) {
            output["name"] = name.json
            output["up"] = up.json
        }
    }
}

/// Kinds of network back ends.
public enum NetClientDriver: String, QAPIEnumeration {
    case user
    case tap
    case socket
    case hubport
}

/// A network in user mode.
public struct NetdevUserOptions: QAPIObject {
    public var hostname: String?
    public var restrict: Bool?
    public var ipv4: Bool?
    public var ipv6: Bool?
    public var ip: String?
    public var net: String?
    public var host: String?
    public var tftp: String?
    public var bootfile: String?
    public var dhcpstart: String?
    public var dns: String?
    public var dnssearch: [StringValue]?
    public var domainname: String?
    public var ipv6Prefix: String?
    public var ipv6Prefixlen: Int64?
    public var ipv6Host: String?
    public var ipv6Dns: String?
    public var hostfwd: [StringValue]?
    public var guestfwd: [StringValue]?
    public var tftpServerName: String?

    public init(
        hostname: String? = nil,
        restrict: Bool? = nil,
        ipv4: Bool? = nil,
        ipv6: Bool? = nil,
        ip: String? = nil,
        net: String? = nil,
        host: String? = nil,
        tftp: String? = nil,
        bootfile: String? = nil,
        dhcpstart: String? = nil,
        dns: String? = nil,
        dnssearch: [StringValue]? = nil,
        domainname: String? = nil,
        ipv6Prefix: String? = nil,
        ipv6Prefixlen: Int64? = nil,
        ipv6Host: String? = nil,
        ipv6Dns: String? = nil,
        hostfwd: [StringValue]? = nil,
        guestfwd: [StringValue]? = nil,
        tftpServerName: String? = nil
    ) {
        self.hostname = hostname
        self.restrict = restrict
        self.ipv4 = ipv4
        self.ipv6 = ipv6
        self.ip = ip
        self.net = net
        self.host = host
        self.tftp = tftp
        self.bootfile = bootfile
        self.dhcpstart = dhcpstart
        self.dns = dns
        self.dnssearch = dnssearch
        self.domainname = domainname
        self.ipv6Prefix = ipv6Prefix
        self.ipv6Prefixlen = ipv6Prefixlen
        self.ipv6Host = ipv6Host
        self.ipv6Dns = ipv6Dns
        self.hostfwd = hostfwd
        self.guestfwd = guestfwd
        self.tftpServerName = tftpServerName
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        hostname = try input.takeOptional("hostname")
        restrict = try input.takeOptional("restrict")
        ipv4 = try input.takeOptional("ipv4")
        ipv6 = try input.takeOptional("ipv6")
        ip = try input.takeOptional("ip")
        net = try input.takeOptional("net")
        host = try input.takeOptional("host")
        tftp = try input.takeOptional("tftp")
        bootfile = try input.takeOptional("bootfile")
        dhcpstart = try input.takeOptional("dhcpstart")
        dns = try input.takeOptional("dns")
        dnssearch = try input.takeOptional("dnssearch")
        domainname = try input.takeOptional("domainname")
        ipv6Prefix = try input.takeOptional("ipv6-prefix")
        ipv6Prefixlen = try input.takeOptional("ipv6-prefixlen")
        ipv6Host = try input.takeOptional("ipv6-host")
        ipv6Dns = try input.takeOptional("ipv6-dns")
        hostfwd = try input.takeOptional("hostfwd")
        guestfwd = try input.takeOptional("guestfwd")
        tftpServerName = try input.takeOptional("tftp-server-name")
    }

    public func write(to output: inout JSONObject) {
        output["hostname"] = hostname?.json
        output["restrict"] = restrict?.json
        output["ipv4"] = ipv4?.json
        output["ipv6"] = ipv6?.json
        output["ip"] = ip?.json
        output["net"] = net?.json
        output["host"] = host?.json
        output["tftp"] = tftp?.json
        output["bootfile"] = bootfile?.json
        output["dhcpstart"] = dhcpstart?.json
        output["dns"] = dns?.json
        output["dnssearch"] = dnssearch?.json
        output["domainname"] = domainname?.json
        output["ipv6-prefix"] = ipv6Prefix?.json
        output["ipv6-prefixlen"] = ipv6Prefixlen?.json
        output["ipv6-host"] = ipv6Host?.json
        output["ipv6-dns"] = ipv6Dns?.json
        output["hostfwd"] = hostfwd?.json
        output["guestfwd"] = guestfwd?.json
        output["tftp-server-name"] = tftpServerName?.json
    }
}

/// An interface of the host.
public struct NetdevTapOptions: QAPIObject {
    public var ifname: String?
    public var fd: String?
    public var script: String?
    public var downscript: String?
    public var vhost: Bool?

    public init(
        ifname: String? = nil,
        fd: String? = nil,
        script: String? = nil,
        downscript: String? = nil,
        vhost: Bool? = nil
    ) {
        self.ifname = ifname
        self.fd = fd
        self.script = script
        self.downscript = downscript
        self.vhost = vhost
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        ifname = try input.takeOptional("ifname")
        fd = try input.takeOptional("fd")
        script = try input.takeOptional("script")
        downscript = try input.takeOptional("downscript")
        vhost = try input.takeOptional("vhost")
    }

    public func write(to output: inout JSONObject) {
        output["ifname"] = ifname?.json
        output["fd"] = fd?.json
        output["script"] = script?.json
        output["downscript"] = downscript?.json
        output["vhost"] = vhost?.json
    }
}

/// A wire to another emulator.
public struct NetdevSocketOptions: QAPIObject {
    public var fd: String?
    public var listen: String?
    public var connect: String?
    public var mcast: String?
    public var localaddr: String?
    public var udp: String?

    public init(
        fd: String? = nil,
        listen: String? = nil,
        connect: String? = nil,
        mcast: String? = nil,
        localaddr: String? = nil,
        udp: String? = nil
    ) {
        self.fd = fd
        self.listen = listen
        self.connect = connect
        self.mcast = mcast
        self.localaddr = localaddr
        self.udp = udp
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        fd = try input.takeOptional("fd")
        listen = try input.takeOptional("listen")
        connect = try input.takeOptional("connect")
        mcast = try input.takeOptional("mcast")
        localaddr = try input.takeOptional("localaddr")
        udp = try input.takeOptional("udp")
    }

    public func write(to output: inout JSONObject) {
        output["fd"] = fd?.json
        output["listen"] = listen?.json
        output["connect"] = connect?.json
        output["mcast"] = mcast?.json
        output["localaddr"] = localaddr?.json
        output["udp"] = udp?.json
    }
}

/// A port of a hub.
public struct NetdevHubPortOptions: QAPIObject {
    public var hubid: Int32
    public var netdev: String?

    public init(
        hubid: Int32,
        netdev: String? = nil
    ) {
        self.hubid = hubid
        self.netdev = netdev
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        hubid = try input.take("hubid")
        netdev = try input.takeOptional("netdev")
    }

    public func write(to output: inout JSONObject) {
        output["hubid"] = hubid.json
        output["netdev"] = netdev?.json
    }
}

/// What a network back end shall be.
public struct Netdev: QAPIObject {
    public enum Branch: Sendable {
        case user(NetdevUserOptions)
        case tap(NetdevTapOptions)
        case socket(NetdevSocketOptions)
        case hubport(NetdevHubPortOptions)
    }

    public var id: String
    public var branch: Branch

    public init(
        id: String,
        branch: Branch
    ) {
        self.id = id
        self.branch = branch
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        id = try input.take("id")
        let kind: NetClientDriver = try input.take("type")
        switch kind {
        case .user: branch = .user(try NetdevUserOptions(reading: &input))
        case .tap: branch = .tap(try NetdevTapOptions(reading: &input))
        case .socket: branch = .socket(try NetdevSocketOptions(reading: &input))
        case .hubport: branch = .hubport(try NetdevHubPortOptions(reading: &input))
        }
    }

    public func write(to output: inout JSONObject) {
        output["id"] = id.json
        switch branch {
        case .user(let value):
            output["type"] = "user"
            value.write(to: &output)
        case .tap(let value):
            output["type"] = "tap"
            value.write(to: &output)
        case .socket(let value):
            output["type"] = "socket"
            value.write(to: &output)
        case .hubport(let value):
            output["type"] = "hubport"
            value.write(to: &output)
        }
    }
}

/// Makes a network back end.
public enum NetdevAddCommand: QAPICommand {
    public static let name = "netdev_add"
    public static let isEarly = true
    public typealias Return = QAPIEmpty
    public typealias Arguments = Netdev
}

/// Takes a network back end away.
public enum NetdevDelCommand: QAPICommand {
    public static let name = "netdev_del"
    public static let isEarly = true
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var id: String

        public init(
            id: String
        ) {
            self.id = id
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            id = try input.take("id")
        }

        public func write(to output: inout JSONObject) {
            output["id"] = id.json
        }
    }
}
