// Made by apus-schema from Sources/Control/Schema/Text. Change it there.

import JSON

/// Forms of a picture's file.
public enum ImageFormat: String, QAPIEnumeration {
    case ppm
    case png
}

/// Writes the picture of a console to a file.
public enum ScreendumpCommand: QAPICommand {
    public static let name = "screendump"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var filename: String
        /// the display's id; the first console if it is left out
        public var device: String?
        /// the display's output, 0 if it is left out
        public var head: Int64?
        /// ppm if it is left out
        public var format: ImageFormat?

        public init(
            filename: String,
            device: String? = nil,
            head: Int64? = nil,
            format: ImageFormat? = nil
        ) {
            self.filename = filename
            self.device = device
            self.head = head
            self.format = format
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            filename = try input.take("filename")
            device = try input.takeOptional("device")
            head = try input.takeOptional("head")
            format = try input.takeOptional("format")
        }

        public func write(to output: inout JSONObject) {
            output["filename"] = filename.json
            output["device"] = device?.json
            output["head"] = head?.json
            output["format"] = format?.json
        }
    }
}

/// Keys by their places on a keyboard.
public enum QKeyCode: String, QAPIEnumeration {
    case unmapped
    case shift
    case shiftR = "shift_r"
    case alt
    case altR = "alt_r"
    case ctrl
    case ctrlR = "ctrl_r"
    case menu
    case esc
    case number1 = "1"
    case number2 = "2"
    case number3 = "3"
    case number4 = "4"
    case number5 = "5"
    case number6 = "6"
    case number7 = "7"
    case number8 = "8"
    case number9 = "9"
    case number0 = "0"
    case minus
    case equal
    case backspace
    case tab
    case q
    case w
    case e
    case r
    case t
    case y
    case u
    case i
    case o
    case p
    case bracketLeft = "bracket_left"
    case bracketRight = "bracket_right"
    case ret
    case a
    case s
    case d
    case f
    case g
    case h
    case j
    case k
    case l
    case semicolon
    case apostrophe
    case graveAccent = "grave_accent"
    case backslash
    case z
    case x
    case c
    case v
    case b
    case n
    case m
    case comma
    case dot
    case slash
    case asterisk
    case spc
    case capsLock = "caps_lock"
    case f1
    case f2
    case f3
    case f4
    case f5
    case f6
    case f7
    case f8
    case f9
    case f10
    case numLock = "num_lock"
    case scrollLock = "scroll_lock"
    case kpDivide = "kp_divide"
    case kpMultiply = "kp_multiply"
    case kpSubtract = "kp_subtract"
    case kpAdd = "kp_add"
    case kpEnter = "kp_enter"
    case kpDecimal = "kp_decimal"
    case sysrq
    case kp0 = "kp_0"
    case kp1 = "kp_1"
    case kp2 = "kp_2"
    case kp3 = "kp_3"
    case kp4 = "kp_4"
    case kp5 = "kp_5"
    case kp6 = "kp_6"
    case kp7 = "kp_7"
    case kp8 = "kp_8"
    case kp9 = "kp_9"
    case less
    case f11
    case f12
    case print
    case home
    case pgup
    case pgdn
    case end
    case left
    case up
    case down
    case right
    case insert
    case delete
    case stop
    case again
    case props
    case undo
    case front
    case copy
    case open
    case paste
    case find
    case cut
    case lf
    case help
    case metaL = "meta_l"
    case metaR = "meta_r"
    case compose
    case pause
    case ro
    case hiragana
    case henkan
    case yen
    case muhenkan
    case katakanahiragana
    case kpComma = "kp_comma"
    case kpEquals = "kp_equals"
    case power
    case sleep
    case wake
    case audionext
    case audioprev
    case audiostop
    case audioplay
    case audiomute
    case volumeup
    case volumedown
    case mediaselect
    case mail
    case calculator
    case computer
    case acHome = "ac_home"
    case acBack = "ac_back"
    case acForward = "ac_forward"
    case acRefresh = "ac_refresh"
    case acBookmarks = "ac_bookmarks"
    case lang1
    case lang2
}

/// How a key is named.
public enum KeyValueKind: String, QAPIEnumeration {
    case number
    case qcode
}

/// A key by its scancode.
public struct IntWrapper: QAPIObject {
    public var data: Int64

