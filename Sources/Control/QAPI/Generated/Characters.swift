// Made by apus-schema from Sources/Control/Schema/Text. Change it there.

import JSON

/// A character back end.
public struct ChardevInfo: QAPIObject {
    public var label: String
    /// what it is and where it leads
    public var filename: String
    public var frontendOpen: Bool

    public init(
        label: String,
        filename: String,
        frontendOpen: Bool
    ) {
        self.label = label
        self.filename = filename
        self.frontendOpen = frontendOpen
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        label = try input.take("label")
        filename = try input.take("filename")
        frontendOpen = try input.take("frontend-open")
    }

    public func write(to output: inout JSONObject) {
        output["label"] = label.json
        output["filename"] = filename.json
        output["frontend-open"] = frontendOpen.json
    }
}

/// Lists the character back ends.
public enum QueryChardevCommand: QAPICommand {
    public static let name = "query-chardev"
    public static let isEarly = true
    public typealias Return = [ChardevInfo]
    public typealias Arguments = QAPIEmpty
}

/// A kind of character back end.
public struct ChardevBackendInfo: QAPIObject {
    public var name: String

    public init(
        name: String
    ) {
        self.name = name
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        name = try input.take("name")
    }

    public func write(to output: inout JSONObject) {
        output["name"] = name.json
    }
}

/// Lists the kinds of character back ends.
public enum QueryChardevBackendsCommand: QAPICommand {
    public static let name = "query-chardev-backends"
    public static let isEarly = true
    public typealias Return = [ChardevBackendInfo]
    public typealias Arguments = QAPIEmpty
}

/// How bytes are written in a string.
public enum DataFormat: String, QAPIEnumeration {
    case utf8
    case base64
}

/// Sends bytes into the guest through a ring buffer.
public enum RingbufWriteCommand: QAPICommand {
    public static let name = "ringbuf-write"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var device: String
        public var data: String
        public var format: DataFormat?

        public init(
            device: String,
            data: String,
            format: DataFormat? = nil
        ) {
            self.device = device
            self.data = data
            self.format = format
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            device = try input.take("device")
            data = try input.take("data")
            format = try input.takeOptional("format")
        }

        public func write(to output: inout JSONObject) {
            output["device"] = device.json
            output["data"] = data.json
            output["format"] = format?.json
        }
    }
}

/// Takes bytes that the guest has sent out of a ring buffer.
public enum RingbufReadCommand: QAPICommand {
    public static let name = "ringbuf-read"
    public typealias Return = String

    public struct Arguments: QAPIObject {
        public var device: String
        public var size: Int64
        public var format: DataFormat?

        public init(
            device: String,
            size: Int64,
            format: DataFormat? = nil
        ) {
            self.device = device
            self.size = size
            self.format = format
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            device = try input.take("device")
            size = try input.take("size")
            format = try input.takeOptional("format")
        }

        public func write(to output: inout JSONObject) {
            output["device"] = device.json
            output["size"] = size.json
            output["format"] = format?.json
        }
    }
}

/// What all kinds have.
public struct ChardevCommon: QAPIObject {
    public var logfile: String?
    public var logappend: Bool?

    public init(
        logfile: String? = nil,
        logappend: Bool? = nil
    ) {
        self.logfile = logfile
        self.logappend = logappend
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        logfile = try input.takeOptional("logfile")
        logappend = try input.takeOptional("logappend")
    }

    public func write(to output: inout JSONObject) {
        output["logfile"] = logfile?.json
        output["logappend"] = logappend?.json
    }
}

/// A file.
public struct ChardevFile: QAPIObject {
    public var logfile: String?
    public var logappend: Bool?
    public var `in`: String?
    public var out: String
    public var append: Bool?

    public init(
        logfile: String? = nil,
        logappend: Bool? = nil,
        `in`: String? = nil,
        out: String,
        append: Bool? = nil
    ) {
        self.logfile = logfile
        self.logappend = logappend
        self.in = `in`
        self.out = out
        self.append = append
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        logfile = try input.takeOptional("logfile")
        logappend = try input.takeOptional("logappend")
        `in` = try input.takeOptional("in")
        out = try input.take("out")
        append = try input.takeOptional("append")
    }

