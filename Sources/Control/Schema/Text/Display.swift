extension SchemaText {
    /// Pictures, keys and pointers, and those who look on from elsewhere.
    static let displayText = """
        # Forms of a picture's file.
        enum ImageFormat: ppm png

        # Writes the picture of a console to a file.
        command screendump
            filename: str
            device?: str                # the display's id; the first console if it is left out
            head?: int                  # the display's output, 0 if it is left out
            format?: ImageFormat        # ppm if it is left out

        # Keys by their places on a keyboard.
        enum QKeyCode: unmapped shift shift_r alt alt_r ctrl ctrl_r menu esc 1 2 3 4 5 6 7 8 9 0 minus equal backspace tab
            q w e r t y u i o p bracket_left bracket_right ret a s d f g h j k l semicolon apostrophe grave_accent backslash
            z x c v b n m comma dot slash asterisk spc caps_lock f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 num_lock scroll_lock
            kp_divide kp_multiply kp_subtract kp_add kp_enter kp_decimal sysrq kp_0 kp_1 kp_2 kp_3 kp_4 kp_5 kp_6 kp_7 kp_8 kp_9
            less f11 f12 print home pgup pgdn end left up down right insert delete stop again props undo front copy open paste find cut
            lf help meta_l meta_r compose pause ro hiragana henkan yen muhenkan katakanahiragana kp_comma kp_equals power sleep wake
            audionext audioprev audiostop audioplay audiomute volumeup volumedown mediaselect mail calculator computer
            ac_home ac_back ac_forward ac_refresh ac_bookmarks lang1 lang2

        # How a key is named.
        enum KeyValueKind: number qcode

        # A key by its scancode.
        struct IntWrapper
            data: int

        # A key by its name.
        struct QKeyCodeWrapper
            data: QKeyCode

        # A key.
        union KeyValue by type
            type: KeyValueKind
            case number: IntWrapper
            case qcode: QKeyCodeWrapper

        # Presses keys together, and lets them go.
        command send-key
            keys: [KeyValue]
            hold-time?: int             # milliseconds, 100 if it is left out

        # Buttons of a pointer.
        enum InputButton: left middle right wheel-up wheel-down side extra wheel-left wheel-right

        # Directions of a pointer.
        enum InputAxis: x y

        # A key goes down or up.
        struct InputKeyEvent
            key: KeyValue
            down: bool

        # A button goes down or up.
        struct InputBtnEvent
            button: InputButton
            down: bool

        # A pointer moves.
        struct InputMoveEvent
            axis: InputAxis
            value: int                  # a distance, or a place from 0 to 32767

        # Kinds of events.
        enum InputEventKind: key btn rel abs

        # An InputKeyEvent.
        struct InputKeyEventWrapper
            data: InputKeyEvent

        # An InputBtnEvent.
        struct InputBtnEventWrapper
            data: InputBtnEvent

        # An InputMoveEvent.
        struct InputMoveEventWrapper
            data: InputMoveEvent

        # What somebody does at keyboard and pointer.
        union InputEvent by type
            type: InputEventKind
            case key: InputKeyEventWrapper
            case btn: InputBtnEventWrapper
            case rel: InputMoveEventWrapper
            case abs: InputMoveEventWrapper

        # Lets events happen at once.
        command input-send-event
            device?: str                # the display that they happen at
            head?: int
            events: [InputEvent]

        # Kinds of addresses.
        enum NetworkAddressFamily: ipv4 ipv6 unix vsock unknown

        # Somebody who looks on.
        struct VncClientInfo
            host: str
            service: str
            family: NetworkAddressFamily
            websocket: bool
            x509_dname?: str
            sasl_username?: str

        # The server for those who look on.
        struct VncInfo
            enabled: bool
            host?: str
            family?: NetworkAddressFamily
            service?: str
            auth?: str
            clients?: [VncClientInfo]

        # Says who looks on.
        command query-vnc -> VncInfo

        # How a server knows who may look on.
        enum VncPrimaryAuth: none vnc ra2 ra2ne tight ultra tls vencrypt sasl

        # How it does within TLS.
        enum VncVencryptSubAuth: plain tls-none x509-none tls-vnc x509-vnc tls-plain x509-plain tls-sasl x509-sasl

        # Where a server listens.
        struct VncServerInfo2
            host: str
            service: str
            family: NetworkAddressFamily
            websocket: bool
            auth: VncPrimaryAuth
            vencrypt?: VncVencryptSubAuth

        # A server with those who look on.
        struct VncInfo2
            id: str
            server: [VncServerInfo2]
            clients: [VncClientInfo]
            auth: VncPrimaryAuth
            vencrypt?: VncVencryptSubAuth
            display?: str

        # Lists the servers for those who look on.
        command query-vnc-servers -> [VncInfo2]

        # Gives the server another password; an empty one lets nobody in.
        command change-vnc-password
            password: str

        # Protocols of those who look on.
        enum DisplayProtocol: vnc spice

        # What becomes of connections that there are.
        enum SetPasswordAction: keep fail disconnect

        # Which server.
        struct SetPasswordOptionsVnc
            display?: str

        # A password.
        union SetPasswordOptions by protocol
            protocol: DisplayProtocol
            password: str
            connected?: SetPasswordAction
            case vnc: SetPasswordOptionsVnc
            case spice

        # Gives a server a password.
        command set_password with SetPasswordOptions

        # Which server.
        struct ExpirePasswordOptionsVnc
            display?: str

        # When a password ends.
        union ExpirePasswordOptions by protocol
            protocol: DisplayProtocol
            time: str                   # now, never, +SECONDS, or seconds since 1970
            case vnc: ExpirePasswordOptionsVnc
            case spice

        # Lets a server's password end.
        command expire_password with ExpirePasswordOptions

        # Servers for those who look on.
        enum DisplayReloadType: vnc

        # What is read again.
        struct DisplayReloadOptionsVNC
            tls-certs?: bool            # the certificates, for those who come from now on

        # What a server reads again.
        union DisplayReloadOptions by type
            type: DisplayReloadType
            case vnc: DisplayReloadOptionsVNC

        # Lets the first server read its files again.
        command display-reload with DisplayReloadOptions

        # Servers for those who look on.
        enum DisplayUpdateType: vnc

        # Where a socket is.
        union SocketAddressFlat by type
            type: SocketAddressType
            case inet: InetSocketAddress
            case unix: UnixSocketAddress
            case fd: StringValue

        # What is changed.
        struct DisplayUpdateOptionsVNC
            addresses?: [SocketAddressFlat] # where it listens instead of where it did

        # What is changed of a server.
        union DisplayUpdateOptions by type
            type: DisplayUpdateType
            case vnc: DisplayUpdateOptionsVNC

        # Changes the first server.
        command display-update with DisplayUpdateOptions

        # A server's own address.
        struct VncServerInfo
            host: str
            service: str
            family: NetworkAddressFamily
            websocket: bool
            auth?: str

        # An address.
        struct VncBasicInfo
            host: str
            service: str
            family: NetworkAddressFamily
            websocket: bool

        # Somebody has connected.
        event VNC_CONNECTED
            server: VncServerInfo
            client: VncBasicInfo

        # Somebody looks on.
        event VNC_INITIALIZED
            server: VncServerInfo
            client: VncClientInfo

        # Somebody has gone.
        event VNC_DISCONNECTED
            server: VncServerInfo
            client: VncClientInfo
        """
}