    public init(
        data: Int64
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

/// A key by its name.
public struct QKeyCodeWrapper: QAPIObject {
    public var data: QKeyCode

    public init(
        data: QKeyCode
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

/// A key.
public struct KeyValue: QAPIObject {
    public enum Branch: Sendable {
        case number(IntWrapper)
        case qcode(QKeyCodeWrapper)
    }

    public var branch: Branch

    public init(
        branch: Branch
    ) {
        self.branch = branch
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        let kind: KeyValueKind = try input.take("type")
        switch kind {
        case .number: branch = .number(try IntWrapper(reading: &input))
        case .qcode: branch = .qcode(try QKeyCodeWrapper(reading: &input))
        }
    }

    public func write(to output: inout JSONObject) {
        switch branch {
        case .number(let value):
            output["type"] = "number"
            value.write(to: &output)
        case .qcode(let value):
            output["type"] = "qcode"
            value.write(to: &output)
        }
    }
}

/// Presses keys together, and lets them go.
public enum SendKeyCommand: QAPICommand {
    public static let name = "send-key"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var keys: [KeyValue]
        /// milliseconds, 100 if it is left out
        public var holdTime: Int64?

        public init(
            keys: [KeyValue],
            holdTime: Int64? = nil
        ) {
            self.keys = keys
            self.holdTime = holdTime
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            keys = try input.take("keys")
            holdTime = try input.takeOptional("hold-time")
        }

        public func write(to output: inout JSONObject) {
            output["keys"] = keys.json
            output["hold-time"] = holdTime?.json
        }
    }
}

/// Buttons of a pointer.
public enum InputButton: String, QAPIEnumeration {
    case left
    case middle
    case right
    case wheelUp = "wheel-up"
    case wheelDown = "wheel-down"
    case side
    case extra
    case wheelLeft = "wheel-left"
    case wheelRight = "wheel-right"
}

/// Directions of a pointer.
public enum InputAxis: String, QAPIEnumeration {
    case x
    case y
}

/// A key goes down or up.
public struct InputKeyEvent: QAPIObject {
    public var key: KeyValue
    public var down: Bool

    public init(
        key: KeyValue,
        down: Bool
    ) {
        self.key = key
        self.down = down
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        key = try input.take("key")
        down = try input.take("down")
    }

    public func write(to output: inout JSONObject) {
        output["key"] = key.json
        output["down"] = down.json
    }
}

/// A button goes down or up.
public struct InputBtnEvent: QAPIObject {
    public var button: InputButton
    public var down: Bool

    public init(
        button: InputButton,
        down: Bool
    ) {
        self.button = button
        self.down = down
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        button = try input.take("button")
        down = try input.take("down")
    }

    public func write(to output: inout JSONObject) {
        output["button"] = button.json
        output["down"] = down.json
    }
}

/// A pointer moves.
public struct InputMoveEvent: QAPIObject {
    public var axis: InputAxis
    /// a distance, or a place from 0 to 32767
    public var value: Int64

    public init(
        axis: InputAxis,
        value: Int64
    ) {
        self.axis = axis
        self.value = value
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        axis = try input.take("axis")
        value = try input.take("value")
    }

    public func write(to output: inout JSONObject) {
        output["axis"] = axis.json
        output["value"] = value.json
    }
}

/// Kinds of events.
public enum InputEventKind: String, QAPIEnumeration {
    case key
    case btn
    case rel
    case abs
}

/// An InputKeyEvent.
public struct InputKeyEventWrapper: QAPIObject {
    public var data: InputKeyEvent

    public init(
        data: InputKeyEvent
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

/// An InputBtnEvent.
public struct InputBtnEventWrapper: QAPIObject {
    public var data: InputBtnEvent

    public init(
        data: InputBtnEvent
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

/// An InputMoveEvent.
public struct InputMoveEventWrapper: QAPIObject {
    public var data: InputMoveEvent

    public init(
        data: InputMoveEvent
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

/// What somebody does at keyboard and pointer.
public struct InputEvent: QAPIObject {
    public enum Branch: Sendable {
        case key(InputKeyEventWrapper)
        case btn(InputBtnEventWrapper)
        case rel(InputMoveEventWrapper)
        case abs(InputMoveEventWrapper)
    }

    public var branch: Branch

    public init(
        branch: Branch
    ) {
        self.branch = branch
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        let kind: InputEventKind = try input.take("type")
        switch kind {
        case .key: branch = .key(try InputKeyEventWrapper(reading: &input))
        case .btn: branch = .btn(try InputBtnEventWrapper(reading: &input))
        case .rel: branch = .rel(try InputMoveEventWrapper(reading: &input))
        case .abs: branch = .abs(try InputMoveEventWrapper(reading: &input))
        }
    }

    public func write(to output: inout JSONObject) {
        switch branch {
        case .key(let value):
            output["type"] = "key"
            value.write(to: &output)
        case .btn(let value):
            output["type"] = "btn"
            value.write(to: &output)
        case .rel(let value):
            output["type"] = "rel"
            value.write(to: &output)
        case .abs(let value):
            output["type"] = "abs"
            value.write(to: &output)
        }
    }
}

/// Lets events happen at once.
public enum InputSendEventCommand: QAPICommand {
    public static let name = "input-send-event"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        /// the display that they happen at
        public var device: String?
        public var head: Int64?
        public var events: [InputEvent]

        public init(
            device: String? = nil,
            head: Int64? = nil,
            events: [InputEvent]
        ) {
            self.device = device
            self.head = head
            self.events = events
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            device = try input.takeOptional("device")
            head = try input.takeOptional("head")
            events = try input.take("events")
        }

        public func write(to output: inout JSONObject) {
            output["device"] = device?.json
            output["head"] = head?.json
            output["events"] = events.json
        }
    }
}

/// Kinds of addresses.
public enum NetworkAddressFamily: String, QAPIEnumeration {
    case ipv4
    case ipv6
    case unix
    case vsock
    case unknown
}

/// Somebody who looks on.
public struct VncClientInfo: QAPIObject {
    public var host: String
    public var service: String
    public var family: NetworkAddressFamily
    public var websocket: Bool
    public var x509Dname: String?
    public var saslUsername: String?

    public init(
        host: String,
        service: String,
        family: NetworkAddressFamily,
        websocket: Bool,
        x509Dname: String? = nil,
        saslUsername: String? = nil
    ) {
        self.host = host
        self.service = service
        self.family = family
        self.websocket = websocket
        self.x509Dname = x509Dname
        self.saslUsername = saslUsername
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        host = try input.take("host")
        service = try input.take("service")
        family = try input.take("family")
        websocket = try input.take("websocket")
        x509Dname = try input.takeOptional("x509_dname")
        saslUsername = try input.takeOptional("sasl_username")
    }

    public func write(to output: inout JSONObject) {
        output["host"] = host.json
        output["service"] = service.json
        output["family"] = family.json
        output["websocket"] = websocket.json
        output["x509_dname"] = x509Dname?.json
        output["sasl_username"] = saslUsername?.json
    }
}

/// The server for those who look on.
public struct VncInfo: QAPIObject {
    public var enabled: Bool
    public var host: String?
    public var family: NetworkAddressFamily?
    public var service: String?
    public var auth: String?
    public var clients: [VncClientInfo]?

    public init(
        enabled: Bool,
        host: String? = nil,
        family: NetworkAddressFamily? = nil,
        service: String? = nil,
        auth: String? = nil,
        clients: [VncClientInfo]? = nil
    ) {
        self.enabled = enabled
        self.host = host
        self.family = family
        self.service = service
        self.auth = auth
        self.clients = clients
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        enabled = try input.take("enabled")
        host = try input.takeOptional("host")
        family = try input.takeOptional("family")
        service = try input.takeOptional("service")
        auth = try input.takeOptional("auth")
        clients = try input.takeOptional("clients")
    }

    public func write(to output: inout JSONObject) {
        output["enabled"] = enabled.json
        output["host"] = host?.json
        output["family"] = family?.json
        output["service"] = service?.json
        output["auth"] = auth?.json
        output["clients"] = clients?.json
    }
}

/// Says who looks on.
public enum QueryVncCommand: QAPICommand {
    public static let name = "query-vnc"
    public typealias Return = VncInfo
    public typealias Arguments = QAPIEmpty
}

/// How a server knows who may look on.
public enum VncPrimaryAuth: String, QAPIEnumeration {
    case none
    case vnc
    case ra2
    case ra2ne
    case tight
    case ultra
    case tls
    case vencrypt
    case sasl
}

/// How it does within TLS.
public enum VncVencryptSubAuth: String, QAPIEnumeration {
    case plain
    case tlsNone = "tls-none"
    case x509None = "x509-none"
    case tlsVnc = "tls-vnc"
    case x509Vnc = "x509-vnc"
    case tlsPlain = "tls-plain"
    case x509Plain = "x509-plain"
    case tlsSasl = "tls-sasl"
    case x509Sasl = "x509-sasl"
}

/// Where a server listens.
public struct VncServerInfo2: QAPIObject {
    public var host: String
    public var service: String
    public var family: NetworkAddressFamily
    public var websocket: Bool
    public var auth: VncPrimaryAuth
    public var vencrypt: VncVencryptSubAuth?

    public init(
        host: String,
        service: String,
        family: NetworkAddressFamily,
        websocket: Bool,
        auth: VncPrimaryAuth,
        vencrypt: VncVencryptSubAuth? = nil
    ) {
        self.host = host
        self.service = service
        self.family = family
        self.websocket = websocket
        self.auth = auth
        self.vencrypt = vencrypt
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        host = try input.take("host")
        service = try input.take("service")
        family = try input.take("family")
        websocket = try input.take("websocket")
        auth = try input.take("auth")
        vencrypt = try input.takeOptional("vencrypt")
    }

    public func write(to output: inout JSONObject) {
        output["host"] = host.json
        output["service"] = service.json
        output["family"] = family.json
        output["websocket"] = websocket.json
        output["auth"] = auth.json
        output["vencrypt"] = vencrypt?.json
    }
}

/// A server with those who look on.
public struct VncInfo2: QAPIObject {
    public var id: String
    public var server: [VncServerInfo2]
    public var clients: [VncClientInfo]
    public var auth: VncPrimaryAuth
    public var vencrypt: VncVencryptSubAuth?
    public var display: String?

    public init(
        id: String,
        server: [VncServerInfo2],
        clients: [VncClientInfo],
        auth: VncPrimaryAuth,
        vencrypt: VncVencryptSubAuth? = nil,
        display: String? = nil
    ) {
        self.id = id
        self.server = server
        self.clients = clients
        self.auth = auth
        self.vencrypt = vencrypt
        self.display = display
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        id = try input.take("id")
        server = try input.take("server")
        clients = try input.take("clients")
        auth = try input.take("auth")
        vencrypt = try input.takeOptional("vencrypt")
        display = try input.takeOptional("display")
    }

    public func write(to output: inout JSONObject) {
        output["id"] = id.json
        output["server"] = server.json
        output["clients"] = clients.json
        output["auth"] = auth.json
        output["vencrypt"] = vencrypt?.json
        output["display"] = display?.json
    }
}

/// Lists the servers for those who look on.
public enum QueryVncServersCommand: QAPICommand {
    public static let name = "query-vnc-servers"
    public typealias Return = [VncInfo2]
    public typealias Arguments = QAPIEmpty
}

/// Gives the server another password; an empty one lets nobody in.
public enum ChangeVncPasswordCommand: QAPICommand {
    public static let name = "change-vnc-password"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var password: String

        public init(
            password: String
        ) {
            self.password = password
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            password = try input.take("password")
        }

        public func write(to output: inout JSONObject) {
            output["password"] = password.json
        }
    }
}

/// Protocols of those who look on.
public enum DisplayProtocol: String, QAPIEnumeration {
    case vnc
    case spice
}

/// What becomes of connections that there are.
public enum SetPasswordAction: String, QAPIEnumeration {
    case keep
    case fail
    case disconnect
}

/// Which server.
public struct SetPasswordOptionsVnc: QAPIObject {
    public var display: String?

    public init(
        display: String? = nil
    ) {
        self.display = display
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        display = try input.takeOptional("display")
    }

    public func write(to output: inout JSONObject) {
        output["display"] = display?.json
    }
}

/// A password.
public struct SetPasswordOptions: QAPIObject {
    public enum Branch: Sendable {
        case vnc(SetPasswordOptionsVnc)
        case spice
    }

    public var password: String
    public var connected: SetPasswordAction?
    public var branch: Branch

    public init(
        password: String,
        connected: SetPasswordAction? = nil,
        branch: Branch
    ) {
        self.password = password
        self.connected = connected
        self.branch = branch
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        password = try input.take("password")
        connected = try input.takeOptional("connected")
        let kind: DisplayProtocol = try input.take("protocol")
        switch kind {
        case .vnc: branch = .vnc(try SetPasswordOptionsVnc(reading: &input))
        case .spice: branch = .spice
        }
    }

    public func write(to output: inout JSONObject) {
        output["password"] = password.json
        output["connected"] = connected?.json
        switch branch {
        case .vnc(let value):
            output["protocol"] = "vnc"
            value.write(to: &output)
        case .spice:
            output["protocol"] = "spice"
        }
    }
}

/// Gives a server a password.
public enum SetPasswordCommand: QAPICommand {
    public static let name = "set_password"
    public typealias Return = QAPIEmpty
    public typealias Arguments = SetPasswordOptions
}

/// Which server.
public struct ExpirePasswordOptionsVnc: QAPIObject {
    public var display: String?

    public init(
        display: String? = nil
    ) {
        self.display = display
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        display = try input.takeOptional("display")
    }

    public func write(to output: inout JSONObject) {
        output["display"] = display?.json
    }
}

/// When a password ends.
public struct ExpirePasswordOptions: QAPIObject {
    public enum Branch: Sendable {
        case vnc(ExpirePasswordOptionsVnc)
        case spice
    }

    /// now, never, +SECONDS, or seconds since 1970
    public var time: String
    public var branch: Branch

    public init(
        time: String,
        branch: Branch
    ) {
        self.time = time
        self.branch = branch
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        time = try input.take("time")
        let kind: DisplayProtocol = try input.take("protocol")
        switch kind {
        case .vnc: branch = .vnc(try ExpirePasswordOptionsVnc(reading: &input))
        case .spice: branch = .spice
        }
    }

    public func write(to output: inout JSONObject) {
        output["time"] = time.json
        switch branch {
        case .vnc(let value):
            output["protocol"] = "vnc"
            value.write(to: &output)
        case .spice:
            output["protocol"] = "spice"
        }
    }
}

/// Lets a server's password end.
public enum ExpirePasswordCommand: QAPICommand {
    public static let name = "expire_password"
    public typealias Return = QAPIEmpty
    public typealias Arguments = ExpirePasswordOptions
}

/// Servers for those who look on.
public enum DisplayReloadType: String, QAPIEnumeration {
    case vnc
}

/// What is read again.
public struct DisplayReloadOptionsVNC: QAPIObject {
    /// the certificates, for those who come from now on
    public var tlsCerts: Bool?

    public init(
        tlsCerts: Bool? = nil
    ) {
        self.tlsCerts = tlsCerts
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        tlsCerts = try input.takeOptional("tls-certs")
    }

    public func write(to output: inout JSONObject) {
        output["tls-certs"] = tlsCerts?.json
    }
}

/// What a server reads again.
public struct DisplayReloadOptions: QAPIObject {
    public enum Branch: Sendable {
        case vnc(DisplayReloadOptionsVNC)
    }

    public var branch: Branch

    public init(
        branch: Branch
    ) {
        self.branch = branch
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        let kind: DisplayReloadType = try input.take("type")
        switch kind {
        case .vnc: branch = .vnc(try DisplayReloadOptionsVNC(reading: &input))
        }
    }

    public func write(to output: inout JSONObject) {
        switch branch {
        case .vnc(let value):
            output["type"] = "vnc"
            value.write(to: &output)
        }
    }
}

/// Lets the first server read its files again.
public enum DisplayReloadCommand: QAPICommand {
    public static let name = "display-reload"
    public typealias Return = QAPIEmpty
    public typealias Arguments = DisplayReloadOptions
}

/// Servers for those who look on.
public enum DisplayUpdateType: String, QAPIEnumeration {
    case vnc
}

/// Where a socket is.
public struct SocketAddressFlat: QAPIObject {
    public enum Branch: Sendable {
        case inet(InetSocketAddress)
        case unix(UnixSocketAddress)
        case fd(StringValue)
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
        case .inet: branch = .inet(try InetSocketAddress(reading: &input))
        case .unix: branch = .unix(try UnixSocketAddress(reading: &input))
        case .fd: branch = .fd(try StringValue(reading: &input))
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

/// What is changed.
public struct DisplayUpdateOptionsVNC: QAPIObject {
    /// where it listens instead of where it did
    public var addresses: [SocketAddressFlat]?

    public init(
        addresses: [SocketAddressFlat]? = nil
    ) {
        self.addresses = addresses
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        addresses = try input.takeOptional("addresses")
    }

    public func write(to output: inout JSONObject) {
        output["addresses"] = addresses?.json
    }
}

/// What is changed of a server.
public struct DisplayUpdateOptions: QAPIObject {
    public enum Branch: Sendable {
        case vnc(DisplayUpdateOptionsVNC)
    }

    public var branch: Branch

    public init(
        branch: Branch
    ) {
        self.branch = branch
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        let kind: DisplayUpdateType = try input.take("type")
        switch kind {
        case .vnc: branch = .vnc(try DisplayUpdateOptionsVNC(reading: &input))
        }
    }

    public func write(to output: inout JSONObject) {
        switch branch {
        case .vnc(let value):
            output["type"] = "vnc"
            value.write(to: &output)
        }
    }
}

/// Changes the first server.
public enum DisplayUpdateCommand: QAPICommand {
    public static let name = "display-update"
    public typealias Return = QAPIEmpty
    public typealias Arguments = DisplayUpdateOptions
}

/// A server's own address.
public struct VncServerInfo: QAPIObject {
    public var host: String
    public var service: String
    public var family: NetworkAddressFamily
    public var websocket: Bool
    public var auth: String?

    public init(
        host: String,
        service: String,
        family: NetworkAddressFamily,
        websocket: Bool,
        auth: String? = nil
    ) {
        self.host = host
        self.service = service
        self.family = family
        self.websocket = websocket
        self.auth = auth
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        host = try input.take("host")
        service = try input.take("service")
        family = try input.take("family")
        websocket = try input.take("websocket")
        auth = try input.takeOptional("auth")
    }

    public func write(to output: inout JSONObject) {
        output["host"] = host.json
        output["service"] = service.json
        output["family"] = family.json
        output["websocket"] = websocket.json
        output["auth"] = auth?.json
    }
}

/// An address.
public struct VncBasicInfo: QAPIObject {
    public var host: String
    public var service: String
    public var family: NetworkAddressFamily
    public var websocket: Bool

    public init(
        host: String,
        service: String,
        family: NetworkAddressFamily,
        websocket: Bool
    ) {
        self.host = host
        self.service = service
        self.family = family
        self.websocket = websocket
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        host = try input.take("host")
        service = try input.take("service")
        family = try input.take("family")
        websocket = try input.take("websocket")
    }

    public func write(to output: inout JSONObject) {
        output["host"] = host.json
        output["service"] = service.json
        output["family"] = family.json
        output["websocket"] = websocket.json
    }
}

/// Somebody has connected.
public struct VncConnectedEvent: QAPIEvent {
    public static let name = "VNC_CONNECTED"
    public var server: VncServerInfo
    public var client: VncBasicInfo

    public init(
        server: VncServerInfo,
        client: VncBasicInfo
    ) {
        self.server = server
        self.client = client
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        server = try input.take("server")
        client = try input.take("client")
    }

    public func write(to output: inout JSONObject) {
        output["server"] = server.json
        output["client"] = client.json
    }
}

/// Somebody looks on.
public struct VncInitializedEvent: QAPIEvent {
    public static let name = "VNC_INITIALIZED"
    public var server: VncServerInfo
    public var client: VncClientInfo

    public init(
        server: VncServerInfo,
        client: VncClientInfo
    ) {
        self.server = server
        self.client = client
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        server = try input.take("server")
        client = try input.take("client")
    }

    public func write(to output: inout JSONObject) {
        output["server"] = server.json
        output["client"] = client.json
    }
}

/// Somebody has gone.
public struct VncDisconnectedEvent: QAPIEvent {
    public static let name = "VNC_DISCONNECTED"
    public var server: VncServerInfo
    public var client: VncClientInfo

    public init(
        server: VncServerInfo,
        client: VncClientInfo
    ) {
        self.server = server
        self.client = client
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        server = try input.take("server")
        client = try input.take("client")
    }

    public func write(to output: inout JSONObject) {
        output["server"] = server.json
        output["client"] = client.json
    }
}