    public func write(to output: inout JSONObject) {
        output["logfile"] = logfile?.json
        output["logappend"] = logappend?.json
        output["in"] = `in`?.json
        output["out"] = out.json
        output["append"] = append?.json
    }
}

/// A named pipe, or a serial port.
public struct ChardevHostdev: QAPIObject {
    public var logfile: String?
    public var logappend: Bool?
    public var device: String

    public init(
        logfile: String? = nil,
        logappend: Bool? = nil,
        device: String
    ) {
        self.logfile = logfile
        self.logappend = logappend
        self.device = device
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        logfile = try input.takeOptional("logfile")
        logappend = try input.takeOptional("logappend")
        device = try input.take("device")
    }

    public func write(to output: inout JSONObject) {
        output["logfile"] = logfile?.json
        output["logappend"] = logappend?.json
        output["device"] = device.json
    }
}

/// Where an Internet socket is.
public struct InetSocketAddress: QAPIObject {
    public var host: String
    public var port: String
    public var numeric: Bool?
    public var to: UInt16?
    public var ipv4: Bool?
    public var ipv6: Bool?
    public var keepAlive: Bool?

    public init(
        host: String,
        port: String,
        numeric: Bool? = nil,
        to: UInt16? = nil,
        ipv4: Bool? = nil,
        ipv6: Bool? = nil,
        keepAlive: Bool? = nil
    ) {
        self.host = host
        self.port = port
        self.numeric = numeric
        self.to = to
        self.ipv4 = ipv4
        self.ipv6 = ipv6
        self.keepAlive = keepAlive
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        host = try input.take("host")
        port = try input.take("port")
        numeric = try input.takeOptional("numeric")
        to = try input.takeOptional("to")
        ipv4 = try input.takeOptional("ipv4")
        ipv6 = try input.takeOptional("ipv6")
        keepAlive = try input.takeOptional("keep-alive")
    }

    public func write(to output: inout JSONObject) {
        output["host"] = host.json
        output["port"] = port.json
        output["numeric"] = numeric?.json
        output["to"] = to?.json
        output["ipv4"] = ipv4?.json
        output["ipv6"] = ipv6?.json
        output["keep-alive"] = keepAlive?.json
    }
}

/// Where a Unix socket is.
public struct UnixSocketAddress: QAPIObject {
    public var path: String
    public var abstract: Bool?
    public var tight: Bool?

    public init(
        path: String,
        abstract: Bool? = nil,
        tight: Bool? = nil
    ) {
        self.path = path
        self.abstract = abstract
        self.tight = tight
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        path = try input.take("path")
        abstract = try input.takeOptional("abstract")
        tight = try input.takeOptional("tight")
    }

    public func write(to output: inout JSONObject) {
        output["path"] = path.json
        output["abstract"] = abstract?.json
        output["tight"] = tight?.json
    }
}

/// A string with a name.
public struct StringValue: QAPIObject {
    public var str: String

    public init(
        str: String
    ) {
        self.str = str
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        str = try input.take("str")
    }

    public func write(to output: inout JSONObject) {
        output["str"] = str.json
    }
}

/// Kinds of sockets.
public enum SocketAddressType: String, QAPIEnumeration {
    case inet
    case unix
    case fd
}

public struct InetSocketAddressWrapper: QAPIObject {
    public var data: InetSocketAddress

    public init(
        data: InetSocketAddress
    ) {
        self.data = data
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        data = try input.take("data")
    }

    public func write(to output: inout JSONObject) {
        output["data"] = data.json
    }
}

public struct UnixSocketAddressWrapper: QAPIObject {
    public var data: UnixSocketAddress

    public init(
        data: UnixSocketAddress
    ) {
        self.data = data
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        data = try input.take("data")
    }

