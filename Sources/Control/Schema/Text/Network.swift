extension SchemaText {
    /// Networks and cards.
    static let networkText = """
        # Which frames of a kind pass.
        enum RxState: normal none all

        # What a network card lets through.
        struct RxFilterInfo
            name: str
            promiscuous: bool
            multicast: RxState
            unicast: RxState
            vlan: RxState
            broadcast-allowed: bool
            multicast-overflow: bool
            unicast-overflow: bool
            main-mac: str
            vlan-table: [int]
            unicast-table: [str]
            multicast-table: [str]

        # Says what network cards let through.
        command query-rx-filter -> [RxFilterInfo]
            name?: str                  # only of this card

        # The driver has changed what a network card lets through; told once until somebody asks.
        event NIC_RX_FILTER_CHANGED
            name?: str
            path: str

        # Plugs a network's cable in or out, at a card or at a back end.
        command set_link
            name: str
            up: bool

        # Kinds of network back ends.
        enum NetClientDriver: user tap socket hubport

        # A network in user mode.
        struct NetdevUserOptions
            hostname?: str
            restrict?: bool
            ipv4?: bool
            ipv6?: bool
            ip?: str
            net?: str
            host?: str
            tftp?: str
            bootfile?: str
            dhcpstart?: str
            dns?: str
            dnssearch?: [StringValue]
            domainname?: str
            ipv6-prefix?: str
            ipv6-prefixlen?: int
            ipv6-host?: str
            ipv6-dns?: str
            hostfwd?: [StringValue]
            guestfwd?: [StringValue]
            tftp-server-name?: str

        # An interface of the host.
        struct NetdevTapOptions
            ifname?: str
            fd?: str
            script?: str
            downscript?: str
            vhost?: bool

        # A wire to another emulator.
        struct NetdevSocketOptions
            fd?: str
            listen?: str
            connect?: str
            mcast?: str
            localaddr?: str
            udp?: str

        # A port of a hub.
        struct NetdevHubPortOptions
            hubid: int32
            netdev?: str

        # What a network back end shall be.
        union Netdev by type
            id: str
            type: NetClientDriver
            case user: NetdevUserOptions
            case tap: NetdevTapOptions
            case socket: NetdevSocketOptions
            case hubport: NetdevHubPortOptions

        # Makes a network back end.
        command netdev_add early with Netdev

        # Takes a network back end away.
        command netdev_del early
            id: str
        """
}
