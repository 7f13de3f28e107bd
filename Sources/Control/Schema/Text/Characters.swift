extension SchemaText {
    /// Character back ends.
    static let characterText = """
        # A character back end.
        struct ChardevInfo
            label: str
            filename: str               # what it is and where it leads
            frontend-open: bool

        # Lists the character back ends.
        command query-chardev early -> [ChardevInfo]

        # A kind of character back end.
        struct ChardevBackendInfo
            name: str

        # Lists the kinds of character back ends.
        command query-chardev-backends early -> [ChardevBackendInfo]

        # How bytes are written in a string.
        enum DataFormat: utf8 base64

        # Sends bytes into the guest through a ring buffer.
        command ringbuf-write
            device: str
            data: str
            format?: DataFormat

        # Takes bytes that the guest has sent out of a ring buffer.
        command ringbuf-read -> str
            device: str
            size: int
            format?: DataFormat

        # What all kinds have.
        struct ChardevCommon
            logfile?: str
            logappend?: bool

        # A file.
        struct ChardevFile
            logfile?: str
            logappend?: bool
            in?: str
            out: str
            append?: bool

        # A named pipe, or a serial port.
        struct ChardevHostdev
            logfile?: str
            logappend?: bool
            device: str

        # Where an Internet socket is.
        struct InetSocketAddress
            host: str
            port: str
            numeric?: bool
            to?: uint16
            ipv4?: bool
            ipv6?: bool
            keep-alive?: bool

        # Where a Unix socket is.
        struct UnixSocketAddress
            path: str
            abstract?: bool
            tight?: bool

        # A string with a name.
        struct StringValue
            str: str

        # Kinds of sockets.
        enum SocketAddressType: inet unix fd

        struct InetSocketAddressWrapper
            data: InetSocketAddress

        struct UnixSocketAddressWrapper
            data: UnixSocketAddress

        struct StringWrapper
            data: StringValue

        # Where a socket is.
        union SocketAddressLegacy by type
            type: SocketAddressType
            case inet: InetSocketAddressWrapper
            case unix: UnixSocketAddressWrapper
            case fd: StringWrapper

        # A socket.
        struct ChardevSocket
            logfile?: str
            logappend?: bool
            addr: SocketAddressLegacy
            server?: bool
            wait?: bool
            nodelay?: bool
            telnet?: bool
            websocket?: bool
            reconnect?: int
            tls-creds?: str

        # A UDP socket.
        struct ChardevUdp
            logfile?: str
            logappend?: bool
            remote: SocketAddressLegacy
            local?: SocketAddressLegacy

        # The terminal.
        struct ChardevStdio
            logfile?: str
            logappend?: bool
            signal?: bool

        # A buffer that keeps the last bytes.
        struct ChardevRingbuf
            logfile?: str
            logappend?: bool
            size?: int

        # A terminal on a console; 80 by 30 characters if no size is given.
        struct ChardevVC
            logfile?: str
            logappend?: bool
            width?: int                 # pixels
            height?: int
            cols?: int                  # characters
            rows?: int

        # Kinds of character back ends.
        enum ChardevBackendKind: file serial pipe socket udp pty null stdio vc ringbuf memory

        struct ChardevFileWrapper
            data: ChardevFile

        struct ChardevHostdevWrapper
            data: ChardevHostdev

        struct ChardevSocketWrapper
            data: ChardevSocket

        struct ChardevUdpWrapper
            data: ChardevUdp

        struct ChardevCommonWrapper
            data: ChardevCommon

        struct ChardevStdioWrapper
            data: ChardevStdio

        struct ChardevVCWrapper
            data: ChardevVC

        struct ChardevRingbufWrapper
            data: ChardevRingbuf

        # What a character back end shall be.
        union ChardevBackend by type
            type: ChardevBackendKind
            case file: ChardevFileWrapper
            case serial: ChardevHostdevWrapper
            case pipe: ChardevHostdevWrapper
            case socket: ChardevSocketWrapper
            case udp: ChardevUdpWrapper
            case pty: ChardevCommonWrapper
            case null: ChardevCommonWrapper
            case stdio: ChardevStdioWrapper
            case vc: ChardevVCWrapper
            case ringbuf: ChardevRingbufWrapper
            case memory: ChardevRingbufWrapper

        # A back end that was made.
        struct ChardevReturn
            pty?: str                   # the terminal's name

        # Makes a character back end.
        command chardev-add early -> ChardevReturn
            id: str
            backend: ChardevBackend

        # Puts another character back end in the place of one, whose front end stays.
        command chardev-change early -> ChardevReturn
            id: str
            backend: ChardevBackend

        # Takes a character back end away that nothing uses.
        command chardev-remove early
            id: str

        # Sends the guest a break condition.
        command chardev-send-break early
            id: str

        # Kinds of connections that can be cut.
        enum YankInstanceType: chardev

        # A character back end.
        struct YankInstanceChardev
            id: str

        # A connection that can be cut when its peer no longer answers.
        union YankInstance by type
            type: YankInstanceType
            case chardev: YankInstanceChardev

        # Lists the connections that can be cut.
        command query-yank early oob -> [YankInstance]

        # Cuts connections, even while other commands wait.
        command yank early oob
            instances: [YankInstance]

        # A guest has opened or closed a port of a virtio console device.
        event VSERPORT_CHANGE
            id: str
            open: bool
        """
}