    public func write(to output: inout JSONObject) {
        output["data"] = data.json
    }
}

public struct StringWrapper: QAPIObject {
    public var data: StringValue

    public init(
        data: StringValue
    ) {
        self.data = data
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        data = try input.take("data")
    }

    public func write(to output: inout JSONObject) {
        output["data"] = data.json
    }
}

/// Where a socket is.
public struct SocketAddressLegacy: QAPIObject {
    public enum Branch: Sendable {
        case inet(InetSocketAddressWrapper)
        case unix(UnixSocketAddressWrapper)
        case fd(StringWrapper)
    }

    public var branch: Branch

    public init(
        branch: Branch
    ) {
        self.branch = branch
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        let kind: SocketAddressType = try input.take("type")
        switch kind {
        case .inet: branch = .inet(try InetSocketAddressWrapper(reading: &input))
        case .unix: branch = .unix(try UnixSocketAddressWrapper(reading: &input))
        case .fd: branch = .fd(try StringWrapper(reading: &input))
        }
    }

    public func write(to output: inout JSONObject) {
        switch branch {
        case .inet(let value):
            output["type"] = "inet"
            value.write(to: &output)
        case .unix(let value):
            output["type"] = "unix"
            value.write(to: &output)
        case .fd(let value):
            output["type"] = "fd"
            value.write(to: &output)
        }
    }
}

/// A socket.
public struct ChardevSocket: QAPIObject {
    public var logfile: String?
    public var logappend: Bool?
    public var addr: SocketAddressLegacy
    public var server: Bool?
    public var wait: Bool?
    public var nodelay: Bool?
    public var telnet: Bool?
    public var websocket: Bool?
    public var reconnect: Int64?
    public var tlsCreds: String?

    public init(
        logfile: String? = nil,
        logappend: Bool? = nil,
        addr: SocketAddressLegacy,
        server: Bool? = nil,
        wait: Bool? = nil,
        nodelay: Bool? = nil,
        telnet: Bool? = nil,
        websocket: Bool? = nil,
        reconnect: Int64? = nil,
        tlsCreds: String? = nil
    ) {
        self.logfile = logfile
        self.logappend = logappend
        self.addr = addr
        self.server = server
        self.wait = wait
        self.nodelay = nodelay
        self.telnet = telnet
        self.websocket = websocket
        self.reconnect = reconnect
        self.tlsCreds = tlsCreds
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        logfile = try input.takeOptional("logfile")
        logappend = try input.takeOptional("logappend")
        addr = try input.take("addr")
        server = try input.takeOptional("server")
        wait = try input.takeOptional("wait")
        nodelay = try input.takeOptional("nodelay")
        telnet = try input.takeOptional("telnet")
        websocket = try input.takeOptional("websocket")
        reconnect = try input.takeOptional("reconnect")
        tlsCreds = try input.takeOptional("tls-creds")
    }

    public func write(to output: inout JSONObject) {
        output["logfile"] = logfile?.json
        output["logappend"] = logappend?.json
        output["addr"] = addr.json
        output["server"] = server?.json
        output["wait"] = wait?.json
        output["nodelay"] = nodelay?.json
        output["telnet"] = telnet?.json
        output["websocket"] = websocket?.json
        output["reconnect"] = reconnect?.json
        output["tls-creds"] = tlsCreds?.json
    }
}

/// A UDP socket.
public struct ChardevUdp: QAPIObject {
    public var logfile: String?
    public var logappend: Bool?
    public var remote: SocketAddressLegacy
    public var local: SocketAddressLegacy?

    public init(
        logfile: String? = nil,
        logappend: Bool? = nil,
        remote: SocketAddressLegacy,
        local: SocketAddressLegacy? = nil
    ) {
        self.logfile = logfile
        self.logappend = logappend
        self.remote = remote
        self.local = local
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        logfile = try input.takeOptional("logfile")
        logappend = try input.takeOptional("logappend")
        remote = try input.take("remote")
        local = try input.takeOptional("local")
    }

    public func write(to output: inout JSONObject) {
        output["logfile"] = logfile?.json
        output["logappend"] = logappend?.json
        output["remote"] = remote.json
        output["local"] = local?.json
    }
}

/// The terminal.
public struct ChardevStdio: QAPIObject {
    public var logfile: String?
    public var logappend: Bool?
    public var signal: Bool?

    public init(
        logfile: String? = nil,
        logappend: Bool? = nil,
        signal: Bool? = nil
    ) {
        self.logfile = logfile
        self.logappend = logappend
        self.signal = signal
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        logfile = try input.takeOptional("logfile")
        logappend = try input.takeOptional("logappend")
        signal = try input.takeOptional("signal")
    }

    public func write(to output: inout JSONObject) {
        output["logfile"] = logfile?.json
        output["logappend"] = logappend?.json
        output["signal"] = signal?.json
    }
}

/// A buffer that keeps the last bytes.
public struct ChardevRingbuf: QAPIObject {
    public var logfile: String?
    public var logappend: Bool?
    public var size: Int64?

    public init(
        logfile: String? = nil,
        logappend: Bool? = nil,
        size: Int64? = nil
    ) {
        self.logfile = logfile
        self.logappend = logappend
        self.size = size
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        logfile = try input.takeOptional("logfile")
        logappend = try input.takeOptional("logappend")
        size = try input.takeOptional("size")
    }

    public func write(to output: inout JSONObject) {
        output["logfile"] = logfile?.json
        output["logappend"] = logappend?.json
        output["size"] = size?.json
    }
}

/// A terminal on a console; 80 by 30 characters if no size is given.
public struct ChardevVC: QAPIObject {
    public var logfile: String?
    public var logappend: Bool?
    /// pixels
    public var width: Int64?
    public var height: Int64?
    /// characters
    public var cols: Int64?
    public var rows: Int64?

    public init(
        logfile: String? = nil,
        logappend: Bool? = nil,
        width: Int64? = nil,
        height: Int64? = nil,
        cols: Int64? = nil,
        rows: Int64? = nil
    ) {
        self.logfile = logfile
        self.logappend = logappend
        self.width = width
        self.height = height
        self.cols = cols
        self.rows = rows
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        logfile = try input.takeOptional("logfile")
        logappend = try input.takeOptional("logappend")
        width = try input.takeOptional("width")
        height = try input.takeOptional("height")
        cols = try input.takeOptional("cols")
        rows = try input.takeOptional("rows")
    }

    public func write(to output: inout JSONObject) {
        output["logfile"] = logfile?.json
        output["logappend"] = logappend?.json
        output["width"] = width?.json
        output["height"] = height?.json
        output["cols"] = cols?.json
        output["rows"] = rows?.json
    }
}

/// Kinds of character back ends.
public enum ChardevBackendKind: String, QAPIEnumeration {
    case file
    case serial
    case pipe
    case socket
    case udp
    case pty
    case null
    case stdio
    case vc
    case ringbuf
    case memory
}

public struct ChardevFileWrapper: QAPIObject {
    public var data: ChardevFile

    public init(
        data: ChardevFile
    ) {
        self.data = data
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        data = try input.take("data")
    }

    public func write(to output: inout JSONObject) {
        output["data"] = data.json
    }
}

public struct ChardevHostdevWrapper: QAPIObject {
    public var data: ChardevHostdev

    public init(
        data: ChardevHostdev
    ) {
        self.data = data
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        data = try input.take("data")
    }

    public func write(to output: inout JSONObject) {
        output["data"] = data.json
    }
}

public struct ChardevSocketWrapper: QAPIObject {
    public var data: ChardevSocket

    public init(
        data: ChardevSocket
    ) {
        self.data = data
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        data = try input.take("data")
    }

    public func write(to output: inout JSONObject) {
        output["data"] = data.json
    }
}

public struct ChardevUdpWrapper: QAPIObject {
    public var data: ChardevUdp

    public init(
        data: ChardevUdp
    ) {
        self.data = data
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        data = try input.take("data")
    }

    public func write(to output: inout JSONObject) {
        output["data"] = data.json
    }
}

public struct ChardevCommonWrapper: QAPIObject {
    public var data: ChardevCommon

    public init(
        data: ChardevCommon
    ) {
        self.data = data
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        data = try input.take("data")
    }

    public func write(to output: inout JSONObject) {
        output["data"] = data.json
    }
}

public struct ChardevStdioWrapper: QAPIObject {
    public var data: ChardevStdio

    public init(
        data: ChardevStdio
    ) {
        self.data = data
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        data = try input.take("data")
    }

    public func write(to output: inout JSONObject) {
        output["data"] = data.json
    }
}

public struct ChardevVCWrapper: QAPIObject {
    public var data: ChardevVC

    public init(
        data: ChardevVC
    ) {
        self.data = data
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        data = try input.take("data")
    }

    public func write(to output: inout JSONObject) {
        output["data"] = data.json
    }
}

public struct ChardevRingbufWrapper: QAPIObject {
    public var data: ChardevRingbuf

    public init(
        data: ChardevRingbuf
    ) {
        self.data = data
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        data = try input.take("data")
    }

    public func write(to output: inout JSONObject) {
        output["data"] = data.json
    }
}

/// What a character back end shall be.
public struct ChardevBackend: QAPIObject {
    public enum Branch: Sendable {
        case file(ChardevFileWrapper)
        case serial(ChardevHostdevWrapper)
        case pipe(ChardevHostdevWrapper)
        case socket(ChardevSocketWrapper)
        case udp(ChardevUdpWrapper)
        case pty(ChardevCommonWrapper)
        case null(ChardevCommonWrapper)
        case stdio(ChardevStdioWrapper)
        case vc(ChardevVCWrapper)
        case ringbuf(ChardevRingbufWrapper)
        case memory(ChardevRingbufWrapper)
    }

    public var branch: Branch

    public init(
        branch: Branch
    ) {
        self.branch = branch
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        let kind: ChardevBackendKind = try input.take("type")
        switch kind {
        case .file: branch = .file(try ChardevFileWrapper(reading: &input))
        case .serial: branch = .serial(try ChardevHostdevWrapper(reading: &input))
        case .pipe: branch = .pipe(try ChardevHostdevWrapper(reading: &input))
        case .socket: branch = .socket(try ChardevSocketWrapper(reading: &input))
        case .udp: branch = .udp(try ChardevUdpWrapper(reading: &input))
        case .pty: branch = .pty(try ChardevCommonWrapper(reading: &input))
        case .null: branch = .null(try ChardevCommonWrapper(reading: &input))
        case .stdio: branch = .stdio(try ChardevStdioWrapper(reading: &input))
        case .vc: branch = .vc(try ChardevVCWrapper(reading: &input))
        case .ringbuf: branch = .ringbuf(try ChardevRingbufWrapper(reading: &input))
        case .memory: branch = .memory(try ChardevRingbufWrapper(reading: &input))
        }
    }

    public func write(to output: inout JSONObject) {
        switch branch {
        case .file(let value):
            output["type"] = "file"
            value.write(to: &output)
        case .serial(let value):
            output["type"] = "serial"
            value.write(to: &output)
        case .pipe(let value):
            output["type"] = "pipe"
            value.write(to: &output)
        case .socket(let value):
            output["type"] = "socket"
            value.write(to: &output)
        case .udp(let value):
            output["type"] = "udp"
            value.write(to: &output)
        case .pty(let value):
            output["type"] = "pty"
            value.write(to: &output)
        case .null(let value):
            output["type"] = "null"
            value.write(to: &output)
        case .stdio(let value):
            output["type"] = "stdio"
            value.write(to: &output)
        case .vc(let value):
            output["type"] = "vc"
            value.write(to: &output)
        case .ringbuf(let value):
            output["type"] = "ringbuf"
            value.write(to: &output)
        case .memory(let value):
            output["type"] = "memory"
            value.write(to: &output)
        }
    }
}

/// A back end that was made.
public struct ChardevReturn: QAPIObject {
    /// the terminal's name
    public var pty: String?

    public init(
        pty: String? = nil
    ) {
        self.pty = pty
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        pty = try input.takeOptional("pty")
    }

    public func write(to output: inout JSONObject) {
        output["pty"] = pty?.json
    }
}

/// Makes a character back end.
public enum ChardevAddCommand: QAPICommand {
    public static let name = "chardev-add"
    public static let isEarly = true
    public typealias Return = ChardevReturn

    public struct Arguments: QAPIObject {
        public var id: String
        public var backend: ChardevBackend

        public init(
            id: String,
            backend: ChardevBackend
        ) {
            self.id = id
            self.backend = backend
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            id = try input.take("id")
            backend = try input.take("backend")
        }

        public func write(to output: inout JSONObject) {
            output["id"] = id.json
            output["backend"] = backend.json
        }
    }
}

/// Puts another character back end in the place of one, whose front end stays.
public enum ChardevChangeCommand: QAPICommand {
    public static let name = "chardev-change"
    public static let isEarly = true
    public typealias Return = ChardevReturn

    public struct Arguments: QAPIObject {
        public var id: String
        public var backend: ChardevBackend

        public init(
            id: String,
            backend: ChardevBackend
        ) {
            self.id = id
            self.backend = backend
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            id = try input.take("id")
            backend = try input.take("backend")
        }

        public func write(to output: inout JSONObject) {
            output["id"] = id.json
            output["backend"] = backend.json
        }
    }
}

/// Takes a character back end away that nothing uses.
public enum ChardevRemoveCommand: QAPICommand {
    public static let name = "chardev-remove"
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

/// Sends the guest a break condition.
public enum ChardevSendBreakCommand: QAPICommand {
    public static let name = "chardev-send-break"
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

/// Kinds of connections that can be cut.
public enum YankInstanceType: String, QAPIEnumeration {
    case chardev
}

/// A character back end.
public struct YankInstanceChardev: QAPIObject {
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

/// A connection that can be cut when its peer no longer answers.
public struct YankInstance: QAPIObject {
    public enum Branch: Sendable {
        case chardev(YankInstanceChardev)
    }

    public var branch: Branch

    public init(
        branch: Branch
    ) {
        self.branch = branch
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        let kind: YankInstanceType = try input.take("type")
        switch kind {
        case .chardev: branch = .chardev(try YankInstanceChardev(reading: &input))
        }
    }

    public func write(to output: inout JSONObject) {
        switch branch {
        case .chardev(let value):
            output["type"] = "chardev"
            value.write(to: &output)
        }
    }
}

/// Lists the connections that can be cut.
public enum QueryYankCommand: QAPICommand {
    public static let name = "query-yank"
    public static let allowsOutOfBand = true
    public static let isEarly = true
    public typealias Return = [YankInstance]
    public typealias Arguments = QAPIEmpty
}

/// Cuts connections, even while other commands wait.
public enum YankCommand: QAPICommand {
    public static let name = "yank"
    public static let allowsOutOfBand = true
    public static let isEarly = true
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var instances: [YankInstance]

        public init(
            instances: [YankInstance]
        ) {
            self.instances = instances
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            instances = try input.take("instances")
        }

        public func write(to output: inout JSONObject) {
            output["instances"] = instances.json
        }
    }
}

/// A guest has opened or closed a port of a virtio console device.
public struct VserportChangeEvent: QAPIEvent {
    public static let name = "VSERPORT_CHANGE"
    public var id: String
    public var open: Bool

    public init(
        id: String,
        open: Bool
    ) {
        self.id = id
        self.open = open
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        id = try input.take("id")
        open = try input.take("open")
    }

    public func write(to output: inout JSONObject) {
        output["id"] = id.json
        output["open"] = open.json
    }
}
